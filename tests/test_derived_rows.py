"""Rows of derived tables that checks read, by hand: who used a key, rights in the cloud, what waits for a decision, breaches.

The period is July to September 2026; what lies before or after it, was denied, or is a heartbeat stands there to be left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_derived import Row, derived
from test_honesty import OWN

from reporter.authoring.examples import RUN, load_example
from reporter.engine.duckdb import DuckDB
from reporter.evaluate import runner
from reporter.schema.compiled import Compiled
from reporter.schema.vocabulary import EFFECTS
from reporter.transform.derive import derive
from reporter.transform.log_coverage import Expected

pytestmark = pytest.mark.slow

Table = dict[tuple[Any, ...], tuple[Any, ...]]


def agent(name: str, **more: Any) -> Row:
    return {"actor_id": name, "kind": "agent", "state": "active", **more}


def act(day: str, who: str = "a", **more: Any) -> Row:
    return {"occurred_at": f"2026-{day}", "actor_id": who, **more}


# ---------------------------------------------------------------- key_uses

KEYS: dict[str, list[Row]] = {
    "actors": [
        agent("a"), agent("b"), {"actor_id": "ann", "kind": "human"}, {"actor_id": "svc", "kind": "service_account"},
        {"actor_id": "gate", "kind": "workload", "is_intermediary": True},
    ],
    "credentials": [
        {"credential_id": "k1", "actor_id": "a"}, {"credential_id": "client", "actor_id": "b", "type": "OAuth-Client"},
        {"credential_id": "client", "actor_id": "a"}, {"credential_id": "own", "actor_id": "svc"}, {"credential_id": "lent", "actor_id": "svc", "type": "oauth client"},
        {"credential_id": "door", "actor_id": "gate"},
    ],
    "events": [
        act("08-03", credential_id="k1"),
        act("08-01", credential_id="k1"),
        act("06-15", credential_id="k1"),
        act("08-02", credential_id="k1", outcome="denied"),
        act("08-05", "ann", credential_id="k1"),
        act("08-06", "", principal_id="someone", actor_kind="human", credential_id="k1"),
        act("08-07", "", principal_id="box", credential_id="k1"),
        act("08-01", "ann", credential_id="client"),
        act("08-02", "b", credential_id="client"),
        act("08-01", "svc", credential_id="own"),
        act("08-01", credential_id="lent"),
        act("08-02", "svc", credential_id="lent"),
        act("06-02", "svc", credential_id="lent"),
        act("08-01", credential_id="door"),
    ],
}  # fmt: skip
KEY_USES: Table = {
    # key, user, in the period -> kind, listed, stranger, held by, by a client, the holder, uses, day, record
    ("client", "ann", True): ("human", True, None, "a, b", True, False, 1, 1, "events#8"),
    ("client", "b", True): ("agent", True, None, "a, b", False, True, 1, 2, "events#9"),
    ("k1", "a", False): ("agent", True, None, "a", False, True, 1, 15, "events#3"),
    ("k1", "a", True): ("agent", True, None, "a", False, True, 2, 1, "events#2"),
    ("k1", "ann", True): ("human", True, None, "a", False, False, 1, 5, "events#5"),
    ("k1", "someone", True): ("human", False, None, "a", False, False, 1, 6, "events#6"),
    ("k1", None, True): (None, False, "box", "a", False, False, 1, 7, "events#7"),
    ("lent", "a", True): ("agent", True, None, None, False, False, 1, 1, "events#11"),
    ("lent", "svc", True): ("service_account", True, None, None, True, True, 1, 2, "events#12"),
}


def test_who_used_a_key_of_an_agent_is_told_whoever_it_was(tmp_path: Path) -> None:
    """Not what was denied, what went through a gateway, or keys that no agent holds or used in that time."""
    with derived(tmp_path, wanted={"key_uses"}, **KEYS) as engine:
        rows = engine.rows(
            "SELECT credential_id, user_id, in_window, user_kind, listed, stranger, held_by, by_client, is_holder, "
            "n_events, day(first_at), first_ref FROM key_uses"
        )
    assert {row[:3]: row[3:] for row in rows} == KEY_USES


# ---------------------------------------------------------------- right_uses

AWS = ".amazonaws.com:"


def did(day: str, who: str, action: str, **more: Any) -> Row:
    return act(day, who, action=action) | {"event_class": "admin", **more}


def entitled(who: str, name: str, **more: Any) -> Row:
    return {"actor_id": who, "type": "entitlement", "name": name, **more}


RIGHTS: dict[str, list[Row]] = {
    "actors": [agent("r"), agent("policy"), agent("none"), agent("bare"), {"actor_id": "ann", "kind": "human"}],
    "grants": [
        entitled("r", "ec2:Describe*"), entitled("r", "read", action="s3:getobject"), entitled("r", "sns:Pu?lish"),
        entitled("r", "sts:AssumeRole", expires_at="2026-08-01"), entitled("r", "rds:Start", expires_at="2026-08-05"),
        {"actor_id": "r", "type": "tool", "name": "iam:*"},
        entitled("policy", "ec2:*"), entitled("policy", "AdminPolicy"),
        entitled("bare", "ec2:*"), entitled("bare", ""),
    ],
    "events": [
        did("08-01", "r", f"ec2{AWS}DescribeInstances"),
        did("08-04", "r", f"ec2{AWS}DescribeInstances"),
        did("08-02", "r", f"ec2{AWS}DescribeInstances"),
        did("06-01", "r", f"ec2{AWS}DescribeInstances"),
        did("08-01", "r", f"iam{AWS}CreateAccessKey"),
        did("08-01", "r", f"s3{AWS}GetObject"),
        did("08-01", "r", f"s3{AWS}PutObject"),
        did("08-01", "r", f"sns{AWS}Publish"),
        did("08-02", "r", f"sts{AWS}AssumeRole"),
        did("08-05", "r", f"rds{AWS}Start"),
        did("08-01", "r", "Add member to role"),
        did("08-01", "policy", f"iam{AWS}CreateAccessKey"),
        did("08-01", "none", f"iam{AWS}CreateAccessKey"),
        did("08-01", "r", f"kms{AWS}Decrypt", outcome="denied"),
        did("08-01", "r", f"kms{AWS}Decrypt", event_class="data"),
        did("10-02", "r", f"kms{AWS}Decrypt"),
        did("08-01", "ann", f"kms{AWS}Decrypt"),
        did("08-01", "unregistered", f"kms{AWS}Decrypt", actor_kind="agent"),
        act("08-01", "r", action=f"kms{AWS}Decrypt", event_class="admin", tool="kms"),
        did("08-01", "bare", f"iam{AWS}CreateAccessKey"),
        did("07-01", "r", f"logs{AWS}DeleteLogGroup"),
        did("10-01", "r", f"ecs{AWS}RunTask"),
    ],
}  # fmt: skip
RIGHT_USES: Table = {
    # agent, right, in the period -> covered, uses, first day, last day, record of the last
    ("bare", "iam:createaccesskey", True): (None, 1, 1, 1, "events#20"),
    ("none", "iam:createaccesskey", True): (None, 1, 1, 1, "events#13"),
    ("policy", "iam:createaccesskey", True): (None, 1, 1, 1, "events#12"),
    ("r", "add member to role", True): (None, 1, 1, 1, "events#11"),
    ("r", "ec2:describeinstances", False): (True, 1, 1, 1, "events#4"),
    ("r", "ec2:describeinstances", True): (True, 3, 1, 4, "events#2"),
    ("r", "ecs:runtask", False): (False, 1, 1, 1, "events#22"),
    ("r", "logs:deleteloggroup", True): (False, 1, 1, 1, "events#21"),
    ("r", "iam:createaccesskey", True): (False, 1, 1, 1, "events#5"),
    ("r", "rds:start", True): (True, 1, 5, 5, "events#10"),
    ("r", "s3:getobject", True): (True, 1, 1, 1, "events#6"),
    ("r", "s3:putobject", True): (None, 1, 1, 1, "events#7"),
    ("r", "sns:publish", True): (True, 1, 1, 1, "events#8"),
    ("r", "sts:assumerole", True): (None, 1, 2, 2, "events#9"),
}


def test_an_action_is_covered_where_log_and_entitlement_name_it_alike(tmp_path: Path) -> None:
    """And neither covered nor outside where the log has other names, or the agent a right whose actions are not told."""
    with derived(tmp_path, wanted={"right_uses"}, **RIGHTS) as engine:
        rows = engine.rows(
            "SELECT agent_id, granted, in_window, covered, n_events, day(first_at), day(last_at), last_ref FROM right_uses"
        )
    assert {row[:3]: row[3:] for row in rows} == RIGHT_USES


def verb(who: str, action: str, resource: str) -> Row:
    return act("08-01", who, action=action, resource=resource) | {"event_class": "admin", "log_source": "kubernetes-audit"}  # fmt: skip


TILL = "system:serviceaccount:shop:till"
CLUSTER: list[tuple[str, str, str, str, str, bool | None]] = [
    # agent, verb and name of its right, verb and object of its use -> covered
    ("list", "list", "shop/pods", "list", "shop/pods", True),
    ("object", "get", "shop/pods", "get", "shop/pods/web-1", True),
    ("anywhere", "get", "secrets", "get", "shop/secrets/db", True),
    ("nowhere", "get", "nodes", "get", "nodes/n1", True),
    ("part", "get", "pods/log", "get", "shop/pods/web-1/log", True),
    ("group", "patch", "shop/deployments/scale.apps", "patch", "shop/deployments.apps/web/scale", True),
    ("named", "get", "shop/configmaps/inbox,outbox", "get", "shop/configmaps/outbox", True),
    ("all", "*", "*", "create", "shop/pods/web-1/exec", True),
    ("place", "*", "shop/*", "delete", "shop/secrets/db", True),
    ("exec", "*", "shop/pods", "create", "shop/pods/web-1/exec", None),
    ("elsewhere", "get", "shop/pods", "get", "pay/pods/web-1", None),
    ("other verb", "get", "shop/pods", "delete", "shop/pods/web-1", None),
    ("other name", "get", "shop/configmaps/inbox", "get", "shop/configmaps/outbox", None),
    ("other part", "get", "shop/pods/log", "create", "shop/pods/web-1/exec", None),
    ("other group", "get", "shop/deployments.apps", "get", "shop/deployments.other/web", None),
]  # fmt: skip


def test_a_verb_of_kubernetes_is_covered_by_the_rules_of_its_roles(tmp_path: Path) -> None:
    """And never outside where nobody knows whether all bindings were supplied."""
    rows: dict[str, list[Row]] = {
        "actors": [*(agent(who) for who, *_ in CLUSTER), agent(TILL)],
        "grants": [
            *(entitled(who, name, action=action) for who, action, name, *_ in CLUSTER),
            entitled("system:serviceaccounts:shop", "shop/pods", action="list"),
        ],
        "events": [
            *(verb(who, action, thing) for who, _, _, action, thing, _ in CLUSTER),
            verb(TILL, "list", "shop/pods"),
        ],
    }
    with derived(tmp_path, wanted={"right_uses"}, **rows) as engine:
        found = dict(engine.rows("SELECT agent_id, covered FROM right_uses"))
    assert found == {who: covered for who, *_, covered in CLUSTER} | {TILL: True}


WHOLE = [
    entitled("system:masters", "*", action="*"), entitled("system:serviceaccount:kube-system:bootstrap-signer", "kube-system/secrets", action="get"),
    entitled("system:serviceaccount:kube-system:bootstrap-signer", "kube-public/configmaps", action="get"),
]  # fmt: skip
"""Rights that every cluster binds, in namespaces of its own: the export is not of one namespace."""
ACCOUNTS: list[tuple[str, str, str, str, str, bool | None]] = [
    # name of the account, verb and name of its right, verb and object of its use -> covered
    ("list", "list", "shop/pods", "list", "shop/pods", True),
    ("exec", "*", "shop/pods", "create", "shop/pods/web-1/exec", False),
    ("elsewhere", "get", "pay/pods", "get", "shop/pods/web-1", False),
    ("verb", "get", "shop/pods", "delete", "shop/pods/web-1", False),
    ("thing", "get", "shop/pods", "get", "shop/secrets/db", False),
    ("cluster", "get", "nodes", "delete", "nodes/n1", False),
    ("wide", "*", "*.apps", "patch", "shop/deployments.apps/web/scale", None),
    ("any group", "get", "deployments", "get", "shop/deployments.apps/web", None),
    ("named", "get", "shop/configmaps/inbox", "get", "shop/configmaps/outbox", None),
    ("health", "get", "/healthz", "get", "/metrics", False),
    ("health below", "get", "/healthz/*", "get", "/healthz/ping", True),
]  # fmt: skip


def in_cluster(**more: list[Row]) -> dict[str, list[Row]]:
    names = {name: f"system:serviceaccount:shop:{name}" for name, *_ in ACCOUNTS}
    rows: dict[str, list[Row]] = {
        "actors": [agent(who) for who in names.values()],
        "grants": [*WHOLE, *(entitled(names[who], name, action=action) for who, action, name, *_ in ACCOUNTS)],
        "events": [verb(names[who], action, thing) for who, _, _, action, thing, _ in ACCOUNTS],
    }  # fmt: skip
    return rows | {table: rows[table] + added for table, added in more.items()}


def covered_by_account(engine: DuckDB) -> dict[str, bool | None]:
    rows = engine.rows("SELECT agent_id, covered FROM right_uses WHERE person_id IS NULL")
    return {str(who).split(":")[-1]: covered for who, covered in rows}


def test_a_verb_outside_all_rules_fails_where_the_whole_cluster_was_exported(
    tmp_path: Path,
) -> None:
    with derived(tmp_path, **in_cluster()) as engine:
        assert covered_by_account(engine) == {who: covered for who, *_, covered in ACCOUNTS}


LATER = act("09-01", "ann", action="delete", resource="shop/rolebindings.rbac.authorization.k8s.io/x")  # fmt: skip


@pytest.mark.parametrize(
    "more",
    [
        {"events": [LATER | {"event_class": "admin", "log_source": "kubernetes-audit"}]},
        {"grants": [entitled("system:authenticated", "shop/view", role="view")]},
    ],
    ids=["rules were changed since", "a role without rules"],
)
def test_a_verb_outside_all_rules_is_unknown_where_others_may_have_held(
    tmp_path: Path, more: dict[str, list[Row]]
) -> None:
    with derived(tmp_path, **in_cluster(**more)) as engine:
        assert False not in covered_by_account(engine).values()


def test_who_impersonates_needs_that_right_and_the_rights_of_the_other(tmp_path: Path) -> None:
    """The trap: what the person may do is no right of the agent, and no act outside its rights."""
    till, pay = "system:serviceaccount:shop:till", "system:serviceaccount:shop:pay"
    rows: dict[str, list[Row]] = {
        "actors": [agent(till), agent(pay), {"actor_id": "ann", "kind": "human"}],
        "grants": [*WHOLE, entitled(till, "users/ann", action="impersonate"), entitled("ann", "shop/pods", action="delete")],
        "events": [verb(who, "delete", "shop/pods/x") | {"on_behalf_of": "ann"} for who in (till, pay)],
    }  # fmt: skip
    with derived(tmp_path, wanted={"right_uses"}, **rows) as engine:
        found = engine.rows("SELECT agent_id, person_id, granted, covered FROM right_uses")
    assert sorted(found, key=str) == [
        (pay, "ann", "delete shop/pods/x", True), (pay, None, "impersonate users/ann", False),
        (till, "ann", "delete shop/pods/x", True), (till, None, "impersonate users/ann", True),
    ]  # fmt: skip


GROUP = "/subscriptions/S1/resourceGroups/till"
ROLES: list[tuple[str, str, str, str, str, bool | None]] = [
    # agent, role and scope of its right, operation and object of its use -> covered where all assignments were supplied
    ("owns", "Owner", "/subscriptions/s1", "Microsoft.Authorization/roleAssignments/write", GROUP, True),
    ("root", "Owner", "/", "MICROSOFT.COMPUTE/VIRTUALMACHINES/DELETE", f"{GROUP}/providers/x", True),
    ("adds", "Contributor", GROUP, "Microsoft.Storage/storageAccounts/write", f"{GROUP.upper()}/providers/x", True),
    ("grants", "Contributor", GROUP, "Microsoft.Authorization/roleAssignments/write", GROUP, False),
    ("beside", "Contributor", GROUP, "Microsoft.Storage/storageAccounts/write", f"{GROUP}2/providers/x", False),
    ("reads", "Reader", GROUP, "Microsoft.Storage/storageAccounts/read", GROUP, True),
    ("writes", "Reader", GROUP, "Microsoft.Storage/storageAccounts/write", GROUP, False),
    ("other", "Storage Blob Data Owner", GROUP, "Microsoft.Storage/storageAccounts/write", GROUP, None),
    ("custom", "Crane operator", GROUP, "MICROSOFT.COMPUTE/VIRTUALMACHINES/START/ACTION", GROUP, True),
    ("left out", "Crane operator", GROUP, "Microsoft.Compute/virtualMachines/delete", GROUP, False),
    ("by id", "0CA0", GROUP, "Microsoft.Compute/virtualMachines/delete", GROUP, False),
    ("foreign", "Reader", GROUP, "Microsoft.Compute/virtualMachines/delete", "/subscriptions/s9/resourceGroups/x", None),
]  # fmt: skip
CRANES = [
    {"role": role, "actions": "Microsoft.Compute/virtualMachines/*", "excluded": "Microsoft.Compute/virtualMachines/delete"}
    for role in ("Crane operator", "0ca0")
]  # fmt: skip


def azure(roles: list[tuple[str, str, str, str, str, bool | None]], *more: Row) -> dict[str, list[Row]]:  # fmt: skip
    return {
        "actors": [*(agent(who) for who, *_ in roles), agent("terms")],
        "role_definitions": CRANES,
        "grants": [
            *(entitled(who, scope, role=role) for who, role, scope, *_ in roles),
            entitled("terms", GROUP, role="Owner", conditional="*"),
            *more,
        ],
        "events": [
            verb(who, operation, thing) | {"log_source": "azure-activity"}
            for who, operation, thing in [
                *((who, operation, thing) for who, _, _, operation, thing, _ in roles),
                ("terms", "Microsoft.Storage/storageAccounts/write", GROUP),
            ]
        ],
    }


def test_an_operation_of_azure_is_compared_with_what_the_roles_allow_on_its_object(
    tmp_path: Path,
) -> None:
    """And never where a condition stands on it."""
    with derived(tmp_path, wanted={"right_uses"}, **azure(ROLES)) as engine:
        found = dict(engine.rows("SELECT agent_id, covered FROM right_uses"))
    assert found == {who: covered for who, *_, covered in ROLES} | {"terms": None}


def test_an_operation_of_azure_is_never_outside_where_assignments_may_be_missing(
    tmp_path: Path,
) -> None:
    """The trap: without what stands above the subscription, and with a role that a group may have, nobody knows."""
    below = [role for role in ROLES if role[2] != "/"]
    with derived(tmp_path / "a", wanted={"right_uses"}, **azure(below)) as engine:
        assert not engine.rows("SELECT agent_id FROM right_uses WHERE NOT covered")
    with derived(
        tmp_path / "b", wanted={"right_uses"}, **azure(ROLES, entitled("crew", GROUP, role="Owner"))
    ) as engine:
        found = engine.rows("SELECT agent_id FROM right_uses WHERE NOT covered")
    assert found == [("beside",)]


BOT = "bot@shop.iam.gserviceaccount.com"
ORG, SHOP = (f"//cloudresourcemanager.googleapis.com/{place}" for place in ("organizations/1", "projects/shop"))  # fmt: skip
TILLS = "projects/_/buckets/tills/objects/1"
READER = {"role": "projects/shop/roles/reader", "actions": "storage.objects.get storage.objects.list"}  # fmt: skip
BOUND: list[tuple[str, dict[str, Any], str, bool | None]] = [
    # where and how its role is bound -> covered by it
    (SHOP, {}, "storage.objects.get@projects/shop", True),
    (ORG, {}, "storage.objects.get@projects/shop", True),
    ("//storage.googleapis.com/tills", {}, "storage.objects.get@projects/shop", True),
    ("//storage.googleapis.com/projects/_/buckets/tills", {}, "storage.objects.get", True),
    (SHOP, {"conditional": "*"}, "storage.objects.get@projects/shop", None),
    ("//cloudresourcemanager.googleapis.com/folders/2", {}, "storage.objects.get@projects/shop", None),
    (SHOP, {"role": "roles/editor"}, "storage.objects.get@projects/shop", None),
    (SHOP, {}, "storage.objects.delete@projects/shop", False),
    (SHOP, {}, "storage.objects.delete@projects/shop storage.objects.get@projects/shop", False),
    ("//storage.googleapis.com/other", {}, "storage.objects.get@projects/shop", False),
    (SHOP, {"expires_at": "2026-07-01"}, "storage.objects.get@projects/shop", False),
    (SHOP, {}, "storage.objects.delete@projects/pay", None),
    (SHOP, {}, "storage.objects.delete", None),
]  # fmt: skip


def google(rights: str, *bindings: Row, **more: list[Row]) -> dict[str, list[Row]]:
    done = did("08-01", BOT, "storage.googleapis.com:storage.objects.get", resource=TILLS, rights=rights)  # fmt: skip
    return {
        "actors": [agent(BOT), {"actor_id": "crew@corp.example", "kind": "group"}],
        "role_definitions": [READER],
        "grants": list(bindings),
        "events": [done | {"log_source": "gcp-audit", "event_class": "data"}],
    } | more


def bound(who: str, place: str, **more: Any) -> Row:
    return entitled(who, place, **({"role": READER["role"]} | more))


ABOVE = (bound("ann@corp.example", ORG, role="roles/owner"), bound("ann@corp.example", SHOP, role="roles/owner"))  # fmt: skip


@pytest.mark.parametrize(("place", "more", "rights", "covered"), BOUND)
def test_a_permission_of_google_is_compared_with_the_roles_that_are_bound(
    tmp_path: Path, place: str, more: dict[str, Any], rights: str, covered: bool | None
) -> None:
    with derived(
        tmp_path, wanted={"right_uses"}, **google(rights, *ABOVE, bound(BOT, place, **more))
    ) as engine:
        assert engine.rows("SELECT covered FROM right_uses") == [(covered,)]


@pytest.mark.parametrize(
    "bindings",
    [
        [bound("ann@corp.example", SHOP, role="roles/owner")],
        [bound("ann@corp.example", ORG, role="roles/owner")],
        [*ABOVE, bound("crew@corp.example", SHOP, role="roles/editor")],
        [*ABOVE, bound("allAuthenticatedUsers", SHOP, role="roles/viewer")],
    ],
    ids=["no organisation", "not its project", "a group's role", "anybody's role"],
)
def test_a_permission_of_google_is_never_outside_where_others_may_grant_it(
    tmp_path: Path, bindings: list[Row]
) -> None:
    """The trap: policies of parents, and those of groups, may be what allowed it."""
    with derived(
        tmp_path, wanted={"right_uses"}, **google("storage.objects.delete@projects/shop", *bindings)
    ) as engine:
        assert engine.rows("SELECT covered, standing FROM right_uses") == [(None, "unlisted")]


@pytest.mark.parametrize(
    ("own", "covered"),
    [
        ([entitled("r", "*", action="ec2:DescribeVpcs")], {"s3:putobject": True, "iam:createuser": False}),
        ([], {"iam:createuser": None}),
    ],
    ids=["beside its own policies", "alone"],
)  # fmt: skip
def test_what_the_policy_of_a_bucket_gives_is_granted_and_no_list_of_other_rights(
    tmp_path: Path, own: list[Row], covered: dict[str, bool | None]
) -> None:
    bucket = entitled("r", "arn:aws:s3:::till/*", action="s3:PutObject")
    events = [did("08-01", "r", name) for name in (f"s3{AWS}PutObject", f"iam{AWS}CreateUser")]
    given = {"actors": [agent("r")], "grants": [bucket, *own], "events": events}
    with DuckDB(tmp_path / "work") as engine:
        load_example(engine, {"given": given})
        engine.run("UPDATE in_grants SET source = 'aws-log-stores' WHERE rowid = 0")
        derive(engine, RUN, [])
        found = dict(engine.rows("SELECT granted, covered FROM right_uses"))
    assert {name: found[name] for name in covered} == covered


# ---------------------------------------------------------------- roles that are asked for

ROLE = {name: f"arn:aws:iam::111122223333:role/{name}" for name in ("till", "pay", "vault")}


def asked(who: str, issued: str, key: str = "") -> Row:
    return {"actor_id": who, "issued_key": issued, "session_key": key}


def in_role(day: str, role: str, action: str, key: str, session: str = "till-session") -> Row:
    """An event of a session of a role; what it is called, the caller chose."""
    return did(day, "", action, principal_id=ROLE[role], session_key=key, session_id=session, log_source="aws-cloudtrail", resource="")  # fmt: skip


CHAINED: dict[str, list[Row]] = {
    "actors": [
        agent("bot", principal_id=ROLE["till"]), agent("other"), {"actor_id": ROLE["pay"], "kind": "workload"}, {"actor_id": ROLE["vault"], "kind": "workload"},
    ],
    "grants": [
        entitled("bot", "*", action="cloudtrail:*"), entitled(ROLE["pay"], "*", action="ec2:*"), entitled(ROLE["vault"], "*", action="kms:*"),
    ],
    "assumed_roles": [asked(ROLE["till"], "K1", "K0"), asked(ROLE["pay"], "K2", "K1"), asked("nobody", "K9")],
    "events": [
        in_role("08-01", "pay", f"ec2{AWS}RunInstances", "K1"),
        in_role("08-02", "pay", f"cloudtrail{AWS}StopLogging", "K1"),
        in_role("08-03", "vault", f"kms{AWS}CreateKey", "K2"),
        in_role("08-04", "vault", f"iam{AWS}CreateUser", "K2"),
        in_role("08-05", "vault", f"iam{AWS}CreateRole", "K9"),
        in_role("08-06", "vault", f"iam{AWS}DeleteRole", ""),
    ],
}  # fmt: skip


def test_what_is_done_in_a_role_is_accounted_to_who_asked_and_measured_by_the_role(
    tmp_path: Path,
) -> None:
    """The trap: a chosen name of the session proves nothing; without the key, nobody is told to stand behind it."""
    with derived(tmp_path, wanted={"right_uses"}, **CHAINED) as engine:
        found = engine.rows("SELECT agent_id, granted, covered, last_ref FROM right_uses")
    assert sorted(found) == [
        ("bot", "cloudtrail:stoplogging", False, "events#2"),
        ("bot", "ec2:runinstances", True, "events#1"),
        ("bot", "iam:createuser", False, "events#4"),
        ("bot", "kms:createkey", True, "events#3"),
    ]


def test_a_chain_of_roles_leads_to_who_asked_first(tmp_path: Path) -> None:
    """A person who took a role stands behind it; an agent set nobody to work, and acts there itself."""
    actors = [{"actor_id": "bot", "kind": "human", "principal_id": ROLE["till"]}, *CHAINED["actors"][1:]]  # fmt: skip
    chains, acts = (
        "SELECT agent_id, root_id, root_kind, n_events FROM delegation_chains",
        "SELECT agent_id, sum(n_events)::BIGINT FROM assumed_acts GROUP BY agent_id",
    )
    with derived(
        tmp_path / "person",
        wanted={"assumed_acts", "delegation_chains"},
        **CHAINED | {"actors": actors},
    ) as engine:
        assert sorted(engine.rows(chains)) == [(ROLE["pay"], "bot", "human", 2), (ROLE["vault"], "bot", "human", 2)]  # fmt: skip
        assert engine.rows(acts) == []
    with derived(
        tmp_path / "agent", wanted={"assumed_acts", "delegation_chains"}, **CHAINED
    ) as engine:
        assert engine.rows(chains) == []
        assert engine.rows(acts) == [("bot", 4)]


# ---------------------------------------------------------------- undecided


def calls(tool: str, *days: str, **more: Any) -> list[Row]:
    return [act(day, tool=tool, **more) for day in days]


def approved(scope: str, at: str, kind: str = "tool", **more: Any) -> Row:
    return {"approval_id": f"p-{scope}-{at}", "actor_id": "a", "type": kind, "scope": scope, "granted_at": f"2026-{at}", **more}  # fmt: skip


DECISIONS: dict[str, list[Row]] = {
    "actors": [agent("a"), agent("w"), {"actor_id": "ann", "kind": "human"}, {"actor_id": "bot", "kind": "workload"}],
    "reviews": [{"review_id": "r", "actor_id": "w", "completed_at": "2026-08-05", "snapshot_at": "2026-08-03"}],
    "alerts": [
        {"alert_id": "l1", "actor_id": "w", "raised_at": "2026-08-05", "acted_at": "2026-08-06", "acted_by": "bot"},
        {"alert_id": "l2", "actor_id": "w", "raised_at": "2026-08-06", "acted_at": "2026-08-07", "acted_by": "ann"},
    ],
    "grants": [{"actor_id": "a", "type": "data", "name": "db/*"}],
    "events": [
        *calls("open", "08-01", "08-02", "08-03"),
        *calls("late", "08-01", "08-03", "08-10", "08-20"),
        *calls("late", "08-04", outcome="denied"),
        act("08-05", event_class="heartbeat"),
        *calls("before", "08-01", "08-02"),
        *calls("at.once", "08-01", "08-02"),
        *calls("elsewhere", "08-01", "08-02", purpose="billing"),
        *calls("here", "08-01", "08-02", "08-09", purpose="billing"),
        *calls("here.too", "08-01", "08-02", "08-09", purpose="billing"),
        *calls("future", "08-01", "08-02"),
        *calls("old", "06-30", "08-02"),
        *calls("last", "09-30"),
        *calls("", "08-01", "08-03", "08-09", resource="db/1"),
        *calls("", "08-01", "08-02", "08-09", destination="x.com; y.com"),
        *calls("first.day", "07-01"), *calls("day.after", "10-01"),
        *calls("last.use", "08-01", "08-02", "08-09"),
        *calls("as.of", "08-01", "08-02"),
        *calls("expired", "08-01", "08-02"),
        *calls("refused", "08-01", "08-02", "08-09"),
        *calls("reviewed", "08-01", "08-04", "08-09", who="w"),
        *calls("alerted", "08-04", "08-08", who="w"),
    ],
    "approvals": [
        approved("late", "08-10"), approved("late", "08-15"), approved("before", "07-01"), approved("at.once", "08-01"),
        approved("elsewhere", "08-02", purpose="reading"), approved("here", "08-05", "change", purpose="billing"),
        approved("here.too", "08-05"), approved("future", "11-01"), approved("open", "08-02", "data"),
        approved("last.use", "08-09"), approved("as.of", "10-01"), approved("expired", "07-01", expires_at="2026-08-01"),
        approved("refused", "08-05", recorded_at="2026-08-06", decision="rejected"),
        approved("db/*", "08-05", "data"), approved("y.com", "08-05", "destination"),
    ],
}  # fmt: skip
UNDECIDED: Table = {
    # kind, name -> day of the first use, record, day of the decision, days until then
    ("data", "db/*"): (1, "events#27", 5, 4),
    ("destination", "x.com"): (1, "events#30", None, None),
    ("destination", "y.com"): (1, "events#30", 5, 4),
    ("tool", "alerted"): (4, "events#48", 7, 3),
    ("tool", "as.of"): (1, "events#38", 1, 61),
    ("tool", "at.once"): (1, "events#12", 1, 0),
    ("tool", "before"): (1, "events#10", 1, 0),
    ("tool", "elsewhere"): (1, "events#14", None, None),
    ("tool", "expired"): (1, "events#40", 1, 0),
    ("tool", "first.day"): (1, "events#33", None, None),
    ("tool", "future"): (1, "events#22", None, None),
    ("tool", "here"): (1, "events#16", 5, 4),
    ("tool", "here.too"): (1, "events#19", 5, 4),
    ("tool", "last"): (30, "events#26", None, None),
    ("tool", "last.use"): (1, "events#35", 9, 8),
    ("tool", "late"): (1, "events#4", 10, 9),
    ("tool", "open"): (1, "events#1", None, None),
    ("tool", "refused"): (1, "events#42", 6, 5),
    ("tool", "reviewed"): (1, "events#45", 5, 4),
}


def test_a_first_use_waits_for_the_first_decision_that_concerns_it(tmp_path: Path) -> None:
    with derived(tmp_path, wanted={"approval_lag"}, **DECISIONS) as engine:
        rows = engine.rows(
            "SELECT kind, name, day(first_at), first_ref, day(decided_at), days FROM approval_lag"
        )
    assert {row[:2]: row[2:] for row in rows} == UNDECIDED


# ---------------------------------------------------------------- breaches

SPOILS: dict[str, list[Row]] = {
    "actors": [agent("a"), agent("b"), agent("c"), agent("d"), agent("rights"), {"actor_id": "ann", "kind": "human"}],
    "credentials": [
        {"credential_id": "ka", "actor_id": "d"}, {"credential_id": "ended", "actor_id": "b", "revoked_at": "2026-08-01"},
        {"credential_id": "ka", "actor_id": "a"}, {"credential_id": "handed.on", "actor_id": "c"},
        {"credential_id": "nameless", "actor_id": "c"}, {"credential_id": "client", "actor_id": "c", "type": "oauth_client"},
    ],
    "grants": [
        {"actor_id": "a", "type": "tool", "name": "t.*"}, {"actor_id": "a", "type": "tool", "name": "gone", "expires_at": "2026-08-10"},
        {"actor_id": "c", "type": "data", "name": "db/*"}, entitled("rights", "ec2:Describe*"),
    ],
    "events": [
        act("08-05", "unregistered", actor_kind="agent"),
        act("08-02", "unregistered", actor_kind="agent"),
        act("06-02", "early", actor_kind="agent"),
        act("08-02", "refused", actor_kind="agent", outcome="denied"),
        act("08-03", "a", credential_id="ka"),
        act("08-07", "ann", credential_id="ka"),
        act("07-20", "b", credential_id="ended"),
        act("08-01T00:05:00", "b", credential_id="ended"),
        act("08-09", "b", credential_id="ended"),
        act("08-12", "b", credential_id="ended"),
        *calls("t.x", "08-01"), *calls("outside", "06-01", "08-04"), *calls("long.ago", "06-01"), *calls("gone", "08-10"),
        *calls("refused", "08-04", outcome="denied"),
        act("08-06", "c", event_class="data", resource="db/1"),
        act("08-08", "c", event_class="data", resource="other/1"),
        did("08-03", "rights", f"iam{AWS}CreateAccessKey"), did("08-05", "rights", f"iam{AWS}CreateAccessKey"),
        did("06-03", "rights", f"iam{AWS}DeleteUser"), did("08-05", "rights", f"ec2{AWS}DescribeInstances"),
        act("06-03", "ann", credential_id="handed.on"), act("08-03", "c", credential_id="handed.on"),
        act("08-03", "", principal_id="box", credential_id="nameless"), act("08-03", "c", credential_id="nameless"),
        act("08-03", "ann", credential_id="client"), act("08-03", "c", credential_id="client"),
        act("06-05", "unregistered", actor_kind="agent"), act("06-06", "c", event_class="data", resource="other/1"),
    ],
}  # fmt: skip
BREACHES = [
    # agent, kind, of what, since, record
    ("a", "shared credential", "ka", "2026-08-07", "events#5"),
    ("a", "tool outside its grants", "outside", "2026-06-01", "events#12"),
    ("b", "ended credential", "ended", "2026-08-01", "events#10"),
    ("c", "data outside its grants", "data", "2026-06-06", "events#30"),
    ("d", "shared credential", "ka", "2026-08-07", "events#6"),
    ("rights", "action outside its grants", "iam:createaccesskey", "2026-08-03", "events#20"),
    ("unregistered", "unregistered", "unregistered", "2026-06-05", "events#29"),
]


def test_each_kind_of_breach_has_its_agent_its_day_and_its_record(tmp_path: Path) -> None:
    with derived(tmp_path, wanted={"violations"}, **SPOILS) as engine:
        rows = engine.rows(
            "SELECT agent_id, kind, what, CAST(first_at::DATE AS VARCHAR), ref FROM violations ORDER BY agent_id, kind"
        )
    assert rows == BREACHES


def test_an_ended_key_works_for_five_minutes_more(tmp_path: Path) -> None:
    """Clocks differ."""
    given = SPOILS | {"events": [act("08-01T00:05:00", "b", credential_id="ended")]}
    with derived(tmp_path, wanted={"violations"}, **given) as engine:
        assert engine.rows("SELECT agent_id FROM violations") == []


# ---------------------------------------------------------------- uses graver than their grants

GRAVER: dict[str, list[Row]] = {
    "actors": [agent("a"), agent("twice"), agent("narrow"), {"actor_id": "svc", "kind": "service_account"}],
    "grants": [
        *({"actor_id": "a", "type": "tool", "name": n, "effect": e} for n, e in (
            ("reads", "read"), ("writes", "write"), ("runs", "execute"), ("deletes", "delete"), ("untold", ""))),
        {"actor_id": "a", "type": "tool", "name": "half", "effect": "read"}, {"actor_id": "a", "type": "tool", "name": "hal*", "effect": ""},
        {"actor_id": "a", "type": "tool", "name": "bound", "effect": "delete", "purpose": "tidy"},
        {"actor_id": "a", "type": "tool", "name": "bound", "effect": "read"},
        {"actor_id": "a", "type": "data", "name": "db/*", "effect": "read"},
        {"actor_id": "twice", "type": "data", "name": "db/*", "effect": "write"}, {"actor_id": "twice", "type": "data", "name": "db/x*", "effect": "read"},
        {"actor_id": "narrow", "type": "data", "name": "db/*", "effect": "read"}, {"actor_id": "narrow", "type": "data", "name": "db/x*", "effect": "write"},
    ],
    "events": [
        *calls("reads", "08-01", "08-03", effect="delete"), *calls("reads", "06-01", effect="write"), *calls("reads", "08-01", effect="execute"),
        *calls("reads", "08-01", effect="read"), *calls("reads", "08-01", effect="admin", outcome="denied"), *calls("reads", "08-01"),
        *calls("writes", "08-01", effect="publish"), *calls("writes", "08-02", effect="transfer"), *calls("writes", "08-03", effect="execute"),
        *calls("runs", "08-01", effect="admin"), *calls("deletes", "08-01", effect="write"), *calls("deletes", "08-01", effect="transfer"),
        *calls("deletes", "08-04", effect="grant"), *calls("untold", "08-01", effect="delete"), *calls("half", "08-01", effect="delete"),
        *calls("bound", "08-01", effect="delete", purpose="tidy"), *calls("bound", "08-05", effect="delete", purpose="else"),
        *calls("never.granted", "08-01", effect="delete"),
        act("08-06", "a", event_class="data", resource="db/1", effect="delete"), act("08-06", "a", event_class="tool", resource="db/1", effect="delete"),
        act("08-06", "twice", event_class="data", resource="db/x1", effect="write"),
        act("08-06", "narrow", event_class="data", resource="db/x1", effect="write"),
    ],
}  # fmt: skip
GRAVER_USES: Table = {
    # agent, kind, name, effect, in the period -> granted, certain, uses, first day, last day, record of the last
    ("a", "tool", "reads", "delete", True): ("read", True, 2, 1, 3, "events#2"),
    ("a", "tool", "reads", "write", False): ("read", True, 1, 1, 1, "events#3"),
    ("a", "tool", "reads", "execute", True): ("read", False, 1, 1, 1, "events#4"),
    ("a", "tool", "writes", "transfer", True): ("write", True, 1, 2, 2, "events#9"),
    ("a", "tool", "deletes", "grant", True): ("delete", True, 1, 4, 4, "events#14"),
    ("a", "tool", "bound", "delete", True): ("read", True, 1, 5, 5, "events#18"),
    ("a", "data", "db/*", "delete", True): ("read", True, 1, 6, 6, "events#20"),
}


def test_a_use_is_graver_where_log_and_every_grant_that_covers_it_tell_an_effect(
    tmp_path: Path,
) -> None:
    """Another grant of that name, or a narrower one of data, may allow it; who may execute may do anything by it."""
    with derived(tmp_path, wanted={"graver_uses", "violations"}, **GRAVER) as engine:
        rows = engine.rows(
            "SELECT agent_id, kind, name, effect, in_window, granted, certain, n_events, day(first_at), day(last_at), last_ref FROM graver_uses"
        )
        breaches = engine.rows(
            "SELECT kind, what FROM violations WHERE agent_id = 'a' ORDER BY ALL"
        )
    assert {row[:5]: row[5:] for row in rows} == GRAVER_USES
    outside = ("bound", "deletes", "never.granted", "reads", "writes")
    assert breaches == [
        ("data outside its grants", "data"),
        *(("tool outside its grants", n) for n in outside),
    ]


def test_each_effect_has_a_step_and_the_steps_follow_the_order_of_gravity(tmp_path: Path) -> None:
    effects = ", ".join(f"('{e}')" for e in EFFECTS)
    with derived(tmp_path) as engine:
        steps = engine.rows(
            f"SELECT x, step_of(x) FROM (VALUES {effects}) AS e (x) ORDER BY gravity_of(x)"
        )
    assert None not in {step for _, step in steps}
    plain = [step for effect, step in steps if effect != "execute"]
    assert plain == sorted(plain)


# ---------------------------------------------------------------- subjects of checks, and logs that prove no silence

SUBJECTS: dict[str, list[Row]] = {
    "actors": [
        agent("a", owner_id="ann", risk_tier="critical"), agent("b", owner_id="bob", risk_tier="low", **{
            "autonomy": 1, "tools_listed": True, "data_listed": True}),
        agent("mute", risk_tier="critical"), agent("gone", risk_tier="critical") | {"state": "retired"},
        {"actor_id": "svc", "kind": "service_account", "risk_tier": "medium"}, {"actor_id": "ann", "kind": "human"},
        {"actor_id": "posing", "kind": "service_account", "risk_tier": "low", "prompt_version": "p1"},
        {"actor_id": "ended", "kind": "service_account", "prompt_version": "p1", "state": "retired"},
    ],
    "credentials": [{"credential_id": "kb", "actor_id": "b"}, {"credential_id": "both", "actor_id": "a"}],
    "actor_log_sources": [
        {"actor_id": "a", "log_source": "gateway"}, {"actor_id": "a", "log_source": "silent"},
        {"actor_id": "b", "log_source": "gateway"}, {"actor_id": "gone", "log_source": "silent"},
        *({"actor_id": a, "log_source": "gateway"} for a in ("ann", "posing", "ended")),
    ],
    "events": [
        *[act(day, "b", credential_id="kb") for day in ("08-01", "08-02")],
        act("08-01", "b", credential_id="both"),
        act("08-03", "visitor", actor_kind="human", tool="t", credential_id="kb"),
        act("08-03", "visitor", actor_kind="human", tool="t", credential_id="found"),
        act("08-03", "visitor", actor_kind="human", tool="t", credential_id="lone"),
        act("08-01", "b", credential_id="found"),
        act("08-04", "caller", actor_kind="service_account", event_class="model"),
        act("08-04", "refused", actor_kind="human", tool="t", outcome="denied"),
        act("08-04", "reader", actor_kind="human", event_class="auth"),
        act("08-04", "stripped", actor_kind="human"),
        act("08-04", "untold", event_class="auth"),
        act("08-05", "shadow", actor_kind="agent"),
        act("08-05", "svc"),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    with DuckDB(tmp_path_factory.mktemp("subjects") / "work") as engine:
        load_example(engine, {"given": SUBJECTS})
        derive(engine, RUN, [Expected("gateway", "day", 2), Expected("silent", "day", 90)])
        runner.prepare(engine, ("agent", "credential"))
        yield engine


def test_each_agent_weighs_what_its_tier_says_and_a_stranger_the_most(prepared: DuckDB) -> None:
    rows = prepared.rows("SELECT subject, actor, owner, tier_lo, tier_hi, live, may_be_agent FROM subjects_agent")  # fmt: skip
    assert {row[0]: row[1:] for row in rows} == {
        "a": ("a", "ann", 4, 4, True, False),
        "b": ("b", "bob", 1, 1, True, False),
        "caller": ("caller", "", 4, 4, None, True),
        "gone": ("gone", "", 4, 4, False, False),
        "mute": ("mute", "", 4, 4, True, False),
        "shadow": ("shadow", "", 4, 4, True, False),
        "visitor": ("visitor", "", 4, 4, None, True),
        # of whom the log does not tell what it is or did, and who has what agents have
        "stripped": ("stripped", "", 4, 4, None, True),
        "untold": ("untold", "", 4, 4, None, True),
        "posing": ("posing", "", 1, 4, False, True),
        # who is not an agent, or did nothing that an agent does
        "ann": ("ann", "", 1, 4, False, False),
        "reader": ("reader", "", 4, 4, None, False),
        "refused": ("refused", "", 4, 4, None, False),
        "svc": ("svc", "", 2, 2, False, False),
        "ended": ("ended", "", 1, 4, False, False),
    }


def test_a_key_weighs_what_its_actors_weigh_and_not_more_for_a_stranger(prepared: DuckDB) -> None:
    rows = prepared.rows(
        "SELECT subject, actor, owner, tier_lo, tier_hi, live, may_be_agent FROM subjects_credential ORDER BY subject"
    )
    assert rows == [
        ("both", "a", "ann", 4, 4, True, False),
        ("found", "b", "", 1, 1, True, False),
        ("kb", "b", "bob", 1, 1, True, False),
        ("lone", "visitor", "", 4, 4, None, True),
    ]


def test_who_cannot_be_seen_is_told_with_the_log_that_failed(prepared: DuckDB) -> None:
    silent = ("silent_days", {"log_source": "silent", "seen": 0, "expected": 92}, "silent")
    rows = prepared.rows("SELECT actor_id, why.code, why.held, log_source FROM dead_logs")
    dead = {a: (code, json.loads(held or "{}"), log) for a, code, held, log in rows}
    assert dead == {"a": silent, "gone": silent, "mute": ("no_log", {}, None)}


@pytest.mark.parametrize(
    ("about", "results"),
    [("log_source", {"gateway": "pass", "silent": "unknown"}), ("organisation", {"gateway": "unknown"})],
)  # fmt: skip
def test_a_silent_log_stands_in_the_way_of_its_own_result_and_of_the_whole(
    about: str, results: dict[str, str], prepared: DuckDB
) -> None:
    """And is a subject, though the check gave it none."""
    check = replace(OWN, id=f"OWN-{about}", about=about)
    sql = "SELECT 'gateway' AS subject, TRUE AS ok, 'pass' AS reason_code, '' AS reason_values"
    compiled = Compiled(sql, frozenset(), frozenset({"activity"}), False)
    runner.assess(prepared, [(check, compiled)])
    rows = prepared.rows(f"SELECT subject, status FROM results WHERE check_id = '{check.id}'")
    assert dict(rows) == results


# ---------------------------------------------------------------- feeds


def at(time: str, log: str = "gateway", received: str = "", **more: Any) -> Row:
    return {"occurred_at": f"2026-{time}", "actor_id": "a", "log_source": log,
            "ingested_at": f"2026-{received}" if received else "", **more}  # fmt: skip


LOGS: dict[str, list[Row]] = {
    "actors": [agent("a")],
    "actor_log_sources": [{"actor_id": "a", "log_source": "silent"}],
    "events": [
        at("06-15T10:00:00"), at("07-01"), at("07-01T05:00:00", event_class="heartbeat"),
        at("07-02T10:00:00", received="07-02T10:00:10"), at("07-02T10:30:00", received="07-02T10:30:20"),
        at("07-02T10:42:00", received="07-02T10:40:00"), at("07-02T10:42:01", received="07-02T10:40:00"),
        at("07-02T10:00:01", received="07-02T10:50:00"),
        at("09-30T23:00:00", received="09-30T23:00:00"), at("10-01"),
        *[at(f"08-{day:02d}", "quarter") for day in range(1, 24)],
        at("08-01T10:10:00", "hourly"), at("08-01T10:50:00", "hourly"), at("08-01T11:00:00", "hourly"),
        at("08-01", "arrived"),
    ],
}  # fmt: skip
FEEDS: Table = {
    # log -> unit, expected, seen, events, longest gap in hours, alive, declared
    ("arrived",): ("day", 92, 1, 1, 1464, False, False),
    ("gateway",): ("day", 92, 3, 8, 2172, True, True),
    ("hourly",): ("hour", 2208, 2, 3, 1453, False, True),
    ("quarter",): ("day", 92, 23, 23, 936, True, True),
    ("silent",): ("day", 92, 0, 0, 2208, False, True),
}
CLOCKS = ("2026-06-15", "2026-07-01", "2026-09-30", 3, 6, 1, 0, 2999, 1)
"""First event ever, first and last of the period, without and with a time of receipt, from the future, half and 95 %
of the delays in seconds, out of order."""


def test_a_log_is_alive_by_the_share_of_its_days_or_hours(tmp_path: Path) -> None:
    expected = [Expected("gateway", "day", 3), Expected("hourly", "hour", 1), Expected("quarter", "day", 25)]  # fmt: skip
    with DuckDB(tmp_path / "work") as engine:
        load_example(engine, {"given": LOGS})
        derive(engine, RUN, expected)
        rows = engine.rows(
            "SELECT log_source, every, expected, seen, n_events, longest_gap_hours, alive, declared FROM feeds"
        )
        clocks = engine.rows(
            "SELECT CAST(oldest_at::DATE AS VARCHAR), CAST(first_at::DATE AS VARCHAR), CAST(last_at::DATE AS VARCHAR), "
            "n_without_ingest, n_with_ingest, n_late_clock, median_delay_seconds, p95_delay_seconds, n_out_of_order "
            "FROM feeds WHERE log_source = 'gateway'"
        )
    assert {row[:1]: row[1:] for row in rows} == FEEDS
    assert clocks == [CLOCKS]


# ---------------------------------------------------------------- all_approvals


def test_everything_that_approves_is_one_list(tmp_path: Path) -> None:
    given: dict[str, list[Row]] = {
        "actors": [agent("a", approved_at="2026-07-01"), agent("b")],
        "approvals": [
            approved("t.*", "08-01"), approved("backdated", "08-01", recorded_at="2026-08-05"),
            approved("no", "08-02", decision="rejected"), approved("when", "08-03") | {"granted_at": ""},
        ],
        "grants": [
            {"actor_id": "b", "type": "tool", "name": "t_1", "approved_at": "2026-07-02"},
            {"actor_id": "b", "type": "data", "name": "d", "granted_at": "2026-07-02"},
            {"actor_id": "b", "type": "destination", "name": "x.com", "granted_at": "2026-07-03"},
            {"actor_id": "b", "type": "destination", "name": "y.com", "granted_at": "2026-07-03", "approved_at": "2026-07-04"},
            {"actor_id": "b", "type": "destination", "name": "z.com"},
            {"actor_id": "b", "type": "entitlement", "name": "e", "approved_at": "2026-07-02"},
        ],
        "changes": [
            {"change_id": "c1", "actor_id": "a", "field": "Tools ", "new_value": '["u", "v*" ; ]', "approved_at": "2026-07-05"},
            {"change_id": "c2", "actor_id": "a", "field": "tools", "new_value": "w"},
        ],
    }  # fmt: skip
    with derived(tmp_path, wanted={"all_approvals"}, **given) as engine:
        rows = engine.rows(
            "SELECT actor_id, type, like_pattern, CAST(approved_at::DATE AS VARCHAR) FROM all_approvals ORDER BY ALL"
        )
    assert rows == [
        ("a", "activation", None, "2026-07-01"),
        ("a", "tool", "backdated", "2026-08-05"),
        ("a", "tool", "t.%", "2026-08-01"),
        ("a", "tool", "u", "2026-07-05"),
        ("a", "tool", "v%", "2026-07-05"),
        ("b", "destination", "x.com", "2026-07-03"),
        ("b", "destination", "y.com", "2026-07-04"),
        ("b", "tool", "t!_1", "2026-07-02"),
    ]


# ---------------------------------------------------------------- what is counted of events


def test_heartbeats_and_what_is_undated_or_later_than_the_report_are_counted_nowhere(
    tmp_path: Path,
) -> None:
    row = act("08-01", tool="t", resource="db/1", destination="x.com", user_agent="curl", tool_version="1", event_class="tool")  # fmt: skip
    others = [
        {"occurred_at": "2026-08-02", "event_class": "heartbeat"} | dict.fromkeys(("tool", "resource", "destination"), ""),
        {"occurred_at": "2026-10-02"}, {"occurred_at": ""},
    ]  # fmt: skip
    grants = [{"actor_id": "a", "type": "data", "name": "db/*"}]
    with derived(tmp_path, actors=[agent("a")], grants=grants, events=[row, *(row | o for o in others)]) as engine:  # fmt: skip
        days = {
            (table, end): engine.rows(f"SELECT CAST({end}_at::DATE AS VARCHAR) FROM {table}")
            for table in ("activity", "data_use", "reach", "callers", "versions")
            for end in ("first", "last") if (table, end) != ("callers", "last")
        }  # fmt: skip
    assert days == dict.fromkeys(days, [("2026-08-01",)])


def test_where_the_log_tells_no_effect_the_grant_of_that_name_does_then_the_gravest(
    tmp_path: Path,
) -> None:
    tools = [("t.*", "delete"), ("t.a", "read"), ("t.a", "write"), ("*.b", "publish"), ("x", "")]
    given: dict[str, list[Row]] = {
        "actors": [agent("a", created_at="2026-05-01"), agent("a", created_at="2026-04-01")],
        "grants": [
            {"actor_id": "a", "type": "tool", "name": n, "effect": e, "purpose": str(i)}
            for i, (n, e) in enumerate(tools)
        ],
        "events": [*calls("t.a", "08-01"), *calls("t.b", "08-01"), *calls("x", "08-01"),
                   *calls("t.c", "08-01", effect="read")],
    }  # fmt: skip
    with derived(tmp_path, **given) as engine:
        effects = dict(engine.rows("SELECT tool, effect FROM activity"))
        registered = engine.one("SELECT CAST(registered_at::DATE AS VARCHAR) FROM actors")
    assert effects == {"t.a": "write", "t.b": "delete", "x": None, "t.c": "read"}
    assert registered == "2026-04-01"


# ---------------------------------------------------------------- what several lists say of one agent


@pytest.mark.parametrize(
    ("sources", "files", "names", "n_records"),
    [
        (("reporter-inventory", "reporter-inventory"), ("a.csv", "b.csv"), ("Ann", "Ann"), 1),
        (("reporter-inventory", "reporter-inventory"), ("a.csv", "b.csv"), ("Ann", "Bob"), 2),
        (("okta-apps", "okta-apps"), ("august.json", "september.json"), ("Ann", "Bob"), 1),
        (("okta-apps", "okta-apps"), ("a.json", "a.json"), ("Ann", "Bob"), 2),
        (("okta-apps", "entra-logs"), ("a.json", "b.json"), ("Ann", "Bob"), 1),
    ],
)
def test_a_list_that_was_exported_twice_is_no_second_record(
    sources: tuple[str, str],
    files: tuple[str, str],
    names: tuple[str, str],
    n_records: int,
    tmp_path: Path,
) -> None:
    with DuckDB(tmp_path / "work") as engine:
        rows = [agent("a") | {"name": name} for name in names]
        load_example(engine, {"given": {"actors": rows}})
        for number, (source, file) in enumerate(zip(sources, files, strict=True)):
            engine.run(
                f"UPDATE in_actors SET source = '{source}', file = '{file}' WHERE rowid = {number}"
            )
        derive(engine, RUN, [])
        assert engine.one("SELECT n_records FROM actors") == n_records


def test_what_a_server_says_of_a_tool_holds_for_the_rights_to_it(tmp_path: Path) -> None:
    """Whether a use needs approval does not, for that is a fact of the gate; and where two differ, nobody is believed."""
    rights = [
        {"actor_id": "a", "type": "tool", "name": "pay", "source": "gateway"},
        {
            "actor_id": "a",
            "type": "tool",
            "name": "pay",
            "source": "server",
            "effect": "transfer",
            "reversible": False,
            "outbound": True,
            "needs_approval": True,
        },
        {"actor_id": "a", "type": "tool", "name": "look", "source": "gateway"},
        {"actor_id": "a", "type": "tool", "name": "look", "source": "server", "effect": "read"},
        {"actor_id": "a", "type": "tool", "name": "look", "source": "other", "effect": "delete"},
        {"actor_id": "b", "type": "tool", "name": "pay", "source": "gateway"},
    ]
    with DuckDB(tmp_path / "work") as engine:
        load_example(engine, {"given": {"actors": [agent("a"), agent("b")], "grants": rights}})
        told = [(r["actor_id"], r["name"], r["source"]) for r in rights]
        for number, (_, _, source) in enumerate(told):
            engine.run(f"UPDATE in_grants SET source = '{source}' WHERE rowid = {number}")
        derive(engine, RUN, [])
        rows = engine.rows(
            "SELECT actor_id, name, source, effect, reversible, outbound, needs_approval FROM grants"
        )
    assert {row[:3]: row[3:] for row in rows} == {
        ("a", "pay", "gateway"): ("transfer", False, True, None),
        ("a", "pay", "server"): ("transfer", False, True, True),
        ("a", "look", "gateway"): (None, None, None, None),
        ("a", "look", "server"): ("read", None, None, None),
        ("a", "look", "other"): ("delete", None, None, None),
        ("b", "pay", "gateway"): (None, None, None, None),
    }
