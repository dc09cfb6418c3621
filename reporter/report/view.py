"""Build the one object that every format reads: an `Assessment` in, a printable `shape.View` out.

Wording, rounding and order are decided here and in the modules this one calls, never in a template
or a writer. The JSON form has sorted keys and the same bytes for the same assessment.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from reporter import model
from reporter.errors import InputError
from reporter.explanation import said_of, why_check
from reporter.scores import CheckScore, Status
from reporter.texts import ENGLISH, content, say, speaking, word

from . import shape
from .accounting import accounting, scope
from .agents import agents
from .attested import attestations
from .board import board
from .crosswalks import CROSSWALK, crosswalks
from .frameworks import ENTERPRISE, Book, frameworks, themes
from .history import history
from .method import hashes, levels, method
from .observed import causes, observed
from .parity import parity
from .pictures import calendar, losses
from .roadmap import roadmap
from .slices import slices
from .summary import cover, summary
from .thresholds import in_words, rule, thresholds
from .waived import waivers
from .words import (
    clean,
    counts,
    figure,
    number,
    percent,
    ranged,
    short,
    slug,
    subject,
    top_tier,
    weight_note,
)

KEPT = 25
"""Failing subjects of a check in `Check.failing`; `findings` has all."""
SHOWN_ON_PAPER = 3
REASONS_SHOWN = 3

_COLUMNS = (
    *("check", "title", "severity", "subject", "actor", "owner", "tier"),
    *("status", "reason", "record", "waived_until", "waiver", "fix"),
)
"""Followed by one column per framework with the ids of the controls that the check counts for."""
_ORDER = (Status.FAIL, Status.UNKNOWN, Status.COMPENSATED, Status.ATTESTED)
_STRENGTHS = ("direct", "partial", "contextual")


def build(assessment: model.Assessment) -> shape.View:
    """Turn an assessment into the printable view, in its language."""
    with speaking(assessment.language):
        return _build(assessment)


def both(assessment: model.Assessment) -> tuple[shape.View, shape.View]:
    """Return the view, and the same with roadmap and parts in English, as all tables of a run are."""
    made = build(assessment)
    if assessment.language == ENGLISH:
        return made, made
    places = {n: row for row, n in enumerate(_order(assessment))}
    with speaking(ENGLISH):
        plain = replace(made, roadmap=roadmap(assessment, places), slices=slices(assessment))
    return made, plain


def _build(assessment: model.Assessment) -> shape.View:
    anchors = _anchors(assessment)
    checks = _checks(assessment, anchors)
    book = Book(assessment, {c.id: c for c in checks}, anchors)
    themes_view, framework_views = themes(book), frameworks(book)
    places, findings = _findings(assessment)
    return shape.View(
        schema=shape.SCHEMA,
        cover=cover(assessment),
        summary=summary(assessment, book.checks, framework_views),
        themes=themes_view,
        frameworks=framework_views,
        checks=checks,
        observed=observed(assessment.compared),
        causes=causes(assessment.causes),
        scope=scope(assessment),
        accounting=accounting(assessment),
        level_names=tuple(clean(content(name)) for name in assessment.policy.level_names),
        levels=levels(assessment),
        method=method(assessment),
        hashes=hashes(assessment),
        finding_columns=(*_COLUMNS, *(clean(f.short) for f in assessment.frameworks)),
        findings=findings,
        crosswalks=crosswalks(assessment, anchors),
        parity=parity(assessment.parity),
        attestations=attestations(assessment, anchors),
        roadmap=roadmap(assessment, places),
        waivers=waivers(assessment, anchors),
        slices=slices(assessment),
        board=board(assessment),
        losses=losses(assessment),
        calendar=calendar(assessment),
        agents=agents(assessment.compared),
        history=history(assessment, anchors),
        weights=_weights(assessment.policy),
    )


def _weights(p: model.Policy) -> shape.Weights:
    return shape.Weights(
        p.tier_weights, tuple(p.severity_weights.items()), tuple(p.strength_weights.items())
    )


def to_json(view: shape.View) -> bytes:
    """Write the view as report.json."""
    text = json.dumps(
        view, default=_fields_of, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return text.encode() + b"\n"


def _fields_of(part: Any) -> dict[str, Any]:
    return {f.name: getattr(part, f.name) for f in fields(part)}


def write(view: shape.View, path: Path) -> None:
    """Write report.json."""
    path.write_bytes(to_json(view))


def from_json(data: bytes) -> shape.View:
    """Read report.json back into the view it was written from."""
    raw = json.loads(data)
    found = raw.get("schema") if isinstance(raw, dict) else None
    if found != shape.SCHEMA:
        hint = "Assess the workspace again with this version."
        raise InputError(f"its schema is {found}, not {shape.SCHEMA}", "report.json", hint)
    made: shape.View = _decoded(shape.View, raw)
    return made


def _decoded(kind: Any, value: Any) -> Any:
    """Build a dataclass, a tuple of them or a plain value from JSON, by its type hint."""
    if is_dataclass(kind):
        hints = _hints(kind)  # type: ignore[arg-type]
        # A field that a later version added has a default: the runs before it can still be read.
        given = [f for f in fields(kind) if f.name in value or f.default is MISSING]
        return kind(**{f.name: _decoded(hints[f.name], value[f.name]) for f in given})  # type: ignore[operator]
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_decoded(inner[0], v) for v in value)
        return tuple(_decoded(k, v) for k, v in zip(inner, value, strict=True))
    return value


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """The types of a dataclass's fields; to evaluate them anew for each object took most of the reading."""
    return get_type_hints(kind)


def _anchors(a: model.Assessment) -> dict[tuple[str, str], str]:
    """Give every framework, control, theme and check a place of its own to link to."""
    taken: set[str] = set()
    anchors = {("", c.id): slug("k", c.id, taken) for c in a.checks}
    anchors[ENTERPRISE, ""] = slug("f", "themes", taken)
    anchors |= {(ENTERPRISE, t.id): slug("t", t.id, taken) for t in a.themes}
    for f in a.frameworks:
        anchors[f.id, ""] = slug("f", f.id, taken)
        anchors |= {(f.id, c.id): slug("c", c.id, taken) for c in f.controls}
    anchors |= {(CROSSWALK, w.id): slug("w", w.id, taken) for w in a.crosswalks}
    return anchors


def _checks(a: model.Assessment, anchors: Mapping[tuple[str, str], str]) -> tuple[shape.Check, ...]:
    findings: dict[str, list[model.Finding]] = {}
    for finding in a.findings:
        findings.setdefault(finding.check, []).append(finding)
    controls = _controls_of_checks(a, anchors)
    order = {t.id: n for n, t in enumerate(a.themes)}
    sorted_checks = sorted(a.checks, key=lambda c: (order.get(c.theme, len(order)), c.id))
    names = {t.id: clean(content(t.title)) for t in a.themes}
    return tuple(
        _check(a, c, anchors["", c.id], findings.get(c.id, []), controls.get(c.id, ()), names)
        for c in sorted_checks
    )


def _controls_of_checks(
    a: model.Assessment, anchors: Mapping[tuple[str, str], str]
) -> dict[str, tuple[shape.Link, ...]]:
    """List for every check the controls it serves, direct ones first."""
    found: dict[str, list[tuple[int, shape.Link]]] = {}
    for f in a.frameworks:
        for c in f.controls:
            for check_id, strength in c.checks:
                link = shape.Link(clean(c.id), anchors[f.id, c.id], strength)
                found.setdefault(check_id, []).append((_STRENGTHS.index(strength), link))
    return {
        check_id: tuple(link for _, link in sorted(links, key=lambda pair: pair[0]))
        for check_id, links in found.items()
    }


def _check(
    a: model.Assessment, c: model.Check, anchor: str, findings: Sequence[model.Finding], controls: tuple[shape.Link, ...],
    names: Mapping[str, str],
) -> shape.Check:  # fmt: skip
    score = a.scores.checks[c.id]
    n = counts(score)
    result = figure(score.lo, score.hi, _state(score))
    level = say("level {n} ({name})", n=c.level, name=content(a.policy.level_names[c.level]))
    evidence = word({"both": "inventory and logs"}.get(c.evidence, clean(c.evidence)))
    coverage = percent(score.known)
    sample = clean(said_of(c.sample)) if c.sample else ""
    limits = thresholds(c)
    return shape.Check(
        id=clean(c.id),
        anchor=anchor,
        title=clean(content(c.title)),
        theme=names.get(c.theme, clean(c.theme)),
        why=clean(content(c.why)),
        fix=clean(content(c.fix)),
        severity=c.severity,
        level=level,
        evidence=evidence,
        place=clean(c.place),
        figure=result,
        coverage=coverage,
        counts=n,
        standing=_standing(result, coverage, n, c.severity, level, evidence, sample),
        failing=tuple(subject(f) for f in _failing(findings)[:KEPT]),
        more_paper=_more(n.failed, SHOWN_ON_PAPER),
        unknown=_unknown(n.unknown, findings),
        controls=controls,
        sample=sample,
        about=clean(c.about),
        thresholds=limits,
        threshold_text=in_words(limits),
        rule=rule(c),
        reasons=tuple(clean(line) for line in why_check(score, c.title, c.sample).split("\n")),
    )


def _standing(
    score: shape.Figure, coverage: str, n: shape.Counts, severity: str, level: str, evidence: str, sample: str
) -> str:  # fmt: skip
    covered = say("coverage {share}", share=coverage)
    source = say("from {evidence}", evidence=evidence)
    weights = weight_note(score, n, bool(sample))
    facts = (ranged(score), covered, weights, n.text, word(severity), level, source, sample)
    return " · ".join(f for f in facts if f)


def _failing(findings: Iterable[model.Finding]) -> list[model.Finding]:
    """Return the failures, the highest tier first."""
    failed = (f for f in findings if f.status == Status.FAIL)
    return sorted(failed, key=lambda f: (-top_tier(f.tier), f.subject))


def _state(score: CheckScore) -> str:
    if not score.applicable:
        return "not_applicable"
    return "assessed" if score.known else "not_assessed"


def _more(failed: int, limit: int) -> str:
    if failed <= limit:
        return ""
    return say(
        "{n} of {all} failing subjects shown, highest tier first; all {all} are in findings.csv.",
        n=number(limit), all=number(failed),
    )  # fmt: skip


def _unknown(unknown: int, findings: Iterable[model.Finding]) -> str:
    """Say how many are unknown and the most frequent reasons."""
    if not unknown:
        return ""
    reasons = Counter(clean(f.reason) for f in findings if f.status == Status.UNKNOWN)
    top = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))[:REASONS_SHOWN]
    said = [f"{short(text, 'findings.csv', 200)} ({number(n)})" for text, n in top]
    rest = unknown - sum(n for _, n in top)
    if rest:
        said.append(say("other reasons ({n}; all in findings.csv)", n=number(rest)))
    return say("{n} unknown: {reasons}", n=number(unknown), reasons="; ".join(said))


def _order(a: model.Assessment) -> list[int]:
    """Put the findings in the order of findings.csv."""
    rank = {c.id: (model.SEVERITIES.index(c.severity), c.id) for c in a.checks}
    return sorted(
        range(len(a.findings)),
        key=lambda n: (rank[(f := a.findings[n]).check], _ORDER.index(f.status), f.subject),
    )


def _findings(a: model.Assessment) -> tuple[dict[int, int], tuple[tuple[str, ...], ...]]:
    """List every fail, unknown and compensated cell in full, worst check first, and say in which row each stands."""
    served = {f.id: _served(f) for f in a.frameworks}
    heads = {c.id: (clean(c.id), clean(c.title), c.severity) for c in a.checks}
    fixes = {c.id: (clean(c.fix.strip()), clean(c.fix_listed or c.fix.strip())) for c in a.checks}
    tails = {c.id: tuple(served[f.id].get(c.id, "") for f in a.frameworks) for c in a.checks}
    order = _order(a)
    return {n: row for row, n in enumerate(order)}, tuple(
        (
            *heads[f.check],
            clean(f.subject),
            clean(f.actor),
            clean(f.owner),
            f.tier,
            f.status.value,
            clean(f.reason),
            clean(f.ref),
            f.waived_until,
            clean(f.waiver),
            fixes[f.check][f.listed],
            *tails[f.check],
        )
        for f in (a.findings[n] for n in order)
    )


def _served(framework: model.Framework) -> dict[str, str]:
    """Map each check to the ids of the controls it counts for."""
    ids: dict[str, list[str]] = {}
    for control in framework.controls:
        for check_id, strength in control.checks:
            if strength != "contextual":
                ids.setdefault(check_id, []).append(clean(control.id))
    return {check_id: "; ".join(controls) for check_id, controls in ids.items()}
