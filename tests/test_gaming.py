"""Ways to look better than one is: none raises the evidenced score unless page 1 says what was done.

Each takes the sample company, changes what the audited organisation itself could change, and assesses again.
What leaves no trace in any evidence stays out: a line that was never logged, one that was rewritten whole (outcome,
decision and class) in a log without hashes, and a period chosen for its quiet, which the cover prints.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import shutil
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from conftest import printed, reporter

from reporter.engine.duckdb import DuckDB
from reporter.evaluate import runner
from reporter.pipeline import own_settings
from reporter.pipeline.assess import Options, assess_workspace
from reporter.schema.tables import EVENT_TABLES

SAMPLE = Path(__file__).parent.parent / "sample_data" / "acme" / "2026-q3"
Record = dict[str, Any]
Change = Callable[[Record], Record | None]


def own_logs(ws: Path) -> Iterator[Path]:
    """The logs in Reporter's own format."""
    yield from sorted((ws / "logs").glob("gateway-*"))


def each_line(change: Change) -> Callable[[Path], None]:
    """Apply a change to every event of the own logs; None drops it."""

    def attack(ws: Path) -> None:
        for path in own_logs(ws):
            packed = path.suffix == ".gz"
            data = path.read_bytes()
            lines = (gzip.decompress(data) if packed else data).decode().splitlines()
            made = []
            for line in lines:
                try:
                    record = change(json.loads(line))
                except ValueError:
                    made.append(line)
                    continue
                if record is not None:
                    made.append(json.dumps(record))
            out = ("\n".join(made) + "\n").encode()
            path.write_bytes(gzip.compress(out) if packed else out)

    return attack


def each_agent(change: Change) -> Callable[[Path], None]:
    """Apply a change to every agent of the register; None drops it."""

    def attack(ws: Path) -> None:
        path = ws / "inventory" / "agents.json"
        data = json.loads(path.read_text())
        data["records"] = [r for r in map(change, data["records"]) if r is not None]
        path.write_text(json.dumps(data))

    return attack


def without(*names: str) -> Change:
    """Leave fields out."""
    return lambda r: {k: v for k, v in r.items() if k not in names}


def where(test: Callable[[Record], bool], change: Change) -> Change:
    """Apply a change to some records only."""
    return lambda r: change(r) if test(r) else r


def listed(ws: Path) -> set[str]:
    """Ids of the register of agents."""
    data = json.loads((ws / "inventory" / "agents.json").read_text())
    return {r["actor_id"] for r in data["records"] if r["type"] == "agent"}


REGISTER = listed(SAMPLE)


def shadow(r: Record) -> bool:
    """Whether an event is of an agent that no register lists."""
    return r.get("actor_kind") == "agent" and r.get("actor_id") not in REGISTER


def configure(text: str, instead: str) -> Callable[[Path], None]:
    """Change reporter.yml."""

    def attack(ws: Path) -> None:
        path = ws / "reporter.yml"
        before = path.read_text()
        after = re.sub(text, instead, before)
        assert after != before
        path.write_text(after)

    return attack


def add_lines(
    name: str, header: str, rows: Callable[[Path], list[dict[str, str]]]
) -> Callable[[Path], None]:
    """Add rows to a table of statements, which takes further columns where it needs them."""

    def attack(ws: Path) -> None:
        path = ws / "statements" / name
        with path.open(newline="") as file:
            old = list(csv.DictReader(file))
        new = rows(ws)
        columns = list(
            dict.fromkeys([*(old[0] if old else header.split(",")), *(c for r in new for c in r)])
        )
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows([*old, *new])

    return attack


def failing(check: str | None = None) -> list[tuple[str, str]]:
    """(check, subject) of what fails in the sample."""
    return [f for f in BASE["failing"] if check in (None, f[0])]


BASE: dict[str, Any] = {}


def waivers(who: str) -> Callable[[Path], list[dict[str, str]]]:
    return lambda ws: [
        {"check": c, "subject": s, "reason": "accepted", "approved_by": who, "approved_at": "2026-08-02",
         "expires": "2027-02-01", "review_at": "2026-12-01"} for c, s in failing()
    ]  # fmt: skip


def compensations(who: str, by: str) -> Callable[[Path], list[dict[str, str]]]:
    return lambda ws: [
        {"check": c, "subject": s, "by_check": by, "reason": "made good", "approved_by": who,
         "approved_at": "2026-08-02", "expires": "2027-02-01"} for c, s in failing() if c != by
    ]  # fmt: skip


def exceptions(who: str) -> Callable[[Path], list[dict[str, str]]]:
    return lambda ws: [
        {"type": "exception", "exception_id": f"x{n}-{check}", "actor_id": agent, "check_id": check, "item": "*",
         "reason": "accepted", "requester_id": agent, "approver_id": who, "starts_at": "2026-01-01T00:00:00Z",
         "ends_at": "2027-01-01T00:00:00Z", "compensating": "yes"}
        for n, agent in enumerate(sorted(listed(ws))) for check in ("APR-01", "APR-02", "ENT-02", "ENT-05")
    ]  # fmt: skip


def answers(
    who: str, examiner: str, answer: str, proof: str = ""
) -> Callable[[Path], list[dict[str, str]]]:
    def rows(ws: Path) -> list[dict[str, str]]:
        import hashlib

        if proof:
            (ws / "statements" / "proofs" / "everything.txt").write_text(proof)
        digest = hashlib.sha256(proof.encode()).hexdigest() if proof else ""
        return [
            {"framework": f, "control": c, "answer": answer, "attested_by": who, "date": "2026-09-10",
             "method": "examine" if proof else "attest", "artefact": "proofs/everything.txt" if proof else "",
             "artefact_sha256": digest, "examined_by": examiner, "reason": "it does not apply",
             "artefact_place": "page 1", "observed": "it is so", "confirmed_by": examiner}
            for f, c in BASE["controls"]
        ]  # fmt: skip

    return rows


def remove(*names: str) -> Callable[[Path], None]:
    def attack(ws: Path) -> None:
        for name in names:
            for path in sorted(ws.glob(name)):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    return attack


def excuse_the_worst(ws: Path) -> None:
    """Move the lines of the worst agent below baseline/."""
    worst = "agt-mail-sorter"
    kept: list[str] = []
    moved: list[str] = []
    path = ws / "logs" / "gateway-2026-09.jsonl"
    for line in path.read_text().splitlines():
        (moved if worst in line else kept).append(line)
    assert moved
    path.write_text("\n".join(kept) + "\n")
    (ws / "baseline" / "approved.jsonl").write_text("\n".join(moved) + "\n")


def in_office(ws: Path) -> list[str]:
    """People whom the directory calls active."""
    lines = (ws / "inventory" / "people.csv").read_text(errors="replace").splitlines()
    return sorted(r["actor_id"] for r in csv.DictReader(lines) if r["state"] == "active")


def everybody_signs(ws: Path) -> None:
    """Name all people under each kind of statement."""
    everybody = ", ".join(in_office(ws))
    configure(r"(?m)^  ([a-z_]+): \[[A-Z].*\]$", rf"  \1: [{everybody}]")(ws)


def in_turn(answer: str) -> Callable[[Path], None]:
    """Let all people answer in turn, each confirmed by the next, so that nobody carries many."""

    def rows(ws: Path) -> list[dict[str, str]]:
        people = in_office(ws)
        return [
            {"framework": f, "control": c, "answer": answer, "attested_by": people[n % len(people)], "date": "2026-09-10",
             "method": "attest", "reason": "it does not apply", "confirmed_by": people[(n + 1) % len(people)]}
            for n, (f, c) in enumerate(BASE["controls"])
        ]  # fmt: skip

    return together(everybody_signs, add_lines("attestations.csv", "", rows))


def together(*attacks: Callable[[Path], None]) -> Callable[[Path], None]:
    def attack(ws: Path) -> None:
        for one in attacks:
            one(ws)

    return attack


def deny_what_fails(ws: Path) -> None:
    """Say of each line on which a failure rests that it was refused."""
    numbers = {f"logs/{path.name}": path for path in own_logs(ws)}
    for name, path in numbers.items():
        packed = path.suffix == ".gz"
        data = path.read_bytes()
        lines = (gzip.decompress(data) if packed else data).decode().splitlines()
        for file, _, number in (ref.partition("#") for ref in BASE["refs"]):
            if file == name and '"outcome":"success"' in lines[int(number) - 1]:
                lines[int(number) - 1] = json.dumps(json.loads(lines[int(number) - 1]) | {"outcome": "denied"})  # fmt: skip
        out = ("\n".join(lines) + "\n").encode()
        path.write_bytes(gzip.compress(out) if packed else out)


def retype(which: Callable[[str], bool]) -> Callable[[Path], None]:
    """Call agents service accounts, in the register and in the logs."""
    return together(
        each_agent(where(lambda r: r["type"] == "agent" and which(r["actor_id"]), lambda r: {**r, "type": "service_account"})),
        each_line(where(lambda r: r.get("actor_kind") == "agent" and which(r.get("actor_id", "")), lambda r: {**r, "actor_kind": "service_account"})),
    )  # fmt: skip


def accounts_as_gateways(ws: Path) -> None:
    path = ws / "inventory" / "service-accounts.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(r | {"is_intermediary": "true"} for r in rows)


def partial_directory(ws: Path) -> None:
    """Export one stranger in place of all people."""
    path = ws / "inventory" / "people.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:2]) + "\n")


DIRECTOR, AGENT, LEAVER, NOBODY = (
    "noor.haddadin@freight.example.com", "agt-mail-sorter", "theo.marchetti@freight.example.com", "Donald Duck",
)  # fmt: skip
SILENT = "portal-vendor"
ATTACKS: dict[str, Callable[[Path], None]] = {
    "no actor_kind": each_line(without("actor_kind")),
    "shadows without a kind": each_line(where(shadow, without("actor_kind"))),
    "shadows as service accounts": each_line(where(shadow, lambda r: {**r, "actor_kind": "service_account"})),
    "shadows as people": each_line(where(shadow, lambda r: {**r, "actor_kind": "human"})),
    "shadows without an id": each_line(where(shadow, without("actor_id", "principal_id", "credential_id"))),
    "no effect": each_line(without("effect")),
    "no destination": each_line(without("destination")),
    "no credential": each_line(without("credential_id")),
    "no approval": each_line(without("approval_id")),
    "no effect, destination, credential, approval": each_line(
        without("effect", "destination", "credential_id", "approval_id")),
    "no resource": each_line(without("resource", "classification")),
    "all denied": each_line(lambda r: {**r, "outcome": "denied"} if r.get("outcome") == "success" and r.get("tool") else r),
    "no outcome": each_line(without("outcome")),
    "no tool": each_line(without("tool")),
    "no session": each_line(without("session_id")),
    "the log of a silent source deleted": remove("logs/portal-vendor.csv"),
    "all logs deleted": remove("logs"),
    "gateway deleted": remove("logs/gateway-*"),
    "shares of one percent": configure(r"share: \d+", "share: 1"),
    "as_of in the period": configure("as_of: 2026-10-01", "as_of: 2026-07-05"),
    "the whole quarter as baseline": configure("profile:", "baseline: {from: 2026-07-01, to: 2026-10-01, approved_by: noor.haddadin@freight.example.com, approved_at: 2026-06-01}\nprofile:"),
    "bad lines moved to baseline": excuse_the_worst,
    "waivers by a director": add_lines("waivers.csv", "", waivers(DIRECTOR)),
    "waivers by nobody": add_lines("waivers.csv", "", waivers(NOBODY)),
    "compensations by a director": add_lines("compensations.csv", "", compensations(DIRECTOR, "OWN-01")),
    "compensations by the agent": add_lines("compensations.csv", "", compensations(AGENT, "OWN-01")),
    "compensations by a leaver": add_lines("compensations.csv", "", compensations(LEAVER, "ENT-03")),
    "compensations by nobody": add_lines("compensations.csv", "", compensations(NOBODY, "ENT-03")),
    "exceptions by a director": add_lines("exceptions.csv", "", exceptions(DIRECTOR)),
    "exceptions by the agent": add_lines("exceptions.csv", "", exceptions(AGENT)),
    "exceptions by nobody": add_lines("exceptions.csv", "", exceptions(NOBODY)),
    "everything attested": add_lines("attestations.csv", "", answers(DIRECTOR, "", "yes")),
    "everything attested by the agent": add_lines("attestations.csv", "", answers(AGENT, "", "yes")),
    "everything examined in one line": add_lines(
        "attestations.csv", "", answers(DIRECTOR, "lena.mbeki@freight.example.com", "yes", "ok")),
    "everything examined in one long file": add_lines(
        "attestations.csv", "", answers(DIRECTOR, "lena.mbeki@freight.example.com", "yes", "It was checked. " * 200)),
    "nothing is applicable": add_lines("attestations.csv", "", answers(DIRECTOR, "", "not applicable")),
    "nothing is applicable, two people": add_lines(
        "attestations.csv", "", answers(DIRECTOR, "lena.mbeki@freight.example.com", "not applicable")),
    "only good agents in the register": each_agent(
        lambda r: r if r["type"] != "agent" or r["actor_id"] in BASE["good"] else None),
    "all agents retired": each_agent(where(lambda r: r["type"] == "agent", lambda r: {**r, "state": "retired"})),
    "all tiers low": each_agent(where(lambda r: r["type"] == "agent", lambda r: {**r, "risk_tier": "low"})),
    "no tiers": each_agent(where(lambda r: r["type"] == "agent", without("risk_tier"))),
    "agents as service accounts": each_agent(
        where(lambda r: r["type"] == "agent", lambda r: {**r, "type": "service_account"})),
    "no people": remove("inventory/people.csv"),
    "one stranger in the directory": partial_directory,
    "the inventory in another folder": lambda ws: (ws / "inventory").rename(ws / "inventories").touch(),
    "no incidents, alerts, changes": remove(*(f"statements/{n}.csv" for n in ("incidents", "alerts", "changes"))),
    "no reviews": remove("statements/reviews.csv"),
    "everybody may sign": everybody_signs,
    "everybody may sign, and all attest in turn": in_turn("yes"),
    "everybody may sign, and all call it not applicable in turn": in_turn("not applicable"),
    "failing lines denied": deny_what_fails,
    "agents and their lines as service accounts": retype(lambda _: True),
    "bad agents and their lines as service accounts": retype(lambda i: i in REGISTER and i not in BASE["good"]),
    "agents as gateways": each_agent(where(lambda r: r["type"] == "agent", lambda r: {**r, "is_intermediary": True})),
    "service accounts as gateways": accounts_as_gateways,
    "shadows without kind, tool and class": each_line(where(shadow, without("actor_kind", "tool", "event_class"))),
    "shadows as people without tool and class": each_line(
        where(shadow, lambda r: {**without("tool", "event_class")(r), "actor_kind": "human"})),  # type: ignore[dict-item]
}  # fmt: skip


SAID: dict[str, str] = {
    "everybody may sign": "who_may_sign",
    "everybody may sign, and all attest in turn": "answers_carry",
    "everybody may sign, and all call it not applicable in turn": "answers_carry",
    "failing lines denied": "refusals_unshown",
    "agents and their lines as service accounts": "unlisted_actors",
    "bad agents and their lines as service accounts": "listed_otherwise",
    "service accounts as gateways": "gateways",
}
"""Attack -> the notice that tells it, where any other would tell it by chance only."""
WORTHLESS = (
    "agents and their lines as service accounts", "bad agents and their lines as service accounts", "agents as gateways",
    "shadows without kind, tool and class", "shadows as people without tool and class",
)  # fmt: skip
"""Attacks that raise no score at all, said or not."""


def assessed(ws: Path, out: Path, cache: Path) -> dict[str, Any] | None:
    """What a run says; None where it was refused."""
    result = reporter("assess", ws, "--out", out, "--formats", "json", "--cache", cache, "--quiet")
    if result.exit_code == 3:
        assert "Traceback" not in result.output, result.output
        return None
    assert result.exit_code == 0, result.output
    report: dict[str, Any] = printed(out)
    return report


def scores(report: dict[str, Any]) -> dict[str, Fraction]:
    """The evidenced scores of the enterprise and each framework."""
    found = {"enterprise": report["summary"]["figure"]}
    found |= {f["id"]: f["total"]["figure"] for f in report["frameworks"]}
    return {k: Fraction(v["exact_lo"] or 0) for k, v in found.items()}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("gaming")
    report = assessed(SAMPLE, folder / "base", folder / "cache")
    assert report
    at = {name: n for n, name in enumerate(report["finding_columns"])}
    rows = report["findings"]
    BASE["failing"] = [
        (r[at["check"]], r[at["subject"]]) for r in rows if r[at["status"]] == "fail"
    ]
    bad = {
        r[at["actor"]]
        for r in rows
        if r[at["status"]] == "fail" and r[at["severity"]] == "critical"
    }
    BASE["good"] = REGISTER - bad
    BASE["refs"] = {r[at["record"]] for r in rows if r[at["status"]] == "fail"}
    BASE["controls"] = [(f["id"], c["id"]) for f in report["frameworks"] for c in f["controls"]]
    return {"report": report, "folder": folder}


@pytest.mark.deep
@pytest.mark.parametrize("name", ATTACKS)
def test_no_way_to_look_better_goes_unsaid(name: str, base: dict[str, Any], tmp_path: Path) -> None:
    ws = tmp_path / "ws"
    shutil.copytree(SAMPLE, ws)
    ATTACKS[name](ws)
    after = assessed(ws, tmp_path / "out", base["folder"] / "cache")
    if after is None:
        return
    was, now = (scores(report) for report in (base["report"], after))
    risen = {k: (float(was[k]), float(v)) for k, v in now.items() if round(v, 3) > round(was[k], 3)}
    assert not risen or told(after) - told(base["report"]), (
        f"{name} raises {risen} and page 1 says nothing of it"
    )
    assert not risen or name not in WORTHLESS, f"{name} raises {risen}"
    news = {code for code, *_ in told(after) - told(base["report"])}
    assert SAID.get(name, "") in {"", *news}


def told(report: dict[str, Any]) -> set[tuple[str, ...]]:
    """What page 1 says before the numbers; the scores in a sentence are no news."""
    return {
        (n["code"], *n["lines"], *([] if n["code"] == "own_settings" else [n["text"]]))
        for n in report["summary"]["notices"]
    }


@pytest.mark.deep
@pytest.mark.slow
def test_what_silence_leaves_open_is_what_the_checks_find_when_they_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sample company lets seven logs deliver less than usual: 50 checks depend on it."""
    found: list[list[tuple[Any, ...]]] = []
    numbers_run: list[int] = []
    tally, assess = own_settings.shipped_tallies, runner.assess

    def tallied(engine: DuckDB, *more: Any) -> Any:
        tallies = tally(engine, *more)
        columns = "check_id, subject, status, actor, owner, tier_lo, tier_hi"
        found.append(engine.rows(f"SELECT {columns} FROM results ORDER BY ALL"))
        return tallies

    def counted(engine: DuckDB, checks: Any, *more: Any, **how: Any) -> Any:
        numbers_run.append(len(checks))
        return assess(engine, checks, *more, **how)

    monkeypatch.setattr(own_settings, "shipped_tallies", tallied)
    monkeypatch.setattr(runner, "assess", counted)
    for name in ("once", "again"):
        assess_workspace(SAMPLE, tmp_path / name, Options(formats=("json",), fresh=True))
        always = own_settings.ON_DELIVERY | EVENT_TABLES
        monkeypatch.setattr(own_settings, "ON_DELIVERY", always)
    assert found[0] == found[1]
    assert numbers_run[1] < 10 < 40 < numbers_run[3]
