"""What the explanations of scores print, and that it adds up."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction as F

import fixture_assessment as given
import pytest
from score_models import (
    ATTESTED,
    FAIL,
    K1_K2,
    K2,
    NA,
    PASS,
    POLICY,
    UNKNOWN,
    a_check,
    a_control,
    cells,
    enterprise,
    golden_53,
    one,
    run,
    single,
)

from reporter.model.assessment import Control
from reporter.model.scores import Scores, Tally
from reporter.report.view.arithmetic import why_check, why_control, why_group, why_level
from reporter.score import printed


def recompute(text: str) -> list[tuple[F, str]]:
    """Evaluate each printed formula `(w x v + ...)/t = value[, capped to c by ...] = p %`."""
    found = []
    pattern = r"\(([^()]+)\)/(\d+) = (\S+?)(?:, capped to (\S+) by [^=]+)? = ([\d.]+) %"
    for terms, total, value, cap, percent in re.findall(pattern, text):
        pairs = [re.sub(r" \[[^]]+\]", "", term).split(" x ") for term in terms.split(" + ")]
        assert sum(int(weight) for weight, _ in pairs) == int(total)
        exact = sum((int(weight) * F(v) for weight, v in pairs), F(0)) / int(total)
        assert exact == F(value)
        found.append((min(exact, F(cap)) if cap else exact, percent))
    return found


def test_why_control_prints_the_worked_formula() -> None:
    states = cells("K-1", (PASS, 3), (FAIL, 2), (UNKNOWN, 1)) + K2
    scores = run([a_control("C", "K-1", "K-2")], K1_K2, states)
    text = why_control(one(scores), "Title", scores.checks, POLICY)
    assert "P1 = (8 x 4/7 [K-1] + 2 x 2/3 [K-2])/10 = 62/105 = 59.0 % (L)" in text
    assert "at most (8 x 5/7 + 2 x 1)/10 = 27/35 = 77.1 % (L)." in text
    assert "Score 59.0 % [59.0-77.1], coverage 88.6 %, 59.1 % of it met, confidence Medium." in text


def whole() -> Scores:
    """Score a control with two levels, a cap that bites, an ask joined to a partial check."""
    checks = [a_check("K-1", "critical"), a_check("K-2"), a_check("K-3", "low", 2)]
    tallies = [
        *cells("K-1", (UNKNOWN, 3), (PASS, 4), (PASS, 4)),
        *cells("K-2", (ATTESTED, 1), (PASS, 1)),
        *cells("K-3", (FAIL, 2), (PASS, 1), (PASS, 4)),
    ]
    mapped = (("K-1", "direct"), ("K-2", "partial"), ("K-3", "partial"))
    return run([Control("C", "C", "", "", "Why?", mapped)], checks, tallies)


def test_printed_numbers_follow_from_the_printed_arithmetic() -> None:
    scores = whole()
    control = one(scores)
    text = why_control(control, "Title", scores.checks, POLICY)
    assert ", capped to 1/2 by K-1 = 50.0 % (P)" in text
    assert re.search(r"P2 = \(\d x \S+ \[K-3\] \+ \d x \S+ \[question\]\)", text)
    assert re.search(r"S = \(1 x \S+ \[P1\] \+ 1 x \S+ \[P2\]\)/2", text)
    values = [v for p in control.practices for v in (p.lo, p.hi)] + [control.lo, control.hi]
    assert recompute(text) == [(value, printed(value)) for value in values]


def test_why_group_recomputes() -> None:
    view = golden_53().frameworks[0]
    text = why_group(view.total, view.controls)
    assert recompute(text) == [(F(3, 8), "37.5"), (F(11, 16), "68.8")]
    assert "of 3 controls assessed: 0 fully, 2 in part, 0 by statement only, 1 not at all;" in text


def test_why_control_says_its_rating() -> None:
    scores = golden_53()
    first, second, third = scores.frameworks[0].controls
    why = [why_control(c, "T", scores.checks, POLICY) for c in (first, second, third)]
    assert "rated P on evidence, P if all missing evidence is favourable" in why[0]
    assert "rated P on evidence, L if all missing evidence is favourable" in why[1]
    assert "Not assessed: no result of K-3 has evidence" in why[2] and "0.0 %" not in why[2]


def test_why_level_names_what_each_theme_permits_its_caps_and_what_is_not_judged() -> None:
    assessment = replace(given.empty(), scores=enterprise([(0, "no log evidence")]))
    text = why_level(assessment)
    assert "Level 0 (Not yet visible) on evidence, at most 3 if all missing" in text
    assert "OWN 5/5, INV 5/5." in text and "PUR" not in text
    assert "Levels above 3 are not judged" in text
    assert "Capped at level 0: no log evidence" in text


@pytest.mark.parametrize(
    ("tallies", "text"),
    [
        ([], "K-1 T: not applicable, no subject is in scope."),
        (cells("K-1", (NA, 1), (NA, 1)), "K-1 T: not applicable, all 2 results are n/a."),
        (
            cells("K-1", (PASS, 3), (UNKNOWN, 4), (NA, 1)),
            (
                "K-1 T: 1 pass, 1 unknown, 1 n/a (results: 3). Credited weight / weight = "
                "4/12 = 1/3 = 33.3 %; at most 12/12 = 1 = 100.0 %. It caps its practice: "
                "critical, and without credit on a subject of tier 3 or 4 "
                "unless missing evidence is favourable."
            ),
        ),
    ],
)
def test_why_check_counts_results_and_weights(tallies: list[Tally], text: str) -> None:
    assert why_check(single(tallies, "critical"), "T") == text


def test_why_speaks_of_not_applicable_nodes() -> None:
    scores = run([a_control("C", "K-1")], [a_check("K-1")], cells("K-1", (NA, 1)))
    view = scores.frameworks[0]
    assert "not applicable" in why_control(one(scores), "T", scores.checks, POLICY)
    assert "not applicable" in why_group(view.total, view.controls)
