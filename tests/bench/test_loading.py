"""Data sets from local copies: what is whole becomes tasks, what is not has one clear line."""

from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from codedance.bench import BENCHMARKS, get
from codedance.bench.contract import Hub
from codedance.bench.data import LoadSettings, load
from codedance.bench.data.hub import HubRows, download_picture, resolve_revision
from codedance.bench.data.row_images import row_pictures
from codedance.errors import DataError, PictureError, UsageError
from tests.bench.examples import (
    ROWS,
    Row,
    base64_picture,
    png,
    table,
    wemath_rows,
    write_lines,
    write_parquet,
    write_table,
)


def _rows(name: str) -> list[Row]:
    return [ROWS[name](index) for index in range(get(name).splits[0].rows)]


@pytest.mark.parametrize("name", list(BENCHMARKS))
def test_a_parquet_copy_loads_whole_with_pictures(name: str, tmp_path: Path) -> None:
    benchmark = get(name)
    # The whole set is checked, the first rows are decoded.
    path = write_parquet(tmp_path / "test.parquet", wemath_rows() if name == "wemath" else _rows(name))
    loaded = load(benchmark, path)
    assert not loaded.manifest.partial
    first = next(iter(loaded))
    assert first.fault is None
    assert first.task is not None
    assert first.task.source == name
    assert [picture.ref for picture in first.pictures] == list(first.task.images)
    assert json.loads(first.task.model_dump_json())["meta"]["row"] == first.row
    right = "C" if name == "wemath" else {"vstar": "A", "hrbench_4k": "B", "hrbench_8k": "B"}.get(name, "")
    if right:
        assert benchmark.score_text(right, first.row) == 1.0


def test_all_three_kinds_of_files_hold_the_same_rows(tmp_path: Path) -> None:
    rows = _rows("vstar")
    write_parquet(tmp_path / "a.parquet", rows)
    write_table(tmp_path / "b.tsv", table(rows))
    write_lines(tmp_path / "c.jsonl", rows)
    loaded = [load(get("vstar"), tmp_path / name) for name in ("a.parquet", "b.tsv", "c.jsonl")]
    assert len({one.manifest.rows_sha256 for one in loaded}) == 1
    questions = [[row.task.question for row in one if row.task] for one in loaded]
    assert questions[0] == questions[1] == questions[2]
    assert len(questions[0]) == 191


def test_a_folder_with_shards_is_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    rows = _rows("vstar")
    write_parquet(tmp_path / "test-00001.parquet", rows[100:])
    write_parquet(tmp_path / "test-00000.parquet", rows[:100])
    keys = [row.key for row in load(get("vstar"), tmp_path)]
    assert keys[0] == "direct_attributes/0"
    assert keys[-1] == "relative_position/190"


def test_the_published_questions_of_vstar_load_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "direct_attributes").mkdir()
    rows = []
    for index, row in enumerate(_rows("vstar")):
        image = f"direct_attributes/sa_{index}.jpg"
        Image.new("RGB", (9, 7), "blue").save(tmp_path / image)
        rows.append(row | {"image": image})
    write_lines(tmp_path / "test_questions.jsonl", rows)
    write_lines(tmp_path / "another.jsonl", [{"noise": 1}])
    first = next(iter(load(get("vstar"), tmp_path)))
    assert first.pictures[0].ref.width == 9
    assert first.row["image"] == "direct_attributes/sa_0.jpg"


def test_the_right_option_comes_first_only_if_it_is_asked_for(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "test.jsonl", _rows("vstar"))
    published = list(load(get("vstar"), path))
    first = load(get("vstar"), path, LoadSettings(correct_first=True))
    assert first.manifest.option_order == "correct first"
    assert [row.row["label"] for row in published[:4]] == ["A", "B", "C", "D"]
    moved = list(first)[2]
    assert moved.task is not None
    assert moved.task.question == "What colour is the glove?\nA. navy\nB. rust\nC. cream\nD. teal"
    assert get("vstar").score_text("A", moved.row) == 1.0


def test_a_table_may_refer_to_the_picture_of_another_row(tmp_path: Path) -> None:
    rows = table(_rows("hrbench_4k"))
    for row in rows[1:]:
        row["image"] = "799" if row["index"] == "3" else "0"
    rows[799]["image"] = base64_picture("blue")
    loaded = list(load(get("hrbench_4k"), write_table(tmp_path / "hr.tsv", rows)))
    assert loaded[1].pictures == loaded[0].pictures
    assert loaded[3].pictures == loaded[799].pictures
    assert loaded[3].pictures != loaded[0].pictures


def test_a_reference_to_a_row_without_a_picture_is_an_error(tmp_path: Path) -> None:
    rows = table(_rows("hrbench_4k"))
    rows[5]["image"] = "4000"
    loaded = load(get("hrbench_4k"), write_table(tmp_path / "hr.tsv", rows))
    with pytest.raises(DataError, match="row 5 refers to the picture of row '4000'"):
        list(loaded)


def test_only_the_vision_only_rows_of_mathverse_are_kept(tmp_path: Path) -> None:
    rows = []
    for row in _rows("mathverse"):
        rows += [row | {"problem_version": version} for version in ("Text Lite", "Vision Only")]
    assert load(get("mathverse"), write_parquet(tmp_path / "t.parquet", rows)).manifest.rows == 788


def _vstar_lines(tmp_path: Path, change: dict[int, Row | None]) -> Path:
    rows = [change.get(index, row) for index, row in enumerate(_rows("vstar"))]
    return write_lines(tmp_path / "test.jsonl", [row for row in rows if row is not None])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({7: None}, r"190 rows, but vstar test has 191; get the whole set, or say"),
        ({7: ROWS["vstar"](8)}, r"row 9: its name 'direct_attributes/8' is also that of row 8"),
        (
            {7: {"text": "?", "image": "x"}},
            r"row 8: vstar needs the columns label or answer; category; there are image, text",
        ),
        (
            {7: {**ROWS["vstar"](7), "label": "E"}},
            r"row 8 \(direct_attributes/7\): the reference 'E' is none of 4",
        ),
        ({7: {**ROWS["vstar"](7), "label": None}}, r"row 8 .*: the row has no 'answer' or 'label'"),
        ({7: {**ROWS["vstar"](7), "category": "relative_position"}}, r"114 rows with category direct_attributes"),
        (
            {7: {name: cell for name, cell in ROWS["vstar"](7).items() if name != "image"}},
            r"row 8: vstar needs the columns decoded_image or image or images or image_path",
        ),
    ],
)
def test_a_wrong_set_is_refused_with_the_place_and_the_reason(
    change: dict[int, Row | None], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        load(get("vstar"), _vstar_lines(tmp_path, change))


def test_a_part_loads_if_it_is_said_and_is_recorded(tmp_path: Path) -> None:
    path = _vstar_lines(tmp_path, {7: None})
    assert load(get("vstar"), path, LoadSettings(allow_partial=True)).manifest.partial
    limited = load(get("vstar"), path, LoadSettings(limit=3))
    assert limited.manifest.partial
    assert len(list(limited)) == limited.manifest.rows == 3


@pytest.mark.parametrize(
    ("image", "fault"),
    [
        (None, "the row has no picture"),
        ("missing.png", "there is no file"),
        ("data:image/png;base64,AAAA", "not a picture"),
        (base64.b64encode(png(noise=True)[:2000]).decode(), "broken or cut off"),
        ("!" * 2000, "not a picture|neither a path nor base64|is empty"),
        ({"bytes": None, "path": None}, "the row has no picture"),
        ({"bytes": None, "path": "/dev/zero"}, "there is no file"),
        (7, "holds int, not a picture"),
    ],
)
def test_a_row_whose_picture_cannot_be_had_is_an_error_row_not_a_missing_one(
    image: object, fault: str, tmp_path: Path
) -> None:
    path = _vstar_lines(tmp_path, {7: {**ROWS["vstar"](7), "image": image}})
    loaded = list(load(get("vstar"), path))
    assert len(loaded) == 191
    broken = loaded[7]
    assert broken.task is None
    with pytest.raises(PictureError, match=fault):
        raise PictureError(broken.fault)
    assert [row.fault for row in loaded].count(None) == 190
    assert len(list(load(get("vstar"), path, LoadSettings(allow_partial=True)))) == 190


def test_a_row_with_only_an_address_says_so() -> None:
    with pytest.raises(PictureError, match="has no picture, only its address"):
        row_pictures({"image_url": "https://pictures.invalid/1.jpg"})


def test_a_pillow_image_and_a_list_of_pictures_are_taken() -> None:
    assert len(row_pictures({"image": Image.new("L", (3, 3))})) == 1
    assert len(row_pictures({"images": [png("red"), png("blue")]})) == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", b"PAR1 not really", "is no parquet file, or is cut off"),
        ("a.jsonl", b'{"text": "?"', "line 1: is not JSON .*is the file cut off"),
        ("a.jsonl", b"[1]\n", "line 1: is list, not a row"),
        ("a.jsonl", b"[" * 100_000 + b"\n", "line 1: is not JSON"),
        ("a.jsonl", b"", "no rows"),
        ("a.tsv", b"", "the file is empty"),
        ("a.tsv", b"index\tanswer\n1\n", "line 2: 1 cells under 2 names; is it cut off"),
        ("a.tsv", b"index\tanswer\n1\t\xff\n", "is not UTF-8"),
        ("a.xlsx", b"", "choose a file that ends in .parquet, .tsv, .jsonl"),
    ],
)
def test_a_broken_file_is_one_clear_line(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        load(get("countbench"), tmp_path / name)


def test_a_truncated_parquet_file_is_one_clear_line(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", _rows("vstar"))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="is no parquet file, or is cut off"):
        load(get("vstar"), path)


def test_a_place_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file or folder"):
        load(get("vstar"), tmp_path / "nowhere")
    with pytest.raises(DataError, match="the folder holds no file that ends in"):
        load(get("vstar"), tmp_path)


def test_an_unknown_prompt_or_split_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="choose plain, official"):
        load(get("vstar"), tmp_path, LoadSettings(prompt="mine"))
    with pytest.raises(UsageError, match="choose test, testmini"):
        load(get("mathvision"), tmp_path, LoadSettings(split="dev"))


def test_a_prompt_that_needs_a_column_says_which(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", wemath_rows())
    with pytest.raises(DataError, match="the row has no 'requirement'"):
        load(get("wemath"), path, LoadSettings(prompt="vlmevalkit-cot"))


def test_a_commit_is_taken_as_it_is_without_asking_the_hub() -> None:
    assert resolve_revision("any/thing", "a" * 40) == "a" * 40


def test_rows_that_datasets_loads_come_with_the_bytes_of_their_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    # The library takes a folder in the place of a data set's name; that is as near to the hub as a test gets.
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    text = datasets.Value("string")
    features = {"image": datasets.Image(), "text": text, "category": text, "label": text}
    features["question_id"] = datasets.Value("int64")
    table = datasets.Dataset.from_list(_rows("vstar")[:3], features=datasets.Features(features))
    (tmp_path / "set").mkdir()
    table.to_parquet(tmp_path / "set" / "test.parquet")
    rows = HubRows(Hub(str(tmp_path / "set")), "a" * 40)
    assert row_pictures(next(iter(rows)))[0].ref.width == 4
    assert [row["image"] for row in rows.without_pictures()] == [True, True, True]
    assert rows.revision == "a" * 40


def test_a_hub_that_cannot_be_reached_is_one_clear_line() -> None:
    # The tests' network ends at loopback.
    says = r"any/thing: cannot be had from the hub .*; give a local copy: --data FILE for one benchmark, or --data DIR"
    with pytest.raises(DataError, match=says):
        resolve_revision("any/thing")


@pytest.fixture
def pictures(tmp_path: Path) -> Iterator[str]:
    """Address of a real server with one picture."""
    (tmp_path / "one.png").write_bytes(png())
    handler = functools.partial(_Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class has
        """Say nothing."""


def test_pictures_are_fetched_by_address_and_checked(pictures: str, tmp_path: Path) -> None:
    digest = hashlib.sha256(png()).hexdigest()
    assert download_picture(f"{pictures}/one.png", digest) == png()
    with pytest.raises(PictureError, match="its hash differs"):
        download_picture(f"{pictures}/one.png", "0" * 64)
    with pytest.raises(PictureError, match="cannot be had"):
        download_picture(f"{pictures}/gone.png", None)
    with pytest.raises(PictureError, match="is no web address"):
        download_picture("file:///etc/passwd", None)


def test_pixmo_rows_load_with_their_pictures_fetched(pictures: str, tmp_path: Path) -> None:
    digest = hashlib.sha256(png()).hexdigest()
    rows = [
        {"image_url": f"{pictures}/{name}.png", "image_sha256": digest, "count": 3, "label": f"lamps {name}"}
        for name in ("one", "gone")
    ]
    path = write_lines(tmp_path / "p.jsonl", rows)
    first, second = load(get("pixmo_count"), path, LoadSettings(limit=2, download=True))
    assert first.task is not None
    assert second.task is None
    assert "cannot be had" in (second.fault or "")
