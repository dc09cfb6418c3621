"""The basis of a control of another list. In: the view of a run, an id. Out: lines of text for
`explain`, in the current language.

The figures are those of the run. A list outside the run is read from the installed content.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from reporter.content import loader
from reporter.content.frameworks import STRENGTHS
from reporter.content.loader import Content
from reporter.i18n.translate import content as spoken
from reporter.i18n.translate import say, word
from reporter.model.assessment import Control, Framework
from reporter.report.chapters.controls import official_by
from reporter.report.chapters.other_lists import RELATIONS, basis_words
from reporter.report.document import View

_BACK = {"subset": "superset", "superset": "subset"}
_Pair = tuple[str, Sequence[str], str, str, str]
"""Relation, the other end, basis, confidence, note."""


def in_run(view: View, control_id: str) -> list[str]:
    """List the pairs of the run's crosswalks that contain a control."""
    inverses = {RELATIONS[a]: RELATIONS[b] for a, b in _BACK.items()}
    pairs: list[_Pair] = []
    for row in (row for walk in view.crosswalks for row in walk.rows):
        origins, targets = ([link.text for link in end] for end in (row.origins, row.targets))
        details = (row.basis, row.confidence, row.note)
        if control_id in origins:
            pairs.append((row.relation, targets, *details))
        if control_id in targets:
            pairs.append((inverses.get(row.relation, row.relation), origins, *details))
    return _pair_lines(view, pairs)


def elsewhere(view: View, query: str) -> list[str]:
    """Explain an id of a list outside the run; return nothing if no list has it."""
    content = loader.load()
    matches = [
        (f, c) for f in content.frameworks for c in f.controls if c.id.lower() == query.lower()
    ]
    if matches:
        framework, control = matches[0]
        pairs = _pair_lines(view, _pairs(content, framework.id, control.id))
        return [*_control(view, framework, control), *pairs]
    for walk in content.crosswalks:
        ids = {i.lower(): i for row in walk.rows for i in row.origins}
        if query.lower() in ids:
            title = content.official.get(walk.origin, {}).get("title", walk.origin)
            listed_id = ids[query.lower()]
            head = [
                f"{title} {listed_id}",
                say("Known from crosswalks only: it is not scored."),
            ]
            return [*head, *_pair_lines(view, _pairs(content, walk.origin, listed_id))]
    for register in _without_catalog(content):
        titles = {i.lower(): f"{register['title']} {i} {t}" for i, t in register["ids"].items()}
        if query.lower() in titles:
            only_listed = say("It is in the list of ids only: nothing here relates to it.")
            return [titles[query.lower()].strip(), only_listed]
    return []


def official_lines(official_by: str, text: str) -> list[str]:
    """Return the publisher's words for a control or group; nothing where there are none."""
    return [f"{official_by} {text}"] if text else []


def in_our_words(paraphrase: str, official_text: str) -> str:
    """Return a paraphrase; beside the publisher's words it says that it is ours."""
    return f"{say('In our words:')} {paraphrase}" if official_text else paraphrase


def _without_catalog(content: Content) -> list[dict[str, Any]]:
    catalogs = {framework.id for framework in content.frameworks}
    return [register for name, register in content.official.items() if name not in catalogs]


def _pairs(content: Content, list_id: str, control_id: str) -> Iterator[_Pair]:
    for walk in content.crosswalks:
        for row in walk.rows:
            details = (basis_words(walk), row.confidence, spoken(row.note))
            if walk.origin == list_id and control_id in row.origins:
                yield RELATIONS[row.relation], row.targets, *details
            if walk.target == list_id and control_id in row.targets:
                yield RELATIONS[_BACK.get(row.relation, row.relation)], row.origins, *details


def _control(view: View, framework: Framework, control: Control) -> list[str]:
    lines = [
        f"{framework.short} {control.id} {spoken(control.title)}",
        say(
            "Not part of this run, so it has no score: name {id} under `frameworks` in"
            " reporter.yml.",
            id=framework.id,
        ),
        *official_lines(official_by(framework), control.official_text),
        in_our_words(spoken(control.paraphrase), control.official_text),
        "",
    ]
    scored_checks = [pair for pair in control.checks if pair[1] != "contextual"]
    related_checks = [pair for pair in control.checks if pair[1] == "contextual"]
    confidence_note = (
        say(", with {confidence} confidence", confidence=word(framework.confidence))
        if framework.confidence
        else ""
    )
    head = say("It would depend on these checks (our reading{sure}):", sure=confidence_note)
    lines.append(head if scored_checks else say("No check covers it: it needs an attestation."))
    lines += _checks(view, scored_checks)
    if related_checks:
        lines += [say("Related, never scored:"), *_checks(view, related_checks)]
    if control.not_shown:
        lines += ["", say("What no check shows: {text}", text=spoken(control.not_shown))]
    return [*lines, "", say("Question for a person: {question}", question=spoken(control.ask))]


def _checks(view: View, pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    checks = {c.id: c for c in view.checks}
    order = list(STRENGTHS)
    for check_id, strength in sorted(pairs, key=lambda pair: (order.index(pair[1]), pair[0])):
        check = checks.get(check_id)
        result = (
            f"{check.figure.text}: {check.counts.text}  {check.title}"
            if check
            else say("not in this run")
        )
        yield f"  {check_id:<7} {word(strength):<10} {result}"


def _pair_lines(view: View, pairs: Iterable[_Pair]) -> list[str]:
    """Print crosswalk pairs, with the score of the other end where the run has it."""
    controls = {c.id: c for f in view.frameworks for c in f.controls}
    checks = {c.id: c for c in view.checks}
    lines = []
    for relation, end_ids, basis, confidence, note in pairs:
        confidence_text = say("{confidence} confidence", confidence=word(confidence))
        lines.append(f"  {say(relation)} {', '.join(end_ids)} ({basis}; {confidence_text})")
        lines += [f"    {note}"] if note else []
        for end_id in end_ids:
            if end_id in controls:
                control = controls[end_id]
                lines.append(
                    f"    {end_id:<12} {control.figure.text} {control.figure.range} "
                    f" {control.title}"
                )
            elif end_id in checks:
                check = checks[end_id]
                lines.append(
                    f"    {end_id:<12} {check.figure.text}: {check.counts.text}  {check.title}"
                )
    return ["", say("Crosswalks (no score is carried across them):"), *lines] if lines else []
