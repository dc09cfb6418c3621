"""The method once more, slow and plain, for comparison: model and observations in, the shape of `score_observations` out.

Written from the text of the method's sections 2 and 3 alone; it imports nothing of the scorer.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction as F
from typing import Any

Data = dict[str, Any]
TIER = {1: 1, 2: 2, 3: 4, 4: 8}
SEVERITY = {"critical": 8, "high": 4, "medium": 2, "low": 1}
CREDIT = {
    "lo": {"pass": F(1), "fail": F(0), "unknown": F(0), "attested": F(1, 2), "compensated": F(1, 2)},
    "hi": {"pass": F(1), "fail": F(0), "unknown": F(1), "attested": F(1), "compensated": F(1, 2)},
}  # fmt: skip
BADNESS = ["unknown", "na", "pass", "fail"]


def reference(model: Data, observations: list[Data], as_of: int) -> Data:
    """Settle and score."""
    cells, conflicts = settled(model, observations, as_of)
    return {"cells": cells, **rated(model, cells), "conflicts": conflicts}


def settled(model: Data, observations: list[Data], as_of: int) -> tuple[Data, list[list[str]]]:
    """2.1, rule by rule."""
    cells: Data = {}
    conflicts = []
    for check in model["checks"]:
        cells[check["id"]] = {}
        for subject in dict.fromkeys(model.get("scope", {}).get(check["id"], [])):
            here = [o for o in observations if (o["check"], o["subject"]) == (check["id"], subject)]
            said = [o for o in here if o["at"] <= as_of and o["result"] != "unknown"]
            words = [
                _word([o for o in said if o["source"] == source], check.get("max_age"), as_of)
                for source in {o["source"] for o in said}
            ]
            results = {result for result, _ in words}
            status = max(results, key=BADNESS.index, default="unknown")
            if status == "pass" and all(attested for result, attested in words if result == "pass"):
                status = "attested"
            if {"pass", "fail"} <= results:
                conflicts.append([check["id"], subject])
            cells[check["id"]][subject] = status
    before = {check: dict(own) for check, own in cells.items()}
    for row in model.get("compensations", []):
        check, subject = row["check"], row["subject"]
        holds = before[row["by_check"]].get(subject) == "pass" and as_of < row["expires"]
        if before[check].get(subject) == "fail" and holds:
            cells[check][subject] = "compensated"
    return cells, conflicts


def _word(said: list[Data], max_age: int | None, as_of: int) -> tuple[str, bool]:
    """What one source says: its newest result, and whether that is attested only."""
    at = max(o["at"] for o in said)
    newest = [o for o in said if o["at"] == at]
    result = max((o["result"] for o in newest), key=BADNESS.index)
    if result != "fail" and max_age is not None and as_of - at > max_age:
        return "unknown", False
    return result, {o["method"] for o in newest if o["result"] == result} == {"attest"}


def rated(model: Data, cells: Data) -> Data:
    """3.1 to 3.5 and the states of 3.8."""
    state = {}
    for control in model["controls"]:
        of = [p["id"] for p in model["practices"] if p["control"] == control["id"]]
        checks = [c["id"] for c in model["checks"] if c["practice"] in of]
        counted = [status for c in checks for status in cells[c].values() if status != "na"]
        known = any(status != "unknown" for status in counted)
        state[control["id"]] = "not_applicable" if not counted else "assessed" if known else "not_assessed"  # fmt: skip
    return {**{side: _side(model, cells, side) for side in ("lo", "hi")}, "state": state}


def _side(model: Data, cells: Data, side: str) -> Data:
    check = {c["id"]: _check(model, cells[c["id"]], side) for c in model["checks"]}
    practice = {p["id"]: _practice(model, cells, check, p["id"], side) for p in model["practices"]}
    control, level = {}, {}
    for row in model["controls"]:
        own = [p for p in model["practices"] if p["control"] == row["id"]]
        control[row["id"]] = _mean([(F(str(p.get("weight", 1))), practice[p["id"]]) for p in own])
        level[row["id"]] = _level([(p["level"], practice[p["id"]]) for p in own])
    weights = {c["id"]: F(str(c.get("weight", 1))) for c in model["controls"]}
    total = _mean([(weights[c], score) for c, score in control.items()])
    total_level = _total_level([(p["level"], practice[p["id"]]) for p in model["practices"]], level)
    texts = {kind: {i: None if v is None else str(v) for i, v in values.items()}
             for kind, values in (("check", check), ("practice", practice), ("control", control))}  # fmt: skip
    return {**texts, "total": None if total is None else str(total), "level": level, "total_level": total_level}  # fmt: skip


def _mean(pairs: list[tuple[Any, F | None]]) -> F | None:
    applied = [(weight, value) for weight, value in pairs if value is not None]
    if not applied:
        return None
    return sum((w * v for w, v in applied), F(0)) / sum((w for w, _ in applied), F(0))


def _check(model: Data, own: Mapping[str, str], side: str) -> F | None:
    return _mean([
        (TIER[model["subjects"][subject]], None if status == "na" else CREDIT[side][status])
        for subject, status in own.items()
    ])  # fmt: skip


def _practice(model: Data, cells: Data, check: Data, name: str, side: str) -> F | None:
    own = [c for c in model["checks"] if c["practice"] == name]
    score = _mean([(SEVERITY[c["severity"]], check[c["id"]]) for c in own])
    open_critical = [
        subject
        for c in own if c["severity"] == "critical"
        for subject, status in cells[c["id"]].items()
        if status != "na" and CREDIT[side][status] == 0 and model["subjects"][subject] >= 3
    ]  # fmt: skip
    return min(score, F(1, 2)) if score is not None and open_critical else score


def _level(practices: list[tuple[int, F | None]]) -> int | None:
    """The highest level that a control (as a theme of the enterprise) does not stand in the way of."""
    applied = [(level, score) for level, score in practices if score is not None]
    if not applied:
        return None
    return max(
        n for n in range(6)
        if all(score > F(50, 100) for level, score in applied if level == n)
        and all(score > F(85, 100) for level, score in applied if level < n)
    )  # fmt: skip


def _total_level(practices: list[tuple[int, F | None]], controls: Mapping[str, int | None]) -> int:
    """The lowest of all controls, and no level of which, or of one below, fewer than half of the practices apply."""
    judged = 0
    for n in range(1, 6):
        here = [score is not None for level, score in practices if level == n]
        if not here or sum(here) / F(len(here)) < F(1, 2):
            break
        judged = n
    return min([judged, *(n for n in controls.values() if n is not None)])


def planned(model: Data, cells: Data, actions: Data) -> list[Data]:
    """3.11: all that are left are scored in full, the best is taken, and so on."""
    now = {check: dict(own) for check, own in cells.items()}
    left = {name: (F(str(a["effort"])), a["cells"]) for name, a in actions.items()}
    picks = []
    while left:
        total = _total(model, now)
        gains = {name: _total(model, _done(now, own)) - total for name, (_, own) in left.items()}
        order = {n: (-gains[n] / effort, -gains[n], effort, n) for n, (effort, _) in left.items()}
        best = min(left, key=lambda name: order[name])
        effort, own = left.pop(best)
        now = _done(now, own)
        picks.append({"id": best, "effort": str(effort), "gain": str(gains[best]), "total": str(_total(model, now))})  # fmt: skip
    return picks


def _done(cells: Data, own: list[list[str]]) -> Data:
    after = {check: dict(found) for check, found in cells.items()}
    for check, subject in own:
        after[check][subject] = "pass"
    return after


def _total(model: Data, cells: Data) -> F:
    return F(_side(model, cells, "lo")["total"] or 0)
