"""A folder is claimed by one process, and says by which."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from composing import REPOSITORY

from harness.composition import UserMistake
from harness.composition.preflight import claimed, unusable
from harness.results.claim import CLAIM, ClaimedError, claim, claim_new, claimed_by


def test_the_first_is_let_in_and_named(tmp_path: Path) -> None:
    claim(tmp_path / "run", "match")
    with pytest.raises(ClaimedError) as caught:
        claim(tmp_path / "run", "check")
    assert f"claimed by twinrun match, process {os.getpid()} on {socket.gethostname()}" in str(caught.value)
    assert str(caught.value).endswith("still running")
    assert json.loads((tmp_path / "run" / CLAIM).read_text())["verb"] == "match"


def test_of_many_that_come_at_once_one_is_let_in(tmp_path: Path) -> None:
    script = (
        "import sys, time, pathlib; from harness.results.claim import claim, ClaimedError\n"
        "time.sleep(max(0, float(sys.argv[2]) - time.time()))\n"
        "try: claim(pathlib.Path(sys.argv[1]), 'match'); print('in')\n"
        "except ClaimedError: print('out')"
    )
    at = str(time.time() + 3)
    command = [sys.executable, "-c", script, str(tmp_path / "run"), at]
    many = [subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    assert Counter(process.communicate(timeout=60)[0].strip() for process in many) == {"in": 1, "out": 5}


def test_a_folder_of_the_usual_name_gets_a_number(tmp_path: Path) -> None:
    names = [claim_new(tmp_path / "run", "match").name for _ in range(3)]
    assert names == ["run", "run-2", "run-3"]


def test_a_folder_that_was_asked_for_is_a_mistake_to_share(tmp_path: Path) -> None:
    out = claimed("match", tmp_path / "run", tmp_path / "usual")
    assert out == tmp_path / "run"
    with pytest.raises(UserMistake, match=r"claimed by twinrun match, .*give a folder of its own to each run"):
        claimed("match", tmp_path / "run", tmp_path / "usual")
    assert claimed("match", None, tmp_path / "usual") == tmp_path / "usual"
    (wrong,) = unusable("out", tmp_path / "run", must_be_new=True)
    assert "the folder claimed by twinrun match" in wrong


@pytest.mark.parametrize("content", ["", "{", "[]", '{"verb": "match"}', "\x00\xff"])
def test_a_claim_that_cannot_be_read_is_a_claim(tmp_path: Path, content: str) -> None:
    (tmp_path / CLAIM).write_text(content)
    assert claimed_by(tmp_path) == "claimed by a twinrun that is just starting, or was cut off"
    with pytest.raises(ClaimedError):
        claim(tmp_path, "match")


def test_a_process_that_has_ended_is_said_to_have(tmp_path: Path) -> None:
    claim(tmp_path, "match")
    record = json.loads((tmp_path / CLAIM).read_text())
    (tmp_path / CLAIM).write_text(json.dumps({**record, "process": 2**22 + 1}))
    assert claimed_by(tmp_path).endswith("no longer running")
    (tmp_path / CLAIM).write_text(json.dumps({**record, "host": "elsewhere"}))
    assert claimed_by(tmp_path).endswith(record["started"])
    assert claimed_by(tmp_path / "nowhere") == ""
