"""Write the generated pages. In: schema and content. Out: tables.md, checks.md, coverage.md,
disagreements.md, sources.md, what-to-export.md, the three *.schema.json; messages.pot; the checks
as compiled.

`make docs` runs it. In formats.md, written by hand, it renews the tables of fields.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from reporter.authoring import messages
from reporter.authoring.inspect import needs_by_check, reads_by_check
from reporter.authoring.mapping_lint.disagreements import disagreements
from reporter.content import loader
from reporter.content.frameworks import STRENGTHS
from reporter.content.lineage import origins, rests_of, sources_of
from reporter.content.loader import Content
from reporter.content.source_policy import outputs
from reporter.content.sql_policy import compile_check
from reporter.content.yaml import read_yaml
from reporter.evaluate.evidence import Needs, fills_of, is_export, vendor_of
from reporter.model.assessment import Control, Framework
from reporter.model.source import Query, Source
from reporter.report.json_schema import report_schema, rollup_schema, view_schema
from reporter.schema.columns import FLAG, INT, TEXT, TIME, Column
from reporter.schema.compiled import FILE as COMPILED
from reporter.schema.compiled import Compiled, text_of
from reporter.schema.tables import COMPUTED, TABLES, Table, columns_of
from reporter.schema.vocabulary import VOCABULARY
from reporter.system.folders import content_dir
from reporter.transform.dag import models

DOCS = Path(__file__).parents[2] / "docs"
FIELDS = {
    "events": {"occurred_at": "time"},
    "actors": {"kind": "type"},
    "credentials": {"type": "credential_type"},
    "grants": {"type": "grant_type"},
    "approvals": {"type": "approval_type"},
    "components": {"type": "component_type"},
    "review_items": {"type": "item_type"},
    "snapshot_items": {"type": "item_type"},
}
"""Table -> column -> its name in Reporter's own formats, where that differs."""

FEW = 4
"""Number of sources listed for a column; the others stand in the matrix of sources.md."""
SYSTEMS = {
    "Microsoft": "entra azure azuread m365 microsoft copilot",
    "Amazon Web Services": "aws",
    "Google": "gcp google gemini",
    "Okta": "okta",
    "SailPoint": "sailpoint",
    "GitHub": "github",
    "GitLab": "gitlab",
    "ServiceNow": "servicenow",
    "Atlassian": "jira confluence",
    "PagerDuty": "pagerduty rundeck",
    "Vanta": "vanta",
    "Slack": "slack",
    "Kubernetes": "kubernetes",
    "HashiCorp Vault": "vault",
    "Anthropic": "anthropic claude",
    "OpenAI": "openai codex",
    "Cursor": "cursor",
    "n8n": "n8n",
    "Gateways to models": "litellm kong cloudflare",
    "Traces of agents": "langfuse langsmith otel",
    "Tests of agents": "garak promptfoo inspect agentdojo",
    "Scanners": "prowler sarif hdf",
    "Secret scanners": "gitleaks trufflehog",
    "OneTrust": "onetrust",
    "Data and log platforms": "databricks snowflake datadog elastic ocsf splunk",
    "Registers and documents": "backstage scim cyclonedx a2a mcp artifact agent agt ai lms policy",
}
"""System -> the words by which the ids of its sources begin, behind `steampipe-`."""
NAMED = 12
"""Checks that an export helps and that are named; more are counted."""
WORKED_OUT = {"changes": ("text_ids",), "events": ("hash_holds",), "policies": ("document",)}
"""Table -> columns that Reporter computes instead of reading them from its own formats."""


def tables(content: Content) -> str:
    """Return docs/tables.md: every table with its columns, where each comes from down to sources,
    and the checks that read it.
    """
    readers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for check in content.checks:
        for column in sorted(compile_check(check).reads):
            readers[column].append(check.id)
    sources_by_column = _sources_by_column(content)
    parts = [
        "# Tables",
        "Generated from `reporter/schema` and `frameworks/models` by `make docs`; do not edit.",
        (
            "Every row of a loaded table carries `source`, `file` and `record`; `ref` is"
            " `file#record`. Times are UTC. *Sparse*: empty is an ordinary value. For any other"
            " column, a source that never carries it makes its subjects unknown for the checks that"
            " read it. *From* are the [sources](sources.md) that fill a column, or the columns that"
            " it is made from; where it is empty the engine works it out."
        ),
    ]
    for table in TABLES.values():
        check_ids = sorted({c for (t, _), ids in readers.items() if t == table.name for c in ids})
        readers_note = [f"Read by {', '.join(check_ids)}."] if check_ids else []
        parts += [
            f"## {table.name}",
            _about(table),
            *readers_note,
            _columns(table, sources_by_column, readers),
        ]
    return "\n\n".join([*parts, _steps()]) + "\n"


def _sources_by_column(content: Content) -> dict[tuple[str, str], list[str]]:
    """Return (table, column) -> the sources whose SELECT fills it."""
    sources: dict[tuple[str, str], list[str]] = defaultdict(list)
    for source in sorted(content.sources, key=lambda s: s.id):
        for table, sql in source.tables.items():
            is_own_format = isinstance(sql, dict)
            names = (
                [n for n, _ in columns_of(TABLES[table])]
                if is_own_format
                else outputs(sql, source.place)
            )
            for name in names:
                sources[table, name].append(source.id)
    return sources


def _selects(content: Content) -> dict[str, tuple[str, ...]]:
    """Return the SELECTs of sources with their columns, but for those that take all of a table."""
    places = {
        (sql["from"] if isinstance(sql, dict) else sql): source.place
        for source in content.sources
        for sql in source.tables.values()
    }
    columns = {select: outputs(select, place) for select, place in places.items()}
    return {select: names for select, names in columns.items() if "*" not in names}


def _about(table: Table) -> str:
    model = models().get(table.name)
    if model and not table.loaded:
        return (
            f"A row is {model.says[:1].lower()}{model.says[1:]} Made by"
            f" `frameworks/models/{model.name}.sql`."
        )
    return table.doc + ("" if table.loaded else " Computed by the engine.")


def _columns(
    table: Table,
    sources_by_column: Mapping[tuple[str, str], Sequence[str]],
    readers: Mapping[tuple[str, str], Sequence[str]],
) -> str:
    model = models().get(table.name)
    lines = ["| column | type | | meaning | from | read by |", "|---|---|---|---|---|---|"]
    for column in table.columns:
        mark = "required" if column.required else "sparse" if column.sparse else ""
        words = VOCABULARY.get(f"{table.name}.{column.name}")
        vocabulary_note = f" One of {', '.join(f'`{w}`' for w in words)}." if words else ""
        if model and not table.loaded:
            origin = _made_from(table.name, column.name)
        else:
            origin = _few(sources_by_column.get((table.name, column.name), ()))
        check_ids = ", ".join(readers.get((table.name, column.name), ()))
        lines.append(
            f"| `{column.name}` | {column.type.lower()} | {mark} |"
            f" {column.doc.replace('|', '/')}{vocabulary_note} | {origin} | {check_ids} |"
        )
    return "\n".join(lines)


def _made_from(table: str, column: str) -> str:
    """Return the columns that one is made from and, where these are derived too, the loaded columns
    behind them.
    """
    nearest, loaded = origins(table, column), sources_of(table, column)
    links = ", ".join(f"[{t}](#{_home(t)}).{c}" for t, c in nearest)
    if set(loaded) <= set(nearest):
        return links
    return f"{links}; in the end {', '.join(f'[{t}](#{_home(t)}).{c}' for t, c in loaded)}"


def _steps() -> str:
    """List what only other models read, by name."""
    lines = [
        f"- `{m.name}`: {m.says[:1].lower()}{m.says[1:]} From {', '.join(sorted(m.reads))}."
        for m in models().values()
        if m.is_step and m.name not in TABLES
    ]
    return "\n".join(["## Steps", "", _ABOUT_STEPS, "", *lines])


_ABOUT_STEPS = (
    "Tables that only other models and the engine read, no check; *from* above passes through them."
    " `in_TABLE` are rows as sources give them, `actor_rows` those of actors before they are one"
    " row each, `in_baseline` the events of approved runs; `parts` the files of events, `carried`"
    " which source carries which column; `expected_feeds` and `baseline` are what `reporter.yml`"
    " says of logs and approved runs; `aws_operations` which rights the operations of AWS need, a"
    " list that ships; `mail_names` how lists spell the mail addresses of people."
)


def _few(sources: Sequence[str]) -> str:
    links = ", ".join(f"[{s}](sources.md#{s})" for s in sources[:FEW])
    remaining = len(sources) - FEW
    return f"{links} and [{remaining} more](sources.md)" if remaining > 0 else links


def _home(table: str) -> str:
    """Return the table under which a table is documented: agents are actors."""
    return "actors" if table == "agents" else table


def checks(content: Content) -> str:
    """Return docs/checks.md: every check, then every control with the checks that evidence it."""
    parts = [
        "# Checks and what they evidence",
        "Generated from `frameworks/` by `make docs`; do not edit.",
        "## Checks",
        "\n".join(
            [
                "| check | what must hold | severity | level | evidence | shows | compensated by |",
                "|---|---|---|---|---|---|---|",
            ]
            + [
                f"| {c.id} | {c.title} | {c.severity} | {c.level} | {c.evidence} |"
                f" {c.shows} | {', '.join(c.compensated_by)} |"
                for c in content.checks
            ]
        ),
    ]
    for framework in content.frameworks:
        parts.append(f"## {framework.title}")
        if framework.optional:
            parts.append(
                f"Takes part where `reporter.yml` names it: `frameworks: [{framework.id}]`."
            )
        parts.append(_controls(framework))
        parts += _reasons(framework)
    return "\n\n".join(parts) + "\n"


def _controls(framework: Framework) -> str:
    lines = [
        "| control | title | direct | partial | related, not scored |",
        "|---|---|---|---|---|",
    ]
    for control in framework.controls:
        cells = [
            ", ".join(i for i, s in control.checks if s == strength)
            for strength in ("direct", "partial", "contextual")
        ]
        has_score = cells[0] or cells[1]
        lines.append(
            f"| {control.id} | {control.title} | {cells[0] if has_score else 'needs attestation'} |"
            f" {cells[1]} | {cells[2]} |"
        )
    return "\n".join(lines)


def _reasons(framework: Framework) -> list[str]:
    """Say why each check stands where it does, as far as the catalog says it."""
    rows = [
        f"| {control.id} | {check_id} | {strength} | {control.whys[check_id]} |"
        for control in framework.controls
        for check_id, strength in sorted(control.checks, key=lambda c: STRENGTHS.index(c[1]))
        if check_id in control.whys
    ]
    if not rows:
        return []
    head = ["| control | check | strength | why |", "|---|---|---|---|"]
    return [f"Why, for {framework.short} (*named*: by the publisher):", "\n".join(head + rows)]


def coverage(content: Content) -> str:
    """Return docs/coverage.md: what evidences each control, from where, and what no check can
    show.
    """
    evidence = {c.id: c.evidence for c in content.checks}
    parts = [
        "# What can be shown, and what cannot",
        (
            "Generated from `frameworks/` by `make docs`; do not edit. For each control: the checks"
            " that count, by the evidence they need (registers alone; logs alone; both), how strong"
            " the best of them is, what no check shows, and the question that remains. Where none"
            " counts, the control *needs attestation*: it prints neither 0 % nor 100 %."
        ),
    ]
    for framework in content.frameworks:
        rows = [_covered(control, evidence) for control in framework.controls]
        tally = Counter(r[1] for r in rows)
        summary = ", ".join(
            f"{tally[k]} {k}" for k in ("direct", "partial", "needs attestation") if tally[k]
        )
        parts += [
            f"## {framework.title}",
            f"{len(rows)} controls: {summary}.",
            "\n".join(
                [
                    "| control | strongest | inventory | logs | both | not shown | question |",
                    "|---|---|---|---|---|---|---|",
                ]
                + [f"| {' | '.join(r)} |" for r in rows]
            ),
        ]
    return "\n\n".join(parts) + "\n"


def _covered(control: Control, evidence: dict[str, str]) -> list[str]:
    scored_checks = [(i, s) for i, s in control.checks if s != "contextual"]
    best = next(
        (s for s in ("direct", "partial") if s in {s for _, s in scored_checks}),
        "needs attestation",
    )
    kinds = [
        ", ".join(i for i, _ in scored_checks if evidence[i] == kind)
        for kind in ("inventory", "logs", "both")
    ]
    return [control.id, best, *kinds, control.not_shown, control.ask]


def sources(content: Content) -> str:
    """Return docs/sources.md: every vendor format, the tables it fills, and what it reads and
    leaves out.
    """
    loaded_tables = [t.name for t in TABLES.values() if t.loaded]
    sorted_sources = sorted(content.sources, key=lambda s: s.id)
    collectors = _collectors(loader.read_queries())
    matrix = [
        f"| [{s.id}](#{s.id}) | {', '.join(collectors.get(s.id, ()))} |"
        f" {' | '.join('x' if t in s.tables else '' for t in loaded_tables)} |"
        for s in sorted_sources
    ]
    parts = [
        "# Sources",
        (
            "Generated from `reporter/ingest/sources/` by `make docs`; do not edit. A source is"
            " recognised by the content of a file's first records, never by its name;"
            " [formats.md](formats.md) says more of Reporter's own. How to get such a file says"
            " [what-to-export.md](what-to-export.md); *collector* is what `reporter init --collect`"
            " takes to have [Steampipe](collectors.md) fetch it."
        ),
        "\n".join(
            [
                f"| source | collector | {' | '.join(loaded_tables)} |",
                f"|---|---|{'---|' * len(loaded_tables)}",
                *matrix,
            ]
        ),
    ]
    for source in sorted_sources:
        parts += [f"## {source.id}", f"**{source.title}.** {source.describe}"]
    return "\n\n".join(parts) + "\n"


def _collectors(queries: Sequence[Query]) -> dict[str, list[str]]:
    """Return source -> the collectors of which an answer is read by it."""
    names: dict[str, list[str]] = defaultdict(list)
    for query in queries:
        if query.collector not in names[query.source]:
            names[query.source].append(query.collector)
    return names


def what_to_export(content: Content) -> str:
    """Return docs/what-to-export.md: by system every export, how to get it, the tables it fills and
    the checks it decides or helps to decide.
    """
    queries, needs, reads = loader.read_queries(), needs_by_check(content), reads_by_check(content)
    by_system: dict[str, list[Source]] = defaultdict(list)
    for source in sorted(content.sources, key=lambda s: s.id):
        if is_export(source):
            by_system[_system(source.id)].append(source)
    parts = [
        "# What to export",
        (
            "Generated from `reporter/ingest/sources/` and `frameworks/collectors.yml` by `make "
            "docs`; do not edit. For each system: what Reporter reads of it, how to get the "
            "file, the tables it fills, and the checks. A check is *decided alone* where the "
            "export carries each column that the check cannot do without. It is *helped* where "
            "the export carries a column that the check reads; more than twelve are counted by "
            "theme. An export that nobody fills in full carries less. Put registers and settings "
            "under `inventory/`, logs under `logs/`; file names do not matter. Words in capitals "
            "are yours to fill in. `reporter check WORKSPACE` says which of these exports would "
            "decide most beside what is there, and [collectors.md](collectors.md) how to let "
            "Steampipe fetch those that have a query."
        ),
        "\n".join(f"- [{name}](#{_anchor(name)})" for name in SYSTEMS if by_system[name]),
    ]
    for name in SYSTEMS:
        exports = by_system[name]
        if exports:
            parts += [f"## {name}", _exports(exports, needs, reads, queries)]
            parts += [part for s in exports for part in _way(s, queries)]
    return "\n\n".join(parts) + "\n"


def _system(source: str) -> str:
    word = vendor_of(source.removeprefix("steampipe-"))
    return next(name for name, words in SYSTEMS.items() if word in words.split())


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-"))


def _exports(
    exports: Sequence[Source],
    needs: Mapping[str, Needs],
    reads: Mapping[str, frozenset[str]],
    queries: Sequence[Query],
) -> str:
    """Return the table of a system's exports."""
    collectors = _collectors(queries)
    lines = [
        "| export | source | collector | fills | decides alone | helps |",
        "|---|---|---|---|---|---|",
    ]
    for source in exports:
        fills = {*fills_of(source), *source.tables}
        alone = [c for c, need in needs.items() if need.met_by(fills)]
        helped = [c for c, columns in reads.items() if columns & fills and c not in alone]
        lines.append(
            f"| {source.title} | [{source.id}](#{source.id}) |"
            f" {', '.join(collectors.get(source.id, ()))} | {', '.join(source.tables)} |"
            f" {', '.join(sorted(alone))} | {_ids(sorted(helped))} |"
        )
    return "\n".join(lines)


def _ids(checks: Sequence[str]) -> str:
    """Return ids, or of many how many of each theme."""
    if len(checks) <= NAMED:
        return ", ".join(checks)
    return ", ".join(f"{n} {t}" for t, n in Counter(c.split("-")[0] for c in checks).items())


def _way(source: Source, queries: Sequence[Query]) -> list[str]:
    """Return how to get an export: a block of what its source says, one of each query."""
    asked = [q for q in queries if q.source == source.id]
    texts = [f"```text\n{source.export}\n```"] if source.export else []
    texts += [f"With Steampipe, `{q.id}`:\n\n```sql\n{q.sql.strip()}\n```" for q in asked]
    return [f"### {source.id}", *texts]


def formats(page: str) -> str:
    """Return docs/formats.md with every table below a mark `<!-- fields of TABLE -->` renewed."""
    return re.sub(
        r"(<!-- fields of (\w+) -->\n)(?:\|.*\n)*",
        lambda m: m[1] + _fields(TABLES[m[2]]),
        page,
    )


def _fields(table: Table) -> str:
    lines = ["| field | holds | meaning |", "|---|---|---|"]
    for column in table.columns:
        if column.name in COMPUTED or column.name in WORKED_OUT.get(table.name, ()):
            continue
        field = FIELDS.get(table.name, {}).get(column.name, column.name)
        mark = " **required**" if column.required else " *optional*" if column.sparse else ""
        meaning = column.doc.replace("|", "/")
        lines.append(f"| `{field}`{mark} | {_holds(table, column)} | {meaning} |")
    return "\n".join(lines) + "\n"


def _holds(table: Table, column: Column) -> str:
    words = VOCABULARY.get(f"{table.name}.{column.name}")
    if words:
        return "one of " + ", ".join(f"`{w}`" for w in words)
    return {TEXT: "text", TIME: "time", FLAG: "true or false", INT: "whole number"}[column.type]


def _with_rests(compiled: Compiled) -> Compiled:
    return replace(compiled, rests=rests_of(compiled.reads))


def main() -> None:
    """Write the pages."""
    content = loader.load()
    absence = read_yaml(content_dir()[0] / "absence.yml")["checks"]
    compiled = text_of(
        ((c, _with_rests(compile_check(c))) for c in content.checks), _selects(content), absence
    )
    (content_dir()[0] / COMPILED).write_text(compiled, encoding="utf-8")
    (DOCS / "tables.md").write_text(tables(content), encoding="utf-8")
    (DOCS / "checks.md").write_text(checks(content), encoding="utf-8")
    (DOCS / "coverage.md").write_text(coverage(content), encoding="utf-8")
    (DOCS / "disagreements.md").write_text(disagreements(content), encoding="utf-8")
    (DOCS / "sources.md").write_text(sources(content), encoding="utf-8")
    (DOCS / "what-to-export.md").write_text(what_to_export(content), encoding="utf-8")
    page = (DOCS / "formats.md").read_text(encoding="utf-8")
    (DOCS / "formats.md").write_text(formats(page), encoding="utf-8")
    (DOCS / "report.schema.json").write_text(report_schema(), encoding="utf-8")
    (DOCS / "view.schema.json").write_text(view_schema(), encoding="utf-8")
    (DOCS / "rollup.schema.json").write_text(rollup_schema(), encoding="utf-8")
    messages.main()


if __name__ == "__main__":
    main()
