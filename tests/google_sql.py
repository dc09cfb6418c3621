"""GoogleSQL, the SQL of BigQuery, in Google's own implementation: the PyPI package `zetasql` holds it as WebAssembly.

It runs a query without tables and gives its rows. To make machine code of it takes minutes, so that is kept in a file.
"""

from __future__ import annotations

import os
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import gettempdir
from typing import Any

LIMIT = 1 << 30


class Refused(Exception):
    """GoogleSQL does not take a statement."""


@cache
def _service() -> Any:
    import wasmtime
    from zetasql.core import local_service, wasm_client
    from zetasql.wasi import get_wasm_path

    kept = (
        Path(os.environ.get("REPORTER_WASM", gettempdir()))
        / f"reporter-zetasql-{version('wasmtime')}.cwasm"
    )

    class Kept(wasmtime.Module):
        @classmethod
        def from_file(cls, engine: Any, path: str) -> Any:
            if not kept.exists():
                whole = wasmtime.Module.from_file(engine, path)
                new = kept.with_suffix(f".{os.getpid()}")
                new.write_bytes(whole.serialize())
                new.replace(kept)
                return whole
            return wasmtime.Module.deserialize_file(engine, str(kept))

    wasm_client.Module = Kept
    assert get_wasm_path()
    return local_service.ZetaSqlLocalService()


def _call(name: str, request: Any, answer: Any) -> Any:
    from zetasql.core.exceptions import ServerError

    try:
        return _service().wasm_client.call_grpc_func(f"ZetaSqlLocalService_{name}", request, answer)
    except ServerError as error:
        raise Refused(str(error)) from error


def rows(sql: str) -> list[list[str | None]]:
    """Return the rows of a query whose columns are texts; raise Refused where it is none."""
    from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as pb
    from zetasql.wasi._pb2.zetasql.proto import options_pb2

    options = _call(
        "GetLanguageOptions",
        pb.LanguageOptionsRequest(maximum_features=True),
        options_pb2.LanguageOptionsProto,
    )
    options.product_mode = 1  # names of types as BigQuery has them
    request = pb.EvaluateQueryRequest(sql=sql)
    request.options.language_options.CopyFrom(options)
    request.options.default_timezone = "UTC"
    request.simple_catalog.name = "none"
    request.simple_catalog.builtin_function_options.language_options.CopyFrom(options)
    answer = _call("EvaluateQuery", request, pb.EvaluateQueryResponse)
    return [
        [c.string_value if c.HasField("string_value") else None for c in row.cell]
        for row in answer.content.table_data.row
    ]
