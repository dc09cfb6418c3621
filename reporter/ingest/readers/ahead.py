"""Beginnings of many large JSON documents, every second of which another process reads. In: files.
Out: documents.

To prove that a document is sound keeps one core busy, while the engine has nothing to do yet.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reporter.engine.sandbox import Child, Limits, Stopped
from reporter.ingest.readers.compact_json import Beginning
from reporter.ingest.readers.documents import sound_document
from reporter.ingest.readers.files import InputFile
from reporter.ingest.readers.records import Document, Seen

LARGE = 64 << 10
"""Bytes of a document, as it lies there, that are worth being handed over."""
WORTH_A_PROCESS = 16 << 20
"""Bytes of all of them from which a process is started, which takes half a second."""
_AT_ONCE = 4
"""Documents that are read before they are asked for."""


@contextmanager
def beginnings(
    files: list[InputFile], memory: int, beginning: Beginning
) -> Iterator[Callable[[InputFile], Document | None]]:
    """Yield a function that returns the beginning of a file's document, or None: the caller reads
    it. It is to be asked for the files in their order.
    """
    large = [f for f in files if f.format == "json" and not f.part and f.size >= LARGE]
    if sum(f.size for f in large) < WORTH_A_PROCESS or (os.cpu_count() or 1) < 2:
        yield lambda _: None
        return
    remaining = deque(large[1::2])
    readings: dict[str, Future[Document | None]] = {}
    with Child(Limits()) as child, ThreadPoolExecutor(1) as pool:

        def begin_next() -> None:
            if remaining:
                file = remaining.popleft()
                readings[file.name] = pool.submit(_ask, child, file, memory, beginning)

        def document(file: InputFile) -> Document | None:
            reading = readings.pop(file.name, None)
            if reading is None:
                return None
            begin_next()
            return reading.result()

        for _ in range(_AT_ONCE):
            begin_next()
        try:
            yield document
        finally:
            pool.shutdown(cancel_futures=True)


def _ask(child: Child, file: InputFile, memory: int, beginning: Beginning) -> Document | None:
    try:
        answer = child.call(
            _answer,
            path=str(file.path),
            size=file.size,
            encoding=file.encoding,
            gzipped=file.gzipped,
            memory=memory,
            items=beginning.items,
            lists=sorted(beginning.lists),
            fields=sorted(beginning.fields),
        )
    except Stopped:
        return None
    if answer is None:
        return None
    value, proof = answer
    return Document(1, value, is_compact=True, seen=Seen(bytes.fromhex(proof)))


def _answer(
    path: str,
    size: int,
    encoding: str,
    gzipped: bool,
    memory: int,
    items: int,
    lists: list[str],
    fields: list[str],
) -> tuple[Any, str] | None:
    """Return the beginning and the proof of a document; None where there is more to say of it."""
    file = InputFile(Path(path), path, size, "json", gzipped, encoding)
    beginning = Beginning(items, frozenset(lists), frozenset(fields))
    document = sound_document(file, memory, beginning)
    return (document.value, document.seen.proof.hex()) if document else None
