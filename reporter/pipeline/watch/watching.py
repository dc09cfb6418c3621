"""The watch itself: what is new is taken in, judged, committed and told, over and over. In: a
workspace, a folder for its state. Out: lines of changes.

What is committed is a whole: the bytes taken in, the outcomes over them, the lines that tell of
the changes. A watch that is killed at any moment goes on from the last commit.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

from reporter.content.workspace import read_workspace
from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError, ReporterError, on_one_line
from reporter.ingest.cache import Batch, open_cache
from reporter.ingest.detect import Choice
from reporter.ingest.readers.files import InputFile, discover, sniff
from reporter.ingest.readers.inputs import FOLDERS, Inputs
from reporter.pipeline.assess import Options, known_content
from reporter.pipeline.watch import cursor as state
from reporter.pipeline.watch.change_lines import Writer, changes
from reporter.pipeline.watch.cursor import Cursor, Followed, Outbox
from reporter.pipeline.watch.episodes import Moment, follow
from reporter.pipeline.watch.hooks import Hooks
from reporter.pipeline.watch.intake.file_places import FilePlaces
from reporter.pipeline.watch.intake.followed_files import signature, whole_lines
from reporter.pipeline.watch.intake.followed_lines import FollowedLines
from reporter.pipeline.watch.intake.line_segments import Converter, choice_of, joined, segments_of
from reporter.pipeline.watch.judge import Judged, Result, at, judge, judge_rest
from reporter.pipeline.watch.other_checks import Begun, OtherChecks
from reporter.pipeline.watch.sinks import LineFile, next_outbox, to_stream
from reporter.pipeline.watch.standing import Changed, Haste, Standing
from reporter.pipeline.watch.workspace_marks import (
    EvidenceMark,
    content_mark,
    rules_mark,
    settings_mark,
)
from reporter.schema.tables import EVENT_TABLES
from reporter.system.options import LEAST_MEMORY, in_bytes

_BREATH, _REST = timedelta(seconds=1), timedelta(seconds=10)
"""For which lines may wait that show nothing new, while others come; and where they are counted,
what follows from that.
"""
_TRIES = 5
"""How often in a row nothing is judged because a file changed while it was read."""
LARGE = 1 << 20
"""Bytes from which a file that is not followed never will be."""
STDIN = "stdin"
"""Folder of the state for what came over stdin."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What to watch, and whom to tell."""

    workspace: Path
    state: Path
    options: Options
    version: str
    out: Path | None = None
    """File for the lines; None: they are printed."""
    stream: Callable[[str], None] = lambda _: None
    """Prints a line."""
    moves: bool = False
    """Judge as of the time that is handed in, not as of that of the workspace."""
    stands: bool = True
    """Keep tables for the next judgement; of no use where time moves, or there is no other."""
    stdin: str = ""
    """Name below logs/ of what comes over stdin."""

    @property
    def stdin_path(self) -> Path:
        """Where that is kept."""
        return self.state / STDIN / self.stdin


@dataclass(slots=True)
class Told:
    """What became of one round."""

    taken: int = 0
    """Lines taken in."""
    outbox: Outbox = field(default_factory=Outbox)
    """The lines that tell of changes."""
    judged: Judged | None = None
    """None where nothing had to be judged."""


@dataclass(slots=True)
class _Files:
    """What a look at the workspace found."""

    whole: list[InputFile] = field(default_factory=list)
    mark: str = ""
    evidence: str = ""
    """Mark of the content of those that are no logs."""


class Watch:
    """Follows one workspace; a context manager that holds the state."""

    def __init__(self, setting: Setting, hooks: Hooks) -> None:
        self.setting, self.hooks = setting, hooks
        self._held = ExitStack()
        self._files, self._evidence = _Files(), EvidenceMark()
        self._not_followed: set[tuple[int, ...]] = set()
        self._new = self._presses = True
        """Whether anything is to be judged, and whether it may not wait."""
        self._results: dict[state.Key, Result] = {}
        self._faults: dict[str, str] = {}
        """What all checks found, each when it was judged last."""
        self._is_begun = False
        """Whether all were judged once."""
        self._rests_since: datetime | None = None
        """Since when nothing was judged."""
        self._committed_at: datetime | None = None
        self._n_changed = 0
        """How often in a row a file changed while it was read."""
        self._is_dropped = self._is_put_off = False
        """Whether what some checks found last was not told."""

    def __enter__(self) -> Self:
        """Take up the state where it was left.

        Raises InputError where another watch holds it, or it is not as it was left.
        """
        try:
            self._open()
        except BaseException as failed:
            self.__exit__(type(failed))
            raise
        return self

    def _open(self) -> None:
        setting = self.setting
        _refuse_state(setting)
        self._held.enter_context(state.held(setting.state))
        self._work = Path(self._held.enter_context(tempfile.TemporaryDirectory()))
        self._copies = self._work / "copies"
        self._copies.mkdir()
        self._gravest = Standing(self._work / "gravest", leads=True)
        self._held.callback(self._gravest.close)
        self._others = OtherChecks(self._work / "others")
        self._held.callback(self._others.close)
        self._settings_mark = settings_mark(setting.workspace)
        self._take_settings()
        content = content_mark(self._known)
        found = state.load(setting.state, setting.workspace, content)
        self.cursor = found or Cursor(
            state.FORMAT,
            str(setting.workspace.resolve()),
            setting.options.key or self._key(),
            content,
        )
        key = self.cursor.key
        segments = open_cache(setting.state / state.SEGMENTS, key, setting.options.warn)
        self._cache = open_cache(setting.state / state.CACHE, key, setting.options.warn)
        engine = self._held.enter_context(DuckDB(self._work / "engine", setting.options.memory))
        sources = {s.id: s for s in self._known.content.sources}
        self._converter = Converter(engine, segments, sources, setting.options.limits)
        self._held.callback(self._converter.close)
        self._converter.prepare()
        self._converter.clear(self.cursor.files, waits=True)
        files = self.cursor.files
        stdin = {f"logs/{setting.stdin}": setting.stdin_path} if setting.stdin else {}
        unpacked = self._work / "unpacked"
        unpacked.mkdir()
        self._places = FilePlaces(unpacked)
        rests = self._places.rests
        self._lines = FollowedLines(
            setting.workspace, self._converter, files, self._work, stdin, rests, setting.stands
        )
        self._outcomes = state.load_outcomes(setting.state, self.cursor)
        self._file = LineFile(setting.out) if setting.out else None
        if not found and self._file and self._file.size():
            raise InputError(
                "is there already, and the state is new",
                str(setting.out),
                "Give another --out, or the --state that goes with it.",
            )
        self._deliver()
        self.hooks.failed = self.cursor.failed_hooks
        self.hooks.tell(self.cursor.waiting)

    def __exit__(self, *raised: object) -> None:
        with self._held:
            self.hooks.close()
            if not any(raised):
                self._note_delivered()

    def _note_delivered(self) -> None:
        """Commit that nothing waits to be told: who ends in order tells nothing twice."""
        cursor = self.cursor
        cursor.waiting = [*self.hooks.waiting()]
        if not self._file:
            cursor.outbox = next_outbox(cursor.outbox, [], 0)
        state.save(self.setting.state, cursor)

    def look(self) -> None:
        """Look at all files of the workspace: new, renamed, packed, changed or removed ones. While
        settings cannot be read, as in the middle of a save, the last ones hold; without them
        nothing is looked at.

        Raises InputError where what was taken in would be read otherwise now.
        """
        if (mark := settings_mark(self.setting.workspace)) != self._settings_mark:
            self._settings_mark = mark
            try:
                self._take_settings()
            except (ReporterError, OSError) as error:
                text = on_one_line(str(error))
                self.setting.options.warn(f"{text} Until then the last settings hold.")
            state.refuse_other(self.cursor, content_mark(self._known), self.setting.state)
        if not mark:
            return
        names = [(f.number, f.name, f.gone, f.packed) for f in self.cursor.files]
        others = self._places.find(self.cursor.files, self._discover())
        whole = [found for file in others if (found := self._followed_or_whole(file))]
        stamps = signature(map(self._places.lasting, whole))
        files = _Files(whole, f"{self._rules} {stamps}", self._evidence.of(others))
        moved = names != [(f.number, f.name, f.gone, f.packed) for f in self.cursor.files]
        if moved or files.mark != self._files.mark:
            self._new = self._presses = True
        self._files = files

    def _take_settings(self) -> None:
        setting = self.setting
        known = known_content(read_workspace(setting.workspace), setting.options)
        self._rules, self._known, self._is_begun = rules_mark(known), known, False

    def _key(self) -> str:
        with Inputs(self._discover()) as inputs:
            return inputs.key()

    def _discover(self) -> list[InputFile]:
        found = discover(self.setting.workspace, FOLDERS)
        if self.setting.stdin:
            _refuse_second(self.setting, [f.path for f in found])
            path = self.setting.stdin_path
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch()
            found.append(sniff(path, f"logs/{self.setting.stdin}"))
        return found

    def _followed_or_whole(self, file: InputFile) -> InputFile | None:
        """Begin to follow a file, or return it as one to be read whole: without a line that has
        not ended.
        """
        is_log = file.name.startswith("logs/") and file.format == "jsonl"
        if not is_log or file.gzipped or self._places.is_member(file):
            return file
        ended = whole_lines(file, self._copies)
        if ended is None:
            return None
        inode = file.stamp[:2]
        if inode not in self._not_followed and (source := self._converter.follows(ended)):
            number = self.cursor.next_number
            self.cursor.next_number += 1
            followed = Followed(number, file.name, inode[0], inode[1], source.id, file.head)
            self.cursor.files.append(followed)
            self._lines.batches[number] = []
            return None
        if file.size >= LARGE:  # it was looked at with enough lines
            self._not_followed.add(inode)
        return ended

    def round(self, now: datetime, hurry: bool = False, goes_on: bool = False) -> Told:
        """Take in what is new, judge it if anything is, commit, and tell of the changes. In a hurry
        lines that show nothing new may wait for a later round. Where it `goes_on`, lines are taken
        in meanwhile for the next round, and the gravest checks are judged alone: a thread judges
        the others, and a later round tells what they found.
        """
        self._rests_since = self._rests_since or now
        told = Told(self._lines.take_in(most_urgent=goes_on))
        self._new |= told.taken > 0
        try:
            self._judge_what_is_due(told, now, hurry, goes_on)
        except Changed:
            self._n_changed += 1
            self._new = self._presses = self._others.is_due = True
            self.look()
        return told

    def _judge_what_is_due(self, told: Told, now: datetime, hurry: bool, goes_on: bool) -> None:
        others = self._others
        is_urgent = goes_on and hurry and self._is_begun and self.has_pressing()
        self._is_put_off = is_urgent and not self._is_put_off  # once: to tell it takes a while
        is_awaited = not (goes_on and self._is_begun)
        if found := None if self._is_put_off else others.found(is_awaited):
            judged, begun = found
            is_of_now = (begun.evidence, begun.rules) == (self._files.evidence, self._rules)
            if is_of_now or self._is_dropped:
                self._tell(told, judged, begun)
                self._is_dropped = False
            else:  # an episode would end by what is so no longer; lists that never rest are told of
                others.is_due = self._is_dropped = True
        is_due = self._new or self._is_due(now) or (others.is_due and not goes_on)
        if is_due and hurry and goes_on and self._may_count(now):
            self._count(told, now)
        elif is_due and not (hurry and self._may_wait(now)):
            presses = self.has_pressing()
            self._new = self._presses = self._lines.has_news = False
            self._rests_since = None
            with self._lines.ahead(soon=not presses) if goes_on else nullcontext():
                begun = self._begun(now)
                self._judge(told, begun, goes_on, hurry, presses)
                self._n_changed = 0
                self._put_together()  # what comes meanwhile is not named yet
                self._begin_others(begun)
                self._gravest.rest()
        elif not self._new:
            self._begin_others(self._begun(now))

    def _may_count(self, now: datetime) -> bool:
        stands = self._is_begun and self._gravest.engine is not None
        return stands and not self.has_pressing() and _is_within(_REST, self._rests_since, now)

    def _count(self, told: Told, now: datetime) -> None:
        """Count lines that show nothing new; what follows from that waits."""
        with self._lines.ahead(soon=True):
            begun = self._begun(now)
            judged = self._judgement(begun, self._gravest, haste=Haste(counts=True))()
            has_judged = not self._gravest.has_counted
            waits = self._lines.sees_news() or _is_within(_BREATH, self._committed_at, now)
            if has_judged or not waits:
                self._tell(told, judged, begun)
            self._put_together()
            self._others.is_due = True
            self._begin_others(begun)  # before lines that came meanwhile are named

    def _begun(self, now: datetime) -> Begun:
        lines = {file.number: file.lines for file in self.cursor.files}
        return Begun(now, self._as_of(now), self._files.evidence, self._rules, lines)

    def _judge(self, told: Told, begun: Begun, goes_on: bool, hurry: bool, presses: bool) -> None:
        """Judge the gravest checks, where all were judged before and it goes on; else all."""
        content, gravest, others = self._known.content, self._gravest, self._others
        if not self.setting.stands or content.extra or content.packs:
            judged = self._judgement(begun)()
        elif goes_on and self._is_begun:
            with others.paused(begun.at, presses):
                yields = bool if presses else self._lines.sees_news
                judged = self._judgement(begun, gravest, haste=Haste(hurry and presses, yields))()
                if gravest.has_rest:
                    self._tell(told, judged, begun)
                    judged = judge_rest(gravest)
            self._new = gravest.waits  # some may, but not for ever
            others.is_due = True
        else:
            is_another = gravest.engine is not None  # told what others do not know of
            gravest.close()
            others.note(begun)
            with ThreadPoolExecutor(1) as pool:
                # They stand from now on.
                made = pool.submit(self._judgement(begun, gravest)) if goes_on else None
                judged = self._judgement(begun, others.standing)()
            if made:
                made.result()
            judged = replace(judged, moved=None) if is_another else judged
        self._is_begun = True
        self._tell(told, judged, begun)

    def _begin_others(self, begun: Begun) -> None:
        """Have the checks judged that wait, where nobody does."""
        others = self._others
        if others.is_due and not others.is_judging:
            without = self._gravest.own
            others.begin(self._judgement(begun, others.standing, without=without), begun)

    def _tell(self, told: Told, judged: Judged, begun: Begun) -> None:
        judged = self._with_others(judged)
        self._commit(judged, begun)
        lines = [*told.outbox.lines, *self.cursor.outbox.lines]
        first = told.outbox.first if told.judged else self.cursor.outbox.first
        told.judged, told.outbox = judged, Outbox(first, lines)

    def _with_others(self, judged: Judged) -> Judged:
        """Return what some checks found beside what the others found before."""
        checks, moved = judged.checks, judged.moved
        if checks is None:
            self._results, self._faults = dict(judged.results), judged.faults
            return judged
        keys = {*self._results, *self._outcomes, *judged.results} if moved is None else moved
        moved = frozenset(key for key in keys if key[0] in checks)
        for key in moved:
            if key in judged.results:
                self._results[key] = judged.results[key]
            else:
                self._results.pop(key, None)
        others = {k: v for k, v in self._faults.items() if k not in checks}
        self._faults = others | {k: v for k, v in judged.faults.items() if k in checks}
        return replace(judged, results=self._results, faults=self._faults, moved=moved)

    def _put_together(self) -> None:
        """Put segments together that nobody reads just now."""
        others = self._others
        lines = others.begun.lines if others.begun else None
        if self._lines.put_together(lines, others.is_judging):
            self._gravest.move(self._followed())
            if not others.is_judging:
                others.standing.move(self._followed(lines))

    def _may_wait(self, now: datetime) -> bool:
        return not self.has_pressing() and _is_within(_BREATH, self._rests_since, now)

    def has_pressing(self) -> bool:
        """Tell whether lines that show something new wait, or files that changed."""
        return self._presses or self._lines.has_news

    def is_behind(self) -> bool:
        """Tell whether whole lines wait that were not taken in for want of room, or files that
        changed while they were read.
        """
        return self._n_changed > 0 or self._lines.is_behind()

    def _followed(self, lines: Mapping[int, int] | None = None) -> list[tuple[Choice, Batch, str]]:
        """Return what was taken in of each file, or the first lines of some."""
        sources, found = self._converter.sources, []
        for file in self.cursor.files:
            most = file.lines if lines is None else lines.get(file.number, 0)
            if count := segments_of(file, most):
                batch = self._joined(file, count)
                found.append((choice_of(file, sources[file.source]), batch, file.pieces[-1].sha256))
        return found

    def _judgement(
        self, begun: Begun, standing: Standing | None = None, **how: Any
    ) -> Callable[[], Judged]:
        """Return what judges all that is taken in by now, as `judge` does."""
        known = at(self._known, begun.as_of if self.setting.moves else None)
        places = self._work, self._converter.cache.folder
        files, followed, options = self._files.whole, self._followed(), self.setting.options
        if standing:  # there are two
            half = max(in_bytes(options.memory) // 2, LEAST_MEMORY) // 10**6
            options = replace(options, memory=f"{half}MB")
        how |= {"refuses": self._n_changed < _TRIES, "repeats": self._lines.repeats()}
        cache = self._cache
        return partial(judge, known, files, followed, cache, places, options, standing, **how)

    def _joined(self, file: Followed, count: int) -> Batch:
        whole = joined(self._lines.batches[file.number][:count], file)
        folder = self._converter.cache.folder.absolute()
        whole.tables = {t: [str(folder / n) for n in names] for t, names in whole.tables.items()}
        return whole

    def _is_due(self, now: datetime) -> bool:
        """Tell whether time alone may have changed a result."""
        if not self.setting.moves:
            return False
        last = datetime.fromisoformat(self.cursor.as_of)
        return now.replace(tzinfo=None) >= last + timedelta(seconds=60)

    def _as_of(self, now: datetime) -> datetime:
        """Return the time to judge as of; it never goes back."""
        if not self.setting.moves:
            return self._known.workspace.run.as_of
        moment = now.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        last = self.cursor.as_of and datetime.fromisoformat(self.cursor.as_of)
        return max(moment, last) if last else moment

    def _commit(self, judged: Judged, begun: Begun) -> None:
        """Commit what was taken in and found, then deliver the lines."""
        cursor, setting, as_of = self.cursor, self.setting, begun.as_of
        self._committed_at = begun.at
        moment = Moment(
            as_of.isoformat(),
            begun.evidence,
            {c.id for c, j in self._known.compiled if j.tables & EVENT_TABLES},
            {c.id for c, _ in self._known.compiled if c.about == "log_source"},
            begun.rules != cursor.rules,
        )
        cursor.rules = begun.rules
        cursor.episodes, _, closed = follow(cursor.episodes, judged, moment)
        is_first = not cursor.judged
        found = changes(self._outcomes, judged, closed, cursor.episodes, is_first)
        first = cursor.outbox.first + len(cursor.outbox.lines)
        writer = Writer(
            self._known.content, self._known.workspace.run, setting.version, _name_of(cursor)
        )
        lines = writer.lines(found, as_of.replace(tzinfo=UTC), first)
        changed = judged.put_into(self._outcomes)
        if changed or is_first:
            state.save_outcomes(setting.state, cursor, self._outcomes, changed)
        cursor.outbox = next_outbox(cursor.outbox, lines, self._file.size() if self._file else 0)
        cursor.judged += 1
        cursor.as_of = as_of.isoformat()
        cursor.waiting = [*self.hooks.waiting(), *enumerate(lines, first)]
        cursor.failed_hooks = self.hooks.failed
        state.save(setting.state, cursor)
        state.clear_outcomes(setting.state, cursor)
        self._converter.clear(cursor.files)
        self._deliver()
        self.hooks.tell([*enumerate(lines, first)])

    def _deliver(self) -> None:
        if self._file:
            self._file.deliver(self.cursor.outbox)
        else:
            to_stream(self.cursor.outbox, self.setting.stream)


def _is_within(most: timedelta, since: datetime | None, now: datetime) -> bool:
    """Tell whether less time has passed; False where the clock was set back."""
    return since is None or timedelta(0) <= now - since < most


def _name_of(cursor: Cursor) -> str:
    """Return what tells one watch of a workspace from another."""
    return hashlib.sha256(f"{cursor.workspace}\0{cursor.key}".encode()).hexdigest()[:32]


def _refuse_second(setting: Setting, paths: Iterable[Path]) -> None:
    """Raise InputError where a file has the name of what comes over stdin: one of them would be
    taken for the other.
    """
    path = setting.workspace / "logs" / setting.stdin
    if path in paths:
        raise InputError(
            "is there, and --stdin has that name",
            str(path),
            "Give --stdin another name, or move the file: both are read then.",
        )


def _refuse_state(setting: Setting) -> None:
    """Raise InputError where the state would become evidence of the workspace, the output is no
    file, or stdin has the name of one.
    """
    if setting.state.exists() and not setting.state.is_dir():
        raise InputError(
            "is a file, and a state is a folder",
            str(setting.state),
            "Give the folder of a watch, or one that is not there yet: --state DIR.",
        )
    if setting.out and setting.out.is_dir():
        raise InputError(
            "is a folder", str(setting.out), "Give a file for the lines: --out changes.jsonl."
        )
    if setting.stdin:
        _refuse_second(setting, (setting.workspace / "logs").glob("*"))
    for place_ in filter(None, (setting.state, setting.out)):
        evidence = [(setting.workspace / name).resolve() for name in FOLDERS]
        if any(place_.resolve().is_relative_to(folder) for folder in evidence):
            raise InputError(
                "is among the evidence of the workspace: it would be read as such",
                str(place_),
                "Give another --state or --out.",
            )
