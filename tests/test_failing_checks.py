"""A check that cannot be run costs its own results, not the report: they are unknown, and everybody is told."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import printed, reporter
from fixture_estate import Estate
from fixture_reasons import said
from test_docs import EXTRA, OWN_CHECK, ROOT
from test_honesty import OWN

from reporter.authoring import examples
from reporter.authoring.examples import RUN, load_example
from reporter.content.loader import Content
from reporter.content.sql_policy import compile_check
from reporter.engine.base import Broken, Error, Interrupted, OutOfMemory
from reporter.engine.duckdb import DuckDB
from reporter.errors import ContentError
from reporter.evaluate import runner
from reporter.model.assessment import Check
from reporter.pipeline.assess import Options, assess_workspace
from reporter.schema.compiled import Compiled
from reporter.schema.tables import SUBJECTS
from reporter.transform.derive import derive, drop_loaded
from reporter.transform.log_coverage import Expected

pytestmark = pytest.mark.slow

NO_NUMBER = replace(
    OWN,
    id="OWN-78",
    sql="SELECT a.actor_id AS subject, CAST(a.owner_id AS BIGINT) > 0 AS ok FROM agents AS a",
)
"""Fails on an owner that is not a number: on `bo` in the middle of what it reads."""
TWICE = replace(OWN, id="OWN-79", sql=f"{OWN.sql} UNION ALL {OWN.sql} WHERE a.actor_id = 'a2'")
GIVEN = {
    "actors": [
        {"actor_id": "a1", "kind": "agent", "state": "active", "owner_id": "1", "risk_tier": "low"},
        {"actor_id": "a2", "kind": "agent", "state": "active", "owner_id": "bo"},
        {"actor_id": "gone", "kind": "agent", "state": "retired", "owner_id": "1"},
        {"actor_id": "ann", "kind": "human"},
    ],
    "policies": [{"policy_id": "p1"}],
    "events": [
        {"occurred_at": "2026-08-01", "actor_id": "shadow", "actor_kind": "agent", "tool": "pay"}
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def derived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    """An engine with everything that checks read."""
    with DuckDB(tmp_path_factory.mktemp("derived") / "work") as engine:
        load_example(engine, {"given": GIVEN})
        derive(engine, RUN, [Expected("gateway", "day", 0)])
        runner.prepare(engine)
        yield engine


@pytest.fixture
def prepared(derived: DuckDB) -> DuckDB:
    """The engine before its checks: they fill nothing but `results`."""
    derived.run("DELETE FROM results")
    return derived


def compiled(*checks: Check) -> list[tuple[Check, Compiled]]:
    return [(c, compile_check(c)) for c in checks]


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize(
    ("check", "why"),
    [
        (NO_NUMBER, "Conversion Error: Could not convert string 'bo' to INT64"),
        (TWICE, "it gives 2 rows for 'a2'"),
    ],
    ids=["fails while running", "a subject twice"],
)
def test_its_results_are_unknown_and_those_of_others_stand(
    check: Check, why: str, threads: int, prepared: DuckDB
) -> None:
    failed = runner.assess(prepared, compiled(check, OWN), threads, strict=False)
    assert list(failed) == [check.id]
    assert failed[check.id].startswith(why)
    assert said(prepared, []) == {
        ("OWN-77", "a1"): ("pass", "it holds"),
        ("OWN-77", "a2"): ("pass", "it holds"),
        ("OWN-77", "gone"): ("pass", "it holds"),
        ("OWN-77", "shadow"): ("unknown", "not in any register provided"),
        **{
            (check.id, s): ("unknown", f"the check could not be run: {failed[check.id]}")
            for s in ("a1", "a2", "shadow", *(["gone"] if check is TWICE else []))
        },
    }


def test_of_several_subjects_given_more_than_once_the_first_is_named(prepared: DuckDB) -> None:
    more = "SELECT a.actor_id AS subject, TRUE AS ok, 'pass' AS reason_code, '' AS reason_values FROM agents AS a, range({n}) AS t WHERE a.actor_id = '{who}'"
    sql = " UNION ALL ".join(more.format(n=n, who=who) for who, n in (("a2", 3), ("a1", 2)))
    engine_check = (OWN, replace(compiled(OWN)[0][1], sql=sql))
    failed = runner.assess(prepared, [engine_check], strict=False)
    assert failed == {OWN.id: "it gives 2 rows for 'a1'"}


@pytest.mark.parametrize("check", [NO_NUMBER, TWICE], ids=["fails", "twice"])
def test_lint_and_examples_stay_strict(check: Check, prepared: DuckDB) -> None:
    with pytest.raises(ContentError, match=f"{check.id} (failed while running|gives 2 rows)"):
        runner.assess(prepared, compiled(check))


@pytest.mark.parametrize("about", sorted(SUBJECTS))
def test_the_subjects_of_every_kind_of_check_are_unknown(about: str, prepared: DuckDB) -> None:
    """Those that are there, else the organisation: a check that could not be run is never out of the sum."""
    sql = "SELECT 'x' AS subject, CAST(a.name || 'x' AS BIGINT) > 0 AS ok FROM agents AS a"
    prepared.run("UPDATE actors SET name = 'n'")
    runner.assess(prepared, compiled(replace(OWN, about=about, sql=sql)), strict=False)
    assert {status for status, _ in said(prepared, []).values()} == {"unknown"}
    assert {s for _, s in said(prepared, [])} == {
        "agent": {"a1", "a2", "shadow"},
        "actor": {"a1", "a2", "shadow"},
        "log_source": {"gateway"},
        "policy": {"p1"},
    }.get(about, {"organisation"})


def test_the_unknown_results_weigh_what_their_subjects_weigh(prepared: DuckDB) -> None:
    runner.assess(prepared, compiled(NO_NUMBER), strict=False)
    rows = prepared.rows("SELECT subject, actor, tier_lo, tier_hi FROM results ORDER BY subject")
    assert rows == prepared.rows(
        "SELECT subject, actor, tier_lo, tier_hi FROM subjects_agent WHERE live ORDER BY subject"
    )


# ---------------------------------------------------------------- what is no fault of the check


Fail = Callable[[DuckDB, Check], None]


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> Callable[[Fail], None]:
    """Return a function that lets checks fail as the engine would: the faults themselves are not to be had on demand."""
    whole = runner._run_one

    def install(fail: Fail) -> None:
        def some(engine: DuckDB, check: Check, *rest: Any) -> None:
            fail(engine, check)
            whole(engine, check, *rest)

        monkeypatch.setattr(runner, "_run_one", some)

    return install


@pytest.mark.parametrize("error", [Interrupted, Broken])
def test_a_statement_that_was_stopped_or_an_engine_that_is_broken_ends_the_run(
    error: type[Error], prepared: DuckDB, breaking: Callable[[Fail], None]
) -> None:
    def fail(_: DuckDB, check: Check) -> None:
        raise error("stopped")

    breaking(fail)
    with pytest.raises(ContentError, match="OWN-77 failed while running: stopped"):
        runner.assess(prepared, compiled(OWN, TWICE), strict=False)
    assert said(prepared, []) == {}


@pytest.mark.parametrize(("times", "status"), [(1, "pass"), (2, "unknown")])
def test_what_lacks_memory_beside_others_is_tried_alone(
    times: int, status: str, prepared: DuckDB, breaking: Callable[[Fail], None]
) -> None:
    left = [times]

    def fail(_: DuckDB, check: Check) -> None:
        if check.id == "OWN-77" and left[0]:
            left[0] -= 1
            raise OutOfMemory("the engine needs more memory")

    breaking(fail)
    failed = runner.assess(prepared, compiled(OWN), 2, strict=False)
    assert said(prepared, [])["OWN-77", "a1"][0] == status
    assert bool(failed) == (status == "unknown")


# ---------------------------------------------------------------- the whole run


@pytest.fixture
def failing(tmp_path: Path) -> list[object]:
    """Words of an assessment with a check of one's own that fails while running."""
    shutil.copytree(ROOT / "docs/examples", tmp_path / "docs")
    own = tmp_path / "docs/extra" / OWN_CHECK.relative_to(EXTRA)
    text = own.read_text(encoding="utf-8")
    whole = "  FROM sent AS s\n"
    assert whole in text
    wrong = "  FROM sent AS s CROSS JOIN (SELECT CAST(MIN(x.log_source) AS BIGINT) AS n FROM feeds AS x) AS f\n"
    text = text.replace(whole, wrong).replace("s.n_out = 0 THEN", "s.n_out = 0 AND f.n > 0 THEN", 1)
    own.write_text(text, encoding="utf-8")
    return [tmp_path / "docs/workspace", "--extra", tmp_path / "docs/extra", "--out", tmp_path / "run",
            "--formats", "json,csv,html"]  # fmt: skip


SENTENCE = "Checks that could not be run: 1. Each of their results is unknown."


@pytest.mark.usefixtures("few_checks")
@pytest.mark.parametrize(("more", "code"), [([], 0), (["--quiet", "--strict"], 1)])
def test_the_run_goes_on_and_tells_it_everywhere(
    more: list[str], code: int, failing: list[object], tmp_path: Path
) -> None:
    formats = ["--formats", "json"] if more else []
    result = reporter("assess", *failing, *more, *formats)
    assert result.exit_code == code, result.output
    assert SENTENCE in result.stderr
    assert "ENT-51: it failed: Conversion Error: Could not convert" in result.stderr
    assert (SENTENCE in result.stdout) == (not more)
    report = printed(tmp_path / "run")
    notice = report["summary"]["notices"][0]
    assert (notice["code"], notice["text"]) == ("checks_not_run", SENTENCE)
    if more:
        return
    page = (tmp_path / "run/report.html").read_text()
    _, behind = page.split("Before you rely on these numbers</h3>")
    assert SENTENCE in behind.split("Frameworks side by side</h3>")[0]
    rows = (tmp_path / "run/findings.csv").read_text()
    assert "the check could not be run: it failed: Conversion Error" in rows


@pytest.mark.usefixtures("few_checks")
def test_lint_refuses_such_a_check(failing: list[object]) -> None:
    result = reporter("lint", "--extra", failing[2])
    assert result.exit_code == 3
    assert "ENT-51" in result.output
    assert "failed while running" in result.output


def test_if_no_check_can_be_run_all_is_unknown_and_the_report_stands(
    tmp_path: Path, breaking: Callable[[Fail], None]
) -> None:
    """Also what the report asks the checks for again, such as the practices of GOV-01, does without them.

    Nor is a sample held against them that was declared for one.
    """

    def fail(_: DuckDB, check: Check) -> None:
        raise Error("no")

    breaking(fail)
    estate = Estate()
    estate.settings["samples"] = {"OWN-02": {"size": 5, "frame": 40, "seed": 7, "note": "by audit"}}
    estate.write(tmp_path / "ws")
    _, view = assess_workspace(tmp_path / "ws", tmp_path / "run", Options(formats=("json",)))
    assert view.summary.notices[0].code == "checks_not_run"
    assert {row[view.finding_columns.index("status")] for row in view.findings} == {"unknown"}
    assert view.summary.figure.text == "Too little evidence to score"


def test_a_row_without_a_subject_stops_the_check(content: Content) -> None:
    """It was dropped: who had no name had no result, and nobody heard of it."""
    given = {"actors": [{"actor_id": a, "kind": "agent"} for a in ("a1", "a2", "a3")]}
    own = next(c for c in content.checks if c.id == "OWN-01")
    sql = "SELECT CASE a.actor_id WHEN 'a1' THEN 'a1' END AS subject, a.kind = 'agent' AS ok FROM agents AS a"
    check = replace(own, sql=sql, reasons={}, params={}, needs=(), fails_without=())
    with pytest.raises(ContentError, match="gives 2 rows without a subject") as failed:
        examples.results_of(check, {"given": given})
    assert failed.value.place == check.place


def test_rows_as_loaded_go_unless_a_query_names_them(tmp_path: Path) -> None:
    with DuckDB(tmp_path / "work") as engine:
        load_example(engine, {"given": GIVEN})
        derive(engine, RUN, [Expected("gateway", "day", 0)])
        drop_loaded(engine, ["SELECT 1", "SELECT count(*) FROM in_reviews"])
        loaded = "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'in@_%' ESCAPE '@'"
        left = {name for (name,) in engine.rows(loaded)}
        assert left == {"in_actors", "in_aliases", "in_baseline", "in_events", "in_reviews"}
