"""The host's ends of a session's process: its channel, its output, its end."""

from __future__ import annotations

import codecs
import os
import select
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from codedance.sandbox.guest.folders import remove_tree

__all__ = ["Process", "Stream"]


@dataclass(slots=True)
class Process:
    """The host's ends of a session's process."""

    channel: socket.socket
    stdout: int
    stderr: int
    end: int
    """Pipe on which the zygote writes the exit status."""
    pidfd: int | None
    """Descriptor of the process, where the system has such."""
    group: int | None
    """Process group to end with it, where nothing else keeps a cell from starting processes."""
    folder: Path | None
    """Folder to remove afterwards (all tiers without a tmpfs of their own)."""
    closed: bool = False

    @classmethod
    def from_descriptors(cls, descriptors: Sequence[int], *, group: int | None, folder: Path | None) -> Self:
        """Take over what the zygote sent: channel, stdout, stderr, exit pipe and, on Linux, process descriptor."""
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=descriptors[0])
        channel.setblocking(False)
        stdout, stderr, end, *rest = descriptors[1:]
        for descriptor in (stdout, stderr, end):
            os.set_blocking(descriptor, False)
        return cls(channel, stdout, stderr, end, rest[0] if rest else None, group, folder)

    @property
    def alive(self) -> bool:
        """True until the process has ended."""
        poller = select.poll()  # not select(), which knows no descriptor above 1023
        poller.register(self.end if self.pidfd is None else self.pidfd, select.POLLIN)
        return not poller.poll(0)

    def kill(self) -> None:
        """Kill the process with all its threads; once it is closed its descriptor may be another's."""
        if self.closed:
            return
        with suppress(ProcessLookupError, PermissionError):
            if self.group is not None:
                os.killpg(self.group, signal.SIGKILL)
            elif self.pidfd is not None:
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def close(self) -> None:
        """Kill the process, close every descriptor, remove its folder."""
        if self.closed:
            return
        self.kill()
        self.closed = True
        self.channel.close()
        for descriptor in (self.stdout, self.stderr, self.end, self.pidfd):
            if descriptor is not None:
                os.close(descriptor)
        if self.folder is not None:
            remove_tree(str(self.folder))

    @property
    def pid(self) -> int | None:
        """Its number in the host's view; ``None`` once it is gone or where there is no ``/proc``."""
        try:
            info = Path(f"/proc/self/fdinfo/{self.pidfd}").read_text(encoding="ascii")
            pid = next(int(line.split()[1]) for line in info.splitlines() if line.startswith("Pid:"))
        except (OSError, StopIteration, ValueError):
            return None
        return pid if pid > 0 else None

    def memory(self) -> dict[str, int]:
        """KiB by kind, as ``/proc/PID/smaps_rollup`` names them; empty where that cannot be read."""
        return self._numbers("smaps_rollup")

    def usage(self) -> dict[str, int]:
        """``Threads`` and ``VmRSS`` (resident KiB) among others, by the host's own view; empty once it is gone."""
        return self._numbers("status")

    def _numbers(self, name: str) -> dict[str, int]:
        """The lines of a file in ``/proc/PID`` that begin with a name and a number."""
        try:
            text = Path(f"/proc/{self.pid}/{name}").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return {}
        found = {}
        for line in text.splitlines():
            key, _, value = line.partition(":")
            first = value.split()[:1]
            if first and first[0].isdigit():
                found[key] = int(first[0])
        return found


@dataclass(slots=True)
class Stream:
    """One output stream of a cell, bounded while it is produced: what is over the limit is read and thrown away."""

    limit: int
    text: str = ""
    cut: bool = False
    decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")(errors="replace")
    )

    def drain(self, descriptor: int) -> bool:
        """Read what is there without waiting; True if the writer has closed its end."""
        for _ in range(64):  # bounded, so that a flood cannot keep the host from its other work
            try:
                data = os.read(descriptor, 1 << 16)
            except BlockingIOError:
                return False
            if not data:
                return True
            if self.cut:
                continue
            self.text += self.decoder.decode(data)
            if len(self.text) > self.limit:
                self.text, self.cut = self.text[: self.limit], True
        return False
