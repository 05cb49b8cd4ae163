"""The README's numbers are those that its commands print."""

from __future__ import annotations

from pathlib import Path

import pytest
from tabulate import tabulate

from harness.ledger import ledger
from harness.report.vocabulary_table import View, counts
from harness.spec.vocabulary import BASES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


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
