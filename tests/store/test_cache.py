"""Records by key: kept once, through any end of the process, for one run at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from codedance.errors import StoreError
from codedance.schema import Budgets, Term
from codedance.store import RecordCache


def test_what_was_put_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    with RecordCache(tmp_path / "new" / "cache.sqlite", Term) as cache:
        assert cache.get("a") is None
        cache.put("a", Term(value=1.0, note="first"))
        cache.put("a", Term(value=2.0))
    with RecordCache(tmp_path / "new" / "cache.sqlite", Term) as cache:
        assert cache.get("a") == Term(value=2.0)


def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom codedance.schema import Term\n"
        "from codedance.store import RecordCache\ncache = RecordCache(Path(sys.argv[1]), Term)\n"
        "for number in range(50):\n    cache.put(str(number), Term(value=number))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = tmp_path / "cache.sqlite"
    assert subprocess.run([sys.executable, "-c", program, str(path)], timeout=60, check=False).returncode == -9
    with RecordCache(path, Term) as cache:
        assert [cache.get(str(number)) for number in range(50)] == [Term(value=number) for number in range(50)]


def test_a_second_run_in_the_same_folder_is_told(tmp_path: Path) -> None:
    with RecordCache(tmp_path / "cache.sqlite", Term), pytest.raises(StoreError, match="another run is using it"):
        RecordCache(tmp_path / "cache.sqlite", Term)


def test_a_record_of_another_make_counts_as_absent(tmp_path: Path) -> None:
    with RecordCache(tmp_path / "cache.sqlite", Term) as cache:
        cache.put("a", Term(value=1.0))
    with RecordCache(tmp_path / "cache.sqlite", Budgets) as other:
        assert other.get("a") is None


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3\0" + b"x" * 5_000])
def test_a_damaged_file_is_one_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cache.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="delete it and go on"):
        RecordCache(path, Term)


def test_a_place_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be used"):
        RecordCache(tmp_path / "file" / "cache.sqlite", Term)
