"""In a child process: the checks of a bundle performed again. In: folders, none of them trusted.
Out: a run folder, made by our code of their models, checks and tables.

Its imports stand inside the function: what this program reads of its own content as it loads must
be the content of the bundle.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reporter.errors import Errors, ReporterError
from reporter.system import folders

if TYPE_CHECKING:
    from reporter.engine.duckdb import DuckDB
    from reporter.ingest.load import Intake

TABLES, FRAMEWORKS, SOURCES, EXTRA = "tables", "frameworks", "sources", "extra"
EARLIER = "earlier"
"""What lies in the folder of the child."""
MADE, STATEMENTS, WORK = "made", "statements.json", "work"
"""What it makes there."""
COMPILED = "compiled.json"
"""The name of `schema.compiled`, which must not be loaded before the content has its place."""


def perform(folder: str, memory: str, is_recorded: bool) -> None:
    """Make a run from what lies in a folder; the engine reaches nothing else. With `is_recorded`
    also write the statements that it ran.

    Raises ReporterError where content or tables are wrong.
    """
    try:
        _perform(Path(folder), memory, is_recorded)
    except Errors as errors:  # the pipe to the other process takes one
        lines = [str(error).splitlines()[0] for error in errors.errors]
        raise ReporterError("; ".join(lines[:_MOST_NAMED])) from errors


_MOST_NAMED = 5


def _perform(root: Path, memory: str, is_recorded: bool) -> None:
    folders.read_instead(root / FRAMEWORKS, root / SOURCES)
    _keep_absence(root / FRAMEWORKS)
    from reporter.content.workspace import read_workspace
    from reporter.ingest.cache import open_cache
    from reporter.pipeline import assess
    from reporter.pipeline.assess import Options, known_content, make_run
    from reporter.pipeline.quarter import kept_input
    from reporter.pipeline.reperformed.walls import refuse_models
    from reporter.report.export import CSV, Wanted

    refuse_models()
    # Results laid aside in files of this process would be missing in a script of its statements.
    assess.MANY = sys.maxsize
    extra = tuple(sorted((root / EXTRA).iterdir())) if (root / EXTRA).is_dir() else ()
    earlier = tuple(sorted((root / EARLIER).iterdir())) if (root / EARLIER).is_dir() else ()
    options = Options((CSV,), extra, memory=memory, earlier=earlier, fresh=True)
    workspace = read_workspace(root / TABLES)
    part, work = root / MADE, root / WORK
    part.mkdir()
    work.mkdir()
    cache = open_cache(root / "cache", kept_input.key(root / TABLES), lambda _: None)
    statements: list[tuple[str, list[Any]]] = []

    def read(engine: DuckDB) -> Intake:
        if is_recorded:
            engine.record(lambda sql, params: statements.append((sql, [*params])))
        intake = kept_input.take(root / TABLES, engine)
        engine.confine(root)
        return intake

    with ThreadPoolExecutor(4) as pool:
        known = known_content(workspace, options)
        # This process is the wall: checks that did not ship run in it as the others do.
        known = replace(known, content=replace(known.content, extra=frozenset()))
        make_run(known, read, (work, part, cache), options, Wanted((CSV,)), pool)
    if is_recorded:
        (root / STATEMENTS).write_text(json.dumps(statements, default=str), encoding="utf-8")


def _keep_absence(frameworks: Path) -> None:
    """Write what `make docs` makes of absence.yml, unless ours was laid there; without the compiled
    checks, so that each is compiled here, under the policy.
    """
    if (frameworks / COMPILED).is_file():
        return
    from reporter.content.yaml import read_yaml

    absence = read_yaml(frameworks / "absence.yml")["checks"]
    kept = {"sqlglot": "", "checks": {}, "selects": {}, "absence": absence}
    (frameworks / COMPILED).write_text(json.dumps(kept), encoding="utf-8")
