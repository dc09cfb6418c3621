"""A secret that stands anywhere in the input stands nowhere in the output, in the cache, or on the terminal."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import re
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few, reporter, texts_of
from fixture_estate import Estate
from test_readers import workbook

import reporter as face
from reporter.content.loader import Content
from reporter.engine import duckdb
from reporter.ingest import bulk_path, convert, record_path
from reporter.ingest.load import ingested
from reporter.ingest.readers.files import discover
from reporter.schema.tables import LOADED

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_caches")]


def _body(kind: str, place: str, length: int) -> str:
    """Random-looking letters and digits that tell where they stood."""
    rnd = random.Random(f"{kind} {place}")
    return "".join(rnd.choice(string.ascii_letters + string.digits) for _ in range(length))


KINDS: dict[str, Callable[[str], str]] = {
    "openai": lambda body: f"sk-{body[:40]}",
    "anthropic": lambda body: f"sk-ant-api03-{body[:60]}",
    "github": lambda body: f"ghp_{body[:36]}",
    "github fine": lambda body: f"github_pat_{body[:60]}",
    "gitlab": lambda body: f"glpat-{body[:20]}",
    "slack": lambda body: f"xoxb-{body[:12]}-{body[12:36]}",
    "google": lambda body: f"AIza{body[:35]}",
    "stripe": lambda body: f"sk_live_{body[:24]}",
    "azure": lambda body: f"{body[:3]}8Q~{body[3:37]}",
    "jwt": lambda body: f"eyJ{body[:20]}.eyJ{body[20:60]}.{body[60:100]}",
    "aws": lambda body: f"{body[:19]}/{body[19:38]}+",
    "url": lambda body: f"https://robot:{body[:24]}@host.example/x",
    "query": lambda body: f"https://host.example/x?access_token={body[:24]}",
    "password": lambda body: f"password={body[:24]}",
    "flag": lambda body: f"run --api-key {body[:24]}",
    "header": lambda body: f"Authorization: Bearer {body[:24]}",
    "connection": lambda body: (
        f"AccountName=x;AccountKey={body[:86]}==;EndpointSuffix=host.example"
    ),
    "pem": lambda body: (
        f"-----BEGIN RSA PRIVATE KEY-----\n{body[:64]}\n{body[64:120]}\n-----END RSA PRIVATE KEY-----"
    ),
}
ONE_WORD = {k: v for k, v in KINDS.items() if k not in ("pem", "flag", "header")}
"""Kinds that hold no space and no line end."""
PIECE = 10
planted: dict[str, str] = {}
"""Piece of a secret -> the kind of secret and the place where it was planted."""


def secret(kind: str, place: str) -> str:
    """Make a secret of a kind for a place, and remember its pieces."""
    body = _body(kind, place, 128)
    text = KINDS[kind](body)
    for start in range(0, len(body) - PIECE + 1, 2):
        if body[start : start + PIECE] in text:
            planted[body[start : start + PIECE]] = f"{kind} in {place}"
    return text


def plant(folder: Path) -> Path:
    """Write the good company's workspace with secrets in every place where one could stand."""
    estate = plant_records(folder)
    clean = [
        estate.events[5] | {"event_id": f"clean-{kind}", "resource": secret(kind, "clean log"), "tool": f"t {secret(kind, 'tool')}"}
        for kind in KINDS
    ]  # fmt: skip
    (folder / "logs/clean.jsonl").write_text("".join(json.dumps(e) + "\n" for e in clean), "utf-8")
    for name, content in _files().items():
        (folder / name).write_bytes(content)
    return folder


def plant_records(folder: Path) -> Estate:
    """Write the good company's workspace with secrets in records of our own forms."""
    estate = Estate()
    estate.settings["frameworks"] = ["owasp-nhi-2025"]  # every result is printed with one list too
    fields = ("name", "purpose", "process_id", "kill_switch", "memory_sources", "deploy_subject", "enforcement_point",
              "principal_id", "business_unit", "nowhere", "policy_version", "owner_id", "technical_owner_id", "memory_readers",
              "kill_switch_owner", "parent_id", "deploy_identity_type", "policy_id")  # fmt: skip
    for kind, field in zip(KINDS, fields, strict=True):
        estate.agents[0][field] = "see " + secret(kind, f"actors.{field}")
    for kind in KINDS:
        estate.agents[1]["tools"].append(
            {"name": secret(kind, "grants.name"), "justification": secret(kind, "justification")}
        )
        estate.events.append(
            estate.events[5]
            | {"resource": secret(kind, "events.resource"), "nowhere": secret(kind, "event")}
        )
        estate.events.append(
            estate.events[5]
            | {"tool": kind, "session_id": secret(kind, "session"), "outcome": "gone"}
        )
        estate.agents.append({"type": "agent", "actor_id": secret(kind, "actor_id")})
        for before in (0, 20, 45, 55):
            padded = f"{'x' * before} {secret(kind, f'wrong type {before}')}"
            estate.agents.append({"type": "agent", "actor_id": "odd", "autonomy": padded})
        for before in range(0, 300, 25):
            padded = f"{'y' * before} {secret(kind, f'rejected {before}')}"
            estate.agents.append({"actor_id": "x", "type": "review", "note": padded})
    estate.write(folder)
    return estate


def _files() -> dict[str, bytes]:
    """Files of many formats, readable and not, with a secret in every place of each."""
    broken = [
        f'{{"note": "{"z" * before} {json.dumps(secret(kind, f"broken {before}"))[1:-1]}'
        for kind in KINDS for before in range(0, 300, 25)
    ]  # fmt: skip
    twice = [
        f"{{{k}: 1, {k}: 2}}" for k in (json.dumps(secret(kind, "key twice")) for kind in KINDS)
    ]
    rows = [f'agent,csv-{i},retired,"{secret(kind, "csv")}"' for i, kind in enumerate(KINDS)]
    long = [f'agent,csv,retired,"{secret(kind, "long row")}",more' for kind in KINDS]
    open_ = [
        "type,actor_id,purpose",
        "agent,x,fine",
        f'agent,x,"{secret("pem", "open quote")} "more',
    ]
    servers = {
        kind: {"command": "npx", "args": ["--token", secret(kind, "mcp args"), "-x " + secret(kind, "mcp second")],
               "env": {"KEY": secret(kind, "mcp env"), secret(kind, "mcp env name"): "x"},
               "url": secret(kind, "mcp url"), "headers": {"Authorization": "Bearer " + secret(kind, "mcp header")}}
        for kind in KINDS
    } | {secret(kind, "mcp name"): {"command": secret(kind, "mcp command")} for kind in KINDS}  # fmt: skip
    spans = [
        {"name": f"GET {secret(kind, 'span name')}", "context": {"trace_id": "0x1", "span_id": f"0x{i}"},
         "start_time": "2026-08-01T00:00:00Z", "attributes": {"http.url": secret(kind, "span attribute")}}
        for i, kind in enumerate(KINDS)
    ]  # fmt: skip
    strange = [{secret(kind, "odd key"): {secret(kind, "odd inner key"): 1}} for kind in KINDS]
    wrapped = {
        _body("github", "list name", 12): [{"x": 1}],
        f"ghp_{_body('w', 'w', 36)}": [{"x": 1}],
    }
    for start in range(0, 26, 2):
        planted[_body("w", "w", 36)[start : start + PIECE]] = "github in list name"
    named = {
        secret(kind, "file name").replace("/", "%2F"): kind
        for kind in ("github", "jwt", "password")
    }
    texts = {
        "inventory/broken.jsonl": "\n".join(
            ['{"type": "agent", "actor_id": "ok"}', *broken, *twice]
        ),
        "inventory/list.csv": "\n".join(["type,actor_id,state,purpose", *rows, *long]),
        "inventory/open.csv": "\n".join(open_),
        "inventory/twice.csv": f"type,{secret('openai', 'header')},{secret('openai', 'header')}\nagent,a,b\n",
        "inventory/heads.csv": ",".join(["what", *(f'"{secret(k, "head")}"' for k in ONE_WORD)]) + "\n1\n",
        "inventory/mcp.json": json.dumps({"mcpServers": servers}),
        "inventory/odd.csv": "\n".join(
            ["what,else", *(f'1,"{secret(k, "odd csv")}"' for k in KINDS)]
        ),
        "inventory/strange.json": json.dumps(strange),
        "inventory/wrapped.json": json.dumps(wrapped),
        "inventory/bad.yml": f"a: {secret('github', 'bad yaml')}\nb: [\n",
        "inventory/good.yml": "type: agent\nactor_id: yml\npurpose: " + secret("github", "yaml") + "\n",
        "inventory/keys.yml": f"{secret('github', 'yaml key')}: 1\n{secret('github', 'yaml key')}: 2\n",
        "logs/spans.json": json.dumps(spans),
        "logs/note.txt": secret("pem", "a text"),
        "logs/pem.jsonl": '{"a": 1}\n' + secret("pem", "lines") + "\n",
        **{f"logs/{name}.jsonl": '{"type": "agent"}\nbroken\n' for name in named},
    }  # fmt: skip
    sheet = [["type", "actor_id", "state", "purpose"]]
    sheet += [["agent", f"x-{i}", "retired", secret(kind, "xlsx")] for i, kind in enumerate(KINDS)]
    zipped = "".join(
        json.dumps({"type": "agent", "actor_id": f"z-{i}", "state": "retired", "purpose": secret(kind, "gz")}) + "\n"
        for i, kind in enumerate(KINDS)
    )  # fmt: skip
    return {name: text.encode() for name, text in texts.items()} | {
        "inventory/book.xlsx": workbook(sheet),
        "inventory/packed.jsonl.gz": gzip.compress(zipped.encode(), mtime=0),
    }


@pytest.fixture(scope="module", params=["record by record", "straight through the engine"])
def output(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Assess the workspace with the secrets; keep what was said beside the run."""
    folder = tmp_path_factory.mktemp("secrets")
    with pytest.MonkeyPatch.context() as patch:
        formats = "html,pdf,json,csv,xlsx,ocsf,sarif,oscal"
        if request.param != "record by record":
            patch.setattr(convert, "STREAM_FROM", 1)
            formats = "json,csv"  # the writers and the checks are the same
            assess_few(patch, "CRD-09")
        result = reporter(
            "assess",
            plant(folder / "ws"),
            "--out",
            folder / "out",
            "--formats",
            formats,
        )
    assert result.exit_code == 0, result.output
    (folder / "said.txt").write_text(result.output, encoding="utf-8")
    return folder


def _texts(folder: Path) -> dict[str, str]:
    """Read every file that the run left, and what it said."""
    left = (p for p in (*folder.glob("out/**/*"), *folder.glob(".reporter-cache/*")) if p.is_file())
    return texts_of((*left, folder / "said.txt"))


def _planted_in(text: str) -> set[str]:
    """Name the places whose secrets a text holds a piece of."""
    runs = set(re.findall(rf"[A-Za-z0-9]{{{PIECE},}}", text))
    pieces = {run[i : i + PIECE] for run in runs for i in range(len(run) - PIECE + 1)}
    return {planted[piece] for piece in pieces & planted.keys()}


def test_no_piece_of_a_secret_is_left_anywhere(output: Path) -> None:
    texts = _texts(output)
    assert any(name.endswith(".parquet") for name in texts)
    written = {name for name in texts if name.startswith("report.")}
    formats = {"json", "html", "pdf", "xlsx"} if "report.pdf" in texts else {"json"}
    assert written == {f"report.{name}" for name in formats}
    assert all("Good Company" in texts[name] for name in written)
    leaks = {(name, where) for name, text in texts.items() for where in _planted_in(text)}
    assert not leaks, "\n".join(sorted({f"{where} in {name[-30:]}" for name, where in leaks}))


def test_every_place_with_a_secret_is_named(output: Path) -> None:
    page = (output / "out" / "quarantine.csv").read_text(encoding="utf-8-sig")
    for place in ("inventory/agents.json,1,field,a field of actors holds what looks like a secret",
                  "inventory/agents.json,2,field,a field of grants holds what looks like a secret",
                  "inventory/list.csv,2,field", "logs/gateway.jsonl"):  # fmt: skip
        assert place in page
    assert "[secret]" in page


def test_who_left_a_secret_in_an_event_or_a_record_fails_for_it(output: Path) -> None:
    found = face.open(output / "out").results(check="CRD-09", status="fail")
    assert any("its events" in reason for reason in found["reason"]), found["reason"]
    assert any("its register entry" in reason for reason in found["reason"]), found["reason"]


def test_equal_secrets_stay_equal_and_different_ones_different(
    content: Content, tmp_path: Path
) -> None:
    same, other = secret("openai", "same"), secret("openai", "other")
    estate = Estate()
    for made, value in zip(estate.agents, (same, same, other), strict=False):
        made["purpose"] = f"uses {value} daily"
    estate.events[-1]["resource"] = same
    files = discover(estate.write(tmp_path / "ws"), ("inventory", "logs"))
    with ingested(files, content.sources) as (engine, _):
        read = str([engine.rows(f"SELECT * FROM in_{t.name}") for t in LOADED])
    prints = re.findall(r"uses (secret-[0-9a-f]{12}) daily", read)
    assert len(prints) == 3 and prints[0] == prints[1] != prints[2]
    assert read.count(prints[0]) == 3


def test_the_cache_is_for_its_owner_only(output: Path) -> None:
    modes = {p.stat().st_mode & 0o077 for p in (output / ".reporter-cache").rglob("*")}
    assert modes == {0} == {(output / ".reporter-cache").stat().st_mode & 0o077}


def test_a_file_whose_name_holds_a_secret_is_named_by_its_fingerprint(output: Path) -> None:
    files = {
        f["file"] for f in json.loads((output / "out/manifest.json").read_text("utf-8"))["inputs"]
    }
    hidden = [f for f in files if "secret-" in f]
    assert len(hidden) == 3
    page = (output / "out/quarantine.csv").read_text(encoding="utf-8-sig")
    assert all(f"{f},2,unreadable" in page for f in hidden)


@pytest.fixture(scope="module")
def planted_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The planted workspace, for commands that only look."""
    return plant(tmp_path_factory.mktemp("looked at") / "ws")


def test_no_command_that_looks_at_files_says_a_secret(planted_files: Path) -> None:
    said = [
        reporter("formats", planted_files),
        reporter("formats", planted_files / "inventory", "--json"),
        *(
            reporter("lint", "--try", source, planted_files / path)
            for source, path in (
                ("reporter-inventory", "inventory/agents.json"),
                ("reporter-inventory", "inventory/broken.jsonl"),
                ("reporter-inventory", "inventory/list.csv"),
                ("reporter-inventory", "inventory/heads.csv"),
                ("reporter-events", "logs/gateway.jsonl"),
                ("mcp-config", "inventory/mcp.json"),
            )
        ),
    ]
    assert all(result.exit_code == 0 for result in said)
    assert _planted_in("\n".join(result.output for result in said)) == set()


def test_a_proposed_mapping_holds_no_secret_of_the_values(tmp_path: Path) -> None:
    state = [f"{word} ({secret(kind, 'cell')})" for kind in KINDS for word in ("active", "gone")]
    rows = [["id", "status", "owner"], *([f"a-{n}", s, "ann"] for n, s in enumerate(state))]
    path = tmp_path / f"{secret('github', 'table name')}.xlsx"
    path.write_bytes(workbook(rows, titles=[secret("gitlab", "sheet")[:31]]))
    result = reporter("map", path, "--out", tmp_path / "made.yml", "--kind", "agent")
    assert result.exit_code == 0, result.output
    assert not _planted_in(result.output + (tmp_path / "made.yml").read_text("utf-8"))


@pytest.mark.parametrize(
    "kind",
    [k if k in ("github", "url") else pytest.param(k, marks=pytest.mark.deep) for k in ONE_WORD],
)
def test_a_heading_that_holds_a_secret_is_not_mapped(kind: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f'id,"{secret(kind, "map heading")}"\nx,y\n', encoding="utf-8")
    result = reporter("map", tmp_path / "a.csv")
    assert result.exit_code == 3 and "a heading holds what looks like a secret" in result.output
    assert not _planted_in(result.output) and [p.name for p in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("reporter.yml", "organisation: x\nperiod: {from: '2026-07-01', to: '2026-10-01', '%s': 1}\n"),
        ("reporter.yml", "organisation: x\nperiod: '%s'\n"),
        ("reporter.yml", "organisation: x\nperiod: {from: '2026-07-01', to: '%s'}\n"),
        ("mappings/a.yml", "map: a\n'%s': 1\n"),
        ("mappings/a.yml", "map: a\nheadings: [id]\nkind: '%s'\ncolumns: {actor_id: id}\n"),
        ("mappings/a.yml", "map: a\nheadings: [id]\nkind: agent\ncolumns: {actor_id: '%s'}\n"),
        ("mappings/a.yml", "map: a\nheadings: [id]\nkind: agent\ncolumns: {'%s': id, actor_id: id}\n"),
        ("mappings/a.yml", "map: a\nheadings: '%s'\nkind: agent\ncolumns: {actor_id: id}\n"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "kind", ["github", *(pytest.param(k, marks=pytest.mark.deep) for k in ("url", "password"))]
)
def test_no_complaint_repeats_a_secret(name: str, text: str, kind: str, tmp_path: Path) -> None:
    folder = Estate().write(tmp_path / "ws")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text % secret(kind, f"complaint {name}"), encoding="utf-8")
    result = reporter("assess", folder, "--out", tmp_path / "out", "--quiet")
    assert result.exit_code == 3 and "[secret]" in result.output
    assert not _planted_in(result.output)


@pytest.mark.parametrize("end", ["an error", "an interrupt"])
def test_raw_records_lie_in_a_private_folder_and_are_gone_whatever_happens(
    end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, bool]] = []

    def stop(engine: duckdb.Engine, *_: object) -> None:
        raw = any(path.suffix == ".ndjson" for path in engine.work.iterdir())
        seen.append((engine.work.stat().st_mode & 0o777, raw))
        if end == "an interrupt":
            raise KeyboardInterrupt
        raise OSError("no space left")

    monkeypatch.setattr(record_path, "_account", stop)
    plant_records(tmp_path / "ws")
    result = reporter("assess", tmp_path / "ws", "--out", tmp_path / "out", "--quiet")
    assert result.exit_code == (130 if end == "an interrupt" else 3), result.output
    assert seen and set(seen) == {(0o700, True)}
    assert sorted(p.name for p in tmp_path.iterdir()) == [".reporter-cache", "ws"]
    assert {w for text in texts_of((tmp_path / ".reporter-cache").iterdir()).values() for w in _planted_in(text)} == set()  # fmt: skip


def test_a_big_log_is_in_the_cache_only_without_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(convert, "STREAM_FROM", 1)
    monkeypatch.setattr(bulk_path, "_hide", stop)
    folder = Estate().write(tmp_path / "ws")
    assert reporter("assess", folder, "--out", tmp_path / "out", "--quiet").exit_code == 3
    assert not list((tmp_path / ".reporter-cache").glob("*.events.parquet"))


def _leaves(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all texts in a document."""
    if isinstance(value, str):
        yield at
    for key, inner in (
        value.items() if isinstance(value, dict)
        else enumerate(value[:3]) if isinstance(value, list) else ()
    ):  # fmt: skip
        yield from _leaves(inner, (*at, key))


def _with(value: Any, at: tuple[Any, ...], more: str) -> Any:
    """The same document, with more text at one place."""
    if not at:
        return f"{value} {more}"
    made = dict(value) if isinstance(value, dict) else list(value)
    made[at[0]] = _with(value[at[0]], at[1:], more)
    return made


PARTS = 4
"""What is planted in fields takes turns: the usual suite looks at every fourth field of each vendor."""


def _planted_sources(folder: Path, part: int) -> None:
    """Write every vendor's test files again and again, each time with a secret in another field."""
    kinds = ("url", "query", "password", "connection")
    done: set[tuple[str, ...]] = set()
    for path in sorted((Path(__file__).parent / "data/sources").glob("*/*.json")):
        document = None
        with contextlib.suppress(ValueError):
            document = json.loads(path.read_text("utf-8")) if path.name != "golden.json" else None
        for at in _leaves(document):
            field = (path.parent.name, *(key for key in at if isinstance(key, str)))
            if field in done:
                continue
            done.add(field)
            if len(done) % PARTS != part:
                continue
            place = ".".join(field)
            made = _with(document, at, secret(kinds[len(done) // PARTS % len(kinds)], place))
            (folder / f"{path.parent.name}-{len(done)}.json").write_text(json.dumps(made), "utf-8")


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(n, marks=pytest.mark.deep) for n in range(1, PARTS))]
)
def test_no_source_lets_a_secret_through_in_any_field(
    part: int, content: Content, tmp_path: Path
) -> None:
    _planted_sources(tmp_path, part)
    with ingested(discover(tmp_path, ("",)), content.sources) as (engine, intake):
        said = {t.name: str(engine.rows(f"SELECT * FROM in_{t.name}")) for t in LOADED}
    said["accounting"] = str(intake)
    assert intake.rows["actors"] > 30 and intake.rows["events"] > 30
    assert {(name, where) for name, text in said.items() for where in _planted_in(text)} == set()
