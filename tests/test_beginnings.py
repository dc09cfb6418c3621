"""A document taken for what its first bytes show becomes what it would have become had all of it been read first."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from test_readers import event, take

from reporter.ingest import load
from reporter.ingest.detect import Choice, recognise
from reporter.ingest.readers.documents import Misjudged

pytestmark = pytest.mark.slow


def _document(first: int, count: int = 60, **more: Any) -> bytes:
    events = [event(n) for n in range(first, first + count)]
    return json.dumps({"events": events, **more}, separators=(",", ":")).encode()


SOUND = _document(0)
ENDS = {
    "cut off": SOUND[:-9],
    "cut off, packed": gzip.compress(SOUND)[:-9],
    "a checksum that is wrong": gzip.compress(SOUND)[:-8] + bytes(8),
    "a key twice in the last record": SOUND[:-3] + b',"tool":"x","tool":"y"}]}',
    "a list of the same name after it": SOUND[:-1] + b',"events":[]}',
    "another list after it": _document(0, records=[{"type": "agent", "actor_id": "a"}]),
    "a field after it": _document(0, nextToken="x"),
    "a blank at the end": SOUND[:-2] + b" ]}",
    "a second document": SOUND + b"\n" + _document(100),
    "other signs than UTF-8 has": SOUND.replace(b'"e59"', b'"e\xff"'),
    "a number of another form": SOUND[:-3] + b',"severity":1E5}]}',
    "something else in the list": SOUND[:-2] + b',7,["x"]]}',
    "signs of an end within a text": SOUND.replace(b'"e40"', b'"},{\\"event_id\\":"'),
    "a list of what begins alike in a record": SOUND[:-3]
    + b',"arguments":[{"event_id":"x"},{"event_id":"y"}]}]}',
    "nobody's records": json.dumps({"events": [{"x": n} for n in range(90)]}).encode(),
    "nobody's records, dense": b'{"events":[%b{"x":1}]}' % (b'{"x":0},' * 90),
    "sound": SOUND,
    "sound, packed": gzip.compress(SOUND),
    "blanks around it": b"\n" + SOUND + b"\n",
    "few records": _document(0, 5),
    "none": b'{"events":[]}',
}


@pytest.mark.parametrize("end", ENDS)
def test_a_document_becomes_the_same_whether_it_is_first_read_to_its_end_or_not(
    end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"a__json": _document(200), "b__json": ENDS[end], "c__json": _document(300)}
    taken = take(tmp_path / "begun", **files)
    again = take(tmp_path / "begun", **files)

    def in_full(*given: Any, by_beginnings: bool) -> list[Choice]:
        return recognise(*given)

    monkeypatch.setattr(load, "recognise", in_full)
    expected = take(tmp_path / "read", **files)
    assert taken == again == expected


def test_no_more_than_its_beginning_is_read_to_recognise_a_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def noted(*given: Any, **more: Any) -> list[Choice]:
        choices = recognise(*given, **more)
        seen.extend(c.seen.only_list for c in choices)
        return choices

    monkeypatch.setattr(load, "recognise", noted)
    assert take(tmp_path, a__json=SOUND, b__json=_document(100, 5)).files["logs/a.json"].kept == 60
    assert seen == ["events", ""]
    seen.clear()
    take(tmp_path, c__json=ENDS["a field after it"])
    assert seen == ["events", "", "events", "", "", ""]


def test_nothing_of_a_document_that_was_misjudged_stays_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reporter.ingest.record_path.PORTION", 5_000)
    monkeypatch.setattr("reporter.ingest.record_path.FLAT_PORTION", 5_000)
    monkeypatch.setattr(load, "recognise", _by_beginnings)
    with pytest.raises(Misjudged):
        take(tmp_path, a__json=SOUND, b__json=SOUND[:-3] + b',"tool":"x","tool":"y"}]}')
    assert not [*(tmp_path / "cache").glob("*.parquet")]


def _by_beginnings(*given: Any, by_beginnings: bool = True) -> list[Choice]:
    return recognise(*given, by_beginnings=True)
