"""The page of figures counts each breach once, by what it is."""

import json

from figures import COUNTED, leave, page


def test_the_page_has_what_the_tests_left(tmp_path, monkeypatch):
    monkeypatch.setenv("TWINRUN_FIGURES", str(tmp_path))
    kinds = {"a traceback: OSError in harness/x.py f": 2, "lost rows: 3 epochs": 1, "exit code 9": 4}
    leave("kills", trials=2000, seed=7, seconds=90.0, exit_codes={"130": 1999, "9": 1}, kinds=kinds)
    (file,) = tmp_path.iterdir()
    text = page([json.loads(file.read_text())])
    counts = {"tracebacks": 2, "lost rows": 1}
    cells = ["kills", "2,000", "7", *(str(counts.get(name, 0)) for name in COUNTED), "4", "130: 1,999, 9: 1", "1.5 min"]
    assert f"| {' | '.join(cells)} |" in text
    assert "kills: twinrun " in text


def test_nothing_is_left_where_nobody_asks(tmp_path, monkeypatch):
    monkeypatch.delenv("TWINRUN_FIGURES", raising=False)
    monkeypatch.chdir(tmp_path)
    leave("kills", trials=1)
    assert list(tmp_path.iterdir()) == []
