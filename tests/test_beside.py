"""What lies beside the folders that are read is named with why, and documents with what they are good for."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few, printed, reporter

from reporter.content import loader
from reporter.engine.duckdb import DuckDB
from reporter.ingest import statement_files
from reporter.ingest.readers.files import sniff
from reporter.ingest.unread_files import beside
from reporter.system import folders

pytestmark = [pytest.mark.usefixtures("few_checks"), pytest.mark.slow]

HEAD = "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"
AGENT = '{"type": "agent", "actor_id": "a1", "state": "active", "owner_id": "ann"}'
CALL = '{"event_id": "1", "time": "2026-07-02T08:00:00Z", "log_source": "gw", "actor_id": "a1", "event_class": "tool", "action": "read", "tool": "t", "outcome": "success"}\n'
PDF = b"%PDF-1.7\n1 0 obj\n"
SOURCES = tuple(loader.read_source(p) for p in sorted(folders.content_dir()[1].glob("*.yml")))
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def assessed(folder: Path, files: dict[str, bytes | str]) -> tuple[str, dict[str, Any]]:
    """A run of a workspace with one agent and these files; what was said, and report.json."""
    for name, content in {"reporter.yml": HEAD, "inventory/agents.json": AGENT, **files}.items():
        path = folder / "ws" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    out = folder / "out"
    result = reporter("assess", folder / "ws", "--out", out, "--formats", "json")
    assert result.exit_code == 0, result.output
    return result.output, printed(out)


def lying(workspace: Path, files: dict[str, bytes | str]) -> dict[str, str]:
    """What is said of files that are not read, by name."""
    for name, content in files.items():
        path = workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with DuckDB(workspace.with_name("work")) as engine:
        found = beside(engine, workspace, SOURCES, [workspace / "reporter.yml", workspace / "logo.png"])  # fmt: skip
    return {f.file: str(f.why) for f in found}


def whys(report: dict[str, Any]) -> dict[str, str]:
    return {f["file"]: f["why"] for f in report["accounting"]["files"]}


def test_evidence_in_another_place_is_named_with_where_it_belongs(tmp_path: Path) -> None:
    homes = {
        "inventar/agents.json": (AGENT, "inventory"),
        "evidence/gateway.jsonl": (CALL * 2, "logs"),
        "export/agents.json": (AGENT, "inventory"),
        "log/agents.json": (AGENT, "logs"),
        "gateway.jsonl": (CALL * 2, "logs"),
        "attestations.csv": ("framework,control,answer\n", "statements"),
    }
    said, report = assessed(tmp_path, {name: content for name, (content, _) in homes.items()})
    for name, (_, home) in homes.items():
        why = whys(report)[name]
        assert why.startswith("not read: it is ")
        assert why.endswith(f"did you mean {home}/?")
    assert f"Files that were found but not read: {len(homes)}." in said
    assert "evidence/gateway.jsonl: not read" in said
    assert report["accounting"]["equation"].startswith("1 ")


ZIP = b"PK\x03\x04" + b"\0" * 26 + b"logs/a.jsonl" + b"\0" * 40


@pytest.mark.parametrize(
    ("name", "content", "ends"),
    [
        ("Logs/gw.jsonl", CALL, "did you mean logs/?"),
        ("INVENTORY/agents.json", AGENT, "did you mean inventory/?"),
        ("2026/logs/gw.jsonl", CALL, "did you mean logs/?"),
        ("2026/q3/Inventory/x.bin", b"\0\1", "did you mean inventory/?"),
        ("inventory-old/x.csv", "a,b\n1,2\n", "did you mean inventory/?"),
        ("statments/w.yml", "waivers: []\n", "did you mean statements/?"),
        ("acme/dump.jsonl", CALL, "did you mean logs/?"),
        ("strange.jsonl", '{"x": 1}\n', "and mappings/ are"),
        ("workspace.zip", ZIP, "unpack it first, its files into those folders"),
        ("Logs/old.zip", ZIP, "unpack it first, its files into logs/"),
    ],
)
def test_a_folder_in_another_case_or_depth_and_archives_have_a_hint(
    name: str, content: bytes | str, ends: str, tmp_path: Path
) -> None:
    beside_it = {"agents.csv": "type,actor_id\nagent,a1\n"}
    found = lying(tmp_path / "ws", {name: content, **beside_it})
    assert found[name].startswith("not read: it is ") and found[name].endswith(ends), found[name]
    assert found["agents.csv"].endswith("did you mean inventory/?")


def test_a_packed_workspace_is_told_to_be_unpacked(tmp_path: Path) -> None:
    (tmp_path / "ws.zip").write_bytes(ZIP)
    done = reporter("assess", tmp_path / "ws.zip", "--out", tmp_path / "out")
    assert (done.exit_code, "is a file" in done.output, "Unpack it" in done.output) == (3, True, True)  # fmt: skip


def test_what_is_no_evidence_is_left_alone(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "reporter.yml": HEAD, "README.md": "x", ".gitignore": "runs", ".git/config": "x", ".venv/a.csv": "a,b\n", "logo.png": PNG,
        "inventory/a.json": AGENT, "mappings/a.yml": "map: x", "runs/q2/results.parquet": "x", "runs/q2/report.json": "{}",
        "q2/results.parquet": "x", "empty/.gitkeep": "",
    }  # fmt: skip
    assert lying(tmp_path / "ws", files) == {}


def test_a_mapping_that_is_not_read_is_named(tmp_path: Path) -> None:
    found = lying(tmp_path / "ws", {"mappings/people.yaml": "map: x\n", "mappings/old/x.yml": "map: x\n"})  # fmt: skip
    why = "not read: a mapping is a file named mappings/*.yml"
    assert found == {"mappings/old/x.yml": why, "mappings/people.yaml": why}


def test_a_folder_of_many_files_is_named_once_for_the_rest(tmp_path: Path) -> None:
    found = [*lying(tmp_path / "ws", {f"dump/{n:03}.json": AGENT for n in range(203)})]
    assert (len(found), found[-1]) == (201, "dump/…")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, "PDF"),
        (b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml" + b"\0" * 40 + b"word/document.xml", "DOCX text"),
        (b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml" + b"\0" * 40 + b"ppt/slides", "PPTX slides"),
        (b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.text", "OpenDocument file"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP picture"),
        (PNG, "PNG picture"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 20, "JPEG picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 20, "old Office document"),
        (b"{\\rtf1 hello}", "RTF text"),
    ],
)  # fmt: skip
def test_documents_are_told_by_their_first_bytes(content: bytes, kind: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(content)
    file = sniff(tmp_path / "x", "x")
    assert (file.is_document, str(file.why)) == (
        True,
        f"a document ({kind}): no record is read from it",
    )


@pytest.mark.parametrize("content", [b"BM,name\nx,y\n", b'{"a": 1}', b"PK\x03\x04" + b"\0" * 30 + b"xl/workbook.xml word/"])  # fmt: skip
def test_tables_are_no_documents(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(content)
    assert not sniff(tmp_path / "x", "x").is_document


DOCUMENTS = ("statements/policy.pdf", "inventory/scan.pdf", "minutes.pdf")


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """What is said of a workspace with documents, and its report."""
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch)
        return assessed(tmp_path_factory.mktemp("documents"), dict.fromkeys(DOCUMENTS, PDF))


def test_a_document_is_named_with_the_line_to_copy(documents: tuple[str, dict[str, Any]]) -> None:
    said, report = documents
    assert statement_files.headings() in said
    for name in DOCUMENTS:
        why = whys(report)[name]
        assert why.startswith("a document (PDF): no record is read from it")
        line = why.rpartition("attestations.csv: ")[2]
        assert line in said
        row = next(csv.DictReader(io.StringIO(f"{statement_files.headings()}\n{line}\n")))
        assert row["artefact"] == Path(name).name
        assert len(row["artefact_sha256"]) == (64 if "/" in name else 0)
        assert (row["answer"], None in row) == ("", False)


def test_the_line_to_copy_is_valid_and_names_the_artefact(
    documents: tuple[str, dict[str, Any]], tmp_path: Path
) -> None:
    _, first = documents
    line = whys(first)["statements/policy.pdf"].rpartition("attestations.csv: ")[2]
    columns, cells = statement_files.headings().split(","), line.split(",")
    answered = {
        **dict(zip(columns, cells, strict=True)),
        "answer": "yes",
        "attested_by": "ann",
        "date": "2026-09-01",
    }
    rows = f"{statement_files.headings()}\n{','.join(answered[c] for c in columns)}\n"
    _, second = assessed(tmp_path / "b", {"statements/policy.pdf": PDF, "statements/attestations.csv": rows})  # fmt: skip
    counts = {f["file"]: f for f in second["accounting"]["files"]}
    assert counts["statements/attestations.csv"]["kept"] == "1"
    assert "artefact of an attestation: its hash" in whys(second)["statements/policy.pdf"]
