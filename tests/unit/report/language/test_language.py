"""Recorded English is translated clause by clause; what is unknown, a name or foreign stays as it is."""

from __future__ import annotations

import time

import pytest

from harness.composition.mistakes import UserMistake
from harness.report.language import CODES, Language, language_of
from harness.report.language.sentences import LONGEST, Sentences, clauses_of
from harness.report.language.templates import Template

ZH = language_of("zh")


def test_english_is_the_identity() -> None:
    english = language_of("en")
    assert english.code == "en"
    assert english.sentence("AGREES: a and b on loss") == "AGREES: a and b on loss"
    assert english.phrase("Accuracy and time") == "Accuracy and time"
    assert english.phrase("{count} checks", count=3) == "3 checks"


def test_an_unknown_code_is_a_mistake_with_the_nearest_name() -> None:
    with pytest.raises(UserMistake) as caught:
        language_of("zhh")
    assert "given 'zhh'" in str(caught.value)
    assert "did you mean zh?" in str(caught.value)
    assert all(code in str(caught.value) for code in CODES)


def test_a_phrase_with_values() -> None:
    language = Language("xx", {"{count} checks": "{count} 项检查", "rung": "级"}, {"agrees": "一致"})
    assert language.phrase("{count} checks", count=3) == "3 项检查"
    assert language.phrase("rung") == "级"
    assert language.phrase("agrees") == "一致"  # from the recorded texts
    assert language.phrase("{n} unknown", n=1) == "1 unknown"
    assert language.sentence("rung") == "rung"  # a fixed text of a page is none of a record


def test_a_divergence_in_one_sentence() -> None:
    sentence = (
        "DIVERGES: the optimizer rung diverges first: momentum rate_inside at the experiment's rate, at update 100, "
        "when the rate changes, mindspore's a/kernel is 0.042 off the reference and tensorflow's is 0.751 ULP off "
        "(a/kernel[3, 0]); cause: momentum form (mindspore computes optimizer.form: rate_outside, the spec says "
        "rate_inside); spec that makes them equal: tensorflow with optimizer.form: rate_outside (rung run again with "
        "it: agrees, worst 12 ULP), or mindspore with optimizer.form: rate_inside (rung run again with it: agrees, "
        "worst 17.9 ULP)"
    )
    assert ZH.sentence(sentence) == (
        "不一致（DIVERGES）：最先不一致的是 optimizer 级：momentum rate_inside，按实验的学习率，第 100 次更新，"
        "学习率在此变化，mindspore 的 a/kernel 偏离参考值 0.042，tensorflow 的偏离 0.751 ULP（a/kernel[3, 0]）；"
        "原因：动量形式（mindspore 计算的是 optimizer.form: rate_outside，spec 规定 rate_inside）；"
        "使两边相等的 spec：tensorflow 使用 optimizer.form: rate_outside（据此重跑该级：一致，最大误差 12 ULP），"
        "或 mindspore 使用 optimizer.form: rate_inside（据此重跑该级：一致，最大误差 17.9 ULP）"
    )


def test_what_a_framework_said_is_left_alone() -> None:
    message = "ValueError: shapes (3,) and (4,) differ; training, loss and weights"
    assert ZH.sentence(f"CRASHED: mindspore: exception at training: {message}; tensorflow has 3 epochs") == (
        f"崩溃（CRASHED）：mindspore：training 阶段异常：{message}; tensorflow has 3 epochs"
    )
    assert ZH.sentence(f"exception at training: {message}").endswith(message)


def test_two_failures_and_a_message_of_our_own() -> None:
    missing = "missing_framework at start: mindspore is not usable here (No module named 'x'); pip install y brings it"
    assert ZH.sentence(f"UNVERIFIED: a: {missing}; b: timeout at loss: not done within timeout_s=3") == (
        "未验证（UNVERIFIED）：a：start 阶段缺少框架：mindspore 在此处不可用（No module named 'x'）；"
        "pip install y 可安装它；b：loss 阶段超时：未在 timeout_s=3 内完成"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mindspore",
        "dense dense_1",
        "a/kernel[3, 0]",
        "RuntimeError: boom; see the log, please",
        "at least one of them",
        "kernel: no such thing (really)",
        "((((",
        "; ; : , ",
        "{rung} {0} {",
        "\x1b[31m\u202e",
    ],
)
def test_what_no_entry_fits_stays_as_it_is(text: str) -> None:
    assert ZH.sentence(text) == text
    assert ZH.phrase(text) == text


def test_known_clauses_among_unknown_ones() -> None:
    assert ZH.sentence("something new; both right") == "something new；两边都正确"


def test_a_list_belongs_to_its_clause() -> None:
    assert ZH.sentence("judged: test loss and accuracy after epochs 0, 7, 13, what the experiment expects") == (
        "已判定：epoch 0, 7, 13 之后的测试损失和精度，实验自己声明的预期"
    )


def test_clauses_are_split_outside_of_brackets() -> None:
    assert clauses_of("a, f(b, c), d[1, 2]", ", ") == ["a", "f(b, c)", "d[1, 2]"]
    assert clauses_of("a: b: c", ": ") == ["a", "b: c"]
    assert clauses_of("a), b", ", ") == ["a)", "b"]


def test_the_template_that_says_more_wins() -> None:
    sentences = Sentences({"{a} is off": "{a} 错", "{a} is off by {b}": "{a} 偏 {b}", "x is off": "具体"})
    assert sentences.translated("y is off by 3") == "y 偏 3"
    assert sentences.translated("y is off") == "y 错"
    assert sentences.translated("x is off") == "具体"


def test_slots_keep_to_their_kind() -> None:
    template = Template("{arm:code} has {count:number} of {file:file}", "{file} {count} {arm}")
    assert template.values("a has 1,234 of x/y.json") == {"arm": "a", "count": "1,234", "file": "x/y.json"}
    assert template.values("a b has 1 of x.json") is None
    assert template.values("a has many of x.json") is None
    assert template.values("a has 1 of them") is None


def test_a_text_that_is_too_long_is_not_translated() -> None:
    text = "both right; " * (LONGEST // 12 + 1)
    assert ZH.sentence(text) == text


def test_a_page_of_many_texts_is_translated_in_time() -> None:
    """500 different texts, a third of them unknown. The bound is that of a page, 0.3 s, on a machine that is busy."""
    language_of.cache_clear()
    texts = [f"arm{n} is off by 0.{n}; the first of epoch {n}, and something new {n}" for n in range(250)]
    texts += [
        f"8 x the reference's own error in float{n} + 4 ULP; unknown {n}: (of a kind), in words" for n in range(250)
    ]
    fastest_s = float("inf")
    for _ in range(3):
        language = language_of.__wrapped__("zh")
        began_s = time.process_time()
        assert all(language.sentence(text) != text for text in texts)
        fastest_s = min(fastest_s, time.process_time() - began_s)
    assert fastest_s < 0.3


def test_the_name_of_a_rung_alone_stays() -> None:
    chinese = language_of("zh")
    assert chinese.sentence("loss") == "loss"
    assert chinese.sentence("activation") == "activation"
    assert chinese.sentence("optimizer: adam; schedule: constant; loss: hinge").startswith("优化器")
