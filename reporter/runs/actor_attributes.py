"""actors.parquet: whom a run knows, and by what its results can be grouped. In: an engine with
results. Out: a row for each actor; and back, the results of a run by the values of attributes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from reporter.engine.base import Engine, quoted
from reporter.errors import InputError
from reporter.model.scores import Status, Tally
from reporter.privacy.pseudonyms import People, swap
from reporter.runs.store import AGAIN, RESULTS
from reporter.schema.label_keys import names_people, same_key
from reporter.schema.tables import CALLED, SUBJECTS
from reporter.schema.vocabulary import SYNONYMS

ACTORS = "actors.parquet"
AGENT = "agent"
"""The attribute that every actor has: its own name."""
ATTRIBUTES: Mapping[str, str] = {
    **{name: f"a.{name}" for name in ("business_unit", "environment", "kind", "state")},
    "risk_tier": "a.risk_tier",
    "tier": (
        "CASE WHEN a.kind = 'agent' THEN CAST(t.tier_lo AS VARCHAR) || CASE WHEN t.tier_hi >"
        " t.tier_lo THEN '-' || CAST(t.tier_hi AS VARCHAR) ELSE '' END END"
    ),
    "owner": "a.owner_id",
    "technical_owner": "a.technical_owner_id",
    "process": "a.process_id",
    "policy": "a.policy_id",
    "source": "d.sources",
    **{
        name: f"a.{name}"
        for name in (
            *("autonomy", "principal_type", "identity_issuer", "default_policy"),
            *("enforcement_point", "sandbox_type", "sandbox_network", "memory_scope"),
            *("vendor_hosted", "user_facing", "deploy_identity_type", "listed_in"),
        )
    },
}
"""Attribute -> SQL over the tables of a run; labels come on top."""
_TAKEN = (AGENT, *ATTRIBUTES, "unit", "organisation")
"""Words of `--by` that are no labels."""
COLUMNS = ("actor", *ATTRIBUTES, "labels", "shared")
"""The columns of actors.parquet. Labels: a JSON object. Shared: what it holds with others, each as
a list of subject type and subject.
"""
LABEL = "label:"
"""What comes before the name of a label that an attribute has, too."""
_FILLED = {"business_unit": ("businessunit",), "environment": ("environment", "env")}
"""Attribute -> the labels that are read where no source fills it."""
_PEOPLE = ("owner", "technical_owner")
_OF_ONE = ("agent", "actor")


def write_actors(engine: Engine, people: People | None, folder: Path) -> None:
    """Write all actors under their names in the run; in one without names people are replaced."""
    values = ", ".join(f"CAST({sql} AS VARCHAR) AS {name}" for name, sql in ATTRIBUTES.items())
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE actor_attributes AS SELECT {CALLED}(a.actor_id) AS actor,"
        f" {values}, a.labels FROM actors AS a LEFT JOIN tiers AS t ON t.actor_id = a.actor_id LEFT"
        " JOIN (SELECT actor_id, string_agg(DISTINCT source, ', ' ORDER BY source) AS sources FROM"
        " described WHERE tbl = 'actors' GROUP BY actor_id) AS d ON d.actor_id = a.actor_id"
    )
    if people:
        _hide(engine, "actor_attributes", people)
    engine.write_parquet(
        f"WITH held AS ({_held(engine)}), several AS (SELECT about, subject FROM held GROUP BY ALL"
        " HAVING count(DISTINCT actor) > 1 AND (about, subject) IN (SELECT about, CAST(subject AS"
        " VARCHAR) FROM results JOIN abouts USING (check_id))), shared AS (SELECT actor, list("
        "[about, subject] ORDER BY about, subject) AS shared FROM (SELECT DISTINCT * FROM held)"
        " AS h JOIN several USING"
        f" (about, subject) GROUP BY actor) SELECT {', '.join(COLUMNS)} FROM actor_attributes LEFT"
        " JOIN shared USING (actor) ORDER BY ALL",
        folder / ACTORS,
        "zstd",
    )
    engine.run("DROP TABLE actor_attributes")


def write_without_people(engine: Engine, run: Path, people: People, folder: Path) -> dict[str, int]:
    """Write the table of a stored run again, people replaced; return by column how many values."""
    _show(engine, "stored_actors", run / ACTORS)
    engine.run(
        "CREATE OR REPLACE TEMP TABLE of_nobody AS SELECT * REPLACE (CAST(to_json(shared) AS"
        " VARCHAR) AS shared) FROM stored_actors"
    )

    def hidden(text: str) -> str:
        pairs = json.loads(text)
        new = [[about, people.in_subject(subject)] for about, subject in pairs]
        return json.dumps(new) if new != pairs else text

    counts = _hide(engine, "of_nobody", people)
    counts["shared"] = swap(engine, "of_nobody", "shared", "shared IS NOT NULL", hidden)
    engine.write_parquet(
        "SELECT * REPLACE (from_json(shared, '[[\"VARCHAR\"]]') AS shared) FROM of_nobody"
        " ORDER BY ALL",
        folder / ACTORS,
        "zstd",
    )
    return {name: n for name, n in counts.items() if n}


def _hide(engine: Engine, table: str, people: People) -> dict[str, int]:
    """Replace people in all columns of actors but what they share; return how many rows changed."""
    changes: dict[str, Callable[[str], str]] = {
        **dict.fromkeys(ATTRIBUTES, people.in_text),
        "labels": lambda text: _hide_labels(text, people),
        **dict.fromkeys(_PEOPLE, people.in_id),
        "actor": people.in_subject,  # of whom no result names some are left
    }
    return {
        name: swap(engine, table, name, f"{name} IS NOT NULL", change)
        for name, change in changes.items()
    }


def _hide_labels(text: str, people: People) -> str:
    """Replace people in labels; the value of a key such as `lead` is somebody whom no list need
    have.
    """
    try:
        labels = json.loads(text)
    except ValueError:
        return people.in_text(text)
    if not isinstance(labels, dict):
        return people.in_text(text)
    new = {
        people.in_text(key): (people.in_role if names_people(key) else people.in_text)(str(value))
        for key, value in labels.items()
    }
    return json.dumps(new, ensure_ascii=False, separators=(",", ":")) if new != labels else text


def _held(engine: Engine) -> str:
    """SQL: the subjects of checks, but actors themselves, and whom each belongs to."""
    abouts = {about for (about,) in engine.rows("SELECT DISTINCT about FROM abouts")}
    parts = [
        f"SELECT {quoted(about)} AS about, {CALLED}(subject) AS subject, {CALLED}(actor_id) AS"
        f" actor FROM ({SUBJECTS[about]}) AS s WHERE subject IS NOT NULL AND actor_id IS NOT NULL"
        for about in sorted({*abouts} - {"", *_OF_ONE})
    ]
    nobody = "SELECT '' AS about, '' AS subject, '' AS actor WHERE FALSE"
    return " UNION ALL ".join([nobody, *parts])


def attributes(engine: Engine, run: Path) -> tuple[str, ...]:
    """Return the attributes by which the results of a stored run can be grouped; none for a run
    without the table.
    """
    if not (run / ACTORS).is_file():
        return ()
    _show(engine, "stored_actors", run / ACTORS)
    spellings: dict[str, str] = {}
    for label in _stored_labels(engine):
        spellings.setdefault(same_key(label), label)
    taken = {same_key(name) for name in _TAKEN}
    labels = (LABEL + name if key in taken else name for key, name in spellings.items())
    return (AGENT, *ATTRIBUTES, *sorted(labels))


def spelled(name: str, known: Iterable[str]) -> str:
    """Return an attribute as those of `attributes` spell it, the first of them; '' for another."""
    by_key: dict[str, str] = {}
    for each in known:
        by_key.setdefault(same_key(each), each)
    key = same_key(name)
    label = key.removeprefix(LABEL)
    found = by_key.get(key) or by_key.get(LABEL + label, "")
    is_plain = label != key and label not in map(same_key, _TAKEN)
    return found or (by_key.get(label, "") if is_plain else "")


def _stored_labels(engine: Engine) -> list[str]:
    rows = engine.rows(
        f"SELECT DISTINCT unnest(json_keys({_LABELS})) FROM stored_actors ORDER BY 1"
    )
    return [name for (name,) in rows]


_LABELS = (
    "CASE WHEN json_valid(labels) AND json_type(CASE WHEN json_valid(labels) THEN labels END) ="
    " 'OBJECT' THEN CAST(labels AS JSON) END"
)


def place_results(
    engine: Engine, run: Path, names: Sequence[str], abouts: Mapping[str, str]
) -> None:
    """Make the table `placed`: each result once for each combination of values that those have
    whom it is about. `abouts` is the subject type of each check.

    Raises InputError where the run lacks the table of actors though an attribute is asked for.
    """
    _show(engine, "stored_results", run / RESULTS)
    columns = "\"check\", subject, status, tier_lo, tier_hi, h.actor = '' AS is_outside"
    if not (run / ACTORS).is_file():
        if names:
            raise InputError(f"this run has no {ACTORS}, so it has no attributes", str(run), AGAIN)
        engine.run(
            f"CREATE OR REPLACE TEMP TABLE placed AS SELECT {columns}, nullif(h.actor, '') AS"
            " holder FROM stored_results AS h"
        )
        return
    _show(engine, "stored_actors", run / ACTORS)
    engine.run("CREATE OR REPLACE TEMP TABLE check_abouts (check_id VARCHAR, about VARCHAR)")
    engine.insert("check_abouts", sorted(abouts.items()))
    labels = _stored_labels(engine) if names else []
    values = "".join(
        f", coalesce({_value(name, labels)}, '') AS v{n}" for n, name in enumerate(names)
    )
    groups = "".join(f", coalesce(g.v{n}, '') AS v{n}" for n in range(len(names)))
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE placed AS WITH grouped AS (SELECT DISTINCT actor AS who"
        f"{values} FROM stored_actors), shared AS (SELECT DISTINCT actor, pair[1] AS about,"
        " pair[2] AS subject FROM (SELECT actor, unnest(shared) AS pair FROM stored_actors) AS u),"
        " held AS (SELECT r.*, coalesce(s.actor, r.actor) AS holder FROM stored_results AS r LEFT"
        ' JOIN check_abouts AS c ON c.check_id = r."check" LEFT JOIN shared AS s ON s.about ='
        " c.about AND s.subject = r.subject AND r.actor <> '') SELECT DISTINCT"
        f" {columns}, nullif(h.holder, '') AS holder{groups} FROM held AS h LEFT JOIN grouped AS g"
        " ON g.who = h.holder"
    )


def placed_tallies(engine: Engine, names: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Tally]]:
    """Yield by values of the first attributes how many results of `placed` are alike; none of the
    organisation where there are attributes.
    """
    keys = "".join(f"v{n}, " for n in range(len(names)))
    where = "NOT is_outside" if names else "TRUE"
    for *values, check, status, lo, hi, n in engine.rows(
        f'SELECT {keys}"check", status, tier_lo, tier_hi, count(*) FROM (SELECT DISTINCT {keys}'
        f'"check", subject, status, tier_lo, tier_hi FROM placed WHERE {where}) AS once GROUP BY'
        " ALL ORDER BY ALL"
    ):
        yield tuple(values), Tally(check, Status(status), lo, hi, n)


def placed_actors(engine: Engine, names: Sequence[str]) -> dict[tuple[str, ...], int]:
    """Return by values of the first attributes on how many actors there are results."""
    keys = "".join(f"v{n}, " for n in range(len(names)))
    sql = f"SELECT {keys}count(DISTINCT holder) FROM placed WHERE NOT is_outside GROUP BY ALL"
    return {tuple(values): n for *values, n in engine.rows(sql)}


def outside(engine: Engine) -> int:
    """Return how many results of `placed` are about the organisation."""
    return int(engine.one('SELECT count(DISTINCT ("check", subject)) FROM placed WHERE is_outside'))


def _show(engine: Engine, name: str, path: Path) -> None:
    engine.run(f"DROP VIEW IF EXISTS {name}")
    engine.show_parquet(name, [path])


def _value(name: str, labels: Sequence[str]) -> str:
    """SQL: the value of an attribute, a label where it is none of ours. `labels` are the keys that
    the run has.
    """
    key = same_key(name)
    if key == AGENT:
        return "actor"
    attribute = next((each for each in ATTRIBUTES if same_key(each) == key), "")
    if attribute not in _FILLED:
        return f'"{attribute}"' if attribute else _label((key.removeprefix(LABEL),), labels)
    label = _label(_FILLED[attribute], labels)
    words = SYNONYMS.get(attribute, {})
    swaps = " ".join(f"WHEN {quoted(k)} THEN {quoted(v)}" for k, v in words.items())
    spelled = f"CASE lower({label}) {swaps} ELSE {label} END" if swaps else label
    return f'coalesce("{attribute}", {spelled})'


def _label(keys: Sequence[str], labels: Sequence[str]) -> str:
    """SQL: the value of the first label that is one of the keys, in any spelling."""
    spelled = [label for key in keys for label in labels if same_key(label) == key]
    paths = ("$." + '"' + n.replace("\\", "\\\\").replace('"', '\\"') + '"' for n in spelled)
    values = (_one_text(f"json_extract_string({_LABELS}, {quoted(path)})") for path in paths)
    return f"coalesce({', '.join([*values, 'NULL'])})"


def _one_text(value: str) -> str:
    """SQL: a value of a label as one text; of a list all words, in order of the alphabet."""
    words = f"list_sort(TRY_CAST(TRY_CAST({value} AS JSON) AS VARCHAR[]))"
    as_list = f"CASE WHEN {value} LIKE '[%' THEN array_to_string({words}, ', ') END"
    return f"coalesce({as_list}, {value})"
