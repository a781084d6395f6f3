"""The loop as a person watches it: live in a terminal, plain text in a pipe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import assert_never

from rich.console import Console
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.syntax import Syntax
from rich.text import Text

from codedance.cli.inline import Graphics, drawn
from codedance.cli.text import visible
from codedance.episode import CodeStarted, EpisodeEnded, Event, TextSampled, TurnEnded, TurnStarted
from codedance.imaging import Picture
from codedance.schema import Execution, ExecutionStatus, StopReason, Trajectory, Turn

__all__ = ["STOP_WORDS", "LiveView", "PlainView"]

STOP_WORDS = {
    StopReason.ANSWERED: "answered",
    StopReason.MAX_TURNS: "stopped: all turns were used (--max-turns allows more)",
    StopReason.MAX_TOKENS: "stopped: the token budget was used up (--set budgets.tokens=N, sampling.max_tokens=N)",
    StopReason.TIME: "stopped: the time budget was used up (--set budgets.seconds=N)",
    StopReason.NO_ACTION: "stopped: the model wrote neither code nor an answer, also after a reminder",
    StopReason.BAD_FORMAT: "stopped: the model's code or answer could not be read, also after a reminder",
    StopReason.MODEL_FAILED: "stopped: the model could not be asked",
    StopReason.SANDBOX_FAILED: "stopped: the sandbox failed",
}
"""What each stop reason means, and what to do about it."""

_TAIL_CHARACTERS = 400


class LiveView:
    """Draws an episode's events on a terminal, one block after the other; what is under way moves at the bottom.

    Args:
        console: the terminal.
        place: where a picture's file lies; ``None`` if it is not kept.
        graphics: how the terminal shows pictures.
    """

    def __init__(
        self,
        console: Console,
        *,
        place: Callable[[Picture], Path | None] = lambda picture: None,
        graphics: Graphics = Graphics.NONE,
    ) -> None:
        self._console = console
        self._place = place
        self._graphics = graphics
        self._sampled = ""
        self._live: Live | None = None

    def begin(self, question: str, pictures: Sequence[tuple[Path, Picture]]) -> None:
        """Draw what is asked, about which pictures."""
        self._console.print(Text.assemble(("question  ", "dim"), (visible(question), "bold")))
        for path, picture in pictures:
            self._console.print(Text(f"  {_picture_line(picture, path)}", style="dim"))
            self._show(picture)

    def __call__(self, event: Event) -> None:
        """Draw one event."""
        match event:
            case TurnStarted(index=index):
                self._sampled = ""
                self._console.rule(f"[bold]turn {index + 1}", style="dim")
                self._wait("thinking")
            case TextSampled(text=text):
                self._sampled = (self._sampled + text)[-_TAIL_CHARACTERS:]
                if self._live is not None:
                    self._live.update(Spinner("dots", Text(f" {visible(self._sampled)}", style="dim")))
            case CodeStarted(thought=thought, code=code):
                self._rest()
                self._thought(thought)
                self._console.print(Padding(Syntax(visible(code), "python", word_wrap=True), (0, 2)))
                self._wait("running")
            case TurnEnded():
                self._rest()
                self._turn(event.turn, event.thought, event.pictures)
            case EpisodeEnded(trajectory=trajectory):
                self._rest()
                self._end(trajectory)
            case unreachable:
                assert_never(unreachable)

    def close(self) -> None:
        """Remove what moves; needed when an episode is interrupted."""
        self._rest()

    def _wait(self, doing: str) -> None:
        self._live = Live(Spinner("dots", Text(f" {doing}", style="dim")), console=self._console, transient=True)
        self._live.start()

    def _rest(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _thought(self, thought: str) -> None:
        if thought:
            self._console.print(Padding(Text(visible(thought), style="italic"), (0, 2)))

    def _turn(self, turn: Turn, thought: str, pictures: tuple[Picture, ...]) -> None:
        if turn.execution is None:
            self._thought(thought)
            if turn.observation is not None:
                self._console.print(Text("  neither code nor answer: reminded once", style="yellow"))
            return
        good = turn.execution.ok
        mark = Text(f"  {'✓' if good else '✗'} {_status(turn.execution)}", style="green" if good else "red")
        self._console.print(mark)
        for line in _output_lines(turn.execution):
            self._console.print(Padding(Text(line), (0, 4)))
        for picture in pictures:
            self._console.print(Padding(Text(_picture_line(picture, self._place(picture)), style="cyan"), (0, 4)))
            self._show(picture)

    def _show(self, picture: Picture) -> None:
        """Draw the picture itself, where the terminal can; rich knows nothing of it."""
        codes = drawn(picture, self._graphics, columns=self._console.width - 4)
        if codes:
            self._console.file.write(codes)
            self._console.file.flush()

    def _end(self, trajectory: Trajectory) -> None:
        self._console.rule(style="dim")
        if trajectory.answer is not None:
            self._console.print(Text.assemble(("answer  ", "dim"), (visible(trajectory.answer), "bold green")))
        else:
            self._console.print(Text(STOP_WORDS[trajectory.stop], style="bold red"))
        self._console.print(Text(_summary(trajectory), style="dim"))


class PlainView:
    """The same for pipes and files: lines of plain text, no control codes.

    Args:
        write: takes a line.
        place: where a picture's file lies; ``None`` if it is not kept.
    """

    def __init__(
        self, write: Callable[[str], None], *, place: Callable[[Picture], Path | None] = lambda picture: None
    ) -> None:
        self._write = write
        self._place = place

    def begin(self, question: str, pictures: Sequence[tuple[Path, Picture]]) -> None:
        """Write what is asked, about which pictures."""
        self._write(f"question: {visible(question)}")
        self._lines([_picture_line(picture, path) for path, picture in pictures])

    def __call__(self, event: Event) -> None:
        """Write one event."""
        match event:
            case TurnStarted(index=index):
                self._write(f"--- turn {index + 1}")
            case CodeStarted(thought=thought, code=code):
                self._thought(thought)
                self._write("code:")
                self._lines(visible(code).splitlines())
            case TurnEnded():
                self._turn(event)
            case EpisodeEnded(trajectory=trajectory):
                answered = trajectory.answer is not None
                self._write("---")
                self._write(f"answer: {visible(trajectory.answer or '')}" if answered else STOP_WORDS[trajectory.stop])
                self._write(_summary(trajectory))
            case TextSampled():
                pass
            case unreachable:
                assert_never(unreachable)

    def close(self) -> None:
        """Nothing moves here."""

    def _turn(self, event: TurnEnded) -> None:
        turn = event.turn
        if turn.execution is not None:
            self._write(f"ran: {_status(turn.execution)}")
            self._lines(_output_lines(turn.execution))
            self._lines([_picture_line(picture, self._place(picture)) for picture in event.pictures])
            return
        self._thought(event.thought)
        if turn.observation is not None:
            self._write("neither code nor answer: reminded once")

    def _thought(self, thought: str) -> None:
        if thought:
            self._write(f"thought: {visible(thought)}")

    def _lines(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._write(f"    {line}")


def _status(execution: Execution) -> str:
    detail = f" ({visible(execution.detail)})" if execution.detail else ""
    cut = ", output cut at a limit" if execution.truncated else ""
    if execution.status is ExecutionStatus.OK and not execution.showed_something:
        cut += ", nothing shown"
    return f"{execution.status.value}{detail} in {execution.seconds:.2f} s{cut}"


def _picture_line(picture: Picture, path: Path | None) -> str:
    lies = f" {visible(str(path))}".replace("\n", "\\n") if path is not None else ""
    return f"[picture {picture.ref.width}x{picture.ref.height}]{lies}"


def _output_lines(execution: Execution) -> list[str]:
    lines = visible(execution.stdout).splitlines()
    if execution.value is not None:
        lines += visible(execution.value).splitlines()
    lines += visible(execution.stderr).splitlines()
    if execution.error is not None:
        lines += visible(execution.error.traceback).splitlines()
    if len(lines) > 60:
        lines = [*lines[:40], f"[{len(lines) - 55} lines left out]", *lines[-15:]]
    return lines


def _summary(trajectory: Trajectory) -> str:
    cells = sum(turn.execution is not None for turn in trajectory.turns)
    tokens = sum(turn.completion_tokens or 0 for turn in trajectory.turns)
    counted = f", {tokens} tokens" if tokens else ""
    return (
        f"{len(trajectory.turns)} turn{'s' * (len(trajectory.turns) != 1)}, "
        f"{cells} run{'s' * (cells != 1)} of code{counted}, {trajectory.seconds:.1f} s, {visible(trajectory.model)}"
    )
