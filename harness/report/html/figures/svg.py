"""A plot as SVG for a page: the same bytes each time, text as text, colours that follow the page's.

A page forbids styles within elements, so what matplotlib writes as styles becomes attributes. Black becomes the colour
of the page's text, the colours of lines become variables of its style sheet.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as Xml

from harness.report.html.blocks import FigureBlock
from harness.report.plots import BAND, COLOURS, lay_out_once
from harness.system.text import printable

SVG, LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # names of arms may hold dollars
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.5,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "path.simplify_threshold": 0.5,
}
# The colours of a plot, as the style sheet of the page names them; what is not here stays as it is.
NAMED = {
    "#000000": "currentColor",
    "#444444": "var(--soft)",
    "#777777": "var(--soft)",
    "#dddddd": "var(--line)",
    "#ffffff": "var(--page)",
    BAND.lower(): "var(--band)",
    **{colour.lower(): f"var(--plot-{number})" for number, colour in enumerate(COLOURS)},
}
KEPT: tuple[str, ...] = (
    "fill",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "stroke-dashoffset",
    "opacity",
    "fill-opacity",
)
KEPT += ("stroke-opacity", "text-anchor", "stroke-linejoin", "stroke-linecap")
NO_METADATA: dict[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
FONT = re.compile(r"([\d.]+)px")
PIXELS = 96 / 72  # CSS pixels of a point


def svg_of(block: FigureBlock, phrase: Callable[[str], str] = str) -> str:
    """The plot as an `<svg>` element, hidden from screen readers: its description stands beside it.

    `phrase` translates its texts.
    """
    import matplotlib
    from matplotlib.figure import Figure  # not pyplot: no global state, no display

    with matplotlib.rc_context({**SETTINGS, "svg.hashsalt": block.name}):
        figure = Figure(figsize=block.size)
        figure.patch.set_visible(False)
        block.draw(figure)
        for axes in figure.axes:
            axes.patch.set_visible(False)
        buffer = io.StringIO()
        with warnings.catch_warnings():
            # A name may hold any character. The browser's fonts show what those of matplotlib lack.
            warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
            lay_out_once(figure)
            figure.savefig(buffer, format="svg", metadata=NO_METADATA)
    return _for_page(NOT_IN_XML.sub(lambda found: printable(found[0]), buffer.getvalue()), block.name, phrase)


def _for_page(text: str, name: str, phrase: Callable[[str], str]) -> str:
    Xml.register_namespace("", SVG)
    Xml.register_namespace("xlink", LINK)
    root = Xml.fromstring(text)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        _plain(element, name)
        if element.tag == f"{{{SVG}}}text" and element.text:
            element.text = printable(phrase(element.text))
    width, height = (float(size) for size in root.attrib["viewBox"].split()[2:])
    root.attrib.pop("version", None)
    root.attrib |= {"width": f"{width * PIXELS:.0f}", "height": f"{height * PIXELS:.0f}"}
    root.attrib |= {"aria-hidden": "true", "focusable": "false"}
    written = Xml.tostring(root, encoding="unicode")
    # Within HTML no namespace is declared, and a reference needs no prefix.
    written = re.sub(r' xmlns(:xlink)?="[^"]*"', "", written, count=2).replace("xlink:href", "href")
    return re.sub(r"\s*\n\s*", "\n", written)


def _plain(element: Xml.Element, name: str) -> None:
    """The element with attributes in place of its style, and with names of its own on the page."""
    style = element.attrib.pop("style", "")
    for part in filter(None, (part.strip() for part in style.split(";"))):
        key, _, value = (text.strip() for text in part.partition(":"))
        if key in ("font", "font-size") and (size := FONT.search(value)):
            element.set("font-size", size[1])
        elif key in KEPT:
            element.set(key, value)
    for key in ("fill", "stroke"):
        if (colour := element.get(key, "").lower()) in NAMED:
            element.set(key, NAMED[colour])
    if element.tag == f"{{{SVG}}}text":
        element.attrib.setdefault("fill", "currentColor")
    if "id" in element.attrib:
        element.set("id", f"{name}-{element.get('id')}")
    for key, value in list(element.attrib.items()):
        if key.endswith("href") and value.startswith("#"):
            element.set(key, f"#{name}-{value[1:]}")
        elif value.startswith("url(#"):
            element.set(key, f"url(#{name}-{value[5:]}")
