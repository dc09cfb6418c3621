"""Validate the content before it assesses anyone. In: the content folders. Out: problems, each with
its place.

SQL and columns, official ids and titles, checks without a control, themes, and the examples of
every check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from itertools import chain, zip_longest
from pathlib import Path
from threading import Lock

from reporter.authoring import examples
from reporter.authoring.mapping_lint.disagreements import faults_in
from reporter.content import loader
from reporter.content.kinds.check_files import read_check
from reporter.content.lineage import tables_read
from reporter.content.loader import Content
from reporter.content.packs import Pack, name_pack
from reporter.content.sql_policy import compile_check, compile_part
from reporter.engine.sandbox import USUAL, Child, Limits, Stopped
from reporter.errors import ContentError, Errors, ReporterError
from reporter.evaluate.runner import needs_of
from reporter.evaluate.unassessed import replaceable
from reporter.model.assessment import AS_OF, SEVERITIES, Check, Control, Framework, Group
from reporter.schema.columns import FLAG, INT, LARGEST, TIME
from reporter.schema.compiled import Compiled
from reporter.schema.model_files import shipped
from reporter.schema.tables import EVENT_TABLES, RAW, TABLES, loaded_column
from reporter.schema.vocabulary import VOCABULARY

Progress = Callable[[int, int], None]
"""Called with the number of validated checks, and of all."""


def lint(
    extra: tuple[Path, ...] = (),
    run_examples: bool = True,
    progress: Progress = lambda _, __: None,
    limits: Limits = USUAL,
    packs: tuple[Pack, ...] = (),
) -> tuple[list[ReporterError], str]:
    """Return the problems of all content, and a line that says what was validated; examples of
    `extra` only, if given.
    """
    try:
        content = loader.load(extra, packs)
    except Errors as errors:
        return list(errors.errors), ""
    others = chain(
        _official(content),
        _mapping(content),
        faults_in(content),
        loader.unknown_targets(content, content.profiles.values()),
        (problem for source in content.sources for problem in loader.validated_source(source)[1]),
    )
    found = _checks(content, extra, run_examples, progress, limits, others)
    controls = sum(len(f.controls) for f in content.frameworks)
    problems = [name_pack(p, content.packs) for p in found]
    return (
        sorted(problems, key=str),
        (
            f"{len(content.checks)} checks, {len(content.frameworks)} catalogs with {controls}"
            f" controls, {len(content.sources)} sources{_packs(content)}: no problem found"
        ),
    )


def _packs(content: Content) -> str:
    return f", packs {', '.join(map(str, content.packs))}" if content.packs else ""


def _official(content: Content) -> Iterator[ReporterError]:
    """Compare each catalog with the register of its publisher's ids and titles."""
    for framework in content.frameworks:
        register = content.official.get(framework.id)
        if register is None:
            continue
        wrong_titles = register.get("wrong_titles", {})
        yield from _ids(framework, register["ids"], wrong_titles, framework.place)
        yield from _texts(framework, register.get("texts", {}))
        if framework.source_sha256 != register["sha256"]:
            yield ContentError(
                "source_sha256 is not that of the official register",
                framework.place,
                f"It is {register['sha256']}.",
            )


def _ids(
    framework: Framework, ids: dict[str, str], known_errors: dict[str, str], place: str
) -> Iterator[ReporterError]:
    groups = {g.id for g in framework.groups}
    for control in framework.controls:
        if control.id not in ids:
            close = _closest(control.id, control.title, ids)
            yield ContentError(
                f"{control.id} is not an id of {framework.title}", place, f"Did you mean {close}?"
            )
        elif ids[control.id] and control.title != ids[control.id]:
            right_title = known_errors.get(f"{control.id}: {control.title}")
            hint = (
                f"A known error in public material; right is {right_title}." if right_title else ""
            )
            yield ContentError(
                f"{control.id} is titled {control.title!r}; the publisher says {ids[control.id]!r}",
                place,
                hint,
            )
    for missing_id in sorted(set(ids) - groups - {c.id for c in framework.controls}):
        yield ContentError(f"{missing_id} {ids[missing_id]} is missing".replace("  ", " "), place)


def _texts(framework: Framework, official_texts: dict[str, str]) -> Iterator[ReporterError]:
    """Hold the official texts of a catalog word by word against those of the register."""
    items: tuple[Group | Control, ...] = (*framework.groups, *framework.controls)
    for item in items:
        expected_text = official_texts.get(item.id, "").strip()
        if item.official_text != expected_text:
            difference = _difference(item.official_text.split(), expected_text.split())
            yield ContentError(
                f"{item.id}: 'official_text' is not the publisher's: {difference}",
                framework.place,
                f"Expected: {expected_text}" if expected_text else "The register has no text.",
            )


def _difference(words: list[str], expected_words: list[str]) -> str:
    """Say where two texts first differ."""
    if not words:
        return "it is missing"
    for at, (word, expected_word) in enumerate(zip_longest(words, expected_words), 1):
        if word is None:
            return f"it ends after word {at - 1}"
        if word != expected_word:
            expected = repr(expected_word) if expected_word else "no more"
            return f"word {at} is {word!r}, expected {expected}"
    return "it has other spaces"


def _closest(unknown_id: str, title: str, ids: dict[str, str]) -> str:
    from difflib import get_close_matches

    by_title = [i for i, t in ids.items() if t and t == title]
    close = by_title or get_close_matches(unknown_id, ids, 1, 0.3)
    return f"{close[0]} {ids[close[0]]}".strip() if close else "none is like it"


def _mapping(content: Content) -> Iterator[ReporterError]:
    """Every check counts somewhere, once; every theme exists; every control can be evidenced or
    asked.
    """
    themes = {t.id for t in content.themes}
    mapped_ids = {c for f in content.frameworks for k in f.controls for c, _ in k.checks}
    for check in content.checks:
        if check.theme not in themes:
            yield ContentError(f"{check.id}: no theme {check.theme}", check.place)
        if check.id not in mapped_ids and check.id not in content.extra:
            yield ContentError(f"{check.id} is listed by no control of any catalog", check.place)
        if not check.headline and check.id not in content.extra:
            hint = "Say in a sentence what is true whenever it fails."
            yield ContentError(f"{check.id} has no headline", check.place, hint)
    check_ids = {c.id for c in content.checks}
    for group in content.causes:
        for check_id in sorted(set(group.says) - set(group.checks)):
            yield ContentError(
                f"the title of {group.id} is said of {check_id}, which is not in it",
                "frameworks/causes.yml",
            )
        for check_id in group.checks:
            if check_id not in check_ids:
                yield ContentError(
                    f"cause {group.id} names {check_id}, which does not exist",
                    "frameworks/causes.yml",
                )
            elif sum(check_id in g.checks for g in content.causes) > 1:
                yield ContentError(f"{check_id} is in two causes", "frameworks/causes.yml")
    yield from _strengths(content)
    yield from _efforts(content)
    yield from _models(content.checks)
    for framework in content.frameworks:
        for control in framework.controls:
            ids = [c for c, _ in control.checks]
            for repeat in sorted({i for i in ids if ids.count(i) > 1}):
                yield ContentError(f"{control.id} lists {repeat} twice", framework.place)
            if not control.ask:
                yield ContentError(f"{control.id} has no attestation question", framework.place)


def _strengths(content: Content) -> Iterator[ReporterError]:
    """Hold each mapping to what it claims: a direct one says what its check shows and why it
    stands, and where a control asks that something is written down, doing it is no direct evidence.
    """
    shows = {check.id: check.shows for check in content.checks}
    controls = [(c, f.place) for f in content.frameworks for c in f.controls]
    direct_ids = {i for c, _ in controls for i, strength in c.checks if strength == "direct"}
    for check in content.checks:
        if check.id in direct_ids and not check.shows:
            yield ContentError(
                f"{check.id} is direct and does not say what it 'shows'", check.place
            )
    for control, place in controls:
        for check_id, strength in control.checks:
            has_why = check_id in control.whys
            is_act = control.documented and shows.get(check_id) == "operation"
            if strength == "direct" and not has_why:
                yield ContentError(f"{control.id}: {check_id} is direct without a reason", place)
            if is_act and (strength == "direct" or (strength == "partial" and not has_why)):
                yield ContentError(
                    f"{control.id} asks for something written down, and {check_id} shows operation",
                    place,
                    "It is partial with a reason, or contextual.",
                )
    for framework in content.frameworks:
        silent = [c.id for c in framework.controls if not c.not_shown]
        for control_id in silent if len(silent) < len(framework.controls) else ():
            yield ContentError(f"{control_id} does not say what is 'not_shown'", framework.place)


def _models(checks: Iterable[Check]) -> Iterator[ReporterError]:
    """Check that a model is one SELECT that reads existing tables, and that a check reads each part
    of checks.
    """
    tables = {*TABLES, *RAW, *shipped()}
    texts = [c.sql for c in checks] + [m.sql for m in shipped().values()]
    words = {word for text in texts for word in re.findall(r"\w+", text)}
    for name, model in shipped().items():
        place = f"frameworks/models/{name}.sql"
        if model.kind == "part" and name not in words:
            yield ContentError("no check reads it", place)
        try:
            if model.kind == "part":
                compile_part(model.sql, {}, place)
            unknown_tables = sorted(tables_read(model.sql, place) - tables)
        except ContentError as error:
            yield error
        else:
            yield from (ContentError(f"there is no table {t}", place) for t in unknown_tables)


def _efforts(content: Content) -> Iterator[ReporterError]:
    """Every cause and severity has an effort, and nothing else has."""
    causes, place = {g.id for g in content.causes}, "frameworks/efforts.yml"
    for kind, expected, efforts in (
        ("cause", causes, content.efforts.causes),
        ("severity", set(SEVERITIES), content.efforts.severities),
    ):
        for name in sorted(expected - set(efforts)):
            yield ContentError(f"{kind} {name} has no effort", place)
        for name in sorted(set(efforts) - expected):
            yield ContentError(f"there is no {kind} {name}", place)


def _checks(
    content: Content,
    extra: tuple[Path, ...],
    run_examples: bool,
    progress: Progress,
    limits: Limits,
    others: Iterable[ReporterError],
) -> Iterator[ReporterError]:
    """Validate every check, and run the examples: ours two checks at a time, others in a child.
    `others` are problems that are looked for while the tables of the examples are made.
    """
    faults = {check.id: _faults(check) for check in content.checks}
    extra_places = tuple(f"{folder}/" for folder in extra)
    tried = {
        check.id: check
        for check in content.checks
        if run_examples
        and not faults[check.id]
        and (not extra_places or check.place.startswith(extra_places))
    }
    ours = [check for check in tried.values() if check.id not in content.extra]
    one_child = Lock()
    with Child(limits) as child, ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        making = pool.submit(stack.enter_context, examples.assembled(ours, threads=2))
        yield from others
        results_of_all = making.result()

        def validated(check: Check) -> list[ReporterError]:
            if check.id not in tried:
                return faults[check.id]
            try:
                if check.id not in content.extra:
                    complaints = examples.failures(check, results_of_all)
                else:
                    with one_child:
                        complaints = _apart(child, check)
            except ReporterError as error:
                return [error]
            return [ContentError(f"{check.id}: {w}", check.place) for w in complaints]

        for count, problems in enumerate(pool.map(validated, content.checks), 1):
            progress(count, len(content.checks))
            yield from problems


def _faults(check: Check) -> list[ReporterError]:
    """Return what is wrong with a check before any example runs."""
    try:
        compiled = compile_check(check)
    except ReporterError as error:
        return [error]
    return [ContentError(f"{check.id}: {why}", check.place) for why in _unfit(check, compiled)]


def _unfit(check: Check, compiled: Compiled) -> list[str]:
    """Name the columns in `fails_without` and `at_best` that the check does not need or that no
    value can replace, and those in `scope` that it does not read.
    """
    needed_columns = {".".join(n) for n in needs_of(check, compiled)}
    problems = [
        f"{key}: {name} is not a column that it needs"
        for key, names in (("fails_without", check.fails_without), ("at_best", check.at_best))
        for name in sorted(set(names) - needed_columns)
    ]
    for code in check.without_logs:
        if code not in check.reasons.get("pass", {}) or not compiled.tables & EVENT_TABLES:
            problems.append(f"without_logs: {code} is not a pass of a check that reads logs")
    read = {".".join(loaded_column(t, c) or ()) for t, c in compiled.reads}
    problems += [
        f"scope: {name} is not a column that it reads" for name in check.scope if name not in read
    ]
    unknown_codes = sorted(set(check.record_only) - set(check.sentences))
    problems += [f"record_only: no reason has the code {code}" for code in unknown_codes]
    for name, value in ((n, check.best(n)) for n in sorted(check.at_best)):
        table, _, column = name.partition(".")
        spec = (
            next((c for c in TABLES[table].columns if c.name == column), None)
            if table in TABLES
            else None
        )
        words = VOCABULARY.get(name, (value,))
        if name in check.fails_without:
            problems.append(f"at_best: {name} is in fails_without, too")
        elif spec and (spec.required or not replaceable(compiled, name)):
            problems.append(f"at_best: no value can stand for {name}")
        elif spec and (not _is_of(spec.type, value) or value not in words):
            problems.append(f"at_best: {value!r} is not a value of {name}")
    return problems


def _is_of(kind: str, value: object) -> bool:
    """Tell whether a value of a file fits a column: numbers and flags as such, times as text or
    `as_of`.
    """
    if kind == TIME:
        return value == AS_OF or (isinstance(value, str) and _is_day(value))
    if kind == INT:
        return type(value) is int and abs(value) <= LARGEST
    return isinstance(value, bool if kind == FLAG else str)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _apart(child: Child, check: Check) -> list[str]:
    """Run the examples of a check that does not ship in a child."""
    try:
        complaints = child.call(
            failures_in, path=check.place.rpartition(":")[0], models=check.models
        )
    except Stopped as error:
        return [f"its examples cannot be run: it {error}"]
    return [str(w) for w in complaints]


def failures_in(path: str, models: dict[str, str]) -> list[str]:
    """Return what is wrong with the examples of a check's file, which may read models; runs in the
    child.
    """
    return examples.failures(replace(read_check(Path(path)), models=models))


def list_tables() -> str:
    """Return the tables and columns a check may read, as text."""
    lines = []
    for table in TABLES.values():
        lines.append(f"{table.name}: {table.doc}")
        for column in table.columns:
            words = VOCABULARY.get(f"{table.name}.{column.name}")
            vocabulary_note = f" One of: {', '.join(words)}." if words else ""
            lines.append(f"  {column.name:<22} {column.type:<10} {column.doc}{vocabulary_note}")
        lines.append("")
    return "\n".join(lines)
