"""What exports of secret stores, log stores, alerts and CloudTrail may not be mistaken for.

Each test names a reading that would be a false pass, over the golden rows of invented files.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from reporter.content import loader
from reporter.engine.duckdb import DuckDB
from reporter.ingest import cache as store
from reporter.ingest import load
from reporter.ingest.readers.inputs import Inputs
from reporter.schema.tables import LOADED, columns_of
from reporter.system import folders

pytestmark = pytest.mark.slow

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


def _ingested(place: Path, records: Any) -> dict[str, list[Row]]:
    """Return the rows that the records of one file become, and which source takes it."""
    logs = place / "workspace" / "logs"
    logs.mkdir(parents=True)
    (logs / "given.json").write_text(json.dumps(records), encoding="utf-8")
    sources = tuple(loader.read_source(p) for p in sorted(folders.content_dir()[1].glob("*.yml")))
    rows: dict[str, list[Row]] = {}
    with DuckDB(place / "work") as engine:
        intake = load.ingest(
            engine, Inputs.of(logs.parent), sources, store.open_cache(place / "cache")
        )
        rows["sources"] = [{"source": f.source} for f in intake.files]
        for table in LOADED:
            names = [n for n, _ in columns_of(table)]
            found = engine.rows(f"SELECT {', '.join(names)} FROM in_{table.name} ORDER BY ALL")
            rows[table.name] = [
                {n: v for n, v in zip(names, row, strict=True) if v is not None} for row in found
            ]
    return rows


LOOK_ALIKES: dict[str, Any] = {
    "policy of a function that a bucket may call": {
        "Policy": json.dumps(
            {
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "s3.amazonaws.com"},
                        "Action": "lambda:InvokeFunction",
                        "Resource": "arn:aws:lambda:eu-central-1:444455556666:function:tide",
                        "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::port-docs"}},
                    }
                ]
            }
        ),
        "RevisionId": "r",
    },
    "rules of an event bus": {
        "Rules": [{"Name": "n", "Arn": "arn:aws:events:x", "State": "ENABLED"}]
    },
    "settings of an application that name a vault": [
        {"id": "app", "name": "KEY", "value": "https://port-kv.vault.azure.net/secrets/tide-key"}
    ],
    "a document with versions": {"versions": {"1": {}}, "current_version": "1"},
    "subscription filters of a log group": {
        "subscriptionFilters": [
            {"filterName": "f", "logGroupName": "g", "filterPattern": "", "destinationArn": "a"}
        ]
    },
    "findings of another product": {"findings": [{"id": "f1", "status": "ACTIVE", "severity": 8}]},
}


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_look_alikes_are_left_alone(name: str, tmp_path: Path) -> None:
    assert {r["source"] for r in _ingested(tmp_path, LOOK_ALIKES[name])["sources"]} == {""}


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


def test_a_key_that_never_leaves_its_vault_is_not_judged_as_a_password() -> None:
    (sign,) = _of("azure-key-vault", "credentials", credential_id="/keys/sign")
    assert "type" not in sign


def test_the_age_of_a_google_secret_is_not_that_of_its_value() -> None:
    (crane,) = _of("gcp-secret-manager", "credentials", credential_id="/crane-key")
    assert not {"issued_at", "expires_at", "last_rotated_at"} & {*crane}


def test_metadata_of_vault_that_name_no_path_make_no_credential() -> None:
    assert not [r for r in _rows("vault-kv-metadata", "credentials") if "no-path" in r["file"]]


# Log stores


def _stores(source: str, log: str) -> list[Row]:
    return [r for r in _rows(source, "log_stores") if r["log_source"] == log]


def test_a_lock_in_governance_mode_is_not_written_once() -> None:
    rows = [r for r in _stores("aws-log-stores", "aws-cloudtrail") if "integrity" in r]
    assert [(r["integrity"], r["place"]) for r in rows] == [
        ("write_once", "arn:aws:s3:::port-trail-locked")
    ]


def test_what_a_setting_of_a_bucket_says_of_a_log_names_the_record_of_that_setting() -> None:
    files = {
        (column, Path(r["file"]).name)
        for r in _stores("aws-log-stores", "aws-cloudtrail")
        for column in ("integrity", "writers", "retention_days")
        if column in r
    }
    assert files == {
        ("integrity", "object-lock.jsonl"),
        ("writers", "bucket-policy.json"),
        ("retention_days", "lifecycle.json"),
    }


def test_a_lock_of_an_unnamed_bucket_locks_no_log() -> None:
    assert [r for r in _rows("aws-log-stores", "log_stores") if "unnamed" in r["file"]] == []


def test_who_may_write_is_unknown_where_a_bucket_is_open_to_an_account() -> None:
    rows = _stores("aws-log-stores", "aws-cloudtrail")
    assert len(rows) > 2
    assert [r["writers"] for r in rows if "writers" in r] == [
        "arn:aws:iam::444455556666:role/log-keeper;cloudtrail.amazonaws.com"
    ]


def test_rules_for_other_objects_and_those_switched_off_end_no_log() -> None:
    stores = _stores("aws-log-stores", "aws-cloudtrail")
    assert {r["retention_days"] for r in stores if "retention_days" in r} == {2555}


def test_a_short_copy_of_a_trail_in_a_log_group_is_not_how_long_the_trail_is_kept() -> None:
    (copy,) = _stores("aws-log-stores", "trail-copy")
    assert copy["retention_days"] == 30


def test_a_trail_that_does_not_log_stores_nothing() -> None:
    assert not [r for r in _rows("aws-log-stores", "log_stores") if "steampipe" in r["file"]]


def test_another_account_without_a_known_store_leaves_the_log_unknown(tmp_path: Path) -> None:
    trail = {"S3BucketName": "one", "IsMultiRegionTrail": True, "LogFileValidationEnabled": False}
    arn = "arn:aws:cloudtrail:eu-central-1:{}:trail/t"
    lock = {"Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 400}}}
    rows = _ingested(
        tmp_path,
        [
            trail | {"Name": "t", "TrailARN": arn.format("111111111111")},
            trail | {"Name": "t", "S3BucketName": "two", "TrailARN": arn.format("222222222222")},
            {"Bucket": "one", "ObjectLockConfiguration": lock},
        ],
    )["log_stores"]
    assert not any("retention_days" in r or "integrity" in r for r in rows)


TRAIL = {
    "Name": "t", "S3BucketName": "one", "TrailARN": "arn:aws:cloudtrail:eu-central-1:111111111111:trail/t",
    "IsMultiRegionTrail": True, "HasCustomEventSelectors": True,
}  # fmt: skip


def _basic(*data: tuple[str, str], kind: str = "All") -> Row:
    resources = [{"Type": f"AWS::{t}", "Values": [value]} for t, value in data]
    return {"EventSelectors": [{"ReadWriteType": kind, "IncludeManagementEvents": True, "DataResources": resources}]}  # fmt: skip


def _advanced(*fields: tuple[str, str]) -> Row:
    return {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": f, "Equals": [v]} for f, v in fields]}]}  # fmt: skip


OF_S3 = (("eventCategory", "Data"), ("resources.type", "AWS::S3::Object"))


@pytest.mark.parametrize(
    ("trail", "selectors", "selects"),
    [
        ({"HasCustomEventSelectors": False}, {}, "management"),
        ({}, {}, None),
        ({}, _basic(), "management"),
        ({}, _basic(("S3::Object", "arn:aws:s3")), "management s3"),
        ({}, _basic(("S3::Object", "arn:aws:s3:::one-bucket/")), "management"),
        ({}, _basic(("S3::Object", "arn:aws:s3"), kind="WriteOnly"), None),
        ({}, _advanced(("eventCategory", "Management")), "management"),
        ({}, _advanced(("eventCategory", "Management"), ("readOnly", "false")), None),
        ({}, _advanced(*OF_S3), "s3"),
        ({}, _advanced(*OF_S3, ("eventName", "DeleteObject")), None),
        ({"IsMultiRegionTrail": False}, _basic(("S3::Object", "arn:aws:s3")), None),
    ],
)
def test_what_a_trail_logs_in_part_it_is_not_said_to_log(
    tmp_path: Path, trail: Row, selectors: Row, selects: str | None
) -> None:
    """Where it logs writes only, one bucket, one action or one region, what is not seen may have happened."""
    records = [TRAIL | trail, *([{"TrailARN": TRAIL["TrailARN"]} | selectors] if selectors else [])]
    (row,) = _ingested(tmp_path, records)["log_stores"]
    assert row.get("selects") == selects


def test_an_unlocked_policy_and_a_dead_retention_setting_protect_nothing() -> None:
    (cluster,) = _stores("azure-log-stores", "kubernetes-audit")
    assert not {"integrity", "retention_days"} & {*cluster}
    (signins,) = _stores("azure-log-stores", "entra-signins")
    assert signins["retention_days"] == 90


def test_a_default_log_bucket_is_kept_as_short_as_it_says(tmp_path: Path) -> None:
    name = "projects/port/locations/global/buckets/"
    rows = _ingested(
        tmp_path,
        [
            {"name": f"{name}_Required", "retentionDays": 400, "locked": True},
            {"name": f"{name}_Default", "retentionDays": 30, "lifecycleState": "ACTIVE"},
        ],
    )["log_stores"]
    assert {(r["retention_days"], r.get("integrity")) for r in rows} == {(30, None)}


# Alerts


def test_results_of_configuration_checks_are_no_alerts_whoever_wrote_them() -> None:
    alerts = json.dumps(_rows("aws-security-findings", "alerts"))
    assert not any(name in alerts for name in ("security-control", "prowler", "inspector"))


def test_neither_a_workflow_state_nor_an_archive_says_what_was_done() -> None:
    for source in ("aws-guardduty", "aws-security-findings"):
        rows = _rows(source, "alerts")
        assert rows
        assert not any({"action", "acted_at", "acted_by"} & {*r} for r in rows), source


def test_an_updated_copy_of_a_finding_is_the_same_alert() -> None:
    (alert,) = [r for r in _rows("aws-guardduty", "alerts") if "eventbridge" in r["file"]]
    assert alert["raised_at"] == "2026-08-20T09:58:00"


def test_a_sample_finding_is_no_alert() -> None:
    assert "Generated" not in json.dumps(_rows("aws-guardduty", "alerts"))


def test_an_informational_finding_is_no_alert() -> None:
    assert not _of("aws-security-findings", "alerts", alert_id="detector-2")


def test_findings_of_an_access_analyzer_are_no_alerts_and_federation_is_no_outsider() -> None:
    rows = _golden("aws-access-analyzer")["rows"]
    assert {*rows} == {"third_parties", "last_accesses"}
    assert not _of("aws-access-analyzer", "third_parties", principal_id="githubusercontent")


def test_access_that_was_taken_away_and_access_within_the_account_make_no_third_party() -> None:
    principals = {r["principal_id"] for r in _rows("aws-access-analyzer", "third_parties")}
    assert principals == {"777788889999", "arn:aws:iam::777788889999:root"}


# What CloudTrail shows beside events


def test_a_refused_attempt_changes_nothing() -> None:
    changed = {r["change_id"] for r in _rows("aws-cloudtrail", "changes")}
    assert "d-1" in changed
    assert "d-2" not in changed


def test_a_change_seen_in_the_trail_is_approved_by_nobody() -> None:
    assert not any(
        {"approved_by", "approved_at"} & {*r} for r in _rows("aws-cloudtrail", "changes")
    )


@pytest.mark.parametrize("change", ["p-2", "p-3", "p-5", "p-13", "p-14"])
def test_a_version_that_is_not_the_default_and_a_refused_call_change_nobody(change: str) -> None:
    assert change not in {r["change_id"] for r in _rows("aws-cloudtrail", "changes")}


def test_the_text_of_a_policy_stays_in_the_trail() -> None:
    told = {r["change_id"]: r.get("new_value") for r in _rows("aws-cloudtrail", "changes")}
    policy = "arn:aws:iam::111122223333:policy/harbour-read"
    assert told["p-1"] == f"{policy};v3;sha256:71737a2f75a98afd"
    assert told["p-4"] == f"{policy};v4"
    assert told["p-8"] is None, "detached"


def test_a_group_is_told_by_its_name_and_by_the_path_that_its_arn_has() -> None:
    held = {(r["actor_id"], r["held_id"]) for r in _rows("aws-iam-authz-details", "holdings")}
    account = "arn:aws:iam::111122223333:"
    assert (f"{account}user/svc-tide", f"{account}group/harbour-readers") in held
    assert (f"{account}group/harbour-readers", f"{account}policy/harbour-read") in held


def test_what_was_taken_away_is_no_new_value() -> None:
    (detached,) = _of("aws-cloudtrail", "changes", change_id="d-3")
    assert "new_value" not in detached


def test_the_words_of_a_prompt_stay_in_the_trail() -> None:
    (update,) = _of("aws-cloudtrail", "changes", change_id="d-11")
    assert update["new_value"].startswith("sha256:")
    assert "words not for us" not in json.dumps(_golden("aws-cloudtrail"))


def test_a_key_that_is_only_switched_off_is_not_revoked() -> None:
    revoked = {r["credential_id"] for r in _rows("aws-cloudtrail", "credentials")}
    assert revoked == {"AKIAEXAMPLE000000010", "AKIAEXAMPLE000000011"}


def test_an_agent_is_live_from_its_alias_on_and_another_vendors_agent_is_none() -> None:
    states = [
        (r["state"], r["from_at"])
        for r in _of("aws-cloudtrail", "state_changes", actor_id="BERTH00001")
    ]
    assert states == [("draft", "2026-07-04T08:00:00"), ("active", "2026-07-04T11:00:00")]


# AgentCore


def test_memory_that_strategies_keep_does_not_expire_with_its_events() -> None:
    days = {r["name"]: r.get("memory_ttl_days") for r in _rows("aws-agentcore", "actors")}
    assert (days["tide_watch"], days["crane"]) == (30, None)


def test_tools_of_a_server_that_are_not_named_are_no_list_of_tools() -> None:
    (crane,) = [r for r in _rows("aws-agentcore", "actors") if r["name"] == "crane"]
    assert "tools_listed" not in crane
    assert not _of("aws-agentcore", "grants", actor_id="harness/crane")


def test_a_change_of_a_registry_record_is_no_approval_and_no_prompt_is_kept() -> None:
    assert not any("approved_at" in r for r in _rows("aws-agentcore", "actors"))
    assert "not for us" not in json.dumps(_golden("aws-agentcore"))
    assert "not-for-us" not in json.dumps(_golden("aws-agentcore"))


def test_who_asks_in_a_role_that_others_take_too_is_not_told() -> None:
    asked = [r for r in _rows("aws-cloudtrail", "approvals") if r["decision"] == "requested"]
    assert [r.get("requester_id") for r in asked] == ["kim@quay.example", None]
    assert not any("approver_id" in r or "granted_at" in r for r in asked)


def test_a_policy_that_only_denies_is_no_right_and_a_denial_of_all_leaves_none(
    tmp_path: Path,
) -> None:
    deny = {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    allow = {
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}]
    }
    arn = "arn:aws:iam::111122223333:"
    attached = [
        {"PolicyName": n, "PolicyArn": f"{arn}policy/{n}"} for n in ("stop", "books", "far")
    ]
    roles = [
        {"Arn": f"{arn}role/{n}", "RoleName": n, "RoleId": n, "AttachedManagedPolicies": given}
        for n, given in (("barred", attached), ("free", attached[1:]))
    ]
    policies = [
        {
            "Arn": f"{arn}policy/{name}",
            "PolicyVersionList": [{"IsDefaultVersion": True, "Document": document}],
        }
        for name, document in (("stop", deny), ("books", allow))
    ]
    rows = _ingested(tmp_path, {"RoleDetailList": roles, "Policies": policies})["grants"]
    told = {(r["actor_id"].split("/")[1], r["name"]): r.get("excluded") for r in rows}
    assert told == {
        ("barred", "books"): "*",
        ("barred", "far"): "*",
        ("barred", "arn:aws:s3:::a/*"): "*",
        ("free", "books"): None,
        ("free", "far"): None,
        ("free", "arn:aws:s3:::a/*"): None,
    }


def test_a_bucket_policy_gives_rights_to_whom_it_names_and_none_to_an_account_or_anybody(
    tmp_path: Path,
) -> None:
    def allow(who: Any, **more: Any) -> dict[str, Any]:
        place = "arn:aws:s3:::till/*"
        return {
            "Effect": "Allow",
            "Principal": who,
            "Action": "s3:PutObject",
            "Resource": place,
        } | more

    arn = "arn:aws:iam::111122223333:"
    statements = [
        allow({"AWS": f"{arn}role/named"}),
        allow({"AWS": [f"{arn}role/terms"]}, Condition={"Bool": {"aws:SecureTransport": "true"}}),
        allow({"AWS": f"{arn}root"}),
        allow({"AWS": "*"}),
        allow("*"),
        allow({"Service": "cloudtrail.amazonaws.com"}),
        allow({"AWS": f"{arn}role/denied"}, Effect="Deny"),
    ]
    rows = _ingested(tmp_path, {"Policy": json.dumps({"Statement": statements})})["grants"]
    assert {(r["actor_id"], r["action"], r.get("conditional")) for r in rows} == {
        (f"{arn}role/named", "s3:PutObject", None),
        (f"{arn}role/terms", "s3:PutObject", "*"),
    }
