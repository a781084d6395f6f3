"""From pictures to executed trajectories: the stages in order, several pictures at work, nothing decided twice."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import anyio.to_thread
from pydantic import JsonValue

from codedance.models.asking import Party, Unanswered
from codedance.protocol.closed import Accepted, Rejected, Verdict
from codedance.sandbox.contract import Sandbox
from codedance.schema import StopReason, Task
from codedance.store import RunFolder
from codedance.synth.pictures.crew import share_out
from codedance.synth.pictures.filtering import Stratum
from codedance.synth.pictures.journal import Decision, Outcome, Stage
from codedance.synth.pictures.judging import Ask, Item, Judge, Place, load_item
from codedance.synth.pictures.proposing import locate, propose
from codedance.synth.pictures.rating import rate
from codedance.synth.pictures.rollouts import final_check, play, rollout_prompt
from codedance.synth.pictures.sources import Source
from codedance.synth.pictures.stages import Draft, Spot, filter_image
from codedance.tasks.worlds import Category

__all__ = ["Pipeline"]


class Pipeline:
    """Plays the stages for pictures.

    Args:
        run: where finished trajectories go.
        judge: asks, decides and remembers.
        sandbox: where code runs.
    """

    def __init__(self, run: RunFolder, judge: Judge, sandbox: Sandbox) -> None:
        self._run = run
        self._judge = judge
        self._sandbox = sandbox
        self._kept: set[str] = set()
        self._reading = anyio.Lock()

    def waiting(self, sources: Sequence[Source]) -> list[Source]:
        """The pictures that are not finished."""
        return [source for source in sources if not self._judge.journal.finished(source.name)]

    async def work(self, sources: Sequence[Source]) -> None:
        """Bring every one of these pictures to its end; none of them is finished.

        Raises:
            StoreError: the run folder cannot be read or written.
        """
        self._kept = {trajectory.id for trajectory in self._run.trajectories()}
        await share_out(sources, self._finish, at_once=self._judge.settings.concurrency)

    async def _finish(self, source: Source) -> None:
        """All stages of one picture."""
        item = await self._read(source)
        if item is not None:
            ask = Ask.about(item, Stage.IMAGE, "image_filter", decide=filter_image)
            if (await self._judge.closed(item, None, ask)).accepted:
                await self._questions(item)
        self._judge.add(Decision(picture=source.name, stage=Stage.DONE, outcome=Outcome.ACCEPTED))

    async def _read(self, source: Source) -> Item | None:
        # One after the other, in the order of the names: which of two like pictures is the first is then no chance.
        async with self._reading:
            journal = self._judge.journal
            known = journal.find(source.name, None, Stage.READ, 0)
            if known is not None and not known.accepted:
                return None
            loaded, item = await anyio.to_thread.run_sync(load_item, source, self._judge.settings.view)
            verdict: Accepted[None] | Rejected = loaded
            value: dict[str, JsonValue] = {}
            if item is not None:
                sha256 = item.picture.ref.sha256
                value = {"sha256": sha256, "width": item.size[0], "height": item.size[1]}
                first = journal.first_with(sha256)
                if known is not None and known.value["sha256"] != sha256:
                    verdict = Rejected("changed since the run began")
                elif first is not None and first != source.name:
                    verdict = Rejected("duplicate", first)
            if known is None or not isinstance(verdict, Accepted):
                place = Place(source.name, None, Stage.READ, 0 if known is None else 1)
                self._judge.write(place, verdict, value=value)
            return item if isinstance(verdict, Accepted) else None

    async def _questions(self, item: Item) -> None:
        """Every question about a picture, one after the other, so that none is asked twice."""
        asked: list[str] = []
        for question in range(self._judge.settings.questions):
            draft = await propose(self._judge, item, question, asked=asked)
            if draft is None:
                continue
            asked.append(draft.question)
            spot: Spot | None = None
            if draft.category in self._judge.settings.box.categories:
                spot = await locate(self._judge, item, question, draft=draft)
                if spot is None:
                    continue
            task = _task(item, question, draft, spot)
            rated = await rate(self._judge, item, question, task=task, draft=draft)
            if rated is not None:
                meta = {**task.meta, **rated.value}
                await self._solve(item, question, task.model_copy(update={"meta": meta}))

    async def _solve(self, item: Item, question: int, task: Task) -> None:
        """Play episodes until one passes the final check."""
        for attempt in range(self._judge.settings.attempts.rollout):
            final = self._judge.find(Place(item.name, question, Stage.FINAL, attempt))
            rolled = self._judge.find(Place(item.name, question, Stage.ROLLOUT, attempt))
            if rolled is None or (rolled.accepted and final is None):
                rolled, final = await self._play(item, question, task, attempt=attempt)
            if rolled.outcome is Outcome.FAULT or (final is not None and final.accepted):
                return

    async def _play(self, item: Item, question: int, task: Task, *, attempt: int) -> tuple[Decision, Decision | None]:
        """One episode and, if it came to an answer, its final check.

        The decision about the roll-out is written first, then the trajectory, then the final decision: whoever is
        stopped between them plays the episode again with the replies that are kept.
        """
        judge, direct = self._judge, task.meta["difficulty"] == Stratum.EASY.value
        prompts = rollout_prompt(Category(str(task.meta["category"])), direct=direct)
        task = task.model_copy(update={"meta": {**task.meta, "synth": self._provenance(item.name, question, prompts)}})
        played = await play(
            task,
            item.picture,
            asker=judge.asker,
            sandbox=self._sandbox,
            settings=judge.settings,
            direct=direct,
            attempt=attempt,
        )
        trajectory = played.rollout.trajectory
        verdict: Verdict[None] | Unanswered = played.fault or Accepted(None)
        if played.fault is None and trajectory.stop is not StopReason.ANSWERED:
            verdict = Rejected(trajectory.stop.value.replace("_", " "))
        place = Place(item.name, question, Stage.ROLLOUT, attempt)
        usage = {Party.TEACHER: played.usage}
        rolled = judge.find(place) or judge.write(place, verdict, usage=usage, prompts=prompts)
        if not isinstance(verdict, Accepted):
            return rolled, None
        checked = final_check(trajectory, direct=direct, settings=judge.settings.rollout)
        value: dict[str, JsonValue] = {}
        if isinstance(checked, Accepted):
            value = {"trajectory": trajectory.id, "direct": direct}
            if trajectory.id not in self._kept:
                self._run.add(trajectory, played.rollout.pictures)
                self._kept.add(trajectory.id)
        return rolled, judge.write(Place(item.name, question, Stage.FINAL, attempt), checked, value=value)

    def _provenance(self, picture: str, question: int, prompts: str) -> dict[str, JsonValue]:
        """How a question came about, for its record."""
        asker = self._judge.asker
        models: JsonValue = {party.value: asker.name(party) for party in Party if asker.has(party)}
        decisions = self._judge.journal.decisions(picture, question)
        before = [one for one in decisions if one.stage not in (Stage.ROLLOUT, Stage.FINAL)]
        steps: list[JsonValue] = [
            {"stage": one.stage.value, "attempt": one.attempt, "outcome": one.outcome.value, "reason": one.reason}
            for one in before
        ]
        asked: list[JsonValue] = [*sorted({one.prompt for one in before if one.prompt})]
        return {"models": models, "prompts": asked, "decisions": steps, "solved_under": prompts}


def _task(item: Item, question: int, draft: Draft, spot: Spot | None) -> Task:
    box: list[JsonValue] | None = [*spot.box] if spot else None
    meta: dict[str, JsonValue] = {
        "category": draft.category.value,
        "picture": item.name,
        "box": box,
        "box_holds": spot.label if spot else None,
    }
    return Task(
        id=f"synth/{item.picture.ref.sha256[:16]}/{question}",
        source="synth",
        question=draft.question,
        images=(item.picture.ref,),
        answer=draft.answer,
        meta=meta,
    )
