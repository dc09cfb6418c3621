"""Tables of the user's own: headings are found, a mapping is proposed, read strictly and used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from test_readers import workbook

from reporter.cli import main
from reporter.errors import ContentError, InputError
from reporter.ingest.mapped import read_mapping
from reporter.propose import propose, write

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
    found: list[dict[str, Any]] = json.loads(run("formats", path.parent.parent, "--json").output)
    return found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_table_with_titles_above_it_is_mapped_and_kept_whole(
    encoding: str, sign: str, tmp_path: Path
) -> None:
    titled = [["Bots of the port, état 2026", *[""] * 7], [""] * 8, HEAD, *ROWS]
    path = workspace(tmp_path / "ws", "bots.csv", csv_text(titled, sign).encode(encoding))
    (file,) = mapped(path)
    assert (file["records"], file["kept"]) == (3, 3)
    assert file["tables"] == {"actors": 3, "grants": 3, "components": 2}


def test_without_a_mapping_the_refusal_names_the_command(tmp_path: Path) -> None:
    path = workspace(tmp_path / "ws", "bots.csv", csv_text([HEAD, *ROWS]).encode())
    (file,) = json.loads(run("formats", path, "--json").output)
    assert (file["source"], file["unreadable"]) == (None, 3)
    assert "reporter map" in file["why"]


def test_what_a_proposal_says(tmp_path: Path) -> None:
    path = workspace(tmp_path / "ws", "bots.csv", csv_text([HEAD, *ROWS]).encode())
    made = propose(path)
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
    made = propose(workspace(tmp_path / "ws", "x.csv", csv_text(rows).encode()))
    assert (list(made.mapping["columns"]), made.rest) == (["actor_id"], ["Approval date"])


def test_assess_uses_the_mapping_and_names_line_and_hash(tmp_path: Path) -> None:
    path = workspace(tmp_path / "ws", "bots.csv", csv_text([["Bots"], HEAD, *ROWS]).encode())
    assert run("map", path).exit_code == 0
    out = tmp_path / "run"
    done = run("assess", tmp_path / "ws", "--out", out, "--formats", "json,csv", "--quiet")
    assert done.exit_code == 0, done.output
    report = (out / "findings.csv").read_text(encoding="utf-8-sig")
    assert (
        "inventory/bots.csv#6" in report
    )  # BOT-3, who has no owner; a heading here takes two lines
    assert json.loads((out / "manifest.json").read_text())["hashes"]["mappings"]


def test_each_sheet_has_a_mapping_of_its_own(tmp_path: Path) -> None:
    content = workbook(
        [["Bots", None], HEAD, *ROWS], [["Remark"], ["call Ada"]], titles=["Bots", "Notes"]
    )
    path = workspace(tmp_path / "ws", "bots.xlsx", content)
    refused = run("map", path)
    assert (refused.exit_code, "--sheet 'Bots' | 'Notes'" in refused.output) == (3, True)
    bots, notes = mapped(path, "--sheet", "Bots")
    assert bots["file"].endswith("inventory/bots.xlsx!Bots")
    assert (bots["kept"], notes["unreadable"]) == (3, 1)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([["Remark"], ["a"], ["a"]], "no column tells every row"),
        ([["Name", "Owner"], ["Ann", "x"], ["Ann", "y"]], "no column tells every row"),
    ],
)
def test_a_table_whose_rows_cannot_be_told_apart_is_refused(
    rows: list[list[str]], says: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=says):
        propose(workspace(tmp_path / "ws", "x.csv", csv_text(rows).encode()))


def test_a_mapping_is_never_written_over(tmp_path: Path) -> None:
    path = workspace(tmp_path / "ws", "bots.csv", csv_text([HEAD, *ROWS]).encode())
    write(propose(path))
    with pytest.raises(InputError, match="may have been corrected"):
        write(propose(path))


GOOD = "map: m\nkind: agent\nheadings: [Id, Stage]\ncolumns:\n  actor_id: Id\n"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (GOOD.replace("agent", "robot"), 2, "kind 'robot' is none of"),
        (GOOD + "  stat: Stage\n", 4, "an actor has no column 'stat'"),
        (GOOD + "  state: Phase\n", 4, "'Phase' is none of the headings"),
        (GOOD + "  state: {from: Stage, value: {}}\n", 4, "unknown key 'value'"),
        (GOOD + "  state: {from: Stage, date: '%Y'}\n", 4, "state is no time"),
        (GOOD.replace("  actor_id: Id\n", "  name: Id\n"), 4, "no column gives actor_id"),
        (GOOD + "lists: {tool: Stage}\n", 6, "no list 'tool'"),
        (GOOD + "component: {vendor: Stage}\n", 6, "lacks 'name'"),
        (GOOD + "sql: DROP\n", 6, "unknown key 'sql'"),
    ],
)
def test_a_wrong_mapping_is_refused_with_its_line(
    text: str, line: int, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "m.yml"
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
