"""The same work as other systems log it: CloudTrail, OpenTelemetry, Okta, and configurations of MCP clients.

In: native events of traffic.py. Out: documents in the vendors' shapes; all ids and values are invented.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from cast import ACCOUNT, DOMAIN, LEFT, PEOPLE, Quarter, mail
from register import CLIENTS, iso

Json = dict[str, Any]
REGION = "eu-central-1"
SERVICE_OF = {"DeleteSnapshot": "ec2", "CreateSnapshot": "ec2", "InvokeModel": "bedrock", "GetObject": "s3",
              "PutObject": "s3", "ConsoleLogin": "signin"}  # fmt: skip
FAKE_SECRET = "sk-FAKE-not-a-real-key-000000000000"


def _hex(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def _uuid(text: str) -> str:
    h = _hex(text, 32)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:32]}"


# CloudTrail


def cloudtrail(events: list[Json], quarter: Quarter) -> list[Json]:
    """Return the records of a quarter: agents, the nightly backup, the partner bridge, people at the console."""
    records = [_by_role(e) for e in events if e["log_source"] == "aws-cloudtrail" and e["event_class"] == "tool"]
    records += list(_nightly(quarter))
    records += list(_consoles(quarter))
    return sorted(records, key=lambda r: (r["eventTime"], r["eventID"]))


def _record(when: str, name: str, identity: Json, resource: str | None, **more: Any) -> Json:
    read = name.startswith(("Get", "Describe", "List"))
    made = {
        "eventVersion": "1.11", "userIdentity": identity, "eventTime": when,
        "eventSource": f"{SERVICE_OF[name]}.amazonaws.com", "eventName": name, "awsRegion": REGION,
        "sourceIPAddress": "198.51.100.24", "userAgent": "aws-sdk-python/1.40 acme-freight-agents",
        "requestParameters": None, "responseElements": None, "requestID": _uuid(f"r{when}{name}"),
        "eventID": _uuid(f"e{when}{name}{resource}"), "readOnly": read, "eventType": "AwsApiCall",
        "managementEvent": name not in ("GetObject", "PutObject"), "recipientAccountId": ACCOUNT,
        "eventCategory": "Data" if name in ("GetObject", "PutObject") else "Management",
    }  # fmt: skip
    if resource:
        made["resources"] = [{"ARN": resource, "accountId": ACCOUNT, "type": f"AWS::{SERVICE_OF[name].upper()}"}]
    return made | more


def _role(name: str, when: str) -> Json:
    unique = "AROA" + _hex(name, 9).upper() + "EXAMPLE"
    return {
        "type": "AssumedRole", "principalId": f"{unique}:{name}-run", "accountId": ACCOUNT,
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{name}-run",
        "accessKeyId": "ASIA" + _hex(name + when[:10], 9).upper() + "EXAMPLE",
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": unique, "accountId": ACCOUNT, "userName": name,
                              "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}"},
            "attributes": {"creationDate": when, "mfaAuthenticated": "false"},
        },
    }  # fmt: skip


def _user(name: str, key: str | None) -> Json:
    user = {"type": "IAMUser", "principalId": f"AIDA{_hex(name, 9).upper()}EXAMPLE", "accountId": ACCOUNT,
            "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}", "accessKeyId": key, "userName": name}  # fmt: skip
    return {k: v for k, v in user.items() if v}


def _by_role(event: Json) -> Json:
    name = event["principal_id"].rsplit("/", 1)[-1]
    resource = event["resource"]
    parameters: Json = {"resourceId": resource.rsplit("/", 1)[-1]}
    if event["tool"] == "InvokeModel":
        resource = resource.rsplit("/", 1)[0] + "/halden.fjord-large-v1"
        parameters = {"modelId": "halden.fjord-large-v1"}
    if event["tool"] == "GetObject":
        parameters = {"bucketName": "freight-cost-lake", "key": event["resource"].rsplit("/", 1)[-1]}
    if event["tool"] == "DeleteSnapshot":
        parameters = {"snapshotId": "snap-" + event["resource"].rsplit("/", 1)[-1]}
    return _record(event["time"], event["tool"], _role(name, event["time"]), resource, requestParameters=parameters)


def _nightly(quarter: Quarter) -> Iterator[Json]:
    """The backup role every night, but for a lost weekend; the bridge user every third day."""
    when = quarter.begin.replace(hour=2, minute=15)
    number = 0
    while when < quarter.end:
        if number not in (40, 41):
            arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:snapshot/nightly-{number}"
            yield _record(iso(when), "CreateSnapshot", _user("svc-backup", "AKIAFREIGHT01EXAMPLE"), arn)
        if number % 3 == 0:
            user = _user("svc-edi", "AKIAFREIGHT00EXAMPLE")
            yield _record(iso(when + timedelta(hours=5)), "PutObject", user, f"arn:aws:s3:::freight-edi/{number}")
        when += timedelta(days=1)
        number += 1


def _consoles(quarter: Quarter) -> Iterator[Json]:
    for number in range(10):
        when = quarter.begin + timedelta(days=8 * number + 1, hours=9, minutes=number)
        person = ("jonas.ferreira", "dario.nwosu")[number % 2]
        failed = {"errorMessage": "Failed authentication"} if number == 7 else {}
        outcome = {"ConsoleLogin": "Failure" if failed else "Success"}
        yield _record(iso(when), "ConsoleLogin", _user(person, None), None, responseElements=outcome,
                      eventType="AwsConsoleSignIn", **failed)  # fmt: skip


# OpenTelemetry


def _nanos(when: str, more: float = 0) -> int:
    moment = datetime.fromisoformat(when.replace("Z", "+00:00"))
    return int((moment.timestamp() + more) * 10**9)


def _span_parts(event: Json) -> tuple[str, Json]:
    """Return the span's name and attributes."""
    shared: Json = {"gen_ai.agent.id": event["actor_id"], "gen_ai.agent.name": event["actor_id"],
                    "gen_ai.conversation.id": event["session_id"], "gen_ai.provider.name": "halden"}  # fmt: skip
    if event["event_class"] == "session":
        return f"invoke_agent {event['actor_id']}", shared | {"gen_ai.operation.name": "invoke_agent"}
    if event["event_class"] == "model":
        return "chat fjord-large", shared | {
            "gen_ai.operation.name": "chat", "gen_ai.request.model": "fjord-large",
            "gen_ai.response.model": event["model_version"], "gen_ai.usage.input_tokens": 812,
        }  # fmt: skip
    return f"execute_tool {event['tool']}", shared | {
        "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": event["tool"],
        "gen_ai.tool.type": "function", "gen_ai.tool.call.id": _hex(event["event_id"], 12),
    }  # fmt: skip


def otlp(events: list[Json], service: str) -> Json:
    """Return an OTLP/JSON document of the spans of one service."""
    spans = []
    for event in events:
        name, attributes = _span_parts(event)
        root = event["event_class"] == "session"
        spans.append({
            "traceId": _hex(event["session_id"], 32), "spanId": _hex(event["event_id"], 16),
            **({} if root else {"parentSpanId": _hex(event["session_id"] + "root", 16)}),
            "name": name, "kind": 1, "startTimeUnixNano": str(_nanos(event["time"])),
            "endTimeUnixNano": str(_nanos(event["time"], 0.8)),
            "attributes": [{"key": k, "value": _any(v)} for k, v in attributes.items()],
            "status": {"code": 1},
        })  # fmt: skip
    resource = {"service.name": service, "deployment.environment.name": "production"}
    return {"resourceSpans": [{
        "resource": {"attributes": [{"key": k, "value": _any(v)} for k, v in resource.items()]},
        "scopeSpans": [{"scope": {"name": "freight.agents", "version": "1.4.0"}, "spans": spans}],
    }]}  # fmt: skip


def _any(value: Any) -> Json:
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def sdk_spans(events: list[Json], service: str) -> Json:
    """Return the same spans as the Python SDK writes them to a file."""
    spans = []
    for event in events:
        name, attributes = _span_parts(event)
        context = {"trace_id": int(_hex(event["session_id"], 30), 16), "span_id": int(_hex(event["event_id"], 15), 16)}
        spans.append({
            "name": name, "kind": "internal", "parent": None, "start_time": _nanos(event["time"]),
            "end_time": _nanos(event["time"], 0.8), "status": {"status_code": "ok", "description": None},
            "context": context | {"is_remote": False}, "attributes": attributes, "links": [], "events": [],
            "resource": {"attributes": {"service.name": service}, "schema_url": ""},
        })  # fmt: skip
    return {"spans": spans}


# Okta


def okta_apps() -> list[Json]:
    """Return the app list of the directory: OAuth clients of agents, one nobody registered, apps of people."""
    made = [_okta_app(client, agent.removeprefix("agt-"), "service") for agent, client in CLIENTS.items()]
    made.append(_okta_app("0oafrt19trialnotes00", "Trial notetaker (AI)", "service"))
    made.append(_okta_app("0oafrt20intranet0000", "Intranet", "web"))
    made.append(_okta_app("0oafrt21travel000000", "Travel booking", "web", "INACTIVE"))
    return made


def _okta_app(client: str, label: str, kind: str, status: str = "ACTIVE") -> Json:
    machine = kind == "service"
    return {
        "id": client, "name": "oidc_client", "label": label, "status": status,
        "created": "2025-11-10T08:00:00.000Z", "lastUpdated": "2026-03-02T08:00:00.000Z",
        "signOnMode": "OPENID_CONNECT", "features": [],
        "credentials": {"oauthClient": {"client_id": client, "autoKeyRotation": True,
                        "token_endpoint_auth_method": "private_key_jwt" if machine else "client_secret_basic"}},
        "settings": {"oauthClient": {"application_type": kind, "consent_method": "TRUSTED",
                     "grant_types": ["client_credentials"] if machine else ["authorization_code"],
                     "response_types": ["token"] if machine else ["code"]}},
        "visibility": {"hide": {"iOS": machine, "web": machine}}, "_links": {},
    }  # fmt: skip


def okta_log(quarter: Quarter) -> list[Json]:
    """Return the System Log: a person signs in each day, clients fetch tokens, an app is changed."""
    made = []
    names = list(PEOPLE)
    for number in range((quarter.end - quarter.begin).days):
        when = quarter.begin + timedelta(days=number, hours=7, minutes=number % 50)
        person = names[number % len(names)]
        if LEFT.get(person, "9999") < when.date().isoformat():
            person = "mara.lindqvist"
        made.append(_okta_event(when, "user.session.start", "User login to Okta", _person(person)))
        if number % 3 == 0:
            agent, client = list(CLIENTS.items())[number // 3 % len(CLIENTS)]
            app = {"id": client, "type": "PublicClientApp", "alternateId": client, "displayName": agent}
            made.append(_okta_event(when + timedelta(minutes=3), "app.oauth2.token.grant.access_token",
                                    "OIDC access token is granted", app))  # fmt: skip
    denied = quarter.begin + timedelta(days=33, hours=3)
    made.append(_okta_event(denied, "user.session.start", "User login to Okta", _person("pavel.quist"), "FAILURE"))
    return sorted(made, key=lambda e: (e["published"], e["uuid"]))


def _person(person: str) -> Json:
    return {"id": "00u" + _hex(person, 17), "type": "User", "alternateId": mail(person),
            "displayName": PEOPLE[person][0]}  # fmt: skip


def _okta_event(when: datetime, kind: str, text: str, actor: Json, result: str = "SUCCESS") -> Json:
    published = when.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {
        "uuid": _uuid(f"{published}{kind}{actor['id']}"), "published": published, "eventType": kind,
        "version": "0", "severity": "INFO" if result == "SUCCESS" else "WARN", "displayMessage": text,
        "actor": actor, "outcome": {"result": result, "reason": None if result == "SUCCESS" else "INVALID_CREDENTIALS"},
        "client": {"ipAddress": "203.0.113.40", "userAgent": {"rawUserAgent": "freight/1.0"}, "zone": "null"},
        "authenticationContext": {"externalSessionId": "102" + _hex(published, 12)},
        "target": [{"id": f"aut{_hex(kind, 10)}", "type": "AuthorizationServer", "alternateId": f"id.{DOMAIN}",
                    "displayName": "default"}],
    }  # fmt: skip


# MCP clients


def mcp_desktop() -> Json:
    """Return the client file on a care desk: a server from no registry, and a secret in plain text."""
    return {"reporter_actor_id": "agt-care-copilot", "mcpServers": {
        "tms": {"command": "npx", "args": ["-y", "@freight/mcp-tms@2.4.1"], "env": {"TMS_API_KEY": FAKE_SECRET}},
        "scrape-anything": {"command": "uvx", "args": ["mcp-scrape-anything"]},
        "knowledge": {"type": "http", "url": f"https://mcp-kb.{DOMAIN}/mcp",
                      "headers": {"Authorization": "Bearer ${KB_TOKEN}"}},
    }}  # fmt: skip


def mcp_workspace() -> Json:
    """Return the file of an editor workspace: an old server without encryption or sign-in."""
    return {"reporter_actor_id": "agt-yard-camera", "servers": {"yard-sensors": {"type": "sse", "url": "http://10.20.0.9:8080/sse"}}}


