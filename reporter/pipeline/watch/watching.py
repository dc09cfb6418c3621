"""The watch itself: what is new is taken in, judged, committed and told, over and over. In: a
workspace, a folder for its state. Out: lines of changes.

What is committed is a whole: the bytes taken in, the outcomes over them, the lines that tell of
the changes. A watch that is killed at any moment goes on from the last commit.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from reporter.content.workspace import read_workspace
from reporter.engine.duckdb import DuckDB
from reporter.engine.duckdb import version as engine_version
from reporter.errors import InputError
from reporter.ingest import cache as ingest_cache
from reporter.ingest.cache import Batch, open_cache
from reporter.ingest.detect import Choice
from reporter.ingest.readers.files import InputFile, discover, sniff
from reporter.ingest.readers.inputs import FOLDERS, Inputs
from reporter.pipeline.assess import Known, Options, known_content
from reporter.pipeline.watch import cursor as state
from reporter.pipeline.watch.change_lines import Writer, changes
from reporter.pipeline.watch.cursor import Cursor, Followed, Outbox
from reporter.pipeline.watch.episodes import Moment, follow
from reporter.pipeline.watch.hooks import Hooks
from reporter.pipeline.watch.intake.followed_files import place, signature, whole_lines
from reporter.pipeline.watch.intake.followed_lines import FollowedLines
from reporter.pipeline.watch.intake.line_segments import Converter, choice_of, joined
from reporter.pipeline.watch.judge import Judged, at, judge
from reporter.pipeline.watch.sinks import LineFile, next_outbox, to_stream
from reporter.pipeline.watch.standing import ALL, Pace, Standing
from reporter.schema.tables import EVENT_TABLES

_BREATH = timedelta(seconds=2)
"""For which lines may wait that show nothing new, while others come."""
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


class Watch:
    """Follows one workspace; a context manager that holds the state."""

    def __init__(self, setting: Setting, hooks: Hooks) -> None:
        self.setting, self.hooks = setting, hooks
        self._held = ExitStack()
        self._files = _Files()
        self._not_followed: set[tuple[int, ...]] = set()
        self._new = self._presses = True
        """Whether anything is to be judged, and whether it may wait."""
        self._judged_at = datetime.min.replace(tzinfo=UTC)

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
        self._standing = Standing(self._work / "standing")
        self._held.callback(self._standing.close)
        self._known = known_content(read_workspace(setting.workspace), setting.options)
        self._settings_mark = _settings(setting.workspace)
        content = _content_mark(self._known)
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
        self._converter.clear(self.cursor.files)
        files = self.cursor.files
        stdin = {f"logs/{setting.stdin}": setting.stdin_path} if setting.stdin else {}
        self._lines = FollowedLines(setting.workspace, self._converter, files, self._work, stdin)
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
        """Look at all files of the workspace: new, renamed, packed, changed or removed ones."""
        if (mark := _settings(self.setting.workspace)) != self._settings_mark:
            self._known = known_content(
                read_workspace(self.setting.workspace), self.setting.options
            )
            self._settings_mark = mark
        names = [(f.number, f.name, f.gone, f.packed) for f in self.cursor.files]
        others = place(self.cursor.files, self._discover())
        whole = [found for file in others if (found := self._followed_or_whole(file))]
        files = _Files(whole, f"{mark} {signature(whole)}")
        moved = names != [(f.number, f.name, f.gone, f.packed) for f in self.cursor.files]
        if moved or files.mark != self._files.mark:
            self._new = self._presses = True
        self._files = files

    def _key(self) -> str:
        with Inputs(self._discover()) as inputs:
            return inputs.key()

    def _discover(self) -> list[InputFile]:
        found = discover(self.setting.workspace, FOLDERS)
        if self.setting.stdin:
            path = self.setting.stdin_path
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch()
            found.append(sniff(path, f"logs/{self.setting.stdin}"))
        return found

    def _followed_or_whole(self, file: InputFile) -> InputFile | None:
        """Begin to follow a file, or return it as one to be read whole: without a line that has
        not ended.
        """
        if not file.name.startswith("logs/") or file.gzipped or file.format != "jsonl":
            return file
        ended = whole_lines(file, self._copies)
        if ended is None:
            return None
        inode = file.stamp[:2]
        if inode not in self._not_followed and (source := self._converter.follows(ended)):
            number = self.cursor.next_number
            self.cursor.next_number += 1
            followed = Followed(number, file.name, inode[0], inode[1], source.id)
            self.cursor.files.append(followed)
            self._lines.batches[number] = []
            return None
        if file.size >= LARGE:  # it was looked at with enough lines
            self._not_followed.add(inode)
        return ended

    def round(self, now: datetime, hurry: bool = False, goes_on: bool = False) -> Told:
        """Take in what is new, judge it if anything is, commit, and tell of the changes. In a hurry
        checks may wait for a later round, and so may lines that show nothing new. Where it
        `goes_on`, lines are taken in meanwhile for the next round.
        """
        told = Told(self._lines.take_in())
        self._new |= told.taken > 0
        if not (self._new or self._is_due(now)) or (hurry and self._may_wait(now)):
            return told
        as_of = self._as_of(now)
        self._presses = self._lines.has_news = False
        self._judged_at = now

        def tell(judged: Judged) -> None:
            self._commit(judged, as_of)
            lines = [*told.outbox.lines, *self.cursor.outbox.lines]
            first = told.outbox.first if told.judged else self.cursor.outbox.first
            told.judged, told.outbox = judged, Outbox(first, lines)

        pace = Pace(hurry, self._lines.sees_news)
        with self._lines.ahead() if goes_on else nullcontext():
            tell(self.judge(as_of, pace, tell if goes_on else None))
            if self._lines.put_together():  # what comes meanwhile is not named yet
                self._standing.move(self._followed())
        assert told.judged
        self._new, self._presses = bool(told.judged.owed), told.judged.presses
        return told

    def _may_wait(self, now: datetime) -> bool:
        presses = self._presses or self._lines.has_news
        return not presses and now - self._judged_at < _BREATH

    def is_behind(self) -> bool:
        """Tell whether whole lines wait that were not taken in for want of room."""
        return self._lines.is_behind()

    def _followed(self) -> list[tuple[Choice, Batch, str]]:
        sources = self._converter.sources
        return [
            (choice_of(f, sources[f.source]), self._whole(f), f.pieces[-1].sha256)
            for f in self.cursor.files
            if f.segments
        ]

    def judge(
        self, as_of: datetime, pace: Pace = ALL, early: Callable[[Judged], None] | None = None
    ) -> Judged:
        """Judge all that is taken in; hand over what the gravest checks find `early`."""
        known = at(self._known, as_of if self.setting.moves else None)
        return judge(
            known,
            self._files.whole,
            self._followed(),
            self._cache,
            (self._work, self._converter.cache.folder),
            self.setting.options,
            self._standing if self.setting.stands else None,
            pace,
            early,
        )

    def _whole(self, file: Followed) -> Batch:
        whole = joined(self._lines.batches[file.number], file)
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

    def _commit(self, judged: Judged, as_of: datetime) -> None:
        """Commit what was taken in and found, then deliver the lines."""
        cursor, setting = self.cursor, self.setting
        of_events = {c.id for c, j in self._known.compiled if j.tables & EVENT_TABLES}
        moment = Moment(as_of.isoformat(), self._files.mark, of_events)
        cursor.episodes, _, closed = follow(cursor.episodes, judged, moment)
        is_first = not cursor.judged
        found = changes(self._outcomes, judged, closed, cursor.episodes, is_first)
        first = cursor.outbox.first + len(cursor.outbox.lines)
        writer = Writer(
            self._known.content, self._known.workspace.run, setting.version, _name_of(cursor)
        )
        lines = writer.lines(found, as_of.replace(tzinfo=UTC), first)
        if judged.put_into(self._outcomes) or is_first:
            state.save_outcomes(setting.state, cursor, self._outcomes)
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


def _name_of(cursor: Cursor) -> str:
    """Return what tells one watch of a workspace from another."""
    return hashlib.sha256(f"{cursor.workspace}\0{cursor.key}".encode()).hexdigest()[:32]


def _settings(workspace: Path) -> str:
    """Return what changes when the settings of a workspace do."""
    path = workspace / "reporter.yml"
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns}"


def _content_mark(known: Known) -> str:
    """Return what the lines taken in depend on, beside themselves."""
    texts: list[Any] = [ingest_cache.FORMAT, engine_version()]
    texts += sorted((s.id, s.sha256) for s in known.content.sources)
    return hashlib.sha256(repr(texts).encode()).hexdigest()


def _refuse_state(setting: Setting) -> None:
    """Raise InputError where the state would become evidence of the workspace."""
    for place_ in filter(None, (setting.state, setting.out)):
        evidence = [(setting.workspace / name).resolve() for name in FOLDERS]
        if any(place_.resolve().is_relative_to(folder) for folder in evidence):
            raise InputError(
                "is among the evidence of the workspace: it would be read as such",
                str(place_),
                "Give another --state or --out.",
            )
