"""Arrow's own threads can abort an interpreter as it ends, so nothing that reads or writes a record starts one."""

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
SCRIPT = """
import os, sys
os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path[:0] = sys.argv[2:]
from pathlib import Path
import pandas, pyarrow.parquet
from made_up_catalogues import MadeUp, write_run
import harness.results as results
from harness.results.catalogue.index import read_catalogue
from harness.results.catalogue.roots import CATALOGUE, LocalRoot
from harness.results.files import read_table, read_verdicts

def threads():
    names = [Path("/proc/self/task", each, "comm").read_text().strip() for each in os.listdir("/proc/self/task")]
    return sum(name != "jemalloc_bg_thd" for name in names)  # which pyarrow starts when it is loaded

root = Path(sys.argv[1])
(root / CATALOGUE).mkdir()
folders = [write_run(root, MadeUp(seed=number)) for number in range(3)]
assert len(read_verdicts(folders[0] / "verdicts.parquet")) and len(read_table(folders[0] / "verdicts.parquet", ()))
assert len(read_catalogue(LocalRoot(root)).table) == 3
assert len(results.runs(root)) == 3
assert len(results.frame("arms", root)) == 6
print(threads())
"""


def test_no_thread_of_arrow_is_left(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(REPOSITORY), str(REPOSITORY / "tests" / "unit")]
    told = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stderr
    assert told.stdout == "1\n"
