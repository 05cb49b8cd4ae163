"""The cost of a check over the size of its model."""

import cost_growth
import pytest
from cost_networks import RESIDUAL

from harness.composition import compose


def test_the_cost_of_two_small_networks(record, capsys, tmp_path):
    rows = [cost_growth.measured(filters, ["reference"]) for filters in (2, 6)]
    assert all(seconds > 0 for row in rows for seconds in row.seconds.values())
    assert rows[0].multiply_adds < rows[1].multiply_adds
    cost_growth.draw(rows, tmp_path / "growth.svg")
    assert "<svg" in (tmp_path / "growth.svg").read_text()
    record([row.seconds[cost_growth.CHECK] for row in rows])
    with capsys.disabled():
        print("\n" + cost_growth.table(rows))


def test_the_exponent_of_a_power():
    rows = [cost_growth.Row(10**k, {"one": 3.0 * 10 ** (1.5 * k)}) for k in range(4)]
    assert cost_growth.exponent(rows, "one") == pytest.approx(1.5)


def test_the_residual_network_is_the_one_of_the_page():
    model = compose(list(RESIDUAL)).experiment.model
    assert model.parameter_count == 112_682
    assert model.multiply_adds == 32_740_480
