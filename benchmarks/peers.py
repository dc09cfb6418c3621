"""Eight checks over the events of generate.py, in several engines. usage: peers.py WORKSPACE ENGINE, or peers.py WORKSPACE

From the JSON lines to the findings, as a script would do it that somebody writes for this alone. With an engine (duckdb,
polars, pandas, awk) it prints for each check how many rows it finds, how many events or units they stand for, and how
long it took; without one it runs all that are installed, in processes of their own, and holds their answers against each
other. The checks: credentials that several agents use; actors in no register; tools outside the scope; tools first used a
month after the review; events from before the review; grave acts without an approval; events after retirement; days with
more than twice the usual number of events.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

COLUMNS = ("event_id", "time", "actor_id", "credential_id", "tool", "approval_id", "outcome")
LATE_DAYS, WINDOW, LEAST_DAYS, LEAST, TIMES = 30, 28, 7, 5, 2
GRAVE = ("pay", "iam", "hr")
Answers = dict[str, tuple[int, int]]
"""Check -> rows it finds, and the events or units that they stand for."""


def register(workspace: Path) -> tuple[list[tuple[str, str, str]], list[tuple[str, str]]]:
    """Return (agent, review completed, retired) and (agent, beginning or name of a tool that it may use)."""
    agents, scope = [], []
    with (workspace / "inventory" / "register.jsonl").open(encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            if record["type"] == "agent":
                name = record["actor_id"]
                reviewed = record["reviews"][0]["completed_at"]
                agents.append((name, reviewed, record["retired_at"] or ""))
                scope += [(name, tool["name"]) for tool in record["tools"]]
    return agents, scope


DUCKDB = {
    "shared": "SELECT count(DISTINCT actor_id) AS n FROM e GROUP BY credential_id HAVING n > 1",
    "unregistered": "SELECT count(*) AS n FROM e ANTI JOIN a USING (actor_id) GROUP BY actor_id",
    "scope": """
        WITH used AS (SELECT actor_id, tool, count(*) AS n FROM e SEMI JOIN a USING (actor_id) GROUP BY ALL)
        SELECT n FROM used AS u WHERE NOT EXISTS (FROM s WHERE s.actor_id = u.actor_id AND (s.tool = u.tool
          OR (ends_with(s.tool, '*') AND starts_with(u.tool, rtrim(s.tool, '*')))))""",
    "late": f"""
        SELECT n FROM (SELECT actor_id, tool, min(time) AS first, count(*) AS n FROM e GROUP BY ALL) JOIN a USING (actor_id)
        WHERE first > reviewed + INTERVAL {LATE_DAYS} DAY""",
    "early": "SELECT count(*) AS n FROM e JOIN a USING (actor_id) WHERE time < reviewed GROUP BY actor_id",
    "grave": f"""
        SELECT 1 AS n FROM e WHERE approval_id IS NULL AND outcome = 'success'
        AND split_part(tool, '.', 1) IN {GRAVE}""",
    "retired": "SELECT count(*) AS n FROM e JOIN a USING (actor_id) WHERE time > retired GROUP BY actor_id",
    "jump": f"""
        WITH days AS (SELECT actor_id, CAST(time AS DATE) AS day, count(*) AS n FROM e GROUP BY ALL)
        SELECT n FROM (SELECT n, sum(n) OVER w AS before, count(*) OVER w AS days FROM days
          WINDOW w AS (PARTITION BY actor_id ORDER BY day ROWS BETWEEN {WINDOW} PRECEDING AND 1 PRECEDING))
        WHERE days >= {LEAST_DAYS} AND n >= {LEAST} AND n * days > {TIMES} * before""",
}  # fmt: skip


def by_duckdb(workspace: Path) -> Answers:
    """One table of the columns that the checks read, then a query each."""
    import duckdb

    con = duckdb.connect()
    agents, scope = register(workspace)
    con.execute("CREATE TABLE a (actor_id TEXT, reviewed TIMESTAMP, retired TIMESTAMP)")
    con.execute("CREATE TABLE s (actor_id TEXT, tool TEXT)")
    con.execute(
        "INSERT INTO a SELECT unnest(?), unnest(?), TRY_CAST(unnest(?) AS TIMESTAMP)",
        [list(c) for c in zip(*agents, strict=True)],
    )
    con.execute(
        "INSERT INTO s SELECT unnest(?), unnest(?)", [list(c) for c in zip(*scope, strict=True)]
    )
    kinds = ", ".join(f"{c}: '{'TIMESTAMP' if c == 'time' else 'VARCHAR'}'" for c in COLUMNS)
    log = workspace / "logs" / "events.jsonl"
    con.execute(
        f"CREATE TABLE e AS SELECT * FROM read_json('{log}', format='newline_delimited', columns={{{kinds}}})"
    )
    found = {}
    for check, sql in DUCKDB.items():
        row = con.execute(f"SELECT count(*), coalesce(sum(n), 0) FROM ({sql})").fetchone()
        found[check] = (int(row[0]), int(row[1])) if row else (0, 0)
    return found


def by_polars(workspace: Path) -> Answers:
    """One frame of the columns that the checks read."""
    import polars as pl

    agents, scope = register(workspace)
    at = pl.col("reviewed", "retired").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False)
    a = pl.DataFrame(agents, ["actor_id", "reviewed", "retired"], orient="row").with_columns(at)
    s = pl.DataFrame(scope, ["actor_id", "may"], orient="row")
    log = workspace / "logs" / "events.jsonl"
    e = (
        pl.scan_ndjson(log, schema_overrides={"approval_id": pl.String})
        .select(COLUMNS)
        .with_columns(pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%SZ"))
        .collect()
    )
    known = e.join(a, on="actor_id")
    used = e.group_by("actor_id", "tool").agg(
        pl.len().alias("n"), pl.col("time").min().alias("first")
    )
    allowed = (
        used.join(s, on="actor_id")
        .filter(
            (pl.col("tool") == pl.col("may"))
            | (
                pl.col("may").str.ends_with("*")
                & pl.col("tool").str.starts_with(pl.col("may").str.strip_chars_end("*"))
            )
        )
        .select("actor_id", "tool")
        .unique()
    )
    in_register = used.join(a, on="actor_id")
    days = (
        e.group_by("actor_id", pl.col("time").dt.date().alias("day"))
        .agg(pl.len().cast(pl.Int64).alias("n"))
        .sort("actor_id", "day")
    )
    before = pl.col("n").shift(1).rolling_sum(WINDOW, min_samples=1).over("actor_id")
    count = pl.col("n").shift(1).is_not_null().cast(pl.Int64)
    counted = count.rolling_sum(WINDOW, min_samples=1).over("actor_id")
    days = days.with_columns(before.alias("before"), counted.alias("days"))
    frames = {
        "shared": e.group_by("credential_id")
        .agg(pl.col("actor_id").n_unique().alias("n"))
        .filter(pl.col("n") > 1),
        "unregistered": e.join(a, on="actor_id", how="anti")
        .group_by("actor_id")
        .agg(pl.len().alias("n")),
        "scope": in_register.join(allowed, on=["actor_id", "tool"], how="anti"),
        "late": in_register.filter(
            pl.col("first") > pl.col("reviewed") + pl.duration(days=LATE_DAYS)
        ),
        "early": known.filter(pl.col("time") < pl.col("reviewed"))
        .group_by("actor_id")
        .agg(pl.len().alias("n")),
        "grave": e.filter(
            pl.col("approval_id").is_null()
            & (pl.col("outcome") == "success")
            & pl.col("tool").str.split(".").list.first().is_in(GRAVE)
        ).with_columns(pl.lit(1).alias("n")),
        "retired": known.filter(pl.col("time") > pl.col("retired"))
        .group_by("actor_id")
        .agg(pl.len().alias("n")),
        "jump": days.filter(
            (pl.col("days") >= LEAST_DAYS)
            & (pl.col("n") >= LEAST)
            & (pl.col("n") * pl.col("days") > TIMES * pl.col("before"))
        ),
    }
    return {check: (frame.height, int(frame["n"].sum())) for check, frame in frames.items()}


def by_pandas(workspace: Path) -> Answers:
    """The same with pandas, whose reader of JSON lines holds all columns."""
    import pandas as pd

    agents, scope = register(workspace)
    a = pd.DataFrame(agents, columns=["actor_id", "reviewed", "retired"])
    for name in ("reviewed", "retired"):
        a[name] = pd.to_datetime(a[name], format="%Y-%m-%dT%H:%M:%SZ", errors="coerce")
    s = pd.DataFrame(scope, columns=["actor_id", "may"])
    log = workspace / "logs" / "events.jsonl"
    pieces = pd.read_json(log, lines=True, chunksize=200_000, dtype=False)
    e = pd.concat([piece[list(COLUMNS)] for piece in pieces])
    e["time"] = pd.to_datetime(e["time"], format="%Y-%m-%dT%H:%M:%SZ")
    known = e.merge(a, on="actor_id")
    used = (
        e.groupby(["actor_id", "tool"])
        .agg(n=("time", "size"), first=("time", "min"))
        .reset_index()
        .merge(a, on="actor_id")
    )
    pairs = used[["actor_id", "tool"]].merge(s, on="actor_id")
    allows = [
        tool == may or (may.endswith("*") and tool.startswith(may.rstrip("*")))
        for tool, may in zip(pairs["tool"], pairs["may"], strict=True)
    ]
    allowed = pairs[allows][["actor_id", "tool"]].drop_duplicates()
    marked = used.merge(allowed, on=["actor_id", "tool"], how="left", indicator=True)
    days = e.groupby(["actor_id", e["time"].dt.floor("D")]).size().rename("n").reset_index()
    groups = days.groupby("actor_id")["n"]
    days["before"] = groups.transform(lambda n: n.shift(1).rolling(WINDOW, min_periods=1).sum())
    days["days"] = groups.transform(lambda n: n.shift(1).rolling(WINDOW, min_periods=1).count())
    shared = e.groupby("credential_id")["actor_id"].nunique()
    grave = e[
        e["approval_id"].isna()
        & (e["outcome"] == "success")
        & e["tool"].str.split(".").str[0].isin(GRAVE)
    ]
    counts = {
        "shared": shared[shared > 1],
        "unregistered": e[~e["actor_id"].isin(a["actor_id"])].groupby("actor_id").size(),
        "scope": marked[marked["_merge"] == "left_only"]["n"],
        "late": used[used["first"] > used["reviewed"] + pd.Timedelta(days=LATE_DAYS)]["n"],
        "early": known[known["time"] < known["reviewed"]].groupby("actor_id").size(),
        "grave": grave["tool"].map(lambda _: 1),
        "retired": known[known["time"] > known["retired"]].groupby("actor_id").size(),
        "jump": days[
            (days["days"] >= LEAST_DAYS)
            & (days["n"] >= LEAST)
            & (days["n"] * days["days"] > TIMES * days["before"])
        ]["n"],
    }
    return {check: (len(n), int(n.sum())) for check, n in counts.items()}


AWK = r"""
BEGIN { FS = "\t" }
FILENAME == "register.tsv" { known[$1] = 1; reviewed[$1] = $2; late[$1] = $3; retired[$1] = $4; next }
FILENAME == "scope.tsv" { may[$1, $2] = 1; next }
{
  if (!(($4, $3) in pair)) { pair[$4, $3] = 1; users[$4]++ }
  day[$3, substr($2, 1, 10)]++
  split($5, part, ".")
  if ($6 == "" && $7 == "success" && part[1] ~ /^(pay|iam|hr)$/) grave++
  if (!($3 in known)) { strange[$3]++; next }
  if (!(($3, $5) in first)) first[$3, $5] = $2
  used[$3, $5]++
  if ($2 < reviewed[$3]) early[$3]++
  if (retired[$3] != "" && $2 > retired[$3]) after[$3]++
}
END {
  for (c in users) if (users[c] > 1) { n1++; s1 += users[c] }
  for (u in strange) { n2++; s2 += strange[u] }
  for (u in used) {
    split(u, k, SUBSEP); split(k[2], part, ".")
    if (!(u in may) && !((k[1], part[1] ".*") in may)) { n3++; s3 += used[u] }
    if (first[u] > late[k[1]]) { n4++; s4 += used[u] }
  }
  for (u in early) { n5++; s5 += early[u] }
  for (u in after) { n7++; s7 += after[u] }
  print "shared", n1 + 0, s1 + 0; print "unregistered", n2 + 0, s2 + 0; print "scope", n3 + 0, s3 + 0
  print "late", n4 + 0, s4 + 0; print "early", n5 + 0, s5 + 0; print "grave", grave + 0, grave + 0
  print "retired", n7 + 0, s7 + 0
  for (d in day) { split(d, k, SUBSEP); print k[1] "\t" k[2] "\t" day[d] > "days.tsv" }
}
"""
JUMPS = rf"""
BEGIN {{ FS = "\t" }}
$1 != last {{ n = 0; total = 0; last = $1 }}
{{
  used = n < {WINDOW} ? n : {WINDOW}
  if (used >= {LEAST_DAYS} && $3 >= {LEAST} && $3 * used > {TIMES} * total) {{ rows++; sum += $3 }}
  total += $3; count[++n] = $3
  if (n > {WINDOW}) total -= count[n - {WINDOW}]
}}
END {{ print "jump", rows + 0, sum + 0 }}
"""


def by_awk(workspace: Path) -> Answers:
    """The floor: jq flattens, awk counts, sort orders the days."""
    from datetime import datetime, timedelta

    agents, scope = register(workspace)
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    try:
        form = "%Y-%m-%dT%H:%M:%SZ"
        lines = [
            (name, seen, (datetime.strptime(seen, form) + timedelta(LATE_DAYS)).strftime(form), end)  # noqa: DTZ007
            for name, seen, end in agents
        ]
        for file, rows in (("register.tsv", lines), ("scope.tsv", scope)):
            (folder / file).write_text("".join("\t".join(row) + "\n" for row in rows))
        (folder / "checks.awk").write_text(AWK)
        (folder / "jumps.awk").write_text(JUMPS)
        fields = ", ".join(f".{c}" for c in COLUMNS)
        told = subprocess.check_output(
            f"jq -r '[{fields}] | @tsv' '{workspace.absolute()}/logs/events.jsonl'"
            " | awk -f checks.awk register.tsv scope.tsv - && LC_ALL=C sort days.tsv | awk -f jumps.awk",
            shell=True, text=True, cwd=folder,
        )  # fmt: skip
    finally:
        shutil.rmtree(folder)
    rows = [line.split() for line in told.splitlines()]
    return {check: (int(n), int(total)) for check, n, total in rows}


ENGINES: dict[str, Callable[[Path], Answers]] = {
    "duckdb": by_duckdb,
    "polars": by_polars,
    "pandas": by_pandas,
    "awk": by_awk,
}


def installed(engine: str) -> bool:
    """Tell whether this machine has an engine."""
    if engine == "awk":
        return all(map(shutil.which, ("jq", "awk", "sort")))
    return importlib.util.find_spec(engine) is not None


def main() -> None:
    """Run one engine here, or all in processes of their own; exit 1 where two answer differently."""
    workspace, *engine = sys.argv[1:]
    if engine:
        print(json.dumps(ENGINES[engine[0]](Path(workspace))))
        return
    answers = {}
    for name in filter(installed, ENGINES):
        started = time.perf_counter()
        told = subprocess.check_output([sys.executable, __file__, workspace, name], text=True)
        answers[name] = json.loads(told)
        print(f"{name:8} {time.perf_counter() - started:6.1f} s  {told.strip()}", flush=True)
    if any(a != answers["duckdb"] for a in answers.values()):
        raise SystemExit("the engines do not find the same")


if __name__ == "__main__":
    main()
