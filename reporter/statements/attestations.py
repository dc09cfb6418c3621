"""What people's answers count as (2.1 of the method). In: rows as given, catalogs, files, a date,
who may sign. Out: Settled.

An answer that is wrong is rejected with its line; all others stand in the report, with what they
count as and why."""

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
"""How long an answer holds that names no end."""
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
"""An empty file is not hashed when it is read."""
_WORST = ("fail", "unknown", "na", "attested", "pass")
"""Of two answers of one person and time the one that stands first counts."""
_GOOD = ("pass", "attested", "na")
"""What an answer counts as that helps."""
MOST_OF = 10
"""One person, or one artefact, behind more than one in so many answers is told."""
_STRONGEST = ("na", "attested", "pass", "fail")
"""Of several people the one that stands last counts: no evidence outweighs a fail."""
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Settled:
    """All answers with their fate."""

    answers: dict[tuple[str, str], Status]
    """(framework id, control id) -> status, for `score`."""
    attestations: tuple[Attestation, ...]
    rejected: tuple[Quarantined, ...]
    aside: tuple[tuple[str, Sentence], ...]
    """(file, why) of each row out of scope."""
    artefacts: frozenset[str]
    """Files of the workspace that prove an answer."""


def settle(
    given: Sequence[Given],
    known: Sequence[Framework],
    chosen: Group[str],
    files: Sequence[FileCount],
    as_of: datetime,
    who: Directory,
    thin: Mapping[str, Sentence | None],
) -> Settled:
    """Assess every row; `known` are all catalogs, `chosen` the ids of those in this run, `thin`
    says of each file that an answer names what it lacks to show anything."""
    controls = {f.id: {c.id for c in f.controls} for f in known}
    by_control: dict[tuple[str, str], list[Attestation]] = defaultdict(list)
    wrong: list[Quarantined] = []
    aside: list[tuple[str, Sentence]] = []
    for row in given:
        try:
            if why := _out_of_scope(row, controls, chosen):
                aside.append((row.file, why))
                continue
            made = _attestation(row, controls)
        except Wrong as error:
            wrong.append(rejected(row, error))
            continue
        by_control[made.framework, made.control].append(made)
    grounds = _Grounds(_hashes(files), thin, as_of, who)
    done = {key: _settled(own, grounds) for key, own in sorted(by_control.items())}
    everything = [a for own in done.values() for a in own]
    proofs = {_path(a.artefact) for a in everything if a.artefact}
    return Settled(
        answers={k: Status(a.status) for k, own in done.items() for a in own if a.settles},
        attestations=tuple(everything),
        rejected=tuple(wrong),
        aside=tuple(aside),
        artefacts=frozenset(f.file for f in files if _whole(f.file, proofs)),
    )


def artefacts(given: Sequence[Given]) -> set[str]:
    """Return the files that answers name as proof, as they are named in the workspace."""
    return {_path(row.fields["artefact"].strip()) for row in given if row.fields.get("artefact")}


def concentrated(answers: Sequence[Attestation], who: Directory) -> Notice | None:
    """Name the people and artefacts that carry more than a tenth of the answers that count."""
    counted = [a for a in answers if a.status in _GOOD]
    by: Counter[Sentence] = Counter()
    for a in counted:
        signers = {who.key(n): n for n in (a.attested_by, a.examined_by, a.confirmed_by) if n}
        by.update(tell("signed by {name}", name=key) for key in signers)
        if a.artefact and a.status == "pass":
            by[tell("shown by {file}", file=_path(a.artefact))] += 1
    much = [(n, told) for told, n in by.items() if n > 1 and n * MOST_OF > len(counted)]
    much.sort(key=lambda found: (found[0], str(found[1])))
    lines = tuple(
        tell("{what}: {n} of {all}", what=told, n=n, all=len(counted)) for n, told in reversed(much)
    )
    return (
        Notice("answers_rest_on_few", (("n", len(counted)),), lines, "statements.csv")
        if lines
        else None
    )


# what a row says


def _out_of_scope(
    row: Given, controls: Mapping[str, Group[str]], chosen: Group[str]
) -> Sentence | None:
    if row.wrong:
        raise Wrong(row.wrong, hint=tell("expected one record an answer, each field a text"))
    if "answer" not in row.fields:
        raise Wrong(
            tell("there is no field answer"),
            hint=tell(
                "expected {words}, or an empty answer", words=tuple(sorted({*ANSWERS.values()}))
            ),
        )
    if not row.fields["answer"]:
        return tell("not answered")
    named = row.fields.get("framework", "")
    if named in {*controls} - chosen:
        return tell("an answer for {list}, which takes no part", list=named)
    return None


def _attestation(row: Given, controls: Mapping[str, Group[str]]) -> Attestation:
    f = {k: v.strip() for k, v in row.fields.items()}
    framework = one_of(f, "framework", {k: k for k in controls})
    control = one_of(f, "control", {k: k for k in controls[framework]})
    answer = one_of({"answer": f["answer"].lower()}, "answer", ANSWERS)
    given, ends = day(f, "date"), day(f, "expires")
    if answer != "not applicable":
        filled(f, "attested_by", tell("expected the person who answers"))
        filled(f, "date", tell("expected the day of the answer, such as 2026-09-15"))
    if given and ends and ends <= given:
        raise Wrong(tell("expires is not after date"), hint=tell("expected a later day, or none"))
    method = one_of(
        {"method": f.get("method", "").lower() or METHODS[0]}, "method", {m: m for m in METHODS}
    )
    sha256 = f.get("artefact_sha256", "").lower()
    if sha256 and not _HASH.fullmatch(sha256):
        raise Wrong(
            tell("artefact_sha256 is no SHA-256"), hint=tell("expected 64 digits from 0 to f")
        )
    if sha256 and not f.get("artefact"):
        raise Wrong(
            tell("artefact_sha256 stands without an artefact"),
            hint=tell("expected the path of a file below statements/"),
        )
    return Attestation(
        framework,
        control,
        answer,
        f.get("statement", ""),
        f.get("attested_by", ""),
        f.get("role", ""),
        given,
        ends,
        method,
        f.get("artefact", ""),
        sha256,
        f.get("examined_by", ""),
        f.get("reason", ""),
        row.ref,
        f.get("artefact_place", ""),
        f.get("observed", ""),
        f.get("confirmed_by", ""),
    )


# what it counts as


@dataclass(frozen=True, slots=True)
class _Grounds:
    """What an answer is assessed by."""

    hashes: Mapping[str, str]
    thin: Mapping[str, Sentence | None]
    as_of: datetime
    who: Directory


def _settled(own: Sequence[Attestation], grounds: _Grounds) -> list[Attestation]:
    """Assess the answers for one control: each alone, the newest of each person, then across
    people.
    """
    assessed = [_alone(a, grounds) for a in own]
    key = grounds.who.key
    people: dict[str, list[Attestation]] = defaultdict(list)
    for a in assessed:
        if a.status not in ("", "unknown"):
            people[key(a.attested_by)].append(a)
    last = {who: min(theirs, key=_newest_then_worst) for who, theirs in people.items()}
    strongest = sorted(last.values(), key=lambda a: (_STRONGEST.index(a.status), a.ref))
    deciding = strongest[-1] if strongest else None
    return [_beside(a, last.get(key(a.attested_by)), deciding) for a in assessed]


def _newest_then_worst(a: Attestation) -> tuple[timedelta, int, str]:
    return datetime.max - (a.date or datetime.min), _WORST.index(a.status), a.ref


def _beside(
    a: Attestation, newest: Attestation | None, deciding: Attestation | None
) -> Attestation:
    """Say of an assessed answer whether another one counts in its place."""
    if a.status in ("", "unknown") or deciding is None or newest is None:
        return a
    if a is not newest:
        return replace(a, status="", why=_other(newest.ref, a.date != newest.date))
    if a is deciding:
        return replace(a, settles=True)
    why = a.why or verbatim("")
    if a.status == deciding.status:
        return replace(a, why=tell("{why}; so does {ref}", why=why, ref=deciding.ref))
    outweighed = tell(
        "{why}; outweighed by {ref}, which counts as {status:word}",
        why=why,
        ref=deciding.ref,
        status=deciding.status,
    )
    return replace(a, why=outweighed)


def _other(ref: str, is_newer: bool) -> Sentence:
    if is_newer:
        return tell("a newer answer of the same person counts: {ref}", ref=ref)
    return tell("a worse or equal answer of the same person counts: {ref}", ref=ref)


def _alone(a: Attestation, grounds: _Grounds) -> Attestation:
    """Assess one answer by itself."""
    who, as_of = grounds.who, grounds.as_of
    if a.date and a.date > as_of:
        return replace(a, why=tell("dated after the date of this assessment: dropped"))
    if a.answer == "no":
        # 2.1: a stale fail stays a fail; bad news does not expire by being ignored, and needs no
        # standing.
        lasts = tell("answered no, which does not expire") if _stale(a, as_of) else None
        return replace(a, status="fail", why=lasts or tell("answered no"))
    if why := _stale(a, as_of):
        return replace(a, why=tell("{why}: as if it had never been given", why=why))
    if why := _unproven(a, grounds.hashes):
        return replace(a, status="unknown", why=why)
    if a.answer == "not applicable":
        missing = [n for n in ("reason", "date", "attested_by") if not getattr(a, n)]
        if missing:
            lacking = tell(
                "not applicable needs a signed and dated reason: no {fields}",
                fields=", no ".join(missing),
            )
            return replace(a, status="unknown", why=lacking)
    if why := who.objection("attestation", a.attested_by, a.date):
        return replace(a, why=tell("no effect: {why}", why=why))
    if a.answer == "not applicable":
        if why := _unconfirmed(a, who):
            alone = tell("no effect: not applicable needs a second person; {why}", why=why)
            return replace(a, why=alone)
        return replace(a, status="na", why=verbatim(a.reason))
    if a.method == "attest":
        return replace(a, status="attested", why=tell("yes, on somebody's word"))
    if why := _unexamined(a, grounds):
        return replace(a, status="attested", why=tell("counts as attest: {why}", why=why))
    return replace(
        a,
        status="pass",
        why=tell(
            "{artefact}, {place}, was examined by {who}; its hash matches",
            artefact=a.artefact,
            place=a.artefact_place,
            who=a.examined_by,
        ),
    )


def _stale(a: Attestation, as_of: datetime) -> Sentence | None:
    if a.expires:
        day = f"{a.expires:%Y-%m-%d}"
        return tell("expired on {day}", day=day) if a.expires <= as_of else None
    if a.date and as_of - a.date > LIFETIME:
        return tell("older than {n} days, and names no end", n=LIFETIME.days)
    return None


def _unproven(a: Attestation, hashes: Mapping[str, str]) -> Sentence | None:
    """Say why the artefact that an answer names proves nothing."""
    if not a.artefact:
        return None
    found = hashes.get(_path(a.artefact))
    if found is None:
        return tell("{artefact} is no file of statements/", artefact=a.artefact)
    if a.artefact_sha256 and a.artefact_sha256 != found:
        return tell(
            "the hash of {artefact} does not match: the file is not the one that was looked at",
            artefact=a.artefact,
        )
    return None


def _unconfirmed(a: Attestation, who: Directory) -> Sentence | None:
    """Say why nobody else has confirmed that a control does not apply."""
    if not a.confirmed_by:
        return tell("nobody is named in confirmed_by")
    if who.same(a.confirmed_by, a.attested_by):
        return tell("it is confirmed by the person who says so")
    return who.objection("not_applicable", a.confirmed_by, a.date)


def _unexamined(a: Attestation, grounds: _Grounds) -> Sentence | None:
    """Say why an examination is none."""
    if not a.artefact:
        return tell("it names no artefact")
    if not a.artefact_sha256:
        return tell("it gives no hash of the artefact")
    if not a.examined_by:
        return tell("nobody is named who examined it")
    if grounds.who.same(a.examined_by, a.attested_by):
        return tell("it was examined by the person who attests")
    if not a.artefact_place:
        return tell("it names no page, section or line of the artefact")
    if not a.observed:
        return tell("it does not say what was seen there")
    if why := grounds.thin.get(_path(a.artefact), tell("it cannot be read")):
        return tell("{artefact} shows nothing: {why}", artefact=a.artefact, why=why)
    return grounds.who.objection("examination", a.examined_by, a.date)


def _hashes(files: Sequence[FileCount]) -> dict[str, str]:
    """Hash by file; a sheet of a workbook or a list of a document has that of the whole."""
    found: dict[str, str] = {}
    for f in files:
        sha256 = f.sha256 or EMPTY * (not f.bytes)
        found.setdefault(f.file.split("!", 1)[0], sha256)
        found[f.file] = sha256
    return found


def _path(artefact: str) -> str:
    """Where an artefact lies in the workspace; it may be named with the folder or without."""
    return f"statements/{artefact.removeprefix('./').removeprefix('statements/')}"


def _whole(file: str, paths: Group[str]) -> bool:
    return file in paths or file.split("!", 1)[0] in paths
