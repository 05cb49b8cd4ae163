"""The ledger: where a framework departs from a word's formula. Each entry has evidence that can be run again."""

from harness.ledger.entry import Entry, LedgerError
from harness.ledger.loading import entries_for, ledger, read

__all__ = ["Entry", "LedgerError", "entries_for", "ledger", "read"]
