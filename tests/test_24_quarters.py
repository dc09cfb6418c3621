"""Twenty-four quarters of a small company: what history, trend and closing say is what was planted, as a record kept beside it tells."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few, reporter

from reporter.pipeline.assess import Options, assess_workspace
from reporter.pipeline.quarter.run_history import RunRow, finding_rows, read_history
from reporter.runs.chain import CHAIN, read_chain
from reporter.runs.store import DATA, read_data

SEED = 58
CHECKS = ("OWN-01", "OWN-02", "INV-01", "GOV-01")
GOOD, BAD, ABSENT = "owned", "its owner left", "not there"
FIRST = 2019
TWICE = (BAD, GOOD, BAD, GOOD)
"""The first quarters of the first agent: a finding that is fixed twice."""


@dataclass
class Agent:
    """An agent, and what it was in each quarter: one of the three."""

    id: str
    states: list[str]
    owners: int = 1
    """How many it has had."""

    @property
    def owner(self) -> str:
        """Who owns it now, or did when it had an owner last."""
        return f"{self.id}-{self.owners}"


class Company:
    """What is planted, by chance that a seed repeats: births, deaths, owners who leave, owners who are named, findings that come back,
    and a quarter without the list of people."""

    def __init__(self, quarters: int) -> None:
        chance = random.Random(SEED)
        self.quarters = quarters
        self.agents = [Agent(f"A{n:02}", []) for n in range(5)]
        self.lost = {quarters - 2}
        """Quarters without the list of people: nobody knows then who has left."""
        self.registers: list[dict[str, tuple[str, str]]] = []
        """By quarter: who was there, with its owner and how it was."""
        for quarter in range(quarters):
            if quarter and chance.random() < 0.3:
                self.agents.append(Agent(f"A{len(self.agents):02}", [ABSENT] * quarter))
            for agent in self.agents:
                agent.states.append(self._next(agent, chance))
            living = [a for a in self.agents if a.states[-1] != ABSENT]
            self.registers.append({a.id: (a.owner, a.states[-1]) for a in living})

    def _next(self, agent: Agent, chance: random.Random) -> str:
        before, is_new = (agent.states[-1] if agent.states else ABSENT), GOOD not in agent.states
        if agent is self.agents[0] and len(agent.states) < len(TWICE):
            agent.owners += before == BAD
            return TWICE[len(agent.states)]
        if before == ABSENT:
            return GOOD if is_new else ABSENT
        if chance.random() < 0.04:
            return ABSENT
        if before == GOOD:
            return BAD if chance.random() < 0.25 else GOOD
        if chance.random() < 0.6:
            return BAD
        agent.owners += 1
        return GOOD

    def write(self, quarter: int, ws: Path) -> Path:
        """Write the workspace of a quarter."""
        shutil.rmtree(ws, ignore_errors=True)
        (ws / "inventory").mkdir(parents=True)
        settings = {
            "organisation": "Acme", "period": {"from": day(quarter), "to": day(quarter + 1)},
        }  # fmt: skip
        (ws / "reporter.yml").write_text(json.dumps(settings))
        register = self.registers[quarter]
        agents = [
            {"type": "agent", "actor_id": a, "state": "active", "risk_tier": "high", "owner_id": o}
            for a, (o, _) in register.items()
        ]
        people = [
            {"type": "human", "actor_id": o, "name": o, "state": "retired" if state == BAD else "active"}
            for o, state in register.values()
        ]  # fmt: skip
        rows = agents if quarter in self.lost else agents + people
        (ws / "inventory/all.json").write_text(json.dumps(rows))
        return ws

    def seen(self, agent: Agent, quarter: int) -> str:
        """What can be known of an agent in a quarter."""
        state = agent.states[quarter]
        return "not known" if quarter in self.lost and state != ABSENT else state

    def findings(self) -> dict[str, tuple[str, str, str]]:
        """What the last run has to say of each agent that ever was without an owner: state, first and last seen.

        The dates are those of the last time that it was so, from the first quarter that shows it.
        """
        told = {}
        for agent in self.agents:
            spells: list[tuple[int, int, str]] = []
            for quarter in range(self.quarters):
                now = self.seen(agent, quarter)
                before = self.seen(agent, quarter - 1) if quarter else ABSENT
                if now == BAD and before != BAD:
                    spells.append((quarter, quarter, ""))
                elif now == BAD:
                    spells[-1] = (spells[-1][0], quarter, "")
                elif before == BAD:
                    spells[-1] = (*spells[-1][:2], now)
            if spells:
                first, last, became = spells[-1]
                state = ("reopened" if spells[1:] else "open") if not became else {GOOD: "fixed"}.get(became, "not seen any more")  # fmt: skip
                told[agent.id] = (state, day(first + 1), day(last + 1))
        return told


def day(quarter: int) -> str:
    return date(FIRST + quarter // 4, quarter % 4 * 3 + 1, 1).isoformat()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(6, id="6 quarters", marks=pytest.mark.slow),
        pytest.param(24, id="24 quarters", marks=pytest.mark.deep),
    ],
)
def company(request: pytest.FixtureRequest) -> Company:
    return Company(request.param)


@pytest.fixture(scope="module")
def runs(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The runs of all quarters, each compared with all before it and closed."""
    folder = tmp_path_factory.mktemp("company")
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch, *CHECKS)
        for quarter in range(company.quarters):
            out = folder / f"runs/{quarter:02}"
            ws = company.write(quarter, folder / "ws")
            earlier = (folder / "runs",) if quarter else ()
            options = Options(formats=(), earlier=earlier, cache=folder / "cache")
            assess_workspace(ws, out, options)
            assert reporter("close", out).exit_code == 0
    yield folder / "runs"


@pytest.fixture(scope="module")
def history(runs: Path) -> tuple[list[RunRow], list[Any]]:
    return read_history(runs)


def test_the_plan_has_all_that_it_is_for(company: Company) -> None:
    kinds = {state for state, _, _ in company.findings().values()}
    assert kinds == {"open", "fixed", "reopened", "not seen any more"} and company.lost


def test_every_quarter_is_closed_and_listed(
    company: Company, runs: Path, history: tuple[list[RunRow], list[Any]]
) -> None:
    rows, _ = history
    assert [(r.as_of, r.closed, r.changes) for r in rows] == [
        (day(q + 1), True, ()) for q in range(company.quarters)
    ]
    assert [c.n for c in read_chain(runs)] == [*range(1, company.quarters + 1)]


def test_findings_have_the_dates_that_were_planted(
    company: Company, history: tuple[list[RunRow], list[Any]]
) -> None:
    findings = list(finding_rows(history[1]))
    last = datetime.fromisoformat(day(company.quarters))
    of_owners = [f for f in findings if f.id.startswith("no-owner")]
    # The plan has the days of the last time: one that came back is dated from then.
    (unit,) = history[1]
    began = {f.id: f"{unit.lives.by_id[f.id].began:%Y-%m-%d}" for f in of_owners}
    told = {f.what: (f.state, began[f.id], f.last_seen) for f in of_owners}
    assert told == company.findings()
    for finding in of_owners:
        first = datetime.fromisoformat(began[finding.id])
        if finding.state in ("open", "reopened"):
            assert finding.age == (last - first).days


def test_the_trend_has_a_point_for_each_run_with_its_numbers(company: Company, runs: Path) -> None:
    last = read_data(sorted(runs.glob("[0-9]*"))[-1])
    for number, earlier in enumerate(last.history.runs):
        total = read_data(runs / f"{number:02}").scores.enterprise.total
        (standing,) = (s for s in earlier.standings if s.kind == "enterprise")
        assert (standing.lo, standing.hi) == (total.lo, total.hi)
    assert len(last.history.runs) + 1 == company.quarters


def test_every_movement_adds_up(company: Company, runs: Path) -> None:
    for quarter in range(1, company.quarters):
        before, now = (read_data(runs / f"{q:02}") for q in (quarter - 1, quarter))
        assert now.history.movements
        for movement in now.history.movements:
            assert sum((p.lo for p in movement.parts), Fraction()) == movement.lo - movement.lo_before  # fmt: skip
            assert sum((p.hi for p in movement.parts), Fraction()) == movement.hi - movement.hi_before  # fmt: skip
        (whole,) = (m for m in now.history.movements if m.kind == "enterprise")
        totals = [x.scores.enterprise.total for x in (before, now)]
        assert (whole.lo_before, whole.lo) == (totals[0].lo, totals[1].lo)
        assert (whole.hi_before, whole.hi) == (totals[0].hi, totals[1].hi)


def test_a_change_of_any_closed_quarter_is_found(
    company: Company, runs: Path, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    shutil.copytree(runs, tmp_path / "runs")
    quarter = chance.randrange(company.quarters)
    path = tmp_path / f"runs/{quarter:02}" / DATA
    data = path.read_bytes()
    path.write_bytes(data.replace(b"Acme", b"Acne", 1))
    done = reporter("history", tmp_path / "runs")
    assert done.exit_code == 4 and f"{DATA}: changed" in done.output
    path.write_bytes(data)
    chain = tmp_path / "runs" / CHAIN
    lines = chain.read_text().splitlines(keepends=True)
    chain.write_text("".join(lines[:quarter] + lines[quarter + 1 :]))
    done = reporter("history", tmp_path / "runs")
    assert (done.exit_code == 4) == (quarter < company.quarters - 1), done.output
