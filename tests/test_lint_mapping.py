"""`reporter lint-mapping` names what is wrong in anybody's mapping, says what it could not judge, and its counts add up."""

from __future__ import annotations

import json
import re
import sys
import time
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import reporter
from hypothesis import given, settings
from hypothesis import strategies as st

from reporter.authoring.mapping_lint import disagreements
from reporter.authoring.mapping_lint.lint_mapping import SHOWN, Finding, Result, judge
from reporter.authoring.mapping_lint.mapping_columns import STRENGTHS, claim_of
from reporter.authoring.mapping_lint.mapping_faults import KNOWN_WORDS
from reporter.authoring.mapping_lint.references import Lists, read_lists
from reporter.content import loader
from reporter.content.loader import Content
from reporter.errors import ContentError, Errors, InputError
from reporter.system.folders import content_dir

ROOT = Path(__file__).parents[1]
AGENTIC, NHI, RMF = "owasp-agentic-2026", "owasp-nhi-2025", "nist-ai-rmf-1.0"
CSF, ISO, PROFILE, ACT = "nist-csf-2.0", "iso-42001", "nist-ai-600-1", "eu-ai-act"


@pytest.fixture(scope="module")
def content() -> Content:
    return loader.load(examples=False, lists=None)


@pytest.fixture(scope="module")
def lists(content: Content) -> Lists:
    return read_lists(content)


def linted(tmp_path: Path, content: Content, text: str | bytes, name: str = "map.csv") -> Result:
    """Lint a file of this text; the counts must add up."""
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    result = judge(path, content)
    assert result.read == result.judged + result.elsewhere + result.rejected
    return result


def kinds(result: Result) -> dict[str, int]:
    """Return how many findings of each kind there are."""
    return dict(Counter(f.fault.kind for f in result.findings))


def only(result: Result) -> Finding:
    """Return the only finding."""
    assert len(result.findings) == 1, result.text()
    return result.findings[0]


# ---------------------------------------------------------------- ids


@pytest.mark.parametrize(
    ("text", "list_id", "own_id"),
    [
        ("ASI01", AGENTIC, "ASI01"), ("ASI-01", AGENTIC, "ASI01"), ("asi 1", AGENTIC, "ASI01"),
        ("ASI01:2026", AGENTIC, "ASI01"), ("ASI_10", AGENTIC, "ASI10"),
        ("NHI1:2025", NHI, "NHI1:2025"), ("NHI-1", NHI, "NHI1:2025"), ("nhi10", NHI, "NHI10:2025"),
        ("NHI1-2025", NHI, "NHI1:2025"),
        ("GOVERN 1.1", RMF, "GOVERN 1.1"), ("GV-1.1", RMF, "GOVERN 1.1"),
        ("Govern 1.1", RMF, "GOVERN 1.1"), ("MS.2.13", RMF, "MEASURE 2.13"),
        ("MAP 4", RMF, "MAP 4"), ("govern-1.6", RMF, "GOVERN 1.6"),
        ("GV-1.6-001", PROFILE, "GV-1.6-001"),
        ("GV.OC-01", CSF, "GV.OC-01"), ("pr.aa-5", CSF, "PR.AA-05"), ("GV.OC", CSF, "GV.OC"),
        ("ISO 42001 A.6.2.3", ISO, "A.6.2.3"), ("AI Act Article 9", ACT, "Article 9"),
        ("LLM01:2025", "owasp-llm-2025", "LLM01:2025"),
        ("owasp-agentic-2026-ASI03", AGENTIC, "ASI03"), ("cat.json#asi03", AGENTIC, "ASI03"),
        ("urn:some:library:nist-csf-2.0:gv.oc-01", CSF, "GV.OC-01"),
    ],
)  # fmt: skip
def test_ids_are_read_in_the_ways_people_write_them(
    text: str, list_id: str, own_id: str, lists: Lists
) -> None:
    reference = lists.refer(text, "", None, {})
    assert (reference.list_id, reference.id, reference.fault) == (list_id, own_id, None)


def test_every_official_id_is_known_as_itself(lists: Lists, content: Content) -> None:
    for list_id in content.official:
        for own_id in lists.ids[list_id]:
            reference = lists.refer(own_id, "", frozenset({list_id}), {})
            assert (reference.id, reference.fault) == (own_id, None), (list_id, own_id)


@pytest.mark.parametrize(
    ("cell", "pieces"),
    [
        ("ASI01, ASI02;NHI3", [("ASI01", ""), ("ASI02", ""), ("NHI3", "")]),
        ("ASI01 / ASI02 and ASI03", [("ASI01", ""), ("ASI02", ""), ("ASI03", "")]),
        ("ASI01 ASI02", [("ASI01", ""), ("ASI02", "")]),
        ("GOVERN 1.1\nGOVERN 1.2", [("GOVERN 1.1", ""), ("GOVERN 1.2", "")]),
        ("ASI01: Agent Goal Hijack", [("ASI01", "Agent Goal Hijack")]),
        ("Agent Goal Hijack (ASI01)", [("ASI01", "Agent Goal Hijack")]),
        ("GV.RR Roles, Responsibilities, and Authorities",
         [("GV.RR", "Roles, Responsibilities, and Authorities")]),
        ("NHI1:2025 - Improper Offboarding", [("NHI1:2025", "Improper Offboarding")]),
        ("ASI01: A; ASI02: B", [("ASI01", "A"), ("ASI02", "B")]),
        ("GOVERN 1.1-1.4", [("GOVERN 1.1-1.4", "")]),
        ("ASI01 to ASI03", [("ASI01 to ASI03", "")]),
        ("Map the risks", [("Map the risks", "")]),
        ("N/A", []), ("-", []), ("", []),
    ],
)  # fmt: skip
def test_a_cell_is_cut_into_ids_and_titles(
    cell: str, pieces: list[tuple[str, str]], lists: Lists
) -> None:
    assert lists.pieces(cell) == pieces


@pytest.mark.parametrize(
    ("one", "other", "kind", "wrong", "expected"),
    [
        ("ASI1O", "GOVERN 1.1", "wrong id", "'ASI1O' is not an id of OWASP", "ASI01 to ASI10"),
        ("ASI01", "GOVERN 1.8", "wrong id", "'GOVERN 1.8' is not an id", "GOVERN 1.1 to GOVERN 1.7"),
        ("ASI01", "GV-1.9", "wrong id", "'GV-1.9' is not an id", "GOVERN 1.1 to GOVERN 1.7"),
        ("ASI01", "MEASURE 2.14", "wrong id", "'MEASURE 2.14'", "MEASURE 2.1 to MEASURE 2.13"),
        ("ASI01", "GOVERN 1.1-1.4", "wrong id", "'GOVERN 1.1-1.4'", "GOVERN 1.1 to GOVERN 1.7"),
        ("ASI99", "GOVERN 1.1", "wrong id", "'ASI99' is not an id", "ASI01 to ASI10"),
        ("ASI12", "GOVERN 1.1", "retired id", "candidate", "ASI01 to ASI10"),
        ("ASI07:2025", "GOVERN 1.1", "retired id", "edition 2025", "ASI07"),
        ("T6", "GOVERN 1.1", "retired id", "threat of the OWASP list", "ASI01 to ASI10"),
        ("LLM06", "GOVERN 1.1", "retired id", "without its edition", "LLM06:2025 or LLM06:2026"),
        ("LLM06:2023", "GOVERN 1.1", "retired id", "before 2025", "LLM06:2025 or LLM06:2026"),
    ],
)  # fmt: skip
def test_ids_that_no_list_has_are_named(
    one: str, other: str, kind: str, wrong: str, expected: str, tmp_path: Path, content: Content
) -> None:
    text = f"ASI id;RMF\nASI02;GOVERN 1.6\nASI03;GOVERN 1.5\n{one};{other}\n"
    finding = only(linted(tmp_path, content, text))
    assert finding.fault.kind == kind and wrong in finding.fault.wrong
    assert finding.fault.expected == expected
    assert finding.place == f"{tmp_path}/map.csv:4" and finding.fault.advice


@pytest.mark.parametrize(
    ("framework", "ref", "kind", "says"),
    [
        ("NIST CSF 2.0", "PR.AC-01", "retired id", "version 1.1"),
        ("NIST CSF 2.0", "GV.OC-09", "wrong id", "not an id of NIST Cybersecurity Framework"),
        ("ISO/IEC 42001:2023", "A.10.1", "wrong id", "begin at A.10.2"),
        ("ISO/IEC 42001:2023", "A.5.1", "mixed-up id", "is an id of ISO/IEC 27001:2022"),
        ("OWASP Agentic Top 10", "LLM06:2025", "mixed-up id", "is an id of OWASP Top 10 for LLM"),
        ("OWASP Agentic Top 10", "NHI3", "mixed-up id", "is an id of OWASP Non-Human"),
        ("NIST AI RMF", "GV.OC-01", "mixed-up id", "is an id of NIST Cybersecurity"),
        ("OWASP NHI Top 10", "NHI8:2024", "retired id", "edition 2024"),
        ("OWASP NHI Top 10", "AGENT-02", "wrong id", "not an id of OWASP Non-Human"),
        ("EU AI Act", "Article 200", "wrong id", "not an id of Regulation"),
    ],
)  # fmt: skip
def test_ids_are_held_against_the_list_that_the_row_names(
    framework: str, ref: str, kind: str, says: str, tmp_path: Path, content: Content
) -> None:
    text = f"control,framework,reference\nC-1,{framework},{ref}\n"
    finding = only(linted(tmp_path, content, f"{text}C-2,NIST AI RMF 1.0,GOVERN 1.6\n"))
    assert finding.fault.kind == kind
    assert says in f"{finding.fault.wrong} {finding.fault.advice}"


@pytest.mark.parametrize(
    ("framework", "ref"),
    [
        ("CIS Controls v8.1", "5.4"),
        ("ISO/IEC 27017:2015", "A.8.2"),
        ("EU AI Act Code of Practice", "Article 9"),
        ("NIST CSF 1.1", "PR.AC-01"),
        ("ISO/IEC 42001:2023", "6.1"),
        ("EU AI Act", "Article 77"),
        ("", "A.8.2"),
        ("", "Article 32"),
        ("", "AC-2"),
    ],
)
def test_what_is_of_no_list_that_is_held_is_not_judged_but_counted(
    framework: str, ref: str, tmp_path: Path, content: Content
) -> None:
    text = f"control,framework,reference\nC-1,{framework},{ref}\nC-2,NIST AI RMF,GOVERN 1.6\n"
    result = linted(tmp_path, content, text)
    assert (result.judged, result.elsewhere, result.findings) == (1, 1, [])
    assert any(note.startswith("not judged") and ref in note for note in result.notes)


def test_the_edition_that_the_file_names_is_that_of_its_ids(
    tmp_path: Path, content: Content
) -> None:
    text = "control,framework,id,title\nC-1,OWASP LLM Top 10 2025,LLM06,Excessive Agency\n"
    assert linted(tmp_path, content, text).findings == []
    finding = only(linted(tmp_path, content, text.replace("2025", "2026")))
    assert finding.fault.kind == "mixed-up id"
    assert finding.fault.expected == "LLM06:2026 Unbounded Consumption"
    assert "LLM03:2026" in finding.fault.advice


def test_a_heading_is_no_name_of_a_list_where_no_id_below_has_its_form(
    tmp_path: Path, content: Content
) -> None:
    text = "control,RMF step,asi\nC-1,AC-2,ASI01\nC-2,AU-6,ASI02\n"
    assert linted(tmp_path, content, text).findings == []


def test_own_tests_called_t_are_no_threats(tmp_path: Path, content: Content) -> None:
    text = "test,GOVERN\nT1,GOVERN 1.1\nT2,GOVERN 1.2\n"
    assert linted(tmp_path, content, text).findings == []


# ---------------------------------------------------------------- titles


@pytest.mark.parametrize(
    ("own_id", "title", "kind", "says"),
    [
        ("ASI01", "Agent Goal Hijacking", "wrong title", "ASI01 Agent Goal Hijack"),
        ("ASI05", "Unexpected Code Execution", "wrong title", "(RCE)"),
        ("ASI01", "Agent Behaviour Hijack", "wrong title", "ASI01 Agent Goal Hijack"),
        ("ASI01:2026", "Memory Poisoning", "wrong title", "memory poisoning is ASI06"),
        ("ASI06", "Cascading Failures", "mixed-up id", "That is ASI08"),
        ("ASI08", "Excessive Agency", "mixed-up id", "LLM06:2025"),
        ("NHI-6", "Insecure Credential Storage", "wrong title", "Secret Leakage is nearest"),
        ("GV-1.6", "Policies for data privacy", "wrong title", "GOVERN 1.6 is the inventory"),
    ],
)
def test_wrong_titles_are_named_with_the_right_one(
    own_id: str, title: str, kind: str, says: str, tmp_path: Path, content: Content
) -> None:
    for text in (
        f"check,control id,control title\nC-1,{own_id},{title}\n",
        f"check,control\nC-1,{own_id}: {title}\n",
    ):
        fault = only(linted(tmp_path, content, text)).fault
        assert fault.kind == kind and says in f"{fault.expected} {fault.advice}"


@pytest.mark.parametrize(
    ("own_id", "title"),
    [
        ("ASI02", "Tool Misuse & Exploitation"),
        ("asi-06", "memory and context poisoning"),
        ("ASI01", "ASI01 - Agent Goal Hijack"),
        ("GOVERN 1.6", "Inventory of AI systems"),
        ("NHI1", ""),
    ],
)
def test_right_titles_and_those_that_nobody_gave_are_no_findings(
    own_id: str, title: str, tmp_path: Path, content: Content
) -> None:
    text = f"check,control id,control title\nC-1,{own_id},{title}\n"
    assert linted(tmp_path, content, text).findings == []


def test_a_wrong_id_is_guessed_by_its_title(tmp_path: Path, content: Content) -> None:
    text = "check,asi,asi title\nC-1,ASI91,Rogue Agents\nC-2,ASI01,Agent Goal Hijack\n"
    assert "ASI10" in only(linted(tmp_path, content, text)).fault.advice


def test_titles_of_own_controls_are_left_alone(tmp_path: Path, content: Content) -> None:
    text = "check,check title,asi\nC-1,Agent Goal Hijacking,ASI01\nC-2,Rogue Agents,ASI02\n"
    assert linted(tmp_path, content, text).findings == []


# ---------------------------------------------------------------- duplicates


def test_pairs_that_stand_twice_are_named_however_they_are_written(
    tmp_path: Path, content: Content
) -> None:
    text = "asi,rmf,relation\nASI01,MAP 3.3,partial\nasi-1,Map 3.3,partial\nASI02,MAP 3.3,partial\n"
    finding = only(linted(tmp_path, content, text))
    assert finding.fault.kind == "duplicate" and finding.place.endswith(":3")
    assert f"{tmp_path}/map.csv:2" in finding.fault.wrong
    text = "asi,rmf,relation\nASI01,MAP 3.3,partial\nASI01,MAP 3.3,none\n"
    fault = only(linted(tmp_path, content, text)).fault
    assert "there as 'partial', here as 'none'" in fault.wrong


def test_a_pair_may_stand_once_for_each_own_control(tmp_path: Path, content: Content) -> None:
    text = "control,asi,rmf\nC-1,ASI01,MAP 3.3\nC-2,ASI01,MAP 3.3\n"
    assert linted(tmp_path, content, text).findings == []
    assert kinds(linted(tmp_path, content, f"{text}C-2,ASI01,MAP 3.3\n")) == {"duplicate": 1}


# ---------------------------------------------------------------- strengths


def _strength(content: Content, strength: str) -> tuple[str, str, str]:
    """Return a control, a check of it with this strength, and why."""
    for framework in content.frameworks:
        for control in framework.controls if framework.id in (AGENTIC, NHI) else ():
            for check_id, said in control.checks:
                if said == strength:
                    return control.id, check_id, control.whys[check_id]
    raise AssertionError(strength)


@pytest.mark.parametrize("word", ["direct", "Equal", "equivalent-to", "1:1", "full"])
@pytest.mark.parametrize("strength", ["partial", "contextual"])
def test_a_check_is_not_claimed_to_show_more_than_the_catalog_says(
    word: str, strength: str, tmp_path: Path, content: Content
) -> None:
    control, check, why = _strength(content, strength)
    text = f"Reporter check,control,strength\n{check},{control},{word}\n"
    fault = only(linted(tmp_path, content, text)).fault
    assert fault.kind == "strength" and fault.expected == strength and why in fault.advice


def test_a_direct_check_and_a_weaker_claim_are_no_findings(
    tmp_path: Path, content: Content
) -> None:
    direct, partial = _strength(content, "direct"), _strength(content, "partial")
    text = (
        "Reporter check,control,strength\n"
        f"{direct[1]},{direct[0]},direct\n{partial[1]},{partial[0]},related\n"
    )
    assert linted(tmp_path, content, text).findings == []


def test_a_direct_pair_that_no_catalog_has_is_named(tmp_path: Path, content: Content) -> None:
    control = next(c for f in content.frameworks if f.id == AGENTIC for c in f.controls)
    other = next(c.id for c in content.checks if c.id not in dict(control.checks))
    text = (
        f"Reporter check,control,strength\n{other},{control.id},direct\nZZZ-1,{control.id},none\n"
    )
    result = linted(tmp_path, content, text)
    assert kinds(result) == {"strength": 1, "wrong id": 1}
    assert result.findings[0].fault.expected == "none"


def test_checks_of_others_are_not_taken_for_ours(tmp_path: Path, content: Content) -> None:
    control, check, _ = _strength(content, "partial")
    text = f"check,control,strength\n{check},{control},direct\nMINE-7,{control},direct\n"
    assert linted(tmp_path, content, text).findings == []


@pytest.mark.parametrize(
    ("one", "other", "word", "expected"),
    [
        ("ASI01", "MAP 3.3", "equal", "intersects"),
        ("ASI01", "MAP 3.3", "direct", "intersects"),
        ("NHI1", "ASI03", "equivalent", "intersects"),
        ("GOVERN 1.6", "ASI03", "exact", "intersects"),
        ("ASI01", "GOVERN 6.1", "direct", "none, or a weaker relation with a reason"),
        ("GV-1.6-001", "GOVERN 1.6", "equal", "subset"),
        ("LLM03:2025", "LLM04:2026", "equal", "subset"),
        ("LLM04:2026", "LLM03:2025", "equal", "superset"),
        ("NHI1", "GV.OC-01", "equal", "intersects at most"),
    ],
)
def test_a_pair_is_not_claimed_to_be_more_than_the_texts_bear(
    one: str, other: str, word: str, expected: str, tmp_path: Path, content: Content
) -> None:
    text = f"source id,target id,relationship\n{one},{other},{word}\n"
    fault = only(linted(tmp_path, content, text)).fault
    assert (fault.kind, fault.expected) == ("strength", expected)


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        ("ASI01", "MAP 3.3", "intersects-with"),
        ("ASI01", "GOVERN 6.1", "related"),
        ("GV-1.6-001", "GOVERN 1.6", "subset-of"),
        ("GV-1.6-001", "GOVERN 1.6", "direct"),
        ("LLM02:2025", "LLM02:2026", "equal"),
        ("NHI1", "GV.OC-01", "direct"),
        ("ASI01", "MAP 3.3", "7"),
    ],
)
def test_claims_that_hold_or_of_which_nobody_can_say_are_no_findings(
    one: str, other: str, word: str, tmp_path: Path, content: Content
) -> None:
    text = f"source id,target id,relationship\n{one},{other},{word}\n"
    assert linted(tmp_path, content, text).findings == []


def test_what_is_laid_down_is_not_one_with_what_is_done(tmp_path: Path, content: Content) -> None:
    rmf = next(f for f in content.frameworks if f.id == RMF)
    documented = next(c.id for c in rmf.controls if c.documented)
    text = (
        "our control,control id,tested for,mapping type\n"
        f"C-1,{documented},operating effectiveness,equivalent\nC-2,{documented},design,equivalent\n"
    )
    fault = only(linted(tmp_path, content, text)).fault
    assert fault.kind == "design and operation"
    assert (
        f"{documented} asks for something written down, and C-1 shows what is done" in fault.advice
    )
    check = next(c.id for c in content.checks if c.shows == "operation")
    text = f"Reporter check,control,strength\n{check},{documented},direct\n"
    fault = only(linted(tmp_path, content, text)).fault
    assert f"{documented} asks for something written down, and {check} shows" in fault.advice


def test_a_word_that_is_no_known_strength_is_one_finding_with_the_words_that_are(
    tmp_path: Path, content: Content
) -> None:
    text = (
        "asi,rmf,strength\nASI01,MAP 3.3,partial\nASI02,MAP 3.3,banana\nASI03,MAP 3.3,banana\n"
        "ASI04,MAP 3.3,parital\nASI05,MAP 3.3,7\nASI06,MAP 3.3,x\nASI07,MAP 3.3,n/a\n"
    )
    result = linted(tmp_path, content, text)
    first, second = result.findings
    assert first.place.endswith(":3") and first.fault.kind == "strength"
    assert first.column == "strength"
    assert first.fault.wrong == "'banana' is not a known word for a strength (2 rows have it)"
    assert "partial" in first.fault.expected
    assert second.place.endswith(":5") and "Did you mean 'partial'?" in second.fault.advice
    assert {n for n in result.notes if n.startswith("no strength")} == {
        f"no strength that is known: {word}" for word in ("7", "x", "n/a")
    }


@pytest.mark.parametrize(
    ("heading", "column", "found"),
    [
        ("strength", "strength", 1),
        ("Relationship", "strength", 1),
        ("coverage", "not read: coverage", 0),
    ],
)
def test_a_column_of_strengths_is_one_though_it_has_no_known_word(
    heading: str, column: str, found: int, tmp_path: Path, content: Content
) -> None:
    result = linted(tmp_path, content, f"asi,rmf,{heading}\nASI01,MAP 3.3,banana\n")
    assert any(column in c for c in result.columns) and len(result.findings) == found


def test_the_words_that_are_told_are_known_and_the_page_has_them_all() -> None:
    told = {w for part in re.split("[;,]| or ", KNOWN_WORDS) for w in part.split()}
    assert {"equal", "exact", "direct", "satisfies", "partial", "superset", "none"} <= told
    page = " ".join((ROOT / "docs" / "lint-mapping.md").read_text("utf-8").split())
    for claim, words in STRENGTHS.items():
        for word in words.split("|"):
            assert claim_of(word) == claim
            assert f"`{word}`" in page


def test_german_headings_and_words_are_read(tmp_path: Path, content: Content) -> None:
    text = (
        "Kontrolle;Kontrolltitel;Rahmenwerk;Anforderung;Titel;Stärke;Begründung\n"
        "K-1;Inventar;NIST AI RMF;GOVERN 1.6;;vollständig;weil\n"
        "K-2;Freigabe;NIST AI RMF;GOVERN 1.9;;teilweise;weil\n"
    )
    for form in ("NFC", "NFD"):
        result = linted(tmp_path, content, unicodedata.normalize(form, text))
        assert result.columns == [
            f"column 'Anforderung': {content.official[RMF]['title']}, list in 'Rahmenwerk'",
            "column 'Kontrolle': your own controls, titles in 'Kontrolltitel'",
            f"column {unicodedata.normalize(form, 'Stärke')!r}: strength",
            f"not read: {unicodedata.normalize(form, 'Begründung')}",
        ]
        assert kinds(result) == {"wrong id": 1}


@pytest.mark.parametrize(
    ("heading", "word"), [("Beziehung", "gleich"), ("Stärke", "identisch"), ("Abdeckung", "direkt")]
)
def test_a_german_word_claims_what_the_english_one_does(
    heading: str, word: str, tmp_path: Path, content: Content
) -> None:
    text = f"Maßnahme;Risiko;{heading}\nGOVERN 6.1;ASI01;{word}\n"
    assert only(linted(tmp_path, content, text)).fault.kind == "strength"


def test_a_crosswalk_is_called_by_what_it_joins(tmp_path: Path, content: Content) -> None:
    text = "source id,target id,relationship\nASI01,GOVERN 6.1,direct\nNHI1,ASI03,equal\n"
    result = linted(tmp_path, content, text)
    advice = " ".join(f.fault.advice for f in result.findings)
    title = "OWASP Top 10 for Agentic Applications 2026 to NIST AI RMF 1.0"
    assert f'our own crosswalk, "{title}"' in advice
    assert not [w.id for w in content.crosswalks if w.id in advice]


# ---------------------------------------------------------------- formats


OSCAL: dict[str, Any] = {
    "mapping-collection": {
        "mappings": [
            {
                "source-resource": {"type": "catalog", "href": "#r1"},
                "target-resource": {"type": "catalog", "href": "https://example.com/nist-ai-rmf.json"},
                "maps": [
                    {
                        "relationship": "intersects-with",
                        "sources": [{"type": "control", "id-ref": "asi01"}],
                        "targets": [{"type": "control", "id-ref": "map-3.3"}],
                    },
                    {
                        "relationship": "equal-to",
                        "sources": [{"type": "control", "id-ref": "asi03"}],
                        "targets": [{"type": "control", "id-ref": "govern-1.6"}],
                    },
                    {
                        "relationship": "subset-of",
                        "sources": [{"type": "control", "id-ref": "llm06-2025"}],
                        "targets": [{"type": "control", "id-ref": "govern-1.9"}],
                    },
                    "no map",
                ],
            }
        ],
        "back-matter": {"resources": [{"uuid": "r1", "title": "OWASP Agentic Top 10"}]},
    }
}  # fmt: skip


def test_an_oscal_mapping_collection_is_read(tmp_path: Path, content: Content) -> None:
    for text, name in ((json.dumps(OSCAL), "m.json"), (_yaml(OSCAL), "m.yaml")):
        result = linted(tmp_path, content, text, name)
        assert kinds(result) == {"strength": 1, "mixed-up id": 1, "wrong id": 1}
        assert (result.judged, result.rejected) == (3, 1)
        assert result.findings[0].place.endswith("#/mapping-collection/mappings/0/maps/1")


def _yaml(value: Any) -> str:
    from reporter.content.yaml import write_yaml

    return write_yaml(value)


TREES: dict[str, Any] = {
    "records": [{"from": "ASI01", "to": "MAP 3.3"}, {"from": "ASI01", "to": "GOVERN 1.8"}],
    "list in a record": {"asi": "ASI01", "maps": [{"rmf": "MAP 3.3"}, {"rmf": "GOVERN 1.8"}]},
    "ids as keys": {"ASI01": ["MAP 3.3", "GOVERN 1.8"], "ASI02": ["MAP 4.2"]},
    "ids as keys of strengths": {"ASI01": {"partial": ["MAP 3.3"], "related": ["GOVERN 1.8"]}},
    "ids below ids": {"ASI01": {"MAP 3.3": "partial", "GOVERN 1.8": "partial"}},
    "deep": {"a": {"b": [{"c": {"asi": "ASI01", "rmf": ["MAP 3.3", "GOVERN 1.8"]}}]}},
    "a published form": {
        "id": "ASI01",
        "name": "Agent Goal Hijack",
        "source_list": "Agentic-Top10-2026",
        "tools": [{"name": "x"}],
        "mappings": [
            {"framework": "NIST AI RMF 1.0", "control_id": "MP-3.3", "control_name": "x"},
            {"framework": "NIST AI RMF 1.0", "control_id": "GV-1.8"},
            {"framework": "CIS Controls v8.1", "control_id": "5.4"},
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_trees_are_read_whatever_their_form(
    name: str, form: str, tmp_path: Path, content: Content
) -> None:
    text = json.dumps(TREES[name]) if form == "json" else _yaml(TREES[name])
    finding = only(linted(tmp_path, content, text, f"m.{form}"))
    assert finding.fault.kind == "wrong id" and finding.fault.expected == "GOVERN 1.1 to GOVERN 1.7"
    assert finding.place.startswith(f"{tmp_path}/m.{form}#")


def test_json_lines_are_read_and_a_broken_line_is_rejected(
    tmp_path: Path, content: Content
) -> None:
    text = '{"asi": "ASI01", "rmf": "GOVERN 1.8"}\n{"asi": \n{"asi": "ASI02", "rmf": "MAP 4.2"}\n'
    result = linted(tmp_path, content, text, "m.jsonl")
    assert (result.judged, result.rejected, kinds(result)) == (2, 1, {"wrong id": 1})


def test_a_matrix_is_read(tmp_path: Path, content: Content) -> None:
    text = "ASI,NHI1,NHI2,NHI11\nASI03,x,direct,\nASI02,,related,x\nASI04,,,\n"
    result = linted(tmp_path, content, text)
    assert kinds(result) == {"strength": 1, "wrong id": 1}
    assert (result.read, result.judged) == (3, 3)


def test_a_workbook_is_read(tmp_path: Path, content: Content) -> None:
    from openpyxl import Workbook

    book = Workbook()
    assert book.active is not None
    book.active.append(["ASI", "RMF"])
    book.active.append(["ASI01", "GOVERN 1.8"])
    book.create_sheet("Notes").append(["Nothing", "here"])
    path = tmp_path / "m.xlsx"
    book.save(path)
    result = judge(path, content)
    assert kinds(result) == {"wrong id": 1}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_other_encodings_are_read(encoding: str, tmp_path: Path, content: Content) -> None:
    text = "Maßnahme;ASI;Titel\nM1;ASI11;Ü\nM2;ASI01;Agent Goal Hijack\n".encode(encoding)
    assert "retired id" in kinds(linted(tmp_path, content, text))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("m.csv", b"", "is empty"),
        ("m.csv", b"name,age\nAda,36\n", "holds no mapping"),
        ("m.csv", b"asi,rmf\n", "holds no mapping"),
        ("m.json", b"{}", "holds no mapping"),
        ("m.json", b'{"a": 1}', "holds no mapping"),
        ("m.json", b'{"asi": "ASI01", ', "invalid JSON"),
        ("m.json", b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        ("m.json", b'{"ASI01": ["MAP 3.3"], "ASI01": []}', "appears twice"),
        ("m.yaml", b"a: [1", "invalid YAML"),
        ("m.yaml", b"asi: \xff\xfe\xe4", "no mapping"),
        ("m.yaml", b"ASI01: [MAP 3.3]\nASI01: []\n", "appears twice"),
        ("m.pdf", b"%PDF-1.7", "no mapping can be read"),
        ("m.xlsx", b"PK\x03\x04xl/[Content_Types]", "could not be read: not a readable workbook"),
        ("m.bin", bytes(range(256)) * 8, "no mapping can be read"),
        ("m.json", b'{"mapping-collection": {"mappings": [3]}}', "holds no mapping"),
        ("m.json", b'{"mapping-collection": {"mappings": {"maps": 7}}}', "holds no mapping"),
    ],
    ids=lambda v: repr(v)[:20],
)  # fmt: skip
def test_what_is_no_mapping_is_refused(
    name: str, data: bytes, message: str, tmp_path: Path, content: Content
) -> None:
    with pytest.raises(InputError, match=message):
        linted(tmp_path, content, data, name)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("m.yaml", b"ASI01: [MAP 3.3, 0x" + b"f" * 9000 + b"]\n"),
        ("m.yaml", b"ASI01: [MAP 3.3, 2026-01-01, 1.5, true, null]\n"),
        ("m.json", b'{"ASI01": ' + b'{"a": ' * 400 + b'"MAP 3.3"' + b"}" * 400 + b', "ASI02": "MAP 3.3"}'),
        ("m.json", b'{"ASI01": ' + b"[" * 400 + b"]" * 400 + b', "ASI02": "MAP 3.3"}'),
        ("m.csv", b"asi,rmf\nASI01,MAP 3.3 \xe4\nASI02,\x01\n"),
        ("m.csv", b"asi,rmf\nASI01," + b"x" * (1 << 20) + b"\nASI02,MAP 3.3\n"),
    ],
    ids=["number", "kinds", "deep records", "deep lists", "bytes", "long cell"],
)  # fmt: skip
def test_odd_values_cost_their_cell_and_not_the_file(
    name: str, data: bytes, tmp_path: Path, content: Content
) -> None:
    result = linted(tmp_path, content, data, name)
    assert result.judged and all(len(line) < 1000 for line in result.text())


def test_rows_that_name_nothing_and_lines_that_cannot_be_read_are_counted(
    tmp_path: Path, content: Content
) -> None:
    text = 'asi,rmf,note\nASI01,MAP 3.3,x\n,,only a note\nASI02,MAP 4.2,x,y,z\nASI03,"MAP 4.2,x\n'
    result = linted(tmp_path, content, text)
    assert (result.judged, result.elsewhere, result.rejected) == (1, 0, 3)
    assert sum(note.startswith(("rejected", "not judged")) for note in result.notes) == 3


@pytest.mark.slow
def test_a_mapping_of_many_rows_is_quick(tmp_path: Path, content: Content) -> None:
    rows = "".join(
        f"C-{n},ASI{n % 10 + 1:02},GOVERN 1.{n % 9 + 1},direct\n" for n in range(100_000)
    )
    begin = time.process_time()
    result = linted(tmp_path, content, f"control,asi,rmf,strength\n{rows}")
    assert time.process_time() - begin < 12, "it takes a few seconds where nothing else runs"
    assert result.read == result.judged == 100_000
    lines = result.text()
    assert (
        lines[2 * SHOWN] == f"... and {len(result.findings) - SHOWN} more; --json has all of them"
    )


WORDS = st.sampled_from(
    ["ASI01", "ASI-1", "NHI3:2025", "GOVERN 1.6", "GV-1.6", "GV.OC-01", "A.5.1", "LLM06", "direct",
     "equal", "", "N/A", "ENT-07", "ASI01-ASI03", "ASI01: x", "\udce4", "\0", "(", "[", "\\1", "a" * 999]
)  # fmt: skip
CELLS = st.one_of(WORDS, st.text(max_size=30), st.lists(WORDS, max_size=3).map(", ".join))
TREE = st.recursive(
    st.one_of(CELLS, st.none(), st.booleans(), st.floats(allow_nan=False), st.integers()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(CELLS, inner, max_size=4)),
    max_leaves=20,
)
_CONTENT = loader.load(examples=False, lists=None)


def _survives(path: Path) -> None:
    try:
        result = judge(path, _CONTENT)
    except (InputError, ContentError):
        return
    assert result.read == result.judged + result.elsewhere + result.rejected
    assert result.text() and json.dumps(result.data())


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=5), min_size=1, max_size=6),
    sign=st.sampled_from(",;\t"),
)
def test_no_table_makes_a_traceback(
    rows: list[list[str]], sign: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.csv"
    lines = ["asi,rmf,strength,control,title".replace(",", sign), *(sign.join(r) for r in rows)]
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape" if _is_bytes(lines) else "replace"))  # fmt: skip
    _survives(path)


def _is_bytes(lines: list[str]) -> bool:
    try:
        "".join(lines).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(tree=TREE, oscal=st.booleans())
def test_no_tree_makes_a_traceback(
    tree: Any, oscal: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.json"
    value = {"mapping-collection": {"mappings": [{"maps": tree, "source-resource": tree}]}}
    path.write_text(json.dumps(value if oscal else [tree]), encoding="utf-8")
    _survives(path)


# ---------------------------------------------------------------- the command


def test_the_command_ends_with_0_1_or_3(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("check,asi\nC-1,ASI01\n")
    done = reporter("lint-mapping", path)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "nothing found")
    path.write_text("check,asi\nC-1,ASI01\nC-2,ASI91\n")
    done = reporter("lint-mapping", path)
    assert done.exit_code == 1
    assert f"{path}:3: wrong id (asi): 'ASI91' is not an id" in done.stdout
    assert "2 rows read = 2 judged + 0 without a known framework + 0 rejected" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 finding: 1 wrong id"
    done = reporter("lint-mapping", path, "--json")
    data = json.loads(done.stdout)
    assert done.exit_code == 1 and data["rows"] == {
        "read": 2, "judged": 2, "without_known_framework": 0, "rejected": 0,
    }  # fmt: skip
    assert data["findings"][0]["place"] == f"{path}:3"
    path.write_text("a,b\n1,2\n")
    done = reporter("lint-mapping", path)
    assert done.exit_code == 3 and "holds no mapping" in done.stderr
    assert reporter("lint-mapping", tmp_path / "none.csv").exit_code == 3


def test_a_list_of_ones_own_is_known_by_its_catalog(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("control,dock rules,asi\nC-1,D-1,ASI01\nC-2,D-9,ASI02\n")
    done = reporter("lint-mapping", path, "--extra", ROOT / "docs/examples/extra")
    assert done.exit_code == 1 and "'D-9' is not an id of" in done.stdout


def test_forms_of_a_list_without_a_row_count_only_where_it_is_named(tmp_path: Path) -> None:
    extra = tmp_path / "extra"
    (extra / "official").mkdir(parents=True)
    register = {"framework": "house-2026", "title": "House", "ids": {"HC-1": "a", "Article 9": "b"}}
    (extra / "official/house.yml").write_text(_yaml(register))
    path = tmp_path / "m.csv"
    path.write_text("control,asi,other\nHC-7,ASI01,Article 9\nHC-8,ASI02,Article 8\n")
    done = reporter("lint-mapping", path, "--extra", extra)
    assert done.exit_code == 0 and "column 'control': your own controls" in done.stdout
    path.write_text("asi,house 2026\nASI01,HC-1; HC-7\nASI02,Article 9\n")
    done = reporter("lint-mapping", path, "--extra", extra)
    assert done.exit_code == 1 and "'HC-7' is not an id of House" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 finding: 1 wrong id"


def test_secrets_and_control_characters_of_a_file_are_not_printed(
    tmp_path: Path, content: Content
) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    text = f"check,control id,control title\nC-1,ASI01,key {secret}\n"
    assert secret not in "\n".join(linted(tmp_path, content, text).text())
    path = tmp_path / "m.csv"
    path.write_text("check,control id,control title\nC-1,ASI01,a\x1b[31mb\n")
    assert "\x1b" not in reporter("lint-mapping", path).stdout


def test_it_loads_no_engine_and_no_printer() -> None:
    import subprocess

    code = (
        "import sys; from reporter.cli import main\n"
        "try: main(['lint-mapping', 'frameworks/crosswalks/owasp-appendix-c.yml'])\n"
        "except SystemExit: pass\n"
        "heavy = {'duckdb', 'weasyprint', 'pandas', 'sqlglot', 'openpyxl', 'typst'}\n"
        "sys.exit(str(heavy & {*sys.modules}) if heavy & {*sys.modules} else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "path",
    [
        p
        for folder in ("catalogs", "crosswalks")
        for p in sorted((content_dir()[0] / folder).glob("*.yml"))
        if p.name not in ("aliases.yml", "owasp-llm-editions.yml")
    ],
    ids=lambda p: p.stem,
)
def test_the_mappings_that_ship_are_clean(path: Path, content: Content) -> None:
    result = judge(path, content)
    assert result.findings == [] and result.judged


# ---------------------------------------------------------------- published disagreements


def test_the_page_names_what_others_say_and_we_do_not(content: Content) -> None:
    page = disagreements.disagreements(content)
    assert "| ASI03 | GOVERN 1.6 | MAP 2.3, MEASURE 2.5, MANAGE 2.2 |" in page
    assert "Ids that the list does not have: A.10.1, A.8.1, A.9.1." in page
    assert "| GV-1.6 Policies for data privacy |" in page
    assert "no disagreement" not in page, "what is no disagreement does not stand there"
    for publication in disagreements.publications(content.official):
        assert publication.title in page and publication.published in page


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strength": "strong"}, "'strength' is not one of"),
        ({"pairs": [{"from": AGENTIC, "to": "nowhere", "maps": {}}]}, "no list"),
        ({"pairs": [{"from": AGENTIC, "to": RMF, "maps": {"ASI01": [6.1]}}]}, "in quotes"),
        ({"labels": [{"list": "nowhere", "id": "x", "label": ""}]}, "no list 'nowhere'"),
        ({"source": {"by": "me"}}, "source: expected by"),
        ({"own": 1}, "unknown key 'own'"),
        ({"pairs": [{"from": AGENTIC, "to": RMF, "maps": {"ASI77": []}}]}, "ASI77 is not an id"),
    ],
)
def test_a_wrong_publication_is_named(
    change: dict[str, Any],
    message: str,
    tmp_path: Path,
    content: Content,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = dict.fromkeys(("by", "what", "where", "published", "edition"), "x")
    good: dict[str, Any] = {
        "id": "p", "title": "P", "source": source, "strength": "none", "pairs": [], "labels": [],
    }  # fmt: skip
    (tmp_path / "published").mkdir()
    monkeypatch.setattr(disagreements, "content_dir", lambda: (tmp_path, tmp_path))
    path = tmp_path / "published/p.yml"
    path.write_text(_yaml(good))
    assert list(disagreements.faults_in(content)) == []
    path.write_text(_yaml(good | change))
    (fault,) = disagreements.faults_in(content)
    assert message in str(fault)
    if "ASI77" not in message:
        with pytest.raises(Errors):
            disagreements.publications(content.official)


def test_controls_of_iso_27001_are_judged_under_the_usual_name_of_the_list(
    tmp_path: Path,
) -> None:
    rows = [
        "Liste;Referenz",
        "ISO/IEC 27001:2022;A.5.38",
        "ISO/IEC 27001:2022;A.8.34",
        "ISO 27001;A.5.37",
    ]
    path = tmp_path / "iso.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    result = judge(path, _CONTENT)
    assert [(f.fault.kind, f.place.rpartition(":")[2]) for f in result.findings] == [
        ("wrong id", "2")
    ]
