"""Models that take part in making data, loaded once each, and a bar that tells how the work goes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from codedance.cli.progress import watched
from codedance.cli.text import visible
from codedance.errors import UsageError

if TYPE_CHECKING:
    from codedance.models import Model
    from codedance.models.asking import Party

__all__ = ["Named", "loaded", "named", "status_bar"]


@dataclass(frozen=True, slots=True)
class Named:
    """A model as it was asked for."""

    spec: str
    base_url: str | None


def named(
    specs: Mapping[Party, str | None], urls: Mapping[Party, str | None], base_url: str | None
) -> dict[Party, Named]:
    """The models that take part; servers without a URL of their own are at the common one.

    Raises:
        UsageError: a URL that no server is there for.
    """
    from codedance.models.registry import check_model

    for party, url in urls.items():
        spec = specs.get(party)
        if url is not None and (spec is None or not spec.startswith("server:")):
            raise UsageError(f"--{party.value}-base-url goes with --{party.value} server:NAME")
        if url is not None and spec is not None:
            check_model(spec, base_url=url, option=f"--{party.value}-base-url")
    if base_url is not None and not any(spec is not None and spec.startswith("server:") for spec in specs.values()):
        raise UsageError("--base-url goes with server:NAME, and no model is a server")
    return {
        party: Named(spec, (urls.get(party) or base_url) if spec.startswith("server:") else None)
        for party, spec in specs.items()
        if spec is not None
    }


@asynccontextmanager
async def loaded(parties: Mapping[Party, Named]) -> AsyncIterator[dict[Party, Model]]:
    """The models, loaded; parties with the same one share it. Leaving closes them.

    The key of servers is read from CODEDANCE_API_KEY or OPENAI_API_KEY.

    Raises:
        UsageError: a specification that names no model.
        ModelError: a model is not there.
    """
    from codedance.models import load_model, server_key

    api_key = server_key()
    made: dict[Named, Model] = {}
    try:
        for one in parties.values():
            if one not in made:
                made[one] = load_model(one.spec, base_url=one.base_url, api_key=api_key, bars=watched())
        yield {party: made[one] for party, one in parties.items()}
    finally:
        for model in made.values():
            await model.close()


class _Rate(ProgressColumn):
    """Items a minute: models take their time."""

    def render(self, task: Task) -> Text:
        """The rate, or nothing yet."""
        speed = task.finished_speed or task.speed
        return Text(f"{60 * speed:.1f}/min" if speed else "", style="progress.data.speed")


@contextmanager
def status_bar(what: str, *, total: int) -> Iterator[Callable[[int, str], None]]:
    """A bar on the error stream while somebody watches; yields what to call with how many are done, and a status."""
    console = Console(stderr=True)
    shown = console.is_terminal and not console.is_dumb_terminal
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[status]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True, disable=not shown) as progress:
        task = progress.add_task(what, total=total, status="")
        yield lambda done, status: progress.update(task, advance=done, status=visible(status))
