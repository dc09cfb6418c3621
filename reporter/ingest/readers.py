"""Files to documents. In: a file. Out: (line, value) for every record-like thing, and a Problem for what cannot be read."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from reporter.db import Engine, Error, quoted
from reporter.errors import InputError, ReporterError
from reporter.ingest.files import DAMAGE, MAX_RECORD, InputFile
from reporter.ingest.typing_sql import redact
from reporter.yamls import parse_yaml_all

READ_FOR_SECRETS = 1 << 20
MAX_CELL = 1 << 24
_BROKEN_BOOK = (
    *DAMAGE, zipfile.BadZipFile, SyntaxError, KeyError, ValueError, TypeError, IndexError, AttributeError,
    RuntimeError,
)  # fmt: skip
"""What openpyxl lets through from a damaged workbook."""
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that could not be read."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """One value read: a JSON line, a CSV row, a whole JSON file."""

    line: int
    value: Any
    text: str = ""
    """The JSON text as it stood in the file, where there is one."""


Item = Document | Problem


def documents(file: InputFile, engine: Engine) -> Iterator[Item]:
    """Yield every document of a file, and a Problem for each that cannot be read."""
    if file.format in ("empty",):
        return
    if file.format == "unknown":
        yield Problem(1, file.why, "")
        return
    reader = {
        "json": _json, "jsonl": _jsonl, "csv": _csv, "yaml": _yaml, "xlsx": _xlsx,
    }.get(file.format)  # fmt: skip
    try:
        yield from reader(file) if reader else _parquet(file, engine)
    except UnicodeDecodeError as error:
        yield Problem(0, _why(error), "")
    except (*DAMAGE, Error) as error:
        yield Problem(0, f"the file ends early or is damaged: {error}", "")


def _bytes(file: InputFile) -> bytes:
    raw = file.path.read_bytes()
    return gzip.decompress(raw) if file.gzipped else raw


def _lines(file: InputFile) -> Iterator[bytes]:
    """Yield raw lines; a gz checksum is verified by reading to the end."""
    opened = gzip.open(file.path, "rb") if file.gzipped else file.path.open("rb")  # noqa: SIM115 - closed by the with below
    with opened as handle:
        yield from handle


def strict_json(text: str) -> Any:
    """Parse JSON; a key given twice or a bare NaN is an error."""
    return json.loads(text, object_pairs_hook=_no_twice, parse_constant=_no_constant)


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"key {key!r} stands twice")
            seen.add(key)
    return made


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def unfit(text: str) -> str:
    """Say why the engine cannot take a record that Python could read; '' when it can."""
    try:
        size = len(text.encode())
        if _HALF_CHARACTER.search(text):
            json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "not utf-8, or half a character"
    return (
        ""
        if size < MAX_RECORD - 128
        else f"a record of {size >> 20} MB; {MAX_RECORD >> 20} MB is the limit"
    )


def shown(text: str) -> str:
    """Return the start of an unreadable text, for the quarantine; a secret that is cut is not recognised any more."""
    return redact(text[:READ_FOR_SECRETS])[:300].encode("utf-8", "replace").decode()


def _why(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not {error.encoding}: byte {error.start}"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at character {error.pos + 1}"
    return f"not JSON: {error or 'nested too deeply'}"


def _json(file: InputFile) -> Iterator[Item]:
    raw = _bytes(file)
    if file.encoding == "utf-16":
        text = raw.decode("utf-16")
    else:
        text = raw.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    try:
        yield Document(1, strict_json(text))
    except (ValueError, RecursionError) as error:
        several = _in_a_row(text) or _commented(text)
        if several:
            yield from several
        elif "\n{" in text.strip() and isinstance(error, json.JSONDecodeError):
            yield from _jsonl(file)
        else:
            line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
            yield Problem(line, _why(error), shown(text))


def _in_a_row(text: str) -> list[Item]:
    """Return JSON values written one after another over several lines, as console exporters do; [] if not."""
    decoder = json.JSONDecoder(object_pairs_hook=_no_twice, parse_constant=_no_constant)
    found: list[Item] = []
    at, line = len(text) - len(text.lstrip()), 1
    line += text.count("\n", 0, at)
    try:
        while at < len(text):
            value, end = decoder.raw_decode(text, at)
            if not isinstance(value, (dict, list)):
                return []
            found.append(Document(line, value))
            start = end + len(text[end:]) - len(text[end:].lstrip())
            line += text.count("\n", at, start)
            at = start
    except (ValueError, RecursionError):
        return []
    return found


def _commented(text: str) -> list[Item]:
    """Return the one value of JSON with comments or trailing commas, as editors allow; [] if it is not that."""
    bare = _LAST_COMMA.sub(lambda m: m[1] or "", _COMMENT.sub(lambda m: m[1] or " ", text))
    try:
        return [] if bare == text else [Document(1, strict_json(bare))]
    except (ValueError, RecursionError):
        return []


def _jsonl(file: InputFile) -> Iterator[Item]:
    if file.encoding == "utf-16":
        yield from _json_text_lines(_bytes(file).decode("utf-16").split("\n"))
        return
    for number, raw in enumerate(_lines(file), 1):
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            if not text:
                continue
            yield _one_line(number, text)
        except (ValueError, RecursionError) as error:
            yield Problem(number, _why(error), shown(raw.decode("utf-8", "replace").strip()))


def _json_text_lines(lines: list[str]) -> Iterator[Item]:
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            yield _one_line(number, text.strip())
        except (ValueError, RecursionError) as error:
            yield Problem(number, _why(error), shown(text))


def _one_line(number: int, text: str) -> Document:
    value = strict_json(text)
    if not isinstance(value, (dict, list)):
        raise ValueError("not an object")
    return Document(number, value, text)


def _csv(file: InputFile) -> Iterator[Item]:
    odd = "strict" if file.encoding == "utf-16" else "surrogateescape"
    text = _bytes(file).decode(file.encoding, errors=odd)
    first = text.lstrip().splitlines()[0]
    delimiter = max(",;\t", key=first.count)
    csv.field_size_limit(MAX_CELL)
    yield from _table_rows(_numbered(io.StringIO(text, newline="").readlines(), delimiter))


def _numbered(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str]] | Problem]:
    """Number each row by the line it starts on; every line inside a quote that never closes is a problem."""
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            where = f"not CSV: {error}, in a row that starts on line {line}"
            for number in range(line, rows.line_num + 1):
                if lines[number - 1].strip():
                    yield Problem(number, where, shown(lines[number - 1]))
            line = rows.line_num + 1
            continue
        yield line, row
        line = rows.line_num + 1


def _table_rows(rows: Iterator[tuple[int, list[str]] | Problem]) -> Iterator[Item]:
    """Turn rows below the first filled one into records keyed by its cells."""
    header: list[str] = []
    lost = ""
    for row in rows:
        if isinstance(row, Problem):
            lost = lost if header else "the heading row cannot be read"
            yield row
            continue
        line, cells = row
        if not any(c.strip() for c in cells):
            continue
        if not header and not lost:
            header = [c.strip() for c in cells]
            if len(set(filter(None, header))) != len([h for h in header if h]):
                lost = "the header names a column twice"
                yield Problem(line, lost, shown(",".join(header)))
            continue
        if lost:
            yield Problem(line, lost, shown(",".join(cells)))
            continue
        if len(cells) > len(header) and any(c.strip() for c in cells[len(header) :]):
            yield Problem(
                line, f"{len(cells)} cells under {len(header)} headings", shown(",".join(cells))
            )
            continue
        padded = cells + [""] * (len(header) - len(cells))
        yield Document(line, {h: c for h, c in zip(header, padded, strict=False) if h})


def _yaml(file: InputFile) -> Iterator[Item]:
    try:
        for document in parse_yaml_all(_bytes(file).decode(file.encoding), file.name):
            if document is not None:
                yield Document(1, _plain(document))
    except (ReporterError, ValueError, RecursionError) as error:
        line = 1
        if isinstance(error, InputError) and error.place.rsplit(":", 1)[-1].isdigit():
            line = int(error.place.rsplit(":", 1)[-1])
        message = error.message if isinstance(error, ReporterError) else f"invalid YAML: {error}"
        yield Problem(line, message, "")


def _plain(value: Any) -> Any:
    """YAML dates as text, keys as text: what JSON can hold."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def _xlsx(file: InputFile) -> Iterator[Item]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(_bytes(file)), read_only=True, data_only=True)
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            rows = (
                (number, [_cell(v) for v in row])
                for number, row in enumerate(sheet.iter_rows(values_only=True), 1)
            )
            yield from _table_rows(iter(rows))
    except _BROKEN_BOOK as error:
        yield Problem(1, f"not a readable workbook, or only in part: {error}", "")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _parquet(file: InputFile, engine: Engine) -> Iterator[Item]:
    sql = f"SELECT CAST(to_json(t) AS VARCHAR) FROM read_parquet({quoted(str(file.path))}) AS t"
    for number, (text,) in enumerate(engine.rows(sql), 1):
        yield Document(number, json.loads(text), text)
