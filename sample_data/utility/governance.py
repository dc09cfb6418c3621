"""What governs the agents: rules that the toolkit enforces, the inventory of AI systems with its mapping, permissions to data and their
classes, settings of logs, drills, scans for secrets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from utility.cast import (
    ACCOUNT,
    BY_NAME,
    DELETE,
    GOVERNED,
    READ,
    REGION,
    Agent,
    Quarter,
    guid,
    hexid,
    iso,
    present,
)

Json = dict[str, Any]
LOOSE = ("invoice-matcher", "contract-drafter")
"""Agents whose rules only audit."""
AUTONOMY = {"high": "3 - acts, is reviewed later", "medium": "2 - acts within limits"}
CLASSES = {
    "bw-bills": "Confidential",
    "bw-contracts": "Confidential",
    "bw-invoices": "Confidential",
    "bw-tariffs": "Public",
    "bw-district-flow": "Internal",
}
NO_CLASS = "bw-pumps"
SUBSCRIPTION = "/subscriptions/" + guid("subscription")
WORKSPACE = (
    SUBSCRIPTION + "/resourceGroups/logs/providers/Microsoft.OperationalInsights/workspaces/bw-logs"
)
STORAGE = (
    SUBSCRIPTION + "/resourceGroups/logs/providers/Microsoft.Storage/storageAccounts/bwlogarchive"
)
MAPPING = """\
map: map-ai-systems
headings: [CMDB ID, Name, Stage, Business Owner, Autonomy, Autonomy Approved By, Used Outside The Team, Memory, Memory Retention Days, Memory Written By, Memory Writes Checked, Tools Listed, Data Listed, Execution Contexts Listed, Vendor Hosted, Prompt Version, Stopped By, Stopped By Whom, Last Stop Drill, Minutes To Silence]
kind: agent
columns:
  actor_id: CMDB ID
  name: Name
  state: {from: Stage, values: {In use: active, Retired: retired}}
  owner_id: Business Owner
  autonomy: {from: Autonomy, values: {0 - proposes: 0, 1 - asks first: 1, 2 - acts within limits: 2, "3 - acts, is reviewed later": 3}}
  autonomy_approved_by: Autonomy Approved By
  user_facing: {from: Used Outside The Team, values: {Yes: 'true', No: 'false'}}
  memory_scope: {from: Memory, values: {None: none, Session: session, Own: agent}}
  memory_ttl_days: Memory Retention Days
  memory_sources: Memory Written By
  memory_write_check: {from: Memory Writes Checked, values: {Yes: 'true', No: 'false'}}
  tools_listed: {from: Tools Listed, values: {Yes: 'true', No: 'false'}}
  data_listed: {from: Data Listed, values: {Yes: 'true', No: 'false'}}
  contexts_listed: {from: Execution Contexts Listed, values: {Yes: 'true', No: 'false'}}
  vendor_hosted: {from: Vendor Hosted, values: {Yes: 'true', No: 'false'}}
  prompt_version: Prompt Version
  kill_switch: Stopped By
  kill_switch_owner: Stopped By Whom
  kill_switch_tested_at: Last Stop Drill
  kill_switch_minutes: Minutes To Silence
"""


def files(quarter: Quarter) -> dict[str, Any]:
    """Give each file by its place."""
    listed = [a for a in present(quarter) if a.in_cmdb]
    live = [a for a in listed if not (a.retired and quarter.is_second)]
    made: dict[str, Any] = {
        "inventory/ai-systems/ai-systems.csv": [_system(a, quarter) for a in listed],
        "mappings/ai-systems.yml": MAPPING,
        "inventory/aws/access-grants.json": {"AccessGrantsList": list(_grants(quarter))},
        "inventory/aws/resource-tags.json": {"PaginationToken": "", "ResourceTagMappingList": [_tags(b) for b in _buckets(quarter)]},
        "inventory/aws/eks-cluster.json": {"cluster": {"name": "agents", "arn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/agents", "version": "1.33",
            "logging": {"clusterLogging": [{"types": ["api", "audit"], "enabled": True}, {"types": ["scheduler"], "enabled": False}]}, "status": "ACTIVE"}},
        "inventory/aws/runbook-executions.json": {"AutomationExecutionMetadataList": [_drill(a, quarter) for a in live if a.host != "entra" and a.key != "schema-migrator"]},
        "inventory/azure/diagnostic-settings.json": {"value": [_diagnostics()]},
        "inventory/azure/workspace.json": [{"id": WORKSPACE, "name": "bw-logs", "location": "westeurope", "retentionInDays": 400}],
        "inventory/azure/containers.json": [_container(c) for c in CATEGORIES],
        "logs/otel/agents.jsonl.gz": list(_spans(quarter)),
        "inventory/github/secret-scans.jsonl": [_scan(a, quarter) for a in live if a.host in ("eks", "entra")],
    }  # fmt: skip
    coders = [a for a in live if a.host == "claude"]
    made["inventory/sailpoint/certifications.json"] = [_certification(quarter, len(coders))]
    made["inventory/sailpoint/items.jsonl"] = [_certified(a, quarter) for a in coders]
    for agent in live:
        if agent.host in ("eks", "kagent", "aws", "entra"):
            made[f"inventory/agt/{agent.key}.yaml"] = _rules(agent, quarter)
    return made


def _rules(agent: Agent, quarter: Quarter) -> str:
    """Give the rules that the toolkit loads with an agent; what none allows it denies, unless it only audits."""
    loose = agent.key in LOOSE
    lines = [
        'version: "1.0"',
        f"name: {agent.key}",
        f"agent_id: {agent.sys_id}",
        f"mode: {'audit' if loose else 'enforce'}",
        "rules:",
        "  - name: nothing-restricted-leaves",
        "    condition: {field: classification, operator: eq, value: restricted}",
        "    action: deny",
    ]
    for tool in agent.tools_at(quarter.end):
        asks = tool.effect == DELETE or (tool.effect != READ and tool.outbound)
        lines += [
            f"  - name: {tool.name.replace('_', '-')}",
            f"    condition: {{field: tool_name, operator: eq, value: {tool.name}}}",
            f"    action: {'require_approval' if asks and not loose else 'allow'}",
        ]
    return "\n".join([*lines, "defaults:", f"  action: {'allow' if loose else 'deny'}", ""])


def _autonomy(agent: Agent) -> str:
    if agent.key == "release-notes":
        return "0 - proposes"
    if agent.host in ("entra", "claude", "client") or any(t.effect != READ for t in agent.tools):
        return AUTONOMY["high" if agent.risk == "high" else "medium"]
    return "1 - asks first"


def _system(agent: Agent, quarter: Quarter) -> Json:
    retired = bool(agent.retired) and quarter.is_second
    kept = agent.key in ("billing-dispute", "outage-summary", "schema-migrator")
    return {
        "CMDB ID": agent.sys_id,
        "Name": agent.name,
        "Stage": "Retired" if retired else "In use",
        "Business Owner": BY_NAME[agent.owner].mail,
        "Autonomy": _autonomy(agent),
        "Autonomy Approved By": "" if agent.key in ("pipeline-fixer", "contract-drafter") else BY_NAME["Tomas Vidal"].mail,
        "Used Outside The Team": "Yes" if agent.key in ("billing-dispute", "candidate-mailer", "tariff-helper") else "No",
        "Memory": "Own" if kept else "Session",
        "Memory Retention Days": "30" if kept else "0",
        "Memory Written By": "its own cases" if kept and agent.key != "schema-migrator" else "",
        "Memory Writes Checked": "Yes" if kept and agent.key != "schema-migrator" else "No",
        "Tools Listed": "Yes",
        "Data Listed": "No" if agent.key == "tender-watch" else "Yes",
        "Execution Contexts Listed": "Yes",
        "Vendor Hosted": "No",
        "Prompt Version": "" if agent.key == "contract-drafter" else f"{hexid(f'prompt {agent.key} {quarter.id}', 12)}",
        **_silence(agent, quarter, retired),
    }  # fmt: skip


def _silence(agent: Agent, quarter: Quarter, retired: bool) -> Json:
    """Give how long an agent went on after it was told to stop, as those who watched the drill noted; of the
    schema migrator no drill is on record, and that of the invoice matcher failed.
    """
    if retired or agent.key in ("schema-migrator", "invoice-matcher"):
        return {
            "Stopped By": "",
            "Stopped By Whom": "",
            "Last Stop Drill": "",
            "Minutes To Silence": "",
        }
    minutes = 95 if agent.key == "billing-dispute" else 3 + len(agent.key) % 7
    day = quarter.begin + timedelta(days=25)
    by_hand = agent.host == "entra"
    return {
        "Stopped By": "the application is disabled" if by_hand else "",
        "Stopped By Whom": BY_NAME["Mila Petrov"].mail if by_hand else "",
        "Last Stop Drill": f"{day:%Y-%m-%d}" if by_hand else "",
        "Minutes To Silence": str(minutes),
    }


def _buckets(quarter: Quarter) -> list[str]:
    return sorted({a.bucket for a in present(quarter) if a.bucket} - {NO_CLASS})


def _tags(bucket: str) -> Json:
    return {
        "ResourceARN": f"arn:aws:s3:::{bucket}",
        "Tags": [
            {"Key": "data-classification", "Value": CLASSES.get(bucket, "Internal")},
            {"Key": "environment", "Value": "production"},
        ],
    }


def _grants(quarter: Quarter) -> Iterator[Json]:
    for agent in present(quarter):
        if not agent.bucket or not agent.in_cmdb or (agent.retired and quarter.is_second):
            continue
        number = hexid("grant " + agent.key, 16)
        yield {
            "CreatedAt": agent.since + "T09:06:00+00:00",
            "AccessGrantId": number,
            "AccessGrantArn": f"arn:aws:s3:{REGION}:{ACCOUNT}:access-grants/default/grant/{number}",
            "Grantee": {"GranteeType": "IAM", "GranteeIdentifier": agent.role},
            "Permission": "READWRITE",
            "AccessGrantsLocationId": "default",
            "GrantScope": f"s3://{agent.bucket}/*",
        }


def _drill(agent: Agent, quarter: Quarter) -> Json:
    """Give the last run of the runbook that stops an agent; that of the invoice matcher failed."""
    start = quarter.begin + timedelta(days=25, hours=13)
    failed = agent.key == "invoice-matcher"
    return {
        "AutomationExecutionId": guid(f"drill {quarter.id} {agent.key}"),
        "DocumentName": "StopAgent",
        "DocumentVersion": "4",
        "AutomationExecutionStatus": "Failed" if failed else "Success",
        "ExecutionStartTime": iso(start),
        "ExecutionEndTime": iso(start + timedelta(minutes=2)),
        "ExecutedBy": f"arn:aws:sts::{ACCOUNT}:assumed-role/on-call/henrik.aalto",
        "Mode": "Auto",
        "Target": agent.sys_id,
        "AutomationType": "Local",
    }


CATEGORIES = (
    "AuditLogs",
    "SignInLogs",
    "ServicePrincipalSignInLogs",
    "MicrosoftGraphActivityLogs",
)


def _container(category: str) -> Json:
    name = "insights-logs-" + category.lower()
    return {
        "id": f"{STORAGE}/blobServices/default/containers/{name}",
        "name": name,
        "hasImmutabilityPolicy": True,
        "immutabilityPolicy": {"state": "Locked", "immutabilityPeriodSinceCreationInDays": 400},
    }


def _spans(quarter: Quarter) -> Iterator[Json]:
    """Give a span a week of each agent that the collector sees, some each day; it tells where they run."""
    hosts = ("eks", "aws", "entra")
    seen = [a for a in present(quarter) if a.host in hosts and a.in_cmdb and not a.retired]
    for day in quarter.days():
        for place, agent in enumerate(seen):
            if day.day != place + 4 if agent.key in GOVERNED else day.weekday() != place % 7:
                continue
            start = day + timedelta(hours=8, minutes=30)
            yield {
                "Timestamp": f"{start:%Y-%m-%d %H:%M:%S}.000000000",
                "TraceId": hexid(f"trace {agent.key} {iso(start)}", 32),
                "SpanId": hexid(f"span {agent.key} {iso(start)}", 16),
                "ParentSpanId": "",
                "SpanName": "invoke_agent " + agent.key,
                "SpanKind": "Internal",
                "ServiceName": "agents",
                "ResourceAttributes": {"service.name": "agents", "deployment.environment": agent.environment.lower()},
                "SpanAttributes": {
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.agent.id": agent.gateway_id,
                    "gen_ai.agent.name": agent.key,
                    "gen_ai.conversation.id": guid(f"session {agent.key} {iso(day)}"),
                    "enduser.id": BY_NAME[agent.owner].mail,
                },
                "Duration": 900000000,
                "StatusCode": "Ok",
            }  # fmt: skip


def _diagnostics() -> Json:
    return {
        "id": "/providers/microsoft.aadiam/diagnosticSettings/to-workspace",
        "name": "to-workspace",
        "properties": {
            "workspaceId": WORKSPACE,
            "storageAccountId": STORAGE,
            "logs": [{"category": c, "categoryGroup": None, "enabled": True} for c in CATEGORIES],
        },
    }


def _certification(quarter: Quarter, items: int) -> Json:
    """Give the quarter's review of the accounts with which agents write code."""
    name = f"Accounts of coding agents, {quarter.id}"
    return {
        "id": guid(f"certification {quarter.id}"),
        "name": name,
        "campaign": {"id": guid(f"campaign {quarter.id}"), "name": name, "type": "CAMPAIGN", "campaignType": "MACHINE_ACCOUNT"},
        "completed": True,
        "identitiesCompleted": items,
        "identitiesTotal": items,
        "created": iso(quarter.begin + timedelta(days=10)),
        "modified": iso(quarter.begin + timedelta(days=21)),
        "decisionsMade": items,
        "decisionsTotal": items,
        "due": iso(quarter.begin + timedelta(days=30)),
        "signed": iso(quarter.begin + timedelta(days=21)),
        "reviewer": {"type": "IDENTITY", "id": guid("identity Henrik Aalto"), "name": "Henrik Aalto", "email": BY_NAME["Henrik Aalto"].mail},
        "hasErrors": False,
        "phase": "SIGNED",
    }  # fmt: skip


def _certified(agent: Agent, quarter: Quarter) -> Json:
    access = {"id": guid(f"entitlement {agent.key}"), "name": f"{agent.repository}: write"}
    return {
        "id": guid(f"review item {agent.key} {quarter.id}"),
        "completed": True,
        "newAccess": False,
        "decision": "APPROVE",
        "comments": "",
        "identitySummary": {"id": guid(f"summary {agent.key}"), "name": agent.key, "identityId": guid(f"sailpoint {agent.key}"), "completed": True},
        "accessSummary": {
            "access": {"type": "ENTITLEMENT", **access},
            "entitlement": {**access, "privileged": False, "sourceName": "GitHub", "account": {"nativeIdentity": agent.identity, "disabled": False}},
            "accessProfile": None,
            "role": None,
        },
        "certificationId": guid(f"certification {quarter.id}"),
    }  # fmt: skip


def _scan(agent: Agent, quarter: Quarter) -> Json:
    done = quarter.end - timedelta(days=2, hours=20)
    return {
        "repository": agent.repository,
        "incremental_scans": [{"type": "git", "status": "completed", "completed_at": iso(done)}],
        "backfill_scans": [
            {"type": "git", "status": "completed", "started_at": "2026-01-20T08:00:00Z", "completed_at": "2026-01-20T08:04:00Z"}
        ],
        "pattern_update_scans": [],
        "custom_pattern_backfill_scans": [],
    }  # fmt: skip
