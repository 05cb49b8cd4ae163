"""Where other partners are taken than at first, the second side's own weights go with its parameters."""

from dataclasses import replace

import numpy as np

from adapters.user_model import OwnParameter
from harness.subjects.pair.carrying import _repartnered
from harness.subjects.pair.mapping import Match


def match(a, b, axes=None):
    first, second = (OwnParameter(name, name, "w", (2, 2), True) for name in (a, b))
    return Match(a, first, second, axes)


def test_weights_follow_their_parameters():
    values = {name: np.full((2, 2), float(number)) for number, name in enumerate("xyz")}
    values["z"] = np.arange(4.0).reshape(2, 2)
    before = [match("x", "u"), match("y", "v"), match("z", "w")]
    after = [match("x", "v"), match("y", "u"), replace(before[2], axes=(1, 0))]
    found = _repartnered(values, before, after)
    assert found["x"][0, 0] == 1
    assert found["y"][0, 0] == 0
    assert np.array_equal(found["z"], values["z"].T)
