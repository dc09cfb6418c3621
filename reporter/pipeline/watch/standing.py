"""Tables and results that stand from one judgement to the next. In: what an assessment reads, then
more lines. Out: `results` as if everything had run anew.

An engine remembers the statements that made its tables, and after more events runs those again
whose input changed. So do checks: each is asked again only where a row that it reads is another.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reporter.content.loader import Content
from reporter.content.packs import naming
from reporter.engine.base import Engine, quoted_list
from reporter.engine.growing.growing_sums import Sum
from reporter.engine.growing.repeated_rows import NO_REPEATS, Repeats
from reporter.engine.growing.rows_aside import RowsAside
from reporter.engine.growing.tape import Moved, is_telling
from reporter.engine.growing.taped import Taped
from reporter.evaluate import runner
from reporter.evaluate.coded_results import RESULTS_TABLE
from reporter.evaluate.evidence import SEEN, Sight, see, sight_of, weigh_lists
from reporter.evaluate.unassessed import UNREAD
from reporter.ingest.cache import Cache
from reporter.ingest.convert import Done
from reporter.ingest.load import Followed, Intake, event_rows, ingest
from reporter.ingest.quarantine import has_hidden
from reporter.ingest.readers.files import InputFile
from reporter.ingest.readers.inputs import Inputs
from reporter.model.assessment import SEVERITIES, Check
from reporter.pipeline.assess import Known, Options, derive_tables, noted, refuse_nothing
from reporter.pipeline.disclosures import notes_on_kept
from reporter.pipeline.resolve_statements import resolve, with_shortfalls
from reporter.pipeline.tested_checks import settle_by_tests
from reporter.pipeline.watch.cursor import Key
from reporter.pipeline.watch.intake.followed_files import signature
from reporter.schema.compiled import Compiled
from reporter.schema.tables import EVENT_TABLES, SUBJECTS
from reporter.statements import exceptions

EVENTS = "in_events"
_LINED = ("events", "dated_acts")
"""Views that have a row for each of some events."""
_BEGINS = "CREATE TABLE carried "
"""The first statement that lays what was read."""
_KEYS = {"who": "", "agent_id": "events"}
"""Columns by which other tables have rows for those of events."""
_PATIENCE = 4
"""Judgements that checks may wait for."""
_LEADING, _NEAR = 24, 2
"""The gravest checks, and statements that one more may need beside those of the others."""
DECIDING = frozenset(
    (
        *("activity", "actor_groups", "actor_rows", "actors", "approvals", "carried"),
        *("components", "credentials", "exceptions", "feed_delivery", "links", "persons"),
        *("reviews", "tested_names", "tests", "third_parties", "tiers", UNREAD),
        *(f"subjects_{kind}" for kind in SUBJECTS),
    )
)
"""Tables that are read whatever checks are asked."""
_FREE = frozenset((f"SELECT count(*) FROM {EVENTS}", SEEN))
"""Questions of the accounting, from whose answer no result follows, and one that is asked again."""


class Changed(Exception):
    """A file changed while it was read, and nothing of it was used."""


@dataclass(frozen=True, slots=True)
class Haste:
    """What may wait in a judgement of tables that stand."""

    some_wait: bool = False
    """Checks wait for some judgements of whose input only counts and times moved."""
    yields: Callable[[], bool] = bool
    """Tells, once tables were brought up to date, whether all checks wait."""
    counts: bool = False
    """Lines are but counted: tables and checks wait."""


NO_HASTE = Haste()


@dataclass(slots=True)
class Standing:
    """What stands, and what it was made from; close it to let go of the engine."""

    folder: Path
    """Where engines work."""
    leads: bool = False
    """Whether only the gravest checks over events are asked, and only what they need is made."""
    engine: Taped | None = None
    intake: Intake | None = None
    mark: tuple[Any, ...] | None = None
    """What changes when tables have to be made from files again."""
    faults: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    """Checks that the last judgement asked."""
    results: dict[Key, Any] = field(default_factory=dict)
    """What the last judgement found; empty where tables were made from files."""
    own: frozenset[str] = frozenset()
    """Checks that it asks."""
    checks: frozenset[str] = frozenset()
    """Whose results are those of the last judgement; of others they are older."""
    has_counted: bool = False
    """Whether lines were but counted the last time."""
    _newest: Taped | None = None
    """What is being made, or was."""
    _held: ExitStack = field(default_factory=ExitStack)
    _done: list[Done] = field(default_factory=list)
    _claims: Any = None
    _who: Any = None
    _sight: Sight | None = None
    _plans: dict[str, Compiled] = field(default_factory=dict)
    """SQL of a check -> the same over sums."""
    _content: Content | None = None
    _aside: RowsAside | None = None
    _due: set[str] = field(default_factory=set)
    """Checks whose input moved since they were asked."""
    _waited: int = 0
    """Judgements since all were asked."""
    _rest: tuple[Known, list[tuple[Check, Compiled]]] | None = None
    """Checks that are asked once the gravest of all were told."""
    _marks: dict[str, Any] = field(default_factory=dict)
    """Check -> what changes when anything changes that it reads."""

    @property
    def waits(self) -> bool:
        """Whether checks wait, of whose input counts and times moved."""
        return not self.own.isdisjoint(self._due)

    @property
    def has_rest(self) -> bool:
        """Whether only the gravest checks were asked of those that are asked now."""
        return self._rest is not None

    def ask_rest(self) -> Taped:
        """Ask the others over the same lines; return the engine."""
        assert self.engine and self._rest
        (known, checks), self._rest = self._rest, None
        self._ask_again(self.engine, known, checks)
        self.checks = self.own - self._due
        return self.engine

    def rest(self) -> None:
        """Do what nobody waits for, so that the next judgement need not."""
        if self.engine:
            self.engine.hash_rest()

    def end(self) -> None:
        """Let whoever fills it get no further than the next statement."""
        if self._newest:
            self._newest.end()

    def pause(self, is_paused: bool) -> None:
        """Let whoever fills it wait before the next statement, or no longer."""
        if self._newest:
            self._newest.pause(is_paused)

    def close(self) -> None:
        """Let go of the engine and its files."""
        self._held.close()
        self.engine = self.mark = self._rest = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def fill(
        self,
        known: Known,
        files: Sequence[InputFile],
        followed: Followed,
        cache: Cache,
        segments: Path,
        options: Options,
        without: frozenset[str] = frozenset(),
        haste: Haste = NO_HASTE,
        refuses: bool = False,
        repeats: Repeats = NO_REPEATS,
    ) -> Taped:
        """Return an engine whose `results` are those over all records, but for some checks that
        others ask, and what may wait in `haste`; put in `faults` why some could not be run.

        Raises InputError where nothing could be read, ContentError where content is wrong, Ended
        where nobody waits for it any more, Changed where it `refuses` files that changed while they
        were read.
        """
        mark = _mark(known, files, followed)
        if self.engine and mark == self.mark and known.content is self._content:
            try:
                self._renew(self.engine, known, followed, cache, without, haste, repeats)
                self.mark = mark
                return self.engine
            except Moved:
                pass
        how = options, mark, refuses, repeats
        return self._anew(known, files, followed, cache, segments, *how)

    def _anew(
        self,
        known: Known,
        files: Sequence[InputFile],
        followed: Followed,
        cache: Cache,
        segments: Path,
        options: Options,
        mark: tuple[Any, ...],
        refuses: bool,
        repeats: Repeats,
    ) -> Taped:
        self.close()
        self.results = {}
        workspace, content = known.workspace, known.content
        room = options.memory, options.temp_size
        engine = Taped(self.folder, EVENTS, _LINED, _BEGINS, *room, _FREE, keys=_KEYS)
        self._newest, self._held = engine, ExitStack()
        self._held.enter_context(engine)
        inputs = self._held.enter_context(Inputs(list(files)))
        self._done = []
        with naming(content.packs):
            intake = ingest(
                engine, inputs, content.sources, cache, options.limits, followed, self._done.extend
            )
        if refuses:
            refuse_changed(intake)
        self._set_aside(engine, repeats, cache)
        intake = with_shortfalls(intake, inputs)
        refuse_nothing(intake, workspace.folder)
        self._who, notices = derive_tables(engine, workspace, {})
        intake, _, self._claims = resolve(
            engine, intake, workspace, content, known.catalogs, self._who
        )
        with engine.aside():
            notes = notes_on_kept(engine)
        self.intake = noted(engine, intake, notices, notes)
        engine.lock((cache.folder, segments, self.folder))
        sources = {s.id: s for s in content.sources}
        runner.prepare(engine)
        weigh_lists(engine, sources)
        self._sight = see(engine, sources)
        compiled = [c for c in known.compiled if not self.leads or c[1].tables & EVENT_TABLES]
        summed = [(plan, *engine.summed(plan.sql)) for _, plan in compiled]
        engine.stop()
        self._plans = {
            plan.sql: _counting(plan, text, sums) if sums else replace(plan, sql=text)
            for plan, summed_text, sums in summed
            for text in [engine.resting(summed_text)]
        }
        self.faults, self.asked, self.has_counted = {}, 0, False
        self._ask(engine, compiled)
        engine.settle([c.id for c, _ in compiled])
        self._find_own(engine, compiled, known.content is not self._content)
        self.checks, self._due, self._waited = self.own, set(), 0
        self._marks = {c: engine.mark_of(c) for c in self.own}
        self._decide(engine, known)
        engine.share(engine.threads())
        self.engine, self.mark, self._content = engine, mark, known.content
        return engine

    def _set_aside(self, engine: Taped, repeats: Repeats, cache: Cache) -> None:
        """Leave out what intake has set aside, and what will come again."""
        self._aside = RowsAside(engine, repeats)
        if rows := event_rows(self._done, cache):  # else the first event makes all anew
            self._aside.begin(rows, event_rows([d for d in self._done if not d[0].placed], cache))

    def _find_own(
        self, engine: Taped, compiled: Sequence[tuple[Check, Compiled]], is_another: bool
    ) -> None:
        """Find once what it asks, as others ask the rest; of that alone it has results. Checks of
        which one makes good what another fails are asked by the others, all together.
        """
        if not self.leads:
            self.own = frozenset(c.id for c, _ in compiled)
            return
        tied = {i for c in self._claims.compensations for i in (c.check, c.by_check)}
        if is_another or not self.own or tied & self.own:
            self.own = _leading(engine, [c for c in compiled if c[0].id not in tied])
        abouts = {c.about for c, _ in compiled if c.id in self.own}
        others = {f"subjects_{about}" for about in SUBJECTS if about not in abouts}
        engine.narrow(self.own, DECIDING - others)
        engine.run(f"DELETE FROM results WHERE NOT {_among(self.own)}")

    def move(self, followed: Followed) -> None:
        """Take note that the same rows lie in other files now."""
        if self.mark:
            self._done = _with_batches(self._done, followed)
            self.mark = *self.mark[:2], _grown(followed)

    def _renew(
        self,
        engine: Taped,
        known: Known,
        followed: Followed,
        cache: Cache,
        without: frozenset[str],
        haste: Haste,
        repeats: Repeats,
    ) -> None:
        known_paths = {n for batch, *_ in self._done for n in batch.tables.get("events", ())}
        self._done = _with_batches(self._done, followed)
        added = [
            (replace(batch, tables={"events": new} if new else {}), files, digests)
            for batch, files, digests in self._done
            for new in [[n for n in batch.tables.get("events", ()) if n not in known_paths]]
        ]
        self.mark = None  # until all of it stands again
        assert self._aside
        rows = event_rows(self._done, cache)
        if not known_paths:
            raise Moved("whether there are events")
        if new := event_rows(added, cache):
            self._aside.take(new, repeats)
        new = new or f"SELECT * FROM ({rows}) WHERE FALSE"
        base, new = self._aside.without(rows), self._aside.without(new)
        self.asked, self._rest, self.has_counted = 0, None, haste.counts
        if haste.counts:
            engine.count(base, new)
            self.checks = frozenset()
            return
        engine.renew(base, new)
        is_another = self._look_again(engine, known.content)
        marks = {c: engine.mark_of(c) for c in self.own}
        self._due |= {c for c, mark in marks.items() if is_another or mark != self._marks[c]}
        self._due |= self.faults.keys() & self.own
        self.checks = self.own - without - self._due
        if not is_another and haste.yields():
            return
        asked = self._due - without
        self._waited = self._waited + 1 if haste.some_wait else _PATIENCE
        if self._waited < _PATIENCE and not is_another:
            asked = {c for c in asked if is_telling(self._marks[c], marks[c])}
        else:
            self._waited = 0
        due = [c for c in known.compiled if c[0].id in asked]
        first = _gravest(due) if self.leads else due
        self._rest = (known, [c for c in due if c not in first]) if len(first) < len(due) else None
        self._ask_again(engine, known, first)
        self.checks = self.own - without - self._due

    def _ask_again(
        self, engine: Taped, known: Known, checks: Sequence[tuple[Check, Compiled]]
    ) -> None:
        """Ask checks, and let the results of all others stand."""
        engine.run("DROP TABLE results")
        engine.run(RESULTS_TABLE)
        self._ask(engine, checks)
        asked = {c.id for c, _ in checks}
        engine.run(
            f"INSERT INTO results BY NAME SELECT * FROM standing_results WHERE NOT {_among(asked)}"
        )
        engine.learn(sorted(asked))
        self._marks |= {c: engine.mark_of(c) for c in asked}
        self._due -= asked
        self._decide(engine, known)

    def _look_again(self, engine: Taped, content: Content) -> bool:
        """Tell whether the input shows another thing than before: all checks are asked then."""
        assert self._sight
        sight = sight_of(engine.rows(SEEN), {s.id: s for s in content.sources})
        if sight.has_several != self._sight.has_several:
            raise Moved("whether actors have several records")
        is_another = sight != self._sight
        self._sight = sight
        return is_another

    def _ask(self, engine: Taped, compiled: Sequence[tuple[Check, Compiled]]) -> None:
        def noted_as(asking: Engine, check: Check, plan: Compiled) -> Compiled:
            assert isinstance(asking, Taped)
            plan = self._plans.get(plan.sql, plan)
            asking.asker = check.id
            asking.tell(check.id, plan.sql, plan.reads)
            return plan

        if compiled:
            n = min(engine.threads(), len(compiled))
            with engine.shared_by(n):
                faults = runner.assess(engine, compiled, n, False, noted_as, sight=self._sight)
            engine.asker = ""
            asked = {c.id for c, _ in compiled}
            self.faults = {k: v for k, v in self.faults.items() if k not in asked} | faults
        self.asked += len(compiled)

    def _decide(self, engine: Taped, known: Known) -> None:
        """Keep what checks found, then let tests and claims decide."""
        engine.run("CREATE OR REPLACE TABLE standing_results AS SELECT * FROM results")
        content, claims = known.content, self._claims
        settle_by_tests(engine, content)
        exceptions.compensate(engine, claims.compensations, content.checks, self._who)
        exceptions.waive(
            engine, claims.waivers, content.checks, known.workspace.run.as_of, self._who
        )


def refuse_changed(intake: Intake) -> None:
    """Raise Changed where a file changed while it was read."""
    if any(notice.code == "files_changed" for notice in intake.notices):
        raise Changed


def _leading(engine: Taped, compiled: Sequence[tuple[Check, Compiled]]) -> frozenset[str]:
    """Return the gravest checks of some, those that need few statements beside what others need."""
    behind = engine.behind((), DECIDING)
    found = set[str]()
    for check, _ in sorted(compiled, key=lambda c: SEVERITIES.index(c[0].severity)):
        more = engine.behind((check.id,)) - behind
        if len(more) <= _NEAR and len(found) < _LEADING:
            found.add(check.id)
            behind |= more
    return frozenset(found)


def _gravest(checks: Sequence[tuple[Check, Compiled]]) -> list[tuple[Check, Compiled]]:
    """Return those of some checks than which none is graver."""
    severities = [SEVERITIES.index(check.severity) for check, _ in checks]
    return [c for c, n in zip(checks, severities, strict=True) if n == min(severities)]


def _among(checks: Collection[str]) -> str:
    """SQL: whether a result is of one of some checks."""
    return f"list_contains({quoted_list(sorted(checks))}, check_id)"


def _counting(plan: Compiled, text: str, sums: Sequence[Sum]) -> Compiled:
    """Return a check that reads sums, with what it reads."""
    reads = {(s.name, column) for s in sums for column in s.visible.split(", ")}
    reads |= {(table, "*") for s in sums for table, _ in s.sides}
    rest = {(t, c) for t, c in plan.reads if t not in _LINED or re.search(rf"\b{t}\b", text)}
    return replace(plan, sql=text, reads=frozenset(reads | rest))


def _with_batches(done: list[Done], followed: Followed) -> list[Done]:
    """Return what was converted, with the batches that followed files have now."""
    batches = {choice.file.name: batch for choice, batch, _ in followed}
    return [
        (batches.get(files[0].name, batch) if len(files) == 1 else batch, files, digests)
        for batch, files, digests in done
    ]


def _mark(known: Known, files: Sequence[InputFile], followed: Followed) -> tuple[Any, ...]:
    """Return all that results follow from, but the content and the events of followed files."""
    return known.workspace, signature(files), _grown(followed)


def _grown(followed: Followed) -> list[Any]:
    return [
        (
            choice.file.name,
            batch.source,
            batch.carried,
            {t: names for t, names in batch.tables.items() if t != "events"},
            sum(has_hidden(why) for _, _, _, why, _ in batch.problems),
        )
        for choice, batch, _ in followed
    ]
