"""Escapes text from outside (a user's files, an environment, a framework's messages) before it is shown.

`printable` is for a terminal, `markdown` for a page. Both leave ordinary text unchanged, and both are idempotent.
"""

from __future__ import annotations

import re

# Markup within a line.
_INLINE = re.compile(
    r"[<`|~$]"  # HTML, code, a cell's border, struck out, mathematics
    r"|\\(?![0-9A-Za-z])"  # would escape the next character; the backslash of `\x1b` escapes none
    r"|\](?=[(\[:])"  # the end of a link's or an image's text, or of the name of a target
    r"|:(?=//)|(?<=www)\."  # addresses, which some renderers turn into links
    r"|(?<!\s)\*|\*(?!\s)"  # emphasis; `a * b` is none
    r"|(?<![^\W_])_|_(?![^\W_])",  # emphasis; `test_accuracy` is none
    re.IGNORECASE,
)
# The beginning of a block: a heading, a quotation, a rule, an item of a list, a task.
_BLOCK = re.compile(r"^[#>=]|^[-+](?=\s|-*\s*$)|^\[(?=[ xX]\](?:\s|$))|^\d+[.)](?=\s|$)")


def printable(text: object, lines: bool = False) -> str:
    """The text for a terminal: a character that is not printable (as for `repr`) becomes an escape such as `\\x1b`.

    Control characters, line breaks and marks of the text direction have no effect then. With `lines`, line breaks stay.
    """
    if lines:
        return "\n".join(printable(line) for line in str(text).split("\n"))
    characters = str(text)
    return characters if characters.isprintable() else "".join(map(_visible, characters))


def markdown(text: object) -> str:
    """The text for a page of Markdown: `printable`, with all markup escaped.

    A character that would be markup is written as an entity (`&lt;`); existing entities are left unchanged.
    """
    return _BLOCK.sub(_entity, _INLINE.sub(_entity, printable(text).strip()))


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def _entity(match: re.Match[str]) -> str:
    """The match with its last character as an entity; only the digits of a numbered item precede it."""
    before, character = match.group()[:-1], match.group()[-1]
    return before + ("&lt;" if character == "<" else f"&#{ord(character)};")
