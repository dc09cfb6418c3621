"""What the directory and the desks hold: Okta apps and System Log, configurations of MCP clients.

In: the cast and a quarter. Out: documents in the vendors' shapes; all ids and values are invented.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from company.cast import DOMAIN, LEFT, PEOPLE, Quarter, mail
from company.cloudtrail import Json, hexes, uuid
from company.register import CLIENTS

FAKE_SECRET = "sk-FAKE-not-a-real-key-000000000000"


def okta_apps() -> list[Json]:
    """Return the app list: OAuth clients of agents, one that nobody registered, apps of people."""
    made = [
        _okta_app(client, agent.removeprefix("agt-"), "service")
        for agent, client in CLIENTS.items()
    ]
    made.append(_okta_app("0oafrt19trialnotes00", "Trial notetaker (AI)", "service"))
    made.append(_okta_app("0oafrt20intranet0000", "Intranet", "web"))
    made.append(_okta_app("0oafrt21travel000000", "Travel booking", "web", "INACTIVE"))
    return made


def _okta_app(client: str, label: str, kind: str, status: str = "ACTIVE") -> Json:
    machine = kind == "service"
    return {
        "id": client,
        "name": "oidc_client",
        "label": label,
        "status": status,
        "created": "2025-11-10T08:00:00.000Z",
        "lastUpdated": "2026-03-02T08:00:00.000Z",
        "signOnMode": "OPENID_CONNECT",
        "features": [],
        "credentials": {
            "oauthClient": {
                "client_id": client,
                "autoKeyRotation": True,
                "token_endpoint_auth_method": "private_key_jwt"
                if machine
                else "client_secret_basic",
            }
        },
        "settings": {
            "oauthClient": {
                "application_type": kind,
                "consent_method": "TRUSTED",
                "grant_types": ["client_credentials"] if machine else ["authorization_code"],
                "response_types": ["token"] if machine else ["code"],
            }
        },
        "visibility": {"hide": {"iOS": machine, "web": machine}},
        "_links": {},
    }


def okta_log(quarter: Quarter) -> list[Json]:
    """Return the System Log: a person signs in each day, clients fetch tokens."""
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
            app = {
                "id": client,
                "type": "PublicClientApp",
                "alternateId": client,
                "displayName": agent,
            }
            made.append(
                _okta_event(
                    when + timedelta(minutes=3),
                    "app.oauth2.token.grant.access_token",
                    "OIDC access token is granted",
                    app,
                )
            )
    denied = quarter.begin + timedelta(days=33, hours=3)
    made.append(
        _okta_event(
            denied, "user.session.start", "User login to Okta", _person("pavel.quist"), "FAILURE"
        )
    )
    return sorted(made, key=lambda e: (e["published"], e["uuid"]))


def _person(person: str) -> Json:
    return {
        "id": "00u" + hexes(person, 17),
        "type": "User",
        "alternateId": mail(person),
        "displayName": PEOPLE[person][0],
    }


def _okta_event(when: datetime, kind: str, text: str, actor: Json, result: str = "SUCCESS") -> Json:
    published = when.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {
        "uuid": uuid(f"{published}{kind}{actor['id']}"),
        "published": published,
        "eventType": kind,
        "version": "0",
        "severity": "INFO" if result == "SUCCESS" else "WARN",
        "displayMessage": text,
        "actor": actor,
        "outcome": {
            "result": result,
            "reason": None if result == "SUCCESS" else "INVALID_CREDENTIALS",
        },
        "client": {
            "ipAddress": "203.0.113.40",
            "userAgent": {"rawUserAgent": "freight/1.0"},
            "zone": "null",
        },
        "authenticationContext": {"externalSessionId": "102" + hexes(published, 12)},
        "target": [
            {
                "id": f"aut{hexes(kind, 10)}",
                "type": "AuthorizationServer",
                "alternateId": f"id.{DOMAIN}",
                "displayName": "default",
            }
        ],
    }


def mcp_desktop() -> Json:
    """Return the client file on a care desk: a server from no registry, a near-copy of another's name, a
    secret in plain text.
    """
    return {
        "reporter_actor_id": "agt-care-copilot",
        "mcpServers": {
            "tms": {
                "command": "npx",
                "args": ["-y", "@freight/mcp-tms@2.4.1"],
                "env": {"TMS_API_KEY": FAKE_SECRET},
            },
            "scrape-anything": {"command": "uvx", "args": ["mcp-scrape-anything"]},
            "mai1": {"command": "uvx", "args": ["mcp-mai1==2.4.1"]},
            "knowledge": {
                "type": "http",
                "url": f"https://mcp-kb.{DOMAIN}/mcp",
                "headers": {"Authorization": "Bearer ${KB_TOKEN}"},
            },
        },
    }


def mcp_workspace() -> Json:
    """Return the file of an editor workspace: an old server without encryption or sign-in."""
    return {
        "reporter_actor_id": "agt-yard-camera",
        "servers": {"yard-sensors": {"type": "sse", "url": "http://10.20.0.9:8080/sse"}},
    }
