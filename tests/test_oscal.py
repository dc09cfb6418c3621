"""The OSCAL documents: they fit the official schemas, refer to what is there, and say what report.json says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import fixture_assessment as fixture
import pytest
from conftest import reporter

from reporter.model.scores import Status
from reporter.report import build as views
from reporter.report.chapters import other_lists
from reporter.report.chapters.said_by_people import AnswerLine, Attestations, WaivedLine, Waivers
from reporter.report.document import View
from reporter.report.export import read_view
from reporter.report.oscal import oscal_findings, oscal_mappings, write
from reporter.report.oscal.oscal_parts import NS, markup
from reporter.report.view import elements
from reporter.report.view.finding_rows import OWED
from reporter.report.view.format import clean

pytestmark = pytest.mark.slow

CASES = ("rich", "empty", "perfect", "stated", "real")
LISTS = "owasp-agentic-2026, owasp-nhi-2025, nist-ai-rmf-1.0, nist-ai-600-1"
"""The usual three, and one that is known from crosswalks only."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the workspace that `init` writes."""
    folder = tmp_path_factory.mktemp("oscal")
    assert reporter("init", folder / "ws", "--organisation", "Acme & Söhne").exit_code == 0
    with (folder / "ws/reporter.yml").open("a", encoding="utf-8") as file:
        file.write(f"frameworks: [{LISTS}]\n")
    assess(folder, "run")
    return folder / "run"


def assess(folder: Path, out: str) -> None:
    words = ("--out", folder / out, "--formats", "oscal", "--quiet")
    result = reporter("assess", folder / "ws", *words)
    assert result.exit_code == 0, result.output


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, tmp_path: Path, run: Path) -> tuple[View, Path]:
    """A view, and the folder of documents that is written of it."""
    if request.param == "real":
        return read_view(run), run / "oscal"
    view = built(request.param)
    write(view, tmp_path / "oscal")
    return view, tmp_path / "oscal"


@cache
def built(name: str) -> View:
    return stated() if name == "stated" else fixture.view(getattr(fixture, name)())


WAIVED, COMPENSATED = 3, 5
"""Which of the findings of `rich` these are in `stated`."""


def stated() -> View:
    """A view with answers, a waiver and a compensating control that count, and such that do not."""
    view, found = built("rich"), fixture.open_of(fixture.rich())
    answer = AnswerLine(
        "OWASP", "ASI03", view.frameworks[0].controls[0].anchor, "yes", "It is *so*.", "Ann Lee", "CISO",
        "2026-09-01 10:30", "2027-01-31", "attest", "attested", "nobody examined it", True,
        "statements/attestations.csv#2", "2026-09-01T10:30:00Z", "2027-01-31T00:00:00Z",
    )  # fmt: skip
    refused = replace(answer, counts_as="not counted", settles=False, record="statements/attestations.csv#3", date="", date_iso="")  # fmt: skip
    waiver = WaivedLine(
        found[WAIVED].check, "", clean(found[WAIVED].subject), "", "", "Bo", "2026-09-01", "2026-12-31",
        "2026-11-01", "It goes in December.", "T-1", "waived", "1", "waived until then", "statements/waivers.csv#2",
        until_iso="2026-12-31T00:00:00Z",
    )  # fmt: skip
    idle = replace(waiver, counts_as="not counted", record="statements/waivers.csv#3")
    made_good = replace(
        waiver, check=found[COMPENSATED].check, subject=clean(found[COMPENSATED].subject), by_check="POL-01",
        counts_as="compensated", record="statements/compensations.csv#2",
    )  # fmt: skip
    found[WAIVED] = replace(found[WAIVED], waiver=waiver.record)
    found[COMPENSATED] = replace(found[COMPENSATED], status=Status.COMPENSATED)
    return replace(
        fixture.holding(view, fixture.rich(), found),
        attestations=Attestations("", (answer, refused)),
        waivers=Waivers(waivers=(waiver, idle), compensations=(made_good,)),
    )


def read(folder: Path, name: str) -> Any:
    """Return what stands under the one key of a document."""
    (document,) = json.loads((folder / name).read_bytes()).values()
    return document


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a document."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():  # fmt: skip
        yield from parts(inner)


def said(part: dict[str, Any], of: str = "") -> dict[str, str]:
    """Return the properties of ours."""
    own = (p for p in part.get("props", ()) if p.get("ns") == NS and p.get("class", "") == of)
    return {p["name"]: p["value"] for p in own}


def result_of(folder: Path) -> Any:
    return read(folder, "assessment-results.json")["results"][0]


# ---------------------------------------------------------------- form


def validate(path: Path) -> str:
    """Validate a document by the official schema of its kind, and name the kind."""
    models = pytest.importorskip(
        "oscal_bindings.v1.models", reason="needs oscal-bindings, see pyproject.toml"
    )
    document = json.loads(path.read_bytes())
    (kind,) = document
    {
        "catalog": models.CatalogDocument,
        "profile": models.ProfileDocument,
        "mapping-collection": models.MappingCollectionDocument,
        "assessment-results": models.AssessmentResultsDocument,
        "plan-of-action-and-milestones": models.PlanOfActionAndMilestonesDocument,
    }[kind].model_validate(document)
    return str(kind)


def test_every_document_fits_the_official_schema(case: tuple[View, Path]) -> None:
    kinds = {validate(path) for path in case[1].iterdir()}
    assert len(kinds) == (5 if case[0].roadmap.picks else 4)


def test_the_schemas_would_notice(tmp_path: Path) -> None:
    write(built("rich"), tmp_path / "oscal")
    path = tmp_path / "oscal/assessment-results.json"
    path.write_text(path.read_text().replace('"state":"not-satisfied"', '"state":"unknown"'))
    with pytest.raises(ValueError, match="satisfied"):
        validate(path)


def test_odd_ids_and_titles_are_valid_too(tmp_path: Path) -> None:
    odd = replace(fixture.frameworks()[2], id="2 of/mine", title=" ", version=" ")
    view = fixture.view(fixture.assemble([" ", "-\n", "=1"], fixture.mixed, (odd,)))
    write(view, tmp_path / "oscal")
    assert len({validate(path) for path in (tmp_path / "oscal").iterdir()}) == 5


def test_every_reference_leads_somewhere(case: tuple[View, Path]) -> None:
    folder = case[1]
    names = {p.name for p in folder.iterdir()}
    controls = {
        part["id"]
        for name in names if name.startswith("catalog-")
        for part in parts(read(folder, name)) if "id" in part
    }  # fmt: skip
    for name in names:
        document = read(folder, name)
        uuids = [part["uuid"] for part in parts(document) if "uuid" in part]
        assert len(uuids) == len(set(uuids)), name
        for key, value in fields(document):
            if key.endswith("-uuid"):
                assert value in uuids, (name, key)
            if key.endswith("-uuids"):
                assert set(value) <= set(uuids), (name, key)
            if key in ("control-id", "target-id"):
                assert value in controls, (name, value)
            if key == "href" and value.startswith("#"):
                assert value[1:] in uuids, (name, value)
            if key == "href" and value.endswith(".json") and "/" not in value:
                assert value in names, (name, value)
    for mapping in read(folder, "mapping-collection.json")["mappings"]:
        for end in ("source", "target"):
            if not mapping[f"{end}-resource"]["href"].startswith("#"):
                assert {i["id-ref"] for m in mapping["maps"] for i in m[f"{end}s"]} <= controls


def fields(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key of a document with its value, but for properties, which hold any text."""
    return ((key, v) for part in parts(document) if "value" not in part for key, v in part.items())


def test_ids_are_unique_in_the_run_and_tell_what_they_are_called(
    case: tuple[View, Path],
) -> None:
    view, folder = case
    tokens = []
    for f in view.frameworks:
        document = read(folder, f"catalog-{f.id}.json")
        ids = [p for p in parts(document) if "id" in p and "title" in p and "guidance" in str(p.get("parts"))]  # fmt: skip
        assert [p["props"][0]["value"] for p in ids] == [c.id for c in f.controls]
        tokens += [p["id"] for p in parts(document) if "id" in p and p["id"] != "prepared-by"]
    assert len(tokens) == len(set(tokens))


def test_controls_of_one_name_in_two_lists_stay_apart(tmp_path: Path) -> None:
    first = fixture.frameworks()[0]
    twice = (first, replace(first, id="mine/1", title="Mine"))
    view = fixture.view(fixture.assemble(fixture.subjects(3), fixture.mixed, twice))
    write(view, tmp_path / "oscal")
    targets = [f["target"]["target-id"] for f in result_of(tmp_path / "oscal")["findings"]]
    assert len(targets) == len(set(targets)) == 2 * len(first.controls)
    assert (tmp_path / "oscal/catalog-mine-1.json").is_file()


def test_groups_are_nested_as_in_the_list_and_no_control_is_lost(tmp_path: Path) -> None:
    rmf = fixture.frameworks()[2]
    direct = replace(rmf.controls[0], id="GOVERN 0", group="GOVERN")
    view = fixture.view(
        fixture.assemble(["a"], fixture.mixed, (replace(rmf, controls=(*rmf.controls, direct)),))
    )
    write(view, tmp_path / "oscal")
    govern, mapped = read(tmp_path / "oscal", "catalog-nist-ai-rmf-1.0.json")["groups"]
    rest, *inner = govern["groups"]
    assert [[c["props"][0]["value"] for c in g["controls"]] for g in (rest, *inner)] == [
        ["GOVERN 0"], ["GOVERN 1.4"], ["GOVERN 2.1"],
    ]  # fmt: skip
    assert [c["props"][0]["value"] for c in mapped["groups"][0]["controls"]] == ["MAP 1.1"]


def test_names_are_plain_in_properties_and_no_markup_in_prose(tmp_path: Path) -> None:
    write(built("rich"), tmp_path / "oscal")
    result = result_of(tmp_path / "oscal")
    items = result["local-definitions"]["inventory-items"]
    assert "<script>alert(1)</script>" in {said(i)["subject"] for i in items}
    assert r"\<script\>alert(1)\</script\>" in {i["description"] for i in items}
    assert markup("owner_id is _empty_ & {{ 7*7 }} &lt; [x](y)") == (
        r"owner_id is \_empty\_ & \{\{ 7\*7 \}\} \&lt; \[x\](y)"
    )


# ---------------------------------------------------------------- numbers


def test_every_number_is_that_of_report_json(case: tuple[View, Path]) -> None:
    report = json.loads(views.to_json(case[0]))
    result = result_of(case[1])
    found = {(said(f)["framework"], said(f)["control"]): said(f) for f in result["findings"]}
    expected = {(f["id"], c["id"]): c for f in report["frameworks"] for c in f["controls"]}
    assert found.keys() == expected.keys() and len(result["findings"]) == len(found)
    totals = {"enterprise": report["summary"], **{f"framework-{f['id']}": f["total"] | {"level": f["level"]} for f in report["frameworks"]},
              **{f"theme-{t['id']}": t for t in report["themes"]["controls"]}}  # fmt: skip
    checks = {said(o)["check"]: said(o) for o in result["observations"] if "passed" in said(o)}
    assert checks.keys() == {c["id"] for c in report["checks"]}
    for one, shown in chain(
        ((found[key], c) for key, c in expected.items()),
        ((said(result, name), t) for name, t in totals.items()),
        ((checks[c["id"]], c) for c in report["checks"]),
    ):
        exact = shown["figure"]["exact_lo"], shown["figure"]["exact_hi"]
        assert (one.get("score-lo", ""), one.get("score-hi", "")) == exact
        assert one["score"] == shown["figure"]["text"]
        if isinstance(level := shown.get("level"), dict):
            assert one.get("target-level", "0") == str(level["target"])
            assert ("level-lo" in one) == shown["figure"]["assessed"]
        if "level-lo" in one:
            assert [one[k] for k in ("level-lo", "level-hi")] == [
                str(level[k]) for k in ("lo", "hi")
            ]
        if permits := shown.get("permits"):
            assert [one[f"permits-{k}"] for k in ("lo", "hi")] == [str(permits[k]) for k in ("lo", "hi")]  # fmt: skip
        if "rating" in one:
            assert one["rating"] == shown["rating"]


def test_targets_of_the_profile_are_those_of_the_report(case: tuple[View, Path]) -> None:
    view, folder = case
    profile = read(folder, "profile.json")
    assert "modify" not in profile
    assert said(profile["metadata"], "enterprise")["target-level"] == str(view.summary.level.target)
    for theme in view.themes.controls:
        if theme.permits:
            shown = said(profile["metadata"], f"theme-{theme.id}")
            assert shown["target-level"] == str(theme.permits.target)


def test_every_open_result_is_an_observation_and_every_answer_an_attestation(
    case: tuple[View, Path],
) -> None:
    view, folder = case
    result = result_of(folder)
    items = {i["uuid"]: said(i)["subject"] for i in result.get("local-definitions", {}).get("inventory-items", ())}  # fmt: skip
    found = [
        (said(o)["check"], items[o["subjects"][0]["subject-uuid"]], said(o)["status"])
        for o in result["observations"] if "subjects" in o
    ]  # fmt: skip
    columns = [view.finding_columns.index(c) for c in ("check", "subject", "status")]
    assert found == [tuple(row[c].strip() for c in columns) for row in view.findings]
    assert len(result.get("attestations", ())) == len(view.attestations.rows)
    cover = view.cover
    assert (result["start"], result["end"]) == (cover.period_from, cover.period_to)
    assert {o["collected"] for o in result["observations"] if "subjects" in o} <= {cover.as_of_iso}


def test_pairs_of_crosswalks_and_of_checks_are_all_there(case: tuple[View, Path]) -> None:
    view, folder = case
    maps = [m["maps"] for m in read(folder, "mapping-collection.json")["mappings"]]
    pairs = [sum(len(r.origins) * len(r.targets) for r in w.rows) for w in view.crosswalks]
    pairs += [sum(len(c.checks) + len(c.context) for c in f.controls) for f in view.frameworks]
    assert [len(m) for m in maps] == [n for n in pairs if n]


def test_every_relation_has_a_relationship() -> None:
    assert oscal_mappings.RELATIONSHIPS.keys() == set(other_lists.RELATIONS.values())


def test_a_list_known_from_crosswalks_only_is_a_resource(run: Path) -> None:
    document = read(run / "oscal", "mapping-collection.json")
    (resource,) = document["back-matter"]["resources"]
    assert resource["title"] == "nist-ai-600-1"
    ends = [m["source-resource"]["href"] for m in document["mappings"]]
    assert f"#{resource['uuid']}" in ends


# ---------------------------------------------------------------- honesty


def control(**changes: Any) -> elements.Control:
    """A control all of whose evidence is good, changed."""
    view = built("perfect")
    one = view.frameworks[0].controls[0]
    lo, counts = changes.pop("lo", "1/1"), changes.pop("counts", {})
    lines = tuple(replace(k, counts=replace(k.counts, **counts)) for k in one.checks)
    return replace(one, figure=replace(one.figure, exact_lo=lo), checks=lines, **changes)


def answer(counts_as: str) -> AnswerLine:
    return replace(built("stated").attestations.rows[0], counts_as=counts_as)


@pytest.mark.parametrize(
    ("changes", "counts_as", "expected"),
    [
        ({}, "", ("satisfied", "pass", "")),
        ({"lo": "999/1000"}, "", ("not-satisfied", "other", "insufficient evidence")),
        ({"lo": "1/2", "counts": {"failed": 1}}, "", ("not-satisfied", "fail", "")),
        ({"lo": "1/2"}, "fail", ("not-satisfied", "fail", "")),
        ({"lo": "1/2"}, "attested", ("not-satisfied", "other", "insufficient evidence")),
        ({"lo": "1/2", "counts": {"compensated": 1}}, "", ("not-satisfied", "other", "uncompensated")),
        ({"lo": "0/1", "state": "not_assessed"}, "", ("not-satisfied", "other", "Not assessed")),
        ({"state": "not_assessed"}, "", ("not-satisfied", "other", "Not assessed")),
        ({"state": "not_applicable"}, "", ("not-satisfied", "other", "Not applicable")),
    ],
)  # fmt: skip
def test_satisfied_is_only_what_is_proven_in_full(
    changes: dict[str, Any], counts_as: str, expected: tuple[str, str, str]
) -> None:
    said_of_it = answer(counts_as) if counts_as else None
    status = oscal_findings.status(control(**changes), said_of_it)
    assert (status["state"], status["reason"]) == expected[:2]
    assert expected[2] in status.get("remarks", "")


def test_nothing_known_satisfies_nothing_and_fails_nothing(tmp_path: Path) -> None:
    write(built("empty"), tmp_path / "oscal")
    statuses = [f["target"]["status"] for f in result_of(tmp_path / "oscal")["findings"]]
    assert {(s["state"], s["reason"]) for s in statuses} == {("not-satisfied", "other")}


def test_a_word_is_an_interview_and_holds_until_its_end(tmp_path: Path) -> None:
    write(built("stated"), tmp_path / "oscal")
    result = result_of(tmp_path / "oscal")
    (seen,) = (o for o in result["observations"] if o["methods"] != ["TEST"])
    assert seen["methods"] == ["INTERVIEW"]
    assert (seen["collected"], seen["expires"]) == ("2026-09-01T10:30:00Z", "2027-01-31T00:00:00Z")
    assert [said(a["parts"][0])["counts-as"] for a in result["attestations"]] == ["attested", "not counted"]  # fmt: skip
    (about,) = (f for f in result["findings"] if said(f)["control"] == "ASI03")
    assert {"observation-uuid": seen["uuid"]} in about["related-observations"]


def test_what_is_waived_or_compensated_is_an_approved_deviation_until_its_end(
    tmp_path: Path,
) -> None:
    view = built("stated")
    write(view, tmp_path / "oscal")
    result = result_of(tmp_path / "oscal")
    waived, made_good = (r for r in result["risks"] if r["status"] != "open")
    assert waived["status"] == made_good["status"] == "deviation-approved"
    assert waived["deadline"] == "2026-12-31T00:00:00Z"
    uuids = [o["uuid"] for o in result["observations"] if "subjects" in o]
    place = {name: n for n, name in enumerate(view.finding_columns)}
    rows = [(row[place["waiver"]], row[place["status"]]) for row in view.findings]
    (row,) = (n for n, (waiver, _) in enumerate(rows) if waiver)
    assert waived["related-observations"] == [{"observation-uuid": uuids[row]}]
    w = view.waivers.compensations[0]
    (row,) = (
        n
        for n, f in enumerate(view.findings)
        if (f[place["check"]], f[place["subject"]]) == (w.check, w.subject)
    )
    assert made_good["related-observations"] == [{"observation-uuid": uuids[row]}]
    assert "POL-01 compensates for" in made_good["mitigating-factors"][0]["description"]
    assert "without effect: 1" in result["remarks"]


def test_a_plan_has_the_actions_of_the_roadmap_and_none_is_made_up(
    case: tuple[View, Path],
) -> None:
    view, folder = case
    if not view.roadmap.picks:
        assert not (folder / "poam.json").exists()
        assert "no poam.json" in result_of(folder)["remarks"]
        return
    plan = read(folder, "poam.json")
    assert [said(i)["action"] for i in plan["poam-items"]] == [p.id for p in view.roadmap.picks]
    assert [said(i)["exact-gain"] for i in plan["poam-items"]] == [p.exact_gain for p in view.roadmap.picks]  # fmt: skip
    for item, pick in zip(plan["poam-items"], view.roadmap.picks, strict=True):
        assert len(item.get("related-risks", ())) == (pick.kind == "implement")
        seen = {o["observation-uuid"] for o in item["related-observations"]}
        checks = {said(o)["check"] for o in plan["observations"] if o["uuid"] in seen}
        assert checks == set(pick.checks)


def test_a_risk_is_seen_in_the_results_that_its_action_mends(
    case: tuple[View, Path],
) -> None:
    view, folder = case
    result = result_of(folder)
    rows = {o["uuid"]: n for n, o in enumerate(o for o in result["observations"] if "subjects" in o)}  # fmt: skip
    seen = [
        tuple(rows[o["observation-uuid"]] for o in risk["related-observations"])
        for risk in result.get("risks", ()) if risk["status"] == "open"
    ]  # fmt: skip
    owed: dict[int, list[int]] = {}
    ids = {row[view.finding_columns.index("id")]: n for n, row in enumerate(view.findings)}
    for id_, rank in view.findings.results.rows(("id", "rank"), OWED):
        owed.setdefault(rank, []).append(ids[id_])
    fixing = [n for n, p in enumerate(view.roadmap.picks, 1) if p.kind == "implement"]
    assert seen == [tuple(owed[n]) for n in fixing if n in owed]


def test_what_lasts_is_called_the_same_whatever_the_evidence_but_only_in_one_organisation(
    tmp_path: Path,
) -> None:
    cover = replace(built("rich").cover, evidence_id="0" * 64)
    covers = {"a": built("rich").cover, "later": cover, "other": replace(cover, unit="Elsewhere")}
    for name, one in covers.items():
        write(replace(built("rich"), cover=one), tmp_path / name)
    first, later, other = (read(tmp_path / name, "poam.json") for name in covers)
    assert first["system-id"] == later["system-id"] != other["system-id"]

    def uuids(document: Any) -> set[str]:
        return {p["uuid"] for p in parts(document) if "uuid" in p}

    for kind in ("risks", "findings", "poam-items"):
        lasting = {p["uuid"] for p in first[kind]}
        assert lasting and lasting == {p["uuid"] for p in later[kind]}
    again = uuids(first) & uuids(later)
    assert not again & {first["uuid"], *uuids(first["back-matter"])}
    assert not uuids(first) & uuids(other)


# ---------------------------------------------------------------- the run


def test_a_run_names_the_hash_of_every_document(run: Path) -> None:
    outputs = json.loads((run / "manifest.json").read_bytes())["outputs"]
    written = {p.relative_to(run).as_posix(): p for p in run.rglob("*") if p.is_file()}
    written.pop("manifest.json")
    assert {n: o["sha256"] for n, o in outputs.items()} == {n: digest(p) for n, p in written.items()}  # fmt: skip
    assert "oscal/assessment-results.json" in outputs and "report.html" not in outputs
    named = {r["title"] for r in read(run / "oscal", "assessment-results.json")["back-matter"]["resources"]}  # fmt: skip
    assert {"results.parquet", "report.json", "findings.csv", "manifest.json"} <= named


def test_the_same_input_gives_the_same_bytes(run: Path, tmp_path: Path) -> None:
    assess(run.parent, "again")
    again = run.parent / "again/oscal"
    assert reporter("export", run, "--formats", "oscal", "--out", tmp_path).exit_code == 0
    for folder in (again, tmp_path / "oscal"):
        assert {p.name: digest(p) for p in folder.iterdir()} == {p.name: digest(p) for p in (run / "oscal").iterdir()}  # fmt: skip


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_run_from_before_says_what_to_do(run: Path, tmp_path: Path) -> None:
    report = json.loads((run / "report.json").read_text("utf-8"))
    del report["run"]["period_from"]
    (tmp_path / "report.json").write_text(json.dumps(report), encoding="utf-8")
    result = reporter(
        "export", tmp_path, "--formats", "oscal", "--out", tmp_path.parent / "exported"
    )
    assert result.exit_code == 3 and "assess the workspace again" in result.output
    assert not (tmp_path.parent / "exported/oscal").exists()
