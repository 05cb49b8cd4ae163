"""The page in a real browser: whole without scripts, usable with them, on a phone and on paper, and quiet."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.cli import main
from harness.report.html.blocks import Ladder, RungEntry, TableBlock
from harness.report.html.document import Document, KeyNumber, section
from harness.report.html.rendering import render
from harness.report.html.writing import PAGE
from harness.report.language import language_of

Opened = Callable[..., Any]
HOSTILE = (
    "<script>document.title='gone'</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "\u202eright to left",
    "\x1b]0;title\x07\x1b[31mred",
    "עברית and العربية",
    "{{ 7 * 7 }} {% raw %}",
    "javascript:alert(1)",
    "</style></title><h1>not a heading</h1>",
)


def rows_of(page: Any) -> int:
    return int(page.locator("tbody tr").count())


@pytest.mark.parametrize("width", [375, 768, 1280])
def test_it_shows_and_never_scrolls_sideways(made: Path, opened: Opened, width: int) -> None:
    page = opened(made / PAGE, width)
    assert page.locator("h1").inner_text() == "mnist_mlp"
    assert page.locator(".verdict").inner_text().strip().startswith("?\nUNVERIFIED: nothing was checked")
    page.get_by_role("button", name="Open all").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".ladder details[open]").count() == page.locator(".ladder details").count() == 4


def test_tables_are_sorted_by_numbers(made: Path, opened: Opened) -> None:
    page = opened(made / PAGE)
    table = page.locator("table", has=page.locator("caption", has_text="Sources of the tolerances"))
    head = table.get_by_role("columnheader", name="checks")
    for direction, is_falling in (("ascending", False), ("descending", True)):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == direction
        shown = [int(text) for text in table.locator("tbody tr td:nth-child(2)").all_inner_texts()]
        assert len(set(shown)) > 1
        assert shown == sorted(shown, reverse=is_falling)


def test_rows_are_filtered_and_counted_aloud(made: Path, opened: Opened) -> None:
    page = opened(made / PAGE)
    region = page.get_by_role("region", name="Parity")
    total = region.locator("tbody tr").count()
    tools = region.locator("xpath=preceding-sibling::div[1]")
    tools.get_by_role("searchbox").fill("trajectory free")
    shown = region.locator("tbody tr:visible").all_inner_texts()
    assert 0 < len(shown) < total
    assert all("trajectory" in text and "free" in text for text in shown)
    counter = tools.locator("output")
    assert counter.get_attribute("aria-live") == "polite"
    assert counter.inner_text() == f"{len(shown)} / {total} rows"


def test_light_and_dark(made: Path, opened: Opened) -> None:
    def darkness(page: Any) -> int:
        return int(page.evaluate("parseInt(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])"))

    page = opened(made / PAGE, color_scheme="dark")
    dark = darkness(page)
    toggle = page.get_by_role("button", name="Light or dark")
    assert toggle.get_attribute("aria-pressed") == "true"
    toggle.click()
    assert toggle.get_attribute("aria-pressed") == "false"
    assert dark < 60 < 200 < darkness(page)
    drawn = page.evaluate("getComputedStyle(document.querySelector('.plot svg text')).fill")
    assert drawn == page.evaluate("getComputedStyle(document.body).color")  # text of plots follows the theme


def test_without_scripts_all_is_there(made: Path, opened: Opened) -> None:
    plain, full = opened(made / PAGE, java_script_enabled=False), opened(made / PAGE)
    assert rows_of(plain) == rows_of(full) > 20
    assert plain.locator("svg:visible").count() == full.locator("svg:visible").count()
    assert plain.locator("section").count() == full.locator("section").count()
    assert plain.locator("button, input").count() == 0
    plain.locator("summary").first.click()  # the evidence opens without a script
    assert plain.locator(".evidence:visible").count() >= 1


def test_paper_shows_all_evidence_and_no_controls(made: Path, opened: Opened) -> None:
    page = opened(made / PAGE)
    page.emulate_media(media="print")
    assert page.locator("button:visible, input:visible").count() == page.locator("thead button").count()
    assert page.locator(".tools:visible, .theme:visible, nav:visible").count() == 0
    assert page.locator(".evidence").count() == page.locator(".evidence:visible").count() > 3
    assert page.evaluate("getComputedStyle(document.body).backgroundColor").startswith("rgb(25")


def test_what_a_screen_reader_reads(made: Path, opened: Opened) -> None:
    page = opened(made / PAGE)
    tree = page.locator("body").aria_snapshot()
    for expected in ("banner", "navigation", "main", 'heading "mnist_mlp" [level=1]', 'heading "The ladder" [level=2]'):
        assert expected in tree
    levels = page.eval_on_selector_all("h1,h2,h3,h4,h5,h6", "nodes => nodes.map(node => +node.tagName[1])")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.locator("table:not(:has(caption))").count() == 0
    assert page.locator("thead th:not([scope=col]), tbody th:not([scope=row])").count() == 0
    assert page.locator("svg:not([aria-hidden=true]), img:not([alt])").count() == 0
    described = page.locator("[role=img]").evaluate_all("nodes => nodes.map(node => node.ariaLabel.length)")
    assert min(described) > 30
    assert (
        page.evaluate("new Set([...document.querySelectorAll('[id]')].map(n => n.id)).size")
        == page.locator("[id]").count()
    )


def test_the_keyboard_reaches_and_opens_a_rung(made: Path, opened: Opened) -> None:
    page = opened(made / PAGE)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator(".ladder summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".ladder details").first.get_attribute("open") is not None
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_strict_page_has_nothing_inline(made: Path, tmp_path: Path, opened: Opened) -> None:
    assert main(["report", str(made), "csp=strict", f"out={tmp_path / 'strict'}"]) == 0
    text = (tmp_path / "strict" / PAGE).read_text()
    assert "<style" not in text
    assert " style=" not in text
    assert "data:" not in text.replace("data: mnist", "")
    assert "onload" not in text
    page = opened(tmp_path / "strict" / PAGE)
    assert page.locator("script:not([src])").count() == 0
    assert page.get_by_role("button", name="Open all").count() == 1  # its script runs
    assert page.evaluate("getComputedStyle(document.querySelector('.verdict')).borderLeftWidth") == "4px"
    plain = opened(tmp_path / "strict" / PAGE, java_script_enabled=False)
    assert rows_of(plain) == rows_of(page)


@pytest.mark.parametrize("variant", ["inline", "strict"])
def test_hostile_texts_stay_text(tmp_path: Path, opened: Opened, variant: Any) -> None:
    table = (["arm", "cause"], [[text, text] for text in HOSTILE])
    rungs = [RungEntry(text, text, "diverges", 1, 0, 0.5, text, ()) for text in HOSTILE]
    document = Document(
        kind="run",
        title=HOSTILE[0],
        sentence=f"DIVERGES: {' '.join(HOSTILE)}",
        key_numbers=tuple(KeyNumber(text, text, text, text) for text in HOSTILE),
        conditions=HOSTILE,
        sections=(section(HOSTILE[-1], TableBlock.of(HOSTILE[1], table), Ladder(tuple(rungs))), section("second")),
    )
    rendered = render(document, language_of("en"), variant)
    (tmp_path / PAGE).write_text(rendered.html)
    for place, content in rendered.files.items():
        (tmp_path / place).write_bytes(content)
    page = opened(tmp_path / PAGE)
    assert page.title() == f"{HOSTILE[0]} – twinrun"
    assert page.locator("h1").count() == 1
    assert page.locator("main img, main script, main [onmouseover], main [onerror]").count() == 0
    cells = page.locator("tbody th").all_inner_texts()
    assert cells[0] == HOSTILE[0]
    assert cells[3] == r"\u202eright to left"
    assert cells[4] == r"\x1b]0;title\x07\x1b[31mred"
    assert cells[5:8] == list(HOSTILE[5:8])


def test_hostile_records_stay_text(run_folder: Path, opened: Opened) -> None:
    verdicts = pd.read_parquet(run_folder / "verdicts.parquet")
    verdicts["cause"] = [HOSTILE[number % len(HOSTILE)] for number in range(len(verdicts))]
    verdicts["tolerance_source"] = verdicts["cause"]
    verdicts.to_parquet(run_folder / "verdicts.parquet")
    assert main(["report", str(run_folder)]) == 0
    page = opened(run_folder / PAGE)
    page.get_by_role("button", name="Open all").click()
    assert page.locator("main img, main script").count() == 0
    assert page.get_by_text(HOSTILE[0]).count() >= 2
    assert "UNVERIFIED: verdicts.parquet: is not what it was" in page.locator(".verdict").inner_text()
