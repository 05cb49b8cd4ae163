"""What is run on several interpreters, or needs an environment of its own: `nox -l` lists the sessions.

Each session installs what it needs below `.nox`; with the frameworks that is about 5 GB. Arguments after `--` go to
pytest: `nox -s unit-3.12 -- tests/unit/plan`.
"""

from __future__ import annotations

import nox

VERSIONS = ("3.10", "3.11", "3.12")
PYTEST = ("python", "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile")
# Not tests/mutation and tests/robustness: what a planted fault or a full disk runs into is not tested thereby.
MEASURED = ("tests/unit", "tests/parity", "tests/end_to_end")

nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "unit"]


def install(session: nox.Session, extras: str) -> None:
    """The project and some of its extras, in the versions of constraints.txt."""
    session.install("-q", "-c", "constraints.txt", "-e", f".[{extras}]")


@nox.session(python=VERSIONS)
def tests(session: nox.Session) -> None:
    """The README's test command: all tests, with both frameworks (5 GB)."""
    install(session, "all,dev")
    session.run(*PYTEST, *session.posargs)


@nox.session(python=VERSIONS)
def unit(session: nox.Session) -> None:
    """The tests that need no framework."""
    install(session, "dev")
    session.run(*PYTEST, *(session.posargs or ["tests/unit"]))


@nox.session
def coverage(session: nox.Session) -> None:
    """Which lines and branches the tests reach, the arms' processes included; a page of each file in htmlcov (5 GB)."""
    install(session, "all,dev")
    session.run(*PYTEST, "--cov", "--cov-report=term", "--cov-report=html", *(session.posargs or MEASURED))


@nox.session(python="3.11")
def lint(session: nox.Session) -> None:
    """Style, format, types, and the order of the packages."""
    install(session, "dev")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")
