"""Views are found by their pixels and compared with the evidence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from codedance.analysis.evidence import evidence_of, read_boxes, read_vstar
from codedance.analysis.faithfulness import Looked, faithfulness_of, looks
from codedance.analysis.looking import locate
from codedance.errors import DataError
from codedance.schema import NumberAnswer, Task
from codedance.tasks.worlds import Difficulty, make_scene, scene_task
from tests.analysis.small_runs import attempt, code_turn, plain_task, search_attempt, write_run


@pytest.mark.parametrize(
    ("scale", "box"), [(1, (130, 100, 300, 260)), (3, (200, 10, 290, 80)), (0.5, (0, 0, 400, 300))]
)
def test_a_view_is_found_to_the_pixel(scale: float, box: tuple[int, int, int, int]) -> None:
    picture = make_scene("search", Difficulty.EASY, 4).image
    view = picture.crop(box)
    shown = view.resize((int(view.width * scale), int(view.height * scale)))
    found = locate(shown, picture)
    assert found is not None
    assert all(abs(one - other) <= 2 for one, other in zip(found.box, box, strict=True))


def test_a_marked_view_is_found_and_another_picture_is_not() -> None:
    picture = make_scene("search", Difficulty.EASY, 4).image
    view = picture.crop((50, 50, 250, 250))
    ImageDraw.Draw(view).rectangle((40, 40, 120, 120), outline="red", width=3)
    found = locate(view, picture)
    assert found is not None
    assert found.box == (50, 50, 250, 250)
    noise = Image.effect_noise((120, 120), 90)
    assert locate(noise, picture) is None
    assert locate(Image.new("RGB", (2, 2)), picture) is None


def test_looking_at_the_evidence_is_told_from_looking_elsewhere(tmp_path: Path) -> None:
    rows = [search_attempt(seed) for seed in (1, 2, 3)]
    rows += [search_attempt(seed, number=1, hit=False) for seed in (1, 2)]
    found = faithfulness_of(list(looks(write_run(tmp_path / "run", rows))), run="run")
    assert [one.looked for one in found.looks] == [Looked.ALL] * 3 + [Looked.NONE] * 2
    every = found.domains[0]
    assert every.faithful is not None
    assert (every.faithful.right, every.faithful.count) == (3, 5)
    assert every.unfaithful_if_right is not None
    assert (every.unfaithful_if_right.right, every.unfaithful_if_right.count) == (2, 5)
    assert every.tightness is not None
    assert 0.2 < every.tightness <= 1.0
    assert found.looks[3].coverage == 0.0


def test_no_code_no_view_and_whole_views_are_told_apart(tmp_path: Path) -> None:
    scene = make_scene("search", Difficulty.EASY, 7)
    task, (picture,) = scene_task(scene)
    rows = [
        (attempt(task, 0, answer=scene.answer), [picture]),
        (attempt(task, 1, code_turn("print(1)"), answer=scene.answer), [picture]),
        (attempt(task, 2, code_turn("input_image", shows=[picture]), answer=scene.answer), [picture]),
    ]
    found = faithfulness_of(list(looks(write_run(tmp_path / "run", rows))))
    assert [one.looked for one in found.looks] == [Looked.NO_CODE, Looked.NO_VIEW, Looked.WHOLE]
    assert found.domains[0].faithful is None


def test_counts_are_compared_with_the_true_number_and_the_answer(tmp_path: Path) -> None:
    scene = make_scene("counting", Difficulty.EASY, 3)
    task, (picture,) = scene_task(scene)
    count = int(scene.answer)
    code = "print('n', len([1, 2]))"
    rows = [
        (attempt(task, 0, code_turn(code, prints=f"n {count}\n"), answer=scene.answer), [picture]),
        (attempt(task, 1, code_turn(code, prints=f"n {count + 1}\n"), answer=scene.answer), [picture]),
        (attempt(task, 2, code_turn(code, prints=f"{count}.0\n"), answer=scene.answer), [picture]),
        (attempt(task, 3, code_turn(code, prints=f"{count}.5\n"), answer=scene.answer), [picture]),
    ]
    first, second, whole, half = faithfulness_of(list(looks(write_run(tmp_path / "run", rows)))).looks
    assert (first.counted, first.count_right, first.answer_follows) == (count, True, True)
    assert (second.count_right, second.answer_follows) == (False, False)
    assert (whole.counted, whole.count_right) == (count, True)
    assert (half.counted, half.count_right) == (None, None), "it counted nothing"


def test_the_objects_of_a_count_are_its_evidence() -> None:
    scene = make_scene("counting", Difficulty.EASY, 3)
    task, _ = scene_task(scene)
    assert len(evidence_of(task)) == int(scene.answer)


def test_a_task_without_known_evidence_is_left_out(tmp_path: Path) -> None:
    task, picture = plain_task("q", family="mine")
    run = write_run(tmp_path / "run", [(attempt(task, 0), [picture])])
    found = faithfulness_of(list(looks(run)))
    assert (found.attempts, found.without_evidence, found.domains) == (1, 1, ())
    boxes = tmp_path / "boxes.jsonl"
    boxes.write_text('{"id": "q", "boxes": [[1, 2, 10.5, 20]]}\n', encoding="utf-8")
    told = read_boxes(boxes)
    assert told == {"q": ((1, 2, 11, 20),)}
    assert next(iter(looks(run, told=told))) is not None


@pytest.mark.parametrize("line", ["{", '{"id": "q"}', '{"id": "q", "boxes": [[1, 2, 3]]}', '{"id": 3, "boxes": []}'])
def test_a_wrong_line_of_boxes_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "boxes.jsonl"
    path.write_text('{"id": "a", "boxes": []}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 2"):
        read_boxes(path)


def test_annotations_of_vstar_are_read_by_question(tmp_path: Path) -> None:
    for name, question in (("a", "What is the colour of the hat?"), ("b", "Twice?"), ("c", "Twice?")):
        values = {"target_object": ["hat"], "bbox": [[10, 20, 30, 40]], "question": question, "options": ["red"]}
        (tmp_path / f"{name}.json").write_text(json.dumps(values), encoding="utf-8")
    told = read_vstar(tmp_path)
    task = Task(id="v", source="vstar", question="What is the colour of the hat?\nA. red", answer=NumberAnswer(value=1))
    assert evidence_of(task, told) == ((10, 20, 40, 60),)
    assert len(told) == 1
    (tmp_path / "d.json").write_text("[]", encoding="utf-8")
    with pytest.raises(DataError, match=r"d\.json"):
        read_vstar(tmp_path)


def test_a_view_of_one_colour_fits_anywhere_and_is_found_nowhere() -> None:
    picture = make_scene("search", Difficulty.EASY, 4).image
    assert locate(Image.new("RGB", (40, 40), picture.getpixel((2, 2))), picture) is None
