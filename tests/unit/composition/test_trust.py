"""Fields that run code: who gave them, the command line or a file, and what a file may give by itself."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from composing import REPOSITORY, experiment, mistake, mistakes, write

from harness.composition import UserMistake, compose, compose_study
from harness.composition.preflight import prepare
from harness.composition.trust import HARMLESS, CodeField, code_of
from harness.spec.arm import LONGEST_TIMEOUT_S
from harness.subjects.pair.composing import compose_pair
from harness.system.config_folders import installed_folders

ALLOWED = [name for names in HARMLESS.values() for name in names]
# Each makes some interpreter, loader or framework run what it names.
LOADERS = [
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONHOME",
    "PYTHONWARNINGS",
    "PYTHONBREAKPOINT",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "LD_AUDIT",
    "PATH",
    "HOME",
    "BASH_ENV",
    "OMP_TOOL_LIBRARIES",
    "GLOG_log_dir",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
    "CUDA_CACHE_PATH",
    "MS_PLUGIN_PATH",
    "MS_COMPILER_CACHE_PATH",
    "ASCEND_CUSTOM_OPP_PATH",
    "omp_num_threads",
    "OMP_NUM_THREADS ",
    "ANYTHING",
]


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """An experiment.json whose two arms both run code."""
    content = experiment("arms=[reference,{use: reference, name: other}]").model_dump(mode="json")
    content["arms"][0]["python"] = "/evil/python"
    content["arms"][1]["environment"] = {"PYTHONPATH": "/evil", "OMP_NUM_THREADS": "1"}
    return write(tmp_path, {"experiment.json": json.dumps(content)}) / "experiment.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Groups of one's own: an arm, an experiment, a study and a group that set what runs code."""
    arm = "name: evil\nadapter: reference\nmode: numpy\nenvironment: {LD_PRELOAD: /evil.so}\n"
    study = "variants:\n  one: [arm.python=/evil/one]\n  two: [seed=3]\n"
    files = {
        "arm/evil.yaml": arm,
        "experiment/evil.yaml": "# @package _global_\nname: evil\narms: [{use: reference, python: /evil/python}]\n",
        "experiment/study.yaml": f"# @package _global_\nname: study\narms: [reference]\n{study}",
        "shape/evil.yaml": "# @package _global_\narm: {python: /evil/python}\n",
        "experiment/good.yaml": "# @package _global_\nname: good\narms: [{use: reference, environment: {GLOG_v: 1}}]\n",
    }
    return write(tmp_path / "groups", files)


def fields(overrides: Sequence[str], config_dirs: Sequence[Path] = ()) -> list[tuple[str, str, str]]:
    return [(code.arm, code.field, code.value) for code in compose_study(overrides, config_dirs).code]


EVIL = ("reference", "python", "/evil/python")
PATH = ("other", "environment.PYTHONPATH", "/evil")


class TestTyped:
    @pytest.mark.parametrize(
        "typed",
        [
            "arm.python=/evil/python",
            "arm={python: /evil/python}",
            "+arm.python=/evil/python",
            "arms.0.python=/evil/python",
            "arms=[{use: reference, python: /evil/python}]",
            "arms=[{use: reference, environment: {PYTHONPATH: /evil}}]",
            "arm.environment.PYTHONPATH=/evil",
            "arm.environment={LD_PRELOAD: /evil.so, N: 1}",
            "variants={one: ['arm.python=/evil/python'], two: ['arms.0.environment.A=b']}",
        ],
    )
    def test_is_the_users_own_word(self, typed: str, folder: Path) -> None:
        assert fields(["experiment=good", typed], [folder]) == []

    def test_needs_no_file_to_be_looked_at(self) -> None:
        assert fields(["arms=[reference]", "arm.python=${oc.env:HOME}"]) == []

    def test_with_a_file_counts_for_what_it_says_alone(self, recorded: Path) -> None:
        assert fields([f"from={recorded}", "arms.0.python=/evil/python"]) == [PATH]
        assert fields([f"from={recorded}", "arms.0.python=/mine", "arms.1.environment.PYTHONPATH=/own"]) == []
        assert fields([f"from={recorded}", "arm.environment.PYTHONPATH=/evil", "arms.0.python=null"]) == []
        assert fields([f"from={recorded}", "arms.0.environment.PYTHONPATH=/elsewhere"]) == [EVIL, PATH]
        assert fields([f"from={recorded}", "arms=[reference]"]) == []

    def test_a_value_that_a_file_puts_into_what_was_typed_is_the_files(self, folder: Path) -> None:
        overrides = ["experiment=good", "arm.environment.A=${name}"]
        assert fields(overrides, [folder]) == [("reference", "environment.A", "good")]


class TestFromFiles:
    def test_a_record(self, recorded: Path) -> None:
        assert fields([f"from={recorded}"]) == [EVIL, PATH]

    def test_a_record_with_fields_over_every_arm_or_with_variants(self, recorded: Path) -> None:
        content = json.loads(recorded.read_text())
        recorded.write_text(json.dumps({**content, "arm": {"python": "/over/all"}}))
        assert ("reference", "python", "/over/all") in fields([f"from={recorded}"])
        recorded.write_text(json.dumps({**content, "variants": {"x": ["arm.python=/of/x"]}}))
        assert ("reference", "python", "/of/x") in fields([f"from={recorded}"])

    @pytest.mark.parametrize(
        ("overrides", "expected", "file"),
        [
            (["arms=[evil]"], ("evil", "environment.LD_PRELOAD", "/evil.so"), "arm/evil.yaml"),
            (["arms=[{use: evil, name: mine}]"], ("mine", "environment.LD_PRELOAD", "/evil.so"), "arm/evil.yaml"),
            (["experiment=evil"], EVIL, "experiment/evil.yaml"),
            (["arms=[reference]", "shape=evil"], EVIL, "shape/evil.yaml"),
            (["experiment=study"], ("reference", "python", "/evil/one"), "experiment/study.yaml"),
            (["experiment=study", "variant=one"], ("reference", "python", "/evil/one"), "experiment/study.yaml"),
        ],
    )
    def test_a_folder_of_groups(
        self, overrides: list[str], expected: tuple[str, str, str], file: str, folder: Path
    ) -> None:
        (code, *others) = compose_study(overrides, [folder]).code
        assert (code.arm, code.field, code.value) == expected
        assert file in " ".join(code.files)
        assert not others

    def test_both(self, recorded: Path, folder: Path) -> None:
        overrides = [f"from={recorded}", "arms=[evil,{use: reference, python: /mine}]"]
        assert fields(overrides, [folder]) == [("evil", "environment.LD_PRELOAD", "/evil.so")]

    def test_what_is_put_together_from_pieces_is_of_any_of_the_sources(self, folder: Path) -> None:
        text = "# @package _global_\nname: x\narms: [{use: reference, python: '${results_root}/${name}'}]\n"
        write(folder, {"experiment/x.yaml": text})
        (code,) = compose(["experiment=x", "results_root=/r"], [folder]).code
        assert code == CodeField("reference", "python", "/r/x", (str(folder),))

    def test_variables_that_may_load_code(self, recorded: Path) -> None:
        source = _with_environment(recorded, dict.fromkeys([*LOADERS, *ALLOWED], "1"))
        assert fields([f"from={source}"]) == [("only", f"environment.{name}", "1") for name in sorted(LOADERS)]

    def test_nothing_that_ships_runs_code_of_others(self) -> None:
        for file in (file for folder in installed_folders() for file in folder.glob("**/*.yaml")):
            plain = yaml.safe_load(file.read_text())
            assert code_of({"arm": plain} if file.parent.name == "arm" else plain) == set(), file


def _with_environment(file: Path, environment: dict[str, str]) -> Path:
    content = json.loads(file.read_text())
    content["arms"] = [{"name": "only", "adapter": "reference", "mode": "numpy", "environment": environment}]
    file.write_text(json.dumps(content))
    return file


class TestRefusal:
    def test_all_at_once_with_other_mistakes(self, recorded: Path) -> None:
        with pytest.raises(UserMistake) as caught:
            prepare([f"from={recorded}", "training.batch_size=100000"], [])
        first, second, *others = caught.value.mistakes
        assert first == (
            f"arm reference: python = '/evil/python', from {recorded}: this can run code; give --trust to let it, "
            "or type arm.python=VALUE or arms.NUMBER.python=VALUE yourself"
        )
        assert second.startswith(f"arm other: environment.PYTHONPATH = '/evil', from {recorded}: this can run code")
        assert others[0].startswith("arm reference: python='/evil/python' is no program")

    def test_not_where_it_is_trusted(self, recorded: Path) -> None:
        study, _ = prepare([f"from={recorded}", "arms.0.python=null"], [], trust=True)
        assert [str(code) for code in study.code] == [f"arm other: environment.PYTHONPATH = '/evil', from {recorded}"]

    def test_the_whole_value_is_shown(self, recorded: Path) -> None:
        value = "/" + "x" * 500
        with pytest.raises(UserMistake) as caught:
            prepare([f"from={_with_environment(recorded, {'PYTHONPATH': value})}"], [])
        assert value in str(caught.value)


class TestPair:
    @pytest.fixture
    def pair(self, tmp_path: Path) -> Path:
        content = yaml.safe_load((REPOSITORY / "examples/pair/small_cnn.yaml").read_text())
        for model in content["models"].values():
            model["builder"] = str(REPOSITORY / "examples/pair" / model["builder"])
        content["batches"] = str(REPOSITORY / "examples/pair" / content["batches"])
        content["arms"] = [
            {"use": "mindspore", "python": "/bin/sh"},
            {"use": "tensorflow", "environment": {"PYTHONPATH": "/p"}},
        ]
        return write(tmp_path, {"pair.yaml": yaml.safe_dump(content)}) / "pair.yaml"

    def test_its_own_file_is_a_program_and_says_what_it_runs(self, pair: Path) -> None:
        from harness.subjects.pair.facts import code_run

        composed = compose_pair([f"pair={pair}"])
        assert composed.code == ()
        assert "pair.yaml names: python = '/bin/sh', of mindspore" in code_run(composed)
        assert "pair.yaml names: environment.PYTHONPATH = '/p', of tensorflow" in code_run(composed)

    def test_what_was_typed_is_not_said_to_be_in_the_file(self, pair: Path) -> None:
        composed = compose_pair([f"pair={pair}", "arm.python=/bin/cat"])
        assert [(code.field, code.value) for code in composed.code_of_file] == [("environment.PYTHONPATH", "/p")]

    def test_another_file_needs_trust(self, pair: Path, folder: Path) -> None:
        write(folder, {"arm/mine.yaml": "name: mine\nadapter: mindspore\nmode: pynative\npython: /bin/ls\n"})
        overrides = [f"pair={pair}", "arms=[mine,tensorflow]"]
        with pytest.raises(UserMistake, match=r"arm mine: python = '/bin/ls', from .*arm/mine.yaml: this can run code"):
            compose_pair(overrides, [folder])
        (code,) = compose_pair(overrides, [folder], trust=True).code
        assert (code.arm, code.field, code.value) == ("mine", "python", "/bin/ls")


class TestConfigFiles:
    """Files of groups are data: nothing in them is called."""

    def test_resolvers_are_those_that_are_documented(self) -> None:
        documented = set(re.findall(r"`\$\{([\w.]+):", (REPOSITORY / "SECURITY.md").read_text()))
        # In a process of its own: whoever starts Hydra as an application registers more.
        code = (
            "from harness.composition import compose; from omegaconf.basecontainer import BaseContainer; compose([])\n"
        )
        code += "print(*BaseContainer._resolvers)"
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
        assert set(done.stdout.split()) == documented

    @pytest.mark.parametrize(
        "text",
        [
            "kind: constant\nrate: !!python/object/apply:os.system ['touch {}']\n",
            "kind: constant\nrate: !!python/object/apply:pathlib.Path.touch [{}]\n",
            "kind: constant\nrate: {{_target_: os.system, command: 'touch {}'}}\n",
            "_target_: subprocess.check_output\n_args_: [[touch, '{}']]\n",
            "kind: constant\nrate: ${{eval:touch {}}}\n",
        ],
    )
    def test_no_code_by_a_tag_a_target_or_a_resolver(self, text: str, tmp_path: Path) -> None:
        touched = tmp_path / "touched"
        write(tmp_path / "groups", {f"{group}/evil.yaml": text.format(touched) for group in ("schedule", "experiment")})
        for group in ("schedule", "experiment"):
            with pytest.raises(UserMistake):
                compose([f"{group}=evil"], [tmp_path / "groups"])
        assert not touched.exists()

    def test_a_callback_of_hydra_is_not_called(self, tmp_path: Path) -> None:
        callback = f"{{_target_: os.mkdir, path: '{tmp_path}/made'}}"
        text = f"# @package _global_\nname: x\nhydra: {{callbacks: {{x: {callback}}}}}\n"
        write(tmp_path / "groups", {"experiment/x.yaml": text})
        assert compose(["experiment=x"], [tmp_path / "groups"]).experiment.name == "x"
        assert not (tmp_path / "made").exists()

    def test_a_target_in_a_record(self, recorded: Path) -> None:
        content = json.loads(recorded.read_text())
        content["schedule"]["_target_"] = "os.system"
        recorded.write_text(json.dumps(content))
        assert any("schedule._target_: there is no such key" in each for each in mistakes(f"from={recorded}"))

    def test_an_arms_own_spec_runs_nothing(self, recorded: Path) -> None:
        arm = "{use: reference, name: mine, spec: {_target_: os.system, arms.0.python: /evil}}"
        with pytest.raises(UserMistake, match="arm mine: spec: _target_: there is no '_target_'"):
            prepare([f"arms=[{arm}]"], [])


class TestWhatAProcessCanBeGiven:
    @pytest.mark.parametrize("name", ["", "A=B", "="])
    def test_the_name_of_a_variable(self, name: str, recorded: Path) -> None:
        (found,) = mistakes(f"from={_with_environment(recorded, {name: 'x'})}")
        assert found.startswith(
            f"arms.0.environment: given the name {name!r}; allowed: text without NUL that UTF-8 can hold, without ="
        )

    @pytest.mark.parametrize("environment", [{"A": "x\0y", "B": ""}, {"A\0B": "x"}])
    def test_text_with_nul(self, environment: dict[str, str], recorded: Path) -> None:
        (found,) = mistakes(f"from={_with_environment(recorded, environment)}")
        assert "arms.0.environment" in found
        assert found.endswith("it holds a NUL character")

    def test_text_that_no_encoding_has(self, recorded: Path) -> None:
        content: Any = json.loads(recorded.read_text())
        content["arms"][0] |= {"python": "\ud800", "environment": {"\ud800": "a", "b": "\ud800"}}
        recorded.write_text(json.dumps(content))
        found = "".join(mistakes(f"from={recorded}"))
        assert "\\ud800" in found
        assert "is not valid UTF-8" in found

    def test_a_program_that_cannot_be(self, recorded: Path) -> None:
        with pytest.raises(UserMistake, match="is no program that can be run"):
            prepare(["arms=[reference]", "arms.0.python=''"], [])

    @pytest.mark.parametrize("given", ["1e10", "1e300", "10000001"])
    def test_a_time_limit_that_no_thread_can_wait(self, given: str) -> None:
        message = mistake(f"arm.timeout_s={given}")
        assert message.startswith("arm.timeout_s: given 1")
        assert message.endswith(f"; allowed: a number > 0 and <= {LONGEST_TIMEOUT_S:g}")

    def test_the_longest(self) -> None:
        assert experiment(f"arm.timeout_s={LONGEST_TIMEOUT_S:.0f}").arms[0].timeout_s == LONGEST_TIMEOUT_S


def test_the_documented_variables_are_those_that_are_allowed() -> None:
    section = (
        (REPOSITORY / "SECURITY.md").read_text().partition("## Variables that a file may set")[2].partition("\n## ")[0]
    )
    assert re.findall(r"`(\w+)`", section.partition("\n- ")[2]) == ALLOWED
