"""Documents of Elastic's integrations: the vendor's record where they keep it, or its fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_sources import Ingest, ingest

pytestmark = pytest.mark.slow

__all__ = ["ingest"]
Document = dict[str, Any]


def _document(dataset: str, event: Document, **fields: Any) -> Document:
    return {
        "@timestamp": "2026-09-01T08:00:00.000Z",
        "ecs": {"version": "8.11.0"},
        "event": {
            "dataset": dataset,
            "kind": "event",
            "category": ["configuration"],
            "type": ["change"],
            "id": "e1",
            "ingested": "2026-09-01T08:00:09Z",
            **event,
        },
        **fields,
    }


GITHUB = {
    "@timestamp": 1788249600000,
    "_document_id": "e1",
    "action": "repo.destroy",
    "actor": "kim-p",
    "org": "harbour",
    "repo": "harbour/quay",
}
FORM = "0199aaaa-0000-4000-8000-000000000001"
DOCUMENTS: dict[str, tuple[str, Document, Document]] = {
    "original": (
        "github-audit",
        _document("github.audit", {"action": "repo.destroy", "original": json.dumps(GITHUB)}),
        {"actor_id": "kim-p", "effect": "delete", "resource": "harbour/quay"},
    ),
    "github": (
        "github-audit",
        _document("github.audit", {"action": "repo.destroy"}, github={"category": "repo", "org": "harbour", "repo": "harbour/quay"}, user={"name": "kim-p"}),
        {"actor_id": "kim-p", "effect": "delete", "resource": "harbour/quay"},
    ),
    "kubernetes": (
        "kubernetes-audit",
        _document("kubernetes.audit_logs", {}, kubernetes={"audit": {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "a1", "stage": "ResponseComplete", "verb": "delete", "user": {"username": "system:serviceaccount:quay:crane"}, "objectRef": {"resource": "pods", "namespace": "quay", "name": "p1"}, "responseStatus": {"code": 403}, "requestReceivedTimestamp": "2026-09-01T08:00:00.1Z"}}),
        {"actor_id": "system:serviceaccount:quay:crane", "actor_kind": "service_account", "effect": "delete", "resource": "quay/pods/p1", "outcome": "denied"},
    ),
    "m365": (
        "m365-audit",
        _document("o365.audit", {"action": "FileDownloaded", "provider": "SharePoint"}, o365={"audit": {"CreationTime": "2026-09-01T08:00:00", "ObjectId": "https://quay.example/doc", "RecordType": "6", "UserId": "bo@example.com", "UserKey": "k", "UserType": "0"}}),
        {"actor_id": "bo@example.com", "effect": "read", "resource": "https://quay.example/doc"},
    ),
    "vault": (
        "vault-audit",
        _document("hashicorp_vault.audit", {"action": "read", "outcome": "failure"}, hashicorp_vault={"audit": {"type": "response", "auth": {"accessor": "acc1", "entity_id": "ent1"}, "request": {"id": "r1", "operation": "read", "path": "secret/data/quay"}}}, error={"message": "1 error occurred: permission denied"}),
        {"actor_id": "ent1", "credential_id": "acc1", "effect": "read", "resource": "secret/data/quay", "outcome": "denied"},
    ),
    "gcp": (
        "gcp-audit",
        _document("gcp.audit", {"action": "storage.objects.delete", "outcome": "success"}, gcp={"audit": {"type": "type.googleapis.com/google.cloud.audit.AuditLog", "resource_name": "projects/_/buckets/quay/objects/o1", "authorization_info": [{"granted": True, "permission": "storage.objects.delete"}], "authentication_info": {"service_account_key_name": "//iam.googleapis.com/keys/k1"}}}, client={"user": {"email": "crane@quay.iam.gserviceaccount.com"}}, service={"name": "storage.googleapis.com"}, log={"logger": "projects/quay/logs/cloudaudit.googleapis.com%2Fdata_access"}, cloud={"project": {"id": "quay"}}),
        {"actor_id": "crane@quay.iam.gserviceaccount.com", "actor_kind": "service_account", "credential_id": "k1", "action": "storage.googleapis.com:storage.objects.delete", "effect": "delete", "rights": "storage.objects.delete@projects/quay"},
    ),
    "workspace": (
        "google-workspace-activity",
        _document("google_workspace.drive", {"action": "download", "provider": "drive"}, google_workspace={"kind": "admin#reports#activity", "actor": {"type": "USER"}, "event": {"type": "access"}, "drive": {"visibility": "private", "file": {"id": "d1"}}}, source={"ip": "192.0.2.9", "user": {"email": "bo@example.com", "id": "7"}}),
        {"actor_id": "bo@example.com", "action": "drive:download", "effect": "read", "resource": "d1"},
    ),
    "sign-in": (
        "entra-logs",
        _document("azure.signinlogs", {"action": "Sign-in activity"}, azure={"tenant_id": "t1", "correlation_id": "c1", "signinlogs": {"category": "ServicePrincipalSignInLogs", "result_type": "7000222", "properties": {"id": "s1", "app_id": FORM, "service_principal_id": "sp1", "status": {"error_code": 7000222}, "resource_display_name": "Graph"}}}),
        {"actor_id": FORM, "actor_kind": "workload", "principal_id": "sp1", "event_class": "auth", "outcome": "denied"},
    ),
    "directory": (
        "entra-logs",
        {**_document("azure.auditlogs", {"action": "Update application"}), "azure.resource.id": "/tenants/t1/providers/Microsoft.aadiam", "azure.correlation_id": "c1", "azure.auditlogs.category": "AuditLogs", "azure.auditlogs.properties.activity_display_name": "Update application", "azure.auditlogs.properties.id": "d9", "azure.auditlogs.properties.result": "success", "azure.auditlogs.properties.initiated_by.app.servicePrincipalId": "sp2", "azure.auditlogs.properties.target_resources.0.id": "o1", "azure.auditlogs.properties.target_resources.0.display_name": "Quay"},
        {"actor_id": "sp2", "actor_kind": "workload", "action": "Update application", "effect": "write", "resource": "Quay"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_record_of_a_vendor_inside_a_document_is_read_by_its_source(
    name: str, tmp_path: Path, ingest: Ingest
) -> None:
    source, document, told = DOCUMENTS[name]
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "log.jsonl").write_text(json.dumps(document) + "\n", encoding="utf-8")
    taken = ingest(tmp_path / "given")
    (file,) = taken.intake.files
    (row,) = taken.rows["events"]
    assert (file.source, file.read, file.kept) == (source, 1, 1)
    assert {k: row.get(k) for k in told} == told
    assert row["ingested_at"] == "2026-09-01T08:00:09"


def test_documents_of_several_vendors_stay_under_the_common_names(
    tmp_path: Path, ingest: Ingest
) -> None:
    lines = [json.dumps(DOCUMENTS[name][1]) for name in ("github", "gcp", "m365")]
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "log.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    taken = ingest(tmp_path / "given")
    (file,) = taken.intake.files
    assert (file.source, file.read, file.kept) == ("elastic-ecs", 3, 3)
    effects = {r["action"]: r.get("effect") for r in taken.rows["events"]}
    assert effects["repo.destroy"] == "delete"
    assert "crane@quay.iam.gserviceaccount.com" in {r.get("actor_id") for r in taken.rows["events"]}
