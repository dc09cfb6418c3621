"""`reporter map` writes only what it is sure of: people are no agents, logs that name no actor are refused, secrets no ids, and what is written can be read."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from conftest import printed, reporter

from reporter.authoring.propose_mapping import propose
from reporter.content.mapping import read_mapping
from reporter.content.yaml import read_yaml
from reporter.engine.base import quoted
from reporter.engine.duckdb import DuckDB
from reporter.privacy import synonyms
from reporter.privacy.redact_sql import named_secrets, without

pytestmark = pytest.mark.slow

YML = "organisation: Port\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"
STAFF = "mail,name,left on\nann@port.example,Ann,\nbo@port.example,Bo,2026-05-01\n"
PASSWORD, PHRASE, TOKEN = "hunter2hunter2", "correct horse battery", "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"  # fmt: skip


def placed(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (folder / "reporter.yml").write_text(YML)
    path.write_text(content)
    return path


def written(workspace: Path) -> list[str]:
    return sorted(p.name for p in workspace.glob("mappings/*.yml"))


RUN = {
    "id": "r1", "operation": "plan", "start_time": "2026-07-01T08:00:00.123", "end_time": "2026-07-01T08:00:01.5",
    "trace_id": "t1", "session_name": "s",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("staff.csv", STAFF, "human at 65 %"),
        ("list.csv", STAFF, "human at 55 %"),
        ("x.csv", "Reference,Title,Colour\nA-1,Alpha,red\nA-2,Beta,blue\n", "agent at 50 %"),
        ("runs.jsonl", "".join(json.dumps({**RUN, "id": f"r{n}"}) + "\n" for n in range(3)), "looks like a log, not a register: start_time beside operation, trace_id, session_name; but no column says who acted"),
        ("calls.csv", "timestamp,note,action,tool\n2026-07-01 08:00:00,a b,read,t\n2026-07-01 08:01:00,a c,read,t\n", "looks like a log, not a register: timestamp beside action, tool; but no column says who acted"),
    ],
)  # fmt: skip
def test_where_it_is_not_sure_nothing_is_written_and_it_says_what_to_give(
    name: str, content: str, says: str, tmp_path: Path
) -> None:
    path = placed(tmp_path, f"inventory/{name}", content)
    done = reporter("map", path)
    assert (done.exit_code, says in done.output, "--kind" in done.output) == (3, True, True)
    assert written(tmp_path) == []
    assert reporter("map", path, "--kind", "person").exit_code in (0, 3)


def test_of_a_list_of_people_the_address_is_the_person(tmp_path: Path) -> None:
    path = placed(tmp_path, "inventory/staff.csv", STAFF)
    assert reporter("map", path, "--kind", "person").exit_code == 0
    mapping: Any = read_yaml(tmp_path / "mappings/staff.yml")
    assert (mapping["kind"], mapping["columns"]) == (
        "human",
        {"actor_id": "mail", "name": "name", "retired_at": "left on"},
    )
    (file,) = json.loads(reporter("formats", tmp_path, "--json").output)
    assert (file["tables"], file["kept"]) == ({"actors": 2}, 2)


@pytest.mark.parametrize(
    ("head", "kind", "least"),
    [
        ("Agent ID,Owner", "agent", 75),
        ("Account name,Type of NHI,Owner", "service_account", 90),
        ("System,Purpose of it,Kill switch", "agent", 90),
    ],
)
def test_what_a_row_is_and_how_sure(head: str, kind: str, least: int, tmp_path: Path) -> None:
    cells = ["a;b", "Answers the questions of captains about berths", "read; write; send"]
    rows = "\n".join(",".join(f"{c} {n}" for c in cells[: head.count(",") + 1]) for n in range(3))
    ((made,), _) = propose(placed(tmp_path, "inventory/list.csv", f"{head}\n{rows}\n"))
    assert (made.mapping["kind"], made.asks) == (kind, "")
    assert any(f"({least} %" in line or f"({least + 10} %" in line for line in made.notes)


def test_a_file_that_a_source_reads_is_not_mapped_unless_it_is_said_what_its_rows_are(tmp_path: Path) -> None:  # fmt: skip
    path = placed(tmp_path, "inventory/own.csv", "type,actor_id,name\nagent,a,A\nagent,b,B\n")
    done = reporter("map", path)
    assert (done.exit_code, done.output.startswith(f"{path} is read as reporter-inventory:")) == (0, True)  # fmt: skip
    assert written(tmp_path) == []
    assert reporter("map", path, "--kind", "agent").exit_code == 0
    assert read_mapping(tmp_path / "mappings/own.yml").id == "map-own"
    assert reporter("formats", tmp_path).exit_code == 0


def test_no_mapping_is_written_that_would_break_the_workspace(tmp_path: Path) -> None:
    path = placed(tmp_path, "inventory/bots.csv", "Agent ID,Name\na,A\nb,B\n")
    placed(tmp_path, "mappings/other.yml", "map: map-bots\nkind: agent\nheadings: [X]\ncolumns: {actor_id: X}\n")  # fmt: skip
    done = reporter("map", path)
    assert (done.exit_code, "no valid mapping can be made of it" in done.output) == (3, True)
    wrong = reporter("map", path, "--kind", "gadget")
    assert (wrong.exit_code, "kind 'gadget' is not one of" in wrong.output) == (3, True)
    assert written(tmp_path) == ["other.yml"]


@pytest.mark.parametrize(
    ("head", "cells", "secret"),
    [
        ("agent,secret,expires", ["bot-a," + PASSWORD + ",2026-12-01", "bot-b,x,2026-11-01"], "secret"),
        ("agent,client secret", ["bot-a,one word", "bot-b,two words"], "client secret"),
        ("agent,Passwort", ["bot-a,Sommer", "bot-b,Winter"], "Passwort"),
        ("agent,token", ["bot-a," + TOKEN, "bot-b,"], "token"),
        ("agent,credential", ["bot-a,k-1", "bot-b," + TOKEN], "credential"),
        ("agent,remark", ["bot-a,uses " + TOKEN, "bot-b,"], "remark"),
    ],
)  # fmt: skip
def test_a_column_of_secrets_is_never_mapped(
    head: str, cells: list[str], secret: str, tmp_path: Path
) -> None:
    ((made,), _) = propose(placed(tmp_path, "inventory/keys.csv", "\n".join([head, *cells])))
    assert made.others == [secret, *(["expires"] if "expires" in made.others else [])]
    assert f"never mapped, for it holds secrets: {secret}" in made.notes
    assert not any(word in made.text() for word in (PASSWORD, TOKEN))


def test_ids_of_keys_are_still_mapped(tmp_path: Path) -> None:
    path = placed(tmp_path, "inventory/keys.csv", "agent,key id,expires\na,k-11,2026-12-31\nb,AKIAIOSFODNN7EXAMPLE,2026-12-31\n")  # fmt: skip
    ((made,), _) = propose(path)
    assert made.mapping["credential"]["credential_id"] == "key id"


EXTRA = """\
id: own-keys
title: Keys of ours
describe: Keys.
when: r ->> 'badge' IS NOT NULL
tables:
  credentials: |
    SELECT record, r ->> 'clientSecret' AS credential_id, r ->> 'badge' AS actor_id, 'api_key' AS type FROM raw
  actors: |
    SELECT record, r ->> 'badge' AS actor_id, 'agent' AS kind, 'uses ' || (r ->> '$.login.password') AS purpose FROM raw
"""


@pytest.mark.usefixtures("few_checks")
@pytest.mark.parametrize(
    "formats", ["json,html,csv", pytest.param("pdf,xlsx,oscal,sarif,ocsf", marks=pytest.mark.deep)]
)
def test_a_run_prints_no_secret_whatever_a_mapping_or_a_source_says(
    formats: str, tmp_path: Path
) -> None:
    """A mapping takes the secret for an id, a time and a part of a text; a source of the user's own for an id and a text."""
    ws = tmp_path / "ws"
    placed(ws, "inventory/keys.csv", f"agent,secret,Passwort\nbot-a,{PASSWORD},{PHRASE}\nbot-b,{TOKEN},{PHRASE}\n")  # fmt: skip
    placed(
        ws, "mappings/keys.yml",
        "map: keys\nkind: agent\nheadings: [agent, secret, Passwort]\n"
        "columns: {actor_id: agent, purpose: {from: [agent, Passwort]}, created_at: Passwort, principal_id: secret}\n"
        "credential: {credential_id: secret, storage: Passwort}\n",
    )  # fmt: skip
    own = {"badge": "bot-c", "clientSecret": PASSWORD, "login": {"password": PHRASE}}
    placed(ws, "inventory/own.json", json.dumps([own]))
    placed(tmp_path / "extra", "sources/own-keys.yml", EXTRA)
    done = reporter(
        "assess", ws, "--out", tmp_path / "out", "--cache", tmp_path / "cache", "--extra", tmp_path / "extra",
        "--formats", formats,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    files = [p for d in ("out", "cache") for p in sorted((tmp_path / d).rglob("*")) if p.is_file()]
    texts = [done.output.encode(), *map(_text_of, files)]
    for secret in (PASSWORD, PHRASE, TOKEN):
        assert not any(secret.encode() in text for text in texts)
    if "json" not in formats:
        return
    report = printed(tmp_path / "out")
    assert {f["kept"] for f in report["accounting"]["files"]} == {"2", "1"}


def _text_of(path: Path) -> bytes:
    """What a file says: of a PDF its text, of a workbook its unpacked parts, else its bytes."""
    if path.suffix == ".pdf":
        if not shutil.which("pdftotext"):
            pytest.skip("pdftotext is not installed")
        return subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True).stdout
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return b"".join(book.read(name) for name in book.namelist())
    if path.suffix == ".parquet":
        with DuckDB(path.with_suffix(".work")) as engine:
            return str(engine.rows(f"SELECT * FROM read_parquet({quoted(str(path))})")).encode()
    return path.read_bytes()


@pytest.mark.parametrize(
    ("record", "secrets"),
    [
        ({"secret": "abc"}, ["abc"]),
        ({"Client-Secret": " one word "}, ["one word"]),
        ({"a": [{"dbPassword": "x y"}]}, ["x y"]),
        ({"Mot de passe": "ete"}, ["ete"]),
        ({"secret": "yes", "password": "****", "pwd": "${VAULT}", "passphrase": ""}, []),
        ({"secretId": "s-1", "secret name": "prod", "token_id": "t-1", "key": "k-1"}, []),
        ({"api key": "k-11", "token": TOKEN}, [TOKEN]),
        ({"secret": 5, "password": None}, []),
    ],
)
def test_what_is_a_secret_by_the_name_of_its_field(record: Any, secrets: list[str]) -> None:
    assert [*named_secrets(record)] == secrets


def test_a_secret_within_a_text_is_replaced_and_a_short_one_only_by_itself() -> None:
    assert PASSWORD not in without(f"uses {PASSWORD} daily", [PASSWORD], "key")
    assert without("the abc of it", ["abc"], "key") == "the abc of it"
    assert without("abc", ["abc"], "key").startswith("secret-")


@pytest.mark.parametrize("heading", ["Key ID", "Secret name", "Secret rotated on", "Token count", "Vault", "Passport"])  # fmt: skip
def test_headings_beside_secrets_are_none(heading: str) -> None:
    assert not synonyms.is_secret(heading, "rotated-in-2026")
