"""An engine that remembers its statements: after rows were added its tables are those of all rows, and it ran no more than it had to.

In: statements of the kinds that an assessment makes, rows in random portions. Out: tables beside those of another engine.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reporter.engine.duckdb import DuckDB
from reporter.engine.growing import marks
from reporter.engine.growing.growing_sums import with_sums
from reporter.engine.growing.keyed_joins import is_joined_by
from reporter.engine.growing.row_conditions import conditions_on
from reporter.engine.growing.statement_words import words_of
from reporter.engine.growing.tape import Columns, Moved
from reporter.engine.growing.taped import Taped

Row = tuple[str, str | None, int, str]
Contents = dict[str, list[tuple[object, ...]]]
GROWING = frozenset(("acts", "late_acts"))
STATEMENTS = (
    "CREATE VIEW late_acts AS SELECT a.*, a.nth > 50 AS is_late FROM acts AS a WHERE a.nth > 10",
    "CREATE TABLE lists AS SELECT * FROM (VALUES ('a', 1), ('b', 2), ('c', 3)) AS l(who, tier)",
    "CREATE TABLE totals AS SELECT e.who, e.tool, count(*) AS n, count(e.tool) AS n_named, min(e.nth) AS first_at, max(e.nth) AS last_at,"
    " arg_min(e.ref, (e.nth, e.ref)) AS first_ref, bool_or(e.is_late) AS is_late FROM late_acts AS e GROUP BY e.who, e.tool",
    "CREATE TABLE seen AS WITH named AS (SELECT e.who, lower(e.tool) AS tool FROM acts AS e WHERE e.tool IS NOT NULL), kinds AS (SELECT"
    " DISTINCT n.who, n.tool FROM named AS n) SELECT k.who, count(*) AS n FROM kinds AS k GROUP BY k.who",
    "CREATE TABLE tiers AS SELECT l.who, l.tier, coalesce(t.n, 0) AS n FROM lists AS l LEFT JOIN seen AS t ON t.who = l.who",
    "CREATE TABLE known AS SELECT who FROM tiers WHERE n > 0",
    "CREATE TABLE strangers AS SELECT DISTINCT e.who FROM acts AS e WHERE e.who NOT IN (SELECT who FROM lists)",
    "INSERT INTO tiers SELECT who, 4, 0 FROM strangers",
    "UPDATE tiers SET tier = 9 WHERE who IN (SELECT who FROM totals WHERE is_late)",
    "CREATE TABLE scratch AS SELECT who, max(tier) AS tier FROM tiers GROUP BY who",
    "CREATE TABLE highest AS SELECT max(tier) AS tier FROM scratch",
    "DROP TABLE scratch",
    "CREATE TABLE scratch AS SELECT count(*) AS n FROM totals",
    "CREATE TABLE of_z AS SELECT e.ref FROM acts AS e JOIN lists AS l ON l.who = e.who WHERE e.tool = 'z' AND l.tier < 3",
    "CREATE OR REPLACE TABLE lists AS SELECT who, tier + 1 AS tier FROM lists",
    "CREATE TABLE by_either AS SELECT e.who, e.tool, count(*) AS n FROM acts AS e GROUP BY GROUPING SETS ((e.who), (e.tool))",
    "CREATE TABLE people AS SELECT DISTINCT who, CASE who WHEN 'b' THEN 'A' ELSE upper(who) END AS name, tool IS NULL AND who <> 'c' AS is_odd FROM acts",
    "CREATE TABLE early AS SELECT k.is_odd, count(*) AS n FROM acts AS e JOIN people AS k ON k.who = e.who GROUP BY k.is_odd",
    "CREATE TABLE z_by AS SELECT count(DISTINCT e.who) AS n FROM acts AS e WHERE e.tool = 'Z'",
    "UPDATE people SET is_odd = TRUE WHERE who IN (SELECT who FROM strangers)",
    "CREATE TABLE named AS SELECT k.name, count(*) AS n FROM acts AS e JOIN people AS k ON k.who = e.who GROUP BY k.name",
    "CREATE TABLE ranked AS WITH hits AS (SELECT e.who, e.ref, e.nth FROM acts AS e JOIN lists AS l ON l.who = e.who WHERE e.tool = 'y'"
    " AND l.tier < 4) SELECT h.who, h.ref, row_number() OVER (PARTITION BY h.who ORDER BY (h.nth, h.ref)) AS n FROM hits AS h",
    "CREATE VIEW dressed AS SELECT a.nth, a.ref, a.tool, k.name FROM acts AS a JOIN people AS k ON k.who = a.who",
    "CREATE TABLE badges AS SELECT name, bool_or(is_odd) AS is_odd FROM people GROUP BY name",
    "CREATE TABLE by_badge AS SELECT e.name, b.is_odd, count(*) AS n, max(e.nth) AS last_at FROM dressed AS e JOIN badges AS b ON b.name ="
    " e.name GROUP BY e.name, b.is_odd",
    "CREATE TABLE last AS SELECT l.who, l.tier, t.last_at FROM lists AS l JOIN totals AS t USING (who)",
)
TABLES = (
    *("totals", "seen", "tiers", "known", "strangers", "highest", "scratch", "of_z", "lists"),
    *("by_either", "people", "named"),
    *("ranked", "badges", "by_badge", "last", "early", "z_by"),
)


def rows_of(rows: list[Row]) -> str:
    """SQL: rows of acts."""
    told = ", ".join(
        f"('{who}', {'CAST(NULL AS VARCHAR)' if tool is None else repr(tool)}, {at}, '{ref}')"
        for who, tool, at, ref in rows
    )
    empty = "SELECT '' AS who, '' AS tool, 0 AS nth, '' AS ref WHERE FALSE"
    return f"SELECT * FROM (VALUES {told}) AS v(who, tool, nth, ref)" if rows else empty


def apply(engine: DuckDB, rows: list[Row]) -> None:
    """Make all tables."""
    engine.run(f"CREATE VIEW acts AS {rows_of(rows)}")
    for sql in STATEMENTS:
        engine.run(sql)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[list[Row]], Taped]]:
    """Engines that remember, with tables over some rows."""
    engines: list[Taped] = []

    def open_(rows: list[Row]) -> Taped:
        keys = {"who": "", "name": "dressed"}
        folder = tmp_path / f"taped-{len(engines)}"
        engine = Taped(folder, "acts", ("late_acts", "dressed"), keys=keys)
        engines.append(engine)
        apply(engine, rows)
        engine.stop()
        engine.settle()
        return engine

    yield open_
    for engine in engines:
        engine.__exit__()


def made(seed: int, n: int) -> list[Row]:
    """Return rows in which little is certain."""
    chosen = random.Random(seed)
    return [
        (
            chosen.choice("aabbcx"),
            chosen.choice([None, "Z", "z", "y", *(["q"] if i > n - 3 else [])]),
            chosen.randrange(100),
            f"r{i:03}",
        )
        for i in range(n)
    ]


def contents(engine: DuckDB) -> Contents:
    """Return the rows of all tables."""
    return {t: sorted(engine.rows(f"SELECT * FROM {t}"), key=repr) for t in TABLES}


@pytest.mark.parametrize(
    "seed", [n if n < 4 else pytest.param(n, marks=pytest.mark.slow) for n in range(12)]
)
def test_tables_are_those_of_all_rows_however_they_came(
    opened: Callable[[list[Row]], Taped], tmp_path: Path, seed: int
) -> None:
    rows = made(seed, 40)
    cuts = sorted(random.Random(seed).sample(range(1, 40), 4))
    engine = opened(rows[: cuts[0]])
    for before, until in zip(cuts, [*cuts[1:], 40], strict=True):
        engine.renew(rows_of(rows[:until]), rows_of(rows[before:until]))
        with DuckDB(tmp_path / f"whole-{until}") as whole:
            apply(whole, rows[:until])
            assert contents(engine) == contents(whole)


@pytest.mark.parametrize(
    "seed", [n if n < 4 else pytest.param(n, marks=pytest.mark.slow) for n in range(16)]
)
def test_tables_are_those_of_all_rows_where_some_were_but_counted(
    opened: Callable[[list[Row]], Taped], tmp_path: Path, seed: int
) -> None:
    chosen, rows = random.Random(seed), made(seed, 40)
    cuts = sorted(chosen.sample(range(1, 40), 8))
    engine = opened(rows[: cuts[0]])
    for before, until in zip(cuts, [*cuts[1:], 40], strict=True):
        if until < 40 and chosen.random() < 0.6:
            engine.count(rows_of(rows[:until]), rows_of(rows[before:until]))
            continue
        engine.renew(rows_of(rows[:until]), rows_of(rows[before:until]))
        with DuckDB(tmp_path / f"whole-{until}") as whole:
            apply(whole, rows[:until])
            assert contents(engine) == contents(whole)


@pytest.mark.parametrize("seed", range(4))
def test_what_follows_from_counted_rows_is_made_though_no_more_come(
    opened: Callable[[list[Row]], Taped], tmp_path: Path, seed: int
) -> None:
    rows = made(seed, 40)
    engine = opened(rows[:20])
    for before in (20, 25, 30, 35):
        engine.count(rows_of(rows[: before + 5]), rows_of(rows[before : before + 5]))
    engine.renew(rows_of(rows), rows_of([]))
    with DuckDB(tmp_path / "whole") as whole:
        apply(whole, rows)
        assert contents(engine) == contents(whole)


def test_rows_are_but_counted_once_and_move_nothing_else(
    opened: Callable[[list[Row]], Taped],
) -> None:
    rows: list[Row] = [("a", "y", 60, "r1"), ("b", "y", 60, "r2"), ("c", "z", 70, "r3")]
    engine = opened(rows[:1])
    sums = {step.target for step in engine._tape.steps if step.sum}
    before = {t: engine.rows(f"FROM {t} ORDER BY ALL") for t in (*TABLES, *sums)}
    engine.count(rows_of(rows[:2]), rows_of(rows[1:2]))
    engine.count(rows_of(rows), rows_of(rows[2:]))
    now = {t: engine.rows(f"FROM {t} ORDER BY ALL") for t in (*TABLES, *sums)}
    assert {t for t in now if now[t] != before[t]} <= sums
    (people,) = (step for step in engine._tape.steps if step.sum and "DISTINCT who" in step.sql)
    assert [who for (who,) in engine.rows(f"SELECT who FROM {people.target} ORDER BY 1")] == ["a", "b", "c"]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Contents]:
    """The rows of all tables over 40 rows, of a few seeds, by an engine that remembers nothing."""
    made_of = {}
    for seed in (3, 4, 11):
        with DuckDB(tmp_path_factory.mktemp("whole")) as engine:
            apply(engine, made(seed, 40))
            made_of[seed] = contents(engine)
    return made_of


FIRST = ("people", "ranked", "tiers", "totals")
"""Tables that others are made of; when another is slow, it is one for `make slow`."""


@pytest.mark.parametrize(
    "slow",
    [t if t in FIRST else pytest.param(t, marks=pytest.mark.slow) for t in sorted({*TABLES} - {"scratch"})],
)  # fmt: skip
def test_tables_are_those_of_all_rows_whichever_is_slow(
    opened: Callable[[list[Row]], Taped],
    whole: dict[int, Contents],
    monkeypatch: pytest.MonkeyPatch,
    slow: str,
) -> None:
    do_again = Taped._do_again

    def linger(engine: Taped, i: int, partial: set[str]) -> None:
        if engine._tape.steps[i].target == slow:
            time.sleep(0.05)
        do_again(engine, i, partial)

    monkeypatch.setattr(Taped, "_do_again", linger)
    for seed, expected in whole.items():
        rows = made(seed, 40)
        engine = opened(rows[:25])
        engine.renew(rows_of(rows), rows_of(rows[25:]))
        assert contents(engine) == expected


def test_what_nothing_new_matters_to_is_not_made_again(
    opened: Callable[[list[Row]], Taped],
) -> None:
    rows: list[Row] = [("a", "y", 60, "r1"), ("b", "y", 60, "r2")]
    engine = opened(rows)
    early: Row = ("a", None, 5, "r3")  # without a tool, and too early to be late
    anew = engine.renew(rows_of([*rows, early]), rows_of([early]))
    assert {*anew}.isdisjoint({"totals", "seen", "last", "highest"})
    later: Row = ("a", "z", 70, "r4")
    anew = engine.renew(rows_of([*rows, early, later]), rows_of([later]))
    assert {"totals", "of_z", "last"} <= {*anew}
    assert engine.rows("SELECT ref FROM of_z") == [("r4",)]


def test_a_question_that_is_answered_otherwise_ends_it(tmp_path: Path) -> None:
    with Taped(tmp_path, "acts") as engine:
        engine.run(f"CREATE VIEW acts AS {rows_of([('a', 'y', 1, 'r1')])}")
        engine.run("CREATE TABLE named AS SELECT DISTINCT e.tool FROM acts AS e")
        assert engine.one("SELECT count(*) FROM named") == 1
        assert engine.rows("SELECT tool FROM named") == [("y",)]
        engine.stop()
        engine.settle()
        same: Row = ("b", "y", 2, "r2")
        engine.renew(rows_of([("a", "y", 1, "r1"), same]), rows_of([same]))
        other: Row = ("b", "z", 2, "r2")
        with pytest.raises(Moved, match="FROM named"):
            engine.renew(rows_of([("a", "y", 1, "r1"), same, other]), rows_of([other]))


def test_whoever_asked_is_told_when_what_he_reads_has_moved(tmp_path: Path) -> None:
    with Taped(tmp_path, "acts") as engine:
        engine.run(f"CREATE VIEW acts AS {rows_of([('a', 'y', 1, 'r1')])}")
        engine.run("CREATE TABLE sums AS SELECT e.who, count(*) AS n FROM acts AS e GROUP BY e.who")
        engine.stop()
        for asker, sql in (
            ("counts", "SELECT s.n FROM sums AS s"),
            ("names", "SELECT s.who FROM sums AS s"),
            ("rows", "SELECT s FROM sums AS s"),
            ("tools", "SELECT count(*) FROM acts AS e WHERE e.tool = 'z'"),
        ):
            engine.asker = asker
            engine.rows(sql)
        engine.asker = ""
        askers = ["counts", "names", "rows", "tools"]
        engine.settle(askers)
        marks = {a: engine.mark_of(a) for a in askers}
        more: Row = ("a", "y", 2, "r2")
        engine.renew(rows_of([("a", "y", 1, "r1"), more]), rows_of([more]))
        moved = [a for a in askers if engine.mark_of(a) != marks[a]]
        assert moved == ["counts", "rows"]


@pytest.mark.parametrize(
    ("sql", "condition"),
    [
        (
            "SELECT e.who FROM acts AS e WHERE e.nth > 5 AND e.tool = 'z'",
            "e.nth > 5 AND e.tool = 'z'",
        ),
        ("SELECT who FROM acts WHERE nth > 5", "e.nth > 5"),
        ("SELECT e.who FROM acts AS e JOIN lists AS l ON l.who = e.who AND e.nth > 5", "e.nth > 5"),
        (
            "SELECT l.who FROM lists AS l LEFT JOIN acts AS e ON e.who = l.who AND e.nth > 5",
            "e.nth > 5",
        ),
        # A row that fails here takes away the row of nothing.
        (
            "SELECT l.who FROM lists AS l LEFT JOIN acts AS e ON e.who = l.who WHERE e.nth > 5",
            "TRUE",
        ),
        ("SELECT e.who FROM acts AS e LEFT JOIN lists AS l ON l.who = e.who AND e.nth > 5", "TRUE"),
        (
            "SELECT e.who FROM acts AS e FULL JOIN lists AS l ON l.who = e.who WHERE e.nth > 5",
            "TRUE",
        ),
        ("SELECT e.who FROM acts AS e ANTI JOIN lists AS l ON l.who = e.who AND e.nth > 5", "TRUE"),
        (
            "SELECT l.who FROM lists AS l ANTI JOIN acts AS e ON l.who = e.who AND e.nth > 5",
            "e.nth > 5",
        ),
        ("SELECT e.who FROM acts AS e WHERE e.who IN (SELECT l.who FROM lists AS l)", "TRUE"),
        ("SELECT e.who FROM acts AS e, lists AS l WHERE nth > 5", "TRUE"),
        (
            "SELECT count(*) FROM acts AS e WHERE e.nth > 5 OR e.tool = 'z'",
            "e.nth > 5 OR e.tool = 'z'",
        ),
        ("SELECT 1 WHERE EXISTS (SELECT 1 FROM acts AS e WHERE e.nth > 5)", "e.nth > 5"),
        ("SELECT e.who FROM acts AS e GROUP BY e.who HAVING min(e.nth) > 5", "TRUE"),
        ("SELECT e.who FROM acts AS e WHERE e.nth > 5 UNION SELECT a.who FROM acts AS a", "TRUE"),
    ],
)
def test_a_condition_bounds_only_rows_that_cannot_matter(sql: str, condition: str) -> None:
    (told,) = conditions_on(sql, GROWING).values()
    assert told.replace("(", "").replace(")", "") == condition.replace("(", "").replace(")", "")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT e.who, count(DISTINCT e.tool) AS n FROM acts AS e GROUP BY e.who",
        "SELECT e.who, avg(e.nth) AS n FROM acts AS e GROUP BY e.who",
        "SELECT e.who, count(*) AS n FROM acts AS e GROUP BY e.who HAVING count(*) > 1",
        "SELECT count(*) AS n FROM acts AS e GROUP BY e.who",
        "SELECT e.who, count(*) AS n FROM acts AS e GROUP BY ROLLUP (e.who)",
        "SELECT l.who, count(e.nth) AS n FROM lists AS l LEFT JOIN acts AS e ON e.who = l.who GROUP BY l.who",
        "SELECT e.who, count(*) AS n FROM acts AS e JOIN acts AS o ON o.who = e.who GROUP BY e.who",
        "SELECT e.who, count(*) FILTER (e.nth > 5) AS n FROM acts AS e GROUP BY e.who",
        "SELECT l.who FROM lists AS l WHERE EXISTS (SELECT e.who, count(*) AS n FROM acts AS e WHERE e.who = l.who GROUP BY e.who)",
        "SELECT DISTINCT row_number() OVER () AS n FROM acts AS e",
        "WITH n AS (SELECT e.who, row_number() OVER () AS n FROM acts AS e) SELECT n.who, max(n.n) AS n FROM n GROUP BY n.who",
    ],
)
def test_what_does_not_add_up_is_no_sum(sql: str) -> None:
    assert with_sums(sql, GROWING) == (sql, ())


def test_rows_with_new_keys_are_added_to_what_was_counted(
    opened: Callable[[list[Row]], Taped],
) -> None:
    rows: list[Row] = [("a", "y", 60, "r1"), ("x", "y", 60, "r2")]
    engine = opened(rows)
    new: Row = ("c", "y", 61, "r3")
    engine.renew(rows_of([*rows, new]), rows_of([new]))
    assert engine._tape.only_new == {("people", "who"), ("badges", "name")}
    assert sorted(engine.rows("FROM named")) == [("A", 1), ("C", 1), ("X", 1)]
    odd: Row = ("x", None, 62, "r4")  # what is told of x is another now
    engine.renew(rows_of([*rows, new, odd]), rows_of([odd]))
    assert engine._tape.only_new == set()
    assert sorted(engine.rows("FROM named")) == [("A", 1), ("C", 1), ("X", 4)]


def test_a_new_key_of_a_view_is_told_from_one_that_old_rows_have(
    opened: Callable[[list[Row]], Taped],
) -> None:
    rows: list[Row] = [("a", "y", 60, "r1"), ("x", "y", 60, "r2")]
    engine = opened(rows)
    same_name: Row = ("b", "y", 61, "r3")
    engine.renew(rows_of([*rows, same_name]), rows_of([same_name]))
    assert engine.rows("FROM by_badge ORDER BY ALL") == [("A", False, 2, 61), ("X", True, 1, 60)]
    odd: Row = ("b", None, 62, "r4")
    engine.renew(rows_of([*rows, same_name, odd]), rows_of([odd]))
    assert ("badges", "name") not in engine._tape.only_new
    assert engine.rows("FROM by_badge ORDER BY ALL") == [("A", True, 5, 62), ("X", True, 1, 60)]


def test_each_column_that_is_another_is_noticed(tmp_path: Path) -> None:
    name, tier, both = frozenset(("name",)), frozenset(("tier",)), frozenset(("name", "tier"))
    with Taped(tmp_path, "acts") as engine:
        tape = engine._tape
        tape.columns, tape.amounts = {"t": ("name", "tier")}, {"t": tier}
        tape.needs = {"t": {name, tier, both}}

        def moved(rows: str) -> set[Columns]:
            engine.run(
                f"CREATE OR REPLACE TABLE t AS SELECT * FROM (VALUES {rows}) AS v(name, tier)"
            )
            return {columns for _, columns in marks.mark(engine, tape, "t")}

        moved("('a', 2), ('b', 5)")
        assert moved("('b', 5), ('a', 2)") == set()
        assert moved("('a', 3), ('b', 5)") == {tier, both}
        assert moved("('c', 2), ('b', 5)") == {name, tier, both}  # 2 again, as at first
        assert moved("('b', 2), ('c', 5)") - {tier} == {both}
        assert moved("('b', 2), ('c', 5), ('c', 5)") == {name, tier, both}
        told = tape.marks["t", both].told
        assert moved("('b', 2), ('c', 5), ('c', 6)") == {tier, both}
        assert tape.marks["t", both].told == told


def test_a_table_is_hashed_later_where_the_number_of_its_rows_tells(tmp_path: Path) -> None:
    name, tier = frozenset(("name",)), frozenset(("tier",))
    with Taped(tmp_path, "acts") as engine:
        tape = engine._tape
        tape.columns, tape.amounts = {"t": ("name", "tier")}, {"t": tier}
        tape.needs = {"t": {name, tier}}

        def moved(n: int, name: str = "a", tier: int = 2) -> set[Columns]:
            last = f"SELECT '{name}' AS name, {tier} AS tier"
            made = f"CREATE OR REPLACE TABLE t AS SELECT 'x' AS name, i AS tier FROM range({n}) AS r(i) UNION ALL {last}"  # fmt: skip
            marks.note_rows(tape, "t", made, engine.one(made))
            return {columns for _, columns in marks.mark(engine, tape, "t")}

        moved(1000)
        assert moved(1000) == set() and not tape.unhashed
        assert moved(1000, tier=3) == {tier} and not tape.unhashed
        before = tape.marks["t", name]
        assert moved(1001, tier=3) == {name, tier} and tape.unhashed == {"t"}
        assert tape.marks["t", name] == (before.whole + 1, before.told + 1)
        engine.hash_rest()
        assert not tape.unhashed
        assert moved(1001, tier=4) == {tier}
        assert moved(1001, name="b", tier=4) == {name}
        # Where nobody had the time, its hashes are still those before the last renewal.
        assert moved(1002, name="b", tier=4) == {name, tier}
        assert moved(1001, name="b", tier=4) == set() and not tape.unhashed
        none = "CREATE OR REPLACE TABLE t AS FROM t LIMIT 0"
        marks.note_rows(tape, "t", none, engine.one(none))
        assert marks.mark(engine, tape, "t")
        engine.hash_rest()
        assert marks.mark(engine, tape, "t") == set()
        assert moved(0) == {name, tier}


@pytest.mark.parametrize("seed", range(3))
def test_the_number_of_rows_is_known_after_each_statement(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    with Taped(tmp_path, "acts") as engine:
        tape = engine._tape
        marks.note_rows(tape, "t", "INSERT INTO t VALUES (1)", 1)
        assert not tape.numbers  # how many there were is not known
        for n in range(40):
            sql = draw.choice(
                (
                    f"CREATE OR REPLACE TABLE t AS SELECT i FROM range({n}) AS r(i)",
                    "CREATE OR REPLACE TABLE t (i BIGINT)",
                    f"INSERT INTO t BY NAME SELECT i FROM range({n}) AS r(i)",
                    f"DELETE FROM t WHERE i % 3 = {n % 3}",
                    "UPDATE t SET i = i + 1 WHERE i > 4",
                )
                if n
                else ("CREATE TABLE t (i BIGINT)",)
            )
            marks.note_rows(tape, "t", sql, engine.one(sql))
            assert tape.numbers["t"] == engine.one("SELECT count(*) FROM t"), sql


CHOSEN = (
    "WITH hits AS (SELECT e.who, e.nth FROM acts AS e WHERE e.tool = 'y'), late AS (SELECT h.who, h.nth FROM hits AS h WHERE h.nth > 9)"
    " SELECT l.who, row_number() OVER (ORDER BY l.nth) AS n FROM late AS l"
)


def test_rows_that_are_chosen_are_kept_once() -> None:
    text, (kept,) = with_sums(CHOSEN, GROWING)
    assert "acts" not in text and "hits" not in text
    assert kept.name in text and kept.visible == "who, nth" and not kept.keys
    assert with_sums(CHOSEN, GROWING, frozenset((kept.name,)))[1] != (kept,)


@pytest.mark.parametrize(
    "part",
    [
        "SELECT e.who, e.nth FROM acts AS e",
        "SELECT e.who, e.nth FROM acts AS e WHERE e.tool = 'y' LIMIT 3",
        "SELECT e.who, row_number() OVER (ORDER BY e.nth) AS nth FROM acts AS e WHERE e.tool = 'y'",
        "SELECT e.who, e.nth FROM acts AS e JOIN acts AS f ON f.who = e.who",
        "SELECT l.who, e.nth FROM lists AS l LEFT JOIN acts AS e ON e.who = l.who",
        "SELECT e.who, e.nth FROM acts AS e WHERE e.who NOT IN (SELECT who FROM late_acts)",
        "SELECT * FROM acts AS e WHERE e.tool = 'y'",
    ],
)
def test_rows_are_not_kept_where_old_ones_may_go_or_all_are_taken(part: str) -> None:
    sql = f"WITH p AS ({part}) SELECT p.who, row_number() OVER (ORDER BY p.nth) AS n FROM p"
    assert with_sums(sql, GROWING)[1] == ()


def test_rows_are_not_kept_where_they_are_most(tmp_path: Path) -> None:
    rows: list[Row] = [("a", "y", 10 + i, f"r{i}") for i in range(12)]
    for few, n in ((False, 12), (True, 2)):
        with Taped(tmp_path / str(n), "acts") as engine:
            engine.run(f"CREATE VIEW acts AS {rows_of(rows)}")
            text, sums = engine.summed(CHOSEN.replace("> 9", "> 19") if few else CHOSEN)
            assert bool(sums) == few
            assert len(engine.rows(text)) == n


def test_comments_hide_no_name() -> None:
    text, (kept,) = with_sums(
        "SELECT e.who, count(*) AS n -- nobody's\nFROM acts AS e GROUP BY e.who", GROWING
    )
    assert "nobody" not in text + kept.sql
    assert "acts" in words_of(kept.sql)


@pytest.mark.parametrize(
    ("sql", "is_by_key"),
    [
        ("SELECT 1 FROM acts AS e JOIN lists AS k ON k.who = e.who", True),
        ("SELECT 1 FROM lists AS k JOIN acts AS e ON e.nth > 1 AND e.who = k.who", True),
        ("SELECT 1 FROM acts AS e LEFT JOIN lists AS k ON k.who = e.who", True),
        ("SELECT 1 FROM (SELECT * FROM acts) AS e JOIN lists AS k ON k.who = e.who", True),
        ("SELECT 1 FROM acts AS e, lists AS k WHERE e.who = k.who AND e.nth > 1", True),
        ("SELECT 1 FROM acts AS e JOIN lists AS k ON k.who = e.tool", False),
        ("SELECT 1 FROM acts AS e JOIN lists AS k ON k.who = e.who OR e.nth > 1", False),
        ("SELECT 1 FROM lists AS k LEFT JOIN acts AS e ON k.who = e.who", False),
        ("SELECT 1 FROM lists AS k JOIN tiers AS t ON t.who = k.who JOIN acts AS e ON e.nth = t.tier", False),
        ("SELECT 1 FROM acts AS e WHERE e.nth > (SELECT count(*) FROM lists)", False),
        ("SELECT 1 FROM acts AS e JOIN lists AS k ON k.who = e.who JOIN lists AS o ON o.tier = k.tier", False),
    ],
)  # fmt: skip
def test_a_join_is_by_the_key_alone(sql: str, is_by_key: bool) -> None:
    assert is_joined_by(sql, "lists", "who", GROWING) == is_by_key
