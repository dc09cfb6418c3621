"""Statements of people: answers, waivers, compensating controls. In: the files statements/KIND.*.
Out: rows with lines.

They are told by their name, not by content, and fill no table: what they mean is settled when
checks and catalogs are known."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reporter.engine.duckdb import DuckDB
from reporter.i18n.translate import ENGLISH, languages, mark, say, speaking
from reporter.ingest.quarantine import CHANGED, HID_IN_RECORD, LONGEST, cut_text
from reporter.ingest.readers.documents import documents
from reporter.ingest.readers.files import InputFile, LastRead
from reporter.ingest.readers.inputs import Inputs
from reporter.ingest.readers.records import Item, Note, Problem, abridged
from reporter.model.assessment import FileCount, Quarantined
from reporter.model.sentences import Sentence, tell
from reporter.model.statements import ATTESTATIONS, COMPENSATIONS, RESPONSES, WAIVERS, Given
from reporter.privacy.secrets import fingerprinted, redact

SMALLEST = 200
"""Bytes of text below which a file shows nothing that anyone could have examined."""
FEWEST_SIGNS = 10
_LOOKED_AT = 1 << 20
PREFILLED = ("title", "question")
"""Columns of the questionnaire that only help the person who fills it in."""
FACTS = (
    *("severity", "title", "where", "checks", "failing_results", "record", "owners_on_record"),
    *("first_seen", "age_in_days", "age_is", "reopened", "due_by_policy", "overdue"),
)
"""Columns of the sheet of responses that say what a finding is; they are not read back."""
SHEET = mark("Responses")
_OF_A_REPORT = (mark("Summary"), mark("Findings"), SHEET)
"""Sheets by which a workbook is known as an exported report."""
OF_A_REPORT = mark("a sheet of an exported report: nothing is read from it")
"""Why no row of such a sheet is a statement."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file of statements holds."""

    by_name: str
    """Why a file is taken for one of them."""
    stray: str
    """What is said of a field that it does not have."""
    fields: tuple[str, ...]
    prefilled: tuple[str, ...] = PREFILLED
    """Further columns of the form to fill in; they are not read."""


KINDS: Mapping[str, Kind] = {
    ATTESTATIONS: Kind(
        mark("answers to the questions of controls, by its name"),
        mark("no field of an attestation is named {name}: it was not read"),
        (
            "framework",
            "control",
            "answer",
            "statement",
            "attested_by",
            "role",
            "date",
            "expires",
            "method",
            "artefact",
            "artefact_sha256",
            "artefact_place",
            "observed",
            "examined_by",
            "reason",
            "confirmed_by",
        ),
    ),
    WAIVERS: Kind(
        mark("waivers, by its name"),
        mark("no field of a waiver is named {name}: it was not read"),
        (
            "check",
            "subject",
            "reason",
            "approved_by",
            "approved_at",
            "expires",
            "review_at",
            "ticket",
        ),
    ),
    COMPENSATIONS: Kind(
        mark("compensating controls, by its name"),
        mark("no field of a compensating control is named {name}: it was not read"),
        (
            "check",
            "subject",
            "by_check",
            "reason",
            "approved_by",
            "approved_at",
            "expires",
        ),
    ),
    RESPONSES: Kind(
        mark("responses to findings, by its name"),
        mark("no field of a response is named {name}: it was not read"),
        ("finding", "status", "response", "owner", "due", "evidence"),
        FACTS,
    ),
}
"""By file name; in the accounting the name stands where other files have a source id."""
EXAMPLE = {"framework": "owasp-agentic-2026", "control": "ASI03", "method": "examine"}
"""What a line to copy begins with; without an answer it counts for nothing."""
EXPORTED = "exported report"
"""The kind of a sheet that came back with the responses and is not read."""
_NAME = re.compile(
    rf"(?:^|/)statements/({'|'.join(KINDS)})\.(?:csv|xlsx|ya?ml|json)(?:\.gz)?(?:!.*)?", re.DOTALL
)
_HASH = re.compile(r"[0-9A-Fa-f]{64}")
Rows = dict[str, tuple[Given, ...]]
"""By kind, in the order of the files."""


def headings() -> str:
    """Return the headings of statements/attestations.csv."""
    return ",".join(KINDS[ATTESTATIONS].fields)


def line_for(artefact: str, sha256: str) -> str:
    """Return the line of statements/attestations.csv that names a file as an artefact, for a person
    to complete.
    """
    values = EXAMPLE | {"artefact": artefact, "artefact_sha256": sha256}
    buffer = io.StringIO()
    row = [values.get(name, "") for name in KINDS[ATTESTATIONS].fields]
    csv.writer(buffer, lineterminator="").writerow(row)
    return buffer.getvalue()


def kinds_of(files: Iterable[InputFile]) -> dict[str, str]:
    """Return what kind of statements each file, or sheet of it, holds, by name; others are left
    out. Of a report that was exported as a workbook only the sheet of responses is read.
    """
    files = list(files)
    kinds = {f.name: kind for f in files if (kind := _kind_by_name(f.name))}
    books: dict[str, dict[str, str]] = {}
    for file in files:
        if file.part and file.format == "xlsx" and file.name.startswith("statements/"):
            books.setdefault(file.name.removesuffix(f"!{file.part}"), {})[file.part] = file.name
    for sheets in books.values():
        if name := _response_sheet(sheets):
            kinds |= dict.fromkeys(sheets.values(), EXPORTED)
            kinds[sheets[name]] = RESPONSES
    return kinds


def _kind_by_name(name: str) -> str:
    match = _NAME.search(name)
    return match[1] if match and match.end() == len(name) else ""


def _response_sheet(sheets: Mapping[str, str]) -> str:
    """Return the name of the sheet of responses if these are the sheets of an exported report, in
    any language; else ''.
    """
    for code in languages() if len(sheets) > len(_OF_A_REPORT) else ():
        with speaking(code):
            names = [say(name) for name in _OF_A_REPORT]
        if all(name in sheets for name in names):
            return names[-1]
    return ""


def read(
    engine: DuckDB,
    inputs: Inputs,
    files: Iterable[InputFile],
    key: str,
    kinds: Mapping[str, str],
) -> tuple[Rows, list[FileCount], list[Quarantined]]:
    """Read every statement; `kinds` are those of the files by name. A line that is not a record is
    unreadable; errors inside a record are reported later.
    """
    rows_by_kind: Rows = {}
    counts: list[FileCount] = []
    notes: list[Quarantined] = []
    last_read = LastRead()
    for file in files:
        kind = kinds[file.name]
        if kind == EXPORTED:
            counts.append(_unread(file, inputs.digest(file).sha256))
            continue
        rows, file_notes, digest = _of_one(engine, inputs, file, kind, key, last_read)
        rows_by_kind[kind] = (*rows_by_kind.get(kind, ()), *rows)
        notes += file_notes
        lost_count = sum(q.kind == "unreadable" for q in file_notes)
        row_count = len(rows)
        why = file.why or Sentence(KINDS[kind].by_name)
        counts.append(
            FileCount(
                file.name,
                kind,
                why,
                file.size,
                digest,
                row_count + lost_count,
                row_count,
                0,
                lost_count,
                0,
                file.part,
                file.lined,
                file.origin,
            )
        )
    return rows_by_kind, counts, notes


def _unread(file: InputFile, digest: str) -> FileCount:
    """Account for a sheet of an exported report: none of its rows is evidence."""
    return FileCount(
        *(file.name, RESPONSES, Sentence(OF_A_REPORT), file.size, digest, 0, 0, 0, 0, 0),
        part=file.part,
        origin=file.origin,
    )


def _of_one(
    engine: DuckDB, inputs: Inputs, file: InputFile, kind: str, key: str, last_read: LastRead
) -> tuple[list[Given], list[Quarantined], str]:
    """Return the rows of the exact bytes that were hashed, notes on them, and their hash; '' if
    they are gone.
    """
    digest = inputs.digest(file).sha256
    copy = engine.work / "statements"
    copied_file = inputs.originals.copy(file, copy, digest) if digest else None
    if file.size and not copied_file:
        return [], [Quarantined(file.name, 0, "unreadable", CHANGED, "")], ""
    rows, notes = _rows(file, KINDS[kind], documents(copied_file or file, engine, last_read), key)
    copy.unlink(missing_ok=True)
    return rows, notes, digest


def thin(inputs: Inputs, names: Set[str]) -> dict[str, Sentence | None]:
    """Say what each file that an answer names as proof lacks to show anything; None where it lacks
    nothing.
    """
    paths = {f.name.split("!", 1)[0]: f.path for f in inputs.files}
    return {name: _lacking(_head(paths[name])) for name in sorted(names & {*paths})}


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LOOKED_AT)
    except OSError:  # removed since it was found
        return b""


def _lacking(data: bytes) -> Sentence | None:
    """Say why bytes are no artefact: too few, or the same over and over. Data that is not text is
    assessed by its bytes alone.
    """
    try:
        words = set(data.decode("utf-8-sig").split()) if b"\0" not in data else None
    except UnicodeDecodeError as error:
        # a character cut in two at the end of what was looked at is still text
        words = set(data[: error.start].decode().split()) if error.start >= _LOOKED_AT - 4 else None
    size = len(data) if words is None else len(b" ".join(data.split()))
    if size < SMALLEST:
        return tell("it holds {n} bytes of text, fewer than {least}", n=size, least=SMALLEST)
    if len(set(data)) < FEWEST_SIGNS or (
        words is not None and sum(map(len, words)) < SMALLEST // 4
    ):
        return tell("it repeats the same content")
    return None


def _rows(
    file: InputFile, kind: Kind, items: Iterable[Item], key: str
) -> tuple[list[Given], list[Quarantined]]:
    rows: list[Given] = []
    notes: list[Quarantined] = []
    unknown_fields: dict[str, int] = {}
    for item in items:
        if isinstance(item, Problem):
            notes.append(
                Quarantined(file.name, item.line, "unreadable", abridged(item.reason), item.text)
            )
            continue
        if isinstance(item, Note):
            notes.append(Quarantined(file.name, item.line, "field", abridged(item.reason), ""))
            continue
        for place, record in _records(item.line, item.value):
            row, has_secret = _parsed_row(file.name, place, record, kind, key)
            rows.append(row)
            for name in row.fields:
                if name not in kind.fields and name not in kind.prefilled:
                    unknown_fields.setdefault(name, place)
            if any("…[cut: " in text[LONGEST:] for text in row.fields.values()):
                why = tell(
                    "a field of more than {n:,} characters: it is cut short, and its length and"
                    " hash are"
                    " appended",
                    n=LONGEST,
                )
                notes.append(Quarantined(file.name, place, "field", why, ""))
            if has_secret:
                notes.append(Quarantined(file.name, place, "field", Sentence(HID_IN_RECORD), ""))
    notes += [
        Quarantined(
            file.name,
            place,
            "field",
            Sentence(kind.stray, (("name", repr(redact(name)[:200])),)),
            "",
        )
        for name, place in sorted(unknown_fields.items())
    ]
    return rows, notes


def _records(line: int, value: Any) -> Iterator[tuple[int, Any]]:
    """A row with its line, or the records of a list, alone or under the key that names their kind,
    by number.
    """
    if isinstance(value, dict) and len(value) == 1 and {*value} <= {*KINDS}:
        (value,) = value.values()
    if isinstance(value, list):
        yield from enumerate(value, 1)
    else:
        yield line, value


def _parsed_row(file: str, line: int, record: Any, kind: Kind, key: str) -> tuple[Given, bool]:
    """Return a row as texts, and whether a secret was removed from it."""
    if not isinstance(record, dict):
        return Given(file, line, {}, tell("not a record with fields")), False
    fields: dict[str, str] = {}
    has_secret, defect, columns = False, None, kind.fields
    for heading, value in record.items():
        name = _plain_name(str(heading))
        if name not in columns and name not in kind.prefilled:
            name = _in_english(kind).get(name, name)
        if name in fields:
            defect = defect or tell("{name} appears twice", name=name)
        if isinstance(value, list) and name in columns:
            defect = defect or tell("{name} holds a list; expected a text", name=name)
        if isinstance(value, dict) and name in columns:
            defect = defect or tell("{name} holds fields; expected a text", name=name)
        text = _text(value)
        safe_text = text if _HASH.fullmatch(text) else fingerprinted(text, key)
        has_secret |= safe_text != text
        fields[name] = cut_text(safe_text)
    return Given(file, line, fields, defect), has_secret


def _plain_name(heading: str) -> str:
    return re.sub(r"[\s_-]+", "_", heading.strip().lower())


@cache
def _in_english(kind: Kind) -> dict[str, str]:
    """Map the headings of a form in other languages to its fields."""
    names: dict[str, str] = {}
    for code in languages():
        if code != ENGLISH:
            with speaking(code):
                names |= {
                    _plain_name(say(name.replace("_", " "))): name
                    for name in (*kind.fields, *kind.prefilled)
                }
    return names


def _text(value: Any) -> str:
    """A value as text; YAML takes the words yes and no for true and false."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (
        json.dumps(value, ensure_ascii=False)
        if isinstance(value, (list, dict))
        else str(value).strip()
    )
