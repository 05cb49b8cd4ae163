"""Which cases of a module are run, so that its fixtures compute nothing for those that are left to the nights."""

from __future__ import annotations

from typing import Any

import pytest


def selected(request: pytest.FixtureRequest, parameter: str) -> list[Any]:
    """The values of a parameter in all tests of the module that will run; a value of several tests several times."""
    items = [item for item in request.session.items if item.module is request.module and hasattr(item, "callspec")]
    return [item.callspec.params[parameter] for item in items if parameter in item.callspec.params]
