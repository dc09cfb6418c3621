"""What completes the rows of others is kept, and what completes none is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SOURCES = Path(__file__).parent / "data" / "sources"


@pytest.mark.parametrize(
    ("vendor", "file", "kept", "unused"),
    [
        ("agent-control-standard", "wire.jsonl", 4, 5),
        # One memory tells how long it keeps, the other has strategies.
        ("aws-agentcore", "memories.jsonl", 1, 1),
        ("aws-identity-center", "memberships.json", 2, 0),
        ("servicenow-vendors", "assessments.json", 4, 5),
        # A sample finding tells no class, nor does a word of no known class.
        ("aws-data-catalog", "macie.json", 1, 1),
        ("aws-data-catalog", "tags.json", 3, 1),
        ("aws-log-stores", "bucket-policy.json", 1, 0),
        # Anybody may write: the policy names no writer.
        ("aws-log-stores", "bucket-policy-open.json", 0, 1),
        ("aws-log-stores", "get-event-selectors.json", 1, 0),
        ("aws-log-stores", "object-lock.jsonl", 1, 2),
        ("aws-log-stores", "get-trail-status.json", 0, 1),
        ("aws-secrets-manager", "versions.json", 1, 0),
        ("aws-secrets-manager", "versions-unlisted.json", 0, 1),
        ("azure-key-vault", "versions.json", 5, 1),
        # What is not locked can be deleted.
        ("azure-log-stores", "policies.jsonl", 1, 1),
        ("azure-log-stores", "containers.json", 0, 1),
        ("azure-log-stores", "workspaces.json", 1, 0),
        ("claude-code-session", "first.jsonl", 2, 1),
        ("codex-otel", "otlp.json", 15, 3),
        ("codex-rollout", "rollout-old.jsonl", 6, 3),
        ("entra-access-reviews", "instances.json", 2, 1),
        # Attempts and digests are not read.
        ("garak", "quay.report.jsonl", 4, 3),
        ("gcp-log-stores", "sinks.json", 1, 3),
        ("gcp-secret-manager", "versions.json", 3, 1),
        ("github-pull-requests", "files.json", 3, 1),
        ("github-secret-scanning", "scan-history.jsonl", 3, 2),
        ("github-workflows", "contents.json", 5, 1),
        ("gitlab-merge-requests", "versions.json", 5, 1),
        ("gitleaks", "report.json", 4, 1),
        ("kubernetes-objects", "role-elsewhere.yaml", 1, 0),
        ("kubernetes-objects", "mesh.yaml", 4, 2),
        ("langfuse", "legacy-traces.jsonl", 1, 1),
        ("microsoft-security", "sentinel-alerts.json", 3, 1),
        ("okta-access-reviews", "campaigns.json", 1, 1),
        ("openai-agents-trace", "spans.jsonl", 11, 2),
        ("pagerduty-incidents", "log-entries.json", 1, 1),
        ("sailpoint-access-reviews", "certifications.json", 2, 1),
        ("servicenow-changes", "item.json", 1, 0),
        ("servicenow-changes", "item-approvals.json", 3, 5),
        ("servicenow-cmdb", "governance.json", 1, 1),
        ("servicenow-cmdb", "relations.json", 1, 1),
        ("servicenow-grc", "approvals.json", 1, 3),
        ("servicenow-grc", "assessments.json", 1, 2),
        ("servicenow-grc", "entities.json", 1, 1),
        ("servicenow-incidents", "problems.json", 1, 1),
        ("servicenow-policies", "approvals.json", 11, 6),
        ("steampipe-aws-iam", "policies.json", 1, 1),
        ("steampipe-kubernetes-rbac", "roles.json", 1, 1),
        ("trufflehog", "findings.jsonl", 4, 2),
    ],
)
def test_a_record_is_kept_where_the_row_of_another_rests_on_it(
    vendor: str, file: str, kept: int, unused: int
) -> None:
    golden = json.loads((SOURCES / vendor / "golden.json").read_text(encoding="utf-8"))
    assert golden["files"][f"logs/{file}"][2:4] == [kept, unused]
