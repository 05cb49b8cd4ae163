"""The table of a sweep: on a screen of 80 columns, as JSON, in a sentence, in report.md and on the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_up_sweeps import ended, failed, job, numbers, written

from harness.records.sweep import Sweep, sentence_of
from harness.report.detail import Detail
from harness.report.html.pages import document_of
from harness.report.pages import page_of
from harness.report.screen.sweep import SweepTerminal
from harness.report.sweep import sweep_table
from harness.report.sweep_record import SweepRecord
from harness.results.sweep_folder import last_rows
from harness.scenarios.sweep.driver import close, outcome_of
from harness.scenarios.verify.start import checks_of

RATES = ("0.1", "0.01", "0.001")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 jobs, of which one diverges and one died of a segfault twice."""
    place = tmp_path_factory.mktemp("sweeps") / "sweep"
    values = [
        {"optimizer": optimizer, "schedule.initial_rate": rate, "seed": str(seed)}
        for optimizer in ("adam", "sgd")
        for rate in RATES
        for seed in range(4)
    ]
    jobs = [job(number, **each) for number, each in enumerate(values)]
    written(place, jobs, verb="match")
    for each in jobs:
        if each.number == 7:
            failed(place, each)
            failed(place, each)
        else:
            fields = numbers(mindspore=0.9, tensorflow=0.8 + each.number / 1000)
            ended(place, each, code=int(each.number == 5), share=0.25, **fields)
    assert close(place, SweepRecord.of(place).sweep or pytest.fail("no sweep"))
    return place


def shown(folder: Path, detail: Detail, capsys: pytest.CaptureFixture[str]) -> str:
    sweep = SweepRecord.of(folder).sweep
    assert isinstance(sweep, Sweep)
    rows = last_rows(folder, sweep.jobs)
    SweepTerminal(detail).end(folder, sweep, rows, *outcome_of(sweep, rows))
    return capsys.readouterr().out


def test_the_table_fits_on_a_screen(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(folder, "screen", capsys).splitlines()
    title = next(number for number, text in enumerate(lines) if text.startswith("Jobs of match"))
    table = lines[title : title + 50]
    end = next(number for number, text in enumerate(table) if not text.strip())
    assert max(map(len, table[:end])) <= 80
    assert sum("adam" in text for text in table) == 12
    assert "initial_rate" in " ".join(table)
    assert "CRASHED: jobs of match: 22 agrees; 1 diverges; 1 crashed" in lines


def test_one_sentence_and_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(folder, "sentence", capsys) == "CRASHED: jobs of match: 22 agrees; 1 diverges; 1 crashed\n"
    outcome = json.loads(shown(folder, "json", capsys))
    assert (outcome["exit_code"], len(outcome["jobs"])) == (3, 24)
    assert outcome["keys"] == ["optimizer", "schedule.initial_rate", "seed"]
    assert outcome["jobs"][5]["outcome"] == "diverges"
    assert outcome["jobs"][7]["message"] == "its process killed by SIGSEGV"
    assert outcome["jobs"][3]["arms"]["tensorflow"]["test_accuracy"] == 0.803
    assert outcome["found"] is None


def test_the_table_has_all_jobs_with_what_was_measured(folder: Path) -> None:
    record = SweepRecord.of(folder)
    assert record.sweep is not None
    head, rows = sweep_table(record.sweep, record.rows)
    assert head == [
        *("job", "optimizer", "schedule.initial_rate", "seed", "verdict", "test accuracy (mindspore / tensorflow)"),
        *("largest share of a tolerance", "wall time, s", "folder"),
    ]
    assert rows[3] == ["3", "adam", "0.1", "3", "agrees", "90.00% / 80.30%", "25.0%", "1.5", "3"]
    assert rows[7][4:] == ["crashed", "- / -", "", "", "7-2"] or rows[7][4:] == ["crashed", "", "", "", "7-2"]


def test_the_pages_are_made_of_the_folder_alone(folder: Path) -> None:
    text = page_of(folder)
    assert text.startswith("# optimizer, schedule.initial\\_rate, seed, swept") or text.startswith("# optimizer")
    assert text.count("agrees") >= 22
    assert "killed by SIGSEGV" in text
    document = document_of(folder)
    assert document.kind == "sweep"
    table = document.sections[0].blocks[0]
    assert len(table.rows) == 24  # type: ignore[union-attr]
    assert [section.title for section in document.sections][1] == "Attempts that did not come to their end"
    chinese = page_of(folder, "zh")
    assert "作业" in chinese


def test_a_row_that_was_changed_is_found(folder: Path, tmp_path: Path) -> None:
    import shutil

    from harness.report import verification

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    row = copy / "jobs" / "00005.1.json"
    row.write_text(
        row.read_text().replace("DIVERGES: at step 3", "AGREES: all").replace('"exit_code": 1', '"exit_code": 0')
    )
    problems = [check.problem for check in checks_of(copy, verification)]
    assert any("job 5, attempt 1: exit_code is 0, and 1 follows" in text for text in problems)
    assert any("jobs/00005.1.json" in check.file for check in checks_of(copy, verification))


def test_a_sweep_without_jobs_agrees_with_nothing(tmp_path: Path) -> None:
    sweep = written(tmp_path / "s", [])
    assert sentence_of(sweep, []) == "UNFINISHED: jobs of check: none"
    assert outcome_of(sweep, [])[0] == 5
    assert not close(tmp_path / "s", sweep)
