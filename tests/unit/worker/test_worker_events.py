"""What is read from a worker's pipe: events that have the fields of their kind, and nothing else."""

from __future__ import annotations

from io import BytesIO

import pytest

from harness.records.failure import in_one_line
from harness.rungs.tasks import TASKS as RUNGS
from harness.worker import events
from harness.worker.events import ProtocolError, check_result, event_of, read_events
from harness.worker.tasks import TASKS as WORKERS

DONE = b'{"event": "done", "request": 1, "result": {}}\n'


def test_events_are_read_to_the_end_and_a_line_that_it_cuts_off_is_none() -> None:
    read = list(read_events(BytesIO(DONE + DONE[:20])))
    assert read == [{"event": "done", "request": 1, "result": {}}]


def test_an_event_may_be_longer_than_the_part_that_is_looked_at_first() -> None:
    losses = ", ".join(["0.125"] * 10000)
    line = b'{"event": "started", "request": 1, "plan_digest": "a", "initial_weights_digest": "b", "learning_rates": ['
    (event,) = read_events(BytesIO(line + losses.encode() + b"]}\n"))
    assert event["learning_rates"] == [0.125] * 10000
    assert list(read_events(BytesIO(line + losses.encode()))) == []


def test_a_line_without_end_is_read_no_further_than_an_event_can_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LINE_BYTES", 10000)
    for beginning, most in ((b"x", events.HEAD_BYTES), (b'{"event": "', events.HEAD_BYTES + 10000)):
        pipe = BytesIO(beginning + b"y" * 10**6)
        with pytest.raises(ProtocolError, match="came in place of an event"):
            list(read_events(pipe))
        assert pipe.tell() == most


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"\xff\xfe\x00\n", r"'\xff\xfe\x00\n' came in place of an event"),
        (b"\x1b[31m\n", r"'\x1b[31m\n' came in place of an event"),
        (b"[1]\n", r"'[1]\n' came in place of an event"),
        (b"[" * 100000 + b"\n", f"'{'[' * 80}'... came in place of an event"),
        (b"1" * 5000 + b"\n", f"'{'1' * 80}'... came in place of an event"),
        (b'{"event": "other", "request": 1}\n', "other"),
        (b'{"event": ["done"], "request": 1}\n', "came in place of an event"),
        (b'{"event": "done", "result": {}}\n', "came in place of an event"),
        (b'{"event": "done", "request": true, "result": {}}\n', "came in place of an event"),
        (b'{"event": "done", "request": 1}\n', "event done is not whole: 'result': Field required"),
        (b'{"event": "done", "request": 1, "result": [1]}\n', "event done is not whole: 'result': Input should be"),
        (b'{"event": "done", "request": 1, "result": {}, "\\u001b": 0}\n', r"event done is not whole: '\x1b'"),
        (
            b'{"event": "progress", "request": 1, "done": 1, "total": -3, "unit": "x"}\n',
            "event progress is not whole: 'total",
        ),
        (b'{"event": "progress", "request": 1, "done": 1, "total": 3, "unit": "' + b"x" * 21 + b'"}\n', "whole: 'unit"),
        (b'{"event": "epoch", "request": 1}\n', "event epoch is not whole: 'epoch': Field required"),
        (
            b'{"event": "compiled", "request": 1, "compile_time_s": "1"}\n',
            "event compiled is not whole: 'compile_time_s",
        ),
        (
            b'{"event": "failed", "request": 1, "symptom": "agrees", "message": ""}\n',
            "event failed is not whole: 'symptom",
        ),
    ],
)
def test_what_is_no_event_is_shown(line: bytes, message: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        event_of(line)
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_result_holds_what_its_task_answers() -> None:
    check_result(WORKERS["doctor"], {"environment": {}, "devices": []})
    with pytest.raises(ProtocolError, match="the result of doctor is not whole: 'environment': Field required"):
        check_result(WORKERS["doctor"], {"devices": []})
    with pytest.raises(ProtocolError, match=r"the result of words is not whole: 'refused\.0'"):
        check_result(RUNGS["words"], {"arrays": "a", "refused": {"0": 1}})


class SilentError(Exception):
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("one\ntwo"), "ValueError: one"),
        (ValueError("one\rtwo"), "ValueError: one"),
        (ValueError(), "ValueError"),
        (ValueError("x" * 10**6), f"ValueError: {'x' * 500}..."),
        (ValueError("\udc80"), "ValueError: ?"),
        (SilentError(), "SilentError: (its text cannot be had)"),
    ],
)
def test_an_error_is_told_in_one_line(error: Exception, line: str) -> None:
    assert in_one_line(error) == line
