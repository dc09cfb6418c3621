"""What people's answers count as (2.1 of the method). In: rows as given, catalogs, hashes of files, a date. Out: Settled.

An answer that is wrong is rejected with its line; all others stand in the report, with what they count as and why.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as Group
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reporter.answers import Attestation, Given
from reporter.model import FileCount, Framework, Quarantined
from reporter.rows import Wrong, day, filled, listed, one_of, person, rejected
from reporter.scores import Status

LIFETIME = timedelta(days=365)
"""How long an answer holds that names no end."""
ANSWERS = {
    "yes": "yes", "y": "yes", "true": "yes", "no": "no", "n": "no", "false": "no",
    "not applicable": "not applicable", "not_applicable": "not applicable", "n/a": "not applicable", "na": "not applicable",
}  # fmt: skip
METHODS = ("attest", "examine")
_WORST = ("fail", "unknown", "na", "attested", "pass")
"""Of two answers of one person and time the one that stands first counts."""
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
) -> Settled:
    """Judge every row; `known` are all catalogs, `chosen` the ids of those in this run."""
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
    hashes = _hashes(files)
    done = {key: _settled(own, hashes, as_of) for key, own in sorted(by_control.items())}
    everything = [a for own in done.values() for a in own]
    proofs = {_path(a.artefact) for a in everything if a.artefact}
    return Settled(
        answers={k: Status(a.status) for k, own in done.items() for a in own if a.settles},
        attestations=tuple(everything),
        rejected=tuple(wrong),
        aside=tuple(aside),
        artefacts=frozenset(f.file for f in files if _whole(f.file, proofs)),
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
    )  # fmt: skip


# what it counts as


def _settled(
    own: Sequence[Attestation], hashes: Mapping[str, str], as_of: datetime
) -> list[Attestation]:
    """Judge the answers for one control: each alone, the newest of each person, then across people."""
    judged = [_alone(a, hashes, as_of) for a in own]
    people: dict[str, list[Attestation]] = defaultdict(list)
    for a in judged:
        if a.status not in ("", "unknown"):
            people[person(a.attested_by)].append(a)
    last = {who: min(theirs, key=_newest_then_worst) for who, theirs in people.items()}
    strongest = sorted(last.values(), key=lambda a: (_STRONGEST.index(a.status), a.ref))
    return [_beside(a, last, strongest[-1] if strongest else None) for a in judged]


def _newest_then_worst(a: Attestation) -> tuple[timedelta, int, str]:
    return datetime.max - (a.date or datetime.min), _WORST.index(a.status), a.ref


def _beside(
    a: Attestation, last: Mapping[str, Attestation], deciding: Attestation | None
) -> Attestation:
    """Say of a judged answer whether another one counts in its place."""
    if a.status in ("", "unknown") or deciding is None:
        return a
    newest = last[person(a.attested_by)]
    if a is not newest:
        how = "newer" if a.date != newest.date else "worse or equal"
        return replace(a, status="", why=f"a {how} answer of the same person counts: {newest.ref}")
    if a is deciding:
        return replace(a, settles=True)
    if a.status == deciding.status:
        return replace(a, why=f"{a.why}; so does {deciding.ref}")
    return replace(a, why=f"{a.why}; outweighed by {deciding.ref}, which counts as {deciding.status}")  # fmt: skip


def _alone(a: Attestation, hashes: Mapping[str, str], as_of: datetime) -> Attestation:
    """Judge one answer by itself."""
    if a.date and a.date > as_of:
        return replace(a, why="dated after the date of this assessment: dropped")
    if a.answer == "no":
        # 2.1: a stale fail stays a fail; bad news does not expire by being ignored.
        return replace(a, status="fail", why=f"answered no{_stale(a, as_of) and ', which does not expire'}")  # fmt: skip
    if why := _stale(a, as_of):
        return replace(a, why=f"{why}: as if it had never been given")
    if why := _unproven(a, hashes):
        return replace(a, status="unknown", why=why)
    if a.answer == "not applicable":
        missing = [n for n in ("reason", "date", "attested_by") if not getattr(a, n)]
        if missing:
            return replace(a, status="unknown", why=f"not applicable needs a signed and dated reason: no {', no '.join(missing)}")  # fmt: skip
        return replace(a, status="na", why=a.reason)
    if a.method == "attest":
        return replace(a, status="attested", why="yes, on somebody's word")
    if why := _unexamined(a):
        return replace(a, status="attested", why=f"counts as attest: {why}")
    return replace(a, status="pass", why=f"{a.artefact} was examined by {a.examined_by}; its hash matches")  # fmt: skip


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


def _unexamined(a: Attestation) -> str:
    """Say why an examination is none."""
    if not a.artefact:
        return "it names no artefact"
    if not a.artefact_sha256:
        return "it gives no hash of the artefact"
    if not a.examined_by:
        return "nobody is named who examined it"
    same = person(a.examined_by) == person(a.attested_by)
    return "it was examined by the person who attests" if same else ""


def _hashes(files: Sequence[FileCount]) -> dict[str, str]:
    """Hash by file; a sheet of a workbook or a list of a document has that of the whole."""
    found: dict[str, str] = {}
    for f in files:
        found.setdefault(f.file.split("!", 1)[0], f.sha256)
        found[f.file] = f.sha256
    return found


def _path(artefact: str) -> str:
    """Where an artefact lies in the workspace; it may be named with the folder or without."""
    return f"statements/{artefact.removeprefix('./').removeprefix('statements/')}"


def _whole(file: str, paths: Group[str]) -> bool:
    return file in paths or file.split("!", 1)[0] in paths
