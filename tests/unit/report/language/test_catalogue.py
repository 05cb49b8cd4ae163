"""The catalogue's files: every entry is well formed, and none stands twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import harness.report.language as language
from harness.report.language.language import PHRASES
from harness.report.language.templates import KINDS, SLOT, Template

FOLDER = Path(language.__file__).parent / "zh"
FILES = sorted(FOLDER.glob("*.yaml"))
ENTRIES = [
    (path.name, english, chinese)
    for path in FILES
    for english, chinese in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader).items()
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_key_stands_twice_in_a_file(path: Path) -> None:
    """YAML keeps the last of two equal keys without a word."""
    keys = [pair[0].value for pair in yaml.compose(path.read_text(encoding="utf-8"), yaml.CSafeLoader).value]
    assert sorted({key for key in keys if keys.count(key) > 1}) == []


def test_no_recorded_text_stands_in_two_files() -> None:
    keys = [english for name, english, _ in ENTRIES if name != PHRASES]
    assert sorted({key for key in keys if keys.count(key) > 1}) == []


def test_both_sides_have_the_same_slots_and_the_kinds_are_known() -> None:
    assert len(ENTRIES) > 1_000
    for _, english, chinese in ENTRIES:
        slots = [name for name, _ in SLOT.findall(english)]
        assert len(set(slots)) == len(slots), english
        assert sorted(slots) == sorted(name for name, _ in SLOT.findall(chinese)), english
        assert all(kind in KINDS for kind in Template(english, chinese).slots.values()), english


def test_every_template_has_a_word_by_which_it_is_found() -> None:
    """One without a word would be tried on every text."""
    templates = [Template(english, chinese) for name, english, chinese in ENTRIES if name != PHRASES]
    assert [t.english for t in templates if t.slots and not t.words] == []


def test_every_translation_is_chinese_or_the_same_name() -> None:
    without = [(english, chinese) for _, english, chinese in ENTRIES if not re.search("[\u4e00-\u9fff]", chinese)]
    assert [english for english, chinese in without if SLOT.sub("", chinese).strip("。：， ()") not in english] == []


def test_a_template_translates_a_sentence_of_its_own() -> None:
    """No template stands in the shadow of another: filled in, it gives its own translation."""
    zh = language.language_of("zh")
    filled = {
        "number": "7", "index": "q[7]", "file": "q7.json", "symptom": "timeout", "codes": "q7, q8", "names": "q7 and q8"
    }  # fmt: skip
    for name, english, chinese in ENTRIES:
        template = Template(english, chinese)
        if name == PHRASES or not template.slots:
            continue
        values = {slot: filled.get(kind, f"q{number}") for number, (slot, kind) in enumerate(template.slots.items())}
        text = SLOT.sub(lambda slot, values=values: values[slot[1]], english)  # type: ignore[misc]
        own = template.filled(values, zh.sentence, zh.sentence)
        assert zh.sentence(text) == own, english
