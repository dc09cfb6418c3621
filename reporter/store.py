"""The data of a run: report.json and results.parquet. In: an `Assessment`, an engine with cells. Out: both files; and back.

No language stands in it: shares are exact fractions ("62/105"), times ISO 8601, verdicts and notices codes with values.
What a person reads is made of it by `reporter.report`, in any language, at any time.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from reporter import db, ids
from reporter.db import Engine
from reporter.errors import InputError
from reporter.model import Assessment, Finding
from reporter.plain import escape_json
from reporter.schema import LISTED
from reporter.scores import Status, Tally, tier_text

DATA, RESULTS = "report.json", "results.parquet"
SCHEMA = "agent-maturity-run/1"
RESULT = (
    *("check", "subject", "status", "reason", "record", "actor", "owner"),
    *("tier_lo", "tier_hi", "waived_until", "waiver", "listed", "id"),
)
"""The columns of results.parquet, a verdict a row."""
APART = ("findings",)
"""What of an assessment is not in report.json, but in results.parquet."""
_CELLS = (
    "SELECT check_id AS check, subject, status, reason, ref AS record, actor, owner, tier_lo, tier_hi, "
    "coalesce(waived_until, '') AS waived_until, coalesce(waiver, '') AS waiver, "
    f"{LISTED} AS listed, {ids.FINDING} AS id FROM cells ORDER BY check_id, subject"
)
AGAIN = "Take the run as it was left, or assess the workspace again with this version."
NAMED = f"A run is the folder that `reporter assess` left: {DATA}, {RESULTS} and what is printed of them."
OPEN = "status NOT IN ('pass', 'na')"
"""What of the verdicts are findings, in this order."""


def write_results(engine: Engine, folder: Path) -> None:
    """Write every verdict, by check and subject."""
    engine.write_parquet(_CELLS, folder / RESULTS, "zstd")


def write_data(assessment: Assessment, folder: Path) -> None:
    """Write all of an assessment but its verdicts; the same bytes for the same assessment."""
    (folder / DATA).write_bytes(to_json(assessment))


def to_json(assessment: Assessment) -> bytes:
    """Return an assessment as report.json holds it: without findings, which are results, and examples of checks."""
    data = {"schema": SCHEMA}
    for f in fields(assessment):
        if f.name not in APART:
            data[f.name] = getattr(assessment, f.name)
    data["checks"] = [replace(c, examples=()) for c in assessment.checks]  # type: ignore[assignment]
    try:
        text = msgspec.json.encode(data, enc_hook=_encoded, order="sorted")
    except UnicodeEncodeError:  # a name in a settings file is anything that YAML can escape
        plain = _in_utf8(msgspec.to_builtins(data, enc_hook=_encoded, order="sorted"))
        text = msgspec.json.encode(plain, order="sorted")
    return escape_json(text.decode()).encode() + b"\n"


def read_run(run: Path) -> Assessment:
    """Return what a run folder holds.

    Raises InputError where it holds no run, one of another version, or other verdicts than its scores rest on.
    """
    held = read_data(run)
    check_results(run, held)
    return replace(held, findings=tuple(read_findings(run)))


def check_results(run: Path, held: Assessment) -> None:
    """Raise InputError where a run has not as many verdicts of each status, by check, as were scored.

    A verdict that was changed by hand would be printed as if it counted.
    """
    scored = {
        (c.check, s): n for c in held.scores.checks.values() for s, n in c.counts.items() if n
    }
    found: Counter[tuple[str, Status]] = Counter()
    for tally in read_tallies(run):
        found[tally.check, tally.status] += tally.n
    if found != scored:
        check, status = min(k for k in {*found, *scored} if found[k] != scored.get(k, 0))
        raise InputError(
            f"holds {found[check, status]} verdicts {status} of {check}, and {DATA} counts {scored.get((check, status), 0)}",
            str(run / RESULTS), AGAIN,
        )  # fmt: skip


def read_data(run: Path) -> Assessment:
    """Return what a run folder holds beside its verdicts; raise InputError as `read_run`."""
    path = run / DATA
    if not path.is_file():
        raise InputError(f"no {DATA} in it; is it a run folder?", str(run), NAMED)
    try:
        return from_json(path.read_bytes())
    except (msgspec.MsgspecError, ValueError, ZeroDivisionError) as error:
        raise InputError(f"is no report: {error}", str(path), AGAIN) from error


def from_json(data: bytes) -> Assessment:
    """Return the assessment that `to_json` wrote, without findings; raise ValueError where it is none of this version."""
    found = msgspec.json.decode(data, type=_Head).schema
    if found != SCHEMA:
        raise ValueError(f"its schema is {found or 'not named'}, and this version reads {SCHEMA}")
    made: Assessment = _decoder().decode(data)
    return made


def read_results(
    run: Path, where: str = "TRUE", columns: Sequence[str] = RESULT
) -> list[tuple[Any, ...]]:
    """Return columns of the verdicts of a run that a condition in SQL chooses, by check and subject."""
    return _rows(run, [f'"{name}"' for name in columns], where)


def read_findings(run: Path) -> list[Finding]:
    """Return every verdict of a run that is not a pass, by check and subject."""
    return [
        Finding(check, subject, Status(status), reason, record, actor, owner, tier_text(lo, hi), *rest)
        for check, subject, status, reason, record, actor, owner, lo, hi, *rest in read_results(run, OPEN, RESULT[:-1])
    ]  # fmt: skip


def sha256(path: Path) -> str:
    """Return the hash of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def read_tallies(run: Path) -> list[Tally]:
    """Return how many verdicts of a run share check, status and tiers."""
    kinds = ('"check"', "status", "tier_lo", "tier_hi", "count(*)")
    rows = _rows(run, kinds, more="GROUP BY ALL ORDER BY ALL")
    try:
        return [Tally(check, Status(status), lo, hi, n) for check, status, lo, hi, n in rows]
    except ValueError as error:
        raise InputError(f"holds what is no verdict: {error}", str(run / RESULTS), AGAIN) from error


def _rows(
    run: Path, columns: Sequence[str], where: str = "TRUE", more: str = ""
) -> list[tuple[Any, ...]]:
    path = run / RESULTS
    if not path.is_file():
        raise InputError(f"this run has no {RESULTS}", str(run), NAMED)
    try:
        return db.read_rows(path, columns, where, more)
    except InputError as error:
        raise InputError(error.message, error.place, AGAIN) from error


class _Head(msgspec.Struct):
    schema: str = ""


@cache
def _decoder() -> msgspec.json.Decoder[Assessment]:
    return msgspec.json.Decoder(Assessment, dec_hook=_decoded)


def _encoded(value: Any) -> str:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    raise TypeError(f"report.json cannot hold {type(value)}")


def _in_utf8(value: Any) -> Any:
    """Write halves of characters as escapes, as every print does."""
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {_in_utf8(k): _in_utf8(v) for k, v in value.items()}
    return [_in_utf8(v) for v in value] if isinstance(value, list | tuple) else value


def _decoded(kind: type, value: Any) -> Any:
    if kind is Fraction:
        return Fraction(value)
    raise TypeError(f"report.json cannot hold {kind}")
