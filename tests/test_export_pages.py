"""An export of which pages are missing: what each vendor says of it, and that nothing is then known to be absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few, read_results

from reporter.ingest.exports.pages import WHOLE, Pages, missing_of, pages_of
from reporter.pipeline.assess import Options, assess_workspace

pytestmark = pytest.mark.slow

GOES_ON: dict[str, dict[str, Any]] = {
    "Microsoft Graph": {"value": [{}], "@odata.nextLink": "https://graph.example/?$skiptoken=x"},
    "Azure": {"value": [{}], "nextLink": "https://management.example/?p=2"},
    "AWS": {"Users": [{}], "NextToken": "abc"},
    "AWS IAM": {"Users": [{}], "IsTruncated": True, "Marker": "abc"},
    "Google": {"accounts": [{}], "nextPageToken": "abc"},
    "Kubernetes": {"kind": "List", "items": [{}], "metadata": {"continue": "abc"}},
    "OpenAI": {"data": [{}], "has_more": True},
    "Okta": {"data": [{}], "_links": {"next": {"href": "https://okta.example/?after=x"}}},
    "GitHub GraphQL": {"data": {"org": {"repos": {"nodes": [{}], "pageInfo": {"hasNextPage": True}}}}},
    "Slack": {"entries": [{}], "response_metadata": {"next_cursor": "abc"}},
    "Jira": {"issues": [{}], "isLast": False, "nextPageToken": "abc"},
    "PagerDuty": {"incidents": [{}], "limit": 25, "offset": 0, "more": True},
    "Datadog": {"data": [{}], "meta": {"page": {"after": "abc"}}},
    "JSON:API": {"data": [{}], "links": {"next": "https://x.example/?page=2"}},
    "Django": {"count": 3, "results": [{}], "next": "https://x.example/?page=2"},
    "Salesforce": {"records": [{}], "done": False, "nextRecordsUrl": "/query/01-2000"},
    "Langfuse": {"data": [{}], "meta": {"cursor": "abc"}},
    "Cloudflare": {"result": [{}], "result_info": {"next_cursor": "abc"}},
    "LangSmith": {"runs": [{}], "cursors": {"next": "abc"}},
    "MCP": {"jsonrpc": "2.0", "id": 1, "result": {"tools": [{}], "nextCursor": "abc"}},
    "Log Analytics": {"tables": [{}], "error": {"code": "PartialError"}},
    "Logs Insights": {"results": [[{}]], "status": "Running"},
    "Elasticsearch, in time": {"timed_out": True, "hits": {"hits": [{}]}},
    "Elasticsearch, whole": {"_shards": {"total": 5, "failed": 1}, "hits": {"hits": [{}]}},
    "Splunk, before it was done": {"preview": True, "results": [{}]},
}  # fmt: skip
ENDS: dict[str, dict[str, Any]] = {
    "Microsoft Graph": {"value": [{}]},
    "AWS": {"Users": [{}], "NextToken": None},
    "AWS IAM": {"Users": [{}], "IsTruncated": False},
    "Google": {"accounts": [{}], "nextPageToken": ""},
    "Kubernetes": {"kind": "List", "items": [{}], "metadata": {"continue": "", "resourceVersion": "7"}},
    "OpenAI": {"data": [{}], "has_more": False},
    "GitHub GraphQL": {"data": {"org": {"repos": {"nodes": [{}], "pageInfo": {"hasNextPage": False, "endCursor": "x"}}}}},
    "Slack": {"entries": [{}], "response_metadata": {"next_cursor": ""}},
    "Jira": {"issues": [{}], "isLast": True},
    "PagerDuty": {"incidents": [{}], "limit": 25, "offset": 25, "more": False},
    "CloudWatch, which always gives tokens": {"events": [{}], "nextForwardToken": "f/1", "nextBackwardToken": "b/1"},
    "Langfuse": {"data": [{}], "meta": {"page": 1, "totalPages": 1}},
    "LangSmith": {"runs": [{}], "cursors": {"next": None}},
    "MCP": {"jsonrpc": "2.0", "id": 1, "result": {"tools": [{}]}},
    "Logs Insights": {"results": [[{}]], "status": "Complete"},
    "Elasticsearch": {"timed_out": False, "_shards": {"total": 5, "failed": 0}, "hits": {"hits": [{}]}},
    "Splunk": {"preview": False, "results": [{}]},
    "a push, from one commit to another": {"commits": [{}], "before": "1f00", "after": "2f00"},
    "a record that names a next one": {"id": 1, "next": {"id": 2}},
}  # fmt: skip
TOTALS: dict[str, dict[str, Any]] = {
    "Microsoft Graph": {"value": [{}], "@odata.count": 5},
    "SCIM": {"Resources": [{}], "totalResults": 5, "startIndex": 1, "itemsPerPage": 1},
    "GitHub": {"installations": [{}], "total_count": 5},
    "Jira": {"issues": [{}], "startAt": 0, "maxResults": 1, "total": 5},
    "Elasticsearch": {"hits": {"total": {"value": 5, "relation": "eq"}, "hits": [{}]}},
    "Langfuse": {"data": [{}], "meta": {"page": 1, "limit": 1, "totalItems": 5, "totalPages": 5}},
    "Cloudflare": {"result": [{}], "result_info": {"page": 1, "total_count": 5}},
    "Logs Insights": {
        "results": [[{}]],
        "status": "Complete",
        "statistics": {"recordsMatched": 5.0},
    },
}


@pytest.mark.parametrize("page", GOES_ON.values(), ids=GOES_ON)
def test_a_page_that_says_that_more_follows_is_not_whole(page: dict[str, Any]) -> None:
    assert missing_of([(pages_of([page], 30), 1)])


@pytest.mark.parametrize("page", ENDS.values(), ids=ENDS)
def test_a_last_page_is_whole(page: dict[str, Any]) -> None:
    assert pages_of([page], 30) == WHOLE


@pytest.mark.parametrize("name", sorted(GOES_ON.keys() & ENDS.keys()))
def test_pages_with_a_last_one_are_whole(name: str) -> None:
    assert pages_of([GOES_ON[name], ENDS[name]], 30) == Pages(continued=1, last=1)
    assert not missing_of([(pages_of([GOES_ON[name], ENDS[name]], 30), 2)])


@pytest.mark.parametrize("page", TOTALS.values(), ids=TOTALS)
def test_fewer_records_than_there_are_in_all_are_not_whole(page: dict[str, Any]) -> None:
    pages = pages_of([page], 30)
    assert "1 of 5 records" in str(missing_of([(pages, 1)]))
    assert not missing_of([(pages, 5)])
    assert not missing_of([(pages, 2), (pages, 3)])  # two files of one list


def test_each_of_two_lists_must_be_whole() -> None:
    """One that is beside it, and whole, completes no other; a list may grow while it is read."""
    part, whole, later = (Pages(last=1, total=n) for n in (300, 30, 303))
    assert "306 of 330" in str(missing_of([(part, 276), (whole, 30)]))
    assert not missing_of([(part, 300), (whole, 30)])
    assert not missing_of([(part, 200), (later, 103)])


def _register(more: dict[str, Any]) -> dict[str, Any]:
    def agent(name: str, needs_approval: bool) -> dict[str, Any]:
        tool = {"name": "orders.delete", "effect": "delete", "reversible": False}
        return {
            "type": "agent",
            "actor_id": name,
            "state": "active",
            "tools": [{**tool, "needs_approval": needs_approval}],
        }

    return {"records": [agent("asks", True), agent("acts", False)], **more}


WORKSPACE = """organisation: Example
period: {from: 2026-07-01, to: 2026-09-30}
as_of: 2026-10-01
"""


def _statuses(folder: Path, more: dict[str, Any]) -> dict[str, set[tuple[str, str]]]:
    workspace = folder / "workspace"
    (workspace / "inventory").mkdir(parents=True)
    (workspace / "reporter.yml").write_text(WORKSPACE, encoding="utf-8")
    (workspace / "inventory" / "agents.json").write_text(
        json.dumps(_register(more)), encoding="utf-8"
    )
    run = folder / "run"
    assess_workspace(workspace, run, Options(formats=("json", "csv")))
    found: dict[str, set[tuple[str, str]]] = {}
    for check, status, code in read_results(run, columns=("check", "status", "reason_code")):
        found.setdefault(check, set()).add((status, code))
    return found


def test_nothing_is_absent_from_a_partial_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "APR-01")
    whole = _statuses(tmp_path / "whole", {})
    partial = _statuses(tmp_path / "partial", {"has_more": True})
    assert {status for status, _ in whole["APR-01"]} == {"declared", "fail"}
    assert {status for status, _ in partial["APR-01"]} == {"unknown", "fail"}
    assert ("unknown", "partial_export") in partial["APR-01"]
    quarantine = (tmp_path / "partial" / "run" / "quarantine.csv").read_text(encoding="utf-8")
    assert "says that more follows" in quarantine
