"""Tags and labels of vendors group results in a roll-up, decide no check, and name nobody in a run without names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import assess_few, reporter

from reporter.content.source_macros import define
from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError
from reporter.pipeline.rollup.pool import roll_up
from reporter.runs.actor_attributes import ACTORS, attributes
from reporter.schema.label_keys import MACHINERY, SAME_KEY, names_people, same_key

ROOT = Path(__file__).parents[1]
DAY = "2026-07-02T08:00:00Z"
ARN = "arn:aws:iam::123456789012:role/"
PASSWORD = "plainwordpass"
SECRET = 'xW9kd03"lq82Qz'


def _role(name: str, **tags: str) -> dict[str, Any]:
    pairs = [{"Key": k.replace("__", ":"), "Value": v} for k, v in tags.items()]
    return {
        "Path": "/", "RoleName": name, "RoleId": f"AROA{name}", "Arn": ARN + name, "CreateDate": DAY,
        "AssumeRolePolicyDocument": {}, "RolePolicyList": [], "AttachedManagedPolicies": [],
        "Tags": [{"Key": "agent", "Value": "true"}, *pairs],
    }  # fmt: skip


def _principal(n: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"b000{n}", "appId": f"a000{n}", "displayName": f"Bot {n}", "servicePrincipalType": "Application",
        "accountEnabled": True, "appOwnerOrganizationId": "t", "servicePrincipalNames": [], "tags": ["AgenticInstance"], **more,
    }  # fmt: skip


SETS = {
    "Finance": {
        "@odata.type": "#microsoft.graph.customSecurityAttributeValue",
        "CostCenter": "4711",
        "Regions@odata.type": "#Collection(String)",
        "Regions": ["emea", "apac"],
    }
}
FILES: dict[str, Any] = {
    "iam.json": {
        "UserDetailList": [], "GroupDetailList": [], "Policies": [],
        "RoleDetailList": [
            _role("mailer", Team="claims", **{"aws__cloudformation__stack-name": "s1"}),
            _role("sorter", team="claims", Empty="", Contact="Ivo Brandt", maintainer="agt-mailer", **{"api-key": SECRET}),
            _role("payer", team="pay", Lead="Zoe Quill", Environment="prd"),
        ],
    },
    "bedrock.json": {
        "agent": {
            "agentId": "AGENT1", "agentName": "quoter", "agentStatus": "PREPARED", "createdAt": DAY, "foundationModel": "m",
            "agentArn": "arn:aws:bedrock:eu-west-1:123456789012:agent/AGENT1", "agentResourceRoleArn": ARN + "quoter",
            "tags": {"squad": "quotes", "aws:createdBy": "x"},
        },
    },
    "principals.json": {
        "value": [
            _principal(1, customSecurityAttributes=SETS),
            _principal(2, tags=["AgenticInstance", "HideApp", "WindowsAzureActiveDirectoryIntegratedApp", "ledger", "batch"]),
        ]
    },
    "apps.json": [
        {
            "id": "0oa1", "label": "AI agent desk", "name": "oidc_client", "status": "ACTIVE", "created": DAY, "lastUpdated": DAY, "signOnMode": "OPENID_CONNECT",
            "profile": {"costCenter": "1200"}, "settings": {"oauthClient": {"application_type": "service"}}, "credentials": {"oauthClient": {"client_id": "0oa1"}},
        }
    ],
    "users.json": [
        {
            "id": "00u1", "status": "ACTIVE", "created": DAY, "activated": DAY, "statusChanged": DAY, "lastLogin": DAY, "lastUpdated": DAY, "passwordChanged": DAY,
            "type": {"id": "oty1"}, "credentials": {"provider": {"type": "OKTA", "name": "OKTA"}},
            "profile": {"firstName": "Ann", "lastName": "Moss", "email": "ann.moss@x.example", "login": "ann.moss@x.example", "department": "Claims", "costCenter": "1200", "division": "EMEA"},
        }
    ],
    "objects.yaml": [
        {
            "apiVersion": "kagent.dev/v1alpha2", "kind": "Agent", "spec": {"type": "Declarative", "systemMessage": "You help."},
            "metadata": {
                "name": "helper", "namespace": "lab", "creationTimestamp": DAY,
                "labels": {"app.kubernetes.io/part-of": "desk", "app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "d-1", "env": "prod"},
            },
        },
        {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "runner", "namespace": "lab", "labels": {"team": "platform"}},
            "spec": {
                "replicas": 1, "selector": {"matchLabels": {"app": "runner"}},
                "template": {"metadata": {"labels": {"app": "runner"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}},
            },
        },
        {
            "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "runner", "namespace": "lab", "labels": {"team": "platform", "kubernetes.io/cluster-service": "true"}},
        },
    ],
    "catalog.yaml": [
        {
            "apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "triage", "labels": {"tier": "gold"}, "tags": ["python", "llm-agent"]},
            "spec": {"type": "agent", "lifecycle": "production", "owner": "group:default/Desk", "system": "intake"},
        },
        {
            "apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "router", "labels": {"team": "network"}},
            "spec": {"type": "agent", "lifecycle": "production", "owner": "user:ann.moss"},
        },
    ],
    "roles.csv": (
        "arn,name,role_id,create_date,tags,assume_role_policy\n"
        f'{ARN}clerk,clerk,AROAclerk,{DAY},"{{""agent"":""true"",""db-password"":""{PASSWORD}"",""team"":""pay""}}",{{}}\n'
    ),
    "register.json": [
        {"type": "agent", "actor_id": "agt-mailer", "state": "active", "principal_id": ARN + "mailer", "environment": "test", "labels": {"team": "Claims & more", "unit": "x"}},
        {"type": "agent", "actor_id": "agt-payer", "state": "active", "principal_id": ARN + "payer", "business_unit": "Pay", "labels": {"lead": "Ann Moss", "Business Unit": "other"}},
        {"type": "human", "actor_id": "ann.moss@x.example", "name": "Ann Moss", "state": "active"},
    ],
}  # fmt: skip


def _workspace(folder: Path) -> Path:
    (folder / "inventory").mkdir(parents=True)
    settings = {"organisation": "Acme", "period": {"from": "2026-07-01", "to": "2026-10-01"}}
    (folder / "reporter.yml").write_text(json.dumps(settings))
    for name, value in FILES.items():
        text = json.dumps(value) if name.endswith(".json") else value
        text = yaml.safe_dump_all(value) if name.endswith(".yaml") else text
        (folder / "inventory" / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """A run over exports of all vendors, and the same without names."""
    base = tmp_path_factory.mktemp("labels")
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch, "OWN-02")
        for name, more in (("open", ()), ("hidden", ("--pseudonymise", "people"))):
            result = reporter("assess", _workspace(base / f"ws-{name}"), "--out", base / name, "--formats", "json", "--quiet", *more)  # fmt: skip
            assert result.exit_code == 0, result.output
        yield {"open": base / "open", "hidden": base / "hidden"}


def _labels(run: Path, place: Path) -> dict[str, dict[str, str]]:
    with DuckDB(place / "work") as engine:
        engine.show_parquet("a", [run / ACTORS])
        rows = engine.rows("SELECT actor, labels FROM a WHERE labels IS NOT NULL")
    return {actor: json.loads(text) for actor, text in rows}


def _sizes(run: Path, by: str) -> dict[str, int]:
    return {g.path[0]: g.actors for g in roll_up([run], [by], F(0)).groups[1:]}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("team", {"Claims & more": 1, "claims": 1, "pay": 2, "desk": 1, "network": 1}),
        ("TEAM", {"claims": 1, "pay": 2}),
        ("squad", {"quotes": 1}),
        ("Finance.CostCenter", {"4711": 1}),
        ("finance.regions", {"apac, emea": 1}),
        ("tags", {"batch, ledger": 1, "llm-agent, python": 1}),
        ("cost-center", {"1200": 1}),
        ("app.kubernetes.io/part-of", {"desk": 1}),
        ("system", {"intake": 1}),
        ("label:tier", {"gold": 1}),
        ("environment", {"test": 1, "production": 2}),
        ("business_unit", {"Pay": 1}),
        ("label:business_unit", {"other": 1}),
    ],
)
def test_labels_of_each_vendor_group_results(
    runs: dict[str, Path], by: str, groups: dict[str, int]
) -> None:
    sizes = _sizes(runs["open"], by)
    assert groups.items() <= sizes.items() and set(sizes) - {*groups, ""} <= {
        "Claims & more", "desk", "network", "Claims", "claims", "pay",
    }  # fmt: skip


@pytest.mark.slow
def test_what_systems_set_for_themselves_is_no_label(runs: dict[str, Path], tmp_path: Path) -> None:
    labels = _labels(runs["open"], tmp_path)
    keys = {key for of_one in labels.values() for key in of_one}
    assert not [k for k in keys if re.match("|".join(MACHINERY), k) and "part-of" not in k]
    assert not keys & {"Empty", "Finance.@odata.type", "Finance.Regions@odata.type"}
    assert labels["system:serviceaccount:lab:runner"] == {"team": "platform"}
    assert labels["lab/deployments.apps/runner"] == {"team": "platform"}
    people = {"department": "Claims", "costCenter": "1200", "division": "EMEA"}
    assert any(people.items() <= of_one.items() for of_one in labels.values())


@pytest.mark.slow
def test_of_two_values_of_a_label_that_of_the_register_counts_and_the_other_is_noted(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    labels = _labels(runs["open"], tmp_path)
    assert labels["agt-mailer"] == {"agent": "true", "team": "Claims & more", "unit": "x"}
    assert labels["agt-payer"]["lead"] == "Ann Moss" and "Lead" not in labels["agt-payer"]
    noted = [
        dict(q["reason"]["values"]) | {"file": q["file"]}
        for q in json.loads((runs["open"] / "report.json").read_text())["quarantined"]
        if q["kind"] == "conflict" and "label" in dict(q["reason"]["values"])
    ]
    assert {(n["label"], n["n"], n["actor"]) for n in noted} == {("team", 1, "agt-mailer"), ("lead", 1, "agt-payer")}  # fmt: skip
    assert all(n["file"] == "inventory/register.json" and n["others"].startswith("inventory/iam.json#") for n in noted)  # fmt: skip


@pytest.mark.slow
def test_no_label_names_anybody_in_a_run_without_names(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    labels = _labels(runs["hidden"], tmp_path)
    text = json.dumps(labels) + (runs["hidden"] / "report.json").read_text()
    assert not re.search("(?i)moss|quill|brandt", text)
    assert labels[ARN + "sorter"]["Contact"].startswith("person-")
    assert labels[ARN + "sorter"]["maintainer"] == "agt-mailer"
    leads = {v for of_one in labels.values() for k, v in of_one.items() if k.lower() == "lead"}
    assert len(leads) == 1 and leads.pop().startswith("person-")
    assert _sizes(runs["hidden"], "team") == _sizes(runs["open"], "team")


@pytest.mark.slow
def test_a_secret_in_a_tag_is_hidden(runs: dict[str, Path], tmp_path: Path) -> None:
    labels = _labels(runs["open"], tmp_path)
    pair, cell = labels[ARN + "sorter"], labels[ARN + "clerk"]
    assert pair["team"] == "claims" and pair["api-key"].startswith("secret-")
    assert cell["team"] == "pay" and cell["db-password"].startswith("secret-")
    for path in runs["open"].rglob("*"):
        held = path.read_bytes() if path.is_file() else b""
        assert b"lq82Qz" not in held and PASSWORD.encode() not in held, path


@pytest.mark.slow
def test_attributes_are_listed_once_each_and_an_unknown_one_is_refused(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    with DuckDB(tmp_path / "work") as engine:
        names = attributes(engine, runs["open"])
    assert len(names) == len({*map(same_key, names)})
    assert {"label:tier", "label:unit", "label:agent", "label:env"} & {*names} == {"label:tier", "label:unit", "label:agent"}  # fmt: skip
    with pytest.raises(InputError, match="no actor has the attribute 'label:squadron'"):
        roll_up([runs["open"]], ["label:squadron"], F(0))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"b": "2", "a": "1"}, {"a": "1", "b": "2"}),
        ([{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}], {"a": "1", "b": "2"}),
        ([{"key": "a", "value": " 1 "}], {"a": "1"}),
        ('{"a": "1"}', {"a": "1"}),
        ({"a": 1, "b": True, "c": None, "d": "", "e": " "}, {"a": "1", "b": "true"}),
        ({"aws:x": "1", "goog-managed-by": "1", "hidden-title": "1", "olm.owner": "1"}, None),
        ({"kubernetes.io/metadata.name": "1", "topology.kubernetes.io/zone": "1", "argocd.argoproj.io/instance": "1"}, None),
        ({"app.kubernetes.io/name": "n", "x.example.com/team": "t", "k8s-app": "k"}, {"app.kubernetes.io/name": "n", "x.example.com/team": "t", "k8s-app": "k"}),
        (["a", "b"], None),
        ([], None),
        ({}, None),
        (None, ""),
        ("words", "words"),
        ({'q"\\': 'v"\\\n '}, {'q"\\': 'v"\\\n'}),
    ],
)  # fmt: skip
def test_labels_are_objects_lists_of_pairs_or_nothing(
    given: Any, kept: Any, tmp_path: Path
) -> None:
    with DuckDB(tmp_path / "work") as engine:
        define(engine)
        engine.run("CREATE TABLE t AS SELECT CAST(? AS JSON) AS r", [json.dumps({"l": given})])
        text = engine.one("SELECT labels(r, '$.l') FROM t")
    assert (json.loads(text) if isinstance(kept, dict) else text) == kept


def test_a_key_is_one_in_any_spelling(tmp_path: Path) -> None:
    keys = ["CostCenter", "cost-center", "cost_center", "Cost Center", "a.b/c"]
    with DuckDB(tmp_path / "work") as engine:
        folded = [engine.one(f"SELECT {SAME_KEY.format('?')}", [key]) for key in keys]
    assert folded == [*map(same_key, keys)] and len({*folded}) == 2


@pytest.mark.parametrize(
    ("key", "is_somebody"),
    [
        ("lead", True), ("Team Lead", True), ("owner", True), ("x.example.com/owner-email", True), ("created_by", True),
        ("Contact", True), ("team", False), ("leading", False), ("ownership-model", False), ("env", False), ("Finance.Manager", True),
    ],
)  # fmt: skip
def test_some_keys_name_people(key: str, is_somebody: bool) -> None:
    assert names_people(key) is is_somebody


def test_no_check_and_no_derived_table_reads_labels() -> None:
    frameworks = ROOT / "frameworks"
    paths = [*frameworks.rglob("*.sql"), *(frameworks / "checks").rglob("*.yml")]
    assert len(paths) > 200
    assert not [p for p in paths if re.search(r"\blabels\b", p.read_text("utf-8"))]


def test_the_page_names_what_is_left_out() -> None:
    page = (ROOT / "docs" / "rollup.md").read_text("utf-8")
    told = page.partition("**What systems set for themselves")[2].partition("**Several records")[0]
    keys = [*re.findall("`([^`]+)`", told.partition("But")[0] + told.partition("stays.")[2])]
    samples = {key: f"{key}x" if key[-1] in "/:-." else key for key in keys}
    assert len(keys) > 20
    assert not [k for k, key in samples.items() if not re.match("|".join(MACHINERY), key)]
    for start in MACHINERY:
        for one in _alternatives(start):
            assert any(re.match(one, key) for key in samples.values()), one


def _alternatives(pattern: str) -> list[str]:
    """Return the patterns that one with a choice of words stands for."""
    found = re.fullmatch(r"(.*)\((\w[\w|-]*)\)(.*)", pattern)
    return [found[1] + word + found[3] for word in found[2].split("|")] if found else [pattern]
