"""Imports read the published columns, and no row is fatal."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from codedance.errors import DataError, StoreError
from codedance.imaging import Picture
from codedance.protocol import Role, conversation
from codedance.schema import ChoiceAnswer, CodeFormat, NumberAnswer, StopReason, Task, TextAnswer, Trajectory
from codedance.store import RecordFile, RunFolder
from codedance.synth.interop import ExportFormat, ImportFormat, Rejected, export_runs, import_source
from codedance.synth.interop.cells import PictureReader
from codedance.synth.interop.contract import RowFault, UnreadableRowError
from codedance.synth.interop.rows import RowReader
from tests.synth.conftest import Command
from tests.synth.made_runs import jpeg, scene

CODE = "<think>Look.</think>\n<code>\n```python\nprint(1)\n```\n</code>"
ANSWER = "<think>Seen.</think>\n<answer>7</answer>"
FEEDBACK = "<tool_response>\n1\n<image>\n</tool_response>"
SYSTEM = "You are a helpful assistant."


def message(role: str, content: object) -> dict[str, Any]:
    return {"role": role, "content": content}


def chat(*more: dict[str, Any]) -> list[dict[str, Any]]:
    return [message("system", SYSTEM), message("user", "<image>\nHow many?"), *more]


def write_lines(path: Path, rows: Sequence[object]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return path


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=2)
    return path


def read(kind: str, source: Path, out: Path) -> RunFolder:
    import_source(ImportFormat(kind), source, out)
    return RunFolder.open(out)


def rejected(out: Path) -> list[tuple[int, RowFault]]:
    return [(one.row, one.fault) for one in RecordFile(out / "rejected.jsonl", Rejected)]


def test_the_published_trajectories_are_read_from_parquet_with_raw_bytes(tmp_path: Path) -> None:
    pictures = [jpeg(1), scene(2)]
    row = {
        "messages": chat(message("assistant", CODE), message("user", FEEDBACK), message("assistant", ANSWER)),
        "images": [picture.data for picture in pictures],
    }
    run = read("codedance-sft", write_parquet(tmp_path / "train-00000.parquet", [row] * 3), tmp_path / "run")
    first, *_ = trajectories = list(run.trajectories())
    assert [one.id for one in trajectories] == [f"codedance-sft/{row}#0" for row in range(3)]
    assert (first.task.question, first.task.images) == ("\nHow many?", (pictures[0].ref,))
    assert (first.answer, first.stop, first.protocol.system_prompt) == ("7", StopReason.ANSWERED, SYSTEM)
    code, last = first.turns
    assert (code.text, code.code, code.execution) == (CODE, "print(1)", None)
    assert code.observation is not None
    assert (code.observation.text, code.observation.images) == ("1\n", (pictures[1].ref,))
    assert last.observation is None
    assert run.load_pictures(first)[pictures[0].ref.sha256].data == pictures[0].data


def test_feedback_without_an_execution_still_has_the_role_of_a_tool(tmp_path: Path) -> None:
    row = {
        "messages": chat(message("assistant", CODE), message("user", FEEDBACK)),
        "images": [scene(1).data, scene(2).data],
    }
    run = read("codedance-sft", write_parquet(tmp_path / "t.parquet", [row]), tmp_path / "run")
    (one,) = run.trajectories()
    messages = conversation(one.task, one.turns, one.protocol, pictures=run.load_pictures(one))
    assert [said.role for said in messages] == [Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.TOOL]
    assert one.stop is StopReason.MAX_TURNS
    export_runs(ExportFormat.SWIFT, [run.folder], tmp_path / "swift")
    again = read("swift", tmp_path / "swift" / "train.jsonl", tmp_path / "again")
    assert list(again.trajectories()) == [one]


def test_conversations_of_sharegpt_form_are_read_too(tmp_path: Path) -> None:
    said = [
        {"from": "human", "value": "<image>Which letter?"},
        {"from": "gpt", "value": "I call it."},
        {"from": "function_call", "value": json.dumps({"name": "execute_python_code", "arguments": {"code": "1+1"}})},
        {"from": "observation", "value": "2"},
        {"from": "gpt", "value": "<answer>B</answer>"},
    ]
    (tmp_path / "a.png").write_bytes(scene(1).data)
    row = {"conversations": said, "images": ["a.png"], "system": SYSTEM}
    (one,) = read("swift", write_lines(tmp_path / "train.jsonl", [row]), tmp_path / "run").trajectories()
    assert one.turns[0].code == "1+1"
    assert one.turns[0].text.startswith("I call it.\n<tool_call>")
    assert (one.protocol.code_format, one.protocol.system_prompt) == (CodeFormat.TOOL_CALL, SYSTEM)
    assert (one.answer, one.turns[0].observation and one.turns[0].observation.text) == ("B", "2")


def test_a_json_list_and_native_tool_calls_are_read(tmp_path: Path) -> None:
    call = {"function": {"name": "execute_python_code", "arguments": '{"code": "print(2)"}'}}
    said = [message("user", "Compute."), {"role": "assistant", "content": "So.", "tool_calls": [call]}]
    said += [message("tool", "2"), message("assistant", "<answer>2</answer>")]
    (tmp_path / "all.json").write_text(json.dumps([{"messages": said}]))
    (one,) = read("swift", tmp_path / "all.json", tmp_path / "run").trajectories()
    assert (one.turns[0].code, one.answer) == ("print(2)", "2")


def test_the_published_prompts_are_read_as_tasks(tmp_path: Path) -> None:
    first = scene(1)
    rows = [
        {
            "data_source": "pixmo",
            name: chat(),
            "images": [first.data],
            "ability": "counting",
            "reward_model": {"style": "rule", "ground_truth": truth},
            "extra_info": {
                "split": "train",
                "index": index,
                "answer": truth,
                "question": "<image>How many birds?",
                "need_tools_kwargs": True,
                "tools_kwargs": {
                    "execute_python_code": {"create_kwargs": {"image": {"bytes": first.data, "path": None}}}
                },
            },
        }
        for index, (name, truth) in enumerate([("messages", "7"), ("messages", "seven birds")])
    ]
    run = read("codedance-rl", write_parquet(tmp_path / "rl.parquet", rows), tmp_path / "run")
    one, two = run.tasks()
    assert (one.question, one.images, one.source) == ("How many birds?", (first.ref,), "codedance-rl")
    assert (one.answer, two.answer) == (NumberAnswer(value=7), TextAnswer(accepted=("seven birds",)))
    assert (one.meta["data_source"], one.meta["ability"], one.meta["index"]) == ("pixmo", "counting", 0)
    assert list(run.trajectories()) == []


def test_deepeyes_prompts_are_read_with_structs_of_bytes(tmp_path: Path) -> None:
    rows = [
        {
            "data_source": "vstar",
            "prompt": [
                message("system", "Use image_zoom_in_tool."),
                message("user", "<image>\nWhich?\n(A) cat (B) dog "),
            ],
            "images": [{"bytes": jpeg(4).data, "path": None}],
            "ability": "vl_chart",
            "env_name": "visual_toolbox_v2",
            "reward_model": {"style": "model", "ground_truth": "B"},
            "extra_info": {"answer": "B", "index": "3", "question": "", "split": "train"},
        }
    ]
    (one,) = read("deepeyes", write_parquet(tmp_path / "data.parquet", rows), tmp_path / "run").tasks()
    assert (one.images, one.meta["env_name"]) == ((jpeg(4).ref,), "visual_toolbox_v2")
    assert one.answer == ChoiceAnswer(letter="B")
    assert one.question.strip().startswith("Which?")


def bad_rows() -> list[tuple[object, RowFault]]:
    good = base64.b64encode(scene(1).data).decode()
    url = f"data:image/png;base64,{good}"
    ask, say = message("user", "<image>Q?"), message("assistant", ANSWER)
    return [
        ([1, 2], RowFault.NOT_A_ROW),
        ({"text": "hello"}, RowFault.NO_MESSAGES),
        ({"messages": []}, RowFault.NO_MESSAGES),
        ({"messages": "[{]"}, RowFault.NO_MESSAGES),
        ({"messages": ["a"]}, RowFault.CONTENT),
        ({"messages": [message("wizard", "?")]}, RowFault.ROLES),
        ({"messages": [say]}, RowFault.ROLES),
        ({"messages": [message("user", "Q?"), message("user", "Q?"), say]}, RowFault.ROLES),
        ({"messages": [message("user", 7), say]}, RowFault.CONTENT),
        ({"messages": [message("user", [{"type": "video"}]), say]}, RowFault.CONTENT),
        ({}, RowFault.NO_MESSAGES),
        ({"messages": [message("user", "<image> "), say], "images": [url]}, RowFault.NO_QUESTION),
        ({"messages": [message("user", "<image><image>Q?"), say], "images": [url]}, RowFault.PLACEHOLDERS),
        ({"messages": [ask, say], "images": ["missing.png"]}, RowFault.PICTURE_MISSING),
        ({"messages": [ask, say], "images": ["https://example.org/a.png"]}, RowFault.PICTURE_MISSING),
        ({"messages": [ask, say], "images": [None]}, RowFault.PICTURE_MISSING),
        ({"messages": [ask, say], "images": ["/dev/zero"]}, RowFault.PICTURE_MISSING),
        ({"messages": [ask, say], "images": [url[:-40]]}, RowFault.PICTURE_BROKEN),
        ({"messages": [ask, say], "images": ["data:image/png;base64,!!"]}, RowFault.PICTURE_BROKEN),
        ({"messages": [ask, say, message("user", "More?"), say], "images": [url]}, RowFault.AFTER_ANSWER),
        ({"messages": [ask, say, message("user", "Thanks.")], "images": [url]}, RowFault.AFTER_ANSWER),
        (
            {"messages": [ask, message("assistant", [{"type": "image"}])], "images": [url, url]},
            RowFault.PICTURE_IN_REPLY,
        ),
        ({"messages": [ask, say], "images": [url], "codedance": "{}"}, RowFault.RECORD),
        ({"messages": [ask, say], "images": [url], "codedance": '{"task": {"id": ""}}'}, RowFault.RECORD),
        ({"messages": [ask, say], "images": [], "codedance": _record_with_picture()}, RowFault.RECORD),
    ]


def _record_with_picture() -> str:
    task = Task(id="a", source="s", question="?", images=(scene(1).ref,))
    return json.dumps({"task": task.model_dump(mode="json")})


def test_rows_that_cannot_be_read_are_counted_and_listed(tmp_path: Path) -> None:
    bad = bad_rows()
    good = {"messages": [message("user", "What is <image>?"), message("assistant", ANSWER)]}
    source = write_lines(tmp_path / "rows.jsonl", [*(row for row, _ in bad), good])
    with source.open("ab") as file:
        file.write(b'{"messages": [\n\xff\xfe\n{"messages": ' + b"[" * 100_000 + b"\n")
    report = import_source(ImportFormat.SWIFT, source, tmp_path / "run")
    faults = [fault for _, fault in bad]
    assert rejected(tmp_path / "run")[: len(bad)] == list(enumerate(faults))
    assert [fault for _, fault in rejected(tmp_path / "run")[len(bad) :]] == [RowFault.NOT_A_ROW] * 3
    assert (report.rows, report.trajectories) == (len(bad) + 4, 1)
    assert sum(report.rejected.values()) == len(bad) + 3
    (one,) = RunFolder.open(tmp_path / "run").trajectories()
    assert one.task.question == "What is <image>?", "a row without pictures means the word"


def test_pictures_without_a_place_go_before_the_question_and_moved_ones_are_counted(tmp_path: Path) -> None:
    for name, number in (("a.png", 1), ("b.png", 2)):
        (tmp_path / name).write_bytes(scene(number).data)
    rows = [
        {"messages": [message("user", "Q?"), message("assistant", ANSWER)], "images": ["a.png", "b.png"]},
        {
            "messages": [message("user", "Is <image> like <image>?"), message("assistant", ANSWER)],
            "images": ["a.png", "b.png"],
        },
    ]
    report = import_source(ImportFormat.SWIFT, write_lines(tmp_path / "t.jsonl", rows), tmp_path / "run")
    first, second = RunFolder.open(tmp_path / "run").trajectories()
    assert first.task.images == second.task.images == (scene(1).ref, scene(2).ref)
    assert second.task.question == "Is  like ?"
    assert report.moved == 1


def test_odd_pictures_are_decoded_under_the_limits(tmp_path: Path) -> None:
    grey = io.BytesIO()
    Image.new("LA", (5, 4), (9, 128)).save(grey, "PNG")
    bomb = io.BytesIO()
    Image.new("1", (9_000, 8_000)).save(bomb, "PNG")
    ask = [message("user", "<image>Q?"), message("assistant", ANSWER)]
    rows = [{"messages": ask, "images": [data.getvalue()]} for data in (grey, bomb)]
    run = read("codedance-sft", write_parquet(tmp_path / "t.parquet", rows), tmp_path / "run")
    (one,) = run.trajectories()
    assert run.load_pictures(one)[one.task.images[0].sha256].to_image().mode == "RGB"
    assert rejected(run.folder) == [(1, RowFault.PICTURE_BROKEN)]


def test_a_broken_file_among_good_ones_costs_only_its_rows(tmp_path: Path) -> None:
    row = {"messages": chat(message("assistant", ANSWER)), "images": [scene(1).data]}
    folder = tmp_path / "set" / "data"
    folder.mkdir(parents=True)
    for name in ("a", "c"):
        write_parquet(folder / f"{name}.parquet", [row])
    (folder / "b.parquet").write_bytes((folder / "a.parquet").read_bytes()[:500])
    run = read("codedance-sft", tmp_path / "set", tmp_path / "run")
    assert len(list(run.trajectories())) == 2
    assert rejected(run.folder) == [(1, RowFault.FILE)]


def test_a_source_without_anything_to_read_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    write_lines(tmp_path / "bad.jsonl", [{"a": 1}])
    (tmp_path / "none.jsonl").write_text("\n")
    for source, says in (
        ("empty", "holds no file"),
        ("notes.txt", "is none of"),
        ("missing", "no such file"),
        ("bad.jsonl", "none of 1 rows"),
        ("none.jsonl", "holds no rows"),
    ):
        with pytest.raises(DataError, match=says):
            import_source(ImportFormat.SWIFT, tmp_path / source, tmp_path / f"run-{source}")


def test_a_changed_source_is_not_gone_on_with(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "t.jsonl", [{"messages": [message("user", "Q?"), message("assistant", ANSWER)]}])
    import_source(ImportFormat.SWIFT, source, tmp_path / "run")
    source.write_text(source.read_text() * 2)
    with pytest.raises(StoreError, match="files"):
        import_source(ImportFormat.SWIFT, source, tmp_path / "run")


READER = """
import sys, time
from pathlib import Path
from codedance.synth.interop import ImportFormat, import_source
def tick():
    print("one", flush=True)
    time.sleep(0.02)
print(import_source(ImportFormat.SWIFT, Path(sys.argv[1]), Path(sys.argv[2]), tick=tick).model_dump_json())
"""


def test_a_killed_import_goes_on_to_the_same_result(tmp_path: Path) -> None:
    good = {"messages": [message("user", "Q?"), message("assistant", ANSWER)]}
    source = write_lines(tmp_path / "t.jsonl", [good, {"a": 1}] * 20)
    command = [sys.executable, "-c", READER, str(source), str(tmp_path / "run")]
    for _ in range(3):
        reader = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert reader.stdout is not None
        for _ in range(5):
            reader.stdout.readline()
        os.kill(reader.pid, signal.SIGKILL)
        reader.wait()
        reader.stdout.close()
    report = import_source(ImportFormat.SWIFT, source, tmp_path / "run")
    whole = import_source(ImportFormat.SWIFT, source, tmp_path / "whole")
    assert report == whole
    assert list(RunFolder.open(tmp_path / "run").trajectories()) == list(
        RunFolder.open(tmp_path / "whole").trajectories()
    )
    assert rejected(tmp_path / "run") == rejected(tmp_path / "whole")


def test_limit_reads_the_first_rows_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    good = {"messages": [message("user", "Q?"), message("assistant", ANSWER)]}
    source = write_lines(tmp_path / "t.jsonl", [good] * 5)
    assert import_source(ImportFormat.SWIFT, source, tmp_path / "run", limit=2).rows == 2
    assert import_source(ImportFormat.SWIFT, source, tmp_path / "run").rows == 5


def test_the_command_says_what_it_read_and_what_it_could_not(tmp_path: Path, codedance: Command) -> None:
    within = chat(message("assistant", ANSWER))
    within[1] = message("user", "Look: <image> How many?")
    (tmp_path / "p.png").write_bytes(scene(1).data)
    rows = [{"messages": within, "images": ["p.png"]}, {"a": 1}, {"messages": chat()[:1]}]
    source = write_lines(tmp_path / "t.jsonl", rows)
    done = codedance("import", "swift", source, "--out", tmp_path / "run")
    assert (done.code, done.error) == (0, "")
    first, second, moved, *faults = done.output.splitlines()
    assert first == f"1 trajectories, 0 tasks from 3 rows: {tmp_path / 'run'}"
    assert second == "1 trajectories end with an answer, 0 rows held our own record"
    assert moved.startswith("1 questions had pictures within the text")
    assert len(faults) == len({fault for _, fault in rejected(tmp_path / "run")})
    told = codedance("import", "swift", source, "--out", tmp_path / "run", "--json")
    assert json.loads(told.output)["trajectories"] == 1
    unknown = codedance("import", "swfit", source, "--out", tmp_path / "other")
    assert unknown.code == 2
    assert "swfit: there is no such format; choose codedance-sft," in unknown.error
    assert not (tmp_path / "other").exists()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=12) | st.binary(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "from", "value", "type", "text", "image", "bytes", "path", "tool_calls"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
ROW = st.dictionaries(
    st.sampled_from(["messages", "conversations", "prompt", "images", "image", "system", "codedance", "extra_info"]),
    JSON,
    max_size=5,
)
SPEAKERS = st.sampled_from(["system", "user", "assistant", "tool", "tool_call", "human", "gpt", "observation"])
SAID = st.sampled_from([CODE, ANSWER, FEEDBACK, "<image>Q?", "Hm.", "\ud800", ""]) | st.text(max_size=10)
CHAT = st.fixed_dictionaries(
    {"messages": st.lists(st.fixed_dictionaries({"role": SPEAKERS, "content": SAID}), max_size=6)},
    optional={"images": st.lists(st.just(scene(1).data), max_size=2), "solution": st.text(max_size=5) | st.floats()},
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(row=ROW | CHAT)
def test_any_row_is_read_or_refused(tmp_path: Path, row: dict[str, Any]) -> None:
    reader = RowReader("fuzz", PictureReader(tmp_path), escaped=True, use_record=True)
    try:
        sample = reader.read(row, 0)
    except UnreadableRowError:
        return
    record = type(sample.record).model_validate_json(sample.record.model_dump_json())
    assert record == sample.record
    if isinstance(sample.record, Trajectory):
        conversation(sample.record.task, sample.record.turns, sample.record.protocol, pictures=sample.pictures)


def test_a_picture_of_a_record_must_come_byte_for_byte(tmp_path: Path) -> None:
    saved = io.BytesIO()
    scene(1).to_image().save(saved, "PNG")
    other = Picture.from_bytes(saved.getvalue())
    assert other.ref != scene(1).ref, "the same pixels in another file"
    row = {"codedance": _record_with_picture(), "images": [{"bytes": other.data, "path": None}]}
    source = write_parquet(tmp_path / "t.parquet", [row])
    with pytest.raises(DataError, match="record"):
        import_source(ImportFormat.HF, source, tmp_path / "run")
    (one,) = RecordFile(tmp_path / "run" / "rejected.jsonl", Rejected)
    assert "--plain" in one.detail
