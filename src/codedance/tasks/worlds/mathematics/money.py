"""Shopping: things with price tags, and purses of coins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from codedance.tasks.worlds.figures.drawing import RGB, polar
from codedance.tasks.worlds.figures.puzzle import Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.reading import reading_script
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.lettering import text_size
from codedance.tasks.worlds.scene import Box
from codedance.tasks.worlds.things import THINGS, thing

__all__ = ["MONEY_KINDS"]

_GOODS = (
    "apple", "banana", "lemon", "strawberry", "watermelon", "pineapple", "carrot", "mushroom", "avocado", "pretzel",
    "hamburger", "doughnut", "cookie", "sunflower", "tulip", "cactus", "umbrella", "balloon", "gift", "guitar", "drum",
    "football", "basketball", "hammer", "book", "lamp", "bell", "camera", "hat", "shoe", "candle",
)  # fmt: skip
_CURRENCIES = (("€", "euros"), ("$", "dollars"), ("£", "pounds"))
_TAGS: tuple[RGB, ...] = ((255, 250, 205), (255, 255, 255), (224, 240, 255), (232, 248, 226), (255, 228, 225))
_COIN_RIM: RGB = (120, 92, 40)
_COINS: dict[int, RGB] = {
    1: (214, 150, 108),
    2: (208, 142, 100),
    5: (204, 136, 96),
    10: (238, 206, 112),
    20: (232, 198, 100),
    50: (226, 190, 92),
    100: (214, 218, 222),
    200: (204, 208, 214),
}


@dataclass(frozen=True, slots=True)
class _Good:
    name: str
    price: int | float
    text: str
    box: Box
    """Of the price tag."""
    whole: Box

    @property
    def plural(self) -> str:
        """The name of several of them."""
        return THINGS[self.name]


def _article(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def _written(price: int | float, sign: str) -> str:
    """A price as it stands on a tag."""
    amount = str(price) if isinstance(price, int) else f"{price:.2f}"
    return f"{amount} {sign}" if sign == "€" else f"{sign}{amount}"


def _goods(panel: Panel, rng: Random, sign: str) -> list[_Good]:
    """Things in rows, each with its tag below."""
    count = rng.randint(4, 6) if panel.hard else rng.randint(2, 3)
    cents = panel.hard and rng.random() < 0.4
    names = rng.sample(_GOODS, count)
    prices: list[int | float] = []
    while len(prices) < count:
        price = rng.randint(20, 990) * 5 / 100 if cents else rng.randint(2, 48 if panel.hard else 12)
        if price not in prices:
            prices.append(price)
    left, top, right, bottom = panel.inner(0.2)
    columns = count if count < 4 else -(-count // 2)
    rows = -(-count // columns)
    wide, high = (right - left) / columns, (bottom - top) / rows
    tag = rng.choice(_TAGS)
    goods = []
    for index, (name, price) in enumerate(zip(names, prices, strict=True)):
        x, y = left + (index % columns + 0.5) * wide, top + index // columns * high
        text = _written(price, sign)
        size = int(min(wide * 0.72, high - 2.6 * panel.size))
        cut = panel.sheet.paste(thing(name, size, mirrored=rng.random() < 0.5), (x, y + 0.4 * panel.size + size / 2))
        width, row = text_size(text, panel.theme.font, panel.size)[0], y + 1.5 * panel.size + size
        half = min(width / 2 + 0.4 * panel.size, wide / 2 - 2)
        panel.sheet.rounded(
            (x - half, row - 0.75 * panel.size, x + half, row + 0.75 * panel.size), 0.3 * panel.size, (130, 130, 130)
        )
        panel.sheet.rounded(
            (x - half + 2, row - 0.75 * panel.size + 2, x + half - 2, row + 0.75 * panel.size - 2),
            0.3 * panel.size,
            tag,
        )
        box = panel.sheet.write(text, (x, row), panel.pen(colour=(20, 20, 20)))
        goods.append(_Good(name, price, text, box, (cut[0], cut[1], cut[2], round(row + 0.8 * panel.size))))
    return goods


def _shopping(rng: Random, goods: Sequence[_Good], sign: str, *, hard: bool) -> Recipe:
    """What is asked about the first two or three goods."""
    a, b = goods[0], goods[1]
    if not hard:
        if rng.random() < 0.5 or a.price == b.price:
            return Recipe(
                sought=f"the price of {_article(a.name)} and {_article(b.name)} together",
                steps=(("total", "How much is it together?", "a + b", "addition of prices"),),
                plans=("I add both prices.", "Together means the sum."),
                also=(
                    f"How much do {_article(a.name)} and {_article(b.name)} cost together?",
                    f"What must be paid for {_article(a.name)} and {_article(b.name)}?",
                ),
                wrong=("abs(a - b)", "a", "b", "a + b + 1", "a + b - 1"),
            )
        return Recipe(
            sought=f"the difference in price between {_article(a.name)} and {_article(b.name)}",
            steps=(("difference", "How much do the prices differ?", "abs(a - b)", "difference of prices"),),
            plans=("I subtract the smaller price from the larger one.", "The difference of both prices."),
            also=(f"By how much do the prices of {_article(a.name)} and {_article(b.name)} differ?",),
            wrong=("a + b", "a", "b", "abs(a - b) + 1"),
        )
    n, m = rng.randint(2, 5), rng.randint(2, 4)
    if rng.random() < 0.55:
        return Recipe(
            sought=f"the price of {n} {a.plural} and {m} {b.plural} together",
            steps=(
                ("first", f"How much are {n} {a.plural}?", f"round({n} * a, 2)", "multiples of a price"),
                ("second", f"How much are {m} {b.plural}?", f"round({m} * b, 2)", "multiples of a price"),
                ("total", "How much is it together?", "round(first + second, 2)", "addition of prices"),
            ),
            plans=("Each price times how many, then the sum.", "I multiply both prices and add."),
            also=(
                f"How much do {n} {a.plural} and {m} {b.plural} cost?",
                f"Someone buys {n} {a.plural} and {m} {b.plural}. What is to be paid?",
            ),
            wrong=("a + b", f"{n + m} * a", f"{m} * a + {n} * b", "first", "second"),
            exact=True,
        )
    note = next(one for one in (10, 20, 50, 100, 200, 500) if one > float(n * a.price + b.price))
    return Recipe(
        sought=f"the change from {note} {sign} for {n} {a.plural} and {_article(b.name)}",
        steps=(
            ("first", f"How much are {n} {a.plural}?", f"round({n} * a, 2)", "multiples of a price"),
            ("total", "How much is it together?", "round(first + b, 2)", "addition of prices"),
            ("change", f"How much is left of {note}?", f"round({note} - total, 2)", "difference"),
        ),
        plans=(
            "First the whole price, then what is left of the note.",
            "Change is what was given minus what it costs.",
        ),
        also=(f"Someone pays for {n} {a.plural} and {_article(b.name)} with {note} {sign}. How much change is due?",),
        wrong=("total", f"{note} - a - b", f"{note} - first", "change + a"),
        exact=True,
    )


def _tags(panel: Panel, rng: Random) -> Puzzle:
    sign, plural = rng.choice(_CURRENCIES)
    goods = _goods(panel, rng, sign)
    used = rng.sample(goods, 2)
    recipe = _shopping(rng, used, sign, hard=panel.hard)
    givens = [
        Given(name=name, meaning=f"the price of {_article(one.name)}", value=one.price, text=one.text, box=one.whole)
        for name, one in zip("ab", used, strict=True)
    ]
    return prepared(rng, recipe, givens, noun="shop window", unit=(f" {sign}", plural))


def _purses(panel: Panel, rng: Random) -> Puzzle:
    """Coins in one purse, or in two named purses."""
    names = rng.sample(("Ann", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Ida"), 2 if panel.hard else 1)
    left, top, right, bottom = panel.inner(0.1)
    half = (right - left) / len(names)
    values = rng.sample(
        sorted(_COINS) if panel.hard else [1, 2, 5, 10, 20, 50], rng.randint(3, 4) if panel.hard else rng.randint(2, 3)
    )
    givens: list[Given] = []
    totals: list[tuple[int, str]] = []
    for index, name in enumerate(names):
        x0 = left + index * half
        room = (
            (x0 + 4, top + 1.5 * panel.size, x0 + half - 4, bottom - 4) if panel.hard else (x0, top, x0 + half, bottom)
        )
        if panel.hard:
            panel.sheet.write(name, (x0 + half / 2, top + 0.7 * panel.size), panel.pen())
            panel.sheet.frame(room, panel.theme.soft, 2)
        coins = [rng.choice(values) for _ in range(rng.randint(5, 9) if panel.hard else rng.randint(3, 4))]
        _coins(panel, rng, coins, room=room)
        box: Box = (round(room[0]), round(room[1]), round(room[2]), round(room[3]))
        for value in sorted(set(coins)):
            count = coins.count(value)
            variable = f"{'abcdefgh'[len(givens)]}"
            owner = f" of {name}" if panel.hard else ""
            meaning = f"the number of {_cents(value)} coins{owner}"
            givens.append(Given(name=variable, meaning=meaning, value=count, text=str(count), box=box))
            totals.append((index, f"{value} * {variable}"))
    sums = [" + ".join(term for owner, term in totals if owner == index) for index in range(len(names))]
    return prepared(rng, _purse_recipe(rng, names, sums), givens, noun="picture", unit=(" ct", "cents"))


def _cents(value: int) -> str:
    return f"{value}-cent" if value < 100 else f"{value // 100}-euro"


def _coins(panel: Panel, rng: Random, coins: Sequence[int], *, room: tuple[float, float, float, float]) -> None:
    """Draw coins in a loose grid, each with its value."""
    left, top, right, bottom = room
    columns = max(2, min(len(coins), round(((right - left) / (bottom - top) * len(coins)) ** 0.5)))
    rows = -(-len(coins) // columns)
    wide, high = (right - left) / columns, (bottom - top) / rows
    radius = min(wide, high) / 2 * 0.86
    for index, value in enumerate(coins):
        x, y = left + (index % columns + 0.5) * wide, top + (index // columns + 0.5) * high
        x, y = polar((x, y), rng.uniform(0, min(wide, high) / 2 - radius), rng.randrange(360))
        size = radius * (0.82 + 0.18 * sorted(_COINS).index(value) / 7)
        panel.sheet.disc((x, y), size, _COIN_RIM)
        panel.sheet.disc((x, y), size - max(2, radius / 12), _COINS[value])
        text = str(value) if value < 100 else f"{value // 100} €"
        scale = min(1.0, size * 1.5 / max(1, text_size(text, panel.theme.font, panel.size)[0]))
        panel.sheet.write(text, (x, y), panel.pen(scale, (40, 30, 20)))


def _purse_recipe(rng: Random, names: Sequence[str], sums: Sequence[str]) -> Recipe:
    if len(names) == 1:
        return Recipe(
            sought="the total value of the coins",
            steps=(("total", "How much are all coins?", sums[0], "value of coins"),),
            plans=("I add up each value times how often it occurs.", "Value times number, for each sort of coin."),
            also=(
                "How much money is this?",
                "How much are these coins worth together?",
                "How many cents are there in all?",
            ),
            wrong=("total + 5", "total - 1", "total + 10", "total - 5"),
        )
    first, second = names
    both = (
        ("first", f"How much has {first}?", sums[0], "value of coins"),
        ("second", f"How much has {second}?", sums[1], "value of coins"),
    )
    if rng.random() < 0.5:
        return Recipe(
            sought=f"the difference between the money of {first} and of {second}",
            steps=(*both, ("difference", "How much do they differ?", "abs(first - second)", "difference")),
            plans=("First the coins of each, then the difference.", "I add up both purses and subtract."),
            also=(f"By how many cents do the amounts of {first} and {second} differ?",),
            wrong=("first + second", "first", "second", "abs(first - second) + 10"),
        )
    return Recipe(
        sought=f"the money of {first} and {second} together",
        steps=(*both, ("total", "How much is it together?", "first + second", "sum")),
        plans=("First the coins of each, then the sum.", "I add up both purses."),
        also=(
            f"How many cents do {first} and {second} have together?",
            f"How much money do {first} and {second} have in all?",
        ),
        wrong=("first", "second", "first + second + 10", "first + second - 5", "abs(first - second)"),
    )


MONEY_KINDS = (
    Kind(
        name="price-tags",
        draw=_tags,
        script=reading_script,
        easy=4,
        hard=4,
        shape="wide",
        shared=False,
        extent=(700, 1000),
    ),
    Kind(
        name="coins", draw=_purses, script=reading_script, easy=3, hard=3, shape="wide", shared=False, extent=(640, 900)
    ),
)
