"""All commands of ``codedance analyze`` in one place."""

from __future__ import annotations

from codedance.cli import (
    analyze_adaptivity,
    analyze_comeback,
    analyze_emergence,
    analyze_faithfulness,
    analyze_feedback,
)
from codedance.cli.analyze import app

__all__ = ["app"]

app.command(name="comeback", epilog=analyze_comeback.EPILOG)(analyze_comeback.comeback)
app.command(name="emergence", epilog=analyze_emergence.EPILOG)(analyze_emergence.emergence)
app.command(name="faithfulness", epilog=analyze_faithfulness.EPILOG)(analyze_faithfulness.faithfulness)
app.command(name="adaptivity", epilog=analyze_adaptivity.EPILOG)(analyze_adaptivity.adaptivity)
app.command(name="feedback", epilog=analyze_feedback.EPILOG)(analyze_feedback.feedback)
