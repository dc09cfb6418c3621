"""What people accept for a time, and what stands in for what fails. In: a quarter. Out: native records."""

from __future__ import annotations

from datetime import timedelta
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


def _ago(days: int) -> str:
    return f"{QUARTERS[-1].end - timedelta(days=days):%Y-%m-%d}"
