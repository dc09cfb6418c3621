"""A run made again from the tables that it has kept. In: a run folder, content. Out: a run
folder.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from reporter.content.workspace import read_workspace, with_rules
from reporter.errors import InputError
from reporter.ingest.cache import open_cache
from reporter.model.assessment import Assessment
from reporter.pipeline.assess import Options, known_content, make_run, places_of
from reporter.pipeline.quarter import kept_input
from reporter.report import installed_formats
from reporter.report.document import View
from reporter.report.export import Wanted, publish, refuse_existing
from reporter.report.trend.earlier_runs import VerifiedRun, read_verified
from reporter.report.view.format import clean
from reporter.runs.chain import refuse_changed
from reporter.runs.run_manifest import MANIFEST, read_manifest, reports_of
from reporter.runs.store import DATA


def assess_tables(
    run: Path,
    out: Path,
    options: Options,
    beside: VerifiedRun | None = None,
    rules: Path | None = None,
) -> tuple[Assessment, View]:
    """Assess the tables that a run has kept, with the content of today, as if they were just read;
    leave a run folder at `out`, compared with the run beside it if one is given. `rules` is a
    reporter.yml whose thresholds, due days and efforts replace those of the run.

    Raises InputError where the run has kept none.
    """
    from reporter.report import build as views

    refuse_existing(out)
    installed_formats.refuse_unknown(options.formats)
    tables = run / kept_input.FOLDER
    kept_input.refuse_missing(tables)
    outputs = Wanted(options.formats, (), options.say, options.limits)
    workspace = read_workspace(tables)
    workspace = with_rules(workspace, rules) if rules else workspace
    with places_of(out, options) as (part, work), ThreadPoolExecutor(4) as pool:
        cache = open_cache(work / "cache", options.key or kept_input.key(tables), options.warn)
        read = partial(kept_input.take, tables)
        known, places = known_content(workspace, options), (work, part, cache)
        assessment, view, _ = make_run(known, read, places, options, outputs, pool, beside)
        publish(part, out)
    return assessment, views.relocated(view, out)


def restate(
    run: Path, out: Path, options: Options, rules: Path | None = None
) -> tuple[Assessment, View]:
    """Judge the kept tables of a run by the rules of today, beside what it was judged then; with
    the thresholds, due days and efforts of `rules`, a reporter.yml, where it is given.

    Raises VerificationError where a file of the run is not as it was left; InputError where it has
    kept no tables, or the earlier run that it followed is not among those of the options.
    """
    kept_input.refuse_missing(run / kept_input.FOLDER)
    refuse_changed(run, "Nothing was judged.")
    original = read_verified(run)
    given = {
        digest
        for path in options.earlier
        if (path / MANIFEST).is_file()
        for digest in reports_of(read_manifest(path), DATA)
    }
    for earlier in original.assessment.history.runs[-1:]:
        if earlier.report_sha256 not in given:
            raise InputError(
                f"was compared with a run as of {earlier.as_of:%Y-%m-%d} that is not given; its"
                " level depends on it",
                str(run),
                f"Name that run with --earlier; its {DATA} has the SHA-256"
                f" {clean(earlier.report_sha256)}.",
            )
    return assess_tables(run, out, options, original, rules)
