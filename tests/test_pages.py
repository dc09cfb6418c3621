"""Results on the screen, passes too: none is left out, all in the report's page while few, else on pages beside it that link to each other."""

from __future__ import annotations

import base64
import functools
import itertools
import json
import operator
import re
import shutil
import zlib
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import fixture_assessment as given
import lxml.html
import pytest
from click.testing import CliRunner
from fixture_reasons import text_of

from reporter.authoring.scaffold import init
from reporter.cli import main
from reporter.engine.base import quoted
from reporter.engine.duckdb import DuckDB
from reporter.model import ids
from reporter.report.document import View
from reporter.report.export import read_view
from reporter.report.html import (
    owner_tasks,
    printed_results,
    result_pages,
    result_rows,
    search,
)
from reporter.report.html import page as html
from reporter.report.view import format as words
from reporter.runs.store import OPEN

pytestmark = pytest.mark.slow


class Anchors(HTMLParser):
    """The ids of a page, its links, and the texts of its table rows."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.rows: list[str] = []
        self.row_ids: list[str | None] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given_ = dict(attrs)
        self.ids += [i for i in [given_.get("id")] if i]
        self.links += [a for a in [given_.get("href")] if a and tag == "a"]
        if tag == "tr":
            self.rows.append("")
            self.row_ids.append(given_.get("id"))

    def handle_data(self, data: str) -> None:
        if self.rows:
            self.rows[-1] += data


@pytest.fixture(scope="module")
def rich() -> View:
    return given.view(given.rich())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is long from eleven findings on."""
    for module in (result_pages, owner_tasks):
        monkeypatch.setattr(module, "INLINE", 10)
        monkeypatch.setattr(module, "PER_PAGE", 20)
    monkeypatch.setattr(result_pages, "NAMES_PER_PAGE", 40)


def unfolded(page: str) -> str:
    """A page as its script leaves it: packed lists are in their places."""
    return re.sub(
        r'<script type="text/plain" data-packed>([^<]*)</script>',
        lambda block: filled(json.loads(zlib.decompress(base64.b64decode(block[1])))),
        page,
    )


def filled(told: dict[str, Any]) -> str:
    """The markup of a packed list."""
    columns = told["columns"]
    for name, column in columns.items():
        if "steps" in column:
            at = itertools.accumulate(column["steps"])
            columns[name] = [f"{column['stems'][stem]}{n:0{column['width']}}" for stem, n in zip(column["of"], at, strict=True)]  # fmt: skip
        elif "numbers" in column:
            columns[name] = [column["values"][n] for n in column["numbers"]]
    if named := columns.get("id"):
        columns["id"] = [
            named["others"].get(str(n)) or ids.finding(named["prefix"].removesuffix("-"), subject)
            for n, subject in enumerate(columns["subject"])
        ]
    items = []
    for values in zip(*columns.values(), strict=True):
        by_place = dict(zip(columns, values, strict=True))
        text = told["item"]
        while places := set(re.findall(r"<!(\w+)>", text)):
            for place in places:
                text = text.replace(f"<!{place}>", by_place[place])
        items.append(text)
    return "".join(items)


def read(folder: Path) -> dict[str, Anchors]:
    return {p.relative_to(folder).as_posix(): Anchors(unfolded(p.read_text("utf-8"))) for p in folder.rglob("*.html")}  # fmt: skip


def dangling(made: dict[str, Anchors]) -> list[tuple[str, str]]:
    """Links that lead nowhere."""
    lost = []
    for name, page in made.items():
        for link in page.links:
            file, _, anchor = unquote(link).partition("#")
            target = (Path(name).parent / file).as_posix() if file else name
            target = target.replace("findings/../", "").replace("owners/../", "")
            if target not in made or (anchor and anchor not in made[target].ids):
                lost.append((name, link))
    return lost


def rows_of(made: dict[str, Anchors], prefix: str) -> Counter[str]:
    return Counter(i for name, p in made.items() if name.startswith(prefix) for i in p.ids if i.startswith("v-"))  # fmt: skip


def anchors_of(made: View, where: str = "status <> 'na'") -> Counter[str]:
    """Every anchor of a row, once."""
    return Counter(f"v-{i}" for (i,) in made.findings.results.each(("id",), where))


@pytest.mark.parametrize("make", [given.rich, given.empty, given.perfect, given.single])
def test_a_short_report_with_a_score_holds_every_result_in_its_one_page(
    make: Any, tmp_path: Path
) -> None:
    made = given.view(make())
    html.write(made, tmp_path / "report.html")
    read_ = read(tmp_path)
    assert list(read_) == ["report.html"]
    assert rows_of(read_, "report") == (Counter() if made.readiness else anchors_of(made))
    assert dangling(read_) == []


def test_a_pass_has_its_subject_reason_record_and_owner(rich: View, tmp_path: Path) -> None:
    html.write(rich, tmp_path / "report.html")
    shown = Anchors((tmp_path / "report.html").read_text("utf-8"))
    for p in (f for f in given.rich().rows if f.status == "pass"):
        row = shown.rows[shown.row_ids.index(f"v-{ids.finding(p.check, p.subject)}")]
        told = (words.clean(p.subject)[:100], text_of(p)[:200], p.ref or "no matching record found", p.owner or "not known")  # fmt: skip
        assert all(text in row for text in told)


def test_a_report_is_written_in_ascii_and_reads_as_it_was_rendered(
    rich: View, tmp_path: Path
) -> None:
    html.write(rich, tmp_path / "report.html")
    page, rendered = (tmp_path / "report.html").read_text("utf-8"), html.render(rich)
    code = re.compile(r"<(style|script)\b.*?</\1>", re.S)
    assert code.sub("", page).isascii() and not code.sub("", rendered).isascii()
    assert [m[0] for m in code.finditer(page)] == [m[0] for m in code.finditer(rendered)]
    kept = re.sub(r"(?<=\d) %", "\u00a0%", rendered)  # a number and its sign stay on one line
    read, meant = (lxml.html.document_fromstring(text) for text in (page, kept))
    assert [(e.tag, dict(e.attrib), e.text, e.tail) for e in read.iter()] == [
        (e.tag, dict(e.attrib), e.text, e.tail) for e in meant.iter()
    ]


def test_many_passes_make_a_run_long(
    rich: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert result_pages.listing(rich).inline
    monkeypatch.setattr(result_pages, "INLINE_RESULTS", sum(anchors_of(rich).values()) - 1)
    html.write(rich, tmp_path / "report.html")
    made = read(tmp_path)
    assert rows_of(made, "findings/check") == anchors_of(rich)
    assert not rows_of(made, "report") - anchors_of(rich, OPEN)
    assert dangling(made) == []


@pytest.mark.usefixtures("small")
def test_a_long_report_holds_every_result_on_pages_by_check(rich: View, tmp_path: Path) -> None:
    html.write(rich, tmp_path / "report.html")
    made = read(tmp_path)
    assert rows_of(made, "findings/check") == anchors_of(rich)
    assert all(sum(rows_of(made, name).values()) <= 20 for name in made if "check" in name)
    assert dangling(made) == []
    place = {name: n for n, name in enumerate(rich.finding_columns)}
    for row in rich.findings:
        anchor = f"v-{row[place['id']]}"
        page = next(p for name, p in made.items() if name.startswith("findings/check") and anchor in p.ids)  # fmt: skip
        shown = "".join(page.rows)
        assert row[place["reason"]][:200] in shown and row[place["record"]][:100] in shown


@pytest.mark.usefixtures("small")
def test_a_long_list_is_packed_and_says_where_it_stands_without_a_script(
    rich: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, least in (("plain", 1 << 30), ("packed", 0)):
        monkeypatch.setattr(result_rows, "PACKED_FROM", least)
        (tmp_path / name).mkdir()
        html.write(rich, tmp_path / name / "report.html")
        html.write(rich, tmp_path / name / "engineer.html", "engineer")
    plain, packed = (
        {p.relative_to(tmp_path / name).as_posix(): p.read_text("utf-8") for p in (tmp_path / name).rglob("*.html")}
        for name in ("plain", "packed")
    )  # fmt: skip
    assert plain.keys() == packed.keys()
    whole = {"report.html", "engineer.html"}
    assert all(packed[n] == plain[n] for n in whole), "an edition itself needs no script"
    told = re.compile(r"<noscript>.*?</noscript>\n", re.S)
    for name in packed.keys() - whole:
        assert (
            packed[name].count("data-packed>")
            == packed[name].count("see findings.csv for results that fail")
            == 1
        )
        assert "<noscript>" not in plain[name]
        assert told.sub("", unfolded(packed[name])) == plain[name]
    assert sum(map(len, packed.values())) < sum(map(len, plain.values()))


@pytest.mark.usefixtures("small")
def test_each_agent_has_a_place_that_links_to_all_its_results(rich: View, tmp_path: Path) -> None:
    html.write(rich, tmp_path / "report.html")
    made = read(tmp_path)
    links = Counter(
        link.partition("#")[2]
        for name, p in made.items()
        if "agents" in name
        for link in p.links
        if link.startswith("check")
    )
    assert links == anchors_of(rich)
    actors = {row[rich.finding_columns.index("actor")] for row in rich.findings}
    actors |= {card.agent for card in rich.agents.cards}
    actors |= {words.clean(a) for (a,) in rich.findings.results.each(("actor",), "status <> 'na'")}
    assert sum(len(page) for _, page in result_pages.actor_pages(rich)) == len(actors)
    assert [link.partition("#")[2] for link in made["findings/index.html"].links].count(
        "agent-agent-0001"
    ) == 1


@pytest.mark.usefixtures("small")
def test_an_index_of_too_many_names_lists_the_pages(
    rich: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_pages, "LISTED", 5)
    html.write(rich, tmp_path / "report.html")
    made = read(tmp_path)
    listed = [link for link in made["findings/index.html"].links if link.startswith("agents")]
    assert sorted(listed) == sorted(n.removeprefix("findings/") for n in made if "agents" in n)
    assert dangling(made) == []


def words_of(index: Path) -> str:
    """The words that the index holds, as JSON."""
    found = re.search(r'<script type="application/json" id="words"[^>]*>(.*?)</script>', index.read_text("utf-8"), re.DOTALL)  # fmt: skip
    return found[1] if found else ""


def pages_with(told: dict[str, Any], asked: str) -> set[str]:
    """Find pages as the script does: those where each word is part of one that stands there."""
    fits = (1 << len(told["pages"])) - 1
    for word in asked.lower().split():
        cut = re.sub(r"#\d+$", "", word)
        sets = [int(places, 16) for places, texts in told["words"].items() if cut in texts]
        fits &= functools.reduce(operator.or_, sets, 0)
    return {file for n, (file, *_) in enumerate(told["pages"]) if fits >> n & 1}


@pytest.mark.usefixtures("small")
def test_the_index_finds_the_page_of_every_row_by_its_words(rich: View, tmp_path: Path) -> None:
    html.write(rich, tmp_path / "report.html")
    block = words_of(tmp_path / "findings" / "index.html")
    assert "<" not in block
    told = json.loads(block)
    found = list(result_pages.check_pages(rich))
    assert [file for file, *_ in told["pages"]] == [p.file for p in found]
    for page in found:
        for r in page.rows:
            asked = f"{page.check.id} {r.subject} {r.status} {r.reason} {r.record} {r.owner} tier"
            assert page.file in pages_with(told, asked)
    assert len(pages_with(told, "agent-0042 own-01")) < len(found)
    assert pages_with(told, "own-01 no-such-word") == set()
    assert pages_with(told, "<SCRIPT>alert(1)</script>") == {
        p.file for p in found if any("<script>" in r.subject for r in p.rows)
    }


@pytest.mark.usefixtures("small")
def test_texts_that_are_split_in_portions_give_the_same_index(
    rich: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexes = []
    for most in (1 << 20, 10):
        monkeypatch.setattr(search, "AT_ONCE", most)
        words_ = search.Words()
        for page in result_pages.check_pages(rich):
            words_.add(page)
        indexes.append(words_.as_json())
    assert indexes[0] == indexes[1] != ""


def test_a_packed_list_keeps_percents_whole_but_leaves_the_subjects_that_are_hashed() -> None:
    texts = {result_rows.SUBJECT: "at 5 % risk", "reason": "5 % are met"}
    columns = {name: printed_results.Column.of([text]) for name, text in texts.items()}
    packed = result_rows.Items("<!subject>: <!reason>", columns).packed()
    told = json.loads(zlib.decompress(base64.b64decode(packed)))["columns"]
    assert told == {"subject": ["at 5 % risk"], "reason": ["5\u00a0% are met"]}


@pytest.mark.usefixtures("small")
def test_a_packed_list_holds_no_hash_that_its_subject_tells(rich: View) -> None:
    """Hashes do not pack: they were half of a list."""
    page = next(iter(result_pages.check_pages(rich)))
    named = result_rows.result_rows(page.rows)
    told = result_rows._named(named.columns["id"], named.columns["subject"])
    plain = {n for n, r in enumerate(page.rows) if r.id == ids.finding(page.check.id, r.subject)}
    assert told["prefix"] == f"{page.check.id}-"
    assert set(told["others"]) == set(range(len(page.rows))) - {
        n for n in plain if "&" not in list(named.columns["subject"])[n]
    }
    assert 0 < len(told["others"]) < len(page.rows)


@pytest.mark.parametrize(
    ("values", "is_counted"),
    [
        ([f"agent-{n:05}" for n in (3, 1, 99999, 0)], True),
        ([f"log.jsonl#{n}" for n in (7, 10, 9, 100)], True),
        (["a1", "a02", "a3", "a4"], False),
        (["a0", "a10", "a11", "a12"], False),
        (["a1", "b", "a3", "a4"], False),
        (["a1", "b2", "c3", "d4"], False),
        ([f"x{n}9123456789012" for n in "11111"], True),
        (["line\n1", "line\n2", "line\n3", "line\n4"], True),
    ],
)
def test_names_that_count_on_are_packed_as_steps_and_come_back(
    values: list[str], is_counted: bool
) -> None:
    told = result_rows._counted(values)
    assert (told is not None) == is_counted
    if told:
        assert filled({"item": "<!x>|", "columns": {"x": told}}) == "".join(f"{v}|" for v in values)


def test_a_page_keeps_each_rule_that_its_markup_can_use() -> None:
    css = html._styles("screen")
    kept = html._needed(css)
    assert len(kept) < 0.75 * len(css)
    for part in (".sev.v-fail", ".sev-critical", ".finder input", ".chart .good-line", "@media print", "section.block", "[hidden]", "thead th", ".tasks th", ".key.stroke"):  # fmt: skip
        assert part in kept, part
    for part in (".hero", ".drawer h2", ".facts b"):
        assert part not in kept, part


def test_columns_keep_each_value_and_name_texts_that_come_out_alike_once() -> None:
    column = printed_results.Column.of(["b", "a", "B", "a", "b"])
    assert (column.different, column.numbers) == (["b", "a", "B"], [0, 1, 2, 1, 0])
    told = column.with_texts([text.lower() for text in column.different])
    assert (told.different, list(told)) == (["b", "a"], ["b", "a", "b", "a", "b"])


def test_printed_results_can_be_read_one_by_one_and_in_parts(rich: View) -> None:
    rows = next(iter(result_pages.check_pages(rich))).rows
    assert len(rows) > 3
    assert [*rows.part(1, 3)] == [*rows][1:3]
    assert not rows.part(0, 0)


@pytest.mark.usefixtures("small")
def test_an_index_of_too_many_words_says_so(
    rich: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LIMIT", 1000)
    html.write(rich, tmp_path / "report.html")
    index = tmp_path / "findings" / "index.html"
    assert words_of(index) == ""
    assert "too large for one search across all pages" in index.read_text("utf-8")


@pytest.mark.usefixtures("small")
def test_the_pages_of_an_owner_hold_every_task(rich: View, tmp_path: Path) -> None:
    html.write(rich, tmp_path / "engineer.html", "engineer")
    made = read(tmp_path)
    task_lists = owner_tasks.task_lists(rich, "screen")
    assert all(
        d.files and sum(len(s.tasks) for s in d.systems) <= owner_tasks.FIRST for d in task_lists
    )
    parted = list(owner_tasks.pages(rich, task_lists))
    assert [p.file for _, p in parted] == [f for d in task_lists for f in d.files]
    tasks = [t for _, p in parted for s in p.systems for t in s.tasks]
    assert len(tasks) == sum(int(p.results) for p in rich.roadmap.picks)
    shown = sum(sum(bool(r.strip()) for r in p.rows) - p.rows.count("") for name, p in made.items() if "owners" in name)  # fmt: skip
    heads = sum(len(p.systems) for _, p in parted)
    assert shown - heads == len(tasks)
    assert dangling(made) == []


def test_a_short_list_of_tasks_is_whole_in_the_page(rich: View) -> None:
    task_lists = owner_tasks.task_lists(rich, "screen")
    tasks = [t for d in task_lists for s in d.systems for t in s.tasks]
    assert len(tasks) == sum(int(p.results) for p in rich.roadmap.picks)
    assert not any(d.files or d.more for d in task_lists)


@pytest.mark.usefixtures("small")
def test_pages_belong_to_the_run_and_to_an_export(tmp_path: Path) -> None:
    ws, run, out = tmp_path / "ws", tmp_path / "run", tmp_path / "out"
    init(ws, "Acme")

    def reporter(*words: object) -> Any:
        return CliRunner().invoke(main, [str(w) for w in words])

    done = reporter("assess", ws, "--out", run, "--formats", "html", "--editions", "auditor,engineer")  # fmt: skip
    assert done.exit_code == 0, done.output
    seen = read_view(run)
    assert anchors_of(seen, "status = 'declared'")
    assert rows_of(read(run), "findings/check") == anchors_of(seen)
    names = {p.relative_to(run).as_posix() for p in run.rglob("*.html")}
    assert {"report.html", "engineer.html", "findings/index.html", "owners/owner-1.html"} <= names
    assert names <= set(json.loads((run / "manifest.json").read_text())["outputs"])
    assert reporter("export", run, "--formats", "html", "--out", out).exit_code == 0
    again = {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*.html")}
    assert again == {n: (run / n).read_bytes() for n in names if "owner" not in n and "engineer" not in n}  # fmt: skip
    (out / "report.html").unlink()
    refused = reporter("export", run, "--formats", "html", "--out", out)
    assert (refused.exit_code, "findings: exists and is not overwritten" in refused.output) == (3, True)  # fmt: skip
    assert not (out / "report.html").exists()


def test_evidence_of_another_run_is_refused(good_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "report.json").write_bytes((good_run / "report.json").read_bytes())
    with DuckDB(tmp_path / "work", "1GB") as engine:
        results = f"SELECT * FROM read_parquet({quoted(str(good_run / 'results.parquet'))})"
        engine.write_parquet(f"{results} WHERE subject != 'organisation'", run / "results.parquet")
    told = ("export", str(run), "--formats", "html", "--out", str(tmp_path / "out"))
    refused = CliRunner().invoke(main, told)
    assert refused.exit_code == 3
    assert "results.parquet: holds 0 results declared of" in refused.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "command", [("export", "--formats", "html", "--out"), ("explain", "OWN-01")]
)
def test_damaged_evidence_is_named_by_whoever_reads_it(
    command: tuple[str, ...], good_run: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(good_run, run)
    (run / "results.parquet").write_bytes(b"PAR1 cut off")
    name, *options = command
    options += [str(tmp_path / "out")] if name == "export" else []
    refused = CliRunner().invoke(main, [name, str(run), *options])
    assert refused.exit_code == 3, refused.output
    assert "results.parquet: cannot be read as Parquet" in refused.output
    assert not (tmp_path / "out" / "report.html").exists()


def test_what_a_list_is_searched_by_is_a_class_of_a_template() -> None:
    """A class that was renamed would leave empty groups in sight, which only a browser shows."""
    texts = [p.read_text("utf-8") for p in html.templates_dir().rglob("*.html")]
    classes = {name for text in texts for held in re.findall(r'class="([^"{]+)', text) for name in held.split()}  # fmt: skip

    asked = {name for text in texts for held in re.findall(r'data-(?:find|groups)="([^"]+)"', text) for name in re.findall(r"\.([\w-]+)", held)}  # fmt: skip
    assert {"task-list", "system", "subjects"} <= asked <= classes


def test_no_comment_of_a_style_or_script_goes_over_several_lines() -> None:
    """The trap: pages leave out lines that begin a comment, and a second line would swallow the rule below it."""
    files = [
        p
        for p in (Path(__file__).parents[1] / "templates").iterdir()
        if p.suffix in (".css", ".js")
    ]
    assert len(files) > 5
    for path in files:
        for n, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            assert line.count("/*") == line.count("*/"), f"{path.name}:{n}"
