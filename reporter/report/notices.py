"""Facts that a reader must know before the first number. In: an `Assessment`. Out: `shape.Notice`
for page 1, stdout and machines.

A notice is a code with values. Its sentence is here, for all formats and languages.
"""

from __future__ import annotations

from collections.abc import Mapping

from reporter.i18n.translate import mark, say
from reporter.model import assessment as model
from reporter.model.sentences import spoken
from reporter.report.view import elements
from reporter.report.view.format import clean, number, percent, short

LINES_SHOWN = 4
"""Lines of a notice on page 1; `Notice.remainder` says where the others stand."""

SENTENCES: Mapping[str, str] = {
    "unlisted_actors": mark(
        "Actors that act but are in no list provided: {n} (INV-02 fails: {failed}, unknown:"
        " {unknown}). Known or possible agents among them: {possible}. The log calls these so, they"
        " call tools or models, or it does not say what they are or did."
    ),
    "events_elsewhere": mark(
        "Events that were read where they lie, in {table}, by statements in the SQL of {name}: {n}."
        " Their records are not here: what depends on them can be traced no further than that"
        " table."
    ),
    "own_content": mark(
        "Checks and sources that do not ship with Reporter: {n}. The assessed organisation may"
        " have written them."
    ),
    "packs": mark(
        "Installed content packs that were used in this run: {n}. Without them, or with others, its"
        " numbers would differ."
    ),
    "listed_otherwise": mark(
        "Actors that are listed as something else but have features of an agent: {n}. Each "
        "check on agents is unknown for them, unless it assesses them as listed."
    ),
    "gateways": mark(
        "Identities that a list declares to be a gateway's: {n}. On that declaration alone,"
        " use by others is not treated as sharing (IDN-03, CRD-02)."
    ),
    "refusals_unshown": mark(
        "Calls that count as refused, and so as not done, only because a log says so: {n}. "
        "The policy decision recorded with them allows them, or no decision is recorded."
    ),
    "operations_unmapped": mark(
        "Cloud calls by agents for which the required permission is not known: {n}. They count as"
        " neither within nor outside permissions (ENT-05, ENT-08)."
    ),
    "who_may_sign": mark(
        "Statements by people that count: {n}. The organisation itself names in "
        "reporter.yml who may sign them; {people} people are in post:"
    ),
    "agents_merged": mark(
        "Agents with a separate record that count as another agent, because a list declares their"
        " id an"
        " alias: {n}. One agent of each pair is assessed, with the first record's value where"
        " they differ."
    ),
    "names_joined": mark(
        "Names in logs that a statement declares to be an actor of the register: {n}. What was done"
        " under them is assessed as that actor's."
    ),
    "names_listed": mark(
        "Names in logs that a list of accounts gives as other names of one identity: {n}. What was"
        " done under them is assessed as that actor's."
    ),
    "display_names": mark(
        "Names of listed people where an id should be: {n}. Several people may share a "
        "name, so each counts as a stranger. Give the id from the list of people, or "
        "declare the name an alias."
    ),
    "open_secrets": mark(
        "Configurations with a secret in clear text that belong to no listed agent: {n}. CRD-09"
        " fails for agents only. Remove and replace each secret, and state in reporter_actor_id"
        " whose configuration it is."
    ),
    "events_doubled": mark(
        "Events in two files with the same id, log and time that contradict each other: {n}. Each"
        " counts, so one action may count twice. Provide one export per log."
    ),
    "heartbeats_alone": mark(
        "Logs in which most hours or days show only heartbeats: {n}. They count as delivering, so"
        " silence in them is evidence."
    ),
    "answers_carry": mark(
        "Frameworks in which people's answers account for five points or more of the "
        "evidenced score: {n}."
    ),
    "unnamed_events": mark(
        "Events of the period that name no actor, identity or credential: {n}. Whoever caused them"
        " is not assessed; AUD-01 names the logs."
    ),
    "events_later": mark(
        "Events dated after the time of the report, {as_of}: {n}. They are kept but do not count."
        " Check as_of in reporter.yml and the clock of the log."
    ),
    "contradictions": mark(
        "Values on which two lists, or a list and a log, contradict each other: {n}. The "
        "first one read counts, in order of file name; the others are not used."
    ),
    "logs_outside": mark(
        "Logs in which every act is dated outside the period: {n}. They show nothing for the"
        " period."
        " Check the period in reporter.yml."
    ),
    "checks_not_run": mark("Checks that could not be run: {n}. Each of their results is unknown."),
    "files_not_read": mark(
        "Files that were found but not read: {n}. Their content is not counted."
    ),
    "files_changed": mark(
        "Files that changed while they were read: {n}. None of their records is used. Run again"
        " on a"
        " copy that does not change."
    ),
    "objects_lost": mark(
        "Objects in remote storage that could not be fetched: {n}. Their records are missing, and"
        " may contain failures. Run again, or restore access to them."
    ),
    "places_empty": mark(
        "Places in remote storage that hold no object: {n}. They prove nothing either way. Check"
        " `remote` in reporter.yml."
    ),
    "own_settings": mark(
        "The organisation's own settings that may raise a number: {n}. The evidenced score "
        "is {own}, level {own_level}; with default settings it would be {shipped}, level "
        "{shipped_level}."
    ),
    "statements_refused": mark("Statements by people that were refused and have no effect: {n}."),
    "answers_rest_on_few": mark(
        "One person or one artefact is behind more than a tenth of the {n} counted answers "
        "of yes or not applicable."
    ),
    "baseline_not_approved": mark(
        "Runs that are meant to show what is approved have no effect (events below baseline/: {n}):"
        " {why}."
    ),
    "baseline_in_period": mark(
        "Events below baseline/ that are dated within the period: {n}. They are assessed as"
        " activity: what was done in a period cannot justify itself."
    ),
    "nothing_kept": mark(
        "Files that were recognised but of which no record was kept: {n}. They prove nothing"
        " either way."
    ),
    "records_lost": mark(
        "Records that could not be read or were rejected: {n}. They are not counted, and "
        "may contain failures."
    ),
    "statements_lost": mark(
        "Statements by people that could not be read or were rejected: {n}. They have no effect,"
        " and no failure is hidden by that."
    ),
    "fields_unread": mark(
        "Fields that hold a value that could not be read: {n}. The records are kept; whatever"
        " depends"
        " on such a field is unknown."
    ),
    "documents": mark(
        "Documents: {n}. No record is read from them, but below statements/ each can be the"
        " artefact of"
        " an attestation. The headings of attestations.csv, and a line to copy for each:"
    ),
    "agents_gone": mark(
        "Of {all} agents of the last run, {n} appear in none of the files read now. What "
        "they failed is no longer counted, but has not been fixed."
    ),
    "agents_relabelled": mark(
        "Actors that the last run assessed as agents and this run does not: {n}. What they "
        "failed as agents is no longer counted, but has not been fixed."
    ),
    "names_left": mark(
        "People have pseudonyms. Texts with a word that is part of someone's name, alone or joined"
        " to others: {n}. It may mean someone else or no one, and was left unchanged."
    ),
    "purged_people": mark(
        "This run was purged on {day}: people have pseudonyms, and raw records were removed. "
        "No result and no number has changed; purged.json says what was removed."
    ),
    "purged_raw": mark(
        "This run was purged on {day}: raw records were removed. No result and no number has"
        " changed; purged.json says what was removed."
    ),
}
"""Code of a notice -> its sentence, with the names of its values."""
_UNSCORED = {
    "own_settings": mark("Settings of the organisation's own that may raise a number: {n}."),
    "answers_carry": SENTENCES["answers_carry"],
}
"""The notices with a score, and what is left of them where there is too little evidence for one."""


def notices(assessment: model.Assessment) -> tuple[elements.Notice, ...]:
    """Print the notices of a run, in their order."""
    thin = assessment.is_too_thin
    return tuple(_notice(n, thin and n.code in _UNSCORED) for n in assessment.notices)


def _notice(notice: model.Notice, is_unscored: bool) -> elements.Notice:
    values = {k: number(v) if isinstance(v, int) else clean(spoken(v)) for k, v in notice.values}
    values |= {k: percent(v) for k, v in notice.shares}
    place = say(notice.where) if notice.where else ""
    texts = () if is_unscored and notice.code == "answers_carry" else notice.lines
    lines = tuple(short(clean(line.translated()), place) for line in texts[:LINES_SHOWN])
    others = len(texts) - len(lines)
    return elements.Notice(
        code=notice.code,
        text=say((_UNSCORED if is_unscored else SENTENCES)[notice.code], **values),
        lines=lines,
        remainder=say("and {n} more, in {where}", n=number(others), where=place) if others else "",
    )
