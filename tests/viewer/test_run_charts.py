"""Charts of the run browser: what a reader sees of numbers, whatever the numbers are."""

from __future__ import annotations

import math
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from codedance.viewer.runs.base import choose_place, open_for_reading
from codedance.viewer.runs.curves import Curve
from codedance.viewer.runs.filters import Filter
from codedance.viewer.runs.indexing import RunIndex
from codedance.viewer.runs.plots import curve_plots, reward_plots, table_plots
from codedance.viewer.runs.rewarded import TermMeans
from codedance.viewer.runs.svg import Bar, Series, bar_chart, line_chart, ticks
from tests.viewer.written_runs import HOSTILE, attempt, mixed_attempts, write_run


def seen(chart: str, kind: str, *, tag: str = "text") -> list[str]:
    """The words of a chart's elements of one class."""
    return ["".join(one.itertext()) for one in Xml.fromstring(chart).iter(tag) if one.get("class") == kind]


def heights(chart: str) -> list[float]:
    return [float(one.get("cy", "nan")) for one in Xml.fromstring(chart).iter("circle")]


def numbers(path: str) -> list[float]:
    return [float(one) for one in path.replace("M", " ").replace("L", " ").replace("H", " ").split()]


def means(step: int | None = None, *, d: float | None = None, partial: bool = False, **terms: float) -> TermMeans:
    reward = sum(terms.values())
    return TermMeans("run", step, attempts=1200, groups=150, reward=reward, terms=terms, d=d, partial=partial)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (1.2e6, 1.9e6, ["1.2M", "1.4M", "1.6M", "1.8M", "2M"]),
        (1e6, 2e6, ["1M", "1.25M", "1.5M", "1.75M", "2M"]),
        (-12_345, -10_345, ["-12.5k", "-12k", "-11.5k", "-11k", "-10.5k", "-10k"]),
        (1234, 1236, ["1234", "1234.5", "1235", "1235.5", "1236"]),
        (0, 4e-13, ["0", "1e-13", "2e-13", "3e-13", "4e-13"]),
        (-1, 1, ["-1", "-0.5", "0", "0.5", "1"]),
        (2e9, 3e9, ["2G", "2.25G", "2.5G", "2.75G", "3G"]),
    ],
)
def test_every_line_of_the_scale_says_another_number(low: float, high: float, labels: list[str]) -> None:
    assert seen(line_chart([Series("tokens", [(0, low), (1, high)])], label="Tokens"), "y") == labels


def test_a_higher_value_stands_higher_and_a_later_step_further_right() -> None:
    chart = line_chart([Series("loss", [(0, 3.0), (10, 1.0), (20, 2.0)])], label="Loss")
    first, second, third = heights(chart)
    assert first < third < second
    (line,) = [one for one in Xml.fromstring(chart).iter("path") if "line" in one.get("class", "")]
    across = numbers(line.get("d", ""))[::2]
    assert across == sorted(across)
    assert seen(chart, "x") == ["0", "5", "10", "15", "20"]
    assert [one.text for one in Xml.fromstring(chart).iter("title")][1:] == ["0: 3", "10: 1", "20: 2"]


def test_shares_are_drawn_between_nothing_and_all() -> None:
    chart = line_chart([Series("accuracy", [(0, 0.4), (1, 0.5)])], label="Accuracy", share=True)
    assert seen(chart, "y") == ["0", "0.25", "0.5", "0.75", "1"]


@pytest.mark.parametrize("value", [3.0, 0.0, -0.25, 1e-320, 1e299])
@pytest.mark.parametrize("steps", [1, 7])
def test_one_point_and_a_series_that_never_changes_lie_inside_of_the_chart(value: float, steps: int) -> None:
    chart = line_chart([Series("same", [(float(step), value) for step in range(steps)])], label="Same")
    found = heights(chart)
    assert len(found) == steps
    assert all(0 < one < 200 for one in found)
    assert len(set(found)) == 1
    assert len(set(seen(chart, "y"))) == len(seen(chart, "y"))


def test_differences_that_are_almost_none_can_be_drawn() -> None:
    assert all(0 <= one <= 200 for one in heights(line_chart([Series("x", [(0, 0.0), (1, 5e-324)])], label="X")))


def test_a_long_series_has_a_line_and_no_dots() -> None:
    points = [(float(step), float(step % 7)) for step in range(500)]
    chart = line_chart([Series("long", points)], label="Long")
    assert heights(chart) == []
    assert chart.count("L") >= 499


def test_nothing_to_draw_is_an_empty_place() -> None:
    assert line_chart([], label="None") == ""
    assert line_chart([Series("empty", [])], label="None") == ""
    beside = line_chart([Series("empty", []), Series("full", [(0, 1.0), (1, 2.0)])], label="Both")
    assert len(heights(beside)) == 2


def test_scales_reach_from_below_to_above_in_even_steps() -> None:
    for low, high in [(0.13, 0.87), (-3.0, 47.0), (99.0, 101.0), (1e-9, 3e-9), (0.0, 7e11)]:
        marks = ticks(low, high)
        assert marks[0] <= low
        assert marks[-1] >= high
        assert 2 <= len(marks) <= 7
        gaps = [after - before for before, after in pairwise(marks)]
        assert gaps == pytest.approx([gaps[0]] * len(gaps))


@pytest.mark.parametrize(("low", "high"), [(2.0, 2.0), (3.0, 1.0), (0.0, math.inf), (math.nan, 1.0), (0.0, 5e-324)])
def test_a_range_that_is_none_has_one_mark(low: float, high: float) -> None:
    assert len(ticks(low, high)) == 1


def test_bars_are_as_long_as_their_shares_and_negative_ones_have_another_colour() -> None:
    bars = [Bar("half", 0.5, "50 %", low=0.25, high=0.75), Bar("minus", -0.5, "-1"), Bar("nothing", None, "-")]
    chart = bar_chart(bars, label="Shares")
    rects = list(Xml.fromstring(chart).iter("rect"))
    grounds, drawn = rects[::2], rects[1::2]
    whole = float(grounds[0].get("width", "nan"))
    assert [float(one.get("width", "nan")) / whole for one in drawn] == [0.5, 0.5, 0]
    assert [one.get("class") for one in drawn] == ["bar", "bar minus", "bar"]
    assert seen(chart, "said") == ["50 %", "-1", "-"]
    (reach,) = [one for one in Xml.fromstring(chart).iter("path") if one.get("class") == "reach"]
    left, _, right = numbers(reach.get("d", ""))
    assert (right - left) / whole == pytest.approx(0.5)


def test_names_are_text_and_long_ones_are_cut_but_said_in_full() -> None:
    name = 'counting "birds" & <b>bees</b> in the garden'
    chart = bar_chart([Bar(name, 1.0, "<3>", href='trajectories?q="x"&y=<z>')], label='By <kind> & "name"')
    tree = Xml.fromstring(chart)
    assert tree.get("aria-label") == 'By <kind> & "name"'
    assert [one.text for one in tree.iter("title")] == [f"{name}: <3>"]
    (shown,) = seen(chart, "name")
    assert shown == 'counting "birds…'
    assert [one.get("href") for one in tree.iter("a")] == ['trajectories?q="x"&y=<z>']


def test_marks_that_turn_text_round_are_made_visible() -> None:
    for chart in (
        bar_chart([Bar(HOSTILE, 1.0, "1")], label=HOSTILE),
        line_chart([Series(HOSTILE, [(0, 1.0)])], label=HOSTILE),
    ):
        assert "<script" not in chart
        assert Xml.fromstring(chart).get("role") == "img"


def test_rewards_over_steps_are_lines_in_the_order_of_steps() -> None:
    found = [means(20, d=0.5, answer=1.0, format=0.5), means(0, answer=0.0, format=0.5), means(10, d=0.25, answer=0.5)]
    terms, difficulty = reward_plots(found)
    assert terms.legend == ("reward", "answer", "format")
    assert terms.note == ""
    titles = [one.text for one in Xml.fromstring(terms.chart).iter("title")]
    assert [one for one in titles if one and "last" in one] == [
        "reward, last: 1.5",
        "answer, last: 1",
        "format, last: 0.5",
    ]
    assert "20: 1.5" in titles
    assert len(heights(difficulty.chart)) == 2
    assert len(reward_plots([means(0, answer=1.0), means(1, answer=0.0)])) == 1


def test_rewards_of_one_run_are_bars_against_the_largest() -> None:
    (plot,) = reward_plots([means(d=0.5, answer=1.0, tool=-0.25)])
    assert seen(plot.chart, "name") == ["reward", "answer", "tool", "d"]
    assert seen(plot.chart, "said") == ["+0.750", "+1.000", "-0.250", "+0.500"]
    assert plot.note == "means over 1,200 scored attempts in 150 groups"
    (partly,) = reward_plots([means(answer=0.0, partial=True)])
    assert seen(partly.chart, "said") == ["+0.000", "+0.000"]
    assert "the first" in partly.note
    assert reward_plots([]) == []
    assert reward_plots([means(answer=1.0), means(answer=0.0)]) == []


def test_curves_of_easy_and_hard_tasks_share_a_chart() -> None:
    points = ((0.0, 0.5), (1.0, 0.75))
    easy, hard, loss = (Curve(name, points, 2) for name in ("exam/accuracy_easy", "exam/accuracy_hard", "loss"))
    shared, alone = curve_plots([easy, loss, hard])
    assert (shared.title, shared.legend) == ("exam/accuracy", ("exam/accuracy_easy", "exam/accuracy_hard"))
    assert seen(shared.chart, "y")[-1] == "1"
    assert (alone.title, alone.legend) == ("loss", ())
    assert seen(alone.chart, "y")[-1] != "1"


def test_attempts_are_charted_by_what_they_were_and_did(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    write_run(root / "one", mixed_attempts())
    place = choose_place(root, tmp_path / "caches")
    with RunIndex(root, place) as index:
        index.refresh()
    with closing(open_for_reading(place)) as base:
        plots = {one.title: one.chart for one in table_plots(base, Filter(), run=None)}
        assert table_plots(base, Filter(q="no such words anywhere"), run=None) == []
    told = {title: dict(zip(seen(chart, "name"), seen(chart, "said"), strict=True)) for title, chart in plots.items()}
    assert told["Accuracy by use of code"] == {
        "no code": "100.0 % of 2",
        "code that ran": "0.0 % of 2",
        "code that failed": "100.0 % of 1",
    }
    assert told["Accuracy by family"] == {"search": "66.7 % of 3", "counting": "50.0 % of 2"}
    assert told["Accuracy by difficulty"] == {"hard": "66.7 % of 3", "easy": "50.0 % of 2"}
    assert "Accuracy by benchmark" not in told
    assert sum(int(one) for one in told["How they ended"].values()) == 6
    links = [one.get("href") for one in Xml.fromstring(plots["Accuracy by family"]).iter("a")]
    assert links == ["trajectories?family=search", "trajectories?family=counting"]


def test_many_turns_and_many_families_are_gathered(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    many = [attempt(number, family=f"family {number:02}") for number in range(30)]
    write_run(root / "one", [*many, attempt(30, code=["print(1)"] * 11), attempt(31, code=["print(1)"] * 14)])
    place = choose_place(root, tmp_path / "caches")
    with RunIndex(root, place) as index:
        index.refresh()
    with closing(open_for_reading(place)) as base:
        plots = {one.title: one for one in table_plots(base, Filter(), run=None)}
    families = plots["Accuracy by family"]
    assert len(seen(families.chart, "name")) == 24
    assert families.note == "the 24 most frequent of 31"
    assert seen(families.chart, "name")[0] == "(none)"
    turns = plots["Accuracy by turns"].chart
    assert seen(turns, "name") == ["1 turn", "12 or more"]
    assert seen(turns, "said") == ["100.0 % of 30", "100.0 % of 2"]
    links = [one.get("href") for one in Xml.fromstring(turns).iter("a")]
    assert links[-1] == "trajectories?turns_min=12"
