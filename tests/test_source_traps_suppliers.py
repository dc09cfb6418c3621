"""What registers of vendors, directories and registries may not be mistaken for: each test names a false pass or a false fail."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import duckdb

from reporter.content import loader
from reporter.system import folders

DATA = Path(__file__).parent / "data" / "sources"

Row = dict[str, Any]


@functools.cache
def _golden(source: str) -> dict[str, Any]:
    golden: dict[str, Any] = json.loads((DATA / source / "golden.json").read_text(encoding="utf-8"))
    return golden


def _rows(source: str, table: str, **values: str) -> list[Row]:
    rows: list[Row] = _golden(source)["rows"].get(table, [])
    return [r for r in rows if all(part in str(r.get(name, "")) for name, part in values.items())]


def _vendor(source: str, name: str) -> Row:
    return _rows(source, "vendors", name=name)[0]


# ---------------------------------------------------------------- registers of vendors


def test_an_assessment_that_is_planned_or_under_way_is_no_review() -> None:
    row = _vendor("servicenow-vendors", "Plover")
    assert "reviewed_at" not in row and "undated_review" not in row


def test_a_cancelled_assessment_does_not_renew_an_older_one() -> None:
    row = _vendor("servicenow-vendors", "Dunlin")
    assert (row["reviewed_at"], row["review_due_at"]) == (
        "2025-06-02T10:00:00",
        "2026-06-02T00:00:00",
    )


def test_a_review_counts_until_the_end_of_its_own_rating_not_of_an_older_one() -> None:
    assert _vendor("servicenow-vendors", "Kestrel")["review_due_at"] == "2026-11-04T00:00:00"


def test_a_review_without_an_end_of_its_own_does_not_end_with_an_older_one() -> None:
    row = _vendor("servicenow-vendors", "Rook")
    assert row["reviewed_at"] == "2026-05-04T14:00:00" and "review_due_at" not in row


def test_a_state_told_by_a_number_is_neither_a_review_nor_none() -> None:
    row = _vendor("servicenow-vendors", "Siskin")
    assert row["undated_review"] and "reviewed_at" not in row


def test_a_company_that_is_no_vendor_is_out_of_scope() -> None:
    assert not _rows("servicenow-vendors", "vendors", name="Heron")


def test_a_vendor_without_an_exact_id_is_kept_without_one() -> None:
    assert "identifier" not in _vendor("servicenow-vendors", "Wren")


def test_the_next_review_that_is_due_is_no_review_that_was_done() -> None:
    row = _vendor("vanta-vendors", "Plover")
    assert row["review_due_at"] == "2026-05-01T00:00:00" and "reviewed_at" not in row


def test_an_archived_vendor_is_told_as_ended_and_one_in_procurement_as_neither() -> None:
    assert _vendor("vanta-vendors", "Dunlin")["ended"] is True
    assert "ended" not in _vendor("vanta-vendors", "Wren")


def test_a_number_in_a_note_is_no_account() -> None:
    ids = {r["identifier"] for r in _rows("vanta-vendors", "vendors", name="Kestrel")}
    assert ids == {"kestrel.example", "3c1d0e2f-7a6b-4c5d-8e9f-0a1b2c3d4e5f"}


# ---------------------------------------------------------------- who stands behind an application


def test_an_application_of_the_own_tenant_is_no_third_party_though_others_may_use_it() -> None:
    owners = {r["actor_id"][-2:] for r in _rows("entra-service-principals", "third_parties")}
    assert owners == {"73", "74", "75"}


def test_a_verified_publisher_names_a_third_party_and_never_identifies_it() -> None:
    (row,) = _rows("entra-service-principals", "third_parties", name="Kestrel")
    assert row["third_party_id"] == "5e1f0a9b-1111-4222-8333-000000000001"


def test_an_agent_of_microsoft_is_an_agent_and_its_other_applications_are_not_listed() -> None:
    (row,) = _rows("entra-service-principals", "third_parties", third_party_id="microsoft.com")
    assert (
        _rows("entra-service-principals", "actors", actor_id=row["actor_id"])[0]["kind"] == "agent"
    )
    assert not _rows("entra-service-principals", "actors", name="Exchange")


def test_an_app_of_the_own_organisation_or_installed_nowhere_is_no_third_party() -> None:
    (row,) = _rows("github-apps", "third_parties")
    assert (row["actor_id"], row["third_party_id"]) == ("claude", "github.com/anthropics")


def test_the_record_of_an_app_is_no_token_of_its_owner() -> None:
    assert not _rows("github-apps", "credentials", file="apps.json", actor_id="Anthropics")


# ---------------------------------------------------------------- registries and signatures


def test_only_an_approved_record_of_a_list_that_people_approve_is_approved() -> None:
    states = {r["locator"]: r["state"] for r in _rows("aws-agentcore", "artifacts")}
    assert states == {
        "npm:@orb/files": "approved",
        "npm:@orb/mail": "pending",
        "npm:@orb/old": "deprecated",
        "npm:@orb/bad": "rejected",
        "npm:@orb/wait": "pending",
        "https://mcp.orb.example/mcp": "approved",
        "oci:ghcr.io/orb/image": "approved",
        "npm:@orb/auto": "unreviewed",
    }


def test_the_last_change_of_a_record_is_no_time_of_approval() -> None:
    assert all("approved_at" not in r for r in _rows("aws-agentcore", "artifacts"))


def test_a_server_at_an_address_runs_no_version_that_its_entry_tells() -> None:
    (row,) = _rows("aws-agentcore", "artifacts", locator="https://")
    assert "version" not in row


def test_what_the_public_registry_publishes_is_approved_by_nobody() -> None:
    rows = _rows("mcp-registry", "artifacts")
    assert rows and all("registry" not in r and "state" not in r for r in rows)
    assert not [r for r in rows if "gone" in r["artifact_id"]]


def test_a_signature_is_told_by_its_digest_and_names_no_package() -> None:
    rows = _rows("artifact-attestations", "artifacts")
    assert len(rows) == 3 and all("locator" not in r for r in rows)


def test_a_claim_without_a_verified_signer_is_no_signature() -> None:
    assert not _rows("artifact-attestations", "artifacts", hash="5e5e5e")


def test_a_bundle_that_merely_lies_there_is_read_by_no_source() -> None:
    """A DSSE envelope or Sigstore bundle that no tool verified is no verified signature."""
    bundle = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"certificate": {"rawBytes": "x"}},
        "dsseEnvelope": {"payload": "e30=", "payloadType": "application/vnd.in-toto+json"},
    }
    source = loader.read_source(folders.content_dir()[1] / "artifact-attestations.yml")
    with duckdb.connect() as engine:
        (taken,) = engine.execute(
            f"SELECT {source.when} FROM (SELECT CAST(? AS JSON) AS r)", [json.dumps(bundle)]
        ).fetchone()
    assert not taken
