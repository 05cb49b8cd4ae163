"""Reads a page back: the texts on it with their places, its plots and pictures, and whether all are as they were made.

What can be computed again from the records is compared text by text. A plot is drawn anew by no check, because another
version of matplotlib draws other bytes: its numbers are compared by their digest, and its drawing with the digest that
the page has of it. Last, the page has a digest of all of itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import zip_longest
from pathlib import Path

import numpy as np

from harness.report.html.rendering import BLANK_DIGEST, own_digest
from harness.scenarios.verify.check import shown

# The elements whose text is compared as one, with their names in a sentence.
UNITS = {"title": "title", "h1": "heading", "h2": "heading", "h3": "heading", "h4": "heading", "summary": "line"}
UNITS |= {"p": "paragraph", "li": "item", "dt": "name", "dd": "value", "caption": "title of a table", "th": "cell"}
UNITS |= {"td": "cell", "figcaption": "caption", "img": "picture"}
IGNORED = ("style", "script", "svg")
DRAWING = re.compile(
    r'<figure class="plot" id="figure-([^"]*)"[^>]*data-drawing="([^"]*)">.*?(<svg.*?</svg>|(?=</div>))', re.S
)
IMAGE = re.compile(r'<img src="([^"]*)"[^>]*data-pixels="([^"]*)"')
META = re.compile(r'<meta name="twinrun-(\w+)" content="([^"]*)">')
LANGUAGE = re.compile(r'<html lang="([^"]*)"')


@dataclass(frozen=True)
class Text:
    """A text on a page, and where it is."""

    where: str
    text: str


@dataclass
class _Parser(HTMLParser):
    """Collects the texts of a page in order."""

    texts: list[Text] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._units: list[tuple[str, list[str]]] = []
        self._ignored = 0
        self._heading = self._table = ""
        self._heads: list[str] = []
        self._row = self._column = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        facts = dict(attributes)
        if tag in IGNORED:
            self._ignored += 1
        if tag == "figure" and "data-numbers" in facts:
            self.texts.append(Text(f"the numbers of {facts.get('id')}", facts["data-numbers"] or ""))
        if tag == "img":
            self.texts.append(Text(f"picture in «{self._heading}»", f"{facts.get('alt')} {facts.get('data-pixels')}"))
        elif tag in UNITS:
            self._units.append((tag, []))
        if tag == "table":
            self._heads, self._row = [], 0
        if tag == "tr":
            self._row, self._column = self._row + 1, 0
        if label := facts.get("aria-label"):
            self.texts.append(Text(f"label in «{self._heading}»", label))

    def handle_endtag(self, tag: str) -> None:
        if tag in IGNORED:
            self._ignored -= 1
        if not self._units or self._units[-1][0] != tag:
            return
        _, parts = self._units.pop()
        text = " ".join("".join(parts).split())
        if tag in ("h1", "h2", "h3", "h4"):
            self._heading = text
        if tag == "caption":
            self._table = text
        where = self._cell(text) if tag in ("td", "th") else f"{UNITS[tag]} in «{self._heading}»"
        self.texts.append(Text(where, text))

    def _cell(self, text: str) -> str:
        if self._row == 1:
            self._heads.append(text)
        self._column += 1
        head = self._heads[self._column - 1] if self._column <= len(self._heads) else self._column
        return f"table «{self._table}», row {self._row - 1}, column «{head}»"

    def handle_data(self, data: str) -> None:
        if self._ignored:
            return
        if self._units:
            self._units[-1][1].append(data)
        elif data.strip():
            self.texts.append(Text(f"text in «{self._heading}»", " ".join(data.split())))


def texts_of(html: str) -> list[Text]:
    """The texts of a page in order, with the digests of the numbers of its plots and of the pixels of its pictures."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    return parser.texts


def page_facts(html: str) -> dict[str, str]:
    """The `variant`, the `digest` and the `language` that the page states; without what it does not state."""
    found = {"variant" if name == "page" else name: value for name, value in META.findall(html)}
    language = LANGUAGE.search(html)
    return found | ({"language": language[1]} if language else {})


def differences(recorded: str, expected: str, folder: Path) -> Iterator[str]:
    """A clause on each of the first differences between a page and what it should be. `folder`: where the page is.

    `expected` is the page without drawings.
    """
    apart = list(_text_differences(texts_of(recorded), texts_of(expected)))
    yield from apart[:MOST]
    if len(apart) > MOST:
        yield f"{len(apart) - MOST} more texts differ"
    drawn = [*_drawing_differences(recorded), *_picture_differences(recorded, folder)]
    yield from drawn
    digest = page_facts(recorded).get("digest", "")
    if not apart and not drawn and own_digest(recorded.replace(digest, BLANK_DIGEST, 1)) != digest:
        yield "is not as it was written: its own digest is another, in a part that is neither text, plot nor picture"


MOST = 3


def _text_differences(recorded: list[Text], expected: list[Text]) -> Iterator[str]:
    for one, other in zip_longest(recorded, expected):
        if one is None:
            yield f"{other.where}: {shown(other.text)} follows, and is not there"
        elif other is None:
            yield f"{one.where}: {shown(one.text)} follows from nothing"
        elif one.text != other.text:
            yield f"{other.where}: {shown(one.text)} is there, and {shown(other.text)} follows"


def _drawing_differences(recorded: str) -> Iterator[str]:
    for name, digest, svg in DRAWING.findall(recorded):
        if hashlib.sha256(svg.encode()).hexdigest() != digest:
            yield f"figure {name} is not as it was drawn: its digest is another"


def _picture_differences(recorded: str, folder: Path) -> Iterator[str]:
    """Pictures are read, and their pixels compared with the digest on the page, which follows from the records."""
    for number, (source, digest) in enumerate(IMAGE.findall(recorded)):
        try:
            pixels = _pixels(source, folder)
        except (OSError, ValueError, binascii.Error) as error:
            yield f"picture {number} cannot be read: {error}"
            continue
        if hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest() != digest:
            yield f"picture {number} is not as it was made: its pixels are others"


def _pixels(source: str, folder: Path) -> np.ndarray:  # type: ignore[type-arg]
    from PIL import Image

    if source.startswith("data:"):
        content = base64.b64decode(source.partition(",")[2], validate=True)
    else:
        content = (folder / source).read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        return np.ascontiguousarray(image)
