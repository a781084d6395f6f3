"""Several servers of one model: conversations stay where they began, load is even, a dead server is avoided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from codedance.errors import ModelUnreachableError, UsageError
from codedance.models import load_model
from codedance.models.server import ServerSettings
from codedance.models.spread import SpreadModel
from codedance.protocol import ChatMessage, Role
from codedance.schema import Sampling
from tests.bench.replying_server import ReplyingServer, serve_replies

pytestmark = pytest.mark.anyio

QUICK = ServerSettings(retries=0, connect_seconds=2.0)
DEAD = "http://127.0.0.1:9/v1"


@pytest.fixture
def servers() -> Iterator[tuple[ReplyingServer, ReplyingServer]]:
    with serve_replies(lambda messages: "one") as one, serve_replies(lambda messages: "two") as two:
        yield one, two


def spread(*urls: str) -> SpreadModel:
    model = load_model("server:m", base_url=",".join(urls), server=QUICK)
    assert isinstance(model, SpreadModel)
    return model


def asked(question: int, *replies: str) -> list[ChatMessage]:
    messages = [ChatMessage(Role.USER, (f"question {question}",))]
    for reply in replies:
        messages += [ChatMessage(Role.ASSISTANT, (reply,)), ChatMessage(Role.TOOL, ("seen",))]
    return messages


async def test_all_turns_and_attempts_of_a_question_go_to_one_server(
    servers: tuple[ReplyingServer, ReplyingServer],
) -> None:
    model = spread(servers[0].url, servers[1].url)
    places = Counter[str]()
    for question in range(24):
        replies = {(await model.complete(asked(question, *["so"] * turn), Sampling())).text for turn in (0, 0, 1, 2)}
        assert len(replies) == 1
        places.update(replies)
    await model.close()
    assert min(places["one"], places["two"]) >= 4
    assert model.name == "server:m"


async def test_a_dead_server_is_passed_over_and_left_alone(servers: tuple[ReplyingServer, ReplyingServer]) -> None:
    model = spread(servers[0].url, DEAD)
    texts = [(await model.complete(asked(question), Sampling())).text for question in range(12)]
    await model.close()
    assert texts == ["one"] * 12
    assert model.faults == 1  # then it rests


async def test_if_all_are_dead_it_is_said_so() -> None:
    model = spread(DEAD, "http://127.0.0.1:10/v1")
    with pytest.raises(ModelUnreachableError):
        await model.complete(asked(1), Sampling())
    await model.close()


@pytest.mark.parametrize("urls", [",", "http://a/v1,http://a/v1"])
def test_no_address_or_the_same_one_twice_is_refused(urls: str) -> None:
    with pytest.raises(UsageError, match="write one URL"):
        load_model("server:m", base_url=urls)
