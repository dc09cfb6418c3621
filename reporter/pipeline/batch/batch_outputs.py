"""What a batch leaves and prints. In: a row for each unit. Out: batch.json and batch.csv, a table
for people, JUnit XML and a summary in Markdown, and the exit code.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reporter.errors import on_one_line
from reporter.pipeline.batch.batch_run import ABSENT, ASSESSED, FAILED, Done
from reporter.pipeline.batch.journal import Row
from reporter.pipeline.gates.gate_files import Outcome, write_junit, write_summary
from reporter.pipeline.gates.gate_numbers import Judged
from reporter.pipeline.gates.run_figures import HEADINGS, printed
from reporter.system.plain_text import aligned, clean_json
from reporter.system.temporary import write_whole

SCHEMA = "agent-maturity-batch/1"
JSON, CSV = "batch.json", "batch.csv"
COLUMNS = (
    *("unit", "status", "level", "level_at_most", "score_lo", "score_hi", "coverage"),
    *("failing", "critical", "read", "kept", "out_of_scope", "unreadable", "rejected"),
    *("gates_missed", "checks_not_run", "seconds", "peak_mb", "reason", "run"),
)
_MORE = (
    *("organisation", "unit_name", "period_from", "period_to", "readiness"),
    *("score_lo_exact", "score_hi_exact", "gates", "manifest", "assessed_at"),
)

_SCORED = ("level", "level_at_most", "score_lo", "score_hi", "score_lo_exact", "score_hi_exact")


def write_rows(done: Done, out: Path, group: Row | None = None) -> None:
    """Write the rows, and that of all units; of the same rows the same bytes."""
    from reporter.report.csv_tables import write_table

    rows = [_data(row) for row in done.rows]
    data = {"schema": SCHEMA, "units": rows, "not_in_plan": done.unplanned, "group": group}
    write_whole(out / JSON, clean_json(data, indent=1, sort_keys=True) + "\n")
    part = out / f".{CSV}.part"
    try:
        write_table(part, COLUMNS, [[_cell(row[c]) for c in COLUMNS] for row in rows])
        part.replace(out / CSV)
    finally:
        part.unlink(missing_ok=True)


def as_data(done: Done) -> dict[str, Any]:
    """Return what `--json` prints: the rows, and which units are unchanged."""
    units = [_data(row) | {"unchanged": row["unit"] in done.unchanged} for row in done.rows]
    return {
        "schema": SCHEMA,
        "units": units,
        "not_in_plan": done.unplanned,
        "group": done.group,
        "exit_code": exit_code(done),
    }


def _data(row: Row) -> dict[str, Any]:
    """Return all columns of a row: what nobody knows is null, as is what too little shows."""
    missed = sum(gate["missed"] for gate in row["gates"])
    hidden = _SCORED if row.get("readiness") else ()
    data = {name: None if name in hidden else row.get(name) for name in (*COLUMNS, *_MORE)}
    run = f"{row['unit']}/{row['run']}" if row.get("run") else None
    return data | {"gates_missed": missed if row["status"] == ASSESSED else None, "run": run}


def _cell(value: object) -> str:
    return "" if value is None else on_one_line(str(value))


def exit_code(done: Done) -> int:
    """Return 3 where a unit, or what the batch writes, is not there; 1 where a gate is missed."""
    if done.troubles or any(row["status"] == FAILED for row in done.rows):
        return 3
    return int(any(gate["missed"] for row in done.rows for gate in row["gates"]))


def table(done: Done) -> Iterator[str]:
    """Yield the lines of a table of the units, why some failed, and what was done."""
    lines = [("Unit", "Status", *HEADINGS, "Gates")]
    for row in done.rows:
        status = "unchanged" if row["unit"] in done.unchanged else row["status"]
        lines.append((row["unit"], status, *printed(row), _gates(row)))
    if done.group:
        status = f"{len(done.group['pooled'])} pooled"
        lines.append((done.group["unit"], status, *printed(done.group), ""))
    yield from aligned(lines, 2)
    yield ""
    for row in done.rows:
        if row["status"] != ASSESSED:
            yield f"{row['unit']} ({row['status']}): {row['reason']}"
    if done.group and done.group["left_out"]:
        yield f"not in the numbers of all units: {', '.join(done.group['left_out'])}"
    yield _sum(done)


def _gates(row: Row) -> str:
    if not row["gates"]:
        return "–"
    missed = sum(gate["missed"] for gate in row["gates"])
    return f"{missed} missed" if missed else "met"


def _sum(done: Done) -> str:
    """Say how many units were assessed and how many were not, and why not."""
    count = len(done.rows)
    same = [row for row in done.rows if row["unit"] in done.unchanged]
    counts = dict.fromkeys((ASSESSED, FAILED, ABSENT), 0)
    for row in done.rows:
        counts[row["status"]] += 1
    parts = [f"{counts[ASSESSED] - len(same)} assessed"]
    if same:
        days = sorted({str(row.get("assessed_at") or "")[:10] for row in same} - {""})
        since = f" since {' to '.join(dict.fromkeys([days[0], days[-1]]))}" if days else ""
        parts.append(f"{len(same)} unchanged{since}, nothing of them recomputed")
    parts += [f"{counts[status]} {status}" for status in (FAILED, ABSENT) if counts[status]]
    return f"{count} {'unit' if count == 1 else 'units'}: {'; '.join(parts)}."


def write_gate_files(done: Done, junit: Path | None, summary: Path | None) -> None:
    """Write the outcome as JUnit XML and in Markdown, where files are named for it."""
    outcomes = [
        Outcome(
            row["unit"],
            [Judged(g["gate"], g["missed"], "", g["reason"]) for g in row["gates"]],
            row["reason"] if row["status"] == FAILED else "",
            (row["status"], *printed(row)),
            row["reason"] if row["status"] == ABSENT else "",
        )
        for row in done.rows
    ]
    if junit:
        write_junit(outcomes, junit)
    if summary:
        title = "Governance of AI agents, by unit"
        write_summary(title, ("Status", *HEADINGS), outcomes, summary)
