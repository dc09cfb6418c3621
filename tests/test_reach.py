"""Where data went: the host of a URL, the domain of a mail address, and what looks like one and is not."""

from __future__ import annotations

import duckdb
import pytest

from reporter.schema.model_files import macros

HOSTS = [
    ("https://u:p@Files.X.example:443/a?b=@z", "files.x.example"),
    ("http://a.example?x=https://b.example/", "a.example"),
    ("https://evil.example\\@good.example/", "evil.example"),
    ("https://good.example@evil.example/", "evil.example"),
    ("https://[::1]:80/x", "[::1]"),
    ("s3://bucket/key", "bucket"),
    ("ann@corp.example", "corp.example"),
    ("Ann B <ann@corp.example>", "corp.example"),
    ("ann@evil.example, bob@corp.example", None),
    ("ann@corp.example@evil.example", None),
    ("api.x.example.", "api.x.example"),
    ("api.x.example:443/v1", "api.x.example"),
    ("10.0.0.1:80", "10.0.0.1"),
    ("acct:42", None),
    ("public", None),
]


@pytest.mark.parametrize(("destination", "host"), HOSTS)
def test_the_host_of_a_destination(destination: str, host: str | None) -> None:
    with duckdb.connect() as con:
        con.execute(macros())
        assert con.execute("SELECT host_of(?)", [destination]).fetchone() == (host,)
