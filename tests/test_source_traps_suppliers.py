"""What registers of vendors, directories and registries may not be mistaken for: each test names a false pass or a false fail."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

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
