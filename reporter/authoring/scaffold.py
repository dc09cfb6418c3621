"""A workspace to start from. In: a folder name. Out: reporter.yml, a small example in each folder,
the questions to people, what collectors ask of vendors.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from reporter.content import loader
from reporter.content.crosswalks import lists_shown
from reporter.content.packs import Pack
from reporter.content.workspace import read_workspace
from reporter.content.yaml import write_yaml
from reporter.errors import InputError
from reporter.ingest.statement_files import KINDS, PREFILLED
from reporter.model.source import Query
from reporter.model.statements import ATTESTATIONS, SIGNED
from reporter.statements.attestations import ANSWERS, METHODS
from reporter.system.plain_text import clean_lines
from reporter.system.temporary import write_whole

_AGENTS = """\
type,actor_id,name,environment,business_unit,state,created_at,approved_at,activated_at,updated_at,expires_at,owner_id,owner_confirmed_at,technical_owner_id,purpose,process_id,autonomy,risk_tier,risk_categories,principal_id,principal_type,default_policy,enforcement_point,review_cadence_days,policy_id,log_sources,tools,data_sources
agent,invoice-checker,Invoice checker,production,finance,active,2026-01-10T09:00:00Z,2026-01-12T09:00:00Z,2026-01-15T09:00:00Z,2026-06-20T09:00:00Z,2027-01-15T00:00:00Z,ann,2026-06-01T09:00:00Z,ben,Compare supplier invoices with orders and flag differences for a clerk,AP-7,2,medium,financial control,svc-invoice-checker,agent,deny,gateway,90,AGENT-POLICY,agent-gateway,erp.read_order;erp.read_invoice,erp/orders/*
"""  # noqa: E501 - a line of the file is a line here
_PEOPLE = """\
type,actor_id,name,state,owner_id,strong_auth,roles
human,ann,Ann Example,active,ben,true,control owner
human,ben,Ben Example,active,ann,true,risk owner;auditor
"""
_EVENT = """\
{"event_id":"1","time":"2026-07-01T08:00:00Z","log_source":"agent-gateway","actor_id":"invoice-checker","actor_kind":"agent","principal_id":"svc-invoice-checker","session_id":"s-1","event_class":"tool","action":"read","tool":"erp.read_order","effect":"read","resource":"erp/orders/4711","environment":"production","outcome":"success"}
"""
_POLICY = """\
- type: policy
  policy_id: AGENT-POLICY
  title: Use of AI agents
  scope: agents
  status: approved
  approved_by: Chief information security officer
  effective_at: '2026-01-01T00:00:00Z'
  review_due: '2027-01-01T00:00:00Z'
  version: '1'
  clauses: [identity, actions, data, escalation, human_review, logging, third_parties, retirement]
"""


_RUN = """\
#!/bin/sh
# Asks {vendors}
# through Steampipe, which only reads, and writes the answers to {folders}. It signs in as
# Steampipe is set up (https://steampipe.io/docs). The plugins, once:
#   steampipe plugin install {plugins}
set -eu
umask 077
cd "$(dirname "$0")/.."
command -v steampipe >/dev/null || {{
  echo 'There is no steampipe here: https://steampipe.io/downloads' >&2
  exit 1
}}
mkdir -p {folders}
part=''
trap 'rm -f "$part"' EXIT
failed=0
missing=''

# Note that $1 is not there, why, and the tables $3 that it would fill.
lacks() {{
  rm -f "$part"
  missing="$missing  $1 $2: $3
"
}}

# Ask $1 and write the answer to the folder $2; it fills the tables $3.
collect() {{
  file="$2/$1.json"
  if [ -e "$file" ]; then
    echo "$file is there already: not asked again"
    return
  fi
  part="collect/$1.part"
  if ! told=$(steampipe query "collect/$1.sql" --output json 2>&1 >"$part"); then
    failed=$((failed + 1))
    echo "$1 failed: $told" >&2
    lacks "$1" failed "$3"
    return
  fi
  [ -z "$told" ] || echo "$1: $told" >&2
  text=$(dd if="$part" bs=20000 count=1 2>/dev/null | tr -d ' \\t\\r\\n')
  case "${{text#*\\"rows\\":}}" in
    '' | '[]'* | null*) lacks "$1" 'has no rows' "$3" ;;
    *)
      mv "$part" "$file"
      echo "$file"
      ;;
  esac
}}

{calls}
if [ -n "$missing" ]; then
  printf 'Missing, and the tables that it would fill:\\n%s' "$missing"
fi
[ "$failed" -eq 0 ]
"""
"""The script that runs the queries. It goes on after a failure, and overwrites nothing."""


_APPROVERS = {
    **dict.fromkeys(SIGNED, ("risk owner",)),
    "attestation": ("control owner", "risk owner"),
    "examination": ("auditor",),
    "not_applicable": ("risk owner", "auditor"),
}
"""Roles that may sign, as the list of people names them; without any, no statement has an
effect.
"""


def _heartbeats() -> Iterator[str]:
    """Yield one line per day to show that the log was delivered, even when no agent acted."""
    for day in range(92):
        time = (datetime(2026, 7, 1, 9) + timedelta(days=day)).isoformat() + "Z"
        yield (
            f'{{"time":"{time}","log_source":"agent-gateway","event_class":"heartbeat",'
            '"outcome":"success"}\n'
        )


_FIELDS = KINDS[ATTESTATIONS].fields
HEADINGS = (*_FIELDS[:2], *PREFILLED, *_FIELDS[2:])
FORMS = ("csv", "xlsx")
_CHOICES = {"answer": tuple(dict.fromkeys(ANSWERS.values())), "method": METHODS}
_WIDTHS = {
    "title": 34,
    "question": 70,
    "statement": 50,
    "observed": 50,
    "reason": 40,
    "artefact": 30,
    "control": 16,
}


def _questions(framework_ids: Sequence[str], packs: tuple[Pack, ...]) -> list[tuple[str, ...]]:
    """Return the question of each control of the given lists, or of the usual ones, with empty
    answer columns.
    """
    frameworks = loader.load((), packs).frameworks
    shown = lists_shown(framework_ids, frameworks)
    return [
        (f.id, c.id, c.title, " ".join(c.ask.split()), *[""] * (len(_FIELDS) - 2))
        for f in frameworks
        if f.id in shown
        for c in f.controls
    ]


def _write_csv(rows: Iterable[tuple[str, ...]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [HEADINGS, *(map(clean_lines, r) for r in rows)]
        )


def _write_xlsx(rows: Iterable[tuple[str, ...]], path: Path) -> None:
    """Write a sheet with drop-down lists, fixed headings and wrapped questions."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "attestations"
    for row in (HEADINGS, *rows):
        sheet.append(row)
    wrap = Alignment(wrap_text=True, vertical="top")
    for cells in sheet.iter_rows():
        for cell in cells:
            cell.alignment = wrap
    for column, name in enumerate(HEADINGS, start=1):
        letter = get_column_letter(column)
        sheet.cell(1, column).font = Font(bold=True)
        sheet.column_dimensions[letter].width = _WIDTHS.get(name, 22)
        if name in _CHOICES:
            words = ",".join(_CHOICES[name])
            choice = DataValidation(type="list", formula1=f'"{words}"', allow_blank=True)
            sheet.add_data_validation(choice)
            choice.add(f"{letter}2:{letter}{sheet.max_row}")
    sheet.freeze_panes = "C2"
    sheet.auto_filter.ref = sheet.dimensions
    book.save(path)


def ask(folder: Path, form: str = FORMS[0], packs: tuple[Pack, ...] = ()) -> Path:
    """Write the questions of a workspace's frameworks to statements/.

    Raises InputError where answers stand there already.
    """
    answers = sorted((folder / "statements").glob("attestations.*"))
    if answers:
        raise InputError("answers stand already", str(answers[0]), "Rename the file or add to it.")
    path = folder / "statements" / f"attestations.{form}"
    path.parent.mkdir(parents=True, exist_ok=True)
    {"csv": _write_csv, "xlsx": _write_xlsx}[form](
        _questions(read_workspace(folder).frameworks, packs), path
    )
    return path


def init(
    folder: Path, organisation: str, form: str = FORMS[0], packs: tuple[Pack, ...] = ()
) -> list[Path]:
    """Write the workspace; add no example to a folder in use.

    Raises InputError where the folder holds a workspace.
    """
    if (folder / "reporter.yml").exists():
        raise InputError(
            "a workspace is already there",
            str(folder),
            "With --questionnaire only the questions are added.",
        )
    if not organisation.strip():
        raise InputError(
            "organisation is empty",
            str(folder),
            "Give --organisation its name, which is printed on the cover.",
        )
    settings = {
        "organisation": organisation,
        "period": {"from": "2026-07-01", "to": "2026-10-01"},
        "as_of": "2026-10-01",
        "profile": "baseline",
        "log_sources": {"agent-gateway": {"every": "day", "share": 90}},
        "approvers": {kind: list(roles) for kind, roles in _APPROVERS.items()},
    }
    texts = {
        "reporter.yml": write_yaml(settings),
        "inventory/agents.csv": _AGENTS,
        "inventory/people.csv": _PEOPLE,
        "logs/events.jsonl": _EVENT + "".join(_heartbeats()),
        "statements/policies.yml": _POLICY,
    }
    folders_in_use = {f for f in ("inventory", "logs", "statements") if any((folder / f).glob("*"))}
    new_paths = [folder / name for name in texts if name.split("/")[0] not in folders_in_use]
    for path in reversed(new_paths):  # reporter.yml, by which a workspace is told, comes last
        write_whole(path, texts[path.relative_to(folder).as_posix()])
    return new_paths if "statements" in folders_in_use else [*new_paths, ask(folder, form, packs)]


def start(
    workspace: Path,
    organisation: str,
    questionnaire: str | None,
    collectors: Sequence[str],
    packs: tuple[Pack, ...],
) -> list[Path]:
    """Write a workspace; to one that exists, add only the questions or queries asked for."""
    is_new = not (workspace / "reporter.yml").exists()
    queries = collect(workspace, collectors) if collectors else []
    if is_new or not (questionnaire or collectors):
        return [*init(workspace, organisation, questionnaire or FORMS[0], packs), *queries]
    return [*([ask(workspace, questionnaire, packs)] if questionnaire else []), *queries]


def collectors() -> tuple[str, ...]:
    """Return the names of the collectors, such as aws."""
    return tuple(dict.fromkeys(q.collector for q in loader.read_queries()))


def collect(folder: Path, names: Sequence[str]) -> list[Path]:
    """Write what the named collectors ask to collect/, and the script that asks it.

    Raises InputError where queries stand there already.
    """
    script = folder / "collect" / "run.sh"
    if script.exists():
        raise InputError("queries stand already", str(script), "Rename the folder or remove it.")
    wanted = [q for q in loader.read_queries() if q.collector in names]
    texts = {f"{q.id}.sql": q.sql for q in wanted} | {script.name: _script(wanted)}
    for name, text in texts.items():
        write_whole(script.parent / name, text)
    script.chmod(0o755)
    return [script.parent / name for name in texts]


def _script(queries: Sequence[Query]) -> str:
    return _RUN.format(
        vendors=", ".join(dict.fromkeys(q.title for q in queries)),
        folders=" ".join(sorted({q.folder for q in queries})),
        plugins=" ".join(dict.fromkeys(q.plugin for q in queries)),
        calls="\n".join(f"collect {q.id} {q.folder} '{', '.join(q.fills)}'" for q in queries),
    )
