"""Evidence of clusters, directories and test tools that reads like a pass and is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_sources import DATA, SOURCES

from reporter.engine.duckdb import DuckDB
from reporter.ingest import cache as store
from reporter.ingest import load
from reporter.ingest.readers.inputs import Inputs

pytestmark = pytest.mark.slow

Row = dict[str, Any]
Rows = Callable[..., list[Row]]


def golden(source: str, table: str) -> list[Row]:
    """Return the golden rows of a source's fixture."""
    text = (DATA / source / "golden.json").read_text(encoding="utf-8")
    rows: list[Row] = json.loads(text)["rows"].get(table, [])
    return rows


@pytest.fixture
def rows_of(tmp_path: Path) -> Rows:
    """Return a function that ingests files, given as text, bytes or values, and returns a table."""

    def rows(table: str, columns: str, **files: Any) -> list[Row]:
        workspace = tmp_path / "workspace"
        (workspace / "logs").mkdir(parents=True)
        for name, content in files.items():
            path = workspace / "logs" / name.replace("__", ".")
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                text = content if isinstance(content, str) else json.dumps(content)
                path.write_text(text, encoding="utf-8")
        with DuckDB(tmp_path / "work") as engine:
            load.ingest(engine, Inputs.of(workspace), SOURCES, store.open_cache(tmp_path / "cache"))
            found = engine.rows(f"SELECT {columns} FROM in_{table} ORDER BY ALL")
        return [dict(zip(columns.split(", "), row, strict=True)) for row in found]

    return rows


def _cluster(*objects: Row) -> str:
    return yaml.safe_dump_all(objects)


def _pod(name: str = "worker", **spec: Any) -> Row:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "lab", "labels": {"app": name}},
        "spec": {"serviceAccountName": "worker", "containers": [{"name": "c", "image": "i"}]}
        | spec,
    }


def _policy(**spec: Any) -> Row:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "out", "namespace": "lab"},
        "spec": {"podSelector": {"matchLabels": {"app": "worker"}}, "policyTypes": ["Egress"]}
        | spec,
    }


PLUGIN = _pod("calico-node-x2k4p")


def _wall(rows: list[Row], column: str) -> Any:
    return next(r[column] for r in rows if r["actor_id"] == "lab/pods/worker")


@pytest.mark.parametrize(
    ("objects", "network"),
    [
        ([_policy()], None),
        ([_policy(), PLUGIN], "deny"),
        ([_policy(egress=[{}]), PLUGIN], "open"),
        ([_policy(egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]}]), PLUGIN], "open"),
        ([_policy(egress=[{"ports": [{"port": 443}]}]), PLUGIN], "open"),
        ([_policy(egress=[{"to": [{"podSelector": {}}]}]), PLUGIN], "allowlist"),
        ([_policy(), _policy(egress=[{}]), PLUGIN], "open"),
        ([_policy(podSelector={"matchLabels": {"app": "other"}}), PLUGIN], None),
        ([_policy(podSelector={"matchExpressions": [{"key": "app", "operator": "Exists"}]}), PLUGIN], None),
        ([_policy(policyTypes=["Ingress"], ingress=[]), PLUGIN], None),
        ([PLUGIN], None),
    ],
    ids=[
        "denied, but nothing shows that it is enforced",
        "denied and enforced",
        "an empty rule allows all",
        "all of the internet but one's own addresses",
        "one port to everywhere",
        "pods only",
        "two policies add up",
        "of other pods",
        "perhaps of other pods",
        "of what comes in",
        "no policy",
    ],
)  # fmt: skip
def test_a_network_policy_counts_for_what_it_lets_out(
    objects: list[Row], network: str | None, rows_of: Rows
) -> None:
    rows = rows_of("actors", "actor_id, sandbox_network", a__yaml=_cluster(_pod(), *objects))
    assert _wall(rows, "sandbox_network") == network


@pytest.mark.parametrize(
    ("spec", "root"),
    [
        ({}, None),
        ({"securityContext": {"runAsNonRoot": True}}, False),
        ({"securityContext": {"runAsNonRoot": True}, "containers": [{"name": "c", "securityContext": {"runAsUser": 0}}]}, True),
        ({"securityContext": {"runAsUser": 0}, "containers": [{"name": "c", "securityContext": {"runAsUser": 5}}]}, False),
        ({"containers": [{"name": "c", "securityContext": {"runAsUser": 5}}, {"name": "d"}]}, None),
    ],
)  # fmt: skip
def test_the_user_of_a_container_goes_before_that_of_its_pod(
    spec: Row, root: bool | None, rows_of: Rows
) -> None:
    rows = rows_of("actors", "actor_id, sandbox_root", a__yaml=_cluster(_pod(**spec)))
    assert _wall(rows, "sandbox_root") is root


def test_an_identity_is_as_weakly_walled_as_the_weakest_that_runs_under_it(rows_of: Rows) -> None:
    objects = (_pod("a", runtimeClassName="gvisor"), _pod("b"))
    rows = rows_of("actors", "actor_id, sandbox_type", a__yaml=_cluster(*objects))
    of = {r["actor_id"]: r["sandbox_type"] for r in rows}
    assert of["system:serviceaccount:lab:worker"] == "container"
    assert of["lab/pods/a"] == "gvisor"


def test_a_cloud_role_of_two_service_accounts_is_neither() -> None:
    aliases = {a["alias"] for a in golden("kubernetes-objects", "aliases")}
    assert "claims-agent@acme-prod.iam.gserviceaccount.com" in aliases
    assert not {a for a in aliases if "shared-batch" in a}


def test_an_admission_policy_denies_no_call_of_an_agent() -> None:
    rows = golden("kubernetes-objects", "actors")
    assert not {c for r in rows for c in r if c in ("default_policy", "enforcement_point")}


def test_a_review_that_one_item_lacks_a_decision_is_not_completed() -> None:
    reviews = {r["actor_id"]: r for r in golden("okta-access-reviews", "reviews")}
    assert "completed_at" not in reviews["wlptide2"]
    assert reviews["sa-night"]["completed_at"], "the service account, not its owner"
    assert "00uown1" not in reviews


def test_what_a_review_failed_to_remove_still_stands() -> None:
    grants = golden("okta-access-reviews", "grants")
    assert [(g["actor_id"], g["name"]) for g in grants] == [("wlpberth1", "0oaerp")]


def test_only_an_admin_consent_that_succeeded_is_an_approval() -> None:
    approvals = golden("okta-system-log", "approvals")
    assert {(a["approval_id"], a["approver_id"]) for a in approvals} == {("ev-l5", "00uadmin02")}
    states = [
        s for s in golden("okta-system-log", "state_changes") if s["actor_id"] == "0oaberth01"
    ]
    assert [s["state"] for s in states] == ["draft", "active", "suspended"]
    assert all(s["from_at"][:10] != "2026-07-05" for s in states), "that one was refused"


def test_a_test_of_a_model_is_a_test_of_no_agent() -> None:
    tested = {
        source: {r["actor_id"] for r in golden(source, "actors") if r.get("tested_at")}
        for source in ("promptfoo", "garak", "inspect-eval")
    }
    assert tested == {
        "promptfoo": {"quay-agent", "berth-agent", "QUAYAG0001"},
        "garak": {"quay-agent"},
        "inspect-eval": {"quay-agent", "berth-agent"},
    }


def test_a_test_that_evaluated_nothing_or_ended_in_an_error_is_none() -> None:
    """Nor does a test of quality count as one of attack: tide-agent had none."""
    told = {r["actor_id"]: r["test_evidence"] for r in golden("promptfoo", "actors")}
    assert told["quay-agent"].endswith("1 of 2 attacks withstood"), "of three, one was an error"
    assert not {"crane-agent", "tide-agent"} & told.keys()
    assert "crane-agent" not in {r["actor_id"] for r in golden("garak", "actors")}
    assert "crane-agent" not in {r["actor_id"] for r in golden("inspect-eval", "actors")}


def test_what_was_tried_in_a_test_is_no_event_of_an_agent() -> None:
    assert not golden("inspect-eval", "events")


def test_a_posture_finding_is_no_alert_and_a_repeated_one_is_one() -> None:
    alerts = golden("ocsf", "alerts")
    assert [a["alert_id"] for a in alerts] == ["f-1", "f-2", "f-3"]
    assert "action" not in alerts[0], "resolved is not contained"


def test_what_was_refused_or_only_tried_changed_nothing() -> None:
    ids = {
        s: {c["change_id"] for c in golden(s, "changes")}
        for s in ("kubernetes-audit", "gcp-audit", "azure-activity")
    }
    assert ids == {
        "kubernetes-audit": {"c-1", "c-4", "r-1", "r-3", "r-5", "r-7", "r-8"},
        "gcp-audit": {"g-1", "gl-1", "gl-4", "ur-1", "ur-4"},
        "azure-activity": {"az-1", "az-3", "az-4", "al-1", "al-3", "al-4", "al-6"},
    }
    for source in ids:
        assert not {"approved_by"} & {k for c in golden(source, "changes") for k in c}


@pytest.mark.parametrize("change", ["r-2", "r-4", "r-6"])
def test_a_role_that_was_sent_as_it_is_or_got_a_label_is_not_changed(change: str) -> None:
    assert change not in {c["change_id"] for c in golden("kubernetes-audit", "changes")}


def test_a_role_of_a_namespace_is_not_that_of_the_cluster() -> None:
    changed = {c["change_id"]: c["actor_id"] for c in golden("kubernetes-audit", "changes")}
    assert changed["r-1"] == "shop/roles.rbac.authorization.k8s.io/reader"
    assert changed["r-3"] == "clusterroles.rbac.authorization.k8s.io/order-viewer"


def test_an_update_of_a_role_that_tells_no_permission_changed_its_title() -> None:
    assert "ur-2" not in {c["change_id"] for c in golden("gcp-audit", "changes")}


def test_a_patch_that_names_no_replicas_stops_nothing() -> None:
    states = [(s["actor_id"], s["state"]) for s in golden("kubernetes-audit", "state_changes")]
    assert ("shop/deployments.apps/order-agent", "suspended") in states
    assert len(states) == 3


def test_a_permissive_mesh_authenticates_nobody_and_a_strict_one_only_who_is_in_it() -> None:
    links = [k for k in golden("kubernetes-objects", "links") if k["actor_id"] == "desk/caller"]
    assert {k["peer_id"]: k.get("authenticated") for k in links} == {
        "desk/clerk": True,
        "dock/docker": False,
        "yard/mover": None,
        "shed/porter": None,
    }
