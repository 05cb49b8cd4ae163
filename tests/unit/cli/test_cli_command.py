"""The command as a function: whatever a verb does, its exit code and one line come out, and no exception."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

import harness.cli.verbs
from harness import __version__
from harness.cli import main

Plant = Callable[[str], None]


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """A verb `odd` whose run is this code."""
    monkeypatch.setattr(harness.cli.verbs, "__path__", [*harness.cli.verbs.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "harness.cli.verbs.odd", raising=False)

    def planted(code: str) -> None:
        lines = [
            "from harness.cli.verb import Verb",
            "def run(chosen):",
            f"    {code}",
            "VERB = Verb('odd', 'act', run)",
        ]
        (tmp_path / "odd.py").write_text("\n".join(lines))

    return planted


def test_without_a_verb_the_help_is_shown_and_it_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert capsys.readouterr().out.startswith("usage: twinrun ")


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"twinrun {__version__}\n"


def test_an_unknown_verb_is_told_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chek"]) == 2
    captured = capsys.readouterr()
    verbs = "baseline, bench, check, compare, "
    assert captured.err.startswith(f"twinrun: there is no verb 'chek'; did you mean check? Allowed: {verbs}")
    assert captured.out == ""


def test_every_unknown_option_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--loud", "extra"]) == 2
    error = capsys.readouterr().err
    assert "twinrun doctor knows no option --loud; see --help" in error
    assert "twinrun doctor knows no option extra; see --help" in error


def test_overrides_may_follow_options(capsys: pytest.CaptureFixture[str]) -> None:
    """argparse leaves them over; they count all the same."""
    assert main(["match", "seed=3", "--cfg", "job", "name=mine"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert {"seed: 3", "name: mine"} <= set(printed)


def test_what_a_terminal_would_obey_is_shown_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["match", "--cfg", "\x1b[31mjob"])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert "\x1b" not in error
    assert "x1b[31mjob" in error


def test_the_verbs_exit_code_is_the_commands(plant: Plant) -> None:
    plant("return 3")
    assert main(["odd"]) == 3


def test_a_users_mistake(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    plant("from harness.composition import UserMistake; raise UserMistake(['a: wrong', 'b: wrong too'])")
    assert main(["odd"]) == 2
    assert capsys.readouterr().err == "twinrun: 2 mistakes:\n  - a: wrong\n  - b: wrong too\n"


def test_an_interruption(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    plant("raise KeyboardInterrupt")
    assert main(["odd"]) == 130
    assert capsys.readouterr().err == ""


def test_an_internal_error_leaves_its_traceback(
    plant: Plant, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    plant("raise LookupError('nowhere\\nto be seen')")
    assert main(["odd"]) == 70
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("twinrun: internal error: LookupError: nowhere. This is a fault of twinrun")
    (log,) = tmp_path.glob("twinrun-error-*.log")
    assert str(log) in line
    assert "in run" in log.read_text()


def test_a_full_disk_is_unfinished_and_no_internal_error(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    plant("import errno; raise OSError(errno.ENOSPC, 'No space left on device', '/data/x')")
    assert main(["odd"]) == 5
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("twinrun: No space left on device")
