"""A check of the residual network of docs/cost.md, as a user runs it: when it says something, and what memory it takes.

Run as `python tests/benchmarks/residual_check.py [OVERRIDE ...]`; the overrides are those of `twinrun check`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from cost_networks import RESIDUAL
from watched_command import watched


def main(overrides: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        seen = watched(["check", *RESIDUAL, "out=run", *overrides], Path(folder))
    print(seen.output)
    print(f"| first line | {seen.first_line_s:.0f} s |\n| first rung | {seen.first_rung_s:.0f} s |")
    print(
        f"| whole check | {seen.wall_s:.0f} s |\n| peak of the command's own process | {seen.peak_bytes / 1e9:.2f} GB |"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
