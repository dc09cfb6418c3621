"""With pseudonyms for people nobody is named in any file of a run, everybody is told apart, and nothing else changes."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few, read_results, reporter, texts_of
from fixture_estate import Estate, spoiled

from reporter.content import loader
from reporter.model import ids
from reporter.privacy.pseudonyms import People
from reporter.runs.store import RESULT, read_data

pytestmark = pytest.mark.slow

Rows = set[tuple[str, ...]]


def people(*names: str, **given: Any) -> People:
    """Everybody of a small company."""
    return People(
        set(names), given.get("others", set()), given.get("also", {}), given.get("twins", set()),
        {"Tool", "tool", "may", "is", "owner"}, "key",
    )  # fmt: skip


def called(name: str, key: str = "key") -> str:
    """What a person is called."""
    return "person-" + hmac.new(key.encode(), name.encode(), hashlib.sha256).hexdigest()[:12]


JANE = people(
    "Jane Doe",
    "jane.doe@corp.example",
    "O'Brien, Pat",
    "ann",
    "May",
    "Tool",
    "tool",
    "Ann-2",
    "u/7",
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("owner Jane Doe has left", "owner <jane doe> has left"),
        ("owner JANE DOE has left", "owner <jane doe> has left"),
        ("Jane Doerr and Jane", "Jane Doerr and Jane"),
        ("owned by jane.doe@corp.example.", "owned by <jane.doe@corp.example>."),
        ("(Jane.Doe@Corp.Example)", "(<jane.doe@corp.example>)"),
        ("users/jane.doe@corp.example/drive", "users/<jane.doe@corp.example>/drive"),
        ("mail to who@else.example, please", "mail to <who@else.example>, please"),
        ("owner O'Brien, Pat has left", "owner <o'brien, pat> has left"),
        ("ann's, 'ann', ann; Ann and ann-3", "<ann>'s, '<ann>', <ann>; Ann and ann-3"),
        ("it may be; May may", "it may be; <may> may"),
        ("Tool May is used by Tool", "Tool <may> is used by <tool>"),
        ("tool x is owned by tool, not tool y", "tool x is owned by <tool>, not tool y"),
        ("logs/ann.csv#3", "logs/<ann>.csv#3"),
        ("logs/Jane Doe.json.gz#1", "logs/<jane doe>.json.gz#1"),
        ("logs/jane.doe@corp.example.jsonl", "logs/<jane.doe@corp.example>.jsonl"),
        ("u/7 and u/77", "<u/7> and u/77"),
        ("annotation, planning, Mayor", "annotation, planning, Mayor"),
    ],
)  # fmt: skip
def test_people_are_replaced_and_words_stay(text: str, said: str) -> None:
    assert JANE.in_text(text) == re.sub("<(.*?)>", lambda m: called(m[1]), said)


@pytest.mark.parametrize(
    ("id_", "said"),
    [
        ("Tool", "<tool>"),
        ("agent-1", "agent-1"),
        ("ann -> agent-1", "<ann> -> agent-1"),
        ("key/ann", "key/<ann>"),
    ],
)
def test_ids_are_replaced_whole(id_: str, said: str) -> None:
    assert JANE.in_id(id_) == re.sub("<(.*?)>", lambda m: called(m[1]), said)


ULLA = people(
    "ulla.achterberg@corp.example", "Ulla Achterberg", "Castellan, Ines", "Tool May", "ann", "Ann Lee", "Abel Lee",
    also={"Ulla Achterberg": "ulla.achterberg@corp.example"}, others={"agt-ulla.achterberg@corp.example", "bot@corp.example"},
)  # fmt: skip
ULLAS = "<ulla.achterberg@corp.example>"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mailto:ulla.achterberg@corp.example?subject=x&cc=who@else.example", f"mailto:{ULLAS}?subject=x&cc=<who@else.example>"),
        ("https://h/?u=ulla.achterberg%40corp.example&x=1", f"https://h/?u={ULLAS}&x=1"),
        ("agt-ulla.achterberg-helper", f"agt-{ULLAS}-helper"),
        ("agt-ulla.achterberg@corp.example", f"agt-{ULLAS}"),
        ("agt_Ulla_Achterberg2", f"agt_{ULLAS}2"),
        ("ulla.achterberg@corp.example-desk", f"{ULLAS}-desk"),
        ("ullaachterberg, UAchterberg", f"{ULLAS}, {ULLAS}"),
        ("U. Achterberg and Achterberg, U. and u.achterberg", f"{ULLAS} and {ULLAS}. and {ULLAS}"),
        ("ACHTERBERG Ulla", ULLAS),
        ("deskInesCastellan", "desk<castellan, ines>"),
        ("InesCastellan and Ines Castellan", "<castellan, ines> and <castellan, ines>"),
        ("role/ines-castellan/x", "role/<castellan, ines>/x"),
        ("https://h/Ines%20Castellan", "https://h/<castellan, ines>"),
        ("https://h/Castellan%2C%20Ines?x=%2F", "https://h/<castellan, ines>?x=/"),
        ("https://h/%49nes%2ECastellan", "https://h/<castellan, ines>"),
        ("Ines%2520Castellan", "<castellan, ines>"),
        ("https://h/a%2Fb%20c", "https://h/a%2Fb%20c"),
        ("bot@corp.example", "bot@corp.example"),
        ("a lee, May Tool, a Lee", "a lee, May Tool, a Lee"),
        ("Ines, or Castellan; Ulla and Ines", "Ines, or Castellan; Ulla and Ines"),
        ("Ines and Castellan wait", "Ines and Castellan wait"),
        ("annlee and A. Lee", "<ann lee> and <A. Lee>"),
    ],
)  # fmt: skip
def test_people_are_replaced_in_parts_of_words_too(text: str, said: str) -> None:
    meant = re.sub("<(.*?)>", lambda m: called(m[1].lower()), said)
    assert ULLA.in_text(text) == meant


STAFF = {
    "juergen.mueller": "Jürgen Müller", "s.odegaard": "Søren Ødegård", "fx.lefevre": "François-Xavier Lefèvre", "lzolc": "Łukasz Żółć",
    "anna-lena.meyer-schulze": "Anna-Lena Meyer-Schulze", "mj.garcia": "María José García Márquez", "jan.vanderberg": "Jan van der Berg",
    "siobhan.obrien": "Siobhán O'Brien", "bob.smith": "Robert Smith", "wli": "Li Wei", "minh.nguyen": "Nguyễn Thị Minh", "jp.morgan": "J. P. Morgan",
}  # fmt: skip
COMPANY = people(
    *STAFF.values(), *(f"{m}@acme.example" for m in STAFF), also={n: f"{m}@acme.example" for m, n in STAFF.items()}
)  # fmt: skip
WRITTEN = {
    "juergen.mueller": "Jürgen Müller|JÜRGEN MÜLLER|Juergen Mueller|Jurgen Muller|Müller, Jürgen|jmueller|JürgenMüller|J. Müller|juergen_mueller|Ju\u0308rgen Mu\u0308ller",
    "s.odegaard": "Soren Odegard|soeren-oedegaard|s.odegaard",
    "fx.lefevre": "Francois-Xavier Lefevre|François Lefèvre|FX Lefèvre|F.-X. Lefèvre|lefevre-fx|fxlefevre",
    "lzolc": "Lukasz Zolc|Żółć Łukasz",
    "anna-lena.meyer-schulze": "Anna Lena Meyer Schulze|Anna-Lena Meyer|A.-L. Meyer-Schulze|AnnaLenaMeyerSchulze|Anna Schulze|Meyer-Schulze, Anna-Lena|anna-lena.meyer-schulze",
    "mj.garcia": "Maria Jose Garcia Marquez|María García|García Márquez, María José|mj.garcia",
    "jan.vanderberg": "Jan Van Der Berg|van der Berg, Jan|J. van der Berg|JanVanDerBerg|jan-van-der-berg|jvdberg|jvanderberg",
    "siobhan.obrien": "Siobhan O'Brien|Siobhán O’Brien|S. O'Brien|sobrien|siobhan.obrien",
    "bob.smith": "Robert J. Smith|Bob Smith|R. Smith|rsmith|bob.smith",
    "wli": "Wei Li|liwei|LiWei|Wei, Li",
    "minh.nguyen": "Nguyen Thi Minh|Minh Nguyen|Minh Nguyễn|nguyen-minh",
    "jp.morgan": "J.P. Morgan|JP Morgan|jp.morgan|jpmorgan|J. P. Morgan",
}


@pytest.mark.parametrize("short", STAFF)
@pytest.mark.parametrize("around", ["{}", "agt-{}-desk", "Office of {}"])
def test_people_of_a_company_are_replaced_however_they_are_written(around: str, short: str) -> None:
    for written in WRITTEN[short].split("|"):
        meant = around.format(called(f"{short}@acme.example"))
        assert COMPANY.in_text(around.format(written)) == meant, written


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("Mueller", True), ("odegaard", True), ("Bobby Smith", True), ("OBrien, Siobhán", True), ("agt-lzolc", True), ("wli", True),
        ("María José", True), ("JM", False), ("the head of payroll", False), ("Bobby", False), ("Marianne van Dyk", False),
    ],
)  # fmt: skip
def test_what_stays_readable_of_a_company_is_counted_where_it_can_be_seen(
    text: str, counted: bool
) -> None:
    COMPANY.left.clear()
    assert COMPANY.in_text(text) == text
    assert (text in COMPANY.left) == counted


def test_what_may_be_part_of_a_name_is_left_and_counted() -> None:
    made = people("Ulla Achterberg")
    for text in ("Achterberg is a place", "Ulla", "ulla.achterberg", "something else"):
        made.in_text(text)
    assert made.left == {"Achterberg is a place", "Ulla"}


def test_a_person_has_one_pseudonym_under_all_names_and_two_people_have_two() -> None:
    one = people("a.lee@x.example", "Ann Lee", "al", also={"Ann Lee": "a.lee@x.example", "al": "a.lee@x.example"})  # fmt: skip
    assert one.in_text("A.LEE@x.example, ann lee, al") == ", ".join(3 * [called("a.lee@x.example")])
    two = people("Ann", "ann", twins={"ann"})
    assert two.in_text("Ann ann") == f"{called('Ann')} {called('ann')}"


def test_machines_keep_their_names() -> None:
    made = people("ann@x.example", others={"desk@x.example", "user:bot@x.example"})
    text = "desk@x.example and bot@x.example"
    assert made.in_text(text) == text


def test_no_pseudonym_can_be_told_without_the_key() -> None:
    assert called("ann") != called("ann", "other")
    assert People({"ann"}, set(), {}, set(), set(), "other").in_text("ann") == called("ann", "other")  # fmt: skip


def _renamed(estate: Estate, names: dict[str, str]) -> Estate:
    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: renamed(v) for k, v in value.items()}
        if isinstance(value, list):
            return [renamed(v) for v in value]
        return names.get(value, value) if isinstance(value, str) else value

    return Estate(
        estate.settings, renamed(estate.agents), renamed(estate.others), renamed(estate.lists), estate.policies,
        renamed(estate.events), renamed(estate.approved_runs),
    )  # fmt: skip


def pseudonymised(folder: Path) -> tuple[object, ...]:
    """Words of the command line, with a key of our own."""
    (folder / "key").write_text("0123456789abcdef" * 4)
    return "--pseudonymise", "people", "--key-file", folder / "key"


def _assessed(estate: Estate, folder: Path, names: dict[str, str]) -> Rows:
    """Every result of a run with pseudonyms, each called by the letter of the person."""
    (folder / "ws").mkdir(parents=True)
    estate.settings["frameworks"] = [
        "owasp-nhi-2025"
    ]  # results are the same whatever lists are scored
    workspace = _renamed(estate, names).write(folder / "ws")
    words = ("--out", folder / "out", "--formats", "json", "--quiet", *pseudonymised(folder))
    result = reporter("assess", workspace, *words)
    assert result.exit_code == 0, result.output
    key = (folder / "key").read_text()
    known = {
        called(new.lower(), key): f"<{old}>" for old, new in {**names, "board": "Board"}.items()
    }
    lasting = (
        "id",
        "cause",
        "action",
        "rank",
    )  # ids are made of pseudonyms, and order what is worth the same
    rows = read_results(folder / "out", columns=[c for c in RESULT if c not in lasting])
    made = {
        tuple(
            re.sub("person-[0-9a-f]{12}", lambda m: known.get(m[0], "<other>"), str(cell))
            for cell in row
        )
        for row in rows
    }
    assert len(made) == len(rows)
    return made


@pytest.mark.parametrize("make", [pytest.param(Estate, marks=pytest.mark.deep), spoiled])
@pytest.mark.parametrize(
    "words",
    [
        ("May", "tool", "is"),
        *(
            pytest.param(names, marks=pytest.mark.deep)
            for names in (("Tool", "human", "Mark"), ("agent", "owner", "read"))
        ),
    ],
)
def test_people_named_like_words_change_no_word(
    make: Any, words: tuple[str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first words in checks of the themes that name most people, those of the deep suite in all."""
    if words[0] == "May":
        named = [c.id for c in loader.load().checks if c.theme in ("OWN", "APR", "REV")]
        assess_few(monkeypatch, *named)
    plain = {old: f"{old}.x@corp.example" for old in ("ann", "bob", "cat")}
    expected = _assessed(make(), tmp_path / "plain", plain)
    assert any("<ann>" in " ".join(row) for row in expected)
    assert (
        _assessed(make(), tmp_path / "words", dict(zip(plain, words, strict=True))) ^ expected
        == set()
    )


NAMES = {"ann": "Ann Lee", "bob": "bob.ray@corp.example", "cat": "Ó Néill, Cat"}


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with names wherever one could stand."""
    folder = tmp_path_factory.mktemp("named")
    estate = _renamed(spoiled(), NAMES)
    estate.agents[1]["owner_id"] = "BOB.RAY@corp.example"
    estate.agents.append(estate.agents[1] | {"owner_id": "Ann Lee", "technical_owner_id": "zoe@corp.example"})  # fmt: skip
    estate.agents.append({"type": "agent", "actor_id": "odd", "state": "asked Ann Lee", "owner_id": "Ann Lee"})  # fmt: skip
    estate.others.append({"type": "human", "name": "Unknown Ulla"})
    estate.others.append({"type": "asked bob.ray@corp.example", "name": "x"})
    estate.policies[0]["approved_by"] = "Dora Day"
    ines = {
        "type": "human",
        "actor_id": "ines.castellan@corp.example",
        "name": "Ines Castellan",
        "state": "active",
    }
    estate.others.append(ines)
    bot = estate.agents[0] | {
        "owner_id": "ines.castellan@corp.example",
        "business_unit": "Office of Ines Castellan",
    }
    for id_ in (
        "ines.castellan@corp.example",
        "agt-ines.castellan-helper",
        "InesCastellan",
        "I. Castellan",
        "desk-icastellan",
    ):
        estate.agents.append(
            bot
            | {
                "actor_id": id_,
                "name": f"Helper of {id_}",
                "principal_id": f"p-{id_}",
                "state": "odd",
            }
        )
    estate.others.append(ines | {"actor_id": "otto@corp.example", "name": "Otto Feldmann"})
    site = {"actor_id": "agt-feldmann-site", "name": "x", "principal_id": "p-f"}
    estate.agents.append(bot | site)
    mail = {
        "resource": "mailto:ines.castellan@corp.example?subject=x",
        "tool": "send-to-ines.castellan",
    }
    estate.events += [
        estate.events[5] | mail | {"actor_id": "agt-ines.castellan-helper", "event_id": f"i{i}"}
        for i in range(3)
    ]
    estate.settings["frameworks"] = ["owasp-nhi-2025"]  # every result is printed with one list too
    estate.settings["params"] = {"ENT-02": {"admin_roles": ["admin", "role of Ann Lee"]}}
    estate.settings["samples"] = {"OWN-02": {"size": 5, "frame": 40, "seed": 7, "note": "drawn by Ann Lee"}}  # fmt: skip
    estate.events.append(estate.events[-1] | {"actor_id": "Uma Ulm", "actor_kind": "human", "event_id": "h"})  # fmt: skip
    workspace = estate.write(folder / "ws")
    (workspace / "logs/bob.ray@corp.example.jsonl").write_text('{"type": "agent"}\nAnn Lee\n')
    (workspace / "inventory/Ann Lee.csv").write_text("type,actor_id\nagent,a,Unknown Ulla\n")
    (workspace / "statements/responses.csv").write_text(
        "finding,status,response,owner,due,evidence\n"
        "no-owner-1,accepted,Ann Lee asks bob.ray@corp.example,Zoe Zorn,2026-09-15,mail of Dora Day\n"
    )
    words = (
        *("--formats", "html,pdf,json,csv,xlsx,docx,pptx,ocsf,sarif"),
        *("--editions", "auditor,board,engineer", *pseudonymised(folder)),
    )
    result = reporter("assess", workspace, "--out", folder / "out", *words)
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="module")
def files(named: Path) -> dict[str, str]:
    """What the files of that run say."""
    fonts = re.compile("data:font/woff2;base64,[A-Za-z0-9+/=]+")  # letters of no word
    said = texts_of((named / "out").iterdir())
    return {name: fonts.sub("", text) for name, text in said.items()}


SAID = r"(?i)ann ?lee|bob\.ray|corp\.example|n.{1,7}ill, ?cat|zoe|\bulla|dora|uma ?ulm|castellan"
"""What the names of people of that run hold."""


def test_nobody_is_named_in_any_file(files: dict[str, str]) -> None:
    assert set(files) >= {"report.pdf", "report.html", "findings.csv", "quarantine.csv", "manifest.json", "results.parquet",
                          "responses.csv", "board.html", "board.pdf", "board.docx", "board.pptx", "engineer.html"}  # fmt: skip
    assert {name: found for name, text in files.items() if (found := set(re.findall(SAID, text)))} == {}  # fmt: skip


def test_an_agent_with_the_id_of_a_person_takes_no_pseudonym_from_them(
    named: Path, files: dict[str, str]
) -> None:
    key = (named / "key").read_text()
    ines = called("ines.castellan@corp.example", key)
    for part in (ines, f"agt-{ines}-helper", f"desk-{ines}", f"Office of {ines}"):
        assert part in files["report.json"], part
    assert f"Office of {ines}" in files["slices.csv"]


def test_what_was_left_is_told_on_page_1(files: dict[str, str]) -> None:
    assert "Texts with a word that is part of someone's name, alone or joined to others: " in files["report.html"].replace("&#39;", "'")  # fmt: skip


def test_everybody_is_called_the_same_in_all_files(named: Path, files: dict[str, str]) -> None:
    key = (named / "key").read_text()
    bob = called("bob.ray@corp.example", key)
    assert {"results.parquet", "actors.parquet", "findings.csv", "report.json", "report.html", "report.pdf", "manifest.json", "quarantine.csv", "causes.csv", "parity.csv", "statements.csv", "roadmap.csv", "todo.csv", "report.xlsx", "findings.ocsf.jsonl", "findings.sarif",
            "board.html", "board.pdf", "board.docx", "board.pptx", "engineer.html", "engineer.pdf"} == {
        name for name, text in files.items() if bob in text
    }  # fmt: skip
    inputs = {f["file"] for f in json.loads(files["manifest.json"])["inputs"]}
    assert {f"logs/{bob}.jsonl", f"inventory/{called('ann lee', key)}.csv"} <= inputs
    assert key not in " ".join(files.values())


def test_agents_called_after_one_person_stay_several(named: Path) -> None:
    """Their results stood three times in findings.csv, each under one and the same id."""
    run, ines = named / "out", called("ines.castellan@corp.example", (named / "key").read_text())
    subjects = {s for (s,) in read_results(run, columns=("subject",)) if s.startswith(ines)}
    agents = {s for s in subjects if "->" not in s}
    assert len(agents) == 3 and ines in agents
    assert all(re.fullmatch(rf"{ines}(-[0-9a-f]{{6}})?", agent) for agent in agents)
    found = [id_ for (id_,) in read_results(run, columns=("id",))]
    scored = (n for s in read_data(run).scores.checks.values() for n in s.counts.values())
    assert len(found) == len(set(found)) == sum(scored)


def _texts(value: Any) -> set[str]:
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return {text for part in parts for text in _texts(part)}
    return {value} if isinstance(value, str) else set()


def test_ids_are_made_of_pseudonyms(named: Path, files: dict[str, str]) -> None:
    """A digest of a name beside its pseudonym would tell who it is to anybody who tries names."""
    run = named / "out"
    rows = read_results(run, columns=("check", "subject", "id"))
    assert all(id_ == ids.finding(check, subject) for check, subject, id_ in rows)
    causes = read_data(run).causes
    groups = {check: g.id for g in loader.load().causes for check in g.checks}
    own: dict[str, set[str]] = {}
    for subject, name in read_results(run, "cause <> ''", ("subject", "cause")):
        own.setdefault(name, set()).add(subject)
    for cause in causes:
        things = {*cause.actors, *own[cause.id]}
        group = groups.get(cause.checks[0], cause.checks[0])
        made = {ids.cause(group, [thing]) for thing in things}
        assert re.sub(r"(-[0-9a-f]{12})-\d+$", r"\1", cause.id) in made, cause
    assert sum("person-" in c.what for c in causes) > 5
    lines = (named / "ws").glob("*/agents.json*"), (named / "ws").glob("*/*.jsonl")
    plain = {t for paths in lines for p in paths for t in _said_in(p) if re.search(SAID, t)}
    assert len(plain) > 20
    digests = {ids.finding("", name) for name in plain | {n.lower() for n in plain}}
    assert not [d for d in digests if any(d in text for text in files.values())]


def _said_in(path: Path) -> set[str]:
    """Return every text of a file of JSON, or of JSON lines."""
    text = path.read_text("utf-8")
    try:
        return _texts(json.loads(text))
    except ValueError:
        found = [x for x in text.splitlines() if x.startswith("{")]
        return {t for line in found for t in _texts(json.loads(line))}


def test_who_only_shares_a_credential_has_a_pseudonym_in_ids_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "CRD-03", "CRD-04", "CRD-05")  # none of them assesses Uma
    estate = spoiled()
    for name in ("Aba Abel", "Uma Ulm"):  # results name the first of those who share
        human = {"actor_id": name, "actor_kind": "human", "event_id": name}
        estate.events.append(estate.events[0] | human)
    words = ("--formats", "json", *pseudonymised(tmp_path))
    result = reporter("assess", estate.write(tmp_path / "ws"), "--out", tmp_path / "out", *words)
    assert result.exit_code == 0, result.output
    uma = called("uma ulm", (tmp_path / "key").read_text())
    shared = [c for c in read_data(tmp_path / "out").causes if uma in c.actors]
    assert shared
    for cause in shared:
        assert cause.id == ids.cause("weak-secret", cause.actors)


def test_unlisted_people_are_counted_by_what_was_found_about_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The notice looked for their names among pseudonyms: none failed and none was unknown."""
    assess_few(monkeypatch, "INV-02", "POL-02")
    estate = spoiled()
    for name in ("uma.ulm", "Uma Ulm", "Aba Abel"):  # two of one pseudonym are told apart
        human = {"actor_id": name, "actor_kind": "human", "event_id": name, "principal_id": name}
        estate.events.append(
            {k: v for k, v in (estate.events[5] | human).items() if k != "credential_id"}
        )
    estate.agents[0]["actor_id"] = "agt-ann.lee-helper"
    estate.others.append({"type": "human", "actor_id": "Ann Lee", "state": "active"})
    ws, printed, contexts = estate.write(tmp_path / "ws"), [], []
    for name, words in (("open", ()), ("hidden", pseudonymised(tmp_path))):
        out = tmp_path / name
        result = reporter("assess", ws, "--out", out, "--formats", "json", *words)
        assert result.exit_code == 0, result.output
        data = read_data(out)
        notice = next(n for n in data.notices if n.code == "unlisted_actors")
        printed.append(notice.values)
        contexts.append(data.context)
    assert printed[0] == printed[1] and dict(printed[0])["unknown"] > 0
    assert contexts[0] == contexts[1]
    assert not re.search(r"(?i)uma ?ulm|aba ?abel|ann.?lee", result.output)
    subjects = {s for (s,) in read_results(out, "\"check\" = 'INV-02'", ("subject",))}
    told = {dict(line.values)["agent"] for line in notice.lines}
    assert len(told) == len(notice.lines) and told <= subjects
