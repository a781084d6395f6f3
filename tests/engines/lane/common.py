"""What both engines' tests begin with: a tiny real Qwen2.5-VL, executed trajectories, tasks, the embedded numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from codedance.episode import EpisodeSettings, Rollout, run_episode
from codedance.imaging import Picture
from codedance.models import ScriptedModel
from codedance.models.contract import Completion, TokenSpan
from codedance.models.local.chat import Encoder
from codedance.protocol import ChatMessage
from codedance.sandbox import LocalSandbox
from codedance.schema import Budgets, Sampling, Task
from codedance.store import Manifest, RunFolder
from codedance.tasks.worlds import Difficulty, make_scene, scene_task

__all__ = [
    "GROUPS",
    "Embedded",
    "TellingModel",
    "embedded",
    "make_rollouts",
    "questions",
    "tasks_folder",
    "tiny_checkpoint",
    "trajectories_folder",
]

_CROP = "<think>I look.</think>\n<code>\n```python\ninput_image.crop((0, 0, 60, 60))\n```\n</code>"
_PRINT = "<think>I measure.</think>\n<code>\n```python\nprint(input_image.size)\n```\n</code>"
_FAIL = "<think>I try.</think>\n<code>\n```python\n1/0\n```\n</code>"
_SILENT = "<think>I wait.</think>\n<code>\n```python\nx = 1\n```\n</code>"
GROUPS: tuple[tuple[tuple[str, ...], ...], ...] = (
    ((_CROP, "{right}"), (_FAIL, _PRINT, "{right}"), (_FAIL, "{wrong}"), ("{wrong}",)),
    ((_PRINT, _SILENT, "{right}"), (_CROP, _CROP, "{wrong}"), ("I do not know.", _FAIL, "{wrong}"), ("?", "!"),),
    (("{right}",), ("{right}",), ("{right}",), ("{right}",)),
)  # fmt: skip
"""Replies of the attempts at three questions: right and wrong, with and without code, failing, silent, without form."""


def tiny_checkpoint(folder: Path) -> Path:
    """The embedded model under Qwen's own token ids, as ``codedance train export`` writes it."""
    from codedance.models.local.qwen_ids import with_qwen_ids
    from codedance.models.nano import CHECKPOINT

    with_qwen_ids(CHECKPOINT, folder)
    return folder


def questions(count: int, family: str = "counting") -> list[tuple[Task, tuple[Picture, ...]]]:
    """Scenes of the generated worlds; the same question is asked about several of them."""
    return [scene_task(make_scene(family, Difficulty.HARD, seed)) for seed in range(count)]


class TellingModel:
    """A scripted model that tells the tokens of its replies, as a sampler does."""

    def __init__(self, replies: Sequence[str], encoder: Encoder) -> None:
        self._scripted, self._encoder = ScriptedModel(replies, name="scripted"), encoder
        self.name = "scripted"

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        """The next reply and its tokens."""
        said = await self._scripted.complete(messages, sampling, stop=stop, on_text=on_text)
        ids = tuple(self._encoder.tokenizer.encode(said.text))
        return Completion(
            said.text, said.finish, completion_tokens=len(ids), tokens=TokenSpan(ids, tuple(-0.5 for _ in ids))
        )

    async def close(self) -> None:
        """Nothing is held."""


async def make_rollouts(encoder: Encoder) -> list[list[Rollout]]:
    """Attempts in groups, each by the one loop in the real sandbox."""
    settings = EpisodeSettings(budgets=Budgets(turns=6, seconds=600.0), sampling=Sampling(temperature=1.0))
    found = []
    async with LocalSandbox() as sandbox:
        for (task, pictures), group in zip(questions(len(GROUPS)), GROUPS, strict=True):
            answer = int(task.answer.value) if task.answer is not None and task.answer.kind == "number" else 0
            attempts = []
            for number, replies in enumerate(group):
                words = {"{right}": f"<answer>{answer}</answer>", "{wrong}": f"<answer>{answer + 1}</answer>"}
                model = TellingModel([words.get(one, one) for one in replies], encoder)
                attempts.append(
                    await run_episode(task, pictures, model=model, sandbox=sandbox, settings=settings, attempt=number)
                )
            found.append(attempts)
    return found


@dataclass(frozen=True, slots=True)
class Embedded:
    """One attempt as the embedded trainer trains on it."""

    rollout: Rollout
    ids: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]
    advantages: tuple[float, ...]
    """Of every token of the sequence; 0 where there is no loss."""


def embedded(encoder: Encoder, groups: Sequence[Sequence[Rollout]], *, variant: str) -> list[list[Embedded]]:
    """The embedded trainer's own numbers; of attempts that it trains on as one sequence."""
    from codedance.rewards import VARIANTS, attempt_of, score_batch
    from codedance.train.learner import pack, rows_of

    scored = score_batch([[attempt_of(one.trajectory) for one in group] for group in groups], variant=VARIANTS[variant])
    found = []
    for group, rewards in zip(groups, scored, strict=True):
        attempts = []
        for rollout, reward in zip(group, rewards.attempts, strict=True):
            rows = rows_of(encoder, rollout, reward)
            assert len(rows) == 1, "these attempts are sequences of their own"
            packed = pack(rows, patch=encoder.config.patch)
            ids = rows[0].segment.encoded.ids
            mask = packed.batch.mask_BT[0]
            dense = [0.0] * len(ids)
            places = [place for place, there in enumerate(mask.tolist()) if there]
            for place, value in zip(places, packed.advantages_M.tolist(), strict=True):
                dense[place] = value
            attempts.append(Embedded(rollout, tuple(ids), rows[0].segment.spans, tuple(dense)))
        found.append(attempts)
    return found


def tasks_folder(folder: Path, count: int, family: str = "counting") -> Path:
    """A run folder of tasks; of other families than counting and search the embedded model knows nothing."""
    run = RunFolder.create(folder, Manifest(kind="tasks"))
    for task, pictures in questions(count, family):
        run.add_task(task, {picture.ref.sha256: picture for picture in pictures})
    return folder


def trajectories_folder(folder: Path, rollouts: Sequence[Rollout]) -> Path:
    """A run folder of trajectories."""
    run = RunFolder.create(folder, Manifest(kind="oracle"))
    for rollout in rollouts:
        run.add(rollout.trajectory, rollout.pictures)
    return folder
