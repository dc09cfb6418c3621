"""Earlier runs as printed: an `Assessment` in, trends, balances of verdicts and five sentences out.

A difference is called progress or decline only between like runs, and beyond what missing evidence
could explain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import starmap

from reporter.i18n.translate import content, day, mark, say, say_n, word
from reporter.model import assessment as model
from reporter.model.history import GONE, OUTSIDE, EarlierRun, History, Standing
from reporter.report.trend.standings import (
    ABSENT,
    difference,
    level,
    moved,
    names,
    standings,
)
from reporter.report.trend.transitions import (
    BEFORE,
    COLUMNS,
    FAILS,
    NOW,
    ORDER,
    Changed,
    CheckMoves,
    Moment,
    Moved,
    Progress,
    RunBefore,
    Trend,
    balances,
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
    """Print what changed since the last of the earlier runs, and the scores of all."""
    h = assessment.history
    if not h.runs:
        return Progress()
    last, rows = h.runs[-1], moved(assessment)
    matrix = Counter({(b, n): 0 for _, b, n, _ in h.flows})
    for _, before, now, n in h.flows:
        matrix[before, now] += n
    return Progress(
        text=_text(assessment, last),
        sentences=tuple(_sentences(assessment, rows, matrix)),
        runs=tuple(_run(r) for r in h.runs),
        unlike=_unlike(assessment, last),
        trends=_trends(assessment),
        moved=rows,
        balances=balances(matrix, h.still, day(last.as_of)),
        matrix_columns=_matrix(matrix)[0],
        matrix=_matrix(matrix)[1:],
        matrix_text=_matrix_text(assessment),
        checks=_checks(assessment, anchors),
        actors=tuple(_actors(assessment)),
        columns=COLUMNS,
        changes=Changed(changes, h.changes),
    )


def _text(assessment: model.Assessment, last: EarlierRun) -> str:
    runs = assessment.history.runs
    several = say("; the trend has {n} earlier runs", n=number(len(runs))) if len(runs) > 1 else ""
    overlap = (
        say(" Its period overlaps with this one, so some events count in both.")
        if last.period_to > _naive(assessment.run.period_from)
        else ""
    )
    return say(
        "This run is compared with the one as of {day}{several}. Verdicts are compared one by one,"
        " check and subject. A subject is known by its id: one that got another id counts as gone"
        " and as new. What can no longer be assessed is never called mended.{overlap} Every verdict"
        " that differs stands in {file}, and every one that fails in both.",
        day=day(last.as_of),
        several=several,
        overlap=overlap,
        file=FILE,
    )


def _unlike(assessment: model.Assessment, last: EarlierRun) -> tuple[str, ...]:
    h, said = assessment.history, []
    if last.unlike:
        said.append(
            say(
                "Not like with like: between the two runs {what} changed. Differences of scores,"
                " and what is called mended or failing, may come from that.",
                what=_differing(last),
            )
        )
    only_then = mark("Checks of the earlier run only, whose verdicts are not compared: {checks}.")
    only_now = mark("Checks of this run only, whose verdicts are not compared: {checks}.")
    for ids, text in ((h.checks_before, only_then), (h.checks_now, only_now)):
        if ids:
            said.append(say(text, checks=join(map(clean, ids))))
    return tuple(said)


def _differing(r: EarlierRun) -> str:
    """Say what a run rests on that differs from the run after it."""
    told = {
        "checks": _few(map(clean, r.rules)),
        "thresholds": _few(starmap(_changed, r.thresholds)),
    }
    if r.profiles:
        told |= zip(("then", "now"), (clean(content(title)) for title in r.profiles), strict=True)
    return join(say(text, **told) for text in r.unlike)


def _changed(check: str, name: str, then: str, now: str) -> str:
    return say(
        "{check} {name}: {then}, then {now}",
        check=clean(check),
        name=clean(name),
        then=clean(then),
        now=clean(now),
    )


def _few(told: Iterable[str]) -> str:
    """Name the first; where the others stand."""
    items = list(told)
    rest = len(items) - NAMED
    more = say(" and {n} more, all in report.json of both runs", n=number(rest)) if rest > 0 else ""
    return "; ".join(items[:NAMED]) + more


def _run(r: EarlierRun) -> RunBefore:
    note = say("unlike the run after it: {what}", what=_differing(r)) if r.unlike else ""
    return RunBefore(
        day(r.as_of), period(r.period_from, r.period_to), r.evidence_id, r.report_sha256, note
    )


def _trends(assessment: model.Assessment) -> tuple[Trend, ...]:
    told, now = names(assessment), standings(assessment)
    rows = [(r.as_of, {(s.kind, s.id): s for s in r.standings}) for r in assessment.history.runs]
    rows.append((assessment.run.as_of, {(s.kind, s.id): s for s in now}))
    alike = [True, *(not r.unlike for r in assessment.history.runs)]
    first = rows[0][0]
    whole = (_naive(assessment.run.as_of) - first).total_seconds() or 1
    made = []
    for key in [(s.kind, s.id) for s in now if s.kind != "theme"]:
        moments = (
            _moment(
                at, int((_naive(at) - first).total_seconds() * 1000 / whole), scored.get(key), same
            )
            for (at, scored), same in zip(rows, alike, strict=True)
        )
        made.append(Trend(told[key], tuple(moments)))
    return tuple(made)


def _naive(at: datetime) -> datetime:
    return at.replace(tzinfo=None)


def _moment(at: datetime, place: int, s: Standing | None, alike: bool) -> Moment:
    if not s or not s.assessed:
        return Moment(
            day(at), "", say(NOT_ASSESSED if s else ABSENT), "", place, 0, 0, False, alike
        )
    shown = figure(s.lo, s.hi)
    return Moment(
        day(at),
        level(s),
        shown.text,
        shown.range,
        place,
        shown.at_lo,
        shown.at_hi,
        True,
        alike,
        s.level_lo,
    )


def _matrix(matrix: Mapping[tuple[str, str], int]) -> tuple[tuple[str, ...], ...]:
    """Lay verdicts before against verdicts now, with sums; the first row is the head."""
    befores = sorted({b for b, _ in matrix}, key=ORDER.index)
    nows = sorted({n for _, n in matrix}, key=ORDER.index)
    rows: list[tuple[str, ...]] = [
        (say("then \\ now"), *(_heading(NOW, n) for n in nows), say("sum"))
    ]
    for b in befores:
        own = [matrix.get((b, n), 0) for n in nows]
        rows.append((_heading(BEFORE, b), *map(number, own), number(sum(own))))
    sums = [sum(matrix.get((b, n), 0) for b in befores) for n in nows]
    return (*rows, (say("sum"), *map(number, sums), number(sum(sums))))


def _heading(names: Mapping[str, str], verdict: str) -> str:
    return say(names[verdict]) if verdict in names else word(verdict)


def _matrix_text(assessment: model.Assessment) -> str:
    h = assessment.history
    then = sum(n for _, before, _, n in h.flows if before not in (GONE, OUTSIDE))
    now = sum(n for _, _, after, n in h.flows if after not in (GONE, OUTSIDE))
    return say(
        "Compared are {then} of {all_then} verdicts then and {now} of {all_now} now: those of"
        " checks that both runs have. Where one of the two has no verdict, the subject was not"
        " there at all, or the check did not apply to it.",
        then=number(then),
        all_then=number(h.results_before),
        now=number(now),
        all_now=number(h.results_now),
    )


def _checks(
    assessment: model.Assessment, anchors: Mapping[tuple[str, str], str]
) -> tuple[CheckMoves, ...]:
    """Name the checks with the most new failures, mended ones, and lost evidence."""
    titles = {c.id: clean(content(c.title)) for c in assessment.checks}
    made = []
    for title, goes in (
        (mark("New failures"), _NEW_FAILURES),
        (mark("Mended"), {"mended"}),
        (mark("Evidence lost"), {"evidence lost", "lost from sight"}),
    ):
        moves: Counter[str] = Counter()
        for check, before, now, n in assessment.history.flows:
            if what(before, now) in goes:
                moves[check] += n
        ranked = sorted(moves.items(), key=lambda m: (-m[1], m[0]))
        rows = tuple(
            (clean(c), anchors.get(("", c), ""), titles.get(c, ""), number(n))
            for c, n in ranked[:SHOWN]
        )
        if rows:
            made.append(CheckMoves(say(title), _others(ranked), rows))
    return tuple(made)


def _others(ranked: Sequence[tuple[str, int]]) -> str:
    rest = sum(n for _, n in ranked[SHOWN:])
    if not rest:
        return ""
    return say(
        "{n} of {checks} shown; the others have {rest} of {all}, all in {file}.",
        n=number(SHOWN),
        checks=count(len(ranked), "check"),
        rest=number(rest),
        all=number(sum(n for _, n in ranked)),
        file=FILE,
    )


def _actors(assessment: model.Assessment) -> Iterable[str]:
    h = assessment.history
    for is_agent, before, now in h.known_actors:
        new = [clean(x.id) for x in h.actors if x.is_agent == is_agent and x.is_new]
        gone = [clean(x.id) for x in h.actors if x.is_agent == is_agent and not x.is_new]
        told = ((mark(" New: {names}."), new), (mark(" Gone: {names}."), gone))
        yield say(
            "{actors} then, {now} now: {before} + {new} new − {gone} gone = {now}.{named}",
            actors=count(before, "agent") if is_agent else count(before, "other actor"),
            now=number(now),
            before=number(before),
            new=number(len(new)),
            gone=number(len(gone)),
            named="".join(say(text, names=_listed(ids)) for text, ids in told if ids),
        )


def _listed(ids: list[str]) -> str:
    rest = len(ids) - NAMED
    more = say(" and {n} more, all in {file}", n=number(rest), file=FILE) if rest > 0 else ""
    return join(short(i, FILE, 80) for i in ids[:NAMED]) + more


def _sentences(
    assessment: model.Assessment, rows: Sequence[Moved], matrix: Mapping[tuple[str, str], int]
) -> Iterable[str]:
    """Say it in at most five sentences."""
    last = assessment.history.runs[-1]
    n: Counter[str] = Counter()
    for (before, now), k in matrix.items():
        n[what(before, now)] += k
    n["then"] = sum(k for (before, _), k in matrix.items() if before == "fail")
    n["now"] = sum(k for (_, now), k in matrix.items() if now == "fail")
    agents, gone = _agents(assessment.history)
    yield _scored(last, rows)
    if last.unlike:
        yield say(
            "The two runs are not like with like: {what} changed between them.",
            what=_differing(last),
        )
    if gone:
        yield agents
    yield say(
        "Of {verdicts} that failed then, {mended} and {failing}; {new} of {all} failing now did not"
        " fail then.",
        verdicts=count(n["then"], "verdict"),
        mended=say_n("{n} is mended", "{n} are mended", n["mended"]),
        failing=say_n("{n} still fails", "{n} still fail", n["still failing"]),
        new=number(n["now"] - n["still failing"]),
        all=number(n["now"]),
    )
    yield _unknown(matrix)
    if agents and not gone:
        yield agents


def _agents(h: History) -> tuple[str, bool]:
    """Say how many agents came and went, and whether any went: then it is the second thing to
    know.
    """
    for is_agent, then, today in h.known_actors:
        if is_agent:
            new = sum(x.is_new for x in h.actors if x.is_agent)
            gone = then + new - today
            arrived = say_n("{n} agent is new", "{n} agents are new", new)
            text = say(
                "{arrived} and {gone} gone: {then} then, {now} now.",
                arrived=arrived,
                gone=number(gone),
                then=number(then),
                now=number(today),
            )
            return (
                text + (say(" What failed of those that are gone is not mended.") if gone else ""),
                gone > 0,
            )
    return "", False


def _scored(last: EarlierRun, rows: Sequence[Moved]) -> str:
    whole = rows[0]
    same = whole.level_before == whole.level
    stands = (
        say("level {level} as then", level=whole.level)
        if same
        else say("level {then}, now {now}", then=whole.level_before, now=whole.level)
    )
    return say(
        "As of {day} the score was {then}, now it is {now}: {verdict}; {level}.",
        day=day(last.as_of),
        then=f"{whole.score_before}{_in(whole.range_before)}",
        now=f"{whole.score}{_in(whole.range)}",
        verdict=difference(rows),
        level=stands,
    )


def _unknown(matrix: Mapping[tuple[str, str], int]) -> str:
    now = {before: k for (before, after), k in matrix.items() if after == "unknown"}
    then = {after: k for (before, after), k in matrix.items() if before == "unknown"}
    if not sum(now.values()) + sum(then.values()):
        return say("Nothing was unknown then, and nothing is now.")
    no_verdict = {GONE, OUTSIDE, "na"}
    lost = sum(k for before, k in now.items() if before not in {*no_verdict, "unknown"})
    found = sum(k for after, k in then.items() if after not in {*no_verdict, "unknown"})
    return say(
        "Unknown are {verdicts} now and {then} then: of those now, {lost} could be assessed then,"
        " which is no progress, and {new} are on what is new or newly in scope; of those then,"
        " {found} can be assessed now.",
        verdicts=count(sum(now.values()), "verdict"),
        then=number(sum(then.values())),
        lost=number(lost),
        new=number(sum(now.get(v, 0) for v in no_verdict)),
        found=number(found),
    )


def _in(spread: str) -> str:
    return f" [{spread}]" if spread else ""
