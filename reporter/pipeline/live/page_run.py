"""The report of what a watch has committed. In: its state, the workspace. Out: a folder with a run,
its report, and what the page in front of it says.

The watch goes on meanwhile: it may put its segments together and remove them, so they are held by
links first.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec

from reporter.content.loader import Content
from reporter.errors import InputError
from reporter.ingest.cache import Batch, Cache, find, open_cache
from reporter.ingest.load import Followed
from reporter.ingest.readers.files import InputFile, discover, sniff
from reporter.ingest.readers.inputs import FOLDERS, Inputs
from reporter.model import assessment as model
from reporter.pipeline.assess import Known, Options, known_content, make_run, places_of, read_files
from reporter.pipeline.watch import cursor as state
from reporter.pipeline.watch.cursor import Cursor
from reporter.pipeline.watch.intake.file_places import FOLDER, FilePlaces
from reporter.pipeline.watch.intake.followed_files import whole_lines
from reporter.pipeline.watch.intake.line_segments import choice_of, joined
from reporter.report.document import View
from reporter.report.export import Wanted, publish
from reporter.report.html.result_pages import FOLDER as PAGES
from reporter.report.html.result_pages import listing
from reporter.system.claims import claimed

PAGE, RUN, REPORT, ABOUT = "page", "run", "report.html", "about.json"
"""Folder of the state, and what is in each folder in it."""
MOST_CACHE = 1 << 30
"""Bytes of converted files from which all are converted anew: each change of a file leaves some."""
_TRIES = 20
_MINE = 0o700


class Order(msgspec.Struct):
    """What to make a page of."""

    workspace: str
    state: str
    number: int
    """Of the page."""
    memory: str
    extra: list[str] = []
    moves: bool = False
    """Results are as of the last judgement, not as of the workspace."""
    stdin: str = ""
    """Name below logs/ of what came over stdin, and where it is kept."""
    stdin_path: str = ""


class About(msgspec.Struct):
    """What the page in front of a report says of it."""

    as_of: str
    told: int
    """Number of the last change that was told before."""
    lines: int
    """That were taken in."""
    last_event_at: str
    """Time of the last record of a log; '' for none."""
    language: str
    title: str
    organisation: str
    period: str
    accent: str
    judgement: str
    score: str
    titles: dict[str, str]
    """Check -> what it asks for."""
    places: dict[str, str]
    """Check -> the file that has its results."""


def folder_of(state_folder: Path, number: int) -> Path:
    """Return where a page is."""
    return state_folder / PAGE / f"{number:08}"


def make_page(order: Order, warn: Callable[[str], None]) -> Path:
    """Make the page of what is committed now; return its folder, which appears all at once.

    Raises InputError where the state or the workspace cannot be read, ContentError where content
    is wrong.
    """
    state_folder, out = Path(order.state), folder_of(Path(order.state), order.number)
    cache_folder = out.parent / state.CACHE
    options = Options(
        formats=("html",),
        extra=tuple(map(Path, order.extra)),
        memory=order.memory,
        warn=warn,
    )
    with places_of(out, options) as (part, work):
        _empty_large(cache_folder)
        cache = open_cache(cache_folder, warn=warn)
        with claimed(cache_folder / ".lines.part") as held:
            cursor, batches = hold(state_folder, held)
            cache = replace(cache, secret_key=cursor.key)
            known = _known(order, cursor, options)
            run = part / RUN
            run.mkdir(mode=_MINE)
            copies = part / "copies"
            copies.mkdir(mode=_MINE)
            files = _whole_files(order, cursor, copies)
            followed = _followed(cursor, batches, known.content)
            with Inputs(files) as inputs, ThreadPoolExecutor(4) as pool:
                read = partial(
                    read_files,
                    *(known.workspace, inputs, known.content, cache, run, options),
                    followed=followed,
                )
                options = replace(options, key=cursor.key)
                outputs = Wanted(options.formats)
                made = make_run(known, read, (work, run, cache), options, outputs, pool)
        shutil.rmtree(copies)
        about = _about(cursor, *made[:2])
        (part / ABOUT).write_bytes(msgspec.json.encode(about))
        publish(part, out)
    return out


def hold(state_folder: Path, folder: Path) -> tuple[Cursor, dict[int, list[Batch]]]:
    """Return what is committed, with links in `folder` to all lines that it names.

    Raises InputError where nothing is, or lines are not as they were kept.
    """
    path = state_folder / state.NAME
    for number in range(_TRIES):
        text = _committed(path)
        cursor = _cursor_of(text, path)
        own = folder / str(number)  # a key may have had other lines a moment ago
        own.mkdir(mode=_MINE)
        batches = _linked(cursor, state_folder / state.SEGMENTS, own)
        if batches is not None:
            return cursor, batches
        if text == _committed(path):
            break  # nobody has replaced what it names
    raise InputError(
        "lines that a watch had taken in are not as it kept them",
        str(state_folder / state.SEGMENTS),
        "Put the folder back as it was, or begin anew with another --state.",
    )


def _committed(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError("nothing has been judged yet", str(path)) from error


def _cursor_of(text: bytes, path: Path) -> Cursor:
    try:
        return msgspec.json.decode(text, type=Cursor)
    except msgspec.MsgspecError as error:
        raise InputError(f"is no cursor of a watch: {error}", str(path)) from error


def _linked(cursor: Cursor, segments: Path, folder: Path) -> dict[int, list[Batch]] | None:
    """Link the segments of all files; None where one of them is gone, or is not as it was kept."""
    keys = {segment.key for file in cursor.files for segment in file.segments}
    for path in segments.iterdir():
        if path.name.split(".", 1)[0] in keys:
            try:
                os.link(path, folder / path.name)
            except FileNotFoundError:
                return None
            except OSError:  # a file system without links
                with suppress(FileNotFoundError):
                    shutil.copyfile(path, folder / path.name)
    cache = Cache(folder.absolute(), cursor.key)
    batches: dict[int, list[Batch]] = {}
    for file in cursor.files:
        for segment in file.segments:
            batch = find(cache, segment.key, 1)
            if batch is None:
                return None
            names = {t: [str(cache.folder / n) for n in all_] for t, all_ in batch.tables.items()}
            batches.setdefault(file.number, []).append(replace(batch, tables=names))
    return batches


def _known(order: Order, cursor: Cursor, options: Options) -> Known:
    from reporter.content.workspace import read_workspace

    known = known_content(read_workspace(Path(order.workspace)), options)
    if not order.moves or not cursor.as_of:
        return known
    run = replace(known.workspace.run, as_of=datetime.fromisoformat(cursor.as_of))
    return replace(known, workspace=replace(known.workspace, run=run))


def _whole_files(order: Order, cursor: Cursor, copies: Path) -> list[InputFile]:
    """Return the files that are not followed: without a line that has not ended."""
    found = discover(Path(order.workspace), FOLDERS)
    if order.stdin_path and Path(order.stdin_path).exists():
        found.append(sniff(Path(order.stdin_path), f"{FOLDER}{order.stdin}"))
    places = FilePlaces(copies)
    others = places.find(cursor.files, found)
    return [
        whole
        for file in others
        if (whole := file if places.is_member(file) else _ended(file, copies))
    ]


def _ended(file: InputFile, copies: Path) -> InputFile | None:
    if not file.name.startswith(FOLDER) or file.gzipped or file.format != "jsonl":
        return file
    return whole_lines(file, copies)


def _followed(cursor: Cursor, batches: dict[int, list[Batch]], content: Content) -> Followed:
    """Return what the watch has converted, as `ingest` takes it."""
    sources = {source.id: source for source in content.sources}
    followed = []
    for file in cursor.files:
        if not file.segments:
            continue
        if file.source not in sources:
            raise InputError(
                f"was read as {file.source}, which is no source any more",
                file.name,
                "Put the source back, or begin anew with another --state.",
            )
        # Several pieces have no hash as a whole; two logs that differ have another here too.
        pieces = [piece.sha256 for piece in file.pieces]
        digest = (
            pieces[0] if len(pieces) == 1 else hashlib.sha256(repr(pieces).encode()).hexdigest()
        )
        whole = joined(batches[file.number], file)
        followed.append((choice_of(file, sources[file.source]), whole, digest))
    return followed


def _about(cursor: Cursor, assessment: model.Assessment, view: View) -> About:
    events = [feed.last_at for feed in assessment.feeds if feed.last_at]
    return About(
        as_of=assessment.run.as_of.isoformat(),
        told=cursor.outbox.first + len(cursor.outbox.lines) - 1,
        lines=sum(file.lines for file in cursor.files),
        last_event_at=max(events).isoformat() if events else "",
        language=view.cover.language,
        title=view.cover.title,
        organisation=view.cover.organisation,
        period=view.cover.period,
        accent=view.cover.accent,
        judgement=view.front.judgement,
        score=view.front.score,
        titles={check.id: check.title for check in view.checks},
        places=_places(view),
    )


def _places(view: View) -> dict[str, str]:
    """Return the page of each check's results; of several the first, which has the failures."""
    if view.readiness:
        return {}
    listed = listing(view)
    return {
        check: REPORT if listed.inline or not of_check.files else f"{PAGES}/{of_check.files[0]}"
        for check, of_check in listed.by_check.items()
    }


def _empty_large(folder: Path) -> None:
    """Remove what was converted before, where it has become much."""
    with suppress(FileNotFoundError):
        if sum(path.lstat().st_size for path in folder.iterdir()) > MOST_CACHE:
            shutil.rmtree(folder)
