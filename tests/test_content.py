"""What ships as content holds together: checks and their examples, catalogs and the publishers' ids, mappings, columns."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reporter.authoring import examples
from reporter.authoring.lint import lint
from reporter.content import loader
from reporter.content.crosswalks import CHECKS
from reporter.content.frameworks import STRENGTHS, read_framework, read_profile
from reporter.content.kinds.check_files import read_check
from reporter.content.loader import Content
from reporter.content.sql_policy import compile_check
from reporter.errors import ContentError
from reporter.model.assessment import SEVERITIES, SHOWS, Check
from reporter.schema import model_files
from reporter.schema.compiled import Compiled
from reporter.schema.tables import EVENT_TABLES, TABLES, loaded_column
from reporter.system import folders
from reporter.transform.dag import dependencies_of

FRAMEWORKS, SOURCES = folders.content_dir()
FILES = {"-".join(p.stem.split("-")[:2]): p for p in sorted((FRAMEWORKS / "checks").rglob("*.yml"))}
COUNTS = {"owasp-agentic-2026": (10, 0), "owasp-nhi-2025": (10, 0), "nist-ai-rmf-1.0": (72, 23)}
OPTIONAL = {
    "eu-ai-act": (24, 6), "iso-42001": (38, 11), "nist-csf-2.0": (106, 28),
    "owasp-llm-2025": (10, 0), "owasp-llm-2026": (10, 0),
}  # fmt: skip
"""Lists that take part only where a workspace names them: (controls, groups)."""


@pytest.fixture(scope="module")
def by_id(content: Content) -> dict[str, Check]:
    return {check.id: check for check in content.checks}


# ---------------------------------------------------------------- checks


@pytest.fixture(scope="module")
def results_of_all(
    request: pytest.FixtureRequest, content: Content
) -> Iterator[examples.ResultsOfAll]:
    """Examples of all checks whose turn comes, in one engine: a tenth of the time."""
    tests = (item for item in request.session.items if isinstance(item, pytest.Function))
    names = {t.callspec.params.get("name") for t in tests if hasattr(t, "callspec")}
    with examples.assembled([c for c in content.checks if c.id in names]) as results:
        yield results


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_the_examples_of_a_check_give_what_they_say(
    name: str,
    by_id: dict[str, Check],
    results_of_all: examples.ResultsOfAll,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And none of those that ship needs an engine of its own."""
    alone, run = [], examples._alone
    monkeypatch.setattr(examples, "_alone", lambda c, e: alone.append(e["name"]) or run(c, e))
    assert examples.failures(by_id[name], results_of_all) == []
    assert alone == []


def test_a_check_stands_where_its_id_says_and_names_no_framework(by_id: dict[str, Check]) -> None:
    against = [f"{name}: {why}" for name, path in FILES.items() for why in _odd(by_id[name], path)]
    assert against == []


def _odd(check: Check, path: Path) -> Iterator[str]:
    """Say what a check and its file do otherwise than all."""
    text = f"{check.title} {check.why} {check.fix}"
    if path.parent.name != check.theme.lower():
        yield "stands in the folder of another theme"
    if not re.fullmatch(r"[A-Z]{3}-\d{2}-[a-z0-9-]+\.yml", path.name):
        yield f"{path.name} is not an id with a few words"
    if re.search(r"\b(OWASP|NIST|ISO|ASI\d+|NHI\d*|AI RMF|GOVERN|MANAGE|MEASURE)\b", text):
        yield "names a framework"
    if check.title.endswith(".") or not check.fix.endswith("."):
        yield "the title ends with a full stop, or the fix with none"
    if not 1 <= len(re.findall(r"[.?!](?:\s|$)", check.why)) <= 2:
        yield "why is one or two sentences"


def test_every_theme_has_a_check_and_every_check_a_theme(content: Content) -> None:
    assert {check.theme for check in content.checks} == {theme.id for theme in content.themes}


RETIRED = {"POL-03"}
"""Ids of checks that are no more: POL-03 became a part of POL-02."""
JOINED = {"first_uses", "approval_lag", "violations", "delegation_chains", "scope_runs"}
"""Tables made of logs and inventory together."""


def test_every_kind_of_evidence_is_what_the_sql_reads(
    content: Content, compiled: list[tuple[Check, Compiled]]
) -> None:
    logs = {
        *EVENT_TABLES,
        "delegation_chains",
        "versions",
        "feeds",
        "feed_gaps",
        "dead_logs",
        "secret_traces",
    }
    for check, found in compiled:
        reads = found.tables & logs, found.tables - logs - {"run"}
        if check.evidence == "inventory":
            assert not reads[0] & {*EVENT_TABLES, "versions"}, check.id
        else:
            assert reads[0], check.id
        if check.evidence == "both":
            assert reads[1] or "registered" in check.sql or found.tables & JOINED, check.id


# ---------------------------------------------------------------- catalogs


def test_the_lists_ship_complete(content: Content) -> None:
    sizes = {f.id: (len(f.controls), len(f.groups)) for f in content.frameworks}
    assert sizes == COUNTS | OPTIONAL
    assert {f.id for f in content.frameworks if f.optional} == set(OPTIONAL)


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_list_on_request_says_how_sure_it_is_and_what_it_is_not(
    content: Content, name: str
) -> None:
    framework = next(f for f in content.frameworks if f.id == name)
    assert framework.confidence and framework.note
    groups = {g.id for g in framework.groups}
    assert all(c.group in groups or not groups for c in framework.controls)
    assert all(not g.parent or g.parent in groups for g in framework.groups)


def test_the_actions_of_the_generative_profile_stand_under_their_subcategories(
    content: Content,
) -> None:
    ids = content.official["nist-ai-600-1"]["ids"]
    walk = next(w for w in content.crosswalks if w.id == "nist-ai-600-1-rmf")
    short = {v: k for k, v in SHORT.items()}
    under = {o: row.targets for row in walk.rows for o in row.origins}
    assert len(ids) == content.official["nist-ai-600-1"]["counts"]["controls"] == 212
    for action in ids:
        head, number, _ = action.split("-")
        assert under[action] == (f"{short[head]} {number}",)
    assert len({row.targets for row in walk.rows}) == 49


@pytest.mark.parametrize("name", [*COUNTS, *OPTIONAL])
def test_ids_and_titles_are_the_publishers(content: Content, name: str) -> None:
    framework = next(f for f in content.frameworks if f.id == name)
    official = content.official[name]["ids"]
    assert {g.id for g in framework.groups} | {c.id for c in framework.controls} == set(official)
    titles = {c.id: c.title for c in framework.controls if official[c.id]}
    assert titles == {i: official[i] for i in titles}
    assert all(c.title and c.paraphrase for c in framework.controls)
    asked = re.compile(r"(?!Provide)[A-Z][^?]+\?( (?!Provide)[A-Z][^?]+\?)?( Provide [^?]+\.)?")
    assert [c.ask for c in framework.controls if not asked.fullmatch(c.ask)] == []
    assert content.official[name]["counts"]["controls"] == len(framework.controls)


def test_the_ai_rmf_has_four_functions_and_nineteen_categories(content: Content) -> None:
    rmf = next(f for f in content.frameworks if f.id == "nist-ai-rmf-1.0")
    functions = [g.id for g in rmf.groups if not g.parent]
    categories = [g for g in rmf.groups if g.parent]
    assert functions == ["GOVERN", "MAP", "MEASURE", "MANAGE"]
    assert len(categories) == 19
    assert all(g.id.split()[0] == g.parent for g in categories)
    assert all(c.group == c.id.rsplit(".", 1)[0] for c in rmf.controls)
    members = {f: [c.id for c in rmf.controls if c.id.startswith(f + " ")] for f in functions}
    assert members == content.official["nist-ai-rmf-1.0"]["functions"]


def test_the_texts_of_the_ai_rmf_are_those_of_the_publication(content: Content) -> None:
    """Who changes the catalog and the register alike, so that lint is content, meets this sum."""
    rmf = next(f for f in content.frameworks if f.id == "nist-ai-rmf-1.0")
    texts = {i.id: i.official_text for i in (*rmf.groups, *rmf.controls)}
    assert len(texts) == 95 and all(texts.values())
    lines = "\n".join(f"{i} {text}" for i, text in sorted(texts.items()))
    assert hashlib.sha256(lines.encode()).hexdigest() == (
        "5e5b71ded2f1b5486be9ce1fa413774fe13a9be876b4af453dc8c454300f4e4e"
    )
    assert rmf.official_text and rmf.official_text.language == "en"


def test_a_retired_id_is_never_used_again(content: Content) -> None:
    """With another meaning, runs of before would be compared with it."""
    assert not RETIRED & {check.id for check in content.checks}


def test_what_bears_on_no_control_is_not_listed_there(content: Content) -> None:
    """A missing end date makes no rogue agent; who approves shows no person on an agent's key."""
    ids = {check.id for check in content.checks}
    listed = {f.id: {i for c in f.controls for i, _ in c.checks} for f in content.frameworks}
    assert {name: ids - listed[name] for name in COUNTS} == {
        "owasp-agentic-2026": {"LIF-01", "LIF-03"},
        "owasp-nhi-2025": {"APR-03"},
        "nist-ai-rmf-1.0": set(),
    }


def test_a_control_lists_a_check_once(content: Content) -> None:
    for framework in content.frameworks:
        for control in framework.controls:
            ids = [check for check, _ in control.checks]
            assert len(ids) == len(set(ids)), control.id


def test_every_owasp_control_has_a_direct_check(content: Content) -> None:
    for framework in content.frameworks[:2]:
        for control in framework.controls:
            assert "direct" in {strength for _, strength in control.checks}, control.id


# ---------------------------------------------------------------- crosswalks, aliases, policy, profiles


def test_every_crosswalk_says_whose_it_is(content: Content) -> None:
    assert len(content.crosswalks) > 10
    for walk in content.crosswalks:
        assert (walk.basis == "published") == bool(walk.publisher), walk.id
        assert walk.source and walk.rows
        assert walk.id.startswith("engine-") <= (walk.basis == "own-judgement")


IDS_ONLY = {
    "soc-2-2017", "iso-27001-2022", "aiuc-1", "csa-aicm-1.1", "owasp-aisvs-1.0", "nist-ai-600-1",
}  # fmt: skip
"""Registers whose titles somebody owns, or that have none."""


def test_every_register_says_where_its_ids_come_from_and_what_we_may_carry(
    content: Content,
) -> None:
    catalogs = {f.id for f in content.frameworks}
    for name, register in content.official.items():
        source = register["source"]
        assert source["what"] and source["published"] and source["edition"], name
        assert "https://" in source["where"], name
        if name not in catalogs:
            assert register["licence_note"].endswith("."), name
            assert len(register["ids"]) == register["counts"]["controls"], name
            assert all(isinstance(t, str) for t in register["ids"].values()), name
            assert (name in IDS_ONLY) == (not any(register["ids"].values())), name


def test_a_pair_with_a_check_is_never_equal_and_says_what_it_is_about(content: Content) -> None:
    walks = [w for w in content.crosswalks if w.target == CHECKS]
    assert {row.confidence for w in walks for row in w.rows} == {"high", "medium", "low"}
    for walk in walks:
        assert "equal" not in {row.relation for row in walk.rows}, walk.id
        assert all(row.note.endswith(".") for row in walk.rows), walk.id


def _ids(content: Content) -> set[str]:
    return {
        i
        for f in content.frameworks
        for i in (*(c.id for c in f.controls), *(g.id for g in f.groups))
    }


def test_aliases_mean_what_exists(content: Content) -> None:
    for alias in content.aliases["aliases"]:
        meant = {*alias["intended"], *alias["related"], *filter(None, [alias["literal"]])}
        assert meant <= _ids(content)
        assert alias["framework"] in COUNTS | OPTIONAL


@pytest.mark.parametrize("other", loader.read_aliases()["not_ours"], ids=lambda o: o["example"])
def test_a_reference_to_something_else_is_told_from_ours(
    content: Content, other: dict[str, Any]
) -> None:
    assert re.fullmatch(other["pattern"], other["example"], re.IGNORECASE)
    assert other["sentence"].strip().endswith(".")
    assert not [i for i in _ids(content) if re.fullmatch(other["pattern"], i, re.IGNORECASE)]
    assert _normalised(content, other["example"]) is None


def _normalised(content: Content, text: str) -> str | None:
    for rule in content.aliases["normalise"]:
        if re.fullmatch(rule["pattern"], text, re.IGNORECASE):
            return re.sub(rule["pattern"], rule["to"], text, flags=re.IGNORECASE)
    return None


SHORT = {"GOVERN": "GV", "MAP": "MP", "MEASURE": "MS", "MANAGE": "MG"}


def test_every_control_is_found_by_the_ways_people_write_it(content: Content) -> None:
    for framework in (f for f in content.frameworks if f.id in COUNTS):
        for control in framework.controls:
            plain = control.id.removesuffix(":2025")
            head, number = re.fullmatch(r"([A-Z]+) ?([\d.]+)", plain).groups()  # type: ignore[union-attr]
            number = number.lstrip("0")
            ways = {
                control.id,
                f"{head}-{number}",
                f"{head.lower()} {number}",
                f"{SHORT.get(head, head)}.{number}",
            }
            for way in ways:
                assert _normalised(content, way) == control.id, (way, control.id)


@pytest.mark.parametrize(
    ("list_id", "ways"),
    [
        ("eu-ai-act", {"Art. {0}", "art {0}", "AI Act Article {0}", "Article {0}(1)"}),
        ("iso-42001", {"ISO 42001 {1}", "ISO/IEC 42001 Annex {1}", "{1}"}),
        ("nist-csf-2.0", {"{1}"}),
        ("nist-ai-600-1", {"{1}"}),
        ("owasp-llm-2025", {"{1}", "llm{0} 2025", "LLM-{0}:2025"}),
        ("owasp-llm-2026", {"{1}", "llm{0} 2026"}),
    ],
)
def test_every_id_of_a_list_on_request_is_found_too(
    content: Content, list_id: str, ways: set[str]
) -> None:
    register = content.official[list_id]["ids"]
    groups = {g.id for f in content.frameworks if f.id == list_id for g in f.groups}
    for own in set(register) - groups:
        number = re.sub(r"^\D*0?|:20..$", "", own)
        for way in ways:
            text = way.format(number, own)
            assert _normalised(content, text) == own, text


def test_the_policy_is_whole(content: Content) -> None:
    policy = content.policy
    assert (
        policy.tier_weights == tuple(sorted(policy.tier_weights)) and len(policy.tier_weights) == 4
    )
    assert set(policy.severity_weights) == set(SEVERITIES)
    assert set(policy.strength_weights) == set(STRENGTHS) - {"contextual"}
    assert 0 < policy.rating_edges[0] < policy.rating_edges[1] < policy.rating_edges[2] < 1
    assert len(policy.level_names) == len(policy.level_claims) == 6
    assert {c[0] for c in policy.caps} == {"short-logs", "single-period"}
    assert all(0 <= c[1] <= 5 and c[2].endswith(".") for c in policy.caps)


def test_profiles_ask_for_levels_that_exist(content: Content) -> None:
    assert {"baseline", "regulated", "agentic-high"} <= set(content.profiles)
    practices = {(c.theme, c.level) for c in content.checks}
    for profile in content.profiles.values():
        assert 1 <= profile.target <= 5
        for theme, target in profile.themes.items():
            assert target > profile.target, (profile.id, theme)
            assert any((theme, n) in practices for n in range(profile.target, target + 1)), theme


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("target: 6", "target: 6 is not a level; expected 1 to 5"),
        ("target: true", "target"),
        ("target: 3\nthemes: {ENT: 3}", "ENT: 3 is not above the target 3"),
        ("target: 3\nthemes: {ENT: 9}", "ENT: 9 is not a level; expected 1 to 5"),
        ("target: 3\ndefault: 3", "default"),
    ],
)
def test_a_profile_has_one_target_and_higher_ones_of_themes(
    text: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "own.yml"
    path.write_text(f"id: own\ntitle: Own\n{text}\n")
    with pytest.raises(ContentError, match=re.escape(message)):
        read_profile(path)


# ---------------------------------------------------------------- columns and their readers

ENGINE = {
    "actors.form": "tells what a source of several forms of record fills for which",
    "actors.is_intermediary": "tells a gateway's principal when events are resolved to actors",
    "actors.roles": "tells who may sign a statement",
    "actors.labels": "groups results in a roll-up",
    "exceptions.check_id": "names the failure that a waiver made of it covers",
    "exceptions.item": "names the subject of that failure",
    "actors.listed_in": "becomes listings.listed_in",
    "credentials.listed_in": "becomes listings.listed_in",
    "grants.approved_at": "becomes all_approvals.approved_at",
    "changes.text_ids": "which texts were approved: makes policies.document",
    "refused_approvals.refused_anew_at": "becomes all_approvals.expires_at",
    "approvals.purpose": "becomes all_approvals.purpose",
    "components.approved_at": "becomes known_versions.approved_at",
    "components.secret_in_config": "becomes a row of secret_traces",
    "events.ingested_at": "becomes feeds.n_with_ingest and n_late_clock",
    "events.tool_version": "becomes versions.version",
    "events.model_version": "becomes versions.version",
    "events.decision": "becomes activity.n_decision",
    "data_use.effect": "becomes first_uses.changes_state",
    "first_uses.last_at": "tells which paths were used in the period, in the report",
    "feeds.declared": "tells assess which logs are subjects though they never arrived",
    "actors.entitlements_listed": "an empty list of rights: makes right_uses.covered",
    "actors.destinations_listed": "an empty list of destinations: becomes a row of settings",
    "events.rights": "what the system checked: makes right_uses.standing",
    "log_stores.place": "makes log_store_changes.log_source",
    "log_stores.selects": "what a log would show: makes held_rights.is_shown",
    **{
        f"third_parties.{c}": "makes third_party_records"
        for c in (
            "principal_id",
            "reviewed_at",
            "scopes",
            "owner_id",
            "fallback",
            "organisation_id",
        )
    },
    **{f"components.{c}": "makes component_listings" for c in ("hash", "registry", "locator")},
    **{f"artifacts.{c.name}": "makes component_listings" for c in TABLES["artifacts"].columns},
    **{f"vendors.{c.name}": "makes vendor_matches" for c in TABLES["vendors"].columns},
    "last_accesses.actor_id": "names whose use AWS keeps: makes held_rights.is_watched",
    "last_accesses.action": "of which right: makes held_rights.is_watched",
    "last_accesses.used_at": "becomes held_rights.last_at",
    "last_accesses.checked_at": "tells whether that is recent: makes held_rights.is_watched",
    "last_accesses.ref": "every table has one",
    "events.session_key": "tells who asked for a role: makes right_uses.agent_id and delegation_chains.root_id",
    "assumed_roles.actor_id": "who asked: makes right_uses.agent_id and delegation_chains.root_id",
    "assumed_roles.issued_key": "for which session: makes the same",
    "assumed_roles.session_key": "from which session: makes the same",
    "assumed_roles.ref": "every table has one",
    "holdings.actor_id": "whose rights change with it: makes rows of changes",
    "holdings.held_id": "what is changed: makes the same",
    "holdings.since_at": "what was changed before is not theirs: makes the same",
    "holdings.ref": "every table has one",
    "role_definitions.role": "whose rights a role gives: makes right_uses.standing",
    "role_definitions.actions": "what a role allows: makes right_uses.standing",
    "role_definitions.excluded": "what it does not: makes right_uses.standing",
    "role_definitions.ref": "every table has one",
    "right_uses.action": "groups the uses of one right",
    "right_uses.first_at": "becomes violations.first_at",
    "graver_uses.first_at": "becomes violations.first_at",
    "changes.approved_by": "becomes change_approvals.approver_id",
    "changes.approved_at": "becomes change_approvals.approved_at",
    "changes.ticket_type": "becomes change_approvals.ticket_type",
    "changes.decision_id": "names the decision, for change_approvals",
    "changes.register_version": "a commit by which another record names the decision, for change_approvals",
    "unseen_agents.log_source": "tells which log names them, for silent logs",
    "unseen_agents.source": "becomes described.source",
    "feeds.first_at": "printed in the accounting, and counts the days of logs for the caps",
    "feeds.last_at": "printed in the accounting, and counts the days of logs for the caps",
    "feeds.longest_gap_hours": "printed in the accounting",
    "review_items.ref": "every table has one",
    "state_changes.ref": "every table has one",
    "actor_log_sources.ref": "every table has one",
    "aliases.ref": "every table has one",
    "all_approvals.ref": "every table has one",
    "known_versions.ref": "every table has one",
    **{
        f"tests.{c.name}": "read by tested_checks"
        for c in TABLES["tests"].columns
        if c.name != "test_id"
    },
    "tests.test_id": "tells one test of a tool from another in its own report",
}
"""Columns that no check reads, with who does. A column without a reader does not exist: write the check or drop the column."""


def _read(compiled: list[tuple[Check, Compiled]]) -> set[str]:
    read = set()
    for check, found in compiled:
        read |= {tuple(n.split(".")) for n in check.needs}
        for table, column in found.reads:
            read |= {
                (table, column),
                (TABLES[table].origin, column),
                loaded_column(table, column) or ("", ""),
            }
    return {f"{table}.{column}" for table, column in read}


def test_every_column_has_a_reader(compiled: list[tuple[Check, Compiled]]) -> None:
    columns = {
        f"{t.name}.{c.name}" for t in TABLES.values() if t.name != "agents" for c in t.columns
    }
    assert columns - _read(compiled) == set(ENGINE)


def test_a_column_that_is_needed_is_read(content: Content) -> None:
    for check in content.checks:
        tables = compile_check(check).tables
        origins = tables | {TABLES[t].origin for t in tables}
        origins |= {made_of for t in tables for made_of in dependencies_of(t)}
        if tables & EVENT_TABLES:
            origins |= {"events"}
        assert {need.split(".")[0] for need in check.needs} <= origins, check.id


# ---------------------------------------------------------------- lint


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the content that may be spoiled."""
    shutil.copytree(FRAMEWORKS, tmp_path / "frameworks")
    monkeypatch.setattr(loader, "content_dir", lambda: (tmp_path / "frameworks", SOURCES))
    return tmp_path / "frameworks"


def _spoil(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_lint_finds_no_problem_in_what_ships() -> None:
    problems, summary = lint((), run_examples=False)
    assert problems == []
    assert summary.startswith(f"{len(FILES)} checks, 8 catalogs with 280 controls, ")


WRONG = [
    ("catalogs/owasp-agentic-2026.yml", "title: Agent Goal Hijack", "title: Agent Behaviour Hijack",
     "ASI01 is titled 'Agent Behaviour Hijack'; the publisher says 'Agent Goal Hijack'", "ASI01 Agent Goal Hijack"),
    ("catalogs/owasp-nhi-2025.yml", "title: Improper Offboarding", "title: Improper Onboarding",
     "the publisher says 'Improper Offboarding'", ""),
    ("catalogs/owasp-agentic-2026.yml", "id: ASI10", "id: ASI11", "ASI11 is not an id of", "Did you mean ASI10 Rogue Agents?"),
    ("catalogs/owasp-agentic-2026.yml", "id: ASI09", "id: ASI90", "ASI09 Human-Agent Trust Exploitation is missing", ""),
    ("catalogs/nist-ai-rmf-1.0.yml", "id: GOVERN 1.7", "id: GOVERN 1.8", "GOVERN 1.8 is not an id of", "Did you mean GOVERN 1."),
    ("catalogs/nist-ai-rmf-1.0.yml", "source_sha256: ", "source_sha256: 0", "not that of the official register", ""),
    ("checks/own/OWN-01-named-owner.yml", "a.owner_id IS NULL THEN", "a.ownr_id IS NULL THEN",
     'no column "ownr_id"', 'Did you mean "owner_id"?'),
    ("catalogs/nist-ai-rmf-1.0.yml", "Legal and regulatory requirements involving AI are understood",
     "Legal and regulatory requirements for AI are understood",
     "GOVERN 1.1: 'official_text' is not the publisher's: word 5 is 'for', expected 'involving'",
     "Expected: Legal and regulatory requirements involving AI are understood, managed, and documented."),
    ("catalogs/nist-ai-rmf-1.0.yml", "Processes are in place for robust engagement with relevant AI actors.",
     "Processes are in place for robust engagement with relevant AI", "GOVERN 5: 'official_text' is not the publisher's: it ends after"
     " word 10", "Expected: Processes are in place"),
    ("catalogs/nist-ai-rmf-1.0.yml", "Processes for human oversight are", "Processes  for human oversight are",
     "MAP 3.5: 'official_text' is not the publisher's: it has other spaces", "Expected: Processes for human"),
    ("catalogs/nist-ai-rmf-1.0.yml", "    official_text: >-\n      Incidents and errors are communicated to relevant AI actors, including affected communities."
     "\n      Processes for tracking, responding to, and recovering from incidents and errors are followed\n      and documented.\n", "",
     "MANAGE 4.3: 'official_text' is not the publisher's: it is missing", "Expected: Incidents and errors are communicated"),
    ("catalogs/nist-ai-rmf-1.0.yml", "Categorization of the AI system is performed.", "Categorization of the AI system is performed well.",
     "MAP 2: 'official_text' is not the publisher's: word 7 is 'performed', expected 'performed.'", ""),
    ("profiles/regulated.yml", "CHG: 4", "CHX: 4", "target 'CHX'", ""),
    ("catalogs/eu-ai-act.yml", "title: Human oversight", "title: Human Oversight", "the publisher says 'Human oversight'", ""),
    ("catalogs/owasp-llm-2026.yml", "title: Hidden Context Exposure", "title: System Prompt Leakage",
     "the publisher says 'Hidden Context Exposure'", "LLM08:2026 Hidden Context Exposure"),
    ("themes.yml", "id: OWN", "id: OWX", "OWN-01: no theme OWN", ""),
    ("catalogs/iso-42001.yml", "partial: [APR-08, ENT-05, PUR-01, PUR-02]", "direct: [APR-08, ENT-05, PUR-01, PUR-02]",
     "A.9.4: APR-08 is direct without a reason", ""),
    ("checks/ent/ENT-08-delegator-rights.yml", "shows: operation\n", "",
     "ENT-08 is direct and does not say what it 'shows'", ""),
    ("catalogs/owasp-nhi-2025.yml", "    not_shown: >-\n      How the third party stores and protects the credential, and what"
     " its own systems do.\n", "", "NHI3:2025 does not say what is 'not_shown'", ""),
    ("catalogs/iso-42001.yml", "    checks:\n      direct:\n        MON-01:", "    documented: true\n    checks:\n"
     "      direct:\n        MON-01:", "A.6.2.8 asks for something written down, and MON-01 shows operation", "with a reason"),
]  # fmt: skip


def test_lint_names_everything_that_is_wrong_at_once(copied: Path) -> None:
    for file, old, new, _, _ in WRONG:
        _spoil(copied, file, old, new)
    problems, _ = lint((), run_examples=False)
    for file, _, _, says, hint in WRONG:
        found = [p for p in problems if says in p.message]
        assert found, says
        assert hint in found[0].hint
        assert Path(file).name in found[0].place or file == "themes.yml"


def test_lint_names_a_file_that_cannot_be_used(copied: Path) -> None:
    _spoil(copied, "checks/own/OWN-01-named-owner.yml", "severity: critical", "severity: huge")
    problems, _ = lint((), run_examples=False)
    assert "'severity' is 'huge'" in str(problems[0])
    assert (
        problems[0].place == "frameworks/checks/own/OWN-01-named-owner.yml:5"
        or "OWN-01" in problems[0].place
    )


@pytest.mark.slow  # the last of what is `WRONG` is said for the same reason
def test_a_reason_is_what_lets_an_act_count_where_something_is_to_be_written_down(
    copied: Path,
) -> None:
    """AUD-01 to AUD-03 show operation: partial for MEASURE 2.8, with a reason each."""
    path = copied / "catalogs/nist-ai-rmf-1.0.yml"
    text = path.read_text(encoding="utf-8")
    of_one = text[text.index("  - id: MEASURE 2.8") : text.index("  - id: MEASURE 2.9")]
    reasons = of_one[of_one.index("      partial:") : of_one.index("      contextual:")]
    bare = "      partial: [AUD-01, AUD-02, AUD-03]\n"
    path.write_text(text.replace(of_one, of_one.replace(reasons, bare)), encoding="utf-8")
    problems, _ = lint((), run_examples=False)
    assert [p.message for p in problems] == [
        f"MEASURE 2.8 asks for something written down, and {check} shows operation"
        for check in ("AUD-01", "AUD-02", "AUD-03")
    ]


def test_what_a_check_shows_is_one_of_three_words(content: Content) -> None:
    assert {check.shows for check in content.checks} == set(SHOWS)


@pytest.mark.slow
def test_lint_names_a_check_that_no_control_lists(copied: Path) -> None:
    for path in (copied / "catalogs").glob("*.yml"):
        catalog = yaml.safe_load(path.read_text(encoding="utf-8"))
        for control in catalog["controls"]:
            for listed in control.get("checks", {}).values():
                if "PUR-01" in listed:
                    listed.pop("PUR-01" if isinstance(listed, dict) else listed.index("PUR-01"))
        path.write_text(yaml.safe_dump(catalog), encoding="utf-8")
    problems, _ = lint((), run_examples=False)
    assert [p.message for p in problems] == ["PUR-01 is listed by no control of any catalog"]


def test_lint_runs_the_examples(tmp_path: Path) -> None:
    text = FILES["LIF-01"].read_text(encoding="utf-8").replace("LIF-01", "LIF-91")
    spoiled = re.sub(r"(expect: \{\w+: )(pass|fail|unknown)", r"\1na", text, count=1)
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "LIF-91-mine.yml").write_text(spoiled, encoding="utf-8")
    check = read_check(tmp_path / "checks" / "LIF-91-mine.yml")
    assert any("expected" in line for line in examples.failures(check))
    none = examples.failures(read_check(_without_examples(tmp_path, text)))
    assert none[0] == "no example shows pass, fail, unknown"
    assert all(line.startswith("no example gives the code") for line in none[1:]) and none[1:]


def _without_examples(folder: Path, text: str) -> Path:
    path = folder / "LIF-91-none.yml"
    path.write_text(text.split("\nexamples:")[0] + "\nexamples: []\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["checks", "enterprise", "../../evil", "Acme Rules", "a/b", "''"])
def test_the_id_of_a_catalog_can_name_a_file_and_nothing_of_ours(tmp_path: Path, name: str) -> None:
    shipped = FRAMEWORKS / "catalogs/owasp-nhi-2025.yml"
    own = tmp_path / "own.yml"
    text = shipped.read_text(encoding="utf-8")
    own.write_text(text.replace("id: owasp-nhi-2025", f"id: {name}", 1), encoding="utf-8")
    with pytest.raises(ContentError, match="'id'"):
        read_framework(own)


def test_two_macros_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "CREATE MACRO plain(x) AS x;\nCREATE MACRO twice(x) AS x;\nCREATE MACRO twice(x) AS x + 1;\n"
    monkeypatch.setattr(model_files, "macros", lambda: text)
    with pytest.raises(ContentError, match="macro twice appears twice"):
        model_files.macro_texts.__wrapped__()
