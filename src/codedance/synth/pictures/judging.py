"""Where every decision is made: a closed question is asked until its answer can be read, and written down once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from codedance.errors import PictureError
from codedance.imaging import Picture
from codedance.models.asking import Asker, Party, Query, Unanswered, Usage
from codedance.protocol import ChatMessage, Role
from codedance.protocol.closed import Accepted, Illegible, Rejected, Unreadable, Verdict
from codedance.schema import FinishReason, Record
from codedance.synth.pictures.journal import Decision, Journal, Outcome, Stage
from codedance.synth.pictures.settings import SynthSettings
from codedance.synth.pictures.sources import Source
from codedance.synth.pictures.views import ViewSettings, seen
from codedance.synth.pictures.wording import prompt

__all__ = ["Ask", "Item", "Judge", "Place", "load_item"]


@dataclass(frozen=True, slots=True)
class Item:
    """A picture at work."""

    name: str
    picture: Picture
    shown: Picture
    """As models see it."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return self.picture.ref.width, self.picture.ref.height

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height as models see it."""
        return self.shown.ref.width, self.shown.ref.height


@dataclass(frozen=True, slots=True)
class Place:
    """Which attempt at which stage of what."""

    picture: str
    question: int | None
    stage: Stage
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Ask:
    """A closed question to the teacher about a picture."""

    stage: Stage
    prompt: str
    """Names and versions of the prompts in it."""
    text: str
    pictures: tuple[Picture, ...]
    decide: Callable[[str], Verdict[Any]]
    """Reads the reply; pure."""

    @classmethod
    def about(cls, item: Item, stage: Stage, name: str, *, decide: Callable[[str], Verdict[Any]], **fields: str) -> Ask:
        """A question in the words of a prompt, with the picture as it is shown and its size."""
        asks = prompt(name)
        width, height = item.shown_size
        text = asks.render(width=str(width), height=str(height), **fields)
        return cls(stage, asks.label, text, (item.shown,), decide)


class Judge:
    """Decides, by the journal where it was decided before.

    Args:
        journal: what was decided so far.
        asker: the models.
        settings: sampling, and how often a question is put.
        listener: told of every new decision.
    """

    def __init__(
        self,
        journal: Journal,
        asker: Asker,
        settings: SynthSettings,
        *,
        listener: Callable[[Decision], None] | None = None,
    ) -> None:
        self.journal = journal
        self.asker = asker
        self.settings = settings
        self._tell = listener or (lambda decision: None)

    def find(self, place: Place) -> Decision | None:
        """What was decided there before."""
        return self.journal.find(place.picture, place.question, place.stage, place.attempt)

    async def closed(self, item: Item, question: int | None, ask: Ask, *, attempt: int = 0) -> Decision:
        """The decision of a closed question.

        Unreadable answers and faults are followed by further readings; every attempt has its own block of them.
        """
        readings = self.settings.attempts.readings
        decision: Decision | None = None
        for number in range(attempt * readings, (attempt + 1) * readings):
            place = Place(item.name, question, ask.stage, number)
            decision = self.find(place) or await self._put(place, ask)
            if decision.outcome in (Outcome.ACCEPTED, Outcome.REJECTED):
                break
        if decision is None:
            raise ValueError("a closed question is asked at least once")
        return decision

    def write(
        self,
        place: Place,
        verdict: Verdict[Any] | Unanswered,
        *,
        usage: dict[Party, Usage] | None = None,
        value: dict[str, JsonValue] | None = None,
        prompts: str = "",
        said: str = "",
    ) -> Decision:
        """Write down what came of an attempt.

        Args:
            place: which attempt.
            verdict: what came of it.
            usage: calls that it took.
            value: what to keep of it; without it, the accepted value.
            prompts: names and versions of the prompts.
            said: the reply, of which the beginning is kept where it was not accepted.
        """
        outcome, reason, detail = _outcome(verdict)
        if isinstance(verdict, Accepted) and value is None:
            value = verdict.value.model_dump(mode="json") if isinstance(verdict.value, Record) else verdict.value
        return self.add(
            Decision(
                picture=place.picture,
                question=place.question,
                stage=place.stage,
                attempt=place.attempt,
                outcome=outcome,
                reason=reason,
                detail=_detail(outcome, detail, said),
                prompt=prompts,
                value=value or {},
                usage=usage or {},
            )
        )

    def add(self, decision: Decision) -> Decision:
        """Write down a decision."""
        self.journal.add(decision)
        self._tell(decision)
        return decision

    async def _put(self, place: Place, ask: Ask) -> Decision:
        """Ask once."""
        sampling = self.settings.closed
        if place.attempt:
            seed = None if sampling.seed is None else sampling.seed + place.attempt
            temperature = max(sampling.temperature, self.settings.retry_temperature)
            sampling = sampling.model_copy(update={"temperature": temperature, "seed": seed})
        system = prompt("system")
        messages = (ChatMessage(Role.SYSTEM, (system.text,)), ChatMessage(Role.USER, (*ask.pictures, ask.text)))
        prompts = f"{ask.prompt}+{system.label}"
        reply = await self.asker.ask(Query(Party.TEACHER, prompts, messages, sampling, place.attempt))
        if isinstance(reply, Unanswered):
            return self.write(place, reply, prompts=prompts)
        cut = reply.finish is FinishReason.LENGTH
        verdict = Unreadable(Illegible.CUT_OFF, "the token limit came first") if cut else ask.decide(reply.text)
        return self.write(place, verdict, usage={Party.TEACHER: reply.usage}, prompts=prompts, said=reply.text)


def load_item(source: Source, view: ViewSettings) -> tuple[Accepted[None] | Rejected, Item | None]:
    """Read a picture and make what models see of it; ``None`` with the reason if it cannot be used."""
    try:
        picture = Picture.from_file(source.path)
        size = f"{picture.ref.width}x{picture.ref.height}"
        short, long = sorted((picture.ref.width, picture.ref.height))
        if short < view.smallest_side:
            return Rejected("too small", size), None
        if long > short * view.longest_ratio:
            return Rejected("too long or wide", size), None
        return Accepted(None), Item(source.name, picture, seen(picture, view))
    except PictureError as error:
        return Rejected("unreadable picture", str(error)), None


def _outcome(verdict: Verdict[Any] | Unanswered) -> tuple[Outcome, str, str]:
    match verdict:
        case Accepted():
            return Outcome.ACCEPTED, "", ""
        case Rejected(reason=reason, detail=detail):
            return Outcome.REJECTED, reason, detail
        case Unreadable(reason=illegible, detail=detail):
            return Outcome.UNREADABLE, illegible.value, detail
        case Unanswered(fault=fault, detail=detail):
            return Outcome.FAULT, fault.value, detail


def _detail(outcome: Outcome, detail: str, said: str) -> str:
    """Why, and for what could not be read also what."""
    if outcome is Outcome.ACCEPTED:
        return ""
    if outcome is Outcome.UNREADABLE and detail and said:
        return _short(f"{detail}: {said}")
    return _short(detail or said)


def _short(text: str) -> str:
    line = " ".join(text[:2_000].split())
    return line if len(line) <= 300 else f"{line[:299]}…"
