"""Limits: everything ends in time, is bounded while it is produced, and is told for what it is."""

from __future__ import annotations

import time

import pytest

from codedance.sandbox import Limits, LocalSandbox
from codedance.schema import ExecutionStatus
from tests.sandbox.conftest import Run

pytestmark = pytest.mark.anyio

QUICK = Limits(wall_seconds=0.7)


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "sum(range(10 ** 13))",
        "import time\ntime.sleep(99)",
        "import re\nre.match('(a+)+$', 'a' * 40 + 'b')",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "import signal\nfor s in (1, 2, 14, 15): signal.signal(s, signal.SIG_IGN)\nwhile True: pass",
        "import threading\nthreading.Event().wait()",
        "import os\nr, w = os.pipe()\nos.read(r, 1)",
        "import sys\nwhile True: sys.stdout.write('x' * 100000)",
    ],
)
async def test_what_does_not_end_is_killed_at_the_deadline(run: Run, code: str) -> None:
    begin = time.monotonic()
    execution = (await run(code, limits=QUICK)).execution
    assert execution.status is ExecutionStatus.TIMEOUT
    assert time.monotonic() - begin < 8


async def test_after_its_end_a_session_runs_nothing_more(run: Run) -> None:
    execution = (await run("while True: pass", "print('late')", limits=QUICK)).execution
    assert (execution.status, execution.stdout) == (ExecutionStatus.LOST, "")


async def test_processor_time_is_limited_over_all_cells(run: Run) -> None:
    limits = Limits(wall_seconds=8, cpu_seconds=1)
    execution = (await run("while True: pass", limits=limits)).execution
    assert execution.status is ExecutionStatus.TIMEOUT
    assert "processor time" in (execution.detail or "")


@pytest.mark.parametrize(
    "code",
    [
        "b = bytearray(2 << 30)",
        "import numpy as np\na = np.ones(1 << 28)",
        "l = []\nwhile True: l.append(' ' * (1 << 20))",
        "import mmap\nm = mmap.mmap(-1, 2 << 30)",
    ],
)
async def test_memory_is_limited_and_the_session_may_go_on(run: Run, code: str) -> None:
    limits = Limits(wall_seconds=20, memory_bytes=256 << 20)
    execution = (await run(f"try:\n    import os\nfinally: pass\n{code}", limits=limits)).execution
    assert execution.status in (ExecutionStatus.MEMORY, ExecutionStatus.ERROR)
    assert execution.error is not None
    assert execution.error.type in ("MemoryError", "_ArrayMemoryError", "OSError")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_a_flood_is_cut_and_flagged(run: Run, stream: str) -> None:
    limits = Limits(output_characters=1000)
    execution = (
        await run(f"import sys\nprint('x' * 20_000_000, file=sys.{stream})\nprint('end')", limits=limits)
    ).execution
    assert execution.status is ExecutionStatus.OK
    assert execution.truncated
    assert len(getattr(execution, stream)) == 1000


async def test_output_after_half_a_character_is_still_read(run: Run) -> None:
    code = (
        "import os, time\nos.write(1, b'\\xe6\\x97')\ntime.sleep(0.3)\nos.write(1, b'\\xa5')\n"
        "for _ in range(40): os.write(1, b'x' * 10000)"
    )
    execution = (await run(code, limits=Limits(wall_seconds=5))).execution
    assert execution.status is ExecutionStatus.OK
    assert execution.stdout.startswith("\u65e5xxx")


async def test_a_flood_of_output_does_not_hide_other_excesses(run: Run) -> None:
    code = (
        "import threading, time\n"
        "for _ in range(40): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
        "while True: print('x' * 1000)"
    )
    execution = (await run(code, limits=Limits(threads=8, wall_seconds=9))).execution
    assert execution.status is ExecutionStatus.DENIED
    assert execution.seconds < 5


async def test_a_huge_value_is_cut(run: Run) -> None:
    execution = (await run("'x' * 5_000_000", limits=Limits(output_characters=1000))).execution
    assert execution.truncated
    assert len(execution.value or "") == 1000


async def test_files_are_limited(run: Run) -> None:
    limits = Limits(file_bytes=4 << 20, disk_bytes=8 << 20, wall_seconds=15)
    one = (
        await run(
            "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nopen('a', 'wb').write(b'x' * (6 << 20))",
            limits=limits,
        )
    ).execution
    assert one.status is ExecutionStatus.ERROR
    code = "import time\nfor n in range(9):\n    open(str(n), 'wb').write(b'x' * (3 << 20))\ntime.sleep(2)"
    many = (await run(code, limits=limits)).execution
    assert many.status in (ExecutionStatus.ERROR, ExecutionStatus.DENIED)


async def test_open_files_are_limited(run: Run) -> None:
    execution = (await run("l = [open('/dev/null') for _ in range(1000)]", "1")).execution
    assert execution.status in (ExecutionStatus.OK, ExecutionStatus.ERROR)


async def test_threads_are_limited(run: Run) -> None:
    code = (
        "import threading, time\n"
        "for _ in range(60): threading.Thread(target=time.sleep, args=(5,), daemon=True).start()\n"
        "time.sleep(5)"
    )
    execution = (await run(code, limits=Limits(threads=8, wall_seconds=9))).execution
    assert execution.status is ExecutionStatus.DENIED
    assert "threads" in (execution.detail or "")


async def test_pictures_are_limited_in_number_and_size(run: Run) -> None:
    limits = Limits(images=2, image_pixels=100)
    code = "from PIL import Image\nfor side in (5, 50, 6, 7): Image.new('RGB', (side, side)).show()"
    result = await run(code, limits=limits)
    assert [picture.ref.width for picture in result.pictures] == [5, 6]
    assert result.execution.truncated


async def test_a_gigantic_figure_is_left_out(run: Run) -> None:
    result = await run("import matplotlib.pyplot as plt\nplt.figure(figsize=(900, 900))\n1")
    assert result.execution.ok
    assert result.execution.truncated
    assert result.pictures == ()


async def test_code_that_is_too_long_is_an_error(run: Run) -> None:
    assert (await run("#" * (9 << 20), "1")).execution.value == "1"


async def test_a_cancelled_cell_does_not_run_on(sandbox: LocalSandbox) -> None:
    import anyio

    async with sandbox.session() as session:
        with anyio.move_on_after(0.3) as scope:
            await session.run("while True: pass")
        assert scope.cancelled_caught
        assert (await session.run("1")).execution.status is ExecutionStatus.LOST
