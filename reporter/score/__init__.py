"""Results to scores, levels and a roadmap. In: plain data. Out: exact fractions; no connection, no
clock, no float.

`score` rates an assessment from its catalogs; `score_observations` and `roadmap` do the same for
any model given as plain data, so that results can be compared from outside (docs/method.md)."""

from reporter.score.levels import TOP, asked, standing
from reporter.score.observations import roadmap, score_observations
from reporter.score.planner import first_in_lanes, plan_actions
from reporter.score.scorer import ASK, ENTERPRISE, printed, rating, rounded, score, tenths

__all__ = [
    "ASK",
    "ENTERPRISE",
    "TOP",
    "asked",
    "first_in_lanes",
    "plan_actions",
    "printed",
    "rating",
    "roadmap",
    "rounded",
    "score",
    "score_observations",
    "standing",
    "tenths",
]
