"""The numbers of a whole run: every printed one follows from its printed why; parts, other weights, samples, to-do lists."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import printed as printed_view
from conftest import reporter
from test_explanation import recompute

from reporter import open as open_run
from reporter.authoring.scaffold import init
from reporter.content import loader
from reporter.model.scores import Status, Tally
from reporter.report import EDITIONS
from reporter.report.export import read_view
from reporter.report.html import page as html
from reporter.score import printed, score
from reporter.score.sampling import upper_limit

ROOT = Path(__file__).parents[1]
COMPANY = ROOT / "sample_data/acme/2026-q3"


@pytest.fixture(scope="module")
def company(sample_run: Path) -> Path:
    return sample_run


@pytest.fixture(scope="module")
def report(company: Path) -> dict[str, Any]:
    found: dict[str, Any] = printed_view(company)
    return found


@pytest.fixture(scope="module")
def results(company: Path) -> pd.DataFrame:
    return open_run(company).results()


def table(company: Path, name: str) -> list[dict[str, str]]:
    with (company / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


# ---------------------------------------------------------------- every number from its why


def test_every_printed_score_follows_from_its_printed_why(report: dict[str, Any]) -> None:
    checks = {c["id"]: c for c in report["checks"]}
    shown = 0
    for view in (report["themes"], *report["frameworks"]):
        for part in (view["total"], *view["groups"], *view["controls"]):
            if not part["figure"]["assessed"]:
                continue
            ends = [e for line in part["reasons"] if line.startswith(("S = ", "P")) for e in recompute(line)]  # fmt: skip
            assert ends
            assert all(printed(value) == percent for value, percent in ends)
            assert [str(e[0]) for e in ends[-2:]] == [_plain(part["figure"][k]) for k in ("exact_lo", "exact_hi")]  # fmt: skip
            shown += 1
            for line in part["reasons"]:
                if re.match(r"P\d = ", line) and "[question]" not in line:
                    _expect_checks(line, checks)
    assert shown > 90


def _plain(text: str) -> str:
    return str(F(text))


def _expect_checks(line: str, checks: dict[str, Any]) -> None:
    """The values that a practice weighs are those of its checks."""
    names = re.findall(r"\[([^]]+)\]", line)
    for terms, key in zip(re.findall(r"\(([^()]+ x [^()]+)\)/\d+", line), ("exact_lo", "exact_hi"), strict=True):  # fmt: skip
        values = [F(term.split(" x ")[1].split()[0]) for term in terms.split(" + ")]
        assert values == [F(checks[name]["figure"][key]) for name in names]


def test_every_printed_check_follows_from_its_counted_results(
    report: dict[str, Any], results: pd.DataFrame
) -> None:
    counted = Counter(results[["check", "status"]].itertuples(index=False, name=None))
    for check in report["checks"]:
        line = check["reasons"][0]
        if not check["figure"]["assessed"] and "not applicable" in line:
            continue
        for n, word in re.findall(r"(\d+) (pass|fail|unknown|attested|compensated)", line.split("(results")[0]):  # fmt: skip
            assert counted[check["id"], word] == int(n)
        pattern = r"\(?([\d/]+?)\)?/(\d+) = (\S+) = ([\d.]+) %"
        ends = re.findall(r"(?:= |at most )" + pattern, line)
        assert len(ends) == 2
        for (part, whole, value, percent), key in zip(ends, ("exact_lo", "exact_hi"), strict=True):
            assert F(part) / int(whole) == F(value) == F(check["figure"][key])
            assert printed(F(value)) == percent


# ---------------------------------------------------------------- parts


def test_parts_hold_each_result_on_one_actor_once_in_each_dimension(
    company: Path, results: pd.DataFrame
) -> None:
    single = {c.id for c in loader.load().checks if c.about in ("agent", "actor")}
    counts = Counter(
        {
            "pass": "passed",
            "declared": "passed",
            "compensated": "compensated",
            "fail": "failed",
            "unknown": "unknown",
        }[result]
        for check, result in results[["check", "status"]].itertuples(index=False)
        if check in single
    )
    rows = table(company, "slices.csv")
    agents = [r for r in rows if r["dimension"] == "actor type" and r["value"] == "agent"][0]
    for column, n in counts.items():
        assert int(agents[column]) >= n
        tiers = sum(int(r[column]) for r in rows if r["dimension"] == "agent tier")
        assert tiers >= int(agents[column])


def test_a_part_is_scored_from_the_results_on_its_actors(
    company: Path, results: pd.DataFrame
) -> None:
    """One of the three test agents shares its token and principal with one in production."""
    register = json.loads((COMPANY / "inventory/agents.json").read_text(encoding="utf-8"))
    own = {r["actor_id"] for r in register["records"] if r.get("environment") == "test"}
    content = loader.load()
    about = {c.id: c.about for c in content.checks}
    kept: Counter[tuple[str, str, int, int]] = Counter()
    columns = ["check", "subject", "status", "actor", "tier_lo", "tier_hi"]
    for row in results[columns].itertuples(index=False):
        check, subject, result, actor, lo, hi = row
        shared = re.search("tok-docs-ocr$|docs-ocr$", subject) and about[check] in ("credential", "principal")  # fmt: skip
        if shared or (actor in own and about[check] not in ("log_source", "policy")):
            kept[check, result, lo, hi] += 1
    tallies = [Tally(c, Status(v), lo, hi, n) for (c, v, lo, hi), n in kept.items()]
    profile = content.profiles["baseline"]
    total = score((), content.checks, content.themes, tallies, content.policy, profile).enterprise.total  # fmt: skip
    row = next(r for r in table(company, "slices.csv") if r["value"] == "test")
    assert (F(row["exact_lo"]), F(row["exact_hi"])) == (total.lo, total.hi)
    assert int(row["actors"]) == len(own)


def test_a_part_to_which_few_practices_apply_has_a_score_and_no_level(company: Path) -> None:
    rows = {r["value"]: r for r in table(company, "slices.csv") if r["dimension"] == "actor type"}
    assert rows["service_account"]["level"] == "–"
    assert rows["service_account"]["level_note"] == "no level: too few practices of level 1 apply"
    assert rows["agent"]["level"] in "012345"


# ---------------------------------------------------------------- other weights


def test_levels_that_hang_on_the_weights_are_marked_with_what_they_would_be(
    report: dict[str, Any],
) -> None:
    content = loader.load()
    assert dict(content.policy.other_weights) == {"flat": (1, 1, 1, 1), "steep": (1, 3, 9, 27)}
    permits = [c["permits"] for c in report["themes"]["controls"]]
    marked = [x["sensitive"] for x in permits if x["sensitive"]]
    assert marked
    assert all(re.match(r"weight-sensitive: level \d.* with (flat|steep) weights", m) for m in marked)  # fmt: skip
    line = next(x["text"] for x in report["method"] if x["label"] == "Sensitivity")
    assert "flat (1, 1, 1, 1) and steep (1, 3, 9, 27)" in line


# ---------------------------------------------------------------- random samples


@pytest.mark.usefixtures("few_checks")
def test_a_declared_sample_is_scored_printed_and_asked_what_if(tmp_path: Path) -> None:
    ws = tmp_path / "ws"
    init(ws, "Acme")
    (ws / "inventory/people.csv").write_text("type,actor_id,name,state\nhuman,ben,Ben,retired\n")
    with (ws / "reporter.yml").open("a") as file:
        file.write("samples:\n  OWN-02: {size: 1, frame: 40, seed: 7, note: drawn by audit}\n")
    done = reporter("assess", ws, "--out", tmp_path / "run", "--formats", "json")
    assert done.exit_code == 0, done.output
    said = reporter("explain", tmp_path / "run", "OWN-02").output
    assert "Random sample of 1 of 40 (seed 7; drawn by audit)" in said
    report = printed_view(tmp_path / "run")
    check = next(c for c in report["checks"] if c["id"] == "OWN-02")
    assert "Random sample of 1 of 40" in check["standing"]
    assert F(check["figure"]["exact_lo"]) == 1 - upper_limit(1, 1 - check["counts"]["passed"])
    assert reporter("explain", tmp_path / "run", "--fix", "OWN-02").exit_code == 0


@pytest.mark.usefixtures("few_checks")
@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("OWN-02: {size: 3, frame: 40, seed: 7}", "OWN-02 gives 1 results, but its sample is declared with 3"),
        ("OWN-02: {size: 41, frame: 40, seed: 7}", "OWN-02: expected size and frame"),
        ("OWN-02: {size: 1, frame: 40}", "OWN-02: expected size and frame"),
        ("OWN-02: {size: 1, frame: 40, seed: 7, sead: 1}", "OWN-02: expected size and frame"),
        ("OWN-02: 25", "OWN-02: expected size and frame"),
        ("OWN-99: {size: 1, frame: 40, seed: 7}", "samples: no check 'OWN-99'"),
    ],
)  # fmt: skip
def test_a_wrong_sample_is_refused(tmp_path: Path, lines: str, says: str) -> None:
    init(tmp_path / "ws", "Acme")
    with (tmp_path / "ws/reporter.yml").open("a") as file:
        file.write(f"samples:\n  {lines}\n")
    done = reporter("assess", tmp_path / "ws", "--out", tmp_path / "run", "--formats", "json")
    assert (done.exit_code, says in done.output) == (3, True), done.output
    assert not (tmp_path / "run").exists()


# ---------------------------------------------------------------- who has what to do


def test_each_open_result_stands_once_in_the_to_do_lists_by_owner_and_rank(company: Path, report: dict[str, Any]) -> None:  # fmt: skip
    rows = table(company, "todo.csv")
    held = [dict(zip(report["finding_columns"], f, strict=True)) for f in report["findings"]]
    assert Counter((r["check"], r["subject"]) for r in rows) == Counter(
        (f["check"], f["subject"])
        for f in held
        if f["status"] in ("fail", "unknown") and not f["waiver"]
    )
    order = [(not r["owner"], r["owner"], int(r["rank"])) for r in rows]
    assert order == sorted(order)
    owners = {o["owner"]: o for o in report["roadmap"]["owners"]}
    assert int(owners["nobody"]["results"]) == sum(not r["owner"] for r in rows)
    busy = rows[0]["owner"]
    (line,) = (o for name, o in owners.items() if busy in name)
    assert int(line["actions"]) == len({r["action"] for r in rows if r["owner"] == busy})


def test_misuse_that_a_log_shows_is_urgent_whatever_the_tier(company: Path) -> None:
    misuse = {c.id for c in loader.load().checks if c.misuse}
    assert misuse == {"INV-02", "INV-04", "CRD-02", "CRD-08", "ENT-05", "IDN-03", "IDN-06"}
    rows = [r for r in table(company, "todo.csv") if r["check"] in misuse and r["status"] == "fail"]
    assert rows
    assert {r["lane"] for r in rows} == {"act now"}


# ---------------------------------------------------------------- drawings


def test_the_losses_are_what_lies_between_all_points_and_the_score(report: dict[str, Any]) -> None:
    rows, total = report["losses"]["rows"], report["themes"]["total"]["figure"]
    assert all(0 <= r["at_failing"] <= r["at_cost"] for r in rows)
    costs = [r["at_cost"] for r in rows]
    assert costs == sorted(costs, reverse=True)
    for name, end in (("at_cost", "exact_lo"), ("at_failing", "exact_hi")):
        lost = 10_000 * (1 - F(total[end]))
        assert abs(sum(r[name] for r in rows) - lost) <= len(rows)
    for row in rows:
        numbers = [round(100 * F(n)) for n in re.findall(r"\d+\.\d+", row["text"])]
        whole, *parts = numbers if len(numbers) > 1 else [*numbers, *numbers]
        assert whole == row["at_cost"] and abs(sum(parts) - whole) <= 1


def test_the_calendar_shows_each_day_on_which_a_log_delivered(report: dict[str, Any]) -> None:
    feeds = {f["log_source"]: f for f in report["accounting"]["feeds"]}
    rows = {r["log_source"]: r["days"] for r in report["calendar"]["rows"]}
    assert rows.keys() == feeds.keys()
    for name, days in rows.items():
        assert len(days) == 92
        seen, unit = feeds[name]["seen"].replace(",", "").split()
        if unit.startswith("day"):
            assert days.count("a") == int(seen) and "p" not in days
        else:
            assert days.count("a") * 24 <= int(seen) <= (days.count("a") + days.count("p")) * 24
    assert [m for _, m in report["calendar"]["months"]] == ["Jul", "Aug", "Sep"]


def test_every_link_of_every_edition_of_the_company_leads_somewhere(company: Path) -> None:
    made = read_view(company)
    for edition in EDITIONS:
        for medium in ("screen", "paper"):
            page = html.render(made, medium, edition=edition)
            ids = set(re.findall(r' id="([^"]+)"', page))
            bare = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)  # it writes links too
            links = set(re.findall(r'href="#([^"]+)"', bare))
            assert links <= ids, (edition, medium)
            assert links or (edition != "auditor" and medium == "paper")
