"""Searching by eye: a coarse crop, then a closer one; or tile after tile until it is found, or surely not there."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from random import Random

from codedance.tasks.worlds.family import Code, Script, View
from codedance.tasks.worlds.looking import Eighths, Grid, centre_of, enlargement
from codedance.tasks.worlds.scene import Box, Scene
from codedance.tasks.worlds.scenes.facts import ScenesFacts
from codedance.tasks.worlds.scenes.words import found_final, none_final, seen_in, wanted

__all__ = ["by_closer_looks", "by_measuring", "by_tiles", "tiling"]

_MISSES = 0.14


def by_closer_looks(scene: Scene, facts: ScenesFacts, rng: Random) -> Script:
    """Crop where it seems to be, then the crop itself; now and then the first crop misses."""
    box, size = _union(facts.evidence), scene.image.size
    cells = Eighths.around(box, size, least=2)
    noticed = None
    if rng.random() < _MISSES:
        noticed = yield from _missing(scene, facts, cells, rng)
    opening = (
        f"I crop the part where {wanted(facts)} seems to be.",
        f"At this size it cannot be made out. {wanted(facts).capitalize()} seems to be around there: I zoom in.",
        f"{wanted(facts).capitalize()} is small. First a coarse crop around it.",
        f"Let me look closer at where I expect {wanted(facts)}.",
    )
    code, view = _first_crop(cells, size)
    yield Code(noticed or rng.choice(opening), code, views=(view,), prints="")
    closer = Eighths.around(box, _size_of(view.box), least=2, offset=view.box[:2])
    if view.scale >= 4 or (closer.right - closer.left >= 6 and closer.bottom - closer.top >= 6):
        return found_final(scene, facts, rng)
    then = (
        "There it is. I zoom in once more.",
        "I see it now, but it is still small: a closer crop.",
        "Now I know where it is in the crop, so I cut it out and enlarge it.",
    )
    code, view = _second_crop(closer, view.box)
    yield Code(rng.choice(then), code, views=(view,), prints="")
    return found_final(scene, facts, rng)


def _union(boxes: Sequence[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _size_of(box: Box) -> tuple[int, int]:
    return box[2] - box[0], box[3] - box[1]


def _enlarged(name: str, scale: int) -> str:
    return name if scale == 1 else f"{name}.resize(({name}.width * {scale}, {name}.height * {scale}))"


def _first_crop(cells: Eighths, size: tuple[int, int]) -> tuple[str, View]:
    """Code that shows a part of the picture and keeps it as ``part``."""
    box = cells.box(size)
    view = View(box, enlargement(_size_of(box)))
    code = f"w, h = input_image.size\npart = {cells.expression()}\n{_enlarged('part', view.scale)}"
    return code, view


def _second_crop(cells: Eighths, part: Box) -> tuple[str, View]:
    """Code that shows a part of ``part``, whose place in the picture is given."""
    box = cells.box(_size_of(part), part[:2])
    view = View(box, enlargement(_size_of(box)))
    code = f"u, v = part.size\nzoom = {cells.expression('part', ('u', 'v'))}\n{_enlarged('zoom', view.scale)}"
    return code, view


def _missing(scene: Scene, facts: ScenesFacts, cells: Eighths, rng: Random) -> Generator[Code, str, str | None]:
    """A first crop beside what is looked for; returns the thought that notices it."""
    moves = [(columns, rows) for columns in (-3, -2, 0, 2, 3) for rows in (-3, -2, 0, 2, 3)]
    size, wrong = scene.image.size, []
    for move in moves:
        other = cells.moved(*move)
        if other is not None and not any(_touch(other.box(size), box) for box in facts.evidence):
            wrong.append((move, other))
    if not wrong:
        return None
    (columns, rows), other = rng.choice(wrong)
    code, view = _first_crop(other, size)
    thought = rng.choice(
        (f"I look for {wanted(facts)} here first.", f"Perhaps {wanted(facts)} is in this part. I crop it.")
    )
    yield Code(thought, code, views=(view,), prints="")
    there = seen_in(scene, view.box)
    words = [
        {True: "left", False: "right"}[columns > 0] if columns else "",
        {True: "up", False: "down"}[rows > 0] if rows else "",
    ]
    way = " and ".join(word for word in words if word)
    seen = f"This crop shows {there}" if there else "Nothing of interest is whole in this crop"
    return f"{seen}, but not {wanted(facts)}. I move the crop {way}."


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def tiling(scene: Scene, facts: ScenesFacts, rng: Random) -> Grid | None:
    """Tiles that cut nothing of what must be seen; ``None`` if all ways to cut the picture do."""
    size = scene.image.size
    if size[0] * size[1] > 4_000_000:
        shapes = [(3, 3)]
    elif size[0] * size[1] > 600_000:
        shapes = [(2, 2), (2, 3), (3, 2), (3, 3)]
    else:
        shapes = [(1, 2), (2, 1), (2, 2)]
    rng.shuffle(shapes)
    grids = [Grid(rows, columns, size) for rows, columns in shapes]
    return next((grid for grid in grids if not grid.cut(facts.evidence)), None)


def by_tiles(scene: Scene, facts: ScenesFacts, rng: Random) -> Script:
    """Show all tiles, notice in which one it is, zoom into that one."""
    grid = tiling(scene, facts, rng)
    assert grid is not None
    count = f"{grid.rows} x {grid.columns}"
    opening = (
        f"I cannot spot {wanted(facts)} at a glance, so I go through {count} tiles.",
        f"There is too much to see at once. I search for {wanted(facts)} in {count} tiles.",
        f"A systematic search: {count} tiles, one after the other.",
        f"I cut the picture into {count} tiles and look for {wanted(facts)} in each.",
    )
    yield Code(rng.choice(opening), grid.code(), views=grid.views(), prints="")
    if not facts.evidence:
        target = facts.targets[0]
        like = sum(one.colour == target.colour for one in scene.objects) if "colour" in target.keys else 0
        before = f"I went through all tiles and saw no {target.phrase}."
        if like:
            before = f"In the tiles I see {like} in {target.colour}, but no {target.phrase}."
        return none_final(scene, facts, rng, before=before)
    if facts.asks in ("side", "nearer"):
        return (yield from _measured(scene, facts, rng, seen=_places(grid, facts)))
    box = _union(facts.evidence)
    number = grid.tile_of(box)
    tile = grid.boxes()[number]
    row, column = number // grid.columns, number % grid.columns
    closer = Eighths.around(box, _size_of(tile), least=2, offset=tile[:2])
    corners = (
        f"(w * {column} // {grid.columns}, h * {row} // {grid.rows}, "
        f"w * {column + 1} // {grid.columns}, h * {row + 1} // {grid.rows})"
    )
    code, view = _second_crop(closer, tile)
    then = (
        f"It is in row {row + 1}, column {column + 1} of the tiles. I zoom in there.",
        f"Tile {number + 1} holds {wanted(facts)}; a closer look at it.",
        f"Found it in tile {number + 1}. I enlarge that place to be sure.",
    )
    yield Code(rng.choice(then), f"part = input_image.crop({corners})\n{code}", views=(view,), prints="")
    return found_final(scene, facts, rng)


def _places(grid: Grid, facts: ScenesFacts) -> str:
    """In which tiles the things are, in words."""
    tiles = {grid.tile_of(one.box) for one in facts.targets if one.box is not None}
    if len(tiles) == 1:
        return f"All of it is in tile {tiles.pop() + 1}: {wanted(facts)}."
    told = [f"the {one.phrase} in tile {grid.tile_of(one.box) + 1}" for one in facts.targets if one.box is not None]
    return f"I found {', '.join(told[:-1])} and {told[-1]}."


def by_measuring(scene: Scene, facts: ScenesFacts, rng: Random) -> Script:
    """Crop around each of the things to be sure of them, then compare where they are."""
    size = scene.image.size
    lines, views, columns = ["w, h = input_image.size"], [], []
    for one in facts.targets:
        assert one.box is not None
        cells = Eighths.around(one.box, size, least=1)
        view = View(cells.box(size), min(4, enlargement(_size_of(cells.box(size)))))
        lines.append(f"part = {cells.expression()}")
        lines.append(f"display({_enlarged('part', view.scale)})")
        views.append(view)
        columns.append(cells)
    opening = (
        f"I look at {wanted(facts)} in turn to be sure which they are.",
        f"First I check each: {wanted(facts)}.",
        f"I zoom in on {wanted(facts)}, one crop for each.",
    )
    yield Code(rng.choice(opening), "\n".join(lines), views=tuple(views), prints="")
    if facts.asks == "side" and rng.random() < 0.6:
        told = _by_columns(facts, columns)
        if told is not None:
            return found_final(scene, facts, rng, before=told)
    return (yield from _measured(scene, facts, rng, seen="Those are the right ones."))


def _by_columns(facts: ScenesFacts, cells: Sequence[Eighths]) -> str | None:
    """The places in words if the crops lie side by side, or one above the other."""
    across = facts.axis == "across"
    spans = [(one.left, one.right) if across else (one.top, one.bottom) for one in cells]
    if spans[0][1] > spans[1][0] and spans[1][1] > spans[0][0]:
        return None
    word = "column" if across else "row"
    told = [
        f"the {one.phrase} is in {word} {high} of 8"
        if low + 1 == high
        else f"the {one.phrase} is in {word}s {low + 1} to {high} of 8"
        for one, (low, high) in zip(facts.targets, spans, strict=True)
    ]
    return f"{told[0][0].upper()}{told[0][1:]}, {told[1]}."


def _measured(scene: Scene, facts: ScenesFacts, rng: Random, *, seen: str) -> Script:
    """Compare places, in tens of pixels, with code."""
    points = []
    for one in facts.targets:
        assert one.box is not None
        x, y = centre_of(one.box)
        points.append(((x + 5) // 10 * 10, (y + 5) // 10 * 10))
    names = ("a", "b", "c")[: len(points)]
    code = "".join(f"{name} = {point}\n" for name, point in zip(names, points, strict=True))
    if facts.asks == "side":
        number, low, high = (0, "left", "right") if facts.axis == "across" else (1, "above", "below")
        code += f"print({low!r} if a[{number}] < b[{number}] else {high!r})"
    else:
        near, far = facts.targets[0].phrase, facts.targets[1].phrase
        code = f"import math\n{code}print({near!r} if math.dist(a, c) < math.dist(b, c) else {far!r})"
    shown = yield Code(f"{seen} I compare where their middles are.", code, views=(), prints=facts.truth)
    before = f"The code says {shown}." if rng.random() < 0.4 else ""
    return found_final(scene, facts, rng, before=before)
