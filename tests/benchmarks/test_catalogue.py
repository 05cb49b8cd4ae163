"""The catalogue of 10,000 runs, as whole commands: at once, and growing in proportion to the runs.

Aims: `list`, `table`, `trend` and `query` under 2 s on 2 cores, the index compacted or an entry a run. The first list
of a folder without an index reads every run. No framework is loaded.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from made_up_catalogues import write_catalogue
from rounds import rounds

from harness.results.catalogue.files import parse_file, write_entry
from harness.results.catalogue.index import read_catalogue
from harness.results.catalogue.roots import CATALOGUE, LocalRoot

ROOT = Path(__file__).parents[2]
AIM_S, USUAL = 2.0, 5
SMALL, LARGE, BROKEN = 1_000, 10_000, 100
COMMANDS = {
    "list": ["list", "--sort", "-step_time_s"],
    "table": ["table", "columns=version", "values=step_time_s", "statistic=median"],
    "trend": ["trend", "mnist_mlp"],
    "query": ["query", "select arm, version, median(step_time_s) from arms join runs using (run) group by all"],
}
FRAMEWORKS = ("tensorflow", "mindspore", "keras")


@pytest.fixture(scope="module")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Path]]:
    """Made-up results folders by their number of runs, with their index compacted."""
    folders = {}
    for count in (SMALL, LARGE):
        folders[count] = tmp_path_factory.mktemp(f"runs{count}")
        write_catalogue(folders[count], count, broken=BROKEN * count // LARGE)
        start = time.perf_counter()
        read_catalogue(LocalRoot(folders[count]))
        print(f"\nfirst reading of {count:,} folders: {time.perf_counter() - start:.1f} s")
    yield folders
    for folder in folders.values():  # 100,000 files, which pytest would leave for a later session to remove
        shutil.rmtree(folder)


def seconds(command: list[str], root: Path) -> float:
    """The wall-clock time of a whole process, which must end well."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "harness", command[0], f"root={root}", *command[1:]],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    took = time.perf_counter() - start
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-1000:]
    return took


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_over_a_compacted_index(name: str, catalogues: dict[int, Path], record: Any, capsys: Any) -> None:
    small, large = ([seconds(COMMANDS[name], catalogues[n]) for _ in range(rounds(USUAL))] for n in (SMALL, LARGE))
    record(large)
    with capsys.disabled():
        print(f"\ntwinrun {name}: {LARGE:,} runs {median(large):.2f} s (aim: under {AIM_S:g} s), ", end="")
        print(f"{SMALL:,} runs {median(small):.2f} s")
    # In proportion to the runs it may be ten times as long, and the start of the command is in both.
    assert median(large) <= 10 * median(small)


@pytest.mark.parametrize("count", [SMALL, LARGE])
def test_a_list_over_an_entry_for_each_run(
    count: int, catalogues: dict[int, Path], record: Any, capsys: Any, tmp_path: Path
) -> None:
    """As after so many runs of which nobody has listed any. The list compacts them, so it is measured once a copy."""
    catalogue = read_catalogue(LocalRoot(catalogues[count]))
    index = catalogues[count] / CATALOGUE
    shutil.move(index, tmp_path / "kept")
    times = []
    for _ in range(rounds(2)):
        for row in catalogue.table.to_pylist():
            write_entry(index, [row])
        times.append(seconds(COMMANDS["list"], catalogues[count]))
        (table,) = index.iterdir()  # in place of all entries
        rows = parse_file(table.name, table.read_bytes())
        assert {row["run"] for row in rows.to_pylist()} == {row["run"] for row in catalogue.table.to_pylist()}
        shutil.rmtree(index)
    shutil.move(tmp_path / "kept", index)
    record(times)
    with capsys.disabled():
        print(f"\ntwinrun list of {count:,} entries, which it compacts: {min(times):.2f} s")


def test_no_framework_is_loaded(catalogues: dict[int, Path]) -> None:
    code = "import sys, json\nfrom harness.cli import main\nmain(json.loads(sys.argv[1]))\n"
    code += f"print([name for name in {FRAMEWORKS} if name in sys.modules], file=sys.stderr)"
    for command in COMMANDS.values():
        arguments = json.dumps([command[0], f"root={catalogues[SMALL]}", *command[1:]])
        done = subprocess.run(
            [sys.executable, "-c", code, arguments], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert done.stderr.splitlines()[-1] == "[]", command
