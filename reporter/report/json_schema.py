"""The JSON Schemas of report.json and of the view. In: dataclasses, their docstrings. Out:
docs/report.schema.json, view.schema.json.

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
from reporter.report.trend.transitions import Changed
from reporter.report.view.finding_rows import Findings
from reporter.runs.store import SCHEMA

ID = f"urn:reporter:{SCHEMA.replace('/', ':')}"
_TABLE = {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}
_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    Any: {},
    datetime: {"type": "string", "format": "date-time"},
    Findings: _TABLE,
    Changed: _TABLE,
    Fraction: {"type": "string", "pattern": "^-?[0-9]+/[1-9][0-9]*$"},
}


def report_schema() -> str:
    """Return the schema of report.json as text: a definition a dataclass, by its name."""
    found: dict[str, Any] = {}
    held = found["Assessment"] = _definition(Assessment, found)
    held["properties"]["schema"] = {"const": SCHEMA}
    held["required"] = sorted([*held["required"], "schema"])
    return _whole(
        Assessment,
        found,
        ID,
        "report.json of Reporter",
        "The data of a run, in no language: shares are fractions such as 62/105, times ISO 8601 in"
        " UTC. Its verdicts are in results.parquet.",
    )


def view_schema() -> str:
    """Return the schema of what the templates of a report see."""
    return _whole(
        View,
        {},
        "urn:reporter:view",
        "The view of Reporter",
        "What a template of a report sees: texts are ready to print; exact_* are fractions such as"
        " 62/105. It is stored nowhere.",
    )


def _whole(kind: Any, found: dict[str, Any], name: str, title: str, about: str) -> str:
    root = _schema(kind, found)
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": name,
        "title": title,
        "description": f"{about} Made by `make docs`; do not edit.",
        **root,
        "$defs": dict(sorted(found.items())),
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _schema(kind: Any, found: dict[str, Any]) -> dict[str, Any]:
    if kind in _PLAIN:
        return _PLAIN[kind]
    inner, origin = get_args(kind), get_origin(kind)
    if is_dataclass(kind):
        name = kind.__name__  # type: ignore[union-attr]
        if name not in found:
            found[name] = {}  # taken before its fields are looked at
            found[name] = _definition(kind, found)
        return {"$ref": f"#/$defs/{name}"}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"enum": [str(member) for member in kind]}
    if origin is UnionType:
        return {"anyOf": [_schema(i, found) for i in inner]}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(inner[1], found)}
    if origin is tuple and len(inner) == 2 and inner[1] is Ellipsis:
        return {"type": "array", "items": _schema(inner[0], found)}
    if origin is tuple:
        parts = [_schema(i, found) for i in inner]
        return {"type": "array", "prefixItems": parts, "items": False, "minItems": len(parts)}
    raise TypeError(f"report.json cannot hold {kind}")


def _definition(kind: Any, found: dict[str, Any]) -> dict[str, Any]:
    hints, said = get_type_hints(kind), _said_of(kind)
    held = fields(kind)
    properties = {}
    for f in held:
        about = {"description": said[f.name]} if f.name in said else {}
        properties[f.name] = {**_schema(hints[f.name], found), **about}
    own = {"description": said[""]} if "" in said else {}
    return {
        **own,
        "type": "object",
        "properties": properties,
        "required": [f.name for f in held if f.default is f.default_factory is MISSING],
        "additionalProperties": False,
    }


def _said_of(kind: Any) -> dict[str, str]:
    """Return what stands in quotes below each field, and under '' what stands below the class
    line.
    """
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    said, name = {}, ""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            said[name] = inspect.cleandoc(str(node.value.value))
    return said
