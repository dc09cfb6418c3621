"""The command line. In: words. Out: files, text and an exit code: 0 done, 1 worse than --fail-on or
--strict asks, 2 bad command line, 3 bad input or content, 4 verification failed. Everything heavy
is imported inside the command that needs it."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reporter.authoring.mapping_lint.verb import lint_mapping
from reporter.ingest.remote.remote_option import ENVIRON, remote_option
from reporter.pipeline.batch.batch_verb import batch, batch_unit
from reporter.pipeline.gates.gate_options import gate_options, hold_run, reasons, write_files
from reporter.pipeline.preview.check_verb import check
from reporter.pipeline.quarter.verbs import close, compare, history, restate
from reporter.pipeline.retention.retention_verbs import purge, retain
from reporter.pipeline.rollup.rollup_verb import rollup
from reporter.pipeline.sealed.seal_verbs import seal, verify
from reporter.pipeline.warehouse.sql_verb import events_options, sql, with_results
from reporter.pipeline.watch.watch_verb import watch
from reporter.system.log import LOG, LOGS, OPEN_LOG, Log, last_line, stderr_log
from reporter.system.memory import begin_with_allocator, set_up
from reporter.system.options import amount_given, in_bytes, memory_given, names_given, tidy_hook
from reporter.system.temporary import keep_in, start_watch
from reporter.system.terminal import (
    Unprinted,
    harmless,
    open_streams,
    print_clean,
    print_json,
    progress,
    trouble,
)

if TYPE_CHECKING:
    from reporter.api import Run
    from reporter.content.packs import Pack
    from reporter.pipeline.gates.gate_numbers import Judged
    from reporter.report.view.elements import Notice

FORMATS = ("html", "pdf", "json", "csv")
_FORMAT_FILES = (Path(__file__).parent / "report/formats").glob("[!_]*.py")
MORE_FORMATS = tuple(sorted({p.stem for p in _FORMAT_FILES} - {*FORMATS}))
"""Written only where they are asked for; to import them would cost more than to look."""
_AS_GIVEN = (
    *("extra", "cache", "memory", "earlier", "templates", "packs", "fresh", "temp", "temp_size"),
    *("keep_tables", "engine", "remote", "events", "executors"),
)
"""Words of `assess` that are options of an assessment under the same name."""
_FOLDER = click.Path(path_type=Path)
_no_packs = click.option(
    "--no-packs",
    "packs",
    is_flag=True,
    callback=lambda _, __, none: _packs(none),
    help="Leave out installed content packs.",
)


class Verbs(click.Group):
    """Turns a ReporterError into text and an exit code, whichever verb raised it."""

    def main(self, args: Sequence[str] | None = None, *extra: Any, **more: Any) -> Any:
        """Run as a program, or with given arguments in the caller's process; only a program is
        watched over.
        """
        if args is None:
            open_streams()
        if args is None and not {"-h", "--help", "--version"} & {*sys.argv}:  # these end at once
            if sys.argv[1:2] == [watch.name]:  # it pays where a program runs for long
                begin_with_allocator(os.environ)
            more["obj"] = start_watch(os.environ, last_line(now, sys.argv))
        return super().main(args, *extra, **more)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the words of the command line; a shell puts names of files among them."""
        try:
            return super().parse_args(ctx, args)
        except click.ClickException as error:
            raise harmless(error) from None

    def invoke(self, ctx: click.Context) -> Any:
        from reporter.errors import Errors, ReporterError

        ctx.meta[OPEN_LOG] = partial(stderr_log, now)
        ctx.meta[ENVIRON] = os.environ
        try:
            return super().invoke(ctx)
        except ReporterError as error:
            for item in error.errors if isinstance(error, Errors) else (error,):
                _complain(ctx, str(item), message=item.message, place=item.place, hint=item.hint)
            ctx.exit(error.exit_code)
        except Unprinted as error:
            if error.errno == errno.EPIPE:  # the reader has closed the pipe
                ctx.exit(141)  # as of a program that SIGPIPE ends: 1 says that a gate is missed
            _complain(ctx, f"what there is to say could not be printed: {error.strerror}")
            ctx.exit(3)
        except OSError as error:
            _complain(ctx, trouble(error, ctx.invoked_subcommand or ""))
            ctx.exit(3)
        except KeyboardInterrupt:
            print_clean("interrupted; nothing half done was left behind", err=True)
            ctx.exit(130)
        except click.ClickException as error:
            raise harmless(error) from None
        except (click.exceptions.Exit, click.Abort):
            raise
        except Exception:  # noqa: BLE001 - Python's exit code 1 would read as "worse than --fail-on"
            _complain(ctx, f"{traceback.format_exc()}This is a defect; please report it.")
            ctx.exit(3)


def now() -> datetime:
    """Return the time; nothing below the command line asks for it."""
    return datetime.now(UTC)


def _complain(ctx: click.Context, text: str, **fields: str) -> None:
    """Report an error: its text may contain names and values of the input."""
    from reporter.privacy.secrets import redact

    log = ctx.meta.get(LOG)
    if log is None:
        print_clean(redact(text), err=True)
    elif log.form == "json":
        parts = {name: redact(value) for name, value in ({"message": text} | fields).items()}
        log.error(parts.pop("message"), **parts)
    else:
        log.error(redact(text))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="agent-reporter", prog_name="reporter")
def main() -> None:
    """Show from evidence how far AI agents are governed as identities.

    Reads inventories and logs, checks them, scores OWASP Agentic, OWASP NHI and NIST AI RMF
    controls, and writes maturity and gap reports."""


@main.command()
@click.argument("workspace", type=_FOLDER)
@click.option("--out", type=_FOLDER, required=True, help="Run folder to make; it must not exist.")
@click.option(
    "--formats",
    default=",".join(FORMATS),
    show_default=True,
    help=f"Which files to write; also available: {', '.join(MORE_FORMATS)}.",
)
@click.option(
    "--editions",
    default="auditor",
    show_default=True,
    help="For whom HTML and PDF are written: auditor (all), board (short), engineer (by owner).",
)
@click.option(
    "--extra",
    type=_FOLDER,
    multiple=True,
    help="Folder of your own sources, checks, catalogs, profiles.",
)
@_no_packs
@click.option(
    "--cache", type=_FOLDER, help="Where converted logs are kept  [default: beside the run]"
)
@click.option(
    "--memory",
    default="1GB",
    show_default=True,
    callback=lambda _, __, v: memory_given(v),
    help="Memory limit of the engine, 256MB at least.",
)
@click.option(
    "--engine",
    type=click.Choice(("duckdb", "spark")),
    default="duckdb",
    help="Who reads the events: duckdb, on this machine, or a Spark session.",
)
@click.option("--temp", type=_FOLDER, help="Folder for temporary files  [default: beside the run]")
@click.option(
    "--temp-size",
    callback=lambda _, __, v: amount_given(v or ""),
    help="Most that temporary files may take, such as 50GB  [default: what the disk has]",
)
@click.option(
    "--pseudonymise",
    type=click.Choice(["people"]),
    help="Put pseudonyms for people's names in every file of the run.",
)
@click.option(
    "--key-file",
    type=_FOLDER,
    metavar="FILE",
    help="Key of the fingerprints of secrets and of pseudonyms  [default: made from the input]",
)
@click.option(
    "--earlier",
    type=_FOLDER,
    multiple=True,
    metavar="RUN",
    help="Earlier run to compare with, or a folder of them; may be repeated.",
)
@click.option(
    "--template",
    "templates",
    type=_FOLDER,
    multiple=True,
    metavar="FILE",
    help="Your own template for a further page; may be repeated.",
)
@click.option(
    "--language",
    metavar="CODE",
    help="Language of the reports  [default: that of reporter.yml, else en]",
)
@gate_options
@events_options
@click.option("--strict", is_flag=True, help="Exit 1 when a check could not be run.")
@click.option("--fresh", is_flag=True, help="Assess again even if nothing has changed.")
@click.option(
    "--keep-tables", is_flag=True, help="Keep what was read in the run, for restate and verify."
)
@remote_option
@click.option("--quiet", is_flag=True, help="Print errors only.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the headline as JSON: numbers only, see docs/formats.md.",
)
@click.option(
    "--log",
    type=click.Choice(LOGS),
    help="Lines on stderr: text (with time and level unless a terminal), or JSON objects.",
)
@click.pass_context
def assess(
    ctx: click.Context,
    /,
    workspace: Path,
    out: Path,
    formats: str,
    editions: str,
    memory: str,
    temp: Path | None,
    pseudonymise: str | None,
    key_file: Path | None,
    language: str | None,
    strict: bool,
    quiet: bool,
    as_json: bool,
    log: str | None,
    **_: Any,
) -> None:
    """Assess WORKSPACE and leave a run folder with reports, their data and the evidence."""
    from reporter.ingest.readers.inputs import Inputs

    set_up(in_bytes(memory))
    writers = _writer_names(formats, editions)
    lines = ctx.meta[LOG] = stderr_log(now, log or LOGS[0], quiet or (as_json and not log))
    if temp and ctx.obj:  # a program, which writes nothing temporary elsewhere
        keep_in(temp, ctx.obj, os.environ)
    read = nullcontext() if ctx.params["remote"] else Inputs.of(workspace, in_bytes(memory))
    with read as inputs:  # they are read while the rest of the program loads
        from reporter import api
        from reporter.pipeline.assess import Options

        options = Options(
            writers,
            pseudonymise=bool(pseudonymise),
            say=lines.info,
            warn=lines.warning,
            key=_key(key_file),
            announce=tidy_hook(ctx),
            language=_language(language),
            **{name: ctx.params[name] for name in _AS_GIVEN},
        )
        run = api.run(workspace, out, with_results(ctx, options, workspace), inputs)
    judged = hold_run(ctx, run, workspace)
    _say_outcome(ctx, run, out, [gate.as_data() for gate in judged], as_json, quiet)
    has_failures = _say_notices(ctx, lines, run.view.summary.notices)
    if _is_missed(ctx, run, judged) or (strict and has_failures):
        sys.exit(1)


def _is_missed(ctx: click.Context, run: Run, judged: Sequence[Judged]) -> bool:
    """Say which gates are missed, and write the files about them that are asked for."""
    missed = reasons(run, judged)
    for reason in missed:
        _complain(ctx, reason)
    write_files(ctx, run, judged)
    return bool(missed)


def _say_outcome(
    ctx: click.Context, run: Run, out: Path, gates: Sequence[Any], as_json: bool, quiet: bool
) -> None:
    from reporter.report import outcome

    try:
        if as_json:
            print_json(outcome.as_data(run.data, out, gates))
        elif not quiet:
            for line in outcome.as_text(run.data, run.view, out, ctx.params["workspace"]):
                print_clean(line)
    except Unprinted as error:
        _complain(
            ctx,
            f"the run is written: {out}; only its summary could not be printed: {error.strerror}",
        )


def _say_notices(ctx: click.Context, lines: Log, notices: Sequence[Notice]) -> bool:
    """Print the notices of a run that must not be overlooked to stderr; return whether a check
    could not run.
    """
    failures = [n for n in notices if n.code == "checks_not_run"]
    for notice in notices if lines.form == "json" else ():
        say = lines.error if notice in failures else lines.warning
        say(notice.text, code=notice.code, lines=notice.lines)
    for notice in failures if lines.form == "text" else ():
        _complain(ctx, "\n  ".join(filter(None, (notice.text, *notice.lines, notice.remainder))))
    return bool(failures)


def _packs(no_packs: bool) -> tuple[Pack, ...]:
    from reporter.content.packs import installed

    return () if no_packs else installed()


def _key(path: Path | None) -> str:
    """Read the key that the user gives; '' for none."""
    from reporter.errors import InputError
    from reporter.privacy.keys import read_key

    try:
        return read_key(path) if path else ""
    except InputError as error:
        message = f"{error.place!r} {error.message}; {error.hint}"
        raise click.BadParameter(message, param_hint="--key-file") from error


def _writer_names(formats: str, editions: str) -> tuple[str, ...]:
    """Return the names of the requested writers."""
    from reporter.report import EDITIONS, edition_formats

    return edition_formats(
        names_given(formats, FORMATS + MORE_FORMATS, "--formats", _installed_formats),
        names_given(editions, EDITIONS, "--editions"),
    )


def _installed_formats() -> tuple[str, ...]:
    from reporter.report import installed_formats

    return installed_formats.installed()


@main.command()
@click.argument("run", type=_FOLDER)
@click.option(
    "--format",
    "--formats",
    "formats",
    required=True,
    help=f"One or more of {', '.join(FORMATS + MORE_FORMATS)}, with commas.",
)
@click.option(
    "--edition",
    "--editions",
    "editions",
    default="auditor",
    show_default=True,
    help="For whom HTML and PDF are written.",
)
@click.option(
    "--language", metavar="CODE", help="Language of the output  [default: that of reporter.yml]"
)
@click.option(
    "--template",
    "templates",
    type=_FOLDER,
    multiple=True,
    metavar="FILE",
    help="Your own template for a further page; may be repeated.",
)
@click.option(
    "--out",
    type=_FOLDER,
    default=Path(),
    help="Folder to write them to; not the run  [default: the current one]",
)
@click.pass_context
def render(
    ctx: click.Context,
    run: Path,
    formats: str,
    editions: str,
    language: str | None,
    templates: tuple[Path, ...],
    out: Path,
) -> None:
    """Print a stored RUN in any format, edition and language, with the bytes that `assess` would
    have given it.
    """
    from reporter.report import export

    writers = _writer_names(formats, editions)
    if not writers:
        raise click.BadParameter("none is named", param_hint="--format")
    for path in export.render(run, writers, out, templates, tidy_hook(ctx), _language(language)):
        print_clean(str(path))


for verb in (batch, batch_unit, check, lint_mapping, compare, restate, close, history, rollup):
    main.add_command(verb)
for verb in (retain, purge, seal, verify, sql, watch):
    main.add_command(verb)
main.add_command(render, "export")  # its name in the first release


def _language(code: str | None) -> str:
    from reporter.i18n.translate import languages

    if code is not None and code not in languages():
        raise click.BadParameter(
            f"{code!r} is not one of {', '.join(languages())}", param_hint="--language"
        )
    return code or ""


@main.command()
@click.argument("run", type=_FOLDER)
@click.argument("id", required=False)
@click.option(
    "--fix", metavar="ID[,ID]", help="Show what these actions of roadmap.csv would change."
)
def explain(run: Path, id: str | None, fix: str | None) -> None:
    """Say how a number in RUN came about: ID is a control, a check, an agent, a theme,
    `enterprise` or `level`.
    """
    from reporter import api

    if (id is None) == (fix is None):
        raise click.UsageError("give an ID, or --fix with actions of roadmap.csv")
    result = api.Run(run)
    print_clean(result.explain(id) if id is not None else result.what_if(*(fix or "").split(",")))


@main.command()
@click.option("--extra", type=_FOLDER, multiple=True, help="Folder of your own content to check.")
@_no_packs
@click.option("--tables", is_flag=True, help="List the tables and columns a check may read.")
@click.option("--no-examples", is_flag=True, help="Check the files without running the examples.")
@click.option(
    "--try",
    "trial",
    nargs=2,
    metavar="SOURCE FILE",
    help="Show the rows that a source (its id or its YAML file) makes of a file.",
)
def lint(
    extra: tuple[Path, ...],
    packs: tuple[Pack, ...],
    tables: bool,
    no_examples: bool,
    trial: tuple[str, str] | None,
) -> None:
    """Validate all content: SQL, official ids and titles, mappings, and every check's examples;
    with --extra, those of its checks.
    """
    set_up(in_bytes("1GB"))
    from reporter.authoring.lint import lint as linted
    from reporter.authoring.lint import list_tables

    if trial:
        from reporter.authoring.inspect import try_source

        for line in try_source(trial[0], Path(trial[1]), extra, packs):
            print_clean(line)
        return
    if tables:
        print_clean(list_tables())
        return
    with progress("checks validated") as counter:
        problems, summary = linted(extra, not no_examples, counter, packs=packs)
    for problem in problems:
        _complain(click.get_current_context(), str(problem))
    tally = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    print_clean(tally if problems else summary, err=bool(problems))
    sys.exit(3 if problems else 0)


@main.command()
@click.argument("paths", nargs=-1, type=_FOLDER)
@click.option("--extra", type=_FOLDER, multiple=True, help="Folder with sources of your own.")
@_no_packs
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list, an object a file.")
def formats(
    paths: tuple[Path, ...], extra: tuple[Path, ...], packs: tuple[Pack, ...], as_json: bool
) -> None:
    """List what can be read; with PATHS, say what each file is taken for, why, and what becomes of
    its records."""
    from reporter.authoring.inspect import as_text, list_sources, recognised

    if as_json and not paths:
        raise click.UsageError("--json needs PATHS")
    if not paths:
        print_clean(list_sources(extra, packs))
        return
    found = recognised(paths, extra, packs)
    print_json(found, indent=1) if as_json else print_clean(as_text(found))


@main.command(name="map")
@click.argument("path", type=_FOLDER)
@click.option(
    "--sheet", default="", help="Which sheet of a workbook  [default: each that is a table]"
)
@click.option(
    "--kind",
    default="",
    help=("agent, service_account, workload, person, group, event or none  [default: detected]"),
)
@click.option("--date", type=click.Choice(["day", "month"]), help="What is first in 03/04/2026.")
@click.option(
    "--out", type=_FOLDER, help="Where to write  [default: mappings/ of the file's workspace]"
)
@_no_packs
def map_(
    path: Path, sheet: str, kind: str, date: str, out: Path | None, packs: tuple[Pack, ...]
) -> None:
    """Propose what the columns of a table mean, and write it as a mapping that `assess` uses.

    Each row is an actor of a register or an event of a log. Nothing is written if a source already
    reads the file, or if it is unclear what its rows are: state that with --kind. PATH is a file of
    records (CSV, XLSX, JSON ...), or a folder: then each file in it that no source recognises."""
    from reporter.authoring.inspect import recognised, sources_that_read
    from reporter.authoring.propose_mapping import Unsure, is_log, map_all, map_one

    if path.is_dir():
        parts = [p for f in recognised((path,), packs=packs) for p in f.get("parts", [f])]
        files = [p["file"] for p in parts if p["source"] is None and p["records"]]
        for line in map_all(files, kind, date):
            print_clean(line)
        return
    as_log = is_log(kind)
    source_lines = sources_that_read(path, sheet, packs, as_log) if as_log or not kind else ()
    for line in source_lines:
        print_clean(line)
    if source_lines:
        return
    try:
        lines = map_one(path, sheet, out, kind, date)
    except Unsure as unsure:
        if not sys.stdin.isatty():
            raise
        print_clean(str(unsure))
        lines = map_one(path, sheet, out, click.prompt("kind"), date)
    for line in lines:
        print_clean(line)


@main.command()
@click.argument("workspace", type=_FOLDER)
@click.option("--organisation", default="My organisation", show_default=True)
@click.option(
    "--questionnaire",
    type=click.Choice(["csv", "xlsx"]),
    help="Form of the questions to people; in a workspace that exists, add only them.",
)
@click.option(
    "--collect",
    metavar="NAMES",
    default="",
    help="Add the queries for vendors, such as aws,okta, and a script that runs them.",
)
@_no_packs
def init(packs: tuple[Pack, ...], collect: str, **start: Any) -> None:
    """Make a workspace to start from, with examples of each folder and the questions to people."""
    from reporter.authoring import scaffold as making

    names = names_given(collect, making.collectors(), "--collect") if collect else ()
    for path in making.start(**start, collectors=names, packs=packs):
        print_clean(str(path))


if __name__ == "__main__":
    main()
