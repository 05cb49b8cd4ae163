"""A page of Markdown in another language, translated line by line after it was made."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from harness.report.language.language import Language
from harness.system.text import markdown

_HEADING = re.compile(r"(#+ )(.*)")
_ITEM = re.compile(r"(- )(.*)")
_STRONG = re.compile(r"(\*\*)(.*)(\*\*)")
_ROW = re.compile(r"\|.*\|")
_RULE = re.compile(r"\|[-:|]+\|")
_MARKUP = re.compile(r"`|\]\(|!\[|<")  # code, links, pictures and HTML, which twinrun writes itself


def in_language(page: str, language: Language) -> str:
    """The page with its headings, heads, cells, items and paragraphs translated; the same page for English."""
    if language.code == "en":
        return page
    lines = page.split("\n")
    below = [*lines[1:], ""]
    return "\n".join(_line(line, after, language) for line, after in zip(lines, below, strict=True))


def _line(line: str, after: str, language: Language) -> str:
    """A line in the language. `after`: the next line, which tells the head of a table from its rows."""
    if _RULE.fullmatch(line) or not line.strip():
        return line
    if _ROW.fullmatch(line):
        translate = language.phrase if _RULE.fullmatch(after) else language.sentence
        return _row(line, translate)
    for pattern, translate in ((_HEADING, language.phrase), (_ITEM, language.sentence), (_STRONG, language.sentence)):
        if match := pattern.fullmatch(line):
            before, text, *closing = match.groups()
            return before + _escaped(text, translate) + "".join(closing)
    return _escaped(line, language.phrase)


def _row(line: str, translate: Callable[[str], str]) -> str:
    return "|" + "|".join(f" {_escaped(cell.strip(), translate)} " for cell in line[1:-1].split("|")) + "|"


def _escaped(text: str, translate: Callable[[str], str]) -> str:
    """The translation of a text of a page, in which markup is escaped; where nothing is translated, the text itself."""
    if _MARKUP.search(text):
        return translate(text)
    plain = html.unescape(text)
    translation = translate(plain)
    return text if translation == plain else markdown(translation)
