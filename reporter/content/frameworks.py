"""Read what is asked for: catalogs, profiles, themes, the scoring policy. In: one YAML file. Out:
one dataclass of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from reporter.content.crosswalks import CHECKS, CONFIDENCE, one_of
from reporter.content.yaml import Fields, fields, read_yaml
from reporter.errors import ContentError
from reporter.model.assessment import (
    Check,
    Control,
    Framework,
    Group,
    Origin,
    Policy,
    Profile,
    Theme,
)
from reporter.model.comparison import IDENTITIES, CauseGroup
from reporter.model.roadmap import Efforts
from reporter.model.source import ToolRule

STRENGTHS = ("direct", "partial", "contextual")
_CONTROL_KEYS = (
    *("id", "title", "group", "official_text", "paraphrase", "ask", "not_shown", "weight"),
    *("documented", "checks"),
)
FULL_TEXT = "full-text"
"""The text policy of a catalog that carries the text of its publisher."""
LEVELS = (1, 2, 3, 4, 5)
RESERVED = (CHECKS, "enterprise")
"""What crosswalks and scores call our checks and themes."""
_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,79}")
"""It names files too."""
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def read_framework(path: Path) -> Framework:
    """Read one catalog.

    Raises ContentError where a field is missing or wrong, or an id appears twice.
    """
    catalog_file = fields(path)
    catalog_file.only(
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
        "official_text",
        "source_sha256",
        "optional",
        "confidence",
        "scope_note",
        "groups",
        "controls",
    )
    name = catalog_file.get("id", str)
    if not _ID.fullmatch(name) or name in RESERVED:
        raise ContentError(
            f"'id' is {name!r}",
            catalog_file.place("id"),
            "Expected small letters, digits, dots and dashes, such as acme-2026, and none of"
            f" {', '.join(RESERVED)}.",
        )
    return Framework(
        id=name,
        title=catalog_file.get("title", str),
        short=catalog_file.get("short", str),
        version=catalog_file.get("version", str),
        publisher=catalog_file.get("publisher", str),
        url=catalog_file.get("url", str),
        text_policy=catalog_file.get("text_policy", str),
        source_sha256=catalog_file.get("source_sha256", str, ""),
        groups=tuple(_group(g, catalog_file) for g in catalog_file.get("groups", list, [])),
        controls=tuple(_control(c, catalog_file) for c in catalog_file.get("controls", list)),
        place=catalog_file.place("controls"),
        optional=catalog_file.get("optional", bool, False),
        confidence=one_of(
            catalog_file.get("confidence", str, ""),
            ("", *CONFIDENCE),
            "confidence",
            catalog_file.place("confidence"),
        ),
        note=catalog_file.get("scope_note", str, "").strip(),
        official_text=_origin(catalog_file),
    )


def _origin(file: Fields) -> Origin | None:
    """Return where official texts are from: only a catalog that may carry them says so."""
    origin = file.get("official_text", dict, {})
    if bool(origin) != (file.get("text_policy", str) == FULL_TEXT):
        raise ContentError(
            f"'text_policy: {FULL_TEXT}' and 'official_text' go together",
            file.place("text_policy"),
            "Name the source, with a licence_note that lets its text be copied.",
        )
    if not origin:
        return None
    source, language = origin.get("source"), origin.get("language")
    if set(origin) != {"source", "language"} or not all(
        isinstance(v, str) and v.strip() for v in (source, language)
    ):
        raise ContentError(
            "'official_text' needs a source and a language", file.place("official_text")
        )
    if not _LANGUAGE.fullmatch(language):
        raise ContentError(
            f"'language' is {language!r}", file.place("official_text"), "Expected a tag such as en."
        )
    return Origin(source.strip(), file.get("licence_note", str).strip(), language)


def _official_text(data: dict[str, Any], key: str, file: Fields) -> str:
    """Return the publisher's words for a group or control."""
    text = data.get("official_text", "")
    if not isinstance(text, str):
        raise ContentError(f"{data['id']}: 'official_text' must be text", file.place(key))
    if text and file.get("text_policy", str) != FULL_TEXT:
        raise ContentError(
            f"{data['id']} has an 'official_text', and the text_policy allows none",
            file.place(key),
            f"It may be copied where text_policy is {FULL_TEXT}; else paraphrase it.",
        )
    return text.strip()


def _part(data: Any, texts: tuple[str, ...], kind: str, file: Fields) -> dict[str, Any]:
    """Return one group or control of a catalog, once the texts it must have are there."""
    name = f"{kind} {data.get('id', '?')}" if isinstance(data, dict) else kind
    for key in texts:
        if not isinstance(data, dict) or not isinstance(data.get(key), str):
            raise ContentError(f"{name} lacks {key!r}", file.place(f"{kind}s"))
    return dict(data)


def _group(data: Any, file: Fields) -> Group:
    data = _part(data, ("id", "title"), "group", file)
    text = _official_text(data, "groups", file)
    return Group(data["id"], data["title"], data.get("parent", ""), text)


def _control(data: Any, file: Fields) -> Control:
    data = _part(data, ("id", "title", "paraphrase", "ask"), "control", file)
    name, place = data["id"], file.place("controls")
    if unknown_keys := [key for key in data if key not in _CONTROL_KEYS]:
        raise ContentError(
            f"{name}: unknown key {unknown_keys[0]!r}", place, f"Known: {', '.join(_CONTROL_KEYS)}."
        )
    for key, kind, kind_name in (("not_shown", str, "text"), ("documented", bool, "true or false")):
        if key in data and not isinstance(data[key], kind):
            raise ContentError(f"{name}: {key!r} must be {kind_name}", place)
    checks, whys = _mapped(data.get("checks", {}), name, place)
    return Control(
        id=name,
        title=data["title"],
        group=data.get("group", ""),
        paraphrase=data["paraphrase"].strip(),
        ask=data["ask"].strip(),
        checks=checks,
        weight=data.get("weight", 1),
        not_shown=data.get("not_shown", "").strip(),
        official_text=_official_text(data, "controls", file),
        documented=data.get("documented", False),
        whys=whys,
    )


def _mapped(
    by_strength: Any, name: str, place: str
) -> tuple[tuple[tuple[str, str], ...], dict[str, str]]:
    """Return the checks of a control with their strengths, and the reasons that stand with them."""
    checks: list[tuple[str, str]] = []
    whys: dict[str, str] = {}
    if not isinstance(by_strength, dict):
        raise ContentError(f"{name}: 'checks' must be lists by strength", place)
    for strength, listed in by_strength.items():
        if strength not in STRENGTHS:
            raise ContentError(f"{name}: unknown strength {strength!r}", place)
        if not isinstance(listed, list | dict):
            raise ContentError(f"{name}: 'checks' must be lists by strength", place)
        if isinstance(listed, dict):
            for check_id, why in listed.items():
                if not isinstance(why, str) or not why.strip():
                    raise ContentError(f"{name}: {check_id} has no reason as text", place)
                whys[check_id] = why.strip()
        checks += [(check_id, strength) for check_id in listed]
    return tuple(sorted(checks)), whys


def read_profile(path: Path) -> Profile:
    """Read one profile of target levels.

    Raises ContentError where a field is missing or a target is not a level.
    """
    file = fields(path)
    file.only("id", "title", "description", "target", "themes")
    profile = Profile(
        file.get("id", str),
        file.get("title", str),
        file.get("target", int),
        file.get("themes", dict, {}),
        file.place("themes"),
    )
    for name, level in {"target": profile.target, **profile.themes}.items():
        place = file.place("target") if name == "target" else profile.place
        if level not in LEVELS or isinstance(level, bool):
            raise ContentError(f"{name}: {level!r} is not a level; expected 1 to 5", place)
        if name != "target" and level <= profile.target:
            raise ContentError(
                f"{name}: {level} is not above the target {profile.target}",
                place,
                "Every theme has to permit the target of the enterprise; name higher ones only.",
            )
    return profile


def read_themes(path: Path) -> tuple[Theme, ...]:
    """Read the themes that checks belong to."""
    return tuple(Theme(t["id"], t["title"], t["role"]) for t in read_yaml(path)["themes"])


def read_policy(path: Path) -> Policy:
    """Read the numbers that scoring goes by."""
    policy = read_yaml(path)
    edges = policy["rating_edges"]
    return Policy(
        version=policy["version"],
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        tier_weights=tuple(policy["tier_weights"]),
        severity_weights=policy["severity_weights"],
        strength_weights=policy["strength_weights"],
        attested_credit=Fraction(policy["attested_credit"]),
        declared_credit=Fraction(policy["declared_credit"]),
        compensated_credit=Fraction(policy["compensated_credit"]),
        critical_cap=Fraction(policy["critical_cap"]),
        readiness_coverage=Fraction(policy["readiness_coverage"]),
        rating_edges=(Fraction(edges[0]), Fraction(edges[1]), Fraction(edges[2])),
        level_names=tuple(policy["level_names"]),
        level_claims=tuple(policy["level_claims"]),
        other_weights=tuple((n, tuple(w)) for n, w in policy["other_weights"].items()),
        caps=tuple(
            (c["id"], c["max_level"], c["reason"], c.get("min_days", 0)) for c in policy["caps"]
        ),
        due_days=policy["due_days"],
    )


def read_causes(path: Path) -> tuple[CauseGroup, ...]:
    """Read which checks one defect fails together.

    Raises ContentError where a cause lacks a field or has a wrong one.
    """
    groups = []
    for cause in read_yaml(path)["causes"]:
        identity = cause.get("identity", IDENTITIES[0])
        if identity not in IDENTITIES:
            raise ContentError(
                f"{cause['id']}: no identity {identity!r}",
                str(path),
                f"Known: {', '.join(IDENTITIES)}.",
            )
        groups.append(
            CauseGroup(
                cause["id"],
                cause["title"],
                tuple(cause["checks"]),
                tuple(cause.get("says", ())),
                identity,
            )
        )
    return tuple(groups)


def read_questions(path: Path) -> dict[str, str]:
    """Read what is to be decided: by cause, and by check that is a cause by itself."""
    found = read_yaml(path)
    by_cause = {str(cause["id"]): str(cause["question"]) for cause in found["causes"]}
    return by_cause | {str(check): str(text) for check, text in found["questions"].items()}


def read_efforts(path: Path) -> Efforts:
    """Read how many person-days an action takes unless a workspace says otherwise.

    Raises ContentError where an effort is no positive number.
    """
    file = fields(path)
    file.only("sizes", "evidence", "severities", "causes")
    sizes = file.get("sizes", dict)

    def days(key: str, name: str, size: Any) -> Fraction:
        value = sizes.get(size) if isinstance(size, str) else None
        if type(value) is not int or value < 1:
            options = ", ".join(map(str, sizes))
            raise ContentError(
                f"{name}: size {size!r} is no size of whole days",
                file.place(key),
                f"Known: {options}.",
            )
        return Fraction(value)

    severities, causes = (
        {name: days(key, name, size) for name, size in file.get(key, dict).items()}
        for key in ("severities", "causes")
    )
    return Efforts(days("evidence", "evidence", file.get("evidence", str)), severities, causes)


ALWAYS, IN_SCOPE = "always", "in_scope"
"""Where a failed test fails a check: wherever it is assessed, or where it found the subject."""


def read_tool_rules(path: Path) -> tuple[ToolRule, ...]:
    """Read which rules of one tool speak for which checks.

    Raises ContentError where a rule lacks a field, has a wrong one or would settle nothing.
    """
    file = fields(path)
    file.only("tool", "source", "read", "days", "rules")
    tool, days = file.get("tool", str).lower(), file.get("days", int)
    file.get("source", str)
    file.get("read", date)
    return tuple(_tool_rule(r, tool, days, file) for r in file.get("rules", list))


def _tool_rule(data: Any, tool: str, days: int, file: Fields) -> ToolRule:
    if not isinstance(data, dict) or not {"rule", "check"} <= {*data}:
        raise ContentError(f"{data!r}: a rule needs 'rule' and 'check'", file.place("rules"))
    rule = Fields(data, file.path, {name: file.lines.get("rules", 1) for name in data})
    rule.only("rule", "check", "fails", "passes", "of")
    fails = one_of(rule.get("fails", str, ""), ("", ALWAYS, IN_SCOPE), "fails", file.place("rules"))
    passes = rule.get("passes", bool, False)
    if not fails and not passes:
        raise ContentError(
            f"{data['rule']} settles nothing",
            file.place("rules"),
            f"Give fails ({ALWAYS} or {IN_SCOPE}) or passes (true), or leave it out.",
        )
    name, check = rule.get("rule", str), rule.get("check", str)
    types = tuple(map(str, rule.get("of", list, [])))
    return ToolRule(tool, name, check, fails, passes, types, days, file.place("rules"))


def unknown_in_rules(rules: Iterable[ToolRule], check_ids: Set[str]) -> Iterator[ContentError]:
    """Name each check that a rule of a tool speaks for and that does not exist."""
    for rule in rules:
        if rule.check not in check_ids:
            yield ContentError(f"{rule.rule}: there is no check {rule.check!r}", rule.place)


def unknown_substitutes(checks: Sequence[Check]) -> Iterator[ContentError]:
    """Name each compensating check that does not exist or is the check itself."""
    check_ids = {c.id for c in checks}
    for check in checks:
        for substitute in check.compensated_by:
            if substitute not in check_ids - {check.id}:
                yield ContentError(f"compensated_by: no other check {substitute!r}", check.place)
