"""XML is read as the value that JSON would have, and never expands what it declares itself."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from reporter.ingest.readers.files import sniff
from reporter.ingest.readers.records import Document, Item, Problem
from reporter.ingest.readers.xml_documents import DEEPEST, xml_document

BOMB = (
    b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>"""
)
FILE = (
    b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>"""
)


def read(content: bytes, folder: Path) -> Item:
    path = folder / "a.xml"
    path.write_bytes(content)
    file = sniff(path, path.name)
    assert file.format == "xml"
    (item,) = xml_document(file)
    return item


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"<a>text</a>", "text"),
        (b'<a id="1"><b>x</b></a>', {"id": "1", "b": "x"}),
        (b"<things><thing>x</thing></things>", ["x"]),
        (b"<properties><property>x</property></properties>", ["x"]),
        (b"<hashes><hash alg='md5'>00</hash></hashes>", [{"alg": "md5", "content": "00"}]),
        (b"<a><b>x</b><b>y</b></a>", {"b": ["x", "y"]}),
        (b"<a><b/></a>", {"b": ""}),
        (b"<p:a xmlns:p='urn:x'><p:b>x</p:b></p:a>", {"b": "x"}),
        (b"<a><![CDATA[<b>x</b>]]></a>", "<b>x</b>"),
    ],
)
def test_elements_become_keys_and_lists(content: bytes, value: Any, tmp_path: Path) -> None:
    item = read(b"<root><x>" + content + b"</x><y/></root>", tmp_path)
    assert isinstance(item, Document)
    (found,) = item.value["x"].values() if isinstance(item.value["x"], dict) else item.value["x"]
    assert found == value


def test_the_root_says_its_name_and_its_name_space(tmp_path: Path) -> None:
    item = read(b'\xef\xbb\xbf<!-- made by hand -->\n<bom xmlns="urn:b" version="1"/>', tmp_path)
    assert isinstance(item, Document)
    assert item.value == {"$schema": "urn:b", "$element": "bom", "version": "1"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (BOMB, "document type"),
        (FILE, "document type"),
        (b"<a>" * (DEEPEST + 1), "levels"),
        (b"<a><b></a>", "not XML"),
        (b"<a>&unknown;</a>", "not XML"),
        (b'<?xml version="1.0"?>\n<a>', "not XML"),
    ],
)
def test_what_is_no_plain_xml_is_a_problem(content: bytes, why: str, tmp_path: Path) -> None:
    item = read(content, tmp_path)
    assert isinstance(item, Problem)
    assert why in str(item.reason)


@pytest.mark.parametrize(
    "content",
    [b"<!DOCTYPE html><html></html>", b"<html><body/></html>", b"<svg xmlns='x'/>", b"< 5 apples"],
)
def test_pages_and_pictures_are_no_xml(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    assert sniff(tmp_path / "a", "a").format != "xml"


def test_a_page_below_many_comments_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"<!-- a -->\n" * 1000 + b"<html></html>")
    (tmp_path / "b").write_bytes(b"<!-- a -->\n" * 1000 + b"<a/>")
    assert [sniff(tmp_path / name, name).format for name in "ab"] == ["unknown", "xml"]


def test_packed_xml_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.xml.gz").write_bytes(gzip.compress(b"<a><b>x</b></a>"))
    (item,) = xml_document(sniff(tmp_path / "a.xml.gz", "a.xml.gz"))
    assert isinstance(item, Document)
    assert item.value["b"] == "x"
