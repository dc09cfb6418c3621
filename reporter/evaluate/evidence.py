"""What the input shows, how good that is, and what is to be brought. In: what sources carry and how
good each is. Out: what is not recorded, SQL of the weakest class that a result rests on, exports.

Of several sources that say the same the strongest counts, of several facts that a result needs the
weakest. Where sources of several classes list one actor, what each says of it decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import msgspec

from reporter.engine.base import Engine, quoted, quoted_list
from reporter.evaluate.unassessed import (
    CITE_CERTAIN,
    IS_HELD,
    UNREAD,
    Certain,
    Why,
    because,
    unsettle,
)
from reporter.model.assessment import Check, Wanted
from reporter.model.reasons import SHOWN_BY
from reporter.model.source import Query, Source, class_of
from reporter.schema.compiled import shipped_columns
from reporter.schema.tables import COMPUTED, OF_FORM, PARTIAL, SHARED, TABLES
from reporter.schema.vocabulary import EVIDENCE

OWN = "reporter-"
"""How the ids of formats begin that we made up: no system exports them."""
UNLISTED = because("unlisted")
NO_SOURCES: Mapping[str, Source] = {}
Column = tuple[str, str]
"""(table, column)"""
Rest = tuple[Column, ...]
"""Columns of which any may prove the same."""
Describers = Mapping[str, frozenset[str]]
"""Table -> the sources that describe a group of actors in it."""
CREDITED = (
    f"CASE WHEN status = 'pass' AND evidence = '{EVIDENCE[0]}' THEN 'declared' ELSE status END"
)
"""SQL: a pass that somebody only declares is a status of its own."""
NAMING = ("actor_id", "ref", "name", "kind", "type")
"""Columns that say of whom or of what a row is, in every source alike."""
EACH_ITS_OWN = "policies"
"""Table in which the sources list different things: one says nothing of what another lists."""
UNDECIDING = (*NAMING, "state", "occurred_at", "in_window")
"""Columns that many sources carry and that decide nothing by themselves."""


@dataclass(frozen=True, slots=True)
class Strengths:
    """How good what is carried is: places in `vocabulary.EVIDENCE`."""

    columns: Mapping[tuple[str, str, str], int]
    """(source, table, column)"""
    best: Mapping[Column, int]
    """Of the strongest source that carries a column; of policies the weakest."""
    sources: Mapping[str, int]
    """Of each source as a whole."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What the input shows: which source carries which column, and which sources describe which
    actors.
    """

    carried: frozenset[tuple[str, str, str]]
    """(source, table, column)"""
    columns: frozenset[tuple[str, str]]
    """(table, column) that any source carries."""
    tables: frozenset[tuple[str, str]]
    """(source, table) of which the source carries anything."""
    groups: tuple[tuple[int, Describers], ...]
    has_events: bool
    partial: frozenset[tuple[str, str]]
    """(source, table) of which pages are missing."""
    unread: frozenset[Column]
    """Columns of which a field held a value that could not be read."""
    has_several: bool
    """Some actors have several records: `actor_records`."""
    strengths: Strengths


def see(engine: Engine, sources: Mapping[str, Source]) -> Sight:
    """Return what the input shows, and how good each source is."""
    sight = sight_of(engine.rows(SEEN), sources)
    if sight.has_several:
        engine.run(_RECORDS)
    return sight


SEEN = (
    "SELECT 'carried' AS kind, source, tbl, col FROM carried"
    " UNION ALL SELECT DISTINCT 'group', CAST(grp AS VARCHAR), signature, '' FROM actor_groups"
    f" UNION ALL SELECT DISTINCT 'unread', '', tbl, col FROM {UNREAD}"
    " UNION ALL SELECT 'events', '', '', '' FROM (SELECT count(*) AS n FROM activity) AS a WHERE n"
    " > 0 UNION ALL SELECT 'several', '', '', '' FROM (SELECT count(*) - count(DISTINCT actor_id)"
    " AS n FROM actor_rows) AS r WHERE n > 0"
)
"""SQL: all that `sight_of` is made from; one statement, for each is planned longer than it runs."""


def sight_of(rows: Iterable[tuple[str, str, str, str]], sources: Mapping[str, Source]) -> Sight:
    """Return what the input shows, by the rows of `SEEN`."""
    seen: dict[str, list[tuple[str, str, str]]] = {}
    for kind, *fact in rows:
        seen.setdefault(kind, []).append((fact[0], fact[1], fact[2]))
    every = seen.get("carried", [])
    carried = [row for row in every if row[2] != PARTIAL]
    groups = sorted((int(group), signature) for group, signature, _ in seen.get("group", []))
    return Sight(
        carried=frozenset(carried),
        strengths=strengths_of(carried, sources),
        columns=frozenset((t, c) for _, t, c in carried),
        tables=frozenset((s, t) for s, t, _ in carried),
        groups=tuple((g, _by_table(signature)) for g, signature in groups),
        has_events="events" in seen,
        partial=frozenset((s, t) for s, t, c in every if c == PARTIAL),
        has_several="several" in seen,
        unread=frozenset((t, c) for _, t, c in seen.get("unread", [])),
    )


_RECORDS = (
    "CREATE OR REPLACE TABLE actor_records AS SELECT r.*, r.file || '#' || r.record AS ref, a.ref"
    " AS first_ref FROM actor_rows AS r JOIN actors AS a USING (actor_id) QUALIFY count(*) OVER"
    " (PARTITION BY r.actor_id) > 1"
)


def cite_deciding(engine: Engine, check: Check, columns: Iterable[Column]) -> None:
    """Let results that name the first record of their actor name the one that holds the dates they
    say, else most of what they say, or of what the check reads: an actor's record may be spread
    over several lists. A reason with a date rests on it; what else it says is mostly whose it is.
    """
    names = sorted(c for t, c in columns if t == "actors" and c not in UNDECIDING)
    if not names or check.about not in ("agent", "actor"):
        return
    types = {c.name: c.type for c in TABLES["actors"].columns}
    held = " + ".join(
        f"CASE WHEN r.{n} = a.{n} THEN CASE WHEN list_contains(said, CAST(r.{n} AS VARCHAR)) THEN"
        f" {1_000_000 if types[n] == 'TIMESTAMP' else 1000} ELSE 1 END ELSE 0 END"
        for n in names
    )
    engine.run(
        "UPDATE results SET ref = b.ref FROM (SELECT actor_id, arg_max(ref, (held, -place)) AS ref"
        f" FROM (SELECT r.actor_id, r.ref, r.place, {held} AS held FROM (SELECT subject, ref,"
        " CAST(json_extract_string(coalesce(nullif(reason_values, ''), '{}'), '$.*') AS VARCHAR[])"
        f" AS said FROM results WHERE check_id = {quoted(check.id)}) AS q JOIN actor_records AS r"
        " ON r.actor_id = q.subject AND r.first_ref = q.ref JOIN actors AS a ON a.actor_id ="
        " r.actor_id) AS h GROUP BY actor_id) AS b WHERE results.check_id ="
        f" {quoted(check.id)} AND results.subject = b.actor_id"
    )


def not_recorded_groups(needs: list[tuple[str, str]], sight: Sight) -> dict[int, Why]:
    """Say what the sources of each group of actors lack; groups seen in full are left out."""
    cause = not_recorded_everywhere([n for n in needs if n[0] in SHARED], sight)
    own = {g: w for g, s in sight.groups if (w := _not_recorded(s, needs, sight.carried))}
    return {g: cause.with_also(own.get(g)) for g, _ in sight.groups} if cause else own


def _not_recorded(
    sources: Describers, needs: list[tuple[str, str]], carried: Set[tuple[str, str, str]]
) -> Why | None:
    """Name the needed columns that no source of an actor carries; None when it is seen in full."""
    gaps = gaps_of(sources, needs, carried)
    if gaps is None:
        return UNLISTED
    if not gaps:
        return None
    columns = sorted(c for names in gaps.values() for c in names)
    return because(
        "not_recorded", sources=sorted({s for group in gaps for s in group}), columns=columns
    )


def gaps_of(
    sources: Describers, needs: list[tuple[str, str]], carried: Set[tuple[str, str, str]]
) -> dict[frozenset[str], list[str]] | None:
    """Return the sources of an actor -> the needed columns that they lack; None if no list names
    the actor.
    """
    gaps: dict[frozenset[str], list[str]] = {}
    for table, column in needs:
        if table in SHARED or (table == "events" and table not in sources):
            continue
        describers = sources.get(table) or sources.get("actors")
        if not describers:
            return None
        if not any(
            (s, table, column) in carried
            and (table != "actors" or _holds_form(s, column, sources, carried))
            for s in describers
        ):
            gaps.setdefault(describers, []).append(f"{table}.{column}")
    return gaps


def _holds_form(
    source: str, column: str, sources: Describers, carried: Set[tuple[str, str, str]]
) -> bool:
    """Tell whether an export fills a column in a form of record that tells of an actor: it may list
    applications with owners beside agents without. Most sources read one form.
    """
    forms = [t for t, names in sources.items() if t.startswith(OF_FORM) and source in names]
    return not forms or any((source, t, column) in carried for t in forms)


def _by_table(signature: str) -> Describers:
    """Parse the signature of a group of actors."""
    sources: dict[str, set[str]] = {}
    for part in signature.split(";"):
        table, source = part.split("=", 1)
        sources.setdefault(table, set()).add(source)
    return {table: frozenset(names) for table, names in sources.items()}


def not_recorded_everywhere(needs: list[tuple[str, str]], sight: Sight) -> Why | None:
    """Name the needed columns that no source carries at all."""
    columns = [f"{t}.{c}" for t, c in needs if (t, c) not in sight.columns]
    return because("recorded_nowhere", columns=columns) if columns else None


def hold_to_own_lists(
    engine: Engine,
    check: Check,
    needs: Iterable[Column],
    to_fail: Iterable[Column],
    sight: Sight,
    certain: Callable[[Set[str]], Certain],
) -> None:
    """Make results on a credential unknown where no list of it carries a needed column, though
    other lists of its holder do: where a store keeps one secret says nothing of another. A fail
    stands if the check fails whatever the column would say.
    """
    if check.about != "credential":
        return
    lists = sorted(s for s, t in sight.tables if t == "credentials")
    gaps = {}
    for table, column in needs:
        own = [s for s in lists if (s, table, column) in sight.carried]
        others = [s for s in lists if s not in own]
        if table == "credentials" and own and others:
            subjects = (
                "SELECT credential_id FROM credentials GROUP BY credential_id HAVING NOT"
                f" bool_or(list_contains({quoted_list(own)}, source))"
            )
            gaps[f"{table}.{column}"] = subjects, others
    undoing = {n for n in gaps if tuple(n.split(".")) in {*to_fail}}
    failing = " UNION ".join(gaps[n][0] for n in sorted(undoing))
    count = "SELECT count(*) FROM results WHERE check_id = ? AND status = 'fail' AND subject IN"
    is_asked = failing and engine.one(f"{count} ({failing})", [check.id])
    told = certain(undoing)[0] if is_asked else set()  # no field of such a list was left unread
    for name, (subjects, others) in gaps.items():
        status = IS_HELD
        if name in told:
            status = (
                f"({IS_HELD} OR status = 'fail' AND subject NOT IN (SELECT subject FROM certain))"
            )
            engine.run(f"{CITE_CERTAIN} ({subjects})", [check.id])
        elif name in undoing:
            status = "status <> 'unknown'"
        why = because("not_recorded", sources=others, columns=[name])
        unsettle(engine, check, why, f"{status} AND subject IN ({subjects})")


def holds(sources: Describers, table: str, sight: Sight) -> bool:
    """Tell whether the sources of an actor carry anything of a table. For a table of the
    organisation, any source counts.
    """
    if table in SHARED:
        return any(t == table for _, t in sight.tables)
    describers = sources.get(table) or sources.get("actors") or ()
    return any((s, table) in sight.tables for s in describers)


def tables_of(names: Iterable[str]) -> set[str]:
    """Return the tables of columns that are given as table.column."""
    return {name.partition(".")[0] for name in names}


def strengths_of(
    carried: Iterable[tuple[str, str, str]], sources: Mapping[str, Source]
) -> Strengths:
    """Return how strong each carried column is."""
    columns = {(s, t, c): EVIDENCE.index(class_of(sources, s, f"{t}.{c}")) for s, t, c in carried}
    best: dict[Column, int] = {}
    for (_, table, name), place in columns.items():
        choose = min if table == EACH_ITS_OWN else max
        best[table, name] = choose(place, best.get((table, name), place))
    return Strengths(columns, best, _whole({s for s, _, _ in columns}, sources))


def _whole(names: Iterable[str], sources: Mapping[str, Source]) -> dict[str, int]:
    return {name: EVIDENCE.index(class_of(sources, name, "")) for name in names}


def weakest_of(describers: Describers, rests: Iterable[Rest], strengths: Strengths) -> str:
    """Return the weakest class among what a result rests on: of each group of columns the strongest
    of the sources that say one of them.

    Of a table that none of an actor's sources fills any source counts, for absence is read from
    it.
    """
    found = [[n for c in group for n in _found(describers, c, strengths)] for group in rests]
    told = [max(places) for places in found if places]
    # What rests on lists alone is as good as the best of them.
    lists = _lists(describers, strengths) or strengths.sources
    return EVIDENCE[min(told) if told else max((strengths.sources[s] for s in lists), default=0)]


def _found(describers: Describers, column: Column, strengths: Strengths) -> list[int]:
    table, name = column
    if name in NAMING:
        return []
    own = () if table in SHARED else describers.get(table, ())
    found = [n for s in own if (n := strengths.columns.get((s, table, name))) is not None]
    if not found and column in strengths.best:
        return [strengths.best[column]]
    return found


def weakest_by_group(
    rests: list[Rest], groups: Iterable[tuple[int, Describers]], strengths: Strengths
) -> str:
    """SQL: the class of a result on a subject, over the groups of its actors."""
    told = [c for group in rests for t, c in group if t == "actors" and c not in NAMING]
    others = [group for group in rests if group[0][0] != "actors"]
    cases: dict[str, list[int]] = {}
    for group, describers in groups:
        if told and is_mixed(describers, strengths):
            sql = _of_each_actor(told, weakest_of(describers, others, strengths))
        else:
            sql = quoted(weakest_of(describers, rests, strengths))
        cases.setdefault(sql, []).append(group)
    otherwise = quoted(weakest_of({}, rests, strengths))
    ranked = sorted(cases.items(), key=_rank)
    while ranked and ranked[-1][0] == otherwise:
        ranked.pop()
    whens = " ".join(
        f"WHEN list_has_any(grps, [{', '.join(map(str, numbers))}]) THEN {sql}"
        for sql, numbers in ranked
    )
    return f"CASE {whens} ELSE {otherwise} END" if ranked else otherwise


def bound_by_record(engine: Engine, check: str, rests: Iterable[Rest], sight: Sight) -> None:
    """Lower results on what belongs to no actor to the class of the source of the record that they
    name: what the export of one log shows says nothing of another. A result that rests on one
    policy alone is just as good as the record of it.
    """
    strengths = sight.strengths
    read = [column for group in rests for column in group]
    is_alone = {table for table, _ in read} == {EACH_ITS_OWN}
    places = {
        name: _of_one_source(name, read, strengths) if is_alone else place
        for name, place in strengths.sources.items()
    }
    if len(places) < 2 or not is_alone and len({*places.values()}) < 2:
        return
    is_worse = f"list_position({quoted_list(EVIDENCE)}, evidence) > w.place + 1"
    is_other = "evidence <> ''" if is_alone else is_worse
    engine.run(
        f"UPDATE results SET evidence = {quoted_list(EVIDENCE)}[w.place + 1], status = CASE WHEN"
        " status IN ('pass', 'declared') THEN CASE WHEN w.place = 0 THEN 'declared' ELSE 'pass'"
        " END ELSE status END FROM (SELECT file, min(s.place) AS place FROM parts JOIN (SELECT"
        f" unnest({quoted_list([*places])}) AS source, unnest({[*places.values()]}) AS place) AS s"
        " USING (source) GROUP BY file) AS w WHERE check_id = ? AND w.file = regexp_replace(ref,"
        f" '#[0-9]+$', '') AND {is_other}",
        [check],
    )


def _of_one_source(name: str, read: Iterable[Column], strengths: Strengths) -> int:
    """Return how good the weakest is of what one source says in some columns."""
    found = [strengths.columns.get((name, *column)) for column in read if column[1] not in NAMING]
    return min((n for n in found if n is not None), default=strengths.sources[name])


def demand(engine: Engine, check: Check, strengths: Strengths) -> None:
    """Make passes of a check unknown where the record they name is weaker than it demands."""
    for code, columns in check.demands.items():
        for name, demanded in columns.items():
            table, _, column = name.partition(".")
            for place, evidence in enumerate(EVIDENCE[: EVIDENCE.index(demanded)]):
                weak = [
                    s
                    for (s, t, c), n in strengths.columns.items()
                    if (t, c, n) == (table, column, place)
                ]
                why = because("too_weak", evidence=SHOWN_BY[evidence])
                refs = f"SELECT ref FROM {table} WHERE list_contains({quoted_list(weak)}, source)"
                condition = f"reason_code = {quoted(code)} AND {IS_HELD} AND ref IN ({refs})"
                unsettle(engine, check, why, condition)


def at_most_record(evidence: str, code: str, codes: Sequence[str]) -> str:
    """SQL: the class of a result, but no better than a record where its reason is one of some."""
    if not codes:
        return evidence
    better = quoted_list(EVIDENCE[EVIDENCE.index("record") + 1 :])
    return (
        f"CASE WHEN list_contains({quoted_list(codes)}, {code}) AND list_contains({better},"
        f" {evidence}) THEN 'record' ELSE {evidence} END"
    )


def is_mixed(describers: Describers, strengths: Strengths) -> bool:
    """Tell whether sources of several classes list an actor."""
    return len({strengths.sources[s] for s in _lists(describers, strengths)}) > 1


def _lists(describers: Describers, strengths: Strengths) -> list[str]:
    """Return the sources that list an actor: a policy that covers it by its own scope does not."""
    return [
        s for s in describers.get("actors", ()) if (s, "actors", "actor_id") in strengths.columns
    ]


def weigh_lists(engine: Engine, sources: Mapping[str, Source]) -> None:
    """Make `actor_strengths`: for actors in lists of several classes, how good the evidence of each
    value is: the best of those that say the same. Where lists are of one class it is not needed.
    """
    lists = engine.rows("SELECT DISTINCT source FROM carried WHERE tbl = 'actors' ORDER BY source")
    strengths = _whole((s for (s,) in lists), sources)
    if len(set(strengths.values())) < 2:
        return
    cases = " ".join(f"WHEN {quoted(s)} THEN {n}" for s, n in strengths.items())
    columns = [
        f"max(CASE WHEN r.{c.name} = a.{c.name} THEN strength END) AS {c.name}"
        for c in TABLES["actors"].columns
        if c.name != "actor_id" and c.name not in COMPUTED
    ]
    engine.run(
        f"CREATE TABLE actor_strengths AS SELECT actor_id, {', '.join(columns)} FROM (SELECT *,"
        f" CASE source {cases} END AS strength FROM actor_rows) AS r JOIN actors AS a USING"
        " (actor_id) GROUP BY actor_id HAVING count(DISTINCT strength) > 1"
    )


def _of_each_actor(names: Iterable[str], otherwise: str) -> str:
    """SQL: the weakest of what is said of an actor in some columns, and of a class."""
    least = ", ".join([*(f"w.{name}" for name in names), str(EVIDENCE.index(otherwise))])
    return (
        f"(SELECT {quoted_list(EVIDENCE)}[least({least}) + 1] FROM actor_strengths AS w WHERE"
        " w.actor_id = s.actor)"
    )


def _rank(case: tuple[str, list[int]]) -> tuple[int, str]:
    """Sort the weakest class first: the first that fits a subject decides."""
    word = case[0].strip("'")
    return (EVIDENCE.index(word) if word in EVIDENCE else 0, word)


# ---------------------------------------------------------------- what to bring next


@dataclass(frozen=True, slots=True)
class _Gap:
    """Results of one check that are unknown for want of the same columns."""

    check: str
    columns: frozenset[str]
    results: int


def wanted(
    engine: Engine, sources: Iterable[Source], read_queries: Callable[[], Sequence[Query]]
) -> tuple[Wanted, ...]:
    """Return the exports that would decide most of what nothing records, the best first; each
    counts what those before it leave. A format of our own, or one that was supplied, is none.
    Queries are read where something is to be brought.
    """
    gaps = _gaps_left(engine)
    present = {s for (s,) in engine.rows("SELECT DISTINCT source FROM carried")}
    offers = {s.id: (s, fills_of(s)) for s in sources if s.id not in present and is_export(s)}
    vendors = {vendor_of(name) for name in present}
    found: list[Wanted] = []
    queries = read_queries() if gaps else ()
    while gaps:
        totals = {
            name: sum(g.results for g in gaps if g.columns <= fills)
            for name, (_, fills) in offers.items()
        }
        most = max(totals.values(), default=0)
        if not most:
            break
        names = [n for n, total in totals.items() if total == most]
        names.sort(key=lambda n: (vendor_of(n) not in vendors, n))
        fills = offers[names[0]][1]
        decided = [g for g in gaps if g.columns <= fills]
        equal = tuple(n for n in names if all(g.columns <= offers[n][1] for g in decided))
        found.append(
            Wanted(
                equal,
                tuple(offers[n][0].title for n in equal),
                most,
                tuple(sorted({g.check for g in decided})),
                tuple(sorted({c for g in decided for c in g.columns})),
                "\n".join(ways_to(offers[equal[0]][0], queries)[:1]),
            )
        )
        gaps = [g for g in gaps if g not in decided]
    return tuple(found)


def _gaps_left(engine: Engine) -> list[_Gap]:
    rows = engine.rows(
        "SELECT CAST(check_id AS VARCHAR), CAST(reason_values AS VARCHAR) AS held, count(*) FROM"
        " results WHERE status = 'unknown' AND reason_code IN ('not_recorded', 'recorded_nowhere')"
        " GROUP BY ALL ORDER BY ALL"
    )
    counts: Counter[tuple[str, frozenset[str]]] = Counter()
    for check, held, n in rows:
        counts[check, frozenset(_lacking(msgspec.json.decode(held)))] += n
    return [_Gap(check, columns, n) for (check, columns), n in counts.items()]


def _lacking(values: Mapping[str, Any]) -> list[str]:
    """Return all the columns that are missing; a log that is asked for too must date its events."""
    columns = [*values["columns"], *values.get("also", ())]
    if then := values.get("then"):
        columns += then["values"].get("columns", ("events.occurred_at",))
    return columns


@dataclass(frozen=True, slots=True)
class Needs:
    """What must be recorded, as table.column or as a table of which any column counts, so that a
    check can be decided.
    """

    columns: frozenset[str]
    any_of: frozenset[str] = frozenset()
    """At least one of these, where there are any."""

    def met_by(self, recorded: Set[str]) -> bool:
        """Tell whether what is recorded suffices."""
        return self.columns <= recorded and (not self.any_of or bool(self.any_of & recorded))


def is_export(source: Source) -> bool:
    """Tell whether a system exports it: neither a format of our own, nor one that was supplied."""
    return not source.foreign and not source.id.startswith(OWN)


def vendor_of(source: str) -> str:
    """Return the word by which sources of one vendor begin."""
    return source.split("-")[0]


def ways_to(source: Source, queries: Iterable[Query]) -> tuple[str, ...]:
    """Return how to get what a source reads: what its file says, then what collectors ask."""
    asked = (f"Steampipe: {on_one_line(q.sql)}" for q in queries if q.source == source.id)
    return (*([source.export] if source.export else []), *asked)


def on_one_line(sql: str) -> str:
    """Return a query without its comments, to be pasted."""
    lines = (line.strip() for line in sql.splitlines())
    return " ".join(line for line in lines if not line.startswith("--"))


def fills_of(source: Source) -> frozenset[str]:
    """Return the columns that a source may fill, as table.column."""
    return frozenset(
        f"{table}.{name}"
        for table, select in source.tables.items()
        for name in shipped_columns(select["from"] if isinstance(select, dict) else select) or ()
    )
