"""What a workspace asks of the content. In: its settings, all content. Out: its catalogs, checks,
or what is wrong.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from reporter.content.crosswalks import CHECKS, lists_shown
from reporter.content.loader import Content, compiled_of
from reporter.content.mapping import FOLDER
from reporter.content.workspace import NAME, Workspace
from reporter.content.yaml import words_of
from reporter.errors import ContentError, Errors, InputError, ReporterError
from reporter.evaluate.remediation import effort_ids
from reporter.ingest.load import Intake
from reporter.model.assessment import Check, Sample
from reporter.schema.compiled import Compiled
from reporter.system.hashes import sha256


def select_frameworks(workspace: Workspace, content: Content) -> Content:
    """Keep the catalogs that the workspace names, in its order, and the crosswalks between them; of
    lists that have no catalog the crosswalks, beside the usual catalogs where it names no other.

    Raises InputError where it names one that there is not.
    """
    catalogs = {f.id: f for f in content.frameworks}
    names = lists_shown(workspace.frameworks, content.frameworks)
    unscored = sorted({w.origin for w in content.crosswalks} - catalogs.keys())
    for name in names:
        if name not in catalogs and name not in unscored:
            nearest = _nearest(name, [*sorted(catalogs), *unscored])
            guess = f"Did you mean {' or '.join(nearest)}? " if nearest else ""
            raise InputError(
                f"frameworks: no {name!r}",
                workspace.place("frameworks"),
                f"{guess}Known: {', '.join(sorted(catalogs))}; without a score, beside them:"
                f" {', '.join(unscored)}.",
            )
    endpoints = {*names, CHECKS}
    crosswalks = (w for w in content.crosswalks if w.origin in endpoints and w.target in endpoints)
    frameworks = tuple(catalogs[name] for name in names if name in catalogs)
    return replace(content, frameworks=frameworks, crosswalks=tuple(crosswalks))


def _nearest(name: str, known_ids: Sequence[str]) -> list[str]:
    """Return the ids that a name may mean: `ISO 27001` is one without its edition."""
    plain = _signs(name)
    editions = [i for i in known_ids if plain and _signs(i).startswith(plain)]
    return editions[:3] or get_close_matches(name.lower(), known_ids, 1)


def _signs(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def refuse_unknown(workspace: Workspace, content: Content) -> None:
    """Raise InputError where the settings name a profile, check or effort that there is not."""
    if workspace.run.profile not in content.profiles:
        raise InputError(
            f"no profile {workspace.run.profile!r}",
            workspace.place("profile"),
            f"Known: {', '.join(sorted(content.profiles))}.",
        )
    check_ids = {c.id for c in content.checks}
    for key, settings in (("params", workspace.params), ("samples", workspace.samples)):
        for check_id in settings:
            if check_id not in check_ids:
                raise InputError(f"{key}: no check {check_id!r}", workspace.place(key))
    _refuse_efforts(workspace.efforts, content, workspace.place("efforts"))


def _refuse_efforts(names: Iterable[str], content: Content, place: str) -> None:
    cause = effort_ids(content.checks, content.causes)
    for name in names:
        if name not in cause:
            matches = ", ".join(get_close_matches(name, cause, 3))
            hint = (
                f"Close to it: {matches}."
                if matches
                else "Name a check, or a cause of frameworks/causes.yml."
            )
            raise InputError(f"efforts: no check or cause {name!r}", place, hint)
        if cause[name]:
            hint = f"Give days for {cause[name]}, or {name}-evidence for what is unknown."
            raise InputError(f"efforts: {name} is fixed with its cause {cause[name]}", place, hint)


def compile_all(
    checks: Sequence[Check],
    params: dict[str, dict[str, Any]],
    samples: Mapping[str, Sample] = {},
    place: str = NAME,
) -> list[tuple[Check, Compiled]]:
    """Compile every check with the workspace's thresholds; report all errors at once.

    Raises Errors with every mistake.
    """
    errors: list[ReporterError] = []
    compiled = []
    for check in checks:
        args = params.get(check.id, {})
        unknown_names = sorted(set(args) - set(check.params))
        if unknown_names:
            errors.append(
                InputError(
                    f"params: {check.id} has no parameter {unknown_names[0]!r}",
                    place,
                    f"It has: {', '.join(sorted(check.params)) or 'none'}.",
                )
            )
            continue
        names = [
            p for p in sorted(args) if type(args[p]) is not type(check.params[p]) or args[p] == []
        ]
        if names:
            kind = words_of(type(check.params[names[0]]))
            errors.append(
                InputError(
                    f"params: {check.id}: {names[0]} must be {kind}, not {args[names[0]]!r}", place
                )
            )
            continue
        excess = [(p, most) for p in sorted(args) if (most := _limit(p, args[p])) is not None]
        if excess:
            name, most = excess[0]
            errors.append(
                InputError(
                    f"params: {check.id}: {name} is {args[name]}",
                    place,
                    f"Expected a whole number from 0 to {most}." if most else "Expected 0 or more.",
                )
            )
            continue
        defaults = {name: check.params[name] for name in args if args[name] != check.params[name]}
        adjusted_check = replace(
            check, params={**check.params, **args}, shipped=defaults, sample=samples.get(check.id)
        )
        try:
            compiled.append((adjusted_check, compiled_of(adjusted_check)))
        except ContentError as error:
            errors.append(error)
    if errors:
        raise Errors(errors)
    return compiled


_WHOLE = {"_percent": 100, "_permille": 1000}
"""Suffix of a threshold's name -> its maximum: a share of all."""


def _limit(name: str, value: object) -> int | None:
    """Return the maximum of a threshold whose value is out of range, 0 for no maximum; None if it
    is valid.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    most = next((n for end, n in _WHOLE.items() if name.endswith(end)), 0)
    return most if value < 0 or (most and value > most) else None


def evidence_hashes(
    workspace: Workspace,
    content: Content,
    checks: tuple[Check, ...],
    intake: Intake,
    engine: str,
) -> dict[str, str]:
    """Return the hashes of the evidence, the versions of program and engine, and one id over them
    all (printed on every page).
    """
    inputs = hashlib.sha256(
        "".join(f"{f.file}\0{f.sha256}\n" for f in intake.files).encode()
    ).hexdigest()
    thresholds = json.dumps({c.id: c.params for c in checks}, sort_keys=True, default=str)
    hashes = {
        "inputs": inputs,
        "content": content.sha256,
        "policy": content.policy.sha256,
        "workspace": sha256(workspace.folder / NAME),
        "thresholds": hashlib.sha256(thresholds.encode()).hexdigest(),
        "reporter": program_version(),
        "engine": engine,
    }
    mappings = sorted((workspace.folder / FOLDER).glob("*.yml"))
    if mappings:
        data = b"".join(os.fsencode(p.name) + f"\0{sha256(p)}\n".encode() for p in mappings)
        hashes["mappings"] = hashlib.sha256(data).hexdigest()
    hashes |= {
        f"pack {p.name}": f"{p.package} {p.version}, sha256 {p.sha256}" for p in content.packs
    }
    text = json.dumps(hashes, sort_keys=True)
    return {"evidence_id": hashlib.sha256(text.encode()).hexdigest(), **hashes}


def program_version() -> str:
    """Return the version of the program, for what it leaves behind."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("agent-reporter")
    except PackageNotFoundError:
        return "checkout"
