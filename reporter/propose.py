"""A mapping for a table nobody has seen before. In: a CSV or XLSX file. Out: a mapping file, and how sure each line is.

Headings are compared with what people call our columns, values with what the column may hold; both must agree.
What is not sure enough is listed and left out: a mapping is a proposal for a person to read.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from reporter.columns import TIME
from reporter.db import Engine
from reporter.errors import InputError
from reporter.ingest.files import InputFile, sniff
from reporter.ingest.inputs import Inputs
from reporter.ingest.items import Document
from reporter.ingest.mapped import FOLDER, LISTS
from reporter.ingest.readers import documents
from reporter.schema import TABLES
from reporter.secrets import redact
from reporter.workspace import workspace_of
from reporter.yamls import write_yaml

SAMPLE = 2000
SURE_ENOUGH = 50
NAMES: dict[str, str] = {
    "actor_id": r"id|(agent|use case|inventory|asset|record|system|bot|application) (id|identifier|number|no|ref)|identifier|reference|ref",
    "name": r"name|title|(agent|use case|bot|assistant|tool|application|tool application|system|product|display) (name|title)|agent|use case|bot",
    "owner_id": r"owner|(business|product|agent|use case|accountable|service|data|system) owner( email| id| mail)?|"
    r"owner (email|mail|id|name)|accountable( person)?|responsible( person)?|(contact )?e?mail( address)?|(primary )?contact|sponsor",
    "technical_owner_id": r"(technical|tech|deputy|secondary|backup|it) (owner|lead|contact)( email)?|developer|custodian|maintainer",
    "purpose": r"purpose|description|summary|objective|intended (use|purpose)|(agent|use case) (description|purpose|summary)|"
    r"what problem is the .* intended to solve.*|business purpose",
    "state": r"status|state|stage|phase|lifecycle|(lifecycle|deployment|operational|agent|current|use case) (status|state|stage|phase)|"
    r"stage of development",
    "environment": r"environment|env|(deployment|runtime) environment",
    "business_unit": r"(business )?unit|department|dept|division|bureau|bureau component|office|sponsoring office|team|agency|organi[sz]ation",
    "risk_tier": r"risk( tier| level| rating| class| classification)?|criticality|(ai )?risk (tier|level|rating|class)|tier|impact( level)?",
    "risk_categories": r"risk categor(y|ies)|risk types?",
    "created_at": r"created( at| on| date)?|(creation|registration|intake|submission) date|date (created|added|registered|submitted)|registered( on| at)?",
    "approved_at": r"approved( at| on| date)?|approval date|date approved",
    "activated_at": r"(go live|activation|production|deployment|launch|start|implementation) date|deployed( on| at)?|live since|"
    r"first production use|date when .* became operational.*|date (deployed|implemented)|in production since",
    "updated_at": r"(last )?(updated|modified|changed|reviewed)( at| on| date)?|(last )?(update|modification) date",
    "expires_at": r"expir(y|es|ation)( date| at| on)?|(end|renewal|sunset) date|valid (until|to)",
    "retired_at": r"retired( at| on| date)?|retirement date|decommission(ed)?( date| on)?|date retired",
    "owner_confirmed_at": r"(owner )?(attested|confirmed|certified)( at| on| date)?|attestation date",
    "principal_id": r"principal( id)?|service account|client id|app(lication)? id|role arn|identity|service principal( id)?|managed identity|account",
    "process_id": r"(business )?process( id| name)?",
    "autonomy": r"autonomy( level)?|level of autonomy",
    "policy_id": r"policy( id)?|governing policy",
    "review_cadence_days": r"review (cadence|frequency|interval)( days)?",
    "kill_switch": r"kill switch|stop mechanism|shutdown procedure",
}
LIST_NAMES = {
    "tools": r"(allowed |approved )?tools?( used| list| access)?|integrations?|capabilities|functions|actions|skills|plugins|connectors",
    "data_sources": r"data( sources?| used| sets?| access(ed)?| stores?)?|datasets?|knowledge( base| sources?)?|systems? (accessed|connected)",
    "entitlements": r"entitlements?|permissions?|roles?|access rights?|scopes?|privileges?",
}
COMPONENT_NAMES = {
    "name": r"(foundation |base |ai |llm |language )?model( name| used)?s?|llm",
    "vendor": r"(model |ai )?(vendor|provider|supplier)(s| s)?( name)?|manufacturer",
    "version": r"model version",
}
WORDS = {
    "state": {
        "active": r"active|live|production|prod|operational|deployed|in (use|production|operation)|operation and maintenance|pilot|running|enabled|implemented",
        "draft": r"draft|planned|proposed|pre ?deployment|development|in development|design|initiated|acquisition.*|idea|sandbox|testing|test|under review|pending|poc",
        "suspended": r"suspended|paused|inactive|disabled|on hold|blocked|stopped",
        "retired": r"retired|decommissioned|sunset|archived|deleted|terminated|discontinued|end of life",
        "rejected": r"rejected|denied|declined|not approved",
    },
    "environment": {
        "production": r"production|prod|prd|live", "staging": r"staging|stage|stg|pre ?prod(uction)?|uat|acceptance",
        "test": r"test(ing)?|tst|qa|sandbox", "development": r"dev(elopment)?|lab|local",
    },
    "risk_tier": {
        "low": r"(low|minimal|limited|minor)( risk| impact)?|tier 4", "medium": r"(medium|moderate)( risk| impact)?|tier 3",
        "high": r"(high|major|significant)( risk| impact)?|tier 2", "critical": r"(critical|very high|severe)( risk| impact)?|tier 1",
    },
}  # fmt: skip
DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y",
         "%B %d, %Y", "%d %B %Y", "%m/%d/%y", "%d/%m/%y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M")  # fmt: skip
_LEAD = re.compile(r"^\s*\w{1,2}[).:]\s+")
_REST = re.compile(r"\s[–—-]\s|[:;(,]\s?")
"""What stands before and after the word that counts: `c) Deployed – in use by the agency`."""
_TIMES = {c.name for c in TABLES["actors"].columns if c.type == TIME}
_TELLS_ONE = ("actor_id", "name", "principal_id")


@dataclass(slots=True)
class Guess:
    """What a heading may mean."""

    heading: str
    target: str
    """actors.state, lists.tools, component.name"""
    sure: int
    """Percent."""
    why: str
    said: Any
    """What the mapping file holds for it."""


@dataclass(slots=True)
class Proposal:
    """A mapping to write, and what to tell about it."""

    path: Path
    mapping: dict[str, Any]
    guesses: list[Guess] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The mapping file."""
        head = "# Proposed by `reporter map`. Read every line: `kind` says what each row is, and a wrong column is a wrong score.\n"
        sure = "".join(
            f"#   {g.sure:3d} %  {g.target:<28} {g.heading[:60]}: {g.why}\n" for g in self.guesses
        )
        return f"{head}# How sure:\n{sure}{write_yaml(self.mapping)}"


def propose(path: Path, sheet: str = "", out: Path | None = None) -> Proposal:
    """Read a table and propose what its columns mean; raise InputError where it is no table or no row can be told apart."""
    file, rows = _read(path, sheet)
    headings = list(dict.fromkeys(h for r in rows for h in r if not h.startswith("column ")))
    values = {h: [t for r in rows if (t := r.get(h, "").strip())] for h in headings}
    found = sorted(
        (g for h in headings for g in _guesses(h, values[h], len(rows))),
        key=lambda g: (-g.sure, headings.index(g.heading)),
    )
    chosen: list[Guess] = []
    for guess in found:
        if guess.sure >= SURE_ENOUGH and all(
            guess.heading != c.heading and guess.target != c.target for c in chosen
        ):
            chosen.append(guess)
    if all(g.target != "component.name" for g in chosen):
        chosen = [g for g in chosen if not g.target.startswith("component.")]
    _make_sure_of_id(chosen, values, len(rows), path)
    place = out or _place(path, file)
    mapping = _mapping(file, headings, chosen)
    chosen.sort(key=lambda g: headings.index(g.heading))
    rest = [h for h in headings if h not in {g.heading for g in chosen}]
    mapping["not_mapped"] = rest
    return Proposal(place, mapping, chosen, rest)


def _read(path: Path, sheet: str) -> tuple[InputFile, list[dict[str, str]]]:
    if not path.is_file():
        raise InputError("no such file", str(path))
    with Inputs([sniff(path, path.name)]) as inputs:
        files = [f for f in inputs.files if sheet in ("", f.sheet)]
    if not files:
        raise InputError(
            f"no sheet {sheet!r}", str(path), f"It has: {', '.join(f.sheet for f in inputs.files)}."
        )
    if files[0].format not in ("csv", "xlsx"):
        raise InputError(
            f"is {files[0].format}, and only tables are mapped (CSV, XLSX)", str(path),
            "A source of your own reads anything: docs/writing-content.md.",
        )  # fmt: skip
    if len(files) > 1:
        raise InputError(
            "has several sheets",
            str(path),
            f"Give one: --sheet {' | '.join(repr(f.sheet) for f in files)}",
        )
    with tempfile.TemporaryDirectory() as work, Engine(Path(work)) as engine:
        items = list(documents(files[0], engine))
    rows = [i.value for i in items if isinstance(i, Document)][:SAMPLE]
    if not rows:
        raise InputError("no row below a heading can be read", str(path))
    if any(redact(heading) != heading for heading in rows[0]):
        raise InputError(
            "a heading holds what looks like a secret, and a mapping repeats its headings", str(path),
            "Name the column otherwise; a table without headings needs a row of them.",
        )  # fmt: skip
    shown = [{heading: redact(value) for heading, value in row.items()} for row in rows]
    return replace(files[0], name=redact(files[0].name)), shown


def _plain(heading: str) -> str:
    """A heading in lower case, its words alone."""
    text = re.sub(r"([a-z])([A-Z])", r"\1 \2", re.sub(r"\[[^]]*\]|\([^)]*\)", " ", heading))
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def _named(heading: str, pattern: str) -> int:
    """How well a heading fits a name, in percent."""
    words = _plain(heading)
    if re.fullmatch(pattern, words):
        return 95
    if re.fullmatch(rf"(.* )?({pattern})( .*)?", words):
        return max(30, 85 - 8 * len(words.split()))
    return 0


def _guesses(heading: str, values: list[str], n: int) -> list[Guess]:
    made = []
    for column, pattern in NAMES.items():
        if name := _named(heading, pattern):
            fit, why, said = _fits(column, heading, values, n)
            made.append(Guess(heading, column, min(name, fit), why, said))
    for key, pattern in LIST_NAMES.items():
        if name := _named(heading, pattern):
            split = max(";,|", key=lambda s: sum(s in v for v in values))
            said = {"from": heading, "split": split} if split != ";" else heading
            made.append(
                Guess(
                    heading,
                    f"lists.{key}",
                    min(name, 80) if values else 40,
                    f"a list, cut at {split!r}",
                    said,
                )
            )
    for key, pattern in COMPONENT_NAMES.items():
        if name := _named(heading, pattern):
            made.append(Guess(heading, f"component.{key}", name if values else 40, "text", heading))
    return made


def _fits(column: str, heading: str, values: list[str], n: int) -> tuple[int, str, Any]:
    """How well the values fit a column, in percent; why; and what the mapping then says."""
    if not values:
        return (
            (60, "empty in every row", heading)
            if column not in _TELLS_ONE
            else (0, "empty in every row", heading)
        )
    if column == "actor_id":
        share = 100 * len(set(values)) // n
        return (
            (share if share == 100 else share // 2),
            f"{len(set(values))} different ids in {n} rows",
            heading,
        )
    if column == "name":
        return 90, f"{len(set(values))} different names in {n} rows", heading
    if column in WORDS:
        return _words(column, heading, values)
    if column in _TIMES:
        return _dates(heading, values)
    if column in ("owner_id", "technical_owner_id"):
        mails = 100 * sum(bool(re.fullmatch(r"\S+@\S+\.\S+", v)) for v in values) // len(values)
        return max(60, mails), f"{mails} % are mail addresses", heading
    if column in ("autonomy", "review_cadence_days"):
        whole = 100 * sum(bool(re.fullmatch(r"[Ll]?\d+", v)) for v in values) // len(values)
        return whole, f"{whole} % are whole numbers", heading
    return 85, f"text in {100 * len(values) // n} % of the rows", heading


def _words(column: str, heading: str, values: list[str]) -> tuple[int, str, Any]:
    """Words of a closed vocabulary: those we know are exchanged, the others are named."""
    plain = {v: _plain(_LEAD.sub("", _REST.split(v)[0])) for v in dict.fromkeys(values)}
    swaps = {
        v: word
        for v, text in plain.items()
        for word, pattern in WORDS[column].items()
        if re.fullmatch(pattern, text)
    }
    known = 100 * sum(v in swaps for v in values) // len(values)
    strange = [v for v in plain if v not in swaps]
    why = f"{known} % of the values are known words" + (
        f", not {', '.join(map(repr, strange[:3]))}" if strange else ""
    )
    different = {v: w for v, w in swaps.items() if v.lower() != w}
    return known, why, {"from": heading, "values": different} if different else heading


def _dates(heading: str, values: list[str]) -> tuple[int, str, Any]:
    """The one way to write a date that fits most values; two that fit equally and differ are not decided between."""
    shares = {form: sum(_is_date(v, form) for v in values) for form in DATES}
    most = max(shares.values())
    best = [form for form, n in shares.items() if n == most and n]
    if not best:
        return 0, "no dates that can be read", heading
    sure = 100 * most // len(values)
    if len({tuple(_date(v, form) for v in values) for form in best}) > 1:
        return (
            min(sure, 40),
            f"day or month first? {' or '.join(best[:2])} fit",
            {"from": heading, "date": best[0]},
        )
    plain = best[0].startswith("%Y-%m-%d")
    return (
        sure,
        f"{sure} % are dates like {best[0]}",
        heading if plain else {"from": heading, "date": best[0]},
    )


def _date(value: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(value, form)  # noqa: DTZ007 - only compared
    except ValueError:
        return None


def _is_date(value: str, form: str) -> bool:
    return _date(value, form) is not None


def _make_sure_of_id(chosen: list[Guess], values: dict[str, list[str]], n: int, path: Path) -> None:
    """Without a heading called an id, the name tells rows apart if no two are the same."""
    if any(g.target == "actor_id" for g in chosen):
        return
    unique: Callable[[str], bool] = lambda h: len(values[h]) == len(set(values[h])) == n  # noqa: E731
    name = next((g for g in chosen if g.target == "name" and unique(g.heading)), None)
    if name is None:
        raise InputError(
            "no column tells every row from all others", str(path),
            "Add a column with an id for each agent, or write a mapping by hand: docs/formats.md.",
        )  # fmt: skip
    chosen.append(Guess(name.heading, "actor_id", 50, "no id; each name stands once", name.heading))


def _place(path: Path, file: InputFile) -> Path:
    workspace = workspace_of(path)
    slug = re.sub(r"[^a-z0-9]+", "-", redact(f"{path.stem} {file.sheet}").lower()).strip("-")
    slug = slug or "table"
    return (workspace / FOLDER if workspace else path.parent) / f"{slug}.yml"


def _mapping(file: InputFile, headings: list[str], chosen: list[Guess]) -> dict[str, Any]:
    by_target = {g.target: g.said for g in chosen}
    made: dict[str, Any] = {
        "map": f"map-{re.sub(r'[^a-z0-9]+', '-', file.name.lower()).strip('-')}",
        "file": file.name,
        "kind": "agent",
        "columns": {c: by_target[c] for c in NAMES if c in by_target},
    }
    lists = {k: by_target[f"lists.{k}"] for k in LISTS if f"lists.{k}" in by_target}
    component = {
        k: by_target[f"component.{k}"] for k in COMPONENT_NAMES if f"component.{k}" in by_target
    }
    if lists:
        made["lists"] = lists
    if "name" in component:
        made["component"] = component
    made["headings"] = headings
    return made


def write(proposal: Proposal) -> list[str]:
    """Write the mapping, never over another; return what to tell."""
    path = proposal.path
    if path.exists():
        raise InputError(
            "this mapping exists, and may have been corrected",
            str(path),
            "Give another --out, or remove it.",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(proposal.text(), encoding="utf-8")
    width = max(len(g.target) for g in proposal.guesses)
    lines = [
        f"{g.sure:4d} %  {g.target.ljust(width)}  {g.heading[:50]}: {g.why}"
        for g in proposal.guesses
    ]
    if proposal.rest:
        lines.append(f"not mapped: {'; '.join(h[:50] for h in proposal.rest)}")
    lines.append("every row is taken for kind 'agent': change `kind` where that is wrong")
    where = "" if path.parent.name == FOLDER else f"; move it to {FOLDER}/ of the workspace"
    return [*lines, f"wrote {path}: read it{where}, then run `reporter assess`"]
