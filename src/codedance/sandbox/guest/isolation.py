"""Putting a process behind walls: namespaces, Landlock, limits, no privileges. Linux system calls by ctypes.

What can be worked out once (open folders, the filter, sizes) is worked out by the zygote in :meth:`Walls.prepare`; a
session only makes the calls.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from . import seccomp
from .folders import remove_tree

__all__ = [
    "Walls",
    "close_from",
    "collapse_memory",
    "enter_namespaces",
    "enter_root",
    "fork",
    "landlock_version",
    "memory_in_use",
    "missing_features",
    "try_namespaces",
]

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
_LINUX = sys.platform == "linux"

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000
_PDEATHSIG, _DUMPABLE, _NO_NEW_PRIVS = 1, 4, 38
_NOSUID_NODEV_NOEXEC = 2 | 4 | 8
_PRIVATE_RECURSIVE = 0x40000 | 0x4000
_BIND_RECURSIVE = 0x1000 | 0x4000
_MOUNT_READ_ONLY, _RECURSIVE, _DETACH = 1, 0x8000, 2
_LANDLOCK = (444, 445, 446)  # create_ruleset, add_rule, restrict_self: the same on every architecture
_EXECUTE, _WRITE, _READ, _READ_DIR = 1, 2, 4, 8
_NO_SPECIAL_FILES = (1 << 6) | (1 << 9) | (1 << 10) | (1 << 11) | (1 << 15)  # char, socket, fifo, block, ioctl
_COLLAPSE, _HUGE_PAGE = 25, 2 << 20
_PROBE_SECONDS = 30.0
_OWN_CAPABILITIES, _NO_CAPABILITIES = struct.pack("Ii", 0x20080522, 0), bytes(24)


def _check(result: int, what: str) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
    return result


def landlock_version() -> int:
    """Version of the kernel's Landlock interface; 0 or less if there is none."""
    return int(libc.syscall(_LANDLOCK[0], None, 0, 1)) if _LINUX else 0


def missing_features() -> dict[str, list[str]]:
    """For each tier what this machine lacks, in words; an empty list means that the tier can be had."""
    basic: list[str] = []
    if not _LINUX:
        basic.append("Linux")
    elif platform.machine() not in seccomp.ARCHITECTURES:
        basic.append(f"support for {platform.machine()} (x86_64 and aarch64 are supported)")
    else:
        if landlock_version() < 1:
            basic.append("Landlock (kernel 5.13 or newer, with landlock in its list of security modules)")
        if not _has_seccomp():
            basic.append("seccomp filters (CONFIG_SECCOMP_FILTER)")
    spaces: list[str] = []
    if not basic and (reason := _try_namespaces()):
        spaces.append(f"user namespaces for ordinary users ({reason})")
    return {"a": basic, "b": basic + spaces, "limits-only": []}


def _has_seccomp() -> bool:
    """Ask whether the kernel knows the action "return an error", without installing anything."""
    number = {"x86_64": 317, "aarch64": 277}[platform.machine()]
    return int(libc.syscall(number, 2, 0, struct.pack("I", seccomp.ERRNO))) == 0


def _try_namespaces() -> str | None:
    """Enter namespaces and a small root of our own in a throw-away process; the reason if it fails.

    A new interpreter, not a fork: the child of a host with threads could wait for ever for a lock that a thread held.
    """
    import subprocess  # only the host asks; sessions are not to carry it

    program = (
        f"import sys; sys.path.insert(0, {os.path.dirname(os.path.dirname(__file__))!r}); "
        "from guest.isolation import try_namespaces; try_namespaces()"
    )
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and program
            [sys.executable, "-I", "-B", "-S", "-c", program],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the trial did not run: {error}"
    return done.stdout.decode(errors="replace")[:200] or (f"exit status {done.returncode}" if done.returncode else None)


def try_namespaces() -> None:
    """The trial itself, in a process of its own: prints the reason if something is refused."""
    try:
        _unshare_user()
        enter_root("/tmp", ["/usr", "/dev/null"], "/tmp/work")  # noqa: S108 - a mount of its own
    except OSError as error:
        os.write(1, str(error).encode())


def fork() -> int:
    """The C library's ``fork``: like ``os.fork``, without Python's after-fork hooks.

    Those reset locks and thread tables for programs with several threads, and cost more than the fork itself. The
    zygote has one thread; what its children need anew (random seeds) they make themselves. Never to be called in a
    program with threads: the child would wait for a thread that it does not have.
    """
    return int(_python.fork())


_python = ctypes.PyDLL(None)  # holds the interpreter's lock across the call, as os.fork does
_python.fork.restype = ctypes.c_int


def collapse_memory() -> None:
    """Ask the kernel to back this process's memory with huge pages: a fork then copies a hundredth of the page table.

    A wish, not a need: kernels before 6.1 refuse, and nothing else changes.
    """
    if not _LINUX:
        return
    with open("/proc/self/maps", encoding="utf-8") as maps:
        lines = maps.read().splitlines()
    for line in lines:
        fields = line.split()
        if "w" not in fields[1] or (len(fields) > 5 and fields[5] != "[heap]"):
            continue
        begin, end = (int(address, 16) for address in fields[0].split("-"))
        begin, end = -(-begin // _HUGE_PAGE) * _HUGE_PAGE, end // _HUGE_PAGE * _HUGE_PAGE
        if end > begin:
            libc.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), _COLLAPSE)


def close_from(first: int) -> None:
    """Close this and every higher descriptor."""
    if not _LINUX or libc.syscall(436, first, 0x7FFFFFFF, 0) != 0:  # close_range: the same number everywhere
        os.closerange(first, 1 << 16)


def _unshare_user() -> None:
    uid, gid = os.getuid(), os.getgid()
    _check(libc.unshare(_NEWUSER | _NEWNS | _NEWPID | _NEWIPC | _NEWUTS), "unshare")
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {uid} 1")
    _write("/proc/self/gid_map", f"{gid} {gid} 1")
    _mount(None, "/", None, _PRIVATE_RECURSIVE, None)


def enter_namespaces(folder: str) -> None:
    """Move this process's children into fresh user, mount, pid, ipc and uts namespaces and go on in the first of them.

    The caller's process stays behind only to see the new one end and to remove the folder then: when the first process
    of a pid namespace ends, the kernel ends all others.
    """
    _unshare_user()
    parent_end, child_end = os.pipe()
    child = os.fork()
    if child:
        os.close(child_end)
        os.closerange(0, parent_end)
        os.closerange(parent_end + 1, 256)
        with contextlib.suppress(OSError):
            os.waitpid(child, 0)
        remove_tree(folder)
        os._exit(0)
    os.close(parent_end)
    die_with_parent(0)
    _check(libc.unshare(_NEWNS), "unshare")  # its own root folder is not to become that of the one that waits


def enter_root(place: str, visible: Sequence[str], workdir: str) -> None:
    """Change to a root folder that holds only what is to be seen, read-only; for good.

    Args:
        place: a folder to build the root at.
        visible: absolute paths that keep their names; links among them are made anew.
        workdir: an empty folder to have in it, over which sessions mount theirs.
    """
    _mount("tmpfs", place, "tmpfs", _NOSUID_NODEV_NOEXEC, "size=1m,mode=755")
    for path in sorted(set(visible)):
        target = place + path
        if not os.path.lexists(path) or os.path.lexists(target):  # the latter: below another that is there already
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.islink(path):
            os.symlink(os.readlink(path), target)
            continue
        if os.path.isdir(path):
            os.mkdir(target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
        _mount(path, target, None, _BIND_RECURSIVE, None)
    os.makedirs(place + workdir, exist_ok=True)
    attributes = struct.pack("QQQQ", _MOUNT_READ_ONLY, 0, 0, 0)
    set_all = libc.syscall(442, -100, place.encode(), _RECURSIVE, attributes, ctypes.c_size_t(len(attributes)))
    _check(set_all, "mount_setattr")
    os.chdir(place)
    number = {"x86_64": 155, "aarch64": 41}[platform.machine()]
    _check(libc.syscall(number, b".", b"."), "pivot_root")
    _check(libc.umount2(b".", _DETACH), "umount")
    os.chdir("/")


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent dies; ends at once if the parent is gone already.

    Args:
        parent: the parent's process id as this process sees it (0 where it lies outside of the pid namespace).
    """
    if not _LINUX:
        return
    libc.prctl(_PDEATHSIG, 9, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


@dataclass(frozen=True)
class Walls:
    """What sessions are locked in by; prepared once, entered by every session in its own process."""

    tier: str
    """``b``: a private tmpfs over the work folder, in a mount namespace of its own, and all of ``a``; ``a``: no
    privileges, Landlock, seccomp, limits; ``limits-only``: limits."""
    zygote: int
    memory_in_use: int
    """Bytes of address space that the preloaded libraries take."""
    readable: tuple[bytes, ...]
    """Landlock rules for the folders and files that may be read."""
    landlock: tuple[bytes, int]
    """Attributes of a rule set, and the rights that it handles."""
    filter_call: tuple[Any, ...]
    """System call that loads the filter."""

    @classmethod
    def prepare(cls, tier: str, readable: Sequence[str], *, memory_in_use: int) -> Self:
        """Open what may be read and build the filter."""
        rights, handled, opened = b"", 0, []
        if tier != "limits-only":
            rights, handled = _landlock_attributes()
            for path in readable:
                with contextlib.suppress(OSError):
                    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
                    access = _READ | _READ_DIR if os.path.isdir(path) else _READ
                    access |= _WRITE if path == os.devnull else 0
                    opened.append(struct.pack("=Qi", access & handled, descriptor))
        call = () if tier == "limits-only" else seccomp.call(seccomp.build_filter(read_only=tier == "b"))
        return cls(tier, os.getpid(), memory_in_use, tuple(opened), (rights, handled), call)

    def enter(self, workdir: str, limits: Mapping[str, int]) -> None:
        """Lock this process in; after this it can only work, compute and end.

        Raises:
            OSError: a wall could not be put up; the process must end.
        """
        die_with_parent(self.zygote)
        os.setsid()
        if self.tier == "b":
            _check(libc.unshare(_NEWNS), "unshare")
            options = f"size={limits['disk_bytes']},nr_inodes=4096,mode=700"
            _mount("tmpfs", workdir, "tmpfs", _NOSUID_NODEV_NOEXEC, options)
        os.chdir(workdir)
        if self.tier == "limits-only":
            self._limit(limits)
            return
        _check(libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
        # Not dumpable: neighbours of the same user cannot attach or read /proc/PID/mem.
        libc.prctl(_DUMPABLE, 0, 0, 0, 0)
        self._landlock(workdir)
        self._limit(limits)
        _check(libc.capset(_OWN_CAPABILITIES, _NO_CAPABILITIES), "capset")
        _check(libc.syscall(*self.filter_call), "seccomp")

    def _limit(self, limits: Mapping[str, int]) -> None:
        setrlimit, cpu_seconds = resource.setrlimit, limits["cpu_seconds"]
        # Address space counts what RLIMIT_DATA does not: shared and file mappings.
        memory = self.memory_in_use + limits["memory_bytes"]
        if _LINUX:
            setrlimit(resource.RLIMIT_AS, (memory, memory))
            setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
            setrlimit(resource.RLIMIT_MSGQUEUE, (0, 0))
        setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
        setrlimit(resource.RLIMIT_FSIZE, (limits["file_bytes"], limits["file_bytes"]))
        setrlimit(resource.RLIMIT_NOFILE, (limits["open_files"], limits["open_files"]))
        setrlimit(resource.RLIMIT_CORE, (0, 0))

    def _landlock(self, workdir: str) -> None:
        syscall, (attributes, handled), (create, add, restrict) = libc.syscall, self.landlock, _LANDLOCK
        rules = _check(syscall(create, attributes, len(attributes), 0), "landlock")
        work = os.open(workdir, os.O_PATH | os.O_CLOEXEC)
        for rule in (*self.readable, struct.pack("=Qi", handled & ~(_EXECUTE | _NO_SPECIAL_FILES), work)):
            _check(syscall(add, rules, 1, rule, 0), "landlock")
        _check(syscall(restrict, rules, 0), "landlock")
        os.close(work)
        os.close(rules)


def _landlock_attributes() -> tuple[bytes, int]:
    """Everything that this kernel's Landlock can handle: file rights, network, scopes."""
    version = landlock_version()
    handled = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    network, scopes = (3 if version >= 4 else 0), (3 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    return struct.pack("QQQ", handled, network, scopes)[:size], handled


def memory_in_use() -> int:
    """Bytes of address space that this process takes."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None) -> None:
    encoded = [text.encode() if text is not None else None for text in (source, target, kind, options)]
    result = libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3])
    _check(result, f"mount {target}")


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
