"""Writes the small pictures at the top of the README, from ``pyproject.toml``: nothing is fetched to show them.

python benchmarks/badges.py            # write docs/images/badges
python benchmarks/badges.py --check    # say whether they are what pyproject.toml gives
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path
from xml.sax.saxutils import escape

from codedance.store import write_text

__all__ = ["badge", "badges", "main"]

_ROOT = Path(__file__).parents[1]
_LETTER, _MARGIN = 6.6, 8
"""Pixels: about the width of a letter of the font below, and the room beside the words."""


def badge(name: str, value: str, colour: str) -> str:
    """Two words side by side, as SVG.

    >>> 'aria-label="licence: Apache-2.0"' in badge("licence", "Apache-2.0", "#4658c4")
    True
    """
    left, right = (round(len(text) * _LETTER + 2 * _MARGIN) for text in (name, value))
    words = "".join(
        f'<text x="{x}" y="14" fill="#fff" text-anchor="middle">{escape(text)}</text>'
        for x, text in ((left / 2, name), (left + right / 2, value))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{escape(name)}: {escape(value)}">'
        f'<clipPath id="c"><rect width="{left + right}" height="20" rx="4"/></clipPath><g clip-path="url(#c)">'
        f'<rect width="{left}" height="20" fill="#4a4e57"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>'
        f'<g font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{words}</g></svg>\n'
    )


def badges(project: Path) -> dict[str, str]:
    """Every badge by file name, from a ``pyproject.toml``."""
    facts = tomllib.loads(project.read_text(encoding="utf-8"))
    about, strict = facts["project"], facts["tool"]["mypy"]["strict"]
    minors = [line.rsplit(" ", 1)[1] for line in about["classifiers"] if "Python :: 3." in line]
    shown = {
        "version": (about["version"], "#4658c4"),
        "python": (f"{minors[0]} to {minors[-1]}", "#4658c4"),
        "licence": (about["license"].split(" ")[0], "#2f7d4f"),
        "types": ("mypy, strict" if strict else "mypy", "#2f7d4f"),
        "paper": ("arXiv 2512.17312", "#a3411f"),
    }
    return {f"{name}.svg": badge(name, value, colour) for name, (value, colour) in shown.items()}


def main() -> None:
    """Write or check."""
    parser = argparse.ArgumentParser(description="Write the README's badges.")
    parser.add_argument("--out", type=Path, default=_ROOT / "docs" / "images" / "badges", help="folder of the pictures")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if one differs")
    given = parser.parse_args()
    for name, text in badges(_ROOT / "pyproject.toml").items():
        path = given.out / name
        if not given.check:
            write_text(path, text)
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path}: is not what pyproject.toml gives; run: python benchmarks/badges.py")


if __name__ == "__main__":
    main()
