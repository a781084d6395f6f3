"""The API as OpenAI's own client uses it, and as a client that knows nothing but HTTP and server-sent events."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from httpx_sse import connect_sse
from PIL import Image

from codedance.errors import PictureError
from codedance.imaging import Picture
from codedance.models.scripted import ScriptedModel
from codedance.schema import StopReason, Trajectory
from codedance.serving import ServingSettings
from codedance.serving.refusals import RefusalError
from codedance.serving.requests import read_request, wanted_settings
from codedance.serving.traces import TraceShelf
from codedance.store import Manifest, RunFolder
from tests.serving.house import House, PatientModel, Served, data_url, looking_model, reply

QUESTION = "How large is it?"


def client(served: Served, **more: Any) -> openai.OpenAI:  # noqa: ANN401 - whatever the client takes
    """A client that the server's end closes: left to the garbage collector, its socket may be found first, open."""
    wishes = {"api_key": "none", "max_retries": 0, "timeout": 60, **more}
    return served.clients.enter_context(openai.OpenAI(base_url=f"{served.url}/v1", **wishes))


def messages(*pictures: Picture, text: str = QUESTION) -> Any:  # noqa: ANN401 - the client wants its own types
    parts: list[dict[str, Any]] = [{"type": "text", "text": text}]
    parts += [{"type": "image_url", "image_url": {"url": data_url(one), "detail": "high"}} for one in pictures]
    return [{"role": "user", "content": parts}]


def trajectory(served: Served, name: str) -> Trajectory:
    return Trajectory.model_validate_json(httpx.get(f"{served.url}/v1/traces/{name}").text)


def until(condition: Any, seconds: float = 20) -> None:  # noqa: ANN401
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_the_openai_client_gets_the_answer_the_reasoning_and_the_name_of_the_trace(
    served: Served, picture: Picture
) -> None:
    answer = client(served).chat.completions.create(model="scripted", messages=messages(picture))
    (choice,) = answer.choices
    assert (choice.message.content, choice.finish_reason) == ("64 x 48 pixels", "stop")
    extra = choice.message.model_extra or {}
    assert extra["reasoning_content"].startswith("I look.\n```python\nprint(input_image.size)\n")
    assert "(64, 48)" in extra["reasoning_content"]
    assert extra["codedance"]["turns"] == 2
    told = trajectory(served, extra["codedance"]["trace"])
    assert (told.task.question, told.answer, told.stop) == (QUESTION, "64 x 48 pixels", StopReason.ANSWERED)
    assert told.task.images == (picture.ref,)
    assert answer.usage is not None
    read = sum(turn.prompt_tokens or 0 for turn in told.turns)
    written = sum(turn.completion_tokens or 0 for turn in told.turns)
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (read, written)
    assert answer.usage.total_tokens == read + written


def test_a_stream_tells_thought_code_and_output_before_the_answer(served: Served, picture: Picture) -> None:
    chunks = list(
        client(served).chat.completions.create(
            model="scripted", messages=messages(picture), stream=True, stream_options={"include_usage": True}
        )
    )
    deltas = [(one.choices[0].delta, one.choices[0].finish_reason) for one in chunks if one.choices]
    reasoning = [(delta.model_extra or {}).get("reasoning_content", "") for delta, _ in deltas]
    content = [delta.content or "" for delta, _ in deltas]
    assert "".join(content) == "64 x 48 pixels"
    last_thought = max(index for index, text in enumerate(reasoning) if text)
    assert last_thought < min(index for index, text in enumerate(content) if text)
    whole = client(served).chat.completions.create(model="scripted", messages=messages(picture))
    assert "".join(reasoning) == (whole.choices[0].message.model_extra or {})["reasoning_content"]
    events = [(delta.model_extra or {}).get("codedance", {}).get("type") for delta, _ in deltas]
    turn = ["turn_started", "text", "code_started", "turn_ended"]
    ends = ["turn_started", "text", "turn_ended", "episode_ended"]
    assert [one for one in events if one] == ["episode_started", *turn, *ends, "trace"]
    assert [reason for _, reason in deltas if reason] == ["stop"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage == whole.usage


def test_a_client_of_plain_events_may_do_without_steps_or_have_the_pictures_too(
    served: Served, picture: Picture
) -> None:
    def stream(**wishes: bool) -> list[dict[str, Any]]:
        body = {"model": "scripted", "messages": messages(picture), "stream": True, "codedance": wishes}
        with (
            httpx.Client(timeout=60) as http,
            connect_sse(http, "POST", f"{served.url}/v1/chat/completions", json=body) as source,
        ):
            assert source.response.headers["content-type"].startswith("text/event-stream")
            said = [event.data for event in source.iter_sse()]
        assert said[-1] == "[DONE]"
        return [json.loads(one)["choices"][0]["delta"] for one in said[:-1]]

    quiet = [delta["codedance"]["type"] for delta in stream(events=False) if "codedance" in delta]
    assert quiet == ["episode_started", "trace"]
    (ended,) = [
        delta["codedance"]
        for delta in stream(pictures=True)
        if delta.get("codedance", {}).get("code") and "execution" in delta["codedance"]
    ]
    (shown,) = ended["execution"]["images"]
    assert shown["url"].startswith("data:image/png;base64,")
    assert (shown["width"], shown["height"]) == (5, 4)


def test_a_trace_can_be_had_as_json_as_a_page_and_picture_by_picture(served: Served, picture: Picture) -> None:
    answer = client(served).chat.completions.create(model="scripted", messages=messages(picture))
    name = (answer.choices[0].message.model_extra or {})["codedance"]["trace"]
    base = f"{served.url}/v1/traces/{name}"
    page = httpx.get(f"{base}/page")
    assert "64 x 48 pixels" in page.text
    assert page.headers["content-security-policy"].startswith("sandbox allow-scripts")
    assert httpx.get(f"{base}/pictures/{picture.ref.sha256}").content == picture.data
    told = httpx.get(f"{base}/events").json()
    assert [event["type"] for event in told["events"]] == ["turn_ended", "turn_ended", "episode_ended"]
    assert told["images"][0]["sha256"] == picture.ref.sha256
    for path in (f"{base}x", f"{base}/pictures/{'0' * 64}", f"{served.url}/v1/traces/..%2f..%2fetc%2fpasswd"):
        missing = httpx.get(path)
        assert missing.status_code == 404
        assert missing.json()["error"]["type"] == "not_found_error"


def test_several_answers_are_several_episodes(served: Served, picture: Picture) -> None:
    answer = client(served).chat.completions.create(model="scripted", messages=messages(picture), n=3, seed=5)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    names = [(choice.message.model_extra or {})["codedance"]["trace"] for choice in answer.choices]
    told = [trajectory(served, name) for name in names]
    assert [(one.attempt, one.sampling.seed) for one in told] == [(0, 5), (1, 6), (2, 7)]
    streamed = client(served).chat.completions.create(model="scripted", messages=messages(picture), n=2, stream=True)
    texts = ["", ""]
    for chunk in streamed:
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert texts == ["64 x 48 pixels"] * 2


def test_what_was_said_before_reaches_the_model_with_its_pictures(house: House, make_picture: Any) -> None:  # noqa: ANN401
    first, second = make_picture(8, 8, "red"), make_picture(9, 9, "blue")
    told: Any = [
        {"role": "system", "content": "Answer in one word."},
        {"role": "developer", "content": [{"type": "text", "text": "Be sure."}]},
        *messages(first, text="Which colour?"),
        {"role": "assistant", "content": "red"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "And"},
                {"type": "image_url", "image_url": {"url": data_url(second)}},
                {"type": "text", "text": "this one?"},
            ],
        },
    ]
    model = ScriptedModel([reply("I see.", code="[one.size for one in input_images]"), reply("So.", answer="blue")])
    with house.serve(model) as served:
        answer = client(served).chat.completions.create(model="scripted", messages=told)
        kept = trajectory(served, (answer.choices[0].message.model_extra or {})["codedance"]["trace"])
    assert kept.task.question == (
        "Earlier in this conversation:\nUser: Which colour?\n[picture 1]\nAssistant: red\n\n"
        "Now answer this:\nAnd\n[picture 2]\nthis one?"
    )
    assert kept.task.images == (first.ref, second.ref)
    assert kept.protocol.system_prompt.endswith("\n\nAnswer in one word.\n\nBe sure.")
    assert kept.protocol.system_prompt.startswith("You answer questions about pictures.")
    assert kept.protocol.prompt == ""
    execution = kept.turns[0].execution
    assert execution is not None
    assert execution.value == "[(8, 8), (9, 9)]"


def test_sampling_and_budgets_are_those_of_the_request(served: Served, picture: Picture) -> None:
    answer = client(served).chat.completions.create(
        model="scripted",
        messages=messages(picture),
        temperature=0.7,
        top_p=0.9,
        seed=3,
        max_completion_tokens=500,
        stop=[" pixels"],
        user="somebody",
        extra_body={"codedance": {"max_turns": 4, "max_seconds": 30}},
    )
    assert answer.choices[0].message.content == "64 x 48"
    kept = trajectory(served, (answer.choices[0].message.model_extra or {})["codedance"]["trace"])
    assert (kept.sampling.temperature, kept.sampling.top_p, kept.sampling.seed) == (0.7, 0.9, 3)
    assert (kept.budgets.turns, kept.budgets.tokens, kept.budgets.seconds) == (4, 500, 30.0)
    assert kept.sampling.max_tokens == 500


def test_a_budget_that_is_used_up_ends_with_length_and_no_answer(served: Served, picture: Picture) -> None:
    answer = client(served).chat.completions.create(
        model="scripted", messages=messages(picture), extra_body={"codedance": {"max_turns": 1}}
    )
    (choice,) = answer.choices
    assert (choice.message.content, choice.finish_reason) == ("", "length")
    assert (choice.message.model_extra or {})["codedance"]["stop"] == "max_turns"


@pytest.fixture(scope="module")
def strict(house: House) -> Iterator[Served]:
    """A server with a token and small limits."""
    with house.serve(token="let me in", images=1, image_pixels=100 * 100, body_bytes=200_000, choices=2) as served:
        yield served


REFUSED: dict[str, tuple[dict[str, Any], str | None]] = {
    "tools": ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
    "json": ({"response_format": {"type": "json_object"}}, "response_format"),
    "logprobs": ({"logprobs": True}, "logprobs"),
    "penalty": ({"presence_penalty": 1}, "presence_penalty"),
    "unknown": ({"best_of": 2}, "best_of"),
    "hot": ({"temperature": 3}, "temperature"),
    "text as number": ({"temperature": "hot"}, "temperature"),
    "no answers": ({"n": 0}, "n"),
    "many answers": ({"n": 3}, "n"),
    "too many tokens": ({"max_tokens": 10**9}, "max_tokens"),
    "too many turns": ({"codedance": {"max_turns": 11}}, "codedance.max_turns"),
    "unknown wish": ({"codedance": {"wish": 1}}, "codedance.wish"),
    "endless": ({"codedance": {"max_seconds": float("inf")}}, "codedance.max_seconds"),
    "stops": ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
    "no messages": ({"messages": []}, "messages"),
    "no object": ({"messages": ["hello"]}, "messages[0].role"),
    "role": ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
    "nothing asked": ({"messages": [{"role": "user", "content": " "}]}, "messages"),
    "answer last": ({"messages": [{"role": "assistant", "content": "3"}]}, "messages"),
    "part": ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0].type"),
    "content": ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
    "system picture": (
        {"messages": [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]},
        "messages[0].content[0]",
    ),
    "two pictures": (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}] * 2}]},
        "messages[0].content[1]",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_done_is_refused_by_the_name_of_its_field(case: str, strict: Served, picture: Picture) -> None:
    fields, param = REFUSED[case]
    body = {"model": "scripted", "messages": messages(picture), **fields}
    answer = httpx.post(
        f"{strict.url}/v1/chat/completions",
        content=json.dumps(body),
        headers={"Authorization": "Bearer let me in", "Content-Type": "application/json"},
    )
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert "\n" not in error["message"]


PICTURES = {
    "data:image/png;base64,AAAA": "not a picture",
    "data:image/png;base64,@@": "not in base64",
    "data:text/html;base64,AAAA": "begins with data:image",
    "data:image/png": "begins with data:image",
    "data:image/png;base64,": "empty",
    "https://example.org/x.png": "fetches no addresses .*--allow-remote-images.*data:image/png;base64,",
    "file:///etc/passwd": "only data URLs and addresses of the web are read",
    "": "its URL is empty.*data:image/png;base64,",
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB": "put data:image/png;base64, in front",
}


@pytest.mark.parametrize("url", PICTURES)
def test_what_is_no_picture_is_refused(url: str, strict: Served) -> None:
    content: Any = [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": url}}]
    with pytest.raises(openai.BadRequestError, match=PICTURES[url]):
        client(strict, api_key="let me in").chat.completions.create(
            model="scripted",
            messages=[{"role": "user", "content": content}],
        )


def test_limits_are_told_as_they_are_documented() -> None:
    settings = ServingSettings()
    with pytest.raises(PictureError, match=r"6000x5000 pixels is too large \(at most 25 megapixels"):
        Picture.from_bytes(Picture.from_image(Image.new("L", (6000, 5000))).data, max_pixels=settings.image_pixels)
    request = read_request(b'{"model": "m", "messages": [{}], "max_tokens": 1000000000}', settings)
    with pytest.raises(RefusalError, match=r"^max_tokens: at most 20480 here, 1000000000 were asked for$"):
        wanted_settings(request, settings.episode)
    request = read_request(b'{"model": "m", "messages": [{}], "max_tokens": 1' + b"0" * 400 + b"}", settings)
    with pytest.raises(RefusalError, match=r"1000000000000000\.\.\. were asked for$"):
        wanted_settings(request, settings.episode)


def test_a_picture_over_the_limit_is_refused_before_it_is_decoded(strict: Served, make_picture: Any) -> None:  # noqa: ANN401
    with pytest.raises(openai.BadRequestError, match="101x100 pixels is too large"):
        client(strict, api_key="let me in").chat.completions.create(
            model="scripted", messages=messages(make_picture(101, 100))
        )


def test_the_token_the_model_and_the_path_are_checked(strict: Served, picture: Picture) -> None:
    with pytest.raises(openai.AuthenticationError, match="send the token"):
        client(strict, api_key="wrong").chat.completions.create(model="scripted", messages=messages(picture))
    with pytest.raises(openai.AuthenticationError):
        client(strict, api_key="wrong").models.list()
    known = client(strict, api_key="let me in")
    assert [model.id for model in known.models.list()] == ["scripted"]
    assert known.models.retrieve("scripted").owned_by == "codedance"
    with pytest.raises(openai.NotFoundError, match="there is no model 'gpt-4o' here; there is scripted"):
        known.chat.completions.create(model="gpt-4o", messages=messages(picture))
    with pytest.raises(openai.NotFoundError, match="/v1/embeddings"):
        known.embeddings.create(model="scripted", input="x")
    headers = {"Authorization": "Bearer let me in"}
    refused = httpx.get(f"{strict.url}/v1/chat/completions", headers=headers)
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert refused.json()["error"]["code"] == "method_not_allowed"
    assert refused.json()["error"]["message"] == "/v1/chat/completions does not take GET; use POST"
    assert httpx.get(f"{strict.url}/health").json() == {"status": "ok"}


def test_a_full_queue_sends_clients_away_and_says_when_to_come_back(house: House, picture: Picture) -> None:
    model = PatientModel()
    with house.serve(model, running=1, waiting=1) as served:
        first = client(served).chat.completions.create(model="patient", messages=messages(picture), stream=True)
        until(lambda: model.begun == 1)
        second = client(served).chat.completions.create(model="patient", messages=messages(picture), stream=True)
        until(lambda: served.service.queue.admitted == 2)
        with pytest.raises(openai.RateLimitError) as refused:
            client(served).chat.completions.create(model="patient", messages=messages(picture))
        assert int(refused.value.response.headers["retry-after"]) >= 1
        assert refused.value.code == "queue_full"
        assert model.begun == 1
        model.go_on = True
        for stream in (first, second):
            assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "done"
        until(lambda: served.service.queue.admitted == 0)
        metrics = httpx.get(f"{served.url}/metrics").text
    assert 'codedance_serve_episodes_total{stop="answered"} 2.0' in metrics
    assert "codedance_serve_refused 1.0" in metrics


def test_who_waits_too_long_is_told_so(house: House, picture: Picture) -> None:
    model = PatientModel()
    with house.serve(model, running=1, waiting_seconds=0.2) as served:
        first = client(served).chat.completions.create(model="patient", messages=messages(picture), stream=True)
        until(lambda: model.begun == 1)
        with pytest.raises(openai.RateLimitError, match="waited"):
            client(served).chat.completions.create(model="patient", messages=messages(picture))
        waiting = client(served).chat.completions.create(model="patient", messages=messages(picture), stream=True)
        with pytest.raises(openai.APIError, match="waited"):
            list(waiting)
        first.close()
        until(lambda: model.cancelled == 1)


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_ends_its_episode(stream: bool, house: House, picture: Picture) -> None:
    model = PatientModel()
    with house.serve(model) as served:
        body = {"model": "patient", "messages": messages(picture), "stream": stream}
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{served.url}/v1/chat/completions", json=body, timeout=httpx.Timeout(20, read=1.0))
        until(lambda: model.cancelled == 1)
        until(lambda: served.service.queue.admitted == 0)
        assert served.service.queue.running == 0
        assert len(served.service.shelf) == 0


def test_a_model_that_fails_is_a_bad_gateway(house: House, picture: Picture) -> None:
    with house.serve(ScriptedModel([reply("I look.", code="1")])) as served:
        with pytest.raises(openai.InternalServerError, match="the script ends") as failed:
            client(served).chat.completions.create(model="scripted", messages=messages(picture))
        assert (failed.value.status_code, failed.value.code) == (502, "model_failed")
        with pytest.raises(openai.APIError, match="the script ends"):
            list(client(served).chat.completions.create(model="scripted", messages=messages(picture), stream=True))


def test_the_shelf_keeps_the_newest_and_the_run_folder_all(house: House, picture: Picture, tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run", Manifest(kind="serve"))
    shelf = TraceShelf(most=2, most_bytes=1 << 20, run=run)
    with house.serve(looking_model(), shelf=shelf) as served:
        names = []
        for _ in range(3):
            answer = client(served).chat.completions.create(model="scripted", messages=messages(picture))
            names.append((answer.choices[0].message.model_extra or {})["codedance"]["trace"])
        states = [httpx.get(f"{served.url}/v1/traces/{name}").status_code for name in names]
    assert states == [404, 200, 200]
    stored = list(RunFolder.open(tmp_path / "run").trajectories())
    assert [one.answer for one in stored] == ["64 x 48 pixels"] * 3
    assert len({one.id for one in stored}) == 3
    tight = TraceShelf(most=9, most_bytes=10)
    with house.serve(looking_model(), shelf=tight) as served:
        client(served).chat.completions.create(model="scripted", messages=messages(picture))
        assert (len(tight), tight.size) == (0, 0)
