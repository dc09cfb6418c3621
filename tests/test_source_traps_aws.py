"""What exports of secret stores, log stores, alerts and CloudTrail may not be mistaken for.

Each test names a reading that would be a false pass, over the golden rows of invented files.
"""

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


def _rows(source: str, table: str) -> list[Row]:
    rows: list[Row] = _golden(source)["rows"].get(table, [])
    return rows


def _of(source: str, table: str, **values: str) -> list[Row]:
    return [
        r
        for r in _rows(source, table)
        if all(part in str(r.get(name, "")) for name, part in values.items())
    ]


# Secret stores


def test_a_changed_record_of_a_secret_is_no_rotation() -> None:
    (crane,) = _of("aws-secrets-manager", "credentials", credential_id="pier/crane-Z")
    assert not {"last_rotated_at", "issued_at"} & {*crane}


def test_an_interval_of_rotation_that_is_switched_off_does_not_count() -> None:
    (crane,) = _of("aws-secrets-manager", "credentials", credential_id="pier/crane-Z")
    assert "rotation_days" not in crane


def test_a_current_version_beside_older_ones_dates_the_value() -> None:
    (manual,) = _of("aws-secrets-manager", "credentials", credential_id="pier/manual")
    assert manual["last_rotated_at"] == "2026-06-15T06:00:00"


def test_a_secret_deleted_in_its_store_is_no_revoked_credential() -> None:
    assert not _of("aws-secrets-manager", "credentials", credential_id="pier/gone")
    for source in ("aws-secrets-manager", "azure-key-vault", "vault-kv-metadata"):
        assert not any("revoked_at" in r for r in _rows(source, "credentials")), source


def test_a_tag_that_says_only_that_there_is_an_agent_names_no_holder() -> None:
    assert not _of("aws-secrets-manager", "credentials", actor_id="true")


def test_a_listed_secret_of_nobody_is_out_of_scope_and_not_unused() -> None:
    scope = {(s, t): n for s, t, n in _golden("aws-secrets-manager")["out_of_scope"]}
    assert scope["aws-secrets-manager", "secret whose tags name no holder"] == 3


def test_values_of_secrets_reach_no_row() -> None:
    for source in ("aws-secrets-manager", "vault-kv-metadata"):
        assert "not for us" not in json.dumps(_golden(source)), source


def test_an_update_of_a_key_vault_secret_is_no_new_value() -> None:
    (tide,) = _of("azure-key-vault", "credentials", credential_id="/tide-key")
    assert (tide["issued_at"], tide["last_rotated_at"]) == ("2026-05-01T08:00:00",) * 2


def test_a_disabled_newest_version_does_not_date_the_value() -> None:
    (lamp,) = _of("azure-key-vault", "credentials", credential_id="/lamp")
    assert lamp["last_rotated_at"] == "2026-02-01T08:00:00"
    (tide,) = _of("gcp-secret-manager", "credentials", credential_id="/tide-key")
    assert tide["last_rotated_at"] == "2026-07-01T08:00:00"


def test_the_age_of_a_google_secret_is_not_that_of_its_value() -> None:
    (crane,) = _of("gcp-secret-manager", "credentials", credential_id="/crane-key")
    assert not {"issued_at", "expires_at", "last_rotated_at"} & {*crane}


def test_metadata_of_vault_that_name_no_path_make_no_credential() -> None:
    assert not [r for r in _rows("vault-kv-metadata", "credentials") if "no-path" in r["file"]]
