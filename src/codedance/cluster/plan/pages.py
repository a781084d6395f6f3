"""A plan as people read it: tables in Markdown, and two figures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from codedance.cluster.plan.forecast import Forecast
from codedance.cluster.plan.settings import PlanSettings, engine_of
from codedance.errors import MissingExtraError, StoreError
from codedance.store import write_bytes, write_text

__all__ = ["markdown", "write_figures", "write_plan"]

_COLOURS = {"driver": "#b5651d", "network": "#8c8c8c", "reading": "#7fb3d5", "writing": "#1f6f9f", "sandbox": "#5a9e4b"}
_LEGEND: dict[str, float] = {"columnspacing": 1.0, "handlelength": 1.2}
_STEP = (
    ("rollouts, nine of ten", "#1f6f9f"),
    ("rollouts, the last", "#9fc8e0"),
    ("update", "#d28f2c"),
    ("weights", "#8c8c8c"),
)


def markdown(forecasts: Sequence[Forecast], settings: PlanSettings) -> str:
    """All figures of a plan, and the inputs that they hang on."""
    engine = engine_of(settings)
    known = "as given" if settings.engine is not None else "estimated from bytes and products, not measured"
    lines = [
        f"An engine ({known}): a step of one row {1e3 * engine.step_seconds:.1f} ms, each further row "
        f"{1e6 * engine.row_seconds:.0f} us, reading {engine.read_tokens_per_second:,.0f} tokens a second, "
        f"at most {engine.rows} rows.",
        "",
        "One step:",
        "",
        *_table([*_columns(forecasts)], _step_rows(forecasts)),
        "",
        f"A pass over {settings.work.questions:,} questions, {settings.work.attempts} attempts, "
        f"{settings.work.turns} turns:",
        "",
        *_table([*_columns(forecasts)], _total_rows(forecasts, settings.prices.currency)),
    ]
    return "\n".join(lines) + "\n"


def write_plan(out: Path, forecasts: Sequence[Forecast], settings: PlanSettings) -> None:
    """Write ``plan.md``, ``plan.json``, ``inputs.json`` and the figures into a folder.

    Raises:
        StoreError: it cannot be written.
        MissingExtraError: there is no matplotlib.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "plan.md", markdown(forecasts, settings))
        text = "[" + ",\n".join(one.model_dump_json(indent=2) for one in forecasts) + "]\n"
        write_text(out / "plan.json", text)
        write_text(out / "inputs.json", settings.model_dump_json(indent=2) + "\n")
        write_figures(out, forecasts)
    except OSError as error:
        raise StoreError(f"{out}: the plan cannot be written ({error.strerror or error})") from None


def write_figures(out: Path, forecasts: Sequence[Forecast]) -> None:
    """``plan.svg`` and ``plan.png``: the seconds of a step, and those of a mean episode."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("the figures of a plan", "guest") from None
    names = [f"{one.gpus:,} GPUs, drivers: {one.drivers}\n{one.groups:,} questions" for one in forecasts]
    figure = Figure(figsize=(10.5, 1.6 + 0.62 * len(forecasts)), layout="constrained")
    FigureCanvasAgg(figure)
    step, episode = figure.subplots(1, 2)
    steps = [
        (one.rollout_seconds - one.tail_seconds, one.tail_seconds, one.update_seconds, one.sync_seconds)
        for one in forecasts
    ]
    for axes, title, kinds, values in (
        (step, "seconds of one step", _STEP, steps),
        (episode, "seconds of a mean episode, queues included", tuple(_COLOURS.items()), _parts(forecasts)),
    ):
        left = [0.0] * len(forecasts)
        for place, (label, colour) in enumerate(kinds):
            widths = [value[place] for value in values]
            axes.barh(range(len(names)), widths, left=left, color=colour, label=label, height=0.6)
            left = [begin + width for begin, width in zip(left, widths, strict=True)]
        for row, whole in enumerate(left):
            axes.text(whole, row, f" {whole:,.0f} s", va="center", fontsize=9)
        axes.set_yticks(range(len(names)), names if axes is step else [""] * len(names))
        axes.set_xlim(0, max(left) * 1.16)
        axes.invert_yaxis()
        axes.set_title(title, fontsize=10, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(
            fontsize=8,
            frameon=False,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.08),
            ncols=len(kinds),
            **_LEGEND,
        )
    for kind in ("svg", "png"):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, dpi=130)
        write_bytes(out / f"plan.{kind}", buffer.getvalue())


def _parts(forecasts: Sequence[Forecast]) -> list[tuple[float, ...]]:
    return [tuple(one.parts[name] for name in _COLOURS) for one in forecasts]


def _columns(forecasts: Sequence[Forecast]) -> list[str]:
    return ["", *(f"{one.gpus:,} GPUs, {one.groups:,} questions" for one in forecasts)]


def _step_rows(forecasts: Sequence[Forecast]) -> list[list[str]]:
    def row(name: str, *values: str) -> list[str]:
        return [name, *values]

    some = forecasts
    mean = [sum(one.parts.values()) for one in some]
    return [
        row("rollouts, s", *(f"{one.rollout_seconds:,.0f}" for one in some)),
        row("of them the last tenth of episodes, s", *(f"{one.tail_seconds:,.0f}" for one in some)),
        row("update, s", *(f"{one.update_seconds:,.1f}" for one in some)),
        row("weights to engines, s", *(f"{one.sync_seconds:,.0f}" for one in some)),
        row("step, s", *(f"{one.step_seconds:,.0f}" for one in some)),
        row("mean episode, s", *(f"{seconds:,.0f}" for seconds in mean)),
        *(
            row(
                f"- of it {name}",
                *(f"{100 * one.parts[name] / whole:.1f} %" for one, whole in zip(some, mean, strict=True)),
            )
            for name in _COLOURS
        ),
        row("written tokens a second", *(f"{one.tokens_per_second:,.0f}" for one in some)),
        row("rows of an engine, mean", *(f"{one.rows:,.0f}" for one in some)),
        row("driver busy", *(f"{100 * one.busy['driver']:.0f} %" for one in some)),
        row("driver's link, MB/s", *(f"{one.network_bytes_per_second / 1e6:,.0f}" for one in some)),
        row("sandbox processors a GPU", *(f"{one.processors_per_gpu:,.2f}" for one in some)),
        row("sandbox hosts", *(f"{one.hosts_wanted:,}" for one in some)),
        row("memory of all sessions, GB", *(f"{one.sessions_bytes / 1e9:,.0f}" for one in some)),
        *(
            row(f"saved by more: {name}", *(f"{100 * one.relief[name]:.0f} %" if one.relief else "-" for one in some))
            for name in ("driver", "network", "sandbox", "engines")
        ),
        row("first limit", *(one.limit or "-" for one in some)),
    ]


def _total_rows(forecasts: Sequence[Forecast], currency: str) -> list[list[str]]:
    some = [one.totals for one in forecasts]
    return [
        ["steps", *(f"{one.steps:,}" for one in some)],
        ["hours", *(f"{one.hours:,.1f}" for one in some)],
        ["GPU hours", *(f"{one.gpu_hours:,.0f}" for one in some)],
        ["sandbox processor hours", *(f"{one.processor_hours:,.0f}" for one in some)],
        ["over the driver's link, TB", *(f"{one.network_bytes / 1e12:,.2f}" for one in some)],
        ["stored, GB", *(f"{one.stored_bytes / 1e9:,.0f}" for one in some)],
        ["picture files", *(f"{one.stored_files:,}" for one in some)],
        [f"cost, {currency}", *(f"{one.cost:,.0f}" for one in some)],
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows)]
