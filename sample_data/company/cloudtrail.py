"""Work in the cloud account as AWS CloudTrail logs it; all ids and values are invented.

In: native events of traffic.py. Out: CloudTrail records.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from company.cast import ACCOUNT, Quarter
from company.register import iso

Json = dict[str, Any]


REGION = "eu-central-1"
SERVICE_OF = {
    "DeleteSnapshot": "ec2",
    "CreateSnapshot": "ec2",
    "InvokeModel": "bedrock",
    "GetObject": "s3",
    "PutObject": "s3",
    "ConsoleLogin": "signin",
}


def hexes(text: str, length: int) -> str:
    """Return that many hex digits, the same ones for the same text."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def uuid(text: str) -> str:
    """Return a UUID, the same one for the same text."""
    h = hexes(text, 32)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:32]}"


def records(events: list[Json], quarter: Quarter) -> list[Json]:
    """Return the records of a quarter: agents, nightly backup, partner bridge, people."""
    found = [
        _by_role(e)
        for e in events
        if e["log_source"] == "aws-cloudtrail" and e["event_class"] == "tool"
    ]
    found += list(_nightly(quarter))
    found += list(_consoles(quarter))
    return sorted(found, key=lambda r: (r["eventTime"], r["eventID"]))


def store() -> dict[str, Json]:
    """Return what the account tells about the trail and its bucket, by the name of the file."""
    bucket = "acme-freight-trail"
    name = "freight-trail"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/AWSLogs/{ACCOUNT}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    retention = {"Mode": "COMPLIANCE", "Days": 730}
    trail = {
        "Name": name,
        "S3BucketName": bucket,
        "IsMultiRegionTrail": True,
        "HomeRegion": REGION,
        "TrailARN": f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{name}",
        "LogFileValidationEnabled": True,
        "IsOrganizationTrail": False,
    }
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}
    return {
        "describe-trails": {"trailList": [trail]},
        "object-lock": {"Bucket": bucket, "ObjectLockConfiguration": lock},
        "bucket-policy": {"Policy": json.dumps(policy)},
    }


def _record(when: str, name: str, identity: Json, resource: str | None, **more: Any) -> Json:
    read = name.startswith(("Get", "Describe", "List"))
    made: Json = {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": when,
        "eventSource": f"{SERVICE_OF[name]}.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "198.51.100.24",
        "userAgent": "aws-sdk-python/1.40 acme-freight-agents",
        "requestParameters": None,
        "responseElements": None,
        "requestID": uuid(f"r{when}{name}"),
        "eventID": uuid(f"e{when}{name}{resource}"),
        "readOnly": read,
        "eventType": "AwsApiCall",
        "managementEvent": name not in ("GetObject", "PutObject"),
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Data" if name in ("GetObject", "PutObject") else "Management",
    }
    if resource:
        made["resources"] = [
            {"ARN": resource, "accountId": ACCOUNT, "type": f"AWS::{SERVICE_OF[name].upper()}"}
        ]
    return made | more


def _role(name: str, when: str) -> Json:
    unique = "AROA" + hexes(name, 9).upper() + "EXAMPLE"
    return {
        "type": "AssumedRole",
        "principalId": f"{unique}:run-{when[:10]}",
        "accountId": ACCOUNT,
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/run-{when[:10]}",
        "accessKeyId": "ASIA" + hexes(name + when[:10], 9).upper() + "EXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": unique,
                "accountId": ACCOUNT,
                "userName": name,
                "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
            },
            "attributes": {"creationDate": when, "mfaAuthenticated": "false"},
        },
    }


def _user(name: str, key: str | None) -> Json:
    user = {
        "type": "IAMUser",
        "principalId": f"AIDA{hexes(name, 9).upper()}EXAMPLE",
        "accountId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "accessKeyId": key,
        "userName": name,
    }
    return {k: v for k, v in user.items() if v}


def _by_role(event: Json) -> Json:
    name = event["principal_id"].rsplit("/", 1)[-1]
    resource = event["resource"]
    parameters: Json = {"resourceId": resource.rsplit("/", 1)[-1]}
    if event["tool"] == "InvokeModel":
        resource = resource.rsplit("/", 1)[0] + "/halden.fjord-large-v1"
        parameters = {"modelId": "halden.fjord-large-v1"}
    if event["tool"] == "GetObject":
        parameters = {
            "bucketName": "freight-cost-lake",
            "key": event["resource"].rsplit("/", 1)[-1],
        }
    if event["tool"] == "DeleteSnapshot":
        parameters = {"snapshotId": "snap-" + event["resource"].rsplit("/", 1)[-1]}
    return _record(
        event["time"],
        event["tool"],
        _role(name, event["time"]),
        resource,
        requestParameters=parameters,
    )


def _nightly(quarter: Quarter) -> Iterator[Json]:
    """The backup role every night, but for a lost weekend; the bridge user every third day."""
    when = quarter.begin.replace(hour=2, minute=15)
    number = 0
    while when < quarter.end:
        if number not in (40, 41):
            arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:snapshot/nightly-{number}"
            yield _record(
                iso(when), "CreateSnapshot", _user("svc-backup", "AKIAFREIGHT01EXAMPLE"), arn
            )
        if number % 3 == 0:
            user = _user("svc-edi", "AKIAFREIGHT00EXAMPLE")
            yield _record(
                iso(when + timedelta(hours=5)),
                "PutObject",
                user,
                f"arn:aws:s3:::freight-edi/{number}",
            )
        when += timedelta(days=1)
        number += 1


def _consoles(quarter: Quarter) -> Iterator[Json]:
    for number in range(10):
        when = quarter.begin + timedelta(days=8 * number + 1, hours=9, minutes=number)
        person = ("jonas.ferreira", "dario.nwosu")[number % 2]
        failed = {"errorMessage": "Failed authentication"} if number == 7 else {}
        outcome = {"ConsoleLogin": "Failure" if failed else "Success"}
        yield _record(
            iso(when),
            "ConsoleLogin",
            _user(person, None),
            None,
            responseElements=outcome,
            eventType="AwsConsoleSignIn",
            **failed,
        )
