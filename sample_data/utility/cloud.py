"""What the cloud account exports: identities and rights, trails, findings, secrets, how logs are kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from utility.cast import (
    ACCOUNT,
    BY_KEY,
    REGION,
    WITH_ROLES,
    Agent,
    Quarter,
    dice,
    guid,
    hexid,
    iso,
    present,
)

Json = dict[str, Any]
BUCKET = "bw-cloudtrail-archive"


def files(quarter: Quarter) -> dict[str, Any]:
    """Give each file by its place."""
    made: dict[str, Any] = {
        "inventory/aws/account-authorization-details.json": _details(quarter),
        "inventory/aws/credential-report.csv": _credentials(),
        "inventory/aws/secrets.json": {"SecretList": [*_secrets(), *_gateway_keys(quarter)]},
        "inventory/aws/bedrock-agent.json": _bedrock(),
        "inventory/aws/bedrock-knowledge-base.json": _knowledge_base(),
        "inventory/aws/trails.json": {"trailList": [_trail()]},
        "inventory/aws/object-lock.jsonl": [
            {"Bucket": BUCKET, "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": {
                "DefaultRetention": {"Mode": "COMPLIANCE", "Days": 400}}}}
        ],
        "inventory/aws/bucket-policy.json": {"Bucket": BUCKET, "Policy": _bucket_policy()},
        "inventory/aws/log-groups.json": {"logGroups": [
            {"logGroupName": "/aws/eks/agents/cluster", "creationTime": 1750000000000, "retentionInDays": 400,
             "arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/eks/agents/cluster:*", "storedBytes": 12}
        ]},
    }  # fmt: skip
    trail = sorted(_events(quarter), key=lambda e: (e["eventTime"], e["eventID"]))
    for month in sorted({e["eventTime"][:7] for e in trail}):
        name = f"logs/cloudtrail/{ACCOUNT}_CloudTrail_{REGION}_{month.replace('-', '')}.json.gz"
        made[name] = {"Records": [e for e in trail if e["eventTime"].startswith(month)]}
    if quarter.is_second:
        made["logs/guardduty.json"] = {"Findings": [_finding()]}
    return made


def _has_role(agent: Agent) -> bool:
    return agent.host in ("eks", "kagent", "aws") or agent.key in WITH_ROLES


def _statement(actions: list[str], resources: list[str] | str) -> Json:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _policy(agent: Agent) -> Json:
    if agent.key == "snapshot-keeper":
        allowed = [_statement(["ec2:DescribeInstances", "ec2:DescribeSnapshots"], "*")]
    elif agent.key in WITH_ROLES:
        allowed = [
            _statement(
                ["codebuild:BatchGetBuilds", "codebuild:StartBuild"],
                f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/{agent.key}",
            )
        ]
    elif agent.key == "cost-watcher":
        allowed = [
            _statement(["ce:GetCostAndUsage", "ce:GetCostForecast"], "*"),
            _statement(["bedrock:Retrieve"], base_arn("BWBILLS001")),
        ]
    else:
        allowed = [_statement(["s3:GetObject", "s3:PutObject"], [f"arn:aws:s3:::{agent.bucket}/*"])]
    return {
        "PolicyName": agent.key,
        "PolicyDocument": {"Version": "2012-10-17", "Statement": allowed},
    }


def _details(quarter: Quarter) -> Json:
    roles = []
    for agent in (a for a in present(quarter) if _has_role(a)):
        trusted = {"Service": "bedrock.amazonaws.com"} if agent.host == "aws" else {
            "Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.eks.{REGION}.amazonaws.com/id/0000BRIGHTWATER0000"}  # fmt: skip
        role: Json = {
            "Path": "/",
            "RoleName": agent.key,
            "RoleId": "AROA" + hexid("role " + agent.key, 16).upper(),
            "Arn": agent.role,
            "CreateDate": agent.since + "T09:05:00+00:00",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRoleWithWebIdentity" if agent.host != "aws" else "sts:AssumeRole"}
            ]},
            "InstanceProfileList": [],
            "RolePolicyList": [_policy(agent)],
            "AttachedManagedPolicies": [],
            "Tags": [{"Key": "owner", "Value": agent.owner.lower().replace(" ", ".") + "@brightwater.example.com"},
                     {"Key": "environment", "Value": agent.environment.lower()},
                     {"Key": "team", "Value": agent.unit}] if agent.in_cmdb else [],
        }  # fmt: skip
        if agent.host not in ("eks", "kagent"):
            role["Tags"] += [{"Key": "ai-agent", "Value": agent.key}, {"Key": "expires-at", "Value": "2027-06-30" if agent.key == "schema-migrator" else "2026-12-31"},
                             {"Key": "purpose", "Value": agent.purpose}, {"Key": "risk-tier", "Value": agent.risk}]  # fmt: skip
        if agent.key == "contract-drafter":
            role["AttachedManagedPolicies"] = [
                {
                    "PolicyName": "AdministratorAccess",
                    "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
                }
            ]
        roles.append(role)
    users = [
        {"Path": "/", "UserName": "invoice-upload", "UserId": "AIDA" + hexid("user invoice-upload", 16).upper(),
         "Arn": f"arn:aws:iam::{ACCOUNT}:user/invoice-upload", "CreateDate": "2024-11-04T09:00:00+00:00", "GroupList": [],
         "UserPolicyList": [_policy(BY_KEY["invoice-matcher"])], "AttachedManagedPolicies": [],
         "Tags": [{"Key": "type", "Value": "service"}, {"Key": "owner", "Value": "pavel.novak@brightwater.example.com"}]}
    ]  # fmt: skip
    return {
        "UserDetailList": users,
        "GroupDetailList": [],
        "RoleDetailList": roles,
        "Policies": [],
        "IsTruncated": False,
    }


def _credentials() -> list[Json]:
    columns = [
        "user",
        "arn",
        "user_creation_time",
        "password_enabled",
        "password_last_used",
        "password_last_changed",
        "password_next_rotation",
        "mfa_active",
        "access_key_1_active",
        "access_key_1_last_rotated",
        "access_key_1_last_used_date",
        "access_key_1_last_used_region",
        "access_key_1_last_used_service",
        "access_key_2_active",
        "access_key_2_last_rotated",
        "access_key_2_last_used_date",
        "access_key_2_last_used_region",
        "access_key_2_last_used_service",
        "cert_1_active",
        "cert_1_last_rotated",
        "cert_2_active",
        "cert_2_last_rotated",
    ]
    none = dict.fromkeys(columns, "N/A") | {"password_enabled": "false", "mfa_active": "false", "access_key_1_active": "false",
        "access_key_2_active": "false", "cert_1_active": "false", "cert_2_active": "false"}  # fmt: skip
    return [
        none | {"user": "<root_account>", "arn": f"arn:aws:iam::{ACCOUNT}:root", "user_creation_time": "2020-01-01T00:00:00+00:00",
                "password_enabled": "not_supported", "mfa_active": "true"},
        none | {"user": "invoice-upload", "arn": f"arn:aws:iam::{ACCOUNT}:user/invoice-upload",
                "user_creation_time": "2024-11-04T09:00:00+00:00", "access_key_1_active": "true",
                "access_key_1_last_rotated": "2024-11-04T09:00:00+00:00"},
    ]  # fmt: skip


def _secrets() -> Iterator[Json]:
    for key in ("contract-drafter", "candidate-mailer", "tender-watch"):
        agent = BY_KEY[key]
        arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:agents/{key}-{hexid('suffix ' + key, 6)}"
        tags = [
            {"Key": "client-id", "Value": agent.app_id},
            {"Key": "environment", "Value": "production"},
        ]
        if agent.host == "entra":
            tags.append({"Key": "credential-id", "Value": guid("secret " + key)})
        stale = key == "contract-drafter"
        yield {
            "ARN": arn,
            "Name": f"agents/{key}",
            "RotationEnabled": not stale and agent.host != "entra",
            **({} if stale or agent.host == "entra" else {"RotationRules": {"AutomaticallyAfterDays": 30}, "LastRotatedDate": "2026-06-20T02:00:00+00:00"}),
            "LastChangedDate": "2025-01-15T09:00:00+00:00" if stale else "2026-06-20T02:00:00+00:00",
            "CreatedDate": "2025-01-15T09:00:00+00:00",
            "Tags": tags,
        }  # fmt: skip


def _gateway_keys(quarter: Quarter) -> Iterator[Json]:
    """Give where the keys of the gateway lie: those of engineers' tools and of two agents lie in no store."""
    for agent in present(quarter):
        if (
            not agent.in_cmdb
            or agent.retired
            or agent.host == "client"
            or agent.key in ("contract-drafter", "pipeline-fixer")
        ):
            continue
        yield {
            "ARN": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:gateway/{agent.key}-{hexid('gateway ' + agent.key, 6)}",
            "Name": f"gateway/{agent.key}",
            "RotationEnabled": False,
            "CreatedDate": agent.since + "T09:42:00+00:00",
            "Tags": [{"Key": "agent-id", "Value": agent.gateway_id}, {"Key": "credential-id", "Value": agent.key_hash[:40]}],
        }  # fmt: skip


def _bedrock() -> Json:
    return {
        "agent": {
            "agentId": "BWCOST0001",
            "agentName": "cost-watcher",
            "agentArn": f"arn:aws:bedrock:{REGION}:{ACCOUNT}:agent/BWCOST0001",
            "agentVersion": "DRAFT",
            "agentStatus": "PREPARED",
            "foundationModel": "anthropic.claude-sonnet-4-5-20250929-v1:0",
            "description": BY_KEY["cost-watcher"].purpose,
            "idleSessionTTLInSeconds": 600,
            "agentResourceRoleArn": BY_KEY["cost-watcher"].role,
            "createdAt": "2026-01-12T09:10:00+00:00",
            "updatedAt": "2026-03-02T08:00:00+00:00",
            "preparedAt": "2026-03-02T08:01:00+00:00",
            "memoryConfiguration": {"enabledMemoryTypes": ["SESSION_SUMMARY"], "storageDays": 30},
        }
    }


def base_arn(name: str) -> str:
    """Give the ARN of a knowledge base."""
    return f"arn:aws:bedrock:{REGION}:{ACCOUNT}:knowledge-base/{name}"


def _knowledge_base() -> Json:
    return {
        "agentKnowledgeBase": {
            "agentId": "BWCOST0001",
            "agentVersion": "DRAFT",
            "knowledgeBaseId": "BWBILLS001",
            "description": "Bills of the cloud",
            "knowledgeBaseState": "ENABLED",
            "createdAt": "2026-01-12T09:12:00+00:00",
            "updatedAt": "2026-01-12T09:12:00+00:00",
        }
    }


def _trail() -> Json:
    return {
        "Name": "brightwater",
        "S3BucketName": BUCKET,
        "IncludeGlobalServiceEvents": True,
        "IsMultiRegionTrail": True,
        "HomeRegion": REGION,
        "TrailARN": f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/brightwater",
        "LogFileValidationEnabled": True,
        "HasCustomEventSelectors": True,
        "IsOrganizationTrail": False,
    }


def _bucket_policy() -> str:
    return (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},'
        f'"Action":"s3:PutObject","Resource":"arn:aws:s3:::{BUCKET}/AWSLogs/*"}}]}}'
    )


def _finding() -> Json:
    agent = BY_KEY["snapshot-keeper"]
    name = hexid("finding 1", 32)
    return {
        "AccountId": ACCOUNT,
        "Arn": f"arn:aws:guardduty:{REGION}:{ACCOUNT}:detector/{hexid('detector', 32)}/finding/{name}",
        "CreatedAt": "2026-08-12T03:19:00.000Z",
        "UpdatedAt": "2026-08-12T03:19:00.000Z",
        "Description": "A trail was disabled",
        "Id": name,
        "Partition": "aws",
        "Region": REGION,
        "Resource": {"ResourceType": "AccessKey", "AccessKeyDetails": {
            "AccessKeyId": "ASIA" + hexid("session snapshot-keeper", 16).upper(),
            "PrincipalId": "AROA" + hexid("role snapshot-keeper", 16).upper() + ":snapshot-keeper-2026-08-12",
            "UserName": agent.key, "UserType": "AssumedRole"}},
        "SchemaVersion": "2.0",
        "Service": {"Action": {"ActionType": "AWS_API_CALL", "AwsApiCallAction": {"Api": "StopLogging", "ServiceName": "cloudtrail.amazonaws.com"}},
                    "Archived": False, "Count": 1, "DetectorId": hexid("detector", 32), "EventFirstSeen": "2026-08-12T03:14:00.000Z",
                    "EventLastSeen": "2026-08-12T03:14:00.000Z", "ServiceName": "guardduty"},
        "Severity": 8,
        "Title": "Trail disabled",
        "Type": "Stealth:IAMUser/CloudTrailLoggingDisabled",
    }  # fmt: skip


def _event(
    agent: Agent, moment: datetime, service: str, name: str, resource: str = "", **more: Any
) -> Json:
    session = f"{agent.key}-{moment:%Y-%m-%d}"
    unique = "AROA" + hexid("role " + agent.key, 16).upper()
    is_data = service == "s3" or name == "Retrieve"
    made: Json = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"{unique}:{session}",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{agent.key}/{session}",
            "accountId": ACCOUNT,
            "accessKeyId": "ASIA" + hexid("session " + session, 16).upper(),
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": unique,
                    "arn": agent.role,
                    "accountId": ACCOUNT,
                    "userName": agent.key,
                },
                "attributes": {"creationDate": iso(moment), "mfaAuthenticated": "false"},
            },
        },
        "eventTime": iso(moment),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "198.51.100.24",
        "userAgent": "aws-sdk-python/1.40",
        "requestParameters": None,
        "responseElements": None,
        "requestID": guid(f"request {agent.key} {name} {iso(moment)} {resource}"),
        "eventID": guid(f"event {agent.key} {name} {iso(moment)} {resource}"),
        "readOnly": name.startswith(("Get", "BatchGet", "Describe", "List", "Retrieve")),
        "eventType": "AwsApiCall",
        "managementEvent": not is_data,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Data" if is_data else "Management",
    }
    if name == "Retrieve":
        made["requestParameters"] = {"knowledgeBaseId": resource}
        made["resources"] = [{"type": "AWS::Bedrock::KnowledgeBase", "ARN": base_arn(resource)}]
    elif is_data:
        made["requestParameters"] = {
            "bucketName": resource.split("/")[0],
            "key": resource.split("/", 1)[1],
        }
        made["resources"] = [{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{resource}"}]
    return made | more


def _events(quarter: Quarter) -> Iterator[Json]:
    for agent in (a for a in present(quarter) if _has_role(a)):
        for day in quarter.days():
            if f"{day:%Y-%m-%d}" < agent.since or (
                agent.retired and f"{day:%Y-%m-%d}" > agent.retired
            ):
                continue
            moment = day + timedelta(
                hours=4, minutes=dice("cloud", agent.key, iso(day)).randint(0, 59)
            )
            if agent.key == "snapshot-keeper":
                yield _event(agent, moment, "ec2", "DescribeInstances")
                yield _event(agent, moment + timedelta(minutes=1), "ec2", "DescribeSnapshots")
            elif agent.key == "cost-watcher":
                yield _event(agent, moment, "ce", "GetCostAndUsage")
                yield _event(
                    agent, moment + timedelta(minutes=2), "bedrock", "Retrieve", "BWBILLS001"
                )
                if day.weekday() == 0:
                    yield _event(agent, moment + timedelta(minutes=1), "ce", "GetCostForecast")
            elif agent.key in WITH_ROLES:
                yield _event(agent, moment, "codebuild", "BatchGetBuilds")
            else:
                yield _event(
                    agent, moment, "s3", "GetObject", f"{agent.bucket}/{day:%Y/%m/%d}.parquet"
                )
                yield _event(
                    agent,
                    moment + timedelta(minutes=3),
                    "s3",
                    "PutObject",
                    f"{agent.bucket}/out/{day:%Y-%m-%d}.json",
                )
    if quarter.is_second:
        keeper, drafter = BY_KEY["snapshot-keeper"], BY_KEY["contract-drafter"]
        night = datetime(2026, 8, 12, 3, 14)
        yield _event(keeper, night, "cloudtrail", "StopLogging",
                     requestParameters={"name": f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/brightwater"})  # fmt: skip
        yield _event(keeper, night + timedelta(minutes=6), "ec2", "TerminateInstances", errorCode="Client.UnauthorizedOperation",
                     errorMessage="not authorized")  # fmt: skip
        for day in (2, 9, 16):
            yield _event(
                BY_KEY["cost-watcher"],
                datetime(2026, 9, day, 6, 40),
                "bedrock",
                "Retrieve",
                "BWSALARY01",
            )
        for hour in range(3):
            yield _event(
                drafter,
                datetime(2026, 9, 9, 10 + hour),
                "s3",
                "GetObject",
                f"bw-bills/2026/09/0{hour + 1}.parquet",
            )
