"""Answers to the questions of controls. In: the files statements/attestations.*. Out: rows as text, each with its line.

They are told by their name, not by content, and fill no table: what they mean is settled when the catalogs are known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from reporter.answers import Given
from reporter.db import Engine
from reporter.ingest.files import InputFile
from reporter.ingest.inputs import Inputs
from reporter.ingest.items import Item, Note, Problem
from reporter.ingest.notes import HIDDEN
from reporter.ingest.readers import documents
from reporter.model import FileCount, Quarantined
from reporter.secrets import fingerprinted, redact

SOURCE = "attestations"
"""Stands in the accounting where other files have the id of their source."""
FIELDS = (
    "framework", "control", "answer", "statement", "attested_by", "role", "date", "expires", "method", "artefact",
    "artefact_sha256", "examined_by", "reason",
)  # fmt: skip
PREFILLED = ("title", "question")
"""Columns of the questionnaire that only help whoever fills it in."""
_NAME = re.compile(
    r"(?:^|/)statements/attestations\.(?:csv|xlsx|ya?ml|json)(?:\.gz)?(?:!.*)?", re.DOTALL
)
_HASH = re.compile(r"[0-9A-Fa-f]{64}")
Read = tuple[list[Given], list[FileCount], list[Quarantined]]


def is_attestations(file: InputFile) -> bool:
    """Tell whether a file, or a sheet of it, holds answers."""
    found = _NAME.search(file.name)
    return bool(found) and found.end() == len(file.name)  # type: ignore[union-attr]


def read(engine: Engine, inputs: Inputs, files: Iterable[InputFile], key: str) -> Read:
    """Read every answer; what is no record is unreadable, what is wrong in a record is told later."""
    given: list[Given] = []
    counts: list[FileCount] = []
    notes: list[Quarantined] = []
    for file in files:
        rows, own = _rows(file, documents(file, engine), key)
        given += rows
        notes += own
        lost = sum(q.kind == "unreadable" for q in own)
        n = len(rows)
        why = file.why or "answers to the questions of controls, by its name"
        digest = inputs.digest(file).sha256
        counts.append(FileCount(file.name, SOURCE, why, file.size, digest, n + lost, n, 0, lost, 0))
    return given, counts, notes


def _rows(
    file: InputFile, items: Iterable[Item], key: str
) -> tuple[list[Given], list[Quarantined]]:
    rows: list[Given] = []
    notes: list[Quarantined] = []
    unknown: dict[str, int] = {}
    for item in items:
        if isinstance(item, Problem):
            notes.append(
                Quarantined(file.name, item.line, "unreadable", redact(item.reason), item.text)
            )
            continue
        if isinstance(item, Note):
            notes.append(Quarantined(file.name, item.line, "field", redact(item.reason), ""))
            continue
        for place, record in _records(item.line, item.value):
            row, hid = _given(file.name, place, record, key)
            rows.append(row)
            for name in row.fields:
                if name not in FIELDS and name not in PREFILLED:
                    unknown.setdefault(name, place)
            if hid:
                notes.append(Quarantined(file.name, place, "field", f"the record {HIDDEN}", ""))
    notes += [
        Quarantined(file.name, place, "field", f"no field of an attestation is named {redact(name)!r}: it was not read", "")
        for name, place in sorted(unknown.items())
    ]  # fmt: skip
    return rows, notes


def _records(line: int, value: Any) -> Iterator[tuple[int, Any]]:
    """A row with its line, or the records of a list, alone or under the key `attestations`, by number."""
    if isinstance(value, dict) and list(value) == ["attestations"]:
        value = value["attestations"]
    if isinstance(value, list):
        yield from enumerate(value, 1)
    else:
        yield line, value


def _given(file: str, line: int, record: Any, key: str) -> tuple[Given, bool]:
    """Return a row as texts, and whether a secret was taken out of it."""
    if not isinstance(record, dict):
        return Given(file, line, {}, "not a record with fields"), False
    fields: dict[str, str] = {}
    hid, wrong = False, ""
    for heading, value in record.items():
        name = re.sub(r"[\s_-]+", "_", str(heading).strip().lower())
        if name in fields:
            wrong = wrong or f"{name} stands twice"
        if isinstance(value, (list, dict)) and name in FIELDS:
            wrong = (
                wrong
                or f"{name} holds {'a list' if isinstance(value, list) else 'fields'}; expected a text"
            )
        text = _text(value)
        kept = text if _HASH.fullmatch(text) else fingerprinted(text, key)
        hid |= kept != text
        fields[name] = kept
    return Given(file, line, fields, wrong), hid


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
