"""One self-contained page for one trajectory: opens from disk, loads nothing, runs nothing of the model's."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from codedance.imaging import Picture
from codedance.protocol import ZoomAction, parse_reply
from codedance.schema import ImageRef, ImageSource, ReasoningMode, StopReason, TextPart, Trajectory, Turn
from codedance.store import write_text

__all__ = ["trace_page", "write_trace_page"]

_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_LONG = 4_000

_STOPS = {
    StopReason.ANSWERED: "The model gave its answer.",
    StopReason.MAX_TURNS: "All turns were used without an answer.",
    StopReason.MAX_TOKENS: "The token budget, or the model's context, was used up.",
    StopReason.TIME: "The time budget was used up.",
    StopReason.NO_ACTION: "The model wrote neither code nor an answer, also after a reminder.",
    StopReason.BAD_FORMAT: "The model's code or answer could not be read, also after a reminder.",
    StopReason.MODEL_FAILED: "The model could not be asked.",
    StopReason.SANDBOX_FAILED: "The sandbox failed.",
}
_SOURCES = {
    ImageSource.VALUE: "value of the last line",
    ImageSource.FIGURE: "matplotlib figure",
    ImageSource.DISPLAY: "shown by the code",
}


@dataclass(frozen=True, slots=True)
class _Image:
    """A picture on the page; ``url`` is ``None`` if it is missing."""

    url: str | None
    width: int
    height: int
    label: str


@dataclass(frozen=True, slots=True)
class _Text:
    """A piece of text on the page; long ones are folded."""

    title: str
    text: str
    kind: str
    folded: bool


@dataclass(frozen=True, slots=True)
class _Block:
    """A turn on the page."""

    number: int
    thought: str
    code: Markup | None
    status: str | None
    good: bool
    detail: str
    texts: tuple[_Text, ...]
    images: tuple[_Image, ...]
    answer: str | None
    meta: str


def trace_page(trajectory: Trajectory, pictures: Mapping[str, Picture], *, correct: bool | None = None) -> str:
    """The page as HTML; pictures by SHA-256, a missing one leaves a labelled gap.

    Everything that a model, a program or a file name said is untrusted: it is escaped, its invisible characters are
    made visible, and the page's policy allows no script but its own.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    style = _read("page.css") + "\n" + _highlight_styles()
    script = _read("page.js")
    return environment.from_string(_read("page.html")).render(
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        style_hash=_hash(style),
        script_hash=_hash(script),
        question=_visible(trajectory.task.question),
        inputs=[_image(ref, pictures, f"input {n}") for n, ref in enumerate(trajectory.task.images, start=1)],
        answer=_visible(trajectory.answer) if trajectory.answer is not None else None,
        stop=_STOPS[trajectory.stop],
        failure=_visible(trajectory.failure.message) if trajectory.failure else None,
        verdict={True: "right", False: "wrong", None: None}[correct],
        turns=[
            _block(number, turn, pictures, trajectory.protocol.mode)
            for number, turn in enumerate(trajectory.turns, start=1)
        ],
        facts=_facts(trajectory),
        system_prompt=_visible(trajectory.protocol.system_prompt),
    )


def write_trace_page(
    path: Path, trajectory: Trajectory, pictures: Mapping[str, Picture], *, correct: bool | None = None
) -> None:
    """Write the page; the file is replaced as a whole."""
    write_text(path, trace_page(trajectory, pictures, correct=correct))


def _block(number: int, turn: Turn, pictures: Mapping[str, Picture], mode: ReasoningMode) -> _Block:
    reply = parse_reply(turn.text, mode)
    execution = turn.execution
    texts: list[_Text] = []
    images: tuple[_Image, ...] = ()
    if isinstance(reply.action, ZoomAction):
        texts.append(_text("call", json.dumps(reply.action.arguments, ensure_ascii=False), "out"))
    if execution is not None:
        trace = execution.error.traceback if execution.error else ""
        for title, text, kind in (
            ("output", execution.stdout, "out"),
            ("value", execution.value or "", "out"),
            ("warnings", execution.stderr, "err"),
            ("error", trace, "err"),
        ):
            if text.strip():
                texts.append(_text(title, text, kind))
        images = tuple(_image(one.image, pictures, _SOURCES[one.source]) for one in execution.images)
    observation = turn.observation
    if observation is not None and (execution is None or observation.truncated):
        shown = "".join(one.text if isinstance(one, TextPart) else "[picture]" for one in observation.parts)
        title = "what the model was shown (cut to its budget)" if execution else "reminder"
        if execution is None and turn.code is not None:  # imported: nobody recorded how the code ended
            title = "what the model was shown"
            images = tuple(_image(ref, pictures, "shown") for ref in observation.images)
        texts.append(_text(title, shown, "note"))
    dropped = turn.text[turn.kept_characters :]
    if dropped.strip():
        texts.append(_text("written after the action, and dropped", dropped, "note"))
    answer = getattr(reply.action, "text", None)
    return _Block(
        number=number,
        thought=_visible(reply.thought),
        code=_code(turn.code) if turn.code is not None else None,
        status=execution.status.value if execution else None,
        good=bool(execution and execution.ok),
        detail=_visible(execution.detail or "") if execution else "",
        texts=tuple(texts),
        images=images,
        answer=_visible(answer) if answer is not None else None,
        meta=_meta(turn),
    )


def _meta(turn: Turn) -> str:
    parts = [f"model {turn.seconds:.2f} s"]
    if turn.execution is not None:
        parts.append(f"code {turn.execution.seconds:.3f} s")
    if turn.prompt_tokens is not None:
        parts.append(f"{turn.prompt_tokens} tokens read")
    if turn.completion_tokens is not None:
        parts.append(f"{turn.completion_tokens} written")
    return " · ".join(parts)


def _facts(trajectory: Trajectory) -> list[tuple[str, str]]:
    budgets, sampling = trajectory.budgets, trajectory.sampling
    sandbox = trajectory.sandbox
    return [
        ("model", _visible(trajectory.model)),
        ("trajectory", _visible(trajectory.id)),
        ("task", _visible(f"{trajectory.task.source} / {trajectory.task.id}")),
        ("started", _visible(trajectory.started_at or "unknown")),
        ("took", f"{trajectory.seconds:.2f} s"),
        ("sampling", f"temperature {sampling.temperature:g}, top-p {sampling.top_p:g}, seed {sampling.seed}"),
        ("budgets", f"{len(trajectory.turns)} of {budgets.turns} turns, {budgets.tokens} tokens, "
                    f"{budgets.seconds:g} s, {budgets.images} pictures, {budgets.pixels:,} pixels"),
        ("sandbox", _visible(f"{sandbox.get('kind', 'unknown')}, tier {sandbox.get('tier', 'unknown')}")),
        ("mode", trajectory.protocol.mode.value),
        ("code format", trajectory.protocol.code_format.value),
        ("version", _visible(f"CodeDance {trajectory.codedance_version or 'unknown'}")),
    ]  # fmt: skip


def _text(title: str, text: str, kind: str) -> _Text:
    return _Text(title, _visible(text.rstrip("\n")), kind, len(text) > _LONG)


def _image(ref: ImageRef, pictures: Mapping[str, Picture], label: str) -> _Image:
    picture = pictures.get(ref.sha256)
    url = None
    if picture is not None:
        url = f"data:{picture.mime_type};base64,{base64.b64encode(picture.data).decode()}"
    return _Image(url, ref.width, ref.height, label)


def _code(code: str) -> Markup:
    return Markup(highlight(_visible(code), PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)))  # noqa: S704 - pygments escapes


def _highlight_styles() -> str:
    light = HtmlFormatter(style="default").get_style_defs("pre.code")
    dark = HtmlFormatter(style="github-dark").get_style_defs("[data-theme=dark] pre.code")
    keep = re.compile(r"^(?:pre\.code|\[data-theme=dark\] pre\.code) \.[a-z0-9]+ ", re.M)
    return "\n".join(line for line in f"{light}\n{dark}".splitlines() if keep.match(line))


def _visible(text: str) -> str:
    """Control characters, bidirectional overrides and lone surrogates in a visible form."""
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text.replace("\r\n", "\n"))


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _read(name: str) -> str:
    return resources.files("codedance.viewer").joinpath(name).read_text(encoding="utf-8").strip()
