"""The status that people's answers count as (2.1 of the method). In: rows as given, catalogs,
files, a date, the directory. Out: Settled.

A wrong answer is rejected with its line. All others stand in the report, with their status and its
reason.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as Group
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reporter.model.assessment import FileCount, Framework, Notice, Quarantined
from reporter.model.scores import Status
from reporter.model.sentences import Sentence, tell, verbatim
from reporter.model.statements import Attestation, Given
from reporter.statements.approvers import Directory
from reporter.statements.fields import Wrong, day, filled, one_of, rejected

LIFETIME = timedelta(days=365)
"""How long an answer without an end date is valid."""
ANSWERS = {
    "yes": "yes",
    "y": "yes",
    "true": "yes",
    "no": "no",
    "n": "no",
    "false": "no",
    "not applicable": "not applicable",
    "not_applicable": "not applicable",
    "n/a": "not applicable",
    "na": "not applicable",
}
METHODS = ("attest", "examine")
EMPTY = hashlib.sha256(b"").hexdigest()
"""The hash of an empty file, which is not computed when it is read."""
_WORST = ("fail", "unknown", "na", "attested", "pass")
"""Of two answers by one person at one time, the one listed first counts."""
_GOOD = ("pass", "attested", "na")
"""Statuses that raise a score."""
MOST_OF = 10
"""A notice names each person or artefact behind more than one in this many answers."""
_STRONGEST = ("na", "attested", "pass", "fail")
"""Of several people's answers the one listed last counts: without evidence nothing outweighs a
fail.
"""
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Settled:
    """All answers and what becomes of them."""

    answers: dict[tuple[str, str], Status]
    """(framework id, control id) -> status, for `score`."""
    attestations: tuple[Attestation, ...]
    rejected: tuple[Quarantined, ...]
    aside: tuple[tuple[str, Sentence], ...]
    """(file, reason) of each row out of scope."""
    artefacts: frozenset[str]
    """Files of the workspace that prove an answer."""


def settle(
    rows: Sequence[Given],
    catalogs: Sequence[Framework],
    framework_ids: Group[str],
    files: Sequence[FileCount],
    as_of: datetime,
    directory: Directory,
    shortfalls: Mapping[str, Sentence | None],
) -> Settled:
    """Assess every row. `catalogs` are all catalogs, and `framework_ids` the ids of those in this
    run. `shortfalls` gives what each file named by an answer lacks as evidence.
    """
    controls = {f.id: {c.id for c in f.controls} for f in catalogs}
    by_control: dict[tuple[str, str], list[Attestation]] = defaultdict(list)
    rejects: list[Quarantined] = []
    out_of_scope: list[tuple[str, Sentence]] = []
    for row in rows:
        try:
            if why := _out_of_scope(row, controls, framework_ids):
                out_of_scope.append((row.file, why))
                continue
            attestation = _attestation(row, controls)
        except Wrong as error:
            rejects.append(rejected(row, error))
            continue
        by_control[attestation.framework, attestation.control].append(attestation)
    grounds = _Grounds(_hashes(files), shortfalls, as_of, directory)
    assessed = {
        key: _settle_control(answers, grounds) for key, answers in sorted(by_control.items())
    }
    attestations = [a for answers in assessed.values() for a in answers]
    proofs = {_path(a.artefact) for a in attestations if a.artefact}
    return Settled(
        answers={
            k: Status(a.status) for k, answers in assessed.items() for a in answers if a.settles
        },
        attestations=tuple(attestations),
        rejected=tuple(rejects),
        aside=tuple(out_of_scope),
        artefacts=frozenset(f.file for f in files if _is_among(f.file, proofs)),
    )


def artefacts(rows: Sequence[Given]) -> set[str]:
    """Return the files that answers cite as proof, under their names in the workspace."""
    return {_path(row.fields["artefact"].strip()) for row in rows if row.fields.get("artefact")}


def concentrated(answers: Sequence[Attestation], directory: Directory) -> Notice | None:
    """Name the people and artefacts behind more than a tenth of the answers that count."""
    counted_answers = [answer for answer in answers if answer.status in _GOOD]
    counts: Counter[Sentence] = Counter()
    for answer in counted_answers:
        signers = {
            directory.key(n): n
            for n in (answer.attested_by, answer.examined_by, answer.confirmed_by)
            if n
        }
        counts.update(tell("signed by {name}", name=key) for key in signers)
        if answer.artefact and answer.status == "pass":
            counts[tell("shown by {file}", file=_path(answer.artefact))] += 1
    concentrations = [
        (n, label) for label, n in counts.items() if n > 1 and n * MOST_OF > len(counted_answers)
    ]
    concentrations.sort(key=lambda entry: (entry[0], str(entry[1])))
    lines = tuple(
        tell("{what}: {n} of {all}", what=label, n=n, all=len(counted_answers))
        for n, label in reversed(concentrations)
    )
    return (
        Notice("answers_rest_on_few", (("n", len(counted_answers)),), lines, "statements.csv")
        if lines
        else None
    )


# what a row says


def _out_of_scope(
    row: Given, controls: Mapping[str, Group[str]], framework_ids: Group[str]
) -> Sentence | None:
    if row.wrong:
        raise Wrong(row.wrong, hint=tell("expected one record per answer, each field a text"))
    if "answer" not in row.fields:
        raise Wrong(
            tell("the field answer is missing"),
            hint=tell(
                "expected {words}, or an empty answer", words=tuple(sorted({*ANSWERS.values()}))
            ),
        )
    if not row.fields["answer"]:
        return tell("not answered")
    framework = row.fields.get("framework", "")
    if framework in {*controls} - framework_ids:
        return tell("an answer for {list}, which is not part of this run", list=framework)
    return None


def _attestation(row: Given, controls: Mapping[str, Group[str]]) -> Attestation:
    fields = {k: v.strip() for k, v in row.fields.items()}
    framework = one_of(fields, "framework", {k: k for k in controls})
    control = one_of(fields, "control", {k: k for k in controls[framework]})
    answer = one_of({"answer": fields["answer"].lower()}, "answer", ANSWERS)
    date, expiry = day(fields, "date"), day(fields, "expires")
    if answer != "not applicable":
        filled(fields, "attested_by", tell("expected the person who answers"))
        filled(fields, "date", tell("expected the day of the answer, such as 2026-09-15"))
    if date and expiry and expiry <= date:
        raise Wrong(tell("expires is not after date"), hint=tell("expected a later day, or none"))
    method = one_of(
        {"method": fields.get("method", "").lower() or METHODS[0]},
        "method",
        {m: m for m in METHODS},
    )
    sha256 = fields.get("artefact_sha256", "").lower()
    if sha256 and not _HASH.fullmatch(sha256):
        raise Wrong(
            tell("artefact_sha256 is not a SHA-256"), hint=tell("expected 64 digits from 0 to f")
        )
    if sha256 and not fields.get("artefact"):
        raise Wrong(
            tell("artefact_sha256 is given without an artefact"),
            hint=tell("expected the path of a file below statements/"),
        )
    return Attestation(
        framework,
        control,
        answer,
        fields.get("statement", ""),
        fields.get("attested_by", ""),
        fields.get("role", ""),
        date,
        expiry,
        method,
        fields.get("artefact", ""),
        sha256,
        fields.get("examined_by", ""),
        fields.get("reason", ""),
        row.ref,
        fields.get("artefact_place", ""),
        fields.get("observed", ""),
        fields.get("confirmed_by", ""),
    )


# what it counts as


@dataclass(frozen=True, slots=True)
class _Grounds:
    """The facts against which an answer is assessed."""

    hashes: Mapping[str, str]
    thin: Mapping[str, Sentence | None]
    as_of: datetime
    who: Directory


def _settle_control(answers: Sequence[Attestation], grounds: _Grounds) -> list[Attestation]:
    """Assess the answers for one control: each alone, then the newest of each person, then across
    people.
    """
    assessed_answers = [_assess_alone(answer, grounds) for answer in answers]
    key = grounds.who.key
    people: dict[str, list[Attestation]] = defaultdict(list)
    for answer in assessed_answers:
        if answer.status not in ("", "unknown"):
            people[key(answer.attested_by)].append(answer)
    newest_of = {person: min(group, key=_newest_then_worst) for person, group in people.items()}
    ranking = sorted(
        newest_of.values(), key=lambda answer: (_STRONGEST.index(answer.status), answer.ref)
    )
    deciding_answer = ranking[-1] if ranking else None
    return [
        _beside(answer, newest_of.get(key(answer.attested_by)), deciding_answer)
        for answer in assessed_answers
    ]


def _newest_then_worst(answer: Attestation) -> tuple[timedelta, int, str]:
    return datetime.max - (answer.date or datetime.min), _WORST.index(answer.status), answer.ref


def _beside(
    answer: Attestation, newest_answer: Attestation | None, deciding_answer: Attestation | None
) -> Attestation:
    """Note on an assessed answer whether another one counts in its place."""
    if answer.status in ("", "unknown") or deciding_answer is None or newest_answer is None:
        return answer
    if answer is not newest_answer:
        return replace(
            answer, status="", why=_precedence(newest_answer.ref, answer.date != newest_answer.date)
        )
    if answer is deciding_answer:
        return replace(answer, settles=True)
    why = answer.why or verbatim("")
    if answer.status == deciding_answer.status:
        return replace(answer, why=tell("{why}; so does {ref}", why=why, ref=deciding_answer.ref))
    sentence = tell(
        "{why}; outweighed by {ref}, which counts as {status:word}",
        why=why,
        ref=deciding_answer.ref,
        status=deciding_answer.status,
    )
    return replace(answer, why=sentence)


def _precedence(ref: str, is_newer: bool) -> Sentence:
    if is_newer:
        return tell("a newer answer of the same person counts: {ref}", ref=ref)
    return tell("a worse or equal answer of the same person counts: {ref}", ref=ref)


def _assess_alone(answer: Attestation, grounds: _Grounds) -> Attestation:
    """Assess one answer by itself."""
    directory, as_of = grounds.who, grounds.as_of
    if answer.date and answer.date > as_of:
        return replace(answer, why=tell("dated after the date of this assessment: dropped"))
    if answer.answer == "no":
        # 2.1: a stale fail stays a fail. Bad news does not expire when ignored, and anybody may
        # report it.
        reason = tell("answered no, which does not expire") if _stale(answer, as_of) else None
        return replace(answer, status="fail", why=reason or tell("answered no"))
    if why := _stale(answer, as_of):
        return replace(answer, why=tell("{why}: has no effect", why=why))
    if why := _unproven(answer, grounds.hashes):
        return replace(answer, status="unknown", why=why)
    if answer.answer == "not applicable":
        empty_fields = [n for n in ("reason", "date", "attested_by") if not getattr(answer, n)]
        if empty_fields:
            sentence = tell(
                "not applicable needs a signed and dated reason: no {fields}",
                fields=", no ".join(empty_fields),
            )
            return replace(answer, status="unknown", why=sentence)
    if why := directory.objection("attestation", answer.attested_by, answer.date):
        return replace(answer, why=tell("no effect: {why}", why=why))
    if answer.answer == "not applicable":
        if why := _unconfirmed(answer, directory):
            sentence = tell("no effect: not applicable needs a second person; {why}", why=why)
            return replace(answer, why=sentence)
        return replace(answer, status="na", why=verbatim(answer.reason))
    if answer.method == "attest":
        return replace(answer, status="attested", why=tell("yes, by statement only"))
    if why := _unexamined(answer, grounds):
        return replace(answer, status="attested", why=tell("counts as attest: {why}", why=why))
    return replace(
        answer,
        status="pass",
        why=tell(
            "{artefact}, {place}, was examined by {who}; its hash matches",
            artefact=answer.artefact,
            place=answer.artefact_place,
            who=answer.examined_by,
        ),
    )


def _stale(answer: Attestation, as_of: datetime) -> Sentence | None:
    if answer.expires:
        day = f"{answer.expires:%Y-%m-%d}"
        return tell("expired on {day}", day=day) if answer.expires <= as_of else None
    if answer.date and as_of - answer.date > LIFETIME:
        return tell("older than {n} days, and gives no end date", n=LIFETIME.days)
    return None


def _unproven(answer: Attestation, hashes: Mapping[str, str]) -> Sentence | None:
    """Return the reason that the artefact of an answer proves nothing."""
    if not answer.artefact:
        return None
    digest = hashes.get(_path(answer.artefact))
    if digest is None:
        return tell("{artefact} is not a file in statements/", artefact=answer.artefact)
    if answer.artefact_sha256 and answer.artefact_sha256 != digest:
        return tell(
            "the hash of {artefact} does not match: the file is not the one that was examined",
            artefact=answer.artefact,
        )
    return None


def _unconfirmed(answer: Attestation, directory: Directory) -> Sentence | None:
    """Return the reason that nobody else confirms that a control does not apply."""
    if not answer.confirmed_by:
        return tell("no one is named in confirmed_by")
    if directory.same(answer.confirmed_by, answer.attested_by):
        return tell("it is confirmed by the person who states it")
    return directory.objection("not_applicable", answer.confirmed_by, answer.date)


def _unexamined(answer: Attestation, grounds: _Grounds) -> Sentence | None:
    """Return the reason that an examination does not count as one."""
    if not answer.artefact:
        return tell("it names no artefact")
    if not answer.artefact_sha256:
        return tell("it gives no hash of the artefact")
    if not answer.examined_by:
        return tell("no one is named as having examined it")
    if grounds.who.same(answer.examined_by, answer.attested_by):
        return tell("it was examined by the person who attests")
    if not answer.artefact_place:
        return tell("it names no page, section or line of the artefact")
    if not answer.observed:
        return tell("it does not say what was seen there")
    if why := grounds.thin.get(_path(answer.artefact), tell("it cannot be read")):
        return tell("{artefact} shows nothing: {why}", artefact=answer.artefact, why=why)
    return grounds.who.objection("examination", answer.examined_by, answer.date)


def _hashes(files: Sequence[FileCount]) -> dict[str, str]:
    """Return the hash of each file. A sheet of a workbook or a list of a document has the hash of
    the whole.
    """
    hashes: dict[str, str] = {}
    for file in files:
        sha256 = file.sha256 or EMPTY * (not file.bytes)
        hashes.setdefault(file.file.split("!", 1)[0], sha256)
        hashes[file.file] = sha256
    return hashes


def _path(artefact: str) -> str:
    """Return the place of an artefact in the workspace; the name may include the folder."""
    return f"statements/{artefact.removeprefix('./').removeprefix('statements/')}"


def _is_among(file: str, paths: Group[str]) -> bool:
    return file in paths or file.split("!", 1)[0] in paths
