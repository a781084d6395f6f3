"""The system calls that a cell may make, as a seccomp filter; everything else fails with ``EPERM``.

The list is an allow list. What takes arguments that matter is checked in the filter itself: threads but no processes,
connected stream pairs but no sockets, one's own limits but nobody else's. Foreign architectures (i386, x32) kill.
"""

from __future__ import annotations

import ctypes
import platform
import struct
from typing import Any

__all__ = ["ARCHITECTURES", "CHECKED", "ERRNO", "SYSCALLS", "build_filter", "call", "syscall_numbers"]

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""Audit numbers of the supported architectures."""

# Name: (number on x86-64, number on aarch64); None where the architecture has no such call.
SYSCALLS: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63), "write": (1, 64), "open": (2, None), "close": (3, 57), "stat": (4, None), "fstat": (5, 80),
    "lstat": (6, None), "poll": (7, None), "lseek": (8, 62), "mmap": (9, 222), "mprotect": (10, 226),
    "munmap": (11, 215), "brk": (12, 214), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139), "pread64": (17, 67), "pwrite64": (18, 68), "readv": (19, 65), "writev": (20, 66),
    "access": (21, None), "pipe": (22, None), "select": (23, None), "sched_yield": (24, 124), "mremap": (25, 216),
    "msync": (26, 227), "dup": (32, 23), "dup2": (33, None), "pause": (34, None), "nanosleep": (35, 101),
    "getitimer": (36, 102), "alarm": (37, None), "setitimer": (38, 103), "getpid": (39, 172), "sendto": (44, 206),
    "recvfrom": (45, 207), "sendmsg": (46, 211), "recvmsg": (47, 212), "shutdown": (48, 210),
    "getsockname": (51, 204), "getpeername": (52, 205), "setsockopt": (54, 208), "getsockopt": (55, 209),
    "exit": (60, 93), "wait4": (61, 260), "uname": (63, 160), "fsync": (74, 82), "fdatasync": (75, 83),
    "ftruncate": (77, 46), "getdents": (78, None), "getcwd": (79, 17), "chdir": (80, 49), "fchdir": (81, 50),
    "rename": (82, None), "mkdir": (83, None), "rmdir": (84, None), "creat": (85, None), "unlink": (87, None),
    "readlink": (89, None), "umask": (95, 166), "gettimeofday": (96, 169), "getrlimit": (97, 163),
    "getrusage": (98, 165), "sysinfo": (99, 179), "times": (100, 153), "getuid": (102, 174), "getgid": (104, 176),
    "geteuid": (107, 175), "getegid": (108, 177), "getppid": (110, 173), "getpgrp": (111, None),
    "getgroups": (115, 158), "getresuid": (118, 148), "getresgid": (120, 150), "getpgid": (121, 155),
    "getsid": (124, 156), "rt_sigpending": (127, 136), "rt_sigtimedwait": (128, 137), "rt_sigsuspend": (130, 133),
    "sigaltstack": (131, 132), "statfs": (137, 43), "fstatfs": (138, 44), "sched_getparam": (143, 121),
    "sched_getscheduler": (145, 120), "sched_get_priority_max": (146, 125), "sched_get_priority_min": (147, 126),
    "gettid": (186, 178), "getxattr": (191, 8), "lgetxattr": (192, 9), "fgetxattr": (193, 10),
    "listxattr": (194, 11), "llistxattr": (195, 12), "flistxattr": (196, 13), "time": (201, None),
    "futex": (202, 98), "sched_getaffinity": (204, 123), "getdents64": (217, 61), "set_tid_address": (218, 96),
    "restart_syscall": (219, 128), "clock_gettime": (228, 113), "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115), "exit_group": (231, 94), "epoll_wait": (232, None), "epoll_ctl": (233, 21),
    "openat": (257, 56), "mkdirat": (258, 34), "newfstatat": (262, 79), "unlinkat": (263, 35),
    "renameat": (264, 38), "readlinkat": (267, 78), "faccessat": (269, 48), "pselect6": (270, 72),
    "ppoll": (271, 73), "set_robust_list": (273, 99), "epoll_pwait": (281, 22), "fallocate": (285, 47),
    "eventfd2": (290, 19), "epoll_create1": (291, 20), "dup3": (292, 24), "pipe2": (293, 59), "preadv": (295, 69),
    "pwritev": (296, 70), "getcpu": (309, 168), "renameat2": (316, 276), "getrandom": (318, 278),
    "copy_file_range": (326, 285), "statx": (332, 291), "rseq": (334, 293), "close_range": (436, 436),
    "faccessat2": (439, 439),
}  # fmt: skip
"""Allowed whatever their arguments: they reach only the session's own memory, descriptors and files."""

CHECKED: dict[str, tuple[int | None, int | None]] = {
    "clone": (56, 220), "clone3": (435, 435), "prlimit64": (302, 261), "ioctl": (16, 29), "prctl": (157, 167),
    "socketpair": (53, 199), "fcntl": (72, 25), "madvise": (28, 233),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "utime": (132, None), "utimes": (235, None), "utimensat": (280, 88),
}  # fmt: skip
"""Calls whose arguments, or whose tier, decide."""

_LOAD, _JUMP, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x05, 0x15, 0x35, 0x45, 0x06
_ALLOW, ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS = 1, 38
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_CLONE_THREAD = 0x00010000
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX
_PRCTLS = (15, 16, 0x53564D41)  # PR_SET_NAME PR_GET_NAME PR_SET_VMA
# Duplicates, flags and locks; not F_SETOWN and F_SETSIG, by which the kernel would send any signal to any process of
# the same user, nor leases and notices on files of others.
_FCNTLS = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
# Not MADV_COLD, MADV_PAGEOUT and the like, which take the shared pages of libraries away from the neighbours.
_MADVICES = (0, 1, 2, 3, 4, 8, 10, 11, 14, 15, 16, 17, 18, 19, 22, 23, 25)
_AF_UNIX = 1
_STREAMS = tuple(1 | flags for flags in (0, 0x800, 0x80000, 0x80800))  # SOCK_STREAM with NONBLOCK and CLOEXEC


def syscall_numbers(machine: str) -> dict[str, int]:
    """Numbers of the allowed calls on a machine; raises ``KeyError`` for an unsupported one."""
    column = list(ARCHITECTURES).index(machine) if machine in ARCHITECTURES else None
    if column is None:
        raise KeyError(machine)
    return {name: number for name, pair in SYSCALLS.items() if (number := pair[column]) is not None}


_Instruction = tuple[int, int, int, int]


def _finish_if(test: int, value: int, action: int) -> list[_Instruction]:
    return [(test, 0, 1, value), (_RETURN, 0, 0, action)]


def _only(argument: int, values: tuple[int, ...]) -> list[_Instruction]:
    """Allow if the low half of an argument is one of the values and its high half is zero; refuse otherwise."""
    return [
        (_LOAD, 0, 0, _ARGUMENTS + 8 * argument + 4),
        (_EQUAL, 1, 0, 0),
        (_RETURN, 0, 0, ERRNO | _EPERM),
        (_LOAD, 0, 0, _ARGUMENTS + 8 * argument),
        *(one for value in values for one in _finish_if(_EQUAL, value, _ALLOW)),
        (_RETURN, 0, 0, ERRNO | _EPERM),
    ]


_REFUSE: list[_Instruction] = [(_RETURN, 0, 0, ERRNO | _EPERM)]
_PASS: list[_Instruction] = [(_RETURN, 0, 0, _ALLOW)]
_ATTRIBUTES = ("chmod", "fchmod", "fchmodat", "fchmodat2", "utime", "utimes", "utimensat")

_BODIES: dict[str, list[_Instruction]] = {
    "fcntl": _only(1, _FCNTLS),
    "madvise": _only(2, _MADVICES),
    "clone3": [(_RETURN, 0, 0, ERRNO | _ENOSYS)],  # glibc then falls back to clone
    "clone": [
        (_LOAD, 0, 0, _ARGUMENTS),
        *_finish_if(_ANY_BIT, _CLONE_THREAD, _ALLOW),
        (_RETURN, 0, 0, ERRNO | _EPERM),
    ],
    "prlimit64": _only(0, (0,)),
    "ioctl": _only(1, _IOCTLS),
    "prctl": _only(0, _PRCTLS),
    "socketpair": [
        (_LOAD, 0, 0, _ARGUMENTS),
        (_EQUAL, 1, 0, _AF_UNIX),
        (_RETURN, 0, 0, ERRNO | _EPERM),
        *_only(1, _STREAMS),
    ],
}
"""What is checked for the calls whose arguments matter; every body ends with a return."""


def build_filter(machine: str | None = None, *, read_only: bool = False) -> bytes:
    """The filter as an array of ``struct sock_filter``; for this machine unless another is named.

    Args:
        machine: a key of :data:`ARCHITECTURES`.
        read_only: everything outside of the session's own folder is mounted read-only, so that modes and times may be
            set. Landlock does not know these calls.

    The numbers are searched by halves: the kernel runs a new filter once for every system call to find those that are
    always allowed, so a filter that compares one by one costs each session a third of a millisecond.
    """
    machine = machine or platform.machine()
    always = syscall_numbers(machine).values()
    column = list(ARCHITECTURES).index(machine)
    named = {**_BODIES, **dict.fromkeys(_ATTRIBUTES, _PASS if read_only else _REFUSE)}
    bodies = {number: body for name, body in named.items() if (number := CHECKED[name][column]) is not None}
    # Neighbouring numbers with the same outcome are one range: (first number, body).
    ranges: list[tuple[int, list[_Instruction]]] = []
    allowed = frozenset(always)
    for number in range(max(*allowed, *bodies) + 2):
        body = bodies.get(number, _PASS if number in allowed else _REFUSE)
        if not ranges or ranges[-1][1] is not body:
            ranges.append((number, body))
    program: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        # The x32 numbers on x86-64; no architecture has others so high.
        *_finish_if(_AT_LEAST, 0x40000000, _KILL),
        *_search(ranges),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _search(ranges: list[tuple[int, list[_Instruction]]]) -> list[_Instruction]:
    """Find the range that a number lies in by halves."""
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    lower, upper = _search(ranges[:middle]), _search(ranges[middle:])
    first = ranges[middle][0]
    if len(lower) < 256:
        return [(_AT_LEAST, len(lower), 0, first), *lower, *upper]
    # A conditional jump reaches 255 instructions: go over a long half by an unconditional one.
    return [(_AT_LEAST, 0, 1, first), (_JUMP, 0, 0, len(lower)), *lower, *upper]


def call(code: bytes) -> tuple[Any, ...]:
    """Arguments of the system call that loads the filter into a process; ``no_new_privs`` must be set there."""
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    number = 317 if platform.machine() == "x86_64" else 277
    _kept.append(buffer)  # the program holds its address
    return number, 1, 0, program


_kept: list[ctypes.Array[ctypes.c_char]] = []
