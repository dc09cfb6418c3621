"""Read a check. In: its YAML file. Out: the check."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reporter.content.yaml import Fields, fields
from reporter.errors import ContentError
from reporter.model.assessment import SEVERITIES, SHOWS, Check
from reporter.model.reasons import CHECK_STATUSES, ENGINE, parsed
from reporter.schema.tables import SUBJECTS, TABLES
from reporter.schema.vocabulary import EVIDENCE

EXAMPLES = "examples"
_CHECK_KEYS = (
    *("id", "title", "headline", "why", "about", "severity", "level", "evidence", "shows"),
    *(
        "demands",
        "misuse",
        "needs",
        "fails_without",
        "at_best",
        "without_logs",
        "scope",
        "record_only",
    ),
    *("params", "sql", "reasons", "words", "compensated_by", "fix", "fix_listed", EXAMPLES),
)


def read_check(path: Path, examples: bool = True) -> Check:
    """Read one check file, perhaps without its examples, which stand last.

    Raises ContentError where a field is missing or wrong.
    """
    check_file = fields(path, until="" if examples else EXAMPLES)
    check_file.only(*_CHECK_KEYS)
    check_id = check_file.get("id", str)
    if not path.name.startswith(check_id):
        raise ContentError(
            f"the file of check {check_id} must be named {check_id}-....yml", check_file.place("id")
        )
    _one_of(check_file, "severity", SEVERITIES)
    _one_of(check_file, "about", tuple(SUBJECTS))
    _one_of(check_file, "evidence", ("inventory", "logs", "both"))
    if "shows" in check_file.data:
        _one_of(check_file, "shows", SHOWS)
    if check_file.get("level", int) not in (1, 2, 3, 4, 5):
        raise ContentError("'level' must be 1 to 5", check_file.place("level"))
    needs, fails_without = (_columns(check_file, key) for key in ("needs", "fails_without"))
    return Check(
        id=check_id,
        title=check_file.get("title", str),
        why=check_file.get("why", str).strip(),
        about=check_file.get("about", str),
        severity=check_file.get("severity", str),
        level=check_file.get("level", int),
        evidence=check_file.get("evidence", str),
        sql=check_file.get("sql", str),
        compensated_by=tuple(map(str, check_file.get("compensated_by", list, []))),
        fix=check_file.get("fix", str).strip(),
        place=check_file.place("sql"),
        needs=needs,
        fails_without=fails_without,
        at_best=check_file.get("at_best", dict, {}),
        demands=_demands(check_file),
        without_logs=tuple(map(str, check_file.get("without_logs", list, []))),
        scope=_columns(check_file, "scope"),
        record_only=tuple(map(str, check_file.get("record_only", list, []))),
        misuse=check_file.get("misuse", bool, False),
        params=check_file.get("params", dict, {}),
        shows=check_file.get("shows", str, ""),
        headline=check_file.get("headline", str, ""),
        reasons=_reasons(check_file),
        words=_texts(check_file.get("words", dict, {}), "words", check_file),
        fix_listed=check_file.get("fix_listed", str, "").strip(),
        examples=tuple(check_file.get(EXAMPLES, list) if examples else ()),
    )


def _demands(file: Fields) -> dict[str, dict[str, str]]:
    """Read which class of evidence a pass demands in a column, by reason code."""
    demands: dict[str, dict[str, str]] = file.get("demands", dict, {})
    passes, place = file.get("reasons", dict, {}).get("pass", {}), file.place("demands")
    for code, columns in demands.items():
        _known_columns(columns, "demands", place)
        tables = {name.partition(".")[0] for name in columns}
        if code not in passes or tables & {"actors", "events"}:
            raise ContentError(
                f"demands: {code!r} is not a pass, or asks of actors or events", place
            )
        if wrong := set(columns.values()) - set(EVIDENCE[1:]):
            raise ContentError(f"demands: no class {', '.join(map(str, wrong))}", place)
    return demands


def _reasons(file: Fields) -> dict[str, dict[str, str]]:
    """Read the sentences of a check by status and reason code; a status alone is its own code."""
    reasons = file.get("reasons", dict, {})
    place = file.place("reasons")
    for status in reasons:
        if status not in CHECK_STATUSES:
            raise ContentError(
                f"reasons: no status {status!r}", place, f"Known: {', '.join(CHECK_STATUSES)}."
            )
    texts = {
        status: _texts(
            sentences if isinstance(sentences, dict) else {status: sentences},
            f"reasons: {status}",
            file,
        )
        for status, sentences in reasons.items()
    }
    codes = [code for sentences in texts.values() for code in sentences]
    for code in codes:
        if codes.count(code) > 1:
            raise ContentError(f"reasons: {code!r} is under two statuses", place)
        if code in ENGINE and code not in CHECK_STATUSES:
            raise ContentError(
                f"reasons: {code!r} is a code of the engine's own", place, "Call it otherwise."
            )
    for sentences in texts.values():
        for code, text in sentences.items():
            try:
                parsed(text)
            except ValueError as error:
                raise ContentError(f"reasons: {code}: {error}", place) from error
    return texts


def _texts(texts: dict[str, Any], label: str, file: Fields) -> dict[str, str]:
    """Read names and their texts."""
    for name, text in texts.items():
        if not isinstance(name, str):
            raise ContentError(
                f"{label}: a name must be text, not {str(name).lower()}",
                file.place(label.split(":")[0]),
                "YAML reads yes, no, on and off as true and false: write it in quotes.",
            )
        if not isinstance(text, str):
            raise ContentError(
                f"{label}: {name!r} must be text",
                file.place(label.split(":")[0]),
                "Write it in quotes.",
            )
    return {str(name): text.strip() for name, text in texts.items()}


def _columns(file: Fields, key: str) -> tuple[str, ...]:
    """Read a list of columns, each as table.column."""
    names = tuple(file.get(key, list, []))
    _known_columns(names, key, file.place(key))
    return names


def _known_columns(names: Iterable[str], key: str, place: str) -> None:
    for name in names:
        table, _, column = str(name).partition(".")
        if table not in TABLES or column not in {c.name for c in TABLES[table].columns}:
            raise ContentError(f"{key}: no column {name!r}", place)


def _one_of(file: Fields, key: str, allowed: tuple[str, ...]) -> None:
    if file.get(key, str) not in allowed:
        raise ContentError(
            f"{key!r} is {file.data[key]!r}; expected one of {', '.join(allowed)}", file.place(key)
        )
