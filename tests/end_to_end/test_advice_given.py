"""A choice of a port stands on one side of the real frameworks: the last line names it, and what was proven to mend."""

import pytest
from command import finish, start

PORT = "arms=[{use: mindspore, spec: {optimizer.form: rate_outside}}, tensorflow]"
STATED = ["optimizer=momentum", "optimizer.form=rate_inside", "schedule=exponential_staircase"]


@pytest.mark.nightly
def test_the_momentum_form_is_named_and_mended(tmp_path):
    code, out, _ = finish(start(["check", PORT, *STATED, "rungs=[optimizer]", "out=run"], tmp_path))
    assert code == 1, out
    (line,) = (line for line in out.splitlines() if line.startswith("DIVERGES"))
    cause = "cause: momentum form (mindspore computes optimizer.form: rate_outside, the spec says rate_inside)"
    told = line.partition("; spec that makes them equal: ")
    assert told[0].endswith(cause), line
    ways = [way.partition(" (")[0] for way in told[2].split(", or ")]
    assert ways == ["tensorflow with optimizer.form: rate_outside", "mindspore with optimizer.form: rate_inside"]
    assert told[2].count("rung run again with it: agrees") == len(ways)
