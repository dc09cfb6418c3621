"""Propose a mapping for an unknown table. In: a file. Out: a mapping for each of its tables.

`guesses` says what each column may mean; here the best guess per column is picked, and what
identifies the rows. What is not sure enough is listed and left out, for a person to decide.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reporter.authoring.infer_columns import (
    PARTLY,
    Guess,
    cells_of,
    filled,
    guesses,
)
from reporter.authoring.infer_events import Log, is_like_one, log_of
from reporter.authoring.infer_kind import (
    as_people,
    beside_a_key,
    complete_keys,
    is_of_keys,
    kind_of,
    of_keys,
)
from reporter.authoring.inspect import first_rows
from reporter.authoring.read_table import (
    DEEP,
    Table,
    common_headings,
    is_secret,
    read,
    sheets,
    tables_of,
)
from reporter.content.mapping import (
    BLANK,
    EVENT,
    EVENTS,
    FOLDER,
    LISTS,
    headings_of,
    with_mappings,
)
from reporter.content.workspace import workspace_of
from reporter.content.yaml import write_yaml
from reporter.errors import ContentError, InputError
from reporter.ingest.readers.files import BOOKS, InputFile
from reporter.model.source import Source
from reporter.privacy import synonyms
from reporter.system.plain_text import clean
from reporter.system.temporary import write_whole

SURE_ENOUGH = 50
SURE_OF_KIND = 70
"""Percent from which a table is taken for a register of agents, accounts or people, or for a log;
below, the user must say.
"""
PERHAPS_A_LOG = 50
"""Percent from which a table that says what a log must say is not taken for a register."""
KINDS = {
    "person": "human",
    "people": "human",
    "user": "human",
    "employee": "human",
    "bot": "agent",
    "robot": "agent",
    "roboter": "agent",
    "account": "service_account",
    "service-account": "service_account",
    "events": EVENT,
    "log": EVENT,
}
"""Other words for kinds."""
ASKED = (
    "--kind agent, service_account, workload, person or group for a register, event for a log, or"
    " none where it is neither"
)
HINT = (
    "Add a column with an id or a name for each agent, or write a mapping by hand: docs/formats.md."
)
HINT_OF_LOGS = (
    "Name the column so that its heading says it, or write the mapping by hand (docs/formats.md);"
    " --kind event takes a column that may say who acted."
    " Times like 2026-07-01T08:00:00Z are never in doubt."
)


class Unsure(InputError):
    """A table whose kind of row the user must state."""


@dataclass(slots=True)
class Proposal:
    """A mapping to write, and notes about it."""

    path: Path
    mapping: dict[str, Any]
    guesses: list[Guess] = field(default_factory=list)
    unsure: list[Guess] = field(default_factory=list)
    """The best guesses for columns that are left out."""
    notes: list[str] = field(default_factory=list)
    asks: str = ""
    """What the user must state before it can be written; '' when nothing."""
    file: InputFile | None = None
    """What it was proposed for, and the first rows are shown of; None for no preview."""

    @property
    def others(self) -> list[str]:
        """The headings that are not read."""
        return list(self.mapping["not_mapped"])

    def lines(self) -> list[str]:
        """List how sure each column is, and what else a reader should know."""
        width = max((len(g.target) for g in [*self.guesses, *self.unsure]), default=0)
        lines = [_line(g, width) for g in self.guesses]
        if self.unsure:
            lines += ["not sure enough, and left out:", *(_line(g, width) for g in self.unsure)]
        unsure_headings = {g.heading for g in self.unsure}
        unmapped = [x[:50] for x in self.others if x not in unsure_headings]
        return [*lines, *([f"not mapped: {'; '.join(unmapped)}"] if unmapped else []), *self.notes]

    def text(self) -> str:
        """The mapping file."""
        head = (
            "Proposed by `reporter map`. Read every line: `kind` says what each row is, and a wrong"
            " column is a wrong score."
        )
        return "".join(f"# {clean(x)}\n" for x in (head, *self.lines())) + write_yaml(self.mapping)


def _line(guess: Guess, width: int) -> str:
    return f"{guess.sure:4d} %  {guess.target.ljust(width)}  {guess.heading[:50]}: {guess.why}"


def propose(
    path: Path, sheet: str = "", out: Path | None = None, kind: str = "", date: str | None = None
) -> tuple[list[Proposal], list[str]]:
    """Propose what the columns of each table of a file mean, and say which tables are refused.

    Raises InputError if all are refused.
    """
    kind = KINDS.get(kind.lower(), kind)
    files = tables_of(path, sheet)
    if out and len(files) > 1:
        raise InputError(
            "has several sheets, and --out is one file",
            str(path),
            f"Give one: --sheet {sheets(files)}",
        )
    proposals: list[Proposal] = []
    errors: list[InputError] = []
    for file in files:
        try:
            proposal = _propose(read(file, first=date), path, out, kind)
            proposal.file = file
        except InputError as error:
            errors.append(error)
            continue
        twin = next(
            (p for p in proposals if p.mapping["headings"] == proposal.mapping["headings"]), None
        )
        if twin:
            twin.notes.append(f"sheet {file.part!r} has the same headings and is read by it too")
        else:
            proposals.append(proposal)
    if not proposals:
        raise errors[0]
    hint = "; where it is not a register, --sheet ... --kind none says so"
    return proposals, [f"not mapped: {e.place}: {e.message}{hint}" for e in errors]


def is_log(kind: str) -> bool:
    """Tell whether a word for a kind says that the rows are events."""
    return KINDS.get(kind.lower(), kind) == EVENT


def map_one(
    path: Path, sheet: str, out: Path | None, kind: str, date: str | None = None
) -> list[str]:
    """Write the mappings of one file; return the lines to print."""
    proposals, refusals = propose(path, sheet, out, kind, date)
    return [*(line for p in proposals for line in write(p)), *refusals]


def map_all(names: list[str], kind: str, date: str | None = None) -> Iterator[str]:
    """Write the mappings of files and sheets (`book.xlsx!Sheet`); a refusal is reported, and the
    next one is tried.
    """
    paths = [Path(n) if Path(n).is_file() else Path(n.rsplit("!", 1)[0]) for n in names]
    for path in dict.fromkeys(paths):
        yield f"{path}:"
        try:
            proposals, refusals = propose(path, kind=kind, date=date)
            for proposal in proposals:
                yield from (
                    write(proposal)
                    if not proposal.path.exists()
                    else [f"{proposal.path} exists and stays"]
                )
            yield from refusals
        except InputError as error:
            yield str(error)


def _propose(table: Table, path: Path, out: Path | None, kind: str) -> Proposal:
    keys = [*table.headings, *table.optional]
    place = out or _place(path, table.file)
    if kind == "none":
        head = {
            "map": f"map-{_slug(table.file)}",
            "file": table.file.name,
            "kind": kind,
            "headings": table.headings,
        }
        return Proposal(
            place,
            {**head, "not_mapped": keys},
            notes=["its rows are left out, and counted as that"],
        )
    log = _propose_log(table, place, kind) if kind in ("", EVENT) else None
    if log is None or not log.asks:
        return log or _propose_register(table, place, kind)
    with contextlib.suppress(InputError):
        register = _propose_register(table, place, kind)
        return log if register.asks else register
    return log


def _propose_register(table: Table, place: Path, kind: str) -> Proposal:
    keys = [*table.headings, *table.optional]
    texts = {k: table.values_below(k) for k in keys}
    secret_headings = [k for k in keys if is_secret(k, texts[k])]
    order = table.order_of([v for vs in texts.values() for v in vs if isinstance(v, str)])
    has_keys = is_of_keys(_about(table), keys) or any(
        synonyms.fit(k, synonyms.CREDENTIAL_NAMES[c]) >= 90 and synonyms.plain(k) != "key"
        for k in keys
        for c in ("credential_id", "last_rotated_at", "rotation_days")
    )
    candidates = sorted(
        (
            g
            for k in keys
            if k not in secret_headings
            for g in guesses(cells_of(k, texts[k], len(table.rows), order), has_keys)
        ),
        key=lambda g: (-g.sure, keys.index(g.heading)),
    )
    row = kind_of(_about(table), texts, candidates, len(table.rows))
    if row.is_key:
        candidates = of_keys(candidates, texts)
    elif has_keys:
        candidates = beside_a_key(candidates)
    sure, row_kind, why = (100, kind, "as given") if kind else (row.sure, row.word, row.why)
    if row_kind == "human":
        candidates = as_people(len(table.rows), texts, candidates, order)
    picks = _best(candidates)
    notes = _make_sure_of_id(picks, table)
    if all(g.target != "component.name" for g in picks):
        picks = [g for g in picks if not g.target.startswith("component.")]
    complete_keys(picks)
    picks.sort(key=lambda g: keys.index(g.heading))
    by_target = {g.target: g.entry for g in picks}
    mapping = _mapping(table, picks, kind or by_target.get("kind") or row_kind)
    notes += _tell(table, mapping, f"{sure} %: {why}")
    if secret_headings:
        notes.append(f"never mapped, for it holds secrets: {'; '.join(secret_headings)}")
    asks = (
        ""
        if sure >= SURE_OF_KIND or isinstance(mapping["kind"], dict)
        else f"what a row is: {row_kind} at {sure} %, {why}"
    )
    return Proposal(place, mapping, picks, _unsure(keys, candidates, picks), notes, asks)


def _propose_log(table: Table, place: Path, kind: str) -> Proposal | None:
    """Propose a mapping of events where each row seems to be one; None where it is a register.

    Raises InputError where it is a log that does not say what a log must say.
    """
    if table.file.format not in ("csv", *BOOKS):
        table = read(table.file, DEEP, table.first)
    keys = [*table.headings, *table.optional]
    secrets = [k for k in keys if is_secret(k, table.values_below(k))]
    log = log_of(_about(table), table, secrets, bool(kind))
    sure, why = (100, "as given") if kind else (log.sure, log.why)
    if sure < PERHAPS_A_LOG or (log.missing and not kind):
        columns = log.why if sure >= SURE_OF_KIND else is_like_one(table)
        if not columns:
            return None
        raise InputError(
            f"looks like a log, not a register: {columns}; but"
            f" {log.missing or f'it is one at {sure} % only'}",
            _where(table),
            f"{HINT_OF_LOGS} Where it is a register all the same, --kind says what a row is.",
        )
    if log.missing:
        raise InputError(
            f"no log that can be mapped: {log.missing}",
            _where(table),
            HINT_OF_LOGS,
        )
    mapping = _mapping_of_log(table, log, secrets)
    notes = [f"every row is taken for an event ({sure} %: {why})", *log.notes]
    if secrets:
        notes.append(f"never mapped, for it holds secrets: {'; '.join(secrets)}")
    asks = "" if sure >= SURE_OF_KIND else f"what a row is: event at {sure} %, {why}"
    return Proposal(
        place, mapping, log.picks, _unsure(keys, log.candidates, log.picks), notes, asks
    )


def _mapping_of_log(table: Table, log: Log, secrets: list[str]) -> dict[str, Any]:
    by_target = {g.target: g.entry for g in log.picks}
    used_headings = headings_of([g.entry for g in log.picks])
    headings, optional = common_headings(table)
    sections: dict[str, Any] = {
        "map": f"map-{_slug(table.file)}",
        "file": table.file.name,
        "kind": EVENT,
        "log_source": _slug(table.file),
        **{k: _from(by_target[k]) for k in ("event_class", "actor_kind") if k in by_target},
        "columns": {c: by_target[f"events.{c}"] for c in EVENTS if f"events.{c}" in by_target},
        "empty": _nothings(table, used_headings),
        "left_out": table.remarks,
        "headings": headings,
        "optional": optional,
    }
    unmapped = [k for k in (*headings, *optional) if k not in used_headings]
    return {k: v for k, v in sections.items() if v} | {"not_mapped": unmapped}


def _from(entry: Any) -> dict[str, Any]:
    """An entry of a column where a bare text would be a word for all rows."""
    return entry if isinstance(entry, dict) else {"from": entry}


def _best(candidates: list[Guess]) -> list[Guess]:
    """Return the surest guesses, at most one per column and one per target."""
    picks: list[Guess] = []
    for guess in candidates:
        if guess.sure >= SURE_ENOUGH and all(
            guess.heading != c.heading and guess.target != c.target for c in picks
        ):
            picks.append(guess)
    return picks


def _about(table: Table) -> str:
    return f"{synonyms.plain(table.file.path.stem)} {synonyms.plain(table.file.part)}".strip()


def _unsure(keys: list[str], candidates: list[Guess], picks: list[Guess]) -> list[Guess]:
    """Return the best guess for each column that is left out, if its heading says it or nothing
    else fills the target.
    """
    used_headings, filled_targets = {g.heading for g in picks}, {g.target for g in picks}
    likely_guesses = [
        g for g in candidates if g.why != PARTLY or (g.target not in filled_targets and g.sure > 20)
    ]
    best = {g.heading: g for g in reversed(likely_guesses) if g.heading not in used_headings}
    for guess in best.values():
        if guess.target in filled_targets and guess.sure >= SURE_ENOUGH:
            guess.why = f"{guess.why}; another column fits better"
        elif guess.target.startswith("component."):
            guess.why = f"{guess.why}; no column names a model"
    return [best[k] for k in keys if k in best]


def _make_sure_of_id(picks: list[Guess], table: Table) -> list[str]:
    """Find what identifies the rows: an id, else the name, else the name with the unit. Say which
    rows share one.
    """
    by_target = {g.target: g for g in picks}
    name, id_guess = by_target.get("actors.name"), by_target.get("actors.actor_id")
    if id_guess is None and name is None:
        name = _name_of_rows(picks, table)
        picks.append(name)
    if id_guess and name and len(table.values_below(id_guess.heading)) < len(table.rows):
        id_guess.entry = {"from": id_guess.heading, "else": name.heading}
        id_guess.why += ", where the name is taken"
    if id_guess is None and name is not None:
        id_guess = _id_of_names(name, picks, table)
        picks.append(id_guess)
    assert id_guess  # noqa: S101 - for the types
    return _shared(id_guess, name, table)


def _name_of_rows(picks: list[Guess], table: Table) -> Guess:
    """Return the column that seems to name the rows although its heading does not say so plainly:
    all its values must differ.
    """
    hinted_headings = [k for k in table.headings if synonyms.fit(k, synonyms.NAMES["name"])]
    first_headings = [
        k for k in table.headings if not re.fullmatch(synonyms.ROW_NUMBER, synonyms.words_of(k)[1])
    ][:1]
    reasons = {}
    for heading in dict.fromkeys([*hinted_headings, *first_headings]):
        distinct_values = {str(v) for v in table.values_below(heading)}
        is_free = len(picks) > 1 and heading not in {g.heading for g in picks}
        if is_free and len(distinct_values) == len(table.rows):
            why = "no heading says name or id; no two rows are alike here"
            return Guess(heading, "actors.name", 50, why, heading)
        reasons[heading] = _why_no_name(heading, len(distinct_values), picks, table)
    attempts = "".join(f"; {k[:50]!r} {why}" for k, why in reasons.items())
    raise InputError(
        f"no heading says of which agent each row is, by id or by name{attempts}",
        _where(table),
        HINT,
    )


def _why_no_name(heading: str, distinct_count: int, picks: list[Guess], table: Table) -> str:
    target = next((g.target for g in picks if g.heading == heading), "")
    if target:
        return f"is read as {target}"
    if distinct_count < len(table.rows):
        return f"tells {distinct_count} of {len(table.rows)} rows apart"
    return "tells the rows apart, but no other column is understood"


def _where(table: Table) -> str:
    return f"{table.file.path}{'!' + table.file.part if table.file.part else ''}"


def _id_of_names(name: Guess, picks: list[Guess], table: Table) -> Guess:
    wholes = ("actors.business_unit", "actors.environment", "component.vendor", "actors.process_id")
    combinations = [[name.heading]]
    combinations += [[g.heading, name.heading] for t in wholes for g in picks if g.target == t]
    for parts in combinations:
        ids = [tuple(r.get(p) for p in parts) for r in table.rows if r.get(name.heading)]
        if len(set(ids)) == len(ids):
            entry = {"from": parts} if len(parts) > 1 else name.heading
            why = (
                "no id; each name appears once"
                if len(parts) == 1
                else f"no id; each name appears once within {parts[0]}"
            )
            return Guess(
                name.heading, "actors.actor_id", 50, f"{why}. A new name is a new agent", entry
            )
    why = "no id; names appear more than once, and rows of one name are one agent"
    return Guess(name.heading, "actors.actor_id", 50, why, name.heading)


def _shared(id_guess: Guess, name: Guess | None, table: Table) -> list[str]:
    """Name the ids that several rows carry, above all under different names."""
    parts = id_guess.entry["from"] if isinstance(id_guess.entry, dict) else id_guess.entry
    parts = parts if isinstance(parts, list) else [parts]
    names: dict[str, list[str]] = {}
    for row in table.rows:
        if key := " / ".join(str(row.get(p) or "") for p in parts).strip(BLANK):
            names.setdefault(key, []).append(str(row.get(name.heading) if name else ""))
    repeats = {k: v for k, v in names.items() if len(v) > 1}
    conflicts = [k for k, v in repeats.items() if len(set(v)) > 1]
    notes = []
    if conflicts:
        id_guess.sure = min(id_guess.sure, 55)
        notes.append(
            f"one id under different names counts as one agent: {_some(conflicts)}. Correct the"
            " table, or join columns: actor_id: {from: [...]}"
        )
    elif repeats:
        notes.append(
            "rows of one id are one agent:"
            f" {_some([f'{k} ({len(v)} rows)' for k, v in repeats.items()])}"
        )
    return notes


def _some(texts: list[str]) -> str:
    return ", ".join(t[:60] for t in texts[:5]) + (
        f" and {len(texts) - 5} more" if len(texts) > 5 else ""
    )


def _place(path: Path, file: InputFile) -> Path:
    workspace = workspace_of(path)
    return (workspace / FOLDER if workspace else path.parent) / f"{_slug(file)}.yml"


def _slug(file: InputFile) -> str:
    return synonyms.plain(f"{file.path.stem} {file.part}".lower()).replace(" ", "-") or "table"


def _mapping(table: Table, picks: list[Guess], kind: str) -> dict[str, Any]:
    by_target = {g.target: g.entry for g in picks}
    sections: dict[str, Any] = {
        "map": f"map-{_slug(table.file)}",
        "file": table.file.name,
        "kind": kind,
        "columns": {
            c: by_target[f"actors.{c}"] for c in synonyms.NAMES if f"actors.{c}" in by_target
        },
        "lists": {k: by_target[f"lists.{k}"] for k in LISTS if f"lists.{k}" in by_target},
        "component": _section("component", by_target),
        "credential": _section("credential", by_target),
        "empty": _nothings(table, [g.heading for g in picks]),
        "left_out": table.remarks,
        "headings": table.headings,
        "optional": table.optional,
    }
    used_headings = {g.heading for g in picks}
    unmapped = [k for k in (*table.headings, *table.optional) if k not in used_headings]
    return {k: v for k, v in sections.items() if v} | {"not_mapped": unmapped}


def _section(name: str, by_target: dict[str, Any]) -> dict[str, Any]:
    names = synonyms.COMPONENT_NAMES if name == "component" else synonyms.CREDENTIAL_NAMES
    return {k: by_target[f"{name}.{k}"] for k in names if f"{name}.{k}" in by_target}


def _nothings(table: Table, headings: list[str]) -> list[str]:
    cells = (r.get(k) for k in headings for r in table.rows)
    counts = Counter(c for c in cells if c and isinstance(c, str) and synonyms.says_nothing(c))
    return sorted({c.lower() for c in counts})


def _tell(table: Table, mapping: dict[str, Any], how_sure: str) -> list[str]:
    """Return what a reader of the mapping should know besides its columns."""
    notes = []
    if table.remarks:
        notes.append(f"left out as no records: {_some(table.remarks)}")
    if mapping.get("empty"):
        notes.append(f"taken for empty cells: {', '.join(map(repr, mapping['empty']))}")
    lone_cells = [
        filled(r)[0] for r in table.rows if len(filled(r)) == 1 and len(table.headings) > 2
    ]
    if lone_cells:
        notes.append(
            f"only one cell is filled in: {_some(lone_cells)}. What is a title and no record"
            " belongs under left_out"
        )
    kind = mapping["kind"]
    if isinstance(kind, str):
        notes.append(
            f"every row is taken for kind {kind!r} ({how_sure}): change `kind` where that is wrong"
        )
    return notes


def _make_sure_it_is_read(proposal: Proposal) -> Source:
    """Read a mapping as `assess` will, beside the others of its folder, before it is written."""
    place = proposal.path.parent
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / FOLDER
        folder.mkdir()
        for sibling in sorted(place.glob("*.yml")) if place.name == FOLDER else ():
            (folder / sibling.name).write_bytes(sibling.read_bytes())
        (folder / proposal.path.name).write_text(proposal.text(), encoding="utf-8")
        try:
            sources = with_mappings((), Path(work))
        except ContentError as error:
            raise InputError(
                f"no valid mapping can be made of it: {error.message}",
                proposal.mapping["file"],
                error.hint,
            ) from error
    return next(s for s in sources if s.id == proposal.mapping["map"])


def write(proposal: Proposal) -> list[str]:
    """Write the mapping, never over another one; return the lines to print.

    Raises InputError where the file exists.
    """
    path = proposal.path
    if path.exists():
        raise InputError(
            "this mapping exists, and may have been corrected",
            str(path),
            "Give another --out, or remove it.",
        )
    if proposal.asks:
        raise Unsure(
            f"not sure enough, nothing is written: {proposal.asks}",
            proposal.mapping["file"],
            f"Say what a row is: {ASKED}.",
        )
    source = _make_sure_it_is_read(proposal)
    rows = first_rows(proposal.file.path, proposal.file.part, source) if proposal.file else []
    if rows and rows[0].endswith(" 0 are kept") and proposal.mapping["kind"] == EVENT:
        raise InputError(
            "no row of it would be read",
            proposal.mapping["file"],
            "; ".join(rows[1:]) or HINT_OF_LOGS,
        )
    write_whole(path, proposal.text())
    advice = "" if path.parent.name == FOLDER else f"; move it to {FOLDER}/ of the workspace"
    return [*proposal.lines(), *rows, f"wrote {path}: read it{advice}, then run `reporter assess`"]
