"""What a control of another list rests on. In: the view of a run, an id. Out: lines of text for
`explain`, in the language spoken.

The figures are those of the run; a list that did not take part is read from the installed content.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reporter.content import loader
from reporter.content.frameworks import STRENGTHS
from reporter.content.loader import Content
from reporter.i18n.translate import content as spoken
from reporter.i18n.translate import say, word
from reporter.model.assessment import Control, Framework
from reporter.report.chapters.other_lists import RELATIONS, basis_words
from reporter.report.document import View

_BACK = {"subset": "superset", "superset": "subset"}
_Found = tuple[str, Sequence[str], str, str, str]
"""Relation, the other end, basis, confidence, note."""


def in_run(view: View, wanted: str) -> list[str]:
    """List the pairs of the run's crosswalks that a control stands in."""
    back = {RELATIONS[a]: RELATIONS[b] for a, b in _BACK.items()}
    found: list[_Found] = []
    for row in (row for walk in view.crosswalks for row in walk.rows):
        origins, targets = ([link.text for link in end] for end in (row.origins, row.targets))
        said = (row.basis, row.confidence, row.note)
        if wanted in origins:
            found.append((row.relation, targets, *said))
        if wanted in targets:
            found.append((back.get(row.relation, row.relation), origins, *said))
    return _printed(view, found)


def elsewhere(view: View, wanted: str) -> list[str]:
    """Explain an id of a list that did not take part in the run; nothing when no list has it."""
    content = loader.load()
    named = [
        (f, c) for f in content.frameworks for c in f.controls if c.id.lower() == wanted.lower()
    ]
    if named:
        framework, control = named[0]
        pairs = _printed(view, _pairs(content, framework.id, control.id))
        return [*_control(view, framework, control), *pairs]
    for walk in content.crosswalks:
        ids = {i.lower(): i for row in walk.rows for i in row.origins}
        if wanted.lower() in ids:
            title = content.official.get(walk.origin, {}).get("title", walk.origin)
            own = ids[wanted.lower()]
            head = [f"{title} {own}", say("Known from crosswalks only: no score is made of it.")]
            return [*head, *_printed(view, _pairs(content, walk.origin, own))]
    return []


def _pairs(content: Content, of: str, own: str) -> Iterator[_Found]:
    for walk in content.crosswalks:
        for row in walk.rows:
            said = (basis_words(walk), row.confidence, spoken(row.note))
            if walk.origin == of and own in row.origins:
                yield RELATIONS[row.relation], row.targets, *said
            if walk.target == of and own in row.targets:
                yield RELATIONS[_BACK.get(row.relation, row.relation)], row.origins, *said


def _control(view: View, framework: Framework, control: Control) -> list[str]:
    lines = [
        f"{framework.short} {control.id} {spoken(control.title)}",
        say(
            "Not part of this run, so it has no score: name {id} under `frameworks` in"
            " reporter.yml.",
            id=framework.id,
        ),
        spoken(control.paraphrase),
        "",
    ]
    scored = [pair for pair in control.checks if pair[1] != "contextual"]
    related = [pair for pair in control.checks if pair[1] == "contextual"]
    sure = (
        say(", with {confidence} confidence", confidence=word(framework.confidence))
        if framework.confidence
        else ""
    )
    head = say("It would rest on these checks (our reading{sure}):", sure=sure)
    lines.append(head if scored else say("No check evidences it: needs attestation."))
    lines += _checks(view, scored)
    if related:
        lines += [say("Related, never scored:"), *_checks(view, related)]
    return [*lines, "", say("Question for a human: {question}", question=spoken(control.ask))]


def _checks(view: View, listed: Iterable[tuple[str, str]]) -> Iterator[str]:
    checks = {c.id: c for c in view.checks}
    order = list(STRENGTHS)
    for check_id, strength in sorted(listed, key=lambda pair: (order.index(pair[1]), pair[0])):
        check = checks.get(check_id)
        said = (
            f"{check.figure.text}: {check.counts.text}  {check.title}"
            if check
            else say("not in this run")
        )
        yield f"  {check_id:<7} {word(strength):<10} {said}"


def _printed(view: View, found: Iterable[_Found]) -> list[str]:
    """Print each row of a crosswalk, and how its other end stands where the run has it."""
    controls = {c.id: c for f in view.frameworks for c in f.controls}
    checks = {c.id: c for c in view.checks}
    lines = []
    for relation, others, basis, confidence, note in found:
        sure = say("{confidence} confidence", confidence=word(confidence))
        lines.append(f"  {say(relation)} {', '.join(others)} ({basis}; {sure})")
        lines += [f"    {note}"] if note else []
        for other in others:
            if other in controls:
                c = controls[other]
                lines.append(f"    {other:<12} {c.figure.text} {c.figure.range}  {c.title}")
            elif other in checks:
                k = checks[other]
                lines.append(f"    {other:<12} {k.figure.text}: {k.counts.text}  {k.title}")
    return ["", say("Crosswalks (no number travels along them):"), *lines] if lines else []
