"""Names that are no text and links that lead nowhere cost their own file at most, never the run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from conftest import reporter

from reporter.engine.duckdb import DuckDB
from reporter.ingest import convert
from reporter.ingest.readers.files import discover

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_caches")]

HEAD = "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"
AGENT = '{"type": "agent", "actor_id": "%s", "state": "active", "owner_id": "ann"}\n'
EVENT = '{"time": "2026-08-01T08:00:00Z", "actor_id": "a1", "actor_kind": "agent", "outcome": "success"}\n'


@pytest.fixture
def ws(tmp_path: Path) -> Path:
    """A register and a log."""
    made = {"reporter.yml": HEAD, "inventory/agents.jsonl": AGENT % "a1", "logs/a.jsonl": EVENT}
    for name, text in made.items():
        (tmp_path / "ws" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ws" / name).write_text(text)
    return tmp_path / "ws"


def odd(folder: Path, name: bytes, text: str | bytes) -> None:
    """Write a file whose name is those bytes."""
    path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def accounted(ws: Path, *words: object) -> dict[str, dict[str, Any]]:
    """Assess a workspace; return the entries of the manifest by file."""
    result = reporter("assess", ws, "--out", ws.parent / "out", *words)
    assert result.exit_code == 0, result.output
    manifest = json.loads((ws.parent / "out/manifest.json").read_text())
    return {f["file"]: f for f in manifest["inputs"]}


@pytest.mark.usefixtures("few_checks")
def test_a_name_that_is_no_utf8_is_escaped_and_its_file_is_read(
    ws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "STREAM_FROM", 1)  # the engine opens no such path
    odd(ws / "inventory", b"caf\xe9.jsonl", AGENT % "a2")
    odd(ws / "inventory", b"\xff.pdf", b"%PDF-1.4")
    odd(ws / "logs", b"\xff.jsonl", EVENT)
    (ws / "statements").mkdir()
    odd(ws / "statements", b"p\xff.pdf", b"%PDF-")
    odd(ws, b"beside\xff.json", AGENT % "a9")
    (ws / "other").mkdir()
    odd(ws / "other", b"x\xff.json", AGENT % "a9")
    with DuckDB(ws.parent / "w") as engine:
        engine.write_parquet("SELECT 'agent' AS type, 'a3' AS actor_id", ws.parent / "made")
    odd(ws / "inventory", b"t\xff.parquet", (ws.parent / "made").read_bytes())
    files = accounted(ws, "--formats", "html,json,csv")
    assert {n: f["kept"] for n, f in files.items() if "\\x" in n} == {
        r"inventory/caf\xe9.jsonl": 1, r"inventory/\xff.pdf": 0, r"inventory/t\xff.parquet": 1, r"logs/\xff.jsonl": 1,
        r"statements/p\xff.pdf": 0, r"beside\xff.json": 0, r"other/x\xff.json": 0,
    }  # fmt: skip
    for path in (ws.parent / "out").iterdir():
        if path.suffix != ".parquet" and path.suffix != ".xlsx":
            path.read_text(encoding="utf-8")
    said = reporter("formats", ws, "--json")
    assert said.exit_code == 0 and rf"{ws}/logs/\xff.jsonl" in {
        f["file"] for f in json.loads(said.stdout)
    }


def test_a_name_that_reads_as_the_escape_of_another_stays_its_own(ws: Path) -> None:
    odd(ws / "logs", b"\xff", EVENT)
    odd(ws / "logs", rb"\xff", EVENT)
    found = {f.name: os.fsencode(f.path.name) for f in discover(ws, ("logs",))}
    assert found[r"logs/\xff"] == rb"\xff" and found[r"logs/\xff~"] == b"\xff"


@pytest.mark.usefixtures("few_checks")
def test_links_that_lead_back_to_themselves_are_entries_that_nobody_could_read(ws: Path) -> None:
    links = {
        "logs/self": "self",
        "logs/one": "two",
        "logs/two": "one",
        "logs/none": "nothing",
        "at-root": "at-root",
    }
    for name, target in links.items():
        (ws / name).symlink_to(target)
    said = reporter("formats", ws, "--json")
    assert said.exit_code == 0, said.output
    why = {f["file"].removeprefix(f"{ws}/"): f["why"] for f in json.loads(said.stdout)}
    assert {n: why[n] for n in links if n.startswith("logs/")} == {
        "logs/self": "a link that leads back to itself", "logs/one": "a link that leads back to itself",
        "logs/two": "a link that leads back to itself", "logs/none": "a link that leads nowhere",
    }  # fmt: skip
    assert accounted(ws, "--formats", "json").keys() >= {n for n in links if n.startswith("logs/")}


def test_a_logo_that_is_a_link_to_itself_is_refused(ws: Path) -> None:
    (ws / "reporter.yml").write_text(f"{HEAD}branding: {{logo: l.png}}\n")
    (ws / "l.png").symlink_to("l.png")
    result = reporter("assess", ws, "--out", ws.parent / "out")
    assert result.exit_code == 3 and "Traceback" not in result.output, result.output


def test_a_place_for_the_run_that_the_engine_cannot_open_is_refused(ws: Path) -> None:
    for option, path in (("--out", "o\udcff"), ("--cache", "c\udcff")):
        words = {"--out": ws.parent / "out", option: ws.parent / path}
        result = reporter("assess", ws, *(w for pair in words.items() for w in pair))
        assert result.exit_code == 3 and "is not UTF-8" in result.output, result.output
