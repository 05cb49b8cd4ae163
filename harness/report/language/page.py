"""A page of Markdown in another language, translated line by line after it was made."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence

from harness.report.language.language import Language
from harness.system.text import markdown

# Heads of columns that hold names.
NAMES = ("rung", "arm", "arms", "word", "row", "variant", "image", "file", "folder")
_HEADING = re.compile(r"(#+ )(.*)")
_ITEM = re.compile(r"(- )(.*)")
_STRONG = re.compile(r"(\*\*)(.*)(\*\*)")
_ROW = re.compile(r"\|.*\|")
_RULE = re.compile(r"\|[-:|]+\|")
_MARKUP = re.compile(r"`|\]\(|!\[|<")  # code, links, pictures and HTML, which twinrun writes itself


def in_language(page: str, language: Language) -> str:
    """The page with its headings, heads, cells, items and paragraphs translated; the same page for English.

    Cells of columns that hold names stay as they are.
    """
    if language.code == "en":
        return page
    lines = page.split("\n")
    translated, head = list[str](), list[str]()
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if _ROW.fullmatch(line) and _RULE.fullmatch(below):
            head = _cells(line)
            translated.append(_row(head, [language.phrase] * len(head)))
        elif _ROW.fullmatch(line) and len(_cells(line)) == len(head) and not _RULE.fullmatch(line):
            translated.append(_row(_cells(line), [str if name in NAMES else language.sentence for name in head]))
        else:
            translated.append(_line(line, language))
    return "\n".join(translated)


def _line(line: str, language: Language) -> str:
    """A line that is no row of a table."""
    if _RULE.fullmatch(line) or not line.strip():
        return line
    for pattern, translate in ((_HEADING, language.phrase), (_ITEM, language.sentence), (_STRONG, language.sentence)):
        if match := pattern.fullmatch(line):
            before, text, *closing = match.groups()
            return before + _escaped(text, translate) + "".join(closing)
    return _escaped(line, language.phrase)


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row[1:-1].split("|")]


def _row(cells: Sequence[str], translate: Sequence[Callable[[str], str]]) -> str:
    translated = (_escaped(cell, of_column) for cell, of_column in zip(cells, translate, strict=True))
    return f"| {' | '.join(translated)} |"


def _escaped(text: str, translate: Callable[[str], str]) -> str:
    """The translation of a text of a page, in which markup is escaped; where nothing is translated, the text itself."""
    if _MARKUP.search(text):
        return translate(text)
    plain = html.unescape(text)
    translation = translate(plain)
    return text if translation == plain else markdown(translation)
