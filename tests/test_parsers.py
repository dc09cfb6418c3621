"""Parsers that are not the one that writes it read the SQL of warehouses: sqlfluff's of Snowflake, BigQuery and Trino."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sqlfluff", reason="needs the extra 'googlesql'")

from sqlfluff.core import FluffConfig, Linter

from reporter.engine.duckdb import DuckDB
from reporter.engine.elsewhere import Elsewhere, Questions
from reporter.engine.probe import probe
from reporter.engine.translation.dialects import BIGQUERY, SNOWFLAKE, TRINO, Dialect
from reporter.pipeline.warehouse.printed_checks import printed


def _unread(dialect: Dialect, sql: str) -> list[str]:
    limits = {"large_file_skip_byte_limit": 0, "max_parse_depth": 3000}
    config = FluffConfig(overrides={"dialect": dialect.title, **limits})
    read = Linter(config=config).parse_string(sql)
    variant = read.root_variant()
    if not variant or not variant.tree:
        return [str(v) for v in read.violations]
    return [s.raw[:200] for s in variant.tree.recursive_crawl("unparsable")]


@pytest.mark.slow
@pytest.mark.parametrize("dialect", [SNOWFLAKE, BIGQUERY, TRINO], ids=lambda d: str(d.title))
def test_another_parser_reads_what_is_written(dialect: Dialect, tmp_path: Path) -> None:
    questions = Questions(dialect, "company.audit.events", None, tmp_path)
    with Elsewhere(tmp_path / "work", questions) as engine:
        probe.lay_rows(engine)
        DuckDB.run(engine, f"DELETE FROM {probe.ROWS} WHERE n > 1")
        texts = [engine.statement_of(p.name, p.query).sql for p in probe.probes(engine)]
    texts += [text.rstrip(";") for text in printed(["APR-06"], dialect.title)]
    assert len(texts) == 5
    assert [found for text in texts for found in _unread(dialect, text)] == []


def test_that_parser_does_not_read_everything() -> None:
    assert _unread(TRINO, "SELECT a FROM t QUALIFY WHERE GROUP 1")
