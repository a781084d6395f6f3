"""The simulator against sums that can be done by hand, its bounds, and the command that plans with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from typer.testing import CliRunner

from codedance.cli.app import app
from codedance.cli.failures import exit_code
from codedance.cluster.plan.forecast import forecast
from codedance.cluster.plan.settings import Driver, Engine, Hosts, Network, PlanSettings, Training, Work, engine_of
from codedance.cluster.plan.simulation import Episode, Machines, Part, Turn, draw_episodes, simulate
from codedance.errors import CodeDanceError, UsageError

FREE = Driver(episode_seconds=0.0, turn_seconds=0.0)
HOST = Hosts(processors=2, session_seconds=0.0, cell_seconds=0.0)
WIRE = Network(bytes_per_second=1e15, delay_seconds=0.0)
ENGINE = Engine(step_seconds=0.01, row_seconds=0.001, read_tokens_per_second=1_000.0, rows=64)
SMALL = PlanSettings(work=Work(questions=640), training=Training(groups=16))


def machines(**more: object) -> Machines:
    parts: dict[str, object] = {"driver": FREE, "hosts": HOST, "engine": ENGINE, "engines": 1, "network": WIRE}
    return Machines(**{**parts, **more})  # type: ignore[arg-type]


def episodes(count: int, *turns: Turn) -> list[Episode]:
    return [Episode(number, 0.0, turns) for number in range(count)]


def test_one_episode_takes_the_sum_of_its_parts() -> None:
    driver = Driver(episode_seconds=0.5, turn_seconds=0.25)
    hosts = Hosts(processors=1, session_seconds=0.1, cell_seconds=0.05)
    one = episodes(1, Turn(100, 30, 2.0), Turn(50, 10, None))
    outcome = simulate(one, machines(driver=driver, hosts=hosts))
    parts = {Part.DRIVER: 1.0, Part.READING: 0.15, Part.WRITING: 0.4, Part.SANDBOX: 2.15, Part.NETWORK: 0.0}
    assert outcome.parts == pytest.approx(parts)
    assert outcome.seconds == pytest.approx(sum(parts.values()))


def test_rows_that_are_written_together_share_the_steps() -> None:
    outcome = simulate(episodes(11, Turn(0, 100, None)), machines())
    assert outcome.seconds == pytest.approx(100 * (0.01 + 10 * 0.001))
    assert outcome.rows == pytest.approx(11)


def test_what_does_not_fit_into_an_engine_waits_for_a_row() -> None:
    engine = ENGINE.model_copy(update={"rows": 5, "row_seconds": 0.0})
    assert simulate(episodes(20, Turn(0, 100, None)), machines(engine=engine)).seconds == pytest.approx(4 * 1.0)


def test_nothing_is_written_while_a_prompt_is_read() -> None:
    one, other = Episode(0, 0.0, (Turn(0, 100, None),)), Episode(0, 0.0, (Turn(500, 0.001, None),))
    engine = ENGINE.model_copy(update={"row_seconds": 0.0})
    assert simulate([one, other], machines(engine=engine)).seconds == pytest.approx(1.5, abs=1e-3)


def test_cells_share_the_processors_with_each_other_and_with_others() -> None:
    cells = episodes(4, Turn(0, 0.0001, 3.0), Turn(0, 0.0001, None))
    assert simulate(cells, machines()).seconds == pytest.approx(6.0, abs=0.01)
    busy = HOST.model_copy(update={"busy": 4.0})
    assert simulate(cells, machines(hosts=busy)).seconds == pytest.approx(12.0, abs=0.01)


def test_one_driver_is_a_queue_and_more_are_faster() -> None:
    driver = Driver(episode_seconds=1.0, turn_seconds=0.0)
    lone = episodes(8, Turn(0, 0.0001, None))
    assert simulate(lone, machines(driver=driver)).seconds == pytest.approx(8.0, abs=0.01)
    four = driver.model_copy(update={"processes": 4})
    assert simulate(lone, machines(driver=four)).seconds == pytest.approx(2.0, abs=0.01)


def test_without_a_cache_every_turn_reads_all_before_it() -> None:
    one = episodes(1, Turn(100, 10, None), Turn(50, 10, None))
    forgetful = ENGINE.model_copy(update={"keeps": False})
    assert simulate(one, machines(engine=forgetful)).read_tokens == 100 + (100 + 10 + 50)
    assert simulate(one, machines()).read_tokens == 150


def test_pictures_go_over_the_link_again_with_every_turn() -> None:
    network = Network(bytes_per_second=1e6, delay_seconds=0.0)
    one = [Episode(0, 3e6, (Turn(0, 0.0001, 0.0, 6e5), Turn(0, 0.0001, None)))]
    outcome = simulate(one, machines(network=network))
    assert outcome.sent_bytes == pytest.approx(4e6 + 3e6 + 6e5 + 4.8e6)
    assert outcome.seconds == pytest.approx(12.4, abs=0.01)


@settings(max_examples=25, deadline=None)
@given(some.integers(1, 40), some.integers(1, 12), some.integers(1, 4), some.integers(0, 5))
def test_no_run_is_faster_than_its_resources_allow(count: int, at_once: int, engines: int, seed: int) -> None:
    work = Work(turns=3, attempts=4, written_tokens=20, first_tokens=50, observation_tokens=10)
    drawn = draw_episodes(work, count, seed=seed)
    place = machines(engines=engines, driver=Driver(episode_seconds=0.01, turn_seconds=0.01))
    outcome = simulate(drawn, place, concurrency=at_once)
    cells = sum(turn.cell_seconds or 0.0 for one in drawn for turn in one.turns)
    assert outcome.episodes == count
    assert outcome.seconds >= cells / HOST.processors - 1e-9
    assert outcome.seconds >= 0.04 * count - 1e-9
    assert all(-1e-9 <= share <= 1.0 + 1e-9 for share in outcome.busy.values())
    assert outcome.written_tokens == pytest.approx(sum(turn.written_tokens for one in drawn for turn in one.turns))
    alone = simulate(drawn, place, concurrency=1).seconds
    assert outcome.seconds <= alone * (1 + 1e-9)


def test_the_same_inputs_give_the_same_plan() -> None:
    assert forecast(SMALL, 2) == forecast(SMALL, 2)


def test_the_first_limit_is_what_helps_most() -> None:
    slow = SMALL.model_copy(update={"driver": Driver(episode_seconds=1.0)})
    assert forecast(slow, 16).limit == "driver"
    few = SMALL.model_copy(update={"hosts": Hosts(processors=1), "work": Work(cell_seconds=4.0, questions=640)})
    assert forecast(few, 16).limit == "sandbox"
    thin = SMALL.model_copy(update={"network": Network(bytes_per_second=2e6)})
    assert forecast(thin, 16).limit == "network"
    assert forecast(SMALL, 1).limit == "engines"


def test_a_pass_is_counted_from_a_step() -> None:
    one = forecast(SMALL, 2, relief=False)
    totals = one.totals
    assert totals.steps == 40
    assert totals.hours == pytest.approx(40 * one.step_seconds / 3600)
    assert totals.gpu_hours == pytest.approx(2 * totals.hours)
    work = SMALL.work
    stored = 640 * (work.picture_bytes + 8 * (5 * work.shown_bytes + 6 * work.text_bytes))
    assert totals.stored_bytes == pytest.approx(stored)
    assert totals.stored_files == 640 + 640 * 8 * 5
    assert one.limit == ""


def test_a_measured_engine_is_taken_as_it_is() -> None:
    assert engine_of(PlanSettings(engine=ENGINE)) == ENGINE


def test_the_command_writes_tables_figures_and_inputs(tmp_path: Path) -> None:
    config = tmp_path / "measured.toml"
    config.write_text("[work]\nquestions = 64\n[engine]\nstep_seconds = 0.02\n[training]\ngroups = 8\n")
    words = ["plan", "--gpus", "2", "--gpus", "4:16", "--config", str(config), "--out", str(tmp_path / "plan")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "4 GPUs, 16 questions" in result.output
    assert "as given" in result.output
    assert sorted(path.name for path in (tmp_path / "plan").iterdir()) == [
        *("inputs.json", "plan.json", "plan.md", "plan.png", "plan.svg")
    ]
    inputs = PlanSettings.model_validate_json((tmp_path / "plan" / "inputs.json").read_text())
    assert inputs.engine == Engine(step_seconds=0.02)
    machine = CliRunner().invoke(app, [*words, "--json", "--no-relief"])
    assert [one["gpus"] for one in json.loads(machine.output)] == [2, 4]


@pytest.mark.parametrize(
    "words",
    [
        ("--gpus", "many"),
        ("--gpus", "0"),
        ("--gpus", "4:" + "0"),
        ("--gpus", "4:x"),
        ("--gpus", "99999999999"),
        ("--gpus", "²"),
        ("--gpus", "1", "--set", "engine.gpus=4"),
        ("--gpus", "4", "--set", "work.turns=0"),
        ("--gpus", "4", "--set", "work.trns=3"),
        ("--gpus", "4", "--set", "gpu.flops=0"),
        ("--gpus", "4", "--set", "work.written_tokens=NaN"),
        ("--gpus", "4", "--set", "network.bytes_per_second=Infinity"),
    ],
)
def test_what_cannot_be_planned_is_refused_in_one_line(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, ["plan", *words])
    assert isinstance(result.exception, CodeDanceError), result.output
    assert exit_code(result.exception) == 2
    assert isinstance(result.exception, UsageError)
