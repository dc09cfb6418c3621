"""A check as a statement of a warehouse. In: its id. Out: its SELECT there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from reporter.content import loader
from reporter.engine.translation.dialects import DIALECTS
from reporter.engine.translation.portable import expanded, parsed
from reporter.engine.translation.sql_nodes import NotPortable
from reporter.errors import InputError
from reporter.pipeline.workspace_content import compile_all
from reporter.schema.model_files import macro_texts
from reporter.schema.tables import TABLES


def printed(ids: Sequence[str], name: str, extra: Sequence[Path] = ()) -> Iterator[str]:
    """Yield the SELECT of each check, after a line on the tables that it reads.

    Raises InputError where there is no such check, or it has no translation.
    """
    content = loader.load(tuple(extra))
    dialect = DIALECTS[name]
    checks = {c.id: c for c in content.checks}
    for check in ids:
        if check not in checks:
            raise InputError(f"there is no check {check}", hint="docs/checks.md lists them.")
        ((_, compiled),) = compile_all([checks[check]], {})
        try:
            tree = expanded(parsed(compiled.sql), macro_texts())
            text = dialect.text(dialect.rewrite(tree, _kinds))
        except NotPortable as error:
            raise InputError(f"no translation for {dialect.title}: {error}", check) from error
        yield f"-- {check} reads {', '.join(sorted(compiled.tables))}\n{text};"


def _kinds(table: str) -> list[tuple[str, str]]:
    return [(c.name, c.type) for c in TABLES[table].columns]
