"""Counting tile by tile or row by row: all parts are shown, each is counted, code adds up."""

from __future__ import annotations

from random import Random

from codedance.tasks.worlds.family import Code, Script
from codedance.tasks.worlds.looking import Grid
from codedance.tasks.worlds.objects.code import variable
from codedance.tasks.worlds.objects.facts import ObjectsFacts
from codedance.tasks.worlds.objects.kinds import plural
from codedance.tasks.worlds.objects.words import count_final, noun, printed, result
from codedance.tasks.worlds.scene import Box, Difficulty, Scene

__all__ = ["by_tiles"]


def by_tiles(scene: Scene, facts: ObjectsFacts, rng: Random) -> Script:
    """Show equal tiles, count in each, add up with code."""
    name, grid = noun(facts), _grid(scene, facts, rng)
    what = "row" if grid.columns == 1 and facts.rows else "tile"
    opening: tuple[str, ...]
    if what == "row":
        opening = (
            f"The objects stand in {facts.rows} rows. I look at each row alone and count.",
            f"Counting row by row is safest. I cut the picture into its {facts.rows} rows.",
        )
    else:
        cut = f"{grid.rows} x {grid.columns} tiles"
        opening = (
            f"To count the {name} without missing any, I cut the picture into {cut} and look at each.",
            f"There is a lot to see, so I go through {cut} one by one.",
            f"I look at {cut}, so that I count the {name} piece by piece.",
            f"Counting at a glance is risky. {cut} let me look at every part.",
        )
    yield Code(rng.choice(opening), grid.code(), views=grid.views(), prints="")
    code, printed, told = _adding_up(scene, facts, grid, what)
    rule = "" if what == "row" or not grid.cut(_boxes(scene, facts)) else rng.choice(_RULES)
    shown = yield Code(f"{rule}{told} I add it up.", code, views=(), prints=printed)
    return count_final(scene, facts, rng, shown)


_RULES = (
    "An object on a border counts for the tile that holds its middle. ",
    "What is cut by a border belongs to the tile with its middle. ",
    "Each object is counted once, in the tile where its middle lies. ",
)


def _boxes(scene: Scene, facts: ObjectsFacts) -> list[Box]:
    return [scene.objects[number].box for number in facts.counted]


def _grid(scene: Scene, facts: ObjectsFacts, rng: Random) -> Grid:
    """The rows, or the tiles that cut the fewest of the objects."""
    size = scene.image.size
    if facts.rows:
        return Grid(facts.rows, 1, size)
    shapes = [(2, 2), (2, 3), (3, 2), (3, 3)] if scene.difficulty is Difficulty.HARD else [(1, 2), (2, 1), (2, 2)]
    if size[1] > size[0] and (2, 3) in shapes:
        shapes.remove((2, 3))
    rng.shuffle(shapes)
    return min((Grid(rows, columns, size) for rows, columns in shapes), key=lambda grid: grid.cut(_boxes(scene, facts)))


def _adding_up(scene: Scene, facts: ObjectsFacts, grid: Grid, what: str) -> tuple[str, str, str]:
    """Code with what was seen in each tile, what it prints, and the same in words."""
    tiles: list[list[str]] = [[] for _ in grid.boxes()]
    for number in facts.counted:
        one = scene.objects[number]
        tiles[grid.tile_of(one.box)].append(one.shape)
    if scene.asks == "kinds":
        seen = [sorted(set(names)) for names in tiles]
        lines = "".join(f"    {{{', '.join(map(repr, names))}}},\n" if names else "    set(),\n" for names in seen)
        code = f"seen = [\n{lines}]\nprint(len(set().union(*seen)))"
        return code, scene.answer, f"I note which kinds are in each {what}, in order."
    order = "from top to bottom" if grid.columns == 1 else "row by row" if grid.rows > 1 else "from left to right"
    if scene.asks in ("two", "difference", "most"):
        rows = {kind: [names.count(kind) for names in tiles] for kind in facts.kinds}
        told = "; ".join(f"{plural(kind)} {', '.join(map(str, row))}" for kind, row in rows.items())
        lists = "".join(f"{variable(kind)} = {row}\n" for kind, row in rows.items())
        return lists + result(scene.asks, facts, total="sum"), printed(scene), f"What I see {order}: {told}."
    counts = [len(names) for names in tiles]
    name = variable(facts.group or (facts.kinds[0] if facts.kinds else "objects"))
    told = f"{noun(facts).capitalize()} per {what}, {order}: {', '.join(map(str, counts))}."
    return f"{name} = {counts}\nprint(sum({name}))", scene.answer, told
