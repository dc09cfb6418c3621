"""Vendor sources: golden rows of invented files, and what becomes of real samples.

`tests/data/sources/<source>/` holds files that this source must recognise, and in golden.json what
they become; `make golden` renews it. The samples of ../shared are not part of the repository.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from conftest import OF_CLOUDS

from reporter.authoring import docs
from reporter.content import loader, source_macros
from reporter.engine.duckdb import DuckDB
from reporter.ingest import cache as store
from reporter.ingest import load, projection
from reporter.ingest.readers.inputs import Inputs
from reporter.schema import compiled
from reporter.schema.tables import LOADED, columns_of
from reporter.schema.vocabulary import VOCABULARY
from reporter.system import folders

DATA = Path(__file__).parent / "data" / "sources"
SAMPLES = Path(__file__).parents[1] / ".." / "shared" / "samples"
SOURCES = tuple(loader.read_source(p) for p in sorted(folders.content_dir()[1].glob("*.yml")))
VENDORS = sorted(p.name for p in DATA.iterdir())
ALONE = ("agent-bom", "okta-system-log")
"""A list and a log; that the other vendors' files need no neighbours is for the deep suite."""


@dataclass(frozen=True)
class Taken:
    """What ingest made of a folder."""

    intake: load.Intake
    rows: dict[str, list[dict[str, Any]]]

    def accounting(self) -> dict[str, list[Any]]:
        """Return file -> [source, read, kept, out of scope, unreadable, rejected]."""
        return {
            f.file: [f.source, f.read, f.kept, f.out_of_scope, f.unreadable, f.rejected]
            for f in self.intake.files
        }


Ingest = Callable[[Path], Taken]


@pytest.fixture
def ingest(tmp_path: Path) -> Ingest:
    """Return a function that ingests a folder as a workspace's logs/."""

    return lambda folder: _take(folder, tmp_path)


def _take(folder: Path, place: Path, cache: Path | None = None) -> Taken:
    workspace = place / "workspace"
    shutil.copytree(folder, workspace / "logs", ignore=shutil.ignore_patterns("golden.json"))
    with DuckDB(place / "work") as engine:
        intake = load.ingest(
            engine, Inputs.of(workspace), SOURCES, store.open_cache(cache or place / "cache")
        )
        rows = {t.name: _rows(engine, t.name, [n for n, _ in columns_of(t)]) for t in LOADED}
    return Taken(intake, {name: found for name, found in rows.items() if found})


Of = Callable[[str], Taken]


@pytest.fixture(scope="module")
def of(tmp_path_factory: pytest.TempPathFactory, converted: Path) -> Of:
    """Return a function that gives what became of a vendor's files, which are ingested with those of all others."""
    whole = _take(DATA, tmp_path_factory.mktemp("all"), converted)
    return lambda vendor: _part(whole, vendor)


def _part(whole: Taken, vendor: str) -> Taken:
    """Return what is a vendor's, as if its folder alone were logs/."""
    folder = f"logs/{vendor}/"
    alone = whole.intake
    parts = [
        tuple(replace(x, file=f"logs/{x.file.removeprefix(folder)}") for x in found if x.file.startswith(folder))
        for found in (alone.files, alone.quarantined)
    ]  # fmt: skip
    scope = tuple(x for x in alone.out_of_scope if x[0] == vendor)
    intake = replace(alone, files=parts[0], quarantined=parts[1], out_of_scope=scope)
    rows = {
        name: [
            r | {"file": f"logs/{r['file'].removeprefix(folder)}"}
            for r in found if r["file"].startswith(folder)
        ]
        for name, found in whole.rows.items()
    }  # fmt: skip
    return Taken(intake, {name: found for name, found in rows.items() if found})


def _rows(engine: DuckDB, table: str, columns: list[str]) -> list[dict[str, Any]]:
    names = ["file", "record", *columns]
    rows = engine.rows(f"SELECT {', '.join(names)} FROM in_{table} ORDER BY ALL")
    return [
        {
            n: v.isoformat() if hasattr(v, "isoformat") else v
            for n, v in zip(names, r, strict=True)
            if v is not None
        }
        for r in rows
    ]


@pytest.mark.parametrize("vendor", VENDORS)
def test_golden_rows(vendor: str, of: Of) -> None:
    taken = of(vendor)
    made = _told(taken)
    golden = DATA / vendor / "golden.json"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert made == json.loads(golden.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "vendor", [v if v in ALONE else pytest.param(v, marks=pytest.mark.deep) for v in VENDORS]
)
def test_the_files_of_a_vendor_alone_give_what_they_give_among_all(
    vendor: str, ingest: Ingest
) -> None:
    golden = json.loads((DATA / vendor / "golden.json").read_text(encoding="utf-8"))
    assert _told(ingest(DATA / vendor)) == golden


def _told(taken: Taken) -> dict[str, Any]:
    return {
        "files": taken.accounting(),
        "out_of_scope": [[s, str(t), n] for s, t, n in taken.intake.out_of_scope],
        "quarantined": [
            [q.file, q.line, q.kind, re.sub("logs/[a-z0-9-]+/", "logs/", str(q.reason))]
            for q in taken.intake.quarantined
        ],
        "rows": taken.rows,
    }


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_file_is_recognised_as_its_vendor(vendor: str) -> None:
    golden = json.loads((DATA / vendor / "golden.json").read_text(encoding="utf-8"))
    assert {source for source, *_ in golden["files"].values()} == {vendor}


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", [0, *(pytest.param(n, marks=pytest.mark.deep) for n in range(1, 12))]
)
def test_two_runs_give_the_same_files(part: int, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    for vendor in VENDORS[part::12]:
        hidden = shutil.ignore_patterns("golden.json")
        shutil.copytree(DATA / vendor, workspace / "logs" / vendor, ignore=hidden)
    made = []
    for n in (1, 2):
        cache = store.Cache(tmp_path / f"cache{n}", "key")
        cache.folder.mkdir()
        with DuckDB(tmp_path / f"work{n}") as engine:
            load.ingest(engine, Inputs.of(workspace), SOURCES, cache)
        made.append({p.name: p.read_bytes() for p in sorted(cache.folder.iterdir())})
    assert made[0] == made[1]


@pytest.mark.parametrize(
    "path", sorted(folders.content_dir()[1].glob("*.yml")), ids=lambda p: p.stem
)
def test_every_source_says_how_good_its_rows_are_as_evidence(path: Path) -> None:
    assert re.search("^evidence: ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_no_table_holds_a_secret_of_an_mcp_configuration(of: Of) -> None:
    text = json.dumps(of("mcp-config").rows)
    assert "hunter2" not in text


def test_mcp_components_make_no_actor(of: Of) -> None:
    assert "actors" not in of("mcp-config").rows


def test_a_tool_call_that_a_model_only_asked_for_is_no_event(of: Of) -> None:
    events = of("otel-genai").rows["events"]
    assert not {"drop_table", "rm"} & {e.get("tool") for e in events}


def test_a_span_without_agent_belongs_to_the_nearest_agent_above_it(of: Of) -> None:
    events = of("otel-genai").rows["events"]
    owner = {
        e["tool"]: e.get("actor_id")
        for e in events
        if "tool" in e and e["file"] == "logs/otlp.json"
    }
    assert (owner["lookup"], owner["pay"], owner["read"]) == ("agt-1", "agt-1", "Sub")


def test_cloudtrail_calls_an_actor_an_agent_only_where_the_record_says_so(of: Of) -> None:
    events = of("aws-cloudtrail").rows["events"]
    agents = {
        e["principal_id"].rsplit("/", 1)[-1] for e in events if e.get("actor_kind") == "agent"
    }
    assert agents == {
        "AmazonBedrockExecutionRoleForAgents_7",
        "AmazonBedrockAgentCoreRuntimeDefaultServiceRole-x",
        "invoice-agent",
    }


LOOK_ALIKES: dict[str, Any] = {
    "S3 notification": {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": "eu-central-1",
                "eventName": "ObjectCreated:Put",
                "eventTime": "2026-07-01T00:00:00Z",
                "userIdentity": {"principalId": "x"},
                "s3": {},
            }
        ]
    },
    "OpenAPI servers": {
        "openapi": "3.1.0",
        "servers": [{"url": "https://api.example"}],
        "paths": {},
    },
    "Flat server list": {"servers": {"web-1": {"host": "10.0.0.1", "port": 80}}},
    "Plain trace": {"traceId": "a", "events": [{"name": "x"}]},
    "Event type without Okta": [
        {"eventType": "order.created", "published": "2026-07-01T00:00:00Z"}
    ],
    "Hooks of Command Code": {
        "session_id": "a",
        "transcript_path": "/tmp/a.jsonl",
        "cwd": "/srv",
        "hook_event_name": "PostToolUse",
        "permission_mode": "auto-accept",
        "tool_name": "edit_file",
        "tool_input": {"file_path": "/srv/a"},
    },
    "Hooks of Devin": {"session_id": "a", "hook_event_name": "PostToolUse", "tool_name": "exec"},
}


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> Of:
    """Return a function that gives what became of a look-alike; all of them are ingested together."""
    place = tmp_path_factory.mktemp("alike")
    for name, value in LOOK_ALIKES.items():
        (place / "given" / name).mkdir(parents=True)
        text = json.dumps(value)
        (place / "given" / name / "file.json").write_text(text, encoding="utf-8")
    whole = _take(place / "given", place)
    return lambda name: _part(whole, name)


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_look_alikes_are_left_alone(name: str, alike: Of) -> None:
    assert [(f.file, f.source) for f in alike(name).intake.files] == [("logs/file.json", "")]


# Real samples, where they are at hand

needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="../shared/samples is not here")


NOT_DATA = ("SOURCE.md", ".labels.csv", ".expected-findings.json")
OWN = {
    "a2a-agent-card": {"a2a-agent-card"},
    "agent-audit-trail": {"agent-governance-audit"},
    "agent-control-decisions": {"agent-control-standard"},
    "agent-hooks-codex": {"codex-hooks"},
    "agent-inventory-json": {"agent-bom"},
    "agentdojo-trace": {"agentdojo"},
    "aws-cloudtrail": {"aws-cloudtrail"},
    "aws-credential-report": {"aws-credential-report"},
    "aws-iam-authz-details": {"aws-iam-authz-details"},
    "claude-code-hooks": {"claude-code-hooks"},
    "claude-code-session": {"claude-code-session"},
    "csv-ai-inventory": {"ai-use-cases"},
    "cyclonedx-ai-bom": {"cyclonedx"},
    "entra-access-reviews": {"entra-access-reviews"},
    "entra-directory-audit": {"entra-logs", "entra-grants"},
    "claude-code-settings": {"claude-code-settings"},
    "codex-otel-logs": {"codex-otel"},
    "codex-rollout": {"codex-rollout"},
    "cursor-hooks": {"cursor-hooks"},
    "gemini-cli-telemetry": {"gemini-cli"},
    "github-apps": {"github-apps"},
    "github-change-control": {"github-delivery", "github-pull-requests"},
    "jira-issues": {"jira-issues"},
    "kubernetes": {"kubernetes-objects"},
    "langfuse-trace": {"langfuse"},
    "m365-copilot-ediscovery": {"m365-copilot-ediscovery"},
    "m365-unified-audit": {"m365-audit"},
    "langsmith-runs": {"langsmith"},
    "litellm-logs": {"litellm-spend-logs"},
    "mcp-client-config": {"mcp-config"},
    "ocsf": {"ocsf"},
    "okta-apps": {"okta-apps"},
    "openai-chat-trajectory": {"openai-chat"},
    "otel-genai-spans": {"otel-genai"},
    "scim-users": {"scim"},
    "pagerduty-incidents": {"pagerduty-incidents"},
    "servicenow": {"servicenow-incidents"},
    "vault-audit": {"vault-audit"},
}
"""Sample folders whose every file must be read as what it is."""


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Of:
    """Return a function that gives what became of a folder of samples, all of which are ingested together."""
    whole = _take(SAMPLES, tmp_path_factory.mktemp("samples"))
    return lambda folder: _part(whole, folder)


@needs_samples
@pytest.mark.parametrize(
    "folder", sorted(p.name for p in SAMPLES.iterdir() if p.is_dir()) if SAMPLES.is_dir() else []
)
def test_samples_are_recognised_as_what_they_are_and_add_up(folder: str, sampled: Of) -> None:
    for f in sampled(folder).intake.files:
        assert f.read == f.kept + f.out_of_scope + f.unreadable + f.rejected, f.file
        if f.file.endswith(NOT_DATA):
            assert f.source == "", f.file
        elif folder in OWN:
            assert f.source in OWN[folder], f.file
            assert (f.unreadable, f.rejected) == (0, 0), f.file


@needs_samples
def test_the_sample_run_shows_the_tools_that_were_executed(sampled: Of) -> None:
    events = sampled("otel-genai-spans").rows["events"]
    assert [e["tool"] for e in events if e.get("event_class") == "tool"] == [
        "get_current_time",
        "write_file",
    ]


@needs_samples
def test_the_sample_without_authentication_is_seen_as_such(sampled: Of) -> None:
    rows = sampled("mcp-client-config").rows["components"]
    bare = [r for r in rows if r["file"].endswith("no-auth-remote.mcp.json")]
    assert [(r["authenticated"], r["encrypted"]) for r in bare] == [(False, False)] * 2


# Odd values

ODD: list[Any] = [
    None,
    5,
    -1.5,
    True,
    "",
    "x",
    [],
    {},
    [None, 1],
    {"a": None},
    "0" * 400,
    "\0",
    "$[",
    "'",
]


def _spoiled(value: Any, dice: random.Random) -> Any:
    """Return a copy in which some values are of another type than the vendor writes."""
    if dice.random() < 0.04:
        return dice.choice(ODD)
    if isinstance(value, dict):
        return {
            dice.choice(["$", "", "a.b", k]) if dice.random() < 0.02 else k: _spoiled(v, dice)
            for k, v in value.items()
        }
    return [_spoiled(v, dice) for v in value] if isinstance(value, list) else value


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", [0, *(pytest.param(n, marks=pytest.mark.deep) for n in range(1, 16))]
)
def test_values_of_an_unexpected_type_break_nothing(
    part: int, tmp_path: Path, ingest: Ingest
) -> None:
    vendors = {vendor: _write_spoiled(vendor, tmp_path / "given") for vendor in VENDORS[part::16]}
    files = ingest(tmp_path / "given").intake.files
    for f in files:
        assert f.read == f.kept + f.out_of_scope + f.unreadable + f.rejected, f.file
    kept = {v: sum(f.kept for f in files if f.file.startswith(f"logs/{v}/")) for v in vendors}
    assert {v for v, written in vendors.items() if written and not kept[v]} == set()


def _write_spoiled(vendor: str, folder: Path) -> int:
    """Write forty spoiled copies of each JSON document of a vendor; return how many files that makes."""
    dice = random.Random(vendor)
    written = 0
    (folder / vendor).mkdir(parents=True)
    for path in sorted((DATA / vendor).rglob("*.json")):
        if path.name == "golden.json" or "//" in path.read_text(encoding="utf-8")[:3]:
            continue
        with contextlib.suppress(json.JSONDecodeError):
            value = json.loads(path.read_text(encoding="utf-8"))
            for n in range(40):
                text = json.dumps(_spoiled(value, dice))
                (folder / vendor / f"{n}-{path.name}").write_text(text, encoding="utf-8")
                written += 1
    return written


# The page that describes all this


def test_the_columns_that_ship_of_a_source_are_those_that_the_engine_tells(tmp_path: Path) -> None:
    with DuckDB(tmp_path) as engine:
        source_macros.define(engine)
        record = "(SELECT 1::BIGINT AS s, 0::BIGINT AS f, 1::BIGINT AS n, '{}'::JSON AS r)"
        for source in SOURCES:
            with engine.twin() as connection:
                projection.spool_records(connection, source, record)
                for table, sql in source.tables.items():
                    select = sql["from"] if isinstance(sql, dict) else sql
                    told = {name for name, _ in connection.columns(select)}
                    shipped = compiled.shipped_columns(select)
                    assert shipped == told, f"{source.id}, {table}: run `make docs`"
                    assert compiled.shipped_columns(select + " ") is None


FORMATS, SOURCES_PAGE = (
    (Path(__file__).parents[1] / "docs" / f"{n}.md").read_text(encoding="utf-8")
    for n in ("formats", "sources")
)


@pytest.mark.parametrize(
    "table", [t.name for t in LOADED if t.name not in ("actor_log_sources", *OF_CLOUDS)]
)
def test_the_formats_page_names_every_field_and_word(table: str) -> None:
    for name, _ in columns_of(next(t for t in LOADED if t.name == table)):
        shown = docs.FIELDS.get(table, {}).get(name, name)
        taken = name not in docs.WORKED_OUT.get(table, ())
        assert (f"`{shown}`" in FORMATS) == taken, f"{table}.{name}"
        for word in VOCABULARY.get(f"{table}.{name}", ()):
            assert f"`{word}`" in FORMATS, f"{table}.{name}: {word}"


@pytest.mark.parametrize("source", [s.id for s in SOURCES])
def test_the_pages_have_a_section_for_the_source(source: str) -> None:
    assert f"\n## {source}\n" in SOURCES_PAGE


def test_the_examples_of_the_formats_page_can_be_read(tmp_path: Path, ingest: Ingest) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    plain = re.sub(r"^```.*?^```", "", FORMATS, flags=re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"(?:^ {4}\S.*\n(?: {4,}.*\n)*)", plain, flags=re.MULTILINE)
    for n, block in enumerate(b for b in blocks if "share:" not in b):
        text = "\n".join(line[4:] for line in block.splitlines())
        (folder / f"{n}.{'json' if text[0] == '{' else 'csv'}").write_text(text, encoding="utf-8")
    taken = ingest(folder)
    assert len(taken.intake.files) == 25
    assert all(f.kept == f.read > 0 for f in taken.intake.files)
    assert not taken.intake.quarantined
