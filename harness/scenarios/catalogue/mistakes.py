"""The messages of `harness.composition.mistakes`, loaded when there is one: specs take long to load."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NoReturn


def refuse(mistakes: Sequence[str]) -> NoReturn:
    """Raises UserMistake with these messages."""
    from harness.composition.mistakes import UserMistake

    raise UserMistake(list(mistakes)) from None


def no_such(complaint: str, value: object, allowed: Iterable[str]) -> str:
    """The message for a name that does not exist: the complaint, the nearest name and the allowed ones."""
    from harness.composition.mistakes import no_such as message

    return message(complaint, value, allowed)


def nearest(value: object, allowed: Iterable[str]) -> str | None:
    """The allowed name that is most similar; None if none is similar."""
    from harness.composition.mistakes import nearest as nearest_name

    return nearest_name(value, allowed)
