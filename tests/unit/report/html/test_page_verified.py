"""`twinrun verify` reads the page back: whatever is changed in it is named with its place."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from harness.cli import main
from harness.records.exit_codes import AGREES, DIVERGES
from harness.report.html import rendering
from harness.report.html.reading import own_digest, page_facts, texts_of
from harness.report.html.writing import PAGE
from harness.results.marker import MARKER


def verified(folder: Path, expected: int, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["verify", str(folder)]) == expected
    return capsys.readouterr().out


def changed(folder: Path, old: str, new: str, after: str = "") -> None:
    """Changes the first place with `old` behind `after`."""
    text = (folder / PAGE).read_text()
    start = text.index(after)
    assert old in text[start:]
    (folder / PAGE).write_text(text[:start] + text[start:].replace(old, new, 1))


def test_a_page_as_it_was_written(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "report.html" in verified(run_folder, AGREES, capsys)


def test_a_page_of_another_matplotlib(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another version draws other bytes, writes their digest, and so makes a page with another digest of its own."""
    text = (run_folder / PAGE).read_text()
    facts = page_facts(text)
    svg = re.search(r"<svg [^>]*viewBox.*?</svg>", text[text.index('<figure class="plot"') :], re.S)
    assert svg is not None
    redrawn = svg[0].replace("<svg ", '<svg data-drawn-by="another" ')
    digest = re.search(r'data-drawing="([^"]*)"', text)
    assert digest is not None
    text = text.replace(svg[0], redrawn).replace(digest[1], hashlib.sha256(redrawn.encode()).hexdigest(), 1)
    text = text.replace(facts["digest"], rendering.BLANK_DIGEST)
    (run_folder / PAGE).write_text(text.replace(rendering.BLANK_DIGEST, own_digest(text), 1))
    verified(run_folder, AGREES, capsys)


# What is changed, to what, behind which text, and what `verify` says of it.
CHANGES = {
    "sentence": ("UNVERIFIED", "AGREES", '<p class="verdict', "paragraph in «mnist_mlp»"),
    "key number": ("%", "9%", '<dd class="value">', "value in «mnist_mlp»"),
    "cell": ("wide", "narrow", "time by arm</caption>", "table «Accuracy and time by arm», row 1, column «arm»"),
    "symbol": ("✓", "✗", "<caption>Parity", "table «Parity»"),
    "evidence": ("tolerance", "no tolerance", '<div class="evidence', "name in «The ladder»"),
    "caption": ("wide", "wise", "<figcaption>", "caption in «Accuracy and time»"),
    "numbers": ('data-numbers="', 'data-numbers="0', "", "the numbers of figure-losses"),
    "drawing": ('<path d="M ', '<path d="M 1', 'id="figure-learning-rates"', "figure learning-rates is not as it was"),
    "condition": ("<li>model: ", "<li>model: 1", "", "item in «mnist_mlp»"),
    "style": ("--page: light-dark(#fd", "--page: light-dark(#ff", "", "its own digest is another"),
    "bar": ('class="fill" width="', 'class="fill" width="1', "", "its own digest is another"),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("old", "new", "after", "place"), CHANGES.values(), ids=CHANGES)
def test_any_change_is_named(
    run_folder: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, after: str, place: str
) -> None:
    changed(run_folder, old, new, after)
    assert place in verified(run_folder, DIVERGES, capsys)


def test_every_digit_of_every_text_counts(made: Path) -> None:
    """No text of the page with a digit is left out of what is compared."""
    text = (made / PAGE).read_text()
    body = re.sub(r"<(style|script|svg)\b.*?</\1>", "", text[text.index("<body") :], flags=re.S)
    compared = " ".join(entry.text for entry in texts_of(text))
    for shown in re.findall(r">([^<>]*\d[^<>]*)<", body):
        for word in re.findall(r"[\w.]*\d[\w.]*", shown):
            assert word in compared


def test_a_page_in_another_language_and_variant(
    made: Path, tmp_path: Path, run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(run_folder), "lang=zh", "csp=strict"]) == AGREES
    verified(run_folder, AGREES, capsys)
    changed(run_folder, "%", "7%", '<dd class="value">')
    verified(run_folder, DIVERGES, capsys)


def test_something_that_is_no_page(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run_folder / PAGE).write_text("<html>91.10%</html>")
    assert "is no page of twinrun" in verified(run_folder, DIVERGES, capsys)


def test_a_folder_without_a_page_is_whole(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run_folder / PAGE).unlink()
    assert "report.html" not in verified(run_folder, AGREES, capsys)


def test_the_page_is_no_record(made: Path) -> None:
    assert PAGE not in (made / MARKER).read_text()
