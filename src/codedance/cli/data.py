"""``codedance data``: make, filter, check and describe sets of trajectories and tasks."""

from __future__ import annotations

import typer

from codedance.cli import data_check, data_filter, data_generate

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Make, filter and check sets of trajectories and tasks.")


@app.callback()
def _data() -> None:
    """Make, filter and check sets of trajectories and tasks."""


app.command(epilog=data_generate.GENERATE_EPILOG)(data_generate.generate)
app.command(epilog=data_generate.CARD_EPILOG)(data_generate.card)
app.command(name="filter", epilog=data_filter.FILTER_EPILOG)(data_filter.filter_command)
app.command(name="check", epilog=data_check.EPILOG)(data_check.check)
