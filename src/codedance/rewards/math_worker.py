"""The process that compares mathematical expressions: a program of its own, which its host may kill at any moment.

It imports nothing of ours and reads one request a line, a JSON list of reference and answer; it answers each with one
word. Formulas are parsed as LaTeX only, by a grammar: no text of a model is ever evaluated as Python.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import sys

__all__ = ["main"]


def main(seconds: float, memory_bytes: int) -> None:
    """Serve requests until the host closes the pipe.

    Args:
        seconds: processor time of one comparison, after which the kernel ends this process.
        memory_bytes: limit of the address space.
    """
    replies = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # whatever a library prints is no reply
    from math_verify import LatexExtractionConfig, parse, verify

    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    latex = (LatexExtractionConfig(),)

    def same(wanted: str, said: str) -> bool:
        parsed = [parse(f"${one}$", latex, fallback_mode="no_fallback", parsing_timeout=None) for one in (wanted, said)]
        return all(parsed) and bool(verify(parsed[0], parsed[1], timeout_seconds=None))

    same(r"\frac{1}{2}", "0.5")  # the first comparison takes ten times as long as later ones
    print("ready", file=replies, flush=True)
    for line in sys.stdin:
        wanted, said = json.loads(line)
        # No handler: the kernel ends this process even while it computes in C, and even if the host is gone. Processor
        # time, because a verdict must not depend on how busy the machine is.
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            verdict = "same" if same(wanted, said) else "different"
        except (MemoryError, RecursionError):
            verdict = "undecided"
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(verdict, file=replies, flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
