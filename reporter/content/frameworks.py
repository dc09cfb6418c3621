"""Read what is asked for: catalogs, profiles, themes, the scoring policy. In: one YAML file. Out:
one dataclass of it.
"""

from __future__ import annotations

import hashlib
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

from reporter.content.crosswalks import CHECKS, CONFIDENCE, one_of
from reporter.content.yaml import Fields, fields, read_yaml
from reporter.errors import ContentError
from reporter.model.assessment import Control, Framework, Group, Policy, Profile, Theme
from reporter.model.comparison import IDENTITIES, CauseGroup
from reporter.model.roadmap import Efforts

STRENGTHS = ("direct", "partial", "contextual")


RESERVED = (CHECKS, "enterprise")
"""What crosswalks and scores call our checks and themes."""
_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,79}")
"""It names files too."""


def read_framework(path: Path) -> Framework:
    """Read one catalog.

    Raises ContentError where a field is missing or wrong, or an id stands twice.
    """
    f = fields(path)
    f.only(
        "id",
        "title",
        "title_note",
        "short",
        "version",
        "publisher",
        "url",
        "published",
        "text_policy",
        "licence_note",
        "source_sha256",
        "optional",
        "confidence",
        "scope_note",
        "groups",
        "controls",
    )
    name = f.get("id", str)
    if not _ID.fullmatch(name) or name in RESERVED:
        raise ContentError(
            f"'id' is {name!r}",
            f.place("id"),
            "Expected small letters, digits, dots and dashes, such as acme-2026, and none of"
            f" {', '.join(RESERVED)}.",
        )
    groups = [_part(g, ("id", "title"), "group", f) for g in f.get("groups", list, [])]
    return Framework(
        id=name,
        title=f.get("title", str),
        short=f.get("short", str),
        version=f.get("version", str),
        publisher=f.get("publisher", str),
        url=f.get("url", str),
        text_policy=f.get("text_policy", str),
        source_sha256=f.get("source_sha256", str, ""),
        groups=tuple(Group(g["id"], g["title"], g.get("parent", "")) for g in groups),
        controls=tuple(_control(c, f) for c in f.get("controls", list)),
        place=f.place("controls"),
        optional=f.get("optional", bool, False),
        confidence=one_of(
            f.get("confidence", str, ""), ("", *CONFIDENCE), "confidence", f.place("confidence")
        ),
        note=f.get("scope_note", str, "").strip(),
    )


def _part(data: Any, texts: tuple[str, ...], kind: str, f: Fields) -> dict[str, Any]:
    """Return one group or control of a catalog, once the texts it must have are there."""
    name = f"{kind} {data.get('id', '?')}" if isinstance(data, dict) else kind
    for key in texts:
        if not isinstance(data, dict) or not isinstance(data.get(key), str):
            raise ContentError(f"{name} lacks {key!r}", f.place(f"{kind}s"))
    return dict(data)


def _control(data: Any, f: Fields) -> Control:
    data = _part(data, ("id", "title", "paraphrase", "ask"), "control", f)
    listed = data.get("checks", {})
    if not isinstance(listed, dict) or not all(isinstance(ids, list) for ids in listed.values()):
        raise ContentError(f"{data['id']}: 'checks' must be lists by strength", f.place("controls"))
    checks = []
    for strength, ids in listed.items():
        if strength not in STRENGTHS:
            raise ContentError(
                f"{data.get('id')}: unknown strength {strength!r}", f.place("controls")
            )
        checks += [(i, strength) for i in ids]
    return Control(
        id=data["id"],
        title=data["title"],
        group=data.get("group", ""),
        paraphrase=data["paraphrase"].strip(),
        ask=data["ask"].strip(),
        checks=tuple(sorted(checks)),
        weight=data.get("weight", 1),
    )


def read_profile(path: Path) -> Profile:
    """Read one profile of target levels."""
    f = fields(path)
    f.only("id", "title", "description", "default", "targets")
    targets = f.get("targets", dict, {})
    return Profile(
        f.get("id", str), f.get("title", str), f.get("default", int), targets, f.place("targets")
    )


def read_themes(path: Path) -> tuple[Theme, ...]:
    """Read the themes that checks belong to."""
    return tuple(Theme(t["id"], t["title"]) for t in read_yaml(path)["themes"])


def read_policy(path: Path) -> Policy:
    """Read the numbers that scoring goes by."""
    d = read_yaml(path)
    edges = d["rating_edges"]
    return Policy(
        version=d["version"],
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        tier_weights=tuple(d["tier_weights"]),
        severity_weights=d["severity_weights"],
        strength_weights=d["strength_weights"],
        attested_credit=Fraction(d["attested_credit"]),
        compensated_credit=Fraction(d["compensated_credit"]),
        critical_cap=Fraction(d["critical_cap"]),
        rating_edges=(Fraction(edges[0]), Fraction(edges[1]), Fraction(edges[2])),
        group_share=Fraction(d["group_share"]),
        level_names=tuple(d["level_names"]),
        level_claims=tuple(d["level_claims"]),
        other_weights=tuple((n, tuple(w)) for n, w in d["other_weights"].items()),
        caps=tuple((c["id"], c["max_level"], c["reason"], c.get("min_days", 0)) for c in d["caps"]),
    )


def read_causes(path: Path) -> tuple[CauseGroup, ...]:
    """Read which checks one defect fails together.

    Raises ContentError where a cause lacks a field or has a wrong one.
    """
    made = []
    for c in read_yaml(path)["causes"]:
        identity = c.get("identity", IDENTITIES[0])
        if identity not in IDENTITIES:
            raise ContentError(
                f"{c['id']}: no identity {identity!r}",
                str(path),
                f"Known: {', '.join(IDENTITIES)}.",
            )
        made.append(
            CauseGroup(c["id"], c["title"], tuple(c["checks"]), tuple(c.get("says", ())), identity)
        )
    return tuple(made)


def read_efforts(path: Path) -> Efforts:
    """Read how many person-days an action takes unless a workspace says otherwise.

    Raises ContentError where an effort is no positive number.
    """
    f = fields(path)
    f.only("sizes", "evidence", "severities", "causes")
    sizes = f.get("sizes", dict)

    def days(key: str, name: str, size: Any) -> Fraction:
        value = sizes.get(size) if isinstance(size, str) else None
        if type(value) is not int or value < 1:
            known = ", ".join(map(str, sizes))
            raise ContentError(
                f"{name}: size {size!r} is no size of whole days", f.place(key), f"Known: {known}."
            )
        return Fraction(value)

    severities, causes = (
        {name: days(key, name, size) for name, size in f.get(key, dict).items()}
        for key in ("severities", "causes")
    )
    return Efforts(days("evidence", "evidence", f.get("evidence", str)), severities, causes)
