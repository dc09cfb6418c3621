"""Read the content folders. In: frameworks/, sources/, --extra folders, installed packs. Out:
Content.

The folder is the registry: a file that stands there takes part. All errors of a read are reported
at once."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from reporter.content.crosswalks import (
    ALIASES,
    CHECKS,
    alias_of,
    known_ids,
    lists_shown,
    read_crosswalk,
    read_register,
    unknown_checks,
    unknown_ids,
)
from reporter.content.frameworks import (
    read_causes,
    read_efforts,
    read_framework,
    read_policy,
    read_profile,
    read_questions,
    read_themes,
    read_tool_rules,
    unknown_in_rules,
    unknown_substitutes,
)
from reporter.content.kinds.check_files import read_check
from reporter.content.packs import Pack, display_place, name_pack
from reporter.content.yaml import Fields, fields, read_yaml
from reporter.errors import ContentError, Errors, InputError, ReporterError
from reporter.model.assessment import Check, Framework, Policy, Profile, Theme
from reporter.model.comparison import CauseGroup
from reporter.model.crosswalk import Alias, Crosswalk
from reporter.model.roadmap import Efforts
from reporter.model.source import Query, Source, ToolRule
from reporter.schema.compiled import Compiled, as_shipped
from reporter.schema.model_files import MACROS, Model, read_model, shipped
from reporter.schema.tables import TABLES
from reporter.schema.vocabulary import EVIDENCE
from reporter.system.folders import content_dir
from reporter.system.plain_text import regular_bytes

EXTRA = (
    *("checks", "models", "sources", "findings"),
    *("catalogs", "crosswalks", "official", "profiles"),
)
"""Folders that an --extra folder may hold."""
OF_LISTS = ("crosswalks", "official")
"""Those of them that name ids of lists."""


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that is not the user's data."""

    sources: tuple[Source, ...]
    checks: tuple[Check, ...]
    frameworks: tuple[Framework, ...]
    themes: tuple[Theme, ...]
    policy: Policy
    profiles: dict[str, Profile]
    tool_rules: tuple[ToolRule, ...] = ()
    crosswalks: tuple[Crosswalk, ...] = ()
    aliases: dict[str, Any] = field(default_factory=dict)
    official: dict[str, dict[str, Any]] = field(default_factory=dict)
    causes: tuple[CauseGroup, ...] = ()
    """Checks that one defect fails together."""
    questions: dict[str, str] = field(default_factory=dict)
    """What is to be decided, by cause; a check in none is a cause by itself."""
    efforts: Efforts = Efforts()
    """Person-days of an action unless the workspace says otherwise."""
    benchmark: dict[str, int | str] = field(default_factory=dict)
    """The published survey figures, with their origin."""
    sha256: str = ""
    extra: frozenset[str] = frozenset()
    """Ids of checks that did not ship: of --extra and of packs."""
    packs: tuple[Pack, ...] = ()
    """Those that took part."""


def load(
    extra: tuple[Path, ...] = (),
    packs: tuple[Pack, ...] = (),
    examples: bool = True,
    lists: Collection[str] | None = (),
) -> Content:
    """Read all content, with that of the `extra` folders and packs; a pack whose folder is given as
    `extra` too is read as that. A run does without `examples`, most of the text of shipped checks,
    and what ships on `lists` but those named (empty: the usual ones; None: all are wanted): rows,
    registers, unless others bring lists. Raises Errors with every problem in any file.
    """
    (frameworks, sources), errors = content_dir(), list[ReporterError]()
    packs = tuple(p for p in packs if p.folder.resolve() not in {f.resolve() for f in extra})
    extras = [*(p.folder for p in packs), *extra]
    folders = [frameworks, *extras]
    every = partial(_every, errors)
    errors += [_holds_nothing(f) for f in extras if not any((f / sub).is_dir() for sub in EXTRA)]
    ours = partial(read_check, examples=examples)
    checks, extra_checks = every("checks", ours, [frameworks]), every("checks", read_check, extras)
    parts = every("models", read_part, extras, "*.sql")
    by_name = {m.name: m.sql for m in parts}
    errors += _wrong_parts(parts, by_name)
    extra_checks = [replace(c, models=_models_of(c, by_name)) for c in extra_checks]
    extra_sources = every("sources", foreign_source, extras)
    profiles, extra_profiles = (every("profiles", read_profile, r) for r in ([frameworks], extras))
    is_whole = examples or lists is None
    names_ids = is_whole or any((f / sub).is_dir() for f in extras for sub in OF_LISTS)
    registers = every("official", read_register, folders if names_ids else extras)
    catalogs = sorted(every("catalogs", read_framework, folders), key=_order)
    named = {*lists_shown(lists or (), catalogs), CHECKS}
    our_walk = partial(read_crosswalk, lists=None if is_whole else named)
    walks = every("crosswalks", our_walk, [frameworks])
    walks += every("crosswalks", read_crosswalk, extras)
    result = Content(
        sources=tuple(every("", read_source, [sources]) + extra_sources),
        checks=tuple(sorted(checks + extra_checks, key=lambda c: c.id)),
        frameworks=tuple(catalogs),
        themes=read_themes(frameworks / "themes.yml"),
        policy=read_policy(frameworks / "policy.yml"),
        profiles={p.id: p for p in profiles + extra_profiles},
        tool_rules=tuple(r for rules in every("findings", read_tool_rules, folders) for r in rules),
        crosswalks=tuple(walks),
        aliases=read_aliases(),
        official={d["id"]: d for d in registers},
        causes=read_causes(frameworks / "causes.yml"),
        questions=read_questions(frameworks / "causes.yml"),
        efforts=read_efforts(frameworks / "efforts.yml"),
        benchmark=read_yaml(frameworks / "benchmark.yml"),
        sha256=_sha256_of(_all_files([*folders, sources])),
        extra=frozenset(c.id for c in extra_checks),
        packs=tuple(replace(p, sha256=_sha256_of(_all_files([p.folder]))) for p in packs),
    )
    errors += [
        *_twice(result, profiles + extra_profiles, registers, parts),
        *([] if errors else _unknown(result, names_ids)),
        *unknown_targets(result, extra_profiles),
    ]
    if errors:
        raise Errors([name_pack(e, packs) for e in errors])
    return _with_aliases(result)


def anywhere(content: Content) -> Content:
    """Return content in which each file of a pack is named by the pack, so that a run reads the
    same wherever the pack is installed.
    """

    def placed(items: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(replace(i, place=display_place(i.place, content.packs)) for i in items)

    return replace(
        content,
        checks=placed(content.checks),
        frameworks=placed(content.frameworks),
        crosswalks=placed(content.crosswalks),
        profiles={p.id: p for p in placed(content.profiles.values())},
    )


def read_aliases() -> dict[str, Any]:
    """Return the references that people write, and what they mean."""
    data: dict[str, Any] = read_yaml(content_dir()[0] / "crosswalks" / ALIASES)
    return data


def _with_aliases(content: Content) -> Content:
    """Return content in which each catalog has the references that people write to it."""
    by_framework: dict[str, list[Alias]] = {}
    for entry in content.aliases["aliases"]:
        by_framework.setdefault(entry["framework"], []).append(alias_of(entry))
    frameworks = (replace(f, aliases=tuple(by_framework.get(f.id, ()))) for f in content.frameworks)
    return replace(content, frameworks=tuple(frameworks))


def _order(framework: Framework) -> tuple[int, str]:
    shipped = ("owasp-agentic-2026", "owasp-nhi-2025", "nist-ai-rmf-1.0")
    return (shipped.index(framework.id) if framework.id in shipped else len(shipped), framework.id)


def _every(
    errors: list[ReporterError],
    sub: str,
    make: Callable[[Path], Any],
    roots: list[Path],
    ending: str = "*.yml",
) -> list[Any]:
    """Return what is made of the files of a folder; what is wrong with others joins the errors."""
    items = []
    for path in _files(roots, sub, ending):
        try:
            items.append(make(path))
        except ReporterError as error:
            errors.extend(error.errors if isinstance(error, Errors) else [error])
    return items


def _files(roots: list[Path], sub: str, ending: str) -> Iterator[Path]:
    for root in roots:
        yield from (p for p in sorted((root / sub).rglob(ending)) if p.name != ALIASES)


def _wrong_parts(parts: list[Model], by_name: dict[str, str]) -> Iterator[ContentError]:
    if parts:
        from reporter.content.sql_policy import compile_part  # takes long to load
    for part in parts:
        try:
            compile_part(part.sql, by_name, part.place)
        except ContentError as error:
            yield error


def _all_files(roots: list[Path]) -> list[Path]:
    """Return the files that decide the results: the YAML and the SQL of folders."""
    return [p for root in roots for p in sorted([*root.rglob("*.yml"), *root.rglob("*.sql")])]


def read_part(path: Path) -> Model:
    """Read a model that does not ship.

    Raises ContentError where it takes the name of a shipped table or model, or is not a part of
    checks.
    """
    if path.stem == MACROS:
        raise ContentError(
            "macros are only those that ship",
            str(path),
            "Write a model (-- part) for what several checks say alike.",
        )
    model = read_model(path)
    if model.name in TABLES or model.name in shipped():
        raise ContentError(
            f"{model.name} is a table or model that ships", str(path), "Give it a name of its own."
        )
    if model.kind != "part":
        raise ContentError(
            "is not part of checks",
            str(path),
            "End its comment with the line -- part: only models that ship are tables.",
        )
    return model


def _models_of(check: Check, parts: Mapping[str, str]) -> dict[str, str]:
    """Return the models that a check may read, and those that these read in turn, as name ->
    text.
    """
    models: dict[str, str] = {}
    texts = [check.sql]
    while texts:
        words = set(re.findall(r"[a-z_]\w*", texts.pop()))
        for name in sorted(words & parts.keys() - models.keys()):
            models[name] = parts[name]
            texts.append(parts[name])
    return models


def _sha256_of(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(os.fsencode(path.name) + b"\0" + regular_bytes(path) + b"\0")
    return digest.hexdigest()


def _holds_nothing(folder: Path) -> ReporterError:
    return InputError(
        f"holds no folder {', '.join(EXTRA[:-1])} or {EXTRA[-1]}",
        str(folder),
        "It is not a content folder.",
    )


def _twice(
    content: Content,
    profiles: list[Profile],
    registers: list[dict[str, Any]],
    parts: Sequence[Model],
) -> Iterator[ReporterError]:
    kinds: dict[str, Iterable[Any]] = {
        "check": content.checks,
        "source": content.sources,
        "catalog": content.frameworks,
        "profile": profiles,
        "crosswalk": content.crosswalks,
    }
    entries = [(kind, i.id, i.place) for kind, items in kinds.items() for i in items]
    entries += [("register", d["id"], d["place"]) for d in registers]
    entries += [("model", m.name, m.place) for m in parts]
    places: dict[tuple[str, str], str] = {}
    for kind, name, place in entries:
        if (kind, name) in places:
            yield ContentError(f"{kind} {name} is in {places[kind, name]} too", place)
        places[kind, name] = place


def foreign_source(path: Path) -> Source:
    """Read a source that does not ship; its SQL is validated and regenerated.

    Raises Errors with every problem found.
    """
    source, problems = validated_source(read_source(path))
    if problems:
        raise Errors(problems)
    return replace(source, foreign=True)


def validated_source(source: Source) -> tuple[Source, list[ReporterError]]:
    """Return a source with all its SQL regenerated, each condition by itself, and what is wrong
    with it.
    """
    from reporter.content import source_policy as policy  # takes long to load

    problems: list[ReporterError] = []

    def validated(validate: Callable[[str, str], str], text: object) -> str:
        try:
            return validate(str(text), source.place)
        except ContentError as error:
            problems.append(error)
            return ""

    tables: dict[str, Any] = {
        name: (
            {**sql, "from": validated(policy.validate_source, sql.get("from"))}
            if isinstance(sql, dict)
            else validated(policy.validate_source, sql)
        )
        for name, sql in source.tables.items()
    }
    when, skip, type_of = (
        validated(policy.validate_condition, text)
        for text in (source.when, source.skip, source.type_of)
    )
    columns = {name: validated(policy.validate_type, kind) for name, kind in source.columns.items()}
    result = replace(source, when=when, skip=skip, type_of=type_of, tables=tables, columns=columns)
    return result, problems


def compiled_of(check: Check) -> Compiled:
    """Return a check compiled: as it shipped, where it did.

    Raises ContentError naming the first construct that it must not contain.
    """
    shipped_check = as_shipped(check)
    if shipped_check is None:
        from reporter.content.lineage import rests_of  # sqlglot takes a tenth of a second
        from reporter.content.sql_policy import compile_check

        compiled = compile_check(check)
        return replace(compiled, rests=rests_of(compiled.reads))
    return shipped_check


def _unknown(content: Content, names_ids: bool) -> Iterator[ReporterError]:
    yield from unknown_checks(content.frameworks, content.checks)
    yield from unknown_substitutes(content.checks)
    yield from unknown_in_rules(content.tool_rules, {c.id for c in content.checks})
    if names_ids:
        ids = known_ids(content.official, content.frameworks, content.checks)
        yield from unknown_ids(content.crosswalks, ids)


def unknown_targets(content: Content, profiles: Iterable[Profile]) -> Iterator[ReporterError]:
    """Name the targets of profiles that are of no theme."""
    themes = {t.id for t in content.themes}
    for profile in profiles:
        for name in sorted(set(profile.themes) - themes):
            yield ContentError(f"target {name!r} is not a theme", profile.place)


# ---------------------------------------------------------------- kinds of file


def read_source(path: Path) -> Source:
    """Read one source file.

    Raises ContentError where a field is missing or wrong.
    """
    source_file = fields(path)
    source_file.only(
        "id",
        "title",
        "describe",
        "rank",
        "records",
        "columns",
        "texts",
        "lists",
        "when",
        "skip",
        "type_of",
        "tables",
        "may_lack",
        "together",
        "evidence",
        "weaker",
        "export",
    )
    tables = source_file.get("tables", dict)
    for name in tables:
        if name not in TABLES or not TABLES[name].loaded:
            raise ContentError(f"no table {name!r} to load", source_file.place("tables"))
    for key, kind in (("texts", list), ("lists", list), ("columns", dict)):
        for name in source_file.get(key, kind, kind()):
            if not isinstance(name, str) or not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
                raise ContentError(f"{name!r} is not a plain name", source_file.place(key))
    _refuse_to_lack(source_file)
    evidence, weaker = _classes(source_file)
    return Source(
        id=source_file.get("id", str),
        title=source_file.get("title", str),
        describe=source_file.get("describe", str, "").strip(),
        when=source_file.get("when", str).strip(),
        records=tuple(source_file.get("records", list, [""])),
        columns=source_file.get("columns", dict, {}),
        texts=tuple(source_file.get("texts", list, [])),
        lists=tuple(source_file.get("lists", list, [])),
        may_lack=tuple(source_file.get("may_lack", list, [])),
        together=source_file.get("together", bool, False),
        skip=source_file.get("skip", str, "FALSE").strip(),
        type_of=source_file.get("type_of", str, "NULL").strip(),
        tables=tables,
        place=source_file.place("tables"),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        rank=source_file.get("rank", int, 50),
        evidence=evidence,
        weaker=weaker,
        export=source_file.get("export", str, "").strip(),
    )


def _classes(source_file: Fields) -> tuple[str, dict[str, str]]:
    """Return the class of evidence of a source, and that of single columns that are weaker."""
    evidence = source_file.get("evidence", str, EVIDENCE[0])
    weaker = source_file.get("weaker", dict, {})
    if evidence not in EVIDENCE:
        raise ContentError(
            f"{evidence!r} is not a class of evidence",
            source_file.place("evidence"),
            f"Known: {', '.join(EVIDENCE)}.",
        )
    for name, word in weaker.items():
        table, _, column_name = str(name).partition(".")
        if table not in TABLES or column_name not in {c.name for c in TABLES[table].columns}:
            raise ContentError(f"no column {name!r}", source_file.place("weaker"))
        if word not in EVIDENCE[: EVIDENCE.index(evidence)]:
            raise ContentError(
                f"{name} is {word!r}, which is not weaker than {evidence!r}",
                source_file.place("weaker"),
            )
    return evidence, weaker


def _refuse_to_lack(source_file: Fields) -> None:
    required = [c.name for c in TABLES["events"].columns if c.required]
    for name in source_file.get("may_lack", list, []):
        if name not in required:
            raise ContentError(
                f"{name!r} is not a required column of events",
                source_file.place("may_lack"),
                f"Known: {', '.join(required)}.",
            )


def read_queries(path: Path | None = None) -> tuple[Query, ...]:
    """Read what collectors ask of vendors, in the order of the file; without one, what ships.

    Raises ContentError where a field is missing or wrong, or a collector is not described.
    """
    path = path or content_dir()[0] / "collectors.yml"
    file = fields(path)
    file.only("collectors", "queries")
    collectors = file.get("collectors", dict)
    queries = []
    for data in file.get("queries", list):
        query = Fields(data, path, file.lines)
        query.only("id", "collector", "cloudquery", "source", "fills", "query", "folder")
        name = query.get("collector", str)
        if name not in collectors:
            raise ContentError(f"no collector {name!r}", file.place("collectors"))
        about = Fields(collectors[name], path, file.lines)
        queries.append(
            Query(
                query.get("id", str), name, about.get("title", str), about.get("plugin", str),
                query.get("source", str), tuple(query.get("cloudquery", list)),
                {table: tuple(columns) for table, columns in query.get("fills", dict).items()},
                query.get("query", str), query.get("folder", str, "inventory"),
            )
        )  # fmt: skip
    return tuple(queries)
