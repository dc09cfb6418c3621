"""Build the one object that every format reads: an `Assessment` and its results in, a printable
`shape.View` out.

Wording, rounding and order are decided here and in the modules this one calls, never in a template
or a writer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from reporter.evaluate.root_causes import remedy
from reporter.i18n.translate import ENGLISH, content, say, speaking, word
from reporter.model import assessment as model
from reporter.model.reasons import alike, says_alike
from reporter.model.scores import HELD, CheckScore, Status, tier_text
from reporter.report.chapters.accounting import accounting, scope
from reporter.report.chapters.actor_types import parity
from reporter.report.chapters.agents import agents
from reporter.report.chapters.chart_data import ages, calendar, cost_curve, losses
from reporter.report.chapters.controls import ENTERPRISE, Book, frameworks, themes
from reporter.report.chapters.follow_up.finding_cards import finding_list, result_dates
from reporter.report.chapters.follow_up.response_register import Answers, answers, register
from reporter.report.chapters.follow_up.sign_off_page import signature_page
from reporter.report.chapters.method import hashes, levels, method
from reporter.report.chapters.next_steps import roadmap
from reporter.report.chapters.other_lists import CROSSWALK, crosswalks
from reporter.report.chapters.parts_of_the_whole import slices
from reporter.report.chapters.rights_and_use import observed
from reporter.report.chapters.said_by_people import attestations, waivers
from reporter.report.chapters.summary import cover, summary
from reporter.report.document import View
from reporter.report.editions.board import board
from reporter.report.editions.front_page import front_page
from reporter.report.editions.readiness import readiness
from reporter.report.editions.unscored_view import unscored
from reporter.report.trend.changes import history
from reporter.report.trend.course import course
from reporter.report.view import elements
from reporter.report.view.arithmetic import causes_by_checks, said_of, why_check
from reporter.report.view.finding_rows import COLUMNS, Findings
from reporter.report.view.format import (
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
from reporter.report.view.level_steps import level_steps
from reporter.report.view.reliance import Reliances
from reporter.report.view.thresholds import in_words, rule, thresholds
from reporter.runs.store import Changes, Results, StoredTable, read_data

KEPT = 25
"""Failing subjects of a check in `Check.failing`; `findings` has all."""
REASONS_SHOWN = 3

_STRENGTHS = ("direct", "partial", "contextual")


def build(assessment: model.Assessment, results: Results, language: str = "") -> View:
    """Turn an assessment and its results into the printable view, in its language or another."""
    report_language = language or assessment.language
    with speaking(report_language):
        return unscored(_build(replace(assessment, language=report_language), results))


def both(assessment: model.Assessment, results: Results, language: str) -> tuple[View, View]:
    """Return the view, and the same view with English roadmap and parts. Tables of a run are in
    English, but for what the auditor's paper leaves to files.
    """
    view = build(assessment, results, language)
    if language == ENGLISH:
        return view, view
    with speaking(ENGLISH):
        english_view = replace(
            view,
            roadmap=roadmap(assessment, results),
            slices=slices(assessment),
            responses=register(assessment, answers(assessment, results)),
            readiness=view.readiness and readiness(assessment, results, view.checks),
        )
        return view, unscored(english_view)


def relocated(view: View, run: Path) -> View:
    """Return a view whose run has moved to another folder."""
    findings, changes = view.findings, view.history.changes
    moved_changes = changes and replace(changes, changes=changes.changes.at(run))
    history = replace(view.history, changes=moved_changes)
    return replace(
        view, findings=replace(findings, results=findings.results.at(run)), history=history
    )


def _build(assessment: model.Assessment, results: Results) -> View:
    anchors = _anchors(assessment)
    checks = _checks(assessment, results, anchors)
    words = Reliances(assessment, results)
    causes_of = causes_by_checks(assessment.causes)
    book = Book(assessment, {c.id: c for c in checks}, anchors, causes_of, words.of_controls())
    themes_view, framework_views = themes(book), frameworks(book)
    steps, responses = level_steps(assessment, results), answers(assessment, results)
    summary_view = summary(assessment, book.checks, framework_views, steps)
    links = {c: elements.Link(clean(c), a) for (f, c), a in anchors.items() if not f}
    past = history(assessment, anchors, Changes(results.run, assessment.checks))
    return View(
        cover=cover(assessment),
        summary=summary_view,
        themes=themes_view,
        frameworks=framework_views,
        checks=checks,
        observed=observed(assessment.compared),
        causes=finding_list(assessment, results, checks, steps, responses),
        scope=scope(assessment),
        accounting=accounting(assessment),
        level_names=tuple(clean(content(name)) for name in assessment.policy.level_names),
        levels=levels(assessment),
        method=method(assessment),
        hashes=hashes(assessment),
        finding_columns=finding_columns(assessment.frameworks),
        findings=_findings(assessment, results, responses),
        crosswalks=crosswalks(assessment, anchors),
        parity=parity(assessment.parity),
        attestations=attestations(assessment, anchors),
        roadmap=roadmap(assessment, results),
        waivers=waivers(assessment, anchors),
        slices=slices(assessment),
        board=board(assessment),
        losses=losses(assessment, {t: a for (f, t), a in anchors.items() if f == ENTERPRISE}),
        calendar=calendar(assessment),
        agents=agents(
            assessment.compared,
            _critical(assessment, results),
            {c.agent for c in assessment.coverage if c.seen_days},
            assessment.scores.level.target,
        ),
        history=past,
        course=course(assessment, past.trends),
        cost=cost_curve(assessment),
        ages=ages(assessment, results),
        weights=_weights(assessment.policy),
        reliance=words.chapter(),
        front=front_page(
            *(assessment, results, steps, summary_view.notices),
            *(responses.deadlines, links, past.score_changes),
        ),
        responses=register(assessment, responses),
        sign_off=signature_page(assessment),
        readiness=readiness(assessment, results, checks),
    )


def _findings(assessment: model.Assessment, results: Results, given: Answers) -> Findings:
    return findings(
        assessment.checks,
        assessment.frameworks,
        [(s, n) for c in assessment.scores.checks.values() for s, n in c.counts.items()],
        results,
        result_dates(given) if assessment.history.runs else {},
    )


def _critical(assessment: model.Assessment, results: Results) -> dict[str, tuple[int, int]]:
    """Count the failing and the unknown results of critical checks by agent."""
    ids = [c.id for c in assessment.checks if c.severity == "critical"]
    if not ids:
        return {}
    columns = [
        "actor",
        *(f"count(*) FILTER (status = '{s}')" for s in (Status.FAIL, Status.UNKNOWN)),
    ]
    where = f"""actor <> '' AND "check" IN ({", ".join("?" * len(ids))})"""
    rows = results.each(columns, where, "GROUP BY actor ORDER BY actor", ids)
    return {agent: (failing, unknown) for agent, failing, unknown in rows}


def _weights(policy: model.Policy) -> elements.Weights:
    return elements.Weights(
        policy.tier_weights,
        tuple((s, policy.severity_weights[s]) for s in model.SEVERITIES),
        tuple((s, policy.strength_weights[s]) for s in _STRENGTHS if s in policy.strength_weights),
    )


def to_json(view: View) -> bytes:
    """Encode a view for another process. Its results stay in their file."""
    return msgspec.json.encode(view, enc_hook=_plain)


def _plain(value: Any) -> str:
    """Return the run folder of a table, or the text of a numeral."""
    return str(value.run if isinstance(value, StoredTable) else value)


def from_json(data: bytes) -> View:
    """Return the view that `to_json` encoded, of a run that is still in the same folder.

    Raises InputError where the data of the run are not there, and TypeError for a type that a view
    cannot hold.
    """
    checks = cache(lambda run: read_data(run).checks)  # their sentences are in the tables

    def decode_held(kind: type, value: Any) -> Any:
        if issubclass(kind, StoredTable):
            return kind(Path(value), checks(Path(value)))
        raise TypeError(f"a view cannot hold {kind}")

    return msgspec.json.decode(data, type=View, dec_hook=decode_held)


def _anchors(assessment: model.Assessment) -> dict[tuple[str, str], str]:
    """Give every framework, control, theme and check its own anchor."""
    slugs: set[str] = set()
    anchors = {("", c.id): slug("k", c.id, slugs) for c in assessment.checks}
    anchors[ENTERPRISE, ""] = slug("f", "themes", slugs)
    anchors |= {(ENTERPRISE, t.id): slug("t", t.id, slugs) for t in assessment.themes}
    for f in assessment.frameworks:
        anchors[f.id, ""] = slug("f", f.id, slugs)
        anchors |= {(f.id, c.id): slug("c", c.id, slugs) for c in f.controls}
    anchors |= {(CROSSWALK, w.id): slug("w", w.id, slugs) for w in assessment.crosswalks}
    return anchors


def _checks(
    assessment: model.Assessment, results: Results, anchors: Mapping[tuple[str, str], str]
) -> tuple[elements.Check, ...]:
    failures, reasons = _failures(results), _reasons(results)
    controls = _controls_of_checks(assessment, anchors)
    order = {t.id: n for n, t in enumerate(assessment.themes)}
    sorted_checks = sorted(assessment.checks, key=lambda c: (order.get(c.theme, len(order)), c.id))
    names = {t.id: clean(content(t.title)) for t in assessment.themes}
    return tuple(
        _check(
            assessment,
            c,
            anchors["", c.id],
            failures.get(c.id, []),
            reasons.get(c.id, []),
            controls.get(c.id, ()),
            names,
        )
        for c in sorted_checks
    )


def _failures(results: Results) -> dict[str, list[elements.Subject]]:
    """Return the first failures of each check, the highest tier first."""
    failures: dict[str, list[elements.Subject]] = {}
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
    limit = f'QUALIFY {nth} <= {KEPT} ORDER BY "check", {nth}'
    for check, name, status, reason, ref, actor, owner, lo, hi in results.each(
        columns, f"status = '{Status.FAIL}'", limit
    ):
        failure = subject(name, status, reason, ref, actor, owner, tier_text(lo, hi))
        failures.setdefault(check, []).append(failure)
    return failures


def _reasons(results: Results) -> dict[str, list[tuple[str, int]]]:
    """Return the most frequent reasons for unknown results of each check, with their number."""
    reasons: dict[str, list[tuple[str, int]]] = {}
    limit = (
        'GROUP BY "check", reason_code QUALIFY row_number() OVER (PARTITION BY "check" ORDER BY'
        f' count(*) DESC, reason_code) <= {REASONS_SHOWN} ORDER BY "check", count(*) DESC,'
        " reason_code"
    )
    columns = ("check", "reason_code", "min(reason_values)", "max(reason_values)", "count(*)")
    for check, code, first_values, last_values, n in results.each(
        columns, f"status = '{Status.UNKNOWN}'", limit
    ):
        sentence = alike(
            results.reasons.of(check, code, first_values), says_alike(first_values, last_values)
        )
        reasons.setdefault(check, []).append((clean(sentence), n))
    return reasons


def _controls_of_checks(
    assessment: model.Assessment, anchors: Mapping[tuple[str, str], str]
) -> dict[str, tuple[elements.Link, ...]]:
    """List the controls that each check serves, direct ones first."""
    links_by_check: dict[str, list[tuple[int, elements.Link]]] = {}
    for framework in assessment.frameworks:
        for control in framework.controls:
            for check_id, strength in control.checks:
                link = elements.Link(clean(control.id), anchors[framework.id, control.id], strength)
                links_by_check.setdefault(check_id, []).append((_STRENGTHS.index(strength), link))
    return {
        check_id: tuple(link for _, link in sorted(links, key=lambda pair: pair[0]))
        for check_id, links in links_by_check.items()
    }


def _check(
    assessment: model.Assessment,
    check: model.Check,
    anchor: str,
    failures: Sequence[elements.Subject],
    reasons: Sequence[tuple[str, int]],
    controls: tuple[elements.Link, ...],
    names: Mapping[str, str],
) -> elements.Check:
    score = assessment.scores.checks[check.id]
    tally = counts(score)
    result = figure(score.lo, score.hi, _state(score))
    level = say(
        "level {n} ({name})",
        n=check.level,
        name=content(assessment.policy.level_names[check.level]),
    )
    evidence = word({"both": "inventory and logs"}.get(check.evidence, clean(check.evidence)))
    coverage = percent(score.known)
    sample = clean(said_of(check.sample)) if check.sample else ""
    limits, explanation = thresholds(check), why_check(score, check.title, check.sample)
    return elements.Check(
        id=clean(check.id),
        anchor=anchor,
        title=clean(content(check.title)),
        theme=names.get(check.theme, clean(check.theme)),
        why=clean(content(check.why)),
        fix=clean(content(check.fix)),
        severity=check.severity,
        level=level,
        evidence=evidence,
        place=clean(check.place),
        figure=result,
        coverage=coverage,
        counts=tally,
        standing=_standing(result, coverage, tally, check.severity, level, evidence, sample),
        failing=tuple(failures),
        unknown=_unknown(tally.unknown, reasons),
        controls=controls,
        sample=sample,
        about=clean(check.about),
        thresholds=limits,
        threshold_text=in_words(limits),
        rule=rule(check),
        needs=check.evidence,
        reasons=tuple(clean(line) for line in explanation.split("\n")),
    )


def _standing(
    score: elements.Figure,
    coverage: str,
    tally: elements.Counts,
    severity: str,
    level: str,
    evidence: str,
    sample: str,
) -> str:
    coverage_note = say("coverage {share}", share=coverage)
    source_note = say("from {evidence}", evidence=evidence)
    weights = weight_note(score, tally, bool(sample))
    facts = (
        ranged(score),
        coverage_note,
        weights,
        tally.text,
        word(severity),
        level,
        source_note,
        sample,
    )
    return " · ".join(f for f in facts if f)


def _state(score: CheckScore) -> str:
    if not score.applicable:
        return "not_applicable"
    return "assessed" if score.known else "not_assessed"


def _unknown(unknown_count: int, reasons: Iterable[tuple[str, int]]) -> str:
    """Print the number of unknown results and the most frequent reasons."""
    if not unknown_count:
        return ""
    reason_counts = list(reasons)
    sentences = [f"{short(text, 'findings.csv', 200)} ({number(n)})" for text, n in reason_counts]
    remainder = unknown_count - sum(n for _, n in reason_counts)
    if remainder:
        sentences.append(say("other reasons ({n}; all in findings.csv)", n=number(remainder)))
    return say("{n} unknown: {reasons}", n=number(unknown_count), reasons="; ".join(sentences))


def finding_columns(frameworks: Iterable[model.Framework]) -> tuple[str, ...]:
    """Return the columns of findings.csv."""
    return (*COLUMNS, *(clean(f.short) for f in frameworks))


def findings(
    checks: Iterable[model.Check],
    frameworks: Iterable[model.Framework],
    counts: Iterable[tuple[Status, int]],
    results: Results,
    dates: dict[str, tuple[str, str, str, str]] | None = None,
) -> Findings:
    """Return by check what findings.csv prints beside the data of the store; `counts` are numbers
    of results by status.
    """
    checks, control_lists = tuple(checks), [_controls_by_check(f) for f in frameworks]
    return Findings(
        results,
        sum(n for status, n in counts if status not in (*HELD, Status.NA)),
        {c.id: (clean(c.id), clean(c.title), c.severity) for c in checks},
        {c.id: (clean(remedy(c, False)), clean(remedy(c, True))) for c in checks},
        {c.id: tuple(controls.get(c.id, "") for controls in control_lists) for c in checks},
        dict(dates or {}),
    )


def _controls_by_check(framework: model.Framework) -> dict[str, str]:
    """Map each check to the ids of the controls it counts for."""
    ids: dict[str, list[str]] = {}
    for control in framework.controls:
        for check_id, strength in control.checks:
            if strength != "contextual":
                ids.setdefault(check_id, []).append(clean(control.id))
    return {check_id: "; ".join(controls) for check_id, controls in ids.items()}
