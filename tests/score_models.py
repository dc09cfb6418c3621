"""Small models for the score tests: the policy of the method, builders, and the worked examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction as F

from hypothesis import settings

from reporter.model.assessment import (
    Check,
    Control,
    Framework,
    Group,
    Policy,
    Profile,
    Theme,
)
from reporter.model.scores import CheckScore, ControlScore, Scores, Status, Tally
from reporter.score import score

PASS, FAIL, UNKNOWN = Status.PASS, Status.FAIL, Status.UNKNOWN
NA, ATTESTED, COMPENSATED = Status.NA, Status.ATTESTED, Status.COMPENSATED

POLICY = Policy(
    version="1.0",
    sha256="",
    tier_weights=(1, 2, 4, 8),
    severity_weights={"critical": 8, "high": 4, "medium": 2, "low": 1},
    strength_weights={"direct": 2, "partial": 1},
    attested_credit=F(1, 2),
    compensated_credit=F(1, 2),
    critical_cap=F(1, 2),
    rating_edges=(F(15, 100), F(50, 100), F(85, 100)),
    level_names=("None", "Visible", "Identified", "Bounded", "Observed", "Reconciled"),
)
PROFILE = Profile("p", "P", 3, {})
WHOLE = 200
"""Examples of the profile `whole`; the usual one has 100, that of mutants finds them with 40."""


def cases(whole: int) -> settings:
    """So many random cases, always the same, with the Hypothesis profile `whole`; half of them without it."""
    n = whole * settings.default.max_examples // WHOLE
    return settings(max_examples=max(n, min(whole, 8)), deadline=None, derandomize=True)


def a_check(id_: str, severity: str = "medium", level: int = 1) -> Check:
    return Check(id_, id_, "", "agent", severity, level, "inventory", "", "", "")


def a_control(
    id_: str, *checks: str, ask: str = "", how: str = "partial", weight: int = 1, group: str = ""
) -> Control:
    return Control(id_, id_, group, "", ask, tuple((check, how) for check in checks), weight)


def a_framework(*controls: Control, groups: Sequence[Group] = (), id_: str = "FW") -> Framework:
    return Framework(id_, id_, id_, "1", "", "", "id-only", "", tuple(groups), controls)


def cells(check: str, *states: tuple[Status, int]) -> list[Tally]:
    return [Tally(check, status, tier, tier, 1) for status, tier in states]


def run(
    controls: Sequence[Control],
    checks: Iterable[Check],
    tallies: Iterable[Tally],
    profile: Profile = PROFILE,
    groups: Sequence[Group] = (),
    answers: Mapping[tuple[str, str], Status] | None = None,
) -> Scores:
    framework = a_framework(*controls, groups=groups)
    return score([framework], checks, [], tallies, POLICY, profile, answers=answers or {})


def one(scores: Scores) -> ControlScore:
    return scores.frameworks[0].controls[0]


def single(tallies: Sequence[Tally], severity: str = "medium") -> CheckScore:
    return run([], [a_check("K-1", severity)], tallies).checks["K-1"]


# Golden 5.1: its two checks, and the cells of the second.
K1_K2 = (a_check("K-1", "critical"), a_check("K-2"))
K2 = cells("K-2", (ATTESTED, 3), (PASS, 2), (NA, 1))


def golden_53() -> Scores:
    checks = [a_check("K-1", "critical"), a_check("K-2"), a_check("K-3", "high")]
    tallies = [
        *cells("K-1", (FAIL, 3), (PASS, 3), (PASS, 4)),
        *cells("K-2", (FAIL, 3), (UNKNOWN, 3), (PASS, 4)),
        *cells("K-3", (UNKNOWN, 1)),
    ]
    controls = [a_control("C1", "K-1", weight=2), a_control("C2", "K-2"), a_control("C3", "K-3")]
    return run(controls, checks, tallies)


def enterprise(caps: Sequence[tuple[int, str]] = ()) -> Scores:
    checks = [a_check(f"OWN-0{n}", level=n) for n in (1, 2, 3)] + [a_check("INV-01", "critical")]
    tallies = [t for check in checks for t in cells(check.id, (PASS, 3))]
    themes = [Theme("OWN", "Ownership"), Theme("INV", "Inventory"), Theme("PUR", "Purpose")]
    targets = Profile("p", "P", 4, {"OWN": 5})
    framework = a_framework(a_control("C", "OWN-01", "OWN-02", how="direct", ask="Why?"))
    return score([framework], checks, themes, tallies, POLICY, targets, caps)
