"""The runs that a roll-up pools. In: runs, folders of runs, what batches left. Out: those of one
period and one set of rules, and why all others are left out.

Of a run only what scores need is kept, so that memory does not grow with the runs.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from reporter.errors import InputError, on_one_line
from reporter.model.assessment import Assessment, Check, Framework, Policy, Profile, RunInfo, Theme
from reporter.model.scores import Status
from reporter.report.rolled_up import rollup_data as data
from reporter.report.trend.earlier_runs import in_utc, read_verified
from reporter.report.view.format import clean
from reporter.report.view.thresholds import rule
from reporter.runs.store import DATA, MANIFEST
from reporter.system.hashes import sha256

BATCH = "batch.json"
RuleSet = tuple[tuple[str, str], ...]
"""Kind of rule -> its hash: what runs must have in common to be pooled."""


_PERIOD = len("2026-07-01_2026-10-01")
"""Characters with which a batch begins the name of a run."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What results were judged and are scored by."""

    checks: tuple[Check, ...]
    themes: tuple[Theme, ...]
    policy: Policy
    profile: Profile
    frameworks: tuple[Framework, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A run, and what its scores depend on beside its results."""

    unit: str
    organisation: str
    folder: Path
    info: RunInfo
    rules: RuleSet
    manifest: str
    results: int
    caps: tuple[tuple[int, str], ...]
    samples: Mapping[str, tuple[int, int]]
    """Check -> size of its sample, and how many there are to draw from."""
    answers: Mapping[tuple[str, str], Status]
    frameworks: frozenset[str]
    accent: str
    language: str

    @property
    def key(self) -> _Key:
        """What runs must have in common to be pooled."""
        return self.rules, in_utc(self.info.period_from), in_utc(self.info.period_to)


_Key = tuple[RuleSet, datetime, datetime]


@dataclass(frozen=True, slots=True)
class Members:
    """The runs that are pooled, and those that are not."""

    rules: Rules
    pooled: tuple[Member, ...]
    missing: tuple[Member, ...]
    """Runs whose results count as unknown: the last ones of units that should be there."""
    left_out: tuple[data.LeftOut, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """A run by its place, with the name that a batch gives its unit; or why there is none."""

    folder: Path | None
    unit: str = ""
    status: str = ""
    """One of `FAILED`, `ABSENT`, `UNPLANNED`; '' for a run of the unit."""
    reason: str = ""
    above: str = ""
    """The folder in which the run lies: the name of a unit that has no other."""


def read_members(paths: Sequence[Path]) -> Members:
    """Read the runs of some paths, and choose those that can be pooled.

    Raises InputError where there is none, a run named by itself cannot be read, or two runs of one
    unit are of one moment.
    """
    by_rules: dict[RuleSet, Rules] = {}
    members: list[Member] = []
    missing: list[tuple[Member, data.LeftOut]] = []
    left_out: list[data.LeftOut] = []
    for found, is_named in _each(paths):
        if not found.folder:
            left_out.append(
                data.LeftOut(clean(found.unit), "", found.status, clean(on_one_line(found.reason)))
            )
            continue
        try:
            member = _member(found, by_rules)
        except InputError as error:
            if is_named:
                raise
            name = found.unit or found.folder.name
            why = found.status or data.UNREADABLE
            text = found.reason or error.message
            left_out.append(data.LeftOut(clean(name), "", why, clean(text), found.folder.name))
            continue
        if found.status:
            missing.append((member, _left(member, found.status, clean(on_one_line(found.reason)))))
        else:
            members.append(member)
    current, older = _latest(members)
    left_out += [_left(m, data.OLDER) for m in older]
    if not current:
        reasons = "; ".join(f"{m.unit}: {m.detail or m.why}" for m in left_out)
        raise InputError(
            f"no run to roll up{': ' if reasons else ''}{reasons}",
            ", ".join(map(str, paths)),
            "Give runs, a folder of runs, or the `out` of a batch.",
        )
    key = _base(current)
    for member in current:
        if member.key != key:
            missing.append((member, _left(member, *_differing(member, key))))
    pooled = _named([m for m in current if m.key == key])
    return Members(
        by_rules[key[0]],
        tuple(pooled),
        tuple(m for m, left in missing if left.why not in data.NOT_ASKED),
        tuple(sorted((*left_out, *(left for _, left in missing)), key=_order)),
    )


def _order(left: data.LeftOut) -> tuple[str, ...]:
    return left.organisation, left.unit, left.why, left.run


def _left(member: Member, why: str, detail: str = "") -> data.LeftOut:
    return data.LeftOut(member.unit, member.organisation, why, detail, member.folder.name)


def _differing(member: Member, key: _Key) -> tuple[str, str]:
    """Return why a run cannot be pooled: the rules that differ, or its period."""
    if member.rules != key[0]:
        ours = dict(key[0])
        return data.RULES, ", ".join(n for n, digest in member.rules if ours[n] != digest)
    info = member.info
    return data.PERIOD, f"{info.period_from:%Y-%m-%d}/{info.period_to:%Y-%m-%d}"


def _each(paths: Iterable[Path]) -> Iterator[tuple[_Found, bool]]:
    """Yield what is found below some paths, and whether a path names it by itself; a run that
    several name comes once.
    """
    seen: set[Path] = set()
    for path in paths:
        for found, is_named in _below(path):
            place = found.folder.resolve() if found.folder else None
            if place is None or place not in seen:
                yield found, is_named
            seen |= {place} if place else set()


def _below(path: Path) -> Iterator[tuple[_Found, bool]]:
    if not path.is_dir():
        raise InputError("no such folder", str(path), "Give runs, or folders of them.")
    if _is_run(path):
        yield _Found(path), True
    elif (path / BATCH).is_file():
        rows, unplanned = _batch_rows(path / BATCH)
        for row in rows:
            yield _of_batch(path, row), False
        for unit in unplanned:
            yield _Found(_last_run(path, unit), unit, data.UNPLANNED), False
    else:
        folders = sorted(p.parent for p in [*path.glob(f"*/{DATA}"), *path.glob(f"*/*/{DATA}")])
        for folder in folders:
            parts = folder.relative_to(path).parts
            if not any(part.startswith(".") for part in parts):
                yield _Found(folder, above=parts[0] if parts[1:] else ""), False


def _is_run(path: Path) -> bool:
    return (path / DATA).is_file() or (path / MANIFEST).is_file()


def _batch_rows(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows of a batch, and the units that its plan has no more."""
    names = ("unit", "status", "reason", "run")
    try:
        batch = json.loads(path.read_bytes())
        others = list(map(str, batch.get("not_in_plan", ())))
        return [{name: row[name] for name in names} for row in batch["units"]], others
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"is not what a batch left: {error!r}", str(path)) from error


def _of_batch(out: Path, row: Mapping[str, Any]) -> _Found:
    """Return the run of a unit; of one that failed the last that is there."""
    if row["status"] == "assessed":
        return _Found(out / str(row["run"]), str(row["unit"]))
    status = data.FAILED if row["status"] == "failed" else data.ABSENT
    name = str(row["unit"])
    return _Found(_last_run(out, name), name, status, str(row["reason"]))


def _last_run(out: Path, unit: str) -> Path | None:
    """Return the last run of a unit that is there: of two of one period the later one."""
    manifests = (out / unit).glob(f"*/{MANIFEST}")
    last = max(manifests, key=lambda p: (p.parent.name[:_PERIOD], p.stat().st_mtime), default=None)
    return last.parent if last else None


def _member(found: _Found, by_rules: dict[RuleSet, Rules]) -> Member:
    assert found.folder
    run = read_verified(found.folder).assessment
    rules = Rules(
        tuple(replace(c, sample=None, examples=()) for c in run.checks),
        run.themes,
        run.policy,
        run.profile,
        run.frameworks,
    )
    name = _rules_of(run)
    if len(rules.frameworks) > len(by_rules.setdefault(name, rules).frameworks):
        by_rules[name] = rules
    names = (found.unit, run.run.unit, found.above, run.run.organisation, found.folder.name)
    unit = next(filter(None, names))
    return Member(
        clean(unit),
        clean(run.run.organisation),
        found.folder,
        run.run,
        name,
        sha256(found.folder / MANIFEST),
        run.results,
        _caps(run),
        {c.id: (c.sample.size, c.sample.frame) for c in run.checks if c.sample},
        {(a.framework, a.control): Status(a.status) for a in run.attestations if a.settles},
        frozenset(f.id for f in run.frameworks),
        run.branding.accent,
        run.language,
    )


def _rules_of(run: Assessment) -> RuleSet:
    """Return hashes of all that decides results, and how they are scored."""
    packs = sorted(item for item in run.hashes.items() if item[0].startswith("pack "))
    parts: dict[str, object] = {
        "content": (run.hashes.get("content"), packs),
        "checks": (sorted((c.id, rule(c)) for c in run.checks), sorted(t.id for t in run.themes)),
        "thresholds": sorted((c.id, json.dumps(c.params, default=str)) for c in run.checks),
        "policy": run.policy.sha256,
        "profile": (run.profile.target, sorted(run.profile.themes.items())),
        "version": run.hashes.get("reporter"),
    }
    return tuple(
        (name, hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest())
        for name, part in parts.items()
    )


def _caps(run: Assessment) -> tuple[tuple[int, str], ...]:
    """Return all caps of a run, those too that do not bind it: they may bind what it is part of."""
    days = len({day for _, marks in run.feed_days for day, units in marks if units})
    holds = {
        cap: days < least if cap == "short-logs" else bool(run.earlier.why)
        for cap, _, _, least in run.policy.caps
    }
    return tuple((level, reason) for cap, level, reason, _ in run.policy.caps if holds[cap])


def _latest(members: Iterable[Member]) -> tuple[list[Member], list[Member]]:
    """Return the last run of each unit, and those before."""
    by_unit: dict[tuple[str, str], list[Member]] = {}
    for member in members:
        by_unit.setdefault((member.organisation, member.unit), []).append(member)
    latest, older = [], []
    for _, runs in sorted(by_unit.items()):
        runs.sort(key=lambda m: in_utc(m.info.as_of))
        for one, other in zip(runs, runs[1:], strict=False):
            if in_utc(one.info.as_of) == in_utc(other.info.as_of):
                raise InputError(
                    f"is of the same unit and moment as {one.folder}",
                    str(other.folder),
                    "Name one of them; or give both a `unit` in reporter.yml, and assess again.",
                )
        latest.append(runs[-1])
        older += runs[:-1]
    return latest, older


def _base(members: Iterable[Member]) -> _Key:
    """Return the period and rules that most runs have; of equally many the latest."""
    counts = Counter(member.key for member in members)
    return max(counts, key=lambda key: (counts[key], key[2], key[1], key[0]))


def _named(members: Iterable[Member]) -> list[Member]:
    return sorted(members, key=lambda m: (m.organisation, m.unit))
