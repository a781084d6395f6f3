"""The nano recipe: its tokenizer, its lessons, what it takes from a set, and the whole of it in small."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageColor

from codedance.errors import DataError, UsageError
from codedance.models import ScriptedModel
from codedance.models.local.chat import Encoder
from codedance.models.local.checkpoint import load_checkpoint, save_checkpoint
from codedance.models.local.config import SIZES
from codedance.models.local.network import Network
from codedance.models.local.tokenizer import Tokenizer, build_tokenizer
from codedance.models.nano import CHECKPOINT
from codedance.protocol import conversation
from codedance.sandbox import LocalSandbox
from codedance.schema import Trajectory
from codedance.store import RunFolder
from codedance.synth.generate import generate
from codedance.synth.plan import GenerateSettings
from codedance.tasks.worlds import Difficulty
from codedance.tasks.worlds.vocabulary import COLOURS
from codedance.train.cells import CELL_WORDS
from codedance.train.corpus import Corpus, pointed, read_set
from codedance.train.evaluate import evaluate_cell
from codedance.train.gallery import write_gallery
from codedance.train.glances import GLANCE_TEXTS, counting_lesson, reading_lesson, relation_lesson
from codedance.train.items import ItemDataset
from codedance.train.lengths import Ruler
from codedance.train.loss import LossWeights, losses
from codedance.train.nano import NanoRecipe, check_recipe, train_nano
from codedance.train.pieces import nano_pieces
from codedance.train.pointing import PLACE_PIECES
from codedance.train.sequence import Supervised, collate, supervise
from codedance.train.trainer import Step, TrainSettings
from codedance.train.wording import bound_words, trajectory_tokenizer
from codedance.train.writing import WRITING_TEXTS, writing_lesson

pytestmark = pytest.mark.anyio

FAMILIES = ("counting", "search", "scenes", "editing")
_ONE_EACH = dict.fromkeys(FAMILIES, 1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets") / "small"
    generate(GenerateSettings(count=100, shares=dict.fromkeys(FAMILIES, 1.0)), folder, workers=2)
    return folder


@pytest.fixture(scope="module")
def trajectories(made: Path) -> list[Trajectory]:
    return read_set(RunFolder.open(made), count=None, families=FAMILIES, glances=("counting", "search"))


@pytest.fixture(scope="module")
def encoder(trajectories: list[Trajectory]) -> Encoder:
    rust = trajectory_tokenizer(
        trajectories, size=1500, words=CELL_WORDS, texts=(*WRITING_TEXTS, *GLANCE_TEXTS), pieces=PLACE_PIECES
    )
    tokenizer = Tokenizer(rust)
    return Encoder(tokenizer, SIZES["small"].model_copy(update={"vocabulary": tokenizer.size}))


def test_a_word_is_the_same_token_in_question_code_and_answer(encoder: Encoder) -> None:
    tokenizer = encoder.tokenizer
    for word in ("red", "purple", "triangle"):
        (token,) = tokenizer.encode(word)
        for text in (f"Find the {word} card.", f"ImageColor.getrgb('{word}')", f"<answer>{word}</answer>"):
            assert token in tokenizer.encode(text)
    assert len(tokenizer.encode("18.75")) == 5, "digits stand alone"


def test_usual_lines_of_code_are_few_tokens(encoder: Encoder, trajectories: list[Trajectory]) -> None:
    texts = [turn.text for one in trajectories for turn in one.turns if turn.code is not None]
    characters, tokens = sum(map(len, texts)), sum(len(encoder.tokenizer.encode(text)) for text in texts)
    assert characters / tokens > 6


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=80))
def test_any_text_comes_back_unchanged(encoder: Encoder, text: str) -> None:
    assert encoder.tokenizer.decode(encoder.tokenizer.encode(text)) == text


def test_bound_words_are_those_of_literals_and_answers(trajectories: list[Trajectory]) -> None:
    words = bound_words(trajectories)
    assert {"red", "blue"} <= set(words)
    assert not {"for", "the", "import"} & set(words)


def test_trajectories_with_places_that_were_seen_are_left_out(made: Path, trajectories: list[Trajectory]) -> None:
    everything = list(RunFolder.open(made).trajectories())
    assert 0 < len(trajectories) < len(everything)
    for one in trajectories:
        code = "\n".join(turn.code or "" for turn in one.turns)
        assert not pointed(one)
        assert "// 8" not in code
        direct = one.task.meta["mode"] == "direct"
        assert not direct or one.task.meta["family"] in ("counting", "search")


def test_a_set_without_anything_to_learn_from_is_refused(made: Path) -> None:
    with pytest.raises(DataError, match="no trajectory"):
        read_set(RunFolder.open(made), count=None, families=("tables",), glances=())


def test_what_is_read_in_pictures_was_written_nowhere_before(
    encoder: Encoder, made: Path, trajectories: list[Trajectory]
) -> None:
    digits = tuple(encoder.tokenizer.encode(digit)[0] for digit in "0123456789")
    colours = tuple(encoder.tokenizer.encode(colour)[0] for colour in COLOURS)
    corpus = Corpus(
        encoder, RunFolder.open(made), trajectories, seed=0, shares=_ONE_EACH, words=[digits, colours], longest=2000
    )
    most = max(Counter(one.task.meta["family"] for one in trajectories).values())
    items = [corpus.example(index) for index in range(len(FAMILIES) * most)]
    assert len({tuple(item.encoded.ids) for item in items}) > 0.9 * len(trajectories), "every trajectory comes"
    for first in range(0, 40, len(FAMILIES)):
        assert {one.kind.split("/")[0] for one in items[first : first + len(FAMILIES)]} == set(FAMILIES), "by shares"
    readings = [(item, reading) for item in items for reading in item.readings]
    assert len(readings) > 20
    for item, reading in readings:
        pads = set(item.encoded.ids[reading.start : reading.start + reading.count])
        assert encoder.tokenizer.special["<|image_pad|>"] in pads
        for word, among in reading.words:
            assert word in among
            assert word not in [one for one in item.encoded.ids[: reading.start] if one != 0]
    assert {item.kind.split("/")[0] for item in items} == set(FAMILIES)


def test_an_epoch_of_a_family_shows_each_of_its_trajectories_once_and_none_that_is_too_long(
    encoder: Encoder, made: Path, trajectories: list[Trajectory]
) -> None:
    members = [one for one in trajectories if one.task.meta["family"] == "editing"]
    tokens = [Ruler(encoder).tokens(one) for one in members]
    assert len(members) > 8
    for longest in (max(tokens), sorted(tokens)[len(tokens) // 2]):
        said: list[str] = []
        corpus = Corpus(
            encoder, RunFolder.open(made), members, seed=5, shares={"editing": 1}, words=[], longest=longest,
            say=said.append,
        )  # fmt: skip
        fitting = [one for one, count in zip(members, tokens, strict=True) if count <= longest]
        seen = [corpus.example(index).encoded.ids for index in range(2 * len(fitting))]
        alone = [_ids(encoder, RunFolder.open(made), one) for one in fitting]
        for epoch in range(2):
            order = list(range(len(fitting)))
            Random(f"corpus/5/editing/{epoch}").shuffle(order)
            assert seen[epoch * len(fitting) : (epoch + 1) * len(fitting)] == [alone[number] for number in order]
        assert len(said) == (len(fitting) < len(members))
    with pytest.raises(DataError, match=r"every trajectory of editing has more than 64 tokens \(longest\)"):
        Corpus(encoder, RunFolder.open(made), members, seed=5, shares={"editing": 1}, words=[], longest=64)


def _ids(encoder: Encoder, run: RunFolder, one: Trajectory) -> list[int]:
    messages = conversation(one.task, one.turns, one.protocol, pictures=run.load_pictures(one))
    return supervise(encoder, messages).encoded.ids


def test_cells_of_a_counting_lesson_hold_what_is_drawn_there(encoder: Encoder) -> None:
    rng = Random(4)
    for _ in range(5):
        item = counting_lesson(encoder, rng)
        start, picture = item.encoded.images[0]
        by_colour = item.cells[0]
        columns = picture.width // encoder.config.patch
        pixels = np.asarray(picture).astype(int)
        seen = 0
        for cell, label in enumerate(by_colour.labels):
            if label:
                x, y = cell % columns * 28 + 14, cell // columns * 28 + 14
                wanted = ImageColor.getrgb(COLOURS[label - 1])
                assert np.abs(pixels[y - 9 : y + 10, x - 9 : x + 10] - wanted).sum(2).min() < 150
                seen += 1
        assert seen >= 1
        assert by_colour.start == start
        said = _said(encoder, item)
        assert 1 <= len(said) <= 5
        first = str(sum(label > 0 for label in by_colour.labels))
        assert all(int(answer) <= int(first) for answer in said)


def test_a_fifth_of_the_further_counting_questions_are_about_what_is_not_there(encoder: Encoder) -> None:
    rng = Random(3)
    said = [_said(encoder, counting_lesson(encoder, rng)) for _ in range(40)]
    further = [answer for answers in said for answer in answers[1:]]
    assert 0.1 < further.count("0") / len(further) < 0.35


def test_a_reading_lesson_asks_about_every_card(encoder: Encoder) -> None:
    item = reading_lesson(encoder, Random(2))
    cards = sum(label > 0 for label in item.cells[0].labels)
    assert len(_said(encoder, item)) == cards >= 2
    assert len(item.cells) == 5, "colour, shape and glyph of every cell, and where it is"


@pytest.mark.parametrize("lesson", [counting_lesson, reading_lesson, relation_lesson])
def test_a_lesson_points_at_what_it_names_and_says_where_to_look(
    encoder: Encoder, lesson: Callable[[Encoder, Random], Supervised]
) -> None:
    rng = Random(9)
    found = 0
    for _ in range(4):
        item = lesson(encoder, rng)
        start, picture = item.encoded.images[0]
        columns, rows = picture.width // 28, picture.height // 28
        text = encoder.tokenizer.decode(
            [token for token, mine in zip(item.encoded.ids, item.mask, strict=True) if mine]
        )
        spots = re.findall(r"(\w+) (?:\w+ )*\((\d+)%, (\d+)%\)", text)
        assert len(item.pointings) == 2 * len(spots)
        pixels = np.asarray(picture).astype(int)
        for (_, across, down), one, other in zip(spots, item.pointings[::2], item.pointings[1::2], strict=True):
            assert one.target == other.target
            assert other.query == one.query + 1
            row, column = divmod(one.target - start, columns)
            assert abs((column + 0.5) / columns - int(across) / 100) < 0.125
            assert abs((row + 0.5) / rows - int(down) / 100) < 0.125
            cell = pixels[row * 28 : row * 28 + 28, column * 28 : column * 28 + 28]
            assert cell.std() > 5, "something is there"
            found += 1
    assert found > 8


def test_a_relation_lesson_answers_as_its_places_say(encoder: Encoder) -> None:
    item = relation_lesson(encoder, Random(5))
    text = encoder.tokenizer.decode(item.encoded.ids)
    rounds = re.findall(
        r"user\n(?:\s*)(.*?)assistant\n<think>.*?\((\d+)%, (\d+)%\)\n.*?\((\d+)%, (\d+)%\)</think>\n<answer>(\w+)",
        text,
        re.S,
    )
    assert rounds
    for question, x, y, u, v, answer in rounds:
        options = dict(re.findall(r"\n([AB])\. (.*)", question))
        said = options.get(answer, answer)
        if "left" in said or "right" in said:
            assert ("left" in said) == (int(x) < int(u))
        else:
            assert ("above" in said) == (int(y) < int(v))


def test_a_tokenizer_without_places_is_refused() -> None:
    tokenizer = Tokenizer(build_tokenizer(nano_pieces()))
    config = SIZES["tiny"].model_copy(update={"vocabulary": tokenizer.size})
    with pytest.raises(DataError, match="does not hold places"):
        reading_lesson(Encoder(tokenizer, config), Random(0))


def test_one_head_learns_where_to_look(encoder: Encoder) -> None:
    config = SIZES["tiny"].model_copy(update={"vocabulary": encoder.tokenizer.size})
    network = Network(config)
    network.initialise(torch.Generator().manual_seed(0))
    batch = collate([reading_lesson(Encoder(encoder.tokenizer, config), Random(2))], patch=28)
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    seen: list[tuple[float, float]] = []
    for _ in range(20):
        result = losses(network, batch, LossWeights(1e9, point=1.0))
        assert result.point is not None
        seen.append(result.point)
        optimiser.zero_grad()
        result.total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert seen[0][0] > 3, "at first all tokens alike"
    assert seen[-1][0] < 0.8 * seen[0][0]
    assert seen[-1][1] > seen[0][1]


def test_a_writing_lesson_says_what_is_written_and_where(encoder: Encoder) -> None:
    for seed in range(6):
        item = writing_lesson(encoder, Random(seed), ["Dalby", "apple"])
        said = _said(encoder, item)
        assert len(said) == len(item.cells) == len(item.encoded.images) == 3
        characters = {token: text for text in "0123456789" for token in encoder.tokenizer.encode(text)}
        for answer, cells in zip(said, item.cells, strict=True):
            marked = {cells.among[label] for label in cells.labels if label}
            digits = {characters[token] for token in marked if token in characters}
            assert digits or not any(one.isdigit() for one in answer)
            if ", " not in answer:
                assert digits <= set(answer)


def _said(encoder: Encoder, item: Supervised) -> list[str]:
    mine = [token for token, mask in zip(item.encoded.ids, item.mask, strict=True) if mask]
    parts = encoder.tokenizer.decode(mine).split("<answer>")[1:]
    return [part.split("</answer>")[0] for part in parts]


def test_unknown_kinds_of_items_are_refused(encoder: Encoder) -> None:
    with pytest.raises(DataError, match="no kind of item dance"):
        ItemDataset(encoder, mix={"dance": 1}, seed=0)
    with pytest.raises(DataError, match="need a set"):
        ItemDataset(encoder, mix={"episode": 1}, seed=0)
    with pytest.raises(DataError, match="no looks"):
        ItemDataset(encoder, mix={"read": 1}, seed=0, looks_first=2)


def test_the_recipe_trains_resumes_and_leaves_a_checkpoint_that_loads(made: Path, tmp_path: Path) -> None:
    steps: list[Step] = []
    mix = {"episode": 2, "see-counts": 1, "see-text": 1, "look-counts": 1, "look-cards": 1, "look-text": 1}
    recipe = NanoRecipe(
        size="tiny",
        families=_ONE_EACH,
        longest=2000,
        vocabulary=800,
        mix=mix,
        looks_first=1,
        parts=2,
        train=TrainSettings(steps=4, workers=0, read_weight=1, cell_weight=1, point_weight=1, save_every=2),
    )
    network, tokenizer = train_nano(recipe, made, tmp_path / "run", listener=steps.append)
    assert [step.step for step in steps] == [1, 2, 3, 4]
    assert steps[-1].cell_accuracy is not None
    assert steps[-1].point_accuracy is not None
    assert set(steps[0].kinds) == {"look-counts", "look-cards", "look-text"}
    assert any("/" in kind for kind in steps[1].kinds)
    again: list[Step] = []
    train_nano(recipe, made, tmp_path / "run", listener=again.append)
    assert again == [], "a finished run is not trained again"
    with pytest.raises(DataError, match="other settings"):
        train_nano(recipe.model_copy(update={"seed": 1}), made, tmp_path / "run")
    save_checkpoint(network, tokenizer, tmp_path / "checkpoint")
    loaded, encoder = load_checkpoint(tmp_path / "checkpoint")
    assert encoder.tokenizer.encode("Count the red circles.") == tokenizer.encode("Count the red circles.")
    assert loaded.config.vocabulary == tokenizer.size


def test_a_size_that_does_not_exist_is_named(made: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="size huge: there is none"):
        train_nano(NanoRecipe(size="huge"), made, tmp_path / "run")


def test_a_start_that_does_not_fit_is_refused_before_data_are_made_for_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="another size or make than tiny"):
        check_recipe(NanoRecipe(size="tiny"), CHECKPOINT)
    with pytest.raises(UsageError, match="no such file"):
        check_recipe(NanoRecipe(), tmp_path)
    check_recipe(NanoRecipe(), CHECKPOINT)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"families": {"chess": 1}}, "families: there is no family chess; choose among counting"),
        ({"asks": {"chess": ("moves",)}}, "asks: there is no family chess"),
        ({"glances": ("chess",)}, "glances: there is no family chess"),
        ({"families": {"counting": -1}}, "families: counting is below 0"),
        ({"mix": {"episode": 1, "read": -2}}, "mix: read is below 0"),
    ],
)
def test_families_and_shares_that_cannot_be_are_named(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        check_recipe(NanoRecipe.model_validate(wrong))


def test_a_wrong_recipe_is_refused_before_data_are_made_for_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "codedance.cli.app", "train", "nano", "--out", str(tmp_path / "run")]
    for wrong, says in (("size=huge", "size huge: there is none"), ("mix.dance=1", "no setting 'dance'")):
        result = subprocess.run([*command, "--set", wrong], capture_output=True, text=True, timeout=60, check=False)
        assert result.returncode == 2, result.stderr
        assert says in result.stderr
    assert not (tmp_path / "run").exists()


async def test_evaluation_tells_kinds_of_questions_apart_and_looks_at_edits() -> None:
    drawn: list[str] = []

    async with LocalSandbox() as sandbox:
        report = await evaluate_cell(
            ScriptedModel(["<think>I guess.</think>\n<answer>3</answer>"] * 200),
            sandbox,
            family="editing",
            difficulty=Difficulty.EASY,
            count=6,
            asks=("cover-sum", "divide-count"),
            listener=lambda scene, trajectory, right: drawn.append(scene.asks),
        )
        assert set(report.asks) == set(drawn) <= {"cover-sum", "divide-count"}
        assert sum(part.count for part in report.asks.values()) == report.count == len(drawn) == 6
        assert report.right == 0, "a right number without the drawing is not right"
        assert (report.direct, report.cells, report.answered) == (6, 0, 6)
        with pytest.raises(UsageError, match="does not ask for dances"):
            await evaluate_cell(
                ScriptedModel([]), sandbox, family="search", difficulty=Difficulty.EASY, count=1, asks=("dances",)
            )


async def test_evaluation_can_ask_only_about_what_has_a_certain_answer() -> None:
    answers: list[str] = []
    model = ScriptedModel(["<think>I see none.</think>\n<answer>0</answer>"] * 20)
    async with LocalSandbox() as sandbox:
        report = await evaluate_cell(
            model, sandbox, family="counting", difficulty=Difficulty.EASY, count=3, answer="0",
            listener=lambda scene, trajectory, right: answers.append(scene.answer),
        )  # fmt: skip
        assert (report.right, report.constant_right, answers) == (3, 3, ["0"] * 3)
        with pytest.raises(UsageError, match="does not ask with the answer many"):
            await evaluate_cell(model, sandbox, family="counting", difficulty=Difficulty.EASY, count=1, answer="many")


async def test_the_gallery_shows_right_and_wrong_traces_with_their_pictures(tmp_path: Path) -> None:
    async with LocalSandbox() as sandbox:
        model = ScriptedModel(["<think>I see <b>2</b>.</think>\n<answer>2</answer>"] * 400)
        page = await write_gallery(model, sandbox, [("counting", Difficulty.EASY)], tmp_path, right=2, wrong=2)
    text = page.read_text()
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Right 1: counting, easy", "## Right 2: counting, easy",
        "## Wrong 1: counting, easy", "## Wrong 2: counting, easy",
    ]  # fmt: skip
    for name in re.findall(r"\]\(([^)]+)\)", text):
        assert (tmp_path / name).stat().st_size > 100
    assert "**Answer.** 2; the truth is 2." in text
