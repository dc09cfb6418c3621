"""The JSON Schemas of report.json and of the view. In: dataclasses, their docstrings. Out:
docs/report.schema.json, view.schema.json, rollup.schema.json.

A field that has a default may be missing in data of earlier versions; no other field is known.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from reporter.model.assessment import Assessment
from reporter.report.document import View
from reporter.report.rolled_up.rollup_data import Rollup
from reporter.report.rolled_up.rollup_files import SCHEMA as ROLLUP
from reporter.report.trend.transitions import ChangedResults
from reporter.report.view.finding_rows import Findings
from reporter.runs.store import LISTED_APART, LISTS, MOST_LISTED, SCHEMA

ID = f"urn:reporter:{SCHEMA.replace('/', ':')}"
_TABLE = {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}
_LISTS = {
    "description": f"Where these fields lie, if they are too long: in {LISTS}, an object of them.",
    "type": "object",
    "properties": {
        "file": {"const": LISTS},
        "sha256": {"type": "string"},
        "fields": {"const": list(LISTED_APART)},
    },
    "required": ["fields", "file", "sha256"],
    "additionalProperties": False,
}
_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    Any: {},
    datetime: {"type": "string", "format": "date-time"},
    Findings: _TABLE,
    ChangedResults: _TABLE,
    Fraction: {"type": "string", "pattern": "^-?[0-9]+/[1-9][0-9]*$"},
}


def report_schema() -> str:
    """Return the schema of report.json as text, with one definition per dataclass."""
    definitions: dict[str, Any] = {}
    root = definitions["Assessment"] = _definition(Assessment, definitions)
    root["properties"]["schema"] = {"const": SCHEMA}
    root["properties"]["lists"] = _LISTS
    apart = [name for name in LISTED_APART if name in root["required"]]
    root["required"] = sorted({*root["required"], "schema"} - {*apart})
    root["anyOf"] = [{"required": apart}, {"required": ["lists"]}]
    return _whole(
        Assessment,
        definitions,
        ID,
        "report.json of Reporter",
        "The data of a run, in no language: shares are fractions such as 62/105, times ISO 8601 in"
        f" UTC. Its results are in results.parquet, and lists of over {MOST_LISTED >> 20} MB in"
        f" {LISTS}.",
    )


def view_schema() -> str:
    """Return the schema of the view that templates see."""
    return _whole(
        View,
        {},
        "urn:reporter:view",
        "The view of Reporter",
        "What a template of a report sees: texts are ready to print; exact_* are fractions such as"
        " 62/105. It is stored nowhere.",
    )


def rollup_schema() -> str:
    """Return the schema of rollup.json as text."""
    definitions: dict[str, Any] = {}
    root = definitions["Rollup"] = _definition(Rollup, definitions)
    root["properties"]["schema"] = {"const": ROLLUP}
    root["required"] = sorted({*root["required"], "schema"})
    return _whole(
        Rollup,
        definitions,
        f"urn:reporter:{ROLLUP.replace('/', ':')}",
        "rollup.json of Reporter",
        "Results of runs pooled and scored: shares are fractions such as 62/105, times ISO 8601.",
    )


def _whole(kind: Any, definitions: dict[str, Any], name: str, title: str, description: str) -> str:
    root = _schema(kind, definitions)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": name,
        "title": title,
        "description": f"{description} Made by `make docs`; do not edit.",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind in _PLAIN:
        return _PLAIN[kind]
    type_args, origin = get_args(kind), get_origin(kind)
    if is_dataclass(kind):
        name = kind.__name__  # type: ignore[union-attr]
        if name not in definitions:
            definitions[name] = {}  # reserved before its fields are read
            definitions[name] = _definition(kind, definitions)
        return {"$ref": f"#/$defs/{name}"}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"enum": [str(member) for member in kind]}
    if origin is UnionType:
        return {"anyOf": [_schema(i, definitions) for i in type_args]}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(type_args[1], definitions)}
    if origin is tuple and len(type_args) == 2 and type_args[1] is Ellipsis:
        return {"type": "array", "items": _schema(type_args[0], definitions)}
    if origin is tuple:
        parts = [_schema(i, definitions) for i in type_args]
        return {"type": "array", "prefixItems": parts, "items": False, "minItems": len(parts)}
    raise TypeError(f"report.json cannot hold {kind}")


def _definition(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    hints, descriptions = get_type_hints(kind), _descriptions(kind)
    members = fields(kind)
    properties = {}
    for member in members:
        description = (
            {"description": descriptions[member.name]} if member.name in descriptions else {}
        )
        properties[member.name] = {**_schema(hints[member.name], definitions), **description}
    head = {"description": descriptions[""]} if "" in descriptions else {}
    return {
        **head,
        "type": "object",
        "properties": properties,
        "required": [f.name for f in members if f.default is f.default_factory is MISSING],
        "additionalProperties": False,
    }


def _descriptions(kind: Any) -> dict[str, str]:
    """Return the docstrings below each field, and that of the class under ''."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    texts, name = {}, ""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            texts[name] = inspect.cleandoc(str(node.value.value))
    return texts
