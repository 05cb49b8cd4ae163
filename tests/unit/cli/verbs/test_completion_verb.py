"""`twinrun completion`."""

from __future__ import annotations

import pytest

from harness.cli import main


@pytest.mark.parametrize(("given", "register"), [([], "complete "), (["bash"], "complete "), (["zsh"], "compdef ")])
def test_the_shells_code_registers_the_command(
    given: list[str], register: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", *given]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(register in line and line.endswith("twinrun") for line in lines)


def test_fish(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "fish"]) == 0
    assert "complete --command twinrun" in capsys.readouterr().out


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["completion", "tcsh"])
    assert ended.value.code == 2
    assert "invalid choice: 'tcsh'" in capsys.readouterr().err
