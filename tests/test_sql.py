"""The SQL policy lets the portable subset through and nothing else; what passes runs, and the locked engine is a wall of its own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from reporter.content import loader
from reporter.content.source_policy import validate_source
from reporter.content.sql_policy import compile_check
from reporter.engine.base import Error
from reporter.engine.duckdb import DuckDB
from reporter.errors import ContentError
from reporter.model.assessment import Check
from reporter.schema import compiled
from reporter.schema.compiled import Compiled
from reporter.schema.tables import TABLES
from reporter.system.folders import content_dir

PLACE = "own/X-01-thing.yml:7"


def compile_text(
    text: str, params: dict[str, object], place: str, **reasons: dict[str, str]
) -> Compiled:
    """Compile a check of this SQL."""
    about = {"about": "agent", "severity": "low", "level": 1, "evidence": "inventory", "fix": ""}
    return compile_check(
        Check("T-01", "", "", sql=text, place=place, params=params, reasons=reasons, **about)
    )  # type: ignore[arg-type]


PLAIN = "SELECT a.actor_id AS subject, TRUE AS ok FROM agents AS a"


def ok(expression: str, rest: str = "FROM agents AS a") -> str:
    """Write a check whose result is the expression."""
    return f"SELECT a.actor_id AS subject, {expression} AS ok {rest}"


ACCEPTED = {
    "plain": PLAIN,
    "a trailing semicolon": PLAIN + ";",
    "with ref": PLAIN.replace(" FROM", ", a.ref AS ref FROM"),
    "CTE": "WITH x AS (SELECT a.actor_id, a.owner_id FROM agents AS a) "
    "SELECT x.actor_id AS subject, x.owner_id IS NOT NULL AS ok FROM x",
    "CTE on a CTE": "WITH x AS (SELECT a.actor_id FROM agents AS a), y AS (SELECT x.actor_id FROM x) "
    "SELECT y.actor_id AS subject, TRUE AS ok FROM y",
    "CTE that only has a ref": "WITH x AS (SELECT a.actor_id, a.ref FROM agents AS a) "
    "SELECT x.actor_id AS subject, TRUE AS ok FROM x",
    "CTE before a UNION": "WITH x AS (SELECT a.actor_id FROM agents AS a) SELECT x.actor_id AS subject, TRUE AS ok "
    "FROM x UNION ALL SELECT x.actor_id, FALSE FROM x",
    "CTE named like a table": "WITH actors AS (SELECT c.actor_id FROM credentials AS c) "
    "SELECT a.actor_id AS subject, TRUE AS ok FROM actors AS a",
    "inner join": ok("g.name = 'x'", "FROM agents AS a JOIN grants AS g ON g.actor_id = a.actor_id"),
    "join using": ok("g.name = 'x'", "FROM agents AS a JOIN grants AS g USING (actor_id)"),
    "left join as anti-join": ok(
        "g.actor_id IS NULL", "FROM agents AS a LEFT JOIN grants AS g ON g.actor_id = a.actor_id"
    ),
    "cross join with the clock": ok("a.created_at < r.as_of", "FROM agents AS a CROSS JOIN run AS r"),
    "scalar subquery": ok("(SELECT COUNT(*) FROM grants AS g) > 0"),
    "IN a subquery": ok("a.actor_id IN (SELECT g.actor_id FROM grants AS g)"),
    "EXISTS": ok("EXISTS (SELECT 1 FROM grants AS g WHERE g.actor_id = a.actor_id)"),
    "subquery in FROM": "SELECT q.actor_id AS subject, q.n > 1 AS ok "
    "FROM (SELECT g.actor_id, COUNT(*) AS n FROM grants AS g GROUP BY g.actor_id) AS q",
    "UNION ALL": f"{PLAIN} UNION ALL {PLAIN}",
    "UNION": f"{PLAIN} UNION {PLAIN}",
    "GROUP BY and HAVING": "SELECT g.actor_id AS subject, COUNT(*) < 9 AS ok "
    "FROM grants AS g GROUP BY g.actor_id HAVING COUNT(*) > 1",
    "COUNT DISTINCT": "SELECT g.actor_id AS subject, COUNT(DISTINCT g.name) < 9 AS ok "
    "FROM grants AS g GROUP BY g.actor_id",
    "SUM MIN MAX": "SELECT g.actor_id AS subject, SUM(1) > 0 AND MIN(g.name) || MAX(g.name) IS NOT NULL AS ok "
    "FROM grants AS g GROUP BY g.actor_id",
    "ARG_MIN and ARG_MAX": "SELECT e.agent_id AS subject, ARG_MAX(e.tool, e.occurred_at) = 'x' AS ok, "
    "ARG_MIN(e.ref, e.occurred_at) AS ref FROM events AS e GROUP BY e.agent_id",
    "ROW_NUMBER": ok("ROW_NUMBER() OVER (PARTITION BY a.owner_id ORDER BY a.actor_id) = 1"),
    "LAG and LEAD": ok("LAG(a.name) OVER (ORDER BY a.actor_id) = LEAD(a.name) OVER (ORDER BY a.actor_id)"),
    "SUM OVER ROWS": ok(
        "SUM(a.autonomy) OVER (ORDER BY a.actor_id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) > 3"
    ),
    "searched CASE": ok("CASE WHEN a.owner_id IS NULL THEN FALSE ELSE TRUE END"),
    "simple CASE": ok("CASE a.kind WHEN 'agent' THEN TRUE END"),
    "NULL result": ok("NULL"),
    "COALESCE and NULLIF": ok("COALESCE(NULLIF(a.name, ''), 'x') = 'x'"),
    "LIKE ESCAPE": ok("a.name LIKE '50!%' ESCAPE '!'"),
    "LIKE against a column": ok(
        "a.name LIKE g.like_pattern ESCAPE '!'", "FROM agents AS a CROSS JOIN grants AS g"
    ),
    "LIKE ANY": ok("a.name LIKE ANY ('x%', '%y') AND NOT a.name LIKE ANY ('z')"),
    "NOT LIKE": ok("a.name NOT LIKE 'x%'"),
    "IN a list": ok("a.risk_tier IN ('high', 'critical')"),
    "BETWEEN": ok("a.autonomy BETWEEN 1 AND 3"),
    "IS DISTINCT FROM": ok("a.owner_id IS DISTINCT FROM a.technical_owner_id"),
    "IS TRUE": ok("a.vendor_hosted IS TRUE"),
    "integer arithmetic": ok("a.autonomy * 4 + 1 - 2 > 10 // 3"),
    "a negative number": ok("a.autonomy > -1"),
    "INTERVAL with a unit": ok(
        "a.created_at + INTERVAL '30' DAY < r.as_of", "FROM agents AS a CROSS JOIN run AS r"
    ),
    "INTERVAL of a column": ok("a.created_at + INTERVAL (a.autonomy) DAY > a.approved_at"),
    "CAST AS DATE": ok("CAST(a.created_at AS DATE) = DATE '2026-07-01'"),
    "CAST AS VARCHAR": ok("CAST(a.autonomy AS VARCHAR) = '1'"),
    "double colon cast": ok("a.created_at::DATE IS NULL"),
    "LOWER UPPER TRIM LENGTH REPLACE": ok(
        "LENGTH(REPLACE(LOWER(UPPER(TRIM(a.name))), 'a', 'b')) > 3"
    ),
    "GREATEST LEAST ABS": ok("GREATEST(ABS(a.autonomy), 1) > LEAST(2, 3)"),
    "a quote in a text": ok("a.name = 'O''Brien; DROP TABLE actors; --'"),
    "ORDER BY": PLAIN + " ORDER BY a.actor_id NULLS FIRST",
    "comments": f"-- why\n{PLAIN} /* because */",
    "quoted identifiers": 'SELECT a."actor_id" AS "subject", TRUE AS ok FROM "agents" AS a',
}  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    """An engine with the schema's empty tables, locked as a run locks it."""
    work = tmp_path_factory.mktemp("engine")
    with DuckDB(work) as made:
        for table in TABLES.values():
            made.run(
                f"CREATE TABLE {table.name} ({', '.join(f'{c.name} {c.type}' for c in table.columns)})"
            )
        made.lock()
        yield made


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_the_sql_policy_lets_through_runs(engine: DuckDB, text: str) -> None:
    compiled = compile_text(text, {}, PLACE)
    names = [name for name, _ in engine.columns(compiled.sql)]
    assert names[:4] == ["subject", "ok", "reason_code", "reason_values"]
    assert engine.rows(compiled.sql) == []


REFUSED = {
    "two statements": f"{PLAIN}; {PLAIN}",
    "a second statement that drops": f"{PLAIN}; DROP TABLE actors",
    "nothing": "",
    "only a comment": "-- nothing",
    "INSERT": "INSERT INTO actors SELECT * FROM agents",
    "UPDATE": "UPDATE actors SET owner_id = 'me'",
    "DELETE": "DELETE FROM actors",
    "CREATE TABLE AS": f"CREATE TABLE x AS {PLAIN}",
    "DROP": "DROP TABLE actors",
    "COPY out": f"COPY ({PLAIN}) TO '/tmp/x.csv'",
    "COPY in": "COPY actors FROM '/etc/passwd'",
    "ATTACH": "ATTACH '/tmp/x.db' AS x",
    "PRAGMA": "PRAGMA database_list",
    "SET": "SET threads = 1",
    "CALL": "CALL pragma_version()",
    "EXPORT": "EXPORT DATABASE '/tmp/x'",
    "INSTALL": "INSTALL httpfs",
    "EXPLAIN": f"EXPLAIN {PLAIN}",
    "PREPARE": f"PREPARE p AS {PLAIN}",
    "read_csv": ok("TRUE", "FROM read_csv('/etc/passwd') AS a"),
    "read_parquet": ok("TRUE", "FROM read_parquet('x.parquet') AS a"),
    "read_text": ok("TRUE", "FROM read_text('/etc/passwd') AS a"),
    "glob": ok("TRUE", "FROM glob('/*') AS a"),
    "range": ok("TRUE", "FROM range(1000000000) AS a"),
    "duckdb_settings": ok("TRUE", "FROM duckdb_settings() AS a"),
    "query function": ok("TRUE", "FROM query('SELECT 1') AS a"),
    "a file as a table": ok("TRUE", "FROM '/etc/passwd' AS a"),
    "a quoted file as a table": ok("TRUE", 'FROM "/etc/passwd" AS a'),
    "a CTE named like a path": 'WITH "/etc/passwd" AS (SELECT 1 AS n FROM run) ' + PLAIN,
    "a CTE with a name in capitals": "WITH Secrets AS (SELECT 1 AS n FROM run) " + PLAIN,
    "a CTE read before it is made": "WITH x AS (SELECT COUNT(*) AS n FROM results), results AS (SELECT 1 AS z FROM run) "
    "SELECT 'a' AS subject, x.n = 0 AS ok FROM x",
    "an engine table behind a late CTE": "WITH x AS (SELECT * FROM tiers), tiers AS (SELECT 1 AS z FROM run) "
    "SELECT x.actor_id AS subject, TRUE AS ok FROM x",
    "recursion": "WITH RECURSIVE x AS (SELECT 1 AS n FROM run UNION ALL SELECT n + 1 FROM x) " + PLAIN,
    "recursion without the word": "WITH x AS (SELECT 1 AS n FROM run UNION ALL SELECT n + 1 FROM x) " + PLAIN,
    "WITH in a subquery": ok("(WITH z AS (SELECT 1 AS n FROM run) SELECT z.n FROM z) = 1"),
    "information_schema": ok("TRUE", "FROM information_schema.tables AS a"),
    "another schema": ok("TRUE", "FROM main.actors AS a"),
    "another catalog": ok("TRUE", "FROM memory.main.actors AS a"),
    "an engine table": ok("TRUE", "FROM results AS a"),
    "a loaded relation": ok("TRUE", "FROM in_actors AS a"),
    "a table in capitals": ok("TRUE", "FROM AGENTS AS a"),
    "getenv": ok("getenv('HOME') IS NULL"),
    "current_setting": ok("current_setting('threads') IS NULL"),
    "current_date": ok("a.created_at < CURRENT_DATE"),
    "now": ok("a.created_at < NOW()"),
    "today": ok("a.created_at < today()"),
    "current_timestamp": ok("a.created_at < CURRENT_TIMESTAMP"),
    "localtimestamp": ok("a.created_at < LOCALTIMESTAMP"),
    "current_user": ok("CURRENT_USER = 'x'"),
    "random": ok("RANDOM() > 0.5"),
    "uuid": ok("CAST(uuid() AS VARCHAR) > 'a'"),
    "gen_random_uuid": ok("CAST(gen_random_uuid() AS VARCHAR) > 'a'"),
    "nextval": ok("nextval('s') > 1"),
    "regexp_matches": ok("regexp_matches(a.name, 'x')"),
    "regexp operator": ok("a.name ~ 'x'"),
    "SIMILAR TO": ok("a.name SIMILAR TO 'x'"),
    "GLOB": ok("a.name GLOB 'x*'"),
    "ILIKE": ok("a.name ILIKE 'x'"),
    "NOT LIKE ANY": ok("a.name NOT LIKE ANY ('x', 'y')"),
    "LIKE ANY of columns": ok("a.name LIKE ANY (a.owner_id, 'y')"),
    "ANY of a query": ok("a.name = ANY (SELECT g.name FROM grants AS g)"),
    "a list": ok("[1, 2] IS NULL"),
    "a list index": ok("a.name[1] IS NULL"),
    "list_contains": ok("list_contains(a.name, 'x')"),
    "unnest": ok("unnest([TRUE, FALSE])"),
    "a struct": ok("{'x': 1} IS NULL"),
    "row": ok("ROW(a.name, 1) IS NULL"),
    "a whole row as text": ok("CAST(a AS VARCHAR) LIKE '%ann%'"),
    "a whole row as value": ok("a IS NULL"),
    "COUNT of a whole row": "SELECT a.actor_id AS subject, COUNT(a) > 0 AS ok FROM agents AS a "
    "GROUP BY a.actor_id",
    "JSON arrow": ok("a.name -> '$.x' IS NULL"),
    "json_extract": ok("json_extract(a.name, '$.x') IS NULL"),
    "a lambda": ok("list_filter([1], lambda x: x > 1) IS NULL"),
    "string_agg": ok("string_agg(a.name, ',') = 'x'"),
    "list aggregate": ok("list(a.name) IS NULL"),
    "MIN of several": ok("MIN(a.name, 3) IS NULL", "FROM agents AS a GROUP BY a.actor_id"),
    "ARG_MIN of several": ok("ARG_MIN(a.name, a.created_at, 3) IS NULL", "FROM agents AS a GROUP BY a.actor_id"),
    "repeat": ok("repeat('x', 4000000000) = ''"),
    "rpad": ok("rpad('x', 4000000000, 'x') = ''"),
    "date_diff": ok("date_diff('day', a.created_at, a.approved_at) > 1"),
    "real division": ok("a.autonomy / 2 > 1"),
    "a real cast": ok("CAST(a.name AS DOUBLE) > 1"),
    "a list cast": ok("CAST(a.name AS INT[]) IS NULL"),
    "TRY_CAST": ok("TRY_CAST(a.name AS BIGINT) > 1"),
    "FILTER": ok("COUNT(*) FILTER (WHERE a.name IS NULL) > 1", "FROM agents AS a GROUP BY a.actor_id"),
    "IGNORE NULLS": ok("LAG(a.name IGNORE NULLS) OVER (ORDER BY a.actor_id) IS NULL"),
    "ANY": ok("a.created_at < ANY (SELECT r.as_of FROM run AS r)"),
    "ASOF JOIN": ok(
        "TRUE", "FROM agents AS a ASOF JOIN events AS e ON a.actor_id = e.actor_id AND a.created_at >= e.occurred_at"
    ),
    "NATURAL JOIN": ok("TRUE", "FROM agents AS a NATURAL JOIN grants AS g"),
    "POSITIONAL JOIN": ok("TRUE", "FROM agents AS a POSITIONAL JOIN grants AS g"),
    "SEMI JOIN": ok("TRUE", "FROM agents AS a SEMI JOIN grants AS g ON g.actor_id = a.actor_id"),
    "ANTI JOIN": ok("TRUE", "FROM agents AS a ANTI JOIN grants AS g ON g.actor_id = a.actor_id"),
    "LATERAL": ok("TRUE", "FROM agents AS a, LATERAL (SELECT g.name FROM grants AS g) AS l"),
    "DISTINCT ON": PLAIN.replace("SELECT", "SELECT DISTINCT ON (a.owner_id)"),
    "INTERSECT": f"{PLAIN} INTERSECT {PLAIN}",
    "EXCEPT": f"{PLAIN} EXCEPT {PLAIN}",
    "UNION BY NAME": f"{PLAIN} UNION ALL BY NAME {PLAIN}",
    "LIMIT": PLAIN + " LIMIT 1",
    "OFFSET": PLAIN + " OFFSET 1",
    "QUALIFY": PLAIN + " QUALIFY ROW_NUMBER() OVER (ORDER BY a.actor_id) = 1",
    "SAMPLE": PLAIN + " USING SAMPLE 1",
    "SELECT INTO": PLAIN.replace("FROM", "INTO x FROM"),
    "FOR UPDATE": PLAIN + " FOR UPDATE",
    "VALUES": "SELECT x AS subject, TRUE AS ok FROM (VALUES ('a')) AS v(x)",
    "PIVOT": "PIVOT agents ON kind USING COUNT(*)",
    "COLUMNS": "SELECT COLUMNS('.*') FROM agents AS a",
    "a star as output": f"SELECT * FROM ({PLAIN}) AS q",
    "a star that leaves out": f"SELECT * EXCLUDE (x) FROM ({PLAIN}) AS q",
    "a star that swaps a result": "WITH x AS (SELECT * REPLACE (TRUE AS ok) FROM (" + PLAIN + ") AS q) "
    "SELECT x.subject AS subject, x.ok AS ok FROM x",
    "columns renamed by position": "SELECT x AS subject, TRUE AS ok FROM agents AS a(x, y)",
    "a question mark": ok("a.name = ?"),
    "a dollar parameter": ok("a.name = $1"),
    "an escape string": ok(r"a.name = e'\x41'"),
    "a dollar string": ok("a.name = $$x$$"),
    "rowid": ok("a.rowid = 1"),
    "an unfinished text": ok("a.name = 'x"),
    "deep parentheses": ok("(" * 3000 + "TRUE" + ")" * 3000),
    "a long chain of NOT": ok("NOT " * 3000 + "TRUE"),
    "a long chain of CASE": ok("CASE WHEN TRUE THEN " * 3000 + "TRUE" + " END" * 3000),
    "a star in a CTE": "WITH x AS (SELECT * FROM agents) "
    "SELECT x.actor_id AS subject, x.name IS NOT NULL AS ok FROM x",
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_the_sql_policy_refuses(text: str) -> None:
    with pytest.raises(ContentError) as caught:
        compile_text(text, {}, PLACE)
    assert caught.value.place.startswith(PLACE)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("text", "says", "hint", "line"),
    [
        ("SELECT a.actor_id AS subject,\n a.ownr_id IS NULL AS ok\nFROM agents AS a",
         'no column "ownr_id" in agents', 'Did you mean "owner_id"?', "SQL line 2"),
        ("WITH x AS (\n SELECT a.actr_id FROM agents AS a)\nSELECT x.actr_id AS subject, TRUE AS ok FROM x",
         'no column "actr_id" in agents', 'Did you mean "actor_id"?', "SQL line 2"),
        ("SELECT a.actor_id AS subject, TRUE AS ok\nFROM agent AS a",
         'no table "agent"', 'Did you mean "agents"?', "SQL line 2"),
        (ok("\n\nrandom() > 1"), "outside the portable subset", "docs/writing-checks.md", "SQL line 3"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_line_and_what_was_meant(
    text: str, says: str, hint: str, line: str
) -> None:
    with pytest.raises(ContentError) as caught:
        compile_text(text, {}, PLACE)
    assert says in caught.value.message
    assert hint in caught.value.hint
    assert line in caught.value.place


SAYS: dict[str, dict[str, str]] = {
    "pass": {"good": "all is well"},
    "fail": {"bad": "{name} is bad"},
}


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ("a.actor_id AS subject", "expected subject, ok or code"),
        ("TRUE AS ok, a.actor_id AS subject", "expected subject, ok or code"),
        ("a.actor_id AS agent, 'bad' AS code, a.name", "expected subject, ok or code"),
        ("a.actor_id AS subject, 'bad' AS code, a.ref, a.name", "expected subject, ok or code"),
        ("a.actor_id AS subject, 'bad' AS code, a.name, a.name", "expected subject, ok or code"),
        ("a.actor_id AS subject, 'bad' AS code, a.name, 1 AS reason_code", "expected subject, ok or code"),
        ("a.actor_id, TRUE, 'x'", "expected subject, ok or code"),
        ("a.actor_id AS subject, 'bad' AS code", "reasons: bad: no value and no parameter 'name'"),
        ("a.actor_id AS subject, 'bad' AS code, a.name, a.kind", "no sentence names the value 'kind'"),
        ("a.actor_id AS subject, TRUE AS ok, a.name", "its `reasons` have codes"),
    ],
)  # fmt: skip
def test_what_a_check_gives_and_what_it_says_meet(columns: str, says: str) -> None:
    with pytest.raises(ContentError, match=re.escape(says)):
        compile_text(f"SELECT {columns} FROM agents AS a", {}, PLACE, **SAYS)


@pytest.mark.parametrize(
    "code",
    [
        "x') OR (SELECT content FROM read_text('/etc/hostname')) <> ('",
        "it's",
        "Bad",
        "two words",
        "",
    ],
)
def test_a_code_is_a_name_and_brings_no_sql(code: str) -> None:
    """Codes stand in the YAML of others, and become a part of what runs."""
    with pytest.raises(ContentError, match="is not a plain lower-case name"):
        compile_text(
            "SELECT a.actor_id AS subject, 'x' AS code FROM agents AS a",
            {},
            PLACE,
            **{"pass": {code: "fine"}},
        )


def test_codes_without_sentences_are_refused() -> None:
    with pytest.raises(ContentError, match="it gives codes and has no `reasons`"):
        compile_text("SELECT a.actor_id AS subject, 'bad' AS code FROM agents AS a", {}, PLACE)


def test_a_code_brings_its_result_and_the_values_of_its_sentence(tmp_path: Path) -> None:
    text = "SELECT a.actor_id AS subject, a.state AS code, a.name, 1 AS n, a.ref FROM agents AS a"
    says = {**SAYS, "unknown": {"open": "{n} of {limit} is open"}}
    found = compile_text(text, {"limit": 3}, PLACE, **says)
    with DuckDB(tmp_path) as engine:
        engine.run(
            "CREATE TABLE agents (actor_id VARCHAR, state VARCHAR, name VARCHAR, ref VARCHAR)"
        )
        engine.insert(
            "agents",
            [
                ("a", "good", "x", "r"),
                ("b", "bad", "it's", "s"),
                ("c", "open", "y", None),
                ("d", None, "z", "t"),
            ],
        )
        assert sorted(engine.rows(found.sql)) == [
            ("a", True, "good", "", "r"), ("b", False, "bad", '{"name":"it\'s"}', "s"),
            ("c", None, "open", '{"n":1}', None), ("d", None, "unknown", "", "t"),
        ]  # fmt: skip
        engine.run("UPDATE agents SET state = 'odd'")
        with pytest.raises(Error, match="it gives the code odd, for which it has no sentence"):
            engine.rows(found.sql)


def test_comments_do_not_reach_the_engine() -> None:
    text = f"{PLAIN} -- */ UNION SELECT 1\n/* ; DROP TABLE actors */"
    assert compile_text(text, {}, PLACE).sql == compile_text(PLAIN, {}, PLACE).sql


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        (ok("a.owner_id IS NULL"), {("agents", "actor_id"), ("agents", "owner_id")}),
        (ok("TRUE", "FROM agents AS a JOIN grants AS g USING (actor_id)"),
         {("agents", "actor_id"), ("grants", "actor_id")}),
        (ok("TRUE", "FROM agents AS a WHERE a.state = 'active' ORDER BY a.name"),
         {("agents", "actor_id"), ("agents", "state"), ("agents", "name")}),
        ("WITH x AS (SELECT a.actor_id, a.owner_id AS o FROM agents AS a) "
         "SELECT x.actor_id AS subject, x.o IS NULL AS ok FROM x",
         {("agents", "actor_id"), ("agents", "owner_id")}),
        ("WITH actors AS (SELECT c.actor_id, c.type AS kind FROM credentials AS c) "
         "SELECT a.actor_id AS subject, a.kind IS NULL AS ok FROM actors AS a",
         {("credentials", "actor_id"), ("credentials", "type")}),
        (ok("EXISTS (SELECT 1 FROM grants AS g WHERE g.name = a.purpose)"),
         {("agents", "actor_id"), ("agents", "purpose"), ("grants", "name")}),
    ],
)  # fmt: skip
def test_every_column_that_is_read_is_known(text: str, reads: set[tuple[str, str]]) -> None:
    assert compile_text(text, {}, PLACE).reads == reads


# ---------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ("expression", "params", "written"),
    [
        ("a.autonomy > {n}", {"n": 3}, "a.autonomy > 3"),
        ("a.name = {t}", {"t": "it's"}, "a.name = 'it''s'"),
        ("a.sandbox_root = {b}", {"b": False}, "a.sandbox_root = FALSE"),
        ("a.name IN {l}", {"l": ["a", "b"]}, "a.name IN ('a', 'b')"),
        ("a.autonomy IN {l}", {"l": [1]}, "a.autonomy IN (1)"),
    ],
)
def test_parameters_become_literals(
    expression: str, params: dict[str, object], written: str
) -> None:
    assert written in compile_text(ok(expression), params, PLACE).sql


@pytest.mark.parametrize(
    ("expression", "params", "says"),
    [
        ("a.autonomy > {n}", {}, "parameter 'n' is not among params"),
        ("TRUE", {"n": 1}, "parameter 'n' is never used"),
        ("a.autonomy > {n}", {"n": 1.5}, "must be a whole number, text, or a list"),
        ("a.autonomy > {n}", {"n": None}, "must be a whole number, text, or a list"),
        ("a.name IN {n}", {"n": []}, "must be a whole number, text, or a list"),
        ("a.name IN {n}", {"n": [{}]}, "must be a whole number, text, or a list"),
        ("a.name IN {n}", {"n": {"a": 1}}, "must be a whole number, text, or a list"),
    ],
)
def test_a_wrong_parameter_is_named(expression: str, params: dict[str, object], says: str) -> None:
    with pytest.raises(ContentError, match=says):
        compile_text(ok(expression), params, PLACE)


@pytest.mark.parametrize(
    "value", ["' OR TRUE --", "'; DROP TABLE actors; --", "{n}", "\\", "' || (SELECT 1) || '"]
)
def test_a_text_parameter_stays_one_text(engine: DuckDB, value: str) -> None:
    compiled = compile_text(ok("a.name = {n}"), {"n": value}, PLACE)
    quoted = "'" + value.replace("'", "''") + "'"
    assert f"a.name = {quoted} AS ok" in compiled.sql
    assert engine.rows(compiled.sql) == []


# ---------------------------------------------------------------- the locked engine


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/hosts.csv'",
        "SELECT * FROM glob('/etc/*')",
        "COPY (SELECT 1) TO '/tmp/reporter-must-not-exist.csv'",
        "SET memory_limit = '9GB'",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "SET lock_configuration = false",
        "RESET enable_external_access",
        "PRAGMA enable_profiling",
        "ATTACH '/tmp/reporter-must-not-exist.db' AS x",
        "INSTALL httpfs",
        "LOAD httpfs",
        "EXPORT DATABASE '/tmp/reporter-must-not-exist'",
        "CREATE SECRET s (TYPE S3, KEY_ID 'a', SECRET 'b')",
        "SELECT * FROM read_csv('https://example.org/x.csv')",
    ],
)
def test_the_locked_engine_refuses(engine: DuckDB, sql: str) -> None:
    with pytest.raises(Error):
        engine.run(sql)
    assert not list(Path("/tmp").glob("reporter-must-not-exist*"))


def test_the_locked_engine_cannot_climb_out_of_its_folder(engine: DuckDB) -> None:
    outside = engine.work.parent / "outside.csv"
    outside.write_text("a\n1\n")
    (engine.work / "link.csv").symlink_to(outside)
    for path in (engine.work / ".." / "outside.csv", engine.work / "link.csv"):
        with pytest.raises(Error):
            engine.rows(f"SELECT * FROM read_csv('{path}')")


def test_the_locked_engine_still_works_in_its_own_folder(engine: DuckDB) -> None:
    path = engine.work / "own.parquet"
    engine.write_parquet("SELECT 1 AS n", path)
    assert engine.rows(f"SELECT n FROM read_parquet('{path}')") == [(1,)]


# ---------------------------------------------------------------- sources


@pytest.mark.parametrize(
    "text",
    [
        "SELECT record, r ->> 'id' AS actor_id FROM raw",
        "WITH x AS (SELECT record, r FROM raw) SELECT record, r ->> 'id' AS actor_id FROM x",
        "SELECT record, y ->> 'id' AS actor_id FROM (SELECT record, unnest(items(r, '$.x')) AS y FROM raw) AS u",
        "SELECT record, CASE WHEN regexp_matches(r ->> 'a', 'x') THEN 'b' END AS actor_id FROM raw",
    ],
)
def test_a_source_may_use_the_whole_of_duckdb_on_its_records(text: str) -> None:
    validate_source(text, PLACE)


@pytest.mark.parametrize(
    "text",
    [
        "COPY (SELECT 1) TO '/tmp/x'",
        "CREATE TABLE x AS SELECT record FROM raw",
        "INSERT INTO raw SELECT 1",
        "SELECT record FROM raw; DROP TABLE raw",
        "ATTACH '/tmp/x.db'",
        "INSTALL httpfs",
        "SET threads = 1",
        "SELECT record INTO x FROM raw",
        "SELECT record FROM actors",
        "SELECT record FROM main.raw",
        "SELECT record FROM raw, '/etc/passwd'",
        'SELECT record FROM raw, "/etc/passwd.csv"',
        "SELECT record FROM read_csv('/etc/passwd')",
        "SELECT record FROM raw, read_text('/etc/passwd')",
        "SELECT record FROM raw, read_json_auto('/etc/passwd')",
        "SELECT record FROM raw, parquet_scan('/etc/x')",
        "SELECT record FROM raw, glob('/etc/*')",
        "SELECT record FROM raw, query('SELECT 1')",
        "SELECT record FROM raw, duckdb_settings()",
        "SELECT record, getenv('HOME') AS actor_id FROM raw",
        "SELECT record, current_setting('threads') AS actor_id FROM raw",
        "SELECT record FROM raw WHERE EXISTS (SELECT 1 FROM read_blob('/etc/passwd'))",
        'SELECT record FROM "/etc/p.csv" AS x, (WITH "/etc/p.csv" AS (SELECT 1) SELECT * FROM "/etc/p.csv") AS y',
        "SELECT " + "(" * 3000 + "record" + ")" * 3000 + " FROM raw",
    ],
)
def test_a_source_reads_its_records_and_nothing_else(text: str) -> None:
    with pytest.raises(ContentError):
        validate_source(text, PLACE)


@pytest.mark.parametrize("order", ["a.name", "a.name DESC"])
def test_which_of_equal_rows_comes_first_changes_no_result(tmp_path: Path, order: str) -> None:
    text = (
        "SELECT a.actor_id AS subject, ARG_MIN(a.name, a.state) || ARG_MAX(a.name, a.state) = 'ac' AS ok, "
        "ARG_MIN(a.name, CASE WHEN a.state = 'gone' THEN a.state END) AS ref FROM agents AS a GROUP BY a.actor_id"
    )
    found = compile_text(text, {}, "x.yml")
    with DuckDB(tmp_path) as engine:
        engine.run(
            "CREATE TABLE agents AS SELECT * FROM (VALUES ('a1', 'b', 'on'), ('a1', 'a', 'on'), ('a1', 'c', 'on'), ('a1', 'z', NULL)) "
            f"AS a(actor_id, name, state) ORDER BY {order}"
        )
        assert engine.rows(found.sql) == [("a1", True, "pass", "", None)]


def test_what_ships_compiled_is_what_compiling_gives() -> None:
    content = loader.load()
    for check in content.checks:
        kept, anew = compiled.as_shipped(check), compile_check(check)
        assert kept, f"{check.id} has changed since: run `make docs`"
        assert (kept.reads, kept.tables, kept.has_ref) == (anew.reads, anew.tables, anew.has_ref)
        if version("sqlglot") == compiled.made_with():
            assert replace(kept, rests=()) == anew


@pytest.mark.parametrize("name", ["APR-07", "ENT-05", "ENT-06"])
def test_a_changed_check_rests_on_the_same_evidence(name: str) -> None:
    [check] = [c for c in loader.load().checks if c.id == name]
    changed = replace(check, sql=f"{check.sql} ")
    assert compiled.as_shipped(changed) is None
    assert loader.compiled_of(changed).rests == loader.compiled_of(check).rests


def test_a_check_that_differs_in_anything_is_compiled_anew() -> None:
    [check] = [c for c in loader.load().checks if c.id == "OWN-01"]
    others = (
        replace(check, sql=check.sql + " "),
        replace(check, params={**check.params, "days": 1}),
        replace(check, reasons={**check.reasons, "fail": {"other": "other"}}),
        replace(check, models={"other": "SELECT 1"}),
        replace(check, id="OWN-00"),
    )
    assert compiled.as_shipped(check)
    assert not any(map(compiled.as_shipped, others))


def test_content_without_examples_is_the_same_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = content_dir()  # a copy, which is not read once for all tests
    for name, folder in zip(("frameworks", "sources"), folders, strict=True):
        shutil.copytree(folder, tmp_path / name)
    monkeypatch.setattr(
        loader, "content_dir", lambda: (tmp_path / "frameworks", tmp_path / "sources")
    )
    full, short = loader.load(), loader.load(examples=False, lists=None)
    assert all(c.examples for c in full.checks)
    assert replace(full, checks=short.checks) == short
    assert tuple(replace(c, examples=()) for c in full.checks) == short.checks
