"""Standard output that fails: a reader that has gone, a disk that is full, streams that the caller has closed."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys

import pytest

from harness.system.output import OutputGoneError, guarded_output, say_on_stderr

CAUGHT = """\
try:
    with guarded_output():
        print({})
except OutputGoneError as error:
    sys.exit(40 + error.is_quiet)
"""


class Failing(io.StringIO):
    """Takes `room` characters, then fails."""

    def __init__(self, number: int, room: int = 0) -> None:
        super().__init__()
        self.number, self.room = number, room

    def write(self, text: str) -> int:
        if self.tell() + len(text) > self.room:
            raise OSError(self.number, os.strerror(self.number))
        return super().write(text)


def printed(*lines: str, fault: Exception | None = None) -> None:
    with guarded_output():
        for line in lines:
            print(line)
        if fault is not None:
            raise fault


def ran(code: str, command: str = "{}") -> subprocess.CompletedProcess[str]:
    """A script in a process of its own, in a shell's `command`."""
    script = f"import sys\nfrom harness.system.output import OutputGoneError, guarded_output\n{code}"
    line = command.format('"$0" -c "$1"')
    whole = ["bash", "-c", line, sys.executable, script]
    return subprocess.run(whole, capture_output=True, text=True, timeout=60, check=False)


def test_what_is_printed_within_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    with guarded_output():
        print("one", end="")
        assert sys.stdout.isatty() is before.isatty()  # in all else it is the stream itself
    assert sys.stdout is before
    assert capsys.readouterr().out == "one"


@pytest.mark.parametrize(("number", "is_quiet"), [(errno.EPIPE, True), (errno.ENOSPC, False), (errno.EIO, False)])
def test_a_stream_that_fails(number: int, is_quiet: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Failing(number, room=4)
    monkeypatch.setattr(sys, "stdout", stream)
    with pytest.raises(OutputGoneError) as caught:
        printed("one", "two")
    assert caught.value.is_quiet is is_quiet
    assert str(caught.value) == f"standard output takes no more ({os.strerror(number)})"
    assert stream.getvalue() == "one\n"
    assert sys.stdout is stream


def test_other_exceptions_pass_through(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError):
        printed("said", fault=KeyError("x"))
    assert capsys.readouterr().out == "said\n"


def test_a_reader_that_has_left() -> None:
    """Nothing of Python's own is said at its end, when it flushes."""
    done = ran(CAUGHT.format("'x' * 10_000_000"), "{} | head -c 1; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, done.stdout, done.stderr) == (41, "x", "")


def test_a_full_disk_behind_it() -> None:
    done = ran(CAUGHT.format("'x'"), "{} > /dev/full")
    assert (done.returncode, done.stderr) == (40, "")


def test_closed_streams_are_occupied() -> None:
    """A file that is opened must not become standard output by its number."""
    code = "with guarded_output():\n  print('lost')\n  sys.exit(open(sys.argv[0] or '/dev/null').fileno() > 2)"
    assert ran(code, "{} <&- >&- 2>&-").returncode == 1


def test_a_name_that_the_stream_cannot_show() -> None:
    done = ran("with guarded_output(): print('caf\\u00e9')", "PYTHONIOENCODING=ascii {}")
    assert done.stdout == "caf\\xe9\n"


def test_a_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    say_on_stderr("two\nlines \x1b[31m")
    assert capsys.readouterr().err == "twinrun: two\\nlines \\x1b[31m\n"


@pytest.mark.parametrize("stream", [Failing(errno.ENOSPC), None])
def test_standard_error_that_takes_none(stream: io.StringIO | None, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed if stream is None else stream)
    say_on_stderr("lost")
    assert stream is None or stream.getvalue() == ""
