"""What people's answers count as (2.1 of the method). In: rows as given, catalogs, files, a date, who may sign. Out: Settled.

An answer that is wrong is rejected with its line; all others stand in the report, with what they count as and why.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as Group
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reporter.answers import Attestation, Given
from reporter.approvers import Directory
from reporter.model import FileCount, Framework, Notice, Quarantined
from reporter.rows import Wrong, day, filled, listed, one_of, rejected
from reporter.scores import Status

LIFETIME = timedelta(days=365)
"""How long an answer holds that names no end."""
ANSWERS = {
    "yes": "yes", "y": "yes", "true": "yes", "no": "no", "n": "no", "false": "no",
    "not applicable": "not applicable", "not_applicable": "not applicable", "n/a": "not applicable", "na": "not applicable",
}  # fmt: skip
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
    aside: tuple[tuple[str, str], ...]
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
    thin: Mapping[str, str],
) -> Settled:
    """Judge every row; `known` are all catalogs, `chosen` the ids of those in this run, `thin` says of each file that an
    answer names what it lacks to show anything."""
    controls = {f.id: {c.id for c in f.controls} for f in known}
    by_control: dict[tuple[str, str], list[Attestation]] = defaultdict(list)
    wrong, aside = [], []
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
    judge = _Judge(_hashes(files), thin, as_of, who)
    done = {key: _settled(own, judge) for key, own in sorted(by_control.items())}
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
    by: Counter[str] = Counter()
    for a in counted:
        signers = {who.key(n): n for n in (a.attested_by, a.examined_by, a.confirmed_by) if n}
        by.update(f"signed by {key}" for key in signers)
        by.update([f"shown by {_path(a.artefact)}"] if a.artefact and a.status == "pass" else [])
    much = sorted((n, name) for name, n in by.items() if n > 1 and n * MOST_OF > len(counted))
    lines = tuple(f"{name}: {n} of {len(counted)}" for n, name in reversed(much))
    return (
        Notice("answers_rest_on_few", (("n", len(counted)),), lines, "statements.csv")
        if lines
        else None
    )


# what a row says


def _out_of_scope(
    row: Given, controls: Mapping[str, Group[str]], chosen: Group[str]
) -> str:  # fmt: skip
    if row.wrong:
        raise Wrong(row.wrong, hint="expected one record an answer, each field a text")
    if "answer" not in row.fields:
        raise Wrong("there is no field answer", hint=f"expected {listed(ANSWERS.values())}, or an empty answer")  # fmt: skip
    if not row.fields["answer"]:
        return "not answered"
    named = row.fields.get("framework", "")
    return f"an answer for {named}, which takes no part" if named in {*controls} - chosen else ""


def _attestation(row: Given, controls: Mapping[str, Group[str]]) -> Attestation:
    f = {k: v.strip() for k, v in row.fields.items()}
    framework = one_of(f, "framework", {k: k for k in controls})
    control = one_of(f, "control", {k: k for k in controls[framework]})
    answer = one_of({"answer": f["answer"].lower()}, "answer", ANSWERS)
    given, ends = day(f, "date"), day(f, "expires")
    if answer != "not applicable":
        filled(f, "attested_by", "the person who answers")
        filled(f, "date", "the day of the answer, such as 2026-09-15")
    if given and ends and ends <= given:
        raise Wrong("expires is not after date", hint="expected a later day, or none")
    method = one_of({"method": f.get("method", "").lower() or METHODS[0]}, "method", {m: m for m in METHODS})  # fmt: skip
    sha256 = f.get("artefact_sha256", "").lower()
    if sha256 and not _HASH.fullmatch(sha256):
        raise Wrong("artefact_sha256 is no SHA-256", hint="expected 64 digits from 0 to f")
    if sha256 and not f.get("artefact"):
        raise Wrong("artefact_sha256 stands without an artefact", hint="expected the path of a file below statements/")  # fmt: skip
    return Attestation(
        framework, control, answer, f.get("statement", ""), f.get("attested_by", ""), f.get("role", ""), given, ends,
        method, f.get("artefact", ""), sha256, f.get("examined_by", ""), f.get("reason", ""), row.ref,
        f.get("artefact_place", ""), f.get("observed", ""), f.get("confirmed_by", ""),
    )  # fmt: skip


# what it counts as


@dataclass(frozen=True, slots=True)
class _Judge:
    """What an answer is judged by."""

    hashes: Mapping[str, str]
    thin: Mapping[str, str]
    as_of: datetime
    who: Directory


def _settled(own: Sequence[Attestation], judge: _Judge) -> list[Attestation]:
    """Judge the answers for one control: each alone, the newest of each person, then across people."""
    judged = [_alone(a, judge) for a in own]
    key = judge.who.key
    people: dict[str, list[Attestation]] = defaultdict(list)
    for a in judged:
        if a.status not in ("", "unknown"):
            people[key(a.attested_by)].append(a)
    last = {who: min(theirs, key=_newest_then_worst) for who, theirs in people.items()}
    strongest = sorted(last.values(), key=lambda a: (_STRONGEST.index(a.status), a.ref))
    deciding = strongest[-1] if strongest else None
    return [_beside(a, last.get(key(a.attested_by)), deciding) for a in judged]


def _newest_then_worst(a: Attestation) -> tuple[timedelta, int, str]:
    return datetime.max - (a.date or datetime.min), _WORST.index(a.status), a.ref


def _beside(
    a: Attestation, newest: Attestation | None, deciding: Attestation | None
) -> Attestation:
    """Say of a judged answer whether another one counts in its place."""
    if a.status in ("", "unknown") or deciding is None or newest is None:
        return a
    if a is not newest:
        how = "newer" if a.date != newest.date else "worse or equal"
        return replace(a, status="", why=f"a {how} answer of the same person counts: {newest.ref}")
    if a is deciding:
        return replace(a, settles=True)
    if a.status == deciding.status:
        return replace(a, why=f"{a.why}; so does {deciding.ref}")
    return replace(a, why=f"{a.why}; outweighed by {deciding.ref}, which counts as {deciding.status}")  # fmt: skip


def _alone(a: Attestation, judge: _Judge) -> Attestation:
    """Judge one answer by itself."""
    who, as_of = judge.who, judge.as_of
    if a.date and a.date > as_of:
        return replace(a, why="dated after the date of this assessment: dropped")
    if a.answer == "no":
        # 2.1: a stale fail stays a fail; bad news does not expire by being ignored, and needs no standing.
        return replace(a, status="fail", why=f"answered no{_stale(a, as_of) and ', which does not expire'}")  # fmt: skip
    if why := _stale(a, as_of):
        return replace(a, why=f"{why}: as if it had never been given")
    if why := _unproven(a, judge.hashes):
        return replace(a, status="unknown", why=why)
    if a.answer == "not applicable":
        missing = [n for n in ("reason", "date", "attested_by") if not getattr(a, n)]
        if missing:
            return replace(a, status="unknown", why=f"not applicable needs a signed and dated reason: no {', no '.join(missing)}")  # fmt: skip
    if why := who.objection("attestation", a.attested_by, a.date):
        return replace(a, why=f"no effect: {why}")
    if a.answer == "not applicable":
        if why := _unconfirmed(a, who):
            return replace(a, why=f"no effect: not applicable needs a second person; {why}")
        return replace(a, status="na", why=a.reason)
    if a.method == "attest":
        return replace(a, status="attested", why="yes, on somebody's word")
    if why := _unexamined(a, judge):
        return replace(a, status="attested", why=f"counts as attest: {why}")
    return replace(a, status="pass", why=f"{a.artefact}, {a.artefact_place}, was examined by {a.examined_by}; its hash matches")  # fmt: skip


def _stale(a: Attestation, as_of: datetime) -> str:
    if a.expires:
        return f"expired on {a.expires:%Y-%m-%d}" if a.expires <= as_of else ""
    if a.date and as_of - a.date > LIFETIME:
        return f"older than {LIFETIME.days} days, and names no end"
    return ""


def _unproven(a: Attestation, hashes: Mapping[str, str]) -> str:
    """Say why the artefact that an answer names proves nothing."""
    if not a.artefact:
        return ""
    found = hashes.get(_path(a.artefact))
    if found is None:
        return f"{a.artefact} is no file of statements/"
    if a.artefact_sha256 and a.artefact_sha256 != found:
        return f"the hash of {a.artefact} does not match: the file is not the one that was looked at"  # fmt: skip
    return ""


def _unconfirmed(a: Attestation, who: Directory) -> str:
    """Say why nobody else has confirmed that a control does not apply."""
    if not a.confirmed_by:
        return "nobody is named in confirmed_by"
    if who.same(a.confirmed_by, a.attested_by):
        return "it is confirmed by the person who says so"
    return who.objection("not_applicable", a.confirmed_by, a.date)


def _unexamined(a: Attestation, judge: _Judge) -> str:
    """Say why an examination is none."""
    if not a.artefact:
        return "it names no artefact"
    if not a.artefact_sha256:
        return "it gives no hash of the artefact"
    if not a.examined_by:
        return "nobody is named who examined it"
    if judge.who.same(a.examined_by, a.attested_by):
        return "it was examined by the person who attests"
    if not a.artefact_place:
        return "it names no page, section or line of the artefact"
    if not a.observed:
        return "it does not say what was seen there"
    if why := judge.thin.get(_path(a.artefact), "it cannot be read"):
        return f"{a.artefact} shows nothing: {why}"
    return judge.who.objection("examination", a.examined_by, a.date)


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
