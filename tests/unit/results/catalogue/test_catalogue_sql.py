"""SQL over the catalogue reads the tables and nothing else."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from made_up_catalogues import write_catalogue

from harness.results.catalogue.index import read_catalogue
from harness.results.catalogue.roots import LocalRoot
from harness.results.catalogue.sql import QueryError, query, where


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    results = tmp_path_factory.mktemp("results")
    write_catalogue(results, 12, broken=2)
    return read_catalogue(LocalRoot(results)).table


def test_the_tables_can_be_joined(catalogue: pa.Table) -> None:
    sql = "select experiment, arm, count(*) as n from runs join arms using (run) group by all order by all"
    rows = query(catalogue, sql).to_pylist()
    assert [row["experiment"] for row in rows] == ["cnn", "cnn", "mnist_mlp", "mnist_mlp", "sales", "sales"]
    assert sum(row["n"] for row in rows) == sum(len(arms) for arms in catalogue["arms"].to_pylist())
    checks = query(catalogue, "select sum(checks) as checks from rungs").to_pylist()[0]["checks"]
    assert checks == sum(rung["checks"] for rungs in catalogue["rungs"].to_pylist() for rung in rungs)


def test_a_condition_is_on_runs_or_their_arms(catalogue: pa.Table) -> None:
    late = where(catalogue, "version = '2.21.0'")
    assert set(late["run"].to_pylist()) == {
        row["run"] for row in catalogue.to_pylist() if any(arm["version"] == "2.21.0" for arm in row["arms"])
    }
    broken = where(catalogue, "status <> 'complete'")
    assert len(broken) == 2
    assert len(where(catalogue, "arm is null")) == sum(not arms for arms in catalogue["arms"].to_pylist())
    assert len(where(catalogue, "true -- a comment")) == len(catalogue)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('{file}')",
        "select * from '{file}'",
        "select * from read_text('{file}')",
        "select content from read_blob('{file}')",
        "copy runs to '{file}.out'",
        "attach '{file}.db'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "reset lock_configuration",
        "create table t as select 1",
        "drop view runs",
        "export database '{file}.d'",
        "insert into runs select * from runs",
        "select 1; select 2",
        "select * from glob('/*')",
        "select * from catalogue",
        "select * from sql",
        "",
        "selec 1",
        "select nope from runs",
        "select * from run",
        "select 1/'a'",
    ],
)
def test_whatever_is_more_than_reading_is_refused_in_one_line(catalogue: pa.Table, tmp_path: Path, sql: str) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(QueryError) as caught:
        query(catalogue, sql.format(file=file))
    assert len(str(caught.value).splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.csv"]


def test_a_wrong_name_is_told_with_all_that_are_there(catalogue: pa.Table) -> None:
    with pytest.raises(
        QueryError, match=r'"nope" not found.*runs has run, kind.*arms has run, arm.*rungs has run, rung'
    ):
        query(catalogue, "select nope from runs")


@pytest.mark.parametrize("condition", ["verdct = 'agrees'", "true); drop view runs; --", "", "1 = 'a'"])
def test_a_wrong_condition_is_refused(catalogue: pa.Table, condition: str) -> None:
    with pytest.raises(QueryError):
        where(catalogue, condition)
