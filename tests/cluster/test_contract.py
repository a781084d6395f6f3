"""The sandbox of a cluster keeps every promise of the one on this machine: the same tests, on a real cluster."""

from __future__ import annotations

import pytest

from codedance.cluster.sandbox import RaySandbox
from codedance.errors import SandboxError
from codedance.imaging import Picture
from codedance.sandbox import Limits
from tests.sandbox import test_limits, test_semantics

pytestmark = [pytest.mark.anyio, pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(600)]

globals().update({name: test for name, test in vars(test_semantics).items() if name.startswith("test_")})
globals().update({name: test for name, test in vars(test_limits).items() if name.startswith("test_")})


async def test_sessions_are_on_both_nodes_and_each_stays_on_its_own(sandbox: RaySandbox, picture: Picture) -> None:
    async with sandbox.session([picture]) as one, sandbox.session([picture]) as other:
        assert sandbox.sessions_by_node() == [1, 1]
        for session, word in ((one, "this"), (other, "that")):
            await session.run(f"word = {word!r}")
        for session, word in ((one, "this"), (other, "that")):
            assert (await session.run("word, input_image.size")).execution.value == f"({word!r}, (64, 48))"
    assert sandbox.sessions_by_node() == [0, 0]


async def test_what_the_node_cannot_do_is_a_typed_error_in_one_line(sandbox: RaySandbox, picture: Picture) -> None:
    with pytest.raises(SandboxError) as caught:
        async with sandbox.session([picture], limits=Limits(file_bytes=10)):
            pass
    assert len(str(caught.value).splitlines()) == 1
    assert "Ray" not in str(caught.value)
    async with sandbox.session() as session:
        assert (await session.run("2")).execution.value == "2"


def test_the_description_names_no_node(sandbox: RaySandbox) -> None:
    assert {**sandbox.description, "libraries": None} == {"kind": "ray", "tier": "b", "libraries": None}
