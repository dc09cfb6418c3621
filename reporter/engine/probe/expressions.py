"""Expressions of models and checks, and rows that are hard on them. In: nothing. Out: SQL of ours
for two engines: tests run them in Spark, and the probe in the warehouse of the user.
"""

from __future__ import annotations

from datetime import datetime
from itertools import cycle
from typing import Any

TEXTS = (
    None, "", " ", "  x  ", "\tx\t", "\u00a0x\u00a0", "\u3000x", "x\n", "line\nend", "cr\r", "crlf\r\nx", "a\u2028b", "a\u0085b",
    "Straße", "STRASSE", "İstanbul", "ISTANBUL", "ıx", "ΟΔΥΣΣΕΥΣ", "οδυσσευς", "Σ", "ǅ", "ﬃ", "\u212a", "ſ", "é", "e\u0301", "😀x", "x😀y",
    "a%b", "a_b", "aXb", "a!b", "a\\b", "\\", "\\%", "\\_", "a\\", "it's", '"q"', "\x01", "\x1f", "\x7f", "\x08\x0c", "</a>", "$1", "^a$", "[x]", "\\d",
    "a.b/c:d", "a.b.c", "/a//b/", "a+b", "a|b", "a*", "*", "?", "1", " 1", "01", "-1", "1e3", "0x1", "true", "2026-07-01", "2026-07-01 10:00:00.5",
    "arn:aws:iam::123456789012:role/Deploy_0", "https://u@h.example.com:443/p?q#f", "mailto:ann@example.com", "Ann <ann@example.com>",
    "iam.amazonaws.com:CreateUser2012_10_17", "mcp__fileSystem__readFile", "aa", "A", "a", "B", "b", "Z", "z", "\ue000", "\U00010000", "x" * 300, "a;b;;c",
    "0f3c9d1e-1111-4222-8333-123456789abc", "${aws:username}/*", "v1.2.3", "٣", "\u0663x", "a\x00b",
)  # fmt: skip
NUMBERS = (
    None, 0, 1, -1, 2, -2, 3, 7, -7, 10, 99, 100, -100, 63, 64, 1 << 31, -(1 << 31), 10**15, -(10**15), 1 << 40, 3, 3, None,
)  # fmt: skip
TIMES = (
    None, "2026-07-01 00:00:00", "2026-06-30 23:59:59.999999", "2026-07-01 00:00:00.000001", "2026-07-01 10:30:00.5", "2026-07-01 10:30:00.120",
    "2026-09-30 23:59:59", "2024-02-29 12:00:00", "2025-03-01 00:59:59.9", "1970-01-01 00:00:00", "1969-12-31 23:59:59.999999", "1969-12-31 23:00:00.25",
    "1900-01-01 00:00:00", "1582-10-04 10:00:00", "1582-10-10 10:00:00", "1582-10-15 00:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999",
    "2026-03-29 02:30:00", "2026-10-25 01:30:00",
)  # fmt: skip
LISTS: tuple[list[str | None] | None, ...] = (
    None, [], ["a"], ["a", "b"], ["b", "a", "a"], [None], [None, "a"], ["a", None, "b", None], ["é", "z", "Z", "\ue000", "\U00010000", ""], ["x,y", ""],
)  # fmt: skip
COLUMNS = (
    "n BIGINT, a VARCHAR, b VARCHAR, i BIGINT, j BIGINT, f BOOLEAN, g BOOLEAN, since TIMESTAMP, upto TIMESTAMP,"
    " names VARCHAR[], others VARCHAR[], grp VARCHAR"
)


def rows() -> list[tuple[Any, ...]]:
    """Return rows of `t`: each text beside itself and others, each number beside each, and so on."""
    found: list[tuple[Any, ...]] = []
    pairs = [(x, y) for x in NUMBERS for y in NUMBERS]
    moments = [None if t is None else datetime.fromisoformat(t) for t in TIMES]
    spans = [(x, y) for x in moments for y in moments]
    lists = [(x, y) for x in LISTS for y in LISTS]
    texts = [
        (a, TEXTS[(k + step) % len(TEXTS)])
        for step in (0, 1, 7, 31, 50)
        for k, a in enumerate(TEXTS)
    ]
    truth = [(x, y) for x in (None, True, False) for y in (None, True, False)]
    parts = zip(texts, cycle(pairs), cycle(truth), cycle(spans), cycle(lists), strict=False)
    for n, ((a, b), (i, j), (f, g), (at, upto), (names, others)) in enumerate(parts):
        found.append((n, a, b, i, j, f, g, at, upto, names, others, ("p", "q", None, "r")[n % 4]))
    return found


def usual_rows() -> list[tuple[Any, ...]]:
    """Return the rows that any warehouse can hold: no text with a null character, and no time
    before 1900 or after 2199.
    """

    def is_usual(value: object) -> bool:
        if isinstance(value, datetime):
            return 1900 <= value.year < 2200
        return not isinstance(value, str) or "\x00" not in value

    return [tuple(v if is_usual(v) else None for v in row) for row in rows()]


VALUES: dict[str, str] = {
    # text
    "lower": "lower(a)", "upper": "upper(a)", "trim left": "ltrim(a)", "trim right": "rtrim(a)", "trim of letters": "trim(a, 'xa/')", "trim left of letters": "ltrim(a, '/x')", "trim right of letters": "rtrim(a, '/.x')",
    "trim": "trim(a)",
    "length": "length(a)", "concatenated": "a || '-' || b", "concat_ws": "concat_ws('/', a, b, 'x')",
    "replaced": "replace(replace(a, '\\', '/'), '%', '')", "replaced nothing": "replace(a, '', 'x')",
    "starts": "starts_with(a, 'a')", "starts with other": "starts_with(a, b)",
    "contains": "contains(a, '*')", "contains other": "contains(a, b)", "part 1": "split_part(a, '/', 1)",
    "part 2": "split_part(a, ';', 2)", "part 9": "split_part(a, ':', 9)", "part by dot": "split_part(a, '.', 2)",
    "split": "string_split(a, '/')", "split by plus": "string_split(a, '+')", "split by bar": "string_split(a, '|')", "split by two": "string_split(a, '; ')", "split by ;": "string_split(a, ';')",
    "split by other": "string_split(a, coalesce(nullif(b, ''), '-'))", "split by class": "regexp_split_to_array(a, '[^a-z0-9]+')",
    "split by blanks": "regexp_split_to_array(a, '\\s+')",
    "md5": "md5(a)", "less": "a < b", "greatest": "greatest(a, b)", "least": "least(a, b, 'm')", "same": "a IS NOT DISTINCT FROM b", "nullif": "nullif(a, b)",
    "between": "a BETWEEN 'A' AND 'b'", "one of": "a IN ('a', 'A', NULL)", "none of": "a NOT IN ('a', 'b')",
    # LIKE
    "like": "a LIKE 'a%'", "like one": "a LIKE 'a_b'", "like other": "a LIKE b", "like backslash": "a LIKE '\\%'", "like end": "a LIKE '%\\'",
    "like escaped": "a LIKE '%!%%' ESCAPE '!'", "like escaped one": "a LIKE 'a!_b' ESCAPE '!'", "like lines": "a LIKE 'line%end'", "like emoji": "a LIKE '_x'",
    "not like": "a NOT LIKE '%x%'", "like pattern": "a LIKE replace(replace(replace(replace(b, '!', '!!'), '%', '!%'), '_', '!_'), '*', '%') ESCAPE '!'",
    # regular expressions
    "matches": "regexp_matches(a, '^a.b$')", "matches digits": "regexp_matches(a, '\\d')", "matches word": "regexp_matches(a, '^[\\w.]+$')",
    "matches blank": "regexp_matches(a, '\\s')", "matches end": "regexp_matches(a, 'x$')", "matches any case": "regexp_matches(a, '(?i)(straße|k|s)$')",
    "matches class": "regexp_matches(a, '[]\\[&^-]')", "matches not": "regexp_matches(a, '^[^a-z/]*$')",
    "full": "regexp_full_match(a, '[a-z]+|[A-Z.]*')", "full dot": "regexp_full_match(a, '.*')", "full end": "regexp_full_match(a, '^x$|^a$')",
    "extract": "regexp_extract(a, '([^./:]+)$', 1)", "extract whole": "regexp_extract(a, '[a-z]+:')", "extract none": "regexp_extract(a, 'nothing(x)?', 1)",
    "extract optional": "regexp_extract(a, 'a(x)?', 1)", "extract host": "regexp_extract(a, '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#\\\\]*@)?(\\[[0-9A-Fa-f:.]*\\]|[^/?#\\\\:@]*)', 1)",
    "replace all": "regexp_replace(a, '[\\[\\]\"]', '', 'g')", "replace head": "regexp_replace(a, '^(.)(.?)', '\\2\\1')", "replace vars": "regexp_replace(a, '\\$\\{[^}]*\\}', '*', 'g')",
    "replace by dollar": "regexp_replace(a, 'x', '$1', 'g')", "replace camel": "regexp_replace(a, '([a-z0-9])([A-Z])', '\\1_\\2', 'g')",
    "replace by backslash": "regexp_replace(a, '/', '\\\\', 'g')",
    # numbers
    "plus": "i + j", "minus": "i - j", "times": "CAST(i AS HUGEINT) * j", "over whole": "i // nullif(j, 0)", "remainder": "i % nullif(j, 0)", "negative": "-i", "abs": "abs(i)",
    "sum of sizes": "i + CASE WHEN f THEN 1 ELSE 0 END", "greater": "i > j", "greatest number": "greatest(i, j, 3)", "least number": "least(i, j)", "shift": "CAST(i AS HUGEINT) >> 4",
    "mask": "CAST(i AS HUGEINT) & 15", "of 1000": "(1000 * (i - j)) // nullif(j, 0)",
    "of a share": "i * 0.05", "decimal": "0.1 + i", "more than a share": "i > 0.8 * j",
    # casts
    "number as text": "CAST(i AS VARCHAR)", "truth as text": "CAST(f AS VARCHAR)", "truth as number": "CAST(f AS INTEGER)", "time as text": "CAST(since AS VARCHAR)", "day as text": "CAST(CAST(since AS DATE) AS VARCHAR)",
    "decimal as number": "CAST(i * 0.5 AS BIGINT)", "number as huge": "CAST(i AS HUGEINT)", "day as time": "CAST(CAST(since AS DATE) AS TIMESTAMP)",
    # time
    "day": "CAST(since AS DATE)", "days between": "date_diff('day', since, upto)", "hours between": "date_diff('hour', since, upto)", "minutes between": "date_diff('minute', since, upto)", "seconds between": "date_diff('second', since, upto)", "months between": "date_diff('month', since, upto)", "years between": "date_diff('year', since, upto)",
    "full days": "date_sub('day', since, upto)", "full hours": "date_sub('hour', since, upto)", "full minutes": "date_sub('minute', since, upto)", "full seconds": "date_sub('second', since, upto)",
    "days apart": "CAST(since AS DATE) - CAST(upto AS DATE)", "week before": "since - INTERVAL 7 DAY", "day later": "CAST(since AS DATE) + INTERVAL 1 DAY", "n days later": "since + i % 100 * INTERVAL '1' DAY", "hours later": "since + INTERVAL 8 HOUR", "second later": "since + INTERVAL 86399 SECOND",
    "earlier": "since < upto", "on day": "CAST(since AS DATE) <= CAST(upto AS DATE)", "earliest": "least(since, upto)", "latest": "greatest(since, upto, TIMESTAMP '2026-07-01')", "cut to day": "date_trunc('day', since)", "cut to hour": "date_trunc('hour', since)", "cut to minute": "date_trunc('minute', since)", "cut to month": "date_trunc('month', since)",
    "micros": "epoch_us(since)", "from micros": "make_timestamp(epoch_us(since) // 60000000 * 60000000)", "in time": "upto - since <= INTERVAL 30 DAY", "day of week": "CAST(since AS DATE) = DATE '2026-07-01'",
    # JSON
    "object": "CAST(json_object('a', a, 'i', i, 'f', f) AS VARCHAR)", "object of times": "CAST(json_object('at', since, 'day', CAST(since AS DATE)) AS VARCHAR)", "object of lists": "CAST(json_object('names', names) AS VARCHAR)", "object of numbers": "CAST(json_object('q', i // 3, 'h', CAST(i AS HUGEINT)) AS VARCHAR)",
    "object of decimals": "CAST(json_object('q', i * 0.5) AS VARCHAR)", "empty object": "CAST(json_object() AS VARCHAR)", "struct as JSON": "CAST(to_json({'a': a, 'n': i}) AS VARCHAR)", "object within": "CAST(json_object('in', json_object('a', a)) AS VARCHAR)",
    # rows, truth
    "row": "(a, i) < (b, j)", "row same": "row(a, i) IS NOT DISTINCT FROM row(b, j)", "row equal": "(a, i) = (b, j)", "and": "f AND g", "or": "f OR g", "not": "NOT f", "is true": "f IS TRUE", "is not false": "f IS NOT FALSE", "distinct": "f IS DISTINCT FROM g", "case": "CASE WHEN f THEN 'yes' WHEN g THEN 'maybe' END",
    "if": "if(f, a, b)", "stopped": "CASE WHEN n < 0 THEN error('never') ELSE a END", "coalesced": "coalesce(a, b, '-')", "case of": "CASE a WHEN 'a' THEN 1 WHEN NULL THEN 2 ELSE 3 END",
    # lists
    "first": "names[1]", "second": "names[2]", "last": "names[-1]", "at n": "names[i % 3 + 1]", "rest": "names[2:]", "size": "length(names)", "has": "list_contains(names, 'a')", "has other": "list_contains(names, a)", "any": "'a' = ANY(names)", "has any": "list_has_any(names, others)", "has all": "list_has_all(names, others)",
    "mapped": "[upper(x) FOR x IN names]", "filtered": "[x FOR x IN names IF x <> 'a']", "mapped fn": "list_transform(names, lambda x: x || '!')", "filtered fn": "list_filter(names, lambda x: x IS NOT NULL)", "sorted": "list_sort(names)", "different": "list_sort(list_distinct(names))", "appended": "list_append(names, a)", "joined": "array_to_string(names, '+')", "listed": "[a, b, 'x']", "flat": "flatten([names, others])",
    "greatest of": "list_max(names)", "in common": "list_sort(list_intersect(names, others))", "where": "list_position(names, 'b')", "folded": "list_reduce(['', a, b], lambda x, y: x || y)", "counted": "range(0, i % 5)", "struct": "{'a': a, 'i': i}['a']", "list of numbers": "[i, j][1]",
}  # fmt: skip
"""Claim -> an expression over a row of `t`."""
GROUPS: dict[str, str] = {
    "rows": "count(*)", "count": "count(a)", "count distinct": "count(DISTINCT a)", "count distinct rows": "count(DISTINCT (a, i))", "sum": "sum(i)", "sum of ones": "sum(CASE WHEN f THEN 1 END)", "sum as number": "CAST(sum(i) AS BIGINT)", "min": "min(a)", "max": "max(a)", "min time": "min(since)", "max time": "max(since)", "max number": "max(i)", "min truth": "min(f)",
    "all": "bool_and(f)", "any": "bool_or(f)", "some": "any_value(a ORDER BY n)", "first": "arg_min(a, n)", "first by row": "arg_min(a, (since, n))", "first by nulls": "arg_min(n, (i, a, n))", "last by nulls": "arg_max(n, (i, a, n))", "last": "arg_max(a, (i, since, n))", "first of struct": "arg_min({'a': a, 'i': i}, n)['a']",
    "first of few": "arg_min(a, n) FILTER (WHERE f)", "list": "list(a ORDER BY n)", "list in order": "list(a ORDER BY a, n)", "list of few": "list(a ORDER BY n) FILTER (WHERE a IS NOT NULL)", "different": "list_sort(list(DISTINCT a))", "different in order": "list(DISTINCT a ORDER BY a)", "joined": "string_agg(a, ', ' ORDER BY n)", "joined different": "string_agg(DISTINCT a, ';' ORDER BY a)", "joined none": "string_agg(a, ',' ORDER BY n) FILTER (WHERE FALSE)", "none": "max(a) FILTER (WHERE FALSE)", "count of few": "count(*) FILTER (WHERE f)",
}  # fmt: skip
"""Claim -> an aggregate of the rows of `t` in a group."""
WINDOWS: dict[str, str] = {
    "number": "row_number() OVER (PARTITION BY grp ORDER BY i, a, n)", "number downwards": "row_number() OVER (PARTITION BY grp ORDER BY i DESC, n)", "nulls first": "row_number() OVER (ORDER BY i NULLS FIRST, n)", "text order": "row_number() OVER (ORDER BY a, n)", "text order downwards": "row_number() OVER (ORDER BY a DESC, n)", "truth order": "row_number() OVER (ORDER BY f, n)",
    "lag": "lag(a) OVER (PARTITION BY grp ORDER BY n)", "lead": "lead(since) OVER (PARTITION BY grp ORDER BY since, n)", "running": "sum(i) OVER (PARTITION BY grp ORDER BY n)", "peers": "count(*) OVER (ORDER BY i)", "of all": "max(a) OVER (PARTITION BY f)", "latest before": "max(since) OVER (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)", "third": "nth_value(a, 3) OVER (PARTITION BY grp ORDER BY n)", "rank": "dense_rank() OVER (ORDER BY a)", "row order": "row_number() OVER (ORDER BY (i, a, n))",
    "all so far": "bool_and(f) OVER (PARTITION BY grp ORDER BY n)", "hour before": "count(*) OVER (PARTITION BY grp ORDER BY since RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND CURRENT ROW)",
}  # fmt: skip
"""Claim -> a window over the rows of `t`."""
QUERIES: dict[str, str] = {
    "not in with nulls": "SELECT n FROM t WHERE a NOT IN (SELECT b FROM t)", "not in without": "SELECT n FROM t WHERE a NOT IN (SELECT b FROM t WHERE b > 'm')", "in": "SELECT n FROM t WHERE a IN (SELECT b FROM t WHERE n > 300)", "rows in": "SELECT n FROM t WHERE (a, i) IN (SELECT (b, j) FROM t)",
    "exists": "SELECT n FROM t AS o WHERE EXISTS (SELECT 1 FROM t AS k WHERE k.a = o.b AND k.n < o.n)", "not exists": "SELECT n FROM t AS o WHERE NOT EXISTS (SELECT 1 FROM t AS k WHERE k.a = o.b AND k.n < o.n)", "using": "SELECT * FROM (SELECT n, a FROM t) AS x JOIN (SELECT n, b FROM t) AS y USING (n)", "left using": "SELECT grp, x.n, y.m FROM (SELECT grp, n FROM t WHERE n < 20) AS x LEFT JOIN (SELECT grp, max(n) AS m FROM t GROUP BY grp) AS y USING (grp)", "full join": "SELECT x.n, y.n AS m FROM (SELECT n, i FROM t WHERE n < 30) AS x FULL JOIN (SELECT n, j FROM t WHERE n < 30) AS y ON x.i = y.j",
    "union": "SELECT a FROM t UNION SELECT b FROM t", "union of types": "SELECT i FROM t UNION ALL SELECT 1 UNION ALL SELECT NULL", "except": "SELECT a FROM t EXCEPT SELECT b FROM t WHERE n < 100", "intersect": "SELECT i FROM t INTERSECT SELECT j FROM t", "unnest": "SELECT n, unnest(names) AS x FROM t", "distinct on": "SELECT DISTINCT a, f FROM t", "group by all": "SELECT grp, f, count(*) AS k FROM t GROUP BY ALL", "having": "SELECT grp, max(i) AS k FROM t GROUP BY grp HAVING k IS NOT NULL",
    "aggregate of none": "SELECT count(*) AS k, max(a) AS m, sum(i) AS s, list(a ORDER BY n) AS l FROM t WHERE FALSE", "qualify": "SELECT n, grp FROM t QUALIFY row_number() OVER (PARTITION BY grp ORDER BY n) = 1", "scalar": "SELECT n, (SELECT max(k.i) FROM t AS k WHERE k.grp = t.grp) AS m FROM t", "group of null": "SELECT a, count(*) AS k FROM t GROUP BY a", "group of rows": "SELECT (a, i) AS r, count(*) AS k FROM t GROUP BY r HAVING k > 5", "hash groups": "SELECT count(DISTINCT hash(a, i)) AS k FROM t", "star replaced": "SELECT * REPLACE (upper(a) AS a) FROM t", "star without": "SELECT * EXCLUDE (a, names) FROM t", "values": "SELECT * FROM (VALUES ('a', 1), ('b', NULL)) AS v(x, y)", "order limit": "SELECT n FROM t ORDER BY i NULLS LAST, n LIMIT 5",
}  # fmt: skip
"""Claim -> a query of `t`."""
REFUSED: dict[str, str] = {
    "matches edge": "regexp_matches(a, '\\bx')",
    "matches posix": "regexp_matches(a, '^[[:alpha:]]+$')",
    "replace empty": "regexp_replace(a, 'z*', '-', 'g')",
    "over": "i / j",
    "in hundredths": "i / 100 > 0.5",
    "quotient as text": "CAST(i / j AS VARCHAR)",
    "object of quotients": "CAST(json_object('q', i / 8) AS VARCHAR)",
    "text as number": "TRY_CAST(a AS BIGINT)",
    "text as time": "TRY_CAST(a AS TIMESTAMP)",
    "quotient as number": "CAST(i / j AS BIGINT)",
    "min row": "min((i, a, n))",
    "max row": "max(row(i, a, n))",
    "two columns in": "SELECT n FROM t WHERE (a, i) IN (SELECT b, j FROM t)",
    "unnest beside": "SELECT n, u.x FROM t, unnest(names) AS u(x)",
}
"""Claim -> an expression or a query of `t` that Spark would answer in another way, or not at all: it has no translation."""
