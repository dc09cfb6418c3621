"""OSCAL: a `shape.View` in, a folder of documents out. Names, rounding and order come from the
view. Nothing is assessed here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from reporter.content.crosswalks import CHECKS
from reporter.report.document import View
from reporter.report.oscal.oscal_catalogs import catalog, checks_catalog, profile
from reporter.report.oscal.oscal_mappings import mapping_collection
from reporter.report.oscal.oscal_parts import Stream, names
from reporter.report.oscal.oscal_poam import poam
from reporter.report.oscal.oscal_results import assessment_results

MARK = "\0stream"
"""Where a stream goes; no text of a view has a NUL, for it is printed as an escape."""


def write(view: View, path: Path) -> None:
    """Write the folder: catalogs, profile.json, mapping-collection.json, assessment-results.json,
    and poam.json if actions are open.
    """
    oscal_names = names(view)
    documents = {
        oscal_names.files[f.id]: catalog(view, f, oscal_names) for f in view.frameworks
    } | {
        oscal_names.files[CHECKS]: checks_catalog(view, oscal_names),
        "profile.json": profile(view, oscal_names),
        "mapping-collection.json": mapping_collection(view, oscal_names),
        "assessment-results.json": assessment_results(view, oscal_names),
        "poam.json": poam(view, oscal_names),
    }
    path.mkdir()
    for name, document in documents.items():
        if document:
            with (path / name).open("w", encoding="utf-8", newline="\n") as file:
                _write(document, file)


def _write(document: dict[str, Any], file: TextIO) -> None:
    """Write a document. Its streams are written item by item."""
    streams: list[Stream] = []

    def mark(value: object) -> str:
        if not isinstance(value, Stream):
            raise TypeError(f"OSCAL cannot hold {type(value)}")
        streams.append(value)
        return MARK

    head, *tails = _to_json(document, mark).split(_to_json(MARK))
    file.write(head)
    for stream, text in zip(streams, tails, strict=True):
        file.write("[")
        for n, item in enumerate(stream):
            file.write("," * (n > 0) + _to_json(item))
        file.write("]" + text)
    file.write("\n")


def _to_json(value: object, mark: Callable[[object], str] | None = None) -> str:
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=mark
    )
