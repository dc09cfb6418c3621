"""The public interface: `import reporter`. In: a workspace, or a run folder. Out: a `Run`.

Shares are numbers from 0 to 1 in tables, each with the exact fraction as text. Unusable input
raises ReporterError, which names place, expectation and next step. Nothing heavy is imported before
use.
"""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING, Any

from reporter.privacy.keys import read_key

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd
    from pyspark.sql import SparkSession

    from reporter.model.assessment import Assessment
    from reporter.model.scores import ControlScore, FrameworkScore, GroupScore, Permitted
    from reporter.pipeline.assess import Options
    from reporter.report.document import View
    from reporter.runs.store import Changes, Results

PathLike = str | Path


def assess(
    workspace: PathLike,
    out: PathLike | None = None,
    *,
    formats: str | Sequence[str] = (),
    earlier: PathLike | Iterable[PathLike] = (),
    extra: PathLike | Iterable[PathLike] = (),
    cache: PathLike | None = None,
    memory: str = "1GB",
    temp: PathLike | None = None,
    temp_size: str = "",
    pseudonymise: bool = False,
    key_file: PathLike | None = None,
    language: str = "",
    packs: bool = True,
    fresh: bool = False,
    spark: SparkSession | None = None,
    events: str = "",
    remote: Mapping[str, str] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Run:
    """Assess a workspace and return the run.

    Args:
        workspace, out: Folder with reporter.yml; run folder to make, else it goes with the result.
        formats: What is written beside the data: html, pdf, csv, docx, pptx, xlsx, oscal, ocsf,
            sarif, board-html, board-pdf, engineer-html, engineer-pdf; a list, or text with commas.
        earlier, extra: Runs to compare with; folders of your own content; one may stand alone.
        cache, temp: Folders of converted, and of temporary, files; beside the run without them.
        memory, temp_size: What the engine, and temporary files, may take, such as "4GB".
        pseudonymise, key_file: Put pseudonyms for people; the key of these, the same in all runs.
        packs, fresh: Whether installed packs take part; whether to assess what has not changed.
        spark, events, remote: A session; the table it reads; os.environ, to fetch remote evidence.
        language, say: Of reports, if not that of reporter.yml; takes a line on what is done.

    Raises:
        InputError, ContentError: The workspace or its files cannot be used; or content is wrong.
    """
    from reporter.content.packs import installed
    from reporter.pipeline.assess import Options

    options = Options(
        formats=_names(formats),
        extra=_paths(extra),
        cache=Path(cache) if cache else None,
        memory=memory,
        pseudonymise=pseudonymise,
        key=read_key(Path(key_file)) if key_file is not None else "",
        earlier=_paths(earlier),
        language=language,
        say=say,
        packs=installed() if packs else (),
        fresh=fresh,
        temp=Path(temp) if temp else None,
        temp_size=temp_size,
        session=spark,
        events=events,
        remote=remote,
    )
    return run(Path(workspace), Path(out), options) if out else _temporary_run(workspace, options)


def _names(formats: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of formats, each once; text has commas between them."""
    given = formats.split(",") if isinstance(formats, str) else formats
    return tuple(dict.fromkeys(name.strip() for name in given if name.strip()))


def _paths(given: PathLike | Iterable[PathLike]) -> tuple[Path, ...]:
    """Return folders, of which one may stand alone."""
    return tuple(map(Path, [given] if isinstance(given, PathLike) else given))


def _temporary_run(workspace: PathLike, options: Options) -> Run:
    """Make a run in a temporary folder that is removed with the returned object."""
    place = Path(mkdtemp(prefix="reporter-run-"))
    try:
        result = run(Path(workspace), place / "run", options)
    except BaseException:
        shutil.rmtree(place)
        raise
    weakref.finalize(result, shutil.rmtree, place, ignore_errors=True)
    return result


def run(workspace: Path, out: Path, options: Options, begun: Any = None) -> Run:
    """Assess a workspace as the command line does; `begun` are its files, if their reading has
    begun already.
    """
    from reporter.pipeline.assess import assess_workspace

    result = Run(out)
    result.data, result.view = assess_workspace(workspace, out, options, begun)
    return result


def open(path: PathLike) -> Run:
    """Return the run that a folder holds.

    Raises:
        InputError: It holds no run, one of another version, or one that does not agree with itself.
    """
    result = Run(Path(path))
    _ = result.data
    return result


@dataclass
class Run:
    """One assessment: what was found, scored and proposed, with the evidence of every number."""

    folder: Path
    """Where it is stored."""

    @cached_property
    def data(self) -> Assessment:
        """All of it as data: `reporter.model.assessment.Assessment`."""
        from reporter.runs.store import read_run

        return read_run(self.folder)[0]

    @cached_property
    def _results(self) -> Results:
        from reporter.runs.store import Results

        return Results(self.folder, self.data.checks)

    @cached_property
    def view(self) -> View:
        """All of it as it is printed, in the language of the run."""
        from reporter.report.build import build

        return build(self.data, self._results)

    @property
    def organisation(self) -> str:
        """Who was assessed; '' where reporter.yml does not say."""
        return self.data.run.organisation

    @property
    def period(self) -> tuple[datetime, datetime]:
        """From, and until: the first moment that is not in it."""
        return self.data.run.period_from, self.data.run.period_to

    @property
    def level(self) -> int:
        """The maturity level, 0 to 5, that the evidence shows."""
        return self.data.scores.level.lo

    @property
    def level_at_most(self) -> int:
        """The level if all missing evidence is favourable."""
        return self.data.scores.level.hi

    @property
    def score(self) -> Fraction:
        """The score, 0 to 1, that the evidence shows."""
        return self.data.scores.enterprise.total.lo

    @property
    def score_at_most(self) -> Fraction:
        """The score if all missing evidence is favourable."""
        return self.data.scores.enterprise.total.hi

    @property
    def notices(self) -> list[str]:
        """What a reader must know before the first number."""
        return [n.text for n in self.view.summary.notices]

    def scores(self) -> pd.DataFrame:
        """The organisation, then each framework.

        Columns: framework (id, or "enterprise"), title, score, score_at_most (0 to 1), exact,
        exact_at_most ("62/105"), coverage, met_of_judged (0 to 1), level, level_at_most (of a
        framework by our own rule, or missing), target, fully, in_part, by_statement, not_at_all
        (how many controls are assessed so far), not_applicable."""
        from reporter.model.scores import EXTENTS

        titles, levels = {f.id: f.title for f in self.data.frameworks}, self.data.scores.levels()
        rows = [
            {
                "framework": f.framework,
                "title": titles.get(f.framework, f.total.title),
                **_standing(f.total),
                **_levels("level", levels.get(f.framework)),
                **dict(zip(EXTENTS, f.total.extents, strict=True)),
                "not_applicable": f.total.not_applicable,
            }
            for f in self._framework_scores()
        ]
        return _frame(rows)

    def controls(self) -> pd.DataFrame:
        """Every control of every framework, and the themes of the organisation.

        Columns: framework, control, title, state (assessed | not_assessed | not_applicable),
        extent (fully ... not_at_all), score ... coverage as `scores`, rating, rating_at_most (N | P
        | L | F), confidence (High | Medium | Low), permits, permits_at_most, target (of a theme),
        checks (ids that count for it)."""
        themes = {("enterprise", t.theme): t for t in self.data.scores.level.themes}
        titles = {(f.id, c.id): c.title for f in self.data.frameworks for c in f.controls}
        titles |= {("enterprise", t.id): t.title for t in self.data.themes}
        return _frame(
            [
                {
                    "framework": f.framework,
                    "control": c.id,
                    "title": titles.get((f.framework, c.id), ""),
                    "state": c.state,
                    "extent": c.extent,
                    **_standing(c),
                    "rating": c.rating_lo,
                    "rating_at_most": c.rating_hi,
                    "confidence": c.confidence,
                    **_levels("permits", themes.get((f.framework, c.id))),
                    "checks": [
                        check for p in c.practices for check, _ in p.weights if check != "ask"
                    ],
                }
                for f in self._framework_scores()
                for c in f.controls
            ]
        )

    def _framework_scores(self) -> tuple[FrameworkScore, ...]:
        return (self.data.scores.enterprise, *self.data.scores.frameworks)

    def checks(self) -> pd.DataFrame:
        """Every check.

        Columns: check, title, theme, severity, level, about (what its subjects are), evidence
        (inventory | logs | both), shows (design | existence | operation), score, score_at_most,
        exact, exact_at_most, and how many results are pass, declared, fail, unknown, na, attested,
        compensated."""
        from reporter.model.scores import Status

        rows = []
        for check in self.data.checks:
            score = self.data.scores.checks[check.id]
            rows.append(
                {
                    "check": check.id,
                    "title": check.title,
                    "theme": check.theme,
                    "severity": check.severity,
                    "level": check.level,
                    "about": check.about,
                    "evidence": check.evidence,
                    "shows": check.shows,
                    **_ends(score.lo, score.hi),
                    **{x.value: score.counts.get(x, 0) for x in Status},
                }
            )
        return _frame(rows)

    def results(self, where: str = "TRUE", **values: str | int) -> pd.DataFrame:
        """Every result, or those with some values (check="OWN-01") that a condition in SQL
        chooses, by check and subject.

        Columns: check, subject, status (pass | declared | fail | unknown | na | attested |
        compensated), reason (a sentence in the language of the run), reason_code, reason_values (a
        JSON object), record (file#record), actor, owner, tier_lo, tier_hi (1 to 4), evidence
        (declared | record | observed | verified: the weakest that it rests on), waived_until,
        waiver, listed (in some list supplied), id (the same in every run), cause, action (ids),
        rank (of that action).

        Raises:
            InputError: A value is of no column, or the condition cannot be read.
        """
        import pandas as pd

        from reporter.errors import InputError
        from reporter.i18n.translate import speaking
        from reporter.runs.store import RESULT

        for name in values:
            if name not in RESULT:
                raise InputError(
                    f"results have no column {name!r}",
                    str(self.folder),
                    f"Columns: {', '.join(RESULT)}.",
                )
        conditions = [f'"{name}" = ?' for name in values]
        _ = self.data  # which says what is wrong with the files, if anything is
        columns = [*RESULT[:3], "reason", *RESULT[3:]]
        try:
            with speaking(self.data.language):
                rows = self._results.rows(
                    columns,
                    " AND ".join([f"({where})", *conditions]),
                    'ORDER BY "check", subject',
                    list(values.values()),
                )
        except InputError as error:
            raise InputError(
                f"the condition {where!r} cannot be read: {error.message}",
                str(self.folder),
                'Columns are those of the table; check is a word of SQL: write "check" in quotes,'
                " or results(check=...).",
            ) from error
        return pd.DataFrame(rows, columns=columns).astype({"rank": "Int64"})

    def findings(self, **values: str | int) -> pd.DataFrame:
        """Every result that is neither pass nor na, or those with some values; columns as
        `results`.
        """
        from reporter.runs.store import OPEN

        return self.results(OPEN, **values)

    def agents(self) -> pd.DataFrame:
        """Every active agent.

        Columns: agent, tier_lo, tier_hi, level_lo, level_hi, score_lo, score_hi (its own results
        alone), assessed; declared (risk tier); granted, unused, outside, new, unapproved,
        unreviewed, events, denied ... (what it did beside what it was given; missing where it is
        not compared)."""
        compared = self.data.compared
        observed = {o.agent: o for o in compared.agents}
        declared = {r.agent: r.declared for r in compared.tiers}
        rows = []
        for agent in compared.levels:
            extras = {"declared": declared.get(agent.agent, "")}
            if agent.agent in observed:
                extras |= _fields(observed[agent.agent])
            rows.append({**_fields(agent), **extras})
        return _frame(rows)

    def actions(self) -> pd.DataFrame:
        """What can be done, in the order of gain a day.

        Columns: rank, action (id), title, what, kind (implement | evidence), urgent, days, owners,
        results (that become pass), gain (of the evidenced score, 0 to 1), exact_gain, score_after,
        level_after, fix."""
        from reporter.report.chapters.next_steps import Fixes
        from reporter.report.view.format import exact

        fixes = Fixes(self.data.checks)
        return _frame(
            [
                {
                    "rank": n,
                    "action": p.action.id,
                    "title": p.action.title,
                    "what": p.action.what,
                    "kind": p.action.kind,
                    "urgent": p.action.urgent,
                    "days": float(p.action.effort),
                    "owners": list(p.action.owners),
                    "results": p.action.results,
                    "gain": float(p.gain),
                    "exact_gain": exact(p.gain),
                    "score_after": float(p.total),
                    "level_after": p.level,
                    "fix": fixes.of(p.action),
                }
                for n, p in enumerate(self.data.roadmap.picks, 1)
            ]
        )

    def files(self) -> pd.DataFrame:
        """Every input file: read = kept + out_of_scope + unreadable + rejected.

        Columns: file, source, why, bytes, sha256, read, kept, out_of_scope, unreadable, rejected,
        part, lined, origin (where it was fetched from, or None).
        """
        return _frame([_fields(f) for f in self.data.files])

    def changes(self) -> pd.DataFrame:
        """Every result that differs from the earlier run that this one was compared with, or fails
        in both; see `Comparison`.
        """
        from reporter.runs.store import Changes

        return Comparison(self.data, Changes(self.folder, self.data.checks)).changes()

    def compare(self, earlier: Run | PathLike) -> Comparison:
        """Compare a stored run with an earlier one of the same organisation.

        Raises:
            InputError: The other run is not earlier, of somebody else, has other pseudonyms, or was
                changed.
        """
        from reporter.engine.duckdb import DuckDB
        from reporter.report.compare import compare
        from reporter.report.trend.earlier_runs import read_earlier
        from reporter.runs.store import Changes

        folder = earlier.folder if isinstance(earlier, Run) else Path(earlier)
        earlier_runs = read_earlier([folder], self.data.run, self.data.pseudonyms)
        place = Path(mkdtemp(prefix="reporter-run-"))
        with TemporaryDirectory(prefix="reporter-") as work, DuckDB(Path(work)) as engine:
            comparison = Comparison(
                compare(engine, earlier_runs, self.data, self.folder, place),
                Changes(place, self.data.checks),
            )
        weakref.finalize(comparison, shutil.rmtree, place, ignore_errors=True)
        return comparison

    def explain(self, id: str) -> str:
        """Say how a number came about; `id` is a control, check, agent, theme or "enterprise".

        Raises:
            InputError: Nothing in the run has the id; it names those that are like it.
        """
        from reporter.explain.explain import explain

        return explain(self.folder, id)

    def what_if(self, *actions: str) -> str:
        """Say what doing some actions (ids of `actions`, or of checks) would change.

        Raises:
            InputError: An id is no action or check of the run.
        """
        from reporter.explain.what_if import what_if

        return what_if(self.folder, actions)

    def write(
        self, format: str, path: PathLike, *, edition: str = "auditor", language: str = ""
    ) -> Path:
        """Print the run to a file (for oscal, a folder) that does not exist yet; return its path.

        Args:
            format: html, pdf, csv, docx, pptx, xlsx, oscal, ocsf, sarif, json, or an installed one.
            path: The file to make.
            edition: For whom html and pdf are: auditor, board or engineer.
            language: Its code, such as "de"; that of reporter.yml without it.

        Raises:
            InputError: The format is none, or the file exists.
        """
        from reporter.errors import InputError
        from reporter.report import EDITIONS, FILES, edition_formats, installed_formats
        from reporter.report.export import render

        target = Path(path).absolute()
        (name,) = edition_formats([format], [edition]) if edition in EDITIONS else (edition,)
        if name not in FILES and name not in installed_formats.installed():
            raise InputError(
                f"no format {format!r} in edition {edition!r}",
                str(target),
                f"Formats: {', '.join(FILES)}.",
            )
        if target.exists():
            raise InputError("exists and is not overwritten", str(target), "Give another name.")
        with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as work:
            out = Path(work) / "out"
            paths = render(self.folder, [name], out, language=language, tables=False)
            main_path = next(p for p in paths if p.name == FILES.get(name, p.name))
            main_path.rename(target)
            for other in paths:  # a long report brings pages beside it
                if other != main_path:
                    other.rename(target.parent / other.name)
        return target

    def __repr__(self) -> str:
        most = f", at most {self.level_at_most}" if self.level_at_most > self.level else ""
        return (
            f"<Run of {self.organisation or 'nobody named'}: level {self.level}{most}, score"
            f" {float(self.score):.1%}>"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        summary = self.view.summary
        rows = [("Organisation", summary.level.text, summary.level.name, summary.figure)]
        rows += [
            (f.short, f.level.text if f.level else "–", f.total.assessed, f.total.figure)
            for f in self.view.frameworks
        ]
        body = "".join(
            f"<tr><th>{escape(label)}</th><td>{escape(level)}"
            f" {escape(note)}</td><td>{escape(f.text)}</td><td>{escape(f.range)}</td></tr>"
            for label, level, note, f in rows
        )
        cover = f"{self.view.cover.organisation}, {self.view.cover.period}"
        items = "".join(f"<li>{escape(n)}</li>" for n in self.notices)
        head = "".join(f"<th>{name}</th>" for name in ("", "Level", "Score", "Range"))
        return (
            f"<table><caption>{escape(cover)}</caption><tr>{head}</tr>{body}</table>"
            f"<ul>{items}</ul>"
        )


@dataclass(frozen=True)
class Comparison:
    """A run compared with an earlier one."""

    data: Assessment
    """The later run, with its `history`."""
    held: Changes
    """Every result that differs, in the engine."""

    def changes(self) -> pd.DataFrame:
        """Every result that differs, and every one that fails in both.

        Columns: what (remediated, fails now ...), check, subject, actor, owner, before, now,
        reason_before, reason, record_before, record, failing_since, waived_until."""
        import pandas as pd

        from reporter.i18n.translate import speaking
        from reporter.report.trend.transitions import COLUMNS, rows

        with speaking(self.data.language):
            transitions = list(rows(self.held)) if self.data.history.runs else []
        return pd.DataFrame(transitions, columns=list(COLUMNS))

    @property
    def sentences(self) -> list[str]:
        """What changed, in a few sentences: what the report says of it."""
        from reporter.i18n.translate import speaking
        from reporter.report.trend.changes import history

        with speaking(self.data.language):
            return list(history(self.data, {}, self.held).sentences)


def _frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows)


def _standing(score: ControlScore | GroupScore) -> dict[str, Any]:
    from reporter.model.scores import passed_of_judged

    part = passed_of_judged(score)
    of_judged = float(part) if part is not None else None
    return {
        **_ends(score.lo, score.hi),
        "coverage": float(score.coverage),
        "met_of_judged": of_judged,
    }


def _levels(name: str, ends: Permitted | None) -> dict[str, int | None]:
    lo, hi, target = (ends.lo, ends.hi, ends.target or None) if ends else (None, None, None)
    return {name: lo, f"{name}_at_most": hi, "target": target}


def _ends(lo: Fraction, hi: Fraction) -> dict[str, Any]:
    from reporter.report.view.format import exact

    return {
        "score": float(lo),
        "score_at_most": float(hi),
        "exact": exact(lo),
        "exact_at_most": exact(hi),
    }


def _fields(record: Any) -> dict[str, Any]:
    values = {f.name: getattr(record, f.name) for f in fields(record)}
    return {k: float(v) if isinstance(v, Fraction) else v for k, v in values.items()}
