"""The same question about the same picture is found, whatever was done to the file; a like picture is not enough."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from random import Random

import pytest
from PIL import Image, ImageDraw, ImageFont

from codedance.imaging import Picture
from codedance.similarity.neighbours import Duplicate, Grade, Item, Neighbours
from codedance.similarity.picture_marks import PictureIndex, PictureMark, closer_look, mark_picture
from codedance.similarity.questions import QuestionIndex, jaccard, normalise, shingles

QUESTION = "How many red circles are to the left of the large blue square?"


def photo(seed: int, size: int = 320) -> Image.Image:
    """Something with detail everywhere, as photographs have."""
    rng = Random(seed)
    image = Image.new("RGB", (size, size), tuple(rng.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(60):
        x, y, width, height = (rng.randrange(size) for _ in range(4))
        draw.ellipse((x, y, x + width // 3, y + height // 3), fill=tuple(rng.randrange(256) for _ in range(3)))
    return image


def page(text: str, size: tuple[int, int] = (640, 480)) -> Image.Image:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text((40, 40), text, fill="black", font=ImageFont.load_default(14))
    return image


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def mark(image: Image.Image) -> PictureMark:
    return mark_picture(Picture.from_image(image))


def item(key: str, image: Image.Image, question: str = QUESTION, answer: str | None = None) -> Item:
    return Item(key, question, (mark(image),), answer)


def gathered(*items: Item) -> Neighbours:
    neighbours = Neighbours()
    for one in items:
        neighbours.add(one)
    return neighbours


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "same": lambda image: image.copy(),
    "jpeg 75": lambda image: jpeg(image, 75),
    "half": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS),
    "half and jpeg 50": lambda image: jpeg(image.resize((image.width // 2, image.height // 2)), 50),
}


@pytest.mark.parametrize("change", COPIES)
def test_a_copy_of_a_picture_with_its_question_is_found(change: str) -> None:
    originals = [item(f"a{seed}", photo(seed)) for seed in range(6)]
    copies = [item(f"b{seed}", COPIES[change](photo(seed))) for seed in range(6)]
    found = list(gathered(*originals, *copies).duplicates())
    assert [(one.first, one.second) for one in found] == [(f"a{seed}", f"b{seed}") for seed in range(6)]
    assert {one.exact for one in found} == {change == "same"}
    matches = list(gathered(*copies).matches(gathered(*originals)))
    assert [(one.key, one.other, one.grade) for one in matches] == [
        (f"b{seed}", f"a{seed}", Grade.LEAK) for seed in range(6)
    ]


def test_another_question_about_the_same_picture_is_no_duplicate_but_suspect() -> None:
    one, other = item("a", photo(1)), item("b", photo(1), "What is written on the sign above the door?")
    assert list(gathered(one, other).duplicates()) == []
    (match,) = gathered(other).matches(gathered(one))
    assert (match.grade, match.same_question) == (Grade.SUSPECT, False)


def test_the_same_question_about_another_picture_is_a_template() -> None:
    one, other = item("a", photo(1)), item("b", photo(2))
    assert list(gathered(one, other).duplicates()) == []
    (match,) = gathered(other).matches(gathered(one))
    assert (match.grade, match.same_question) == (Grade.TEMPLATE, True)


def test_different_questions_about_different_pictures_have_nothing_in_common() -> None:
    assert list(gathered(item("a", photo(1))).matches(gathered(item("b", photo(2), "Which year was it?")))) == []


def test_flat_pictures_of_different_colours_are_not_taken_for_one() -> None:
    flat = [
        item(str(index), Image.new("RGB", (90, 90), colour)) for index, colour in enumerate(("red", "blue", "white"))
    ]
    assert len({one.pictures[0].phash for one in flat[:2]}) == 1, "the hash itself cannot tell them apart"
    assert list(gathered(*flat).duplicates()) == []


def test_pages_that_differ_in_one_digit_are_told_apart_by_answers_or_a_closer_look() -> None:
    one, other = page("x + 4 = 9\nFind x."), page("x + 1 = 9\nFind x.")
    (pair,) = gathered(item("a", one, answer="5"), item("b", other, answer="8")).duplicates()
    assert pair == Duplicate("a", "b", exact=False, contradicting=True)
    assert not closer_look(one, other)
    assert closer_look(one, jpeg(one, 50))


def test_equal_items_with_other_answers_contradict_each_other() -> None:
    (pair,) = gathered(item("a", photo(1), answer="3"), item("b", photo(1), answer="4")).duplicates()
    assert (pair.exact, pair.contradicting) == (True, True)


def test_every_picture_of_several_must_match() -> None:
    first = Item("a", QUESTION, (mark(photo(1)), mark(photo(2))))
    same = Item("b", QUESTION, (mark(photo(1)), mark(jpeg(photo(2), 75))))
    other = Item("c", QUESTION, (mark(photo(1)), mark(photo(3))))
    found = list(gathered(first, same, other).duplicates())
    assert [(one.first, one.second) for one in found] == [("a", "b")]


def test_questions_without_pictures_count_when_they_are_equal() -> None:
    one, other = Item("a", "Compute 3 + 4.", ()), Item("b", "compute 3 + 4", ())
    (pair,) = gathered(one, other).duplicates()
    assert pair.exact
    (match,) = gathered(one).matches(gathered(other))
    assert match.grade is Grade.LEAK


def test_a_crowd_of_plain_pages_is_compared_by_pixels_alone() -> None:
    plain = [PictureMark(bytes([number]) * 32, bytes(32), bytes(768)) for number in range(80)]
    items = [Item(str(number), f"Solve task {number} of the exam", (one,)) for number, one in enumerate(plain)]
    neighbours = gathered(*items, Item("like", "Solve task 5 of the exam", (plain[6],)))
    assert list(neighbours.duplicates()) == []
    assert neighbours.pictures.crowded == 80
    again = gathered(*items, Item("again", "Solve task 7 of the exam", (plain[7],)))
    assert [(one.first, one.second, one.exact) for one in again.duplicates()] == [("7", "again", True)]


def test_many_questions_about_one_picture_are_looked_up() -> None:
    shown = mark(photo(1))
    items = [Item(str(number), f"What stands in row {number} of the long table?", (shown,)) for number in range(300)]
    again = Item("again", "And what stands in row 123 of the long table, please tell me now?", (shown,))
    near = Item("near", "What stands in row 150 of the long table ??", (shown,))
    found = list(gathered(*items, again, near).duplicates())
    assert [(one.first, one.second) for one in found] == [("150", "near")]


def test_questions_match_by_their_shingles() -> None:
    index = QuestionIndex()
    long = "Look at the chart of sales by region and tell in which year the northern region sold the most cars of all"
    numbers = [index.add(text) for text in (long, long.replace("of all", "of them"), "Which year?", long + "!")]
    assert numbers == [0, 1, 2, 0]
    assert index.like(normalise(long)) == [0, 1]
    assert index.match(0, 1)
    assert not index.match(0, 2)
    assert jaccard(shingles("a b c d"), shingles("a b c e")) == pytest.approx(1 / 3)


def test_numbers_and_signs_of_a_question_are_kept() -> None:
    assert normalise("Find x:  3.5x - 2 = 7.") == "find x 3.5x 2 = 7"
    assert normalise("Is it 7?") != normalise("Is it 8?")


def test_ten_thousand_pictures_are_searched_in_seconds() -> None:
    rng = Random(0)
    index = PictureIndex()
    for _ in range(10_000):
        index.add(PictureMark(rng.randbytes(32), rng.randbytes(32), bytes(768)))
    begin = time.process_time()
    assert list(index.near_pairs()) == []
    assert time.process_time() - begin < 20
