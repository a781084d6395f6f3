"""The benchmarks that there are, by name: the public ones, and the generated worlds, a cell each."""

from __future__ import annotations

from collections.abc import Iterable

from codedance.bench.chartqa import CHARTQA
from codedance.bench.contract import Benchmark
from codedance.bench.countbench import COUNTBENCH
from codedance.bench.hrbench import HRBENCH_4K, HRBENCH_8K
from codedance.bench.mathverse import MATHVERSE
from codedance.bench.mathvision import MATHVISION
from codedance.bench.mathvista import MATHVISTA
from codedance.bench.pixmo_count import PIXMO_COUNT
from codedance.bench.vstar import VSTAR
from codedance.bench.wemath import WEMATH
from codedance.errors import UsageError

__all__ = ["BENCHMARKS", "WORLDS", "expand", "get"]

_ALL = (
    COUNTBENCH,
    PIXMO_COUNT,
    VSTAR,
    HRBENCH_4K,
    HRBENCH_8K,
    CHARTQA,
    MATHVISION,
    MATHVISTA,
    WEMATH,
    MATHVERSE,
)
BENCHMARKS: dict[str, Benchmark] = {benchmark.name: benchmark for benchmark in _ALL}
"""Every public benchmark by its name."""
WORLDS = "worlds"
"""Names of worlds begin with it."""


def get(name: str) -> Benchmark:
    """The benchmark of that name; raises :class:`UsageError` with the names that there are.

    >>> get("vstar").splits[0].rows
    191
    >>> get("worlds/counting/hard").title
    'counting, hard'
    """
    if name in BENCHMARKS:
        return BENCHMARKS[name]
    found = expand([name])
    if len(found) > 1:
        raise UsageError(f"{name} is a group of benchmarks; name one, for example {found[0].name}")
    return found[0]


def expand(names: Iterable[str]) -> list[Benchmark]:
    """The benchmarks that these names stand for, each once, in order; groups of worlds are taken apart.

    ``worlds`` are all of them, ``worlds/FAMILY`` and ``worlds/DIFFICULTY`` those of a family or a difficulty.

    Raises:
        UsageError: a name stands for nothing.

    >>> [one.name for one in expand(["worlds/charts", "vstar"])]
    ['worlds/charts/easy', 'worlds/charts/hard', 'vstar']
    """
    found: dict[str, Benchmark] = {}
    for name in names:
        if name in BENCHMARKS:
            found[name] = BENCHMARKS[name]
            continue
        if name.partition("/")[0] != WORLDS:
            raise UsageError(f"there is no benchmark {name!r}; choose {', '.join(BENCHMARKS)}, worlds or worlds/FAMILY")
        # The worlds take a second to load, and most who score public benchmarks need none.
        from codedance.bench.worlds import world_benchmarks

        found.update((one.name, one) for one in world_benchmarks(name))
    return list(found.values())
