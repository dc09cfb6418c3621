"""The next statements to run where the events are. In: a workspace, a folder of earlier steps. Out:
files of SQL and of lists, and a manifest.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reporter.engine.elsewhere import LISTS, Questions, Statement
from reporter.engine.translation.dialects import DIALECTS, Dialect
from reporter.errors import InputError
from reporter.ingest.exports.events_elsewhere import StillToRun
from reporter.pipeline.assess import Options, assess_workspace
from reporter.pipeline.warehouse.returned import (
    MANIFEST,
    RESULTS,
    WHO,
    hold_probe,
    questions_of,
    read_returned,
    refuse_other,
    told_of,
)


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be run next."""

    number: int
    """0 is the probe."""
    files: tuple[str, ...] = ()
    """None where nothing is left to run."""


def write_step(
    workspace: Path, out: Path, dialect: str, events: str, stage: str, options: Options
) -> Step:
    """Write what is still to run into a folder; `stage` is where the warehouse reaches it.

    Raises InputError where the folder is of another workspace, date, table or dialect.
    """
    told = {**told_of(workspace), "dialect": dialect, "events": events}
    (out / "lists").mkdir(parents=True, exist_ok=True)
    if (out / MANIFEST).exists():
        returned = read_returned(out)
        refuse_other(returned, told)
        manifest, questions = returned.manifest, questions_of(returned, out / "lists")
        open_keys = returned.statements.keys() - returned.keys
        if open_keys:
            last = len(manifest["steps"]) - 1
            raise InputError(
                f"{len(open_keys)} statements of step {last} have no results yet",
                str(out),
                f"Run them first; each leaves its rows below {stage}/{RESULTS}.",
            )
    else:
        manifest = {**told, "steps": []}
        questions = Questions(DIALECTS[dialect], events, None, out / "lists")
    number = len(manifest["steps"])
    proven = [step["patterns"] for step in manifest["steps"] if step["patterns"]]
    hold_probe(questions, proven)
    patterns: list[str] = []
    if not questions.asked:  # the probe holds, so what rests on it may be asked
        _ask(workspace, questions, options)
        patterns = sorted(questions.patterns - {p for group in proven for p in group})
        if patterns:
            hold_probe(questions, [*proven, patterns])
    if not questions.asked:
        return Step(number)
    statements = [*questions.asked.values()]
    files = _write(out, number, statements, questions.dialect, stage)
    step = {"step": number, "statements": files, "patterns": patterns}
    manifest["steps"].append(step)
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return Step(number, tuple(str(f["file"]) for f in files))


def _ask(workspace: Path, questions: Questions, options: Options) -> None:
    """Go through an assessment, to see what it asks of events; its numbers are thrown away."""
    from dataclasses import replace

    with tempfile.TemporaryDirectory(prefix="reporter-") as folder:
        asking = replace(
            options,
            formats=(),
            cache=options.cache or Path(folder) / "cache",
            engine="elsewhere",
            session=questions,
            fresh=True,
        )
        try:
            assess_workspace(workspace, Path(folder) / "run", asking)
        except StillToRun:
            return


def _write(
    out: Path, number: int, statements: Sequence[Statement], dialect: Dialect, stage: str
) -> list[dict[str, Any]]:
    folder = out / f"step-{number}"
    folder.mkdir()
    width = len(str(len(statements) + 1))
    header = "".join(f"-- {line}\n" for line in dialect.shown)
    files: list[dict[str, Any]] = []
    if dialect.settings:
        text = header + ";\n".join(dialect.settings) + ";\n"
        (folder / f"{'0' * width}-settings.sql").write_text(text, encoding="utf-8")
    for n, statement in enumerate(statements, 1):
        sql = statement.sql.replace(LISTS, f"{stage}/lists")
        text = f"{header}-- Rows of {statement.table}\n"
        text += dialect.keep(f"{stage}/{RESULTS}/{statement.key}", sql) + ";\n"
        name = f"step-{number}/{n:0{width}}-{statement.table}.sql"
        (out / name).write_text(text, encoding="utf-8")
        files.append(
            {
                "key": statement.key,
                "table": statement.table,
                "file": name,
                "sha256": hashlib.sha256(text.encode()).hexdigest(),
                "lists": [p.name for p in statement.lists],
            }
        )
    last = f"step-{number}/{len(statements) + 1:0{width}}-{WHO}.sql"
    text = dialect.keep(f"{stage}/{RESULTS}/{WHO}", dialect.who)
    (out / last).write_text(f"{header}{text};\n", encoding="utf-8")
    return files
