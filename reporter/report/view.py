"""Build the one object that every format reads: an `Assessment` and its results in, a printable `shape.View` out.

Wording, rounding and order are decided here and in the modules this one calls, never in a template
or a writer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from reporter import model
from reporter.explanation import said_of, why_check
from reporter.headlines import remedy
from reporter.scores import CheckScore, Status, tier_text
from reporter.store import Changes, Held, Results
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
from .shape_findings import COLUMNS, Findings
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
    weight_note,
)

KEPT = 25
"""Failing subjects of a check in `Check.failing`; `findings` has all."""
SHOWN_ON_PAPER = 3
REASONS_SHOWN = 3

_STRENGTHS = ("direct", "partial", "contextual")


def build(assessment: model.Assessment, results: Results, language: str = "") -> shape.View:
    """Turn an assessment and its verdicts into the printable view, in its language or another."""
    spoken = language or assessment.language
    with speaking(spoken):
        return _build(replace(assessment, language=spoken), results)


def both(
    assessment: model.Assessment, results: Results, language: str
) -> tuple[shape.View, shape.View]:
    """Return the view, and the same with roadmap and parts in English, as all tables of a run are."""
    made = build(assessment, results, language)
    if language == ENGLISH:
        return made, made
    with speaking(ENGLISH):
        plain = replace(made, roadmap=roadmap(assessment, results), slices=slices(assessment))
    return made, plain


def moved(view: shape.View, run: Path) -> shape.View:
    """Return a view whose run stands elsewhere by now."""
    findings, changed = view.findings, view.history.changes
    now = changed and replace(changed, held=Changes(run))
    history = replace(view.history, changes=now)
    return replace(view, findings=replace(findings, results=Results(run)), history=history)


def _build(assessment: model.Assessment, results: Results) -> shape.View:
    anchors = _anchors(assessment)
    checks = _checks(assessment, results, anchors)
    book = Book(assessment, {c.id: c for c in checks}, anchors)
    themes_view, framework_views = themes(book), frameworks(book)
    return shape.View(
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
        finding_columns=(*COLUMNS, *(clean(f.short) for f in assessment.frameworks)),
        findings=_findings(assessment, results),
        crosswalks=crosswalks(assessment, anchors),
        parity=parity(assessment.parity),
        attestations=attestations(assessment, anchors),
        roadmap=roadmap(assessment, results),
        waivers=waivers(assessment, anchors),
        slices=slices(assessment),
        board=board(assessment),
        losses=losses(assessment),
        calendar=calendar(assessment),
        agents=agents(assessment.compared),
        history=history(assessment, anchors, Changes(results.run)),
        weights=_weights(assessment.policy),
    )


def _weights(p: model.Policy) -> shape.Weights:
    return shape.Weights(
        p.tier_weights,
        tuple((s, p.severity_weights[s]) for s in model.SEVERITIES),
        tuple((s, p.strength_weights[s]) for s in _STRENGTHS if s in p.strength_weights),
    )


def to_json(view: shape.View) -> bytes:
    """Write a view down for another process: its verdicts stay in their file."""
    return msgspec.json.encode(view, enc_hook=_plain)


def _plain(value: Any) -> str:
    """Name the run whose tables it asks; numerals are texts there."""
    return str(value.run if isinstance(value, Held) else value)


def _held(kind: type, value: Any) -> Any:
    if issubclass(kind, Held):
        return kind(Path(value))
    raise TypeError(f"a view cannot hold {kind}")


def from_json(data: bytes) -> shape.View:
    """Return the view that `to_json` wrote."""
    return msgspec.json.decode(data, type=shape.View, dec_hook=_held)


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


def _checks(
    a: model.Assessment, results: Results, anchors: Mapping[tuple[str, str], str]
) -> tuple[shape.Check, ...]:
    failing, reasons = _failing(results), _reasons(results)
    controls = _controls_of_checks(a, anchors)
    order = {t.id: n for n, t in enumerate(a.themes)}
    sorted_checks = sorted(a.checks, key=lambda c: (order.get(c.theme, len(order)), c.id))
    names = {t.id: clean(content(t.title)) for t in a.themes}
    return tuple(
        _check(a, c, anchors["", c.id], failing.get(c.id, []), reasons.get(c.id, []), controls.get(c.id, ()), names)
        for c in sorted_checks
    )  # fmt: skip


def _failing(results: Results) -> dict[str, list[shape.Subject]]:
    """Return the first failures of each check, the highest tier first."""
    found: dict[str, list[shape.Subject]] = {}
    columns = (
        "check",
        "subject",
        "status",
        "reason",
        "record",
        "actor",
        "owner",
        "tier_lo",
        "tier_hi",
    )
    nth = 'row_number() OVER (PARTITION BY "check" ORDER BY tier_hi DESC, subject)'
    first = f'QUALIFY {nth} <= {KEPT} ORDER BY "check", {nth}'
    for check, name, status, reason, ref, actor, owner, lo, hi in results.each(
        columns, f"status = '{Status.FAIL}'", first
    ):
        shown = subject(name, status, reason, ref, actor, owner, tier_text(lo, hi))
        found.setdefault(check, []).append(shown)
    return found


def _reasons(results: Results) -> dict[str, list[tuple[str, int]]]:
    """Return the most frequent reasons for which verdicts of each check are unknown, with their number."""
    found: dict[str, list[tuple[str, int]]] = {}
    first = (
        'GROUP BY "check", reason QUALIFY row_number() OVER (PARTITION BY "check" ORDER BY count(*) DESC, reason) '
        f'<= {REASONS_SHOWN} ORDER BY "check", count(*) DESC, reason'
    )
    for check, reason, n in results.each(("check", "reason", "count(*)"), f"status = '{Status.UNKNOWN}'", first):  # fmt: skip
        found.setdefault(check, []).append((clean(reason), n))
    return found


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
    a: model.Assessment, c: model.Check, anchor: str, failing: Sequence[shape.Subject], reasons: Sequence[tuple[str, int]],
    controls: tuple[shape.Link, ...], names: Mapping[str, str],
) -> shape.Check:  # fmt: skip
    score = a.scores.checks[c.id]
    n = counts(score)
    result = figure(score.lo, score.hi, _state(score))
    level = say("level {n} ({name})", n=c.level, name=content(a.policy.level_names[c.level]))
    evidence = word({"both": "inventory and logs"}.get(c.evidence, clean(c.evidence)))
    coverage = percent(score.known)
    sample = clean(said_of(c.sample)) if c.sample else ""
    limits, why = thresholds(c), why_check(score, c.title, c.sample)
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
        failing=tuple(failing),
        more_paper=_more(n.failed, SHOWN_ON_PAPER),
        unknown=_unknown(n.unknown, reasons),
        controls=controls,
        sample=sample,
        about=clean(c.about),
        thresholds=limits,
        threshold_text=in_words(limits),
        rule=rule(c),
        needs=c.evidence,
        reasons=tuple(clean(line) for line in why.split("\n")),
    )


def _standing(
    score: shape.Figure, coverage: str, n: shape.Counts, severity: str, level: str, evidence: str, sample: str
) -> str:  # fmt: skip
    covered = say("coverage {share}", share=coverage)
    source = say("from {evidence}", evidence=evidence)
    weights = weight_note(score, n, bool(sample))
    facts = (ranged(score), covered, weights, n.text, word(severity), level, source, sample)
    return " · ".join(f for f in facts if f)


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


def _unknown(unknown: int, reasons: Iterable[tuple[str, int]]) -> str:
    """Say how many are unknown and the most frequent reasons."""
    if not unknown:
        return ""
    top = list(reasons)
    said = [f"{short(text, 'findings.csv', 200)} ({number(n)})" for text, n in top]
    rest = unknown - sum(n for _, n in top)
    if rest:
        said.append(say("other reasons ({n}; all in findings.csv)", n=number(rest)))
    return say("{n} unknown: {reasons}", n=number(unknown), reasons="; ".join(said))


def _findings(a: model.Assessment, results: Results) -> Findings:
    """Say what stands in findings.csv beside what the store holds, by check."""
    served = [_served(f) for f in a.frameworks]
    open_ = (s for s in Status if s not in (Status.PASS, Status.NA))
    return Findings(
        results,
        sum(score.counts.get(s, 0) for s in open_ for score in a.scores.checks.values()),
        {c.id: (clean(c.id), clean(c.title), c.severity) for c in a.checks},
        {c.id: (clean(remedy(c, False)), clean(remedy(c, True))) for c in a.checks},
        {c.id: tuple(of.get(c.id, "") for of in served) for c in a.checks},
    )


def _served(framework: model.Framework) -> dict[str, str]:
    """Map each check to the ids of the controls it counts for."""
    ids: dict[str, list[str]] = {}
    for control in framework.controls:
        for check_id, strength in control.checks:
            if strength != "contextual":
                ids.setdefault(check_id, []).append(clean(control.id))
    return {check_id: "; ".join(controls) for check_id, controls in ids.items()}
