"""What is written for BigQuery gives in GoogleSQL what DuckDB gives: the probe, with DuckDB's answers and Google's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("zetasql", reason="needs the extra 'googlesql'")

import google_sql

from reporter.engine.elsewhere import Elsewhere, Questions
from reporter.engine.probe import probe
from reporter.engine.translation.dialects import BIGQUERY, END
from reporter.errors import InputError

pytestmark = pytest.mark.deep
PATTERNS = ["REGEXP_EXTRACT(a, '^(.*/)[^/]*$', 1)", "REGEXP_MATCHES(a, '^[[:alpha:]]+$')"]


def _asked(place: Path, answers: Path | None) -> Questions:
    lists = place / "lists"
    lists.mkdir(exist_ok=True)
    questions = Questions(BIGQUERY, "nowhere", answers, lists)
    with Elsewhere(place / f"work-{answers is None}", questions) as engine:
        probe.hold(engine, [PATTERNS])
    return questions


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The answers of GoogleSQL to the probe."""
    place = tmp_path_factory.mktemp("google")
    for key, statement in _asked(place, None).asked.items():
        names = [n for n, _, _ in statement.columns] + [END]
        told = [dict(zip(names, row, strict=True)) for row in google_sql.rows(statement.sql)]
        folder = place / "answers" / key
        folder.mkdir(parents=True)
        text = "".join(json.dumps(row) + "\n" for row in told)
        (folder / "rows.json").write_text(text, encoding="utf-8")
    yield place


def test_google_gives_for_the_probe_what_duckdb_gives(answered: Path) -> None:
    questions = _asked(answered, answered / "answers")
    assert len(questions.taken) == 5 and not questions.asked


def test_one_other_letter_is_seen(answered: Path, tmp_path: Path) -> None:
    changed = tmp_path / "answers"
    for path in sorted((answered / "answers").glob("*/rows.json")):
        (changed / path.parent.name).mkdir(parents=True)
        text = path.read_text(encoding="utf-8")
        (changed / path.parent.name / "rows.json").write_text(
            text.replace("strasse", "straße"), encoding="utf-8"
        )
    with pytest.raises(InputError, match=r"the probe differs: lower\(a\)"):
        _asked(answered, changed)
