"""A failure that no missing column can undo stands, and one that could be a pass does not: searched in all examples.

The search takes minutes for all checks (`make deep`). What it found is kept in data/certain.json with the SHA-256 of each
check; the suite searches those that changed since. `CERTAIN=write` writes it anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from fixture_worlds import Worlds, filled, needed, without

from reporter.catalog import Content
from reporter.model import Check
from reporter.sql import judge

KEPT = Path(__file__).parent / "data" / "certain.json"
Left = dict[str, list[str]]
"""Column -> subjects whose failure no value of it undoes, and that are unknown without it all the same."""


def sha_of(check: Check) -> str:
    told = (check.sql, check.params, check.needs, check.fails_without, check.at_best, check.examples)
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:16]


def search(check: Check) -> tuple[list[str], Left]:
    """Return what is claimed to fail and may pass, and what is certain and not claimed."""
    wrong: list[str] = []
    left: Left = {}
    dice = random.Random(11)
    for example in map(dict, check.examples):
        worlds = Worlds(check, example)
        judged = judge(check.sql, {**check.params, **example.get("params", {})}, check.place)
        names, lacking, untold = needed(check, judged, worlds.given)
        claimed = [n for n in names if n in check.fails_without or n in check.at_best]
        sets = [[n] for n in names] + ([claimed] if len(claimed) > 1 else [])
        sets += [dice.sample(claimed, 2) for _ in range(3 if len(claimed) > 2 else 0)]
        bare = worlds.judge([without(worlds.given, s) for s in sets]) if sets else []
        live = [(s, b) for s, b in zip(sets, bare, strict=True) if b.failing]
        variants = [filled(check, worlds.given, s + lacking, dice, worlds.most) for s, _ in live]
        told = iter(worlds.judge([v for some in variants for v in some]) if live else [])
        for (columns, seen), some in zip(live, variants, strict=True):
            after = [next(told).failing for _ in some]
            certain = {s for s in seen.failing if all(s in a for a in after)}
            fails = {s for s, (verdict, _) in seen.cells.items() if verdict == "fail"}
            where = f"{example['name']!r} without {', '.join(columns)}"
            wrong += [f"{where}: {s}" for s in sorted(fails - certain)]
            if len(columns) == 1 and certain - fails and not untold:
                left.setdefault(columns[0], []).extend(sorted(certain - fails))
    return wrong, left


def kept() -> dict[str, Any]:
    return json.loads(KEPT.read_text(encoding="utf-8"))


def _searched(checks: list[Check]) -> None:
    found = {c.id: search(c) for c in checks}
    if os.environ.get("CERTAIN") == "write":
        made = kept() if KEPT.exists() else {}
        made |= {
            c.id: {"sha": sha_of(c), "left": {n: len(s) for n, s in sorted(found[c.id][1].items())}}
            for c in checks
        }
        KEPT.write_text(json.dumps(dict(sorted(made.items())), indent=1) + "\n", encoding="utf-8")
    assert {c: wrong for c, (wrong, _) in found.items() if wrong} == {}
    before = kept()
    more = {
        (c, name): subjects
        for c, (_, left) in found.items()
        for name, subjects in left.items()
        if len(subjects) > before.get(c, {"left": {}})["left"].get(name, 0)
    }
    assert more == {}, "say in the check what the column would be at best (at_best), or fails_without"
