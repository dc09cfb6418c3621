"""Each wall around what others wrote, by name: what stands behind it is tried, and the run goes on beside it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import printed, reporter

from reporter.authoring import lint
from reporter.content import loader
from reporter.content.kinds.check_files import read_check
from reporter.content.source_macros import MACROS
from reporter.content.source_policy import (
    HELPERS,
    validate_condition,
    validate_source,
    validate_type,
)
from reporter.content.sql_policy import compile_check
from reporter.engine import sandbox as child
from reporter.engine.base import Error
from reporter.engine.duckdb import DuckDB
from reporter.engine.sandbox import Child, Limits, Stopped
from reporter.errors import ContentError, InputError, ReporterError
from reporter.evaluate.foreign_checks import Apart
from reporter.ingest import convert
from reporter.ingest.cache import open_cache
from reporter.ingest.load import ingest
from reporter.ingest.readers.files import sniff
from reporter.ingest.readers.inputs import Inputs
from reporter.model.assessment import Check
from reporter.pipeline.assess import Options, assess_workspace
from reporter.system import folders, terminal

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_caches")]

PLACE = "own/sources/mine.yml:7"
SMALL, BRIEF = Limits(memory=400 << 20, seconds=30), Limits(memory=400 << 20, seconds=1)


# ---------------------------------------------------------------- the SQL policy of sources

REFUSED = {
    "a file that is summed up": "SELECT record FROM raw, (SUMMARIZE '/etc/passwd') AS x",
    "SUMMARIZE alone": "SUMMARIZE '/etc/passwd'",
    "DESCRIBE": "SELECT record FROM raw, (DESCRIBE raw) AS x",
    "a LATERAL call": "SELECT record FROM raw, LATERAL enable_logging(storage := 'file', storage_path := '/tmp/x')",
    "a call that logs to a file": "SELECT record, enable_logging(storage := 'file') AS name FROM raw",
    "a call that profiles to a file": "SELECT record FROM raw, enable_profiling('/tmp/x')",
    "a table function": "SELECT record FROM read_csv('/etc/passwd')",
    "a table function of lists": "SELECT record FROM raw, range(1000000000) AS x",
    "a scalar function that reads": "SELECT record, getenv('HOME') AS name FROM raw",
    "a function in quotes": "SELECT record, \"getenv\"('HOME') AS name FROM raw",
    "a function with its schema": "SELECT record, system.main.getenv('HOME') AS name FROM raw",
    "a function by a method's dot": "SELECT record, ('HOME').getenv() AS name FROM raw",
    "a file as a table": "SELECT record FROM raw, '/etc/passwd' AS x",
    "a quoted file as a table": 'SELECT record FROM raw, "/etc/p.csv" AS x',
    "a table with a quote in its name": 'SELECT record FROM raw, "a"";--" AS x',
    "another table": "SELECT record FROM raw, spooled AS x",
    "a Python variable": "SELECT record FROM raw, rows AS x",
    "a CTE of elsewhere": "SELECT record FROM raw, spooled AS y, (WITH spooled AS (SELECT 1 AS n) SELECT n FROM spooled) AS x",
    "a CTE before it is made": "WITH a AS (SELECT record FROM spooled), spooled AS (SELECT 1 AS n) SELECT record FROM a",
    "COPY": "COPY (SELECT 1) TO '/tmp/x'",
    "ATTACH": "ATTACH '/tmp/x.db'",
    "PRAGMA": "PRAGMA database_list",
    "a second statement": "SELECT record FROM raw; DROP TABLE raw",
    "CREATE MACRO": "CREATE MACRO f(x) AS TABLE SELECT 1",
    "query()": "SELECT record FROM raw, query('SELECT 1')",
    "a parameter": "SELECT record, $1 AS name FROM raw",
    "COLUMNS": "SELECT record, COLUMNS('.*') FROM raw",
    "PIVOT": "PIVOT raw ON record USING COUNT(*)",
    "the clock": "SELECT record, now() AS occurred_at FROM raw",
    "chance": "SELECT record, random() AS name FROM raw",
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_a_source_holds_what_is_allowed_and_nothing_else(text: str) -> None:
    with pytest.raises(ContentError) as raised:
        validate_source(text, PLACE)
    assert raised.value.place.startswith(PLACE)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("r ->> 'event.name' = 'x'", "JSON_EXTRACT_STRING(r, 'event.name') = 'x'"),
        ("coalesce(r -> 'a', r -> '$.b.c') IS NULL", "COALESCE(JSON_EXTRACT(r, 'a'), JSON_EXTRACT(r, '$.b.c')) IS NULL"),
        ("TRUE -- the end", "TRUE"),
        ("x = 'it''s' /* c */", "x = 'it''s'"),
        ('"a""b" IS NULL', '"a""b" IS NULL'),
    ],
)  # fmt: skip
def test_what_runs_is_written_anew_and_means_the_same(text: str, written: str) -> None:
    assert validate_condition(text, PLACE) == written


@pytest.mark.parametrize("text", ["TRUE) OR (TRUE", "TRUE, FALSE", "TRUE AS c FROM raw", "TRUE; SELECT 1", "SELECT TRUE", "", "x AS y"])  # fmt: skip
def test_a_condition_ends_where_its_text_does(text: str) -> None:
    with pytest.raises(ContentError):
        validate_condition(text, PLACE)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("VARCHAR", "TEXT"),
        ("bigint[]", "BIGINT[]"),
        ("STRUCT(a VARCHAR, b STRUCT(c DOUBLE)[])", "STRUCT(a TEXT, b STRUCT(c DOUBLE)[])"),
        ("MAP(VARCHAR, JSON)", "MAP(TEXT, JSON)"),
        ("VARCHAR)--", None),
        ("VARCHAR'} ", None),
        ("VARCHAR, x VARCHAR", None),
        ("VARCHAR DEFAULT 1", None),
        ("ENUM('a')", None),
        ("some_type", None),
        ("STRUCT(" * 300 + "a VARCHAR" + ")" * 300, None),
        ("", None),
    ],
)
def test_types_of_columns_are_of_a_fixed_list(text: str, written: str | None) -> None:
    if written:
        assert validate_type(text, PLACE) == written
        return
    with pytest.raises(ContentError, match="is not a column type"):
        validate_type(text, PLACE)


LOG = """\
id: house-log
title: House log
when: (r ->> 'robot') IS NOT NULL
columns: {COLUMNS}
tables:
  events: SELECT record, robot AS actor_id, 'agent' AS actor_kind, at AS occurred_at, 'house' AS log_source, 'success' AS outcome, 'log' AS action FROM raw
"""


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ("{\"x: 'VARCHAR'}) --\": VARCHAR}", "is not a plain name"),
        ('{"a b": VARCHAR}', "is not a plain name"),
        ('{at: "VARCHAR\'}) --"}', "is not a column type"),
        ("{at: 1}", "is not a column type"),
    ],
)
def test_declared_columns_are_names_and_types(tmp_path: Path, columns: str, says: str) -> None:
    path = tmp_path / "x" / "sources" / "log.yml"
    path.parent.mkdir(parents=True)
    path.write_text(LOG.replace("{COLUMNS}", columns))
    with pytest.raises(ReporterError) as raised:
        loader.load((tmp_path / "x",))
    assert str(path) in str(raised.value) and says in str(raised.value)


def test_ours_pass_the_wall_of_others(tmp_path: Path) -> None:
    """One allow-list: whoever copies a source of ours as a start has one that is let in."""
    for path in sorted(folders.content_dir()[1].glob("*.yml")):
        assert loader.validated_source(loader.read_source(path))[1] == []
    named = {m.partition("(")[0] for m in MACROS}
    assert {m for m in named if not m.startswith("_")} == HELPERS


# ---------------------------------------------------------------- how much is parsed

ANY = Check("T-01", "", "", "agent", "low", 1, "inventory", "", "", PLACE)
AGENTS = "SELECT a.actor_id AS subject, {} AS ok FROM agents AS a"
MUCH = {
    "5,000 UNIONs": (" UNION ALL ".join([AGENTS.format("TRUE")] * 5000), "characters; at most"),
    "400 short UNIONs": (" UNION ALL ".join(["SELECT 1"] * 400), "400 SELECTs; at most 100"),
    "many words": (AGENTS.format(" + ".join(["1"] * 9000)), "words; at most"),
    "many characters": (AGENTS.format("'" + "x" * 200_000 + "' = ''"), "characters; at most"),
    "many subscripts": (AGENTS.format("a.name" + "[1]" * 2000), "brackets; at most"),
    "parentheses": (AGENTS.format("(" * 1000 + "TRUE" + ")" * 1000), "nested too deeply"),
    "parentheses behind quoted ones": (AGENTS.format('("a)" + ' * 1000 + "1" + ")" * 1000), "nested too deeply"),
    "minus signs": (AGENTS.format("- " * 1000 + "1"), "nested too deeply"),
    "a chain of casts": (AGENTS.format("a.name" + "::VARCHAR" * 4000), "nested too deeply|not 'agents"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "says"), MUCH.values(), ids=MUCH.keys())
def test_what_is_too_much_is_refused_before_it_takes_time(text: str, says: str) -> None:
    begun = time.monotonic()
    for compiled in (
        lambda: compile_check(replace(ANY, sql=text)),
        lambda: validate_source(text, PLACE),
    ):
        with pytest.raises(ContentError, match=says):
            compiled()
    assert time.monotonic() - begun < 5


# ---------------------------------------------------------------- the child


def sleep(long: float) -> None:
    """Do nothing for a time; in the child."""
    time.sleep(long)


def fill(size: int) -> int:
    """Take memory; in the child."""
    return len(bytearray(size))


def recurse() -> None:
    """Call itself; in the child."""
    recurse()


def say(text: str) -> str:
    """Give back what it was given; in the child."""
    print("this is no answer")
    return text


def complain(text: str) -> None:
    """Refuse; in the child."""
    raise InputError(text, "here", "do that")


def test_a_child_answers_and_what_it_prints_is_no_answer() -> None:
    with Child(SMALL) as child:
        assert child.call(say, text="ü\n\x1b{memory}") == "ü\n\x1b{memory}"
        with pytest.raises(InputError) as raised:
            child.call(complain, text="no {such} thing")
        assert (raised.value.message, raised.value.place) == ("no {such} thing", "here")
        assert child.call(say, text="again") == "again"


def test_a_child_that_takes_too_long_is_killed_and_the_next_call_has_another() -> None:
    with Child(Limits(seconds=0.3)) as child:
        with pytest.raises(Stopped, match=r"took longer than 0\.3 s"):
            child.call(sleep, long=60)
        assert child.call(say, text="next") == "next"


@pytest.mark.parametrize(
    ("error", "why"),
    [(ValueError("first\nsecond"), "failed: first"), (ValueError(), "failed: ValueError"),
     (MemoryError(), "needs more than 1 GB of memory"), (RecursionError("deep"), "recursed without end")],
)  # fmt: skip
def test_last_words_of_a_child_are_one_line(error: BaseException, why: str) -> None:
    assert child._why(error, 1 << 30) == why


def test_a_child_gets_no_more_memory_than_its_limit() -> None:
    with Child(SMALL) as child:
        assert child.call(fill, size=100 << 20) == 100 << 20
        with pytest.raises(Stopped, match="needs more than 400 MB of memory"):
            child.call(fill, size=500 << 20)
        with pytest.raises(Stopped, match="recursed without end"):
            child.call(recurse)


def test_an_engine_in_the_child_reaches_one_folder(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with DuckDB(tmp_path / "own") as engine:
        engine.confine(tmp_path / "own")
        for sql in (
            f"SELECT * FROM read_csv('{tmp_path / 'secret.csv'}')",
            f"COPY (SELECT 1) TO '{tmp_path / 'x.csv'}'",
            f"SELECT * FROM enable_logging(storage := 'file', storage_path := '{tmp_path / 'log'}')",
            "SET threads = 1",
        ):
            with pytest.raises(Error):
                engine.rows(sql)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["own", "secret.csv"]


# ---------------------------------------------------------------- checks and sources of others in a run

CHECK = """\
id: ZZZ-{n}
title: Nobody is at fault
why: Because.
about: agent
severity: low
level: 1
evidence: inventory
sql: |
  {sql}
fix: Nothing.
examples: []
"""
BOMBS = {
    "90": "SELECT a.actor_id AS subject, COUNT(*) > 0 AS ok FROM agents AS a "
    + " ".join(f"JOIN agents AS b{n} ON LENGTH(b{n}.name) <> LENGTH(a.name) * {n} - 900" for n in range(9))
    + " GROUP BY a.actor_id",
    "91": "SELECT a.actor_id AS subject, LENGTH(" + "REPLACE(" * 8 + "a.actor_id || 'xxxxxxxxxxxxxxxx'"
    + ", 'x', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')" * 8 + ") > 0 AS ok FROM agents AS a",
    "92": "SELECT a.actor_id AS subject, a.name IS NOT NULL AS ok FROM agents AS a",
}  # fmt: skip


def checks(folder: Path, **texts: str) -> Path:
    """Write checks of others."""
    (folder / "checks").mkdir(parents=True)
    for n, sql in texts.items():
        (folder / "checks" / f"ZZZ-{n}-x.yml").write_text(CHECK.format(n=n, sql=sql))
    return folder


@pytest.mark.parametrize("n", ["90", "91"])
def test_a_check_that_never_ends_or_swells_is_stopped_and_the_next_one_runs(
    n: str, tmp_path: Path
) -> None:
    extra = checks(tmp_path / "extra", **BOMBS)
    found = {p.stem[4:6]: read_check(p) for p in (extra / "checks").iterdir()}
    compiled = {k: compile_check(c) for k, c in found.items()}
    with DuckDB(tmp_path / "work") as engine:
        engine.run(
            "CREATE TABLE agents AS SELECT 'a' || range AS actor_id, 'n' || range AS name FROM range(300)"
        )
        with Apart(list(compiled.values()), tmp_path / "work", "200MB", BRIEF) as apart:
            with pytest.raises(
                Error, match="it (took longer than 1 s|needs more memory|broke off)"
            ):
                apart(engine, found[n], compiled[n])
            run = apart(engine, found["92"], compiled["92"])
            assert engine.one(f"SELECT count(*) FROM ({run.sql}) AS v WHERE ok") == 300


@pytest.mark.usefixtures("few_checks")
def test_a_check_that_cannot_be_run_costs_its_own_results_and_is_told_on_page_1(
    tmp_path: Path,
) -> None:
    extra = checks(tmp_path / "extra", **{n: BOMBS[n] for n in ("91", "92")})
    assessed(tmp_path, extra, BRIEF)
    made = printed(tmp_path / "out")
    counts = {c["id"]: c["counts"] for c in made["checks"]}
    assert (counts["ZZZ-91"]["unknown"], counts["ZZZ-91"]["passed"]) == (1, 0)
    assert (counts["ZZZ-92"]["unknown"], counts["ZZZ-92"]["declared"]) == (0, 1)
    check = made["finding_columns"].index("check")
    told = [f for f in made["findings"] if f[check] == "ZZZ-91"]
    assert "the check could not be run: it " in str(told)
    assert any("ZZZ-91: it " in line for n in made["summary"]["notices"] for line in n["lines"])


SOURCE = """\
id: house-list
title: House list
when: (r ->> 'robot') IS NOT NULL
tables:
  actors: |
    SELECT record, r ->> 'robot' AS actor_id, 'agent' AS kind, 'active' AS state FROM raw
"""
ENDLESS = """\
    WITH RECURSIVE n AS (SELECT record, 1 AS i FROM raw UNION ALL SELECT record, i + 1 FROM n)
    SELECT record, CAST(max(i) AS VARCHAR) AS actor_id, 'agent' AS kind, 'active' AS state FROM n GROUP BY record
"""


def a_source(folder: Path, text: str) -> Path:
    """Write a source of others."""
    (folder / "sources").mkdir(parents=True)
    (folder / "sources" / "house.yml").write_text(text)
    return folder


def assessed(tmp_path: Path, extra: Path, limits: Limits) -> dict[str, dict[str, object]]:
    """Assess two small lists with content of others; return the accounting by file."""
    ws = tmp_path / "ws"
    (ws / "inventory").mkdir(parents=True)
    (ws / "reporter.yml").write_text(
        "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"
    )
    (ws / "inventory" / "theirs.json").write_text('[{"robot": "r1"}, {"robot": "r2"}]')
    (ws / "inventory" / "ours.json").write_text(
        '[{"type": "agent", "actor_id": "a1", "name": "N", "state": "active"}]'
    )
    options = Options(formats=("json",), extra=(extra,), limits=limits)
    assess_workspace(ws, tmp_path / "out", options)
    return {
        i["file"]: i for i in json.loads((tmp_path / "out" / "manifest.json").read_text())["inputs"]
    }


@pytest.mark.usefixtures("few_checks")
def test_a_source_that_does_not_end_leaves_its_records_unreadable_and_the_rest_goes_on(tmp_path: Path) -> None:  # fmt: skip
    text = SOURCE[: SOURCE.index("    SELECT")] + ENDLESS
    counts = assessed(tmp_path, a_source(tmp_path / "extra", text), BRIEF)
    theirs, ours = counts["inventory/theirs.json"], counts["inventory/ours.json"]
    assert (theirs["read"], theirs["kept"], theirs["unreadable"]) == (2, 0, 2)
    assert (ours["read"], ours["kept"]) == (1, 1)
    told = (tmp_path / "out" / "quarantine.csv").read_text("utf-8-sig")
    assert "source house-list could not read it: it took longer than 1" in told
    assert not list(tmp_path.glob("reporter-*"))


@pytest.mark.usefixtures("few_checks")
def test_a_source_of_others_gives_the_rows_that_it_gave_as_ours(tmp_path: Path) -> None:
    counts = assessed(tmp_path, a_source(tmp_path / "extra", SOURCE), SMALL)
    assert counts["inventory/theirs.json"]["kept"] == 2
    assert counts["inventory/theirs.json"]["source"] == "house-list"


def test_a_big_log_of_others_is_streamed_through_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "STREAM_FROM", 1)
    text = LOG.replace("{COLUMNS}", "{robot: VARCHAR, at: VARCHAR}")
    source = loader.foreign_source(a_source(tmp_path / "extra", text) / "sources" / "house.yml")
    log = tmp_path / "log.jsonl"
    rows = [f'{{"robot": "r{n}", "at": "2026-08-01T08:00:{n:02}Z"}}\n' for n in range(9)]
    for lines, streamed in ((rows, 1), ([*rows, "{broken\n"], 0)):
        log.write_text("".join(lines))
        with (
            DuckDB(tmp_path / f"work{streamed}") as engine,
            Inputs([sniff(log, log.name)]) as inputs,
        ):
            cache = open_cache(tmp_path / f"cache{streamed}")
            intake = ingest(engine, inputs, (source,), cache, SMALL)
            found = engine.rows("SELECT record, actor_id, occurred_at FROM in_events ORDER BY ALL")
            left = [p.name for p in (tmp_path / f"work{streamed}" / "foreign").iterdir()]
        assert [(r, a, t.second) for r, a, t in found] == [(n + 1, f"r{n}", n) for n in range(9)]
        assert [f.unreadable for f in intake.files] == [1 - streamed]
        kept = [json.loads(p.read_text()) for p in cache.folder.glob("*.json")]
        assert [k["stream"] for k in kept] == [bool(streamed)]
        assert left == ["sample.ndjson"]


def test_a_condition_that_does_not_end_is_named(tmp_path: Path) -> None:
    endless = "(WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n) > 0"
    text = SOURCE.replace("(r ->> 'robot') IS NOT NULL", endless)
    with pytest.raises(ContentError, match="'when' cannot run: it took longer than 1 s") as raised:
        assessed(tmp_path, a_source(tmp_path / "extra", text), BRIEF)
    assert "house.yml" in raised.value.place
    assert not list(tmp_path.glob("reporter-*"))


def test_the_examples_of_a_check_of_others_run_behind_the_same_walls(tmp_path: Path) -> None:
    extra = checks(tmp_path / "extra", **{"90": BOMBS["90"], "92": BOMBS["92"]})
    rows = ", ".join(
        f"{{actor_id: a{n}, kind: agent, state: active, name: n{n}}}" for n in range(60)
    )
    example = f"\n  - name: many\n    given:\n      actors: [{rows}]\n    expect: {{}}\n"
    for path in (extra / "checks").iterdir():
        path.write_text(path.read_text().replace("examples: []", "examples:" + example))
    seen: list[tuple[int, int]] = []
    problems, _ = lint.lint(
        (extra,), progress=lambda done, of: seen.append((done, of)), limits=Limits(seconds=9)
    )
    told = [str(p) for p in problems]
    assert any("ZZZ-90: its examples cannot be run: it" in t for t in told)
    assert any("ZZZ-92: example 'many': expected" in t for t in told)
    assert seen[0][0] == 1 and seen[-1][0] == seen[-1][1] == len(seen)


def test_a_source_that_is_tried_runs_behind_the_same_walls(tmp_path: Path) -> None:
    evil = SOURCE.replace("FROM raw", "FROM raw, (SUMMARIZE '/etc/passwd') AS x")
    path = a_source(tmp_path / "extra", evil) / "sources" / "house.yml"
    (tmp_path / "list.json").write_text('[{"robot": "r1"}]')
    refused = reporter("lint", "--try", path, tmp_path / "list.json")
    assert refused.exit_code == 3 and "is not part of a source" in refused.output
    path.write_text(SOURCE)
    taken = reporter("lint", "--try", path, tmp_path / "list.json")
    assert taken.exit_code == 0 and '"actor_id": "r1"' in taken.output


def test_lint_shows_progress_on_a_terminal_and_elsewhere_in_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def linted(
        extra: object, examples: bool, progress: lint.Progress, packs: object
    ) -> tuple[list[ReporterError], str]:
        for n in (1, 2, 3):
            progress(n, 3)
        return [], "no problem found"

    monkeypatch.setattr(lint, "lint", linted)
    assert reporter("lint").output == "no problem found\n"
    monkeypatch.setattr(terminal, "PROGRESS_EVERY", 0.0)
    slow = reporter("lint")
    assert slow.stdout == "no problem found\n"
    assert (
        slow.stderr == "1 of 3 checks validated\n2 of 3 checks validated\n3 of 3 checks validated\n"
    )
    monkeypatch.setattr(terminal, "_is_terminal", lambda: True)
    shown = reporter("lint").output
    assert shown.startswith(
        "\r1 of 3 checks validated\r2 of 3 checks validated\r3 of 3 checks validated\r"
    )
    assert shown.endswith(" \rno problem found\n")
