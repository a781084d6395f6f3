"""Pictures in a terminal: the codes hold the picture and nothing else; only a terminal that shows them gets any."""

from __future__ import annotations

import base64
import fcntl
import io
import json
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from codedance.cli.inline import Graphics, drawn, from_answer, from_environment
from codedance.imaging import Picture
from codedance.protocol import AnswerAction, render_reply

PICTURE = Picture.from_image(Image.linear_gradient("L").resize((90, 64)).convert("RGB"))
NOISE = Picture.from_image(Image.effect_noise((700, 300), 90).convert("RGB"))


def decoded(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text)))


def test_kitty_gets_the_picture_in_pieces_that_it_takes() -> None:
    codes = drawn(NOISE, Graphics.KITTY, columns=100)
    pieces = re.findall(r"\x1b_G([^;]*);([A-Za-z0-9+/=]*)\x1b\\", codes)
    assert re.sub(r"\x1b_G[^;]*;[A-Za-z0-9+/=]*\x1b\\", "", codes) == "\n"
    assert len(pieces) > 2
    assert all(len(text) <= 4096 for _, text in pieces)
    assert pieces[0][0] == "f=100,a=T,t=d,q=2,m=1"
    assert [control[-3:] for control, _ in pieces] == ["m=1"] * (len(pieces) - 1) + ["m=0"]
    assert decoded("".join(text for _, text in pieces)).size == (480, 206), "a large picture is made smaller"


def test_iterm2_gets_the_picture_whole_and_small_ones_as_they_are() -> None:
    codes = drawn(PICTURE, Graphics.ITERM2, columns=100)
    match = re.fullmatch(r"\x1b\]1337;File=inline=1;size=(\d+);width=90px;preserveAspectRatio=1:(.*)\x07\n", codes)
    assert match is not None
    assert len(base64.b64decode(match[2])) == int(match[1])
    assert ImageChops.difference(decoded(match[2]).convert("RGB"), PICTURE.to_image()).getbbox() is None


def from_sixels(codes: str) -> Image.Image:
    """A reader of sixels, written from the protocol: colours, counts, carriage returns, new lines."""
    body = re.fullmatch(r'\x1bPq"1;1;(\d+);(\d+)(.*)\x1b\\\n', codes, re.S)
    assert body is not None
    image = Image.new("RGB", (int(body[1]), int(body[2])), "magenta")
    palette: dict[int, tuple[int, int, int]] = {}
    colour, x, top = 0, 0, 0
    for token in re.finditer(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|([$-])", body[3]):
        if token[1]:
            colour = int(token[1])
            if token[2]:
                palette[colour] = (
                    round(int(token[2]) * 2.55),
                    round(int(token[3]) * 2.55),
                    round(int(token[4]) * 2.55),
                )
        elif token[8]:
            x, top = 0, top + 6 * (token[8] == "-")
        else:
            bits = ord(token[6] or token[7]) - 63
            count = int(token[5] or 1)
            for column in range(x, x + count):
                for bit in range(6):
                    if bits >> bit & 1:
                        image.putpixel((column, top + bit), palette[colour])
            x += count
    return image


def test_sixels_read_back_to_the_picture() -> None:
    read = from_sixels(drawn(PICTURE, Graphics.SIXEL, columns=100))
    assert read.size == (90, 64)
    difference = ImageChops.difference(read, PICTURE.to_image())
    assert max(difference.tobytes()) <= 12, "32 of 256 greys"
    assert from_sixels(drawn(NOISE, Graphics.SIXEL, columns=10)).size == (100, 43), "as wide as its columns"


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({"TERM": "xterm-kitty"}, Graphics.KITTY),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"}, Graphics.KITTY),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, Graphics.ITERM2),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, Graphics.ITERM2),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, Graphics.ITERM2),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux"}, None),
        ({"TERM": "screen-256color", "TERM_PROGRAM": "iTerm.app"}, None),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "linux"}, Graphics.NONE),
        ({"TERM": "dumb", "KITTY_WINDOW_ID": "1"}, Graphics.NONE),
        ({}, Graphics.NONE),
    ],
)
def test_a_terminal_is_known_by_its_variables_or_must_be_asked(
    environment: dict[str, str], found: Graphics | None
) -> None:
    assert from_environment(environment) is found


@pytest.mark.parametrize("answer", [b"", b"\x1b[?", b"c", b"\x1b[?4c", b"\x1b[?64;1;44c", b"\xff" * 300, b"c\x1b[?1;4"])
def test_an_answer_that_does_not_name_sixels_is_none(answer: bytes) -> None:
    assert from_answer(answer) is Graphics.NONE


WITH_TERMINAL = "import fcntl,os,sys,termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


def in_terminal(words: list[str], *, answer: bytes = b"", **environment: str) -> tuple[int, str]:
    """Run the command with a terminal of its own that answers a question for its attributes in this way."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, b"\x1e\0\x64\0\0\0\0\0")
    program = [sys.executable, "-c", WITH_TERMINAL, sys.executable, "-m", "codedance.cli.app", *words]
    known = {name: value for name, value in os.environ.items() if name not in ("TMUX", "TERM_PROGRAM", "LC_TERMINAL")}
    process = subprocess.Popen(
        program, stdin=follower, stdout=follower, stderr=follower, env=known | environment, start_new_session=True
    )
    os.close(follower)
    seen = b""
    deadline = time.monotonic() + 110
    while time.monotonic() < deadline:
        if select.select([leader], [], [], 0.2)[0]:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            seen += piece
            if b"\x1b[c" in piece and answer:
                os.write(leader, answer)
        elif process.poll() is not None:
            break
    code = process.wait(timeout=10)
    os.close(leader)
    return code, seen.decode()


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    PICTURE.to_image().save(tmp_path / "p.png")
    (tmp_path / "r.json").write_text(json.dumps([render_reply("I \x1b_Ga=T;AAAA\x1b\\ look.", AnswerAction("3"))]))
    return ["ask", str(tmp_path / "p.png"), "-q", "How many\x1b[2J?", "--model", f"scripted:{tmp_path / 'r.json'}"]


def test_a_terminal_that_answers_for_sixels_gets_them_and_its_answer_is_not_shown(words: list[str]) -> None:
    code, seen = in_terminal(words, answer=b"\x1b[?62;4;22c", TERM="xterm-256color")
    assert code == 0
    (codes,) = re.findall(r"\x1bPq.*?\x1b\\\r\n", seen, re.S)
    assert from_sixels(codes.replace("\r\n", "\n")).size == (90, 64)
    assert "62;4;22c" not in seen
    assert "\\x1b_Ga=T" in seen, "what the model writes is shown and not obeyed"
    assert "\x1b_G" not in seen
    assert "\x1b[2J" not in seen


def test_kitty_gets_our_codes_alone_and_a_terminal_that_says_nothing_gets_none(words: list[str]) -> None:
    code, seen = in_terminal(words, TERM="xterm-kitty")
    assert code == 0
    assert len(re.findall(r"\x1b_Gf=100,a=T", seen)) == seen.count("m=0;") == 1
    assert "\x1b[c" not in seen, "it need not be asked"
    code, seen = in_terminal(words, TERM="xterm-256color")
    assert code == 0
    assert "\x1b[c" in seen
    assert not re.search(r"\x1b_G|\x1bP|\x1b\]1337", seen)
    assert "[picture 90x64]" in seen


def test_a_pipe_gets_no_codes_whatever_the_variables_say(words: list[str]) -> None:
    program = [sys.executable, "-m", "codedance.cli.app", *words]
    environment = {**os.environ, "TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1", "COLORTERM": "truecolor"}
    result = subprocess.run(program, capture_output=True, text=True, timeout=110, env=environment, check=True)
    assert not set(result.stdout + result.stderr) & set("\x1b\x07")
    assert "answer: 3" in result.stdout
