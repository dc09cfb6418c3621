"""Measure what a second core brings where a workspace has thousands of files, and where it has many agents.

usage: python benchmarks/many_files.py [--files 10000] [--agents 20000] [--runs 3] [--only bare|files|checks] [--write FOLDER]

The workspace has small files as log services deliver them, the same bytes for the same arguments: half are CloudTrail
documents in gz, the others JSON lines of three vendors, some packed, pages of Okta's log, and CSV. Intake is all that is
done with files: found, hashed, recognised, converted, with an empty cache. The checks are those of an estate of agents,
over converted files. Runs on one core and on two alternate, so that a machine that is busy with something else slows both.
`bare` is what two processes of plain Python gain: two processors that share one core bring less than twice one.
`--write` makes the workspace and ends.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from generate import DAYS, FROM, HEAD, write_register

HERE = Path(__file__).parent
AGENTS = 200
LEAST, MOST = 5, 40
"""Records in a file."""
GOAL = 1.7
"""Times as fast as one core, on two."""


def write(out: Path, files: int, seed: int = 7) -> None:
    """Write a workspace of so many logs, and a register of agents."""
    rnd = random.Random(seed)
    for folder in ("inventory", "logs", "statements"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    (out / "reporter.yml").write_text(HEAD + "log_sources: {gateway: {every: day}}\n")
    tools = sorted(f"{s}.{v}" for s in ("s3", "crm", "git") for v in ("get", "put", "list"))
    principals = [f"arn:aws:iam::111122223333:role/agent-{i:05d}" for i in range(AGENTS)]
    write_register(out, tools, rnd, principals, "gateway")
    kinds = [*SHAPES]
    for number in range(files):
        kind = kinds[number % len(kinds)]
        start = DAYS * 86400 * number / files * 0.999
        count = int(rnd.triangular(LEAST, MOST, 12))
        name, data = SHAPES[kind](rnd, number, start, count)
        day = f"{FROM + timedelta(seconds=start):%Y/%m/%d}"
        path = out / "logs" / kind.split("-")[0] / day / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _time(second: float) -> str:
    return f"{FROM + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}"


def _id(rnd: random.Random) -> str:
    text = f"{rnd.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _lines(records: Sequence[dict[str, object]]) -> bytes:
    return "".join(json.dumps(r, separators=(",", ":")) + "\n" for r in records).encode()


def _cloudtrail(rnd: random.Random, number: int, start: float, count: int) -> tuple[str, bytes]:
    """A document of one account, as it is delivered."""
    calls = (
        ("s3", "GetObject"),
        ("bedrock", "InvokeModel"),
        ("kms", "Decrypt"),
        ("sqs", "SendMessage"),
    )
    records = []
    for nth in range(count):
        service, call = calls[rnd.getrandbits(2)]
        agent, session = f"agent-{rnd.randrange(AGENTS):05d}", f"run-{rnd.getrandbits(20)}"
        key = f"AROA1111{agent[-5:]}"
        record = {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": f"{key}:{session}",
                "arn": f"arn:aws:sts::111122223333:assumed-role/{agent}/{session}",
                "accountId": "111122223333",
                "accessKeyId": f"ASIA{rnd.getrandbits(60):016X}",
                "sessionContext": {
                    "sessionIssuer": {
                        "type": "Role",
                        "principalId": key,
                        "arn": f"arn:aws:iam::111122223333:role/{agent}",
                        "accountId": "111122223333",
                        "userName": agent,
                    },
                    "attributes": {"creationDate": _time(start), "mfaAuthenticated": "false"},
                },
            },
            "eventTime": _time(start + nth),
            "eventSource": f"{service}.amazonaws.com",
            "eventName": call,
            "awsRegion": "eu-central-1",
            "sourceIPAddress": f"10.0.{rnd.getrandbits(8)}.7",
            "userAgent": "Boto3/1.35.36 md/Botocore#1.35.36 ua/2.0 os/linux#5.10.225 md/arch#x86_64 lang/python#3.12.6",
            "requestParameters": {"bucketName": "records", "key": f"orders/2026/{rnd.getrandbits(24)}.json"},
            "responseElements": None,
            "additionalEventData": {"SignatureVersion": "SigV4", "x-amz-id-2": _id(rnd)},
            "requestID": _id(rnd),
            "eventID": _id(rnd),
            "readOnly": service != "sqs",
            "eventType": "AwsApiCall",
            "managementEvent": False,
            "recipientAccountId": "111122223333",
            "eventCategory": "Data",
            "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
        }  # fmt: skip
        records.append(record)
    data = json.dumps({"Records": records}, separators=(",", ":")).encode()
    return f"111122223333_CloudTrail_{number:05d}.json.gz", gzip.compress(data, 6, mtime=0)


def _gateway(rnd: random.Random, number: int, start: float, count: int) -> list[dict[str, object]]:
    return [
        {
            "event_id": f"{number:08x}-{nth:04x}",
            "time": _time(start + nth),
            "log_source": "gateway",
            "actor_id": f"agent-{rnd.randrange(AGENTS):05d}",
            "session_id": f"s-{number:x}-{nth // 9:x}",
            "event_class": "tool",
            "action": "get",
            "tool": "crm.get",
            "effect": "read",
            "resource": f"crm/accounts/{rnd.getrandbits(20)}",
            "environment": "production",
            "source_ip": f"10.1.{rnd.getrandbits(8)}.7",
            "outcome": "success",
        }
        for nth in range(count)
    ]


def _gateway_lines(rnd: random.Random, number: int, start: float, count: int) -> tuple[str, bytes]:
    return f"gateway-{number:05d}.jsonl", _lines(_gateway(rnd, number, start, count))


def _gateway_table(rnd: random.Random, number: int, start: float, count: int) -> tuple[str, bytes]:
    records = _gateway(rnd, number, start, count)
    rows = [[*records[0]], *([*map(str, r.values())] for r in records)]
    return f"gateway-{number:05d}.csv", "".join(",".join(r) + "\r\n" for r in rows).encode()


def _okta(rnd: random.Random, number: int, start: float, count: int) -> tuple[str, bytes]:
    """A page of the system log, as the API answers."""
    records = [
        {
            "actor": {
                "id": f"00u{rnd.randrange(AGENTS):05d}",
                "type": "User",
                "alternateId": f"person-{rnd.randrange(180):03d}",
                "displayName": "Person",
                "detailEntry": None,
            },
            "client": {
                "userAgent": {"rawUserAgent": "Mozilla/5.0", "os": "Linux", "browser": "FIREFOX"},
                "zone": "null",
                "device": "Computer",
                "id": None,
                "ipAddress": "198.51.100.9",
                "geographicalContext": {"city": "Ulm", "country": "Germany", "postalCode": "89073"},
            },
            "authenticationContext": {"authenticationStep": 0, "externalSessionId": f"trs{number:x}"},
            "displayMessage": "User single sign on to app",
            "eventType": "user.authentication.sso",
            "outcome": {"result": "SUCCESS", "reason": None},
            "published": _time(start + nth).replace("Z", ".000Z"),
            "securityContext": {"asNumber": 64496, "isProxy": False},
            "severity": "INFO",
            "debugContext": {"debugData": {"requestId": _id(rnd), "dtHash": f"{rnd.getrandbits(64):x}"}},
            "legacyEventType": "app.auth.sso",
            "transaction": {"type": "WEB", "id": _id(rnd), "detail": {}},
            "uuid": _id(rnd),
            "version": "0",
            "request": {"ipChain": []},
            "target": [{"id": "0oa1", "type": "AppInstance", "alternateId": "CRM", "displayName": "CRM"}],
        }
        for nth in range(count)
    ]  # fmt: skip
    return f"okta-{number:05d}.json", json.dumps(records, indent=1).encode()


def _github(rnd: random.Random, number: int, start: float, count: int) -> tuple[str, bytes]:
    millis = int((FROM + timedelta(seconds=start)).timestamp() * 1000)
    records: list[dict[str, object]] = [
        {
            "@timestamp": millis + nth * 1000,
            "_document_id": _id(rnd),
            "action": "git.clone",
            "actor": f"person-{rnd.randrange(180):03d}",
            "actor_id": rnd.getrandbits(24),
            "actor_is_bot": False,
            "business": "synthetic",
            "org": "synthetic",
            "repo": f"synthetic/app-{rnd.getrandbits(5)}",
            "programmatic_access_type": "Fine-grained personal access token",
            "hashed_token": f"{rnd.getrandbits(128):032x}=",
            "user_agent": "git/2.43.0",
        }
        for nth in range(count)
    ]
    return f"github-{number:05d}.jsonl.gz", gzip.compress(_lines(records), 6, mtime=0)


def _kubernetes(rnd: random.Random, number: int, start: float, count: int) -> tuple[str, bytes]:
    records: list[dict[str, object]] = [
        {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "Metadata",
            "auditID": _id(rnd),
            "stage": "ResponseComplete",
            "requestURI": f"/api/v1/namespaces/agents/secrets/agent-{rnd.randrange(AGENTS)}",
            "verb": "get",
            "user": {
                "username": f"system:serviceaccount:agents:agent-{rnd.randrange(AGENTS):05d}",
                "groups": ["system:serviceaccounts", "system:authenticated"],
            },
            "sourceIPs": ["10.2.0.7"],
            "userAgent": "kubectl/v1.31.0",
            "objectRef": {"resource": "secrets", "namespace": "agents", "name": f"agent-{nth}", "apiVersion": "v1"},
            "responseStatus": {"metadata": {}, "code": 200},
            "requestReceivedTimestamp": _time(start + nth).replace("Z", ".000000Z"),
            "stageTimestamp": _time(start + nth).replace("Z", ".100000Z"),
            "annotations": {"authorization.k8s.io/decision": "allow"},
        }
        for nth in range(count)
    ]  # fmt: skip
    return f"audit-{number:05d}.jsonl", _lines(records)


SHAPES: dict[str, Callable[[random.Random, int, float, int], tuple[str, bytes]]] = {
    "aws-1": _cloudtrail,
    "gateway-lines": _gateway_lines,
    "aws-2": _cloudtrail,
    "okta": _okta,
    "aws-3": _cloudtrail,
    "github": _github,
    "aws-4": _cloudtrail,
    "gateway-table": _gateway_table,
    "aws-5": _cloudtrail,
    "kubernetes": _kubernetes,
}


# ---------------------------------------------------------------- measuring


def intake(workspace: Path, place: Path) -> float:
    """Return the seconds in which this process reads a workspace."""
    from reporter.content import loader
    from reporter.engine.duckdb import DuckDB
    from reporter.ingest.cache import open_cache
    from reporter.ingest.load import ingest
    from reporter.ingest.readers.inputs import Inputs

    sources = loader.load().sources
    begun = time.perf_counter()
    with Inputs.of(workspace, 10**9) as inputs, DuckDB(place / "work") as engine:
        ingest(engine, inputs, sources, open_cache(place / "cache"))
        return time.perf_counter() - begun


def checks(workspace: Path, place: Path) -> float:
    """Return the seconds that all checks take in a run of this process over converted files."""
    from reporter.evaluate import runner
    from reporter.pipeline.assess import Options, assess_workspace

    took, assess = [], runner.assess

    def timed(*given: object, **more: object) -> object:
        begun = time.perf_counter()
        results = assess(*given, **more)  # type: ignore[arg-type]
        took.append(time.perf_counter() - begun)
        return results

    runner.assess = timed  # type: ignore[assignment]
    cache = workspace.parent / "converted"
    assess_workspace(workspace, place / "run", Options(formats=("json",), cache=cache, fresh=True))
    return took[0]


def bare(workspace: Path, place: Path) -> float:
    """Return the seconds that two processes of plain Python take: more than they gain, nothing can on this machine."""
    loop = "import json\nfor i in range(200_000): json.loads(json.dumps({'a': [*range(50)], 'b': 'x' * 100}))"
    begun = time.perf_counter()
    for process in [subprocess.Popen([sys.executable, "-c", loop]) for _ in range(2)]:
        process.wait()
    return time.perf_counter() - begun


PARTS = {"bare": bare, "files": intake, "checks": checks}


def measure(part: str, workspace: Path, runs: int) -> list[tuple[float, ...]]:
    """Return seconds on one core and on two, pair by pair."""
    command = [sys.executable, __file__, "--measure", part, "--workspace", str(workspace)]
    return [tuple(_seconds(command, cores) for cores in ({0}, {0, 1})) for _ in range(runs)]


def _seconds(command: list[str], cores: set[int]) -> float:
    told = subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    return float(told.stdout)


def main() -> None:
    """Read the command line; measure, or make a workspace."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--agents", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=[*PARTS])
    parser.add_argument("--write", type=Path)
    parser.add_argument("--measure", choices=[*PARTS], help=argparse.SUPPRESS)
    parser.add_argument("--workspace", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write:
        write(given.write, given.files)
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if given.measure:
            print(PARTS[given.measure](given.workspace, place))
            return
        for part in [given.only] if given.only else [*PARTS]:
            workspace = place / part
            if part == "files":
                write(workspace, given.files)
            elif part == "checks":
                options = ["--events", "0", "--agents", str(given.agents)]
                subprocess.run(
                    [sys.executable, str(HERE / "generate.py"), str(workspace), *options],
                    check=True,
                )
                (workspace / "logs" / "events.jsonl").unlink()
            time.sleep(2.5)  # what was only just written is read from copies
            pairs = measure(part, workspace, given.runs)
            ratio = statistics.median(one / two for one, two in pairs)
            seconds = ", ".join(f"{one:.1f} to {two:.1f} s" for one, two in pairs)
            print(
                f"{part}: {ratio:.2f} times as fast on two cores as on one (goal {GOAL}): {seconds}"
            )


if __name__ == "__main__":
    main()
