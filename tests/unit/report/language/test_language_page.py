"""A page of Markdown in Chinese: every line is translated, and what was escaped stays escaped."""

from __future__ import annotations

from markdown_it import MarkdownIt

from harness.report.language import in_language, language_of
from harness.report.tables import as_markdown

ZH, EN = language_of("zh"), language_of("en")
PAGE = "\n".join(
    [
        "# mnist_mlp",
        "",
        "**AGREES: a and b on loss; test accuracy 91.10 % and 91.10 %, 0.00 points apart**",
        "",
        "- judged: learning rates of all 300 steps",
        "- data: x&#95;: 4 to train, 2 to test",
        "",
        "## Accuracy and time",
        "",
        as_markdown(["arm", "cause"], [["a|b", "a is off by 0.3: boundary"], ["<i>", "RuntimeError: | boom; loss"]]),
        "",
        "## Parity",
        "",
        "![trajectory.png](trajectory.png)",
    ]
)


def test_english_is_the_same_page() -> None:
    assert in_language(PAGE, EN) == PAGE


def test_every_kind_of_line() -> None:
    lines = in_language(PAGE, ZH).split("\n")
    assert lines[0] == "# mnist_mlp"
    assert (
        lines[2] == "**一致（AGREES）：a 和 b 在以下各级一致：loss；测试精度 91.10 % 和 91.10 %，相差 0.00 个百分点**"
    )
    assert lines[4] == "- 已判定：全部 300 步的学习率"
    assert lines[7] == "## 精度与耗时"
    assert lines[-3] == "## 一致性"
    assert lines[-1] == "![trajectory.png](trajectory.png)"


def test_cells_stay_in_their_cells_and_what_was_escaped_stays_escaped() -> None:
    page = MarkdownIt("commonmark").enable("table").render(in_language(PAGE, ZH))
    assert "<th>arm</th>\n<th>原因</th>" in page
    assert "<td>a|b</td>\n<td>a 偏离 0.3：边界</td>" in page
    assert "<td>&lt;i&gt;</td>" in page
    assert "<i>" not in page
    assert "RuntimeError" in page
