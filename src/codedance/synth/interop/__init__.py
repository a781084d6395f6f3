"""Data of other programs: exports to and imports from ms-swift, TRL, verl, ``datasets``, and the published sets."""

from codedance.synth.interop.contract import (
    ExportFormat,
    ExportReport,
    ExportSettings,
    ImportFormat,
    ImportReport,
    Rejected,
    RowFault,
    Sample,
)
from codedance.synth.interop.exporting import count_records, export_runs
from codedance.synth.interop.importing import import_source
from codedance.synth.interop.sources import source_rows

__all__ = [
    "ExportFormat",
    "ExportReport",
    "ExportSettings",
    "ImportFormat",
    "ImportReport",
    "Rejected",
    "RowFault",
    "Sample",
    "count_records",
    "export_runs",
    "import_source",
    "source_rows",
]
