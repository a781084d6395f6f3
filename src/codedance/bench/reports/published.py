"""Numbers that others have reported, each with where it stands: to be read beside ours, never mixed with them.

The same model moves by five to eight points with the prompt, the order of options and the judge: a number from
elsewhere is a landmark, not a result of this program. Numbers without a source are not here.
"""

from __future__ import annotations

from codedance.schema import Record

__all__ = ["PUBLISHED", "Published", "published_for"]

_PAPER = "CodeDance paper (arXiv 2512.17312)"
_MINI_O3 = "Mini-o3 project page"
_DEEPEYES_V2 = "DeepEyesV2"
_NAMES = ("countbench", "pixmo_count", "vstar", "hrbench_4k", "chartqa", "mathvision", "mathvista", "wemath")


class Published(Record):
    """One reported number."""

    benchmark: str
    model: str
    percent: float
    source: str


def _paper(model: str, *values: float | None) -> list[Published]:
    """A line of the paper's table."""
    pairs = zip(_NAMES, values, strict=True)
    return [
        Published(benchmark=name, model=model, percent=value, source=_PAPER)
        for name, value in pairs
        if value is not None
    ]


PUBLISHED: tuple[Published, ...] = (
    *_paper("CodeDance-7B", 91.2, 77.1, 84.8, 75.2, 87.5, 29.6, 70.3, 39.6),
    *_paper("Qwen2.5-VL-7B", 76.5, 50.4, 76.4, 69.0, 86.3, 25.0, 68.1, 35.4),
    *_paper("GPT-4o", 87.9, None, 67.5, 65.0, 86.7, 36.5, 63.4, 44.2),
    *_paper("DeepEyes-7B", 80.4, 57.2, 90.4, None, 78.2, None, None, None),
    Published(benchmark="vstar", model="Qwen2.5-VL-7B", percent=75.5, source=_MINI_O3),
    Published(benchmark="hrbench_4k", model="Qwen2.5-VL-7B", percent=68.2, source=_MINI_O3),
    Published(benchmark="hrbench_8k", model="Qwen2.5-VL-7B", percent=62.7, source=_MINI_O3),
    Published(benchmark="vstar", model="DeepEyes-7B", percent=83.3, source=f"{_MINI_O3} (run again there)"),
    Published(benchmark="hrbench_4k", model="DeepEyes-7B", percent=73.2, source=f"{_MINI_O3} (run again there)"),
    Published(benchmark="hrbench_8k", model="DeepEyes-7B", percent=69.5, source=f"{_MINI_O3} (run again there)"),
    Published(benchmark="vstar", model="DeepEyes-7B", percent=85.6, source=_DEEPEYES_V2),
    Published(benchmark="vstar", model="Mini-o3", percent=88.2, source=_MINI_O3),
    Published(benchmark="hrbench_4k", model="Mini-o3", percent=77.5, source=_MINI_O3),
    Published(benchmark="hrbench_8k", model="Mini-o3", percent=73.3, source=_MINI_O3),
    Published(benchmark="mathvision", model="GPT-4o", percent=30.39, source="MATH-V repository"),
)
"""Every number that is known here."""


def published_for(benchmark: str) -> list[Published]:
    """Those of one benchmark.

    >>> [(one.model, one.percent) for one in published_for("wemath")][0]
    ('CodeDance-7B', 39.6)
    """
    return [one for one in PUBLISHED if one.benchmark == benchmark]
