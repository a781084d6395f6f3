"""Rows of benchmarks from the hub or from local copies, checked and turned into tasks with their pictures."""

from codedance.bench.data.loading import DataManifest, Loaded, LoadedRow, LoadSettings, load

__all__ = ["DataManifest", "LoadSettings", "Loaded", "LoadedRow", "load"]
