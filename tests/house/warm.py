"""Runs the command line as a program, again and again, without loading its libraries each time.

A server process loads them once and forks: the child takes the arguments, the folder, the environment and the streams
of a program, and ends as one. What a start costs, and what it may import, others test with programs of their own.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["codedance"]

_SERVER = """
import json, os, sys
import codedance.cli.app as program
import numpy, torch, codedance.models.nano, codedance.models.local.engine, codedance.sandbox, codedance.train.grpo
import codedance.train.nano, codedance.viewer
torch.set_num_threads(1)
print("ready", flush=True)
while line := sys.stdin.readline():
    asked = json.loads(line)
    child = os.fork()
    if child == 0:
        os.setsid()
        os.chdir(asked["cwd"])
        os.environ.clear()
        os.environ.update(asked["env"])
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            os.dup2(os.open(asked[name], os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_APPEND), number)
        sys.argv[:] = ["codedance", *asked["arguments"]]
        code = 1
        try:
            program.main()
            code = 0
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        except BaseException:
            import traceback
            traceback.print_exc()
        import atexit
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            if not stream.closed:
                stream.flush()
        os._exit(code)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class _Warm:
    """One server; one command at a time."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", _SERVER]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._read()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the server of the command line has ended"
        return line.strip()

    def run(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """As ``subprocess.run`` would; a command that takes longer is killed with all that it has started."""
        assert self._process.stdin is not None
        with tempfile.TemporaryDirectory() as streams:
            paths = {name: Path(streams, name) for name in ("stdout", "stderr")}
            for path in paths.values():
                path.touch()
            asked = {
                "arguments": list(arguments),
                "cwd": str(folder),
                "env": dict(environment),
                "stdin": os.devnull,
                **{name: str(path) for name, path in paths.items()},
            }
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            child = int(self._read())
            killer = threading.Timer(timeout, os.killpg, (child, signal.SIGKILL))
            killer.start()
            code = int(self._read())
            killer.cancel()
            out, err = (path.read_text(encoding="utf-8") for path in paths.values())
        return subprocess.CompletedProcess(["codedance", *arguments], code, out, err)

    def close(self) -> None:
        """End the server."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


@functools.cache
def _warm() -> _Warm:
    server = _Warm()
    atexit.register(server.close)
    return server


def codedance(
    *arguments: str, folder: Path, environment: Mapping[str, str] | None = None, timeout: float = 110
) -> subprocess.CompletedProcess[str]:
    """Run ``codedance`` with these arguments in a folder; nothing is typed into it.

    A command that is killed for its time has a negative exit code, as with ``subprocess``.
    """
    return _warm().run(arguments, folder, {**os.environ, **(environment or {})}, timeout)
