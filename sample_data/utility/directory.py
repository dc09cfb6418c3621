"""What Microsoft Entra exports: people, applications, service principals, rights, reviews, and its logs in Sentinel."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from utility import suppliers
from utility.cast import (
    AGENTS,
    BY_KEY,
    BY_NAME,
    PEOPLE,
    TENANT_ISSUER,
    WITH_APPS,
    Agent,
    Quarter,
    dice,
    guid,
    iso,
    present,
)

Json = dict[str, Any]
SYSTEM = "00000000-0000-0000-0000-000000000000"
GRAPH = guid("microsoft graph in this tenant")
MAIL_READ = "810c84a8-4a9e-49e6-bf7d-12d183f40d01"
MAIL_SEND = "b633e1c5-b582-4048-a93e-9f11b44c7e96"
MAIL_WRITE = "e2a3a72e-5f79-4c64-b1b1-878b674786c9"
APPLICATION_ADMIN = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
STRANGER = "legacy-export"
"""A service principal that no list of agents has and that signs in all the same."""


def files(quarter: Quarter) -> dict[str, Any]:
    """Give each file by its place."""
    return {
        "inventory/entra/users.json": {"value": [_user(p, quarter) for p in PEOPLE]},
        "inventory/entra/registration.json": {"value": [_registration(p) for p in PEOPLE]},
        "inventory/entra/applications.json": {
            "value": [_application(a) for a in _known(quarter) if a.key not in suppliers.OUTSIDERS]
        },
        "inventory/entra/service-principals.json": {
            "value": [_principal(a, quarter) for a in _known(quarter)]
        },
        "inventory/entra/app-role-assignments.json": {"value": list(_rights(quarter))},
        "inventory/entra/role-schedules.json": {"value": list(_schedules())},
        "inventory/entra/access-reviews.json": {"value": [_review(quarter)]},
        "inventory/entra/activations.json": {"value": list(_activations(quarter))},
        "inventory/entra/package-requests.json": {"value": list(_packages(quarter))},
        "inventory/entra/activation-approvals.json": {
            "value": list(_activation_approvals(quarter))
        },
        "logs/entra/service-principal-sign-ins.jsonl.gz": list(_sign_ins(quarter)),
        "logs/entra/graph-activity.jsonl.gz": list(_graph(quarter)),
        **({"logs/entra/audit.json": list(_audits())} if quarter.is_second else {}),
    }


def _known(quarter: Quarter) -> list[Agent]:
    return [
        a for a in present(quarter) if a.host in ("eks", "kagent", "entra") or a.key in WITH_APPS
    ]


def _user(person: Any, quarter: Quarter) -> Json:
    has_left = bool(person.left) and person.left < iso(quarter.end)
    return {
        "id": person.oid,
        "userPrincipalName": person.mail,
        "displayName": person.name,
        "mail": person.mail,
        "jobTitle": person.title,
        "department": "",
        "userType": "Member",
        "accountEnabled": not has_left,
        "createdDateTime": "2021-03-01T08:00:00Z",
        "employeeHireDate": "2021-03-01T08:00:00Z",
        "employeeLeaveDateTime": person.left + "T16:00:00Z" if has_left else None,
        "proxyAddresses": ["SMTP:" + person.mail],
        "manager": {"@odata.type": "#microsoft.graph.user", "id": BY_NAME[person.manager].oid}
        if person.manager
        else None,
    }


def _registration(person: Any) -> Json:
    return {
        "id": person.oid,
        "userPrincipalName": person.mail,
        "userDisplayName": person.name,
        "isAdmin": person.title == "Platform lead",
        "isMfaCapable": person.name != "Pavel Novak",
        "isMfaRegistered": person.name != "Pavel Novak",
        "methodsRegistered": ["microsoftAuthenticatorPush"] if person.name != "Pavel Novak" else [],
    }


def _owners(agent: Agent) -> list[Json]:
    names = [agent.owner] if agent.in_cmdb else []
    return [
        {
            "@odata.type": "#microsoft.graph.user",
            "id": BY_NAME[n].oid,
            "userPrincipalName": BY_NAME[n].mail,
        }
        for n in names
    ]


def secret_id(agent: Agent) -> str:
    """Give the key id of an agent's client secret."""
    return guid("secret " + agent.key)


def _application(agent: Agent) -> Json:
    made: Json = {
        "@odata.type": "#microsoft.graph.application",
        "id": guid("application " + agent.key),
        "appId": agent.app_id,
        "displayName": agent.name,
        "createdDateTime": agent.since + "T09:00:00Z",
        "signInAudience": "AzureADMyOrg",
        "identifierUris": [f"api://{agent.app_id}"],
        "notes": agent.purpose if agent.in_cmdb else "",
        "tags": ["AI-Agent"],
        "passwordCredentials": [],
        "keyCredentials": [],
        "owners": _owners(agent),
    }
    if agent.host == "entra":
        # The secret of the candidate mailer was made for two years and never changed.
        start, end = (
            ("2025-02-03", "2027-02-03")
            if agent.key == "candidate-mailer"
            else ("2026-03-02", "2026-11-30")
        )
        made["passwordCredentials"] = [
            {"keyId": secret_id(agent), "displayName": "client", "hint": "inv", "secretText": None,
             "startDateTime": start + "T09:00:00Z", "endDateTime": end + "T09:00:00Z"}
        ]  # fmt: skip
    elif agent.host == "aws":
        made["keyCredentials"] = [
            {"keyId": guid("certificate " + agent.key), "displayName": "certificate", "type": "AsymmetricX509Cert", "usage": "Verify", "key": None,
             "startDateTime": "2026-06-02T09:00:00Z", "endDateTime": "2026-12-02T09:00:00Z"}
        ]  # fmt: skip
    else:
        issuer, subject = (
            (TENANT_ISSUER, agent.account)
            if agent.host in ("eks", "kagent")
            else (
                "https://token.actions.githubusercontent.com",
                f"repo:{agent.repository}:ref:refs/heads/main",
            )
        )
        made["federatedIdentityCredentials"] = [
            {"id": guid("federation " + agent.key), "name": "cluster", "issuer": issuer, "subject": subject,
             "audiences": ["api://AzureADTokenExchange"]}
        ]  # fmt: skip
    return made


def _principal(agent: Agent, quarter: Quarter) -> Json:
    return {
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "id": agent.sp_id,
        "appId": agent.app_id,
        "displayName": agent.name,
        "accountEnabled": True,
        "createdDateTime": agent.since + "T09:01:00Z",
        "servicePrincipalType": "Application",
        **suppliers.owner_of(agent.key),
        "servicePrincipalNames": [agent.app_id, f"api://{agent.app_id}"],
        "tags": ["AI-Agent", "HideApp"],
        # Of an application of others the secret is kept here.
        "passwordCredentials": _application(agent)["passwordCredentials"]
        if agent.key in suppliers.OUTSIDERS
        else [],
        "keyCredentials": [],
        "owners": _owners(agent),
    }


def _right(agent: Agent, role: str, made: str, resource: str = "Microsoft Graph") -> Json:
    return {
        "id": guid(f"right {agent.key} {role}"),
        "appRoleId": role,
        "createdDateTime": made,
        "principalDisplayName": agent.name,
        "principalId": agent.sp_id,
        "principalType": "ServicePrincipal",
        "resourceDisplayName": resource,
        "resourceId": GRAPH if resource == "Microsoft Graph" else guid("sp " + resource),
    }


def _rights(quarter: Quarter) -> Iterator[Json]:
    for agent in _known(quarter):
        if agent.host != "entra":
            yield _right(
                agent, guid("role call the gateway"), agent.since + "T09:30:00Z", "LiteLLM gateway"
            )
    yield _right(BY_KEY["candidate-mailer"], MAIL_SEND, "2026-01-12T10:00:00Z")
    yield _right(BY_KEY["candidate-mailer"], MAIL_READ, "2026-01-12T10:00:00Z")
    yield _right(BY_KEY["tender-watch"], MAIL_READ, "2026-01-12T10:00:00Z")
    if quarter.is_second:
        yield _right(BY_KEY["candidate-mailer"], MAIL_WRITE, "2026-08-05T13:20:00Z")


def _schedules() -> Iterator[Json]:
    """Give two assignments of one role: the tender watch holds it for good, Henrik must activate it."""
    yield {
        "id": guid("schedule tender"),
        "principalId": BY_KEY["tender-watch"].sp_id,
        "roleDefinitionId": APPLICATION_ADMIN,
        "directoryScopeId": "/",
        "assignmentType": "Assigned",
        "memberType": "Direct",
        "startDateTime": "2026-02-02T09:00:00Z",
        "endDateTime": None,
        "roleAssignmentScheduleId": guid("schedule tender"),
    }
    yield {
        "id": guid("schedule henrik"),
        "principalId": BY_NAME["Henrik Aalto"].oid,
        "roleDefinitionId": APPLICATION_ADMIN,
        "directoryScopeId": "/",
        "memberType": "Direct",
        "startDateTime": "2026-01-05T09:00:00Z",
        "endDateTime": "2026-12-31T09:00:00Z",
        "roleEligibilityScheduleId": guid("eligibility henrik"),
    }


def _activation_days(quarter: Quarter) -> list[datetime]:
    return [quarter.begin + timedelta(days=d, hours=8) for d in (9, 31, 52, 77)]


def _activations(quarter: Quarter) -> Iterator[Json]:
    for day in _activation_days(quarter):
        name = guid("activation " + iso(day))
        yield {
            "id": name,
            "status": "Provisioned",
            "createdDateTime": iso(day),
            "completedDateTime": iso(day + timedelta(minutes=25)),
            "approvalId": name,
            "action": "selfActivate",
            "principalId": BY_NAME["Henrik Aalto"].oid,
            "roleDefinitionId": APPLICATION_ADMIN,
            "directoryScopeId": "/",
            "isValidationOnly": False,
            "createdBy": {"user": {"id": BY_NAME["Henrik Aalto"].oid}},
            "scheduleInfo": {
                "startDateTime": iso(day + timedelta(minutes=25)),
                "expiration": {"type": "afterDuration", "duration": "PT4H"},
            },
        }


def _activation_approvals(quarter: Quarter) -> Iterator[Json]:
    tomas = BY_NAME["Tomas Vidal"]
    asked = quarter.begin + timedelta(days=15, hours=9)
    yield {
        "id": guid("package " + quarter.id),
        "stages": [
            {"id": guid("stage " + quarter.id), "reviewedDateTime": iso(asked + timedelta(hours=6)), "reviewResult": "Approve", "status": "Completed",
             "reviewedBy": {"id": tomas.oid, "userPrincipalName": tomas.mail}}
        ],
    }  # fmt: skip
    for day in _activation_days(quarter):
        yield {
            "id": guid("activation " + iso(day)),
            "steps": [
                {"id": guid("step " + iso(day)), "reviewedDateTime": iso(day + timedelta(minutes=24)), "reviewResult": "Approve",
                 "status": "Completed", "reviewedBy": {"id": tomas.oid, "userPrincipalName": tomas.mail}}
            ],
        }  # fmt: skip


def _packages(quarter: Quarter) -> Iterator[Json]:
    """Give a request for the package of rights that release engineers get."""
    noah = BY_NAME["Noah Brandt"]
    asked = quarter.begin + timedelta(days=15, hours=9)
    yield {
        "id": guid("package " + quarter.id),
        "requestType": "userAdd",
        "state": "delivered",
        "status": "Delivered",
        "createdDateTime": iso(asked),
        "completedDateTime": iso(asked + timedelta(hours=7)),
        "requestor": {
            "id": guid("requestor noah"),
            "objectId": noah.oid,
            "displayName": noah.name,
            "subjectType": "user",
        },
        "accessPackage": {"id": guid("package release"), "displayName": "Release engineering"},
        "schedule": {
            "startDateTime": iso(asked + timedelta(hours=7)),
            "expiration": {"type": "afterDuration", "duration": "P90D"},
        },
    }


def _review(quarter: Quarter) -> Json:
    """Give the review of the quarter; what it took from the candidate mailer was applied by nobody."""
    instance = guid("review " + quarter.id)
    begin, due = quarter.begin + timedelta(days=35), quarter.begin + timedelta(days=49)
    decisions = []
    for agent in _known(quarter):
        if not agent.in_cmdb or agent.retired:
            continue
        if agent.key == "contract-drafter":
            decisions.append(_unreviewed(agent, quarter, instance))
            continue
        denied = agent.key == "candidate-mailer"
        reviewer = BY_NAME["Tomas Vidal" if agent.owner == "Daniel Okoye" else agent.deputy]
        decisions.append(
            {
                "id": guid(f"decision {quarter.id} {agent.key}"),
                "accessReviewId": instance,
                "reviewedDateTime": iso(begin + timedelta(days=6, minutes=len(decisions) * 7)),
                "decision": "Deny" if denied else "Approve",
                "appliedDateTime": None if denied else iso(due),
                "applyResult": "New" if denied else "AppliedSuccessfully",
                "recommendation": "Approve",
                "resource": {"id": GRAPH, "displayName": "Microsoft Graph" if agent.host == "entra" else "LiteLLM gateway", "type": "servicePrincipal"},
                "reviewedBy": {"id": reviewer.oid, "displayName": reviewer.name, "userPrincipalName": reviewer.mail},
                "appliedBy": {"id": SYSTEM, "displayName": "", "userPrincipalName": ""},
                "principal": {"@odata.type": "#microsoft.graph.servicePrincipalIdentity", "id": agent.sp_id, "displayName": agent.name,
                              "appId": agent.app_id},
            }
        )  # fmt: skip
    return {
        "id": guid("review of agents"),
        "displayName": "Agents, each quarter",
        "status": "InProgress",
        "reviewers": [],
        "settings": {
            "mailNotificationsEnabled": True,
            "defaultDecision": "None",
            "autoApplyDecisionsEnabled": False,
            "instanceDurationInDays": 14,
            "recurrence": {"pattern": {"type": "absoluteMonthly", "interval": 3}, "range": {"type": "noEnd", "startDate": "2026-02-05"}},
        },
        "instances": [
            {"id": instance, "startDateTime": iso(begin), "endDateTime": iso(due), "status": "Completed", "decisions": decisions}
        ],
    }  # fmt: skip


def _unreviewed(agent: Agent, quarter: Quarter, instance: str) -> Json:
    """Give an item that nobody decided until the review was over."""
    nobody = {"id": SYSTEM, "displayName": "", "userPrincipalName": ""}
    return {
        "id": guid(f"decision {quarter.id} {agent.key}"),
        "accessReviewId": instance,
        "reviewedDateTime": None,
        "decision": "NotReviewed",
        "appliedDateTime": None,
        "applyResult": "New",
        "recommendation": "Approve",
        "resource": {"id": GRAPH, "displayName": "LiteLLM gateway", "type": "servicePrincipal"},
        "reviewedBy": nobody,
        "appliedBy": nobody,
        "principal": {"@odata.type": "#microsoft.graph.servicePrincipalIdentity", "id": agent.sp_id, "displayName": agent.name,
                      "appId": agent.app_id},
    }  # fmt: skip


def _sign_in(moment: datetime, app: str, principal: str, key: str, address: str) -> Json:
    return {
        "TimeGenerated": iso(moment),
        "Type": "AADServicePrincipalSignInLogs",
        "Category": "ServicePrincipalSignInLogs",
        "OperationName": "Sign-in activity",
        "ResultType": "0",
        "AppId": app,
        "ServicePrincipalId": principal,
        "IPAddress": address,
        "Id": guid(f"sign-in {app} {iso(moment)}"),
        "CorrelationId": guid(f"correlation {app} {iso(moment)}"),
        "ResourceDisplayName": "Microsoft Graph",
        "ServicePrincipalCredentialKeyId": key,
    }


def _sign_ins(quarter: Quarter) -> Iterator[Json]:
    for day in quarter.days():
        for agent in (a for a in AGENTS if a.host == "entra"):
            yield _sign_in(day + timedelta(hours=5, minutes=dice(agent.key, iso(day)).randint(0, 20)), agent.app_id, agent.sp_id,
                           secret_id(agent), "198.51.100.20")  # fmt: skip
        if quarter.is_second and day >= datetime(2026, 8, 3) and day.weekday() < 5:
            yield _sign_in(
                day + timedelta(hours=23),
                guid("app " + STRANGER),
                guid("sp " + STRANGER),
                guid("secret " + STRANGER),
                "203.0.113.77",
            )


def _call(agent: Agent, moment: datetime, method: str, path: str, status: int = 200) -> Json:
    return {
        "TimeGenerated": iso(moment),
        "Type": "MicrosoftGraphActivityLogs",
        "RequestId": guid(f"graph {agent.key} {iso(moment)} {path}"),
        "OperationId": guid(f"graph {agent.key} {iso(moment)} {path}"),
        "ApiVersion": "v1.0",
        "RequestMethod": method,
        "ResponseStatusCode": status,
        "IPAddress": "198.51.100.20",
        "UserAgent": "brightwater-agents/1.0",
        "RequestUri": "https://graph.microsoft.com/v1.0" + path,
        "AppId": agent.app_id,
        "ServicePrincipalId": agent.sp_id,
        "SignInActivityId": guid(f"token {agent.key} {moment:%Y-%m-%d}"),
    }


def _graph(quarter: Quarter) -> Iterator[Json]:
    mailer, watch = BY_KEY["candidate-mailer"], BY_KEY["tender-watch"]
    for day in quarter.days():
        for hour in (6, 12):
            start = day + timedelta(
                hours=hour, minutes=dice("graph", iso(day), str(hour)).randint(1, 50)
            )
            yield _call(watch, start, "GET", "/users/tenders@brightwater.example.com/messages")
            yield _call(
                mailer,
                start + timedelta(minutes=2),
                "GET",
                "/users/careers@brightwater.example.com/messages",
            )
            yield _call(
                mailer,
                start + timedelta(minutes=3),
                "POST",
                "/users/careers@brightwater.example.com/sendMail",
            )


def _audits() -> Iterator[Json]:
    henrik = BY_NAME["Henrik Aalto"]
    yield {
        "TimeGenerated": "2026-08-05T13:20:00Z",
        "Type": "AuditLogs",
        "OperationName": "Add app role assignment to service principal",
        "ActivityDisplayName": "Add app role assignment to service principal",
        "ActivityDateTime": "2026-08-05T13:20:00Z",
        "Category": "ApplicationManagement",
        "Result": "success",
        "Id": "Directory_" + guid("audit right"),
        "InitiatedBy": {"user": {"id": henrik.oid, "userPrincipalName": henrik.mail}},
        "TargetResources": [
            {"id": GRAPH, "displayName": "Microsoft Graph", "type": "ServicePrincipal", "modifiedProperties": [
                {"displayName": "AppRole.Value", "oldValue": None, "newValue": "\"Mail.ReadWrite\""},
                {"displayName": "ServicePrincipal.ObjectID", "oldValue": None, "newValue": f"\"{BY_KEY['candidate-mailer'].sp_id}\""},
            ]},
            {"id": BY_KEY["candidate-mailer"].sp_id, "displayName": "Candidate mailer agent", "type": "ServicePrincipal"},
        ],
        "LoggedByService": "Core Directory",
    }  # fmt: skip
