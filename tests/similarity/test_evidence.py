"""Pictures are known again whatever was done to them, and pictures of one kind are not taken for one."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from PIL import Image, ImageDraw

from codedance.bench.leakage.collecting import Side, Source, collect
from codedance.errors import StoreError
from codedance.imaging import Picture
from codedance.similarity.alignment import align
from codedance.similarity.crops import crop_candidates
from codedance.similarity.evidence import (
    Evidence,
    Leak,
    PictureMatch,
    QuestionMatch,
    find_evidence,
    judge_match,
    link_pictures,
)
from codedance.similarity.ngrams import NgramIndex
from codedance.similarity.previews import PreviewFile, make_preview
from tests.similarity.planted import CHANGES, world_picture

FAMILIES = ("charts", "geometry", "objects", "tables")
LONG = "Look at the chart and say in which year the sales of the northern region passed those of the south"
Asked = tuple[str, list[Image.Image]]


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    return [world_picture(family, seed) for family in FAMILIES for seed in (1, 2, 3)]


def side(folder: Path, items: list[Asked]) -> Side:
    sources = [
        Source(str(number), question, None, lambda images=images: [Picture.from_image(one) for one in images])  # type: ignore[misc]
        for number, (question, images) in enumerate(items)
    ]
    return collect(sources, place="here", scratch=folder)


def evidence(folder: Path, train: list[Asked], benchmark: list[Asked]) -> list[Evidence | None]:
    theirs, ours = side(folder, train), side(folder, benchmark)
    links = link_pictures(ours.neighbours, theirs.neighbours, (ours.previews, theirs.previews))
    return list(find_evidence(ours.neighbours, theirs.neighbours, links))


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_picture_with_its_question_is_a_leak_and_no_other_is(
    change: str, pictures: list[Image.Image], tmp_path: Path
) -> None:
    questions = [f"Which of the {number} marks is highest?" for number in range(len(pictures))]
    train = [(question, [picture]) for question, picture in zip(questions, pictures, strict=True)]
    changed = [CHANGES[change](picture, Random(1)) for picture in pictures[::2]]
    found = evidence(tmp_path, train, list(zip(questions[::2], [[one] for one in changed], strict=True)))
    right = sum(one is not None and one.other == 2 * number for number, one in enumerate(found))
    assert right == len(changed)
    leaks = sum(one is not None and one.leak in (Leak.IDENTICAL, Leak.NEAR) for one in found)
    assert leaks >= 2 * len(changed) // 3, "the others are suspicious"
    assert {one.leak for one in found if one} & {Leak.IDENTICAL} == (
        {Leak.IDENTICAL} if change == "same pixels" else set()
    )


def test_pictures_of_one_kind_are_not_taken_for_one(tmp_path: Path) -> None:
    train = [
        (f"What is in field {seed}?", [world_picture(family, seed)]) for family in FAMILIES for seed in range(20, 28)
    ]
    other = [
        (f"Who is at door {seed}?", [world_picture(family, seed)]) for family in FAMILIES for seed in range(60, 66)
    ]
    found = evidence(tmp_path, train, other)
    assert [one for one in found if one is not None and one.picture is not None] == []


@pytest.mark.parametrize(
    ("reworded", "match"),
    [
        (
            "LOOK at the chart, and say: in which year the sales of the northern region passed those of the south?",
            "same",
        ),
        (
            "Please look at the chart and say in which year the sales of the northern region passed those of the south",
            "reworded",
        ),
        ("Tell me in which year the sales of the northern region passed those of the south, or write none", "ngram"),
    ],
)
def test_a_reworded_question_about_the_same_picture_is_a_leak(reworded: str, match: str, tmp_path: Path) -> None:
    picture = world_picture("charts", 1)
    (found,) = evidence(tmp_path, [(LONG, [picture])], [(reworded, [picture])])
    assert found is not None
    assert found.question == match
    assert found.leak is (Leak.IDENTICAL if match == "same" else Leak.NEAR)


def test_a_few_changed_words_count_only_about_the_same_picture(tmp_path: Path) -> None:
    one, other = world_picture("charts", 1), world_picture("charts", 2)
    train = [("How many red circles are there?", [one])]
    asked = "Please tell, how many red circles are there?"
    (about_it,) = evidence(tmp_path, train, [(asked, [one])])
    (about_another,) = evidence(tmp_path, train, [(asked, [other])])
    assert about_it is not None
    assert (about_it.leak, about_it.question) == (Leak.NEAR, QuestionMatch.REWORDED)
    assert about_another is None


def test_another_question_about_a_picture_is_suspicious_and_a_short_one_about_another_picture_clean(
    tmp_path: Path,
) -> None:
    one, other = world_picture("charts", 1), world_picture("charts", 2)
    train = [("How many?", [one])]
    suspicious, clean = evidence(tmp_path, train, [("What is written above?", [one]), ("How many?", [other])])
    assert suspicious is not None
    assert clean is not None
    assert (suspicious.leak, clean.leak) == (Leak.SUSPICIOUS, Leak.CLEAN)


def test_a_long_question_is_suspicious_without_its_picture_unless_many_rows_ask_it(tmp_path: Path) -> None:
    there = [(LONG, [world_picture("charts", 1)])]
    (once,) = evidence(tmp_path, there, [(LONG, [world_picture("charts", 2)])])
    rows = [(LONG, [Image.new("RGB", (40, 40), (20 * number, 0, 0))]) for number in range(12)]
    often = evidence(tmp_path, there, list(rows))
    assert once is not None
    assert once.leak is Leak.SUSPICIOUS
    assert {one.leak for one in often if one} == {Leak.CLEAN}


def test_every_picture_of_several_must_be_there(tmp_path: Path) -> None:
    one, two, three = (world_picture("charts", seed) for seed in (1, 2, 3))
    both, half = evidence(tmp_path, [("Compare.", [one, two])], [("Compare.", [one, two]), ("Compare.", [one, three])])
    assert both is not None
    assert half is not None
    assert (both.leak, half.leak) == (Leak.IDENTICAL, Leak.SUSPICIOUS)


def test_questions_without_pictures_are_compared_by_their_words(tmp_path: Path) -> None:
    same, other = evidence(tmp_path, [("Compute 3 + 4.", [])], [("compute 3 + 4", []), ("Compute 3 + 5.", [])])
    assert same is not None
    assert (same.leak, other) == (Leak.IDENTICAL, None)


def test_a_run_of_words_that_many_questions_share_is_their_form() -> None:
    form = "look at the picture closely and then answer the following question with one single word only"
    index = NgramIndex()
    for number in range(12):
        index.add(f"{form} {number}")
    assert index.hits(f"{form} 99") == {}


def test_short_questions_share_runs_of_eight_words_and_shorter_ones_none() -> None:
    index = NgramIndex()
    index.add("which of these two cities lies further to the north")
    index.add("how many red circles are there")
    assert index.hits("say which of these two cities lies further to the south") == {
        0: "which of these two cities lies further to"
    }
    assert index.hits("tell me how many red circles are there now please") == {}


def test_flat_pictures_are_no_parts_of_one_another() -> None:
    import numpy as np

    flat = np.stack([np.full((16, 16, 3), level, dtype=np.uint8) for level in (0, 128, 255)])
    assert list(crop_candidates(flat, flat)) == []


def test_a_window_is_found_to_a_percent() -> None:
    picture = world_picture("objects", 4)
    width, height = picture.size
    part = picture.crop((int(0.1 * width), int(0.02 * height), width, int(0.9 * height)))
    found = align(picture, part, window=(0.08, 0.0, 1.0, 0.92))
    assert found.likeness > 0.98
    assert found.window == pytest.approx((0.1, 0.02, 1.0, 0.9), abs=0.012)


def test_a_figure_that_was_moved_is_not_the_same_picture() -> None:
    pages = []
    for left in (30, 150):
        page = Image.new("RGB", (256, 256), "white")
        ImageDraw.Draw(page).rectangle((left, 60, left + 70, 130), fill="navy")
        ImageDraw.Draw(page).line((10, 220, 245, 220), fill="black", width=4)
        pages.append(page)
    found = align(*pages)
    assert found.likeness < 0.9 or found.worst > 1


def test_grades_follow_both_parts() -> None:
    strong = (PictureMatch.PIXELS, PictureMatch.HASH, PictureMatch.ALIGNED)
    assert judge_match(PictureMatch.PIXELS, QuestionMatch.SAME) is Leak.IDENTICAL
    assert {judge_match(one, QuestionMatch.NGRAM) for one in strong} == {Leak.NEAR}
    assert {judge_match(one, None) for one in PictureMatch} == {Leak.SUSPICIOUS}
    assert judge_match(PictureMatch.SIMILAR, QuestionMatch.SAME) is Leak.SUSPICIOUS
    assert judge_match(None, QuestionMatch.NGRAM) is Leak.SUSPICIOUS
    assert judge_match(None, QuestionMatch.SAME) is judge_match(None, None) is Leak.CLEAN


def test_previews_leave_no_file_behind(tmp_path: Path) -> None:
    previews = PreviewFile(tmp_path / "here")
    assert previews.add(make_preview(Image.new("RGB", (600, 300), "red"))) == 0
    assert previews.image(0).size == (256, 128)
    assert list((tmp_path / "here").iterdir()) == []
    previews.close()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file: cannot be written"):
        PreviewFile(tmp_path / "file")
