"""What a workspace asks of the content. In: its settings, all content. Out: its catalogs, or what
is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches

from reporter.content.crosswalks import CHECKS
from reporter.content.loader import Content
from reporter.content.workspace import Workspace
from reporter.errors import InputError
from reporter.evaluate.remediation import effort_ids


def select_frameworks(workspace: Workspace, content: Content) -> Content:
    """Keep the catalogs that the workspace names, in its order, and the crosswalks between them.

    Raises InputError where it names one that there is not, or none to assess.
    """
    catalogs = {f.id: f for f in content.frameworks}
    default_ids = tuple(f.id for f in content.frameworks if not f.optional)
    names = workspace.frameworks or default_ids
    known_ids = {*catalogs, *(w.origin for w in content.crosswalks)}
    place = workspace.place("frameworks")
    for name in names:
        if name not in known_ids:
            suggestions = get_close_matches(name, known_ids, 1)
            guess = f"Did you mean {suggestions[0]}? " if suggestions else ""
            raise InputError(
                f"frameworks: no {name!r}", place, f"{guess}Known: {', '.join(sorted(known_ids))}."
            )
    if not catalogs.keys() & set(names):
        raise InputError(
            f"frameworks: {names[0]} is known from crosswalks only",
            place,
            f"Name a catalog beside it, such as {', '.join(default_ids)}.",
        )
    endpoints = {*names, CHECKS}
    crosswalks = (w for w in content.crosswalks if w.origin in endpoints and w.target in endpoints)
    frameworks = tuple(catalogs[name] for name in names if name in catalogs)
    return replace(content, frameworks=frameworks, crosswalks=tuple(crosswalks))


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
