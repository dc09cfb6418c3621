"""Policies whose text somebody approved as it stands. In: files, what is loaded of them. Out: in
`in_policies`, the record of the change by which a second person approved the very bytes.

Only the content links the two: by a name, title or path anything could be put in their place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from reporter.engine.base import Engine, quoted
from reporter.ingest.readers.files import InputFile, whole
from reporter.schema.tables import PARTIAL, TABLES, columns_of

LARGEST = 1 << 20
"""Bytes of a text that people read before they approve it."""
# On a page that is missing a later change may have written the text anew.
_TEXTS = (
    "CREATE TABLE approved_texts AS SELECT t.file AS text_file, arg_min(c, (c.effective_at,"
    " c.file, c.record)) AS c FROM texts AS t JOIN (SELECT *, string_split(text_ids, ';') AS"
    " blobs FROM in_changes WHERE text_ids IS NOT NULL AND approved_by IS NOT NULL AND source NOT"
    f" IN (SELECT source FROM carried WHERE col = {quoted(PARTIAL)})) AS c ON"
    " list_contains(c.blobs, t.blob) GROUP BY ALL"
)
_BIND = (
    "UPDATE in_policies AS p SET document = p.file || '#' || p.record, approved_by ="
    " c.approved_by, effective_at = CASE WHEN p.effective_at IS NOT NULL THEN"
    " greatest(p.effective_at, c.effective_at) END, recorded_at = c.effective_at, source ="
    " c.source, file = c.file, part = c.part, record = c.record FROM approved_texts AS t WHERE"
    " p.file = t.text_file"
)


def bind(engine: Engine, files: Iterable[InputFile], hashes: Mapping[str, str]) -> None:
    """Let policies be those of the change whose approved files have the very bytes of theirs, as
    Git counts them. They are in force no earlier than the change.

    `hashes` are SHA-256 by name, of what was converted.
    """
    if not engine.one("SELECT count(text_ids) FROM in_changes"):
        return
    names = {n for (n,) in engine.rows("SELECT DISTINCT file FROM in_policies")}
    texts = [
        (file.name, blob)
        for file in files
        if file.name in names and file.size <= LARGEST and not (file.gzipped or file.part)
        for blob in _blobs(file, hashes[file.name])
    ]
    engine.run("CREATE TABLE texts (file VARCHAR, blob VARCHAR)")
    engine.insert("texts", texts)
    engine.run(_TEXTS)
    if engine.one("SELECT count(*) FROM approved_texts"):
        given = engine.rows("SELECT DISTINCT source FROM in_policies WHERE file IN (SELECT"
                            " text_file FROM approved_texts)")  # fmt: skip
        engine.run(_BIND)
        _carry(engine, sorted(s for (s,) in given))
    engine.run("DROP TABLE texts; DROP TABLE approved_texts")


def _blobs(file: InputFile, sha256: str) -> set[str]:
    """Return the ids that Git gives what was converted: as it is, and with the ends of lines that
    it stores.
    """
    content = whole(file, LARGEST)
    if hashlib.sha256(content).hexdigest() != sha256:
        return set()
    stored = {content, content.replace(b"\r\n", b"\n")}
    return {
        hashlib.new(kind, b"blob %d\0" % len(c) + c).hexdigest()
        for c in stored
        for kind in ("sha1", "sha256")
    }


def _carry(engine: Engine, given: list[str]) -> None:
    """Say that the source of the change fills what its rows hold, and a source of texts without a
    row of its own no more than the text.
    """
    for name, _ in columns_of(TABLES["policies"]):
        engine.run(
            f"INSERT INTO carried SELECT DISTINCT source, 'policies', '{name}' FROM in_policies"
            f" WHERE document IS NOT NULL AND {name} IS NOT NULL EXCEPT SELECT * FROM carried"
        )
    for source in given:
        engine.run("INSERT INTO carried VALUES (?, 'policies', 'document')", [source])
        engine.run(
            "DELETE FROM carried WHERE source = ? AND tbl = 'policies' AND col <> 'document' AND"
            " source NOT IN (SELECT source FROM in_policies)",
            [source],
        )
