"""The other actors and the statements: people, service accounts, reviews, policies and aliases.

In: the cast and a quarter. Out: native records.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from company.cast import GATEWAY, HELD, LEFT, MAILBOXES, PEOPLE, SERVICES, Quarter, mail
from company.register import CLIENTS, POLICY_OF, iso

Row = dict[str, Any]


CLAUSES = [
    "identity",
    "actions",
    "data",
    "escalation",
    "human_review",
    "logging",
    "third_parties",
    "retirement",
]
WORKLOAD_KEY = {"credential_id": "wid-agent-gateway", "credential_type": "workload_identity"}
AWS_KEYS = {"svc-edi": "AKIAFREIGHT00EXAMPLE", "svc-backup": "AKIAFREIGHT01EXAMPLE"}


def people(quarter: Quarter) -> list[Row]:
    rows = [_person(name, quarter) for name in PEOPLE]
    for box, title in MAILBOXES.items():
        rows.append({"type": "group", "actor_id": mail(box), "name": title, "state": "active"})
    return rows


def _person(name: str, quarter: Quarter) -> Row:
    title, unit, boss = PEOPLE[name]
    row = {
        "type": "human",
        "actor_id": mail(name),
        "name": title,
        "environment": "production",
        "business_unit": unit,
        "state": "active",
        "state_since": "2024-01-08T08:00:00Z",
        "created_at": "2024-01-08T08:00:00Z",
        "updated_at": iso(quarter.end - timedelta(days=10)),
        "owner_id": mail(boss) if boss else "",
        "principal_id": mail(name),
        "principal_type": "user",
        "strong_auth": "true",
        "policy_id": "IDP-PEOPLE",
        "policy_version": "4.1",
        "review_cadence_days": "180",
        "log_sources": "okta-system-log",
        "risk_tier": "low",
        "roles": HELD.get(name, ""),
        "retired_at": "",
        "trained_at": "" if name == "pavel.quist" else iso(quarter.end - timedelta(days=150)),
    }
    if LEFT.get(name, "9999") < quarter.end.date().isoformat():
        row |= {
            "state": "retired",
            "state_since": f"{LEFT[name]}T16:00:00Z",
            "retired_at": f"{LEFT[name]}T16:00:00Z",
        }
    if name == "salma.oyelaran":
        row |= {"state": "leave", "state_since": "2026-06-10T08:00:00Z"}
    if name in ("pavel.quist", "henrik.adeyemi"):
        row["strong_auth"] = "false"
    return row


def broken_person() -> str:
    return (
        f"human,{mail('nils.berger')},Nils Berger,production,operations,active" + ",x" * 20 + "\n"
    )


def services(quarter: Quarter) -> list[Row]:
    rows = [_service(name, quarter) for name in SERVICES]
    rows.append(
        _service("wl-agent-gateway", quarter)
        | {
            "type": "workload",
            "principal_id": GATEWAY,
            "is_intermediary": "true",
            "owner_id": mail("amelie.kowal"),
            "purpose": "Forwards the calls of agents and checks the policy",
        }
    )
    rows += [_service_key(name, quarter) for name in SERVICES]
    rows.append(_service_key("wl-agent-gateway", quarter) | WORKLOAD_KEY)
    return rows


def _service(name: str, quarter: Quarter) -> Row:
    unit, owner, identity, what = SERVICES.get(name, ("it", "amelie.kowal", GATEWAY, "gateway"))
    return {
        "type": "service_account",
        "actor_id": name,
        "name": name,
        "environment": "production",
        "business_unit": unit,
        "state": "active",
        "created_at": "2024-05-02T08:00:00Z",
        "updated_at": iso(quarter.end - timedelta(days=40)),
        "owner_id": mail(owner) if owner else _adopted(quarter),
        "purpose": f"Runs {what} of the group",
        "principal_id": identity,
        "principal_type": "service_account",
        "policy_id": "IDP-SERVICE",
        "policy_version": "4.1",
        "review_cadence_days": "180",
        "strong_auth": "false" if name == "svc-edi" and not _caught_up(quarter) else "true",
        "is_intermediary": "false",
        "risk_tier": "medium",
        "log_sources": "aws-cloudtrail" if identity.startswith("arn:") else "agent-gateway",
    }


def _caught_up(quarter: Quarter) -> bool:
    """In the third quarter the partner account got an owner, a review and a key that ends."""
    return quarter.id == "2026-q3"


def _adopted(quarter: Quarter) -> str:
    return mail("kenji.moreau") if _caught_up(quarter) else ""


def _service_key(name: str, quarter: Quarter) -> Row:
    old = name == "svc-edi" and not _caught_up(quarter)
    issued = quarter.end - timedelta(days=700 if old else 50)
    return {
        "type": "credential",
        "actor_id": name,
        "credential_id": AWS_KEYS.get(name, f"key-{name}"),
        "credential_type": "access_key" if name in AWS_KEYS else "private_key",
        "environment": "production",
        "storage": "file" if old else "vault",
        "privileged": "false",
        "issued_at": iso(issued),
        "expires_at": "" if old else iso(issued + timedelta(days=85)),
        "last_rotated_at": iso(issued),
        "rotation_days": "60",
    }


def policies(quarter: Quarter) -> list[Row]:
    """Return the annex of each unit: three signed at first, then five, none for customs."""
    late = quarter.id == "2026-q3"
    made = [_policy(id_, unit, late) for unit, id_ in POLICY_OF.items()]
    for id_, kind in (("IDP-PEOPLE", "human"), ("IDP-SERVICE", "service_account")):
        made.append(
            _policy(id_, "", late)
            | {
                "scope": "identities",
                "title": f"Identity policy, {kind}",
                "covers_kind": kind,
                "effective_at": "2025-01-15T00:00:00Z",
                "status": "approved",
                "version": "4.1",
            }
        )
    return made


def _policy(id_: str, unit: str, late: bool) -> Row:
    draft = not late and unit in ("care", "people")
    return {
        "type": "policy",
        "policy_id": id_,
        "title": f"AI agent policy, annex {unit}",
        "scope": "agents",
        "status": "draft" if draft else "approved",
        "approved_by": "" if draft else mail("ulla.achterberg"),
        "effective_at": "2026-07-01T00:00:00Z"
        if unit in ("care", "people")
        else "2025-10-01T00:00:00Z",
        "review_due": "2027-06-30T00:00:00Z" if late else "2026-05-31T00:00:00Z",
        "version": "2.0" if late else "1.0",
        "clauses": CLAUSES if late else CLAUSES[:6],
        "covers_unit": unit,
        "covers_kind": "agent",
    }


def aliases() -> list[Row]:
    return [
        {"type": "alias", "actor_id": agent, "alias": client} for agent, client in CLIENTS.items()
    ]


def common_reviews(quarter: Quarter) -> Iterator[Row]:
    """Reviews of people and service accounts; of the latter all only in the third quarter."""
    done = quarter.end - timedelta(days=33)
    late = ("svc-edi", "svc-bi-export", "wl-agent-gateway")
    for name in (*map(mail, PEOPLE), *SERVICES, "wl-agent-gateway"):
        if name in late and not _caught_up(quarter):
            continue
        yield {
            "type": "review",
            "review_id": f"rev-{name.split('@')[0]}-{quarter.id[-2:]}",
            "actor_id": name,
            "due_at": iso(done + timedelta(days=5)),
            "completed_at": iso(done),
        }
