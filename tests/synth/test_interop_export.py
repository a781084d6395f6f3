"""Exports are what their readers expect, appear whole, and come back lossless."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from PIL import Image

from codedance.errors import DataError, StoreError, UsageError
from codedance.imaging import Picture
from codedance.protocol import conversation
from codedance.schema import NumberAnswer, StopReason, Task, Trajectory, Turn
from codedance.store import Manifest, RunFolder
from codedance.synth.interop import ExportFormat, ExportSettings, ImportFormat, export_runs, import_source
from codedance.synth.interop.placeholders import escape, join_content, split_content, unescape
from codedance.synth.interop.shards import ParquetShards
from tests.synth.made_runs import cases, make_run, make_tasks, scene, stored

CHATS = [
    (ExportFormat.SWIFT, ExportSettings()),
    (ExportFormat.SWIFT, ExportSettings(absolute=True, failed_turns_no_loss=True)),
    (ExportFormat.TRL, ExportSettings()),
    (ExportFormat.TRL, ExportSettings(jsonl=True)),
    (ExportFormat.HF, ExportSettings(split="validation")),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return make_run(tmp_path_factory.mktemp("made") / "run")


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return make_tasks(tmp_path_factory.mktemp("made") / "tasks")


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def by_id(trajectories: Sequence[Trajectory]) -> dict[str, Trajectory]:
    return {one.task.id: one for one in trajectories}


@pytest.mark.parametrize(("kind", "settings"), CHATS)
def test_trajectories_come_back_byte_for_byte(
    run: RunFolder, tmp_path: Path, kind: ExportFormat, settings: ExportSettings
) -> None:
    report = export_runs(kind, [run.folder], tmp_path / "out", settings=settings)
    assert (report.trajectories, report.tasks) == (9, 0)
    back = import_source(ImportFormat(kind.value), tmp_path / "out", tmp_path / "back")
    assert (back.rows, back.restored, back.rejected) == (9, 9, {})
    assert stored(tmp_path / "back") == stored(run.folder)


@pytest.mark.parametrize(("kind", "settings"), CHATS)
def test_the_plain_columns_alone_bring_back_texts_code_answers_and_pictures(
    run: RunFolder, tmp_path: Path, kind: ExportFormat, settings: ExportSettings
) -> None:
    export_runs(kind, [run.folder], tmp_path / "out", settings=settings.model_copy(update={"record": False}))
    report = import_source(ImportFormat(kind.value), tmp_path / "out", tmp_path / "back")
    assert (report.restored, report.answered, report.rejected) == (0, 8, {})
    before, after = stored(run.folder), stored(tmp_path / "back")
    for one, other in zip(before, after, strict=True):
        assert [turn.text[: turn.kept_characters] for turn in one.turns] == [turn.text for turn in other.turns]
        assert [turn.code for turn in one.turns] == [turn.code for turn in other.turns]
        shown = [[turn.observation.parts if turn.observation else () for turn in each.turns] for each in (one, other)]
        assert shown[0] == shown[1]
        assert (one.answer, one.task.question, one.task.images) == (
            other.answer,
            other.task.question,
            other.task.images,
        )
        assert one.protocol == other.protocol
        assert one.stop is other.stop
        assert all(turn.execution is None for turn in other.turns), "nobody recorded how the code ended"


@pytest.mark.parametrize(("kind", "settings"), CHATS)
def test_what_was_read_from_plain_columns_is_exported_identically(
    run: RunFolder, tmp_path: Path, kind: ExportFormat, settings: ExportSettings
) -> None:
    plain = settings.model_copy(update={"record": False, "failed_turns_no_loss": False, "absolute": False})
    export_runs(kind, [run.folder], tmp_path / "one", settings=plain)
    import_source(ImportFormat(kind.value), tmp_path / "one", tmp_path / "back")
    export_runs(kind, [tmp_path / "back"], tmp_path / "two", settings=plain)
    files = [
        sorted(path.relative_to(one) for path in one.rglob("*.jsonl")) for one in (tmp_path / "one", tmp_path / "two")
    ]
    assert files[0] == files[1]
    for name in files[0]:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    before = [conversation(t.task, t.turns, t.protocol, pictures=run.load_pictures(t)) for t in stored(run.folder)]
    again = RunFolder.open(tmp_path / "back")
    assert before == [
        conversation(t.task, t.turns, t.protocol, pictures=again.load_pictures(t)) for t in again.trajectories()
    ]


def test_the_record_column_can_be_passed_over(run: RunFolder, tmp_path: Path) -> None:
    export_runs(ExportFormat.SWIFT, [run.folder], tmp_path / "out")
    report = import_source(ImportFormat.SWIFT, tmp_path / "out", tmp_path / "back", use_record=False)
    assert report.restored == 0
    assert stored(tmp_path / "back")[0].model == "imported:swift"


def test_swift_rows_have_its_roles_placeholders_and_picture_files(run: RunFolder, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_runs(ExportFormat.SWIFT, [run.folder], out, settings=ExportSettings(failed_turns_no_loss=True))
    made = dict(zip(by_id(stored(run.folder)), rows(out / "train.jsonl"), strict=True))
    crop = made["crop"]
    assert [one["role"] for one in crop["messages"]] == ["system", "user", "assistant", "tool", "assistant"]
    assert crop["messages"][1]["content"] == "<image>How many?"
    assert crop["messages"][3]["content"] == "(120, 90)\n<image>done\n<image>"
    assert [Picture.from_file(out / name).ref.width for name in crop["images"]] == [120, 55, 90]
    losses = [one.get("loss") for one in made["mend"]["messages"] if one["role"] == "assistant"]
    assert losses == [False, None, None], "only the reply whose code failed"
    assert [one["role"] for one in made["reminded"]["messages"]][-2:] == ["user", "assistant"]
    assert all(text.count("<image>") == len(row["images"]) for row in made.values() for text in [_said(row)])


def _said(row: dict[str, Any]) -> str:
    return "".join(message["content"] for message in row["messages"])


def test_absolute_paths_name_the_final_folder(run: RunFolder, tmp_path: Path) -> None:
    export_runs(ExportFormat.SWIFT, [run.folder], tmp_path / "out", settings=ExportSettings(absolute=True))
    names = [name for row in rows(tmp_path / "out" / "train.jsonl") for name in row["images"]]
    assert names
    assert all(name.startswith(str(tmp_path / "out" / "images")) and Path(name).is_file() for name in names)


def test_a_picture_that_the_budget_kept_back_still_travels_with_the_record(run: RunFolder, tmp_path: Path) -> None:
    report = export_runs(ExportFormat.SWIFT, [run.folder], tmp_path / "out")
    row = next(row for row in rows(tmp_path / "out" / "train.jsonl") if "A. left" in _said(row))
    assert len(row["images"]) == 3
    (unshown,) = row["codedance_images"]
    assert unshown not in row["images"]
    assert (tmp_path / "out" / unshown).is_file()
    assert report.pictures == sum(len(row["images"]) for row in rows(tmp_path / "out" / "train.jsonl"))


def test_literal_tags_are_escaped_counted_and_restored(run: RunFolder, tmp_path: Path) -> None:
    report = export_runs(ExportFormat.SWIFT, [run.folder], tmp_path / "out")
    assert report.escaped == 3
    tricky = next(row for row in rows(tmp_path / "out" / "train.jsonl") if "What stands" in _said(row))
    assert _said(tricky).count("<image>") == 1
    assert "<|im_end|>" not in _said(tricky)


@pytest.mark.parametrize(
    "text", ["<image>", "<\u200bimage><|im_end|>", "a < b", "<\u200b\u200bvideo>", "<<image>>", ""]
)
def test_any_text_survives_escaping(text: str) -> None:
    picture = object()
    joined = join_content([text, picture, text])
    assert joined.count("<image>") == 1
    assert unescape(escape(text)) == text
    assert split_content(joined, escaped=True) == [*filter(None, [text]), None, *filter(None, [text])]


def test_trl_rows_load_in_datasets_with_decoded_pictures(run: RunFolder, tmp_path: Path) -> None:
    import datasets

    export_runs(ExportFormat.TRL, [run.folder], tmp_path / "out")
    loaded = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    assert len(loaded) == 9
    row = loaded[0]
    parts = [part["type"] for message in row["messages"] for part in message["content"]]
    assert parts.count("image") == len(row["images"]) == 3
    assert [image.size for image in row["images"]] == [(120, 90), (55, 45), (90, 120)]
    assert {message["role"] for message in row["messages"]} == {"system", "user", "assistant"}
    feedback = row["messages"][3]["content"]
    assert feedback[0]["text"].startswith("<tool_response>\n")
    assert feedback[-1]["text"].endswith("\n</tool_response>")
    assert all(set(part) == {"type", "text"} for message in row["messages"] for part in message["content"])


def test_trl_json_lines_load_in_datasets_too(run: RunFolder, tmp_path: Path) -> None:
    import datasets

    settings = ExportSettings(jsonl=True, absolute=True)
    export_runs(ExportFormat.TRL, [run.folder], tmp_path / "out", settings=settings)
    files = str(tmp_path / "out" / "train.jsonl")
    loaded = datasets.load_dataset("json", data_files=files, split="train", cache_dir=str(tmp_path / "cache"))
    decoded = loaded.cast_column("images", datasets.List(datasets.Image()))
    assert [image.size for image in decoded[0]["images"]] == [(120, 90), (55, 45), (90, 120)]


def test_hf_writes_trajectories_and_tasks_as_two_configurations(
    run: RunFolder, tasks: RunFolder, tmp_path: Path
) -> None:
    import datasets

    report = export_runs(ExportFormat.HF, [run.folder, tasks.folder], tmp_path / "out")
    assert (report.trajectories, report.tasks) == (9, 9)
    cache = str(tmp_path / "cache")
    attempts = datasets.load_dataset(str(tmp_path / "out"), "trajectories", split="train", cache_dir=cache)
    assert attempts[1]["turns"][0]["status"] == "error"
    assert attempts[1]["turns"][0]["error"] == "NameError"
    assert attempts[0]["images"][0].size == (120, 90)
    asked = datasets.load_dataset(str(tmp_path / "out"), "tasks", split="train", cache_dir=cache)
    assert (asked[0]["question"], asked[0]["reference"]) == ("How many?", "3")


def test_a_set_that_datasets_saved_is_read_back(run: RunFolder, tmp_path: Path) -> None:
    import datasets

    export_runs(ExportFormat.TRL, [run.folder], tmp_path / "out")
    loaded = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    loaded.save_to_disk(str(tmp_path / "saved"))
    report = import_source(ImportFormat.TRL, tmp_path / "saved", tmp_path / "back")
    assert report.restored == 9
    assert stored(tmp_path / "back") == stored(run.folder)


def test_verl_rows_are_prompts_with_references_and_come_back_as_tasks(
    run: RunFolder, tasks: RunFolder, tmp_path: Path
) -> None:
    import datasets

    report = export_runs(ExportFormat.VERL, [tasks.folder, run.folder], tmp_path / "out")
    assert (report.tasks, report.repeated, report.unreferenced) == (7, 7, 4)
    files = str(tmp_path / "out" / "train.parquet")
    loaded = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(tmp_path / "cache"))
    row = loaded[0]
    assert [message["role"] for message in row["prompt"]] == ["system", "user"]
    assert row["prompt"][1]["content"] == "<image>How many?"
    assert row["images"][0].size == (120, 90)
    assert (row["data_source"], row["agent_name"], row["ability"]) == ("made", "codedance", "visual")
    assert row["reward_model"] == {"style": "rule", "ground_truth": "3"}
    extra = row["extra_info"]
    assert (extra["split"], extra["index"], extra["answer"], extra["question"]) == ("train", 0, "3", "How many?")
    assert extra["need_tools_kwargs"] is False
    assert extra["tools_kwargs"]["execute_python_code"]["create_kwargs"]["image"] is None
    import_source(ImportFormat.VERL, tmp_path / "out", tmp_path / "back")
    back = RunFolder.open(tmp_path / "back")
    assert list(back.tasks()) == [one for one in tasks.tasks() if one.answer is not None]
    assert all(back.load_pictures(one) for one in back.tasks() if one.images)


def test_verl_rows_without_our_record_keep_question_pictures_and_reference(tasks: RunFolder, tmp_path: Path) -> None:
    settings = ExportSettings(record=False, tool_pictures=True)
    export_runs(ExportFormat.VERL, [tasks.folder], tmp_path / "out", settings=settings)
    import_source(ImportFormat.VERL, tmp_path / "out", tmp_path / "back")
    before = [one for one in tasks.tasks() if one.answer is not None]
    after = list(RunFolder.open(tmp_path / "back").tasks())
    assert [(one.question, one.images) for one in after] == [(one.question, one.images) for one in before]
    kinds = [one.answer.kind for one in after if one.answer]
    assert kinds == ["number", "number", "choice", "number", "text", "text", "number"]


def test_tasks_become_prompts_with_a_solution_for_swift_and_trl(tasks: RunFolder, tmp_path: Path) -> None:
    export_runs(ExportFormat.SWIFT, [tasks.folder], tmp_path / "swift")
    row = rows(tmp_path / "swift" / "train.jsonl")[0]
    assert ([one["role"] for one in row["messages"]], row["solution"]) == (["system", "user"], "3")
    export_runs(ExportFormat.TRL, [tasks.folder], tmp_path / "trl", settings=ExportSettings(jsonl=True))
    row = rows(tmp_path / "trl" / "train.jsonl")[0]
    assert (row["prompt"][1]["content"][0], row["solution"]) == ({"type": "image"}, "3")
    for kind in ("swift", "trl"):
        import_source(ImportFormat(kind), tmp_path / kind, tmp_path / f"{kind}-back")
        assert list(RunFolder.open(tmp_path / f"{kind}-back").tasks()) == list(tasks.tasks())


def test_a_folder_that_holds_something_is_left_alone(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(StoreError, match="not empty"):
        export_runs(ExportFormat.SWIFT, [run.folder], tmp_path / "out")
    with pytest.raises(StoreError, match="is no folder"):
        export_runs(ExportFormat.SWIFT, [run.folder], tmp_path / "out" / "mine.txt")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_settings_that_a_format_has_no_use_for_are_refused(run: RunFolder, tasks: RunFolder, tmp_path: Path) -> None:
    for kind, settings, says in (
        (ExportFormat.TRL, ExportSettings(failed_turns_no_loss=True), "swift"),
        (ExportFormat.HF, ExportSettings(jsonl=True), "trl"),
        (ExportFormat.TRL, ExportSettings(absolute=True), "jsonl"),
        (ExportFormat.SWIFT, ExportSettings(tool_pictures=True), "verl"),
    ):
        with pytest.raises(UsageError, match=says):
            export_runs(kind, [run.folder], tmp_path / "out", settings=settings)
    with pytest.raises(UsageError, match="one by one"):
        export_runs(ExportFormat.TRL, [run.folder, tasks.folder], tmp_path / "out")


def test_nothing_to_export_leaves_nothing_behind(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "empty", Manifest(kind="synth"))
    with pytest.raises(DataError, match="neither"):
        export_runs(ExportFormat.HF, [tmp_path / "empty"], tmp_path / "out")
    picture = scene(1)
    unknown = RunFolder.create(tmp_path / "unknown", Manifest(kind="tasks"))
    unknown.add_task(Task(id="a", source="s", question="?", images=(picture.ref,)), {picture.ref.sha256: picture})
    with pytest.raises(DataError, match="reference"):
        export_runs(ExportFormat.VERL, [tmp_path / "unknown"], tmp_path / "out")
    with pytest.raises(StoreError, match="not a run folder"):
        export_runs(ExportFormat.SWIFT, [tmp_path / "nothing"], tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "unknown"]


def test_a_trajectory_without_a_reply_is_left_out_of_training_sets_and_kept_by_hf(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run", Manifest(kind="synth"))
    asked = Task(id="a", source="s", question="?")
    run.add(Trajectory(id="a#0", task=asked, model="m", stop=StopReason.MODEL_FAILED), {})
    text = "<answer>1</answer>"
    said = Turn(text=text, kept_characters=len(text))
    run.add(Trajectory(id="a#1", task=asked, model="m", turns=(said,), answer="1", stop=StopReason.ANSWERED), {})
    for kind, kept in ((ExportFormat.SWIFT, 1), (ExportFormat.TRL, 1), (ExportFormat.HF, 2)):
        report = export_runs(kind, [run.folder], tmp_path / kind.value)
        assert (report.trajectories, report.empty) == (kept, 2 - kept)


def test_a_run_with_a_lost_picture_is_an_error_and_leaves_nothing_behind(tmp_path: Path) -> None:
    run = make_tasks(tmp_path / "run")
    next((tmp_path / "run" / "pictures").rglob("*.png")).unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        export_runs(ExportFormat.TRL, [run.folder], tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


WRITER = """
import sys, time
from pathlib import Path
from codedance.synth.interop import ExportFormat, ExportSettings, export_runs
def tick():
    print("one", flush=True)
    time.sleep(0.2)
export_runs(ExportFormat(sys.argv[3]), [Path(sys.argv[1])], Path(sys.argv[2]), tick=tick)
"""


@pytest.mark.parametrize("kind", ["swift", "hf"])
def test_a_killed_export_leaves_no_folder_and_the_next_one_is_whole(run: RunFolder, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-c", WRITER, str(run.folder), str(out), kind]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.readline()
    with pytest.raises(StoreError, match="another program is writing"):
        export_runs(ExportFormat(kind), [run.folder], out)
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert [path.name for path in tmp_path.iterdir()] == [".out.partial"]
    report = export_runs(ExportFormat(kind), [run.folder], out)
    assert report.trajectories == 9
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert not (out / ".writing").exists()


def test_row_groups_and_shards_stay_small(tmp_path: Path) -> None:
    import datasets
    import pyarrow.parquet as parquet

    shards = ParquetShards(tmp_path, "train", datasets.Features({"n": datasets.Value("int64")}))
    for number in range(600):
        shards.add({"n": number}, size=2 << 20)
    paths = shards.close()
    assert [path.name for path in paths] == [f"train-0000{index}-of-00003.parquet" for index in range(3)]
    assert max(parquet.ParquetFile(path).metadata.row_group(0).num_rows for path in paths) == 16
    assert [row["n"] for path in paths for row in parquet.read_table(path).to_pylist()] == list(range(600))


def test_every_case_ends_as_it_was_meant_to(run: RunFolder) -> None:
    stops = {name: one.stop for name, one in by_id(stored(run.folder)).items()}
    assert len(stops) == len(cases())
    assert [name for name, stop in stops.items() if stop is not StopReason.ANSWERED] == ["lost"]


def test_an_export_larger_than_its_memory_is_streamed(tmp_path: Path) -> None:
    program = (
        "import resource, sys\nfrom pathlib import Path\n"
        "from codedance.synth.interop import ExportFormat, export_runs\n"
        "import datasets, pyarrow.parquet\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "export_runs(ExportFormat.VERL, [Path(sys.argv[1])], Path(sys.argv[2]))\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    noise = Image.frombytes("RGB", (300, 300), Random(0).randbytes(270_000))
    picture = Picture.from_image(noise)
    run = RunFolder.create(tmp_path / "run", Manifest(kind="tasks"))
    run.pictures.add(picture)
    task = Task(id="t", source="s", question="How?", images=(picture.ref,), answer=NumberAnswer(value=1))
    with (tmp_path / "run" / "tasks.jsonl").open("w") as file:
        file.writelines(task.model_copy(update={"id": f"t{n}"}).model_dump_json() + "\n" for n in range(1000))
    command = [sys.executable, "-c", program, str(run.folder), str(tmp_path / "out")]
    grown = int(subprocess.check_output(command, text=True, timeout=100))
    assert grown < 200, f"{grown} MiB for 1000 pictures of 270 kB"
