"""Tables of the user's own: headings are found, a mapping is proposed, read strictly and used."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from test_readers import workbook

import reporter
from reporter.authoring.inspect import recognised
from reporter.authoring.propose_mapping import Proposal, propose, write
from reporter.cli import main
from reporter.content.mapping import read_mapping, with_mappings
from reporter.content.yaml import read_yaml, write_yaml
from reporter.errors import ContentError, InputError
from reporter.ingest.load import ingested
from reporter.ingest.readers.files import discover
from reporter.schema.tables import LOADED

pytestmark = pytest.mark.slow

DATA = Path(__file__).parent / "data" / "mapping"
TABLES = sorted(p for p in DATA.iterdir() if p.suffix != ".yml")

ROWS = [
    ["BOT-1", "Berth planner", "ada@port.example", "Live", "High", "31.01.2026", "crane.move; crane.stop", "gpt-5"],
    ["BOT-2", "Lock keeper", "bo@port.example", "Retired", "Low", "15.02.2026", "", "claude-5"],
    ["BOT-3", "Tide reader", "", "c) Pilot – one quay only", "Moderate", "", "tide.read", ""],
]  # fmt: skip
HEAD = [
    "Agent ID",
    "Agent Name",
    "Owner\nE-mail",
    "Lifecycle stage",
    "Risk rating",
    "Go-live date",
    "Tools used",
    "Model",
]
YML = "organisation: Port\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"


def only(path: Path) -> Proposal:
    """The proposal for a file of one table, of agents where it asks what its rows are."""
    ((made,), refused) = propose(path)
    if made.asks:
        ((made,), refused) = propose(path, kind="agent")
    assert refused == []
    return made


Rows = dict[str, list[dict[str, Any]]]


def rows_of(workspace: Path) -> Rows:
    """The rows that the mappings of a workspace make of its only file, without what is empty."""
    (rows,) = rows_by_file(workspace).values()
    return rows


def rows_by_file(workspace: Path) -> dict[str, Rows]:
    """The same of each file that has rows, by its name."""
    files = discover(workspace, ("inventory",))
    made: dict[str, Rows] = {}
    with ingested(files, with_mappings((), workspace)) as (engine, _):
        for table in (t.name for t in LOADED):
            columns = engine.columns(f"SELECT * EXCLUDE (source, part, file, record) FROM in_{table}")  # fmt: skip
            names = ["record", *(n for n, _ in columns)]
            found = engine.rows(f"SELECT file, {', '.join(names)} FROM in_{table} ORDER BY ALL")
            for file, *row in found:
                said = {n: str(v) for n, v in zip(names, row, strict=True) if v is not None}
                made.setdefault(Path(file).name, {}).setdefault(table, []).append(said)
    return made


@dataclass(frozen=True)
class Strangers:
    """Tables of strangers in one workspace: what was proposed, what `formats` says and what is read, by file."""

    told: dict[str, list[str]]
    files: dict[str, dict[str, Any]]
    rows: dict[str, Rows]


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Strangers:
    ws = tmp_path_factory.mktemp("strangers") / "ws"
    proposals = []
    for path in TABLES:
        alone = workspace(ws.parent / path.name, path.name, path.read_bytes())
        proposals.append(only(alone))
        write(proposals[-1])
        for folder in ("inventory", "mappings"):
            shutil.copytree(alone.parents[1] / folder, ws / folder, dirs_exist_ok=True)
    (ws / "reporter.yml").write_text(YML)
    told = {path.name: made.lines() for path, made in zip(TABLES, proposals, strict=True)}
    said = {Path(file["file"]).name: file for file in recognised((ws,))}
    assert len([*(ws / "mappings").iterdir()]) == len(said) == len(TABLES)
    return Strangers(told, said, rows_by_file(ws))


@pytest.mark.parametrize("path", TABLES, ids=[p.name for p in TABLES])
def test_a_strangers_table_is_mapped_as_reviewed(path: Path, strangers: Strangers) -> None:
    """GOLDEN=write writes what is proposed for each file of tests/data/mapping, and what is read with it; review the diff."""
    file = strangers.files[path.name]
    counts = {k: file[k] for k in ("records", "kept", "out_of_scope", "unreadable", "rejected")}
    rows = {t.name: strangers.rows[path.name][t.name] for t in LOADED if t.name in strangers.rows[path.name]}  # fmt: skip
    found = {"told": strangers.told[path.name], "counts": counts, "rows": rows}
    golden = path.with_suffix(".yml")
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(write_yaml(found), encoding="utf-8")
    assert read_yaml(golden) == found
    assert sum(counts.values()) == 2 * counts["records"]


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(w) for w in words])


def csv_text(rows: list[list[str]], sign: str = ",") -> str:
    return (
        "\r\n".join(sign.join('"' + c.replace('"', '""') + '"' for c in r) for r in rows) + "\r\n"
    )


def workspace(folder: Path, name: str, content: bytes) -> Path:
    (folder / "inventory").mkdir(parents=True)
    (folder / "reporter.yml").write_text(YML)
    path = folder / "inventory" / name
    path.write_bytes(content)
    return path


def mapped(path: Path, *words: object) -> list[dict[str, Any]]:
    """Propose a mapping, then say what `formats` makes of the workspace."""
    proposed = run("map", path, *words)
    assert proposed.exit_code == 0, proposed.output
    found = json.loads(run("formats", path.parent.parent, "--json").output)
    return [part for file in found for part in file.get("parts", [file])]


WRITTEN = [(code, sign) for code in ("utf-8", "utf-8-sig", "cp1252", "utf-16") for sign in ",;\t"]


@pytest.fixture(scope="module")
def titled(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, dict[str, Any]]]:
    """A table with titles above it, in each way of writing it: its file, and what `formats` makes of that."""
    rows = [["Bots of the port, état 2026", *[""] * 7], [""] * 8, HEAD, *ROWS]
    ws = tmp_path_factory.mktemp("titled") / "ws"
    first, *others = (csv_text(rows, sign).encode(code) for code, sign in WRITTEN)
    paths = [workspace(ws, "0.csv", first)]
    for n, content in enumerate(others, 1):
        paths.append(ws / f"inventory/{n}.csv")
        paths[n].write_bytes(content)
    said = {f["file"]: f for f in mapped(paths[0])}
    return [(path, said[str(path)]) for path in paths]


@pytest.mark.parametrize("n", range(len(WRITTEN)), ids=[f"{c} {s!r}" for c, s in WRITTEN])
def test_a_table_with_titles_above_it_is_mapped_and_kept_whole(
    n: int, titled: list[tuple[Path, dict[str, Any]]]
) -> None:
    (path, file), (first, _) = titled[n], titled[0]
    assert only(path).mapping["columns"] == only(first).mapping["columns"]
    assert (file["records"], file["kept"]) == (3, 3)
    assert file["tables"] == {"actors": 3, "grants": 3, "components": 2}


def test_without_a_mapping_the_refusal_names_the_command(tmp_path: Path) -> None:
    path = workspace(tmp_path / "ws", "bots.csv", csv_text([HEAD, *ROWS]).encode())
    (file,) = json.loads(run("formats", path, "--json").output)
    assert (file["source"], file["unreadable"]) == (None, 3)
    assert f"reporter map {path}" in file["why"]


def test_what_a_proposal_says(tmp_path: Path) -> None:
    path = workspace(tmp_path / "ws", "bots.csv", csv_text([HEAD, *ROWS]).encode())
    made = only(path)
    assert made.path == tmp_path / "ws/mappings/bots.yml"
    assert made.mapping["columns"] == {
        "actor_id": "Agent ID",
        "name": "Agent Name",
        "owner_id": "Owner E-mail",
        "state": {"from": "Lifecycle stage",
                  "values": {"Live": "active", "c) Pilot – one quay only": "active"}},
        "risk_tier": {"from": "Risk rating", "values": {"Moderate": "medium"}},
        "activated_at": {"from": "Go-live date", "date": "%d.%m.%Y"},
    }  # fmt: skip
    assert made.mapping["lists"] == {"tools": "Tools used"}
    assert made.mapping["component"] == {"name": "Model"}
    assert {g.heading for g in made.guesses} == {" ".join(h.split()) for h in HEAD}
    assert all(50 <= g.sure <= 100 for g in made.guesses)


def test_a_date_that_could_be_either_is_not_decided(tmp_path: Path) -> None:
    rows = [["Id", "Approval date"], ["a", "03/04/2026"], ["b", "05/06/2026"]]
    made = only(workspace(tmp_path / "ws", "x.csv", csv_text(rows).encode()))
    assert (list(made.mapping["columns"]), made.others) == (["actor_id"], ["Approval date"])
    assert "day or the month first?" in made.unsure[0].why


@pytest.mark.usefixtures("few_checks")
def test_what_comes_first_in_a_date_may_be_given_and_not_against_the_dates(tmp_path: Path) -> None:
    rows = [["Id", "Approval date"], ["a", "03/04/2026"], ["b", "05/06/2026"]]
    path = workspace(tmp_path / "ws", "x.csv", csv_text(rows).encode())
    (made,), _ = propose(path, date="day")
    assert made.mapping["columns"]["approved_at"]["date"] == "%d/%m/%Y"
    told = workspace(tmp_path / "o", "x.csv", csv_text([*rows, ["c", "05/26/2026"]]).encode())
    done = run("map", told, "--kind", "agent", "--date", "day")
    assert done.exit_code == 3
    assert "its dates put the month first, not the day" in done.output


@pytest.mark.usefixtures("few_checks")
def test_assess_uses_the_mapping_and_names_line_and_hash(tmp_path: Path) -> None:
    path = workspace(tmp_path / "ws", "bots.csv", csv_text([["Bots"], HEAD, *ROWS]).encode())
    assert run("map", path).exit_code == 0
    made = reporter.assess(tmp_path / "ws")
    # BOT-3, who has no owner; a heading here takes two lines
    assert "inventory/bots.csv#6" in set(made.findings()["record"])
    assert json.loads((made.folder / "manifest.json").read_text())["hashes"]["mappings"]


def test_each_sheet_has_a_mapping_of_its_own(tmp_path: Path) -> None:
    content = workbook(
        [["Bots", None], HEAD, *ROWS], [["Remark"], ["call Ada"]], titles=["Bots", "Notes"]
    )
    path = workspace(tmp_path / "ws", "bots.xlsx", content)
    bots, notes = mapped(path)
    assert bots["file"].endswith("inventory/bots.xlsx!Bots")
    assert (bots["kept"], notes["unreadable"]) == (3, 1)
    assert f"reporter map {path} --sheet Notes" in notes["why"]
    _, notes = mapped(path, "--sheet", "Notes", "--kind", "none")
    assert (notes["unreadable"], notes["out_of_scope"]) == (0, 1)


def test_sheets_with_the_same_headings_share_a_mapping(tmp_path: Path) -> None:
    content = workbook([HEAD, ROWS[0]], [HEAD, *ROWS[1:]], titles=["2025", "2026"])
    path = workspace(tmp_path / "ws", "bots.xlsx", content)
    assert [f["kept"] for f in mapped(path)] == [1, 2]
    assert [p.name for p in (tmp_path / "ws/mappings").iterdir()] == ["bots-2025.yml"]


def test_of_a_folder_each_file_that_no_source_recognises_is_mapped(tmp_path: Path) -> None:
    path = workspace(tmp_path / "ws", "bots.csv", csv_text([HEAD, *ROWS]).encode())
    (path.parent / "remarks.csv").write_text("Remark,By\nx,a\nx,b\n")
    (path.parent / "own.csv").write_text("type,actor_id\nagent,a\n")
    done = run("map", tmp_path / "ws")
    assert (done.exit_code, "no heading says of which agent" in done.output) == (0, True)
    assert [p.name for p in (tmp_path / "ws/mappings").iterdir()] == ["bots.yml"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([["Remark"], ["a"], ["a"]], "'Remark' tells 1 of 2 rows apart"),
        (
            [["Remark"], ["a"], ["b"]],
            "'Remark' tells the rows apart, but no other column is understood",
        ),
        (
            [["Owner", "Status"], ["Ann", "Live"], ["Ann", "Live"]],
            "'Owner' is read as actors.owner_id",
        ),
        (
            [["Key ID", "Rotated on"], ["k-1", "2026-01-01"], ["k-2", "2026-01-01"]],
            "'Key ID' is read as credential.credential_id",
        ),
    ],
)
def test_a_table_whose_rows_cannot_be_told_apart_is_refused(
    rows: list[list[str]], says: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=says):
        propose(workspace(tmp_path / "ws", "x.csv", csv_text(rows).encode()))


@pytest.mark.parametrize(
    ("head", "rows", "actor_id", "says"),
    [
        ("Name,Owner", ["Ann,x", "Ann,y"], "Name", "Ann (2 rows)"),
        ("Bureau,Name", ["A,Bot", "B,Bot"], {"from": ["Bureau", "Name"]}, "within Bureau"),
        ("No.,Name", ["1.,Ann", "2.,Bob"], "Name", "changes when one is added"),
        ("Agent ID,Name", ["1,Ann", "2,Bob"], "Agent ID", "stays with its row"),
        ("Agent ID,Name", ["a,A", "b,B", "c,C", "d,D", "e,E", ",F"], {"from": "Agent ID", "else": "Name"}, "missing in 1, where the name is taken"),
        ("Agent ID,Name", ["a,Ann", "a,Bob"], "Agent ID", "one id under different names"),
        ("Robots,Owner,Status", ["x,a@b.c,Live", "y,d@e.f,Live"], "Robots", "no heading says name or id"),
    ],
)  # fmt: skip
def test_what_tells_rows_apart(
    head: str, rows: list[str], actor_id: Any, says: str, tmp_path: Path
) -> None:
    made = only(workspace(tmp_path / "ws", "x.csv", "\n".join([head, *rows]).encode()))
    assert made.mapping["columns"]["actor_id"] == actor_id
    assert says in "\n".join(made.lines())


@pytest.mark.parametrize(
    ("heading", "cells", "target"),
    [
        ("What is the intended purpose and expected benefits of the AI?", ["It reads tide tables", "It writes notices"], "actors.purpose"),
        ("Is the purpose documented?", ["Yes", "No"], None),
        ("Purpose", ["Yes", "No"], None),
        ("Email address", ["ai@port.example"] * 5, None),
        ("Email address", ["a@port.example", "b@port.example"], "actors.owner_id"),
        ("3. Owner (required)*", ["Ada", "Bo"], "actors.owner_id"),
        ("Technischer Ansprechpartner", ["Ada", "Bo"], "actors.technical_owner_id"),
        ("Created by", ["Ada", "Bo"], None),
        ("Is the AI use case high-impact?", ["a) High-impact", "c) Not high-impact"], "actors.risk_tier"),
        ("Is the AI use case high-impact?", ["c) Not high-impact", "No"], None),
        ("Business criticality", ["High", "Low"], None),
        ("Risk tier", ["Tier 1", "Tier 3"], None),
        ("Vendor name", ["Orb", "Orb"], None),
        ("Date Initiated", ["2026-01-01", "2026-01-02"], None),
        ("Approval status", ["Pending", "Rejected"], None),
        ("Active", ["Yes", "No"], "actors.state"),
        ("First production use", ["Q1 FY24", "2025-03"], None),
        ("Data used", ["Loan forms that the banks send us each month, and letters", "Tables of the tides of all years since 1990"], None),
        ("Datenquellen", ["erp; crm", "crm"], "lists.data_sources"),
    ],
)  # fmt: skip
def test_what_a_heading_and_its_cells_mean(
    heading: str, cells: list[str], target: str | None, tmp_path: Path
) -> None:
    rows = [["Agent ID", heading], *[[f"a{i}", c] for i, c in enumerate(cells)]]
    made = only(workspace(tmp_path / "ws", "x.csv", csv_text(rows).encode()))
    assert [g.target for g in made.guesses if g.heading != "Agent ID"] == [target] * bool(target)


@pytest.mark.parametrize(
    ("cell", "date", "read"),
    [
        ("2/13/2026", "%m/%d/%Y", "2026-02-13 00:00:00"),
        ("13/2/26", "%d/%m/%y", "2026-02-13 00:00:00"),
        ("2/13/2026 3:45 PM", "%m/%d/%Y %I:%M %p", "2026-02-13 15:45:00"),
        ("13-Feb-26", "%d-%b-%y", "2026-02-13 00:00:00"),
        ("February 13, 2026", "%B %d, %Y", "2026-02-13 00:00:00"),
        ("45292", "excel", "2024-01-01 00:00:00"),
        ("1767225600", "epoch", "2026-01-01 00:00:00"),
        ("1767225600000", "epoch_ms", "2026-01-01 00:00:00"),
        ("2026-02-13T10:00:00.000Z", None, "2026-02-13 10:00:00"),
        ("2026-02-13 10:00", None, "2026-02-13 10:00:00"),
    ],
)
def test_a_date_is_read_as_proposed(cell: str, date: str | None, read: str, tmp_path: Path) -> None:
    rows = [["Agent ID", "Approved on"], ["a", cell]]
    made = only(workspace(tmp_path / "ws", "x.csv", csv_text(rows).encode()))
    said = made.mapping["columns"]["approved_at"]
    assert (said.get("date") if isinstance(said, dict) else None) == date
    write(made)
    assert rows_of(tmp_path / "ws")["actors"][0]["approved_at"] == read


def test_a_list_that_is_empty_and_one_that_was_not_filled_in_differ(tmp_path: Path) -> None:
    rows = [["Agent ID", "Tools"], ["a", "mail; none"], ["b", "None"], ["c", ""], ["d", "TBD"]]
    write(only(workspace(tmp_path / "ws", "x.csv", csv_text(rows).encode())))
    made = rows_of(tmp_path / "ws")
    assert [a.get("tools_listed") for a in made["actors"]] == ["True", "True", None, None]
    assert [g["name"] for g in made["grants"]] == ["mail"]


@pytest.mark.parametrize("since", ["Since", "{from: Since, date: '%m/%d/%Y'}"])
def test_of_a_year_without_its_century_no_date_is_made(since: str, tmp_path: Path) -> None:
    workspace(tmp_path / "ws", "x.csv", b"Id,Since\na,2/1/24\n")
    text = f"map: m\nkind: agent\nheadings: [Id, Since]\ncolumns: {{actor_id: Id, created_at: {since}}}\n"
    (tmp_path / "ws/mappings").mkdir()
    (tmp_path / "ws/mappings/m.yml").write_text(text)
    assert "created_at" not in rows_of(tmp_path / "ws")["actors"][0]


def test_a_mapping_is_never_written_over(tmp_path: Path) -> None:
    path = workspace(tmp_path / "ws", "bots.csv", csv_text([HEAD, *ROWS]).encode())
    write(only(path))
    with pytest.raises(InputError, match="may have been corrected"):
        write(only(path))


GOOD = "map: m\nkind: agent\nheadings: [Id, Stage]\ncolumns:\n  actor_id: Id\n"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (GOOD.replace("agent", "robot"), 2, "kind 'robot' is not one of"),
        (GOOD + "  stat: Stage\n", 4, "an actor has no column 'stat'"),
        (GOOD + "  state: Phase\n", 4, "'Phase' is not one of the headings"),
        (GOOD + "  state: {from: Stage, value: {}}\n", 4, "unknown key 'value'"),
        (GOOD + "  state: {from: Stage, date: '%Y'}\n", 4, "state is not a time"),
        (GOOD.replace("  actor_id: Id\n", "  name: Id\n"), 4, "no column gives actor_id"),
        (GOOD + "lists: {tool: Stage}\n", 6, "no list 'tool'"),
        (GOOD + "component: {vendor: Stage}\n", 6, "lacks 'name'"),
        (GOOD + "credential: {storage: Stage}\n", 6, "lacks 'credential_id'"),
        (GOOD + "credential: {credential_id: Id, age: Stage}\n", 6, "credential has no 'age'"),
        (GOOD + "empty: [1]\n", 6, "'empty' must be a list of texts"),
        (GOOD + "sql: DROP\n", 6, "unknown key 'sql'"),
    ],
)
def test_a_wrong_mapping_is_refused_with_its_line(
    text: str, line: int, says: str, tmp_path: Path
) -> None:
    refuse(text, line, says, tmp_path)


def refuse(text: str, line: int, says: str, folder: Path) -> None:
    """Expect that a mapping is refused at a line, with these words."""
    path = folder / "m.yml"
    path.write_text(text)
    with pytest.raises(ContentError, match=says) as refused:
        read_mapping(path)
    assert str(refused.value).startswith(f"{path}:{line}")


def test_headings_with_quotes_slashes_and_sql_are_only_names(tmp_path: Path) -> None:
    odd = 'Id\'; DROP TABLE actors --/~"x"'
    text = f"map: m\nkind: agent\nheadings: [{json.dumps(odd)}]\ncolumns:\n  actor_id: {json.dumps(odd)}\n"
    path = workspace(tmp_path / "ws", "x.csv", csv_text([[odd, "b"], ["a1", "c"]]).encode())
    (tmp_path / "ws/mappings").mkdir()
    (tmp_path / "ws/mappings/m.yml").write_text(text)
    (file,) = json.loads(run("formats", path, "--json").output)
    assert (file["kept"], file["tables"]) == (1, {"actors": 1})
