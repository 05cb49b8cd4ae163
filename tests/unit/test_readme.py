"""The README's numbers are those that its commands print."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from tabulate import tabulate

from harness.ledger import ledger
from harness.report.vocabulary_table import View, counts
from harness.spec.vocabulary import BASES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SHOWN = "print(decays.SquareRoot.word())"


def test_counts_of_words() -> None:
    head, rows = counts(list(BASES), View())
    printed = "\n".join(
        line.rstrip() for line in tabulate(rows, head, tablefmt="plain", disable_numparse=True).splitlines()
    )
    assert f"<!-- counts -->\n```text\n{printed}\n```" in README


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_count_of_the_ledger(readme: str) -> None:
    different = sum(entry.kind == "different" for entry in ledger())
    numbers = (len(ledger()), different, len(ledger()) - different)
    sentence = {
        "README.md": "{} entries, {} different and {} inaccurate",
        "README.zh-CN.md": "{} 条，其中 {} 条 different、{} 条 inaccurate",
    }
    assert sentence[readme].format(*numbers) in (ROOT / readme).read_text()


def test_the_class_of_the_example_is_a_schedule() -> None:
    """In a process of its own, because a family has every member that was ever defined in its process."""
    written = dedent(re.search(r"```python\n(   class SquareRoot.*?)```", README, re.DOTALL)[1])  # type: ignore[index]
    code = f"import sys\nfrom harness.spec.schedules import decays\nexec(sys.argv[1], vars(decays))\n{SHOWN}"
    command = [sys.executable, "-c", code, written]
    assert subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout == "square_root\n"
