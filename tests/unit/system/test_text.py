"""Text from outside: what a terminal and a page of Markdown are shown of it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from harness.report.tables import Screen, as_markdown, draw, line, paragraph
from harness.system.text import markdown, printable

ORDINARY = (
    "dense_1/kernel[3, 0]",
    "1e-07",
    "a : b",
    "test_accuracy",
    "[71, 9]",
    "-0.5",
    "8 * 4 units",
    "a -> b",
    "ü 中",
)
HOSTILE = {
    "a heading": "# AGREES",
    "a heading below another line": "x\n# AGREES\n===",
    "HTML": "<img src=x onerror=alert(1)>",
    "a comment": "<!-- hidden",
    "a link": "[x](https://evil.example)",
    "an image": "![x](https://evil.example/x.png)",
    "a target": "[3, 0]: https://evil.example",
    "a reference": "[a][b]",
    "a bare address": "https://evil.example www.evil.example",
    "code": "`x` ```",
    "a fence": "~~~\nx",
    "a cell": "a | b",
    "emphasis": "**a** __b__ *c* _d_ ~~e~~",
    "a quotation": "> x",
    "a list": "- x",
    "a numbered list": "1. x",
    "a rule": "---",
    "indented code": "     x",
    "a backslash before markup": "\\<b> \\`x\\` \\[x](y) \\\\",
    "a backslash at the end": "x\\",
    "a hard break": "x  \ny",
}
# Half of what is tried is made of what Markdown and terminals obey.
SIGNS = st.sampled_from(
    [*"<>[]()!`|\\*_~#=+-:./$&; \n\r\t\x1b\x9b\x85\u2028\u202e\u2066\ufeff01xw", "www.", "://", "]:"]
)
TEXTS = st.text() | st.lists(SIGNS | st.characters()).map("".join)
HARNESS = Path(__file__).parents[3] / "harness"
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@given(TEXTS)
@example("\x1b]0;title\x07\x9b31m \u202eevil\u2066 \u2028 \ud800 \x00 \x7f\r\n")
def test_nothing_in_it_is_obeyed_by_a_terminal(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert printable(shown) == shown
    shown.encode()  # no lone surrogate either


@given(TEXTS)
def test_lines_stay_where_they_are_wanted(text: str) -> None:
    assert printable(text, lines=True).split("\n") == [printable(each) for each in text.split("\n")]


def test_escapes_can_be_read() -> None:
    assert printable("a\x1b[31m\u202e\n\u2028\x9b") == "a\\x1b[31m\\u202e\\n\\u2028\\x9b"


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_as_it_was(text: str) -> None:
    assert printable(text) == text
    assert markdown(text) == text


@given(TEXTS)
def test_markdown_is_printable_and_the_same_when_made_twice(text: str) -> None:
    page = markdown(text)
    assert page.isprintable()
    assert not set("<`|") & set(page)
    assert markdown(page) == page


def _kinds(page: str) -> list[str]:
    """The kinds of everything on a page, in order: blocks, and what stands in the lines."""
    return [part.type for token in PARSER.parse(page) for part in (token.children or [token])]


def _read(page: str) -> str:
    """The text that a reader of a page sees."""
    return "".join(part.content for token in PARSER.parse(page) for part in token.children or [])


@given(TEXTS)
@pytest.mark.parametrize("place", ["{}", "- {}", "**{}**", "- data: {}; 4 to train", "# {}", "x\n\n{}\n\ny"])
def test_in_every_place_it_is_text_and_nothing_else(place: str, text: str) -> None:
    page = markdown(text + "x")  # a place that stays empty has no text
    plain = [kind for kind in _kinds(place.format("plain")) if kind != "text"]
    assert [kind for kind in _kinds(place.format(page)) if kind != "text"] == plain
    if "&" not in text:
        assert printable(text + "x").strip() in _read(place.format(page))


@given(TEXTS, TEXTS)
def test_a_table_keeps_its_cells(one: str, other: str) -> None:
    table = as_markdown(["a", "b"], [[one, other], ["x", "y"]])
    kinds = [kind for kind in _kinds(table) if kind != "text"]
    assert kinds.count("td_open") == 4
    assert all(kind.startswith(("table", "thead", "tbody", "tr_", "th_", "td_", "inline")) for kind in kinds)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_markup_is_shown_as_text(text: str) -> None:
    assert _kinds(markdown(text)) == ["paragraph_open", "text", "paragraph_close"]
    assert _read(markdown(text)) == printable(text).strip()


def test_pages_of_our_own_keep_their_markdown() -> None:
    table = as_markdown(["field"], [["`a | b`"]], trusted=True)
    assert "`a \\| b`" in table


def _drawn(*objects: object) -> str:
    screen = Screen(file=io.StringIO(), width=200, force_terminal=False)
    for each in objects:
        screen.print(each)
    return screen.file.getvalue()  # type: ignore[attr-defined,no-any-return]


MARKUP = ["[red]x", "m[/bold]x", "[/]", "[link=x]y[/link]", ":smile:", "a\\", "\\[x]", "[bold]\\"]


@pytest.mark.parametrize("text", MARKUP)
def test_no_text_is_markup_on_a_screen(text: str) -> None:
    assert _drawn(text, line("a ", (text, "bold")), paragraph(text)) == f"{text}\na {text}\n{text}\n"
    screen = Screen(file=io.StringIO(), width=200)
    draw(screen, text, ["one", text], [[text, text]])
    assert screen.file.getvalue().count(text) == 4  # type: ignore[attr-defined]


@given(TEXTS)
def test_nothing_that_is_drawn_reaches_the_terminals_controls(text: str) -> None:
    screen = Screen(file=io.StringIO(), width=10_000)
    draw(screen, text, ["one", "two"], [[text, text]], paragraphs=["two"])
    screen.print(text)
    screen.print(line(text, (text, "bold red")))
    drawn = screen.file.getvalue()  # type: ignore[attr-defined]
    assert all(each.isprintable() for each in re.split(r"\n", drawn))


def _sources() -> dict[str, str]:
    return {str(file.relative_to(HARNESS)): file.read_text() for file in sorted(HARNESS.rglob("*.py"))}


def test_no_module_writes_markup_or_has_a_console_of_its_own() -> None:
    forbidden = re.compile(r"rich\.markup|from_markup|\[/\]|\[(?:bold|red|green|\{colour\})[\] ]")
    assert [name for name, text in _sources().items() if forbidden.search(text)] == []
    assert [name for name, text in _sources().items() if re.search(r"\b(?:Console|Screen)\(", text)] == [
        "report/tables.py"
    ]
