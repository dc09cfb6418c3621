"""YAML is read event by event where it is plain, node by node else; nobody can tell which, but by the time it takes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from reporter.content import yaml as yamls
from reporter.content.yaml import fields, parse_yaml_all, write_yaml
from reporter.errors import ContentError, InputError
from reporter.system.folders import content_dir
from reporter.system.plain_text import clean_lines

ALIKE = {
    "nothing": "",
    "a comment": "# nothing\n",
    "an empty document": "---\n",
    "documents": "a: 1\n---\n- b\n---\ntext\n...\n",
    "scalars": "- 1\n- 0x1f\n- 010\n- 1_000\n- 1:30\n- -1.5e+3\n- .inf\n- ~\n- null\n- yes\n- Off\n- true\n- 2026-07-01\n"
    "- 2026-07-01T10:00:00Z\n- 2026-07-01 10:00:00.5 +2\n- 1e3\n- 0o17\n- no way\n- 2026-7\n- +12\n- .5\n- '.'\n- '='\n",
    "quoted": "- '1'\n- \"no\"\n- |\n  1\n- >-\n  null\n- ''\n- \"\\u00e9\\x1b\"\n",
    "empty values": "a:\nb: ''\nc: []\nd: {}\n",
    "keys": "1: a\n'2': b\ntrue: c\n2026-07-01: d\nnull: e\n1.5: f\n? g\n: h\n",
    "keys that are one value": "1: a\n0x1: b\n",
    "deep": "a: [[{b: [c, {d: {e: 1}}]}], f]\ng: {h: [i]}\n",
    "flow": "{a: 1, b: [2, 3], c: {d: e}, f}\n",
    "as deep as it goes": "[" * 90 + "1" + "]" * 90,
    "deeper": "[" * 150 + "1" + "]" * 150,
    "a tag": "a: !!str 1\nb: !!set {x, y}\nc: !!binary aGk=\n",
    "a merge": "a: {<<: {b: 1}, c: 2}\n",
    "an anchor": "a: &here 1\nb: 2\n",
    "a windows file": "a: 1\r\nb:\r\n- c\r\n",
}


def _carefully(text: str) -> list[tuple[Any, dict[str, int]]]:
    loader, made = yamls._Loader(text), []
    while loader.check_node():
        node = loader.get_node()
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        lines = {key.value: key.start_mark.line + 1 for key, _ in pairs}
        made.append((loader.construct_document(node), lines))
    return made


@pytest.mark.parametrize("text", ALIKE.values(), ids=ALIKE.keys())
def test_both_ways_give_the_same_values_and_lines(text: str) -> None:
    assert repr(yamls._documents(text)) == repr(_carefully(text))


def test_all_content_is_plain_and_read_alike_both_ways() -> None:
    paths = [p for folder in content_dir() for p in sorted(folder.rglob("*.yml"))]
    assert len(paths) > 100
    for path in paths:
        text = path.read_text("utf-8")
        assert list(yamls._plain(text)) == _carefully(text), path


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", 3, "key 'c' appears twice"),
        ("a: 1\n'a': 2\n", 1, "key 'a' appears twice"),
        ("- !!str b\n- {a: 1, a: 2}\n", 2, "key 'a' appears twice"),
        ("a: 1\nb: [1\nc: 2\n", 3, "invalid YAML"),
        ("a: &x 1\nb: *x\n", 2, "aliases are not read"),
        ("a: *x\n", 1, "undefined alias"),
        ("a: !!python/object:os.system x\n", 1, "could not determine a constructor"),
        ("? [a, b]\n: 1\n", 1, "unhashable key"),
        ("a: =\n", 1, "could not determine a constructor"),
        ("a: " + "9" * 5000, 1, "limit"),
        ("[" * 5000, None, "invalid YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, line: int | None, why: str, tmp_path: Path) -> None:  # fmt: skip
    with pytest.raises(InputError, match="invalid YAML") as raised:
        parse_yaml_all(text, "a.yml")
    assert why in str(raised.value)
    assert line is None or raised.value.place == f"a.yml:{line}"
    (tmp_path / "a.yml").write_text(text)
    with pytest.raises(ContentError, match="invalid YAML"):
        fields(tmp_path / "a.yml")


@pytest.mark.parametrize("text", ["a: 1\nb: 2026-13-45\n", "a: !!str 1\nb: 2026-13-45\n"])
def test_a_date_that_is_none_is_refused_in_content_and_a_text_in_evidence(
    text: str, tmp_path: Path
) -> None:
    (tmp_path / "a.yml").write_text(text)
    with pytest.raises(ContentError, match="month must be in"):
        fields(tmp_path / "a.yml")
    (read,) = parse_yaml_all(text, "a.yml")
    assert read["b"] == "2026-13-45"


def test_a_file_of_several_documents_is_no_content(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("a: 1\n---\nb: 2\n")
    with pytest.raises(ContentError, match="one document was expected"):
        fields(tmp_path / "a.yml")


def test_many_keys_cost_no_more_than_many_records() -> None:
    """Each key was once compared with each other."""
    text = "".join(f"key{n}: value {n}\n" for n in range(60_000))
    for given in (text, f"other: !!str 1\n{text}"):
        started = time.process_time()
        (read,) = parse_yaml_all(given, "a.yml")
        assert time.process_time() - started < 5
        assert read["key59999"] == "value 59999"


def test_what_needs_care_has_a_limit_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yamls, "_MAX_CAREFUL", 1 << 20)
    assert parse_yaml_all("- a\n" * (1 << 19), "a.yml")
    with pytest.raises(InputError, match="tags, anchors or merges is read to 1 MB"):
        parse_yaml_all("- !!str a\n" * (1 << 19), "a.yml")


def test_yaml_that_is_written_shows_every_sign_and_means_the_same() -> None:
    evil = "\x1b[31m\u202eabc\u2066\u200f\ufeff\U000e0041\u00ad\u2028"
    data = {
        f"k{evil}": [evil, f"two\nlines\t{evil}", "è ü", "two\nlines", "a\tb", "'\"\\"],
        "long": f"{evil} word " * 40,
    }
    text = write_yaml(data)
    assert clean_lines(text) == text
    assert "\\u202e" in text.lower() and "è ü" in text
    assert parse_yaml_all(text, "a.yml") == [data]
