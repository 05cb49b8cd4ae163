"""The language of a page: its fixed phrases, and the sentences that runs record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """A language by its code. English is what twinrun writes and records, so both methods return their text."""

    code: str

    def phrase(self, text: str) -> str:
        """A fixed phrase of twinrun in this language."""
        return text

    def sentence(self, text: str) -> str:
        """A recorded sentence, cause or advice in this language."""
        return text


def language_of(code: str) -> Language:
    """The language with this code."""
    return Language(code)
