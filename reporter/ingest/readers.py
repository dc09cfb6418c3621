"""Files to documents. In: a file. Out: (line, value) for every record-like thing, and a Problem for what cannot be read."""

from __future__ import annotations

import gzip
import json
import math
import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from reporter.db import Engine, Error, quoted
from reporter.errors import InputError, ReporterError
from reporter.ingest.files import DAMAGE, MAX_RECORD, InputFile, whole
from reporter.ingest.items import Document, Item, Problem, shown
from reporter.ingest.tabular import csv_rows, sheet_rows
from reporter.yamls import parse_yaml_all

_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')


def documents(file: InputFile, engine: Engine) -> Iterator[Item]:
    """Yield every document of a file, and a Problem for each that cannot be read."""
    if file.format in ("empty",):
        return
    if file.format == "unknown":
        yield Problem(1, file.why, "")
        return
    reader = {
        "json": _json, "jsonl": _jsonl, "csv": csv_rows, "yaml": _yaml, "xlsx": sheet_rows,
    }.get(file.format)  # fmt: skip
    try:
        yield from reader(file) if reader else _parquet(file, engine)
    except UnicodeDecodeError as error:
        yield Problem(0, _why(error), "")
    except (*DAMAGE, Error) as error:
        yield Problem(0, f"the file ends early or is damaged: {error}", "")


def _lines(file: InputFile) -> Iterator[bytes]:
    """Yield raw lines of what stood there when the file was found; a gz checksum is verified by reading to the end."""
    if file.gzipped:
        with gzip.open(file.path, "rb") as packed:
            yield from packed
        return
    left = file.size
    with file.path.open("rb") as handle:
        while left > 0 and (line := handle.readline(left)):
            left -= len(line)
            yield line


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


def _why(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not {error.encoding}: byte {error.start}"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at character {error.pos + 1}"
    return f"not JSON: {error or 'nested too deeply'}"


def _json(file: InputFile) -> Iterator[Item]:
    for item in _json_values(file):
        if isinstance(item, Document) and file.part:
            if file.part in item.value:
                yield Document(item.line, item.value[file.part])
            else:  # another content than the one in which the list was found
                yield Problem(item.line, f"no list stands at {file.part}", "")
        else:
            yield item


def _json_values(file: InputFile) -> Iterator[Item]:
    raw = whole(file)
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
        yield from _json_text_lines(whole(file).decode("utf-16").split("\n"))
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


def _yaml(file: InputFile) -> Iterator[Item]:
    try:
        for document in parse_yaml_all(whole(file).decode(file.encoding), file.name):
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


def _parquet(file: InputFile, engine: Engine) -> Iterator[Item]:
    sql = f"SELECT CAST(to_json(t) AS VARCHAR) FROM read_parquet({quoted(str(file.path))}) AS t"
    for number, (text,) in enumerate(engine.rows(sql), 1):
        yield Document(number, json.loads(text), text)
