"""A run made again from the tables that it has kept. In: a run folder, content. Out: a run
folder.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from reporter.content.workspace import read_workspace
from reporter.ingest.cache import open_cache
from reporter.model.assessment import Assessment
from reporter.pipeline.assess import Options, known_content, make_run, places_of
from reporter.pipeline.quarter import kept_input
from reporter.report import installed_formats
from reporter.report.document import View
from reporter.report.export import Wanted, publish, refuse_existing


def assess_tables(run: Path, out: Path, options: Options) -> tuple[Assessment, View]:
    """Assess the tables that a run has kept, with the content of today, as if they were just read;
    leave a run folder at `out`.

    Raises InputError where the run has kept none.
    """
    from reporter.report import build as views

    refuse_existing(out)
    installed_formats.refuse_unknown(options.formats)
    tables = run / kept_input.FOLDER
    kept_input.refuse_missing(tables)
    outputs = Wanted(options.formats, (), options.say, options.limits)
    workspace = read_workspace(tables)
    with places_of(out, options) as (part, work), ThreadPoolExecutor(4) as pool:
        cache = open_cache(work / "cache", options.key or kept_input.key(tables), options.warn)
        read = partial(kept_input.take, tables)
        places = work, part, cache
        made = make_run(known_content(workspace, options), read, places, options, outputs, pool)
        publish(part, out)
    return made[0], views.relocated(made[1], out)
