"""A sealed bundle: what is changed in one is found, by hash, by signature, or as the checks are performed again."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from conftest import Shared, reporter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

pytest.importorskip(
    "securesystemslib", reason="needs the extra: pip install 'agent-reporter[seal]'"
)
pytest.importorskip("rfc8785", reason="needs the extra: pip install 'agent-reporter[seal]'")

from reporter.engine.duckdb import DuckDB, parquet
from reporter.errors import InputError
from reporter.pipeline.assess import Options, assess_workspace
from reporter.pipeline.sealed import manifest as manifests
from reporter.pipeline.sealed.bundle import Wanted, parent_of, seal
from reporter.pipeline.sealed.extras import canonical
from reporter.pipeline.sealed.merkle import leaf_hash, path_to, root_by, root_of
from reporter.pipeline.sealed.names import Refused, opened, write_zip
from reporter.pipeline.sealed.proof import check_proof, prove
from reporter.pipeline.sealed.signature import new_key, read_private, read_public, sign
from reporter.pipeline.sealed.verify import FAILED, OK, SKIPPED, WARNED, Asked, Outcome, verify
from reporter.runs.store import RESULT, RESULTS, Results

pytestmark = pytest.mark.slow

MANIFEST, ENVELOPE = "manifest.json", manifests.ENVELOPE


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, good: Path) -> Path:
    """A folder with a run that has kept its tables, keys, and the bundle of the run."""
    folder = tmp_path_factory.mktemp("sealed")
    assess_workspace(good, folder / "run", Options(formats=("json",), keep_tables=True))
    for name in ("key", "other"):
        new_key(folder / name)
    seal(folder / "run", folder / "bundle", Wanted(read_private(folder / "key")))
    return folder


@pytest.fixture
def bundle(place: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, to be changed."""
    shutil.copytree(place / "bundle", tmp_path / "bundle")
    return tmp_path / "bundle"


def look(bundle: Path, place: Path, **more: Any) -> Outcome:
    """Verify with the key of who sealed it, and without performing the checks again."""
    usual: dict[str, Any] = {"public": read_public(place / "key.pub"), "reperform": False}
    return verify(bundle, Asked(**(usual | more)))


def states(outcome: Outcome) -> dict[str, str]:
    return {step.name: step.state for step in outcome.steps}


def lines(outcome: Outcome) -> str:
    return "\n".join(line for s in outcome.steps for line in (f"{s.name} {s.text}", *s.lines))


def repair(bundle: Path, key: Path | None = None, parent: str = "") -> None:
    """Make the manifests, the root and, with a key, the signature fit what the files now are."""
    run = bundle / "run"
    about = json.loads((run / MANIFEST).read_bytes())
    for name, entry in about["outputs"].items():
        entry |= {"bytes": (run / name).stat().st_size, "sha256": manifests.sha256(run / name)}
    (run / MANIFEST).write_text(json.dumps(about, sort_keys=True, indent=1) + "\n")
    tree = manifests.tree_of(run)
    text = manifests.write(bundle, about, root_of(tree), len(tree), parent)
    if key:
        (bundle / ENVELOPE).write_bytes(sign(text, json.loads(text), read_private(key)))


def flip(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 1]))


# ---------------------------------------------------------------- what holds


def test_a_bundle_holds_and_its_checks_come_out_the_same(place: Path) -> None:
    outcome = look(place / "bundle", place, reperform=True, sample=25)
    assert outcome.holds, lines(outcome)
    assert {*states(outcome).values()} == {OK}
    assert states(outcome).keys() >= {
        "files",
        "signature",
        "results",
        "run",
        "checks",
        "SQL",
        "content",
    }
    assert len(outcome.sample) == 25
    assert all(d.now == d.result and d.sql for d in outcome.sample)
    assert {d.severity for d in outcome.sample} >= {"critical", "high", "medium", "low"}


@pytest.mark.slow
def test_the_same_run_and_key_give_the_same_bytes(place: Path, tmp_path: Path) -> None:
    wanted = Wanted(read_private(place / "key"), is_zip=True)
    seal(place / "run", tmp_path / "again.zip", wanted)
    write_zip(place / "bundle", tmp_path / "first.zip")
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "first.zip").read_bytes()
    assert look(tmp_path / "again.zip", place).holds


def test_a_draw_is_the_same_by_its_seed(place: Path) -> None:
    first, same, other = (
        [d.result["id"] for d in look(place / "bundle", place, sample=12, seed=s).sample]
        for s in ("1", "1", "2")
    )
    assert len(first) == 12
    assert first == same != other


def test_without_a_key_it_is_said_that_nobody_vouches(place: Path) -> None:
    outcome = look(place / "bundle", place, public=None)
    assert outcome.holds
    assert "NOBODY VOUCHES" in lines(outcome)


def test_keys_of_openssl_sign_and_verify(place: Path, bundle: Path, tmp_path: Path) -> None:
    private, public = tmp_path / "own", tmp_path / "own.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    repair(bundle, private)
    assert look(bundle, place, public=read_public(public)).holds


def test_a_new_key_is_for_its_owner_only(place: Path) -> None:
    assert stat.S_IMODE((place / "key").stat().st_mode) == 0o600
    with pytest.raises(InputError, match="not overwritten"):
        new_key(place / "key")


# ---------------------------------------------------------------- bytes and files


@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_a_changed_byte_in_any_file_is_found(bundle: Path, where: str) -> None:
    manifest = manifests.read(bundle)
    names = [name for name, entry in manifest.files.items() if entry["bytes"]]
    assert len(names) > 400
    for name in names:
        size = (bundle / name).stat().st_size
        flip(bundle / name, {"first": 0, "middle": size // 2, "last": size - 1}[where])
    found = {line.partition(": ")[0] for line in manifests.differences(bundle, manifest)}
    assert found == {*names}


def test_a_changed_file_is_what_the_outcome_names(place: Path, bundle: Path) -> None:
    flip(bundle / "content/frameworks/policy.yml", 5)
    outcome = look(bundle, place, reperform=True)
    assert not outcome.holds
    assert "content/frameworks/policy.yml" in lines(outcome)
    assert states(outcome)["checks"] == SKIPPED  # nothing is performed that is not what was sealed


@pytest.mark.parametrize("name", [MANIFEST, ENVELOPE])
def test_a_changed_byte_in_manifest_or_signature_is_found(
    place: Path, bundle: Path, name: str
) -> None:
    path = bundle / name
    whole = path.read_bytes()
    for at in (0, len(whole) // 3, len(whole) // 2, len(whole) - 1):
        flip(path, at)
        assert not look(bundle, place, public=None).holds, at
        path.write_bytes(whole)


def test_every_byte_of_an_envelope_counts(place: Path) -> None:
    from reporter.pipeline.sealed.signature import check

    whole, public = (place / "bundle" / ENVELOPE).read_bytes(), read_public(place / "key.pub")
    assert check(whole, "", public).is_vouched
    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 1
        with pytest.raises(Refused):
            check(bytes(changed), "", public)
        with pytest.raises(Refused):
            check(bytes(changed), "", None)


@pytest.mark.parametrize(
    "name", ["run/more.csv", "more.txt", "content/frameworks/checks/own/OWN-99.yml"]
)
def test_a_file_too_much_is_found(place: Path, bundle: Path, name: str) -> None:
    (bundle / name).write_text("more")
    assert f"{name}: is not in the manifest" in lines(look(bundle, place))


@pytest.mark.parametrize(
    "name", ["run/report.json", "sql/0000-settings.sql", f"run/{RESULTS}", ENVELOPE, MANIFEST]
)
def test_a_missing_file_is_found(place: Path, bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    outcome = look(bundle, place)
    assert not outcome.holds
    assert Path(name).name in lines(outcome)


# ---------------------------------------------------------------- what is edited and repaired


def edit(run: Path, sql: str) -> None:
    """Change the results of a run, as somebody does who knows how they are stored."""
    path = run / RESULTS
    with DuckDB(run.parent.parent / "edit") as engine:
        engine.run(f"CREATE TABLE held AS SELECT * FROM {parquet(path)}")
        engine.run(sql)
        engine.write_parquet("SELECT * FROM held", path, "zstd")


OF_AGENT_2 = "WHERE \"check\" = 'OWN-01' AND subject = 'agent-2'"
CITED = f"UPDATE held SET record = 'inventory/agents.jsonl#1' {OF_AGENT_2}"


def test_an_edited_result_is_found_as_the_checks_are_performed_again(
    place: Path, bundle: Path
) -> None:
    edit(bundle / "run", CITED)
    repair(bundle, place / "key")  # the worst: whoever edits has the key
    outcome = look(bundle, place, reperform=True)
    assert {n for n, s in states(outcome).items() if s != OK} == {"checks"}
    found = next(
        line for s in outcome.steps for line in s.lines if line.startswith("OWN-01 agent-2: ")
    )
    assert found.endswith("as it was sealed, with another record")


@pytest.mark.slow
def test_an_edited_status_and_score_are_found_as_the_checks_are_performed_again(
    place: Path, bundle: Path
) -> None:
    ((before,),) = Results(bundle / "run", ()).query(f"SELECT status FROM held {OF_AGENT_2}")
    assert before != "fail"
    edit(bundle / "run", f"UPDATE held SET status = 'fail' {OF_AGENT_2}")
    path = bundle / "run" / "report.json"
    data = json.loads(path.read_bytes())
    counts = data["scores"]["checks"]["OWN-01"]["counts"]
    counts[before] -= 1
    counts["fail"] = counts.get("fail", 0) + 1
    path.write_text(json.dumps(data))
    repair(bundle, place / "key")
    outcome = look(bundle, place, reperform=True)
    assert states(outcome)["results"] == states(outcome)["run"] == OK, lines(outcome)
    assert f"OWN-01 agent-2: fail was sealed, and {before} came out" in lines(outcome)
    assert "score of check OWN-01" in lines(outcome)


def test_an_edited_result_that_is_not_repaired_fails_by_root_and_hash(
    place: Path, bundle: Path
) -> None:
    edit(bundle / "run", CITED)
    assert {n for n, s in states(look(bundle, place)).items() if s == FAILED} >= {
        "files",
        "results",
        "run",
    }


def test_swapped_content_with_repaired_hashes_is_found_by_the_signature(
    place: Path, bundle: Path
) -> None:
    flip(bundle / "content/frameworks/policy.yml", 5)
    repair(bundle)
    assert states(look(bundle, place))["signature"] == FAILED
    repair(bundle, place / "other")
    assert states(look(bundle, place))["signature"] == FAILED


@pytest.mark.slow
def test_swapped_content_that_is_signed_is_not_that_of_this_program(
    place: Path, bundle: Path
) -> None:
    check = next((bundle / "content/frameworks/checks").rglob("OWN-01-*.yml"))
    check.write_text(check.read_text() + "\n# weaker\n")
    repair(bundle, place / "key")
    outcome = look(bundle, place, reperform=True)
    assert "differs from that of this program" in lines(outcome)
    assert "hash of content" in lines(outcome)  # the run was not assessed with it


def test_the_signature_of_another_bundle_is_found(place: Path, bundle: Path) -> None:
    (bundle / "README.md").write_text("another")
    envelope = (bundle / ENVELOPE).read_bytes()
    repair(bundle, place / "key")
    (bundle / ENVELOPE).write_bytes(envelope)
    assert "it is that of another manifest" in lines(look(bundle, place))


@pytest.mark.slow
def test_sql_that_is_not_what_runs_is_found(place: Path, bundle: Path) -> None:
    path = next((bundle / "sql").glob("*-check-OWN-01.sql"))
    path.write_text("SELECT 'all is well';\n")
    repair(bundle, place / "key")
    outcome = look(bundle, place, reperform=True)
    assert f"sql/{path.name}: is not what runs here" in lines(outcome)


# ---------------------------------------------------------------- what may harm whoever verifies


HARM = {
    "a file": (
        "SELECT content AS actor_id FROM read_text('/etc/passwd')",
        "disabled by configuration",
    ),
    "a file as a table": ("SELECT * FROM '/etc/passwd'", "known_agents reads '/etc/passwd'"),
    "a second statement": (
        "SELECT actor_id FROM actors; COPY (SELECT 1) TO '/tmp/harm'",
        "exactly one SELECT",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("sql", "why"), HARM.values(), ids=HARM)
def test_a_model_reaches_nothing_of_whoever_verifies(
    place: Path, bundle: Path, sql: str, why: str
) -> None:
    path = bundle / "content/frameworks/models/known_agents.sql"
    head = [line for line in path.read_text().splitlines() if line.startswith("--")]
    path.write_text("\n".join([*head, sql, ""]))
    repair(bundle, place / "key")
    outcome = look(bundle, place, reperform=True)
    assert states(outcome)["checks"] == SKIPPED
    assert "cannot be performed again" in lines(outcome)
    assert why in lines(outcome), lines(outcome)


@pytest.mark.slow
def test_a_macro_reaches_nothing_of_whoever_verifies(
    place: Path, bundle: Path, tmp_path: Path
) -> None:
    target = tmp_path / "harm.csv"
    path = bundle / "content/frameworks/models/macros.sql"
    text = path.read_text()
    path.write_text(
        text.replace(
            "AS replace(literal(name), '*', '%');", f"AS 1; COPY (SELECT 1) TO '{target}';"
        )
    )
    assert path.read_text() != text
    repair(bundle, place / "key")
    assert states(look(bundle, place, reperform=True))["checks"] == SKIPPED
    assert not target.exists()


@pytest.mark.slow
def test_a_small_file_of_very_many_results_is_counted_first(place: Path, bundle: Path) -> None:
    path = bundle / "run" / RESULTS
    with DuckDB(bundle.parent / "many") as engine:
        engine.run(f"CREATE TABLE one AS SELECT * FROM {parquet(path)} LIMIT 1")
        engine.write_parquet(
            "SELECT o.* FROM one AS o CROSS JOIN range(20000000) AS n", path, "zstd"
        )
    assert path.stat().st_size < 4 << 20
    outcome = look(bundle, place)
    assert "there are 20000000, and the manifest says" in lines(outcome)


@pytest.mark.parametrize(
    ("select", "why"),
    [
        ("* REPLACE (CAST(tier_lo AS DOUBLE) AS tier_lo)", "other columns or types"),
        ("* REPLACE (NULL::VARCHAR AS subject)", "without check, subject, status or id"),
        ("* EXCLUDE (id)", "other columns or types"),
    ],
)
def test_results_of_other_columns_are_refused(
    place: Path, bundle: Path, select: str, why: str
) -> None:
    edit(bundle / "run", f"CREATE OR REPLACE TABLE held AS SELECT {select} FROM held")
    outcome = look(bundle, place, sample=3)
    assert states(outcome)["results"] == FAILED
    assert why in lines(outcome)


@pytest.mark.parametrize(
    "make",
    [
        lambda b: (b / "run/more").symlink_to("/etc/passwd"),
        lambda b: (b / "more").symlink_to(b / "run"),
        lambda b: os.mkfifo(b / "pipe"),
    ],
    ids=["a link to a file", "a link to a folder", "a pipe"],
)
def test_a_link_or_pipe_is_found_and_not_followed(
    place: Path, bundle: Path, make: Callable[[Path], None]
) -> None:
    make(bundle)
    outcome = look(bundle, place)
    assert states(outcome)["files"] == FAILED
    assert "is a link" in lines(outcome) or "no regular file" in lines(outcome)


NAMES = [
    "../outside",
    "/etc/passwd",
    "run/../../x",
    "a\\b",
    "C:x",
    "",
    "run//x",
    "run/./x",
    "a\nb",
    "x" * 1001,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_manifest_that_names_files_outside_is_refused(
    place: Path, bundle: Path, name: str
) -> None:
    data = json.loads((bundle / MANIFEST).read_bytes())
    data["files"][name] = {"bytes": 1, "sha256": "0" * 64}
    (bundle / MANIFEST).write_bytes(canonical(data))
    outcome = look(bundle, place)
    assert states(outcome) == {"manifest": FAILED}


def test_a_manifest_in_another_form_is_refused(place: Path, bundle: Path) -> None:
    path = bundle / MANIFEST
    data = json.loads(path.read_bytes())
    path.write_text(json.dumps(data, indent=1))
    assert "RFC 8785" in lines(look(bundle, place))
    path.write_text('{"schema": 1, "schema": 2}')
    assert "a key stands twice" in lines(look(bundle, place))
    path.write_text("[" * 100_000)
    assert states(look(bundle, place)) == {"manifest": FAILED}


# ---------------------------------------------------------------- zips


def zipped(
    path: Path, entries: list[tuple[zipfile.ZipInfo, bytes]], kind: int = zipfile.ZIP_STORED
) -> Path:
    with zipfile.ZipFile(path, "w", kind) as packed:
        for entry, data in entries:
            entry.compress_type = kind
            packed.writestr(entry, data)
    return path


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.external_attr, info.create_system = mode << 16, 3
    return info


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("entries", "kind", "why"),
    [
        ([(entry("../outside"), b"x")], zipfile.ZIP_STORED, "leads out"),
        ([(entry("/etc/x"), b"x")], zipfile.ZIP_STORED, "no plain name"),
        ([(entry("a"), b"x"), (entry("a"), b"y")], zipfile.ZIP_STORED, "one file"),
        ([(entry("a"), b"x"), (entry("A"), b"y")], zipfile.ZIP_STORED, "one file"),
        ([(entry("a", stat.S_IFLNK | 0o777), b"/etc/passwd")], zipfile.ZIP_STORED, "is a link"),
        ([(entry("a"), b"\0" * (64 << 20))], zipfile.ZIP_DEFLATED, "is compressed"),
        ([(entry("a"), b"x"), (entry("a/b"), b"y")], zipfile.ZIP_STORED, "no zip of a bundle"),
    ],
    ids=[
        "a path out",
        "an absolute path",
        "a name twice",
        "a name in two cases",
        "a link",
        "a bomb",
        "a file as a folder",
    ],
)
def test_a_zip_that_may_harm_is_refused_before_it_is_unpacked(
    tmp_path: Path, entries: list[tuple[zipfile.ZipInfo, bytes]], kind: int, why: str
) -> None:
    path = zipped(tmp_path / "bundle.zip", entries, kind)
    outcome = verify(path, Asked(reperform=False))
    assert states(outcome) == {"bundle": FAILED}
    assert why in lines(outcome)
    assert [p.name for p in tmp_path.iterdir()] == ["bundle.zip"]


def test_a_zip_that_says_it_holds_more_than_it_has_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "bundle.zip", [(entry("a"), b"x" * 1000), (entry("b"), b"y" * 1000)])
    data = bytearray(path.read_bytes())
    for size in (b"\xe8\x03\x00\x00",):
        while (at := data.find(size)) >= 0:
            data[at : at + 4] = b"\x00\x00\x00\x40"
    path.write_bytes(data)
    assert states(verify(path, Asked(reperform=False))) == {"bundle": FAILED}


def test_every_byte_of_a_zip_counts(tmp_path: Path) -> None:
    (tmp_path / "folder/run").mkdir(parents=True)
    (tmp_path / "folder/a").write_bytes(b"first")
    (tmp_path / "folder/run/b").write_bytes(b"second")
    path = tmp_path / "bundle.zip"
    write_zip(tmp_path / "folder", path)
    whole = path.read_bytes()
    with opened(path) as folder:
        assert (folder / "run/b").read_bytes() == b"second"
    for at in range(len(whole)):
        flip(path, at)
        with pytest.raises(Refused), opened(path):
            pass
        path.write_bytes(whole)
    path.write_bytes(whole + b"\0")
    with pytest.raises(Refused), opened(path):
        pass


# ---------------------------------------------------------------- keys


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[dict[str, Path]]:
    made = {}
    for name, words in {
        "rsa": ["-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:2048"],
        "ec": ["-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        "secret": ["-algorithm", "ed25519", "-aes256", "-pass", "pass:x"],
    }.items():
        made[name] = tmp_path / name
        subprocess.run(
            ["openssl", "genpkey", *words, "-out", made[name]], check=True, capture_output=True
        )
    made["text"] = tmp_path / "text"
    made["text"].write_text("no key")
    yield made


@pytest.mark.parametrize(
    ("name", "why"),
    [("rsa", "another kind"), ("ec", "another kind"), ("secret", "passphrase"), ("text", "no private key"), ("none", "no such file")],
)  # fmt: skip
def test_a_key_of_the_wrong_kind_is_refused(
    keys: dict[str, Path], tmp_path: Path, name: str, why: str
) -> None:
    with pytest.raises(InputError, match=why):
        read_private(keys.get(name, tmp_path / "none"))


def test_private_and_public_keys_are_told_apart(place: Path) -> None:
    with pytest.raises(InputError, match="is a public key"):
        read_private(place / "key.pub")
    with pytest.raises(InputError, match="must not leave its owner"):
        read_public(place / "key")


# ---------------------------------------------------------------- one finding alone


@pytest.mark.slow
def test_one_finding_is_proven_without_the_rest(place: Path, tmp_path: Path) -> None:
    with DuckDB(tmp_path / "engine") as engine:
        held = parquet(place / "bundle/run" / RESULTS)
        ids = [i for (i,) in engine.rows(f"SELECT id FROM {held} ORDER BY id")]
    for finding in (ids[0], ids[len(ids) // 2], ids[-1]):
        proof = tmp_path / f"{finding}.json"
        assert reporter("seal", place / "bundle", "--proof", finding, "--out", proof).exit_code == 0
        told = reporter("verify", "--proof", proof, "--key", place / "key.pub")
        assert told.exit_code == 0, told.output
        assert "proven: covered by the signature" in told.output
        assert proof.stat().st_size < 10_000
        assert reporter("verify", "--proof", proof, "--key", place / "other.pub").exit_code == 4
    whole, public = proof.read_bytes(), read_public(place / "key.pub")
    for at in range(len(whole)):
        flip(proof, at)
        with pytest.raises(Refused):
            check_proof(proof, public)
        proof.write_bytes(whole)


@given(some.lists(some.binary(max_size=4), max_size=40), some.integers(0, 39))
def test_a_path_leads_to_the_root_and_to_no_other(leaves: list[bytes], place: int) -> None:
    hashes = [leaf_hash(leaf) for leaf in leaves]
    root = root_of(hashes)
    if place < len(hashes):
        path = path_to(hashes, place)
        assert root_by(hashes[place], place, len(hashes), path) == root
        assert root_by(leaf_hash(b"other"), place, len(hashes), path) != root
        assert root_by(hashes[place], place, len(hashes), [*path, root]) == b""
        assert root_by(hashes[place], len(hashes), len(hashes), path) == b""
    assert root == _by_the_book(leaves)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    some.dictionaries(
        some.sampled_from(RESULT),
        some.text() | some.none() | some.integers(-(2**53) + 1, 2**53 - 1),
    )
)
def test_a_leaf_is_in_the_form_of_rfc_8785(values: dict[str, str | int | None]) -> None:
    assert manifests.flat_canonical(values) == canonical(values)


def _by_the_book(leaves: list[bytes]) -> bytes:
    """The tree as RFC 6962, section 2.1, defines it."""
    import hashlib

    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = max(2**n for n in range(10) if 2**n < len(leaves))
    return hashlib.sha256(b"\1" + _by_the_book(leaves[:k]) + _by_the_book(leaves[k:])).digest()


# ---------------------------------------------------------------- without our program


PAGE = Path(__file__).parents[1] / "docs/verify.md"
FENCE = re.compile(r"^```sh( proof)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOOLS = ("sha256sum", "jq", "openssl", "duckdb")


@pytest.fixture
def shell(place: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs what the page says in a folder; skips where one of its tools is missing."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    if missing := [tool for tool in TOOLS if not shutil.which(tool, path=path)]:
        pytest.skip(
            f"needs {', '.join(missing)}: apt-get install jq openssl; pip install duckdb-cli"
        )
    work = tmp_path / "work"
    work.mkdir()
    settings = {"PATH": path, "work": str(work), "key": str(place / "key.pub"), "LC_ALL": "C.UTF-8"}

    def run(text: str, folder: Path, by: str = "bash") -> subprocess.CompletedProcess[str]:
        words = [by, *(["-euo", "pipefail"] if by == "bash" else ["-eu"]), "-c", text]
        return subprocess.run(words, cwd=folder, env=settings, capture_output=True, text=True)

    return run


@pytest.mark.slow
def test_the_page_verifies_a_bundle_without_our_program(
    place: Path, bundle: Path, shell: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    blocks = [text for kind, text in FENCE.findall(PAGE.read_text(encoding="utf-8")) if not kind]
    assert len(blocks) == 5
    hashes, names, signature, again, _ = blocks
    for block in blocks:
        done = shell(block, bundle)
        assert done.returncode == 0, done.stdout + done.stderr
    edit(bundle / "run", CITED)
    assert shell(hashes, bundle).returncode
    repair(bundle)
    assert shell(hashes, bundle).returncode == 0
    assert shell(signature, bundle).returncode
    done = shell(again, bundle)
    assert done.returncode
    assert "RESULTS DIFFER" in done.stdout and "inventory/agents.jsonl#1" in done.stdout
    (bundle / "more").write_text("more")
    assert shell(names, bundle).returncode
    (bundle / "sql/0000-settings.sql").write_text(".shell touch harm\n")
    assert shell(again, bundle).returncode
    assert not (bundle / "harm").exists()


def test_the_page_proves_one_finding_without_our_program(
    place: Path, tmp_path: Path, shell: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (block,) = (text for kind, text in FENCE.findall(PAGE.read_text(encoding="utf-8")) if kind)
    rows = Results(place / "bundle/run", ()).query("SELECT id, place FROM held ORDER BY place")
    ids = [id_ for id_, _ in rows]
    for at in (0, 1, len(ids) // 2, len(ids) - 2, len(ids) - 1):
        (tmp_path / "proof.json").write_bytes(prove(place / "bundle", ids[at]))
        for by in ("bash", "sh"):  # of Debian that is dash
            done = shell(block, tmp_path, by)
            assert done.returncode == 0, (by, at, done.stdout + done.stderr)
    text = (tmp_path / "proof.json").read_text()
    (tmp_path / "proof.json").write_text(text.replace('"place":', '"place":1', 1))
    assert shell(block, tmp_path).returncode


# ---------------------------------------------------------------- time stamps, signed PDF files


AUTHORITY = """
cat > tsa.cnf <<'EOF'
[tsa]
default_tsa = t
[t]
serial = ./serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
EOF
echo 01 > serial
printf 'extendedKeyUsage=critical,timeStamping\\nbasicConstraints=CA:FALSE\\nkeyUsage=critical,digitalSignature\\n' > ext
for name in ca other; do
  openssl req -x509 -newkey rsa:2048 -nodes -keyout $name.key -out $name.pem -subj /CN=$name -days 3650
done
openssl req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /CN=tsa
openssl x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -set_serial 2 -days 3650 -extfile ext -out tsa.pem
cat tsa.pem ca.pem tsa.key > signer.pem
"""
"""A certificate that may stamp times and sign, of an authority that nobody knows."""
STAMP = """
openssl ts -query -data "$1" -sha256 -cert -out query
openssl ts -reply -config tsa.cnf -queryfile query -signer tsa.pem -inkey tsa.key -out "$2"
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("authority")
    subprocess.run(["bash", "-euc", AUTHORITY], cwd=folder, check=True, capture_output=True)
    return folder


def test_a_time_stamp_is_of_this_signature_and_of_who_is_trusted(
    place: Path, authority: Path
) -> None:
    pytest.importorskip("rfc3161_client", reason="needs pip install 'agent-reporter[timestamp]'")
    for data, answer in (
        (place / "bundle" / ENVELOPE, "answer"),
        (place / "key.pub", "of another"),
    ):
        words = ["bash", "-euc", STAMP, "bash", data, answer]
        subprocess.run(words, cwd=authority, check=True, capture_output=True)

    def stamped(answer: str, trusted: str) -> str:
        named = authority / trusted if trusted else None
        outcome = look(place / "bundle", place, time_stamp=authority / answer, authority=named)
        return states(outcome)["time stamp"]

    assert stamped("answer", "ca.pem") == OK
    assert stamped("answer", "") == WARNED
    assert stamped("answer", "other.pem") == FAILED
    assert stamped("of another", "ca.pem") == FAILED
    # What cannot be read says nothing of the bundle.
    assert stamped("ca.pem", "ca.pem") == SKIPPED
    assert stamped("none", "ca.pem") == SKIPPED


def test_a_time_stamp_with_a_chain_is_read_in_any_order(place: Path, authority: Path) -> None:
    """OpenSSL writes the certificates in the order of the chain, and DER has another."""
    pytest.importorskip("rfc3161_client", reason="needs pip install 'agent-reporter[timestamp]'")
    chained = STAMP.replace("-inkey", "-chain ca.pem -inkey")
    words = ["bash", "-euc", chained, "bash", place / "bundle" / ENVELOPE, "chained"]
    subprocess.run(words, cwd=authority, check=True, capture_output=True)
    answer = (authority / "chained").read_bytes()
    one, other = (
        subprocess.run(
            ["openssl", "x509", "-in", authority / name, "-outform", "DER"],
            check=True,
            capture_output=True,
        ).stdout
        for name in ("tsa.pem", "ca.pem")
    )
    orders = [o for o in (one + other, other + one) if o in answer]
    assert len(orders) == 1
    for order in (one + other, other + one):
        (authority / "ordered").write_bytes(answer.replace(orders[0], order))
        for trusted, expected in (("ca.pem", OK), ("other.pem", FAILED)):
            outcome = look(
                place / "bundle",
                place,
                time_stamp=authority / "ordered",
                authority=authority / trusted,
            )
            assert states(outcome)["time stamp"] == expected, (order == orders[0], trusted)


def test_a_signed_pdf_is_a_copy_of_that_of_the_run(
    place: Path, bundle: Path, authority: Path
) -> None:
    pytest.importorskip("pyhanko", reason="needs pip install 'agent-reporter[pades]'")
    from reporter.pipeline.sealed.pdf_signature import read_signer, sign_pdf

    now = datetime.now(UTC)
    report = bundle / "run" / "report.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(report)
    about = json.loads((bundle / "run" / MANIFEST).read_bytes())
    about["outputs"]["report.pdf"] = {"bytes": 0, "sha256": ""}
    (bundle / "run" / MANIFEST).write_text(json.dumps(about))
    (bundle / "signed").mkdir()
    sign_pdf(report, bundle / "signed/report.pdf", read_signer(authority / "signer.pem", now))
    repair(bundle, place / "key")
    seen = look(bundle, place)
    assert seen.holds and states(seen)["signed PDF"] == WARNED
    assert b"ETSI.CAdES.detached" in (bundle / "signed/report.pdf").read_bytes()
    (bundle / "signed/report.pdf").write_bytes(b"%PDF-1.7")
    repair(bundle, place / "key")
    assert "is not a signed copy" in lines(look(bundle, place))
    with pytest.raises(InputError, match="0 private keys"):
        read_signer(authority / "ca.pem", now)
    both = [(authority / name).read_text() for name in ("ca.pem", "tsa.key")]
    (authority / "mixed.pem").write_text("".join(both))
    with pytest.raises(InputError, match="is not that of its first certificate"):
        read_signer(authority / "mixed.pem", now)
    for days in (-2, 4000):
        with pytest.raises(InputError, match="is valid from"):
            read_signer(authority / "signer.pem", now + timedelta(days=days))


def test_a_run_without_a_pdf_is_not_said_to_be_signed(place: Path, tmp_path: Path) -> None:
    wanted = Wanted(read_private(place / "key"), pdf_signer="somebody")
    with pytest.raises(InputError, match="has no PDF to sign"):
        seal(place / "run", tmp_path / "bundle", wanted)
    assert not (tmp_path / "bundle").exists()


# ---------------------------------------------------------------- what is not sealed, and the chain


def test_a_run_that_was_changed_is_not_sealed(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "run", tmp_path / "run")
    flip(tmp_path / "run/agents.csv", 3)
    with pytest.raises(InputError, match="was changed since"):
        seal(tmp_path / "run", tmp_path / "bundle", Wanted(read_private(place / "key")))
    assert not (tmp_path / "bundle").exists()


@pytest.mark.slow
def test_a_run_without_tables_is_sealed_and_says_that_it_cannot_be_performed_again(
    place: Path, good_run: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    seal(good_run, tmp_path / "bundle", Wanted(read_private(place / "key"), warn=said.append))
    assert "assessed without --keep-tables" in said[0] and "--no-reperform" in said[0]
    outcome = look(tmp_path / "bundle", place, reperform=True)
    assert not outcome.holds
    assert "this run has not kept its tables" in lines(outcome)
    assert look(tmp_path / "bundle", place).holds


@pytest.mark.slow
def test_checks_that_did_not_ship_are_sealed_and_performed_again(
    place: Path, good: Path, tmp_path: Path
) -> None:
    extra = (Path(__file__).parents[1] / "docs/examples/extra",)
    options = Options(formats=("json",), extra=extra, keep_tables=True)
    assess_workspace(good, tmp_path / "run", options)
    with pytest.raises(InputError, match="was assessed with"):
        seal(tmp_path / "run", tmp_path / "bundle", Wanted(read_private(place / "key")))
    seal(tmp_path / "run", tmp_path / "bundle", Wanted(read_private(place / "key"), extra))
    outcome = look(tmp_path / "bundle", place, reperform=True)
    assert outcome.holds, lines(outcome)
    assert "content/extra/00-extra" in lines(outcome) or "extra/00-extra" in lines(outcome)
    assert [*(tmp_path / "bundle/sql").glob("*-check-ENT-51.sql")]


def test_names_of_people_are_not_sealed_beside_their_pseudonyms(
    place: Path, tmp_path: Path
) -> None:
    shutil.copytree(place / "run", tmp_path / "run")
    path = tmp_path / "run" / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"pseudonyms": "0123"}))
    with pytest.raises(InputError, match="kept tables have their names"):
        seal(tmp_path / "run", tmp_path / "bundle", Wanted(read_private(place / "key")))


def test_the_parent_is_the_run_before(place: Path, tmp_path: Path, bundle: Path) -> None:
    shutil.copytree(place / "run", tmp_path / "earlier")
    path = tmp_path / "earlier" / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"as_of": "2026-07-01T00:00:00"}))
    about = manifests.run_manifest(place / "run")
    assert parent_of(about, None) == ""
    told = parent_of(about, tmp_path / "earlier")
    assert told == manifests.sha256(path)
    with pytest.raises(InputError, match="no earlier than the run"):
        parent_of(about, place / "run")
    compared = about | {"compared": [{"report_sha256": "0" * 64}]}
    with pytest.raises(InputError, match="was compared with other runs"):
        parent_of(compared, tmp_path / "earlier")
    repair(bundle, place / "key", told)
    assert states(look(bundle, place, parents=(tmp_path / "earlier",)))["parent"] == OK
    flip(path, 4)
    assert states(look(bundle, place, parents=(place / "run",)))["parent"] == FAILED


@pytest.mark.slow
def test_a_run_of_other_content_is_not_sealed(place: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "profiles").mkdir(parents=True)
    (own / "profiles/mine.yml").write_text("id: mine\ntitle: Mine\ntarget: 3\nthemes: {}\n")
    with pytest.raises(InputError, match="was assessed with"):
        seal(place / "run", tmp_path / "bundle", Wanted(read_private(place / "key"), (own,)))


def test_words_of_the_command_line_and_exit_codes(
    place: Path, tmp_path: Path, shared: Shared
) -> None:
    key = place / "key.pub"
    held = reporter("verify", place / "bundle", "--key", key, "--no-reperform", "--json")
    assert held.exit_code == 0
    assert json.loads(held.stdout)["holds"]
    assert (
        reporter(
            "verify", place / "bundle", "--key", place / "other.pub", "--no-reperform"
        ).exit_code
        == 4
    )
    assert reporter("verify", tmp_path / "none").exit_code == 3
    assert reporter("verify").exit_code == 2
    assert reporter("seal", place / "run", "--out", tmp_path / "x").exit_code == 2
    assert reporter("seal", place / "run", "--key", key, "--out", tmp_path / "x").exit_code == 3
    made = reporter("seal", "--new-key", tmp_path / "new")
    assert made.output.split() == [str(tmp_path / "new"), str(tmp_path / "new.pub")]
