"""A secret that stands anywhere in the input stands nowhere in the output, in the cache, or on the terminal."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import reporter
from fixture_estate import Estate

from reporter import db
from reporter.ingest import convert
from reporter.secrets import redact


def _body(kind: str, place: str, length: int) -> str:
    """Random-looking letters and digits that tell where they stood."""
    digest = hashlib.sha512(f"{kind} {place}".encode()).hexdigest()
    return (digest * 3)[:length]


KINDS: dict[str, Callable[[str], str]] = {
    "openai": lambda body: f"sk-{body[:40]}",
    "anthropic": lambda body: f"sk-ant-api03-{body[:60]}",
    "github": lambda body: f"ghp_{body[:36]}",
    "github fine": lambda body: f"github_pat_{body[:60]}",
    "gitlab": lambda body: f"glpat-{body[:20]}",
    "slack": lambda body: f"xoxb-{body[:12]}-{body[12:36]}",
    "google": lambda body: f"AIza{body[:35]}",
    "stripe": lambda body: f"sk_live_{body[:24]}",
    "jwt": lambda body: f"eyJ{body[:20]}.eyJ{body[20:60]}.{body[60:100]}",
    "url": lambda body: f"https://robot:{body[:24]}@host.example/x",
    "pem": lambda body: (
        f"-----BEGIN RSA PRIVATE KEY-----\n{body[:64]}\n{body[64:128]}\n-----END RSA PRIVATE KEY-----"
    ),
}
planted: dict[str, str] = {}
"""Piece of a secret -> the kind of secret and the place where it was planted."""


def secret(kind: str, place: str) -> str:
    """Make a secret of a kind for a place, and remember its pieces."""
    body = _body(kind, place, 128)
    text = KINDS[kind](body)
    for piece in re.split(r"[^0-9a-f]+", text.replace("BEGIN RSA", "")):
        for start in range(0, len(piece) - 9, 5):
            planted[piece[start : start + 10]] = f"{kind} in {place}"
    return text


def plant(folder: Path) -> Path:
    """Write the good company's workspace with secrets in every place where one could stand."""
    estate = Estate()
    fields = ("name", "purpose", "process_id", "kill_switch", "memory_sources", "deploy_subject", "enforcement_point",
              "principal_id", "business_unit", "nowhere", "policy_version")  # fmt: skip
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
            estate.agents.append(
                {"type": "agent", "actor_id": f"odd {kind} {before}", "autonomy": padded}
            )
        for before in range(0, 300, 25):
            padded = f"{'y' * before} {secret(kind, f'rejected {before}')}"
            estate.agents.append({"actor_id": "x", "type": "review", "note": padded})
    estate.write(folder)
    broken = [
        f'{{"note": "{"z" * before} {json.dumps(secret(kind, f"broken {before}"))[1:-1]}'
        for kind in KINDS for before in range(0, 300, 25)
    ]  # fmt: skip
    twice = [
        f"{{{k}: 1, {k}: 2}}" for k in (json.dumps(secret(kind, "key twice")) for kind in KINDS)
    ]
    rows = [f'agent,csv-{i},"{secret(kind, "csv")}"' for i, kind in enumerate(KINDS)]
    long = [f'agent,csv,"{secret(kind, "long row")}",more' for kind in KINDS]
    servers = {
        kind: {"command": "npx", "args": ["--token", secret(kind, "mcp args")], "env": {"KEY": secret(kind, "mcp env")},
               "url": secret(kind, "mcp url"), "headers": {"Authorization": "Bearer " + secret(kind, "mcp header")}}
        for kind in KINDS
    }  # fmt: skip
    spans = [
        {"name": f"GET {secret(kind, 'span name')}", "context": {"trace_id": "0x1", "span_id": f"0x{i}"},
         "start_time": "2026-08-01T00:00:00Z", "attributes": {"http.url": secret(kind, "span attribute")}}
        for i, kind in enumerate(KINDS)
    ]  # fmt: skip
    texts = {
        "inventory/broken.jsonl": "\n".join(
            ['{"type": "agent", "actor_id": "ok"}', *broken, *twice]
        ),
        "inventory/list.csv": "\n".join(["type,actor_id,purpose", *rows, *long]),
        "inventory/twice.csv": f"type,{secret('openai', 'header')},{secret('openai', 'header')}\nagent,a,b\n",
        "inventory/mcp.json": json.dumps({"mcpServers": servers}),
        "inventory/odd.csv": "\n".join(
            ["what,else", *(f"1,{secret(k, 'odd csv')}" for k in KINDS if k != "pem")]
        ),
        "inventory/bad.yml": f"a: {secret('github', 'bad yaml')}\nb: [\n",
        "inventory/keys.yml": f"{secret('github', 'yaml key')}: 1\n{secret('github', 'yaml key')}: 2\n",
        "logs/spans.json": json.dumps(spans),
        "logs/note.txt": secret("pem", "a text"),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module", params=["record by record", "straight through the engine"])
def output(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Assess the workspace with the secrets; keep what was said beside the run."""
    folder = tmp_path_factory.mktemp("secrets")
    with pytest.MonkeyPatch.context() as patch:
        if request.param != "record by record":
            patch.setattr(convert, "STREAM_FROM", 1)
        result = reporter(
            "assess", plant(folder / "ws"), "--out", folder / "out", "--formats", "html,json,csv"
        )
    assert result.exit_code == 0, result.output
    (folder / "said.txt").write_text(result.output, encoding="utf-8")
    return folder


def _texts(folder: Path) -> dict[str, str]:
    """Read every file that the run left, packed ones unpacked."""
    found = {}
    for path in (*folder.glob("out/*"), *folder.glob(".reporter-cache/*"), folder / "said.txt"):
        raw = path.read_bytes()
        found[path.name] = (
            str(db.read_rows(path)) if path.suffix == ".parquet" else raw.decode("utf-8", "replace")
        )
    return found


def _planted_in(text: str) -> set[str]:
    """Name the places whose secrets a text holds a piece of."""
    runs = set(re.findall(r"[0-9a-f]{10,}", text))
    pieces = {run[i : i + 10] for run in runs for i in range(len(run) - 9)}
    return {planted[piece] for piece in pieces & planted.keys()}


def test_no_piece_of_a_secret_is_left_anywhere(output: Path) -> None:
    texts = _texts(output)
    assert any(name.endswith(".parquet") for name in texts)
    leaks = {(name, where) for name, text in texts.items() for where in _planted_in(text)}
    assert not leaks, "\n".join(sorted({f"{where} in {name[-30:]}" for name, where in leaks}))


def test_every_place_with_a_secret_is_named(output: Path) -> None:
    page = (output / "out" / "quarantine.csv").read_text(encoding="utf-8-sig")
    for place in ("inventory/agents.json,1,field,a field of actors holds what looks like a secret",
                  "inventory/agents.json,2,field,a field of grants holds what looks like a secret",
                  "inventory/list.csv,2,field", "logs/gateway.jsonl"):  # fmt: skip
        assert place in page
    assert "[secret]" in page


def test_equal_secrets_stay_equal_and_different_ones_different(tmp_path: Path) -> None:
    same, other = secret("openai", "same"), secret("openai", "other")
    estate = Estate()
    for made, value in zip(estate.agents, (same, same, other), strict=True):
        made["purpose"] = f"uses {value} daily"
    estate.events[-1]["resource"] = same
    result = reporter(
        "assess", estate.write(tmp_path / "ws"), "--out", tmp_path / "out", "--formats", "json"
    )
    assert result.exit_code == 0
    text = " ".join(_texts(tmp_path).values()) if (tmp_path / "said.txt").exists() else ""
    cached = (
        " ".join(str(db.read_rows(p)) for p in (tmp_path / ".reporter-cache").glob("*.parquet"))
        + text
    )
    prints = re.findall(r"uses (secret-[0-9a-f]{12}) daily", cached)
    assert len(prints) == 3 and prints[0] == prints[1] != prints[2]
    assert cached.count(prints[0]) == 3


def test_the_fingerprint_key_is_for_its_owner_only_and_differs_between_caches(
    output: Path, tmp_path: Path
) -> None:
    from reporter.ingest.cache import open_cache

    path = output / ".reporter-cache" / "fingerprint.key"
    assert path.stat().st_mode & 0o077 == 0
    assert open_cache(tmp_path / "new").secret_key != path.read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_is_redacted_around_its_secrets(kind: str) -> None:
    made = redact(f'before "{secret(kind, "text")}" after "{secret(kind, "text")}" end')
    assert made.startswith('before "') and made.endswith('" end') and '" after "' in made
    assert made.count("[secret]") == 2
    assert not [p for p, where in planted.items() if where == f"{kind} in text" and p in made]


@pytest.mark.parametrize(
    "text",
    ["AKIAIOSFODNN7EXAMPLE", "arn:aws:iam::111122223333:role/x", "sk-short", "task-2026-07-01-invoices-and-orders",
     "https://host:8080/path@v2", "mailto:a@b.example", "spiffe://good/agent-1", "ghp_short", "eyJ.eyJ"],
)  # fmt: skip
def test_an_identifier_is_no_secret(text: str) -> None:
    assert redact(text) == text
