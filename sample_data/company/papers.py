"""What offices keep beside the register: changes, alerts, incidents, exceptions, log stores, contracts, lists.

In: the cast and a quarter. Out: native records.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from company.cast import HELD, Quarter, mail
from company.gaps import Record
from company.register import day, iso

Row = dict[str, Any]
UNLISTED = ("agt-ftp-collector", "agt-quay-helper", "agt-fax-reader")
"""Agents that the directory does not list."""


def changes(quarter: Quarter) -> list[Row]:
    """Return the changes of agents: how each was asked for, approved and entered."""
    if quarter.id == "2026-q2":
        return [
            _change(
                "chg-0417",
                "agt-mail-sorter",
                "owner",
                "erik.solano",
                "oskar.vantongeren",
                "2026-05-21",
            )
        ]
    late = {"approved_at": "2026-08-14T09:00:00Z", "ticket_type": "service_request"}
    bare = {"old_value": "", "new_value": "", "approved_by": "", "approved_at": ""}
    return [
        _change("chg-0688", "agt-dock-scheduler", "tools", "", "yard.swap_slot", "2026-07-30"),
        _change("chg-0702", "agt-contract-reader", "tools", "", "contracts.export", "2026-08-05")
        | late,
        _change("chg-0689", "agt-dock-scheduler", "entitlements", "", "yard/swaps/*", "2026-07-30"),
        _change(
            "chg-0703",
            "agt-contract-reader",
            "entitlements",
            "",
            "contracts/exports/*",
            "2026-08-05",
        )
        | late,
        _change(
            "chg-0715",
            "agt-customs-filing",
            "owner",
            "nadia.rossum",
            "sofia.reinholt",
            "2026-08-17",
        ),
        _change("chg-0721", "agt-tender-drafter", "prompt", "p-2026-01", "p-2026-02", "2026-08-19"),
        _change("chg-0730", "agt-lane-scout", "prompt", "", "", "2026-09-07") | bare,
        _change("chg-0731", "agt-lane-scout", "model", "", "", "2026-09-07") | bare,
        _change("chg-0733", "agt-cloud-janitor", "autonomy", "L2", "L3", "2026-09-29"),
        _change("chg-0734", "agt-border-desk", "autonomy", "L3", "L4", "2026-09-29"),
    ]


def _change(id_: str, agent: str, field: str, old: str, new: str, date: str) -> Row:
    return {
        "type": "change",
        "change_id": id_,
        "actor_id": agent,
        "field": field,
        "old_value": old,
        "new_value": new,
        "requested_by": mail("dario.nwosu"),
        "approved_by": mail("noor.haddadin"),
        "approved_at": iso(day(date) - timedelta(days=2)),
        "effective_at": iso(day(date)),
        "ticket_type": "identity_change",
        "register_version": f"r{id_[-4:]}",
    }


def alerts(quarter: Quarter) -> list[Row]:
    """Return the alerts; the planner's were contained in four minutes, the retired agent's never."""
    if quarter.id == "2026-q2":
        when = day("2026-05-12", 14)
        return [_alert("al-q2-001", "agt-rate-quoter", "high", when, "", "block", 40)]
    made = []
    for number in range(3):
        when = day("2026-07-09", 14) + timedelta(days=20 * number, minutes=7 * number, seconds=20)
        session = f"s-dispatch-planner-denied-{number}"
        id_ = f"al-q3-{number + 1:03d}"
        made.append(_alert(id_, "agt-dispatch-planner", "high", when, session, "block", 4))
    late = day("2026-08-21", 8)
    session = "s-mail-sorter-mail.forward-0"
    made.append(_alert("al-q3-004", "agt-mail-sorter", "high", late, session, "block", 190))
    made.append(
        _alert("al-q3-005", "agt-legacy-quoter", "critical", day("2026-08-02", 7), "", "", 0)
    )
    return made


def _alert(
    id_: str, agent: str, severity: str, when: datetime, session: str, action: str, minutes: int
) -> Row:
    acted = iso(when + timedelta(minutes=minutes)) if action else ""
    return {
        "type": "alert",
        "alert_id": id_,
        "actor_id": agent,
        "severity": severity,
        "raised_at": iso(when),
        "event_id": "",
        "session_id": session,
        "action": action,
        "acted_at": acted,
        "acted_by": mail("dario.nwosu") if action else "",
    }


def incidents(quarter: Quarter) -> list[Row]:
    """Return the incidents; that of the medical records changed nothing so that it cannot come back."""
    if quarter.id == "2026-q2":
        return [
            _incident("inc-2026-011", "agt-lost-parcel", "2026-05-06", "answers are drafted only")
        ]
    return [
        _incident("inc-2026-027", "agt-warehouse-voice", "2026-09-08", "scanner 14 was wiped"),
        _incident("inc-2026-031", "agt-hr-screener", "2026-09-25", "")
        | {"notify_due": "true", "notified_at": "2026-09-28T09:00:00Z"},
    ]


def _incident(id_: str, agent: str, date: str, corrective: str) -> Row:
    return {
        "type": "incident",
        "incident_id": id_,
        "actor_id": agent,
        "opened_at": iso(day(date, 8)),
        "timeline": f"cases/{id_}",
        "contained_at": iso(day(date, 10)),
        "notify_due": "false",
        "notified_at": "",
        "corrective": corrective,
    }


def exceptions(quarter: Quarter) -> list[Row]:
    """Return the exceptions: one that was made for ten weeks, one without end."""
    begin = quarter.begin + timedelta(days=40)
    return [
        {
            "type": "exception",
            "exception_id": f"exc-{quarter.id[-2:]}-bridge",
            "actor_id": "agt-edi-bridge",
            "check_id": "CRD-05",
            "item": "key-edi-bridge",
            "reason": "the bridge cannot read a vault until it is replaced",
            "requester_id": mail("kenji.moreau"),
            "approver_id": mail("noor.haddadin"),
            "starts_at": iso(begin),
            "ends_at": iso(begin + timedelta(days=70)),
            "compensating": "its network segment is closed to others",
        },
        {
            "type": "exception",
            "exception_id": f"exc-{quarter.id[-2:]}-partners",
            "actor_id": "agt-ftp-collector",
            "check_id": "CRD-03",
            "item": "key-ftp-collector",
            "reason": "small partners cannot change their keys",
            "requester_id": mail("jonas.ferreira"),
            "approver_id": mail("noor.haddadin"),
            "starts_at": iso(begin - timedelta(days=300)),
            "ends_at": "",
            "compensating": "",
        },
    ]


def log_stores() -> list[Row]:
    """Return how two logs are kept; the agent of the old bridge may write in its own."""
    return [
        {
            "type": "log_store",
            "log_source": "agent-gateway",
            "integrity": "write_once",
            "writers": "svc-log-archiver",
            "retention_days": 730,
        },
        {
            "type": "log_store",
            "log_source": "edi-legacy",
            "integrity": "none",
            "writers": "agt-edi-bridge;svc-edi",
            "retention_days": 60,
        },
    ]


def third_parties(quarter: Quarter) -> list[Row]:
    """Return the outsiders that hold access: the portal was never reviewed, and nobody knows how to
    do without the settlement bank.
    """
    reviewed = iso(quarter.end - timedelta(days=130))
    return [
        {
            "type": "third_party",
            "third_party_id": "tp-nordlys",
            "actor_id": "agt-eta-notifier",
            "name": "Nordlys Messaging",
            "principal_id": "svc-sms-hub",
            "reviewed_at": reviewed,
            "scopes": "sms.send",
            "owner_id": mail("lena.mbeki"),
            "fallback": "mail to the consignee",
        },
        {
            "type": "third_party",
            "third_party_id": "tp-portal",
            "actor_id": "agt-portal-chat",
            "name": "Customer portal vendor",
            "principal_id": "",
            "reviewed_at": "",
            "scopes": "",
            "owner_id": mail("lena.mbeki"),
            "fallback": "",
        },
        {
            "type": "third_party",
            "third_party_id": "tp-settlement",
            "actor_id": "agt-carrier-payer",
            "name": "Harbour Settlement Bank",
            "principal_id": "spiffe://freight.example.com/agent/carrier-payer",
            "reviewed_at": reviewed,
            "scopes": "pay.release",
            "owner_id": mail("lena.mbeki"),
            "fallback": "",
        },
    ]


def directory(records: list[Record]) -> list[Row]:
    """Return the directory's list of agents; it missed an owner and a retirement."""
    rows = []
    for record in records:
        if record["actor_id"] in UNLISTED:
            continue
        row = {
            "type": "agent",
            "listed_in": "directory",
            "actor_id": record["actor_id"],
            "name": record["name"],
            "state": record["state"],
            "owner_id": record.get("owner_id") or "",
        }
        if record["actor_id"] == "agt-toll-checker":
            row["owner_id"] = mail("kenji.moreau")
        if record["actor_id"] == "agt-legacy-quoter":
            row["state"] = "active"
        rows.append(row)
    return rows


def vault(records: list[Record]) -> list[Row]:
    """Return the export of the vault: the keys of the register, and one that nobody owns."""
    rows = []
    keep = (
        "credential_id",
        "type",
        "storage",
        "issued_at",
        "expires_at",
        "last_rotated_at",
        "revoked_at",
        "auth_method",
    )
    for record in records:
        for held in record["credentials"]:
            if held["storage"] == "vault":
                row = {
                    "type": "credential",
                    "listed_in": "secret_store",
                    "actor_id": record["actor_id"],
                }
                rows.append(row | {k: held.get(k) or "" for k in keep if k != "type"})
    orphan = {k: "" for k in keep if k != "type"} | {
        "credential_id": "key-fax-gateway",
        "storage": "vault",
    }
    rows.append(
        {"type": "credential", "listed_in": "secret_store", "actor_id": "agt-fax-gateway"} | orphan
    )
    return rows


def chained(rows: list[Row], quarter: Quarter) -> list[Row]:
    """Return the portal's export as a chain of hashes, sent in the evening; one record was edited later."""
    made: list[Row] = []
    last = "0" * 16
    for number, row in enumerate(rows, 1):
        own = hashlib.sha256(f"{last}{row['event_id']}".encode()).hexdigest()[:16]
        evening = f"{row['time'][:11]}23:40:00Z"
        made.append(
            row | {"ingested_at": evening, "sequence": number, "hash": own, "prev_hash": last}
        )
        last = own
    if quarter.id == "2026-q3":
        made[120]["hash"] = "f" * 16
    return made


FIELDS = (
    "framework", "control", "answer", "statement", "attested_by", "role", "date", "expires", "method", "artefact",
    "artefact_sha256", "artefact_place", "observed", "examined_by", "reason", "confirmed_by",
)  # fmt: skip
CALLS = """\
Refused calls of the gateway
Ten tool calls that the argument rules refused and the rule behind each
Drawn by Noor Haddadin and all of them held

Two payments over the limit of an order and stopped by the rule on amounts
Three mails to addresses outside the list of carriers
Four reads of customs files by agents of another desk
One change of a tariff table without a ticket
"""
DRILL = """\
Drill of the central planner
The planner was stopped for an hour and the yard went on by hand
"""


def artefacts() -> dict[str, str]:
    """Return the papers that answers point at, by their path below statements/."""
    return {"proofs/refused-calls.txt": CALLS, "proofs/planner-drill.txt": DRILL}


def attestations(quarter: Quarter) -> list[Row]:
    """Return answers to questions of controls: on somebody's word, examined, expired, a no, out of reach, a wrong row.

    After the drill was written up and examined somebody added a line to the paper: its hash no longer matches.
    """
    agentic, nhi, nist = "owasp-agentic-2026", "owasp-nhi-2025", "nist-ai-rmf-1.0"
    sha = hashlib.sha256(CALLS.encode()).hexdigest()
    drilled = hashlib.sha256(DRILL.splitlines(keepends=True)[0].encode()).hexdigest()
    proof = {
        "method": "examine",
        "artefact": "proofs/refused-calls.txt",
        "artefact_sha256": sha,
        "artefact_place": "lines 5 to 8",
        "observed": "Each of the ten calls names the rule that refused it",
    }
    edited = {
        "method": "examine",
        "artefact": "proofs/planner-drill.txt",
        "artefact_sha256": drilled,
    }
    other = {"examined_by": mail("noor.haddadin")}
    rows = [
        _answer(quarter, nist, "GOVERN 1.3", "yes", "dario.nwosu", 40)
        | {"statement": "The board approved the risk statement of January"},
        _answer(quarter, agentic, "ASI02", "yes", "dario.nwosu", 30) | proof | other,
        _answer(quarter, nhi, "NHI5:2025", "no", "lena.mbeki", 25)
        | {"statement": "A deny rule is planned"},
        _answer(quarter, nist, "GOVERN 2.2", "yes", "lena.mbeki", 400)
        | {
            "statement": "All owners were trained",
            "expires": f"{quarter.end - timedelta(days=35):%Y-%m-%d}",
        },
        _answer(quarter, nist, "GOVERN 4.9", "yes", "lena.mbeki", 20),
        _answer(quarter, nist, "GOVERN 5.1", "not applicable", "dario.nwosu", 20)
        | {"reason": "No agent faces customers of the group; those of the portal are the vendor's"}
        | {"confirmed_by": mail("noor.haddadin")},
    ]
    if quarter.id == "2026-q3":
        rows += [
            _answer(quarter, agentic, "ASI08", "yes", "dario.nwosu", 15) | edited | other,
            _answer(quarter, nist, "MAP 1.3", "yes", "dario.nwosu", 15)
            | proof
            | {"examined_by": mail("dario.nwosu")},
            _answer(quarter, nist, "MAP 1.4", "not applicable", "dario.nwosu", 12)
            | {"reason": "The business value is plain"},
            _answer(quarter, nist, "GOVERN 4.1", "yes", "theo.marchetti", 10)
            | {"role": "Head of planning", "statement": "Said after his last day"},
        ]
    return rows


def _answer(quarter: Quarter, framework: str, control: str, answer: str, who: str, ago: int) -> Row:
    said = {"framework": framework, "control": control, "answer": answer, "method": "attest"}
    date = f"{quarter.end - timedelta(days=ago):%Y-%m-%d}"
    return (
        dict.fromkeys(FIELDS, "")
        | said
        | {"attested_by": mail(who), "role": HELD.get(who, ""), "date": date}
    )
