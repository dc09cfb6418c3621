"""Earlier runs as printed: an `Assessment` in; trends, balances of results and five sentences out.

A difference is called progress or decline only between comparable runs, and only if missing
evidence cannot explain it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import starmap

from reporter.i18n.translate import content, day, mark, say, say_n, word
from reporter.model import assessment as model
from reporter.model.history import GONE, OUTSIDE, EarlierRun, History, Standing
from reporter.report.trend.movement_lines import movements
from reporter.report.trend.standings import (
    ABSENT,
    difference,
    level,
    names,
    score_changes,
    standings,
)
from reporter.report.trend.transitions import (
    BEFORE,
    COLUMNS,
    FAILS,
    NOW,
    ORDER,
    ChangedResults,
    CheckChanges,
    Moment,
    Progress,
    RunBefore,
    ScoreChange,
    Trend,
    balances,
    flow,
    what,
)
from reporter.report.view.format import (
    NOT_ASSESSED,
    clean,
    count,
    figure,
    join,
    number,
    period,
    short,
)
from reporter.runs.store import Changes

FILE = "changes.csv"
SHOWN, NAMED = 10, 12
_NEW_FAILURES = set(FAILS.values())


def history(
    assessment: model.Assessment, anchors: Mapping[tuple[str, str], str], changes: Changes
) -> Progress:
    """Print the changes since the last earlier run, and the scores of all runs."""
    past = assessment.history
    if not past.runs:
        return Progress()
    last_run, rows = past.runs[-1], score_changes(assessment)
    matrix = Counter({(b, n): 0 for _, b, n, _ in past.flows})
    for _, before, now, n in past.flows:
        matrix[before, now] += n
    is_restated = past.is_restated(assessment.run.as_of)
    return Progress(
        title=say("Judged again") if is_restated else say("Since the last run"),
        text=_text(assessment, last_run),
        sentences=tuple(_sentences(assessment, rows, matrix)),
        runs=tuple(_run(r) for r in past.runs),
        unlike=_unlike(assessment, last_run),
        trends=_trends(assessment),
        score_changes=rows,
        movements=movements(assessment),
        balances=balances(matrix, past.still, day(last_run.as_of)),
        matrix_columns=_matrix(matrix)[0],
        matrix=_matrix(matrix)[1:],
        matrix_text=_matrix_text(assessment),
        checks=_checks(assessment, anchors),
        failing_flow=flow(matrix, "fail"),
        unknown_flow=flow(matrix, "unknown"),
        actors=tuple(_actors(assessment)),
        columns=COLUMNS,
        changes=ChangedResults(changes, past.changes),
    )


def _text(assessment: model.Assessment, last_run: EarlierRun) -> str:
    runs = assessment.history.runs
    runs_note = (
        say("; the trend has {n} earlier runs", n=number(len(runs))) if len(runs) > 1 else ""
    )
    overlap_note = (
        say(" Its period overlaps with this one, so some events count in both.")
        if last_run.period_to > _naive(assessment.run.period_from)
        else ""
    )
    return say(
        "This run is compared with the one as of {day}{several}. Results are compared one "
        "by one, by check and subject. A subject is known by its id: with a new id it "
        "counts as gone and as new. What can no longer be assessed is never called "
        "fixed.{overlap} {file} lists every result that differs, and every one that fails "
        "in both.",
        day=day(last_run.as_of),
        several=runs_note,
        overlap=overlap_note,
        file=FILE,
    )


def _unlike(assessment: model.Assessment, last_run: EarlierRun) -> tuple[str, ...]:
    past, sentences = assessment.history, []
    if last_run.unlike:
        sentences.append(
            say(
                "The two runs are not directly comparable: {what} changed between them. "
                "Differences in scores, and in what is called fixed or failing, may result "
                "from that.",
                what=differences(last_run),
            )
        )
    earlier_only = mark("Checks only in the earlier run, whose results are not compared: {checks}.")
    current_only = mark("Checks only in this run, whose results are not compared: {checks}.")
    for ids, text in ((past.checks_before, earlier_only), (past.checks_now, current_only)):
        if ids:
            sentences.append(say(text, checks=join(map(clean, ids))))
    return tuple(sentences)


def differences(run: EarlierRun) -> str:
    """Print the differences between the basis of a run and that of the next one."""
    values = {
        "checks": _first_names(map(clean, run.rules)),
        "thresholds": _first_names(starmap(_threshold_change, run.thresholds)),
    }
    if run.profiles:
        values |= zip(
            ("then", "now"), (clean(content(title)) for title in run.profiles), strict=True
        )
    return join(say(text, **values) for text in run.unlike)


def _threshold_change(check: str, name: str, then: str, now: str) -> str:
    return say(
        "{check} {name}: {then}, then {now}",
        check=clean(check),
        name=clean(name),
        then=clean(then),
        now=clean(now),
    )


def _first_names(texts: Iterable[str]) -> str:
    """Print the first texts, and the place of the others."""
    items = list(texts)
    remainder = len(items) - NAMED
    note = (
        say(" and {n} more, all in report.json of both runs", n=number(remainder))
        if remainder > 0
        else ""
    )
    return "; ".join(items[:NAMED]) + note


def _run(run: EarlierRun) -> RunBefore:
    note = (
        say("different from the run after it: {what}", what=differences(run)) if run.unlike else ""
    )
    return RunBefore(
        day(run.as_of),
        period(run.period_from, run.period_to),
        run.evidence_id,
        run.report_sha256,
        note,
    )


def _trends(assessment: model.Assessment) -> tuple[Trend, ...]:
    titles, current = names(assessment), standings(assessment)
    rows = [(r.as_of, {(s.kind, s.id): s for s in r.standings}) for r in assessment.history.runs]
    rows.append((assessment.run.as_of, {(s.kind, s.id): s for s in current}))
    likeness = [True, *(not r.unlike for r in assessment.history.runs)]
    start = rows[0][0]
    duration = (_naive(assessment.run.as_of) - start).total_seconds() or 1
    trends = []
    for key in [(s.kind, s.id) for s in current if s.kind != "theme"]:
        moments = (
            _moment(
                at,
                int((_naive(at) - start).total_seconds() * 1000 / duration),
                scored.get(key),
                same,
            )
            for (at, scored), same in zip(rows, likeness, strict=True)
        )
        trends.append(Trend(titles[key], tuple(moments)))
    return tuple(trends)


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def _moment(time: datetime, place: int, standing: Standing | None, is_alike: bool) -> Moment:
    if not standing or not standing.assessed:
        return Moment(
            day(time),
            "",
            say(NOT_ASSESSED if standing else ABSENT),
            "",
            place,
            0,
            0,
            False,
            is_alike,
        )
    score = figure(standing.lo, standing.hi)
    return Moment(
        day(time),
        level(standing),
        score.text,
        score.range,
        place,
        score.at_lo,
        score.at_hi,
        True,
        is_alike,
        standing.level_lo,
        score.exact_lo,
        score.exact_hi,
    )


def _matrix(matrix: Mapping[tuple[str, str], int]) -> tuple[tuple[str, ...], ...]:
    """Tabulate results before against results now, with sums; the first row is the header."""
    befores = sorted({b for b, _ in matrix}, key=ORDER.index)
    nows = sorted({n for _, n in matrix}, key=ORDER.index)
    rows: list[tuple[str, ...]] = [
        (say("then \\ now"), *(_heading(NOW, n) for n in nows), say("sum"))
    ]
    for b in befores:
        counts = [matrix.get((b, n), 0) for n in nows]
        rows.append((_heading(BEFORE, b), *map(number, counts), number(sum(counts))))
    sums = [sum(matrix.get((b, n), 0) for b in befores) for n in nows]
    return (*rows, (say("sum"), *map(number, sums), number(sum(sums))))


def _heading(names: Mapping[str, str], status: str) -> str:
    return say(names[status]) if status in names else word(status)


def _matrix_text(assessment: model.Assessment) -> str:
    past = assessment.history
    total_then = sum(n for _, before, _, n in past.flows if before not in (GONE, OUTSIDE))
    total_now = sum(n for _, _, after, n in past.flows if after not in (GONE, OUTSIDE))
    return say(
        "The comparison covers {then} of {all_then} results then and {now} of {all_now} now:"
        " those of checks that both runs have. Where one run has no result, the subject was"
        " absent or the check did not apply to it.",
        then=number(total_then),
        all_then=number(past.results_before),
        now=number(total_now),
        all_now=number(past.results_now),
    )


def _checks(
    assessment: model.Assessment, anchors: Mapping[tuple[str, str], str]
) -> tuple[CheckChanges, ...]:
    """List the checks with the most new failures, fixes, and lost evidence."""
    titles = {c.id: clean(content(c.title)) for c in assessment.checks}
    tables = []
    for title, outcomes in (
        (mark("New failures"), _NEW_FAILURES),
        (mark("Remediated"), {"remediated"}),
        (mark("Evidence lost"), {"evidence lost", "lost from sight"}),
    ):
        counts: Counter[str] = Counter()
        for check, before, now, n in assessment.history.flows:
            if what(before, now) in outcomes:
                counts[check] += n
        ranking = sorted(counts.items(), key=lambda m: (-m[1], m[0]))
        rows = tuple(
            (clean(c), anchors.get(("", c), ""), titles.get(c, ""), number(n))
            for c, n in ranking[:SHOWN]
        )
        if rows:
            tables.append(CheckChanges(say(title), _others(ranking), rows))
    return tuple(tables)


def _others(ranking: Sequence[tuple[str, int]]) -> str:
    remainder = sum(n for _, n in ranking[SHOWN:])
    if not remainder:
        return ""
    return say(
        "{n} of {checks} shown; the others have {others} of {all}, all in {file}.",
        n=number(SHOWN),
        checks=count(len(ranking), "check"),
        others=number(remainder),
        all=number(sum(n for _, n in ranking)),
        file=FILE,
    )


def _actors(assessment: model.Assessment) -> Iterable[str]:
    past = assessment.history
    for is_agent, before, now in past.known_actors:
        newcomers = [clean(x.id) for x in past.actors if x.is_agent == is_agent and x.is_new]
        leavers = [clean(x.id) for x in past.actors if x.is_agent == is_agent and not x.is_new]
        name_lists = ((mark(" New: {names}."), newcomers), (mark(" Gone: {names}."), leavers))
        yield say(
            "{actors} then, {now} now: {before} + {new} new − {gone} gone = {now}.{named}",
            actors=count(before, "agent") if is_agent else count(before, "other actor"),
            now=number(now),
            before=number(before),
            new=number(len(newcomers)),
            gone=number(len(leavers)),
            named="".join(say(text, names=_name_list(ids)) for text, ids in name_lists if ids),
        )


def _name_list(ids: list[str]) -> str:
    remainder = len(ids) - NAMED
    note = (
        say(" and {n} more, all in {file}", n=number(remainder), file=FILE) if remainder > 0 else ""
    )
    return join(short(i, FILE, 80) for i in ids[:NAMED]) + note


def _sentences(
    assessment: model.Assessment, rows: Sequence[ScoreChange], matrix: Mapping[tuple[str, str], int]
) -> Iterable[str]:
    """Yield at most five sentences on the changes."""
    last_run = assessment.history.runs[-1]
    totals: Counter[str] = Counter()
    for (before, now), k in matrix.items():
        totals[what(before, now)] += k
    totals["then"] = sum(k for (before, _), k in matrix.items() if before == "fail")
    totals["now"] = sum(k for (_, now), k in matrix.items() if now == "fail")
    agents_text, any_gone = _agents(assessment.history)
    yield _score_sentence(last_run, rows)
    if last_run.unlike:
        yield say(
            "The two runs are not directly comparable: {what} changed between them.",
            what=differences(last_run),
        )
    if any_gone:
        yield agents_text
    yield say(
        "Of {results} that failed last time, {remediated} and {failing}; {new} of the {all}"
        " failing now are new failures.",
        results=count(totals["then"], "result"),
        remediated=say_n("{n} is fixed", "{n} are fixed", totals["remediated"]),
        failing=say_n("{n} still fails", "{n} still fail", totals["still failing"]),
        new=number(totals["now"] - totals["still failing"]),
        all=number(totals["now"]),
    )
    yield _unknown(matrix)
    if agents_text and not any_gone:
        yield agents_text


def _agents(past: History) -> tuple[str, bool]:
    """Print the number of new and gone agents, and tell whether any are gone: then it is the second
    sentence.
    """
    for is_agent, total_then, total_now in past.known_actors:
        if is_agent:
            newcomers = sum(x.is_new for x in past.actors if x.is_agent)
            leavers = total_then + newcomers - total_now
            arrived = say_n("{n} agent is new", "{n} agents are new", newcomers)
            text = say(
                "{arrived} and {gone} gone: {then} then, {now} now.",
                arrived=arrived,
                gone=number(leavers),
                then=number(total_then),
                now=number(total_now),
            )
            return (
                text
                + (
                    say(" Failures of those that are gone do not count as fixed.")
                    if leavers
                    else ""
                ),
                leavers > 0,
            )
    return "", False


def _score_sentence(last_run: EarlierRun, rows: Sequence[ScoreChange]) -> str:
    total = rows[0]
    is_same = total.level_before == total.level
    level_text = (
        say("still level {level}", level=total.level)
        if is_same
        else say("level {then}, now {now}", then=total.level_before, now=total.level)
    )
    return say(
        "As of {day} the score was {then}, now it is {now}: {result}; {level}.",
        day=day(last_run.as_of),
        then=total.range_before or total.score_before,
        now=total.range or total.score,
        result=difference(rows),
        level=level_text,
    )


def _unknown(matrix: Mapping[tuple[str, str], int]) -> str:
    unknown_now = {before: k for (before, after), k in matrix.items() if after == "unknown"}
    unknown_then = {after: k for (before, after), k in matrix.items() if before == "unknown"}
    if not sum(unknown_now.values()) + sum(unknown_then.values()):
        return say("Nothing was unknown then, and nothing is now.")
    no_result = {GONE, OUTSIDE, "na"}
    lost_count = sum(
        k for before, k in unknown_now.items() if before not in {*no_result, "unknown"}
    )
    found_count = sum(
        k for after, k in unknown_then.items() if after not in {*no_result, "unknown"}
    )
    return say(
        "Unknown now: {results} ({then} last time). Of these, {new} concern what is new or "
        "newly in scope; {lost} could be judged last time but not now, which is not "
        "progress. Of those unknown last time, {found} can be judged now.",
        results=count(sum(unknown_now.values()), "result"),
        then=number(sum(unknown_then.values())),
        lost=number(lost_count),
        new=number(sum(unknown_now.get(v, 0) for v in no_result)),
        found=number(found_count),
    )
