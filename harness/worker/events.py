"""The events of a worker. Each is checked, since the user's code can write to any descriptor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from harness.records.failure import Symptom, shortened
from harness.records.series import Series
from harness.records.trace import EpochRecord
from harness.spec.base import Spec
from harness.worker.task import Task

Event = dict[str, Any]
Plain = dict[str, Any]
BEGINNING = b'{"event": "'  # each line of a worker starts with this
HEAD_BYTES = 4096
LINE_BYTES = 512 * 1024**2  # an epoch of 120,000 steps with 300 digests of each has 380 MB


class ProtocolError(Exception):
    """Something other than an event arrived. The message shows it in one line."""


class _Fields(Spec):
    model_config = ConfigDict(strict=True, allow_inf_nan=True)


class Ready(_Fields):
    """The framework is imported. `protocol` and `twinrun`: the worker's versions; the oldest workers send neither."""

    protocol: int = 0
    twinrun: str = ""
    import_time_s: float
    baseline_rss_bytes: int


class Started(_Fields):
    """A training begins."""

    plan_digest: str
    initial_weights_digest: str
    learning_rates: Series


class Compiled(_Fields):
    """A training has compiled its steps."""

    compile_time_s: float


class Progress(_Fields):
    """A part of a task's work is done: `done` of `total`."""

    done: Annotated[int, Field(ge=0)]
    total: Annotated[int, Field(ge=0)]
    unit: Annotated[str, Field(max_length=20)]


class Done(_Fields):
    """The answer to a request."""

    result: Plain


class Failed(_Fields):
    """The request failed. `error_number` and `path` are those of the system call that found the disk full."""

    symptom: Literal[Symptom, "disk_full"]
    message: str
    error_number: Annotated[int, Field(gt=0, lt=4096)] | None = None
    path: str | None = None


def read_events(pipe: BinaryIO) -> Iterator[Event]:
    """The events on a pipe until its end; ProtocolError where something else arrives."""
    while True:
        limit = HEAD_BYTES
        line = pipe.readline(limit)
        # A line that does not begin as an event is not read to its end, which may never come.
        if len(line) == limit and line.startswith(BEGINNING) and not line.endswith(b"\n"):
            limit += LINE_BYTES
            line += pipe.readline(LINE_BYTES)
        if len(line) < limit and not line.endswith(b"\n"):
            return  # the end, or a line that was cut off by it
        yield event_of(line)


def event_of(line: bytes) -> Event:
    """The event of a line, with the fields of its kind; ProtocolError where it is no event."""
    try:
        event: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise ProtocolError(f"{_excerpt(line)} came in place of an event") from None
    kind = event.get("event") if isinstance(event, dict) else None
    if not isinstance(kind, str) or kind not in _kinds() or type(event.get("request")) is not int:
        raise ProtocolError(f"{_excerpt(line)} came in place of an event")
    fields = {key: value for key, value in event.items() if key not in ("event", "request")}
    _require_form(f"event {kind}", _kinds()[kind], fields)
    return {"event": kind, "request": event["request"], **fields}


def check_result(task: Task, result: Plain) -> None:
    """ProtocolError where a task's result lacks what it must hold."""
    _require_form(f"the result of {task.name}", _form(task.result), result)


def _require_form(subject: str, adapter: TypeAdapter[Any], fields: Plain) -> None:
    try:
        adapter.validate_python(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ascii(".".join(map(str, first["loc"])))
        raise ProtocolError(f"{subject} is not whole: {where}: {shortened(first['msg'])}") from None


@cache
def _kinds() -> dict[str, TypeAdapter[Any]]:
    kinds = (Ready, Started, Compiled, Progress, Done, Failed)
    return {"epoch": TypeAdapter(EpochRecord), **{kind.__name__.lower(): TypeAdapter(kind) for kind in kinds}}


@cache
def _form(result: Any) -> TypeAdapter[Any]:
    return TypeAdapter(result)


def _excerpt(line: bytes) -> str:
    return ascii(line[:80])[1:] + ("..." if len(line) > 80 else "")
