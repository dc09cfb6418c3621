"""The page to sign and the workpapers: what a workspace says is on them, what it leaves out is blank, and a number is that
of the report.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import fixture_assessment as given
import pytest

from reporter.errors import InputError
from reporter.i18n.translate import speaking
from reporter.model.branding import SignOff, read_sign_off
from reporter.report.chapters.follow_up.sign_off_page import signature_page
from reporter.report.chapters.follow_up.workpapers import COLUMNS, workpapers
from reporter.report.export import write_workpapers
from reporter.report.html.page import render
from reporter.report.view.format import applicable

SETTINGS: dict[str, Any] = {
    "prepared_by": "Ruth Whitlock", "reviewed_by": "Samir Okoye", "fieldwork": {"from": "2026-10-06", "to": "2026-10-17"},
    "distribution": ["Audit committee", "Head of IT"], "limits": "Two depots were not visited.", "independence": "Owns no agent.",
}  # fmt: skip


def test_all_that_is_given_is_read() -> None:
    assert read_sign_off(SETTINGS, "reporter.yml:3") == SignOff(
        "Ruth Whitlock",
        "Samir Okoye",
        "2026-10-06",
        "2026-10-17",
        ("Audit committee", "Head of IT"),
        ("Two depots were not visited.",),
        "Owns no agent.",
    )
    assert read_sign_off({}, "") == SignOff()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"signed_by": "x"}, "sign_off: unknown key 'signed_by'"),
        ({"prepared_by": ["a"]}, "prepared_by must be a text"),
        ({"distribution": [1]}, "distribution must be a list of texts"),
        ({"limits": [" "]}, "limits must be a list of texts"),
        ({"fieldwork": "October"}, "fieldwork needs from and to"),
        ({"fieldwork": {"from": "2026-10-06"}}, "fieldwork needs from and to"),
        ({"fieldwork": {"from": "2026-10-06", "to": "soon"}}, "fieldwork has 'soon', no day"),
        ({"fieldwork": {"from": "2026-10-06", "to": "2026-10-05"}}, "ends before it begins"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_place(change: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why) as caught:
        read_sign_off(SETTINGS | change, "reporter.yml:3")
    assert caught.value.place == "reporter.yml:3"


def test_the_page_has_what_is_given_and_room_for_what_is_not() -> None:
    assessment = given.plain(given.rich())
    blank = signature_page(assessment)
    assert {line.text for line in blank.lines if line.label != "Period"} == {""}
    assert [line.text for line in blank.signatures] == ["", "", ""]
    signed = signature_page(replace(assessment, sign_off=read_sign_off(SETTINGS, "")))
    texts = {line.label: line.text for line in signed.lines}
    assert texts["Prepared by"] == "Ruth Whitlock" and texts["Distribution"] == "Audit committee; Head of IT"  # fmt: skip
    assert texts["Fieldwork"] == "6 October 2026 – 17 October 2026"
    assert signed.limits[0] == "Two depots were not visited." and signed.limits[1:] == blank.limits
    with speaking("de"):
        assert signature_page(assessment).lines[0].label == "Erstellt von"


@pytest.mark.parametrize("medium", ["screen", "paper"])
def test_the_page_is_in_the_auditors_edition_only(medium: str) -> None:
    view = given.view(given.rich())
    assert 'id="sign-off"' in render(view, medium)
    assert 'id="sign-off"' not in render(view, medium, edition="board")


def test_the_limits_count_what_is_unknown_and_unused() -> None:
    view = given.view(given.rich())
    unknown = sum(c.counts.unknown for c in view.checks)
    assert any(text.startswith(f"{unknown} results are unknown") for text in view.sign_off.limits)


def test_the_limits_count_a_single_record_and_file_as_one() -> None:
    made = given.rich()
    files = (replace(made.files[0], source="", unreadable=1, rejected=0),)
    view = given.view(replace(made, files=files))
    assert "Not used as evidence: 1 record and 1 file." in view.sign_off.limits


def test_workpapers_have_each_check_of_each_control_with_the_numbers_of_the_report(
    tmp_path: Path,
) -> None:
    view = given.view(given.rich())
    write_workpapers(view, tmp_path / "workpapers.csv")
    with (tmp_path / "workpapers.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS and len(rows) == len(list(workpapers(view.frameworks, view.checks)))  # fmt: skip
    pairs = {(r["framework"], r["control"], r["check"]) for r in rows}
    for framework in view.frameworks:
        for control in framework.controls:
            checks = [line.check.text for line in control.checks] or [""]
            assert {(framework.short, control.id, c) for c in checks} <= pairs
    by_check = {c.id: c for c in view.checks}
    for row in rows:
        if not row["check"]:
            assert row["tested"].startswith("No check: answered by people.")
            continue
        tally = by_check[row["check"]].counts
        numbers = [int(row[n].replace(",", "")) for n in ("population", "exceptions", "not_judged")]
        assert numbers == [applicable(tally), tally.failed, tally.unknown]
        assert int(row["judged"]) == numbers[0] - numbers[2]
        assert bool(row["first_exceptions"]) == bool(tally.failed)
