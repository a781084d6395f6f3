"""``codedance analyze feedback``: the ablation of what code shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.analyze import JsonFlag, deliver
from codedance.cli.progress import progress_bar, watched
from codedance.cli.settings import apply_settings
from codedance.errors import UsageError

if TYPE_CHECKING:
    from codedance.analysis.feedback import Feedback, Pair
    from codedance.episode import EpisodeSettings

__all__ = ["EPILOG", "feedback"]

EPILOG = """
Examples:

- `codedance analyze feedback -o runs/feedback` (the embedded model, scenes of search)

- `codedance analyze feedback --family counting --difficulty easy --count 100 -o runs/feedback-counting`

- `codedance analyze feedback --model server:Qwen2.5-VL-7B --base-url http://localhost:8000/v1 --tasks data/tasks -o runs/feedback`

A run that was stopped goes on: give the same command again.
"""  # noqa: E501 - paragraphs of the help


def feedback(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the episodes and the report.")],
    model: Annotated[
        str, typer.Option(metavar="SPEC", help="nano, server:NAME, hf:PATH_OR_ID, scripted:FILE.")
    ] = "nano",
    base_url: Annotated[str | None, typer.Option(metavar="URL", help="Where a server is.")] = None,
    family: Annotated[str, typer.Option(metavar="F", help="Family of scenes: search, counting, ...")] = "search",
    difficulty: Annotated[str, typer.Option(metavar="D", help="easy or hard.")] = "hard",
    tasks: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Run folder whose tasks are asked. [held-out scenes]")
    ] = None,
    count: Annotated[int, typer.Option(min=2, metavar="N", help="Questions.")] = 50,
    concurrency: Annotated[int, typer.Option(min=1, max=4096, metavar="C", help="Episodes at once.")] = 8,
    seed: Annotated[int, typer.Option(min=0, max=8, metavar="S", help="Other scenes.")] = 0,
    as_json: JsonFlag = False,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Of episodes, for example budgets.turns=4.")
    ] = None,
) -> None:
    """Ask with true feedback, with that of another question's picture, and with none: does the answer follow it?

    The key of a server is read from CODEDANCE_API_KEY or OPENAI_API_KEY.
    """
    from codedance.analysis.feedback_report import feedback_figures, feedback_sections
    from codedance.episode import EpisodeSettings

    settings = apply_settings(EpisodeSettings(), assignments or [])
    pairs = _pairs(tasks, family, difficulty, count=count, seed=seed)
    found = _ablate(pairs, settings, model=model, base_url=base_url, out=out, concurrency=concurrency)
    deliver(
        "feedback",
        feedback_sections(found),
        title="Does the answer follow what the code showed?",
        values=found.model_dump(mode="json"),
        figures=feedback_figures(found),
        out=out,
        as_json=as_json,
    )


def _pairs(tasks: Path | None, family: str, difficulty: str, *, count: int, seed: int) -> list[Pair]:
    from codedance.analysis.feedback import stored_pairs, world_pairs
    from codedance.tasks.worlds import FAMILIES, Difficulty

    if tasks is not None:
        return stored_pairs(tasks, count)
    if family not in FAMILIES:
        raise UsageError(f"--family {family}: choose among {', '.join(FAMILIES)}")
    if difficulty not in tuple(Difficulty):
        raise UsageError(f"--difficulty {difficulty}: choose easy or hard")
    return world_pairs(family, Difficulty(difficulty), count, seed=seed)


def _ablate(
    pairs: list[Pair],
    settings: EpisodeSettings,
    *,
    model: str,
    base_url: str | None,
    out: Path,
    concurrency: int,
) -> Feedback:
    import anyio

    from codedance.analysis.feedback import Condition, ablate
    from codedance.models import load_model, server_key
    from codedance.sandbox import LocalSandbox

    api_key = server_key()

    async def work() -> Feedback:
        asked = load_model(model, base_url=base_url, api_key=api_key, bars=watched())
        try:
            async with LocalSandbox() as sandbox:
                return await ablate(
                    pairs,
                    model=asked,
                    sandbox=sandbox,
                    out=out,
                    settings=settings,
                    identity={"model": model, "tasks": [pair.task.id for pair in pairs]},
                    concurrency=concurrency,
                    tick=tick,
                )
        finally:
            await asked.close()

    with progress_bar("episodes", len(pairs) * len(Condition)) as tick:
        return anyio.run(work)
