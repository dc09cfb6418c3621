"""Roll-ups: a group is scored from its results, nothing is averaged, counted twice or lost, and what cannot be pooled is named."""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import fixture_assessment as given
import pytest
from conftest import assess_few, reporter
from fixture_history import assessed, leave
from score_models import POLICY, PROFILE, a_check, a_control, a_framework

from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError
from reporter.model.assessment import Assessment, Policy, RunInfo, Sample, Theme
from reporter.model.scores import Status, Tally
from reporter.pipeline.rollup.members import Member, Members, Rules, read_members
from reporter.pipeline.rollup.pool import roll_up, roll_up_members
from reporter.report.rolled_up import rollup_data as data
from reporter.report.rolled_up.rollup_data import Group, Rollup
from reporter.report.rolled_up.rollup_files import write_rollup
from reporter.report.rolled_up.rollup_rows import ATTRIBUTE_NAMES, page_heads
from reporter.runs.actor_attributes import ACTORS, AGENT, ATTRIBUTES, COLUMNS
from reporter.runs.store import RESULTS, read_data
from reporter.score import score

pytestmark = pytest.mark.slow

CHECKS = (
    a_check("A-01", "critical", 1), a_check("A-02", "medium", 2), replace(a_check("B-01", "high", 1), about="credential"),
    replace(a_check("B-02", "low", 2), about="organisation"),
)  # fmt: skip
THEMES = (Theme("A", "A"), Theme("B", "B"))
FRAMEWORK = a_framework(a_control("C1", "A-01", "B-01"), a_control("C2", "B-02", ask="Is it so?"))
INFO = RunInfo("Acme", "", datetime(2026, 7, 1), datetime(2026, 10, 1), datetime(2026, 10, 1), "p")
EASY = replace(POLICY, readiness_coverage=F(0))
Row = tuple[str, str, str, str, int, int]
"""Check, subject, status, actor, tiers."""


@dataclass(frozen=True)
class World:
    """The results of a run, the attributes of its actors, and what several of them share."""

    rows: tuple[Row, ...]
    actors: dict[str, dict[str, str]]
    shared: dict[str, tuple[str, ...]]


def world(dice: random.Random, agents: int = 9) -> World:
    """A run by chance: agents of teams in regions, keys that some share, a result on the organisation."""
    actors = {
        f"a{n}": {"business_unit": dice.choice(("x", "y", "")), "environment": dice.choice(("prod", "test"))}
        for n in range(agents)
    }  # fmt: skip
    rows: list[Row] = []
    shared = {}

    def add(check: str, subject: str, actor: str) -> None:
        lo = dice.randint(1, 4)
        rows.append((check, subject, str(dice.choice([*Status])), actor, lo, dice.randint(lo, 4)))

    for actor in actors:
        for check in ("A-01", "A-02"):
            if dice.random() < 0.8:
                add(check, actor, actor)
    for key in range(agents // 2):
        holders = tuple(sorted(dice.sample([*actors], dice.randint(1, 3))))
        add("B-01", f"key{key}", holders[0])
        if len(holders) > 1:
            shared[f"key{key}"] = holders
    add("B-02", "organisation", "")
    return World(tuple(rows), actors, shared)


def left(folder: Path, world: World) -> Path:
    """Leave the tables of a run."""
    folder.mkdir(parents=True)
    held: dict[str, list[str]] = {}
    for key, holders in world.shared.items():
        for actor in holders:
            held.setdefault(actor, []).append(f"['credential', '{key}']")
    with DuckDB(folder / "work") as engine:
        engine.run('CREATE TABLE r ("check" VARCHAR, subject VARCHAR, status VARCHAR, actor VARCHAR, tier_lo INT, tier_hi INT)')  # fmt: skip
        engine.insert("r", list(world.rows))
        engine.write_parquet("SELECT * FROM r ORDER BY ALL", folder / RESULTS)
        texts = [
            {"actor": f"'{a}'", **{n: f"nullif('{v}', '')" for n, v in values.items()}, "shared": f"[{', '.join(held[a])}]" if a in held else "NULL"}
            for a, values in world.actors.items()
        ]  # fmt: skip
        rows = [
            "SELECT " + ", ".join(f"CAST({t.get(c, 'NULL')} AS VARCHAR{'[][]' if c == 'shared' else ''}) AS {c}" for c in COLUMNS)
            for t in texts
        ]  # fmt: skip
        engine.write_parquet(" UNION ALL ".join(rows), folder / ACTORS)
    shutil.rmtree(folder / "work")
    return folder


def member(folder: Path, world: World, unit: str, **more: Any) -> Member:
    made = Member(
        unit, "Acme", left(folder, world), INFO, (("checks", "1"),), unit, len(world.rows), (), {}, {},
        frozenset(("FW",)), "", "en",
    )  # fmt: skip
    return replace(made, **more)


def members(*pooled: Member, missing: Sequence[Member] = (), policy: Policy = EASY) -> Members:
    return Members(Rules(CHECKS, THEMES, policy, PROFILE, (FRAMEWORK,)), pooled, tuple(missing), ())


def tallies(rows: Iterable[Row]) -> list[Tally]:
    counts = Counter((c, Status(s), lo, hi) for c, _, s, _, lo, hi in rows)
    return [Tally(*kind, n) for kind, n in sorted(counts.items())]


def expected(rows: Iterable[Row]) -> tuple[tuple[F, F], tuple[int, int], dict[str, tuple[F, F]]]:
    """What the scorer gives for results, for itself."""
    scores = score([FRAMEWORK], CHECKS, THEMES, tallies(rows), EASY, PROFILE)
    total, level = scores.enterprise.total, scores.level
    return (
        (total.lo, total.hi),
        (level.lo, level.hi),
        {f.framework: (f.total.lo, f.total.hi) for f in scores.frameworks},
    )


def given_by(group: Group) -> tuple[tuple[F, F] | None, tuple[int, int] | None]:
    return group.score, group.level


def in_group(world: World, holds: Callable[[dict[str, str]], bool]) -> list[Row]:
    """The results on actors for whom something holds, and on what they have."""
    rows = []
    for row in world.rows:
        holders = world.shared.get(row[1], (row[3],)) if row[0] == "B-01" else (row[3],)
        if any(h and holds(world.actors[h]) for h in holders):
            rows.append(row)
    return rows


# ---------------------------------------------------------------- recomputed from results


@pytest.mark.parametrize("seed", range(6))
def test_each_group_is_scored_from_its_own_results_and_all_are_counted(
    tmp_path: Path, seed: int
) -> None:
    made = world(random.Random(seed))
    whole = roll_up_members(members(member(tmp_path / "u", made, "u")), ["business_unit"])
    root = whole.groups[0]
    score_of, level, frameworks = expected(made.rows)
    assert (root.score, root.results) == (score_of, len(made.rows))
    assert root.level in (level, None) and {f.framework: f.score for f in whole.frameworks} == frameworks  # fmt: skip
    below = whole.below(root)
    assert {g.path[0] for g in below} == {a["business_unit"] for a in made.actors.values()}
    for group in below:
        rows = in_group(made, lambda values, g=group: values["business_unit"] == g.path[0])  # type: ignore[misc]
        assert group.results == len(rows) and (group.score is None or group.score == expected(rows)[0])  # fmt: skip
        assert group.counts == {str(s): sum(r[2] == s for r in rows) for s in Status}
    assert root.outside == 1 and root.inside == sum(g.results for g in below)
    assert root.inside + root.outside - root.again == root.results


def test_a_group_of_units_has_the_score_of_one_run_over_all_their_results(tmp_path: Path) -> None:
    dice = random.Random(7)
    worlds = [world(dice, n) for n in (3, 8, 5)]
    pooled = [member(tmp_path / f"u{n}", w, f"u{n}") for n, w in enumerate(worlds)]
    one = [(c, f"{n}/{s}", *more) for n, w in enumerate(worlds) for c, s, *more in w.rows]
    score_of, _, frameworks = expected(one)  # type: ignore[arg-type]
    made = roll_up_members(members(*pooled), [data.UNIT])
    assert made.groups[0].score == score_of and made.groups[0].results == len(one)
    assert {f.framework: f.score for f in made.frameworks} == frameworks
    assert made.groups[0].outside == made.groups[0].again == 0
    means = [sum(g.score[end] for g in made.groups[1:] if g.score) / 3 for end in (0, 1)]
    assert tuple(means) != score_of, "a mean of scores would do as well: this test shows nothing"


def test_neither_the_order_of_runs_nor_the_nesting_matters(tmp_path: Path) -> None:
    dice = random.Random(3)
    pooled = [member(tmp_path / f"u{n}", world(dice), f"u{n}") for n in range(3)]
    names = ("business_unit", "environment", data.UNIT)

    def by(levels: Sequence[str], runs: Sequence[Member]) -> tuple[Group, dict[Any, Any]]:
        made = roll_up_members(members(*runs), levels)
        deepest = [g for g in made.groups if len(g.path) == len(levels)]
        keys = {frozenset(zip(levels, g.path, strict=True)): (given_by(g), g.counts, g.actors) for g in deepest}  # fmt: skip
        return made.groups[0], keys

    root, leaves = by(names, pooled)
    for levels in ((data.UNIT, "environment", "business_unit"), names[::-1]):
        other, others = by(levels, pooled[::-1])
        assert given_by(other) == given_by(root) and other.counts == root.counts and others == leaves  # fmt: skip


def test_a_run_is_grouped_as_its_own_report_does(good_run: Path) -> None:
    run = read_data(good_run)
    names = {"business unit": "business_unit", "agent tier": "tier", "actor type": "kind"}
    compared = 0
    for dimension, name in names.items():
        groups = {g.path: g for g in roll_up([good_run], [name], F(0)).groups}
        assert groups[()].score == (run.scores.enterprise.total.lo, run.scores.enterprise.total.hi)
        for part in run.slices:
            if part.segment.dimension == dimension and part.segment.value:
                group, counts = groups[part.segment.value,], Counter[str]()
                for tally in part.segment.tallies:
                    counts[tally.status] += tally.n
                total = part.score.total
                assert +Counter(group.counts) == counts and group.actors == part.segment.actors
                assert not total.assessed or group.score == (total.lo, total.hi)
                assert group.level in (None, (part.level.lo, part.level.hi))
                compared += group.score is not None
    assert compared >= 3


def test_a_sample_speaks_only_for_its_own_run(tmp_path: Path) -> None:
    rows = tuple(("A-01", f"a{n}", "pass", f"a{n}", 2, 2) for n in range(5))
    made = World(rows, {f"a{n}": {} for n in range(5)}, {})
    drawn = member(tmp_path / "drawn", made, "drawn", samples={"A-01": (5, 100)})
    other = member(tmp_path / "other", made, "other")
    groups = {g.path: g for g in roll_up_members(members(drawn, other), [data.UNIT]).groups}
    sampled = [replace(CHECKS[0], sample=Sample(5, 100, "1"))]
    alone = score([], sampled, THEMES, tallies(rows), EASY, PROFILE).enterprise.total
    assert groups["drawn",].score == (alone.lo, alone.hi) and groups["drawn",].undrawn == 0
    unknown = [Tally("A-01", Status.UNKNOWN, 1, 4, 95)]
    whole = score([], CHECKS[:1], THEMES, [*tallies(rows * 2), *unknown], EASY, PROFILE).enterprise.total  # fmt: skip
    assert groups[()].score == (whole.lo, whole.hi) and groups[()].undrawn == 95


def test_a_cap_of_one_run_holds_all_of_which_it_is_part(tmp_path: Path) -> None:
    rows = tuple((c, f"a{n}", "pass", f"a{n}", 2, 2) for c in ("A-01", "A-02") for n in range(4))
    made = World(rows, {f"a{n}": {} for n in range(4)}, {})
    free = member(tmp_path / "free", made, "free")
    held = member(tmp_path / "held", made, "held", caps=((1, "few logs"),))
    rules = members(free, held)
    rules = replace(rules, rules=replace(rules.rules, themes=THEMES[:1]))
    groups = {g.path: g for g in roll_up_members(rules, [data.UNIT]).groups}
    assert [groups[p].level for p in (("free",), ("held",), ())] == [(2, 2), (1, 2), (1, 2)]
    assert groups[()].caps == ((1, "few logs"),)


# ---------------------------------------------------------------- too little evidence


def unit(tmp_path: Path, name: str, passed: int, unknown: int) -> Member:
    states = ["pass"] * passed + ["unknown"] * unknown
    rows = tuple(("A-01", f"a{n}", s, f"a{n}", 2, 2) for n, s in enumerate(states))
    return member(tmp_path / name, World(rows, {r[1]: {} for r in rows}, {}), name)


def test_below_the_floor_no_number_is_given(tmp_path: Path) -> None:
    units = [unit(tmp_path, "thin", 1, 9), unit(tmp_path, "well", 8, 2)]
    made = roll_up_members(members(*units), [data.UNIT], F(1, 2))
    groups = {g.path: g for g in made.groups}
    assert (groups["thin",].score, groups["thin",].level, groups["thin",].why) == (None, None, "thin")  # fmt: skip
    assert groups["well",].score and groups["thin",].coverage == F(1, 10)
    # Nine tenths and two tenths: 45 % could be judged of all.
    assert groups[()].why == "thin" and not made.frameworks
    # What is printed like the floor is said to be below it.
    close = roll_up_members(members(*units), [data.UNIT], F(1001, 10000))
    write_rollup(close, tmp_path / "out", ("html",), "")
    page = (tmp_path / "out/rollup.html").read_text("utf-8")
    assert "a little less than the 10.0 % that is asked for could be judged" in page.replace("\u00a0", " ")  # fmt: skip


def test_a_group_has_no_number_where_those_with_enough_evidence_hold_too_little(
    tmp_path: Path,
) -> None:
    units = [unit(tmp_path, "thin", 4, 6), unit(tmp_path, "less", 4, 6), unit(tmp_path, "well", 9, 0)]  # fmt: skip
    made = roll_up_members(members(*units), [data.UNIT], F(1, 2))
    assert made.groups[0].coverage > F(1, 2) and made.groups[0].why == "members"
    assert made.groups[0].score is None
    assert roll_up_members(members(*units), [data.UNIT], F(2, 5)).groups[0].score


@pytest.mark.parametrize("by", [[data.ORGANISATION, data.UNIT], [data.ORGANISATION], ["state"]])
def test_the_whole_has_the_same_number_however_it_is_grouped(tmp_path: Path, by: list[str]) -> None:
    """The trap: an organisation that holds most results has too little evidence, and its largest unit has enough."""
    sizes = {"well": (20, 0), "thin": (0, 60), "large": (35, 65)}
    well, *others = (unit(tmp_path, name, *size) for name, size in sizes.items())
    everybody = [well, *(replace(m, organisation="Other") for m in others)]
    by_unit = roll_up_members(members(*everybody), [data.UNIT], F(3, 10)).groups[0]
    whole = roll_up_members(members(*everybody), by, F(3, 10)).groups
    assert by_unit.score and given_by(whole[0]) == given_by(by_unit)
    if by[0] == data.ORGANISATION:
        (other,) = (g for g in whole if g.path == ("Other",))
        assert other.why == "thin", "which decides nothing above it"


def test_a_unit_that_is_left_out_counts_as_unknown_in_its_last_size(tmp_path: Path) -> None:
    known, gone = unit(tmp_path, "known", 6, 0), unit(tmp_path, "gone", 4, 0)
    alone = roll_up_members(members(known), [data.UNIT]).groups[0]
    both = roll_up_members(members(known, missing=[gone]), [data.UNIT])
    root = both.groups[0]
    assert alone.score == (1, 1) and root.score == (F(6, 10), 1)
    assert (root.unknown_units, root.results, root.coverage) == (4, 6, F(6, 10))
    assert [g.path for g in both.groups] == [(), ("known",)] and both.groups[1].score == (1, 1)
    assert roll_up_members(members(known, missing=[gone]), [data.UNIT], F(7, 10)).groups[0].why == "thin"  # fmt: skip


# ---------------------------------------------------------------- which runs are pooled


def run_of(folder: Path, unit: str, a: Assessment | None = None, **hashes: str) -> Path:
    a = a or assessed(**hashes)
    results = [(a.checks[0].id, f"s{n}", "pass") for n in range(3)]
    return leave(folder, replace(a, run=replace(a.run, unit=unit)), results)


def test_what_cannot_be_pooled_is_named_with_the_reason(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    run_of(runs / "a", "A")
    run_of(runs / "b", "B")
    run_of(runs / "b-before", "B", assessed(days_ago=90))
    run_of(runs / "other-content", "C", content="9" * 64)
    mine = assessed()
    checks = (replace(mine.checks[0], params={"days": 1}), *mine.checks[1:])
    run_of(runs / "own-thresholds", "D", replace(mine, checks=checks))
    run_of(runs / "late", "E", assessed(days_ago=30))
    changed = run_of(runs / "changed", "F")
    (changed / RESULTS).write_bytes(b"PAR1")
    (runs / ".part").mkdir()
    found = read_members([runs])
    assert [m.unit for m in found.pooled] == ["A", "B"]
    assert {(m.unit, m.why) for m in found.left_out} == {
        ("B", "older"), ("C", "rules"), ("D", "rules"), ("E", "period"), ("changed", "unreadable"),
    }  # fmt: skip
    reasons = {m.unit: m.detail for m in found.left_out}
    assert (reasons["C"], reasons["D"]) == ("content", "thresholds")
    assert {m.unit for m in found.missing} == {"C", "D", "E"}
    with pytest.raises(InputError, match="is not the file that"):
        read_members([changed])
    with pytest.raises(InputError, match="of the same unit and moment"):
        read_members([runs, run_of(tmp_path / "again", "A")])
    with pytest.raises(InputError, match="no run to roll up"):
        read_members([runs / ".part"])


def test_units_of_a_batch_are_named_though_they_failed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_of(out / "a/2026-07-01_2026-10-01-1", "")
    run_of(out / "b/2026-04-01_2026-07-01-1", "", assessed(days_ago=92))
    rows = [
        {"unit": "a", "status": "assessed", "reason": "", "run": "a/2026-07-01_2026-10-01-1"},
        {"unit": "b", "status": "failed", "reason": "it crashed", "run": None},
        {"unit": "new", "status": "failed", "reason": "no folder", "run": None},
        {"unit": "may", "status": "not there", "reason": "no folder", "run": None},
    ]
    (out / "batch.json").write_text(json.dumps({"units": rows}))
    made = roll_up([out], floor=F(0))
    told = {m.unit: (m.why, m.unknown) for m in made.left_out}
    assert told == {"b": ("failed", made.pooled[0].results), "new": ("failed", None), "may": ("absent", None)}  # fmt: skip
    assert made.levels == (data.UNIT,) and made.groups[0].unknown_units == 3


def test_runs_without_attributes_are_left_out_where_they_are_asked_for(
    good_run: Path, tmp_path: Path
) -> None:
    old = shutil.copytree(good_run, tmp_path / "old")
    (old / ACTORS).unlink()
    assert roll_up([old]).groups[0].results
    with pytest.raises(InputError, match="no run has a table of actors"):
        roll_up([old], ["kind"])
    with pytest.raises(InputError, match="Did you mean environment") as error:
        roll_up([good_run], ["environmant"])
    assert "risk_tier" in str(error.value)


# ---------------------------------------------------------------- what is printed


@pytest.fixture(scope="module")
def printed(good_run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The files of a roll-up, in German, and its table."""
    out = tmp_path_factory.mktemp("rollup") / "out"
    words = ("--by", "business_unit,environment", "--out", out, "--language", "de", "--formats", "html,json,csv")  # fmt: skip
    result = reporter("rollup", good_run, *words)
    assert result.exit_code == 0, result.output
    return out, result.output


def test_every_form_says_the_same(good_run: Path, printed: tuple[Path, str]) -> None:
    out, text = printed
    made = json.loads((out / "rollup.json").read_bytes())
    with (out / "rollup.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    page = (out / "rollup.html").read_text("utf-8")
    assert len(made["groups"]) == len(rows) >= 3
    for group, row in zip(made["groups"], rows, strict=True):
        assert [row["score_lo_exact"], row["score_hi_exact"]] == (group["score"] or ["", ""])
        assert row["path"] == " / ".join(group["path"]) and int(row["results"]) == sum(group["counts"].values())  # fmt: skip
        if group["score"]:
            assert f"{row['score_lo'].replace('.', ',')}" in page and row["score_lo"] in text
    assert 'class="chart unit-bars"' in page
    assert {p.name for p in out.iterdir()} == {"rollup.json", "rollup.csv", "rollup.html"}
    whole = made["groups"][0]
    sums = f"{whole['inside']:,} in its groups + {whole['outside']:,} on the organisation - {whole['again']:,} counted again = "  # fmt: skip
    assert sums in text


def heads(page: str, table: str) -> str:
    """The first heading of a table of the page."""
    inner = page.split(f'<table class="narrow {table}">')[1].split("</th>")[0]
    return inner.split("<bdi>")[1].split("</bdi>")[0]


def test_the_page_says_what_its_rows_are(printed: tuple[Path, str]) -> None:
    page = (printed[0] / "rollup.html").read_text("utf-8")
    assert heads(page, "rolled") == "Geschäftsbereich / Umgebung"
    assert heads(page, "sums") == "Geschäftsbereich"
    title = "Gruppen im Vergleich: Geschäftsbereich / Umgebung"
    assert page.count(title) == 4 and f"<h2><bdi>{title}</bdi></h2>" in page
    assert "<title>Welchen Wert hat jede Gruppe," in page and ">Einheit<" not in page


@pytest.mark.parametrize(
    "levels, title, groups, sums",
    [
        (("unit",), "Units compared", "Unit", "Group"),
        (("organisation", "unit"), "Groups compared: Organisation / Unit", "Organisation / Unit", "Organisation"),
        (("label:tier",), "Groups compared: tier (label)", "tier (label)", "Group"),
        (("x" * 99, "a\u202eb"), f"Groups compared: {'x' * 39}… / a\\u202eb", f"{'x' * 39}… / a\\u202eb", f"{'x' * 39}…"),
        ((), "The whole run", "Run", "Group"),
    ],
)  # fmt: skip
def test_groups_are_called_units_only_where_each_is_one(
    levels: tuple[str, ...], title: str, groups: str, sums: str
) -> None:
    made = page_heads(levels)
    assert (made.title, made.groups, made.sums) == (title, groups, sums)
    assert ("each unit" in made.question) == (levels == ("unit",))


def test_each_attribute_of_ours_has_a_heading() -> None:
    assert {AGENT, *ATTRIBUTES, *data.OF_RUNS} == {*ATTRIBUTE_NAMES}


def test_a_label_is_called_as_the_register_spells_it(tmp_path: Path) -> None:
    made = world(random.Random(1))
    folder = left(tmp_path / "u", made)
    with DuckDB(tmp_path / "work") as engine:
        columns = f"* REPLACE ('{json.dumps({'Cost <b>center</b>': '7', 'tier': '1'})}' AS labels)"
        rows = f"SELECT {columns} FROM read_parquet('{folder / ACTORS}')"
        engine.write_parquet(rows, tmp_path / "labelled")
    (tmp_path / "labelled").replace(folder / ACTORS)
    run = replace(member(tmp_path / "other", made, "u"), folder=folder)
    rolled = roll_up_members(
        members(run), ["COST-<b>CENTER</b>", "label:Tier", "cost<b>center</b>"]
    )
    assert rolled.levels == ("Cost <b>center</b>", "label:tier")
    assert {g.path for g in rolled.groups} == {(), ("7",), ("7", "1")}
    write_rollup(rolled, tmp_path / "out", ("html",), "")
    page = (tmp_path / "out/rollup.html").read_text("utf-8")
    assert heads(page, "rolled") == "Cost &lt;b&gt;center&lt;/b&gt; / tier (label)"
    assert "<b>center" not in page


def test_the_json_is_what_its_schema_says(printed: tuple[Path, str]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((Path(__file__).parents[1] / "docs/rollup.schema.json").read_bytes())
    jsonschema.validate(json.loads((printed[0] / "rollup.json").read_bytes()), schema)


def test_the_same_runs_give_the_same_bytes(good_run: Path, printed: tuple[Path, str], tmp_path: Path) -> None:  # fmt: skip
    words = ("--by", "business_unit,environment", "--out", tmp_path, "--language", "de", "--formats", "html,json,csv")  # fmt: skip
    assert reporter("rollup", good_run, good_run, *words).exit_code == 0
    for path in printed[0].iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize(
    "words, code, text",
    [
        (("--coverage-floor", "101"), 2, "no share from 0 to 100"),
        (("--language", "xx"), 2, "is not one of"),
        (("--formats", "docx"), 2, "docx"),
        (("--by", "shoe_size"), 3, "no actor has the attribute 'shoe_size'"),
    ],
)
def test_wrong_words_are_refused(
    good_run: Path, words: Sequence[str], code: int, text: str
) -> None:
    result = reporter("rollup", good_run, *words)
    assert result.exit_code == code and text in result.output


def test_nothing_is_written_into_a_run(good_run: Path) -> None:
    result = reporter("rollup", good_run, "--out", good_run)
    assert result.exit_code == 3 and "never changed" in result.output


# ---------------------------------------------------------------- attributes and labels


def test_labels_group_results_and_name_nobody_in_a_run_without_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "OWN-02")
    agents = [
        {"type": "agent", "actor_id": "a1", "state": "active", "owner_id": "ann.moss@x.example", "labels": {"team": "claims", "lead": "Ann Moss"}},
        {"type": "agent", "actor_id": "a2", "state": "active", "owner_id": "ann.moss@x.example", "labels": '{"lead": "Ann Moss", "team": "claims"}'},
        {"type": "agent", "actor_id": "a3", "state": "active", "owner_id": "ann.moss@x.example", "labels": {"team": "pay"}},
        {"type": "agent", "actor_id": "a4", "state": "active", "labels": "no object"},
        {"type": "agent", "actor_id": "a5", "state": "active", "owner_id": "ann.moss@x.example", "labels": {"team": ["red", "blue"]}},
        {"type": "human", "actor_id": "ann.moss@x.example", "name": "Ann Moss", "state": "active"},
    ]  # fmt: skip
    (tmp_path / "ws/inventory").mkdir(parents=True)
    settings = {"organisation": "Acme", "period": {"from": "2026-07-01", "to": "2026-10-01"}}
    (tmp_path / "ws/reporter.yml").write_text(json.dumps(settings))
    (tmp_path / "ws/inventory/a.json").write_text(json.dumps(agents))
    for name, more in (("open", ()), ("hidden", ("--pseudonymise", "people"))):
        result = reporter("assess", tmp_path / "ws", "--out", tmp_path / name, "--formats", "json", "--quiet", *more)  # fmt: skip
        assert result.exit_code == 0, result.output
        made = roll_up([tmp_path / name], ["team"], F(0))
        sizes = {g.path: g.actors for g in made.groups}
        assert sizes["claims",] == 2 and sizes["pay",] == 1 and sizes["",] >= 1
        assert sizes["blue, red",] == 1  # all words of a list, in order of the alphabet
        asked = roll_up([tmp_path / name], ["label:team"], F(0))
        assert {g.path: g.actors for g in asked.groups} == sizes
        with pytest.raises(InputError, match="label:owner"):
            roll_up([tmp_path / name], ["label:owner"], F(0))
    with DuckDB(tmp_path / "work") as engine:
        engine.show_parquet("hidden", [tmp_path / "hidden" / ACTORS])
        texts = str(engine.rows("SELECT * FROM hidden"))
        engine.show_parquet("plain", [tmp_path / "open" / ACTORS])
        labels = {text for (text,) in engine.rows("SELECT DISTINCT labels FROM plain")}
    assert "claims" in texts and "Moss" not in texts and "ann.moss" not in texts
    assert labels == {'{"lead":"Ann Moss","team":"claims"}', '{"team":"pay"}', r'{"team":"[\"red\",\"blue\"]"}', "no object", None}  # fmt: skip
    owners = [g.path[0] for g in roll_up([tmp_path / "hidden"], ["owner"], F(0)).groups[1:]]
    assert len([name for name in owners if name]) == 1


def test_each_attribute_can_be_asked_for(good_run: Path) -> None:
    for name in ATTRIBUTES:
        made: Rollup = roll_up([good_run], [name], F(0))
        assert made.groups[0].inside + made.groups[0].outside - made.groups[0].again == made.groups[0].results  # fmt: skip
    assert len(roll_up([good_run], ["agent"], F(0)).groups) > 3


def test_a_picture_of_many_units_fits_a_page_and_says_how_many_it_has(tmp_path: Path) -> None:
    for n in range(40):
        run_of(tmp_path / f"runs/u{n:02}", f"U{n:02}")
    for n in range(20):
        (tmp_path / f"runs/x{n:02}").mkdir()
        (tmp_path / f"runs/x{n:02}/report.json").write_text("{}")
    words = ("--out", tmp_path / "out", "--formats", "html,pdf", "--coverage-floor", "0")
    result = reporter("rollup", tmp_path / "runs", *words)
    assert result.exit_code == 0, result.output
    page = (tmp_path / "out/rollup.html").read_text("utf-8")
    for css in ("unit-bars", "unit-stack"):
        (drawn,) = re.findall(rf'<svg class="chart {css}".*?</svg>', page, re.DOTALL)
        assert drawn.count(">left out</text>") == 10
        assert "U28</text>" in drawn and "U29</text>" not in drawn  # and all units together
    assert "The picture shows the first 30;" in page
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed")
    words = ("pdftotext", "-l", "1", tmp_path / "out/rollup.pdf", "-")
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert "U22" in told and "The picture shows the first 24;" in told


def test_a_page_of_invented_names_is_harmless(tmp_path: Path) -> None:
    a = assessed(a=given.single())
    run = run_of(tmp_path / "runs/x", "<b>unit</b>", a)
    result = reporter("rollup", tmp_path / "runs", "--out", tmp_path / "out", "--formats", "html", "--coverage-floor", "0")  # fmt: skip
    assert result.exit_code == 0, result.output
    page = (tmp_path / "out/rollup.html").read_text("utf-8")
    assert "<b>unit</b>" not in page and "&lt;b&gt;unit" in page and run.is_dir()
