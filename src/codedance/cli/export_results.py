"""Results of an evaluation as files of VLMEvalKit and Inspect."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from codedance.errors import UsageError

__all__ = ["RESULT_FORMATS", "export_results"]

RESULT_FORMATS = ("vlmevalkit", "inspect")
"""Formats of one file for one benchmark of one run."""


def export_results(
    format_name: str,
    runs: Sequence[Path],
    out: Path,
    benchmark: str | None,
    *,
    attempt: int,
    whole: bool,
    as_json: bool,
) -> str:
    """Write the file and give what is to be said of it.

    Raises:
        UsageError: several runs, or a benchmark that the run does not hold.
        DataError: the run holds no results.
        StoreError: a folder or file cannot be read or written.
    """
    from codedance.bench.interop.inspect_log import write_inspect
    from codedance.bench.interop.results import benchmark_of, results
    from codedance.bench.interop.vlmevalkit import write_vlmevalkit
    from codedance.store import RunFolder

    if len(runs) != 1:
        raise UsageError(f"{format_name}: name one run folder, not {len(runs)}")
    run = RunFolder.open(runs[0])
    name = benchmark_of(run, benchmark)
    if format_name == "inspect":
        log = write_inspect(run, name, out, attempt=attempt)
        return log.model_dump_json() if as_json else f"{log.samples} samples of {name}, {log.right} right: {out}"
    report = write_vlmevalkit(results(run, name, attempt=attempt), out, whole=whole)
    if as_json:
        return report.model_dump_json()
    more = f", {report.failed} without a reply" if report.failed else ""
    more += f", {report.cut} cells cut (a .tsv cuts none)" if report.cut else ""
    return f"{report.rows} rows of {name}{more}: {out}"
