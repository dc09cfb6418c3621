"""The shape of a report: plain printable values in reading order, as all writers see them.

`view.build` creates it from the data of a run. Strings are ready to print, with hidden characters
made visible. `exact_*` are fractions such as "62/105"; `at_*` are thousandths, for drawing only.
"""

from __future__ import annotations

from dataclasses import dataclass

from reporter.report.chapters.accounting import Accounting
from reporter.report.chapters.chart_data import Agents, Ages, CostCurve, LogCalendar, Losses
from reporter.report.chapters.follow_up.finding_cards import FindingList
from reporter.report.chapters.follow_up.response_register import Register
from reporter.report.chapters.follow_up.sign_off_page import SignaturePage
from reporter.report.chapters.next_steps import Roadmap
from reporter.report.chapters.parts_of_the_whole import Slices
from reporter.report.chapters.rights_and_use import Observation, ParityTable
from reporter.report.chapters.said_by_people import Attestations, Waivers
from reporter.report.editions.board import Board
from reporter.report.editions.front_page import FrontPage
from reporter.report.editions.readiness import Readiness
from reporter.report.trend.course import Course
from reporter.report.trend.transitions import Progress
from reporter.report.view.elements import (
    Check,
    Cover,
    Crosswalk,
    Framework,
    Line,
    Reliance,
    Summary,
    Weights,
)
from reporter.report.view.finding_rows import Findings


@dataclass(frozen=True, slots=True)
class View:
    cover: Cover
    summary: Summary
    themes: Framework
    frameworks: tuple[Framework, ...]
    checks: tuple[Check, ...]
    observed: Observation
    causes: FindingList
    """Findings by their root cause, the worst first."""
    scope: tuple[Line, ...]
    accounting: Accounting
    level_names: tuple[str, ...]
    levels: tuple[Line, ...]
    method: tuple[Line, ...]
    hashes: tuple[Line, ...]
    finding_columns: tuple[str, ...]
    findings: Findings
    """Every fail, unknown and compensated result: the rows of findings.csv."""
    crosswalks: tuple[Crosswalk, ...] = ()
    parity: ParityTable = ParityTable()
    attestations: Attestations = Attestations()
    roadmap: Roadmap = Roadmap()
    waivers: Waivers = Waivers()
    slices: Slices = Slices()
    board: Board = Board()
    losses: Losses = Losses()
    calendar: LogCalendar = LogCalendar()
    agents: Agents = Agents()
    history: Progress = Progress()
    course: Course = Course()
    cost: CostCurve = CostCurve()
    ages: Ages = Ages()
    weights: Weights = Weights()
    reliance: Reliance = Reliance()
    front: FrontPage = FrontPage()
    responses: Register = Register()
    sign_off: SignaturePage = SignaturePage()
    readiness: Readiness | None = None
    """What is printed in place of scores, where there is too little evidence for them."""
