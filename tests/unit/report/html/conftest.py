"""One real recorded run for all tests of the page, and a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.records.exit_codes import UNVERIFIED

TINY = [
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: xavier_uniform}]",
    *("training.epochs=2", "training.max_steps=10", "training.batch_size=500", "comparison.free_steps=3"),
    *("comparison.forced_steps=1", "rungs=[schedule,loss,trajectory,convergence]"),
    "arms=[{use: reference, name: wide}, {use: reference, name: narrow, precision: float32, realisation: native}]",
]
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
FLAGS += ["--disable-dev-shm-usage", "--disable-extensions", "--no-first-run"]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the reference against itself in float32, with its page, as `match` leaves it."""
    folder = tmp_path_factory.mktemp("recorded") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWINRUN_REPORT", "html")
        assert main(["match", *TINY, f"out={folder}"]) == UNVERIFIED  # nothing but the reference was there
    return folder


@pytest.fixture
def run_folder(made: Path, tmp_path: Path) -> Path:
    """A copy of the run, for a test to change."""
    return shutil.copytree(made, tmp_path / "run")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium. Without it the tests are skipped, but fail where CI is set: there it is installed."""
    if not Path(CHROMIUM).exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            f"no browser: {CHROMIUM} is missing; apt-get install chromium"
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """`opened(file, **options)`: a page of the browser that shows a file. Any message or request of it is an error."""
    contexts, problems = [], list[str]()

    def show(file: Path, width: int = 1280, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        beside = file.parent.as_uri()
        page.on("request", lambda request: request.url.startswith((beside, "data:")) or problems.append(request.url))
        page.goto(file.as_uri())
        return page

    yield show
    for context in contexts:
        context.close()
    assert problems == []
