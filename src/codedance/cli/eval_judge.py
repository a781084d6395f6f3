"""The judge of ``codedance eval``: greeted before the work begins, asked once every row has ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codedance.cli.failures import tell
from codedance.errors import ModelError, UsageError

if TYPE_CHECKING:
    from codedance.bench.evaluation import Verdict
    from codedance.bench.judging import JudgeSettings

__all__ = ["JudgePlan", "greet_judge", "judge_plan", "run_judge"]

_CACHE = "judge.sqlite"


@dataclass(frozen=True, slots=True)
class JudgePlan:
    """Who judges, and where its answers are kept."""

    spec: str
    base_url: str | None
    cache: Path
    settings: JudgeSettings

    def shares(self, base_url: str | None, model: str) -> bool:
        """True if the one URL that was given is the judge's, because the evaluated model is no server."""
        return base_url is not None and self.base_url == base_url and not model.startswith("server:")


def judge_plan(
    spec: str | None, urls: tuple[str | None, str | None], cache: Path | None, *, out: Path, settings: JudgeSettings
) -> JudgePlan | None:
    """The judge as it was asked for; ``None`` if none was.

    Args:
        spec: its specification.
        urls: its own server's, and the evaluated model's, which it shares without one of its own.
        cache: file of its answers; ``None`` is one in the run folder.
        out: the run folder.
        settings: patience.

    Raises:
        UsageError: options of a judge without one, or a URL for a judge that is no server.
    """
    own, common = urls
    if spec is None:
        if own is not None or cache is not None:
            raise UsageError("--judge-base-url and --judge-cache go with --judge")
        return None
    served = spec.startswith("server:")
    if own is not None and not served:
        raise UsageError(f"--judge-base-url goes with --judge server:NAME, not with '{spec}'")
    if own is not None:
        from codedance.models.registry import check_model

        check_model(spec, base_url=own, option="--judge-base-url")
    return JudgePlan(spec, (own or common) if served else None, cache or out / _CACHE, settings)


async def greet_judge(plan: JudgePlan) -> None:
    """Ask the judge for one word: a wrong name, key or address is told before the evaluation and not after it.

    Raises:
        ModelError: the judge cannot be reached.
    """
    from codedance.bench.judging import Judge
    from codedance.cli.parties import Named, loaded
    from codedance.models.asking import Party

    async with loaded({Party.JUDGE: Named(plan.spec, plan.base_url)}) as models:
        with Judge(models[Party.JUDGE], plan.cache, plan.settings) as judge:
            await judge.greet()


def run_judge(plan: JudgePlan, out: Path) -> bool:
    """Have the judge decide what rules leave open; gives whether it did its work.

    What fails is told in a line, and costs nothing: scores by rule stand, and the judge's answers are kept.
    """
    try:
        verdicts = _judge(plan, out)
    except ModelError as error:
        tell(f"the judge failed: {error}; the scores by rule below stand; start the same command again")
        return False
    from codedance.bench.judging import Undecided

    faults = sum(one.undecided is Undecided.FAULT for one in verdicts)
    if faults:
        tell(f"{faults} rows are undecided because the judge's server failed; start the same command again to ask them")
    return faults == 0


def _judge(plan: JudgePlan, out: Path) -> list[Verdict]:
    import anyio

    from codedance.bench.evaluation import count_open, judge_run
    from codedance.bench.judging import Judge
    from codedance.cli.parties import Named, loaded
    from codedance.cli.progress import progress_bar
    from codedance.models.asking import Party

    count = count_open(out)

    async def work(tick: Callable[[], None]) -> list[Verdict]:
        async with loaded({Party.JUDGE: Named(plan.spec, plan.base_url)}) as models:
            with Judge(models[Party.JUDGE], plan.cache, plan.settings) as judge:
                if count:
                    await judge.greet()
                return await judge_run(out, judge, tick=tick)

    with progress_bar("judging", count) as tick:
        return anyio.run(work, tick)
