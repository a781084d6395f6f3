"""Adding up: nothing leaves the denominator, what is incomplete says so, intervals respect what belongs together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from codedance.bench import Mode, Outcome, Report, RowScore, get
from codedance.bench.hrbench import cycle_means
from codedance.bench.scoring import Reply, make_report, row_key, score_reply
from codedance.bench.statistics import cluster_bootstrap, cluster_mean_interval, wilson
from codedance.bench.wemath_metrics import read_domains, wemath_metrics
from codedance.errors import DataError
from tests.bench.examples import ROWS, Row, wemath_rows


def _report(name: str, rows: Sequence[Row], replies: Sequence[str | None]) -> Report:
    benchmark = get(name)
    scores = [score_reply(benchmark, Reply(row, reply), Mode.STRICT) for row, reply in zip(rows, replies, strict=True)]
    return make_report(benchmark, scores, mode=Mode.STRICT, keys=[row_key(benchmark, row) for row in rows])


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("2", Outcome.RIGHT),
        ("3", Outcome.WRONG),
        ("I cannot tell.", Outcome.WRONG),
        ("", Outcome.NO_ANSWER),
        ("???", Outcome.NO_ANSWER),
        ("<answer></answer>", Outcome.NO_ANSWER),
        ("<code>print(here)</code>", Outcome.NO_ANSWER),
        (None, Outcome.ERROR),
        ("Failed to obtain answer via API.", Outcome.ERROR),
    ],
)
def test_a_reply_ends_in_one_of_four_ways(reply: str | None, outcome: Outcome) -> None:
    for mode in Mode:
        assert score_reply(get("countbench"), Reply(ROWS["countbench"](0), reply), mode).outcome is outcome


def test_an_error_keeps_its_reason_and_counts_as_wrong() -> None:
    score = score_reply(get("vstar"), Reply(ROWS["vstar"](0), "A", error="the picture is broken"), Mode.COMPAT)
    assert (score.outcome, score.score, score.note) == (Outcome.ERROR, 0.0, "the picture is broken")


def test_all_rows_are_in_the_denominator() -> None:
    rows = [ROWS["vstar"](index) for index in (0, 1, 2, 150, 151)]
    report = _report("vstar", rows, ["A", "A", None, "", "D"])
    overall = report.overall
    assert (overall.fraction, overall.errors, overall.no_answer) == ("2/5", 1, 1)
    assert overall.accuracy == 0.4
    assert overall.interval == wilson(2, 5)
    assert report.groups["category"]["direct_attributes"].fraction == "1/3"
    assert report.groups["category"]["relative_position"].fraction == "1/2"
    assert report.paths == {"text": 4}


def test_a_part_and_a_repetition_are_called_partial() -> None:
    whole = [ROWS["vstar"](index) for index in range(191)]
    assert not _report("vstar", whole, ["A"] * 191).partial
    assert _report("vstar", whole[:190], ["A"] * 190).partial
    doubled = _report("vstar", [*whole[:190], whole[0]], ["A"] * 191)
    assert doubled.partial
    assert doubled.repeated == 1


def test_the_split_is_recognized_by_its_number_of_rows() -> None:
    rows = [ROWS["mathvision"](index) for index in range(304)]
    report = _report("mathvision", rows, ["C"] * 304)
    assert (report.split, report.partial, report.expected_rows) == ("testmini", False, 304)
    assert report.groups["level"]["1"].rows == 61
    assert sum(one.rows for one in report.groups["subject, level"].values()) == 304


def test_no_rows_have_no_accuracy() -> None:
    report = make_report(get("vstar"), [], mode=Mode.COMPAT, keys=[])
    assert report.overall.accuracy is None
    assert report.overall.interval is None


def test_rows_that_wait_for_a_judge_are_counted() -> None:
    row = {"answer": "domain: [-4, 0)", "question_type": "free-form"}
    report = _report("mathverse", [row, row], ["it goes from minus four to zero", "domain: [-4, 0)"])
    assert (report.overall.undecided, report.asks_judge, report.overall.fraction) == (1, 1, "1/2")


def test_chartqa_tells_people_from_the_machine() -> None:
    rows = [ROWS["chartqa"](index) for index in range(4)] + [{"answer": "1", "type": "augmented_test"}]
    report = _report("chartqa", rows, ["10%", "99", "12%", "99", "1"])
    assert {name: one.fraction for name, one in report.groups["type"].items()} == {"human": "2/2", "augmented": "1/3"}


def test_mathvista_has_the_nine_breakdowns() -> None:
    report = _report("mathvista", [ROWS["mathvista"](index) for index in range(2)], ["2.5", "yes"])
    assert set(report.groups) == {
        *("category", "context", "grade", "language", "skills", "source", "task", "question_type", "answer_type")
    }
    assert report.groups["skills"]["statistical reasoning"].fraction == "1/2"


def _hrbench(hits: Sequence[tuple[str, str, int]]) -> list[RowScore]:
    return [
        RowScore(
            row={"category": category, "cycle_category": cycle},
            outcome=Outcome.RIGHT if hit else Outcome.WRONG,
            score=float(hit),
        )
        for category, cycle, hit in hits
    ]


def test_hrbench_is_the_mean_of_its_cycles() -> None:
    means = cycle_means(
        _hrbench(
            [
                *[("single", "0", 1), ("cross", "0", 1), ("single", "1", 0), ("cross", "1", 1)],
                *[("single", "2", 1), ("cross", "2", 0), ("single", "3", 1), ("cross", "3", 0)],
            ]
        )
    )
    assert means["0|all"] == 1.0
    assert means["1|single"] == 0.0
    assert means["Average|all"] == 0.625
    assert means["Average|single"] == 0.75
    assert means["Average|cross"] == 0.5


def test_hrbench_with_missing_rows_is_not_the_mean_of_its_rows() -> None:
    rows = _hrbench([("single", "0", 1)] * 3 + [("single", "1", 0)])
    assert cycle_means(rows)["Average|all"] == 0.5


def test_hrbench_intervals_draw_questions() -> None:
    rows = [ROWS["hrbench_4k"](index) for index in range(800)]
    replies = [row["answer"] if row["index"] // 4 % 3 else "E" for row in rows]
    report = _report("hrbench_4k", rows, replies)
    metric = report.metrics.values["Average|all"]
    assert report.metrics.headline == "Average|all"
    assert metric.value == pytest.approx(report.overall.accuracy)
    assert report.overall.interval_kind == "cluster bootstrap"
    low, high = report.overall.interval or (0, 0)
    narrow = wilson(report.overall.right, 800)
    assert high - low > 1.7 * (narrow[1] - narrow[0])
    assert _report("hrbench_4k", rows[::-1], replies[::-1]).overall.interval == report.overall.interval


def test_hrbench_without_its_columns_has_no_cycle_means() -> None:
    report = _report("hrbench_4k", [{"A": "x", "B": "y", "answer": "A"}], ["A"])
    assert report.metrics.refused is not None
    assert report.overall.fraction == "1/1"
    assert report.overall.interval_kind == "wilson"


def _wemath(right: dict[str, str], *, problems: int = 525) -> list[RowScore]:
    """Scores of the first problems: ``right`` tells for "2steps" and "3steps" which parts are right."""
    scores = []
    for row in wemath_rows():
        place = row["ID"] if row["key"].startswith("2") else 360 + row["ID"]
        steps, _, part = row["key"].partition("_")
        hit = part in right.get(steps, "").split()
        if place < problems:
            scores.append(
                RowScore(
                    row={"ID": str(row["ID"]), "key": row["key"]},
                    outcome=Outcome.RIGHT if hit else Outcome.WRONG,
                    score=float(hit),
                )
            )
    return scores


@pytest.mark.parametrize(
    ("right", "strict", "loose", "kinds"),
    [
        ({"2steps": "1 2 multi", "3steps": "1 2 3 multi"}, 1.0, 1.0, {"CM_strict": 525}),
        ({}, 0.0, 0.0, {"IK_strict": 525}),
        ({"2steps": "multi", "3steps": "multi"}, 0.0, 0.0, {"RM_strict": 525, "RM_loose": 525}),
        ({"2steps": "1 2", "3steps": "1 2 3"}, 0.5, 0.5, {"IG_strict": 525, "IG_loose": 525}),
        ({"2steps": "1 multi", "3steps": "1 multi"}, 0.0, 1.0, {"RM_strict": 525, "CM_loose": 525}),
        ({"2steps": "1 2 multi"}, 360 / 525, 360 / 525, {"CM_strict": 360, "IK_strict": 165}),
    ],
)
def test_wemath_measures_are_the_official_ones(
    right: dict[str, str], strict: float, loose: float, kinds: dict[str, int]
) -> None:
    metrics = wemath_metrics(_wemath(right))
    assert metrics.refused is None
    assert metrics.values["score_strict"].value == pytest.approx(strict)
    assert metrics.values["score_loose"].value == pytest.approx(loose)
    assert {name: metrics.values[name].count for name in kinds} == kinds


def test_the_share_of_rote_memorization_of_nothing_is_undefined() -> None:
    rate = wemath_metrics(_wemath({})).values["RM_strict"]
    assert (rate.value, rate.count, rate.of) == (None, 0, 0)


def test_wemath_step_accuracies_are_of_steps_and_of_whole_problems() -> None:
    values = wemath_metrics(_wemath({"2steps": "1 multi", "3steps": "1"})).values
    assert (values["S1"].count, values["S1"].of) == (525, 1215)
    assert values["S2"].value == 1.0
    assert values["S3"].value == 0.0


def test_an_incomplete_wemath_is_refused() -> None:
    whole = _wemath({"2steps": "1 2 multi"})
    assert "problem 2steps/0 lacks rows" in (wemath_metrics(whole[1:]).refused or "")
    assert "59 of 525 problems" in (wemath_metrics(_wemath({}, problems=59)).refused or "")
    assert "is there twice" in (wemath_metrics([*whole, whole[0]]).refused or "")
    assert wemath_metrics([]).refused is not None


def test_the_problems_that_are_there_can_be_measured_if_each_is_whole() -> None:
    some = wemath_metrics(_wemath({"2steps": "1 2"}, problems=59), problems=None)
    assert some.values["score_strict"].value == 0.5
    assert wemath_metrics(_wemath({}, problems=59)[1:], problems=None).refused is not None


def test_wemath_domains_weigh_every_concept_the_same(tmp_path: Path) -> None:
    nodes = tmp_path / "nodes.json"
    tree = [("Areas", "Areas of Circles"), ("Areas", "Perimeters"), ("Lines", "Rays")]
    nodes.write_text(json.dumps([{"root2": root, "full node": f"Measurement_{root}_{leaf}"} for root, leaf in tree]))
    rows = wemath_rows()[:6]
    benchmark = get("wemath")
    scores = [
        score_reply(benchmark, Reply(row, "C" if index == 0 else "A"), Mode.STRICT) for index, row in enumerate(rows)
    ]
    report = make_report(benchmark, scores, mode=Mode.STRICT, keys=[], domains=read_domains(nodes))
    assert report.metrics.values["domain|Areas"].value == 0.25
    assert "domain|Lines" not in report.metrics.values


@pytest.mark.parametrize("text", ["{}", "[1]", "nonsense", '[{"root2": "x"}]'])
def test_a_file_that_is_no_list_of_nodes_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "nodes.json").write_text(text)
    if text == "{}":
        assert read_domains(tmp_path / "nodes.json") == {}
        return
    with pytest.raises(DataError, match="is not We-Math's list"):
        read_domains(tmp_path / "nodes.json")


def test_the_bootstrap_is_reproducible_and_needs_two_clusters() -> None:
    pairs = [(str(index // 4), float(index % 7 < 4)) for index in range(400)]
    assert cluster_mean_interval(pairs) == cluster_mean_interval(pairs[::-1])
    assert cluster_mean_interval(pairs, seed=1) != cluster_mean_interval(pairs)
    assert cluster_mean_interval(pairs[:4]) is None
    assert cluster_bootstrap({"a": 1, "b": 2}, lambda _: None) is None


def test_the_bootstrap_agrees_with_wilson_where_rows_are_independent() -> None:
    pairs = [(str(index), float(index % 10 < 7)) for index in range(400)]
    low, high = cluster_mean_interval(pairs) or (0, 0)
    expected = wilson(280, 400)
    assert low == pytest.approx(expected[0], abs=0.01)
    assert high == pytest.approx(expected[1], abs=0.01)
