"""The building blocks of OSCAL documents. In: printed texts and ids of a `shape.View`. Out: plain
JSON values, tokens and UUIDs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from reporter.content.crosswalks import CHECKS
from reporter.report.document import View
from reporter.report.view.elements import Figure, Level
from reporter.report.view.format import slug

Json = dict[str, Any]

NS = "urn:agent-reporter:oscal"
"""Qualifies every property and part that OSCAL does not define."""
OSCAL_VERSION = "1.2.1"
"""The oldest release whose schemas hold for all that is written; the later 1.2 ones do too."""
CONTROL, GROUP, RESIDUAL, OBJECTIVE, TOTAL = "control", "group", "residual", "objective", "total"

LASTING = frozenset(
    (
        "check",
        "finding",
        "party",
        "person",
        "poam-item",
        "remediation",
        "risk",
        "subject",
        "verdict",
    )
)
"""Roles of things that are the same in the next quarter; documents, files and statements are of one
run.
"""

_NAMESPACE = uuid5(NAMESPACE_URL, NS)
_MARKUP = re.compile(r"[\\`*\[\]<>{}~^]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
"""What OSCAL's Markdown would take for markup; an underscore inside a word is none."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the parts of one view are called in OSCAL."""

    evidence_id: str
    files: dict[str, str]
    """Framework id, or CHECKS -> file name of its catalog."""
    ids: dict[tuple[str, str, str], str]
    """(CONTROL | GROUP | RESIDUAL | OBJECTIVE | TOTAL, framework id, id as printed) -> token.
    RESIDUAL holds the controls that stand directly in a group which has groups too; TOTAL is the
    class of a total, a theme's under CHECKS."""

    system: str
    """Who is assessed."""

    def uuid(self, role: str, *parts: str) -> str:
        """Return a UUID: the same for the same evidence, role and name. Lasting things keep it in
        every run of the organisation.
        """
        scope_id = self.system if role in LASTING else self.evidence_id
        return str(uuid5(_NAMESPACE, "\0".join((scope_id, role, *parts))))


def system_id(view: View) -> Json:
    """Return the id of the assessed system, which is the same in every run of the organisation."""
    return {
        "identifier-type": "http://ietf.org/rfc/rfc4122",
        "id": str(uuid5(_NAMESPACE, _system(view))),
    }


def _system(view: View) -> str:
    return "\0".join(("system", view.cover.organisation, view.cover.unit))


def names(view: View) -> Names:
    """Give every catalog, group, control and check a valid name that is unique in the run."""
    slugs: set[str] = set()
    files = {CHECKS: slug("catalog", CHECKS, slugs)}
    files |= {f.id: slug("catalog", f.id, slugs) for f in view.frameworks}
    groups = {CHECKS: [t.id for t in view.themes.controls]}
    controls = {CHECKS: [c.id for c in view.checks]}
    for f in view.frameworks:
        groups[f.id], controls[f.id] = [g.id for g in f.groups], [c.id for c in f.controls]
    ids = {(TOTAL, CHECKS, t.id): slug("theme", t.id, slugs) for t in view.themes.controls}
    ids |= {(TOTAL, f.id, ""): slug("framework", f.id, slugs) for f in view.frameworks}
    for framework in files:
        prefix = re.sub("[^A-Za-z0-9._-]+", "-", framework)
        prefix = prefix if re.match("[A-Za-z_]", prefix) else f"_{prefix}"
        for kind, names_of in ((GROUP, groups), (CONTROL, controls)):
            for name in names_of[framework]:
                ids[kind, framework, name] = token = slug(prefix, name, slugs)
                inner_kind = RESIDUAL if kind == GROUP else OBJECTIVE
                ids[inner_kind, framework, name] = slug(token, inner_kind[:3], slugs)
    return Names(
        view.cover.evidence_id, {f: f"{name}.json" for f, name in files.items()}, ids, _system(view)
    )


class Stream:
    """A list that is written item by item: a long run has a million observations."""

    def __init__(self, items: Iterator[Json]) -> None:
        self._items = items

    @classmethod
    def of(cls, items: Iterator[Json]) -> Stream | None:
        """Return the items as a stream, or None if there are none: OSCAL has no empty lists."""
        first_item = next(items, None)
        return None if first_item is None else cls(chain([first_item], items))

    def __iter__(self) -> Iterator[Json]:
        """Yield the items, once."""
        return self._items


def filled(**fields: Any) -> Json:
    """Return an object without empty fields, which OSCAL forbids; `a_b` becomes `a-b`."""
    return {name.replace("_", "-"): v for name, v in fields.items() if v not in ("", [], None)}


def prop(name: str, value: str, of: str = "") -> Json:
    """Return one property in our namespace, with its object as the class."""
    return filled(**{"name": name, "ns": NS, "value": value.strip(), "class": of})


def props(of: str = "", **values: object) -> list[Json]:
    """Return properties in our namespace, in order; empty ones are left out, and `a_b` becomes
    `a-b`.
    """
    texts = ((name.replace("_", "-"), str(v).strip()) for name, v in values.items())
    return [prop(name, text, of) for name, text in texts if text]


def scored(figure: Figure, coverage: str, level: Level | None = None, of: str = "") -> list[Json]:
    """Return score and, where there is one, level as properties. An object that is not assessed has
    no level, and its score is only the two bounds.
    """
    evidenced_level = level if figure.assessed else None
    levels = (
        {
            "level": evidenced_level.text,
            "level_lo": evidenced_level.lo,
            "level_hi": evidenced_level.hi,
        }
        if evidenced_level
        else {}
    )
    target = {"target_level": level.target} if level and level.target else {}
    return props(
        of,
        **levels,
        **target,
        score=figure.text,
        score_lo=figure.exact_lo,
        score_hi=figure.exact_hi,
        coverage=coverage,
    )


def label(name: str) -> Json:
    """Return the label of a control: its id as published."""
    return {"name": "label", "value": name.strip()}


def markup(text: str) -> str:
    """Escape Markdown and HTML, so that names and log texts are printed as they are."""
    return _MARKUP.sub(lambda m: f"\\{m[0]}", text)


def title(text: str, otherwise: str) -> str:
    """Return a title, which must not be empty."""
    return markup(text.strip() or otherwise.strip() or "–")


def related(kind: str, uuids: Iterable[str]) -> list[Json]:
    """Return references to observations, risks or findings, each once, in the order given."""
    return [{f"{kind}-uuid": uuid} for uuid in dict.fromkeys(uuids)]


def metadata(view: View, names: Names, heading: str, version: str, remarks: str = "") -> Json:
    """Return the head of a document. Its last modification is the time of the assessment."""
    party_id = names.uuid("party", "organisation")
    return filled(
        title=title(f"{heading}: {view.cover.organisation}", heading),
        last_modified=view.cover.as_of_iso,
        version=version.strip() or view.cover.evidence_short,
        oscal_version=OSCAL_VERSION,
        props=props(evidence_id=names.evidence_id, profile=view.cover.profile),
        roles=[{"id": "prepared-by", "title": "Prepared by"}],
        parties=[
            {"uuid": party_id, "type": "organization", "name": view.cover.organisation.strip()}
        ],
        responsible_parties=[{"role-id": "prepared-by", "party-uuids": [party_id]}],
        remarks=markup(remarks),
    )
