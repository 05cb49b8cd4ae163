"""YAML files of the user's: what is read, and what is refused before anything is built of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.composition.limits import DEPTH, YAML_FILE
from harness.composition.yaml_files import checked_yaml, in_a_line, read_yaml
from harness.system.files import FileError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.yaml"


def refused(file: Path, text: str) -> str:
    file.write_text(text)
    with pytest.raises(FileError) as caught:
        read_yaml(file)
    return str(caught.value)


def test_plain_containers(file: Path) -> None:
    file.write_text("a: &x [1, 2.5, yes]\nb: *x\nc: {d: null}\n")
    assert read_yaml(file) == {"a": [1, 2.5, True], "b": [1, 2.5, True], "c": {"d": None}}


def test_an_empty_file_holds_nothing(file: Path) -> None:
    file.write_text("")
    assert read_yaml(file) is None


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "\ta: 1", "a: *nobody", "a: !!int x", "a: 2020-99-99", "a: @"])
def test_what_is_no_yaml(file: Path, text: str) -> None:
    told = refused(file, text)
    assert told.startswith("not a YAML file (")
    assert "\n" not in told


def test_no_tag_makes_an_object(file: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    assert refused(file, f"a: !!python/object/apply:os.mkdir [{trace}]").startswith("not a YAML file (")
    assert not trace.exists()


def test_a_text_that_is_not_utf8(file: Path) -> None:
    file.write_bytes(b"a: \xff")
    with pytest.raises(FileError, match="not text in UTF-8"):
        read_yaml(file)


def test_an_alias_within_what_it_stands_for(file: Path) -> None:
    assert refused(file, "a: &x [*x]") == "the alias *x stands within what it refers to"


def test_depth(file: Path) -> None:
    file.write_text("[" * DEPTH + "]" * DEPTH)
    assert checked_yaml(file, 100)
    assert refused(file, "[" * (DEPTH + 1) + "]" * (DEPTH + 1)) == f"nested more than {DEPTH} levels deep"


def test_aliases_count_as_what_they_stand_for(file: Path) -> None:
    lines = ["a0: &a0 [1, 1]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 30))]
    assert "once aliases are replaced" in refused(file, "\n".join(lines))


def test_values_are_counted_against_the_limit(file: Path) -> None:
    file.write_text("a: [1, 2, 3]")
    assert checked_yaml(file, 3) == "a: [1, 2, 3]"
    with pytest.raises(FileError, match="more than 2 values"):
        checked_yaml(file, 2)


def test_size(file: Path) -> None:
    assert "larger than 1 MiB" in refused(file, "#" * (YAML_FILE + 1))


def test_an_error_in_one_line() -> None:
    assert in_a_line(ValueError("a\n  b\t c")) == "a b c"
    assert len(in_a_line(ValueError("x" * 1000))) == 500
