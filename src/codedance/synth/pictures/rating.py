"""How hard a question is, and whether its label holds: by the weak and the strong model, or else by the teacher."""

from __future__ import annotations

from pydantic import JsonValue

from codedance.models.asking import Party, Unanswered
from codedance.protocol.closed import Accepted, Rejected, Verdict
from codedance.schema import Task
from codedance.synth.pictures.filtering import Label, Stratum, Weighing, check_label, label_text, weigh
from codedance.synth.pictures.journal import Decision, Stage
from codedance.synth.pictures.judging import Ask, Item, Judge, Place
from codedance.synth.pictures.settings import EasyUse
from codedance.synth.pictures.stages import Draft, rule_difficulty

__all__ = ["rate"]

_BY_TEACHER = "the teacher was asked"
Meta = dict[str, JsonValue]


async def rate(judge: Judge, item: Item, question: int, *, task: Task, draft: Draft) -> Decision | None:
    """The accepted decision, whose value goes into the task's ``meta``; ``None`` if the question ends here.

    With a weak model its answers decide, see :mod:`~codedance.synth.pictures.filtering`; without one the teacher is
    asked. With a strong model a label that it does not confirm ends the question.
    """
    place = Place(item.name, question, Stage.DIFFICULTY)
    if judge.asker.has(Party.WEAK):
        decision = judge.find(place) or await _weigh(judge, place, item, task=task, draft=draft)
        return decision if decision.accepted else None
    drop = judge.settings.easy is EasyUse.DROP
    fields = {"question": draft.question, "answer": label_text(draft.answer)}
    ask = Ask.about(item, place.stage, "difficulty", decide=lambda text: _by_teacher(text, drop=drop), **fields)
    decision = await judge.closed(item, question, ask)
    if decision.accepted and judge.asker.has(Party.STRONG):
        after = Place(item.name, question, Stage.DIFFICULTY, judge.settings.attempts.readings)
        checked = judge.find(after)
        if checked is None:
            checked = await _check(judge, after, item, task=task, draft=draft, value=decision.value)
        decision = checked
    return decision if decision.accepted else None


def _by_teacher(text: str, *, drop: bool) -> Verdict[Meta]:
    read = rule_difficulty(text)
    if not isinstance(read, Accepted):
        return read
    if read.value is Stratum.EASY and drop:
        return Rejected("easy")
    rule: JsonValue = {"rule": _BY_TEACHER, "label": Label.UNCHECKED.value}
    return Accepted({"difficulty": read.value.value, "filter": rule})


async def _weigh(judge: Judge, place: Place, item: Item, *, task: Task, draft: Draft) -> Decision:
    weighed = await weigh(
        task, (item.picture,), label=draft.answer, asker=judge.asker, settings=judge.settings.difficulty
    )
    verdict: Verdict[Meta] | Unanswered
    match weighed.result:
        case Unanswered() as fault:
            verdict = fault
        case Weighing() as weighing:
            drop = judge.settings.easy is EasyUse.DROP and weighing.stratum is Stratum.EASY
            value: Meta = {"difficulty": weighing.stratum.value, "filter": weighing.model_dump(mode="json")}
            fault_of_label = _label_fault(weighing.label, weighing.strong_said or "")
            verdict = fault_of_label or (Rejected("easy") if drop else Accepted(value))
    return judge.write(place, verdict, usage=weighed.usage)


async def _check(judge: Judge, place: Place, item: Item, *, task: Task, draft: Draft, value: Meta) -> Decision:
    label, usage = await check_label(
        task, (item.picture,), label=draft.answer, asker=judge.asker, settings=judge.settings.difficulty
    )
    verdict: Verdict[Meta] | Unanswered
    if isinstance(label, Unanswered):
        verdict = label
    else:
        rule: JsonValue = {"rule": _BY_TEACHER, "label": label.value}
        verdict = _label_fault(label, "") or Accepted({**value, "filter": rule})
    return judge.write(place, verdict, usage=usage)


def _label_fault(label: Label, said: str) -> Rejected | None:
    if label is Label.DISPUTED:
        return Rejected("label disputed", said)
    if label is Label.UNCERTAIN:
        return Rejected("label uncertain", said)
    return None
