"""How the oracle works with tables: it cuts out columns, rows or coloured cells, reads them, and computes."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from random import Random

from PIL import ImageChops

from codedance.tasks.worlds.closeups import closer_look, masked_code, missing_look, two_looks
from codedance.tasks.worlds.family import Code, Final, Script, View
from codedance.tasks.worlds.figures.looking import union
from codedance.tasks.worlds.figures.pixels import near_mask, runs
from codedance.tasks.worlds.pieces import largest_piece
from codedance.tasks.worlds.scene import Box, Difficulty, Scene
from codedance.tasks.worlds.sums import computed, sum_code
from codedance.tasks.worlds.tables.model import TableFacts
from codedance.tasks.worlds.tables.questions import row_names
from codedance.tasks.worlds.tables.thoughts import table_thought
from codedance.tasks.worlds.tables.topics import ColumnKind

__all__ = ["table_script"]

_DARK, _LIGHT = 100, 180
_WIDE = 0.4
"""Share of the picture's width that a line between rows covers at least."""


@dataclass(frozen=True, slots=True)
class _Job:
    scene: Scene
    facts: TableFacts
    rng: Random


def table_script(scene: Scene, rng: Random) -> Script:
    """Look, read, compute."""
    job = _Job(scene, TableFacts.model_validate(dict(scene.facts)), rng)
    facts, asked = job.facts, job.facts.asked
    one_row = len({row for row, _ in asked.needed}) == 1 and asked.asks != "inverse"
    if asked.by_colour:
        yield from _coloured(job)
    elif one_row and (facts.open or facts.ruled) and rng.random() < 0.5:
        yield from _strip(job, asked.needed[0][0])
    else:
        yield from _parts(job, one_row=one_row)
    return (yield from _conclude(job))


def _parts(job: _Job, *, one_row: bool) -> Generator[Code, str, None]:
    """Crops of the row, or of the columns, that are needed."""
    facts, rng, size = job.facts, job.rng, job.scene.image.size
    boxes, what = _row_boxes(job) if one_row and rng.random() < 0.6 else _column_boxes(job)
    thought = table_thought("look", rng, what=what)
    if rng.random() < 0.1:
        missed = missing_look(union(boxes), size, rng)
        if missed is not None:
            (code, views), where = missed
            yield Code(table_thought("wrong look", rng, what=what), code, views=views, prints="")
            thought = table_thought("missed", rng, what=what, where=where)
    hard = job.scene.difficulty is Difficulty.HARD
    twice = None
    if hard and len(boxes) == 1 and rng.random() < 0.3:
        twice = two_looks(boxes[0], size, rng, glyph=facts.glyph)
    if twice is not None:
        (code, views), (closer, inner) = twice
        yield Code(thought, code, views=views, prints="")
        yield Code(table_thought("closer", rng, what=what), closer, views=inner, prints="")
        return
    code, views = closer_look(boxes, size, rng, glyph=facts.glyph)
    yield Code(thought, code, views=views, prints="")


def _row_boxes(job: _Job) -> tuple[list[Box], str]:
    facts = job.facts
    row = facts.asked.needed[0][0]
    last = max(column for _, column in facts.asked.needed)
    strip, header = (union([facts.cell(one, 0), facts.cell(one, last)]) for one in (row, -1))
    name = facts.rows[row][0]
    if row <= 1:
        return [union([header, strip])], f"the row {name} with the header"
    return [header, strip], f"the header and the row {name}"


def _column_boxes(job: _Job) -> tuple[list[Box], str]:
    facts, asked = job.facts, job.facts.asked
    columns = {column for _, column in asked.needed} | ({asked.words} if asked.words is not None else set())
    named = asked.answers == "name" or len(asked.needed) <= 2 or len({row for row, _ in asked.needed}) == 1
    last = len(facts.rows) - 1
    wanted = sorted(columns | ({0} if named else set()))
    groups: list[list[int]] = []
    for column in wanted:
        if groups and column <= groups[-1][-1] + 1:
            groups[-1].append(column)
        else:
            groups.append([column])
    boxes = [union([facts.cell(-1, group[0]), facts.cell(last, group[-1])]) for group in groups]
    headers = [facts.header[column] for column in sorted(columns)]
    what = f"the column{'s' if len(headers) > 1 else ''} {' and '.join(headers)}"
    return boxes, f"{what} and the names" if named else what


def _coloured(job: _Job) -> Generator[Code, str, None]:
    """Find cells by their colour."""
    facts, rng, image = job.facts, job.rng, job.scene.image
    words = [next(one.word for one in facts.tinted if (one.row, one.column) == place) for place in facts.asked.needed]
    boxes, simple = [], True
    for word, place in zip(words, facts.asked.needed, strict=True):
        mask = near_mask(image, word)
        piece = largest_piece(mask)
        assert piece is not None, f"the cell at {place} was filled with its colour"
        boxes.append(piece.box)
        simple = simple and mask.getbbox() == piece.box
    scale = max(1, min(5, 320 // max(right - left for left, _, right, _ in boxes)))
    code = masked_code(words, cut="(left, top, right, bottom)", scale=scale, simple=simple)
    views = tuple(View(box, scale) for box in boxes)
    yield Code(table_thought("colour", rng, c=" and ".join(words)), code, views=views, prints="")


def _strip(job: _Job, row: int) -> Generator[Code, str, None]:
    """Find the lines of the table by code, then show the header and one row."""
    facts, rng, image = job.facts, job.rng, job.scene.image
    width, height = image.size
    ink = "(pixels.min(2) > 180)" if facts.dark else "(pixels.max(2) < 100)"
    setup = f"import numpy as np\npixels = np.array(input_image)\nink = {ink}\n"
    bands = _bands(job)
    places = [
        next((index for index, (top, bottom) in enumerate(bands) if top <= (y + z) // 2 < bottom), None)
        for y, z in ((facts.ys[one + 1], facts.ys[one + 2]) for one in (-1, row))
    ]
    head, line = places
    if head is None or line is None:
        yield from _parts(job, one_row=True)
        return
    if facts.ruled:
        code = (
            f"{setup}lines = [y for y in range(len(ink)) if ink[y].sum() > {_WIDE} * ink.shape[1]]\n"
            "rows = [(a + 1, b) for a, b in zip([0, *lines], [*lines, len(ink)]) if b - a > 8]\nprint(rows)"
        )
    else:
        code = (
            f"{setup}lines = np.diff(np.concatenate([[0], ink.any(1), [0]]).astype(int))\n"
            "rows = list(zip(np.where(lines == 1)[0].tolist(), np.where(lines == -1)[0].tolist()))\nprint(rows)"
        )
    printed = str(bands)
    yield Code(table_thought("lines" if facts.ruled else "ink", rng), code, views=(), prints=printed)
    margin = 0 if facts.ruled else 4
    cuts = [(0, max(0, bands[one][0] - margin), width, min(height, bands[one][1] + margin)) for one in (head, line)]
    scale = max(1, min(-(-26 // facts.glyph), 1400 // width))
    enlarged = f"part.resize((part.width * {scale}, part.height * {scale}))" if scale > 1 else "part"
    edges = "(0, top, input_image.width, bottom)"
    if margin:
        edges = f"(0, max(0, top - {margin}), input_image.width, min(input_image.height, bottom + {margin}))"
    code = (
        f"for top, bottom in (rows[{head}], rows[{line}]):\n    part = input_image.crop({edges})\n    {enlarged}.show()"
    )
    thought = table_thought("strip", rng, row=facts.rows[row][0], place=line + 1)
    yield Code(thought, code, views=tuple(View(one, scale) for one in cuts), prints="")


def _bands(job: _Job) -> list[tuple[int, int]]:
    """What the code of :func:`_strip` prints: stretches between lines, or lines of writing."""
    image, facts = job.scene.image, job.facts
    red, green, blue = image.split()
    if facts.dark:
        ink = ImageChops.darker(ImageChops.darker(red, green), blue).point([255 * (v > _LIGHT) for v in range(256)])
    else:
        ink = ImageChops.lighter(ImageChops.lighter(red, green), blue).point([255 * (v < _DARK) for v in range(256)])
    data, width, height = ink.tobytes(), ink.width, ink.height
    counts = [data.count(b"\xff", row * width, (row + 1) * width) for row in range(height)]
    if not facts.ruled:
        return runs(bytes(255 * (count > 0) for count in counts))
    lines = [row for row, count in enumerate(counts) if count > _WIDE * width]
    return [(a + 1, b) for a, b in zip([0, *lines], [*lines, height], strict=True) if b - a > 8]


def _conclude(job: _Job) -> Script:
    """From the entries that were read to the answer."""
    facts, asked, rng = job.facts, job.facts.asked, job.rng
    texts = [facts.rows[row][column] for row, column in asked.needed]
    if asked.asks in ("value", "inverse"):
        yield from ()
        return Final(table_thought("seen", rng, answer=job.scene.answer), job.scene.answer)
    read = table_thought("read", rng, texts=_listed(job, texts))
    if asked.answers == "name" and len(texts) <= 6 and rng.random() < 0.3:
        yield from ()
        decided = table_thought("decided", rng, answer=job.scene.answer)
        return Final(f"{read} {decided}", job.scene.answer)
    code, printed = _computing(job, texts)
    shown = yield Code(f"{read} {table_thought('compute', rng)}", code, views=(), prints=printed)
    if not asked.by_colour and len(texts) > 3 and rng.random() < 0.12:
        boxes, _ = _column_boxes(job)
        code, views = closer_look(boxes, job.scene.image.size, rng, glyph=facts.glyph)
        yield Code(table_thought("again", rng), code, views=views, prints="")
        return Final(table_thought("checked", rng, answer=shown), shown)
    return Final(table_thought("result", rng, answer=shown), shown)


def _listed(job: _Job, texts: list[str]) -> str:
    names = row_names(job.facts, job.facts.asked)
    same_row = len(set(names)) == 1
    if len(texts) <= 4 and not job.facts.asked.by_colour and not same_row:
        texts = [f"{text} for {name}" for name, text in zip(names, texts, strict=True)]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _literal(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit() or letter == ".")


def _computing(job: _Job, texts: list[str]) -> tuple[str, str]:
    """Code that computes with what was read, and what it prints."""
    facts, asked, rng = job.facts, job.facts.asked, job.rng
    kind = facts.kinds[asked.needed[0][1] - 1]
    names = row_names(facts, asked)
    if kind in (ColumnKind.DATE, ColumnKind.TIME):
        return _latest(asked.asks, names, texts), job.scene.answer
    literals = [_literal(text) for text in texts]
    values = [float(text) if "." in text else int(text) for text in literals]
    direct = {"difference": " - ", "ratio": " / ", "sum": " + "}.get(asked.asks)
    if direct and len(texts) <= 4 and asked.word is None and rng.random() < 0.6:
        places = max(asked.places, 1)
        if all(isinstance(value, int) for value in values) and asked.asks != "ratio":
            return f"print({direct.join(literals)})", str(computed(asked.asks, values))
        return f"print(round({direct.join(literals)}, {places}))", str(
            round(float(computed(asked.asks, values)), places)
        )
    lines = _chosen(job) if asked.word is not None else [f"values = [{', '.join(literals)}]"]
    if asked.answers == "name":
        lines.append(f"names = {names!r}")
    threshold = "" if asked.threshold is None else f"{asked.threshold:g}"
    lines.append(sum_code(asked.asks, places=asked.places, threshold=threshold, rank=asked.rank))
    result = computed(asked.asks, values, names, threshold=asked.threshold, rank=asked.rank)
    if isinstance(result, str) or asked.asks in ("above", "below"):
        return "\n".join(lines), str(result)
    return "\n".join(lines), str(round(result, asked.places) if asked.places else round(result))


def _chosen(job: _Job) -> list[str]:
    """Lines that keep the values of the rows with a word."""
    facts, asked = job.facts, job.facts.asked
    column = asked.needed[0][1]
    entries = ", ".join(f"({row[asked.words or 0]!r}, {_literal(row[column])})" for row in facts.rows)
    return [f"entries = [{entries}]", f"values = [value for word, value in entries if word == {asked.word!r}]"]


def _latest(asks: str, names: list[str], texts: list[str]) -> str:
    best = "max" if asks == "highest" else "min"
    lines = [f"names = {names!r}", f"texts = {texts!r}"]
    if ":" in texts[0] or "-" in texts[0]:
        return "\n".join([*lines, f"print(names[texts.index({best}(texts))])"])
    form = "%d.%m.%Y" if "." in texts[0] else "%d %b %Y"
    return "\n".join(
        [
            "from datetime import datetime",
            *lines,
            f"dates = [datetime.strptime(text, '{form}') for text in texts]",
            f"print(names[dates.index({best}(dates))])",
        ]
    )
