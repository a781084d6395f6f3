"""Questions and boxes: made by the teacher, checked by the teacher, filtered by rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import anyio.to_thread

from codedance.imaging import Picture
from codedance.synth.pictures.filtering import label_text
from codedance.synth.pictures.journal import Decision, Outcome, Stage
from codedance.synth.pictures.judging import Ask, Item, Judge, Place
from codedance.synth.pictures.settings import Coordinates, SynthSettings
from codedance.synth.pictures.stages import Draft, Spot, check_box, check_question, keep_box, read_box, read_question
from codedance.synth.pictures.views import clipped, crop, outlined
from codedance.synth.pictures.wording import prompt
from codedance.tasks.worlds import Category

__all__ = ["category_order", "locate", "propose"]

_UNITS = {
    Coordinates.PIXELS: "Coordinates are absolute pixels of this picture, from 0, 0 to {width}, {height}.",
    Coordinates.THOUSANDTHS: "Coordinates are thousandths of this picture's width and height, from 0, 0 to 1000, 1000.",
}


def category_order(settings: SynthSettings, sha256: str, question: int) -> list[Category]:
    """In which order the sorts of question are tried for one question of one picture; the first is asked for.

    Depends on nothing but the arguments. Firsts come in the shares of the mix.

    >>> category_order(SynthSettings(mix={"visual": 1, "computation": 0, "editing": 0}), "0" * 64, 0)
    [<Category.VISUAL: 'visual'>]
    """
    left = {category: share for category, share in settings.mix.shares.items() if share > 0}
    rng = Random(f"synth/{settings.seed}/{sha256}/{question}")  # noqa: S311 - reproducible, no secret
    order = []
    while left:
        (chosen,) = rng.choices(list(left), list(left.values()))
        order.append(chosen)
        del left[chosen]
    return order


async def propose(judge: Judge, item: Item, question: int, *, asked: Sequence[str]) -> Draft | None:
    """A question that passed its check, tried until one does; ``None`` if none did.

    Args:
        judge: asks and decides.
        item: the picture.
        question: number of the question about it.
        asked: the questions about it that there are.
    """
    order = category_order(judge.settings, item.picture.ref.sha256, question)
    tried = list(asked)
    for attempt in range(judge.settings.attempts.question):
        if not order:
            return None
        made = await judge.closed(item, question, _question(judge, item, order[0], asked=tried), attempt=attempt)
        if made.outcome is Outcome.REJECTED:
            order = order[1:] if made.reason == "none possible" else order
            continue
        if not made.accepted:
            return None
        draft = Draft.model_validate(made.value)
        ask = Ask.about(item, Stage.QUESTION_CHECK, "question_check", decide=check_question, **_fields(draft))
        checked = await judge.closed(item, question, ask, attempt=attempt)
        if checked.outcome is not Outcome.REJECTED:
            return draft if checked.accepted else None
        tried.append(draft.question)
    return None


async def locate(judge: Judge, item: Item, question: int, *, draft: Draft) -> Spot | None:
    """The box that shows the answer, checked and within the rules; ``None`` if there is none."""
    rules = judge.settings.box
    width, height = item.shown_size
    ask = Ask.about(
        item,
        Stage.BOX,
        "box",
        decide=lambda text: read_box(text, shown=item.shown_size, size=item.size, rules=rules),
        units=_UNITS[rules.coordinates].format(width=width, height=height),
        **_fields(draft),
    )
    for attempt in range(judge.settings.attempts.box):
        made = await judge.closed(item, question, ask, attempt=attempt)
        if made.outcome is Outcome.REJECTED:
            continue
        if not made.accepted:
            return None
        spot = Spot.model_validate(made.value)
        checked = await _check_box(judge, item, question, attempt=attempt, draft=draft, spot=spot)
        if checked.outcome is Outcome.REJECTED:
            continue
        if not checked.accepted:
            return None
        place = Place(item.name, question, Stage.RULES, attempt)
        kept = judge.find(place) or judge.write(place, keep_box(spot, size=item.size, rules=rules))
        if kept.accepted:
            return Spot.model_validate(kept.value)
    return None


def _question(judge: Judge, item: Item, category: Category, *, asked: Sequence[str]) -> Ask:
    skill = prompt(f"skill_{category.value}")
    tolerance = judge.settings.number_tolerance
    ask = Ask.about(
        item,
        Stage.QUESTION,
        "question",
        decide=lambda text: read_question(text, category, asked=asked, tolerance=tolerance),
        skill=skill.text,
        asked="".join(f"- Do not ask again: {' '.join(one.split())}\n" for one in asked),
    )
    return replace(ask, prompt=f"{ask.prompt}+{skill.label}")


async def _check_box(judge: Judge, item: Item, question: int, *, attempt: int, draft: Draft, spot: Spot) -> Decision:
    place = Place(item.name, question, Stage.BOX_CHECK, attempt * judge.settings.attempts.readings)
    known = judge.find(place)
    box = clipped(spot.box, *item.size)
    pictures: tuple[Picture, ...] = ()
    if box is not None and (known is None or known.outcome not in (Outcome.ACCEPTED, Outcome.REJECTED)):
        view = judge.settings.view
        framed = await anyio.to_thread.run_sync(outlined, item.picture, box, view)
        pictures = (framed, await anyio.to_thread.run_sync(crop, item.picture, box, view))
    asks = prompt("box_check")
    text = asks.render(label=spot.label or "(nothing was said)", **_fields(draft))
    return await judge.closed(item, question, Ask(place.stage, asks.label, text, pictures, check_box), attempt=attempt)


def _fields(draft: Draft) -> dict[str, str]:
    return {"question": draft.question, "answer": label_text(draft.answer)}
