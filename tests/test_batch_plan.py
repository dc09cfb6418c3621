"""What PLAN.yml says is what is done; what is wrong in it is told at once, each with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import reporter

from reporter.errors import Errors, ReporterError
from reporter.pipeline.batch import batch_plan
from reporter.pipeline.batch.batch_plan import LEAST_SHARE, Plan, read_plan
from reporter.pipeline.batch.journal import NAME, Journal
from reporter.system.retention import Retention


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("units/a", "units/b", "units/.hidden", "more/a", "units/runs"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "units/a.txt").write_text("")
    return tmp_path


def plan(place: Path, text: str) -> Plan:
    (place / "PLAN.yml").write_text(text)
    return read_plan(place / "PLAN.yml")


def wrong(place: Path, text: str) -> list[str]:
    with pytest.raises(ReporterError) as error:
        plan(place, text)
    found = error.value.errors if isinstance(error.value, Errors) else [error.value]
    return [str(e).removeprefix(f"{place}/") for e in found]


def test_a_pattern_finds_folders_by_name_but_no_hidden_ones_and_not_what_the_batch_writes(place: Path) -> None:  # fmt: skip
    found = plan(place, "units: [units/*, {workspace: more/a, name: c}]\nout: units/runs\n")
    assert [(u.name, u.workspace.relative_to(place).as_posix()) for u in found.units] == [
        ("a", "units/a"), ("b", "units/b"), ("c", "more/a"),
    ]  # fmt: skip
    assert found.out == place / "units/runs" and found.writers == ("html", "pdf", "json", "csv")


def test_what_is_not_there_is_a_unit_with_a_problem(place: Path) -> None:
    text = "units: [none/*, gone, {workspace: late, expected: false}]\nout: r\n"
    found = [(u.name, u.problem, u.is_expected) for u in plan(place, text).units]
    assert found == [
        ("none/*", "no folder matches this pattern", True),
        ("gone", "there is no such folder", True),
        ("late", "there is no such folder", False),
    ]


def test_a_link_that_leads_nowhere_is_a_unit_that_cannot_be_assessed(place: Path) -> None:
    (place / "units/lost").symlink_to("/mnt/none/lost")
    (place / "units/loop").symlink_to(place / "units/loop")
    found = {u.name: u.problem for u in plan(place, "units: [units/*]\nout: r\n").units}
    problem = "is a link to what is not there"
    assert found == {"a": "", "b": "", "runs": "", "lost": problem, "loop": problem}


def test_all_of_a_plan_is_read(place: Path) -> None:
    (place / "key").write_text("0123456789abcdef" * 4)
    found = plan(
        place,
        "units:\n  - workspace: units/a\n    earlier: old/a\n  - workspace: units/b\n    earlier: [x, y]\n"
        "out: r\njobs: 2\nmemory: 4GB\ntime_limit: 30 min\nformats: html,json\neditions: [auditor, board]\n"
        "language: de\ngates: [level<2, 'score:owasp-nhi-2025<60']\ncache: c\nextra: e\nkeep_tables: true\nkey_file: key\n",
    )  # fmt: skip
    assert (found.keep_tables, found.pseudonymise, found.key_file) == (True, False, place / "key")
    assert [u.earlier for u in found.units] == [(place / "old/a",), (place / "x", place / "y")]
    assert (found.jobs, found.memory, found.engine_memory, found.seconds) == (2, 4 * 10**9, "1750MB", 1800)  # fmt: skip
    assert found.writers == ("html", "board-html", "json") and found.language == "de"
    assert list(map(str, found.gates)) == ["level<2", "score:owasp-nhi-2025<60"]
    assert (found.cache, found.extra) == (place / "c", (place / "e",))


@pytest.mark.parametrize(
    ("given", "processors", "expected"),
    [
        ("", 4, (4, "1000MB")),
        ("jobs: 3\n", 1, (3, "1000MB")),
        ("memory: 2GB\n", 8, (3, "416MB")),
        ("memory: 600MB\n", 8, (1, "350MB")),
        ("memory: 2GB\njobs: 2\n", 8, (2, "750MB")),
    ],
)
def test_all_units_at_a_time_share_one_limit(
    given: str, processors: int, expected: Any, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_plan, "_processors", lambda: processors)
    found = plan(place, f"units: [units/a]\nout: r\n{given}")
    assert (found.jobs, found.engine_memory) == expected
    assert found.memory // found.jobs >= LEAST_SHARE


def test_every_error_is_told_with_its_line(place: Path) -> None:
    text = (
        "unit: 3\n" "units:\n" "  - units/a\n" "  - workspace: units/b\n" "    nmae: x\n"
        "  - {workspace: more/b, earlier: 3}\n" "  - 7\n" "out: 4\n" "memory: 1GB\n" "jobs: 4\n"
        "time_limit: soon\n" "formats: [html, odt]\n" "editions: [bored]\n" "language: xx\n" "gates: [levl<3]\n"
    )  # fmt: skip
    found = wrong(place, text)
    for said in (
        "PLAN.yml:1: unknown key 'unit'\n  Did you mean 'units'?", "PLAN.yml:5: unknown key 'nmae'\n  Did you mean 'name'?",
        "PLAN.yml:6: earlier: expected a text or a list, not 3", "PLAN.yml:2: a unit is a folder or values by name, not 7",
        "PLAN.yml:8: 'out' must be a text, not 4", "PLAN.yml:9: memory: 1000 MB for 4 jobs is too little: each needs 506 MB\n  Give 2024MB",
        "PLAN.yml:11: time_limit: 'soon' is no amount of time", "PLAN.yml:12: formats: unknown 'odt'", "PLAN.yml:13: editions: unknown 'bored'",
        "PLAN.yml:14: language: no 'xx'", "PLAN.yml:15: 'levl<3' is not a gate",
    ):  # fmt: skip
        assert any(e.startswith(said) for e in found), (said, found)
    assert len(found) == 11


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("out: r\n", "'units' is missing"),
        ("units: []\nout: r\n", "'units' names none"),
        ("units: [units/a]\n", "'out' is missing"),
        ("units: [units/a, more/a]\nout: r\n", "two units are named 'a'"),
        ("units: [units/a, units/*]\nout: r\n", "is named twice, as 'a'"),
        ("units: [{workspace: units/*, name: x}]\nout: r\n", "they cannot all be 'x'"),
        ("units: [{workspace: units/a, name: ../x}]\nout: r\n", "cannot name a unit"),
        ("units: [{workspace: units/a, name: batch.json}]\nout: r\n", "cannot name a unit"),
        ("units: [{workspace: units/a, name: .x}]\nout: r\n", "cannot name a unit"),
        ("units: [{name: x}]\nout: r\n", "a unit has no 'workspace'"),
        ("units: [{workspace: units/a, expected: maybe}]\nout: r\n", "expected true or false"),
        ("units: [units/a]\nout: r\njobs: 0\n", "jobs must be a whole number above 0"),
        ("units: [units/a]\nout: r\njobs: -1\n", "jobs must be a whole number above 0"),
        ("units: [units/a]\nout: r\nmemory: lots\n", "memory: 'lots' is no amount"),
        ("units: [units/a]\nout: r\nmemory: 500MB\n", "is too little"),
        ("units: [units/a]\nout: r\ntime_limit: 5\n", "must be a text"),
        ("units: [units/a]\nout: r\nkeep_tables: 1\n", "must be true or false"),
        ("units: [units/a]\nout: r\npseudonymise: all\n", "pseudonymise: unknown 'all'"),
        (
            "units: [units/a]\nout: r\npseudonymise: people\nkeep_tables: true\n",
            "the kept tables would name people",
        ),
        ("units: [units/a]\nout: r\nkey_file: none\n", "cannot be read: No such file"),
        ("- a\n", "one mapping was expected"),
    ],
)
def test_a_wrong_plan_is_refused(text: str, said: str, place: Path) -> None:
    assert any(said in e for e in wrong(place, text))


def test_a_wrong_plan_exits_3_and_makes_nothing(place: Path) -> None:
    (place / "PLAN.yml").write_text("units: [units/a]\nout: r\ngate: 3\n")
    done = reporter("batch", place / "PLAN.yml")
    assert done.exit_code == 3 and "Did you mean 'gates'?" in done.stderr
    assert not (place / "r").exists()
    assert reporter("batch", place / "NONE.yml").exit_code == 3


# ---------------------------------------------------------------- the journal


def test_a_journal_has_the_last_row_of_each_unit(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        for n in range(3):
            journal.add({"unit": "a", "n": n})
        journal.add({"unit": "b", "n": 7})
    with Journal(tmp_path) as journal:
        assert {name: row["n"] for name, row in journal.rows.items()} == {"a": 2, "b": 7}


@pytest.mark.parametrize("rest", [b'{"unit": "b", "n"', b"{", b'{"unit": "b", "n": 3}'])
def test_a_line_that_was_cut_off_was_never_written(rest: bytes, tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.add({"unit": "a", "n": 1})
    with (tmp_path / NAME).open("ab") as file:
        file.write(rest)
    with Journal(tmp_path) as journal:
        assert journal.rows == {"a": {"unit": "a", "n": 1}}
        journal.add({"unit": "c", "n": 2})
    lines = [json.loads(line) for line in (tmp_path / NAME).read_bytes().splitlines()]
    assert [line["unit"] for line in lines] == ["a", "c"]


@pytest.mark.parametrize("line", [b"[]\n", b"3\n", b"\xff\n", b'{"n": 1}\n', b"\n"])
def test_a_damaged_line_costs_its_unit_only(line: bytes, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b'{"unit": "a"}\n' + line + b'{"unit": "b"}\n')
    with Journal(tmp_path) as journal:
        assert journal.rows.keys() == {"a", "b"}


def test_previous_is_no_path_and_retention_is_read(place: Path) -> None:
    text = "units: [{workspace: units/a, earlier: previous}, {workspace: units/b, earlier: ./previous}]\nout: r\n"
    found = plan(place, f"{text}retention: {{keep: 4, older_than: 2 years}}\n")
    assert [(u.follows, u.earlier) for u in found.units] == [
        (True, ()),
        (False, (place / "previous",)),
    ]
    assert found.retention == Retention(4, "2 years") and plan(place, text).retention is None
    assert wrong(place, f"{text}retention: {{keep: none}}\n")[0].startswith(
        "PLAN.yml:3: retention: keep"
    )
