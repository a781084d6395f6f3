"""The site of a run: whole, written once, mended when it is not, and never a part of something else."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from codedance.errors import StoreError
from codedance.imaging import Picture
from codedance.schema import ChoiceAnswer, MathAnswer, Score, StopReason, TextAnswer, Trajectory
from codedance.store import Manifest, RunFolder
from codedance.viewer import Standing
from codedance.viewer.site import SiteReport, Verdict, reference_verdict, write_site
from codedance.viewer.site import rows as rows_module
from codedance.viewer.trace.facts import reference
from tests.viewer.samples import answered, cell, hostile, noise, part, told

PICTURE = noise(60, 40)
CROP = part(PICTURE, (5, 5, 25, 25))


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    run = RunFolder.create(tmp_path / "run", Manifest(kind="eval", settings={"model": "scripted"}))
    for number in range(3):
        add(run, number)
    return run


def add(run: RunFolder, number: int, *, answer: str | None = "3") -> None:
    one = told(
        cell("input_image", CROP), answered(answer or ""), picture=PICTURE, name=f"sample/{number}", answer=answer
    )
    run.add(one, {shown.ref.sha256: shown for shown in (PICTURE, CROP)})


def write(run: RunFolder, out: Path) -> SiteReport:
    return write_site(run, out, verdict=lambda trajectory: reference_verdict(trajectory, run))


def files(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def test_a_site_holds_a_page_each_and_every_picture_once(run: RunFolder, tmp_path: Path) -> None:
    report = write(run, tmp_path / "site")
    assert (report.trajectories, report.written, report.pictures, report.missing) == (3, 3, 2, 0)
    names = set(files(tmp_path / "site"))
    assert {"index.html", "site.json", "t/000001.html", "t/000002.html", "t/000003.html"} <= names
    assert sum(name.startswith("pictures/") for name in names) == 2
    page = (tmp_path / "site" / "t" / "000002.html").read_text()
    assert f'src="../pictures/{CROP.ref.sha256[:2]}/{CROP.ref.file_name}"' in page
    assert "data:image/png" not in page


def test_pages_lead_to_their_neighbours_and_the_table(run: RunFolder, tmp_path: Path) -> None:
    write(run, tmp_path / "site")
    first, middle, last = ((tmp_path / "site" / "t" / f"00000{n}.html").read_text() for n in (1, 2, 3))
    assert 'rel="prev"' not in first
    assert 'href="000001.html" rel="prev"' in middle
    assert 'href="000003.html" rel="next"' in middle
    assert 'href="../index.html"' in middle
    assert 'rel="next"' not in last


def test_every_link_of_the_site_leads_to_a_file(run: RunFolder, tmp_path: Path) -> None:
    write(run, tmp_path / "site")
    for page in (tmp_path / "site").rglob("*.html"):
        for address in re.findall(r'(?:href|src)="([^"#][^"]*)"', page.read_text()):
            assert address.startswith("data:") or (page.parent / address).is_file()


def test_a_second_time_nothing_is_written(run: RunFolder, tmp_path: Path) -> None:
    write(run, tmp_path / "site")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "site").rglob("*") if path.is_file()}
    assert write(run, tmp_path / "site").written == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "site").rglob("*") if path.is_file()} == before


def test_a_run_that_goes_on_costs_its_new_pages_and_the_last_ones_link(run: RunFolder, tmp_path: Path) -> None:
    write(run, tmp_path / "site")
    add(run, 3)
    assert write(run, tmp_path / "site").written == 2
    write(run, tmp_path / "again")
    assert files(tmp_path / "site") == files(tmp_path / "again")


def test_a_line_that_is_still_being_written_does_not_matter(run: RunFolder, tmp_path: Path) -> None:
    with (run.folder / "trajectories.jsonl").open("ab") as file:
        file.write(b'{"schema_version":1,"id":"half')
    assert write(run, tmp_path / "site").trajectories == 3


def test_an_empty_run_has_a_site_that_says_so(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run", Manifest(kind="eval"))
    assert write(run, tmp_path / "site").trajectories == 0
    assert "no finished trajectory yet" in (tmp_path / "site" / "index.html").read_text()


def test_a_shorter_run_in_the_same_place_leaves_no_old_pages(run: RunFolder, tmp_path: Path) -> None:
    write(run, tmp_path / "site")
    lines = (run.folder / "trajectories.jsonl").read_bytes().splitlines(keepends=True)
    (run.folder / "trajectories.jsonl").write_bytes(lines[0])
    write(run, tmp_path / "site")
    assert [path.name for path in (tmp_path / "site" / "t").iterdir()] == ["000001.html"]


def test_missing_and_changed_pictures_are_counted_and_leave_gaps(run: RunFolder, tmp_path: Path) -> None:
    run.pictures.path(CROP.ref).unlink()
    run.pictures.path(PICTURE.ref).write_bytes(b"something else")
    assert write(run, tmp_path / "site").missing == 2
    assert (tmp_path / "site" / "t" / "000001.html").read_text().count("picture missing") == 2
    run.pictures.path(PICTURE.ref).unlink()
    run.pictures.add(PICTURE)
    run.pictures.add(CROP)
    assert write(run, tmp_path / "site").missing == 0
    assert "picture missing" not in (tmp_path / "site" / "t" / "000001.html").read_text()


def test_a_folder_that_holds_something_else_is_left_alone(run: RunFolder, tmp_path: Path) -> None:
    other = tmp_path / "home"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    with pytest.raises(StoreError, match="holds no site"):
        write(run, other)
    with pytest.raises(StoreError, match="is a file"):
        write(run, other / "letter.txt")
    assert [path.name for path in other.iterdir()] == ["letter.txt"]


def test_a_folder_that_cannot_be_made_is_one_line(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        write(run, tmp_path / "file" / "site")


def test_texts_of_a_run_are_only_texts_in_the_table(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "<b>run", Manifest(kind="eval", settings={"model": "<script>x</script>"}))
    text = "<script>alert(1)</script>\u202e"
    run.add(hostile(text, PICTURE), {PICTURE.ref.sha256: PICTURE})
    write(run, tmp_path / "site")
    page = (tmp_path / "site" / "index.html").read_text()
    assert page.count("<script>") == 2
    assert "<b>" not in page
    assert "\u202e" not in page


def test_long_runs_have_several_pages_of_the_table(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (rows_module, sys.modules["codedance.viewer.site.build"]):
        monkeypatch.setattr(module, "ROWS", 2)
    write(run, tmp_path / "site")
    assert 'href="../index-2.html"' in (tmp_path / "site" / "t" / "000003.html").read_text()
    assert "t/000003.html" in (tmp_path / "site" / "index-2.html").read_text()
    assert "t/000003.html" not in (tmp_path / "site" / "index.html").read_text()
    assert "3 to 3 of 3" in (tmp_path / "site" / "index-2.html").read_text()


def test_verdicts_scores_and_standing_reach_page_and_table(run: RunFolder, tmp_path: Path) -> None:
    right = iter((True, False, False))

    def verdict(trajectory: Trajectory) -> Verdict:
        score = Score(trajectory_id=trajectory.id, correct=next(right), terms={"accuracy": {"value": 0.5}})
        return Verdict(score.correct, score, Standing(3, accuracy=1 / 3, d=0.46))

    write_site(run, tmp_path / "site", verdict=verdict)
    index = (tmp_path / "site" / "index.html").read_text()
    assert index.count("✓ right") == 1
    assert index.count("✗ wrong") == 2
    assert 'data-r="0.500000"' in index
    assert "33% right, difficulty d = 0.4600" in (tmp_path / "site" / "t" / "000001.html").read_text()


def test_failed_episodes_are_neither_right_nor_wrong(run: RunFolder) -> None:
    one = told(picture=PICTURE, answer=None).model_copy(update={"stop": StopReason.MODEL_FAILED})
    assert reference_verdict(one, run).correct is None
    assert reference_verdict(told(picture=PICTURE, answer=None), run).correct is False


def test_every_kind_of_reference_has_words() -> None:
    assert reference(TextAnswer(accepted=("a", "b"))) == "a or b"
    assert reference(ChoiceAnswer(letter="C")) == "C"
    assert reference(MathAnswer(latex="x^2")) == "x^2"


@pytest.mark.slow
def test_killed_again_and_again_a_site_comes_out_the_same(
    run: RunFolder, tmp_path: Path, make_picture: Callable[..., Picture]
) -> None:
    for number in range(3, 40):
        shown = make_picture(64, 64, (number, 2 * number, 7))
        one = told(cell("x", shown), answered("3"), picture=shown, name=f"sample/{number}")
        run.add(one, {shown.ref.sha256: shown})
    program = (
        "import sys; from pathlib import Path; from codedance.store import RunFolder; "
        "from codedance.viewer.site import reference_verdict, write_site; run = RunFolder.open(Path(sys.argv[1])); "
        "write_site(run, Path(sys.argv[2]), verdict=lambda one: reference_verdict(one, run), "
        "step=lambda: print('.', flush=True))"
    )
    command = [sys.executable, "-c", program, str(run.folder), str(tmp_path / "killed")]
    for pages in (2, 11):
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        for _ in range(pages):
            process.stdout.readline()
        time.sleep(0.003 * pages)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    write(run, tmp_path / "killed")
    write(run, tmp_path / "whole")
    left = {name: data for name, data in files(tmp_path / "killed").items() if not Path(name).name.startswith(".")}
    assert left == files(tmp_path / "whole")
