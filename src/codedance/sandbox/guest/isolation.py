"""Putting a process behind walls: namespaces, Landlock, limits, no privileges. Linux system calls by ctypes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import struct
import sys
from dataclasses import dataclass

from . import seccomp

__all__ = ["Walls", "enter_namespaces", "landlock_version", "missing_features", "new_session_namespaces"]

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000
_PDEATHSIG, _DUMPABLE, _NO_NEW_PRIVS = 1, 4, 38
_NOSUID_NODEV_NOEXEC = 2 | 4 | 8
_PRIVATE_RECURSIVE = 0x40000 | 0x4000
_LANDLOCK = (444, 445, 446)  # create_ruleset, add_rule, restrict_self: the same on every architecture
_EXECUTE, _WRITE, _READ, _READ_DIR = 1, 2, 4, 8
_NO_SPECIAL_FILES = (1 << 6) | (1 << 9) | (1 << 10) | (1 << 11) | (1 << 15)  # char, socket, fifo, block, ioctl


def _check(result: int, what: str) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
    return result


def landlock_version() -> int:
    """Version of the kernel's Landlock interface; 0 or less if there is none."""
    return int(libc.syscall(_LANDLOCK[0], None, 0, 1))


def missing_features() -> dict[str, list[str]]:
    """For each tier what this machine lacks, in words; an empty list means that the tier can be had."""
    basic: list[str] = []
    if sys.platform != "linux":
        basic.append("Linux")
    elif platform.machine() not in seccomp.ARCHITECTURES:
        basic.append(f"support for {platform.machine()} (x86_64 and aarch64 are supported)")
    elif landlock_version() < 1:
        basic.append("Landlock (kernel 5.13 or newer, with landlock in its list of security modules)")
    spaces: list[str] = []
    if not basic and (reason := _try_namespaces()):
        spaces.append(f"user namespaces for ordinary users ({reason})")
    return {"a": basic, "b": basic + spaces}


def _try_namespaces() -> str | None:
    """Enter namespaces and mount a tmpfs in a throw-away process; the reason if it fails."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            try:
                _unshare_user()
                _mount("tmpfs", "/tmp", "tmpfs", _NOSUID_NODEV_NOEXEC, "size=1m")  # noqa: S108 - a private mount
            except OSError as error:
                os.write(write, str(error).encode()[:200])
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    reason = os.read(read, 200).decode()
    os.close(read)
    return reason or None


def _unshare_user() -> None:
    uid, gid = os.getuid(), os.getgid()
    _check(libc.unshare(_NEWUSER | _NEWNS | _NEWPID), "unshare")
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {uid} 1")
    _write("/proc/self/gid_map", f"{gid} {gid} 1")
    _mount(None, "/", None, _PRIVATE_RECURSIVE, None)


def enter_namespaces() -> int:
    """Move this process's children into fresh user, mount and pid namespaces and go on in the first of them.

    The caller's process stays behind only to die with the new one. Returns a descriptor of the new pid namespace, from
    which every session's own namespace is made.
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
        os._exit(0)
    os.close(parent_end)
    die_with_parent()
    _mount("proc", "/proc", "proc", _NOSUID_NODEV_NOEXEC, None)
    return os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)


def new_session_namespaces(own_pid_namespace: int) -> None:
    """Make the next child the first process of its own pid namespace, inside the zygote's."""
    _check(libc.setns(own_pid_namespace, _NEWPID), "setns")
    _check(libc.unshare(_NEWPID), "unshare")


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies."""
    libc.prctl(_PDEATHSIG, 9, 0, 0, 0)


@dataclass(frozen=True)
class Walls:
    """What one session is locked in by; applied once, in this order, in the session's process."""

    readable: tuple[str, ...]
    """Files and folders that may be read: libraries, fonts, a few devices."""
    workdir: str
    """The only folder that may be written."""
    namespaces: bool
    """Tier B: a private tmpfs over ``workdir``, own mounts, ipc and host name."""
    memory_bytes: int
    cpu_seconds: int
    file_bytes: int
    disk_bytes: int
    open_files: int
    filter_code: bytes

    def enter(self) -> None:
        """Lock this process in; after this it can only work, compute and end."""
        die_with_parent()
        os.setsid()
        if self.namespaces:
            _check(libc.unshare(_NEWNS | _NEWIPC | _NEWUTS), "unshare")
            options = f"size={self.disk_bytes},nr_inodes=4096,mode=700"
            _mount("tmpfs", self.workdir, "tmpfs", _NOSUID_NODEV_NOEXEC, options)
        os.chdir(self.workdir)
        self._limit()
        _check(libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
        # Not dumpable: neighbours of the same user cannot attach or read /proc/PID/mem.
        libc.prctl(_DUMPABLE, 0, 0, 0, 0)
        self._landlock()
        self._drop_capabilities()
        seccomp.install(libc, self.filter_code)

    def _limit(self) -> None:
        pages = int(open("/proc/self/statm").read().split()[0])  # noqa: SIM115 - no pathlib import in a fork
        in_use = pages * resource.getpagesize()
        limits = {
            # Address space counts what RLIMIT_DATA does not: shared and file mappings.
            resource.RLIMIT_AS: in_use + self.memory_bytes,
            resource.RLIMIT_CPU: self.cpu_seconds,
            resource.RLIMIT_FSIZE: self.file_bytes,
            resource.RLIMIT_NOFILE: self.open_files,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_MEMLOCK: 0,
            resource.RLIMIT_MSGQUEUE: 0,
        }
        for kind, value in limits.items():
            hard = value + 1 if kind == resource.RLIMIT_CPU else value
            resource.setrlimit(kind, (value, hard))

    def _landlock(self) -> None:
        version = landlock_version()
        handled = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
        network, scopes = (3 if version >= 4 else 0), (3 if version >= 6 else 0)
        attributes = struct.pack("QQQ", handled, network, scopes)
        size = 24 if version >= 6 else 16 if version >= 4 else 8
        rules = _check(libc.syscall(_LANDLOCK[0], attributes, ctypes.c_size_t(size), 0), "landlock")
        for path in self.readable:
            self._allow(rules, path, (_READ | _READ_DIR) & handled)
        self._allow(rules, self.workdir, handled & ~(_EXECUTE | _NO_SPECIAL_FILES))
        _check(libc.syscall(_LANDLOCK[2], rules, 0), "landlock")
        os.close(rules)

    @staticmethod
    def _allow(rules: int, path: str, access: int) -> None:
        try:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return
        if not os.path.isdir(path):
            access &= _EXECUTE | _WRITE | _READ
        rule = struct.pack("=Qi", access, descriptor)
        _check(libc.syscall(_LANDLOCK[1], rules, 1, rule, 0), f"landlock {path}")
        os.close(descriptor)

    @staticmethod
    def _drop_capabilities() -> None:
        header, none = struct.pack("Ii", 0x20080522, 0), struct.pack("6I", 0, 0, 0, 0, 0, 0)
        _check(libc.capset(header, none), "capset")


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
