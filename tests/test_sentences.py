"""Sentences with values: English in tables, spoken in reports, without secrets and people, the same from the cache."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from reporter.i18n import translate
from reporter.ingest import cache
from reporter.ingest.quarantine import HID_IN_TABLE, has_hidden
from reporter.ingest.readers.records import TOLD, abridged
from reporter.model.sentences import Sentence, joined, labelled, message_of, tell, verbatim

WITHIN = tell("{kind:word} {names} in {n:,} of {share:number}", kind="service_account", names=("a", "b"), n=1234, share="46.1 %")  # fmt: skip
WHOLE = joined(tell("no effect: {why}", why=WITHIN), verbatim("a {brace}"))
SECRET = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dE3fG6"


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {
        ("", "no effect: {why}"): ("ohne Wirkung: {why}",),
        ("", "{one}; {other}"): ("{one} / {other}",),
        ("word", "service account"): ("Dienstkonto",),
    }
    made = translate.Translation("xx", said, lambda n: 0, ".", ",", (), (), "{day}")
    monkeypatch.setattr(translate, "translation", lambda language: made)


def test_a_table_is_english_and_a_report_is_not(spoken: None) -> None:
    english = "no effect: service account a, b in 1,234 of 46.1 %; a {brace}"
    assert WHOLE.translated() == english
    with translate.speaking("xx"):
        assert str(WHOLE) == english
        assert WHOLE.translated() == "ohne Wirkung: Dienstkonto a, b in 1.234 of 46,1 % / a {brace}"


def test_values_change_and_our_own_words_stay() -> None:
    made = WHOLE.changed(lambda value: value.replace("a", "X"))
    assert str(made) == "no effect: service account X, b in 1,234 of 46.1 %; X {brXce}"


def test_a_reason_holds_no_secret_and_is_no_longer_than_somebody_reads() -> None:
    assert SECRET not in str(abridged(labelled("key", SECRET)))
    assert SECRET not in str(abridged(verbatim(f"password={SECRET}")))
    long = abridged(tell("{name} appears twice", name="n" * 5000))
    assert str(long).endswith("… appears twice") and len(str(long)) == TOLD + 1
    many = abridged(tell("{one}; {other}", one="n" * 900, other="m" * 800))
    assert len(str(many)) <= TOLD + 1


def test_an_error_of_ours_is_a_sentence_and_another_is_its_text() -> None:
    assert message_of(ValueError(tell("not an object"))) == tell("not an object")
    assert message_of(OSError(2, "gone")) == "[Errno 2] gone"


def test_the_cache_gives_back_what_it_was_given(tmp_path: Path) -> None:
    kept = cache.open_cache(tmp_path / "c")
    hid = tell("{reason} (and {n} more records like it)", reason=Sentence(HID_IN_TABLE, (("table", "events"),)), n=7)  # fmt: skip
    batch = cache.Batch("s", "k", counts=[cache.Counts()], problems=[(0, 1, "field", WHOLE, ""), (0, 2, "field", hid, "t")])  # fmt: skip
    cache.keep(kept, batch)
    found = cache.find(kept, "k", 1)
    assert found == batch and [has_hidden(why) for _, _, _, why, _ in batch.problems] == [False, True]  # fmt: skip


def test_report_json_gives_back_what_it_was_given() -> None:
    text = msgspec.json.encode(WHOLE)
    assert msgspec.json.decode(text, type=Sentence) == WHOLE
