"""What tables of Steampipe and CloudQuery may not be mistaken for.

Each test names a reading that would be a false pass, a false fail, or somebody else's file, over small files or the
golden rows of invented ones.
"""

from __future__ import annotations

import csv
import functools
import io
import json
from pathlib import Path
from typing import Any

import pytest

from reporter.content import loader
from reporter.engine.duckdb import DuckDB
from reporter.ingest import cache as store
from reporter.ingest import load
from reporter.ingest.readers.inputs import Inputs
from reporter.schema.tables import LOADED, columns_of
from reporter.system import folders

pytestmark = pytest.mark.slow

DATA = Path(__file__).parent / "data"
SOURCES = tuple(loader.read_source(p) for p in sorted(folders.content_dir()[1].glob("*.yml")))
OURS = sorted(s.id for s in SOURCES if s.id.startswith("steampipe-"))

Row = dict[str, Any]


@functools.cache
def _golden(source: str) -> dict[str, list[Row]]:
    text = (DATA / "sources" / source / "golden.json").read_text(encoding="utf-8")
    rows: dict[str, list[Row]] = json.loads(text)["rows"]
    return rows


def _of(source: str, table: str, **values: str) -> list[Row]:
    rows = _golden(source).get(table, [])
    return [r for r in rows if all(part in str(r.get(n, "")) for n, part in values.items())]


def _ingest(place: Path, files: dict[str, str]) -> tuple[dict[str, str], dict[str, list[Row]]]:
    """Return the source of each file, and the rows that they become."""
    folder = place / "workspace" / "inventory"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    rows: dict[str, list[Row]] = {}
    with DuckDB(place / "work") as engine:
        intake = load.ingest(
            engine, Inputs.of(folder.parent), SOURCES, store.open_cache(place / "cache")
        )
        for table in LOADED:
            names = [n for n, _ in columns_of(table)]
            found = engine.rows(f"SELECT {', '.join(names)} FROM in_{table.name} ORDER BY ALL")
            rows[table.name] = [
                {n: v for n, v in zip(names, row, strict=True) if v is not None} for row in found
            ]
    return {f.file: f.source for f in intake.files}, rows


def _as_csv(rows: list[Row], nothing: str = "") -> str:
    """Return records as `steampipe query --output csv` writes them, and `nothing` for null."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow(
            nothing
            if v is None
            else str(v).lower()
            if isinstance(v, bool)
            else json.dumps(v, separators=(",", ":"))
            if isinstance(v, dict | list)
            else v
            for v in row.values()
        )
    return out.getvalue()


def _answers() -> dict[str, list[Row]]:
    """Return the invented answer of each query that a source of ours reads."""
    queries = loader.read_queries(folders.content_dir()[0] / "collectors.yml")
    answers = {}
    for query in queries:
        if query.source in OURS:
            answer = json.loads((DATA / "collected" / f"{query.id}.json").read_text("utf-8"))
            answers[query.id] = answer["rows"] if isinstance(answer, dict) else answer
    return answers


@pytest.fixture(scope="module")
def as_json(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """Return what the answers become as JSON."""
    files = {f"{name}.json": json.dumps(rows) for name, rows in _answers().items()}
    return _ingest(tmp_path_factory.mktemp("json"), files)[1]


@pytest.mark.parametrize("nothing", ["", "<null>", "<nil>"])
def test_a_table_says_in_csv_what_it_says_in_json(
    nothing: str, as_json: dict[str, list[Row]], tmp_path: Path
) -> None:
    """Versions before 0.18 write null as <null>, steampipe-export as <nil>: no owner of that name."""
    files = {f"{name}.csv": _as_csv(rows, nothing) for name, rows in _answers().items()}
    sources, rows = _ingest(tmp_path, files)
    assert set(sources.values()) <= {*OURS}
    assert rows == as_json


@pytest.mark.parametrize("source", OURS)
def test_nothing_is_never_read_as_a_name(source: str) -> None:
    values = {str(v) for rows in _golden(source).values() for r in rows for v in r.values()}
    assert not values & {"<null>", "<nil>", "null", "None", "[]", "{}"}


# ---------------------------------------------------------------- AWS


def test_a_key_belongs_to_the_user_of_that_name_in_its_own_account() -> None:
    holders = {r["credential_id"]: r["actor_id"] for r in _of("steampipe-aws-iam", "credentials")}
    assert holders["AKIACRANECI000000001"] == "arn:aws:iam::444455556666:user/ci/crane-ci"
    assert holders["AKIACRANECI000000009"] == "arn:aws:iam::777788889999:user/crane-ci"
    assert "AKIACRANECI000000002" not in holders, "it is not active"


def test_only_the_default_version_of_a_policy_gives_rights() -> None:
    berths = _of("steampipe-aws-iam", "grants", actor_id="role/berth-bot", role="policy/berths")
    assert {r.get("action") for r in berths} == {None, "sqs:SendMessage"}


def test_what_a_policy_denies_is_no_right() -> None:
    assert not _of("steampipe-aws-iam", "grants", action="s3:*")
    (push,) = _of("steampipe-aws-iam", "grants", actor_id="user/ci/crane-ci", role="push")
    assert push["excluded"] == "s3:*"


def test_a_right_under_a_boundary_is_not_certain() -> None:
    (right,) = _of("steampipe-aws-iam", "grants", actor_id="role/bounded")
    assert right["conditional"] == "*"


def test_an_iam_user_that_never_signs_in_is_no_person_without_a_second_factor() -> None:
    (robot,) = _of("steampipe-aws-iam", "actors", actor_id="user/ci/crane-ci")
    assert (robot["kind"], robot.get("strong_auth")) == ("service_account", None)


def test_a_user_holds_what_its_groups_hold() -> None:
    held = _of("steampipe-aws-iam", "grants", actor_id="user/ci/crane-ci", name="PowerUserAccess")
    assert [r["privileged"] for r in held] == [True]


@pytest.mark.parametrize("is_on", [True, False])
def test_a_trail_that_was_stopped_keeps_no_log(is_on: bool, tmp_path: Path) -> None:
    """CloudQuery tells it in another column than Steampipe."""
    trail = {
        "_cq_id": "c", "arn": "arn:aws:cloudtrail:eu-north-1:555566667777:trail/all", "name": "all", "home_region": "eu-north-1",
        "is_multi_region_trail": True, "log_file_validation_enabled": True, "s3_bucket_name": "b", "status": {"IsLogging": is_on},
    }  # fmt: skip
    _, rows = _ingest(tmp_path, {"trails.json": json.dumps([trail])})
    assert [r["integrity"] for r in rows["log_stores"]] == ["signature"] * is_on


# ---------------------------------------------------------------- directories


def test_applications_of_microsoft_are_none_of_the_organisations() -> None:
    assert not _of("steampipe-azuread-service-principal", "actors", name="Microsoft Graph")


def test_a_role_known_by_its_id_only_is_not_called_unprivileged() -> None:
    roles = _golden("steampipe-azure-role-assignment")["grants"]
    (unknown,) = [r for r in roles if r["role"].startswith("00000077")]
    assert "privileged" not in unknown


def test_an_administrator_role_that_is_not_active_is_no_right() -> None:
    assert not _of("steampipe-okta-user", "grants", role="READ_ONLY_ADMIN")


def test_an_app_that_people_sign_in_to_is_no_agent() -> None:
    assert not _of("steampipe-okta-application", "actors", name="Crew portal")


def test_a_second_factor_that_github_does_not_show_is_not_a_missing_one() -> None:
    factors = {
        r["actor_id"]: r.get("strong_auth")
        for r in _golden("steampipe-github-organization-member")["actors"]
    }
    assert (factors["lena-h"], factors["ove-k"], factors["siv"]) == (True, False, None)


def test_a_secret_that_was_never_written_anew_is_not_rotated() -> None:
    rotated = {
        r["credential_id"]: r.get("last_rotated_at")
        for r in _golden("steampipe-github-actions-secret")["credentials"]
    }
    assert rotated["quay/tally/NPM_TOKEN"] is None
    assert rotated["quay/tally/ERP_TOKEN"] is not None


# ---------------------------------------------------------------- clouds


def test_a_key_of_a_service_account_without_an_end_has_none() -> None:
    (key,) = _of("steampipe-gcp-iam", "credentials", type="service_account_key")
    assert "expires_at" not in key


def test_a_member_that_was_deleted_holds_nothing() -> None:
    assert not _of("steampipe-gcp-iam", "grants", actor_id="x@quay.example")


@pytest.mark.parametrize("source", ["steampipe-gcp-iam", "gcp-service-accounts"])
def test_a_role_that_names_the_hash_of_its_condition_is_that_role_on_a_condition(
    source: str,
) -> None:
    (owner,) = [r for r in _of(source, "grants", role="owner") if "conditional" in r]
    assert (owner["role"], owner["privileged"]) == ("roles/owner", True)


def test_a_role_of_another_namespace_gives_no_rights() -> None:
    held = _of("steampipe-kubernetes-rbac", "grants", actor_id=":tally-agent", role="reader")
    assert {(r["name"], r["action"]) for r in held} == {("agents/secrets/tally", "get")}


def test_two_accounts_of_a_cluster_with_one_cloud_role_are_not_each_that_role(
    tmp_path: Path,
) -> None:
    account = {
        "namespace": "crates", "uid": "u", "automount_service_account_token": None,
        "annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::555566667777:role/shared"},
    }  # fmt: skip
    given = [account | {"name": name, "uid": name} for name in ("one", "two")]
    _, rows = _ingest(tmp_path, {"accounts.json": json.dumps(given)})
    assert {r["alias"] for r in rows["aliases"]} == {"one", "two"}


# ---------------------------------------------------------------- files of others

ALIKE: dict[str, Row] = {
    "a finding about a role": {"arn": "arn:aws:iam::1:role/x", "status": "FAIL", "check_id": "c"},
    "a page of a portal": {"login": "lena", "organization": "quay", "email": "lena@quay.example"},
    "an audit record": {"login": "lena", "org": "quay", "role": "x", "action": "org.add_member"},
    "rules of an alert manager": {"name": "n", "namespace": "m", "rules": [{"alert": "Down"}]},
    "a person of another directory": {"id": "7", "login": "lena", "status": "ACTIVE"},
    "an application of another vendor": {"id": "7", "app_id": "a", "display_name": "App"},
    "an account of a table": {"email": "x@p.iam.gserviceaccount.com", "project": "p"},
    "a group of another directory": {"id": "7", "type": "OKTA_GROUP", "name": "Crew"},
    "a variable of a repository": {
        "repository_full_name": "quay/tally", "name": "REGION", "value": "eu-north-1", "visibility": "all",
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    },
    "a role assignment of another system": {"principal_id": "p", "role_definition_id": "r"},
}  # fmt: skip


@pytest.mark.parametrize("name", ALIKE)
def test_look_alikes_are_left_alone(name: str, tmp_path: Path) -> None:
    sources, _ = _ingest(tmp_path, {"given.json": json.dumps([ALIKE[name]] * 3)})
    assert not set(sources.values()) & {*OURS}


def test_of_an_answer_only_the_rows_are_records(tmp_path: Path) -> None:
    """A vendor's own source reads them too, where a query gives the vendor's names."""
    row = {"appId": "a1", "id": "o1", "displayName": "Tally", "signInAudience": "AzureADMyOrg"}
    columns = [{"name": name, "data_type": "text"} for name in row]
    answer = json.dumps({"columns": columns, "rows": [row]})
    sources, rows = _ingest(tmp_path, {"given.json": answer})
    assert sources == {"inventory/given.json": "entra-applications"}
    assert [r["actor_id"] for r in rows["actors"]] == ["a1"]
