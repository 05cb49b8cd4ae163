"""What a sweep prints: its folder, a line for each job that ends, its table, its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.records.sweep import Attempt, Job, Sweep
from harness.report.as_json import SCHEMA, Outcome, as_text, head
from harness.report.detail import ALL, SCREEN, Detail
from harness.report.listening import ProgressListener
from harness.report.sweep import ACCURACY, LOSS, SHARE, STEP, sweep_table, values_in_words
from harness.report.tables import coloured, draw, line
from harness.scenarios.sweep.search import found_in_words
from harness.system.progress import Work

COLOURS = {"agrees": "green", "timed": "green", "unverified": "yellow", "waiting": "yellow", "running": "yellow"}
COLOURS |= dict.fromkeys(("diverges", "crashed", "lost", "interrupted", "refused", "unfinished"), "bold red")
# Of a table that is to fit on a screen. The page has the whole heads.
SHORT = {ACCURACY: "accuracy", LOSS: "loss", STEP: "step, ms", SHARE: "share", "wall time, s": "s"}
DISPENSABLE = ("s", "share", "loss", "step, ms")  # of a screen too narrow for all of them
MOST_ROWS = 40
FIELDS = {"status", "exit_code", "sentence", "message", "share", "wall_s", "arms"}  # of a row, for scripts


class SweepTerminal(ProgressListener):
    """Prints a sweep."""

    def __init__(self, detail: Detail = SCREEN) -> None:
        super().__init__(detail)

    def validating(self, done: int, total: int) -> None:
        """How many jobs are validated."""
        self.work(Work("all jobs", "validation", done, total))

    def begin(self, folder: Path, sweep: Sweep, rows: Sequence[Attempt | None]) -> None:
        """The sweep, and how much of it is done already."""
        self.progress.forget("all jobs")
        done = sum(row is not None and row.status == "done" for row in rows)
        known = f", {done:,} done before" if done else ""
        jobs = "jobs as the search finds them" if not rows else f"{len(rows):,} jobs"
        self._say(line((f"sweep of {sweep.verb}", "bold"), f": {', '.join(sweep.keys)}; {jobs}{known}; {folder}"))

    def row(self, job: Job, row: Attempt, left: int) -> None:
        """An attempt at a job has ended."""
        took = "" if row.wall_s is None else f", {row.wall_s:.1f} s"
        why = f": {row.message}" if row.message else ""
        again = f" (attempt {row.number})" if row.number > 1 else ""
        parts = line(f"  job {job.number} {values_in_words(job)}{again}: ", coloured(row.outcome, COLOURS))
        parts.append_text(line(f"{took}{why}; {left:,} left"))
        self._say(parts, soft_wrap=True)

    def end(self, folder: Path, sweep: Sweep, rows: Sequence[Attempt | None], code: int, sentence: str) -> None:
        """The table, the outcome and the folder."""
        self.close()
        self.jobs(sweep, rows)
        remarks = [text for text in [found_in_words(sweep, rows)] if text]
        self.conclude(outcome(folder, sweep, rows, code, sentence), remarks=remarks)

    def status(self, folder: Path, sweep: Sweep, statuses: Sequence[str], rows: Sequence[Attempt | None]) -> None:
        """What has become of every job; what runs with its host and the time of its begin."""
        self.close()
        counts = {word: statuses.count(word) for word in dict.fromkeys(statuses)}
        sentence = ", ".join(f"{count:,} {word}" for word, count in counts.items()) or "no jobs yet"
        if self.detail == "json":
            of_jobs = zip(sweep.jobs, statuses, rows, strict=True)
            jobs = [{**_job(folder, job, row), "status": word} for job, word, row in of_jobs]
            self.console.quiet = False
            self.console.out(
                as_text({"schema": SCHEMA, "folder": str(folder), **counts, "jobs": jobs}), highlight=False
            )
            return
        head = ["job", *(key.rpartition(".")[2] for key in sweep.keys), "status", "verdict", "host", "since", "attempt"]
        cells = []
        for job, word, row in zip(sweep.jobs, statuses, rows, strict=True):
            of_row = ["", "", "", ""] if row is None else [row.outcome, row.host, row.started, str(row.number)]
            if row is not None and row.status != "done":
                of_row[0] = ""
            cells.append([str(job.number), *(job.values.get(key, "") for key in sweep.keys), word, *of_row])
        draw(self.console, f"Jobs of {sweep.verb}", head, cells, colours=COLOURS)
        self.console.quiet = False
        self.console.print(sentence)

    def jobs(self, sweep: Sweep, rows: Sequence[Attempt | None]) -> None:
        """The table of the jobs; on a screen at most `MOST_ROWS`, those that do not agree first."""
        head, cells = sweep_table(sweep, rows, has_folders=self.detail == ALL)
        if self.detail == SCREEN:
            place = 1 + len(sweep.keys)
            head = [*head[:1], *(key.rpartition(".")[2] for key in sweep.keys), *map(_short, head[place:])]
            if len(cells) > MOST_ROWS:
                agreeing = ("agrees", "timed")
                cells = sorted(cells, key=lambda row: row[place] in agreeing)[:MOST_ROWS]
        self.console.print()
        self.table(f"Jobs of {sweep.verb}", (head, cells), dispensable=DISPENSABLE, colours=COLOURS)
        if len(rows) > len(cells):
            self._say(f"{len(rows) - len(cells):,} more jobs are in report.md")


def _short(head: str) -> str:
    name, _, arms = head.partition(" (")
    return f"{SHORT.get(name, name)}{f' ({arms}' if arms and name == ACCURACY else ''}"


def outcome(folder: Path, sweep: Sweep, rows: Sequence[Attempt | None], code: int, sentence: str) -> Outcome:
    """The sweep as the JSON object that scripts read."""
    return {
        **head(code, sentence, folder),
        "verb": sweep.verb,
        "keys": list(sweep.keys),
        "found": found_in_words(sweep, rows) or None,
        "jobs": [_job(folder, job, row) for job, row in zip(sweep.jobs, rows, strict=True)],
    }


def _job(folder: Path, job: Job, row: Attempt | None) -> dict[str, Any]:
    stated = {"job": job.number, "values": dict(job.values), "digest": job.digest}
    if row is None:
        return {**stated, "status": "waiting", "outcome": "waiting", "folder": None}
    fields = row.model_dump(mode="json", include=FIELDS)
    return {**stated, **fields, "outcome": row.outcome, "attempt": row.number, "folder": str(folder / row.folder)}
