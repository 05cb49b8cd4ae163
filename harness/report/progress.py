"""Shows how far a run is: bars on a terminal; elsewhere a line, where nothing else was printed for some time."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from harness.report.tables import line
from harness.system.progress import Work

TICK_S = 0.25
SHORT_S = 1.0  # what takes less time has no bar
FIRST_S = 0.5  # seconds without any output until the first line
QUIET_S = 10.0  # seconds without any output until the next line
Key = tuple[str, str]


@dataclass(frozen=True)
class _Running:
    """A piece of work that is not at its end. `began_s`, `reported_s`: when it was first and last reported."""

    work: Work
    began_s: float
    reported_s: float

    def left_s(self, now_s: float) -> float | None:
        """The seconds that it still takes if it goes on as before; None before its first part is done."""
        work = self.work
        if not work.done:
            return None
        left_s = (self.reported_s - self.began_s) / work.done * (work.total - work.done)
        return max(0.0, left_s - (now_s - self.reported_s))

    def in_words(self, stage: str, now_s: float) -> str:
        """For example `mindspore 5 of 20 steps, 12 s left`."""
        work, left_s = self.work, self.left_s(now_s)
        parts = [work.who, "" if work.what == stage else work.what]
        parts += [f"{work.done:,} of {work.total:,} {work.unit}"] if work.total > 1 else []
        parts += [work.note]
        time_text = f"{now_s - self.began_s:.0f} s so far" if left_s is None else f"{left_s:.0f} s left"
        return f"{' '.join(filter(None, parts))}, {time_text}"


class ProgressDisplay:
    """Shows the stage of a run and the work that is being done, from a thread of its own until `close`.

    Work is reported from any thread. `said` is to be called whenever something is printed.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.console, self.clock = console, clock
        self._lock = threading.RLock()
        self._stage, self._stage_s = "", clock()
        self._running: dict[Key, _Running] = {}
        self._due_s = clock() + FIRST_S
        self._bars: Progress | None = None
        self._tasks: dict[Key, TaskID] = {}
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def stage(self, name: str) -> None:
        """The run turns to this part, such as a rung."""
        with self._lock:
            self._stage, self._stage_s = name, self.clock()
        self._watch()

    def work(self, work: Work) -> None:
        """How far a piece of work is."""
        key = work.who, work.what
        with self._lock:
            if work.is_ended:
                self._running.pop(key, None)
            else:
                before = self._running.get(key)
                now_s = self.clock()
                self._running[key] = _Running(work, before.began_s if before else now_s, now_s)

    def forget(self, who: str) -> None:
        """Nobody does the work of an arm that has failed."""
        with self._lock:
            for key in [key for key in self._running if key[0] == who]:
                del self._running[key]

    def said(self) -> None:
        """Something was printed, so that nothing needs to be for a while."""
        self._due_s = self.clock() + QUIET_S

    def close(self) -> None:
        """Ends the thread and removes the bars."""
        self._closed.set()
        with self._lock:
            self._stage = ""
            self._running.clear()
            self._stop_bars()

    def tick(self) -> None:
        """Draws the bars, or prints the line that is due. The thread calls this a few times a second."""
        now_s = self.clock()
        with self._lock:
            if not self._stage:
                return
            if self.console.is_terminal:
                self._draw(now_s)
            elif now_s >= self._due_s:
                works = [running.in_words(self._stage, now_s) for running in self._shown.values()]
                text = "; ".join(works) or f"{now_s - self._stage_s:.0f} s so far"
                self.console.print(line("  ", (self._stage, "bold"), f": {text}"), soft_wrap=True)
                self.said()

    @property
    def _shown(self) -> dict[Key, _Running]:
        """The work that is being done. Of one's work that which can be counted tells more than any other."""
        counting = {who for (who, _), running in self._running.items() if running.work.total > 1}
        return {
            key: running
            for key, running in self._running.items()
            if running.work.total > 1 or running.work.who not in counting
        }

    def _draw(self, now_s: float) -> None:
        """One bar for each piece of work that is not short; one for the stage where there is none."""
        rows = {key: running for key, running in self._shown.items() if now_s - running.began_s >= SHORT_S}
        if not rows and now_s - self._stage_s >= SHORT_S:
            rows = {("", ""): _Running(Work("", self._stage), self._stage_s, now_s)}
        if not rows:
            self._stop_bars()
            return
        if self._bars is None:
            self._bars = Progress(
                TextColumn("  {task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.fields[state]}", markup=False),
                TimeElapsedColumn(),
                console=self.console,
                transient=True,
            )
            self._bars.start()
        for key in [key for key in self._tasks if key not in rows]:
            self._bars.remove_task(self._tasks.pop(key))
        for key, running in rows.items():
            work, left_s = running.work, running.left_s(now_s)
            counts = f"{work.done:,} of {work.total:,} {work.unit}" if work.total > 1 else ""
            state = "  ".join(filter(None, (counts, work.note, "" if left_s is None else f"{left_s:.0f} s left")))
            description = " ".join(dict.fromkeys(filter(None, (self._stage, work.who, work.what))))
            total = work.total if work.total > 1 else None  # a bar without an end
            if key not in self._tasks:
                self._tasks[key] = self._bars.add_task(description, total=total, state=state)
            self._bars.update(self._tasks[key], description=description, total=total, completed=work.done, state=state)

    def _stop_bars(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
            self._tasks.clear()

    def _watch(self) -> None:
        """Starts the thread. It ends with the display, also where nobody closes it."""
        if self._thread is None and not self._closed.is_set():
            display = weakref.ref(self)
            self._thread = threading.Thread(target=_tick_until_closed, args=(display, self._closed), daemon=True)
            self._thread.start()


def _tick_until_closed(display: weakref.ref[ProgressDisplay], closed: threading.Event) -> None:
    while not closed.wait(TICK_S):
        shown = display()
        if shown is None:
            return
        try:
            shown.tick()
        except Exception:  # standard output takes no more: whoever prints next reports that
            return
        del shown
