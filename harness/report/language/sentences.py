"""Finds the translation of recorded text: as a whole, or clause by clause."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

from harness.report.language.templates import SLOT, Template, words_of

# What separates clauses, in the order in which it is tried, and how translated clauses are joined.
SEPARATORS = (("; ", "；"), (", ", "，"), (": ", "："))
OPENING, CLOSING = "([{", ")]}"
LONGEST = 5_000  # characters of a text that is translated
_MOST_KEPT = 4_096  # translations
_MOST_TOGETHER = 20  # clauses that one entry covers


class Sentences:
    """The catalogue of recorded texts. `entries`: the translation of each text and template."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        self._whole = {text: translation for text, translation in entries.items() if not SLOT.search(text)}
        templates = [Template(text, translation) for text, translation in entries.items() if SLOT.search(text)]
        counts = Counter(word for template in templates for word in template.words)
        self._without_words: list[Template] = []
        self._by_word: dict[str, list[Template]] = defaultdict(list)
        for template in templates:
            if template.words:
                self._by_word[min(template.words, key=lambda word: (counts[word], word))].append(template)
            else:
                self._without_words.append(template)
        self._known = lru_cache(_MOST_KEPT)(self._translation)

    def translated(self, text: str) -> str:
        """The text in the other language; clauses that the catalogue lacks stay as they are."""
        if len(text) > LONGEST:
            return text
        translation = self._known(text.strip())
        return text if translation is None else text.replace(text.strip(), translation)

    def _translation(self, text: str) -> str | None:
        """The translation of a text or of some of its clauses; None where the catalogue has none."""
        whole = self._as_a_whole(text)
        if whole is not None:
            return whole
        for separator, joiner in SEPARATORS:
            clauses = clauses_of(text, separator)
            if len(clauses) > 1 and (parts := self._grouped(clauses, separator)) is not None:
                return joiner.join(parts)
        return self._with_remark(text) or self._with_full_stop(text)

    def _as_a_whole(self, text: str) -> str | None:
        """The translation of a text that is an entry of the catalogue, or matches a template."""
        if text in self._whole:
            return self._whole[text]
        for template in self._candidates(text):
            values = template.values(text)
            if values is not None:
                return template.filled(values, self.translated, lambda value: self._as_a_whole(value) or value)
        return None

    def _grouped(self, clauses: Sequence[str], separator: str) -> list[str] | None:
        """The clauses translated; several that are one entry together as one. None where no clause is translated."""
        parts: list[str] = []
        start, is_translated = 0, False
        while start < len(clauses):
            for end in range(min(len(clauses), start + _MOST_TOGETHER), start + 1, -1):
                together = self._as_a_whole(separator.join(clauses[start:end])) if end - start < len(clauses) else None
                if together is not None:
                    break
            else:
                end, together = start + 1, self._known(clauses[start])
            is_translated = is_translated or together is not None
            parts.append(clauses[start] if together is None else together)
            start = end
        return parts if is_translated else None

    def _candidates(self, text: str) -> list[Template]:
        """The templates that may match, those with the most text of their own first."""
        found = [template for word in words_of(text) for template in self._by_word.get(word, ())]
        return sorted([*found, *self._without_words], key=lambda template: -template.weight)

    def _with_remark(self, text: str) -> str | None:
        """A text that ends with a remark in parentheses."""
        before, opened, remark = text.partition(" (")
        if not opened or not remark.endswith(")"):
            return None
        outer, inner = self._known(before), self._known(remark[:-1])
        return None if outer is None and inner is None else f"{outer or before}（{inner or remark[:-1]}）"

    def _with_full_stop(self, text: str) -> str | None:
        """A text that ends with a full stop, which no entry of a clause has."""
        sentence = self._known(text[:-1]) if text.endswith(".") else None
        return None if sentence is None else f"{sentence}。"


def clauses_of(text: str, separator: str) -> list[str]:
    """The parts of a text between separators outside of brackets; a colon separates only once."""
    parts, depth, start, at = [], 0, 0, 0
    while at < len(text):
        depth += (text[at] in OPENING) - (text[at] in CLOSING)
        if depth <= 0 and text.startswith(separator, at):
            parts.append(text[start:at])
            start = at = at + len(separator)
            if separator == ": ":
                break
            continue
        at += 1
    return [*parts, text[start:]]
