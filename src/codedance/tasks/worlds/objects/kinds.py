"""What the objects of a picture are called together, and which of them code can tell apart by their colours."""

from __future__ import annotations

from dataclasses import dataclass

from codedance.tasks.worlds.things import THINGS

__all__ = ["GROUPS", "SORTABLE", "Group", "names_of", "plural"]


@dataclass(frozen=True, slots=True)
class Group:
    """Kinds that have a name together."""

    members: tuple[str, ...]
    """Kinds that are in the group for everybody."""
    doubtful: tuple[str, ...] = ()
    """Kinds about which one could argue: they are not drawn where the group is asked for."""


_FRUITS = ("apple", "banana", "lemon", "strawberry", "watermelon", "pineapple")
_SWIMMERS = ("fish", "whale", "octopus", "crab", "turtle")

GROUPS: dict[str, Group] = {
    "fruits": Group(_FRUITS, ("avocado", "eggplant", "carrot", "mushroom", "tree", "cactus")),
    "animals": Group(
        ("dog", "cat", "rabbit", "frog", "panda", "penguin", "turtle", "fish", "whale", "octopus", "crab", "owl"),
        ("butterfly", "bee", "snail"),
    ),
    "sea animals": Group(("fish", "whale", "octopus", "crab"), ("turtle", "penguin", "frog", "snail")),
    "road vehicles": Group(("car", "bus", "bicycle", "tractor"), ("boat", "airplane", "rocket", "shoe")),
    "flowers": Group(("sunflower", "tulip"), ("cactus", "tree", "pineapple")),
    "balls": Group(("football", "basketball"), ("balloon",)),
    "musical instruments": Group(("guitar", "drum"), ("bell", "clock")),
    "things to eat": Group(
        (*_FRUITS, "carrot", "pizza slice", "hamburger", "doughnut", "cookie", "pretzel"),
        (*_SWIMMERS, "cup of tea", "mushroom", "eggplant", "avocado", "sunflower", "snail", "rabbit", "frog", "bee"),
    ),
}
"""Groups by the name that questions use."""

SORTABLE: tuple[str, ...] = (
    "apple",
    "banana",
    "carrot",
    "eggplant",
    "avocado",
    "hamburger",
    "cookie",
    "cat",
    "frog",
    "bee",
    "turtle",
    "whale",
    "octopus",
    "crab",
    "owl",
    "cactus",
    "car",
    "bus",
    "boat",
    "umbrella",
    "balloon",
    "gift",
    "drum",
    "football",
    "basketball",
    "lamp",
    "camera",
    "shoe",
)
"""Kinds that hang together in one piece and whose histograms of colours (6 x 6 x 6 cells) overlap by more than 0.6 with
their own kind, however turned and scaled, and by less than 0.5 with all others of this list (measured)."""


_SYNONYMS: dict[str, tuple[str, ...]] = {
    "pizza slice": ("pizza", "slice of pizza"),
    "hamburger": ("burger", "cheeseburger"),
    "doughnut": ("donut",),
    "cookie": ("biscuit",),
    "cup of tea": ("cup", "tea", "tea cup", "teacup", "cup of green tea"),
    "eggplant": ("aubergine",),
    "mushroom": ("toadstool",),
    "dog": ("puppy",),
    "cat": ("kitten",),
    "rabbit": ("bunny", "hare"),
    "panda": ("panda bear",),
    "turtle": ("tortoise",),
    "bicycle": ("bike",),
    "boat": ("sailboat", "sailing boat"),
    "airplane": ("plane", "aeroplane", "aircraft"),
    "clock": ("alarm clock",),
    "gift": ("present", "gift box"),
    "guitar": ("electric guitar",),
    "football": ("soccer ball",),
    "scissors": ("pair of scissors",),
    "lamp": ("light bulb", "bulb", "lightbulb"),
    "hat": ("top hat",),
    "shoe": ("sneaker", "trainer", "running shoe"),
}


def names_of(name: str) -> tuple[str, ...]:
    """Every name that is right for a thing, its own first, alone and with an article, in the singular and plural.

    >>> names_of("lemon")
    ('lemon', 'a lemon', 'an lemon', 'the lemon', 'lemons', 'the lemons')
    """
    single = (name, *_SYNONYMS.get(name, ()))
    both = [text for one in single for text in (one, f"a {one}", f"an {one}", f"the {one}")]
    return (
        *both,
        *(text for one in (plural(name), *(f"{one}s" for one in single[1:])) for text in (one, f"the {one}")),
    )


def plural(name: str) -> str:
    """What several things of a kind are called.

    >>> plural("cup of tea"), plural("scissors")
    ('cups of tea', 'pairs of scissors')
    """
    return THINGS[name]
