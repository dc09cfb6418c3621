"""The roll-up of the units of a batch. In: their rows, as batch.json has them. Out: rollup.json and
its sisters beside it, and a row for all units together.

A program of its own makes it: what it reads of fifty runs would stay in the memory of this one.
What is made of the same rows is not made again.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reporter.pipeline.batch import worker
from reporter.pipeline.batch.batch_plan import Plan
from reporter.pipeline.batch.batch_run import Done
from reporter.pipeline.batch.journal import Row
from reporter.score import rounded
from reporter.system.hashes import sha256

NAME = "All units"
FILES = ("rollup.json", "rollup.csv", "rollup.html", "rollup.pdf")
_SUMS = ("failing", "critical", "read", "kept", "out_of_scope", "unreadable", "rejected")


def known_group(path: Path, done: Done, plan: Plan) -> Row | None:
    """Return the row of an earlier batch for all units, if it is of the same and its files are
    there as they were left.
    """
    try:
        group = json.loads(path.read_bytes()).get("group")
        files = {name: sha256(plan.out / name) for name in group["files"]}
        same = group["made_of"] == _made_of(done, plan) and group["files"] == files
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return dict(group) if same else None


def roll_up_units(done: Done, plan: Plan) -> tuple[Row | None, str]:
    """Roll up what batch.json names; return the row for all units, and what went wrong.

    Files of an earlier batch are removed first: they say nothing of these units.
    """
    for name in FILES:
        (plan.out / name).unlink(missing_ok=True)
    if not any(row["status"] == "assessed" for row in done.rows):
        return None, ""
    formats = _formats(plan)
    words = ["rollup", str(plan.out), "--out", str(plan.out), "--json"]
    words += ["--by", "unit", "--formats", ",".join(formats), "--language", plan.language]
    path = [p for p in sys.path if p]
    ended = subprocess.run(
        [sys.executable, "-P", "-c", worker._START.format(path=path), *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if ended.returncode:
        said = ended.stderr.decode(errors="replace").strip().splitlines()
        return None, f"the units could not be rolled up: {said[-1] if said else ended.returncode}"
    return _row(json.loads(ended.stdout), done, plan, formats), ""


def _formats(plan: Plan) -> list[str]:
    mediums = {name.rpartition("-")[2] for name in plan.writers}
    return ["json", "csv", *sorted(mediums & {"html", "pdf"})]


def _row(made: Mapping[str, Any], done: Done, plan: Plan, formats: Iterable[str]) -> Row:
    """Return the row for all units, with the columns of a unit."""
    whole = made["groups"][0]
    pooled = [m["unit"] for m in made["pooled"]]
    lo, hi = whole["score"] or (None, None)
    level = whole["level"] or (None, None)
    sums = {n: sum(row[n] for row in done.rows if row["unit"] in pooled) for n in _SUMS}
    return {
        "unit": NAME,
        "pooled": pooled,
        "left_out": [m["unit"] for m in made["left_out"]],
        "level": level[0],
        "level_at_most": level[1],
        "score_lo": _percent(lo),
        "score_hi": _percent(hi),
        "score_lo_exact": lo,
        "score_hi_exact": hi,
        "coverage": _percent(whole["coverage"]),
        "readiness": whole["score"] is None,
        **sums,
        "made_of": _made_of(done, plan),
        "files": {f"rollup.{name}": sha256(plan.out / f"rollup.{name}") for name in formats},
    }


def _percent(share: str | None) -> float | None:
    from fractions import Fraction

    return None if share is None else float(rounded(Fraction(share)))


def _made_of(done: Done, plan: Plan) -> str:
    """Return a hash of all that shapes the roll-up; the name of a run holds the program."""
    names = ("unit", "status", "reason", "run", "manifest")
    units = [[row.get(n) for n in names] for row in done.rows]
    text = json.dumps([units, done.unplanned, _formats(plan), plan.language])
    return hashlib.sha256(text.encode()).hexdigest()
