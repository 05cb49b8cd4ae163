"""Which combinations of versions do not work, by what the adapters require."""

from __future__ import annotations

from typing import Any

import pytest

import adapters
from harness.report.doctor import combination_problems

WORKS = {"mindspore": "2.10.0", "tensorflow": "2.21.0", "numpy": "1.26.4", "protobuf": "7.36.2", "pyarrow": "25.0.1"}


def test_what_the_constraints_install_works() -> None:
    assert combination_problems(WORKS) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"numpy": "2.4.6"}, ["numpy 2.4.6 is installed, mindspore needs numpy>=1.26.4,<2"]),
        ({"pyarrow": "26.0.0"}, ["pyarrow 26.0.0 is installed, mindspore needs pyarrow<26"]),
        (
            {"protobuf": "8.0.0"},
            [
                "protobuf 8.0.0 is installed, mindspore with tensorflow needs protobuf>=7.34.1,<8",
                "protobuf 8.0.0 is installed, tensorflow needs protobuf<8",
            ],
        ),
    ],
)
def test_what_a_framework_cannot_stand(changed: dict[str, str], told: list[str]) -> None:
    problems = combination_problems({**WORKS, **changed})
    assert [problem.partition(": ")[0] for problem in problems] == told
    assert all(problem.partition(": ")[2] for problem in problems)  # the reason


def test_a_rule_holds_beside_the_packages_that_it_names_alone() -> None:
    without = {name: version for name, version in WORKS.items() if name != "mindspore"}
    assert combination_problems({**without, "numpy": "2.4.6", "pyarrow": "26.0.0"}) == []


def test_packages_that_are_missing_break_no_rule() -> None:
    assert combination_problems({}) == []
    assert combination_problems({"mindspore": "2.10.0"}) == []


def test_distributions_that_own_the_same_files() -> None:
    exclusive: dict[str, Any] = {name: about.exclusive for name, about in adapters.usable().items() if about.exclusive}
    assert exclusive
    for names in exclusive.values():
        both = dict.fromkeys(names[:2], "1.0")
        (problem,) = combination_problems(both)
        assert problem == f"{' and '.join(names[:2])} are both installed and own the same files: remove one"
        assert combination_problems(dict.fromkeys(names[:1], "1.0")) == []
