"""The plain data that packages exchange: content (checks, controls, policy), results, scores,
accounting.

No behaviour lives here and nothing is read from disk. Scores are exact fractions between 0 and 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

from reporter.model.branding import Branding, SignOff
from reporter.model.comparison import Cause, Comparison, SideBySide
from reporter.model.crosswalk import Alias, Crosswalk
from reporter.model.history import History
from reporter.model.roadmap import Roadmap
from reporter.model.scores import Honoured, Reliance, Reweighed, Scores, Slice, Status, tier_text
from reporter.model.sentences import NOT_OF_TYPE, Sentence
from reporter.model.statements import Attestation, Compensation, Response, Waiver

AS_OF = "as_of"
"""In `at_best` of a check: the day of the run."""
SEVERITIES = ("critical", "high", "medium", "low")
SHOWS = ("design", "existence", "operation")
"""What a check can show: the arrangement is laid down; it is in place on the day; records of the
period show it at work.
"""

# ---------------------------------------------------------------- content


@dataclass(frozen=True, slots=True)
class Sample:
    """What a workspace declares about a check whose subjects were drawn at random."""

    size: int
    frame: int
    """How many there are to draw from."""
    seed: str
    """What makes the draw repeatable."""
    note: str = ""
    """Who drew the sample, and from what."""


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: what must be true of each subject in scope."""

    id: str
    title: str
    why: str
    about: str
    """Subject type: a key of schema.SUBJECTS."""
    severity: str
    level: int
    evidence: str
    """inventory | logs | both"""
    sql: str
    """As written, parameters not yet filled in."""
    fix: str
    place: str
    """path:line of the file, for messages."""
    fix_listed: str = ""
    """What to do instead where the actor is registered by now; '' where that is the same."""
    needs: tuple[str, ...] = ()
    """`table.column` whose absence from a subject's sources makes it unknown, besides the derived
    ones.
    """
    compensated_by: tuple[str, ...] = ()
    """Checks that compensate for it where it fails, if they pass; none: nothing can."""
    fails_without: tuple[str, ...] = ()
    """Needed `table.column` whose value, whatever it is, cannot turn a failure into anything
    else.
    """
    at_best: dict[str, Any] = field(default_factory=dict)
    """Needed `table.column` -> the value that undoes a failure if any does: what fails with it
    fails with every value.

    As in SQL, {name} is a parameter: the first of its values.
    """
    demands: dict[str, dict[str, str]] = field(default_factory=dict)
    """Reason code of a pass -> `table.column` -> the weakest class of `vocabulary.EVIDENCE` that
    the record it names may have in that column.
    """
    without_logs: tuple[str, ...] = ()
    """Reason codes of passes that no log can undo: they stand where logs are silent."""
    scope: tuple[str, ...] = ()
    """The `table.column` of those it reads that tell who is in scope: whom its SQL leaves out is
    out of scope where these are recorded. None: where all are that it needs.
    """
    record_only: tuple[str, ...] = ()
    """Reason codes whose results rest on a record at most, however good what they rest on is."""
    misuse: bool = False
    """A failure is a forbidden act shown by a log: it is urgent, whatever the severity and tier."""
    params: dict[str, Any] = field(default_factory=dict)
    """Its thresholds in force."""
    shipped: dict[str, Any] = field(default_factory=dict)
    """The parameters of its file, where a workspace replaces them."""
    shows: str = ""
    """One of SHOWS; '' where the author did not say."""
    headline: str = ""
    """What a report says where it fails, true of each failure; '' where the author wrote none."""
    reasons: dict[str, dict[str, str]] = field(default_factory=dict)
    """Status (pass | fail | unknown) -> reason code -> sentence, see `reasons`."""
    models: dict[str, str] = field(default_factory=dict)
    """Models of its pack that its SQL may read: name -> SELECT."""
    words: dict[str, str] = field(default_factory=dict)
    """The words for some values in its sentences."""
    examples: tuple[dict[str, Any], ...] = ()
    sample: Sample | None = None
    """None: its subjects are the whole population."""
    declares: bool = False
    """Nothing meets it in this run, and all that fails rests on what is only declared: once fixed,
    so would what meets it.
    """

    @property
    def theme(self) -> str:
        return self.id.split("-")[0]

    @property
    def sentences(self) -> dict[str, str]:
        """Its reason codes, each with the sentence."""
        return {code: text for texts in self.reasons.values() for code, text in texts.items()}

    def best(self, name: str) -> object:
        """Return what a column of `at_best` says, a parameter filled in."""
        value = self.at_best[name]
        if isinstance(value, str) and value.startswith("{"):
            value = self.params.get(value.strip("{}"), value)
        return value[0] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Control:
    """One control of a framework and the checks that evidence it."""

    id: str
    title: str
    group: str
    """Id of the group (category, function...) it stands in; '' when the framework is flat."""
    paraphrase: str
    ask: str
    """The question a human must answer for what checks cannot show."""
    checks: tuple[tuple[str, str], ...] = ()
    """(check id, direct | partial | contextual); contextual is printed, never scored."""
    weight: int = 1
    not_shown: str = ""
    """What no check of it shows, in a sentence; '' where the author did not say."""
    official_text: str = ""
    """Its publisher's own words; '' where they may not be copied, or the catalog has none."""
    documented: bool = False
    """It asks that something is written down: that a thing was done does not show it by itself."""
    whys: dict[str, str] = field(default_factory=dict)
    """Check id -> why it stands there with its strength, for those who check the catalog."""


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    title: str
    parent: str = ""
    official_text: str = ""
    """Its publisher's own words; '' where the catalog has none."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the official texts of a catalog are from."""

    source: str
    licence: str
    language: str
    """Of the texts, as a tag such as "en": they are not translated."""


@dataclass(frozen=True, slots=True)
class Framework:
    id: str
    title: str
    short: str
    version: str
    publisher: str
    url: str
    text_policy: str
    source_sha256: str
    groups: tuple[Group, ...]
    controls: tuple[Control, ...]
    place: str = ""
    """Path of the file, for messages."""
    optional: bool = False
    """Included only where a workspace names it."""
    confidence: str = ""
    """high | medium | low: how sure its author is of the checks listed; '' when not said."""
    note: str = ""
    """What a reader must know about its scope, printed under the title."""
    official_text: Origin | None = None
    """None: it carries no text of its publisher."""
    aliases: tuple[Alias, ...] = ()
    """References that people write and that are no ids of it, or mean something else."""


@dataclass(frozen=True, slots=True)
class Theme:
    """One of the engine's own control domains (INV, OWN ...), the unit of the enterprise score."""

    id: str
    title: str
    role: str = ""
    """Who usually decides on it."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Target levels: one for the enterprise, and higher ones for what a theme has to permit."""

    id: str
    title: str
    target: int
    themes: dict[str, int]
    """Theme id -> target above that of the enterprise."""
    place: str = ""
    """Path of the file, for messages."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The scoring constants of frameworks/policy.yml."""

    version: str
    sha256: str
    tier_weights: tuple[int, int, int, int]
    severity_weights: dict[str, int]
    strength_weights: dict[str, int]
    attested_credit: Fraction
    compensated_credit: Fraction
    critical_cap: Fraction
    rating_edges: tuple[Fraction, Fraction, Fraction]
    level_names: tuple[str, ...]
    """Names of levels 0-5."""
    level_claims: tuple[str, ...] = ()
    """What may be said of an organisation at levels 0-5."""
    other_weights: tuple[tuple[str, tuple[int, int, int, int]], ...] = ()
    """(name, weights of tiers 1-4 and of severities low to critical) with which the scores are also
    computed.
    """
    caps: tuple[tuple[str, int, str, int], ...] = ()
    """(id, highest level, reason, days) of the enterprise caps."""
    declared_credit: Fraction = Fraction(1, 2)
    """In lo, of a result that rests on what is only declared."""
    due_days: dict[str, int] = field(default_factory=dict)
    """Severity -> days in which a finding is to be fixed; it changes no score."""
    readiness_coverage: Fraction = Fraction(3, 10)
    """Coverage of the enterprise below which no score is a headline."""


# ---------------------------------------------------------------- evidence


@dataclass(frozen=True, slots=True)
class Finding:
    """A result worth showing: its status, why, and the input record it comes from."""

    check: str
    subject: str
    status: Status
    reason_code: str
    reason_values: str
    """A JSON object."""
    ref: str
    """file#record of the deciding input record; '' when the result is based on an absence."""
    actor: str
    """The agent (or other actor) the subject belongs to; '' for the organisation."""
    owner: str
    tier_lo: int
    tier_hi: int
    """1 to 4; both are equal unless the inventory leaves the tier open."""
    waived_until: str = ""
    waiver: str = ""
    """file#record of the waiver that covers it; '' when none does."""
    listed: bool = True
    """False: the actor stands in no list that was supplied."""

    @property
    def tier(self) -> str:
        """The tier, or the range that it lies in."""
        return tier_text(self.tier_lo, self.tier_hi)


@dataclass(frozen=True, slots=True)
class FetchedFrom:
    """Where a file was fetched from, and which state of it: no part of it is a credential."""

    url: str
    etag: str = ""
    version: str = ""
    """Version or generation, where the storage keeps them."""


@dataclass(frozen=True, slots=True)
class RemoteCount:
    """Accounting of one place of object storage: listed = read + lost + left_out."""

    url: str
    to: str
    """Folder of the workspace that its objects are read as."""
    listed: int
    read: int
    lost: int
    """Objects that could not be fetched; each is among the files, with the reason."""
    left_out: int
    """What consoles and systems leave behind: folder markers without bytes, .DS_Store."""


@dataclass(frozen=True, slots=True)
class FileCount:
    """Accounting of one input file: read = kept + out_of_scope + unreadable + rejected."""

    file: str
    source: str
    """Source id, or '' when the file was not recognised."""
    why: Sentence | None
    """Why it was or was not recognised as that source; None for all files together."""
    bytes: int
    sha256: str
    read: int
    kept: int
    out_of_scope: int
    unreadable: int
    rejected: int
    part: str = ""
    """The sheet or list counted by itself, as `name!part`; '' for a whole file."""
    lined: bool = False
    """Its record numbers are line numbers of the file as stored."""
    origin: FetchedFrom | None = None
    """Where it was fetched from; None for a file of the workspace."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One unreadable or rejected record."""

    file: str
    line: int
    """Line number where the format has lines, else record number."""
    kind: str
    """unreadable | rejected"""
    reason: Sentence
    text: str
    """The offending text, secrets redacted, at most 300 characters."""

    @classmethod
    def on(cls, ref: str, kind: str, reason: Sentence) -> Quarantined:
        """Return a note on the record of a ref, file#record."""
        file, _, record = ref.rpartition("#")
        return cls(file, int(record), kind, reason, "")

    @property
    def unread(self) -> list[Sentence]:
        """What of its reason is a note on a field that held a value that could not be read."""
        parts = self.reason.parts() if self.kind == "field" else ()
        return [part for part in parts if part.text == NOT_OF_TYPE]

    @property
    def fields_lost(self) -> int:
        """Number of fields that could not be read; of many alike the last note counts the rest."""
        return 1 + int(self.reason.value("n") or 0) if self.unread else 0

    @property
    def is_loss(self) -> bool:
        """Tell whether a record or a field is lost by it: else it was read, and something noted."""
        return self.kind in ("unreadable", "rejected") or bool(self.unread)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a reader must know before the first number, as a code with values."""

    code: str
    """A key of `report.notices.SENTENCES`."""
    values: tuple[tuple[str, str | int | Sentence], ...] = ()
    """The values of its sentence, by name."""
    lines: tuple[Sentence, ...] = ()
    """What it is about, one item per line; page 1 shows the first few."""
    where: str = ""
    """The file of the run, or the chapter, that holds all lines."""
    shares: tuple[tuple[str, Fraction], ...] = ()
    """As `values`; each is printed as a share."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Whether one log source was delivering during the period."""

    log_source: str
    every: str
    """hour | day: the unit in which delivery is expected."""
    expected: int
    seen: int
    first_at: datetime | None
    last_at: datetime | None
    longest_gap_hours: int
    alive: bool
    events: int
    median_delay_seconds: int | None = None
    """Between an event and its receipt; None when the log does not say."""
    p95_delay_seconds: int | None = None
    out_of_order: int = 0
    """Events received after one that happened over two minutes later."""
    late_clock: int = 0
    """Events dated over two minutes after their receipt."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """On how many days of the period one log shows one agent."""

    agent: str
    log_source: str
    expected_days: int
    seen_days: int
    longest_gap_days: int
    events: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Who, which period, which clock."""

    organisation: str
    unit: str
    period_from: datetime
    period_to: datetime
    """Half open: [from, to)."""
    as_of: datetime
    profile: str


@dataclass(frozen=True, slots=True)
class Context:
    """Figures that page 1 shows beside the score; None where no input says."""

    agents_in_use: int | None = None
    agents_assessed: int | None = None
    """By POL-02, whether a policy is in force for them."""
    policy_lo: Fraction | None = None
    """Share of those assessed that are under a policy, on evidence."""
    policy_hi: Fraction | None = None
    units_total: int | None = None
    units_with_agents: int | None = None
    benchmark: dict[str, int | str] = field(default_factory=dict)
    """Published figures about organisations; never counts of agents."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An export that would decide results that are unknown, because nothing records what they
    need.
    """

    sources: tuple[str, ...]
    """Ids of the sources of which any would do."""
    titles: tuple[str, ...]
    results: int
    """How many it would decide, beside those that stand before it."""
    checks: tuple[str, ...]
    columns: tuple[str, ...]
    """What is missing, as table.column."""
    steps: str = ""
    """How to get the first of them."""


@dataclass(frozen=True, slots=True)
class Unclosed:
    """A check that failed in the earlier period and does not pass now."""

    check: str
    n: int
    subjects: tuple[str, ...]
    """The first of them, of the highest tiers first."""


@dataclass(frozen=True, slots=True)
class EarlierPeriod:
    """What an earlier run shows of its failures."""

    why: str = "none"
    """Why it does not show that they are closed: none (no run was given), scale, time, level, cover
    or open; '' where it does.
    """
    unclosed: tuple[Unclosed, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything a report needs except the results, which the engine holds: what `assess` and
    `score` produce.
    """

    run: RunInfo
    frameworks: tuple[Framework, ...]
    checks: tuple[Check, ...]
    themes: tuple[Theme, ...]
    policy: Policy
    profile: Profile
    scores: Scores
    results: int
    files: tuple[FileCount, ...]
    out_of_scope_types: tuple[tuple[str, Sentence, int], ...]
    """(source, record type as the source has it or a reason of ours, count)"""
    quarantined: tuple[Quarantined, ...]
    feeds: tuple[Feed, ...]
    coverage: tuple[Coverage, ...]
    """By agent and log, the least seen first."""
    compared: Comparison
    causes: tuple[Cause, ...]
    """Failures by their common cause, the worst first."""
    population: dict[str, int]
    """Actors by kind, and 'shadow' for those only seen in logs."""
    context: Context
    hashes: dict[str, str]
    """sha256 of inputs, catalog, policy; engine versions."""
    crosswalks: tuple[Crosswalk, ...] = ()
    """Crosswalks between included frameworks."""
    parity: SideBySide = SideBySide()
    attestations: tuple[Attestation, ...] = ()
    roadmap: Roadmap = Roadmap()
    waivers: tuple[Waiver, ...] = ()
    compensations: tuple[Compensation, ...] = ()
    honoured: Honoured | None = None
    """As if what is waived had passed; None where nothing is waived."""
    feed_days: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = ()
    """Log source -> (day of the period counted from 0, hours in which it delivered, 1 a day where
    days are expected).
    """
    slices: tuple[Slice, ...] = ()
    branding: Branding = Branding()
    language: str = "en"
    """The language in which the report is printed."""
    reweighed: tuple[Reweighed, ...] = ()
    history: History = History()
    """This run beside earlier ones."""
    notices: tuple[Notice, ...] = ()
    """What page 1 says before the first number."""
    pseudonyms: str = ""
    """What distinguishes the key of the pseudonyms from others; '' where people are named."""
    waived: int = 0
    """Failing results that a waiver covers."""
    remote: tuple[RemoteCount, ...] = ()
    """Places of object storage that evidence was fetched from."""
    evidence: tuple[tuple[str, str, int], ...] = ()
    """(check, class of evidence, results that are met on it)"""
    wanted: tuple[Wanted, ...] = ()
    """What to bring next, what decides most first."""
    reliance: Reliance = Reliance()
    """How much hangs on words, and on which results."""
    earlier: EarlierPeriod = EarlierPeriod()
    responses: tuple[Response, ...] = ()
    """By finding."""
    sign_off: SignOff = SignOff()
    people: dict[str, str] = field(default_factory=dict)
    """Owner of results -> name; nobody where people are pseudonyms or no list names them."""

    leavers: tuple[str, ...] = ()
    """Owners of results who have left."""

    def name_of(self, owner: str) -> str:
        """Return the name of an owner, or the id where no name is known."""
        return self.people.get(owner, owner)

    @property
    def is_too_thin(self) -> bool:
        """Tell whether there is too little evidence for a score to be the headline."""
        return self.scores.enterprise.total.coverage < self.policy.readiness_coverage
