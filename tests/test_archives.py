"""Files of a zip archive are read like files beside it, within limits that the archive cannot move."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pytest
from test_readers import CSV_HEAD, CSV_ROWS, TEN, Taken, event, lines, take

from reporter.ingest.readers import archives
from reporter.ingest.readers.files import OLE, sniff
from reporter.ingest.readers.inputs import Inputs


def archive(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in members:
            book.writestr(name, content)
    return packed.getvalue()


def zstandard(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with archives.zipfile.ZipFile(packed, "w", archives.zipfile.ZIP_ZSTANDARD) as book:
        for name, content in members:
            book.writestr(name, content)
    return packed.getvalue()


def kept(taken: Taken) -> dict[str, tuple[int, int]]:
    return {name: (count.read, count.kept) for name, count in taken.files.items()}


def test_each_member_is_a_file_of_its_own(tmp_path: Path) -> None:
    table = "\n".join([CSV_HEAD, *CSV_ROWS]).encode()
    members = (
        ("day/one.jsonl", lines(*TEN)),
        ("day/two.csv", table),
        ("three.jsonl.gz", gzip.compress(lines(*(event(n) for n in range(20, 24))))),
        ("day/", b""),
        ("__MACOSX/._one.jsonl", b"x"),
    )
    taken = take(tmp_path, a__zip=archive(*members))
    assert kept(taken) == {
        "logs/a.zip!day/one.jsonl": (10, 10),
        "logs/a.zip!day/two.csv": (5, 5),
        "logs/a.zip!three.jsonl.gz": (4, 4),
    }
    assert {row[0] for row in taken.rows["events"]} == taken.files.keys()


def test_members_never_leave_their_folder(tmp_path: Path) -> None:
    taken = take(
        tmp_path, a__zip=archive(("../../../out.jsonl", lines(*TEN)), ("/etc/x.jsonl", lines(*TEN)))
    )
    assert sum(c.kept for c in taken.files.values()) == 20
    assert not list(tmp_path.rglob("out.jsonl"))


def test_two_members_of_one_name_are_two_files(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = archive(("a.jsonl", lines(*TEN)), ("a.jsonl", lines(*TEN[:3])))
    names = {name: count.kept for name, count in take(tmp_path, a__zip=content).files.items()}
    assert sum(names.values()) == 13
    assert len(names) == 2


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ([("a.jsonl", b"0" * (40 << 20))], "unpacks to more than 32 MB"),
        ([(f"{n}.jsonl", lines(TEN[0])) for n in range(archives.MOST_MEMBERS + 1)], "1,001 files"),
    ],
    ids=["too large", "too many"],
)
def test_an_archive_over_a_limit_is_named_and_not_read(
    members: list[tuple[str, bytes]], why: str, tmp_path: Path
) -> None:
    taken = take(tmp_path, a__zip=archive(*members))
    assert taken.only.kept == 0
    assert why in str(taken.only.why)


def test_an_archive_in_an_archive_is_named_and_not_opened(tmp_path: Path) -> None:
    taken = take(tmp_path, a__zip=archive(("b.zip", archive(("c.jsonl", lines(*TEN))))))
    assert list(taken.files) == ["logs/a.zip!b.zip"]
    assert taken.only.kept == 0


def test_a_damaged_or_encrypted_member_costs_no_other(tmp_path: Path) -> None:
    whole = archive(("a.jsonl", lines(*TEN)), ("b.jsonl", lines(*TEN[:3])))
    broken = bytearray(whole)
    broken[60] ^= 0xFF  # in the packed text of the first
    encrypted = bytearray(whole)
    start = whole.index(b"PK\x01\x02")
    encrypted[start + 8] |= 1
    taken = take(tmp_path, broken__zip=bytes(broken), secret__zip=bytes(encrypted))
    assert kept(taken)["logs/broken.zip!b.jsonl"] == (3, 3)
    assert kept(taken)["logs/secret.zip!b.jsonl"] == (3, 3)
    assert taken.files["logs/broken.zip!a.jsonl"].kept == 0
    assert "encrypted" in str(taken.files["logs/secret.zip!a.jsonl"].why)


TAR = b"x".ljust(257, b"\0") + b"ustar".ljust(255, b"\0")


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.tar", TAR, "packed as tar"),
        ("a.tar.gz", gzip.compress(TAR, mtime=0), "packed as tar"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c\0\4", "packed as 7z"),
        ("a.jsonl.bz2", bz2.compress(lines(*TEN)), "packed as bzip2"),
        ("a.jsonl.xz", lzma.compress(lines(*TEN)), "packed as xz"),
        ("a.jsonl.zst", b"\x28\xb5\x2f\xfd,1,2", "packed as zstd"),
        ("a.zip", archive(), "holds no file"),
        ("a.zip", archive(("day/", b"")), "holds no file"),
        ("a.xlsx", OLE + b"x" * 99, "a workbook with a password"),
    ],
)
def test_what_is_packed_as_nobody_unpacks_says_how(
    name: str, content: bytes, why: str, tmp_path: Path
) -> None:
    """Most were binary content of no known format; a small one could pass for a table."""
    (tmp_path / name).write_bytes(content)
    found = sniff(tmp_path / name, f"logs/{name}")
    if found.is_archive:
        (found,) = archives.members(found, tmp_path)
    assert found.format == "unknown"
    assert why in str(found.why)


def test_what_was_unpacked_is_gone_with_the_inputs(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.zip").write_bytes(archive(("a.jsonl", lines(*TEN))))
    inputs = Inputs.of(tmp_path)
    path = inputs.files[0].path
    assert path.exists()
    del inputs
    assert not path.exists()


def test_members_packed_as_zstandard_are_read_and_damage_in_one_is_told(tmp_path: Path) -> None:
    """Newer evaluation logs of Inspect are packed so."""
    whole = zstandard(
        ("one.jsonl", lines(*TEN)), ("two.jsonl", lines(*(event(n) for n in range(20, 24))))
    )
    taken = take(tmp_path / "whole", a__zip=whole)
    assert kept(taken) == {"logs/a.zip!one.jsonl": (10, 10), "logs/a.zip!two.jsonl": (4, 4)}
    at = whole.index(b"one.jsonl") + len(b"one.jsonl") + 20
    broken = whole[:at] + bytes(40) + whole[at + 40 :]
    taken = take(tmp_path / "broken", a__zip=broken)
    assert kept(taken)["logs/a.zip!two.jsonl"] == (4, 4)
    assert "cannot be unpacked" in str(taken.files["logs/a.zip!one.jsonl"].why)
