"""What a warehouse returned, as an assessment takes it. In: a folder or a zip. Out: questions that
have answers, or InputError.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reporter.content.workspace import read_workspace
from reporter.engine.choice import ELSEWHERE
from reporter.errors import InputError

if TYPE_CHECKING:
    from reporter.engine.elsewhere import Questions
    from reporter.pipeline.assess import Options

MANIFEST, RESULTS, WHO = "manifest.json", "results", "who"
_AGAIN = "Run `reporter sql` anew, into an empty folder, and what it writes."
_KEY = re.compile(r"(?:^|/)results/([^/]+)/[^/]+\.(?:parquet|json)$")


@dataclass(frozen=True, slots=True)
class Returned:
    """A folder of statements and the rows that they left."""

    place: Path
    manifest: dict[str, Any]
    keys: frozenset[str]
    """Names of the folders of returned rows."""
    digest: str
    """SHA-256 over all of it."""

    @property
    def statements(self) -> dict[str, str]:
        """Return the SHA-256 of the file of each statement, by its key."""
        steps = self.manifest["steps"]
        return {s["key"]: s["sha256"] for step in steps for s in step["statements"]}

    @property
    def patterns(self) -> list[list[str]]:
        """Return the regular expressions that the probe holds beside its own, step by step."""
        return [step["patterns"] for step in self.manifest["steps"] if step["patterns"]]


def with_returned(options: Options, place: Path, workspace: Path) -> Options:
    """Return options that take events from what was returned.

    Raises InputError where it was made by another version, or for another question.
    """
    if options.engine != "duckdb" or options.events:
        raise InputError("--results, --engine and --events cannot all say who reads the events")
    returned = read_returned(place)
    refuse_other(returned, told_of(workspace))
    known = {*returned.statements, WHO}
    if unknown := sorted(returned.keys - known):
        raise InputError(
            f"{len(unknown)} folders of results belong to no statement of the manifest",
            f"{place}/{RESULTS}/{unknown[0]}",
            "Remove them, or return the manifest that names their statements.",
        )
    questions = questions_of(returned, None)
    hold_probe(questions, returned.patterns)
    questions.proven = frozenset(p for group in returned.patterns for p in group)
    engine = f"{ELSEWHERE} {returned.digest}"
    return replace(options, engine=engine, session=questions)


def hold_probe(questions: Questions, groups: Sequence[Sequence[str]]) -> None:
    """Hold what a warehouse gives for expressions to what DuckDB gives; ask where it has not told.

    Raises InputError for a missing answer, where none can be asked, and for a value that differs.
    """
    import tempfile

    from reporter.engine.elsewhere import Elsewhere
    from reporter.engine.probe.probe import hold

    own = replace(questions, patterns=set(), proven=None)
    with (
        tempfile.TemporaryDirectory(prefix="reporter-") as folder,
        Elsewhere(Path(folder), own) as engine,
    ):
        hold(engine, groups)


def questions_of(returned: Returned, lists: Path | None) -> Questions:
    """Return questions to the warehouse that a manifest names."""
    from reporter.engine.elsewhere import Questions
    from reporter.engine.translation.dialects import DIALECTS

    told = returned.manifest
    return Questions(
        DIALECTS[told["dialect"]],
        told["events"],
        returned.place,
        lists,
        returned.digest,
        tuple(_who(returned.place)),
    )


def read_returned(place: Path) -> Returned:
    """Read the manifest and hash what lies beside it; raise InputError where there is none."""
    files = dict(_files(place))
    names = [n for n in files if n.rpartition("/")[2] == MANIFEST]
    if len(names) != 1:
        raise InputError(
            f"there is {'no' if not names else 'more than one'} {MANIFEST} in it",
            str(place),
            "Give the folder that `reporter sql` wrote, with the results in it, or a zip of it.",
        )
    try:
        manifest = json.loads(files[names[0]]())
        for pattern in (p for step in manifest["steps"] for p in step["patterns"]):
            str.encode(pattern)  # TypeError for what is no text
        for statement in (s for step in manifest["steps"] for s in step["statements"]):
            _ = statement["key"], statement["sha256"], statement["file"]
        _ = manifest["dialect"], manifest["events"], manifest["reporter"], manifest["as_of"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"the manifest cannot be read: {error}", f"{place}/{MANIFEST}") from error
    base = names[0].removesuffix(MANIFEST)
    for step in manifest["steps"]:
        for statement in step["statements"]:
            read = files.get(base + statement["file"])
            if read and hashlib.sha256(read()).hexdigest() != statement["sha256"]:
                raise InputError(
                    "this statement is not as `reporter sql` wrote it",
                    f"{place}/{statement['file']}",
                    _AGAIN,
                )
    keys = frozenset(m[1] for n in files if (m := _KEY.search(n)))
    whole = hashlib.sha256()
    for name in sorted(files):
        if name == names[0] or _KEY.search(name):
            whole.update(f"{name}\n{hashlib.sha256(files[name]()).hexdigest()}\n".encode())
    return Returned(place, manifest, keys, whole.hexdigest())


def told_of(workspace: Path) -> dict[str, Any]:
    """Return what a manifest tells of a workspace and of this program."""
    run = read_workspace(workspace).run
    return {
        "reporter": version("agent-reporter"),
        "as_of": str(run.as_of),
        "period": [str(run.period_from), str(run.period_to)],
    }


def refuse_other(returned: Returned, told: dict[str, Any]) -> None:
    """Raise InputError where statements were written for another version, date or period."""
    for name, what in told.items():
        given = returned.manifest.get(name)
        if given != what:
            raise InputError(
                f"its statements were written for {name} {given}, and this is {what}",
                f"{returned.place}/{MANIFEST}",
                _AGAIN,
            )


def _files(place: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    if place.is_dir():
        for path in place.rglob("*"):
            if path.is_file():
                yield path.relative_to(place).as_posix(), path.read_bytes
        return
    if not zipfile.is_zipfile(place):
        raise InputError("it is no folder and no zip", str(place))
    with zipfile.ZipFile(place) as archive:
        read = {n: archive.read(n) for n in archive.namelist() if not n.endswith("/")}
    for name, content in read.items():
        yield name, partial(bytes, content)


def _who(place: Path) -> Sequence[str]:
    """Return who ran the statements, as the warehouse says."""
    import tempfile

    from reporter.engine.duckdb import Parquet

    lines: set[str] = set()
    for name, read in _files(place):
        if not (m := _KEY.search(name)) or m[1] != WHO:
            continue
        if name.endswith(".json"):
            told = [json.loads(line) for line in read().decode("utf-8").splitlines()]
            lines |= {" ".join(str(t.get(n)) for n in ("ran_at", "ran_by", "engine")) for t in told}
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "who.parquet"
            path.write_bytes(read())
            for batch in Parquet(path).batches("SELECT ran_at, ran_by, engine FROM held"):
                lines |= {" ".join(map(str, row)) for row in batch}
    return sorted(lines)
