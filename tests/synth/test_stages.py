"""The decisions of the stages, the views of pictures, the prompts: pure functions."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from importlib import resources
from pathlib import Path
from string import Template

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from codedance.imaging import Picture
from codedance.protocol import direct_prompt
from codedance.protocol.closed import Accepted, Illegible, Rejected, Unreadable
from codedance.rewards import matches
from codedance.schema import ChoiceAnswer, NumberAnswer, TextAnswer
from codedance.synth.pictures.filtering import Stratum, label_text
from codedance.synth.pictures.proposing import category_order
from codedance.synth.pictures.settings import BoxRules, Coordinates, Mix, SynthSettings
from codedance.synth.pictures.sources import find_pictures
from codedance.synth.pictures.stages import (
    Spot,
    check_box,
    check_question,
    filter_image,
    keep_box,
    read_box,
    read_question,
    rule_difficulty,
)
from codedance.synth.pictures.views import ViewSettings, crop, fitted, mapped, outlined, seen
from codedance.synth.pictures.wording import DIRECT_VERSION, PROMPTS, prompt
from codedance.tasks.worlds import Category

SIDES = st.integers(112, 9_000)
RULES = BoxRules()


def question(text: str = "How many red cups stand on the table?", **fields: object) -> str:
    return json.dumps({"question": text, "kind": "number", "answer": "3", "also": [], **fields})


def read(text: str, asked: tuple[str, ...] = ()) -> object:
    return read_question(text, Category.VISUAL, asked=asked)


@given(st.text(max_size=300))
def test_every_decision_of_any_text_is_a_verdict(text: str) -> None:
    for decide in (filter_image, check_question, check_box, rule_difficulty):
        assert isinstance(decide(text), Accepted | Rejected | Unreadable)
    assert isinstance(read(text), Accepted | Rejected | Unreadable)
    assert isinstance(read_box(text, shown=(100, 100), size=(50, 70), rules=RULES), Accepted | Rejected | Unreadable)


@given(st.text(max_size=900), st.sampled_from(["number", "text", "choice"]), st.text(max_size=120), st.lists(st.text()))
def test_any_question_is_kept_with_an_answer_that_matches_itself_or_not_kept(
    text: str, kind: str, answer: str, also: list[str]
) -> None:
    verdict = read(json.dumps({"question": text, "kind": kind, "answer": answer, "also": also}))
    assert isinstance(verdict, Accepted | Rejected | Unreadable)
    if isinstance(verdict, Accepted):
        assert matches(label_text(verdict.value.answer), verdict.value.answer)


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({}, NumberAnswer(value=3)),
        ({"answer": 3}, NumberAnswer(value=3)),
        ({"answer": "1,250"}, NumberAnswer(value=1250)),
        ({"answer": -0.5}, NumberAnswer(value=-0.5)),
        (
            {"kind": "text", "answer": " dark red ", "also": ["crimson", ""]},
            TextAnswer(accepted=("dark red", "crimson")),
        ),
        (
            {"kind": "choice", "text": "Which is higher?\nA. left one\nB. right one", "answer": "B"},
            ChoiceAnswer(letter="B"),
        ),
        (
            {"kind": "choice", "text": "Which is higher?\n(A) left\n(B) right", "answer": "A. left"},
            ChoiceAnswer(letter="A"),
        ),
    ],
)
def test_the_answer_of_a_question_is_typed(fields: dict[str, str], answer: object) -> None:
    verdict = read(question(**fields))
    assert isinstance(verdict, Accepted)
    assert verdict.value.answer == answer


def test_a_reading_that_is_no_whole_number_may_have_a_tolerance() -> None:
    verdict = read_question(question(answer=2.5), Category.COMPUTATION, asked=(), tolerance=0.1)
    assert isinstance(verdict, Accepted)
    assert verdict.value.answer == NumberAnswer(value=2.5, tolerance=0.25)
    whole = read_question(question(answer=3), Category.COMPUTATION, asked=(), tolerance=0.1)
    assert isinstance(whole, Accepted)
    assert whole.value.answer == NumberAnswer(value=3)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (question("Cups?"), "question too short"),
        (question("Why " * 300 + "?"), "question too long"),
        (question("What does <answer> say here?"), "signs of the protocol"),
        (question("What does input_image.size[0] print?"), "speaks of tools"),
        (question("How many cups are in [10, 20, 30, 40]?"), "holds a box"),
        (question("How many RED cups stand on the table"), "asked before"),
        (question("What colour is the red cup on the left?", kind="text", answer="Red"), "holds its answer"),
        (question("How many of the 24 chairs are there?", answer="24"), "holds its answer"),
        ('{"impossible": "It shows only sky."}', "none possible"),
    ],
)
def test_a_question_that_breaks_a_rule_is_rejected(reply: str, reason: str) -> None:
    verdict = read(reply, asked=("How many red cups stand on the table?",))
    assert isinstance(verdict, Rejected)
    assert verdict.reason == reason


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "Is the left cup red or blue?", "kind": "text", "answer": "red"},
        {"text": "Is there no cup on the table?", "kind": "text", "answer": "no"},
        {"text": "How many cups are left of cup 3?", "answer": "3"},
    ],
)
def test_a_question_may_offer_its_answer_among_others(fields: dict[str, str]) -> None:
    assert isinstance(read(question(**fields)), Accepted)


@pytest.mark.parametrize(
    "fields",
    [
        {"answer": "three cups"},
        {"answer": "3 or 4"},
        {"answer": ""},
        {"answer": None},
        {"answer": True},
        {"kind": "essay"},
        {"kind": "choice", "answer": "A"},
        {"kind": "choice", "text": "Which one is it?\nA. left\nB. right", "answer": "C"},
        {"kind": "choice", "text": "Which one is it?\nB. left\nC. right", "answer": "B"},
        {"kind": "text", "answer": "x" * 101},
    ],
)
def test_an_answer_of_the_wrong_kind_is_asked_for_again(fields: dict[str, str]) -> None:
    assert isinstance(read(question(**fields)), Unreadable)


def test_a_question_and_that_there_is_none_contradict_each_other() -> None:
    verdict = read(question() + ' {"impossible": "no"}')
    assert isinstance(verdict, Unreadable)
    assert verdict.reason is Illegible.SEVERAL


@given(SIDES, SIDES, st.data())
def test_a_box_in_the_pixels_of_the_view_covers_the_same_part_of_the_picture(
    width: int, height: int, data: st.DataObject
) -> None:
    shown = fitted(width, height, ViewSettings())
    left, right = sorted(data.draw(st.lists(st.integers(0, shown[0]), min_size=2, max_size=2, unique=True)))
    top, bottom = sorted(data.draw(st.lists(st.integers(0, shown[1]), min_size=2, max_size=2, unique=True)))
    reply = json.dumps({"bbox_2d": [left, top, right, bottom], "label": "it"})
    verdict = read_box(reply, shown=shown, size=(width, height), rules=RULES)
    assert isinstance(verdict, Accepted)
    box = verdict.value.box
    assert 0 <= box[0] < box[2] <= width
    assert 0 <= box[1] < box[3] <= height
    for mine, theirs, scale in zip(
        box, (left, top, right, bottom), (width / shown[0], height / shown[1]) * 2, strict=True
    ):
        assert abs(mine - theirs * scale) <= 1


def test_coordinates_may_be_thousandths() -> None:
    rules = BoxRules(coordinates=Coordinates.THOUSANDTHS)
    verdict = read_box('{"bbox_2d": [100, 200, 300, 400]}', shown=(560, 560), size=(2000, 1000), rules=rules)
    assert verdict == Accepted(Spot(box=(200, 200, 600, 400)))


@pytest.mark.parametrize(
    ("corners", "result"),
    [
        ("null", "nothing to box"),
        ("[30, 20, 10, 40]", "no area"),
        ("[10, 20, 10, 40]", "no area"),
        ("[400, 20, 500, 40]", "outside the picture"),
        ("[-50, -50, -10, -10]", "outside the picture"),
    ],
)
def test_a_box_that_is_none_is_rejected(corners: str, result: str) -> None:
    verdict = read_box(f'{{"bbox_2d": {corners}}}', shown=(300, 300), size=(300, 300), rules=RULES)
    assert isinstance(verdict, Rejected)
    assert verdict.reason == result


@pytest.mark.parametrize(
    "corners", ["[1, 2, 3]", "[1, 2, 3, 4, 5]", '["1", 2, 3, 4]', "[1e300, 2, 3e300, 4]", "[[1, 2], [3, 4]]"]
)
def test_a_box_of_another_form_is_asked_for_again(corners: str) -> None:
    reply = f'{{"bbox_2d": {corners}}}'
    assert isinstance(read_box(reply, shown=(300, 300), size=(300, 300), rules=RULES), Unreadable)


@pytest.mark.parametrize(
    ("box", "result"),
    [
        ((10, 10, 60, 60), (10, 10, 60, 60)),
        ((-4, 10, 60, 604), (0, 10, 60, 600)),
        ((-40, 10, 60, 60), "outside the picture"),
        ((10, 10, 60, 640), "outside the picture"),
        ((0, 0, 500, 500), "giant box"),
        ((10, 10, 60, 16), "tiny box"),
        ((10, 10, 22, 22), "tiny box"),
    ],
)
def test_the_rule_filter_keeps_boxes_of_a_useful_size_within_the_picture(box: tuple[int, ...], result: object) -> None:
    spot = Spot.model_validate({"box": box})
    verdict = keep_box(spot, size=(600, 600), rules=RULES)
    got = verdict.value.box if isinstance(verdict, Accepted) else verdict.reason
    assert got == result


@given(SIDES, SIDES)
def test_a_view_has_a_size_that_qwen_leaves_as_it_is(width: int, height: int) -> None:
    across, down = fitted(width, height, ViewSettings())
    # Its processor scales to multiples of 28 and to between so many pixels; coordinates are pixels after that.
    assert (across % 28, down % 28) == (0, 0)
    assert 3_136 <= across * down <= ViewSettings().pixels <= 12_845_056
    assert abs(across / width - down / height) <= 28 / min(width, height)


def test_a_picture_of_the_right_size_is_shown_as_it_is(picture: Picture) -> None:
    large = Picture.from_image(Image.new("RGB", (560, 448), "red"))
    assert seen(large, ViewSettings()) is large
    assert seen(picture, ViewSettings()).ref.width % 28 == 0


def test_the_frame_lies_around_the_box_and_the_crop_holds_it() -> None:
    image = Image.new("RGB", (560, 560), "white")
    image.paste((0, 0, 255), (100, 100, 140, 140))
    picture = Picture.from_image(image)
    framed = outlined(picture, (100, 100, 140, 140), ViewSettings()).to_image()
    assert framed.getpixel((99, 120)) == (255, 0, 0)
    assert framed.crop((100, 100, 140, 140)).getcolors() == [(1600, (0, 0, 255))]
    inside = crop(picture, (100, 100, 140, 140), ViewSettings()).to_image()
    assert min(inside.size) >= 280
    assert inside.getcolors() == [(inside.width * inside.height, (0, 0, 255))]


def test_mapping_to_the_same_pixels_changes_nothing() -> None:
    assert mapped((1, 2, 30, 40), (1.0, 1.0)) == (1, 2, 30, 40)


def test_categories_are_asked_for_in_the_shares_of_the_mix() -> None:
    settings = SynthSettings(mix=Mix(visual=6, computation=3, editing=1))
    orders = [category_order(settings, hashlib.sha256(bytes([n])).hexdigest(), k) for n in range(250) for k in range(4)]
    firsts = Counter(order[0] for order in orders)
    assert 540 < firsts[Category.VISUAL] < 660
    assert 250 < firsts[Category.COMPUTATION] < 350
    assert all(sorted(order) == sorted(Category) for order in orders)


def test_difficulty_is_one_of_three_words() -> None:
    assert rule_difficulty("medium") == Accepted(Stratum.MEDIUM)


PINNED = {
    "box": (1, "3ad72188d594"),
    "box_check": (1, "7c21a72f170e"),
    "difficulty": (1, "70ea2de47454"),
    "image_filter": (1, "cffb20c1dc65"),
    "label_check": (1, "0b76b501bd29"),
    "question": (1, "eab7c746192f"),
    "question_check": (1, "5585d80071b3"),
    "rollout_code": (1, "60f86668e64a"),
    "rollout_direct": (1, "78ed0aa9509f"),
    "skill_computation": (1, "dfa7eab187ef"),
    "skill_editing": (1, "5574856531f0"),
    "skill_visual": (1, "266452716eb6"),
    "system": (1, "ee675d6ab124"),
    "work_computation": (1, "1222dfe1ea7c"),
    "work_editing": (1, "ff4f8dc5beb5"),
    "work_visual": (1, "a75db35ef04e"),
}


def test_there_is_a_file_for_every_prompt_and_no_other() -> None:
    folder = resources.files("codedance.synth.pictures").joinpath("prompts")
    assert {path.name.removesuffix(".md") for path in folder.iterdir()} == set(PROMPTS)
    for name in PROMPTS:
        assert Template(prompt(name).text).is_valid()


def test_the_direct_prompt_that_changes_gets_another_version() -> None:
    digest = hashlib.sha256(direct_prompt().encode()).hexdigest()[:12]
    assert (DIRECT_VERSION, digest) == (1, "651abfdd02de"), "raise DIRECT_VERSION, and pin the new text here"


@pytest.mark.parametrize("name", PROMPTS)
def test_a_prompt_that_changes_gets_another_version(name: str) -> None:
    digest = hashlib.sha256(prompt(name).text.encode()).hexdigest()[:12]
    assert PINNED[name] == (prompt(name).version, digest), "raise the version in the file, and pin the new text here"


def test_pictures_are_found_by_their_suffix_under_stable_names(tmp_path: Path) -> None:
    for name in ("b.PNG", "a/c.jpeg", "a/d.txt", ".hidden.png", ".cache/e.png", "out/pictures/f.png"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    (tmp_path / "photos" / os.fsdecode(b"\xff.png")).write_bytes(b"")
    (tmp_path / "b.PNG").write_bytes(b"")
    found = find_pictures([tmp_path / "photos", tmp_path / "b.PNG"], skip=tmp_path / "photos" / "out")
    names = [one.name for one in found]
    assert names == [f"{tmp_path}/b.PNG", "\\udcff.png", "a/c.jpeg", "b.PNG"]
    assert find_pictures([tmp_path / "photos" / "a" / "d.txt"])[0].name == "d.txt", "a file that is named is taken"
