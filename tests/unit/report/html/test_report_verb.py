"""`twinrun report`: where it writes what, of one folder and of several, and what it says to a mistake."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from harness.cli import main
from harness.records.exit_codes import AGREES, MISTAKE
from harness.report.html.blocks import Column, TableBlock
from harness.report.html.document import Document, section
from harness.report.html.tables import table_texts
from harness.report.html.writing import PAGE, write_html_at_end
from harness.results.marker import MARKER


def test_it_writes_the_page_again_with_its_tables(run_folder: Path, made: Path) -> None:
    (run_folder / PAGE).unlink()
    (run_folder / "report.md").unlink()
    assert main(["report", str(run_folder)]) == AGREES
    assert (run_folder / PAGE).read_text() == (made / PAGE).read_text()  # the same bytes each time
    assert (run_folder / "report.md").read_text() == (made / "report.md").read_text()
    with (run_folder / "tables/by_rung.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["rung"] for row in rows] == ["schedule", "loss", "trajectory", "convergence"]
    latex = (run_folder / "tables/parity.tex").read_text()
    assert r"\toprule" in latex
    assert "train\\_loss" in latex


def test_a_folder_that_cannot_be_written_to_is_read_all_the_same(made: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}
    assert main(["report", str(made), f"out={tmp_path / 'report'}"]) == AGREES
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before
    assert {"report.html", "report.md", "tables", "trajectory.png"} <= {
        path.name for path in (tmp_path / "report").iterdir()
    }


def test_several_folders_have_one_page(
    made: Path, run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unfinished = shutil.copytree(made, tmp_path / "unfinished")
    (unfinished / MARKER).unlink()
    monkeypatch.chdir(tmp_path)
    assert main(["report", str(made), str(run_folder), "unfinished"]) == AGREES
    page = Path(capsys.readouterr().out.removeprefix("report: ").strip())
    assert page.parent.parent == Path("results/report")
    text = page.read_text()
    assert text.count('<ol class="ladder">') == 3
    with (page.parent / "tables/runs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["folder"] for row in rows] == [str(made), str(run_folder), "unfinished"]
    assert [row["verdict"] for row in rows] == ["unverified", "unverified", "unfinished"]
    assert rows[0]["test accuracy"].startswith("wide ")


def test_all_mistakes_at_once(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    arguments = [str(tmp_path / "empty"), str(tmp_path / "gone"), "lang=zz", "csp=strickt", "ot=x", f"out={made}"]
    assert main(["report", *arguments]) == MISTAKE
    said = capsys.readouterr().err
    assert "6 mistakes" in said
    assert "twinrun has recorded nothing there" in said
    assert "there is no such folder" in said
    assert "there is no lang=zz; allowed: en, zh" in said
    assert "there is no csp=strickt; did you mean strict?" in said
    assert "twinrun report has no key 'ot'; did you mean out?" in said
    assert "whose report this would replace" in said
    assert main(["report"]) == MISTAKE


def test_a_damaged_run_has_a_page_that_says_so(run_folder: Path) -> None:
    (run_folder / "arms/wide/steps.parquet").write_bytes(b"PAR1")
    (run_folder / "experiment.json").write_text("{")
    assert main(["report", str(run_folder)]) == AGREES
    text = (run_folder / PAGE).read_text()
    assert "UNVERIFIED: " in text
    assert "damaged: arms/wide/steps.parquet" in text


def test_the_environment_leaves_the_page_out(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for setting, is_there in (("markdown", False), ("html", True)):
        (run_folder / PAGE).unlink(missing_ok=True)
        monkeypatch.setenv("TWINRUN_REPORT", setting)
        write_html_at_end(run_folder)
        assert (run_folder / PAGE).exists() == is_there


def test_tables_for_other_programs_have_names_and_heads_of_their_own() -> None:
    block = TableBlock(
        "Über: 50 %_of {all}", (Column("a_b"), Column("says"), Column("says")), (("1 & 2", "#x", "$y\\"),)
    )
    texts = table_texts(Document("run", "t", "s", sections=(section("s", block), section("t", block))))
    assert list(texts) == [f"tables/ber_50_of_all{n}.{kind}" for n in ("", "_2") for kind in ("csv", "tex")]
    assert texts["tables/ber_50_of_all.csv"] == "a_b,says,says 2\n1 & 2,#x,$y\\\n"
    assert r"a\_b & says & says 2 \\" in texts["tables/ber_50_of_all.tex"]
    assert r"1 \& 2 & \#x & \$y\textbackslash  \\" in texts["tables/ber_50_of_all.tex"]
