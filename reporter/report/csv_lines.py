"""Results as lines of CSV, put together in the engine. In: the findings of a view. Out: lines.

A large run has a million findings, and a text of Python for each cell takes minutes. So Python
writes each distinct text once, ready for its cell, and the engine lays them in lines. They come in
batches: a generator step for each line costs as much as the engine's part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from reporter.model.scores import tier_text
from reporter.report.view.finding_rows import Findings
from reporter.runs.store import OPEN, Results
from reporter.system.plain_text import clean

_DANGEROUS = frozenset("=+-@\t\r\n\0＝＋－＠")
_SUSPECT = _DANGEROUS | {" "}
_TEXTS = ("subject", "actor", "owner", "record", "waiver", "cause")
"""Columns of the store with names from the input."""
_AS_IT_IS = r"([!#-*.-<>?A-~][ !#-+\--~]*)?"
"""In RE2: texts whose cell is the text: printable ASCII without comma or quote that no spreadsheet
could run.
"""
ROW_GROUP = 122_880
"""Rows that the engine writes to a Parquet file, and skips when reading, as one."""
_MEMORY = "256MB"
"""Lines are made while the engine of a run still holds its tables: the two share the machine."""
_CELLS: Mapping[str, str] = {
    "id": "id",
    "status": "status",
    "waived_until": "waived_until",
    "head": "c.head",
    "check": "c.plain",
    "tail": "c.tail",
    "tier": "t.text",
    "reason": "r.text",
    "fix": "(CASE WHEN listed THEN c.fix_listed ELSE c.fix_unlisted END)",
    "pick": "p.text",
    "dates": "coalesce(d.text, ',,,')",
}
"""Part of a line -> SQL; each is one cell or several."""


def escape(text: str) -> str:
    """Make invisible characters visible, and quote text that a spreadsheet could run."""
    if text.isascii() and text.isprintable() and text[:1] not in _SUSPECT:  # nearly all texts
        return text
    is_formula = text[:1] in _DANGEROUS or text.lstrip()[:1] in _DANGEROUS
    return f"'{clean(text)}" if is_formula else clean(text)


@lru_cache(1 << 14)
def cell(text: str) -> str:
    """Write a text as a cell of CSV: escaped, in quotes where it holds a comma or a quote."""
    escaped = escape(text)
    return '"' + escaped.replace('"', '""') + '"' if "," in escaped or '"' in escaped else escaped


class Lines:
    """The findings of a run with the texts of their lines, laid beside them once for several
    tables; threads may write these at the same time.
    """

    def __init__(self, findings: Findings, picks: Sequence[str] = ()) -> None:
        """Lay the texts; `picks` are the cells of each pick of the roadmap."""
        self._results = findings.results.again(_MEMORY)
        self._joins = _lay_texts(self._results, findings, picks)
        odd = _odd_texts(self._results)
        self._results.lay_beside("odd", ("text", "cell"), [(t, cell(t)) for t in odd])
        self._has_odd = bool(odd)

    def count(self, where: str) -> int:
        """Return how many results match a condition."""
        ((total,),) = self._results.rows(("count(*)",), where)
        return int(total)

    def of(self, parts: Sequence[str], where: str = OPEN, order: str = "") -> Iterator[list[str]]:
        """Yield batches of lines without their ends, one for each open result that matches a
        condition over `store.RESULT`.

        `parts` are columns of `_TEXTS` or of `_CELLS`. The lines stand in the order of the results
        unless another is given.
        """
        joins = self._joins + (" JOIN picks AS p ON p.number = rank" if "pick" in parts else "")
        joins += " LEFT JOIN dates AS d ON d.name = cause" if "dates" in parts else ""
        cells = dict(_CELLS)
        for column in _TEXTS:
            cells[column] = f"held.{column}"
            if self._has_odd:
                cells[column] = f"coalesce(o_{column}.cell, held.{column})"
                joins += f" LEFT JOIN odd AS o_{column} ON o_{column}.text = held.{column}"
        # Sorted as numbers, and only then made lines: the lines of a million are half a gigabyte.
        # `||` makes a text a step, and takes three times as long.
        names = [f"cell_{part}" for part in parts]
        line = "concat(" + ", ',', ".join(names) + ")"
        columns = ", ".join(f"{cells[p]} AS {n}" for p, n in zip(parts, names, strict=True))
        rows_sql = f"SELECT {columns} FROM held {joins} WHERE {where}"
        results = self._results
        pages = [f"{rows_sql} ORDER BY {order}"] if order else _in_parts(results, rows_sql)
        for page in pages:
            for rows in results.batches(f"SELECT {line} FROM ({page}) AS cells"):
                yield [text for (text,) in rows]


def _in_parts(results: Results, sql: str) -> Iterator[str]:
    """Yield the query of each row group, for lines in the order of the results."""
    ((total,),) = results.query("SELECT count(*) FROM held")
    for at in range(0, total, ROW_GROUP):
        yield f"{sql} AND place >= {at} AND place < {at + ROW_GROUP} ORDER BY place"


def _lay_texts(results: Results, findings: Findings, picks: Sequence[str]) -> str:
    """Lay the texts of checks, tiers, reasons and picks beside the results; return the joins."""
    results.lay_beside(
        "checks",
        ("name", "plain", "head", "fix_unlisted", "fix_listed", "tail"),
        [
            (
                name,
                cell(head[0]),
                ",".join(map(cell, head)),
                *map(cell, findings.fixes[name]),
                ",".join(map(cell, findings.tails[name])),
            )
            for name, head in findings.heads.items()
        ],
        ("plain", "head", "fix_unlisted", "fix_listed", "tail"),
    )
    spans = [(lo, hi, tier_text(lo, hi)) for lo in range(1, 5) for hi in range(lo, 5)]
    results.lay_beside("spans", ("lo BIGINT", "hi BIGINT", "text"), spans, ("text",))
    sentence = results.reasons.sentences()
    # Of 139,000 results of 2,000 agents 85 % say what another of their check says.
    said = results.rows(("check", "reason_code", "reason_values"), OPEN, "GROUP BY ALL")
    results.lay_beside(
        "said",
        ("name", "code", "held_values", "text"),
        [(*key, cell(sentence(*key))) for key in said],
        ("text",),
    )
    dated = [(name, ",".join(map(cell, row))) for name, row in findings.dates.items()]
    results.lay_beside("dates", ("name", "text"), dated, ("text",))
    results.lay_beside("picks", ("number BIGINT", "text"), list(enumerate(picks, 1)), ("text",))
    return (
        'JOIN checks AS c ON c.name = held."check" JOIN spans AS t ON t.lo = tier_lo AND t.hi ='
        ' tier_hi JOIN said AS r ON r.name = held."check" AND r.code IS NOT DISTINCT FROM'
        " reason_code AND r.held_values IS NOT DISTINCT FROM reason_values"
    )


def _odd_texts(results: Results) -> list[str]:
    """Return the distinct texts whose cell is another than the text."""
    texts = " UNION ".join(f"SELECT {c} AS text FROM held WHERE {OPEN}" for c in _TEXTS)
    sql = f"SELECT text FROM ({texts}) AS named WHERE NOT regexp_full_match(text, ?) ORDER BY text"
    return [text for (text,) in results.query(sql, [_AS_IT_IS])]
