"""What invented charts and tables are about: things, what is measured about them, and how it is said."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

__all__ = ["NOTES", "PARTS", "SERIES", "TIMES", "TOPICS", "Measure", "Topic", "series_names"]


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is measured, in the singular: it follows "the"."""

    phrase: str
    unit: str = ""
    """Written behind titles in brackets; empty for plain numbers."""

    @property
    def title(self) -> str:
        """As a heading begins.

        >>> Measure("number of visitors").title
        'Number of visitors'
        """
        return self.phrase[0].upper() + self.phrase[1:]


@dataclass(frozen=True, slots=True)
class Topic:
    """Things of one kind and what is measured about them."""

    noun: str
    plural: str
    names: tuple[str, ...]
    measures: tuple[Measure, ...]
    preposition: str = "for"
    """Between a measure and a name: rainfall ``in`` March."""
    ordered: bool = False
    """True for times: names keep their order, and values rise or fall from one to the next."""


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_SOLD = (Measure("number of boxes sold"), Measure("stock", "crates"), Measure("price per crate", "€"))
_PEOPLE = (
    Measure("number of members"),
    Measure("weekly training time", "hours"),
    Measure("yearly budget", "€ thousand"),
)

TOPICS: tuple[Topic, ...] = (
    Topic(
        "fruit",
        "fruits",
        _names("Apples Bananas Cherries Grapes Lemons Mangoes Melons Peaches Pears Kiwis Figs Dates Guavas"),
        (*_SOLD, Measure("harvest", "tons")),
    ),
    Topic(
        "vegetable",
        "vegetables",
        _names("Carrots Beans Peas Onions Leeks Spinach Cabbage Potatoes Peppers Radishes Celery Squash"),
        (*_SOLD, Measure("yield per field", "kg")),
    ),
    Topic(
        "city",
        "cities",
        _names(
            "Norvale Eastham Millbrook Lindale Oakport Fernley Westfall Stonebury Ashmoor Highfield Rivermouth "
            "Kingsdale Maplewood"
        ),
        (
            Measure("number of visitors", "thousand"),
            Measure("yearly rainfall", "mm"),
            Measure("number of new homes"),
            Measure("length of cycle paths", "km"),
        ),
        preposition="in",
    ),
    Topic(
        "animal",
        "animals",
        _names("Dogs Cats Rabbits Horses Goats Sheep Ducks Owls Foxes Bears Wolves Deer Otters"),
        (Measure("number of sightings"), Measure("average weight", "kg"), Measure("number of animals in the park")),
    ),
    Topic(
        "sport",
        "sports",
        _names("Tennis Football Rowing Judo Hockey Golf Boxing Cycling Running Chess Sailing Archery"),
        _PEOPLE,
    ),
    Topic(
        "subject",
        "subjects",
        _names("Maths Physics History Music Art Biology Chemistry Latin Drama French Geography Ethics"),
        (Measure("number of pupils"), Measure("average score", "points"), Measure("yearly teaching time", "hours")),
        preposition="in",
    ),
    Topic(
        "department",
        "departments",
        _names("Sales Finance Legal Design Support Research Logistics Marketing Security Training Purchasing IT"),
        (Measure("number of employees"), Measure("monthly cost", "€ thousand"), Measure("number of open tickets")),
    ),
    Topic(
        "drink",
        "drinks",
        _names("Tea Coffee Cocoa Juice Milk Water Soda Cider Lemonade Smoothie Mocha Latte"),
        (Measure("number of cups sold"), Measure("daily turnover", "€"), Measure("sugar content", "g")),
    ),
    Topic(
        "product",
        "products",
        _names("Lamp Chair Desk Shelf Sofa Mirror Carpet Clock Vase Stool Bench Cabinet"),
        (Measure("number of orders"), Measure("production cost", "€"), Measure("delivery time", "hours")),
    ),
    Topic(
        "means of transport",
        "means of transport",
        _names("Bus Tram Train Ferry Bicycle Car Taxi Metro Scooter Plane Van Truck"),
        (Measure("number of passengers", "thousand"), Measure("average delay", "seconds"), Measure("noise", "points")),
    ),
    Topic(
        "team",
        "teams",
        _names("Falcons Tigers Sharks Hornets Rockets Comets Giants Pirates Dragons Knights Ravens Storm"),
        (Measure("number of points"), Measure("attendance"), Measure("number of goals in all seasons")),
    ),
    Topic(
        "instrument",
        "instruments",
        _names("Piano Violin Flute Guitar Drums Harp Cello Trumpet Oboe Organ Banjo Viola"),
        (Measure("number of students"), Measure("rental price", "€"), Measure("weekly practice", "minutes")),
    ),
)
"""Things without an order. No name is a colour's word."""

_COURSE = (
    Measure("number of visitors"),
    Measure("rainfall", "mm"),
    Measure("turnover", "€ thousand"),
    Measure("electricity use", "kWh"),
    Measure("number of books lent"),
    Measure("water level", "cm"),
    Measure("number of repairs"),
    Measure("output", "tons"),
)

TIMES: tuple[Topic, ...] = (
    Topic(
        "month",
        "months",
        _names("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
        _COURSE,
        preposition="in",
        ordered=True,
    ),
    Topic(
        "month",
        "months",
        _names("January February March April May June July August September October November December"),
        _COURSE,
        preposition="in",
        ordered=True,
    ),
    Topic("weekday", "weekdays", _names("Mon Tue Wed Thu Fri Sat Sun"), _COURSE, preposition="on", ordered=True),
    Topic("year", "years", tuple(str(year) for year in range(2008, 2025)), _COURSE, preposition="in", ordered=True),
    Topic("week", "weeks", tuple(f"W{week}" for week in range(1, 17)), _COURSE, preposition="in", ordered=True),
    Topic("hour", "hours", tuple(f"{hour}:00" for hour in range(6, 22)), _COURSE, preposition="at", ordered=True),
)
"""Times in their order; a chart shows some that follow each other."""

PARTS: tuple[Measure, ...] = (
    Measure("share of sales", "%"),
    Measure("share of votes", "%"),
    Measure("share of the budget", "%"),
    Measure("share of answers", "%"),
    Measure("share of the total", "%"),
    Measure("percentage", "%"),
)
"""What the sectors of a disc are."""

SERIES: tuple[tuple[str, ...], ...] = (
    ("Online", "Store", "Phone", "Market"),
    ("North", "South", "East", "West"),
    ("Plan", "Actual", "Forecast"),
    ("Adults", "Children", "Seniors", "Students"),
    ("Alpha", "Beta", "Gamma", "Delta"),
    ("Morning", "Noon", "Evening", "Night"),
    ("Team A", "Team B", "Team C", "Team D"),
    ("Small", "Medium", "Large"),
    ("Site 1", "Site 2", "Site 3", "Site 4"),
    ("Harbour", "Station", "Airport", "Centre"),
)
"""What values of the same measure can be told apart by."""

NOTES = (
    "Figures are provisional.",
    "All data as reported.",
    "Source: own survey.",
    "See the notes on the next page.",
    "Rounded where needed.",
    "Last revised in spring.",
    "Counted at the end of the year.",
)
"""What stands in small writing below charts and tables; it answers no question."""


def series_names(rng: Random, count: int) -> tuple[str, ...]:
    """So many names that belong together, in their usual order; at most four."""
    pool = rng.choice([names for names in SERIES if len(names) >= count])
    chosen = set(rng.sample(pool, count))
    return tuple(name for name in pool if name in chosen)
