"""What the company knows of those who supply it: vendors with their assessments in ServiceNow, the list of approved servers in AgentCore,
signatures that cosign verified, and which tenant stands behind an application of others."""

from __future__ import annotations

import json
from typing import Any

from utility.cast import ACCOUNT, BY_NAME, REGION, Quarter, guid, hexid

Json = dict[str, Any]
OUTSIDERS = {"tender-watch": "Bidscout", "candidate-mailer": "Talentloop"}
"""Agents that are applications of other companies."""
VENDORS = (
    ("Bidscout", "Greta Lind", "bidscout.example", True),
    ("Kartograph", "Sofia Reyes", "kartograph.example", True),
    ("Ledgerly", "Greta Lind", "ledgerly.example", False),
    ("Northgate Pumps", "Anna Kovac", "northgate-pumps.example", False),
)
"""Name, who answers, domain, and whether the register has its tenant. Talentloop is missing."""
ASSESSMENTS = (
    ("Bidscout", "Closed", "2025-10-20", "2026-08-31"),
    ("Kartograph", "Closed", "2026-02-10", "2027-02-10"),
    ("Ledgerly", "Submitted to third party", "", ""),
    ("Northgate Pumps", "Closed", "2025-11-03", "2026-11-03"),
)
"""Vendor, state, day of its end, until when its rating counts. That of Bidscout ran out in August, and the next has not begun."""
REGISTRY = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:registry/bwservers0001"
IMAGE = "ghcr.io/brightwater/meter-mcp"
DIGEST = hexid("image of meter-mcp", 64)
SIGNER = "https://github.com/brightwater/meter-mcp/.github/workflows/release.yml@refs/tags/v2.1.0"


def files(quarter: Quarter) -> dict[str, Any]:
    """Give each file by its place."""
    return {
        "inventory/suppliers/servicenow-companies.json": {
            "result": [_company(*v) for v in VENDORS]
        },
        "inventory/suppliers/servicenow-assessments.json": {
            "result": [_assessment(n, *a) for n, a in enumerate(ASSESSMENTS, 1)]
        },
        "inventory/suppliers/registry.json": _registry(),
        "inventory/suppliers/registry-records.json": [_record(*r) for r in _servers_listed()],
        "inventory/suppliers/signature.json": [_signature()],
    }


def owner_of(key: str) -> Json:
    """Give what the directory says of whose application an agent is."""
    vendor = OUTSIDERS.get(key, "")
    return {
        "appOwnerOrganizationId": guid("tenant" + (" of " + vendor if vendor else "")),
        "signInAudience": "AzureADMultipleOrgs" if vendor else "AzureADMyOrg",
        "verifiedPublisher": {
            "displayName": vendor or None,
            "verifiedPublisherId": "6" + hexid("publisher " + vendor, 6) if vendor else None,
        },
    }


def servers(quarter: Quarter) -> Json:
    """Give the servers that Claude Code starts from packages: after a hasty upgrade one is not the approved version."""
    version = "2.0.1" if quarter.is_second else "2.0.0"
    return {
        "assets": {"command": "npx", "args": ["-y", "@brightwater/asset-mcp@1.3.2"]},
        "maps": {"command": "npx", "args": ["-y", f"@kartograph/maps-mcp@{version}"]},
        "meters": {
            "command": "docker",
            "args": ["run", "-i", "--rm", f"{IMAGE}@sha256:{DIGEST}"],
        },
    }


def _told(value: str, shown: str = "") -> Json:
    return {"value": value, "display_value": shown or value}


def _company(name: str, manager: str, domain: str, has_tenant: bool) -> Json:
    return {
        "sys_id": _told(hexid("company " + name, 32)),
        "sys_class_name": _told("core_company", "Company"),
        "name": _told(name),
        "vendor": _told("true"),
        "manufacturer": _told("false"),
        "customer": _told("false"),
        "website": _told("https://www." + domain),
        "vendor_manager": _told(BY_NAME[manager].sys_id, manager),
        "u_entra_tenant": _told(guid("tenant of " + name) if has_tenant else ""),
    }


def _assessment(number: int, name: str, state: str, ended: str, valid_to: str) -> Json:
    return {
        "sys_id": _told(hexid(f"third-party assessment {number}", 32)),
        "sys_class_name": _told("sn_vdr_risk_asmt_assessment", "Third-party risk assessment"),
        "number": _told(f"VRA000{1000 + number}"),
        "vendor": _told(hexid("company " + name, 32), name),
        "state": _told("3" if ended else "2", state),
        "work_end": _told(ended + " 14:00:00" if ended else ""),
        "risk_rating_valid_to": _told(valid_to),
    }


def _registry() -> Json:
    return {
        "registryArn": REGISTRY,
        "registryId": "bwservers0001",
        "name": "approved-servers",
        "authorizerType": "AWS_IAM",
        "approvalConfiguration": {"autoApproval": False},
        "status": "READY",
        "createdAt": "2026-01-15T09:00:00Z",
        "updatedAt": "2026-01-15T09:00:00Z",
    }


def _servers_listed() -> list[tuple[str, str, Json]]:
    npm = (
        ("@brightwater/asset-mcp", "1.3.2", "APPROVED"),
        ("@kartograph/maps-mcp", "2.0.0", "APPROVED"),
        ("diagram-mcp", "0.9.4", "DRAFT"),
    )
    listed = [
        (name, state, {"version": version, "packages": [
            {"registryType": "npm", "identifier": name, "version": version, "fileSha256": hexid(f"file of {name} {version}", 64),
             "transport": {"type": "stdio"}}
        ]})
        for name, version, state in npm
    ]  # fmt: skip
    image = {"registryType": "oci", "identifier": f"{IMAGE}@sha256:{DIGEST}", "transport": {"type": "stdio"}}  # fmt: skip
    tickets = {"type": "streamable-http", "url": "https://tickets-mcp.brightwater.example.com/mcp"}
    return [
        *listed,
        ("meter-mcp", "APPROVED", {"version": "2.1.0", "packages": [image]}),
        ("tickets-mcp", "APPROVED", {"version": "1.0.0", "remotes": [tickets]}),
    ]


def _record(name: str, state: str, server: Json) -> Json:
    record = hexid("record " + name, 12)
    return {
        "registryArn": REGISTRY,
        "recordArn": f"{REGISTRY}/record/{record}",
        "recordId": record,
        "name": name.rpartition("/")[2],
        "descriptorType": "MCP",
        "descriptors": {
            "mcp": {"server": {"schemaVersion": "2025-10-17", "inlineContent": json.dumps(
                {"name": "com.example.brightwater/" + name.rpartition("/")[2], **server})}}
        },
        "recordVersion": server["version"],
        "status": state,
        "createdAt": "2026-02-02T09:00:00Z",
        "updatedAt": "2026-02-20T09:00:00Z",
    }  # fmt: skip


def _signature() -> Json:
    return {
        "critical": {
            "identity": {"docker-reference": IMAGE},
            "image": {"docker-manifest-digest": "sha256:" + DIGEST},
            "type": "cosign container image signature",
        },
        "optional": {
            "Issuer": "https://token.actions.githubusercontent.com",
            "Subject": SIGNER,
            "githubWorkflowRef": "refs/tags/v2.1.0",
        },
    }
