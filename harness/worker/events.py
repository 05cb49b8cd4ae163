"""What may come from a worker: its events, checked one by one, for a user's code can write to any descriptor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from harness.records.failure import Symptom, shortened
from harness.records.trace import EpochRecord
from harness.spec.base import Spec
from harness.worker.task import Task

Event = dict[str, Any]
Plain = dict[str, Any]
BEGINNING = b'{"event": "'  # of every line that a worker sends
HEAD_BYTES = 4096
LINE_BYTES = 512 * 1024**2  # an epoch of 60,000 steps with 300 digests of each has 360 MB


class ProtocolError(Exception):
    """What came is no event of a worker; the message is one line that says what came."""


class _Fields(Spec):
    model_config = ConfigDict(strict=True, allow_inf_nan=True)


class Ready(_Fields):
    """`protocol` and `twinrun` are the worker's own; a worker of before there were protocols says neither."""

    protocol: int = 0
    twinrun: str = ""
    import_time_s: float
    baseline_rss_bytes: int


class Started(_Fields):
    plan_digest: str
    initial_weights_digest: str
    learning_rates: list[float]


class Compiled(_Fields):
    compile_time_s: float


class Done(_Fields):
    result: Plain


class Failed(_Fields):
    """`error_number` and `path` are those of the system's call that found the disk full."""

    symptom: Literal[Symptom, "disk_full"]
    message: str
    error_number: Annotated[int, Field(gt=0, lt=4096)] | None = None
    path: str | None = None


def read_events(pipe: BinaryIO) -> Iterator[Event]:
    """The events on a pipe until its end; ProtocolError where something else comes."""
    while True:
        room = HEAD_BYTES
        line = pipe.readline(room)
        # What does not begin as an event is not waited for to its end, which may never come.
        if len(line) == room and line.startswith(BEGINNING) and not line.endswith(b"\n"):
            room += LINE_BYTES
            line += pipe.readline(LINE_BYTES)
        if len(line) < room and not line.endswith(b"\n"):
            return  # the end, or a line that was cut off by it
        yield event_of(line)


def event_of(line: bytes) -> Event:
    """A line as an event that has the fields of its kind; ProtocolError where it is none."""
    try:
        event: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise ProtocolError(f"{_shown(line)} came in place of an event") from None
    kind = event.get("event") if isinstance(event, dict) else None
    if not isinstance(kind, str) or kind not in _kinds() or type(event.get("request")) is not int:
        raise ProtocolError(f"{_shown(line)} came in place of an event")
    fields = {key: value for key, value in event.items() if key not in ("event", "request")}
    _hold(f"event {kind}", _kinds()[kind], fields)
    return {"event": kind, "request": event["request"], **fields}


def check_result(task: Task, result: Plain) -> None:
    """ProtocolError where a task's result lacks what it must hold."""
    _hold(f"the result of {task.name}", _form(task.result), result)


def _hold(what: str, adapter: TypeAdapter[Any], fields: Plain) -> None:
    try:
        adapter.validate_python(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ascii(".".join(map(str, first["loc"])))
        raise ProtocolError(f"{what} is not whole: {where}: {shortened(first['msg'])}") from None


@cache
def _kinds() -> dict[str, TypeAdapter[Any]]:
    kinds = (Ready, Started, Compiled, Done, Failed)
    return {"epoch": TypeAdapter(EpochRecord), **{kind.__name__.lower(): TypeAdapter(kind) for kind in kinds}}


@cache
def _form(result: Any) -> TypeAdapter[Any]:
    return TypeAdapter(result)


def _shown(line: bytes) -> str:
    return ascii(line[:80])[1:] + ("..." if len(line) > 80 else "")
