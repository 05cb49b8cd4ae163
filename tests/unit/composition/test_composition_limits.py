"""Odd configs: nested, long, endless or misnamed ones are told of at once, as mistakes."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from composing import experiment, mistake, mistakes, write

from harness.composition import UserMistake, compose, compose_study
from harness.system.text import printable

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
DEEP = "nested more than 32 levels deep"


class TestOverrides:
    @pytest.mark.parametrize("depth", [40, 200, 3000])
    @pytest.mark.parametrize("form", ["model.layers={0}{1}", "a={0}", "a={2}1{3}", "seed={4}a{3}"])
    def test_nesting(self, form: str, depth: int) -> None:
        text = form.format("[" * depth, "]" * depth, "{a: " * depth, "}" * depth, "${" * depth)
        assert mistake(text).endswith(DEEP)

    @pytest.mark.parametrize("depth", [40, 5000])
    def test_nested_keys(self, depth: int) -> None:
        assert mistake(f"a{'.b' * depth}=1").endswith(DEEP)

    @pytest.mark.parametrize("inner", ["{kind: residual, layers: [", "{kind: residual, layers: [flatten, "])
    def test_what_is_within_the_limit_is_judged(self, inner: str) -> None:
        found = mistakes(f"model.layers=[flatten, {inner * 10}flatten{']}' * 10}]")
        assert not any(DEEP in text for text in found)

    def test_length(self) -> None:
        assert mistake(f"name={'x' * 50_000}").endswith(
            "it has 50,005 characters; allowed: 20,000 (a config file holds more)"
        )
        assert len(str(UserMistake(mistakes("x" * 15_000 + "=1")))) == 2000
        assert (
            mistake(*["seed=1"] * 20_000)
            == "20,000 overrides of 120,000 characters; allowed: 500 of 100,000 characters in all"
        )

    @pytest.mark.parametrize(
        "text", ["name=a\udcff", "\udcff=1", "out=\udcff", "from=\udcff", "arm.environment.A=\udcff"]
    )
    def test_text_that_is_not_utf8(self, text: str) -> None:
        assert mistake(text).endswith("it is not valid UTF-8")
        mistake(text).encode()

    @pytest.mark.parametrize("text", ["name=a\0", "out=a\0b", "from=a\0b"])
    def test_nul(self, text: str) -> None:
        assert mistake(text).endswith("it holds a NUL character")

    @pytest.mark.parametrize("key", [".", "..", "a..b", ".a", "a."])
    def test_empty_keys(self, key: str) -> None:
        assert mistake(f"{key}=1").startswith(f"{key}=1: ")

    @pytest.mark.parametrize(
        "text",
        ["=", "++seed", "seed@x=1", "a/b=1", "seed=1,2", "seed=range(1,3)", "seed='", "~", "seed=\x1b[31m"],
    )
    def test_odd_syntax(self, text: str) -> None:
        assert mistake(text).startswith(f"{printable(text)}: ")

    @pytest.mark.parametrize("digits", [30, 5000])
    def test_whole_numbers_beyond_all_use(self, digits: int) -> None:
        found = mistake(f"seed={'9' * digits}")
        assert "seed" in found
        assert len(found) < 500

    @pytest.mark.parametrize("key", ["out", "results_root"])
    @pytest.mark.parametrize(
        ("path", "reason"), [("~nosuchuser/x", "no user's home"), ("x" * 300, "File name too long")]
    )
    def test_folders_that_there_cannot_be(self, key: str, path: str, reason: str) -> None:
        assert mistakes(f"{key}={path}", "seed=-1")[-1].startswith("seed")
        assert reason in mistakes(f"{key}={path}", "seed=-1")[0]


class TestInterpolations:
    def test_ones_that_grow(self) -> None:
        links = ["a0=[1,1]", *(f"a{i + 1}=[${{a{i}}},${{a{i}}}]" for i in range(30))]
        assert "once its interpolations are replaced" in mistake(*links)

    def test_text_that_grows(self) -> None:
        links = ["a0=x", *(f"a{i + 1}='${{a{i}}}${{.a{i}}}'" for i in range(30))]
        assert "once its interpolations are replaced" in mistake(*links)

    @pytest.mark.parametrize("overrides", [["seed=${seed}"], ["seed=${training.epochs}", "training.epochs=${seed}"]])
    def test_circles(self, overrides: list[str]) -> None:
        assert mistakes(*overrides)[0] == "seed: Recursive interpolation detected"

    def test_a_circle_of_mappings(self) -> None:
        assert mistakes("a={b: '${a}', c: '${a}'}")

    def test_the_environment_may_hold_any_bytes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TWINRUN_ODD", os.fsdecode(b"a\xff"))
        assert "not valid UTF-8" in mistakes("name=${oc.env:TWINRUN_ODD}")[0]


class TestFrom:
    @pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 100_000, '{"a":' * 60 + "1" + "}" * 60])
    def test_nesting(self, content: str, tmp_path: Path) -> None:
        write(tmp_path, {"e.json": content})
        found = mistake(f"from={tmp_path}/e.json")
        assert "nested" in found
        assert len(found) < 500

    @pytest.mark.parametrize("content", ['{"name": "\\ud800"}', '{"\\ud800": 1}', '{"name": "a\\u0000"}'])
    def test_text_that_cannot_be_recorded(self, content: str, tmp_path: Path) -> None:
        write(tmp_path, {"e.json": content})
        assert "cannot be recorded" in mistake(f"from={tmp_path}/e.json")

    def test_a_number_of_many_digits(self, tmp_path: Path) -> None:
        write(tmp_path, {"e.json": f'{{"seed": {"9" * 5000}}}'})
        assert "not a JSON file" in mistake(f"from={tmp_path}/e.json")

    def test_a_fifo_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "e.json")
        assert mistake(f"from={tmp_path}/e.json").endswith("a FIFO, not a regular file")

    def test_thousands_of_unknown_keys(self, tmp_path: Path) -> None:
        write(tmp_path, {"e.json": json.dumps({f"key{number}": number for number in range(20_000)})})
        start = time.process_time()
        with pytest.raises(UserMistake) as caught:
            compose([f"from={tmp_path}/e.json"])
        told = str(caught.value)
        assert time.process_time() - start < 10  # it was 90 s
        assert told.splitlines()[-1].startswith("  and 19,9")
        assert len(told) < 60_000

    def test_more_values_than_a_config_has(self, tmp_path: Path) -> None:
        write(tmp_path, {"e.json": json.dumps({"a": list(range(200_000))})})
        assert "more than 30,000 values" in mistake(f"from={tmp_path}/e.json")


CONTENTS = {
    "empty": "",
    "a list": "[1, 2]\n",
    "a number": "3\n",
    "text": "abc\n",
    "null": "null\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "a key twice": "kind: constant\nkind: constant\nrate: 1\n",
    "a tag": "kind: !!python/object/apply:os.system [ls]\n",
    "a broken tag": "kind: constant\nrate: !!int x\n",
    "bytes": "kind: constant\nrate: !!binary aGVsbG8=\n",
    "a number as key": "kind: constant\nrate: 1\n1: 2\n",
    "null as key": "kind: constant\nrate: 1\nnull: 2\n",
    "a list as key": "kind: constant\nrate: 1\n[a]: 2\n",
    "odd defaults": "defaults: 3\n",
    "its own defaults": "defaults: [x]\n",
    "a circle of defaults": "defaults: [/schedule: x]\n",
    "an odd package": "# @package a..b\nkind: constant\n",
    "Hydra's package": "# @package hydra\nkind: constant\n",
    "no value": "kind: constant\nrate: ???\n",
    "an unknown key": "kind: constant\nrate: ${nothing}\n",
    "half a surrogate": 'kind: constant\nrate: "\\ud800"\n',
    "unfinished": "a: [1",
    "an unknown alias": "a: *x\n",
    "an alias in itself": "kind: constant\nrate: &a [*a]\n",
    "a bomb": BOMB,
    "thousands of keys": "".join(f"key{number}: 1\n" for number in range(20_000)),
    "nested lists": f"rate: {'[' * 60}{']' * 60}\n",
    "nested mappings": f"rate: {'{a: ' * 5000}1{'}' * 5000}\n",
    "nested dashes": f"{'- ' * 5000}1\n",
    "a hexadecimal number": f"kind: constant\nrate: 0x{'f' * 5000}\n",
    "an infinite rate": "kind: constant\nrate: .inf\n",
    "UTF-16": "kind: constant\n\0",
}


class TestOwnGroups:
    @pytest.mark.parametrize("name", CONTENTS)
    def test_what_a_file_may_hold_instead(self, name: str, tmp_path: Path) -> None:
        write(tmp_path, {f"{group}/x.yaml": CONTENTS[name] for group in ("schedule", "arm", "experiment")})
        start = time.process_time()
        for override in ("schedule=x", "suite=[x]", "arms=[x,reference]"):
            assert all(len(text) < 3000 for text in mistakes(override, config_dirs=[tmp_path])), override
        assert time.process_time() - start < 10

    @pytest.mark.parametrize(
        "name",
        ["null", "true", "NaN", "0", "1e5", "_self_", "a'b", 'a"b', "a,b", "a=b", "a@b", "-", "é", "a..b", "a  b"],
    )
    def test_names_that_no_override_can_have(self, name: str, tmp_path: Path) -> None:
        write(tmp_path, {f"schedule/{name}.yaml": "kind: constant\nrate: 0.5\n"})
        assert "cannot be chosen" in mistake(config_dirs=[tmp_path])

    @pytest.mark.parametrize("name", ["a.b", "a b", "a-b_c", "Mine2"])
    def test_names_that_can_be_chosen(self, name: str, tmp_path: Path) -> None:
        write(tmp_path, {f"schedule/{name}.yaml": "kind: constant\nrate: 0.5\n"})
        assert compose([f"schedule={name}"], [tmp_path]).experiment.schedule.rate == 0.5  # type: ignore[attr-defined]
        assert compose([f"suite=[{name}]"], [tmp_path]).experiment.suite[0].rate == 0.5  # type: ignore[attr-defined]

    @pytest.mark.parametrize("group", ["hydra", "null", "0", "_self_", "a'b", "from", "out", "seeds", "pair"])
    def test_groups_that_cannot_be(self, group: str, tmp_path: Path) -> None:
        write(tmp_path, {f"{group}/x.yaml": "a: 1\n"})
        assert f"the folder {group}" in mistake(config_dirs=[tmp_path]).replace("\\'", "'")

    def test_what_is_hidden_is_none_of_ours(self, tmp_path: Path) -> None:
        write(tmp_path, {".git/0.yaml": "a: 1\n", "schedule/.null.yaml": "[\n"})
        assert compose([], [tmp_path]).experiment == experiment()

    @pytest.mark.parametrize("kind", ["folder", "fifo", "device", "broken link"])
    def test_a_file_that_is_none(self, kind: str, tmp_path: Path) -> None:
        (tmp_path / "schedule").mkdir()
        path = tmp_path / "schedule" / "x.yaml"
        match kind:
            case "folder":
                path.mkdir()
            case "fifo":
                os.mkfifo(path)
            case "device":
                path.symlink_to("/dev/zero")
            case _:
                path.symlink_to("nowhere")
        assert mistake("schedule=x", config_dirs=[tmp_path]).startswith("schedule=x: ")

    def test_a_large_file(self, tmp_path: Path) -> None:
        write(tmp_path, {"schedule/x.yaml": "a: " + "x" * (1 << 20)})
        assert "larger than 1 MiB, the most that a YAML file may have" in mistake("schedule=x", config_dirs=[tmp_path])

    @pytest.mark.parametrize("folder", ["~nosuchuser", "x" * 300, "a\0b", "a\udcff"])
    def test_folders_that_there_cannot_be(self, folder: str) -> None:
        assert mistake(config_dirs=[Path(folder)]).startswith("--config-dir ")


def test_thousands_of_arms_and_layers() -> None:
    assert "given 2,000 entries" in mistakes(f"arms=[{','.join(['x'] * 2000)}]")[0]
    assert "allowed: a list of 1 to 500" in mistake(f"model.layers=[{','.join(['flatten'] * 501)}]")


@pytest.mark.parametrize("orderings", ["3", "[3]", "[{better: a, than: b, by: true}]"])
def test_odd_orderings(orderings: str) -> None:
    with pytest.raises(UserMistake, match="orderings"):
        compose_study([f"orderings={orderings}"])
