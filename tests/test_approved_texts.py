"""Whose policy is on record: the text that a second person approved in a pull request, byte for byte, and nothing else.

Runs are those of the shipped content, over folders that hold a policy, pull requests, reviews and files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fixture_reasons import said

from reporter.content import loader
from reporter.content.loader import Content
from reporter.content.workspace import read_workspace
from reporter.engine.duckdb import DuckDB
from reporter.evaluate import runner
from reporter.evaluate.evidence import fills_of, strengths_of, weakest_of, weigh_lists
from reporter.evaluate.runner import rests_of
from reporter.explain.stronger import better_evidence
from reporter.ingest.cache import open_cache
from reporter.ingest.load import ingest
from reporter.ingest.readers.inputs import Inputs
from reporter.model.assessment import Check
from reporter.schema.compiled import Compiled
from reporter.schema.tables import LOADED, columns_of
from reporter.transform.derive import derive

pytestmark = pytest.mark.slow

POLICY = """---
policy_id: AI-01
title: AI agent policy
status: approved
version: "2"
approved_by: somebody
effective: 2026-01-01
review_due: 2027-01-01
scope: agents
clauses: [identity, actions, data, escalation, human_review, logging, third_parties, retirement]
---

# AI agent policy
"""
SOURCES = ("github-pull-requests", "policy-documents", "reporter-inventory", "servicenow-policies")
REPO = "harbour/policies"
HEAD = "a1" * 20
MERGED = "2026-03-04T09:12:00Z"
Row = dict[str, Any]


def blob(text: str, kind: str = "sha1") -> str:
    """Return the id that Git gives a text."""
    content = text.encode()
    return hashlib.new(kind, b"blob %d\0" % len(content) + content).hexdigest()


def pull(number: int = 7, head: str = HEAD, **more: Any) -> Row:
    base = {"ref": "main", "sha": "b" * 40, "repo": {"full_name": REPO, "default_branch": "main"}}
    return {
        "url": f"https://api.github.com/repos/{REPO}/pulls/{number}", "number": number, "state": "closed",
        "title": "t", "user": {"login": "mira-k", "type": "User"}, "merged_at": MERGED,
        "merge_commit_sha": "c" * 40, "head": {"ref": "f", "sha": head}, "base": base,
    } | more  # fmt: skip


def review(number: int = 7, head: str = HEAD, **more: Any) -> Row:
    return {
        "user": {"login": "tom-r", "type": "User"}, "state": "APPROVED", "author_association": "MEMBER",
        "pull_request_url": f"https://api.github.com/repos/{REPO}/pulls/{number}",
        "submitted_at": "2026-03-03T08:00:00Z", "commit_id": head,
    } | more  # fmt: skip


def changed(sha: str, head: str = HEAD, path: str = "ai/agents.md", **more: Any) -> Row:
    url = f"https://api.github.com/repos/{REPO}/contents/{path}?ref={head}"
    return {
        "sha": sha,
        "filename": path,
        "status": "modified",
        "changes": 3,
        "contents_url": url,
    } | more


@dataclass
class Folder:
    """What a workspace holds."""

    texts: dict[str, str] = field(default_factory=lambda: {"agents.md": POLICY})
    pulls: list[Row] = field(default_factory=lambda: [pull()])
    reviews: list[Row] = field(default_factory=lambda: [review()])
    files: list[Row] = field(default_factory=lambda: [changed(blob(POLICY))])

    def write(self, place: Path) -> Path:
        inventory = place / "inventory"
        inventory.mkdir(parents=True)
        (place / "reporter.yml").write_text(
            'organisation: Test\nperiod: {from: "2026-07-01", to: "2026-10-01"}\n', encoding="utf-8"
        )
        for name, text in self.texts.items():
            (inventory / name).write_bytes(text.encode())
        for name in ("pulls", "reviews", "files"):
            rows = getattr(self, name)
            if rows:
                (inventory / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
        return place


@dataclass(frozen=True)
class Outcome:
    results: dict[tuple[str, str], tuple[str, str, str]]
    """(check, subject) -> (status, sentence, class of evidence)"""
    policies: list[Row]

    def of(self, check: str, subject: str = "organisation") -> tuple[str, str]:
        status, _, evidence = self.results[check, subject]
        return status, evidence


Assess = Callable[..., Outcome]


@pytest.fixture
def assess(content: Content, compiled: list[tuple[Check, Compiled]], tmp_path: Path) -> Assess:
    """Assess a folder with some checks."""
    sources = {s.id: s for s in content.sources if s.id in SOURCES}

    def run(folder: Folder, *only: str) -> Outcome:
        workspace = read_workspace(folder.write(tmp_path / "ws"))
        with DuckDB(tmp_path / "work") as engine:
            ingest(
                engine,
                Inputs.of(workspace.folder),
                tuple(sources.values()),
                open_cache(tmp_path / "cache"),
            )
            checks = [(c, j) for c, j in compiled if c.id in (only or ("POL-01", "POL-05"))]
            derive(engine, workspace.run, [], wanted=set().union(*(j.tables for _, j in checks)))
            runner.prepare(engine)
            weigh_lists(engine, sources)
            runner.assess(engine, checks, sources=sources)
            reasons = said(engine, content.checks)
            rows = engine.rows("SELECT check_id, subject, status, evidence FROM results")
            columns = ["policy_id", "status", "approved_by", "document", "ref", "source"]
            held = engine.rows(f"SELECT {', '.join(columns)} FROM policies ORDER BY ALL")
        results = {(c, s): (status, reasons[c, s][1], e) for c, s, status, e in rows}
        return Outcome(results, [dict(zip(columns, row, strict=True)) for row in held])

    return run


def test_a_text_that_a_second_person_approved_is_on_record(assess: Assess) -> None:
    outcome = assess(Folder())
    assert outcome.of("POL-01") == ("pass", "record")
    assert outcome.of("POL-05") == ("pass", "record")
    (row,) = outcome.policies
    assert row["approved_by"] == "tom-r", "not whom the text names"
    assert row["document"] == "inventory/agents.md#1"
    assert row["ref"] == "inventory/pulls.json#1"
    assert "inventory/agents.md#1" in outcome.results["POL-01", "organisation"][1]


def test_it_is_in_force_no_earlier_than_the_merge(assess: Assess) -> None:
    assert "2026-03-04" in assess(Folder()).results["POL-01", "organisation"][1]


def test_a_text_that_takes_effect_after_the_merge_does_so_on_its_own_day(assess: Assess) -> None:
    later = POLICY.replace("effective: 2026-01-01", "effective: 2026-05-01")
    folder = Folder({"agents.md": later}, files=[changed(blob(later))])
    assert "2026-05-01" in assess(folder).results["POL-01", "organisation"][1]


def test_a_text_without_a_date_gets_none_by_the_merge(assess: Assess) -> None:
    undated = POLICY.replace("effective: 2026-01-01\n", "")
    texts = {"agents.md": undated, "other.md": POLICY.replace("scope: agents", "scope: staff")}
    outcome = assess(Folder(texts, files=[changed(blob(undated))]))
    assert outcome.of("POL-01") == ("fail", "record")


SAME: dict[str, tuple[str, str]] = {
    "as Git stores it": (POLICY, blob(POLICY)),
    "in a repository of SHA-256": (POLICY, blob(POLICY, "sha256")),
    "checked out with the ends of lines of Windows": (POLICY.replace("\n", "\r\n"), blob(POLICY)),
    "stored with the ends of lines of Windows": (
        POLICY.replace("\n", "\r\n"),
        blob(POLICY.replace("\n", "\r\n")),
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_words_are_those_approved(name: str, assess: Assess) -> None:
    text, sha = SAME[name]
    assert assess(Folder({"x.md": text}, files=[changed(sha)])).of("POL-01") == ("pass", "record")


NO_LINK: dict[str, Folder] = {
    "no pull request": Folder(pulls=[], reviews=[], files=[]),
    "a byte more": Folder({"agents.md": POLICY + "\n"}),
    "a path of the same name": Folder(files=[changed("d" * 40, path="inventory/agents.md")]),
    "nobody approved it": Folder(reviews=[]),
    "its author approved it": Folder(reviews=[review(user={"login": "mira-k", "type": "User"})]),
    "an earlier commit was approved": Folder(reviews=[review(commit_id="9" * 40)]),
    "what was removed": Folder(files=[changed(blob(POLICY), status="removed")]),
    "what was only moved": Folder(files=[changed(blob(POLICY), status="renamed", changes=0)]),
    "merged into another branch": Folder(
        pulls=[pull(base={"ref": "dev", "repo": {"full_name": REPO, "default_branch": "main"}})]
    ),
    "not merged": Folder(pulls=[pull(merged_at=None)]),
    "a later merge wrote it anew": Folder(
        pulls=[pull(), pull(8, "a2" * 20, merged_at="2026-04-01T00:00:00Z")],
        files=[changed(blob(POLICY)), changed("e" * 40, "a2" * 20)],
    ),
    "a later merge moved it away": Folder(
        pulls=[pull(), pull(8, "a2" * 20, merged_at="2026-04-01T00:00:00Z")],
        files=[
            changed(blob(POLICY)),
            changed("e" * 40, "a2" * 20, "old/agents.md", status="renamed", previous_filename="ai/agents.md"),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_LINK)
def test_nothing_else_makes_a_text_more_than_declared(name: str, assess: Assess) -> None:
    outcome = assess(NO_LINK[name])
    assert outcome.of("POL-01") == ("declared", "declared")
    assert [(r["source"], r["document"]) for r in outcome.policies] == [("policy-documents", None)]


@pytest.mark.parametrize("is_last", [True, False])
def test_a_page_that_is_missing_may_hold_a_later_merge(is_last: bool, assess: Assess) -> None:
    node = {
        "number": 7, "url": f"https://github.com/{REPO}/pull/7", "author": {"login": "mira-k"}, "mergedAt": MERGED,
        "headRefOid": HEAD, "mergeCommit": {"oid": "c" * 40},
    }  # fmt: skip
    page = {"pageInfo": {"hasNextPage": not is_last}, "nodes": [node]}
    pages = {"data": {"repository": {"nameWithOwner": REPO, "pullRequests": page}}}
    outcome = assess(Folder({"agents.md": POLICY, "pages.json": json.dumps(pages)}, pulls=[]))
    assert outcome.of("POL-01") == (("pass", "record") if is_last else ("declared", "declared"))


def test_a_text_that_calls_itself_a_draft_stays_one(assess: Assess) -> None:
    draft = POLICY.replace("status: approved", "status: draft")
    outcome = assess(Folder({"a.md": draft}, files=[changed(blob(draft))]))
    assert outcome.of("POL-01") == ("fail", "record")


def test_a_record_that_names_the_id_itself_is_not_believed(assess: Assess) -> None:
    """An inventory may say anything of itself: a policy beside the text, and a change with an approver."""
    held = [
        {"type": "policy", "policy_id": "AI-01", "scope": "agents", "status": "approved", "approved_by": "x",
         "effective_at": "2026-01-01", "review_due": "2027-01-01", "document": "inventory/agents.md#1"},
        {"type": "change", "change_id": "c", "actor_id": "r", "field": "code", "effective_at": "2026-01-01",
         "approved_by": "x", "text_ids": f";{blob(POLICY)};"},
    ]  # fmt: skip
    texts = {"agents.md": POLICY, "own.json": json.dumps(held)}
    outcome = assess(Folder(texts, pulls=[], reviews=[], files=[]))
    assert outcome.of("POL-01") == ("declared", "declared")
    assert {r["document"] for r in outcome.policies} == {None}


def test_a_policy_beside_it_that_is_only_declared_does_not_lower_it(assess: Assess) -> None:
    """And of equals the one on record goes first, whatever its id."""
    other = POLICY.replace("AI-01", "AA-00").replace("2026-01-01", "2025-01-01")
    outcome = assess(Folder({"agents.md": POLICY, "other.md": other}))
    assert outcome.of("POL-01") == ("pass", "record")
    assert len(outcome.policies) == 2


GRC = "ServiceNow GRC policies and their approvals: on record"
PULLS = "GitHub pull requests and reviews: on record"


@pytest.mark.parametrize(
    ("check", "present", "named"),
    [
        ("POL-01", {"policy-documents"}, {GRC, PULLS}),
        ("POL-01", {"policy-documents", "confluence-policy-pages"}, {GRC, PULLS}),
        # Where there is no text a pull request shows none.
        ("POL-01", {"github-pull-requests"}, set()),
        ("POL-01", {"servicenow-policies"}, set()),
        # No record of a policy tells its clauses but the text itself.
        ("POL-05", {"policy-documents"}, {PULLS}),
        # It rests on what a register says of the agent, too.
        ("POL-02", {"policy-documents", "reporter-inventory"}, set()),
    ],
)
def test_only_what_shows_all_that_a_result_rests_on_is_named(
    check: str, present: set[str], named: set[str]
) -> None:
    advice = "".join(better_evidence(check, present))
    assert {e for e in (GRC, PULLS) if e in advice} == named
    assert ("Better: " in advice) == bool(named)
    assert "Confluence" not in advice


def test_an_export_that_is_named_makes_the_result_better_than_declared(content: Content) -> None:
    """By the rule by which results get their class, for each check on a register of one's own."""
    sources = {s.id: s for s in content.sources}
    tables = [t for t in LOADED if t.name in sources["reporter-inventory"].tables]
    own = {("reporter-inventory", t.name, c) for t in tables for c, _ in columns_of(t)}
    n_named = 0
    for check in content.checks:
        advice = "".join(better_evidence(check.id, {"reporter-inventory"}))
        rests = rests_of(loader.compiled_of(check))
        if any(t == "policies" for group in rests for t, _ in group):
            continue
        titles = {s.title: s for s in content.sources}
        _, _, exports = advice.partition("Better: ")
        for offer in filter(None, (e.rpartition(": ")[0] for e in exports.split("; "))):
            named = [titles[title] for title in offer.split(" together with ")]
            shown = {(s.id, *name.split(".")) for s in named for name in fills_of(s)}
            strengths = strengths_of(own | shown, sources)
            names = frozenset({*(s.id for s in named), "reporter-inventory"})
            describers = {t.name: names for t in LOADED}
            assert weakest_of(describers, rests, strengths) != "declared", (check.id, offer)
            n_named += 1
    assert n_named > 50


@pytest.mark.parametrize("check", ["OWN-02", "OWN-01", "INV-06"])
def test_a_list_of_people_is_not_named_for_what_is_said_of_agents(check: str) -> None:
    (advice,) = better_evidence(check, {"reporter-inventory"})
    assert not any(t in advice for t in ("Okta users", "Google Workspace users", "SCIM users"))


def test_where_no_export_helps_that_is_said() -> None:
    (advice,) = better_evidence("OWN-02", {"reporter-inventory"})
    assert advice.strip().startswith("no export that Reporter reads")
    assert "Better: " not in advice


AGENTS = (
    "type,actor_id,name,state,owner_id,environment,policy_id,created_at,updated_at\n"
    "agent,a1,Quay bot,active,h1,production,{policy},2026-05-01,2026-09-01\n"
)


def test_what_is_on_record_of_one_policy_says_nothing_of_another(assess: Assess) -> None:
    """An agent stands under a policy that is only declared."""
    other = POLICY.replace("AI-01", "AI-02")
    register = AGENTS.format(policy="AI-02")
    texts = {"agents.md": POLICY, "other.md": other, "agents.csv": register}
    outcome = assess(Folder(texts), "POL-02", "GOV-01")
    assert {e for _, _, e in outcome.results.values() if e} <= {"declared"}


def test_a_policy_that_covers_an_agent_by_its_scope_lists_none(assess: Assess) -> None:
    """INV-06 rests on the register alone: it is no better for a policy on record."""
    register = AGENTS.replace(",policy_id", "").replace(",{policy}", "")
    outcome = assess(Folder({"agents.md": POLICY, "agents.csv": register}), "INV-06")
    assert outcome.of("INV-06", "a1") == ("declared", "declared")
