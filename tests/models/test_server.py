"""``server:`` against a server that misbehaves in every way that servers do."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator

import anyio
import pytest

from codedance.errors import (
    ModelAccessError,
    ModelContextFullError,
    ModelError,
    ModelNotFoundError,
    ModelReplyError,
    ModelUnreachableError,
)
from codedance.imaging import Picture
from codedance.models.server import ServerModel, ServerSettings
from codedance.protocol import ChatMessage, CodeAction, Role, parse_reply, render_reply
from codedance.schema import CodeFormat, FinishReason, Sampling
from tests.models.faulty_server import FaultyServer, serve

pytestmark = pytest.mark.anyio

QUESTION = [ChatMessage(Role.USER, ("How many?",))]
STOP = ("</code>", "</answer>")
QUICK = ServerSettings(first_wait_seconds=0.01, read_seconds=5, retries=2)


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with serve() as server:
        yield server


@pytest.fixture
async def model(server: FaultyServer) -> AsyncIterator[ServerModel]:
    model = ServerModel("m", base_url=server.url, api_key="sk-test", settings=QUICK)
    yield model
    await model.close()


async def test_a_reply_comes_back_with_its_stripped_tag_and_its_counts(
    server: FaultyServer, model: ServerModel
) -> None:
    completion = await model.complete(QUESTION, Sampling(max_tokens=9, seed=3), stop=STOP)
    assert completion.text == "<think>x</think><answer>7</answer>"
    assert (completion.prompt_tokens, completion.completion_tokens) == (11, 5)
    assert completion.finish is FinishReason.STOP
    request = server.requests[0]
    assert (request["model"], request["max_tokens"], request["seed"]) == ("m", 9, 3)
    assert request["stop"] == list(STOP)
    assert server.keys == ["Bearer sk-test"]


async def test_text_streams_when_somebody_watches(server: FaultyServer, model: ServerModel) -> None:
    pieces: list[str] = []
    completion = await model.complete(QUESTION, Sampling(), stop=STOP, on_text=pieces.append)
    assert completion.text == "<think>x</think><answer>7</answer>"
    assert "".join(pieces) == server.text
    assert completion.completion_tokens == 5


async def test_pictures_go_as_data_urls_in_their_place(
    server: FaultyServer, model: ServerModel, picture: Picture
) -> None:
    messages = [
        ChatMessage(Role.SYSTEM, ("Be brief.",)),
        ChatMessage(Role.USER, (picture, "How many?")),
        ChatMessage(Role.ASSISTANT, ("<code>1</code>",)),
        ChatMessage(Role.TOOL, ("before", picture, "after")),
    ]
    await model.complete(messages, Sampling())
    sent = server.requests[0]["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "user"]
    assert [part["type"] for part in sent[1]["content"]] == ["image_url", "text"]
    url = sent[1]["content"][0]["image_url"]["url"]
    assert base64.b64decode(url.removeprefix("data:image/png;base64,")) == picture.data
    assert [part.get("text") for part in sent[3]["content"]] == [
        "<tool_response>\n", "before", None, "after", "\n</tool_response>"
    ]  # fmt: skip


@pytest.mark.parametrize("faults", [["429"], ["500", "503"], ["hangup"], ["502", "429"]])
async def test_passing_faults_are_retried(server: FaultyServer, model: ServerModel, faults: list[str]) -> None:
    server.faults = list(faults)
    assert (await model.complete(QUESTION, Sampling(), stop=STOP)).text.endswith("</answer>")
    assert len(server.requests) == len(faults) + 1


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        ("401 bad key", ModelAccessError, "CODEDANCE_API_KEY"),
        ("403 not for you", ModelAccessError, "not for you"),
        ("404 no model m", ModelNotFoundError, "no model 'm'"),
        ("400 This model's maximum context length is 10 tokens", ModelContextFullError, "maximum context length"),
        ("400 bad temperature", ModelReplyError, "bad temperature"),
        ("422 wrong", ModelReplyError, "422"),
        ("html", ModelReplyError, "/v1"),
        ("half", ModelReplyError, "127.0.0.1"),
        ("empty", ModelReplyError, "reply"),
        ("nothing", ModelReplyError, "no message"),
        ("huge", ModelReplyError, "characters"),
    ],
)
async def test_what_will_not_pass_is_not_retried_and_says_what_to_do(
    server: FaultyServer, model: ServerModel, fault: str, error: type[ModelError], says: str
) -> None:
    server.faults = [fault]
    with pytest.raises(error, match=says) as caught:
        await model.complete(QUESTION, Sampling())
    assert len(server.requests) == 1
    assert "\n" not in str(caught.value)
    assert "sk-test" not in str(caught.value)


async def test_a_server_that_keeps_failing_is_given_up(server: FaultyServer, model: ServerModel) -> None:
    server.faults = ["503 busy"] * 9
    with pytest.raises(ModelUnreachableError, match="503"):
        await model.complete(QUESTION, Sampling())
    assert len(server.requests) == 1 + QUICK.retries


async def test_a_server_that_does_not_answer_in_time_is_given_up(server: FaultyServer) -> None:
    server.faults = ["slow 2"] * 2
    settings = ServerSettings(read_seconds=0.2, retries=1, first_wait_seconds=0.01)
    model = ServerModel("m", base_url=server.url, settings=settings)
    with pytest.raises(ModelUnreachableError, match="in time"):
        await model.complete(QUESTION, Sampling())
    await model.close()


async def test_an_unreachable_server_names_its_url() -> None:
    model = ServerModel("m", base_url="http://127.0.0.1:9/v1", settings=QUICK)
    with pytest.raises(ModelUnreachableError, match=r"127\.0\.0\.1:9.*running"):
        await model.complete(QUESTION, Sampling())
    await model.close()


async def test_a_url_without_its_version_is_explained(server: FaultyServer) -> None:
    model = ServerModel("m", base_url=server.url.removesuffix("/v1"), settings=QUICK)
    with pytest.raises(ModelNotFoundError, match="/v1"):
        await model.complete(QUESTION, Sampling())
    await model.close()


async def test_a_stream_that_breaks_off_is_an_error(server: FaultyServer, model: ServerModel) -> None:
    server.faults = ["cut"]
    with pytest.raises(ModelReplyError):
        await model.complete(QUESTION, Sampling(), on_text=lambda _: None)


async def test_a_cut_reply_is_told_and_gets_no_tag(server: FaultyServer, model: ServerModel) -> None:
    server.finish = "length"
    completion = await model.complete(QUESTION, Sampling(), stop=STOP)
    assert completion.finish is FinishReason.LENGTH
    assert completion.text == server.text


async def test_an_empty_message_is_an_empty_reply(server: FaultyServer, model: ServerModel) -> None:
    server.text = ""
    assert (await model.complete(QUESTION, Sampling(), stop=STOP)).text == ""


async def test_reasoning_apart_from_the_text_becomes_a_thought(server: FaultyServer, model: ServerModel) -> None:
    server.text, server.message = "<answer>7", {"reasoning_content": "Count them."}
    completion = await model.complete(QUESTION, Sampling(), stop=STOP)
    assert completion.text == "<think>Count them.</think>\n<answer>7</answer>"


async def test_the_newer_name_of_the_token_limit_is_learned(server: FaultyServer, model: ServerModel) -> None:
    server.faults = ["400 Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."]
    await model.complete(QUESTION, Sampling(max_tokens=8))
    await model.complete(QUESTION, Sampling(max_tokens=8))
    assert [request.get("max_completion_tokens") for request in server.requests] == [None, 8, 8]


async def test_native_tool_calls_become_wire_text_and_go_back_as_calls(server: FaultyServer, picture: Picture) -> None:
    model = ServerModel("m", base_url=server.url, native_tools=True, settings=QUICK)
    call = {"id": "c", "type": "function", "function": {"name": "execute_python_code", "arguments": '{"code": "1"}'}}
    server.text, server.message, server.finish = "Look.", {"tool_calls": [call]}, "tool_calls"
    completion = await model.complete(QUESTION, Sampling())
    assert parse_reply(completion.text).action == CodeAction("1", CodeFormat.TOOL_CALL)
    reply = render_reply("Look.", CodeAction("print(2)", CodeFormat.TOOL_CALL))
    history = [*QUESTION, ChatMessage(Role.ASSISTANT, (reply,)), ChatMessage(Role.TOOL, ("2", picture))]
    await model.complete(history, Sampling())
    await model.close()
    sent = server.requests[1]["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "tool", "user"]
    assert sent[1]["tool_calls"][0]["function"]["arguments"] == '{"code": "print(2)"}'
    assert sent[2]["content"] == "2"
    assert sent[2]["tool_call_id"] == sent[1]["tool_calls"][0]["id"]
    assert sent[3]["content"][1]["type"] == "image_url"
    assert server.requests[1]["tools"][0]["function"]["name"] == "execute_python_code"


async def test_a_call_with_broken_arguments_is_a_fault_of_form_not_of_ours(server: FaultyServer) -> None:
    model = ServerModel("m", base_url=server.url, native_tools=True, settings=QUICK)
    call = {"id": "c", "type": "function", "function": {"name": "execute_python_code", "arguments": '{"code": '}}
    server.text, server.message = "", {"tool_calls": [call]}
    assert parse_reply((await model.complete(QUESTION, Sampling())).text).action is None
    await model.close()


async def test_cancelling_a_call_ends_it_at_once(server: FaultyServer, model: ServerModel) -> None:
    server.faults = ["slow 3"]
    with anyio.move_on_after(0.2) as scope:
        await model.complete(QUESTION, Sampling())
    assert scope.cancelled_caught
