"""The live page of a watch: who may read it, what it says of the last hour, and that it holds nothing up.

In: a made-up state, requests; in the slow tests, the company of fixture_estate. Out: answers over HTTP.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fixture_estate import spoiled
from test_watch import LINES, LOG, append, counted, look, stored  # noqa: F401

from reporter.errors import InputError
from reporter.pipeline.assess import Options, assess_workspace
from reporter.pipeline.live import live_page, page_maker, page_run, page_server, told_changes
from reporter.pipeline.live.live_page import Open, Watched, as_json, render
from reporter.pipeline.live.page_access import Access, Place, place_of, token_of
from reporter.pipeline.live.page_maker import Made, Page, PageMaker
from reporter.pipeline.live.page_process import Answer as Ending
from reporter.pipeline.live.page_process import PageProcess
from reporter.pipeline.live.page_run import About, Order, folder_of, hold
from reporter.pipeline.live.page_server import Answer, PageServer
from reporter.pipeline.live.told_changes import Told, ToldChanges
from reporter.pipeline.watch.cursor import Outbox

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
TOKEN = "a-token-of-more-than-thirty-two-characters"
PAGE = Answer(b"<p>the page</p>", "text/html; charset=utf-8")


def line(number: int, **given: Any) -> str:
    """Write a line of a change."""
    told = {
        "before": "pass",
        "now": "fail",
        "subject": f"agent-{number}",
        "activity": "Create",
        "severity": "High",
        "check": "ENT-05",
        "reason": f"reason <b>{number}</b>",
        "code_before": "",
    } | given
    return json.dumps(
        {
            "activity_name": told["activity"],
            "metadata": {"sequence": number},
            "severity": told["severity"],
            "compliance": {
                "control": told["check"],
                "desc": "Agents act within what they were granted",
                "status_code": told["now"],
                "status_details": [told["reason"]],
            },
            "resources": [{"uid": told["subject"]}],
            "unmapped": {
                "status_before": told["before"],
                "reason_code_before": told["code_before"],
                "reason_code": "code",
            },
        },
        separators=(",", ":"),
    )


def outbox(first: int, n: int) -> Outbox:
    """Return lines as they are committed together."""
    return Outbox(first, [line(number) for number in range(first, first + n)])


# ---------------------------------------------------------------- who may read it


@pytest.fixture
def served() -> Iterator[Callable[..., PageServer]]:
    """Serve a page and nothing else, with a token or without."""
    servers = []

    def serve(token: str = "", host: str = "127.0.0.1") -> PageServer:
        names = {"/": PAGE, "/findings/a+b.html": PAGE}
        servers.append(server := PageServer(Place(host, 0), token, names.get))
        server.begin()
        return server

    yield serve
    for server in servers:
        server.end()


def ask(
    server: PageServer, name: str = "/", method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """Ask for a name as it is written; headers have _ for -."""
    given = {"Host": f"127.0.0.1:{server.server_port}"} | {
        k.replace("_", "-"): v for k, v in headers.items()
    }
    with closing(http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)) as asked:
        asked.putrequest(method, name, skip_host=True)
        for key, value in given.items():
            if value:
                asked.putheader(key, value)
        asked.endheaders()
        answer = asked.getresponse()
        return answer, answer.read()


def test_a_page_comes_with_what_keeps_it_from_others(served: Callable[..., PageServer]) -> None:
    answer, body = ask(served())
    assert (answer.status, body) == (200, PAGE.body)
    assert (
        answer.headers["Content-Security-Policy"] == f"{page_server.POLICY}; frame-ancestors 'none'"
    )
    assert {name: answer.headers[name] for name, _ in page_server._ALWAYS} == dict(
        page_server._ALWAYS
    )
    assert answer.headers["Server"] == "reporter"


def test_the_same_page_is_not_sent_again(served: Callable[..., PageServer]) -> None:
    server = served()
    tag = ask(server)[0].headers["ETag"]
    answer, body = ask(server, If_None_Match=tag)
    assert (answer.status, body, answer.headers["ETag"]) == (304, b"", tag)
    assert ask(server, If_None_Match='"another"')[0].status == 200


def test_a_head_has_no_body(served: Callable[..., PageServer]) -> None:
    answer, body = ask(served(), method="HEAD")
    assert (answer.status, body, answer.headers["Content-Length"]) == (200, b"", "15")


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "X"]
)
def test_nothing_but_reading_is_allowed(served: Callable[..., PageServer], method: str) -> None:
    answer, body = ask(served(), method=method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert PAGE.body not in body


@pytest.mark.parametrize(
    "name",
    [
        "/nothing", "/../cursor.json", "/findings/../../cursor.json", "/%2e%2e/cursor.json", "//cursor.json",
        "/findings/", "/findings", "/..%2fcursor.json", "/\\..\\cursor.json", "/findings/a b.html", "http://127.0.0.1/",
    ],
)  # fmt: skip
def test_only_names_that_are_known_are_answered(
    served: Callable[..., PageServer], name: str
) -> None:
    server = served()
    request = f"GET {name} HTTP/1.0\r\nHost: localhost:{server.server_port}\r\n\r\n"
    assert spoken(server, request.encode()).startswith((b"HTTP/1.0 404", b"HTTP/1.0 400"))
    assert ask(server, "/findings/a+b.html?x=1")[0].status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("LOCALHOST:{port}", 200),
        ("[::1]:{port}", 200),
        ("evil.example:{port}", 421),
        ("127.0.0.1", 421),
        ("localhost:1", 421),
        ("", 421),
    ],
)
def test_a_request_without_a_token_has_to_name_this_machine(
    served: Callable[..., PageServer], host: str, status: int
) -> None:
    server = served()
    assert ask(server, Host=host.format(port=server.server_port))[0].status == status


def test_of_two_hosts_none_counts(served: Callable[..., PageServer]) -> None:
    server = served()
    request = f"GET / HTTP/1.1\r\nHost: localhost:{server.server_port}\r\nHost: evil\r\n\r\n"
    assert spoken(server, request.encode()).startswith(b"HTTP/1.0 421")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Authorization": f"bearer  {TOKEN} "}, 200),
        ({"Authorization": f"Bearer {TOKEN}x"}, 401),
        ({"Authorization": f"Bearer {TOKEN[:-1]}"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": "Bearer \xff"}, 401),
        ({"Cookie": f"reporter={TOKEN}"}, 401),
        ({"Cookie": "=;;="}, 401),
    ],
)
def test_a_page_with_a_token_is_for_who_shows_it(
    served: Callable[..., PageServer], headers: dict[str, str], status: int
) -> None:
    answer, body = ask(served(TOKEN), **headers)
    assert answer.status == status
    assert (body == PAGE.body) == (status == 200)


@pytest.mark.parametrize("site", ["none", "same-origin", "cross-site"])
def test_a_token_in_the_address_becomes_a_cookie(
    served: Callable[..., PageServer], site: str
) -> None:
    server = served(TOKEN)
    answer, body = ask(server, f"/?token={TOKEN}", Sec_Fetch_Site=site, X_Forwarded_Proto="https")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict; Secure")
    assert TOKEN not in cookie and TOKEN.encode() not in body
    if (
        site == "cross-site"
    ):  # a redirect would still be the other site's, and go without the cookie
        assert answer.status == 200 and b'content="0;url=/"' in body
    else:
        assert (answer.status, answer.headers["Location"]) == (303, "/")
    pair = cookie.partition(";")[0]
    assert ask(server, Cookie=f"other=1; {pair}")[1] == PAGE.body
    assert ask(server, Cookie=pair[:-1])[0].status == 401
    assert ask(server, "/?token=another", Cookie=pair)[0].status == 200


def test_a_token_is_asked_before_a_name_is_told(served: Callable[..., PageServer]) -> None:
    assert ask(served(TOKEN), "/nothing")[0].status == 401


def test_nothing_of_a_request_is_logged(
    served: Callable[..., PageServer], capfd: pytest.CaptureFixture[str]
) -> None:
    server = served(TOKEN)
    ask(server, f"/?token={TOKEN}")
    spoken(server, b"GARBAGE\x00\xff\r\n\r\n")
    assert capfd.readouterr() == ("", "")


def spoken(server: PageServer, data: bytes) -> bytes:
    """Send bytes, and return all that comes back."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as talk:
        talk.sendall(data)
        found = b""
        while more := talk.recv(1 << 16):
            found += more
        return found


@pytest.mark.parametrize(
    "data",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.0\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /\r\n\r\n",
    ],
    ids=["no request", "no version", "a long name", "many headers", "TLS", "HTTP/0.9"],
)
def test_what_is_no_request_is_refused_and_the_next_is_answered(
    served: Callable[..., PageServer], data: bytes
) -> None:
    server = served()
    assert PAGE.body not in spoken(server, data)
    assert ask(server)[1] == PAGE.body


def test_slow_clients_make_room_and_are_let_go(
    served: Callable[..., PageServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_server, "CONNECTIONS", 4)
    monkeypatch.setattr(page_server, "TO_ASK", 1.0)
    server = served()
    slow = [socket.create_connection(("127.0.0.1", server.server_port)) for _ in range(12)]
    for each in slow[-3:]:
        each.sendall(b"GET / HTTP/1.0\r\nHost: ")
    began = time.monotonic()
    for _ in range(20):
        assert ask(server)[1] == PAGE.body
    assert time.monotonic() - began < 4
    assert threading.active_count() < 20
    for each in slow:
        each.settimeout(5)
        assert each.recv(1) == b""  # closed by the server
        each.close()


def test_many_who_ask_at_once_are_all_answered(served: Callable[..., PageServer]) -> None:
    server = served()
    with ThreadPoolExecutor(50) as pool:
        answers = [*pool.map(lambda _: ask(server)[1], range(200))]
    assert answers == [PAGE.body] * 200


def test_who_asks_and_does_not_read_makes_room(
    served: Callable[..., PageServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_server, "CONNECTIONS", 4)
    monkeypatch.setattr(page_server, "AT_LEAST_TO_ANSWER", 0.3)
    server = served()
    server.answers = {"/": PAGE, "/long": Answer(b"x" * (32 << 20), PAGE.kind)}.get
    request = f"GET /long HTTP/1.0\r\nHost: localhost:{server.server_port}\r\n\r\n".encode()
    slow = [socket.create_connection(("127.0.0.1", server.server_port)) for _ in range(4)]
    for each in slow:
        each.sendall(request)
        assert each.recv(1) == b"H"
    assert ask(server)[1] == PAGE.body
    for each in slow:
        each.close()


def test_a_request_that_drips_is_let_go(
    served: Callable[..., PageServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_server, "TO_ASK", 0.5)
    began = time.monotonic()
    place = "127.0.0.1", served().server_port
    with socket.create_connection(place, timeout=5) as talk, pytest.raises(OSError):
        while time.monotonic() < began + 5:
            talk.sendall(b"G")
            time.sleep(0.05)
    assert time.monotonic() - began < 3


def test_no_more_is_read_than_a_request_may_have(served: Callable[..., PageServer]) -> None:
    server = served()
    long = b"a: " + b"b" * 60_000 + b"\r\n"
    request = f"GET / HTTP/1.0\r\nHost: localhost:{server.server_port}\r\n".encode()
    assert spoken(server, request + long + b"\r\n").startswith(b"HTTP/1.0 200")
    assert spoken(server, request + long * 3 + b"\r\n").startswith(b"HTTP/1.0 431")


def test_a_long_cookie_costs_nothing() -> None:
    access = Access(TOKEN, 1)
    began = time.process_time()
    assert not access.is_let_in("", f'{access.cookie}="' + "\\a" * 30_000 + '"')
    assert not access.is_let_in("", f"{access.cookie}=;" * 6_000)
    assert time.process_time() - began < 0.5
    assert access.is_let_in("", f"a=1;{access.cookie}=x; {access.cookie}={access.pass_} ;b")


def test_it_is_reached_under_ipv6(served: Callable[..., PageServer]) -> None:
    try:
        server = served("", "::1")
    except InputError:
        pytest.skip("no IPv6 here")
    with closing(http.client.HTTPConnection("::1", server.server_port, timeout=5)) as asked:
        asked.request("GET", "/")
        assert asked.getresponse().read() == PAGE.body


def test_a_port_that_is_taken_is_named(served: Callable[..., PageServer]) -> None:
    port = served().server_port
    with pytest.raises(InputError, match="no page can be served there") as failed:
        PageServer(Place(port=port), "", {}.get)
    assert failed.value.place == f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("8137", Place()),
        ("0", Place(port=0)),
        ("localhost:80", Place(port=80)),
        ("0.0.0.0:8137", Place("0.0.0.0")),
        ("[::1]:9", Place("::1", 9)),
    ],
)
def test_a_place_is_a_port_or_an_address_and_a_port(text: str, place: Place) -> None:
    assert place_of(text) == place


@pytest.mark.parametrize(
    "text", ["", "x", ":8137", "host.example:8137", "::1:8137", "70000", "1.2.3:4", "-1"]
)
def test_another_place_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no place"):
        place_of(text)


def test_who_serves_to_other_machines_needs_a_good_token(tmp_path: Path) -> None:
    file, open_ = tmp_path / "token", Place("0.0.0.0")
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    assert token_of(open_, file, "") == token_of(open_, None, TOKEN) == TOKEN
    assert token_of(Place(), None, "") == ""
    with pytest.raises(InputError, match="no token is given"):
        token_of(open_, None, "")
    for bad in ("short", "x" * 31, f"{TOKEN} {TOKEN}", "ü" * 40):
        with pytest.raises(InputError, match="is no token of at least 32"):
            token_of(Place(), None, bad)
    file.chmod(0o604)
    with pytest.raises(InputError, match="everyone on this machine"):
        token_of(open_, file, "")


def test_the_address_that_is_listened_on_is_a_name_of_this_machine() -> None:
    assert Access("", 8137, "127.0.0.2").is_named_here("127.0.0.2:8137")
    assert not Access("", 8137).is_named_here("127.0.0.2:8137")
    assert Access("", 80).is_named_here("localhost") and not Access("", 81).is_named_here(
        "localhost"
    )


def test_pages_on_two_ports_have_cookies_of_their_own() -> None:
    assert Access(TOKEN, 1).cookie != Access(TOKEN, 2).cookie
    assert Access(TOKEN, 1).pass_ != Access(f"{TOKEN}x", 1).pass_


# ---------------------------------------------------------------- what changed in the last hour


def test_changes_of_the_last_hour_survive_a_restart_and_older_ones_go(tmp_path: Path) -> None:
    kept = ToldChanges(tmp_path, outbox(1, 0), NOW)
    kept.add(outbox(1, 2), NOW)
    kept.add(outbox(3, 1), NOW + timedelta(minutes=40))
    again = ToldChanges(tmp_path, outbox(3, 1), NOW + timedelta(minutes=41))
    for each in (kept, again):
        told = each.within(NOW + timedelta(minutes=59))
        assert [c.number for c in told.changes] == [1, 2, 3]
        assert (told.changes[2].told_at, told.complete_since) == (NOW + timedelta(minutes=40), None)
        assert [c.number for c in each.within(NOW + timedelta(minutes=60)).changes] == [3]
    again.add(outbox(4, 0), NOW + timedelta(minutes=70))
    later = ToldChanges(tmp_path, outbox(4, 0), NOW + timedelta(minutes=70))
    assert [c.number for c in later.within(NOW).changes] == [3]


def test_what_was_committed_just_before_a_crash_is_told_with_the_time_of_the_commit(
    tmp_path: Path,
) -> None:
    ToldChanges(tmp_path, outbox(1, 1), NOW)
    kept = ToldChanges(tmp_path, outbox(2, 2), NOW + timedelta(minutes=5))
    told = kept.within(NOW + timedelta(minutes=30))
    assert [(c.number, c.told_at.minute) for c in told.changes] == [(1, 0), (2, 5), (3, 5)]
    assert told.complete_since is None


def test_a_gap_is_said(tmp_path: Path) -> None:
    ToldChanges(tmp_path, outbox(1, 1), NOW)
    kept = ToldChanges(tmp_path, outbox(7, 1), NOW + timedelta(minutes=5))
    assert kept.within(NOW + timedelta(minutes=6)).complete_since == NOW + timedelta(minutes=5)
    assert kept.within(NOW + timedelta(minutes=70)).complete_since is None


def test_a_line_that_was_cut_costs_only_itself(tmp_path: Path) -> None:
    kept = ToldChanges(tmp_path, outbox(1, 1), NOW)
    kept.add(outbox(2, 2), NOW)
    path = tmp_path / told_changes.NAME
    path.write_bytes(path.read_bytes()[:-30])
    again = ToldChanges(tmp_path, outbox(2, 2), NOW)
    assert [c.number for c in again.within(NOW).changes] == [1, 2, 3]


@pytest.mark.parametrize("text", [b"", b"no json\n", b'{"last": 3}\n'])
def test_a_file_that_cannot_be_read_is_begun_anew(tmp_path: Path, text: bytes) -> None:
    (tmp_path / told_changes.NAME).write_bytes(text)
    told = ToldChanges(tmp_path, outbox(4, 1), NOW).within(NOW)
    assert ([c.number for c in told.changes], told.complete_since) == ([4], NOW)


def test_no_more_are_kept_than_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told_changes, "MOST", 10)
    kept = ToldChanges(tmp_path, outbox(1, 0), NOW)
    for n in range(20):
        kept.add(outbox(1 + 3 * n, 3), NOW + timedelta(seconds=n))
    told = kept.within(NOW + timedelta(minutes=1))
    assert [c.number for c in told.changes] == [*range(51, 61)]
    assert told.complete_since == NOW + timedelta(seconds=16)
    assert (tmp_path / told_changes.NAME).read_bytes().count(b"\n") <= 41
    assert ToldChanges(tmp_path, outbox(60, 1), NOW).within(NOW) == told


def test_all_changes_are_json_lines_as_they_were_told(tmp_path: Path) -> None:
    told = ToldChanges(tmp_path, outbox(1, 3), NOW).within(NOW)
    lines = told_changes.as_lines(told.changes).splitlines()
    assert [json.loads(text)["finding"] for text in lines] == [
        json.loads(line(n)) for n in (1, 2, 3)
    ]
    assert {json.loads(text)["told_at"] for text in lines} == {"2026-11-29T12:00:00Z"}


# ---------------------------------------------------------------- what the page says


ABOUT = About(
    "2026-10-01T00:00:00", 2, 40, "2026-09-30T23:00:00", "en", "Report", "Good Company", "a quarter",
    "#0f4c81", "Level 1 of 5.", "40 %", {"ENT-05": "Agents act within what they were granted"},
    {"ENT-05": "report.html"},
)  # fmt: skip
WATCHED = Watched(
    NOW, "Good Company", "en", as_of="2026-10-01T00:00:00", lines=41, judged_at=NOW, seconds=7.2,
    open=(Open("ENT-05", "2026-09-30T00:00:00", "agent-1"), Open("ENT-05", "2026-10-01T00:00:00", "agent-2")),
)  # fmt: skip


@pytest.fixture
def told(tmp_path: Path) -> Told:
    kept = ToldChanges(tmp_path, outbox(1, 2), NOW - timedelta(minutes=1))
    kept.add(outbox(3, 1), NOW)
    return kept.within(NOW)


def made(**given: Any) -> Made:
    """Return a report that was made, and what became of the next."""
    return Made(Page(1, NOW, msgspec.structs.replace(ABOUT, **given), {}))


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def test_the_page_lists_changes_the_newest_first_and_leads_to_the_result(told: Told) -> None:
    page, _ = render(WATCHED, told, made(), False)
    assert re.findall(r'id="c-(\d+)"', page) == ["3", "1", "2"]
    assert 'href="/report.html#v-ENT-05-' in page
    text = text_of(page)
    assert "3 results changed; the newest first." in text
    assert "pass now: fail" in text and "one change is newer" in text
    assert "2 failures of one check are open." in text
    assert "reason &lt;b&gt;3&lt;/b&gt;" in page


def test_the_page_speaks_the_language_of_the_report(told: Told) -> None:
    page, _ = render(WATCHED, told, made(language="de"), False)
    assert '<html lang="de">' in page and "Änderungen der letzten Stunde" in page
    assert "nicht erfüllt" in page and "What changed" not in page
    assert "Noch ist nichts geprüft." in render(replace(WATCHED, as_of="", language="de"), Told((), None), Made(), False)[0]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "state", "slow", "said"),
    [
        ({"is_behind": True}, Made(), False, "The watch is behind."),
        ({}, Made(), True, "The watch has been judging since 2026-11-29 12:00:00 UTC."),
        ({}, Made(problem="no room", failed_at=NOW), False, "could not be made at 2026-11-29 12:00:00 UTC: no room"),
        ({"faults": (("ENT-05", "it broke"),)}, Made(), False, "ENT-05 could not be run: it broke"),
        ({"failed_hooks": 3}, Made(), False, "Hooks could not be told of 3 changes."),
        ({"as_of": ""}, Made(), False, "Nothing has been judged yet."),
        ({}, Made(working_since=NOW), False, "The first one is being made since 2026-11-29 12:00:00 UTC."),
    ],
)  # fmt: skip
def test_the_page_says_what_is_wrong(
    given: dict[str, Any], state: Made, slow: bool, said: str
) -> None:
    page, _ = render(replace(WATCHED, judged_at=None, **given), Told((), None), state, slow)
    assert said in text_of(page)
    assert said not in text_of(render(WATCHED, Told((), None), made(), False)[0])


def test_a_gap_leads_to_the_file_that_has_all(told: Told) -> None:
    short = replace(told, complete_since=NOW)
    page = render(replace(WATCHED, out="/var/log/all.jsonl"), short, made(), False)[0]
    assert "Only changes told since 2026-11-29 12:00:00 UTC are listed" in page
    assert "All are in /var/log/all.jsonl." in page
    assert "All are in" not in render(WATCHED, short, made(), False)[0]


def test_of_many_changes_the_newest_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(live_page, "SHOWN", 2)
    kept = ToldChanges(tmp_path, outbox(1, 4), NOW - timedelta(minutes=1))
    kept.add(outbox(5, 1), NOW)
    told = kept.within(NOW)
    page = render(WATCHED, told, made(), False)[0]
    assert re.findall(r'id="c-(\d+)"', page) == ["5", "1"]
    assert "5 results changed; the newest 2 are listed." in page and 'href="/changes.jsonl"' in page


@pytest.mark.parametrize(
    ("as_of", "age"),
    [
        ("2026-09-30T00:01:00", "(for one minute)"),
        ("2026-09-30T01:59:00", "(for 119 minutes)"),
        ("2026-10-01T23:00:00", "(for 47 hours)"),
        ("2026-10-04T00:00:00", "(for 4 days)"),
    ],
)
def test_open_failures_have_an_age_where_time_goes_on(as_of: str, age: str) -> None:
    watched = replace(WATCHED, moves=True, as_of=as_of)
    assert age in render(watched, Told((), None), made(), False)[0]
    assert "(for" not in render(replace(watched, moves=False), Told((), None), made(), False)[0]


def test_the_version_changes_with_what_the_page_says(told: Told) -> None:
    first = render(WATCHED, told, made(), False)
    assert first == render(WATCHED, told, made(), False)
    others = [
        render(replace(WATCHED, lines=42), told, made(), False),
        render(WATCHED, replace(told, changes=told.changes[1:]), made(), False),
        render(WATCHED, told, replace(made(), problem="x"), False),
    ]
    assert len({version for _, version in (first, *others)}) == 4
    state = json.loads(as_json(WATCHED, told, made(), False, first[1]))
    assert (state["version"], state["changes_last_hour"], state["open_failures"]) == (
        first[1],
        3,
        2,
    )
    assert state["report"]["lines"] == 40


# ---------------------------------------------------------------- when a page is made


class Making:
    """Stands for the process that makes a page: it ends as it is told to."""

    def __init__(self, order: Order, endings: list[str]) -> None:
        self.order, self.problem = order, endings.pop(0) if endings else ""

    def answer(self) -> Ending:
        if self.problem:
            return Ending(problem=self.problem)
        folder = folder_of(Path(self.order.state), self.order.number)
        (folder / page_run.RUN / "findings").mkdir(parents=True)
        for name in ("report.html", "findings/index.html", "report.json"):
            (folder / page_run.RUN / name).write_text(str(self.order.number))
        (folder / page_run.ABOUT).write_bytes(msgspec.json.encode(ABOUT))
        return Ending(str(folder))

    def end(self) -> None:
        """Nothing is running."""


def making(state: Path, every: float, *endings: str) -> tuple[PageMaker, list[str]]:
    """Return what makes pages in a state, and what it warns of."""
    warned: list[str] = []
    left = list(endings)
    order = Order(str(state), str(state), 0, "1GB")
    return PageMaker(order, every, lambda: NOW, warned.append, lambda o: Making(o, left)), warned


def until(true: Callable[[], Any], seconds: float = 10) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never was so"
        time.sleep(0.02)


def number(maker: PageMaker) -> int:
    return maker.made.page.number if maker.made.page else 0


def test_a_page_is_made_when_something_changed_and_two_are_kept(tmp_path: Path) -> None:
    maker, _ = making(tmp_path, 0.05)
    maker.begin()
    for n in (1, 2, 3):
        time.sleep(0.1)
        assert number(maker) == n - 1
        maker.wake()
        until(lambda n=n: number(maker) == n)
    maker.close()
    assert maker.made.page
    assert sorted(maker.made.page.files) == ["findings/index.html", "report.html"]
    assert [p.name for p in sorted((tmp_path / "page").iterdir())] == ["00000002", "00000003"]
    again, _ = making(tmp_path, 1)
    again.begin()
    assert number(again) == 3
    again.close()


def test_pages_are_not_made_more_often_than_asked(tmp_path: Path) -> None:
    maker, _ = making(tmp_path, 0.6)
    maker.begin()
    began = time.monotonic()
    while time.monotonic() - began < 1.5:
        maker.wake()
        time.sleep(0.01)
    maker.close()
    assert number(maker) in (2, 3)


def test_a_page_that_failed_is_tried_again_and_the_last_one_stays(tmp_path: Path) -> None:
    maker, warned = making(tmp_path, 0.02, "", "no room\n  Make some.", "")
    maker.begin()
    maker.wake()
    until(lambda: number(maker) == 1)
    maker.wake()
    until(lambda: warned)
    assert number(maker) == 1 and maker.made.failed_at in (NOW, None)
    until(lambda: number(maker) == 2)
    assert maker.made.problem == ""
    assert warned == ["the page could not be made: no room Make some."]
    maker.close()


def test_a_damaged_page_is_passed_over(tmp_path: Path) -> None:
    for n in (1, 2):
        Making(Order(str(tmp_path), str(tmp_path), n, "1GB"), []).answer()
    (folder_of(tmp_path, 2) / page_run.ABOUT).write_text("{")
    maker, _ = making(tmp_path, 1)
    maker.begin()
    assert number(maker) == 1
    maker.close()
    assert page_maker.KEPT == 2


def test_a_process_that_fails_says_why(tmp_path: Path) -> None:
    order = Order(str(tmp_path / "nowhere"), str(tmp_path), 1, "512MB")
    answer = PageProcess(order).answer()
    assert "nothing has been judged yet" in answer.problem
    assert not folder_of(tmp_path, 1).exists()
    assert [*(tmp_path / "page").glob(".*")] == []


# ---------------------------------------------------------------- what the page is made of


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """A workspace with a log that is followed."""
    folder = spoiled().write(tmp_path / "company")
    (folder / LOG).write_bytes(b"".join(LINES))
    return folder


@pytest.mark.usefixtures("counted")
def test_lines_are_held_while_the_watch_puts_them_together(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, _ = look(company)
    state, held = company.parent / "state", company.parent / "held"
    held.mkdir()
    linked, tries = page_run._linked, []

    def gone(*given: Any) -> Any:
        tries.append(given)
        if len(tries) > 1:
            return linked(*given)
        path = state / "cursor.json"
        path.write_bytes(path.read_bytes() + b" ")  # the watch commits another
        return None

    monkeypatch.setattr(page_run, "_linked", gone)
    cursor, batches = hold(state, held)
    assert len(tries) == 2 and cursor.files[0].lines == len(LINES)
    for path in (state / "segments").iterdir():
        path.unlink()
    (batch,) = batches[cursor.files[0].number]
    assert all(Path(n).stat().st_size for names in batch.tables.values() for n in names)
    assert batch.counts[0].read == watch.cursor.files[0].lines


@pytest.mark.usefixtures("counted")
def test_damaged_lines_make_no_page(company: Path) -> None:
    look(company)
    state, held = company.parent / "state", company.parent / "held"
    held.mkdir()
    (parquet, *_) = (state / "segments").glob("*.parquet")
    parquet.write_bytes(parquet.read_bytes()[:-1] + b"\0")
    with pytest.raises(InputError, match="are not as it kept them"):
        hold(state, held)


@pytest.mark.slow
def test_the_report_of_a_page_is_that_of_an_assessment(company: Path) -> None:
    append(company / LOG, b"no json\n" + LINES[0][:40])
    look(company)
    state = company.parent / "state"
    answer = PageProcess(Order(str(company), str(state), 1, "512MB")).answer()
    assert answer.problem == ""
    run = Path(answer.folder) / page_run.RUN
    with (company / LOG).open("rb+") as log:
        log.truncate(log.seek(0, os.SEEK_END) - 40)
    expected = company.parent / "run"
    assess_workspace(company, expected, Options(formats=("html",)))
    assert stored(run) == stored(expected)
    read = [
        sorted((f["file"], f["read"], f["kept"], f["unreadable"]) for f in json.loads((r / "manifest.json").read_text())["inputs"])
        for r in (run, expected)
    ]  # fmt: skip
    assert read[0] == read[1]
    page = (run / "report.html").read_text()
    about = msgspec.json.decode((run.parent / page_run.ABOUT).read_bytes(), type=About)
    assert about.judgement in page and about.lines == len(LINES) + 1
    check, place = next(iter(about.places.items()))
    assert place == "report.html" and f'id="v-{check}-' in page
    assert {p.name for p in (state / "page").iterdir()} == {"00000001", "cache"}


@pytest.fixture
def serving(company: Path, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Start a watch that serves its page; return the address."""
    started = []

    def start(*words: str) -> str:
        command = [sys.executable, "-m", "reporter", "watch", str(company), "--state"]
        command += [
            str(company.parent / "state"),
            "--out",
            str(company.parent / "out.jsonl"),
            *words,
        ]
        with (tmp_path / "log").open("wb") as log:
            started.append(subprocess.Popen(command, stderr=log, start_new_session=True))
        until(lambda: b"the page is at" in (tmp_path / "log").read_bytes(), 60)
        return (tmp_path / "log").read_text().rpartition("the page is at ")[2].split()[0]

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    until(lambda: not subprocess.run(["pgrep", "-f", str(company)], capture_output=True).stdout, 30)


def got(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.read().decode()


@pytest.mark.slow
def test_a_line_shows_on_the_page_within_a_minute_and_in_the_report(
    company: Path, serving: Callable[..., str]
) -> None:
    address = serving("--serve", "127.0.0.1:0", "--serve-every", "1")
    until(lambda: json.loads(got(f"{address}state.json"))["report"], 240)
    before = json.loads(got(f"{address}state.json"))
    stranger = json.loads(LINES[-1]) | {"event_id": "ev-stranger", "actor_id": "agent-stranger"}
    stranger.pop("principal_id", None)
    began = time.monotonic()
    append(company / LOG, json.dumps(stranger).encode() + b"\n")
    until(lambda: "agent-stranger" in got(address), 120)
    assert time.monotonic() - began < 60
    until(lambda: json.loads(got(f"{address}state.json"))["report"]["lines"] > before["lines"], 120)
    page, report = got(address), got(f"{address}report.html")
    links = re.findall(r'href="/(report\.html#(v-INV-02-\w+))"', page)
    assert any(f'id="{anchor}"' in report for _, anchor in links)
    assert "What changed since this report was made" in report
    lines = [json.loads(text) for text in got(f"{address}changes.jsonl").splitlines()]
    out = [json.loads(text) for text in (company.parent / "out.jsonl").read_text().splitlines()]
    assert [entry["finding"] for entry in lines] == out
