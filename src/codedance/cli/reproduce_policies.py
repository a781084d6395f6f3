"""The policies of ``codedance reproduce``: taught, asked the held-out scenes, and those that show what scale brings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codedance.cli.failures import tell
from codedance.cli.progress import progress_bar
from codedance.cli.train_grpo import weights_of
from codedance.errors import DataError, SandboxError

if TYPE_CHECKING:
    from codedance.episode import EpisodeSettings
    from codedance.study.scaling import Grade, Scaled
    from codedance.study.settings import StudySettings
    from codedance.train.nano import NanoRecipe

__all__ = ["ask_policy", "make_scaled", "read_scaled", "teach"]


def teach(recipe: NanoRecipe, data: Path, folder: Path, *, what: str) -> None:
    """Teach a policy from nothing, or go on where it stands, and leave its checkpoint in ``folder/checkpoint``."""
    from codedance.models.local.checkpoint import save_checkpoint
    from codedance.train.nano import train_nano

    with progress_bar(what, recipe.train.steps) as tick:
        reach = _reaching(tick)
        network, tokenizer = train_nano(recipe, data, folder, listener=lambda step: reach(step.step))
    save_checkpoint(network, tokenizer, folder / "checkpoint")


def ask_policy(checkpoint: Path, folder: Path, settings: StudySettings, *, name: str, families: Sequence[str]) -> None:
    """One policy on the held-out scenes of these families, greedy; what was asked is not asked again."""
    import anyio

    from codedance.bench import expand
    from codedance.bench.data.loading import LoadSettings
    from codedance.bench.evaluation import EvalRun, EvalSettings, Patience, evaluate, open_rows
    from codedance.models.nano import load
    from codedance.sandbox import LocalSandbox

    benchmarks = expand([f"worlds/{family}" for family in families])
    chosen = EvalSettings(episode=_greedy(settings), rows=LoadSettings(limit=settings.rows))
    with (
        EvalRun(
            folder,
            benchmarks,
            open_rows(benchmarks, chosen.rows),
            settings=chosen,
            model=f"{name}:{weights_of(checkpoint)}",
        ) as run,
        progress_bar(f"evaluating {name}", run.total) as tick,
    ):
        reach = _reaching(tick)

        async def ask() -> None:
            model = load(checkpoint, name=name)
            try:
                async with LocalSandbox(limits=chosen.episode.limits) as sandbox:
                    await evaluate(run, model, sandbox, patience=Patience(), listener=lambda one: reach(one.ended))
            finally:
                await model.close()

        if run.left:
            anyio.run(ask)
        else:
            run.finish()
        if run.left:
            raise SandboxError(f"{folder}: {run.left} episodes failed; start the same command again to try them again")


def _greedy(settings: StudySettings) -> EpisodeSettings:
    """The budgets of training, and the likeliest token always: equal for everyone who is compared."""
    episode = settings.grpo.episode
    return episode.model_copy(update={"sampling": episode.sampling.model_copy(update={"temperature": 0.0})})


def make_scaled(out: Path, settings: StudySettings) -> None:
    """Teach and ask every policy of the study's scaling; what is there goes on or stays."""
    from codedance.study.scaling import own_grade
    from codedance.study.steps import data_folder

    count = _count(out, settings)
    grades = _grades(settings, count)
    for number, grade in enumerate(grades, 1):
        tell(f"policy {number} of {len(grades)}: {grade.name}")
        checkpoint, asked = _places(out, settings, grade)
        recipe = settings.sft.model_copy(
            update={"size": grade.size, "episodes": grade.trajectories, "seed": grade.seed}
        )
        if grade != own_grade(settings):
            if not asked.exists():
                teach(recipe, data_folder(out, settings), checkpoint.parent, what=f"teaching {grade.name}")
            ask_policy(checkpoint, asked, settings, name=grade.name, families=settings.scaled_families)


def read_scaled(out: Path, settings: StudySettings) -> list[Scaled]:
    """What the policies of the scaling did."""
    from codedance.models.local.checkpoint import load_checkpoint
    from codedance.study.evidence import rows_in
    from codedance.study.measures import Policy
    from codedance.study.scaling import Scaled

    count = _count(out, settings)
    found = []
    for grade in _grades(settings, count):
        checkpoint, asked = _places(out, settings, grade)
        network, _ = load_checkpoint(checkpoint)
        found.append(
            Scaled(
                size=grade.size,
                trajectories=grade.trajectories or count,
                parameters=sum(one.numel() for one in network.parameters()),
                policy=Policy(variant=None, seed=grade.seed, rows=tuple(rows_in(asked))),
            )
        )
    return found


def _grades(settings: StudySettings, count: int) -> list[Grade]:
    from codedance.study.scaling import grades_of

    most = max(settings.scaling.trajectories, default=0)
    if most > count:
        raise DataError(f"scaling.trajectories: {most} are more than the {count} of the set; name fewer")
    return grades_of(settings, count=count)


def _count(out: Path, settings: StudySettings) -> int:
    from codedance.store import count_lines
    from codedance.study.steps import data_folder

    return count_lines(data_folder(out, settings) / "trajectories.jsonl")


def _places(out: Path, settings: StudySettings, grade: Grade) -> tuple[Path, Path]:
    """Checkpoint of a policy, and the run in which it was asked; the study's own has them already."""
    from codedance.study.scaling import own_grade
    from codedance.study.steps import Step

    if grade == own_grade(settings):
        return out / Step.SFT.value / "checkpoint", out / Step.EVALUATION.value / "start"
    folder = out / Step.SCALING.value / grade.name
    return folder / "checkpoint", folder / "asked"


def _reaching(tick: Callable[[], None]) -> Callable[[int], None]:
    """Moves a bar to how much is done; what goes on begins in the middle."""
    seen = 0

    def reach(now: int) -> None:
        nonlocal seen
        for _ in range(now - seen):
            tick()
        seen = now

    return reach
