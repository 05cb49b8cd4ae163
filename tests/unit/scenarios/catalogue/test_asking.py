"""What is asked of the catalogue: every mistake is told at once, with the nearest name."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from made_up_catalogues import MadeUp, write_catalogue, write_run

from harness.composition import UserMistake
from harness.scenarios.catalogue.asking import all_of, asked, moment, selection, unmatched, whole_number
from harness.scenarios.catalogue.listing import listed
from harness.scenarios.catalogue.naming import folder_of, place_of
from harness.scenarios.catalogue.querying import answered


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("results")
    write_catalogue(results, 12, broken=2)
    return results


@pytest.fixture
def here(results: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(results.parent)
    return results


def mistakes_of(*arguments: str) -> tuple[str, ...]:
    with pytest.raises(UserMistake) as caught:
        asked(arguments, {"keep": whole_number}, (0, 0))
    return caught.value.mistakes


def test_all_mistakes_are_told_at_once(results: Path) -> None:
    told = mistakes_of(
        f"root={results}/nope", "verdct=x", "verdict=agree", "kind=runs", "since=soon", "keep=many", "stray", "status="
    )
    assert len(told) == 8
    assert any("did you mean verdict?" in mistake for mistake in told)
    assert any("verdict: given 'agree'; did you mean agrees?" in mistake for mistake in told)
    assert any("kind: given 'runs'; did you mean run?" in mistake for mistake in told)
    assert any(mistake.startswith("since=soon: allowed: a date") for mistake in told)
    assert any(mistake.startswith("keep=many: allowed: a whole number") for mistake in told)
    assert any("given: stray" in mistake for mistake in told)
    assert any("there is no such folder; give the results folder as root=DIR" in mistake for mistake in told)


def test_a_key_twice_and_a_file_as_root(results: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = mistakes_of(f"root={tmp_path}/file", "arm=a", "arm=b")
    assert told == (
        "arm is given twice: a and b",
        f"root={tmp_path}/file: is a file; give the results folder as root=DIR",
    )


@pytest.mark.parametrize("address", ["nope://bucket/x", "s4://x"])
def test_an_address_of_no_known_kind_is_a_mistake(address: str) -> None:
    (told,) = mistakes_of(f"root={address}")
    assert told.startswith(f"root={address} cannot be opened")


def test_choices_and_conditions(results: Path) -> None:
    def count(*arguments: str) -> int:
        request = asked([f"root={results}", *arguments], {}, (0, 0))
        return len(selection(request, all_of(request)))

    assert count() == 12
    assert count("experiment=cnn,sales") == 8
    assert count("status=complete") == 10
    assert count("arm=tensorflow", "version=tensorflow 2.21.0") + count("version=2.20") >= 10
    assert count("until=2026-01-01T03:00") == 4
    assert count("until=2026-01-01") == 12
    assert count("since=2026-01-02") == 0
    assert count("where=seed < 3 and status = 'complete'", "experiment=mnist_mlp") <= 1
    with pytest.raises(UserMistake, match="where=nope: Binder Error"):
        count("where=nope")


def test_moments() -> None:
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    assert abs(moment("2d") - (now - timedelta(days=2))) < timedelta(seconds=5)
    assert moment("2026-11-30T05:36+02:00") == datetime(2026, 11, 30, 3, 36)
    assert moment("2026-11-30", is_end=True) == datetime(2026, 11, 30, 23, 59, 59)
    assert moment("2026-11-30T05:36Z") == datetime(2026, 11, 30, 5, 36)


def test_a_name_that_no_run_has_is_told_with_the_nearest(results: Path) -> None:
    request = asked([f"root={results}", "experiment=mnist_mlq", "arm=tensorflw"], {}, (0, 0))
    first, second = unmatched(request, all_of(request))
    assert "did you mean mnist_mlp?" in first
    assert "did you mean tensorflow?" in second


def test_lists_are_sorted_by_any_column(results: Path) -> None:
    request = asked([f"root={results}"], {}, (0, 0))
    times = [
        row["arms"][0]["step_time_s"] if row["arms"] else None
        for row in listed(request, "-step_time_s", 0, True, False).table.to_pylist()
    ]
    known = [time for time in times if time is not None]
    assert known == sorted(known, reverse=True)
    assert times[len(known) :] == [None] * (12 - len(known))
    seeds = listed(request, "seed", 5, True, False)
    assert (len(seeds.table), seeds.count) == (5, 12)
    with pytest.raises(UserMistake, match="did you mean step_time_s"):
        listed(request, "step_tme_s", 0, True, False)


def test_a_run_is_named_by_the_beginning_of_its_name(here: Path) -> None:
    root = f"root={here}"
    (folder,) = here.glob("*/20260101T040000Z*")
    assert folder_of(["20260101T0400", root]) == folder
    assert folder_of([f"{folder.parent.name}/20260101T04", root]) == folder
    assert folder_of([str(folder)]) == folder
    with pytest.raises(UserMistake, match=r"12 runs begin so: .*, and 2 more; give more of it"):
        folder_of(["2026", root])
    with pytest.raises(UserMistake, match=f"did you mean {folder.parent.name}/{folder.name}"):
        folder_of([folder.name.replace("T04", "T4"), root])


def test_the_runs_of_a_study_begin_with_its_name() -> None:
    places = ["a/study", "a/study/seed0", "a/study/seed1", "b/run"]
    assert place_of("stu", places, "results") == "a/study"
    assert place_of("a/study/seed1", places, "results") == "a/study/seed1"


def test_queries_have_spaces_and_settings_have_none(results: Path) -> None:
    answer = answered([f"root={results}", "select count(*) as n from runs where seed = 3", "status=complete,damaged"])
    assert answer is not None
    assert answer.table.to_pylist()[0]["n"] <= 1
    assert answered([]) is None
    for wrong in (["select 1", "select 2"], ["experiment=cnn"]):
        with pytest.raises(UserMistake, match="give one query in quotes"):
            answered([f"root={results}", *wrong])


ODD = (
    "[bold]x",
    "a|b",
    "quo\"te'",
    "\x1b[31mred",
    "\u202egnp.exe",
    "line\nbreak",
    "$(reboot)",
    "`x`",
    "日本語",
    "-x",
)


@pytest.mark.parametrize("name", ODD)
def test_a_run_of_any_name_is_found_and_shown_as_text(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from harness.cli import main

    write_run(tmp_path, MadeUp(experiment=name, name=name))
    assert main(["list", f"root={tmp_path}", "--limit", "0"]) == 0
    shown = capsys.readouterr().out
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert main(["list", f"root={tmp_path}", "--json"]) == 0
    assert capsys.readouterr().out.isascii()
    assert folder_of([f"{name}/{name}", f"root={tmp_path}"]) == tmp_path / name / name
