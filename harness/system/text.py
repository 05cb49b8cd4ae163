"""Text from outside (a user's files, an environment, a framework's messages) on its way to a reader.

`printable` is for a terminal, `markdown` for a page. Both leave ordinary text as it is, and both may be applied twice.
"""

from __future__ import annotations

import re

# What would be markup in the middle of a line.
_INLINE = re.compile(
    r"[<`|~$]"  # HTML, code, a cell's border, struck out, mathematics
    r"|\\(?![0-9A-Za-z])"  # would take the next character's meaning, or ours; `\x1b` has none to take
    r"|\](?=[(\[:])"  # the end of a link's or an image's text, or of the name of a target
    r"|:(?=//)|(?<=www)\."  # addresses, which some readers make links of
    r"|(?<!\s)\*|\*(?!\s)"  # emphasis; `a * b` is none
    r"|(?<![^\W_])_|_(?![^\W_])",  # emphasis; `test_accuracy` is none
    re.IGNORECASE,
)
# What would be a block at the beginning of a line: a heading, a quotation, a rule, an item of a list, a task.
_BLOCK = re.compile(r"^[#>=]|^[-+](?=\s|-*\s*$)|^\[(?=[ xX]\](?:\s|$))|^\d+[.)](?=\s|$)")


def printable(text: object, lines: bool = False) -> str:
    """The text for a terminal: what is not printable (as `repr` sees it) becomes a visible escape, `\\x1b`.

    So neither control characters, nor line breaks, nor marks that turn the direction of text have any effect.
    With `lines` the line breaks of the text stay.
    """
    if lines:
        return "\n".join(printable(line) for line in str(text).split("\n"))
    whole = str(text)
    return whole if whole.isprintable() else "".join(map(_visible, whole))


def markdown(text: object) -> str:
    """The text for a page of Markdown: `printable`, and nothing in it is markup.

    What would be is written as an entity (`&lt;`); an entity that is there already stays one.
    """
    return _BLOCK.sub(_entity, _INLINE.sub(_entity, printable(text).strip()))


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def _entity(match: re.Match[str]) -> str:
    """The last character of a match as an entity, after the digits that stand before it."""
    before, character = match.group()[:-1], match.group()[-1]
    return before + ("&lt;" if character == "<" else f"&#{ord(character)};")
