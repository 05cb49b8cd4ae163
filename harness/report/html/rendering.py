"""A document as HTML: one page that stands on its own or, for servers that forbid what is inline, a page with files.

Everything in a document is text: the templates escape it, and characters that are not printable are shown as escapes.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness import __version__
from harness.report.html.blocks import Picture
from harness.report.html.document import Document
from harness.report.language import Language
from harness.system.text import printable

if TYPE_CHECKING:
    from jinja2 import Environment

Variant = Literal["inline", "strict"]
TEMPLATES = Path(__file__).parent / "templates"
STYLE_FILE, SCRIPT_FILE, PICTURE_FOLDER = "report.css", "report.js", "report_pictures"
BLANK_DIGEST = "0" * 64
SHORT = 26  # characters of a cell that is not broken into lines
EMPTY_LINES = re.compile(r"\n\s*\n")
# No source is allowed but what is named: no font, frame, worker, form or connection.
NOTHING_ELSE = "default-src 'none'; base-uri 'none'; form-action 'none'"
# A symbol for each status, which is readable without colours.
SYMBOLS = {
    **dict.fromkeys(("agrees", "timed", "passed", "not slower", "not lower", "not diverging", "follows"), "✓"),
    **dict.fromkeys(("diverges", "slower", "lower", "fails"), "✗"),
    **dict.fromkeys(("unverified", "undecided", "undetermined"), "?"),
    **dict.fromkeys(("crashed", "interrupted", "unfinished"), "!"),
    **{"known": "≈", "unsupported": "–", "complete": "✓", "recorded": "!", "yes": "≠", "no": "="},
    **{"native": "●", "composed": "◐", "custom": "○", "both right": "✓", "one wrong": "✗", "both wrong": "✗"},
}


@dataclass(frozen=True)
class Drawing:
    """A plot as an `<svg>` element, and the SHA-256 of its text."""

    svg: Any
    digest: str


@dataclass(frozen=True)
class Rendered:
    """A page, and the files beside it, by their place."""

    html: str
    files: Mapping[str, bytes]


def render(document: Document, language: Language, variant: Variant = "inline", draws: bool = True) -> Rendered:
    """The page of a document. Without `draws` its plots are left out, which no text on the page depends on."""
    from markupsafe import Markup

    style, script = source("style.css"), source("page.js")
    pictures = {picture.name: png_of(picture) for picture in document.pictures}
    is_strict = variant == "strict"
    places = {name: f"{PICTURE_FOLDER}/{name}.png" for name in pictures}
    data = {name: f"data:image/png;base64,{base64.b64encode(png).decode()}" for name, png in pictures.items()}
    html = (
        _environment(language)
        .get_template("page.html.j2")
        .render(
            page=document,
            language=language,
            variant=variant,
            version=__version__,
            blank_digest=BLANK_DIGEST,
            policy=_policy(variant, style, script),
            style=Markup(style),
            script=Markup(script),
            style_file=STYLE_FILE,
            script_file=SCRIPT_FILE,
            drawings=_drawings(document, language) if draws else {f.name: Drawing("", "") for f in document.figures},
            sources=places if is_strict else data,
        )
    )
    html = EMPTY_LINES.sub("\n", html)
    html = html.replace(BLANK_DIGEST, own_digest(html), 1)
    files = {STYLE_FILE: style.encode(), SCRIPT_FILE: script.encode()} if is_strict else {}
    return Rendered(html, files | {places[name]: png for name, png in pictures.items()} if is_strict else {})


def own_digest(html: str) -> str:
    """The SHA-256 of a page whose own digest is blank."""
    return hashlib.sha256(html.encode()).hexdigest()


@cache
def source(name: str) -> str:
    """The text of a file of the templates, without empty lines."""
    return EMPTY_LINES.sub("\n", (TEMPLATES / name).read_text(encoding="utf-8"))


def _policy(variant: Variant, style: str, script: str) -> str:
    if variant == "strict":
        return f"{NOTHING_ELSE}; style-src 'self'; script-src 'self'; img-src 'self'"
    return f"{NOTHING_ELSE}; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:"


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _drawings(document: Document, language: Language) -> dict[str, Drawing]:
    from markupsafe import Markup

    from harness.report.html.figures.svg import svg_of

    texts = {figure.name: svg_of(figure, language.phrase) for figure in document.figures}
    return {name: Drawing(Markup(text), hashlib.sha256(text.encode()).hexdigest()) for name, text in texts.items()}


def png_of(picture: Picture) -> bytes:
    """The picture as a PNG."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture.pixels).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _environment(language: Language) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        keep_trailing_newline=True,
    )
    environment.globals |= {"_": language.phrase, "sentence": language.sentence, "SHORT": SHORT}
    environment.filters |= {
        "slug": slug,
        "symbol": lambda status: SYMBOLS.get(_first_word(status), "·"),
        "code": _with_code,
        "kind": lambda block: type(block).__name__,
        "percent": lambda share: f"{100 * min(max(share, 0.0), 1.0):.1f}",
        "share": lambda share: f"{share:.1%}" if share < 10 else f"{share:,.0f}×" if share < 1e4 else f"{share:.2g}×",
    }
    return environment


def _shown(value: Any) -> Any:
    """What an expression of a template shows: markup of ours as it is, text with its control characters visible."""
    return value if hasattr(value, "__html__") else printable(value)


def _with_code(text: str) -> Any:
    """The text with what stands between backticks as code."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(printable(text)))))


def slug(text: str) -> str:
    """A name for a style: the first status of a text, in letters and hyphens."""
    return re.sub(r"[^a-z]+", "-", _first_word(text)).strip("-")


def _first_word(text: str) -> str:
    return text.lower().partition(",")[0].strip()
