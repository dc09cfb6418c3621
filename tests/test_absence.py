"""Which results rest on rows that are not there: searched in all examples, by taking rows away.

A partial export proves no absence, so the engine must know of each check in which tables a missing row can earn a pass
or cause a fail (`frameworks/absence.yml`). `ABSENCE=write` searches what changed since, all checks in some minutes;
data/absence.json keeps the SHA-256 of each check that was searched.
"""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import fixture_worlds
import pytest
import yaml
from fixture_worlds import Given, Worlds
from test_certain import sha_of

from reporter.content.loader import Content
from reporter.content.sql_policy import compile_check
from reporter.evaluate import runner
from reporter.model.assessment import Check
from reporter.schema.tables import EVENT_TABLES, TABLES
from reporter.system import folders

pytestmark = pytest.mark.slow

KEPT = Path(__file__).parent / "data" / "absence.json"
LISTED = folders.content_dir()[0] / "absence.yml"
MOST_CHANGED = 6
_NAMES = {"actors", "aliases"}
"""An agent that is missing is another subject: it earns a pass only where one of another shows so."""
MOST_ROWS, MOST_ALONE = 60, 8
"""Rows of one table of one example that are taken away one by one; the second where each world takes an engine."""


def search(check: Check) -> dict[str, list[str]]:
    """Return the tables of which a missing row can earn a pass, and those of which one can cause a fail.

    A fail that rows taken away cause shows in examples. That a row more would fail a subject need not: so each table
    that the check reads can earn a pass, but those whose rows only prove that something is in order.
    """
    better, worse = set[str](), set[str]()
    for example in map(dict, check.examples):
        worlds = Worlds(check, example)
        names = [
            t for t, rows in worlds.given.items() if isinstance(rows, list) and t != "baseline"
        ]
        most = MOST_ALONE if worlds.most == fixture_worlds.MOST_ALONE else MOST_ROWS
        variants = [(t, v) for t in sorted(names) for v in _thinned(worlds.given, t, most)]
        if not variants:
            continue
        whole, *rest = worlds.assess([worlds.given, *(v for _, v in variants)])
        for (table, _), seen in zip(variants, rest, strict=True):
            pairs = [(ok, seen.ok.get(s, "gone")) for s, ok in whole.ok.items()]
            better |= {table for ok, now in pairs if ok is False and now is True}
            if table not in _NAMES:  # who is missing has no result
                better |= {table for ok, now in pairs if ok is False and now == "gone"}
            worse |= {table for ok, now in pairs if ok is True and now is False}
    proofs = worse - better
    earning = (_read(check) - proofs - _NAMES) | better
    return {"pass": sorted(earning), "fail": sorted(worse)}


def _read(check: Check) -> set[str]:
    """Return the loaded tables that a check reads, itself or through a table made of them."""
    compiled = compile_check(check)
    tables = {TABLES[t] for t in compiled.tables}
    found = {t.name for t in tables if t.loaded} | {t.origin for t in tables if t.origin}
    found |= {"events"} if compiled.tables & EVENT_TABLES else set()
    return found | {table for table, _ in runner.needs_of(check, compiled)}


def _thinned(given: Given, table: str, most: int) -> list[Given]:
    rows = given[table]
    variants = []
    for n in [None, *range(min(len(rows), most) if len(rows) > 1 else 0)]:
        made = copy.deepcopy(given)
        made[table] = [] if n is None else [r for i, r in enumerate(rows) if i != n]
        variants.append(made)
    return variants


def listed() -> dict[str, Any]:
    return yaml.safe_load(LISTED.read_text(encoding="utf-8"))["checks"]


def test_what_is_listed_is_what_a_search_finds(content: Content) -> None:
    """Of a check that is not listed every table can decide, which is safe; `ABSENCE=write` lists all."""
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    known = listed()
    assert set(kept) == set(known) <= {c.id for c in content.checks}
    writes = os.environ.get("ABSENCE") == "write"
    changed = [
        c for c in content.checks if kept.get(c.id) != sha_of(c) and (writes or c.id in known)
    ]
    assert writes or len(changed) <= MOST_CHANGED, (
        f"{len(changed)} checks changed: search them with ABSENCE=write pytest tests/test_absence.py"
    )
    found = {c.id: search(c) for c in changed}
    if writes:
        _write(known | found)
        shas = {c.id: sha_of(c) for c in content.checks if c.id in known | found}
        KEPT.write_text(json.dumps(shas, indent=1) + "\n", encoding="utf-8")
        return
    assert {c for c in found if found[c] != known[c]} == set()


def _write(found: dict[str, dict[str, list[str]]]) -> None:
    lines = [
        "# Tables of which a missing row can earn a check a pass, or cause it a fail: what a partial export",
        "# leaves open. Of a check that does not stand here, every table can. Found by taking rows of the",
        "# examples away; see tests/test_absence.py.",
        "checks:",
    ]
    for name, tables in sorted(found.items()):
        words = ", ".join(f"{v}: [{', '.join(tables[v])}]" for v in ("pass", "fail"))
        lines.append(f"  {name}: {{{words}}}")
    LISTED.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_the_search_finds_both_directions(content: Content) -> None:
    (check,) = (c for c in content.checks if c.id == "APR-03")
    found = search(check)
    assert "grants" in found["pass"] and "approvals" in found["fail"]
