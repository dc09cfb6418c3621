"""report.json, results.parquet: a run as data. In: an `Assessment`, results. Out: both; and back.

The data have no language: shares are exact fractions ("62/105"), times ISO 8601, results and
notices codes with values. `reporter.report` turns them into text, in any language, at any time.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import msgspec

from reporter.engine.base import Engine
from reporter.engine.duckdb import DEFAULT_MEMORY, Parquet
from reporter.errors import InputError
from reporter.model import ids
from reporter.model.assessment import SEVERITIES, Assessment, Check
from reporter.model.reasons import Reasons
from reporter.model.roadmap import SHOW, Roadmap
from reporter.model.scores import HELD, Status, Tally
from reporter.runs.run_manifest import MANIFEST as MANIFEST
from reporter.runs.run_manifest import read_manifest
from reporter.schema.tables import LISTED
from reporter.system.hashes import sha256
from reporter.system.plain_text import escape_json

_Kind = TypeVar("_Kind")
DATA, RESULTS, CHANGES = "report.json", "results.parquet", "changes.parquet"
LISTS = "report-lists.json.gz"
"""The longest lists of report.json, where they are too long for it."""
LISTED_APART = ("causes", "compared", "coverage", "roadmap")
"""The fields that grow with the agents."""
MOST_LISTED = 8 << 20
"""Bytes of these fields that report.json holds itself."""
_AT_ONCE = 1000
"""Entries of a list that are made a text together."""
SCHEMA = "agent-maturity-run/4"
RESULT = (
    *("check", "subject", "status", "reason_code", "reason_values", "record", "actor", "owner"),
    *(
        "tier_lo",
        "tier_hi",
        "evidence",
        "waived_until",
        "waiver",
        "listed",
        "id",
        "cause",
        "action",
        "rank",
    ),
)
"""The columns of results.parquet, one row per result."""
CHANGE = (
    *("check", "subject", "actor", "owner", "before", "now"),
    *("reason_code_before", "reason_values_before", "reason_code", "reason_values"),
    *("record_before", "record", "failing_since", "waived_until"),
)
"""The columns of changes.parquet: one row per result that differs from the previous run, or fails
in both.
"""
STATUSES = (
    Status.FAIL,
    Status.UNKNOWN,
    Status.COMPENSATED,
    Status.ATTESTED,
    Status.DECLARED,
    Status.PASS,
    Status.NA,
)
"""Order of the results of a check in results.parquet."""
OPEN = f"status NOT IN ({', '.join(map(repr, map(str, (*HELD, Status.NA))))})"
"""SQL: the results that are findings."""
_SORTED = (
    "SELECT check_id, subject, status, reason_code, reason_values, ref, actor, owner,"
    " CAST(tier_lo AS UTINYINT) AS tier_lo, CAST(tier_hi AS UTINYINT) AS tier_hi, evidence,"
    f" waived_until, waiver, {LISTED} AS listed, digest, shown, cause, action, rank FROM results"
    " JOIN places USING (check_id, status) JOIN subject_order USING (subject) LEFT JOIN led_ranks"
    f" USING (check_id, subject) ORDER BY place * {1 << 32} + nth"
)
_ROWS = (
    "SELECT check_id AS check, CAST(subject AS VARCHAR) AS subject, status, reason_code,"
    " CAST(reason_values AS VARCHAR) AS reason_values, CAST(ref AS VARCHAR) AS record, CAST(actor"
    " AS VARCHAR) AS actor, CAST(owner AS VARCHAR) AS owner, CAST(tier_lo AS BIGINT) AS tier_lo,"
    " CAST(tier_hi AS BIGINT) AS tier_hi, CAST(evidence AS VARCHAR) AS evidence,"
    " coalesce(waived_until, '') AS waived_until, coalesce(waiver, '') AS waiver, listed, check_id"
    " || '-' || digest AS id,"
    " coalesce(CAST(cause AS VARCHAR), '') AS cause, CASE WHEN status ="
    f" '{Status.UNKNOWN}' THEN check_id || '{SHOW}' ELSE coalesce(CAST(action AS VARCHAR), '') END"
    f" AS action, CASE WHEN status = '{Status.UNKNOWN}' THEN nullif(CAST(shown AS BIGINT), 0) ELSE"
    " CAST(rank AS BIGINT) END AS rank FROM sorted"
)
AGAIN = "Take the run as it was left, or assess the workspace again with this version."
NAMED = (
    f"A run is the folder that `reporter assess` left: {DATA}, {RESULTS} and what is printed of"
    " them."
)


def write_results(engine: Engine, checks: Iterable[Check], roadmap: Roadmap, folder: Path) -> None:
    """Write every result: the check of the highest severity first, within a check failures first,
    then by subject.

    The engine's table `led` has the cause and the action of each failure.
    """
    ranks = {p.action.id: n for n, p in enumerate(roadmap.picks, 1)}
    ranked = sorted(checks, key=lambda c: (SEVERITIES.index(c.severity), c.id))
    engine.run("CREATE TABLE named_places (id VARCHAR, state VARCHAR, place BIGINT, shown INTEGER)")
    engine.insert(
        "named_places",
        [
            (check.id, status, at * len(STATUSES) + nth, ranks.get(f"{check.id}{SHOW}", 0))
            for at, check in enumerate(ranked)
            for nth, status in enumerate(STATUSES)
        ],
    )
    engine.run(
        "CREATE TABLE places AS SELECT check_id, status, place, shown FROM (SELECT DISTINCT"
        " check_id, status FROM results) AS kinds JOIN named_places ON id = check_id AND state ="
        " status"
    )
    # A subject has a result in most checks: it is hashed and put in its place once.
    engine.run(
        f"CREATE TABLE subject_order AS SELECT subject, {ids.DIGEST} AS digest, row_number() OVER"
        " (ORDER BY subject) AS nth FROM (SELECT DISTINCT subject FROM results) AS named"
    )
    engine.run("CREATE TABLE ranks (action VARCHAR, rank INTEGER)")
    engine.insert("ranks", list(ranks.items()))
    engine.run(
        "CREATE TABLE led_ranks AS SELECT p.check_id, s.subject, cause, action, rank FROM led AS l"
        " JOIN (SELECT DISTINCT check_id FROM places) AS p ON p.check_id = l.check_id JOIN"
        " subject_order AS s ON s.subject = l.subject LEFT JOIN ranks USING (action)"
    )
    _code(engine, "subject_order", "digest")
    _code(engine, "led_ranks", "cause")
    _code(engine, "led_ranks", "action")
    # Sorted as numbers, and only then given their words: at once it takes 280 MB more.
    engine.run(f"CREATE TABLE sorted AS {_SORTED}")
    engine.write_parquet(_ROWS, folder / RESULTS, "zstd")
    engine.run("DROP TABLE sorted")


def _code(engine: Engine, table: str, column: str) -> None:
    """Replace the texts of a column by numbers that stand for them."""
    if engine.one(f"SELECT count({column}) FROM {table}"):
        texts = f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY 1"
        engine.run(f"CREATE TYPE {table}_{column} AS ENUM ({texts})")
        # ALTER takes six times as long.
        engine.run(
            f"CREATE TABLE coded_{table} AS SELECT * REPLACE (CAST({column} AS {table}_{column}) AS"
            f" {column}) FROM {table}"
        )
        engine.run(f"DROP TABLE {table}")
        engine.run(f"ALTER TABLE coded_{table} RENAME TO {table}")


def write_data(assessment: Assessment, folder: Path) -> None:
    """Write an assessment; the same bytes for the same assessment.

    Long lists go to `LISTS`, packed: of 20,000 agents they are 65 MB, and packed 5. They are
    written piece by piece, as whole texts they take four times their size.
    """
    data = _fields(assessment)
    pieces = _pieces({name: data[name] for name in LISTED_APART})
    held_pieces, size = [], 0
    for piece in pieces:
        held_pieces.append(piece)
        size += len(piece)
        if size > MOST_LISTED:
            digest = _pack(chain(held_pieces, pieces), folder / LISTS)
            data = {name: value for name, value in data.items() if name not in LISTED_APART}
            data["lists"] = _Apart(LISTS, digest, LISTED_APART)
            break
    (folder / DATA).write_bytes(_json(data))


def _pack(pieces: Iterable[bytes], path: Path) -> str:
    """Write pieces of a text as gzip, without a name and a time; return the hash of the file."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    with path.open("wb") as file:
        for piece in pieces:
            file.write(packer.compress(piece))
        file.write(packer.flush())
    return sha256(path)


def to_json(assessment: Assessment) -> bytes:
    """Return an assessment as report.json holds it, with all lists: without the examples of
    checks.
    """
    return _json(_fields(assessment))


def _fields(assessment: Assessment) -> dict[str, Any]:
    data: dict[str, Any] = {
        "schema": SCHEMA,
        **{f.name: getattr(assessment, f.name) for f in fields(assessment)},
    }
    data["checks"] = [replace(c, examples=()) for c in assessment.checks]
    return data


def _json(data: dict[str, Any]) -> bytes:
    return encoded(data) + b"\n"


def encoded(value: Any, order: Literal["sorted"] | None = "sorted") -> bytes:
    """Return plain data as JSON, in UTF-8 without what no reader may see; without an order
    the keys of a dict stay as they are.
    """
    try:
        text = msgspec.json.encode(value, enc_hook=_encode, order=order)
    except UnicodeEncodeError:  # a name in a settings file is anything that YAML can escape
        plain_data = _in_utf8(msgspec.to_builtins(value, enc_hook=_encode, order=order))
        text = msgspec.json.encode(plain_data, order=order)
    return text if text.isascii() and b"\x7f" not in text else escape_json(text.decode()).encode()


def _pieces(data: dict[str, Any]) -> Iterator[bytes]:
    """Yield what `_json` returns in pieces: the lists in `data`, and in its dataclasses, a thousand
    entries at a time.
    """
    yield from _in_pieces(data)
    yield b"\n"


def _in_pieces(value: Any) -> Iterator[bytes]:
    if is_dataclass(value):
        value = {f.name: getattr(value, f.name) for f in fields(value)}
    if isinstance(value, dict):
        for at, name in enumerate(sorted(value)):
            yield (b"," if at else b"{") + encoded(name) + b":"
            yield from _in_pieces(value[name])
        yield b"}"
    elif isinstance(value, tuple) and len(value) > _AT_ONCE:
        for at in range(0, len(value), _AT_ONCE):
            yield (b"," if at else b"[") + encoded(value[at : at + _AT_ONCE])[1:-1]
        yield b"]"
    else:
        yield encoded(value)


def data_files(run: Path) -> list[Path]:
    """Return the files that hold the data of a run."""
    return [run / name for name in (DATA, LISTS, RESULTS) if (run / name).is_file()]


def read_run(run: Path) -> tuple[Assessment, Results]:
    """Return the data and results of a run folder.

    Raises InputError where it holds no run, one of another version, or results that differ from its
    scores.
    """
    assessment = read_data(run)
    results = Results(run, assessment.checks)
    check_results(results, assessment)
    _refuse_others(run)
    if assessment.history.runs:
        ((count,),) = Changes(run, assessment.checks).rows(("count(*)",))
        if count != assessment.history.changes:
            raise InputError(
                f"holds {count} changes, and {DATA} counts {assessment.history.changes}",
                str(run / CHANGES),
                AGAIN,
            )
    return assessment, results


def _refuse_others(run: Path) -> None:
    """Raise InputError where the data differ from the manifest of the run; without a manifest none
    do.
    """
    if not (run / MANIFEST).exists():
        return
    outputs = read_manifest(run)["outputs"]
    for name in (n for n in (DATA, RESULTS, CHANGES) if n in outputs):
        if (run / name).is_file() and sha256(run / name) != outputs[name]["sha256"]:
            raise InputError(
                f"is not the file that {MANIFEST} names: its hash differs", str(run / name), AGAIN
            )


class StoredTable:
    """A table of a run in the engine, queried in SQL over its columns and `place`, the place of a
    row in the file.
    """

    NAME: str
    COLUMNS: tuple[str, ...]
    REASONS: Mapping[str, tuple[str, str]]
    """Sentences over the file's columns, in the current language -> the code and its values."""

    def __init__(self, run: Path, checks: Iterable[Check], memory: str = DEFAULT_MEMORY) -> None:
        """Open the table of a run; `checks` hold the sentences of its reason codes, and queries get
        an amount of memory.

        Without them a reason is a bare code: pass none only where no reason is read.
        """
        self.run = run
        self.path = run / self.NAME
        self._file = Parquet(self.path, memory)
        self.checks = tuple(checks)
        self.reasons = Reasons(self.checks)

    def at(self, run: Path) -> Self:
        """Return the same table of a run that has moved."""
        return type(self)(run, self.checks)

    def again(self, memory: str = DEFAULT_MEMORY) -> Self:
        """Return the same table, to be read by another thread or with tables of its own beside."""
        return type(self)(self.run, self.checks, memory)

    def __eq__(self, other: object) -> bool:
        """Compare by file."""
        return isinstance(other, StoredTable) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)

    def each(
        self,
        columns: Sequence[str] = (),
        where: str = "TRUE",
        more: str = "",
        params: Sequence[Any] = (),
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a condition, in file order or another; `columns` are expressions, by
        default all.

        A column of REASONS is a sentence, which SQL cannot query.

        Raises InputError where the file is missing, or is none of this version.
        """
        names = tuple(columns or self.COLUMNS)
        expressions = [self.REASONS[c][0] if c in self.REASONS else c for c in names]
        reasons = [(at, self.REASONS[c][1]) for at, c in enumerate(names) if c in self.REASONS]
        expressions += [*(values for _, values in reasons), "check"] if reasons else []
        selection = ", ".join(f'"{c}"' if c in self.COLUMNS else c for c in expressions)
        rows = self.query(f"SELECT {selection} FROM held WHERE {where} {more}", params)
        yield from (
            self._with_reasons(rows, [at for at, _ in reasons], len(names)) if reasons else rows
        )

    def query(self, sql: str, params: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query over `held`, the rows of the file, and what lies beside them.

        Raises InputError as `each`.
        """
        for rows in self.batches(sql, params):
            yield from rows

    def batches(self, sql: str, params: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of `query` in batches; for a million of them a step each is slow.

        Raises InputError as `each`.
        """
        if not self.path.is_file():
            raise InputError(f"this run has no {self.NAME}", str(self.run), NAMED)
        try:
            yield from self._file.batches(sql, params)
        except InputError as error:
            raise InputError(error.message, error.place, AGAIN) from error

    def lay_beside(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[tuple[str | int, ...]],
        coded: Sequence[str] = (),
    ) -> None:
        """Create a table that queries can join with `held`; see `Parquet.lay_beside`."""
        self._file.lay_beside(table, columns, rows, coded)

    def _with_reasons(
        self, rows: Iterable[tuple[Any, ...]], at: Sequence[int], width: int
    ) -> Iterator[tuple[Any, ...]]:
        """Replace the codes in some places by sentences; their values and the check follow the
        first `width` columns.
        """
        sentence = self.reasons.sentences()
        places = list(zip(at, range(width, width + len(at)), strict=True))
        for row in rows:
            values = list(row[:width])
            for place, place_of_values in places:
                values[place] = sentence(row[-1], row[place], row[place_of_values])
            yield tuple(values)

    def rows(
        self,
        columns: Sequence[str] = (),
        where: str = "TRUE",
        more: str = "",
        params: Sequence[Any] = (),
    ) -> list[tuple[Any, ...]]:
        """Return all rows of `each` at once, for results of readable size."""
        return list(self.each(columns, where, more, params))


class Results(StoredTable):
    """The results of a run."""

    NAME, COLUMNS = RESULTS, RESULT
    REASONS = {"reason": ("reason_code", "reason_values")}

    def tallies(self, where: str = "TRUE", params: Sequence[Any] = ()) -> list[Tally]:
        """Return how many results share check, status and tiers.

        Raises InputError where the file is none of a run.
        """
        kinds = ("check", "status", "tier_lo", "tier_hi", "count(*)")
        rows = self.each(kinds, where, "GROUP BY ALL ORDER BY ALL", params)
        try:
            return [Tally(check, Status(status), lo, hi, n) for check, status, lo, hi, n in rows]
        except ValueError as error:
            raise InputError(
                f"holds what is not a result: {error}", str(self.path), AGAIN
            ) from error


class Changes(StoredTable):
    """Differences to the last earlier run, result by result."""

    NAME, COLUMNS = CHANGES, CHANGE
    REASONS = {
        "reason_before": ("reason_code_before", "reason_values_before"),
        "reason": ("reason_code", "reason_values"),
    }


def check_results(results: Results, assessment: Assessment) -> None:
    """Raise InputError where a run has not as many results of each status, by check, as were
    scored.

    A result changed by hand would otherwise be printed as if it counted.
    """
    expected_counts = {
        (c.check, s): n for c in assessment.scores.checks.values() for s, n in c.counts.items() if n
    }
    counts: Counter[tuple[str, Status]] = Counter()
    for tally in results.tallies():
        counts[tally.check, tally.status] += tally.n
    if counts != expected_counts:
        check, status = min(
            k for k in {*counts, *expected_counts} if counts[k] != expected_counts.get(k, 0)
        )
        raise InputError(
            f"holds {counts[check, status]} results {status} of {check}, and {DATA} counts"
            f" {expected_counts.get((check, status), 0)}",
            str(results.path),
            AGAIN,
        )


def read_data(run: Path) -> Assessment:
    """Return the data of a run folder without its results; raise InputError as `read_run`."""
    path = run / DATA
    if not path.is_file():
        raise InputError(f"no {DATA} in it; is it a run folder?", str(run), NAMED)
    try:
        return from_json(_with_lists(run, path.read_bytes()))
    except (msgspec.MsgspecError, ValueError, ZeroDivisionError) as error:
        raise InputError(f"is not a report: {error}", str(path), AGAIN) from error


def read_fields(run: Path) -> dict[str, msgspec.Raw]:
    """Return the fields of report.json of a run as they are written, those beside it too; raise
    InputError as `read_run`.
    """
    path = run / DATA
    try:
        return msgspec.json.decode(_with_lists(run, path.read_bytes()), type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, ValueError, OSError) as error:
        raise InputError(f"is not a report: {error}", str(path), AGAIN) from error


def _with_lists(run: Path, data: bytes) -> bytes:
    """Return report.json with the lists that lie beside it."""
    head = msgspec.json.decode(data, type=_Head)
    if head.schema != SCHEMA or not head.lists:
        return data
    path = run / LISTS
    if not path.is_file():
        raise InputError(f"this run has no {LISTS}", str(run), NAMED)
    packed = path.read_bytes()
    if hashlib.sha256(packed).hexdigest() != head.lists.sha256:
        raise InputError(f"is not the file that {DATA} names: its hash differs", str(path), AGAIN)
    parts = dict[str, msgspec.Raw]
    whole = msgspec.json.decode(data, type=parts)
    try:
        lists = msgspec.json.decode(gzip.decompress(packed), type=parts)
    except (OSError, EOFError, zlib.error, msgspec.MsgspecError) as error:
        raise InputError(f"is not a list of a run: {error}", str(path), AGAIN) from error
    del whole["lists"]
    if twice := sorted({*whole} & {*lists}):
        raise ValueError(f"it and {LISTS} both hold {', '.join(twice)}")
    return msgspec.json.encode(whole | lists)


def from_json(data: bytes) -> Assessment:
    """Return the assessment that `to_json` wrote; raise ValueError where it is none of this
    version.
    """
    schema = msgspec.json.decode(data, type=_Head).schema
    if schema != SCHEMA:
        raise ValueError(f"its schema is {schema or 'not named'}, and this version reads {SCHEMA}")
    assessment: Assessment = _decoder().decode(data)
    return assessment


def decoded(data: bytes, kind: type[_Kind]) -> _Kind:
    """Return what `encoded` was given; raise msgspec.MsgspecError where it is none of that kind."""
    return msgspec.json.decode(data, type=kind, dec_hook=_decode)


class _Apart(msgspec.Struct):
    """Fields that lie in a file beside report.json."""

    file: str
    sha256: str
    fields: tuple[str, ...]


class _Head(msgspec.Struct):
    schema: str = ""
    lists: _Apart | None = None


@cache
def _decoder() -> msgspec.json.Decoder[Assessment]:
    return msgspec.json.Decoder(Assessment, dec_hook=_decode)


def _encode(value: Any) -> str:
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


def _decode(kind: type, value: Any) -> Any:
    if kind is Fraction:
        return Fraction(value)
    raise TypeError(f"report.json cannot hold {kind}")
