"""Results kept small: in files while checks run, then with a number for each text. In: the table
`results`. Out: the same, a tenth of the size.

Most texts stand in many results. As members of a type that lists its texts they are compared and
sorted as numbers, and SQL reads them as texts. A type takes no further texts: nothing is added."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from reporter.engine.base import Engine
from reporter.evaluate.unassessed import FILLED
from reporter.schema.tables import SUBJECTS

_TYPES = {
    "check_id": ("check_id",),
    "status": ("status",),
    "named": ("subject", "actor"),
    "owner": ("owner",),
    "reason_code": ("reason_code",),
    "reason_values": ("reason_values",),
    "ref": ("ref",),
    "waived": ("waived_until", "waiver"),
    "evidence": ("evidence",),
}
"""What texts are -> the columns that hold such."""
RESULTS_TABLE = (
    "CREATE TABLE results (check_id VARCHAR, subject VARCHAR, status VARCHAR, reason_code VARCHAR,"
    " reason_values VARCHAR, ref VARCHAR, actor VARCHAR, owner VARCHAR, tier_lo BIGINT, tier_hi"
    " BIGINT, evidence VARCHAR, waived_until VARCHAR, waiver VARCHAR)"
)
"""The table that checks fill."""
_OWN_TABLE = RESULTS_TABLE.replace("CREATE", "CREATE OR REPLACE TEMP", 1)
_READ_BY_CHECKS = ("grants", "all_approvals", "approved_scope", "actor_rows", "identifiers")


class Aside:
    """A folder for the results of checks, a file each: of 20,000 agents they take 330 MB in memory
    and 20 on disk.
    """

    def __init__(self, folder: Path) -> None:
        """Take an empty folder, or one to be made."""
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self._doubtful: set[str] = set()
        self._files: list[Path] = []
        self._lock = Lock()

    def connection(self, engine: Engine) -> Engine:
        """Return a connection with a table `results` of its own."""
        twin = engine.twin()
        twin.run(_OWN_TABLE)
        return twin

    def add(self, engine: Engine, sql: str) -> None:
        """Lay the rows of a query aside, which has all columns of results."""
        with self._lock:
            path = self.folder / f"{len(self._files)}.parquet"
            self._files.append(path)
        engine.write_parquet(sql, path)

    def take(self, engine: Engine, check: str) -> None:
        """Move the results of a check from the connection's own table to a file."""
        self.add(engine, "SELECT * FROM results")
        if engine.one("SELECT count(*) <> count(DISTINCT subject) FROM results"):
            self._doubtful.add(check)
        engine.run(_OWN_TABLE)  # TRUNCATE leaves the memory taken

    def show(self, engine: Engine) -> set[str]:
        """Make `results` a view of all that was laid aside; return the checks that gave a row
        without a subject, or more than one row for one.
        """
        engine.run("DROP TABLE results")
        engine.show_parquet("results", self._files)
        return self._doubtful


def make_changeable(engine: Engine) -> None:
    """Make `results` a table again where it is a view of files."""
    if _is_view(engine):
        engine.run("CREATE TABLE changeable AS SELECT * FROM results")
        engine.run("DROP VIEW results")
        engine.run("ALTER TABLE changeable RENAME TO results")


def _is_view(engine: Engine) -> bool:
    kind = "SELECT table_type FROM information_schema.tables WHERE table_name = 'results'"
    return bool(engine.one(kind) == "VIEW")


def code_texts(engine: Engine) -> None:
    """Replace the texts in `results` by numbers that stand for them.

    The texts of a type are sorted, so that an order and a minimum are those of the texts.
    """
    types = {column: f"{name}_text" for name, columns in _TYPES.items() for column in columns}
    for name, columns in _TYPES.items():
        texts = " UNION ".join(f"SELECT {c} AS text FROM results" for c in columns)
        engine.run(
            f"CREATE TYPE {name}_text AS ENUM (SELECT text FROM (SELECT DISTINCT text FROM"
            f" ({texts}) AS every) AS texts WHERE text IS NOT NULL ORDER BY text)"
        )
    casts = {c: f"CAST({c} AS {kind})" for c, kind in types.items()}
    # To look up a text is dear, in a type three times as dear as in a join, and most subjects are
    # their own actor.
    engine.run(
        "CREATE TABLE named_codes AS SELECT text, CAST(text AS named_text) AS code FROM (SELECT"
        " unnest(enum_range(CAST(NULL AS named_text))) AS text) AS texts"
    )
    casts["subject"] = "n.code"
    casts["actor"] = f"CASE WHEN actor = subject THEN n.code ELSE {casts['actor']} END"
    casts |= {tier: f"CAST({tier} AS UTINYINT)" for tier in ("tier_lo", "tier_hi")}
    columns = (*FILLED.split(", "), "waived_until", "waiver")
    coded = ", ".join(f"{casts[c]} AS {c}" for c in columns)
    engine.run(
        f"CREATE TABLE coded AS SELECT {coded} FROM results LEFT JOIN named_codes AS n ON n.text ="
        " subject"
    )
    engine.run("DROP TABLE named_codes")
    engine.run(f"DROP {'VIEW' if _is_view(engine) else 'TABLE'} results")
    engine.run("ALTER TABLE coded RENAME TO results")


def drop_read(engine: Engine) -> None:
    """Drop the large tables that only checks and other derived tables read, and the columns of
    loaded actors that nothing reads any more: of 100,000 they take 130 MB.
    """
    for name in (
        *_READ_BY_CHECKS,
        *(f"subjects_{about}" for about, sql in SUBJECTS.items() if sql),
    ):
        engine.run(f"DROP TABLE IF EXISTS {name}")
    engine.run("CREATE OR REPLACE TABLE in_actors AS SELECT actor_id, kind FROM in_actors")
