"""`python -m tests.robustness.figures DIR`: docs/reliability.md, from what the tests of this folder left in DIR.

The tests leave a file each where the environment names a folder: `TWINRUN_FIGURES=DIR`.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
TRIED = ("odd configurations", "kills", "disks", "damages")
PACKAGES = ("mindspore", "tensorflow", "numpy", "hydra-core", "pydantic")
# How the kinds of breaches that the tests name begin, by what the page counts.
COUNTED = {
    "tracebacks": ("a traceback", "an exception", "an internal error"),
    "hangs": ("a hang",),
    "false AGREES": ("AGREES",),
    "lost rows": ("lost rows",),
    "orphans": ("a process is left",),
}
INTRODUCTION = """\
# Reliability

This page counts what was tried to break `twinrun`, and what went wrong (the breaches). `.ci/nightly` repeats the
trials every night with another seed. The tests write their counts to a folder DIR (`TWINRUN_FIGURES=DIR`), and
`python -m tests.robustness.figures DIR` makes this page from them.

- **odd configurations**: command lines of every verb, drawn from a seed, with unusual values, keys, forms, files,
  names and paths. Each is processed in the test's process, from the entry of the command up to the point where a run
  begins; one in a hundred is run completely.
- **kills**: the command, a worker or the process that yields the batches is ended by SIGTERM, SIGINT or SIGKILL, once
  or twice, at a random moment of the run.
- **disks**: disks that are full, read-only or slow, files limited by `ulimit -f`, and a standard output that accepts
  nothing.
- **damages**: every file and field of a recorded run is damaged, and the damaged run is compared with the intact one.

After each trial these must hold: no traceback; a documented exit code; nothing written outside of `out`; AGREES only
for a complete run; every file whole; no process left.
"""


def leave(name: str, **fields: Any) -> None:
    """Leaves what a test counted: `trials`, `seed`, `seconds`; `exit_codes` and `kinds` of breaches, by number."""
    folder = os.environ.get("TWINRUN_FIGURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        record = {"name": name, "versions": versions(), **fields}
        (Path(folder) / f"{name.replace(' ', '_')}.json").write_text(json.dumps(record, indent=1) + "\n")


def versions() -> dict[str, str]:
    from harness import __version__

    installed = {"twinrun": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            installed[package] = version(package)
        except PackageNotFoundError:
            continue
    return installed


def page(records: Sequence[Mapping[str, Any]]) -> str:
    """The page, with a row for each record."""
    head = ["what", "trials", "seed", *COUNTED, "other breaches", "exit codes", "wall time"]
    lines = [INTRODUCTION, _row(head), _row(["---"] * len(head)), *(_row(_cells(record)) for record in records), ""]
    absent = [name for name in TRIED if name not in {record["name"] for record in records}]
    lines += [f"Not counted here: {', '.join(absent)}.", ""] if absent else []
    for record in records:
        held = [f"{name} {number}" for name, number in record["versions"].items()]
        lines.append(f"{record['name']}: {', '.join(held)}.")
    return "\n".join(lines) + "\n"


def _cells(record: Mapping[str, Any]) -> list[str]:
    kinds: Mapping[str, int] = record["kinds"]
    counts = [sum(count for kind, count in kinds.items() if kind.startswith(those)) for those in COUNTED.values()]
    codes = ", ".join(f"{code}: {count:,}" for code, count in sorted(record.get("exit_codes", {}).items()))
    minutes = record["seconds"] / 60
    trials = f"{record['trials']:,}"
    return [
        record["name"],
        trials,
        str(record["seed"]),
        *map(str, counts),
        str(sum(kinds.values()) - sum(counts)),
        codes,
        f"{minutes:.1f} min",
    ]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("give the folder that TWINRUN_FIGURES named")
    PAGE.write_text(page([json.loads(path.read_text()) for path in sorted(Path(sys.argv[1]).glob("*.json"))]))
