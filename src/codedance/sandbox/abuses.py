"""What a hostile cell would try, and what must come of it: the battery that ``codedance sandbox audit`` runs.

Every entry is code for one fresh session. Code that gets what it should not says ``REACHED``: as the value of its last
expression, or as the message of an exception. What else may happen is listed with each entry.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from codedance.sandbox.contract import CellResult, Limits
from codedance.schema import ExecutionStatus

__all__ = ["ABUSES", "SECRET_NAME", "Abuse", "Outcome"]

SECRET_NAME = "CODEDANCE_AUDIT_SECRET"
"""Environment variable of the host that no session may see."""


class Outcome(StrEnum):
    """What came of an abuse."""

    DENIED = "denied"
    """An error inside the cell; the session lives on."""
    KILLED = "killed"
    """The session was ended with a typed result."""
    CAPPED = "capped"
    """It ran, was bounded, and that is flagged; the session lives on."""
    INERT = "inert"
    """It ran without any effect outside; the session lives on."""
    EXITED = "exited"
    """Reported as an exit, which is no success."""


D, K, C, I, X = Outcome.DENIED, Outcome.KILLED, Outcome.CAPPED, Outcome.INERT, Outcome.EXITED


@dataclass(frozen=True)
class Abuse:
    """One entry of the battery."""

    name: str
    expected: frozenset[Outcome]
    cells: tuple[str, ...]
    """Run in order; what comes of the last one counts."""
    limits: Limits = field(default_factory=lambda: Limits(wall_seconds=10))
    check: Callable[[CellResult], str | None] | None = None
    """Says what is wrong with the last result; ``None`` if nothing is."""


_NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "vfork": (58, None), "clone3": (435, 435), "execveat": (322, 281), "memfd_create": (319, 279), "mlock": (149, 228),
    "process_vm_readv": (310, 270), "ptrace": (101, 117), "io_uring_setup": (425, 425), "keyctl": (250, 219),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "unshare": (272, 97),
    "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "open_tree": (428, 428),
    "fsopen": (430, 430), "move_mount": (429, 429), "mount_setattr": (442, 442), "capset": (126, 91),
    "clock_settime": (227, 112), "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "personality": (135, 92), "modify_ldt": (154, None), "iopl": (172, None), "ioperm": (173, None),
    "pidfd_open": (434, 434), "kcmp": (312, 272), "init_module": (175, 105), "kexec_load": (246, 104),
    "reboot": (169, 142), "swapon": (167, 224), "quotactl": (179, 60), "acct": (163, 89), "syslog": (103, 116),
    "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138), "timer_create": (222, 107), "inotify_init1": (294, 26),
    "fanotify_init": (300, 262), "sched_setaffinity": (203, 122), "setpriority": (141, 140), "chroot": (161, 51),
    "landlock_restrict_self": (446, 446), "seccomp": (317, 277), "remap_file_pages": (216, 234),
    "memfd_secret": (447, 447), "mknodat": (259, 33), "name_to_handle_at": (303, 264), "truncate": (76, 45),
}  # fmt: skip
_COLUMN = {"x86_64": 0, "aarch64": 1}.get(platform.machine(), 0)
_CALL = """
import ctypes, os
_libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    if _libc.syscall(ctypes.c_long(number), *arguments) >= 0:
        raise RuntimeError('REACHED')
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
"""
_ALL = """
def all_fail(*attempts):
    for attempt in attempts:
        try:
            attempt()
        except RuntimeError:
            raise
        except Exception:
            continue
        raise RuntimeError('REACHED')
    raise PermissionError('all denied')
"""
_FRAMES = """
import json, os, struct
def frame(message, raw=b''):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return struct.pack('>I', len(body)) + body + raw
def forge(message, raw=b''):
    for descriptor in range(3, 40):
        try:
            os.write(descriptor, frame(message, raw))
        except OSError:
            pass
LIE = {'kind': 'reply', 'status': 'ok', 'value': "'forged'", 'error': None, 'cut': False, 'dropped': 0}
"""


def _call(*names: str, arguments: str = "0, 0, 0, 0, 0, 0") -> str:
    """Every one of these system calls must fail."""
    numbers = [number for name in names if (number := _NUMBERS[name][_COLUMN]) is not None]
    tries = ", ".join(f"lambda: call({number}, {arguments})" for number in numbers)
    return f"{_CALL}{_ALL}all_fail({tries})"


def _try(*expressions: str, before: str = "") -> str:
    """Every one of these expressions must raise."""
    return f"import os, socket\n{before}\n{_ALL}all_fail({', '.join(f'lambda: {one}' for one in expressions)})"


def _says(text: str) -> Callable[[CellResult], str | None]:
    return lambda result: None if result.execution.value == repr(text) else f"value {result.execution.value!r}"


def _status(*wanted: ExecutionStatus) -> Callable[[CellResult], str | None]:
    return lambda result: None if result.execution.status in wanted else f"status {result.execution.status}"


def _took(least: float) -> Callable[[CellResult], str | None]:
    return lambda result: None if result.execution.seconds >= least else f"{result.execution.seconds:.3f} s measured"


def _printed(text: str) -> Callable[[CellResult], str | None]:
    return lambda result: None if text in result.execution.stdout else "the output was lost"


def _abuse(
    name: str,
    expected: Outcome | tuple[Outcome, ...],
    *cells: str,
    limits: Limits | None = None,
    check: Callable[[CellResult], str | None] | None = None,
) -> Abuse:
    outcomes = frozenset(expected if isinstance(expected, tuple) else (expected,))
    return Abuse(name, outcomes, cells, limits or Limits(wall_seconds=10), check)


_SHORT = Limits(wall_seconds=1)
_SMALL = Limits(wall_seconds=10, file_bytes=4 << 20, disk_bytes=8 << 20, memory_bytes=256 << 20)

_NETWORK = [
    _abuse("TCP connect", D, _try("socket.create_connection(('127.0.0.1', 22), 1)", "socket.socket()")),
    _abuse("UDP and DNS", D, _try("socket.socket(2, 2)", "socket.getaddrinfo('localhost', 80, flags=0) and 1/0")),
    _abuse("IPv6 loopback", D, _try("socket.create_connection(('::1', 22), 1)", "socket.socket(socket.AF_INET6)")),
    _abuse("netlink, AF_ALG, vsock, packet", D, _try(*[f"socket.socket({n}, 3, 0)" for n in (16, 38, 40, 17)])),
    _abuse("abstract unix connect", D, _try("socket.socket(1).connect('\\0x')", "socket.socketpair(1, 2)")),
    _abuse("path unix socket", D, _try("socket.socket(1).connect('/var/run/docker.sock')")),
    _abuse(
        "inherited descriptors", I,
        "import os\nfound = []\nfor n in range(4, 4096):\n    try:\n        os.fstat(n)\n        found.append(n)\n"
        "    except OSError:\n        pass\n'REACHED' if found else 'clean'", check=_says("clean"),
    ),
]  # fmt: skip

_FILES = [
    _abuse("read /etc/shadow, /root, home folders", D, _try(*[
        *[f"open({path!r}).read()" for path in ("/etc/shadow", "/etc/passwd", "/proc/1/environ", "/root/.bashrc")],
        *[f"os.listdir({path!r})" for path in ("/root", "/home", "/", "/tmp", "/proc", "/etc")],
    ])),
    _abuse("list sibling work folders", D, _try("os.listdir('..')", "os.listdir(os.path.dirname(os.getcwd()))",
                                                "os.listdir('../1')", "os.chdir('..') or os.listdir('.')")),
    _abuse("write site-packages", D, "import numpy, pathlib\nopen(pathlib.Path(numpy.__file__).parent / 'pwned.py', 'w')"),
    _abuse("write outside the work folder", D, _try(*[f"open({path!r}, 'w')" for path in (
        "/tmp/pwned", "../pwned", "/dev/shm/pwned", "/var/tmp/pwned", "/pwned", "/proc/self/comm")])),
    _abuse("link to outside", D, _try("os.symlink('/etc/passwd', 'l') or open('l').read()")),
    _abuse("hard link to outside", D, _try("os.link('/etc/hostname', 'l')", "os.link('/usr/bin/env', 'm')")),
    _abuse("FIFO and device files", D, _try("os.mkfifo('f')", "os.mknod('d', 0o20666, os.makedev(1, 3))")),
    _abuse("a picture's name with ../", (I, C, K), _FRAMES + "forge({'kind': 'image', 'mode': 'L', 'width': 1, "
           "'height': 1, 'source': 'value', 'name': '../../pwned.png', 'path': '/tmp/pwned'}, b'x')\nNone"),
    _abuse("rename race on the input file", I,
           "import os, threading\nopen('a', 'w')\nstop = False\ndef race():\n    while not stop:\n"
           "        os.rename('a', 'b'); os.rename('b', 'a')\nt = threading.Thread(target=race); t.start()\n"
           "from PIL import Image\nfor _ in range(9): Image.new('L', (9, 9)).show()\nstop = True\nt.join()\nNone"),
    _abuse("set-user-id file", I, "import os\nopen('f', 'w')\nos.chmod('f', 0o4755)\n"
           "None"),
    _abuse("change modes and times of others' files", I,
           "import numpy, os\npath = numpy.__file__\nbefore = os.stat(path)\nd = os.open(path, os.O_RDONLY)\n"
           "for attempt in (lambda: os.chmod(path, 0o600), lambda: os.utime(path, (1, 1)), lambda: os.fchmod(d, 0o600)):\n"
           "    try: attempt()\n    except OSError: pass\nafter = os.stat(path)\n"
           "'REACHED' if (before.st_mode, before.st_mtime) != (after.st_mode, after.st_mtime) else 'clean'",
           check=_says("clean")),
    _abuse("empty others' files by path", D, f"import numpy\n{_call('truncate', arguments='numpy.__file__.encode(), 0')}"),
    _abuse("write to a library through a mapping", D, "import mmap, numpy\n"
           "f = open(numpy.__file__)\nm = mmap.mmap(f.fileno(), 100, mmap.MAP_SHARED, mmap.PROT_WRITE)\n'REACHED'"),
    _abuse("reach files by handle", D, _call("name_to_handle_at", "open_tree", arguments="-100, b'/', 0, 0, 0")),
]  # fmt: skip

_SECRETS = [
    _abuse("secrets in the environment", I, "import os\n"
           f"'REACHED' if {SECRET_NAME[:-1]!r} + {SECRET_NAME[-1]!r} in os.environ else 'clean'", check=_says("clean")),
    _abuse("/proc/self/environ", D, "open('/proc/self/environ').read()"),
    _abuse("secrets in the parent's memory", I,
           f"import gc, sys\nname = {SECRET_NAME[:-1]!r} + {SECRET_NAME[-1]!r}\nseen = 0\n"
           "for one in gc.get_objects():\n    if isinstance(one, dict) and name in list(one): seen += 1\n"
           "'REACHED' if seen else 'clean'", check=_says("clean")),
    _abuse("/proc/PID/mem", D, _try(*[f"open(f'/proc/{{{pid}}}/mem', 'rb')" for pid in ("os.getppid()", "1",
                                                                                       "os.getpid()")])),
    _abuse("process_vm_readv", D, _call("process_vm_readv", arguments="os.getppid(), 0, 0, 0, 0, 0")),
    _abuse("ptrace", D, _call("ptrace", arguments="16, os.getppid(), 0, 0")),
    _abuse("a walk through the frames", I,
           "import sys, gc\nframe, found = sys._getframe(), []\nwhile frame:\n    found += list(map(str, frame.f_locals))\n"
           f"    frame = frame.f_back\n'REACHED' if any({SECRET_NAME[:-1]!r} in one for one in found) else 'clean'",
           check=_says("clean")),
]  # fmt: skip

_PROCESSES = [
    _abuse("kill the parent", D, "import os\nos.kill(os.getppid(), 9)"),
    _abuse("kill everything", D, "import os\nos.kill(-1, 9)"),
    _abuse("kill siblings", D, _try("[os.kill(pid, 9) for pid in range(2, 99)]", "os.killpg(os.getpgrp(), 9)")),
    _abuse("kill by tgkill, sigqueue, pidfd", D, _call("tgkill", "rt_sigqueueinfo", arguments="os.getppid(), "
           "os.getppid(), 9") + "\n" + _call("pidfd_open", arguments="os.getppid(), 0")),
    _abuse("have the kernel send a signal (F_SETOWN)", D, "import fcntl, os\nr, w = os.pipe()\n"
           "fcntl.fcntl(r, 8, os.getppid())\nfcntl.fcntl(r, 10, 9)\n'REACHED'"),
    _abuse("stop itself", D, "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"),
    _abuse("fork bomb", D, "import os\nwhile True: os.fork()"),
    _abuse("thread bomb", (D, K), "import threading, time\n"
           "while True: threading.Thread(target=time.sleep, args=(9,), daemon=True).start()", limits=Limits(wall_seconds=4)),
    _abuse("raw vfork and clone3", D, _call("vfork", "clone3")),
    _abuse("execve and executable memory files", D, _try("os.execv('/bin/true', ['true'])", "os.memfd_create('x')")
           .replace("all_fail(", "all_fail(lambda: os.posix_spawn('/bin/true', ['true'], {}), ")),
    _abuse("execveat", D, _call("execveat", arguments="-100, b'/bin/true', 0, 0, 0")),
    _abuse("a daemon that outlives the session", D, "import os\nif os.fork() == 0:\n    os.setsid(); os.fork()"),
    _abuse("subprocess and multiprocessing", D, _try("__import__('subprocess').run(['/bin/true'])",
           "__import__('multiprocessing').Process(target=print).start()", "1 // (os.system('true') == 0)")),
    _abuse("raise its own limits", D, _try(
        "__import__('resource').setrlimit(__import__('resource').RLIMIT_AS, (-1, -1))",
        "__import__('resource').setrlimit(__import__('resource').RLIMIT_NOFILE, (4096, 4096))")),
    _abuse("bind to a processor, change priority", D, _call("sched_setaffinity", "setpriority")),
]  # fmt: skip

_MEMORY = [
    _abuse("heap bomb", (D, K), "l = []\nwhile True: l.append(bytearray(1 << 24))", limits=_SMALL),
    _abuse("shared mapping bomb", (D, K), "import mmap\nm = mmap.mmap(-1, 3 << 30)\n"
           "for n in range(0, 3 << 30, 4096): m[n] = 1\n'REACHED'"),
    _abuse("memory file bomb", D, "import os\nf = os.memfd_create('x')\nos.ftruncate(f, 3 << 30)\n'REACHED'"),
    _abuse("many small memory files", D, "import os\nf = [os.memfd_create('x') for _ in range(9999)]\n'REACHED'"),
    _abuse("secret memory", D, _call("memfd_secret")),
    _abuse("lock memory", D, _call("mlock", arguments="0, 1 << 20")),
    _abuse("descriptor exhaustion", D, "l = [open('/dev/null') for _ in range(9999)]\n'REACHED'"),
    _abuse("fill the disk with one file", D, "open('a', 'wb').write(b'x' * (6 << 20))\n'REACHED'", limits=_SMALL),
    _abuse("fill the disk with many files", (D, K), "import time\nfor n in range(99): open(str(n), 'wb')"
           ".write(b'x' * (1 << 20)) if n < 50 else time.sleep(0.2)\n'REACHED'", limits=_SMALL),
    _abuse("use up the inodes", (D, K), "import time\nfor n in range(30000): open(str(n), 'w').close()\ntime.sleep(2)\n"
           "'REACHED'", limits=_SMALL),
    _abuse("sparse huge file", D, "open('a', 'wb').truncate(1 << 40)\n'REACHED'"),
    _abuse("push out the neighbours' shared pages", D, "import ctypes, numpy, mmap\nlibc = ctypes.CDLL(None, use_errno=True)\n"
           "for advice in (20, 21, 9, 100):\n"
           "    if libc.madvise(ctypes.c_void_p(id(numpy) & ~4095), 4096, advice) == 0: raise RuntimeError('REACHED')\n"
           "raise PermissionError"),
    _abuse("pipe buffers", I, "import os\npipes = []\ntry:\n    while True:\n        r, w = os.pipe(); pipes.append((r, w))\n"
           "        os.set_blocking(w, False)\n        os.write(w, b'x' * (1 << 20))\nexcept OSError: pass\n"
           "'REACHED' if len(pipes) > 32 else 'clean'", check=_says("clean")),
]  # fmt: skip

_OUTPUT = [
    _abuse("flood of output", C, "print('x' * 9_000_000)"),
    _abuse("output from C", I, "import ctypes\nctypes.CDLL(None).puts(b'from C')\nctypes.CDLL(None).fflush(None)\nNone",
           check=_printed("from C")),
    _abuse("flood of errors", C, "import sys\nsys.stderr.write('x' * 9_000_000)\nNone"),
    _abuse("huge value", C, "'x' * 9_000_000"),
    _abuse("evil __repr__", I, "class E:\n    def __repr__(self): raise RuntimeError('no')\nE()"),
    _abuse("endless __repr__", K, "class E:\n    def __repr__(self):\n        while True: pass\nE()", limits=_SHORT),
    _abuse("gigantic figure", C, "import matplotlib.pyplot as plt\nplt.figure(figsize=(900, 900))\nNone"),
    _abuse("ten thousand figures", (C, K), "import matplotlib.pyplot as plt\nfor _ in range(10000): plt.figure()\nNone",
           limits=Limits(wall_seconds=3)),
    _abuse("ten thousand pictures", C, "from PIL import Image\nfor _ in range(10000): Image.new('L', (9, 9)).show()"),
    _abuse("empty and odd pictures", C, "from PIL import Image\nimport numpy as np\nImage.new('RGB', (0, 5)).show()\n"
           "display(np.zeros((0, 0, 3), 'uint8'), np.full((40, 40, 3), np.nan), np.array([object()]))"),
    _abuse("decompression bomb read", D, "import io, struct, zlib\nfrom PIL import Image\n"
           "def chunk(k, b): return struct.pack('>I', len(b)) + k + b + struct.pack('>I', zlib.crc32(k + b))\n"
           "png = b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 30000, 30000, 8, 2, 0, 0, 0)) + "
           "chunk(b'IDAT', zlib.compress(bytes(10))) + chunk(b'IEND', b'')\nImage.open(io.BytesIO(png)).load()"),
    _abuse("decompression bomb shown", C, "from PIL import Image\nImage.new('L', (20000, 2000)).show()"),
    _abuse("broken picture files", D, "import io\nfrom PIL import Image\nImage.open(io.BytesIO(b'\\x89PNG\\r\\n\\x1a\\n' + "
           "bytes(99))).load()"),
]  # fmt: skip

_TIME = [
    _abuse("endless loop in Python", K, "while True: pass", limits=_SHORT),
    _abuse("endless loop in C", K, "sum(range(10 ** 13))", limits=_SHORT),
    _abuse("backtracking expression", K, "import re\nre.match('(a+)+$', 'a' * 60 + 'b')", limits=_SHORT),
    _abuse("signals ignored", K, "import signal\nfor s in (1, 2, 14, 15, 24): signal.signal(s, signal.SIG_IGN)\n"
           "while True: pass", limits=_SHORT),
    _abuse("every exception caught", K, "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
           limits=_SHORT),
    _abuse("sleep for ever", K, "import time\ntime.sleep(1e6)", limits=_SHORT),
    _abuse("processor time over all cells", K, "while True: pass", limits=Limits(wall_seconds=8, cpu_seconds=1)),
    _abuse("patched clocks", I, "import time\nsleep = time.sleep\n"
           "for name in ('time', 'monotonic', 'perf_counter', 'sleep'): setattr(time, name, lambda *_: 0)\nsleep(0.4)",
           check=_took(0.4)),
    _abuse("set the clock", D, _call("clock_settime")),
    _abuse("threads that run on between the cells", I, "import threading\ndef spin():\n    while True: pass\n"
           "threading.Thread(target=spin, daemon=True).start()", "1 + 1", check=lambda r: None if r.execution.value == "2"
           else "the next cell was disturbed"),
]  # fmt: skip

_ENDS = [
    _abuse("sys.exit", X, "import sys\nsys.exit(0)"),
    _abuse("os._exit", K, "import os\nos._exit(0)", check=_status(ExecutionStatus.CRASHED)),
    _abuse("null pointer", K, "import ctypes\nctypes.string_at(0)", check=_status(ExecutionStatus.CRASHED)),
    _abuse("abort", K, "import os\nos.abort()", check=_status(ExecutionStatus.CRASHED, ExecutionStatus.DENIED)),
    _abuse("deep recursion", (D, K), "import sys\nsys.setrecursionlimit(10 ** 8)\ndef f(): return f()\nf()"),
    _abuse("exit handlers", X, "import atexit, sys\natexit.register(lambda: print('forged'))\nsys.exit(3)",
           check=lambda r: "an exit handler ran" if "forged" in r.execution.stdout else None),
    _abuse("close every descriptor", K, "import os\nos.closerange(0, 4096)", check=_status(ExecutionStatus.CRASHED)),
    _abuse("read standard input", D, "input()"),
    _abuse("breakpoint", D, "breakpoint()"),
    _abuse("a late reply after the time is up", K, "while True: pass", "print('late')", limits=_SHORT,
           check=_status(ExecutionStatus.LOST)),
]  # fmt: skip

_FORGERY = [
    _abuse("forged reply, then an error", K, _FRAMES + "forge(LIE)\n1 / 0"),
    _abuse("forged reply, then an endless loop", K, _FRAMES + "forge(LIE)\nwhile True: pass", limits=_SHORT),
    _abuse("forged reply, then the end", K, _FRAMES + "forge(LIE)\nos._exit(0)"),
    _abuse("patched json and socket", (D, K), "import json, socket\nlie = '{\"kind\": \"reply\", \"status\": \"ok\"}'\n"
           "json.dumps = lambda *a, **k: lie\njson.JSONEncoder.encode = lambda *a: lie\n1 / 0"),
    _abuse("patched sys.stdout and builtins", (D, K), "import builtins, sys\nsys.stdout = sys.stderr = None\n"
           "builtins.BaseException = builtins.Exception = builtins.str = builtins.print = None\n1 / 0"),
    _abuse("patched Pillow and pyplot", (I, C, K, D), "from PIL import Image\nImage.Image.tobytes = lambda *a, **k: b'x'\n"
           "Image.new('RGB', (50, 50)).show()", limits=_SHORT),
    _abuse("a reply of an earlier cell", K, _FRAMES + "import threading, time\ndef later():\n    time.sleep(0.2)\n"
           "    forge(LIE)\nthreading.Thread(target=later).start()", "import time\ntime.sleep(0.6)\n1 / 0"),
    _abuse("malformed frames", K, _FRAMES + "os.write(3, b'\\xff' * 64)\nimport time\ntime.sleep(3)", limits=_SHORT),
    _abuse("a huge frame", K, _FRAMES + "os.write(3, struct.pack('>I', 1 << 31) + b'x' * 99999)\nimport time\n"
           "time.sleep(3)", limits=_SHORT),
    _abuse("half a frame", K, "import os\nos.write(3, b'\\0\\0\\0\\x63half')\nNone", limits=_SHORT),
    _abuse("a frame of deep JSON", K, _FRAMES + "forge(b'[' * 200000)\nNone", limits=_SHORT),
    _abuse("pictures without end over the channel", (C, K), _FRAMES + "while True: forge({'kind': 'image', 'mode': 'L', "
           "'width': 1, 'height': 1, 'source': 'value'}, b'x')", limits=_SHORT),
    _abuse("descriptors sent over the channel", (I, K, D), "import socket\nc = socket.socket(fileno=3)\n"
           "socket.send_fds(c, [b'\\0'], [0, 1, 2] * 4)\nimport time\ntime.sleep(2)", limits=_SHORT),
    _abuse("a pickle for the host", K, _FRAMES + "import pickle\nclass E:\n    def __reduce__(self):\n"
           "        return (os.system, ('touch /tmp/codedance-pwned',))\nforge(pickle.dumps(E()))\nNone", limits=_SHORT),
    _abuse("resize a shared memory file after sending", D, "import os\nos.memfd_create('x', os.MFD_ALLOW_SEALING)"),
]  # fmt: skip

_KERNEL = [
    _abuse("io_uring", D, _call("io_uring_setup", arguments="8, ctypes.create_string_buffer(256)")),
    _abuse("keyctl", D, _call("keyctl", arguments="0, -3, 1")),
    _abuse("bpf, perf, userfaultfd", D, _call("bpf", "perf_event_open", "userfaultfd")),
    _abuse("unshare, setns, mount, chroot", D, _call(
        "unshare", "setns", "mount", "umount2", "pivot_root", "open_tree", "fsopen", "move_mount", "mount_setattr",
        "chroot", arguments="0x10000000, b'.', b'tmpfs', 0, 0")),
    _abuse("setuid and capset", D, _try("os.setuid(1)", "os.setgid(1)", "os.setgroups([])") + "\n" + _call("capset")),
    _abuse("x32 system calls", K, _CALL + "call(0x40000000 | 39)") if _COLUMN == 0 else None,
    _abuse("i386 system calls", K, "import ctypes, mmap\nm = mmap.mmap(-1, 4096, prot=7)\n"
           "m.write(b'\\xb8\\x14\\0\\0\\0\\xcd\\x80\\xc3')\nf = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof("
           "ctypes.c_char.from_buffer(m)))\n'REACHED' if f() > 0 else 'x'") if _COLUMN == 0 else None,
    _abuse("more seccomp and Landlock", (D, I), _call("seccomp", "landlock_restrict_self")),
    _abuse("limits of other processes", D, _try("__import__('resource').prlimit(os.getppid(), 0)",
                                                "__import__('resource').prlimit(1, 7, (9, 9))")),
    _abuse("System V and POSIX queues", D, _call("shmget", "msgget", "semget", "mq_open", arguments="0, 4096, 0o1600")),
    _abuse("typing into the terminal", D, "import fcntl\nfcntl.ioctl(0, 0x5412, b'x')"),
    _abuse("personality", D, _call("personality", arguments="0x0040000")),
    _abuse("modify_ldt and iopl", D, _call("modify_ldt", "iopl", "ioperm")) if _COLUMN == 0 else None,
    _abuse("modules, reboot, swap, logs", D, _call("init_module", "kexec_load", "reboot", "swapon", "quotactl", "acct",
                                                   "syslog")),
    _abuse("watch files and processes", D, _call("inotify_init1", "fanotify_init", "kcmp", "timer_create")),
    _abuse("become dumpable", D, f"{_CALL}if _libc.prctl(4, 1, 0, 0, 0) == 0: raise RuntimeError('REACHED')\n"
           "raise PermissionError"),
    _abuse("the same random numbers in every session", I, "import random, numpy\n"
           "'REACHED' if random.random() == numpy.random.rand() else 'clean'", check=_says("clean")),
]  # fmt: skip

ABUSES: tuple[Abuse, ...] = tuple(
    abuse
    for group in (
        _NETWORK, _FILES, _SECRETS, _PROCESSES, _MEMORY, _OUTPUT, _TIME, _ENDS, _FORGERY, _KERNEL,
    )
    for abuse in group
    if abuse is not None
)  # fmt: skip
"""The battery; what it leaves out (restarts, many sessions at once) the audit does itself."""
