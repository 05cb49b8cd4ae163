"""A sweep on many hosts that share a folder, event by event: who takes which job when, and what the server is asked."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from math import exp
from random import Random

from harness.results.sweep_folder import BEAT_S
from harness.scenarios.sweep.driver import POLL_S, READING_SHARE
from harness.scenarios.sweep.job import LOOK_S
from harness.scenarios.sweep.job_process import JOBS_PER_PROCESS
from harness.system.many_files import READERS


@dataclass(frozen=True)
class Costs:
    """Of one call or row: seconds of a processor, and round trips to the file server."""

    attempt_s: float
    attempt_trips: float
    beat_trips: float
    look_trips: float
    pass_trips: float
    row_s: float
    row_trips: float
    poll_s: float
    close_trips: float
    close_s: float
    sweep_json_s: float


@dataclass(frozen=True)
class Setting:
    """`way`: an `array` of a scheduler, a process for each job; or `drivers`, one `sweep resume` on each host.

    `lanes`: jobs at once on a host. A job takes `job_s`, spread by a factor of up to e either way; `import_s` is the
    start of its process with its frameworks. The scheduler starts at most `dispatch_per_s` tasks a second. The server
    answers `requests_per_s` requests; a run's own files are `run_trips` round trips.
    """

    way: str
    jobs: int
    hosts: int
    latency_s: float
    lanes: int = 2
    job_s: float = 60.0
    import_s: float = 12.0
    dispatch_per_s: float = 20.0
    requests_per_s: float = 20_000.0
    run_trips: float = 150.0
    seed: int = 0


@dataclass
class Outcome:
    """`ideal_s`: of jobs and imports alone, spread evenly over all lanes."""

    ideal_s: float
    makespan_s: float
    mean_requests: float
    peak_requests: float
    status_s: float
    poll_s: float
    close_s: float
    passed: int


FREE, BEGIN, END = 0, 1, 2  # kinds of events: a lane looks for a job, begins it, ends it


class Server:
    """A file server that answers requests one after another."""

    def __init__(self, setting: Setting) -> None:
        self.setting, self.free_at_s = setting, 0.0
        self.by_minute: dict[int, float] = {}
        self.total = 0.0

    def ask(self, now_s: float, trips: float) -> float:
        """The time at which `trips` requests, one after another, are answered."""
        self.total += trips
        self.by_minute[int(now_s // 60)] = self.by_minute.get(int(now_s // 60), 0.0) + trips
        self.free_at_s = max(self.free_at_s, now_s) + trips / self.setting.requests_per_s
        return max(now_s + trips * self.setting.latency_s, self.free_at_s)

    def beside(self, until_s: float, length_s: float, per_s: float) -> None:
        """Requests of a running job in the time before `until_s`, for which nobody waits."""
        self.total += length_s * per_s
        for minute in range(int((until_s - length_s) // 60), int(until_s // 60) + 1):
            inside_s = min(until_s, 60.0 * (minute + 1)) - max(until_s - length_s, 60.0 * minute)
            self.by_minute[minute] = self.by_minute.get(minute, 0.0) + inside_s * per_s


def lengths_of(setting: Setting) -> list[float]:
    """The time of each job in seconds."""
    random = Random(setting.seed)
    return [setting.job_s * exp(random.uniform(-1, 1)) for _ in range(setting.jobs)]


def simulated(setting: Setting, costs: Costs) -> Outcome:
    """A sweep of `setting.jobs` jobs from its first job to the end of its last."""
    lengths_s = lengths_of(setting)
    lanes = setting.hosts * setting.lanes
    server, taken = Server(setting), [False] * setting.jobs
    next_of = [0] * setting.hosts  # the job that a host's driver looks at next
    array_next, dispatched_s, passed, imports = 0, 0.0, 0, 0
    # When, what, the lane, the jobs of its process so far, the job that it runs (or -1).
    events = [(0.0, FREE, lane, 0, -1) for lane in range(lanes)]
    ended_s = 0.0
    while events:
        now_s, kind, lane, in_process, number = heapq.heappop(events)
        if kind == BEGIN:
            imported_s = setting.import_s if in_process == 0 else 0.0
            imports += in_process == 0
            run_s = server.ask(now_s, costs.attempt_trips / 2) + imported_s + lengths_s[number]
            heapq.heappush(events, (run_s, END, lane, in_process, number))
        elif kind == END:
            server.beside(now_s, lengths_s[number], costs.beat_trips / BEAT_S + costs.look_trips / LOOK_S)
            ended_s = server.ask(now_s, costs.attempt_trips / 2 + setting.run_trips) + costs.attempt_s
            heapq.heappush(events, (ended_s, FREE, lane, (in_process + 1) % JOBS_PER_PROCESS, -1))
        elif setting.way == "array":
            if array_next < setting.jobs:
                dispatched_s = max(dispatched_s + 1 / setting.dispatch_per_s, now_s)
                heapq.heappush(events, (dispatched_s, BEGIN, lane, 0, array_next))
                array_next += 1
        else:
            host = lane % setting.hosts
            first = number = next_of[host]
            while number < setting.jobs and taken[number]:
                number += 1
            next_of[host] = number + 1
            passed += number - first
            looked_s = server.ask(now_s, costs.pass_trips * (number - first))
            if number < setting.jobs:
                taken[number] = True
                heapq.heappush(events, (looked_s, BEGIN, lane, in_process, number))
    return _outcome(setting, costs, server, sum(lengths_s) + imports * setting.import_s, ended_s, passed)


def _outcome(setting: Setting, costs: Costs, server: Server, work_s: float, ended_s: float, passed: int) -> Outcome:
    """The drivers' polls beside it: each lists the folder, and reads the rows that have changed since the last one."""
    drivers = setting.hosts if setting.way == "drivers" else 1
    status_s = setting.jobs * (costs.row_s + costs.row_trips * setting.latency_s / READERS)
    changed = setting.jobs / ended_s * POLL_S + setting.hosts * setting.lanes  # those that run are read each time
    listed_s = setting.jobs * (costs.poll_s + 0.01 * setting.latency_s)
    poll_s = listed_s + changed * (costs.row_s + costs.row_trips * setting.latency_s / READERS)
    period_s = max(POLL_S, READING_SHARE * poll_s) + poll_s
    polled = drivers * (0.01 * setting.jobs + changed * costs.row_trips) / period_s if setting.way == "array" else 0.0
    return Outcome(
        ideal_s=work_s / (setting.hosts * setting.lanes),
        makespan_s=ended_s,
        mean_requests=server.total / ended_s + polled,
        peak_requests=max(server.by_minute.values()) / 60 + polled,
        status_s=status_s,
        poll_s=poll_s,
        close_s=setting.jobs * (costs.close_s + costs.close_trips * setting.latency_s / READERS),
        passed=passed,
    )
