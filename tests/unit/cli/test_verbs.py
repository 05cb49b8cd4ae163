"""A verb is a file: what is in it is all that the command needs to know of it."""

import subprocess
import sys
from pathlib import Path

import pytest

import harness.cli.verbs
from harness.cli.arguments import parser
from harness.cli.verbs import verbs

FOLDER = Path(harness.cli.verbs.__file__).parent
NAMES = sorted(file.stem.replace("_", "-") for file in FOLDER.glob("*.py") if file.stem != "__init__")


def test_each_file_is_a_verb_of_its_name():
    assert {name: verb.name for name, verb in verbs().items()} == {name: name for name in NAMES}


def test_a_new_file_is_a_new_verb(tmp_path, monkeypatch):
    (tmp_path / "greet.py").write_text(
        "from harness.cli.verb import Verb\nVERB = Verb('greet', 'say hello', lambda chosen: 7)\n"
    )
    monkeypatch.setattr(harness.cli.verbs, "__path__", [*harness.cli.verbs.__path__, str(tmp_path)])
    found = verbs()
    assert found["greet"].run(parser(found).parse_args(["greet"])) == 7
    assert "say hello" in parser(found).format_help()


@pytest.mark.parametrize("name", NAMES)
def test_help_of_a_verb_ends_well(name, capsys):
    with pytest.raises(SystemExit) as ended:
        parser(verbs()).parse_args([name, "--help"])
    assert ended.value.code == 0
    assert verbs()[name].summary.split()[0] in capsys.readouterr().out.lower()


def test_help_imports_no_library_that_takes_its_time():
    code = "import sys; from harness.cli.arguments import parser; from harness.cli.verbs import verbs\n"
    code += "parser(verbs()).format_help(); print([n for n in ('numpy', 'pydantic', 'hydra') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
