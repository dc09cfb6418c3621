"""The live page of a watch: who is told what it commits, and answers who asks. In: the committed
state after each round. Out: a page over HTTP, renewed while the watch goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from reporter.content.workspace import read_workspace
from reporter.i18n.translate import say, speaking
from reporter.pipeline.live import live_page, told_changes
from reporter.pipeline.live.live_page import Open, Watched
from reporter.pipeline.live.page_access import Place
from reporter.pipeline.live.page_maker import Page, PageMaker
from reporter.pipeline.live.page_process import PageProcess
from reporter.pipeline.live.page_run import PAGE, Order
from reporter.pipeline.live.page_server import POLICY, Answer, PageServer
from reporter.pipeline.live.told_changes import ToldChanges
from reporter.pipeline.watch import cursor as state
from reporter.report.html.page import code_of, templates_dir
from reporter.system.plain_text import clean

if TYPE_CHECKING:
    from reporter.pipeline.watch.cursor import Cursor, Outbox
    from reporter.pipeline.watch.watching import Setting

HTML, JSON = "text/html; charset=utf-8", "application/json"
LINES = "application/x-ndjson; charset=utf-8"
FONTS = {
    "/regular.woff2": "ReportSans-Regular.woff2",
    "/semibold.woff2": "ReportSans-Semibold.woff2",
}
STYLES, SCRIPTS = ("base.css", "screen.css", "live.css"), ("live.js",)
ICON = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7"'
    b' fill="#5a8fc4"/><path d="M4.5 8.5l2.5 2.5 4.5-5.5" fill="none" stroke="#fff"'
    b' stroke-width="1.8"/></svg>'
)
TIME_ONLY = 600.0
"""Seconds after which a report is made anew where nothing but the time has changed."""
MOST_MEMORY = "512MB"
"""For the engine of a page, unless the watch itself has less."""
_OWN_POLICY = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"\r\n]*)">')
_MAIN = b'<main id="main">'


@dataclass(frozen=True, slots=True)
class Serve:
    """Where the page is served, and how often it is made."""

    place: Place
    token: str
    every: float


class Live:
    """Serves the page of one watch; a context manager."""

    def __init__(
        self,
        serve: Serve,
        setting: Setting,
        cursor: Cursor,
        now: Callable[[], datetime],
        warn: Callable[[str], None],
    ) -> None:
        """Take up what was told and made before.

        Raises InputError where the address cannot be had.
        """
        workspace = read_workspace(setting.workspace)
        self._now, self._time_only_at = now, now()
        self._watched = Watched(
            started_at=now(),
            organisation=clean(workspace.run.organisation) or setting.workspace.name,
            language=workspace.language,
            moves=setting.moves,
            out=str(setting.out or ""),
        )
        committed_at, is_first = self._committed_at(setting), cursor.judged == 1
        self._told = ToldChanges(setting.state / PAGE, cursor.outbox, committed_at, is_first)
        self._maker = PageMaker(_order(setting), serve.every, now, warn, PageProcess)
        self._server = PageServer(serve.place, serve.token, self.answer)
        self.address = serve.place.address(self._server.server_port)
        self._rendered: tuple[object, tuple[str, str]] = None, ("", "")
        if cursor.judged:
            self._watched = _stood(self._watched, cursor)

    def __enter__(self) -> Self:
        self._maker.begin()
        self._server.begin()
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.end()
        self._maker.close()

    def note(
        self,
        cursor: Cursor,
        outbox: Outbox,
        taken: int,
        faults: dict[str, str] | None,
        seconds: float,
        failed_hooks: int,
        is_behind: bool,
    ) -> None:
        """Note a round of the watch, and what it told; `faults` are those of its judgement, None
        where it made none.

        What this costs where nothing was judged is next to nothing: it is called all the time.
        """
        now = self._now()
        watched = replace(
            self._watched, round_at=now, failed_hooks=failed_hooks, is_behind=is_behind
        )
        if faults is not None:
            before = len(self._told.within(now).changes)
            self._told.add(outbox, now, is_first=cursor.judged == 1)
            watched = replace(
                _stood(watched, cursor),
                taken_at=now if taken else watched.taken_at,
                judged_at=now,
                seconds=seconds,
                faults=tuple(sorted((clean(c), clean(why)) for c, why in faults.items())),
            )
            is_changed = taken or len(self._told.within(now).changes) != before
            if is_changed or not watched.moves or self._is_old(now):
                self._time_only_at = now
                self._maker.wake()
        self._watched = watched

    def _is_old(self, now: datetime) -> bool:
        is_late = (now - self._time_only_at).total_seconds() >= TIME_ONLY
        return is_late or not self._maker.made.page

    def _committed_at(self, setting: Setting) -> datetime:
        path = setting.state / state.NAME
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else self._now()

    # ------------------------------------------------------------ what is asked, on other threads

    def answer(self, name: str) -> Answer | None:
        """Return what a name stands for; None where there is none of it."""
        if name in ("/", "/state.json", "/changes.jsonl"):
            return self._of_now(name)
        if name in FONTS:
            return Answer((templates_dir() / "fonts" / FONTS[name]).read_bytes(), "font/woff2")
        if name == "/favicon.ico":  # what browsers ask for by themselves
            return Answer(ICON, "image/svg+xml")
        page = self._maker.made.page
        if name == "/live.js":
            return Answer(code_of(SCRIPTS).encode(), "text/javascript; charset=utf-8")
        if name == "/live.css":
            with speaking(page.about.language if page else self._watched.language):
                style = code_of(STYLES, page.about.accent) if page else code_of(STYLES)
            return Answer(style.encode(), "text/css; charset=utf-8")
        path = page.files.get(name.removeprefix("/")) if page else None
        if page is None or path is None:
            return None
        try:
            return _of_report(page, path)
        except FileNotFoundError:  # two newer ones were made meanwhile
            return None

    def _of_now(self, name: str) -> Answer:
        watched, made, now = self._watched, replace(self._maker.made), self._now()
        told, is_slow = self._told.within(now), live_page.is_slow(self._watched, now)
        if name == "/changes.jsonl":
            return Answer(told_changes.as_lines(told.changes), LINES)
        shown = [c.number for c in (*told.changes[:1], *told.changes[-1:])]
        since = told.complete_since, told.at_first
        key = replace(watched, round_at=None), shown, since, made, is_slow
        last, rendered = self._rendered
        if key != last:
            rendered = live_page.render(watched, told, made, is_slow)
            self._rendered = key, rendered
        if name == "/":
            return Answer(rendered[0].encode(), HTML)
        return Answer(live_page.as_json(watched, told, made, is_slow, rendered[1]), JSON)


def _stood(watched: Watched, cursor: Cursor) -> Watched:
    """Return where a watch stands after a judgement."""
    return replace(
        watched,
        as_of=cursor.as_of,
        lines=sum(file.lines for file in cursor.files),
        open=tuple(
            Open(e.check, e.opened_at, clean(e.subject), e.status == "fail")
            for e in cursor.episodes
        ),
    )


def _order(setting: Setting) -> Order:
    memory = min(setting.options.memory, MOST_MEMORY, key=_bytes)
    return Order(
        workspace=str(setting.workspace.absolute()),
        state=str(setting.state.absolute()),
        number=0,
        memory=memory,
        extra=[str(path.absolute()) for path in setting.options.extra],
        moves=setting.moves,
        stdin=setting.stdin,
        stdin_path=str(setting.stdin_path.absolute()) if setting.stdin else "",
    )


def _bytes(amount: str) -> int:
    from reporter.system.options import in_bytes

    return in_bytes(amount)


def _of_report(page: Page, path: Path) -> Answer:
    """Return a page of the report, with the policy that it has itself and the way back."""
    body = path.read_bytes()
    found = _OWN_POLICY.search(body, 0, 4096)
    with speaking(page.about.language):
        text = say("What changed since this report was made")
    note = f'<p class="small"><a href="/">{text}</a></p>'
    body = body.replace(_MAIN, _MAIN + note.encode("ascii", "xmlcharrefreplace"), 1)
    return Answer(body, HTML, found[1].decode() if found else POLICY)
