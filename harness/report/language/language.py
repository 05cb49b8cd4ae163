"""A language of the report, by its code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from harness.composition.mistakes import UserMistake, no_such, shown
from harness.report.language.sentences import Sentences
from harness.rungs.registry import names

CODES = ("en", "zh")
RUNGS = frozenset(names())
PHRASES = "phrases.yaml"  # the texts of pages; every other file has texts of records


class Language:
    """Translates the texts of a report. English leaves every text as it is.

    A text that no entry of the catalogue fits stays English, so that a translation is never wrong.
    """

    def __init__(self, code: str, phrases: Mapping[str, str], recorded: Mapping[str, str]) -> None:
        self.code = code
        self._phrases = phrases
        self._sentences = Sentences(recorded)

    def phrase(self, text: str, **values: object) -> str:
        """A fixed text of a page: a heading, the head of a column, a status. `values` fill its `{name}` slots.

        A phrase that the catalogue of phrases lacks is looked up among the recorded texts.
        """
        translation = self._phrases.get(text)
        if translation is None:
            translation = text if values else self.sentence(text)
        return translation.format(**values) if values else translation

    def sentence(self, text: str) -> str:
        """A recorded text: an outcome, a cause, advice, a failure. Names, numbers and foreign messages stay.

        So does the name of a rung, which is typed in commands: `loss` alone is the rung.
        """
        return text if text in RUNGS else self._sentences.translated(text)


@lru_cache
def language_of(code: str) -> Language:
    """The language with this code, one of `CODES`. Raises UserMistake for any other code."""
    if code not in CODES:
        raise UserMistake([no_such(f"lang: given {shown(code)}", code, CODES)])
    catalogues = {path.name: _catalogue(path) for path in sorted((Path(__file__).parent / code).glob("*.yaml"))}
    phrases = catalogues.pop(PHRASES, {})
    return Language(
        code, phrases, {text: translation for part in catalogues.values() for text, translation in part.items()}
    )


def _catalogue(path: Path) -> dict[str, str]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return dict(yaml.load(path.read_text(encoding="utf-8"), Loader=loader))
