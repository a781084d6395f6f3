"""The benchmarks that there are, by name."""

from __future__ import annotations

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

__all__ = ["BENCHMARKS", "get"]

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
"""Every benchmark by its name."""


def get(name: str) -> Benchmark:
    """The benchmark of that name; raises :class:`UsageError` with the names that there are.

    >>> get("vstar").splits[0].rows
    191
    """
    if name not in BENCHMARKS:
        raise UsageError(f"there is no benchmark {name!r}; choose {', '.join(BENCHMARKS)}")
    return BENCHMARKS[name]
