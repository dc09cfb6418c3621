"""Lists that a workspace names, and crosswalks: what is chosen, what is refused, what is printed, what never moves."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import fixture_assessment as given
import pytest
from conftest import reporter
from fixture_estate import Estate

from reporter.content import loader
from reporter.content.crosswalks import CHECKS, known_ids, read_crosswalk, unknown_ids
from reporter.content.loader import Content
from reporter.errors import ContentError, Errors
from reporter.model.crosswalk import Crosswalk, Pairs
from reporter.model.scores import Status, Tally
from reporter.report import build
from reporter.report.export import read_view
from reporter.report.html import page as html
from reporter.score import score

pytestmark = pytest.mark.slow

FOLDER = Path(loader.__file__).parents[2] / "frameworks/crosswalks"
TO_CHECKS = sorted(FOLDER.glob("engine-*-checks.yml"))
ONLY_WALKS = tuple(p.stem.removeprefix("engine-").removesuffix("-checks") for p in TO_CHECKS)
"""Lists of which there are crosswalks only."""

WALK = Crosswalk(
    "mine", "Mine to theirs", "owasp-agentic-2026", "checks", "published", "Somebody <b>", "A paper.",
    (Pairs(("ASI03", "ASI10"), ("OWN-01",), "superset", "low", "A note."),),
)  # fmt: skip


# ---------------------------------------------------------------- what never moves


def test_a_list_more_or_less_moves_no_number_of_checks_and_enterprise(content: Content) -> None:
    tallies = [
        Tally(c.id, status, tier, tier, n)
        for n, c in enumerate(content.checks, start=1)
        for tier, status in ((1, Status.PASS), (3, Status.FAIL), (4, Status.UNKNOWN))
    ]

    def scored(*names: str) -> object:
        chosen = [f for f in content.frameworks if f.id in names]
        made = score(
            chosen, content.checks, content.themes, tallies, content.policy, content.profiles["baseline"]
        )  # fmt: skip
        assert [f.framework for f in made.frameworks] == [f.id for f in chosen]
        return made.enterprise, made.checks

    every = [f.id for f in content.frameworks]
    assert scored() == scored("owasp-agentic-2026") == scored("eu-ai-act") == scored(*every)


@pytest.fixture(scope="module")
def law_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the good company through a law and every list known from crosswalks only."""
    folder = tmp_path_factory.mktemp("law")
    estate = Estate()
    estate.settings |= {"frameworks": ["eu-ai-act", "nist-ai-rmf-1.0", *ONLY_WALKS]}
    out = folder / "run"
    made = reporter("assess", estate.write(folder / "ws"), "--out", out, "--formats", "json")
    assert made.exit_code == 0, made.output
    return out


def test_a_run_shows_what_was_named_and_the_same_enterprise(law_run: Path, good_run: Path) -> None:
    law, usual = read_view(law_run), read_view(good_run)
    assert [f.id for f in law.frameworks] == ["eu-ai-act", "nist-ai-rmf-1.0"]
    assert [f.id for f in usual.frameworks] == [
        "owasp-agentic-2026", "owasp-nhi-2025", "nist-ai-rmf-1.0",
    ]  # fmt: skip
    assert law.themes == usual.themes
    assert law.summary.figure == usual.summary.figure
    assert law.summary.level == usual.summary.level
    assert law.frameworks[1].total == usual.frameworks[2].total
    assert [w.id for w in law.crosswalks] == sorted(
        ["engine-ai-act-rmf", "nist-ai-600-1-rmf", *(p.stem for p in TO_CHECKS)]
    )
    assert {"engine-asi-rmf", "owasp-appendix-c"} <= {w.id for w in usual.crosswalks}
    assert "That is a legal question that no check answers." in law.frameworks[0].intro


def test_what_only_a_statement_can_show_needs_attestation(law_run: Path) -> None:
    act = read_view(law_run).frameworks[0]
    bare = next(c for c in act.controls if c.id == "Article 50")
    assert (bare.figure.text, bare.gap_text) == ("Not assessed", "Needs attestation")
    assert bare.id in {link.text for link in act.unassessed}


def test_explain_names_the_pairs_of_the_run(law_run: Path) -> None:
    output = reporter("explain", law_run, "Article 14").output
    assert "intersects GOVERN 3.2, MAP 3.5 (our reading; high confidence)" in output
    assert "superset of GV-1.6-001" in reporter("explain", law_run, "GOVERN 1.6").output


def _plain(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_every_list_without_a_catalog_is_shown_whole(law_run: Path) -> None:
    view = read_view(law_run)
    printed = _plain(html.render(view, "screen"))
    walks = [w for w in view.crosswalks if w.target == CHECKS]
    assert {w.origin for w in walks} == set(ONLY_WALKS) and len(walks) > 11
    for walk in walks:
        assert walk.title in printed and walk.intro in printed
        for row in walk.rows:
            assert {link.anchor for link in row.targets} <= {f"k-{c.id}" for c in view.checks}
            ids, notes = ([link.text for link in row.origins], [row.note])
            assert all(text in printed for text in (*ids, *notes)), (walk.id, ids)


def test_paper_leaves_every_list_without_a_catalog_to_the_screen_and_says_so(law_run: Path) -> None:
    view = read_view(law_run)
    paper = html.render(view, "paper", attached=[("report.json", "The report")])
    printed = _plain(paper)
    assert view.crosswalks and 'id="crosswalks"' not in paper and "#crosswalks" not in paper
    for walk in view.crosswalks:
        assert walk.anchor not in paper
        assert walk.title not in printed and walk.intro not in printed
    assert re.search(
        r"Crosswalks, [^.]* are in report\.html, and machine-readable in report\.json", printed
    )


@pytest.mark.parametrize("lists", [(), ("nist-ai-rmf-1.0", "dora"), ("nis2", "eu-ai-act")])
def test_a_run_reads_the_rows_of_its_own_lists_only(
    content: Content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lists: tuple[str, ...]
) -> None:
    (tmp_path / "checks").mkdir()
    monkeypatch.setattr(loader, "read_crosswalk", read_crosswalk)  # not the one that tests share
    read = loader.load((tmp_path,), (), False, lists)
    ends = {*(lists or (f.id for f in content.frameworks if not f.optional)), CHECKS}
    assert read.crosswalks == tuple(
        w if {w.origin, w.target} <= ends else replace(w, rows=(), place=o.place)
        for w, o in zip(content.crosswalks, read.crosswalks, strict=True)
    )
    assert not read.official
    assert any(w.rows for w in read.crosswalks)


def test_explain_tells_an_id_that_nothing_bears_on_from_no_id(law_run: Path) -> None:
    output = reporter("explain", law_run, "dora article 30").output
    assert "DORA Article 30 Key contractual provisions\nIt is in the list of ids only" in output
    assert "ENT-02" in reporter("explain", law_run, "DORA Article 9").output
    for no_id in ("DORA Article 99", "GV.OC"):
        assert reporter("explain", law_run, no_id).exit_code != 0


# ---------------------------------------------------------------- what a superset claims


@pytest.mark.parametrize(
    "name", ["soc-2-2017", "iso-27001-2022", "nist-sp-800-53-r5", "cmmc-2.0", "dora", "nis2"]
)
def test_no_text_is_said_to_ask_for_what_only_the_check_asks(name: str) -> None:
    """AC-6 asks for no rights by the hour, AU-9 for no hashes: no base text is a superset of these checks."""
    more = {"AUD-04", "CHG-02", "CRD-05", "ENT-04", "ENT-06", "ENT-07", "LIF-02", "OWN-01"}
    rows = read_crosswalk(FOLDER / f"engine-{name}-checks.yml").rows
    assert [
        (row.origins, more & set(row.targets))
        for row in rows
        if row.relation == "superset" and more & set(row.targets)
    ] == []


@pytest.mark.parametrize(
    "name", ["soc-2-2017", "iso-27001-2022", "nist-sp-800-53-r5", "cmmc-2.0", "dora", "nis2"]
)
def test_a_pair_stands_in_one_row(name: str) -> None:
    """Where a list is split by relation, no pair may have two."""
    rows = read_crosswalk(FOLDER / f"engine-{name}-checks.yml").rows
    pairs = [(a, b) for row in rows for a in row.origins for b in row.targets]
    assert len(pairs) == len(set(pairs))


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize("path", TO_CHECKS, ids=lambda p: p.stem)
def test_a_wrong_id_of_any_list_is_refused_where_it_stands(
    content: Content, tmp_path: Path, path: Path
) -> None:
    known = known_ids(content.official, content.frameworks, content.checks)
    walk = read_crosswalk(path)
    assert not list(unknown_ids([walk], known))
    right = walk.rows[-1].origins[-1]
    wrong = f"{right}x"
    head, _, last = path.read_text().rpartition(right)
    copy = tmp_path / path.name
    copy.write_text(head + wrong + last)
    (error,) = unknown_ids([read_crosswalk(copy)], known)
    line = 1 + head.count("\n")
    assert f"{copy}:{line}: {walk.id}: {wrong} is not an id of {walk.origin}" in str(error)
    assert f"Did you mean {right}?" in str(error)


@pytest.mark.parametrize(
    ("named", "says", "hint"),
    [
        (["eu-ai-akt"], "frameworks: no 'eu-ai-akt'", "Did you mean eu-ai-act? Known: "),
        (["iso-27001"], "frameworks: no 'iso-27001'", "Did you mean iso-27001-2022? Known: "),
        (["SOC 2"], "frameworks: no 'SOC 2'", "Did you mean soc-2-2017? Known: "),
        (["NIS 2"], "frameworks: no 'NIS 2'", "Did you mean nis2? Known: "),
        (["owasp-llm"], "frameworks: no 'owasp-llm'", "owasp-llm-2025 or owasp-llm-2026? Known: "),
        (["banana"], "no 'banana'", "soc-2-2017"),
        (["eu-ai-act", "banana"], "no 'banana'", "without a score, beside them: aiuc-1, "),
        (["iso-42001", "iso-42001"], "frameworks: iso-42001 appears twice", ""),
        ([], "frameworks names none", "Leave it out"),
        ("iso-42001", "'frameworks' must be a list, not 'iso-42001'", ""),
    ],
)  # fmt: skip
def test_a_wrong_selection_is_refused(tmp_path: Path, named: object, says: str, hint: str) -> None:
    estate = Estate()
    estate.settings |= {"frameworks": named}
    result = reporter("assess", estate.write(tmp_path / "ws"), "--out", tmp_path / "run")
    assert result.exit_code == 3
    assert says in result.output and hint in result.output
    assert "reporter.yml" in result.output
    assert not (tmp_path / "run").exists()


def _readme_names() -> list[str]:
    """Return the names that README gives for `frameworks` of reporter.yml."""
    readme = (FOLDER.parents[1] / "README.md").read_text("utf-8")
    begin = readme.index("With `frameworks: [eu-ai-act]`")
    return re.findall(
        r"(?:`|: \[)([a-z][a-z0-9.-]+)(?:`|\]`)", readme[begin : readme.index("\n\n", begin)]
    )


def test_readme_names_each_list_that_can_be_shown() -> None:
    catalogs = {p.stem for p in (FOLDER.parent / "catalogs").glob("*.yml")}
    assert sorted(_readme_names()) == sorted(
        {*catalogs, *ONLY_WALKS} - {"owasp-agentic-2026", "owasp-nhi-2025", "nist-ai-rmf-1.0"}
    )


def test_a_list_without_a_catalog_stands_beside_the_usual_ones(
    tmp_path: Path, good_run: Path
) -> None:
    estate = Estate()
    estate.settings |= {"frameworks": ["dora", "iso-27001-2022"]}
    out = tmp_path / "run"
    made = reporter("assess", estate.write(tmp_path / "ws"), "--out", out, "--formats", "json")
    assert made.exit_code == 0, made.output
    view, usual = read_view(out), read_view(good_run)
    assert view.frameworks == usual.frameworks
    walks = {w.id: w for w in view.crosswalks}
    more = {"engine-dora-checks", "engine-iso-27001-2022-checks"}
    assert walks.keys() == {w.id for w in usual.crosswalks} | more
    assert all(w.rows for w in walks.values())


GOOD = """\
id: mine
title: Mine
from: owasp-agentic-2026
to: checks
relation: intersects
basis: own-judgement
source: {what: Our reading}
confidence: medium
maps:
  - {from: ASI03, to: [OWN-01, IDN-01]}
"""


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("relation: intersects", "relation: like", "'relation' is 'like'; expected one of equal, subset"),
        ("confidence: medium", "confidence: 0.7", "'confidence' is 0.7; expected one of high, medium, low"),
        ("basis: own-judgement", "basis: hearsay", "'basis' is 'hearsay'; expected one of published"),
        ("basis: own-judgement", "basis: published", "'by' whom it was published"),
        ("{what: Our reading}", "{by: Somebody}", "expected 'what' was read"),
        ("{what: Our reading}", "{what: x, who: y}", "unknown key 'who'"),
        ("{from: ASI03, to: [OWN-01, IDN-01]}", "ASI03", "unknown key 'ASI03'"),
        ("to: [OWN-01, IDN-01]", "to: []", "'to' must be an id or a list of ids"),
        ("to: [OWN-01, IDN-01]", "too: OWN-01", "unknown key 'too'"),
        ("maps:", "rows:", "unknown key 'rows'"),
    ],
)  # fmt: skip
def test_a_crosswalk_that_cannot_be_read_says_why(
    tmp_path: Path, right: str, wrong: str, says: str
) -> None:
    path = tmp_path / "mine.yml"
    assert right in GOOD
    path.write_text(GOOD.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        read_crosswalk(path)
    assert says in str(caught.value)
    assert "mine.yml:" in str(caught.value)


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("from: ASI03", "from: ASI33", "mine: ASI33 is not an id of owasp-agentic-2026"),
        ("OWN-01", "OWN-77", "mine: OWN-77 is not an id of checks"),
        ("[OWN-01, IDN-01]", "[OWN-01, OWN-01]", "mine joins ASI03 and OWN-01 twice"),
        ("to: checks", "to: no-list", "mine: no list 'no-list'"),
        ("id: mine", "id: engine-asi-rmf", "crosswalk engine-asi-rmf is in"),
    ],
)
def test_a_crosswalk_joins_what_exists(tmp_path: Path, right: str, wrong: str, says: str) -> None:
    folder = tmp_path / "crosswalks"
    folder.mkdir()
    (folder / "mine.yml").write_text(GOOD.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(Errors) as caught:
        loader.load((tmp_path,))
    assert says in "\n".join(map(str, caught.value.errors))


def test_a_list_without_a_catalog_is_a_register(tmp_path: Path) -> None:
    for name in ("crosswalks", "official"):
        (tmp_path / name).mkdir()
    walk = GOOD.replace("from: owasp-agentic-2026", "from: house").replace("ASI03", "H-1")
    (tmp_path / "crosswalks/mine.yml").write_text(walk, encoding="utf-8")
    register = 'framework: house\ntitle: House\nids: {H-1: ""}\n'
    (tmp_path / "official/house.yml").write_text(register, encoding="utf-8")
    assert loader.load((tmp_path,)).crosswalks[-1].origin == "house"
    (tmp_path / "official/house.yml").write_text("framework: house\n", encoding="utf-8")
    with pytest.raises(Errors, match="'ids' is missing"):
        loader.load((tmp_path,))


def test_a_catalog_with_an_unknown_confidence_is_refused(tmp_path: Path) -> None:
    text = (
        Path(loader.__file__).parents[2] / "docs/examples/extra/catalogs/dock-rules.yml"
    ).read_text()
    (tmp_path / "catalogs").mkdir()
    (tmp_path / "catalogs/c.yml").write_text(text.replace("groups:", "confidence: sure\ngroups:"))
    with pytest.raises(Errors, match="'confidence' is 'sure'"):
        loader.load((tmp_path,))


# ---------------------------------------------------------------- what is printed


def test_a_crosswalk_is_shown_with_its_basis_and_confidence() -> None:
    made = given.view(replace(given.rich(), crosswalks=(WALK,)))
    page = html.render(made, "screen")
    assert "Published by Somebody &lt;b&gt;: A paper." in page
    assert '<a href="#c-ASI03">ASI03</a>, <a href="#c-ASI10">ASI10</a>' in page
    assert '<a href="#k-OWN-01">OWN-01</a>' in page
    for text in (
        "superset of",
        "published by Somebody &lt;b&gt;",
        "<td>low</td>",
        'href="#crosswalks"',
    ):
        assert text in page
    assert build.from_json(build.to_json(made)) == made


def test_without_crosswalks_there_is_no_chapter_of_them() -> None:
    assert "Crosswalks" not in html.render(given.view(given.rich()))
