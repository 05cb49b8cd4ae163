"""A recorded English sentence with slots, and the same sentence in another language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

from harness.records.failure import Symptom

SLOT = re.compile(r"\{(\w+)(?::(\w+))?\}")
_SYMPTOM = "|".join(get_args(Symptom))
_CLAUSE = r"(?:\[[^\[\]]*\]|\([^()]*\)|(?!; |: |, ).)+?"
# By the kind of a slot, what it matches. A slot without a kind matches what stands between two commas.
KINDS = {
    "": _CLAUSE,
    "clause": _CLAUSE,  # the same, translated itself
    "number": r"[-+]?(?:\d[\d.,]*(?:e[-+]?\d+)?|inf|nan)%?",
    "code": r"[^\s,;()]+",  # a word without spaces
    "codes": r"[\w.-]+(?:, [\w.-]+)*",
    "file": r"\S+\.(?:json|parquet|npz|yaml)",
    "index": r"[^\s\[]*\[[^\[\]]*\]",
    "names": r"(?:(?!; |: ).)+?",
    "spec": r"(?:(?!; | \().)+?",  # changes of a spec: `optimizer.form: rate_outside, ...`
    "symptom": _SYMPTOM,
    "message": rf"(?:(?!; \S+: (?:{_SYMPTOM}) at ).)+",  # of a failure, up to the next failure
    "text": r".+?",
    "rest": r".*",
}
TRANSLATED = ("text", "clause", "symptom")  # kinds
_CONJUNCTION = re.compile(r",? (and|or) ")
_WORD = re.compile(r"[A-Za-z]+")
Translate = Callable[[str], str]


@dataclass(frozen=True)
class Template:
    """`english` has slots such as `{step:number}`; `translation` has each of them once, without its kind.

    The values of slots of the kinds in `TRANSLATED` are translated too, in those of the kind `names` the
    conjunctions, and those of the kind `message` if they are one entry as a whole. All others are copied.
    """

    english: str
    translation: str

    @cached_property
    def slots(self) -> dict[str, str]:
        """The kind of each slot by its name."""
        return {name: kind or "" for name, kind in SLOT.findall(self.english)}

    @cached_property
    def literals(self) -> tuple[str, ...]:
        """The text between the slots."""
        return tuple(SLOT.split(self.english)[::3])

    @cached_property
    def weight(self) -> int:
        """The number of characters outside its slots: of two templates that match, the heavier says more."""
        return sum(map(len, self.literals))

    @cached_property
    def words(self) -> set[str]:
        """The whole words that a text must have to match."""
        return words_of(SLOT.sub("0", self.english))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = [re.escape(self.literals[0])]
        for (name, kind), literal in zip(self.slots.items(), self.literals[1:], strict=True):
            parts.append(f"(?P<{name}>{KINDS[kind]}){re.escape(literal)}")
        return re.compile("".join(parts), re.DOTALL)

    def values(self, text: str) -> dict[str, str] | None:
        """What stands in the slots; None where the text is another sentence."""
        at = 0
        for literal in self.literals:  # in almost every text that does not match, a literal is missing
            at = text.find(literal, at)
            if at < 0:
                return None
            at += len(literal)
        match = self._pattern.fullmatch(text)
        return match.groupdict() if match else None

    def filled(self, values: Mapping[str, str], translated: Translate, as_a_whole: Translate) -> str:
        """The translation with these values. `translated` translates a text; `as_a_whole` none of its clauses alone."""

        def shown(name: str) -> str:
            value, kind = values[name], self.slots[name]
            if kind in TRANSLATED:
                return translated(value)
            if kind == "names":
                return _CONJUNCTION.sub(lambda found: f" {translated(found[1])} ", value)
            return as_a_whole(value) if kind == "message" else value

        return SLOT.sub(lambda slot: shown(slot[1]), self.translation)


def words_of(text: str) -> set[str]:
    """The whole words of a text; a word with a digit beside it is no whole one."""
    return {match[0] for match in _WORD.finditer(text) if not _touches_a_digit(text, match)}


def _touches_a_digit(text: str, match: re.Match[str]) -> bool:
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    return before.isdigit() or after.isdigit()
