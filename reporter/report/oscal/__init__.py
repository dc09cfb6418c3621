"""OSCAL: a `shape.View` in, a folder of documents out. Names, rounding and order come from the view; nothing is judged here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reporter.crosswalks import CHECKS
from reporter.report.shape import View

from .catalogs import catalog, checks_catalog, profile
from .mappings import mapping_collection
from .parts import names
from .poam import poam
from .results import assessment_results


def write(view: View, path: Path) -> None:
    """Write the folder: catalogs, profile.json, mapping-collection.json, assessment-results.json, and poam.json if anything is open."""
    known = names(view)
    documents = {known.files[f.id]: catalog(view, f, known) for f in view.frameworks} | {
        known.files[CHECKS]: checks_catalog(view, known),
        "profile.json": profile(view, known),
        "mapping-collection.json": mapping_collection(view, known),
        "assessment-results.json": assessment_results(view, known),
        "poam.json": poam(view, known),
    }
    path.mkdir()
    for name, document in documents.items():
        if document:
            (path / name).write_bytes(_to_json(document))


def _to_json(document: dict[str, Any]) -> bytes:
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode() + b"\n"
