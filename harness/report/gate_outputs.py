"""What a gate leaves for other tools: JUnit XML, a step summary, and the JSON of github-action-benchmark."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree as Xml

from harness.records.gate import PASSED, Gate

JUNIT, BENCHMARK = "junit.xml", "benchmark.json"
SUMMARY = "GITHUB_STEP_SUMMARY"
# What did not decide is skipped, as JUnit has no other word for it; the exit code still is not 0.
SKIPPED = ("undecided", "unverified")


def junit(gate: Gate) -> str:
    """The text of `junit.xml`: a suite for each check, a case for each row."""
    suites = Xml.Element("testsuites", name="twinrun gate")
    for check in dict.fromkeys(row.check for row in gate.rows):
        rows = [row for row in gate.rows if row.check == check]
        failed = sum(row.status not in (*PASSED, *SKIPPED, "crashed") for row in rows)
        counts = {
            "tests": len(rows),
            "failures": failed,
            "errors": sum(row.status == "crashed" for row in rows),
            "skipped": sum(row.status in SKIPPED for row in rows),
        }
        attributes: dict[str, str] = {"name": check, **{name: str(count) for name, count in counts.items()}}
        suite = Xml.SubElement(suites, "testsuite", attributes)
        for row in rows:
            case = Xml.SubElement(suite, "testcase", classname=f"twinrun.{check}", name=row.subject)
            if row.status == "crashed":
                Xml.SubElement(case, "error", message=_xml(f"{row.status}: {row.cause}"))
            elif row.status in SKIPPED:
                Xml.SubElement(case, "skipped", message=_xml(f"{row.status}: {row.cause}"))
            elif row.status not in PASSED:
                Xml.SubElement(case, "failure", message=_xml(f"{row.status}: {row.cause}"), type=row.status)
            Xml.SubElement(case, "system-out").text = _xml(row.cause)
    Xml.indent(suites)
    return Xml.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def benchmark(gate: Gate) -> str:
    """The text of `benchmark.json`, in the form `customSmallerIsBetter` of github-action-benchmark."""
    entries = []
    for row in gate.rows:
        if row.check == "speed" and row.ratio is not None:
            reach = None if row.low is None or row.high is None else f"{row.low:.3f} to {row.high:.3f}"
            name = f"{row.subject}: step time over its base"
            entries.append(
                {"name": name, "unit": "ratio", "value": row.ratio, "range": reach or "", "extra": row.cause}
            )
        if row.check == "speed" and row.head_s is not None:
            entries.append({"name": f"{row.subject}: step time", "unit": "ms", "value": 1e3 * row.head_s})
    return json.dumps(entries, indent=2) + "\n"


def add_step_summary(page: str) -> None:
    """Appends the page to the file that `GITHUB_STEP_SUMMARY` names, where it is set."""
    if path := os.environ.get(SUMMARY):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(page + "\n")


def _xml(text: str) -> str:
    """The text without the characters that XML cannot hold."""
    return "".join(c if c in "\t\n" or 0x20 <= ord(c) < 0xD800 or 0xE000 <= ord(c) < 0xFFFE else "?" for c in text)
