"""All numbers of a run. In: its cells and content. Out: scores, those of its parts, the roadmap, and what other weights would say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reporter.catalog import Content
from reporter.model import SEVERITIES, Check, Finding, Policy, Profile
from reporter.planned import Action, Roadmap
from reporter.results import GHOST_CAP
from reporter.score import first_in_lanes, plan_actions, score
from reporter.scores import (
    COMPARED,
    GroupScore,
    Part,
    Reweighed,
    Scores,
    Slice,
    Status,
    Tally,
    levels_of,
)


@dataclass(frozen=True, slots=True)
class Cells:
    """What is scored."""

    content: Content
    checks: Sequence[Check]
    profile: Profile
    tallies: Sequence[Tally]
    parts: Sequence[Part]
    caps: Mapping[str, tuple[int, str]]
    """Cap id -> (highest level, reason), those that hold."""
    answers: Mapping[tuple[str, str], Status]

    def scores(self, policy: Policy) -> Scores:
        """Score frameworks and enterprise."""
        content, caps = self.content, tuple(self.caps.values())
        return score(
            content.frameworks, self.checks, content.themes, self.tallies, policy, self.profile, caps, self.answers
        )  # fmt: skip

    def honoured(self, tallies: Sequence[Tally]) -> tuple[GroupScore, ...]:
        """Score the enterprise, then each framework, from other cells; nothing from none."""
        if not tallies:
            return ()
        found = replace(self, tallies=tallies).scores(self.content.policy)
        return tuple(f.total for f in (found.enterprise, *found.frameworks))

    def slices(self, policy: Policy) -> tuple[Slice, ...]:
        """Score every part; a ghost's cap holds only the parts that the ghost acted in."""
        made = []
        for part in self.parts:
            held = [c for name, c in self.caps.items() if name != GHOST_CAP or part.haunted]
            found = score((), self.checks, self.content.themes, part.tallies, policy, self.profile, held)  # fmt: skip
            made.append(Slice(part, found.enterprise))
        return tuple(made)

    def plan(self, actions: Iterable[Action], findings: Sequence[Finding]) -> Roadmap:
        """Order actions by gain per effort."""
        return plan_actions(
            self.checks, self.content.themes, self.tallies, findings, actions, self.content.policy,
            tuple(self.caps.values()),
        )  # fmt: skip

    def reweighed(self, actions: Sequence[Action], findings: Sequence[Finding]) -> tuple[Reweighed, ...]:  # fmt: skip
        """Score all again with each of the policy's other weights."""
        made = []
        for name, weights in self.content.policy.other_weights:
            policy = replace(
                self.content.policy,
                tier_weights=weights,
                severity_weights=dict(zip(reversed(SEVERITIES), weights, strict=True)),
            )
            levels = levels_of(self.scores(policy), self.slices(policy))
            lanes = first_in_lanes(
                self.checks, self.content.themes, self.tallies, findings, actions, policy, COMPARED
            )
            made.append(Reweighed(name, weights, levels, lanes))
        return tuple(made)
