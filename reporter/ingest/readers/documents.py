"""Files to documents. In: a file. Out: (line, value) for every record-like thing, and a Problem for
what cannot be read.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeGuard

from reporter.content.yaml import parse_yaml_all
from reporter.engine.base import Error, OutOfMemory
from reporter.engine.duckdb import DuckDB, named_plainly, parquet
from reporter.errors import InputError, ReporterError
from reporter.ingest.exports.envelopes import Cut, after_stamp, unwrapped
from reporter.ingest.readers import compact_json, markdown
from reporter.ingest.readers.compact_json import MOST_OF_A_BEGINNING, WHOLE, Beginning
from reporter.ingest.readers.files import (
    DAMAGE,
    HEAD,
    MAX_RECORD,
    InputFile,
    LastRead,
    TooLarge,
    is_shown_as_it_is,
    opened,
    too_large,
    whole,
)
from reporter.ingest.readers.records import NOTHING, Document, Item, Problem, Seen, excerpt
from reporter.ingest.readers.tabular import csv_rows, sheet_rows, too_much
from reporter.ingest.readers.xml_documents import xml_document
from reporter.model.sentences import Sentence, message_of, tell, verbatim
from reporter.system.plain_text import SURE_DEPTH

MAX_VALUES = 100_000
"""Values of one record: a million take the engine a gigabyte."""
MAX_YAML = 1 << 24
"""Bytes of a YAML file: reading one takes a second for each four megabytes, and a dozen times its
size.
"""
_COSTS = ((b"{", 100), (b"[", 90), (b":", 40), (b'"', 20), (b",", 8))
"""Bytes of memory that a sign of JSON stands for, beside two for each byte of text."""
_DEAREST = 102
"""Bytes of memory for each byte of a text that is all of the dearest sign."""
_A_NUMBER, _PIECE = 32, 1 << 24
_DIGITS_ALIKE = bytes.maketrans(b"-123456789", b"0000000000")
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
_BLANKS = re.compile(r"\s*")
_SPACE = b" \t\r\n"
"""What may be around a JSON document: not all that `strip` takes away."""
_STRING = r'("(?:[^"\\]|\\.?)*(?:"|\Z))'
"""A string without an end runs to the end of the text: searching for it from each quote would take
minutes.
"""
_COMMENT = re.compile(_STRING + r"|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_LAST_COMMA = re.compile(_STRING + r"|,(?=\s*[}\]])", re.DOTALL)
_BUT_LINES = re.compile(r"[^\n]")
_STRING_IN_LINE = re.compile(r'"(?:[^"\\]|\\.)*"')


class Misjudged(Exception):
    """A document goes on otherwise than it begins."""


def documents(
    file: InputFile,
    engine: DuckDB,
    last_read: LastRead | None = None,
    seen: Seen = NOTHING,
    path: str = "",
    beginning: Beginning = WHOLE,
) -> Iterator[Item]:
    """Yield every document of a file, and a Problem for each that cannot be read.

    `last_read` keeps a workbook or document for its next part, so that 300 sheets do not open it
    300 times. With what was `seen` in an earlier reading, the records at a path are cut out as
    text. Where a `beginning` is enough, all of a document is read, but not all of it is in its
    value.

    Raises Misjudged where a document of which only the beginning was seen goes on otherwise, and
    OutOfMemory where a share of the memory is not enough to read a file.
    """
    if file.envelope:
        for item in documents(replace(file, envelope=""), engine, last_read):
            yield from _without_envelope(item) if isinstance(item, Document) else [item]
        return
    last_read = last_read or LastRead()
    last_read.let_go_unless(file)
    if file.format in ("empty",):
        return
    if file.format == "unknown":
        yield Problem(1, file.why or tell("text of no known format"), "")
        return
    readers: dict[str, Callable[[InputFile], Iterator[Item]]] = {
        "json": lambda f: _json(f, engine.memory(), last_read, seen, path, beginning),
        "jsonl": lambda f: _jsonl(f, engine.memory()),
        "csv": csv_rows,
        "yaml": _yaml,
        "markdown": _markdown,
        "xlsx": lambda f: sheet_rows(f, last_read),
        "xls": lambda f: sheet_rows(f, last_read),
        "parquet": lambda f: _parquet(f, engine),
        "xml": xml_document,
    }
    try:
        yield from readers[file.format](file)
    except UnicodeDecodeError as error:
        yield Problem(0, _why(error), "")
    except TooLarge as error:
        if engine.is_share:
            raise OutOfMemory(str(error)) from error
        yield Problem(0, too_much(error), "")
    except (*DAMAGE, Error) as error:
        yield Problem(
            0, tell("the file ends early or is damaged: {error}", error=message_of(error)), ""
        )


def _without_envelope(item: Document) -> Iterator[Item]:
    """Yield a document with the records of its envelope in its place, and what was cut off."""
    records = []
    for record in unwrapped(item.value):
        if isinstance(record, Cut):
            why = tell("the record in its envelope is cut off, or is not JSON")
            yield Problem(item.line, why, excerpt(record.text))
        else:
            records.append(record if isinstance(record, dict) else {"message": record})
    yield Document(item.line, records)


def _lines(file: InputFile) -> Iterator[bytes | int]:
    """Yield raw lines, and the length of each line that is too long; reading to the end verifies a
    gz checksum.
    """
    with opened(file) as handle:
        while line := handle.readline(MAX_RECORD):
            if len(line) < MAX_RECORD:
                yield line
                continue
            size = len(line)
            while line and not line.endswith(b"\n"):
                line = handle.readline(MAX_RECORD)
                size += len(line)
            yield size


def strict_json(text: str) -> Any:
    """Parse JSON; a key given twice or a bare NaN is an error."""
    return json.loads(text, object_pairs_hook=_no_twice, parse_constant=_no_constant)


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        keys: set[str] = set()
        for key, _ in pairs:
            if key in keys:
                raise ValueError(tell("key {name} appears twice", name=repr(key)))
            keys.add(key)
    return mapping


def _no_constant(name: str) -> Any:
    raise ValueError(tell("{name} is not JSON", name=name))


def unfit(text: str) -> Sentence | None:
    """Say why the engine cannot take a record that Python could read; nothing when it can."""
    try:
        size = len(text.encode())
        if _HALF_CHARACTER.search(text):
            json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return tell("not utf-8, or half a character")
    if size >= MAX_RECORD - 128:
        return _too_long(size)
    if size > MAX_VALUES and (values := text.count(",")) >= MAX_VALUES:
        return too_wide(values + 1)
    return None


def is_short(text: str | bytes) -> TypeGuard[bytes]:
    """Tell whether a record known to be sound is too short to go over a limit of `unfit`."""
    return type(text) is bytes and len(text) <= MAX_VALUES


def _too_long(size: int) -> Sentence:
    return tell("a record of {n} MB; {most} MB is the limit", n=size >> 20, most=MAX_RECORD >> 20)


def too_wide(count: int) -> Sentence:
    """Say that a record has too many values."""
    return tell(
        "one record of {n:,} values; {most:,} is the limit: give its parts as separate records,"
        " in a"
        " list or as JSON lines",
        n=count,
        most=MAX_VALUES,
    )


def _why(error: Exception) -> Sentence:
    if isinstance(error, UnicodeDecodeError):
        return tell("not {encoding}: byte {at}", encoding=error.encoding, at=error.start)
    if isinstance(error, json.JSONDecodeError):
        return tell("not JSON: {error} at character {at}", error=error.msg, at=error.pos + 1)
    if isinstance(error, RecursionError):
        return tell("not JSON that can be read: {why}", why=_too_deep())
    return tell("not JSON: {error}", error=message_of(error))


def _too_deep() -> Sentence:
    return tell(
        "nested too deeply: lists and objects are read to {n} levels, one in another", n=SURE_DEPTH
    )


def _json(
    file: InputFile,
    memory: int,
    last_read: LastRead,
    seen: Seen,
    path: str,
    beginning: Beginning,
) -> Iterator[Item]:
    items: Iterable[Item] = (
        last_read.of(file, lambda: list(_json_values(file, memory)))
        if file.part
        else _json_values(file, memory, seen, path, beginning)
    )
    for item in items:
        if (
            isinstance(item, Document)
            and isinstance(item.value, dict)
            and len(item.value) > MAX_VALUES
        ):
            yield Problem(item.line, too_wide(len(item.value)), "")
        elif isinstance(item, Document) and file.part:
            if file.part in item.value:
                yield Document(item.line, item.value[file.part], is_compact=item.is_compact)
            else:  # another content than the one in which the list was found
                yield Problem(item.line, tell("there is no list at {path}", path=file.part), "")
        else:
            yield item


def _json_values(
    file: InputFile,
    memory: int,
    seen: Seen = NOTHING,
    path: str = "",
    beginning: Beginning = WHOLE,
) -> Iterator[Item]:
    if seen.only_list:
        yield _only_list(file, memory, seen.only_list)
        return
    data = whole(file, memory // 4)
    if (
        seen.proof
        and (document := compact_json.cut_out(data.strip(_SPACE), seen.proof, path)) is not None
    ):
        yield Document(1, document, is_compact=True)
        return
    if (needed_bytes := _memory_for(data, memory)) > memory:
        raise TooLarge(
            too_large(file, tell("this needs some {n} MB of memory", n=needed_bytes >> 20))
        )
    if file.encoding == "utf-16":
        text = data.decode("utf-16")
    elif reading := compact_json.read(data.strip(_SPACE), beginning):
        yield Document(1, reading.value, is_compact=True, seen=Seen(reading.proof))
        return
    else:
        text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    del data  # as large as the text
    first_result = _value_of(text)
    if isinstance(first_result, Document):
        yield first_result
    elif documents_in_a_row := _in_a_row(text):
        yield from documents_in_a_row
    else:
        uncommented_text = _without_comments(text)
        result = first_result if uncommented_text == text else _value_of(uncommented_text)
        if isinstance(result, Document):
            yield result
        elif "\n{" in uncommented_text.strip() and isinstance(first_result, json.JSONDecodeError):
            yield from _jsonl(file, memory)
        else:
            line = result.lineno if isinstance(result, json.JSONDecodeError) else 1
            yield Problem(line, _why(result), excerpt(text))


def sound_document(file: InputFile, memory: int, beginning: Beginning) -> Document | None:
    """Return the beginning of a JSON file that is one document with a proof; None for any other."""
    try:
        items = [*itertools.islice(_json(file, memory, LastRead(), NOTHING, "", beginning), 2)]
    except (UnicodeDecodeError, TooLarge, *DAMAGE):
        return None
    match items:
        case [Document(seen=Seen(proof=proof)) as document] if proof:
            return document
    return None


def likely_document(file: InputFile, beginning: Beginning) -> Document | None:
    """Return what a JSON file is if it goes on as it begins, with one list of objects and nothing
    else; None where its first bytes do not tell.
    """
    if file.format != "json" or file.part or file.encoding != "utf-8" or not beginning.lists:
        return None
    start = b""
    with suppress(TooLarge, *DAMAGE), opened(file) as handle:
        while len(start) < MOST_OF_A_BEGINNING and (more := handle.read(max(HEAD, len(start)))):
            start += more
            name = compact_json.first_list(start)
            if name not in beginning.lists:
                return None
            if items := compact_json.first_items(start, beginning.items):
                return Document(1, {name: items}, is_compact=True, seen=Seen(only_list=name))
    return None


def _only_list(file: InputFile, memory: int, name: str) -> Document:
    """Return a document that holds a list and nothing else, with its items as text."""
    with suppress(TooLarge, *DAMAGE):
        data = whole(file, memory // 4).strip()
        if _memory_for(data, memory) <= memory:
            items = compact_json.listed(data, name)
            if items is not None:
                return Document(1, {name: items}, is_compact=True)
    raise Misjudged(file.name)


def _value_of(text: str) -> Document | ValueError | RecursionError:
    try:
        return Document(1, strict_json(text))
    except (ValueError, RecursionError) as error:
        return error


def _memory_for(data: bytes, memory: int) -> int:
    """Estimate the memory that the values of a JSON text take; empty lists and fields take most for
    their size.

    Nothing is counted where whatever a text of this size says fits, and numbers in lists, which
    have no sign of their own and are costly to count, only where they may decide.
    """
    if _DEAREST * len(data) <= memory:
        return 0
    needed_bytes = 2 * len(data) + sum(cost * data.count(sign) for sign, cost in _COSTS)
    return (
        needed_bytes + _A_NUMBER * _numbers_in_lists(data)
        if needed_bytes <= memory < 3 * needed_bytes
        else needed_bytes
    )


def _numbers_in_lists(data: bytes) -> int:
    return sum(
        data[at : at + _PIECE].translate(_DIGITS_ALIKE, b" \t\r\n").count(b",0")
        for at in range(0, len(data), _PIECE)
    )


def _in_a_row(text: str) -> list[Document]:
    """Return JSON values written one after another over several lines, as console exporters do; []
    if the text is anything else.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_no_twice, parse_constant=_no_constant)
    values: list[Document] = []
    at, line = _after_blanks(text, 0), 1
    line += text.count("\n", 0, at)
    try:
        while at < len(text):
            value, end = decoder.raw_decode(text, at)
            if not isinstance(value, (dict, list)):
                return []
            values.append(Document(line, value))
            start = _after_blanks(text, end)
            line += text.count("\n", at, start)
            at = start
    except (ValueError, RecursionError):
        return []
    return values


def _after_blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at


def _without_comments(text: str) -> str:
    """Return JSON in which blanks replace the comments and trailing commas that editors allow, so
    that errors name the right line.
    """
    uncommented_text = _COMMENT.sub(lambda m: m[1] or _BUT_LINES.sub(" ", m[0]), text)
    return _LAST_COMMA.sub(lambda m: m[1] or " ", uncommented_text)


def _jsonl(file: InputFile, memory: int) -> Iterator[Item]:
    if file.encoding == "utf-16":
        text = whole(file, memory // 4).decode("utf-16")
        yield from _each_line(list(enumerate(text.split("\n"), 1)))
        return
    open_lines: list[tuple[int, str]] = []
    depth = size = 0
    for number, raw in enumerate(_lines(file), 1):
        line = _decoded(number, raw)
        if open_lines and (isinstance(line, Problem) or line.startswith("{") or size > MAX_RECORD):
            yield from _each_line(open_lines)
            open_lines = []
        if isinstance(line, Problem):
            yield line
        elif open_lines or _goes_on(line):
            depth, size = (depth, size) if open_lines else (0, 0)
            depth, size = depth + _depth_of(line), size + len(line)
            open_lines.append((number, line))
            if depth <= 0:
                yield from _over_lines(open_lines)
                open_lines = []
        elif text := line.strip():
            yield _line(number, text)
    yield from _each_line(open_lines)


def _decoded(number: int, raw: bytes | int) -> str | Problem:
    """Return the text of a line, without the blanks at its end."""
    if isinstance(raw, int):
        return Problem(number, _too_long(raw), "")
    try:
        return raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip()
    except UnicodeDecodeError as error:
        return Problem(number, _why(error), excerpt(raw.decode("utf-8", "replace").strip()))


def _goes_on(line: str) -> bool:
    """Tell whether a line is the first of an object that is written over several."""
    return line.startswith("{") and line.endswith(("{", "[", ",")) and _depth_of(line) > 0


def _depth_of(line: str) -> int:
    """Return how many objects and lists a line opens, less those it closes; no JSON text goes over
    the end of a line.
    """
    signs = _STRING_IN_LINE.sub("", line)
    return sum(signs.count(s) for s in "{[") - sum(signs.count(s) for s in "}]")


def _over_lines(lines: list[tuple[int, str]]) -> Iterator[Item]:
    """Yield the object that stands in several lines; where it is none, each line by itself."""
    result = _value_of("\n".join(text for _, text in lines))
    if isinstance(result, Document):
        yield Document(lines[0][0], result.value)
    else:
        yield from _each_line(lines)


def _each_line(lines: list[tuple[int, str]]) -> Iterator[Item]:
    yield from (_line(number, text.strip()) for number, text in lines if text.strip())


def _line(number: int, text: str) -> Item:
    try:
        return _one_line(number, text)
    except (ValueError, RecursionError) as error:
        return Problem(number, _why(error), excerpt(text))


def _one_line(number: int, text: str) -> Document:
    if text[0] not in "{[":
        text = after_stamp(text)
    value = strict_json(text)
    if not isinstance(value, (dict, list)):
        raise ValueError(tell("not an object"))
    return Document(number, value, text)


def _yaml(file: InputFile) -> Iterator[Item]:
    try:
        for document in parse_yaml_all(whole(file, MAX_YAML).decode(file.encoding), file.name):
            if document is not None:
                yield Document(1, _plain(document))
    except (ReporterError, ValueError, RecursionError) as error:
        line = 1
        if isinstance(error, InputError) and error.place.rsplit(":", 1)[-1].isdigit():
            line = int(error.place.rsplit(":", 1)[-1])
        yield Problem(line, _not_yaml(error), "")


def _markdown(file: InputFile) -> Iterator[Item]:
    text = whole(file, MAX_YAML).decode(file.encoding)
    try:
        yield Document(1, _plain(markdown.read(text, file.name)))
    except (InputError, ValueError, RecursionError) as error:
        yield Problem(1, _not_yaml(error), "")


_NOT_YAML = "invalid YAML: "


def _not_yaml(error: Exception) -> Sentence:
    if isinstance(error, RecursionError):
        return tell("invalid YAML: {error}", error=_too_deep())
    if not isinstance(error, ReporterError):
        return tell("invalid YAML: {error}", error=message_of(error))
    if error.message.startswith(_NOT_YAML):
        return tell("invalid YAML: {error}", error=error.message.removeprefix(_NOT_YAML))
    return verbatim(error.message)


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


def _parquet(file: InputFile, engine: DuckDB) -> Iterator[Item]:
    path = file.path
    if not is_shown_as_it_is(path):
        path = engine.work / f"{os.urandom(8).hex()}.parquet"
        path.symlink_to(file.path.absolute())
    with named_plainly(path) as plain_path:
        sql = f"SELECT CAST(to_json(t) AS VARCHAR) FROM {parquet(plain_path)} AS t"
        for number, (text,) in enumerate(engine.each(sql), 1):
            yield Document(number, json.loads(text), text)
