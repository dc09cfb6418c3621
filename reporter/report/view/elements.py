"""Elements that all chapters print: figures, levels, links, lines. They are printable dataclasses
whose text is final.
"""

from __future__ import annotations

from dataclasses import dataclass

from reporter.model.branding import ACCENT


@dataclass(frozen=True, slots=True)
class Figure:
    """A score with its range; `text` alone is never enough, print `range` beside it."""

    text: str
    """"59.0 %" or "Not assessed"."""
    range: str
    """"59.0-77.1 %"; empty when not assessed."""
    exact_lo: str
    exact_hi: str
    at_lo: int
    at_hi: int
    assessed: bool


@dataclass(frozen=True, slots=True)
class Level:
    text: str
    """"1", or "-" when not assessed."""
    name: str
    note: str
    """"at most 2 if all missing evidence is favourable"; empty when the range is closed."""
    lo: int
    hi: int
    target: int
    sensitive: str = ""
    """"weight-sensitive: level 1 with flat weights"; empty when no other weights change it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A label and what is to be said about it."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A reference to another place of the report."""

    text: str
    anchor: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One heat map cell."""

    level: int
    kind: str
    """N | P | L | F, none (no practice at this level), unknown (no evidence)"""
    mark: str
    """What is printed in it: "P", "P-F", "?" or a dot."""
    text: str
    """The same in words."""
    at_lo: int = 0
    """Thousandths of the practice that are proven good."""
    at_hi: int = 0
    """The same, and what is unknown."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One failing or unknown result."""

    subject: str
    status: str
    reason: str
    record: str
    """"inventory/agents.json#12", or what an empty reference means."""
    actor: str
    owner: str
    tier: str


@dataclass(frozen=True, slots=True)
class Counts:
    passed: int
    declared: int
    failed: int
    unknown: int
    attested: int
    compensated: int
    na: int
    text: str
    """"9 pass · 2 fail · 1 unknown"."""


@dataclass(frozen=True, slots=True)
class CheckLine:
    """A check as it appears under a control."""

    check: Link
    strength: str
    severity: str
    figure: Figure
    counts: Counts
    standing: str
    """Score, range and counts in one line."""
    brief: str
    """Id, score and what does not pass, for enumerations."""
    shown: tuple[Subject, ...]
    """The first failing subjects."""
    more: str
    """Where the others are; empty when all are shown."""
    why: str = ""
    """Why it stands there with this strength; empty where its catalog does not say."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A parameter of a check, named as in reporter.yml."""

    name: str
    value: str
    shipped: str = ""
    """What the organisation put its own in place of; empty where it is as shipped."""


@dataclass(frozen=True, slots=True)
class Check:
    id: str
    anchor: str
    title: str
    theme: str
    why: str
    fix: str
    severity: str
    level: str
    evidence: str
    place: str
    figure: Figure
    coverage: str
    counts: Counts
    standing: str
    """Score, range, coverage, counts and nature of the check in one line."""
    failing: tuple[Subject, ...]
    unknown: str
    """"12 unknown: the source never records owner_id (10), ..."."""
    controls: tuple[Link, ...]
    reasons: tuple[str, ...]
    """How the number came about."""
    sample: str = ""
    """"Random sample of 25 of 400 (seed 17)"; empty where the subjects are all there are."""
    about: str = ""
    """What its subjects are: agent, credential, organisation ..."""
    thresholds: tuple[Threshold, ...] = ()
    threshold_text: str = ""
    """The same in one line; empty where it has none."""
    rule: str = ""
    """SHA-256 of what its results and their weight hang on, beside the thresholds."""
    needs: str = ""
    """inventory | logs | both: what `evidence` says in words."""


@dataclass(frozen=True, slots=True)
class Control:
    id: str
    anchor: str
    title: str
    group: str
    paraphrase: str
    ask: str
    state: str
    """assessed | not_assessed | not_applicable"""
    extent: str
    """"in part": how far it is assessed; empty where it is not applicable."""
    rating: str
    """"P", or "N–F" where missing evidence could change it; "–" when not assessed."""
    rating_text: str
    """The same in words."""
    figure: Figure
    coverage: str
    confidence: str
    gap: str
    """'' | implementation | evidence: what a control lacks to be fully met, a theme to its
    target.
    """
    gap_text: str
    standing: str
    """Rating, gap, score, range, coverage and confidence in one line."""
    cells: tuple[Cell, ...]
    checks: tuple[CheckLine, ...]
    context: tuple[Link, ...]
    """Related checks that are never scored."""
    reasons: tuple[str, ...]
    shown: str
    """Its checks by what they show and by the evidence of what is met; empty where it has none."""
    not_shown: str
    """What no check of it shows; empty where its catalog does not say."""
    official_text: str = ""
    """Its publisher's own words, never translated; empty where its catalog has none."""
    permits: Permits | None = None
    """Of a theme only."""
    hangs: tuple[str, ...] = ()
    """On what its score rests, and the fewest results that would change its rating, in sentences;
    empty where it is not assessed.
    """


@dataclass(frozen=True, slots=True)
class Permits:
    """The level that a theme stands in the way of."""

    text: str
    """"level 2, at best none"."""
    lo: int
    """The highest level that it does not stand in the way of, on evidence."""
    hi: int
    target: int
    sensitive: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    title: str
    depth: int
    figure: Figure
    coverage: str
    coverage_text: str
    """With the part of it that is met."""
    assessed: str
    """"1 fully, 6 in part, 0 by statement only, 2 not at all"."""
    extents: tuple[str, ...]
    """The same four numbers."""
    controls: tuple[str, ...]
    """Ids, in catalog order."""
    reasons: tuple[str, ...] = ()
    """How the number came about."""
    parent: str = ""
    official_text: str = ""
    """As of a control."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A reference that people write, and what it means in this framework."""

    given: str
    literal: tuple[Link, ...]
    """The control that it names as it is written; none where the list has no such id."""
    intended: tuple[Link, ...]
    """What it most plausibly means."""
    related: tuple[Link, ...]
    confidence: str
    """"0.8 in what is meant", or in the literal reading."""
    note: str


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework, or the engine's own themes (id "enterprise")."""

    id: str
    anchor: str
    short: str
    title: str
    origin: str
    """Version, publisher, address."""
    intro: str
    standing: str
    total: Group
    groups: tuple[Group, ...]
    controls: tuple[Control, ...]
    gaps: tuple[str, ...]
    """Ids of assessed controls with a gap, the lowest score first."""
    gaps_text: str
    unassessed_text: str
    unassessed: tuple[Link, ...]
    version: str = ""
    level: Level | None = None
    """By our rule over its own checks, for a framework; None where it would say too little."""
    aliases: tuple[Alias, ...] = ()
    official_language: str = ""
    """Of the official texts, as a tag such as "en"; empty where there are none."""
    official_by: str = ""
    """What is printed before each of them: "Official text, NIST AI RMF:"."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """One row of a crosswalk."""

    origins: tuple[Link, ...]
    """An anchor is empty where the report has no such control."""
    relation: str
    targets: tuple[Link, ...]
    basis: str
    confidence: str
    note: str


@dataclass(frozen=True, slots=True)
class Crosswalk:
    id: str
    anchor: str
    title: str
    intro: str
    """Whose it is, and what was read."""
    rows: tuple[Pairs, ...]
    origin: str = ""
    """Id of the list of its origins; `target`, of its targets."""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """One line of the first page's gap lists."""

    rank: int
    check: Link
    severity: str
    urgent: bool
    """Critical, and failing on a subject of tier 3 or 4."""
    text: str
    """"12 of 40 agents fail, 3 unknown"."""
    fix: str
    where: str
    """Id of the check and the controls it counts for."""


@dataclass(frozen=True, slots=True)
class Rests:
    """On what a level or a score rests, as shares of it."""

    id: str
    """Of the framework."""
    label: str
    figure: str
    """The level, or the score with its range."""
    shares: tuple[str, ...]
    """By class of evidence, as `Reliance.heads`; "–" where there is none."""
    rests: str
    """The same in a sentence; empty where there is none."""
    text: str = ""
    """Of a level: the fewest words that, false, would lower it."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A record that an auditor looks at first, because a rating or level hangs on it."""

    bears_on: str
    """"OWASP NHI NHI1:2025", or "Level 3"."""
    effect: str
    """"falls from L to P if they fail"."""
    needed: str
    """How many such results it takes: "3", or "3–5"."""
    check: Link
    subject: str
    """Or how many more there are."""
    status: str
    evidence: str
    """How it is shown, in words."""
    tier: str
    owner: str
    record: str
    reason: str
    look_at: str


@dataclass(frozen=True, slots=True)
class First:
    """A record of the sample, and how many levels and ratings it bears on."""

    row: Sampled
    count: str
    bears_on: str
    """The first of them."""


@dataclass(frozen=True, slots=True)
class Reliance:
    """How much of the numbers hangs on words, and which results decide."""

    text: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    levels: tuple[Rests, ...] = ()
    scores: tuple[Rests, ...] = ()
    sample: tuple[Sampled, ...] = ()
    sample_text: str = ""
    first: tuple[First, ...] = ()
    """The records that bear on most, to look at first."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights that the scores depend on; empty in runs of before."""

    tiers: tuple[int, ...] = ()
    """Of tiers 1 to 4."""
    severities: tuple[tuple[str, int], ...] = ()
    strengths: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """What a reader must know before the first number."""

    code: str
    """The same in every language."""
    text: str
    lines: tuple[str, ...]
    remainder: str
    """How many lines are left out, and where they stand; empty for none."""


@dataclass(frozen=True, slots=True)
class Todo:
    """What has to become good of one check."""

    check: Link
    about: str
    """"fails for a and b and is not known for c"."""
    fix: str
    """Empty where only evidence is missing."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """A practice that stands in the way of a level."""

    practice: str
    """"INV level 1"."""
    title: str
    """Of its theme."""
    standing: str
    """missing | unknown"""
    figure: str
    """Its value and range, and what the level asks for."""
    checks: tuple[Link, ...]
    """Those with something open."""
    todo: tuple[Todo, ...] = ()
    """The least that would meet it; of the next level only."""


@dataclass(frozen=True, slots=True)
class LevelStep:
    """What a level asks for, and how much of it is met."""

    level: int
    name: str
    met: int
    missing: int
    unknown: int
    text: str
    """The same in a sentence."""
    names: str
    """Themes whose practices stand in its way and in that of no level below; "?" where evidence
    could still show them.
    """
    blockers: tuple[Blocker, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    level: Level
    level_sentence: str
    figure: Figure
    coverage: str
    coverage_text: str
    assessed: str
    """How many controls of all frameworks are assessed how far."""
    caps: tuple[str, ...]
    steps: tuple[LevelStep, ...]
    """What each level asks for, 1 to 5."""
    facts: tuple[Line, ...]
    evidence_gaps: tuple[Gap, ...]
    evidence_text: str
    under_policy: str
    """"41 of 49 agents in use are under a policy; of 2 it is unknown."."""
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Cover:
    title: str
    organisation: str
    unit: str
    period: str
    as_of: str
    as_of_iso: str
    profile: str
    evidence_id: str
    evidence_short: str
    statement: str
    period_from: str = ""
    """In ISO 8601, as `period_to`, which is the first moment after it."""
    period_to: str = ""
    accent: str = ACCENT
    logo: str = ""
    """A data URI; empty for none."""
    language: str = "en"
    """Of all texts but ids, codes, reasons and records."""
