"""Which saved benchmarks are refused: those with rows of ours that another machine has timed."""

from __future__ import annotations

from typing import Any

import pytest

from harness.pytest_plugin import benchmarks
from harness.worker.machine import this_machine

CONFIG: Any = None  # neither hook looks at it


def told() -> dict[str, Any]:
    info: dict[str, Any] = {"node": "host"}
    benchmarks.pytest_benchmark_update_machine_info(CONFIG, info)
    return info


def compare(machine_info: dict[str, Any], extra_info: dict[str, Any]) -> None:
    saved = {"machine_info": machine_info, "benchmarks": [{"extra_info": {}}, {"extra_info": extra_info}]}
    benchmarks.pytest_benchmark_compare_machine_info(CONFIG, None, told(), saved)


def test_the_fingerprint_is_added() -> None:
    assert told() == {"node": "host", "twinrun": this_machine().model_dump()}


def test_the_same_machine_is_compared() -> None:
    compare(told(), {"twinrun": {"row": "tensorflow"}})


def test_another_machine_is_refused_with_what_differs() -> None:
    other = told()
    other["twinrun"]["processor"] = "another processor"
    with pytest.raises(pytest.UsageError, match=r"timed on another machine.*and 'another processor'"):
        compare(other, {"twinrun": {"row": "tensorflow"}})


@pytest.mark.parametrize("fingerprint", [{}, {"twinrun": {}}, {"twinrun": None}, {"twinrun": "a host"}])
def test_an_unknown_machine_is_refused(fingerprint: dict[str, Any]) -> None:
    with pytest.raises(pytest.UsageError, match="does not say on which machine"):
        compare({"node": "host", **fingerprint}, {"twinrun": {"row": "tensorflow"}})


def test_files_without_our_rows_are_not_ours_to_refuse() -> None:
    compare({"node": "another host"}, {"anything": 1})
