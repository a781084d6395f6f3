"""A clock of events and the things that are waited for: enough to simulate rollouts, and nothing else.

A process is a generator that yields what it waits for: a function that is given what to call when the waiting is over.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Generator
from itertools import count

__all__ = ["Clock", "Process", "Shared", "Station", "Then", "Wait"]

Then = Callable[[], None]
Wait = Callable[[Then], None]
Process = Generator[Wait, None, None]


class Clock:
    """Simulated seconds; what happens at one moment happens in the order in which it was asked for.

    >>> clock, seen = Clock(), []
    >>> def walk(name, pause):
    ...     yield clock.wait(pause)
    ...     seen.append((name, clock.now))
    >>> clock.begin(walk("slow", 2.0)); clock.begin(walk("quick", 0.5)); clock.run()
    >>> seen
    [('quick', 0.5), ('slow', 2.0)]
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Then]] = []
        self._order = count()

    def at(self, moment: float, then: Then) -> None:
        """Call it at this moment."""
        heapq.heappush(self._events, (moment, next(self._order), then))

    def wait(self, seconds: float) -> Wait:
        """For a process: a while."""
        return lambda then: self.at(self.now + seconds, then)

    def begin(self, process: Process) -> None:
        """Let a process go on until it waits."""
        wait = next(process, None)
        if wait is not None:
            wait(lambda: self.begin(process))

    def through(self, process: Process) -> Wait:
        """For a process: until another one has ended."""

        def wait(then: Then) -> None:
            def whole() -> Process:
                yield from process
                then()

            self.begin(whole())

        return wait

    def run(self) -> None:
        """Until nothing happens any more."""
        while self._events:
            self.now, _, then = heapq.heappop(self._events)
            then()


class Station:
    """So many equal servers and one queue: who comes first is served first.

    >>> clock = Clock()
    >>> station = Station(clock, 1)
    >>> for _ in range(3):
    ...     station.serve(2.0)(lambda: None)
    >>> clock.run()
    >>> clock.now, station.busy_seconds
    (6.0, 6.0)
    """

    def __init__(self, clock: Clock, servers: int) -> None:
        self._clock = clock
        self.servers = servers
        self._free = servers
        self._queue: deque[tuple[float | Wait, Then]] = deque()
        self.busy_seconds = 0.0
        """Summed over its servers."""

    def serve(self, work: float | Wait) -> Wait:
        """For a process: a server for so many seconds, or for as long as something else takes."""

        def wait(then: Then) -> None:
            self._queue.append((work, then))
            self._next()

        return wait

    def _next(self) -> None:
        while self._free and self._queue:
            work, then = self._queue.popleft()
            self._free -= 1
            begin = self._clock.now

            def done(then: Then = then, begin: float = begin) -> None:
                self._free += 1
                self.busy_seconds += self._clock.now - begin
                self._next()
                then()

            (self._clock.wait(work) if isinstance(work, float | int) else work)(done)


class Shared:
    """Something that all who use it share equally; how fast each goes on depends on how many there are.

    Args:
        clock: whose seconds these are.
        speed: units of work a second for each of so many users.
    """

    def __init__(self, clock: Clock, speed: Callable[[int], float]) -> None:
        self._clock = clock
        self._speed = speed
        self._done = 0.0
        """Units that a user who had been there from the beginning would have been given."""
        self._since = 0.0
        self._users: list[tuple[float, int, Then]] = []
        self._order = count()
        self._plan = 0
        self.paused = False
        self.busy_seconds = 0.0
        """While there was anybody."""
        self.user_seconds = 0.0
        """Summed over users."""
        self.worked = 0.0
        """Units of work that were done for all."""

    @property
    def users(self) -> int:
        """How many there are now."""
        return len(self._users)

    def use(self, work: float) -> Wait:
        """For a process: so many units of work."""

        def wait(then: Then) -> None:
            self._catch_up()
            heapq.heappush(self._users, (self._done + work, next(self._order), then))
            self._replan()

        return wait

    def pause(self, paused: bool) -> None:
        """Stop or go on for everybody."""
        self._catch_up()
        self.paused = paused
        self._replan()

    def _catch_up(self) -> None:
        passed, self._since = self._clock.now - self._since, self._clock.now
        if self._users and passed > 0.0:
            self.busy_seconds += passed
            self.user_seconds += passed * len(self._users)
            if not self.paused:
                done = passed * self._speed(len(self._users))
                self._done += done
                self.worked += done * len(self._users)

    def _replan(self) -> None:
        """Be called when the first of them is done, unless something changes before."""
        self._plan += 1
        if not self._users or self.paused:
            return
        left = max(0.0, self._users[0][0] - self._done)
        plan = self._plan
        self._clock.at(self._clock.now + left / self._speed(len(self._users)), lambda: self._finish(plan))

    def _finish(self, plan: int) -> None:
        if plan != self._plan:
            return
        self._catch_up()
        end, _, then = heapq.heappop(self._users)
        self._done = max(self._done, end)
        self._replan()
        then()
