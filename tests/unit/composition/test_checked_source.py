"""Files of the user's groups are checked before Hydra takes them in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra.plugins.config_source import ConfigLoadError

from harness.composition.checked_source import SCHEME, CheckedConfigSource


@pytest.fixture
def source(tmp_path: Path) -> CheckedConfigSource:
    return CheckedConfigSource(provider="test", path=f"{SCHEME}://{tmp_path}")


def test_a_file_is_read_as_hydra_reads_it(source: CheckedConfigSource, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("# @package _global_\na: {b: 1}\n")
    loaded = source.load_config("one")
    assert loaded.config == {"a": {"b": 1}}
    assert loaded.header["package"] == "_global_"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "not a YAML file"),
        ("[" * 40 + "]" * 40, "nested more than 32 levels deep"),
        (
            "\n".join(["a0: &a0 [1, 1]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 20))]),
            "more than 3,000",
        ),
    ],
)
def test_a_file_that_is_none_is_named(source: CheckedConfigSource, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "one.yaml").write_text(text)
    with pytest.raises(ConfigLoadError) as caught:
        source.load_config("one")
    assert str(caught.value).startswith(f"{tmp_path / 'one.yaml'}: {told}")
