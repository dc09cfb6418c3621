"""The view of a run with too little evidence to score. In: the view. Out: the same without a score
or level of the whole, a framework, a group or a part, so that no writer can print one.

Each theme, control and check keeps its own score, which is printed beside its coverage. The exact
numbers of the whole are in report.json.
"""

from __future__ import annotations

from dataclasses import replace

from reporter.report.chapters.chart_data import CostCurve, Losses
from reporter.report.chapters.next_steps import Roadmap
from reporter.report.chapters.parts_of_the_whole import Dimension, SliceLine, Slices
from reporter.report.document import View
from reporter.report.editions.board import Board
from reporter.report.editions.readiness import Readiness
from reporter.report.trend.course import Course
from reporter.report.trend.transitions import Movements
from reporter.report.view.elements import Figure, Framework, Group, Level, Reliance, Summary


def unscored(view: View) -> View:
    """Return the view without what evidence is too little for; as it is where it is enough."""
    ready = view.readiness
    if not ready:
        return view
    return replace(
        view,
        summary=_summary(view.summary, ready),
        themes=_framework(view.themes, ready),
        frameworks=tuple(_framework(f, ready) for f in view.frameworks),
        roadmap=_roadmap(view.roadmap),
        slices=_slices(view.slices, ready.headline),
        waivers=replace(view.waivers, honoured_text="", honoured=()),
        history=replace(
            view.history, sentences=(), trends=(), score_changes=(), movements=Movements()
        ),
        course=Course(),
        front=replace(
            view.front,
            judgement=f"{ready.headline}. {ready.reason}",
            outlook="",
            score=ready.headline,
            rungs=(),
            change="",
            changes=(),
            questions=(),
            questions_text="",
        ),
        board=Board(),
        losses=Losses(),
        cost=CostCurve(),
        reliance=Reliance(),
    )


def _summary(summary: Summary, ready: Readiness) -> Summary:
    return replace(
        summary,
        level=Level("–", ready.headline, "", 0, 0, summary.level.target),
        level_sentence=f"{ready.headline}. {ready.reason}",
        figure=_figure(ready.headline),
        caps=(),
        steps=(),
    )


def _figure(words: str) -> Figure:
    return Figure(words, "", "", "", 0, 0, assessed=False)


def _framework(framework: Framework, ready: Readiness) -> Framework:
    return replace(
        framework,
        standing=f"{ready.headline} · {framework.total.coverage_text}",
        total=_group(framework.total, ready),
        groups=tuple(_group(g, ready) for g in framework.groups),
        level=None,
    )


def _group(group: Group, ready: Readiness) -> Group:
    reasons = (f"{group.title}: {ready.headline}. {ready.reason}",)
    return replace(group, figure=_figure(ready.headline), reasons=reasons)


def _roadmap(roadmap: Roadmap) -> Roadmap:
    """Leave out the score and level after each action, and what the first ones lead to."""
    return replace(
        roadmap,
        first_text="",
        picks=tuple(replace(p, total_after="", level_after="") for p in roadmap.picks),
        urgent=tuple(replace(p, total_after="", level_after="") for p in roadmap.urgent),
        ranked=tuple(replace(p, total_after="", level_after="") for p in roadmap.ranked),
        start="",
    )


def _slices(slices: Slices, words: str) -> Slices:
    return replace(
        slices,
        dimensions=tuple(_dimension(d, words) for d in slices.dimensions),
        rows=tuple(_slice(row, words) for row in slices.rows),
    )


def _dimension(dimension: Dimension, words: str) -> Dimension:
    return replace(dimension, rows=tuple(_slice(row, words) for row in dimension.rows))


def _slice(row: SliceLine, words: str) -> SliceLine:
    return replace(
        row,
        level="–",
        level_note="",
        score=words,
        range="",
        exact_lo="",
        exact_hi="",
        caps="",
        weakest="",
    )
