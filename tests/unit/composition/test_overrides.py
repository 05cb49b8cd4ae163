"""Overrides one by one: how each is read, and what it makes of a config."""

from __future__ import annotations

from typing import Any

import pytest

from harness.composition.overrides import Change, MisfitError, applied, as_typed, merged, overlaid, read

GROUPS = {"schedule": ("constant", "cosine"), "arm": ("mindspore", "tensorflow"), "model": ("cnn",)}


def test_each_kind_is_told_apart() -> None:
    found = read(
        [
            "schedule=cosine",
            "training.epochs=3",
            "~data.root",
            "from=run/experiment.json",
            "out='a b'",
            "results_root=",
        ],
        GROUPS,
    )
    assert found.mistakes == []
    assert found.source == "run/experiment.json"
    assert found.choices == [("schedule", "cosine")]
    assert found.changes == [
        Change(("training", "epochs"), 3),
        Change(("data", "root"), delete=True),
        Change(("out",), "a b"),
        Change(("results_root",), None),
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=1", 1),
        ("a=1.5", 1.5),
        ("a=true", True),
        ("a=null", None),
        ("a=[1,b]", [1, "b"]),
        ("a={b: 2}", {"b": 2}),
        ("a='1'", "1"),
        ("a=${b.c}", "${b.c}"),
        ("a=", ""),
    ],
)
def test_values_have_the_types_that_are_typed(text: str, value: Any) -> None:
    (change,) = read([text], {}).changes
    assert change == Change(("a",), value)
    assert type(change.value) is type(value)


def test_a_group_given_a_mapping_is_a_value() -> None:
    found = read(["schedule={kind: cosine}"], GROUPS)
    assert (found.choices, found.changes) == ([], [Change(("schedule",), {"kind": "cosine"})])


def test_one_that_cannot_be_read_hides_no_other() -> None:
    found = read(["schedule", "a=[", "=1", "~a..b", "seed=4"], GROUPS)
    assert found.changes == [Change(("seed",), 4)]
    assert [text.partition(": ")[0] for text in found.mistakes] == ["schedule", "a=[", "=1", "~a..b"]
    assert found.mistakes[0] == "schedule: write KEY=VALUE (or ~KEY to drop a key)"
    assert found.mistakes[2].endswith("there is no key before the =; write KEY=VALUE")
    assert found.mistakes[3].startswith("~a..b: ")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("seed=1,2", "one value at a time; a list is written seed=[a,b]"),
        ("arm=mindspore", "arms are chosen by arms=[NAME,...]"),
        ("schedule=3", "schedule takes a mapping of fields or one of: constant, cosine"),
        ("schedule@here=cosine", "packages (@) and nested groups (/) are not used here"),
        ("from=", "from takes the path of an experiment.json"),
    ],
)
def test_what_has_no_place_here(text: str, told: str) -> None:
    (mistake,) = read([text], GROUPS).mistakes
    assert mistake.startswith(f"{text}: {told}")


def test_what_is_shown_of_a_long_one_is_cut_and_printable() -> None:
    (mistake,) = read(["\x1b[31m" + "a" * 300 + "=["], {}).mistakes
    assert mistake.startswith("\\x1b[31maaa")
    assert mistake.partition(": ")[0].endswith("aaa...")


def test_a_change_leaves_the_config_it_is_made_in() -> None:
    config = {"training": {"epochs": 1, "batch_size": 10}, "layers": ["flatten", {"units": 2}]}
    before = repr(config)
    assert applied(config, Change(("training", "epochs"), 5))["training"] == {"epochs": 5, "batch_size": 10}
    assert applied(config, Change(("layers", "1", "units"), 7))["layers"] == ["flatten", {"units": 7}]
    assert applied(config, Change(("training", "epochs"), delete=True))["training"] == {"batch_size": 10}
    assert applied(config, Change(("layers", "0"), delete=True))["layers"] == [{"units": 2}]
    assert repr(config) == before


def test_keys_above_are_made_where_they_are_missing() -> None:
    assert applied({}, Change(("a", "b", "c"), 1)) == {"a": {"b": {"c": 1}}}
    assert applied({"a": None}, Change(("a", "b"), 1)) == {"a": {"b": 1}}


def test_a_bare_name_is_opened_as_what_it_stands_for() -> None:
    assert applied({"loss": "huber"}, Change(("loss", "delta"), 2)) == {"loss": {"kind": "huber", "delta": 2}}
    assert applied({"arms": ["tensorflow"]}, Change(("arms", "0", "mode"), "eager")) == {
        "arms": [{"use": "tensorflow", "mode": "eager"}]
    }


def test_another_kind_keeps_no_field_of_the_one_before() -> None:
    config = {"schedule": {"kind": "constant", "rate": 0.1}}
    assert applied(config, Change(("schedule", "kind"), "cosine")) == {"schedule": {"kind": "cosine"}}
    assert applied(config, Change(("schedule", "kind"), "constant")) == config


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (Change(("layers", "2"), 0), "there is no item 2 in layers; allowed: 0 to 1"),
        (Change(("layers", "x"), 0), "there is no item x in layers; allowed: 0 to 1"),
        (Change(("none", "0"), 0), "there is no item 0 in none; the list is empty"),
        (Change(("seed", "x"), 0), "seed is 3, which has no fields"),
        (
            Change(("training", "epoch"), delete=True),
            "there is no training.epoch to drop; did you mean training.epochs?",
        ),
    ],
)
def test_a_change_without_a_place(change: Change, told: str) -> None:
    config = {"layers": [1, 2], "none": [], "seed": 3, "training": {"epochs": 1}}
    with pytest.raises(MisfitError) as caught:
        applied(config, change)
    assert str(caught.value).startswith(told)


def test_merging() -> None:
    old = {"a": {"x": 1, "y": 2}, "b": [1, 2]}
    assert merged(old, {"a": {"y": 3}, "b": [3]}) == {"a": {"x": 1, "y": 3}, "b": [3]}
    assert merged(old, {"kind": "other"}) == {"kind": "other"}
    assert merged(old, 5) == 5
    assert overlaid({"kind": "a", "x": 1}, {"kind": "b"}) == {"kind": "b", "x": 1}


@pytest.mark.parametrize(
    "value",
    [
        *("cosine", "null", "True", "1e-3", "it's", "a\\", "a\\'b", "a b", "a=b,c", "[x]", "${seed}", "", "\n", "é"),
        *(None, True, 3, -0.5, 1e-8, [], ["a", 2, None], {"use": "a", "spec": {"optimizer.epsilon": 1e-8, "to": [1]}}),
    ],
)
def test_a_value_is_read_back_as_it_was(value: Any) -> None:
    found = read([f"x.y={as_typed(value)}"], {})
    assert found.mistakes == []
    assert [(change.path, repr(change.value)) for change in found.changes] == [(("x", "y"), repr(value))]
