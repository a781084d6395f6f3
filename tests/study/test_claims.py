"""Claims beside evidence whose truth is known: what holds, what does not, and what nobody can tell."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from codedance.analysis.attempts import read_attempts
from codedance.analysis.emergence import corpus_of
from codedance.analysis.tables import section_text
from codedance.errors import StoreError, UsageError
from codedance.study.claims import CLAIMS, Finding, Judged, Verdict, judge
from codedance.study.evidence import Evidence, new_use
from codedance.study.measures import Measure, contrast, gap, level
from codedance.study.page import study_page
from codedance.study.report import study_figures, study_report, study_sections
from codedance.study.scaling import Grade, grades_of, own_grade
from codedance.study.settings import StudySettings, settings_of
from codedance.study.steps import Step, done, expected_seconds, forget, held, mark, ready
from tests.analysis.small_runs import corpus, training_run
from tests.study.made_evidence import evidence, policy, scaled


def found(of: Evidence, *names: str) -> dict[str, Finding]:
    return {one.id: one.find(of) for one in CLAIMS if one.id in names}


@pytest.fixture(scope="module")
def rows() -> list[Judged]:
    return judge(evidence())


@pytest.fixture(scope="module")
def judged(rows: list[Judged]) -> dict[str, Finding]:
    return {one.id: one.finding for one in rows}


def test_every_claim_has_one_row_and_a_verdict(judged: dict[str, Finding]) -> None:
    assert list(judged) == [one.id for one in CLAIMS]
    assert len(judged) == len(CLAIMS) == 30
    assert all(one.note or one.ours for one in judged.values())


@pytest.mark.parametrize(
    "name",
    [
        "d-bounds", "data-size", "outcome-turns", "outcome-tools", "outcome-hard", "deepeyes-turns", "deepeyes-tools",
        "deepeyes-unstable", "no-turn-success", "no-turn-entropy", "bat-accuracy", "bat-turns", "bat-success",
        "adaptive-tools", "adaptive-turns", "rl-improves", "rl-240", "new-operations", "new-compositions",
    ],
)  # fmt: skip
def test_a_true_claim_holds(name: str, judged: dict[str, Finding]) -> None:
    assert judged[name].verdict is Verdict.HOLDS, judged[name]


def test_a_claim_that_is_false_is_said_not_to_hold(judged: dict[str, Finding]) -> None:
    turned = evidence()
    worse = tuple(policy("bat", seed, accuracy=0.2) for seed in range(3))
    rest = tuple(one for one in turned.policies if one.variant != "bat")
    now = found(turned.model_copy(update={"policies": rest + worse}), "outcome-hard", "bat-accuracy", "rl-improves")
    assert {one.verdict for one in now.values()} == {Verdict.FAILS}
    assert now["outcome-hard"].ours.startswith("-")
    assert judged["new-domains"].verdict is Verdict.FAILS, "none of 3,000 attempts"


def test_what_needs_a_large_model_or_another_study_is_not_tested(judged: dict[str, Finding]) -> None:
    untested = {name for name, one in judged.items() if one.verdict is Verdict.UNTESTED}
    assert untested == {"sft-size", "model-size", *(name for name in judged if name.startswith("bench-"))}
    assert "codedance eval vstar" in judged["bench-vstar"].note


def test_one_seed_shows_nothing_about_rewards() -> None:
    measured = ("outcome-hard", "bat-accuracy", "deepeyes-unstable", "no-turn-success", "adaptive-turns")
    single = found(evidence(seeds=1), *measured)
    assert {one.verdict for one in single.values()} == {Verdict.OPEN}
    assert "one seed" in single["outcome-hard"].note


def test_a_reward_that_was_not_tried_leaves_its_claims_untested() -> None:
    whole = evidence()
    less = whole.model_copy(update={
        "policies": tuple(one for one in whole.policies if one.variant != "deepeyes"),
        "trainings": tuple(one for one in whole.trainings if one.variant != "deepeyes"),
    })  # fmt: skip
    now = found(less, "deepeyes-turns", "deepeyes-unstable", "bat-turns")
    assert {one.verdict for one in now.values()} == {Verdict.UNTESTED}
    assert found(less, "bat-accuracy")["bat-accuracy"].verdict is Verdict.HOLDS


def test_more_data_and_larger_networks_are_judged_by_every_step_up() -> None:
    rising = [*scaled("small", 5_000, 0.3), *scaled("small", 10_000, 0.5), *scaled("small", 34_000, 0.7)]
    larger = [*scaled("medium", 34_000, 0.8), *scaled("large", 34_000, 0.9)]
    whole = evidence().model_copy(update={"scaled": tuple(rising + larger)})
    now = found(whole, "sft-size", "model-size")
    assert {one.verdict for one in now.values()} == {Verdict.HOLDS}
    assert "5,000 to 10,000 to 34,000" in now["sft-size"].note
    assert "large less small" in now["model-size"].note


def test_one_step_down_makes_growth_unsteady() -> None:
    falling = [*scaled("small", 5_000, 0.3), *scaled("small", 10_000, 0.7), *scaled("small", 34_000, 0.5)]
    whole = evidence().model_copy(update={"scaled": tuple(falling)})
    now = found(whole, "sft-size", "model-size")
    assert now["sft-size"].verdict is Verdict.FAILS
    assert now["model-size"].verdict is Verdict.UNTESTED
    single = [one for one in falling if one.policy.seed == 0]
    alone = found(evidence().model_copy(update={"scaled": tuple(single)}), "sft-size")
    assert alone["sft-size"].verdict is Verdict.OPEN


def test_policies_of_the_scaling_are_taught_once_each_and_the_studys_own_is_among_them() -> None:
    settings = settings_of("nano")
    grades = grades_of(settings, count=34_000)
    assert len(grades) == len(set(grades)) == 2 * (4 + 2)
    assert own_grade(settings) in grades
    assert own_grade(settings.model_copy(update={"given_model": "nano"})) is None
    elsewhere = settings.scaling.model_copy(update={"families": ("editing",)})
    asked_more = settings.model_copy(update={"scaling": elsewhere})
    assert own_grade(asked_more) is None, "it was not asked about editing"
    assert (settings.scaled_families, asked_more.scaled_families) == (("counting", "search"), ("editing",))
    assert grades_of(settings, count=20_000)[2:4] == [Grade("small", None, 0), Grade("medium", None, 0)]


def test_the_report_shows_the_scaling_with_intervals(rows: list[Judged]) -> None:
    policies = (*scaled("small", 5_000, 0.3), *scaled("small", 34_000, 0.7), *scaled("large", 34_000, 0.9))
    whole = evidence().model_copy(update={"scaled": policies})
    report = study_report(StudySettings(), scale="nano", evidence=whole, judged=rows, times=[])
    sections = study_sections(report)
    assert "| large   | 11,600,000 | 34,000" in section_text(sections, figures=True)
    figures = {name: draw() for name, draw in study_figures(report).items()}
    assert set(figures) == {one.figure for one in sections if one.figure is not None}
    assert {"scaling-data.svg", "scaling-size.svg"} <= set(figures)


def test_few_steps_do_not_tell_of_240() -> None:
    assert found(evidence(steps=60), "rl-240")["rl-240"].verdict is Verdict.UNTESTED


def test_a_difference_is_taken_on_the_same_tasks_and_its_interval_holds_the_truth() -> None:
    better = [policy("bat", seed) for seed in range(3)]
    worse = [policy("outcome", seed, tasks=90) for seed in range(3)]
    estimate = gap(better, worse, Measure.ACCURACY)
    assert estimate is not None
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low < 0.3 < estimate.high
    assert gap(better, better, Measure.TURNS) is not None
    assert gap(better, [policy("outcome", 0, tasks=0)], Measure.ACCURACY) is None
    assert level([policy("bat", 0, tasks=1)], Measure.SUCCESS) is None, "one turn, no code"
    assert contrast(better, Measure.TOOL_RATE) == contrast(better, Measure.TOOL_RATE), "the same every time"


def test_new_operations_are_counted_from_the_first_steps_to_the_last(tmp_path: Path) -> None:
    taught = corpus_of(read_attempts(corpus(tmp_path / "sft")))
    attempts = list(read_attempts(training_run(tmp_path / "run")))
    use = new_use(taught, attempts, "operation")
    assert (use.attempts, use.used, use.names) == (8, 2, ("draw_grid",))
    assert use.growth is not None
    assert use.growth.value == pytest.approx(0.5)
    moved = new_use(taught, attempts, "domain")
    assert "crop in counting" in moved.names
    alone = new_use(taught, [one for one in attempts if one.step == 1], "operation")
    assert alone.growth is None, "one step has no course"


def test_the_report_shows_every_claim_and_loads_nothing(rows: list[Judged]) -> None:
    settings = StudySettings(seeds=(0, 1, 2))
    report = study_report(settings, scale="nano", evidence=evidence(), judged=rows, times=[])
    sections = study_sections(report)
    text = section_text(sections, figures=True)
    assert all(one.says.split(",")[0] in text for one in CLAIMS)
    assert "holds 19, does not hold 1, not shown 0, not tested here 10" in text
    figures = {name: draw() for name, draw in study_figures(report).items()}
    assert set(figures) == {one.figure for one in sections if one.figure is not None}
    page = study_page("The study", sections, figures)
    assert page.count('<img src="data:image/svg+xml;base64,') == len(figures)
    assert page.count('<span class="badge good">holds</span>') == 19
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_steps_are_marked_forgotten_and_refused_without_their_inputs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="step report takes from data and grpo and analysis"):
        ready(tmp_path, Step.REPORT)
    for step in Step:
        mark(tmp_path, step, 1.5)
    forget(tmp_path, Step.ANALYSIS)
    assert [step.value for step in Step if done(tmp_path, step) is None] == ["analysis", "report"]
    (tmp_path / "steps" / "data.json").write_text('{"step":')
    with pytest.raises(StoreError, match="is no mark of a step"):
        done(tmp_path, Step.DATA)


def test_two_processes_do_not_work_on_one_study(tmp_path: Path) -> None:
    def work() -> None:
        with held(tmp_path):
            pass

    refused = pytest.raises(StoreError, match="another process is working on this study")
    with held(tmp_path), ThreadPoolExecutor() as others, refused:
        others.submit(work).result()
    work()


def test_expected_hours_follow_the_settings() -> None:
    small, large = settings_of("smoke"), settings_of("nano")
    assert sum(expected_seconds(small).values()) < 600 < 36_000 < sum(expected_seconds(large).values())
    given = large.model_copy(update={"given_model": "nano", "given_data": "set"})
    assert expected_seconds(given)[Step.SFT] == expected_seconds(given)[Step.DATA] == 0
    with pytest.raises(UsageError, match="choose smoke or nano"):
        settings_of("huge")
