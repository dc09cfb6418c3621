"""`reporter map` takes rows for AI agents only where more than a word says so, and gives the days of a key to the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few

import reporter
from reporter.authoring.propose_mapping import Proposal, propose, write
from reporter.content.yaml import read_yaml

SHEETS: Any = read_yaml(Path(__file__).parent / "data/sheets.yml")
YML = "organisation: Port\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"
OF_KEYS = ("created_at", "updated_at", "expires_at", "state", "owner_id", "retired_at")


def proposed(folder: Path, name: str, rows: str, kind: str = "") -> Proposal:
    (folder / name).write_text(rows)
    ((made,), _) = propose(folder / name, kind=kind)
    return made


@pytest.mark.parametrize("sheet", SHEETS, ids=[f"{i} {s['name']}" for i, s in enumerate(SHEETS)])
def test_a_sheet_is_of_agents_only_if_more_than_a_word_says_so(
    sheet: dict[str, str], tmp_path: Path
) -> None:
    made = proposed(tmp_path, sheet["name"], sheet["rows"])
    assert bool(made.asks) == (sheet["want"] != "agent"), made.lines()
    if sheet["want"] == "agent":
        assert made.mapping["kind"] == "agent"


@pytest.mark.parametrize(
    "sheet",
    [s for s in SHEETS if s["want"] == "keys"],
    ids=[s["name"] for s in SHEETS if s["want"] == "keys"],
)
def test_in_a_list_of_keys_the_days_are_the_key_s_and_its_holder_is_the_agent(
    sheet: dict[str, str], tmp_path: Path
) -> None:
    made = proposed(tmp_path, sheet["name"], sheet["rows"], kind="agent")
    columns = made.mapping["columns"]
    assert columns["actor_id"].lower() in ("agent", "agent name", "bot")
    assert not any(c in columns for c in OF_KEYS)
    assert made.mapping["credential"]["credential_id"] != columns["actor_id"]


@pytest.mark.parametrize(
    ("rows", "created"),
    [
        ("Agent ID,Owner,Tools,Key ID,Created\na,Ann Abt,x.read,k1,2026-01-01\nb,Bo Bik,y.read,k2,2026-02-01\n", None),
        ("Agent ID,Owner,Tools,Key ID,Created,Key created\na,Ann,x.read,k1,2026-01-01,2026-03-01\nb,Bo,y.read,k2,2026-02-01,2026-04-01\n", "Created"),
        ("Agent ID,Owner,Tools,Created\na,Ann,x.read,2026-01-01\nb,Bo,y.read,2026-02-01\n", "Created"),
    ],
)  # fmt: skip
def test_a_day_beside_a_key_is_the_agents_only_where_the_key_has_its_own(
    rows: str, created: str | None, tmp_path: Path
) -> None:
    made = proposed(tmp_path, "list.csv", rows)
    assert made.mapping["columns"].get("created_at") == created


@pytest.mark.parametrize(
    ("rows", "actor_id"),
    [
        ("Employee ID,First name,Last name,Left on\n1001,Maria,Keller,\n1002,Jonas,Brandt,2026-01-31\n", "Employee ID"),
        ("Agent,Agent email,Group\nMaria Keller,maria@a.example,T1\nJonas Brandt,jonas@a.example,T2\n", "Agent email"),
    ],
)  # fmt: skip
def test_of_people_the_number_or_the_address_is_who_they_are(
    rows: str, actor_id: str, tmp_path: Path
) -> None:
    made = proposed(tmp_path, "list.csv", rows, kind="person")
    assert made.mapping["columns"]["actor_id"] == actor_id


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("Agent,Status\nalpha,active\nbeta,active\n", "agent at 60 %, its name or headings say 'agent'"),
        ("Agent,Shift,Phone\nalpha,early,1\nbeta,late,2\n", "but also Shift, Phone"),
        ("Agent,Owner\nAnn Abt,Cy\nBo Bik,Cy\n", "but also names like those of people"),
        ("Secret name,Agent,Expires\nk,a,2026-12-31\nl,b,2026-12-31\n", "each row seems to be a key"),
    ],
)  # fmt: skip
def test_what_it_asks_says_what_speaks_for_and_against(
    rows: str, says: str, tmp_path: Path
) -> None:
    assert says in proposed(tmp_path, "list.csv", rows).asks


@pytest.mark.parametrize(
    "dates",
    [
        ("Created,Expires", "2026-02-01,2027-02-01"),
        pytest.param(("Status", "active"), marks=pytest.mark.slow),
    ],
)
def test_a_key_of_several_holders_is_mapped_and_assessed_as_shared(
    dates: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "CRD-01")
    head, cells = dates
    held = (("k-1", "bot-a"), ("k-2", "bot-b"), ("k-1", "bot-b"))
    rows = "".join(f"{key},{holder},{cells}\n" for key, holder in held)
    (tmp_path / "reporter.yml").write_text(YML)
    (tmp_path / "inventory").mkdir()
    folder = tmp_path / "inventory"
    asked = proposed(folder, "keys.csv", f"Key ID,Holder,{head}\n{rows}")
    assert asked.asks.startswith("what a row is: service_account at 60 %")
    made = proposed(folder, "keys.csv", f"Key ID,Holder,{head}\n{rows}", kind="agent")
    assert made.mapping["columns"]["actor_id"] == "Holder"
    assert made.mapping["credential"]["credential_id"] == "Key ID"
    write(made)
    shared = reporter.assess(tmp_path).results(check="CRD-01")
    assert shared[["subject", "status"]].values.tolist() == [["k-1", "fail"], ["k-2", "declared"]]
