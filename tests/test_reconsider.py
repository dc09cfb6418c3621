"""A file of which its source keeps nothing goes to the next best; copies and exports of one log give the same events."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import printed, reporter
from test_sources import DATA, SAMPLES, SOURCES, needs_samples

from reporter.content import loader
from reporter.ingest.load import ingested
from reporter.ingest.readers.files import discover

pytestmark = pytest.mark.slow
FIRST = """\
id: first
title: What comes first
describe: Knows a record by x.
rank: 1
when: r ->> 'x' IS NOT NULL
together: true
tables:
  actors: "SELECT record, r ->> 'first' AS actor_id, 'agent' AS kind FROM raw WHERE r ->> 'first' IS NOT NULL"
"""
NONE = FIRST.replace("id: first", "id: nothing").replace("rank: 1", "rank: 2").replace("first'", "nothing'")  # fmt: skip
LAST = FIRST.replace("id: first", "id: last").replace("rank: 1", "rank: 3").replace("first'", "last'")  # fmt: skip


def read(
    folder: Path, sources: dict[str, str], files: dict[str, str]
) -> tuple[Any, dict[str, Any]]:
    """The accounting of files and their rows of actors, with sources of these texts."""
    for name, text in (*sources.items(), *files.items()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    made = tuple(loader.read_source(folder / name) for name in sources)
    with ingested(discover(folder, ("in",)), made) as (engine, intake):
        rows = engine.rows("SELECT source, file, actor_id FROM in_actors ORDER BY ALL")
    return rows, {f.file: f for f in intake.files}


def test_the_next_best_source_that_keeps_records_takes_the_file(tmp_path: Path) -> None:
    files = {
        "in/a.json": '[{"x": 1, "first": "a1"}]',
        "in/b.json": '[{"x": 1, "last": "b1"}, {"x": 1, "last": "b2"}]',
        "in/c.json": '[{"x": 1}]',
    }
    rows, counts = read(tmp_path, {"s/first.yml": FIRST, "s/nothing.yml": NONE, "s/last.yml": LAST}, files)  # fmt: skip
    assert rows == [("first", "in/a.json", "a1"), ("last", "in/b.json", "b1"), ("last", "in/b.json", "b2")]  # fmt: skip
    b, c = counts["in/b.json"], counts["in/c.json"]
    assert (b.source, b.read, b.kept) == ("last", 2, 2)
    assert "as What comes first none of its 2 records could be kept" in str(b.why)
    assert (c.source, c.read, c.out_of_scope) == ("first", 1, 1)
    assert "but none of its 1 records is kept; nothing, last kept none either" in str(c.why)


BOTH = """\
id: both
title: Requests and who decided
describe: A request is approved by what another record says.
when: r ->> 'x' IS NOT NULL
together: true
tables:
  approvals: |
    SELECT q.record, {also} AS also, q.r ->> 'x' AS approval_id, q.r ->> 'who' AS actor_id,
      'action' AS type, 'approved' AS decision, min(d.r ->> 'by') AS approver_id
    FROM raw AS q JOIN raw AS d ON d.r ->> 'of' = q.r ->> 'x'
    GROUP BY ALL
"""


@pytest.mark.parametrize("also", ["list(d.record)", "min(d.record)"])
@pytest.mark.parametrize("ships", [True, False])
def test_a_record_that_completes_the_row_of_another_is_kept(tmp_path: Path, also: str, ships: bool) -> None:  # fmt: skip
    requests: list[dict[str, Any]] = [{"x": 1, "who": "a1"}, {"x": 2}]
    decisions = [{"x": 10 + n, "of": n, "by": "p"} for n in (1, 1, 2, 3)]
    (tmp_path / "in").mkdir()
    for name, records in (("requests", requests), ("decisions", decisions)):
        (tmp_path / f"in/{name}.json").write_text(json.dumps(records))
    (tmp_path / "both.yml").write_text(BOTH.format(also=also))
    read_it = loader.read_source if ships else loader.foreign_source
    with ingested(discover(tmp_path, ("in",)), (read_it(tmp_path / "both.yml"),)) as (engine, intake):  # fmt: skip
        assert engine.rows("SELECT approval_id, approver_id FROM in_approvals") == [("1", "p")]
    counts = {Path(f.file).stem: (f.read, f.kept, f.out_of_scope, f.rejected) for f in intake.files}
    used = 2 if also.startswith("list") else 1
    # A request for nobody is rejected; what was decided of it and of what nobody asked is in none.
    assert counts == {"requests": (2, 1, 0, 1), "decisions": (4, used, 4 - used, 0)}


@pytest.mark.usefixtures("few_checks")
def test_of_a_file_of_which_nothing_is_kept_page_one_says_so(tmp_path: Path) -> None:
    (tmp_path / "ws/inventory").mkdir(parents=True)
    (tmp_path / "ws/reporter.yml").write_text("organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n")  # fmt: skip
    (tmp_path / "ws/inventory/a.json").write_text('{"type": "agent", "actor_id": "a1"}')
    insight = {"eventVersion": "1.07", "eventType": "AwsCloudTrailInsight", "eventCategory": "Insight", "eventTime": "2026-07-01T00:00:00Z"}  # fmt: skip
    (tmp_path / "ws/inventory/trail.json").write_text(json.dumps({"Records": [insight]}))
    done = reporter("assess", tmp_path / "ws", "--out", tmp_path / "out", "--formats", "json")
    assert "Files that were recognised but of which no record was kept: 1." in done.output
    summary = printed(tmp_path / "out")["summary"]
    (notice,) = summary["notices"]
    assert (notice["code"], notice["lines"][0][:26]) == (
        "nothing_kept",
        "inventory/trail.json: 100%",
    )
    assert "none of its 1 records is kept" in notice["lines"][0]


def events(folder: Path, files: dict[str, str]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The events that files become, without where they stand, and the accounting."""
    (folder / "in").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / "in" / name).write_text(text)
    with ingested(discover(folder, ("in",)), SOURCES) as (engine, intake):
        names = [n for n, _ in engine.columns("SELECT * EXCLUDE (source, part, file, record, who, place) FROM in_events")]  # fmt: skip
        found = engine.rows(f"SELECT {', '.join(names)} FROM in_events ORDER BY ALL")
    rows = [{n: v for n, v in zip(names, row, strict=True) if v is not None} for row in found]
    return rows, {f.file.removeprefix("in/"): f for f in intake.files}


def lower(value: Any) -> Any:
    if isinstance(value, dict):
        return {k.lower(): lower(v) for k, v in value.items()}
    return [lower(v) for v in value] if isinstance(value, list) else value


def test_okta_events_with_keys_in_lower_case_are_the_same_events(tmp_path: Path) -> None:
    plain = json.loads((DATA / "okta-system-log/logs.json").read_text())
    one, _ = events(tmp_path / "a", {"x.json": json.dumps(plain)})
    other, counts = events(tmp_path / "b", {"x.json": json.dumps(lower(plain))})
    assert len(one) > 3
    assert other == one
    assert counts["x.json"].source == "okta-system-log"


def test_cloudtrail_that_went_through_logstash_is_the_same_log(tmp_path: Path) -> None:
    plain = json.loads((DATA / "aws-cloudtrail/delivered.json").read_text())["Records"]
    one, _ = events(tmp_path / "a", {"x.json": json.dumps({"Records": plain})})
    sent = [{**{k: v for k, v in r.items() if k != "eventTime"}, "@timestamp": r["eventTime"], "@version": "1"} for r in plain]  # fmt: skip
    nested = [{"@timestamp": "2026-09-30T00:00:00Z", "aws": {"cloudtrail": r}} for r in plain]
    for n, copies in enumerate((sent, nested)):
        other, counts = events(tmp_path / f"b{n}", {"x.jsonl": "".join(json.dumps(r) + "\n" for r in copies)})  # fmt: skip
        assert other == one
        assert counts["x.jsonl"].rejected == 0


def test_a_governance_trail_is_the_same_as_csv_and_as_json(tmp_path: Path) -> None:
    folder = DATA / "agent-governance-audit"
    one, json_counts = events(tmp_path / "a", {"t.json": (folder / "trail.json").read_text()})
    other, csv_counts = events(tmp_path / "b", {"t.csv": (folder / "same-trail.csv").read_text()})
    assert one == other
    assert json_counts["t.json"].kept == csv_counts["t.csv"].kept == 7


def test_logs_of_a_load_balancer_are_no_audit_log(tmp_path: Path) -> None:
    entry = {
        "insertId": "x1", "logName": "projects/p/logs/requests", "timestamp": "2026-07-01T08:00:00Z", "resource": {"type": "http_load_balancer"},
        "httpRequest": {"requestMethod": "GET", "status": 200}, "jsonPayload": {"@type": "type.googleapis.com/google.cloud.loadbalancing.type.LoadBalancerLogEntry"},
    }  # fmt: skip
    _, counts = events(tmp_path / "a", {"lb.json": json.dumps([entry, entry])})
    assert counts["lb.json"].source == ""
    audit = json.loads((DATA / "gcp-audit/entries.json").read_text())
    audit = audit["entries"][:1] if isinstance(audit, dict) else audit[:1]
    _, counts = events(tmp_path / "b", {"mixed.json": json.dumps([*audit, *[entry] * 4])})
    assert (counts["mixed.json"].source, counts["mixed.json"].out_of_scope >= 4) == ("gcp-audit", True)  # fmt: skip


def test_calls_that_carry_the_id_of_another_are_calls_of_their_own(tmp_path: Path) -> None:
    """Counted without the source: every call of every conversation, an error where its next answer begins like one."""
    talks = json.loads((DATA / "openai-chat/replayed.json").read_text())
    wanted = Counter(call for t in talks for call in _calls(t["traj"]))
    found, _ = events(tmp_path, {"x.json": json.dumps(talks)})
    assert Counter((e["tool"], e["outcome"]) for e in found) == wanted
    assert sum(wanted.values()) == 7


def test_a_history_that_each_request_repeats_still_counts_once(tmp_path: Path) -> None:
    call = {"role": "assistant", "tool_calls": [{"id": "call_a1B2c3D4e5F6g7H8", "type": "function", "function": {"name": "t", "arguments": '{"a": 1}'}}]}  # fmt: skip
    spaced = json.loads(json.dumps(call).replace('{\\"a\\": 1}', '{\\"a\\":1}'))
    answer = {"role": "tool", "tool_call_id": "call_a1B2c3D4e5F6g7H8", "content": "ok"}
    ask = {"role": "user", "content": "x"}
    talks = [{"messages": [ask, call, answer]}, {"messages": [ask, spaced, answer, ask]}]
    found, _ = events(tmp_path, {"x.jsonl": "".join(json.dumps(t) + "\n" for t in talks)})
    assert [(e["tool"], e["outcome"]) for e in found] == [("t", "success")]


@needs_samples
def test_every_call_of_the_sample_trajectory_is_counted(tmp_path: Path) -> None:
    path = SAMPLES / "openai-chat-trajectory/tau-bench.gpt-4o-airline.first.json"
    talks = json.loads(path.read_text())
    talks = talks if isinstance(talks, list) else [talks]
    found, _ = events(tmp_path, {"x.json": path.read_text()})
    wanted = Counter(call for t in talks for call in _calls(t["traj"]))
    assert Counter((e["tool"], e["outcome"]) for e in found) == wanted


def _calls(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    made = []
    for n, message in enumerate(messages):
        for call in message.get("tool_calls") or []:
            answer = next(m for m in messages[n:] if m.get("tool_call_id") == call["id"])
            made.append((call["function"]["name"], "error" if answer["content"].startswith("Error") else "success"))  # fmt: skip
    return made


@pytest.mark.parametrize(
    ("trace", "tools", "agents"),
    [
        ("t-bee", ["search.wikipedia", "search.wikipedia"], set()),
        ("t-lg", ["Web-Search", "masked_tool", "send_mail"], set()),
        ("t-koog", ["HelloTool"], {"greeter"}),
        ("t-adk", ["say_hello"], {"hello_agent", "helper_agent"}),
    ],
)
def test_frameworks_behind_langfuse_show_their_tools_and_agents(
    trace: str, tools: list[str], agents: set[str], tmp_path: Path
) -> None:
    found, _ = events(tmp_path, {"x.json": (DATA / "langfuse/frameworks.json").read_text()})
    own = [e for e in found if e["session_id"] == trace]
    assert sorted(e["tool"] for e in own if e["event_class"] == "tool") == tools
    assert {e["actor_id"] for e in own if "actor_id" in e} == agents
