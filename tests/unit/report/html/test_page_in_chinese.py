"""On a page in another language texts are translated in every place, and names in none."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pandas as pd
from made_up_benches import write_bench

from harness.report.bench_record import BenchRecord
from harness.report.html.bench_page import bench_document
from harness.report.html.blocks import Evidence, Ladder, RungEntry, TableBlock
from harness.report.html.document import Document, section
from harness.report.html.rendering import render
from harness.report.language import language_of
from harness.report.plots import sentence

ZH = language_of("zh")


def chinese(document: Document) -> str:
    return unescape(render(document, ZH, draws=False).html)


def test_fixed_titles_are_translated_and_names_are_not() -> None:
    fixed = Document("gate", "Gate", "PASSED: parity of 2", has_fixed_title=True)
    named = Document("run", "Gate", "AGREES: one")
    assert "<h1>gate（门禁）</h1>" in chinese(fixed)
    assert "<h1>Gate</h1>" in chinese(named)


def test_cells_and_heads_of_names_stay() -> None:
    head = ["arm", "what", "reference"]
    rows = [["update", "orders of 2 epochs", "no arrays"], ["reference", "gradients", ""]]
    table = TableBlock.of("Parity", (head, rows), names=["reference"], kinds={"reference": "text"})
    page = chinese(Document("run", "t", "AGREES: one", sections=(section("All checks", table),)))
    for cell in ("2 个 epoch 的次序", "没有数组", "梯度"):
        assert f">{cell}</td>" in page
    for name in ("update", "reference"):
        assert f">{name}</th>" in page
    assert ">参考值</th>" not in page


def test_subjects_and_places_of_checks_are_translated() -> None:
    check = Evidence("free run: digests, steps 0 to 9", "agrees", (("layer", "update", "name"),))
    rung = RungEntry("trajectory", "", "agrees", 1, 0, 0.5, "batches on the device, step 8", (check,))
    page = chinese(Document("run", "t", "AGREES: one", sections=(section("The ladder", Ladder((rung,))),)))
    assert "自由运行：摘要，第 0 至 9 步" in page
    assert "最大误差位于: 设备上的批次，第 8 步" in page
    assert "<dd>update</dd>" in page


def test_a_bench_has_no_english_sentence(tmp_path: Path) -> None:
    page = chinese(bench_document(BenchRecord.of(write_bench(tmp_path / "bench"))))
    for english in ("Median", "Each process", "Phases are", "longest phase", "with their intervals"):
        assert english not in page
    assert "每个进程都是新启动的" in page


def test_a_free_run_in_words() -> None:
    table = pd.DataFrame({"loss/a": [1.0], "loss/b": [1.0], "reference_float64": [1.0], "tolerance": [0.1]})
    assert ZH.sentence(sentence(table, None)) == "a 和 b 在 1 步内都未超出仅由舍入造成的差异"
    assert ZH.phrase("|difference of training losses|") == "|训练损失之差|"


def test_a_caption_of_several_rows_is_translated_row_by_row() -> None:
    spent = "a spends 2.22 s in compile; b spends 4.42 s in host sync"
    text = f"Median seconds of each phase of a process; the longest phase of each row: {spent}."
    assert ZH.sentence(text).endswith("：a 的编译用 2.22 秒；b 的主机同步用 4.42 秒。")
    grown = "a grows like size ** 1.00 (standard error 0.32); b grows like size ** 0.95 (standard error 0.10)"
    assert ZH.sentence(f"Time of a step at 3 values: {grown}.").count("的增长规律为 size **") == 2
