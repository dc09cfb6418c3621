"""Make a synthetic workspace of CloudTrail files as AWS delivers them: gz, {"Records": [...]}, a folder a day.

usage: python benchmarks/cloudtrail.py OUT --records N [--agents 2000] [--accounts 4] [--seed 7]

Same arguments, same bytes. A file is of one account and region and holds 300 to 4,000 records of 1.2 to 2 kB: roles of
agents that call models, read and write data, users and services beside them, and one call in thirty that is refused.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from generate import DAYS, FROM, HEAD, write_register

REGIONS = ("eu-central-1", "eu-west-1", "us-east-1")
LEAST, MOST = 300, 4000
"""Records in a file."""
AGENTS = (
    "aws-sdk-go/1.55.5 (go1.22.6; linux; arm64) S3Manager",
    "Boto3/1.35.36 md/Botocore#1.35.36 ua/2.0 os/linux#5.10.225 md/arch#x86_64 lang/python#3.12.6 cfg/retry-mode#legacy",
    "aws-cli/2.17.9 md/awscrt#0.20.11 ua/2.0 os/macos#23.6.0 md/arch#arm64 lang/python#3.11.9 md/command#s3.cp",
    "bedrock.amazonaws.com",
)
TLS = '"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"%s"}'


@dataclass(frozen=True)
class Call:
    """A kind of call; in its JSON, %A is the account, %R the region, %N a number, %I an id."""

    service: str
    name: str
    share: int
    request: str = "null"
    response: str = "null"
    resources: str = ""
    reads: bool = True
    is_data: bool = False


CALLS = (
    Call("s3", "GetObject", 30, '{"bucketName":"records-%A-%R","Host":"records-%A-%R.s3.%R.amazonaws.com","key":"orders/2026/%N.json"}', '{"x-amz-server-side-encryption":"aws:kms"}', '[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::records-%A-%R/orders/2026/%N.json"},{"accountId":"%A","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::records-%A-%R"}]', is_data=True),
    Call("s3", "PutObject", 8, '{"bucketName":"results-%A-%R","Host":"results-%A-%R.s3.%R.amazonaws.com","key":"answers/%I.json","x-amz-acl":"private"}', '{"x-amz-server-side-encryption":"AES256","x-amz-version-id":"%I"}', '[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::results-%A-%R/answers/%I.json"},{"accountId":"%A","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::results-%A-%R"}]', False, True),
    Call("bedrock", "InvokeModel", 22, '{"modelId":"anthropic.claude-3-5-sonnet-20240620-v1:0","contentType":"application/json","accept":"application/json"}', "null"),
    Call("bedrock", "Converse", 8, '{"modelId":"eu.amazon.nova-pro-v1:0","guardrailConfig":{"guardrailIdentifier":"g%N","guardrailVersion":"3"}}', "null"),
    Call("dynamodb", "GetItem", 10, '{"tableName":"orders","key":{"order_id":"%N"},"attributesToGet":["status","lines","supplier"],"consistentRead":false}', "null", '[{"accountId":"%A","type":"AWS::DynamoDB::Table","ARN":"arn:aws:dynamodb:%R:%A:table/orders"}]', is_data=True),
    Call("dynamodb", "UpdateItem", 5, '{"tableName":"orders","key":{"order_id":"%N"},"updateExpression":"SET #s = :s","returnValues":"ALL_NEW"}', "null", '[{"accountId":"%A","type":"AWS::DynamoDB::Table","ARN":"arn:aws:dynamodb:%R:%A:table/orders"}]', False, True),
    Call("kms", "Decrypt", 15, '{"encryptionContext":{"aws:s3:arn":"arn:aws:s3:::records-%A-%R"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}', "null", '[{"accountId":"%A","type":"AWS::KMS::Key","ARN":"arn:aws:kms:%R:%A:key/0c1d2e3f-aaaa-bbbb-cccc-0123456789ab"}]'),
    Call("sts", "AssumeRole", 6, '{"roleArn":"arn:aws:iam::%A:role/worker-%N","roleSessionName":"batch-%N","durationSeconds":3600}', '{"credentials":{"accessKeyId":"ASIA%K","expiration":"Sep 30, 2026, 11:59:59 PM"},"assumedRoleUser":{"assumedRoleId":"AROA%K:batch-%N","arn":"arn:aws:sts::%A:assumed-role/worker/batch-%N"}}'),
    Call("secretsmanager", "GetSecretValue", 4, '{"secretId":"arn:aws:secretsmanager:%R:%A:secret:supplier-portal","versionStage":"AWSCURRENT"}'),
    Call("lambda", "Invoke", 6, '{"functionName":"arn:aws:lambda:%R:%A:function:quote","invocationType":"RequestResponse","contentType":"application/x-amz-json-1.1"}', "null", '[{"accountId":"%A","type":"AWS::Lambda::Function","ARN":"arn:aws:lambda:%R:%A:function:quote"}]', False, True),
    Call("ec2", "DescribeInstances", 5, '{"maxResults":100,"instancesSet":{},"filterSet":{"items":[{"name":"tag:team","valueSet":{"items":[{"value":"orders"}]}}]}}'),
    Call("iam", "ListRolePolicies", 2, '{"roleName":"worker-%N","maxItems":100}'),
    Call("sqs", "SendMessage", 6, '{"queueUrl":"https://sqs.%R.amazonaws.com/%A/quotes","messageAttributes":{"kind":{"stringValue":"quote","dataType":"String"}}}', '{"mD5OfMessageBody":"%I","messageId":"%I"}', "", False, True),
    Call("iam", "AttachRolePolicy", 1, '{"roleName":"worker-%N","policyArn":"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}', "null", "", False),
    Call("s3", "DeleteObject", 2, '{"bucketName":"results-%A-%R","Host":"results-%A-%R.s3.%R.amazonaws.com","key":"answers/%I.json"}', "null", '[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::results-%A-%R/answers/%I.json"}]', False, True),
)  # fmt: skip


def main() -> None:
    """Read the command line and write the workspace."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--agents", type=int, default=2000)
    parser.add_argument("--accounts", type=int, default=4)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    for folder in ("inventory", "logs", "statements"):
        (given.out / folder).mkdir(parents=True, exist_ok=True)
    (given.out / "reporter.yml").write_text(HEAD + "log_sources: {aws-cloudtrail: {every: day}}\n")
    tools = sorted({f"{c.service}.amazonaws.com:{c.name}" for c in CALLS})
    principals = [_role(i, given.accounts) for i in range(given.agents)]
    write_register(given.out, tools, random.Random(given.seed), principals, "aws-cloudtrail")
    with ProcessPoolExecutor() as pool:
        for _ in pool.map(_write, _files(given), chunksize=8):
            pass


@dataclass(frozen=True)
class _File:
    logs: Path
    number: int
    first: int
    count: int
    of: int
    """Records in all."""
    agents: int
    accounts: int
    seed: int


def _files(given: argparse.Namespace) -> Iterator[_File]:
    """Yield what each file holds."""
    rnd, first, number = random.Random(given.seed), 0, 0
    while first < given.records:
        count = min(given.records - first, int(rnd.triangular(LEAST, MOST, 800)))
        yield _File(
            given.out / "logs/AWSLogs", number, first, count, given.records,
            given.agents, given.accounts, given.seed,
        )  # fmt: skip
        first, number = first + count, number + 1


def _account(number: int) -> str:
    return str(111_111_111_111 * (number + 1))


def _role(agent: int, accounts: int) -> str:
    return f"arn:aws:iam::{_account(agent % accounts)}:role/agents/agent-{agent:05d}"


def _write(file: _File) -> None:
    """Write one file of one account and region."""
    rnd = random.Random(f"{file.seed} {file.number}")
    where = file.number % file.accounts
    account, region = _account(where), REGIONS[file.number // file.accounts % len(REGIONS)]
    kinds = rnd.choices(CALLS, [c.share for c in CALLS], k=file.count)
    texts = [
        _record(rnd, call, where, file, account, region, (file.first + i) / file.of)
        for i, call in enumerate(kinds)
    ]
    end = FROM + timedelta(days=DAYS * (file.first + file.count) / file.of * 0.999)
    folder = file.logs / account / "CloudTrail" / region / end.strftime("%Y/%m/%d")
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{account}_CloudTrail_{region}_{end:%Y%m%dT%H%MZ}_{rnd.getrandbits(64):016x}.json.gz"
    data = ('{"Records":[' + ",".join(texts) + "]}").encode()
    with (folder / name).open("wb") as out:
        out.write(gzip.compress(data, 6, mtime=0))


def _record(
    rnd: random.Random, call: Call, where: int, file: _File, account: str, region: str, share: float
) -> str:
    """Return the JSON of one record; `share` says how much of the period has passed."""
    at = FROM + timedelta(seconds=int(share * DAYS * 86400))
    who = _identity(rnd, where, file, account, at)
    number, long = str(rnd.getrandbits(24)), f"{rnd.getrandbits(128):032x}"

    def filled(text: str) -> str:
        text = text.replace("%A", account).replace("%R", region).replace("%N", number)
        return text.replace("%I", long).replace("%K", long[:16].upper())

    refused = rnd.random() < 0.033
    error = (
        f'"errorCode":"AccessDenied","errorMessage":"User is not authorized to perform: {call.service}:{call.name}",'
        if refused
        else ""
    )
    resources = f'"resources":{filled(call.resources)},' if call.resources else ""
    response = "null" if refused else filled(call.response)
    host = f"{call.service}.{region}.amazonaws.com"
    return (
        f'{{"eventVersion":"1.11","userIdentity":{who},"eventTime":"{at:%Y-%m-%dT%H:%M:%SZ}",'
        f'"eventSource":"{call.service}.amazonaws.com","eventName":"{call.name}","awsRegion":"{region}",'
        f'"sourceIPAddress":"10.{rnd.getrandbits(8)}.{rnd.getrandbits(8)}.7","userAgent":"{AGENTS[rnd.getrandbits(2)]}",'
        f'{error}"requestParameters":{filled(call.request)},"responseElements":{response},'
        f'"additionalEventData":{{"SignatureVersion":"SigV4","bytesTransferredIn":0,"x-amz-id-2":"{long}"}},'
        f'"requestID":"{_uuid(rnd)}","eventID":"{_uuid(rnd)}","readOnly":{json.dumps(call.reads)},{resources}'
        f'"eventType":"AwsApiCall","managementEvent":{json.dumps(not call.is_data)},"recipientAccountId":"{account}",'
        f'"eventCategory":"{"Data" if call.is_data else "Management"}",{TLS % host}}}'
    )


def _identity(rnd: random.Random, where: int, file: _File, account: str, at: datetime) -> str:
    dice = rnd.random()
    if dice < 0.03:
        user = f"operator-{rnd.getrandbits(5)}"
        return (
            f'{{"type":"IAMUser","principalId":"AIDA{account}{user[-2:]}","arn":"arn:aws:iam::{account}:user/{user}",'
            f'"accountId":"{account}","accessKeyId":"AKIA{account}{user[-2:].upper()}","userName":"{user}"}}'
        )
    if dice < 0.05:
        return '{"type":"AWSService","invokedBy":"config.amazonaws.com"}'
    per_account = max(1, file.agents // file.accounts)
    number = int(per_account * rnd.random() ** 1.7) * file.accounts + where
    name = f"agent-{number:05d}" if dice < 0.998 else f"unlisted-{rnd.getrandbits(4)}"
    session, key = f"run-{rnd.getrandbits(20)}", f"AROA{account}{number:05d}"
    begun = at.replace(minute=0, second=0)
    return (
        f'{{"type":"AssumedRole","principalId":"{key}:{session}",'
        f'"arn":"arn:aws:sts::{account}:assumed-role/{name}/{session}","accountId":"{account}",'
        f'"accessKeyId":"ASIA{number:05d}{session[4:]:0>11}","sessionContext":{{"sessionIssuer":{{"type":"Role",'
        f'"principalId":"{key}","arn":"arn:aws:iam::{account}:role/agents/{name}","accountId":"{account}",'
        f'"userName":"{name}"}},"attributes":{{"creationDate":"{begun:%Y-%m-%dT%H:%M:%SZ}","mfaAuthenticated":"false"}}}}}}'
    )


def _uuid(rnd: random.Random) -> str:
    text = f"{rnd.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


if __name__ == "__main__":
    main()
