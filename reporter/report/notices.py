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
        "Actors that act and stand in no list that was supplied: {n}. INV-02 fails for {failed} of"
        " them and is unknown for {unknown}; {possible} are agents, or may be: the log calls them"
        " so, they call tools or models, or it does not tell what they are or did."
    ),
    "own_content": mark(
        "Checks and sources that do not ship with Reporter: {n}. Whoever is assessed may have"
        " written them."
    ),
    "packs": mark(
        "Packs of content that are installed where this run was made, and took part: {n}. Without"
        " them, or with others, its numbers are others."
    ),
    "listed_otherwise": mark(
        "Actors that are listed as something else and have what agents have: {n}. Each check on"
        " agents is unknown for them, unless it assesses them as what they are listed as."
    ),
    "gateways": mark(
        "Identities that a list declares to be a gateway's: {n}. On that word alone it is no"
        " sharing that others act under them (IDN-03, CRD-02)."
    ),
    "refusals_unshown": mark(
        "Calls that count as refused, and so as not done, on the word of a log alone: {n}. The"
        " policy decision recorded with them allows them, or none is recorded."
    ),
    "operations_unmapped": mark(
        "Calls of agents in a cloud of which it is not known what right they need: {n}. They count"
        " as neither inside nor outside of rights (ENT-05, ENT-08)."
    ),
    "who_may_sign": mark(
        "Statements of people that count: {n}. Who may sign them the organisation itself says, in"
        " reporter.yml; so many of the {people} people in office:"
    ),
    "agents_merged": mark(
        "Agents with a record of their own that count as another, because a list declares their id"
        " an alias: {n}. Of each pair one agent is assessed, with the first record's value where"
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
        "Names of listed people that stand where an id should: {n}. A name is nobody's id, as"
        " several may bear it, so each counts as a stranger. Give the id as the list of people has"
        " it, or declare the name an alias."
    ),
    "open_secrets": mark(
        "Configurations in which a secret stands in the clear, of no listed agent: {n}. CRD-09"
        " fails for agents only. Take each secret out, replace it, and say in reporter_actor_id"
        " whose configuration it is."
    ),
    "events_doubled": mark(
        "Events that stand in two files with one id, log and time, and contradict one another: {n}."
        " Each counts, so what was done once may count twice. Supply one export of a log."
    ),
    "heartbeats_alone": mark(
        "Logs of which most hours or days show heartbeats alone: {n}. They count as delivering, so"
        " that silence in them proves something."
    ),
    "answers_carry": mark(
        "Frameworks whose evidenced score depends by five points or more on what people answered:"
        " {n}."
    ),
    "unnamed_events": mark(
        "Events of the period that name nobody, neither actor nor identity nor credential: {n}."
        " Whoever did them is assessed nowhere; AUD-01 says in which logs."
    ),
    "events_later": mark(
        "Events dated after the time of the report, {as_of}: {n}. They are kept, and count for"
        " nothing. Is as_of in reporter.yml right, and the clock of the log?"
    ),
    "contradictions": mark(
        "Values on which two lists, or a list and a log, contradict one another: {n}. The one read"
        " first counts, in order of the names of files; the others are in no number."
    ),
    "logs_outside": mark(
        "Logs of which every act is dated outside the period: {n}. They show nothing of it. Is the"
        " period in reporter.yml right?"
    ),
    "checks_not_run": mark("Checks that could not be run: {n}. Each of their results is unknown."),
    "files_not_read": mark(
        "Files that were found and not read: {n}. What they hold takes no part in any number."
    ),
    "files_changed": mark(
        "Files that changed while they were read: {n}. None of their records is used. Run again, on"
        " a copy that nobody writes to."
    ),
    "own_settings": mark(
        "Settings of the organisation's own that may raise a number: {n}. The evidenced score with"
        " them is {own}, level {own_level}; with the shipped ones it is {shipped}, level"
        " {shipped_level}."
    ),
    "statements_refused": mark("Statements of people that are refused and have no effect: {n}."),
    "answers_rest_on_few": mark(
        "More than a tenth of the {n} answers yes or not applicable that count depend on one person"
        " or one artefact."
    ),
    "baseline_not_approved": mark(
        "Runs that are meant to show what is approved have no effect (events below baseline/: {n}):"
        " {why}."
    ),
    "baseline_in_period": mark(
        "Events below baseline/ that are dated inside the period: {n}. They are assessed as what"
        " was done; what was done in a period cannot excuse it."
    ),
    "nothing_kept": mark(
        "Files that were recognised and of which no record was kept: {n}. They prove nothing,"
        " neither good nor bad."
    ),
    "records_lost": mark(
        "Records that could not be read or were rejected: {n}. They are in no number, and what they"
        " hold may be a failure."
    ),
    "fields_unread": mark(
        "Fields that hold a value that could not be read: {n}. The records are kept; what rests on"
        " such a field is unknown."
    ),
    "documents": mark(
        "Documents: {n}. No record is read from them; below statements/ each can be the artefact of"
        " an attestation. The headings of attestations.csv, and a line to copy for each:"
    ),
    "agents_gone": mark(
        "Of {all} agents of the last run {n} are in nothing that was read now. Whatever failed of"
        " them is out of every number, and not remediated."
    ),
    "agents_relabelled": mark(
        "Actors that the last run assessed as agents, and this one sees and assesses as none: {n}."
        " Whatever failed of them as agents is out of every number, and not remediated."
    ),
    "names_left": mark(
        "People have pseudonyms. Texts in which a word stands that is part of somebody's name,"
        " alone or glued to others: {n}. It may mean somebody else or nobody, and was left."
    ),
}
"""Code of a notice -> its sentence, with the names of its values."""


def notices(assessment: model.Assessment) -> tuple[elements.Notice, ...]:
    """Print the notices of a run, in their order."""
    return tuple(map(_notice, assessment.notices))


def _notice(notice: model.Notice) -> elements.Notice:
    values = {k: number(v) if isinstance(v, int) else clean(spoken(v)) for k, v in notice.values}
    values |= {k: percent(v) for k, v in notice.shares}
    place = say(notice.where) if notice.where else ""
    lines = tuple(short(clean(line.translated()), place) for line in notice.lines[:LINES_SHOWN])
    others = len(notice.lines) - len(lines)
    return elements.Notice(
        code=notice.code,
        text=say(SENTENCES[notice.code], **values),
        lines=lines,
        remainder=say("and {n} more, in {where}", n=number(others), where=place) if others else "",
    )
