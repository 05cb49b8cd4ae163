"""Recorded runs in Chinese: no English clause is left in what they recorded, nor on their pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from made_up_traces import arm, trace, verdict
from source_texts import ROOT
from untranslated import english_in

from harness.cli import main
from harness.records import outcome
from harness.records.outcome import Unfinished
from harness.report.language import language_of
from harness.report.pages import page_of
from harness.report.run_record import RunRecord

ZH = language_of("zh")
TINY = [
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: xavier_uniform}]",
    *("training.epochs=1", "training.max_steps=4", "training.batch_size=500", "comparison.free_steps=3"),
    *("comparison.forced_steps=1", "rungs=[schedule,loss,inputs,trajectory,evaluation]"),
    "arms=[{use: reference, name: wide}, {use: reference, name: narrow, precision: float32, realisation: native}]",
]
# Names of words, layers, tensors and implementations, which stay.
NAMES = {
    "sparse",
    "values",
    "labels",
    "flatten",
    "momentum",
    "kernel",
    "wide",
    "narrow",
    "table",
    "formula",
    "rate",
    "mnist",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "run"
    assert main(["match", *TINY, f"out={folder}"]) == 4  # nothing but the reference was there to be checked
    return folder


def english_beside_names(text: str) -> list[str]:
    return [word for word in english_in(ZH.sentence(text)) if word not in NAMES]


def test_every_text_of_a_run(folder: Path) -> None:
    run = RunRecord.of(folder)
    texts = {run.sentence, run.coverage}
    for v in run.verdicts:
        texts |= {v.subject, v.cause, v.advice, v.tolerance_source, v.moment, v.judgement, v.status}
    for of_arm in run.traces:
        texts |= {text for made in of_arm.realisations.values() for text in (made["by"], made["reason"])}
    assert len(texts) > 25
    assert {text: left for text in texts if (left := english_beside_names(text))} == {}


def test_the_page_of_a_run_in_chinese(folder: Path) -> None:
    page = page_of(folder, "zh")
    assert "## 按级汇总" in page
    assert "| 级 | 检查 |" in page
    assert "\n| loss | " in page  # a name
    assert "参考实现自身误差（float32）的 8 倍" in page
    headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert [heading for heading in headings if english_in(heading)] == []
    assert page_of(folder) == (folder / "report.md").read_text()


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "diverges", "culprit": "one", "cause": "one is off by 0.3", "step": 3, "phase": "update"},
        {
            "status": "diverges",
            "judgement": "undetermined",
            "cause": "one is off by 0.3: boundary",
            "worst_index": "a[3]",
        },
        {"status": "unverified", "cause": "it was climbed, and made no check of one"},
    ],
)
def test_the_sentence_of_a_run(changes: dict[str, object]) -> None:
    made = verdict().model_copy(update=changes)
    sentence = outcome.in_one_line([made], [trace(), trace().model_copy(update={"arm": arm("other")})])
    left = [word for word in english_in(ZH.sentence(sentence)) if word not in {"one", "other", "logits"}]
    assert left == [], ZH.sentence(sentence)


def test_a_run_that_did_not_finish() -> None:
    sentence = outcome.in_one_line([], [trace()], Unfinished("interrupted", "stopped with Ctrl-C or SIGTERM"))
    assert sentence == "INTERRUPTED: one has 1 epochs"
    assert ZH.sentence(sentence) == "中断（INTERRUPTED）：one 已记录 1 个 epoch"
    stopped = outcome.in_one_line([], [], Unfinished("disk", "No space left on device on /: /x could not be written"))
    assert ZH.sentence(stopped) == "未完成（UNFINISHED）：/ 空间不足：无法写入 /x"


def test_every_divergence_that_the_docs_show() -> None:
    """The outputs in docs/advice.md are of real runs."""
    sentences = re.findall(r"\| (DIVERGES: .*?) \|$", (ROOT / "docs" / "advice.md").read_text(), re.MULTILINE)
    assert len(sentences) >= 8
    for sentence in sentences:
        cause = ZH.sentence(sentence).partition("原因：")[2]
        names = {"inclusive", "kernels", "with", "true", "false", "coupled", "decoupled", "exclusive", "same"}
        assert [word for word in english_in(cause) if word not in names - {"with"}] == [], cause
