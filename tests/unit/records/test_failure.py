"""A failure as a value, and the line that tells of an error whatever the error does."""

from __future__ import annotations

import errno

import pytest

from harness.records.failure import (
    MESSAGE_CHARACTERS,
    UNVERIFIED,
    Failure,
    WorkerFailedError,
    full_disk,
    in_one_line,
    shortened,
)


@pytest.mark.parametrize(
    ("symptom", "status"),
    [
        *((symptom, "unverified") for symptom in UNVERIFIED),
        ("unsupported", "unsupported"),
        ("interrupted", "interrupted"),
        *((symptom, "crashed") for symptom in ("exception", "memory", "protocol", "signal", "exit", "timeout")),
    ],
)
def test_the_word_in_a_table(symptom: str, status: str) -> None:
    failure = Failure(symptom=symptom, stage="training", message="as it happened")
    assert failure.status == status
    assert str(failure) == f"{symptom} at training: as it happened"
    assert WorkerFailedError(failure).failure is failure
    assert str(WorkerFailedError(failure)) == str(failure)


def test_the_first_line_of_an_error() -> None:
    assert in_one_line(ValueError("\n  first \nsecond")) == "ValueError: first "
    assert in_one_line(KeyError()) == "KeyError"


def test_an_error_whose_text_cannot_be_had() -> None:
    class OddError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert in_one_line(OddError()) == "OddError: (its text cannot be had)"


def test_a_long_text_is_cut_and_what_is_no_unicode_replaced() -> None:
    assert shortened("x" * MESSAGE_CHARACTERS) == "x" * MESSAGE_CHARACTERS
    assert shortened("x" * (MESSAGE_CHARACTERS + 1)) == "x" * MESSAGE_CHARACTERS + "..."
    assert shortened("abcdef", 3) == "abc..."
    assert shortened("a\udcffb") == "a?b"
    assert shortened(" \n ") == ""


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_behind_other_errors(number: int) -> None:
    disk = OSError(number, "no room")
    outer = ValueError("cannot be saved")
    outer.__cause__ = RuntimeError("in between")
    outer.__cause__.__cause__ = disk
    assert full_disk(outer) is disk


@pytest.mark.parametrize("error", [None, ValueError("x"), OSError(errno.EACCES, "not allowed"), OSError("no number")])
def test_no_full_disk(error: BaseException | None) -> None:
    assert full_disk(error) is None
