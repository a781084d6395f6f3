"""What is on disk: run folders, append-only records, pictures by hash, atomic files."""

from codedance.store.atomic import write_bytes, write_text
from codedance.store.cache import RecordCache
from codedance.store.differences import differing_settings, unlike_text
from codedance.store.pictures import PictureStore
from codedance.store.records import RecordFile, count_lines, count_unreadable
from codedance.store.run import Manifest, RunFolder, current_versions, picture_refs, runs_within
from codedance.store.seals import SealFile

__all__ = [
    "Manifest",
    "PictureStore",
    "RecordCache",
    "RecordFile",
    "RunFolder",
    "SealFile",
    "count_lines",
    "count_unreadable",
    "current_versions",
    "differing_settings",
    "picture_refs",
    "runs_within",
    "unlike_text",
    "write_bytes",
    "write_text",
]
