"""Operations that a ledger knows are noted where they are used, and computed exactly on demand."""

from types import SimpleNamespace

from adapters.exact_operations import Operation, Operations


def operations():
    owner = SimpleNamespace(tanh=lambda x: x + 1e-4, exp=lambda x: x + 1e-6)
    by_removing = {"tanh": 1e-4, "exp": 1e-6}
    listed = [
        Operation(f"activation/{name}", owner, name, lambda native, off=off: lambda x: native(x) - off)
        for name, off in by_removing.items()
    ]
    return owner, Operations(listed)


def test_a_model_s_words_are_those_that_it_calls():
    owner, watched = operations()
    watched.watch()
    with watched.used() as used:
        assert owner.tanh(1.0) == 1.0001
    owner.exp(1.0)
    assert used == {"activation/tanh"}


def test_only_the_asked_words_are_exact_and_only_as_long_as_asked():
    owner, watched = operations()
    watched.watch()
    watched.watch()  # wraps once
    watched.compute_exactly(["activation/tanh"])
    assert (owner.tanh(1.0), owner.exp(1.0)) == (1.0, 1 + 1e-6)
    watched.compute_exactly([])
    assert owner.tanh(1.0) == 1.0001
