"""Our SQL in that of other engines. In: DuckDB's SQL. Out: the same question, or NotPortable."""
