"""What people accept for a time, what stands in for what fails, and what owners answer to findings. In: a quarter. Out:
native records.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Any

from company.cast import QUARTERS, Quarter, mail

Row = dict[str, Any]


def waivers(quarter: Quarter) -> list[Row]:
    """Return waivers: two in force, one of them overdue for review, one expired, one by the owner, one that is not waivable."""
    if quarter.id == "2026-q2":
        return []
    noor = mail("noor.haddadin")
    return [
        _waiver("SUP-04", "tp-portal", "The contract ends in January", noor, 45, 60, -30)
        | {"ticket": "risk-0412"},
        _waiver("GOV-04", "agt-fuel-analyst", "Trained with the autumn course", noor, 60, 30, 15),
        _waiver("LIF-01", "agt-contract-reader", "Its end is set with the budget", noor, 200, -20, 60),
        _waiver("RUN-11", "agt-weather-watch", "The feed is free", mail("ines.castellan"), 40, 90, -20),
        _waiver("OWN-04", "agt-customs-filing", "The new owner is on holiday", noor, 20, 40, -10),
    ]  # fmt: skip


def _waiver(
    check: str, subject: str, reason: str, who: str, ago: int, left: int, reviewed: int
) -> Row:
    """`ago` and `reviewed` are days before the end of the quarter, `left` days after it."""
    return {
        "check": check, "subject": subject, "reason": reason, "approved_by": who, "approved_at": _ago(ago),
        "expires": _ago(-left), "review_at": _ago(reviewed), "ticket": "",
    }  # fmt: skip


def compensations(quarter: Quarter) -> list[Row]:
    """Return compensating controls of one agent: its stop is tested; a check that cannot stand in."""
    if quarter.id == "2026-q2":
        return []
    signed = {"approved_by": mail("noor.haddadin"), "approved_at": _ago(30), "expires": _ago(-150)}
    agent = {"subject": "agt-ftp-collector"}
    return [
        {"check": "RUN-06", **agent, "by_check": "LIF-06", "reason": "It can be stopped in minutes, as tested", **signed},
        {"check": "PUR-01", **agent, "by_check": "RSK-01", "reason": "Its risks are written down", **signed},
    ]  # fmt: skip


def responses(quarter: Quarter) -> list[Row]:
    """Return what owners answered to findings of the quarter before: one overdue, one done that still fails, two fixed, an id
    that nobody knows, a status that there is not, one not filled in.
    """
    if quarter.id == "2026-q2":
        return []
    henrik, chiara, dario = mail("henrik.adeyemi"), mail("chiara.dumont"), mail("dario.nwosu")
    return [
        _response("shared-identity", "spiffe://freight.example.com/agent/docs-ocr", "in progress", "A token of its own is requested", henrik, 16),
        _response("unapproved-action", "agt-carrier-payer", "done", "Payments wait for a second person", chiara, 40)
        | {"evidence": "change chg-0871"},
        _response("unapproved-action", "agt-script-runner", "accepted", "Planned with the platform team", dario, -75),
        _response("wide-rights", "agt-refund-desk", "risk accepted", "Refunds are small", mail("oskar.vantongeren"), -30),
        _response("wide-rights", "agt-lost-parcel", "disputed", "The scope is read only", mail("parcel-desk"), -30),
        _response("no-owner", "agt-ftp-collector", "done", "An owner is named", mail("tobias.okafor"), 60),
        _response("early-start", "agt-tender-drafter", "done", "Approved in May", mail("ravi.thorsen"), 70),
        _response("wide-rights", "agt-nobody-knows", "accepted", "We look into it", mail("ravi.thorsen"), -10),
        _response("wide-rights", "agt-portal-chat", "soon", "After the holidays", mail("lena.mbeki"), -10),
        _response("wide-rights", "agt-portal-quote", "", "", mail("lena.mbeki"), -10),
    ]  # fmt: skip


def _response(group: str, thing: str, status: str, text: str, owner: str, ago: int) -> Row:
    """Answer the finding of a group of causes on an agent, or on what several share."""
    digest = sha256(thing.encode()).hexdigest()[:12]
    return {
        "finding": f"{group}-{digest}", "status": status, "response": text, "owner": owner, "due": _ago(ago), "evidence": "",
    }  # fmt: skip


def _ago(days: int) -> str:
    return f"{QUARTERS[-1].end - timedelta(days=days):%Y-%m-%d}"
