"""Whether an export is whole. In: documents as read. Out: what they say of pages, what is missing.

Interfaces answer in pages, and the first looks like a whole list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from reporter.model.sentences import Sentence, tell

_NEXT = (
    "@odata.nextLink",
    "odata.nextLink",
    "nextLink",
    "NextToken",
    "nextToken",
    "NextMarker",
    "nextPageToken",
    "next_page_token",
    "nextCursor",
    "next_cursor",
    "nextRecordsUrl",
    "LastEvaluatedKey",
    "continue",
)
"""Fields that hold where the next page begins, empty on the last one."""
_MORE = ("has_more", "hasMore", "IsTruncated", "isTruncated", "hasNextPage", "has_next_page")
"""Fields that are true until the last page."""
_AROUND = (
    "metadata",
    "meta",
    "page",
    "pagination",
    "paging",
    "pageInfo",
    "page_info",
    "links",
    "_links",
    "response_metadata",
    "result_info",
    "cursors",
)
"""Objects beside the records in which such fields stand."""
_TOTALS = ("@odata.count", "totalResults", "total_count", "totalCount", "totalItems")
_PLACED = ("startAt", "offset", "limit", "maxResults", "page", "per_page", "pageSize")
"""Fields beside which `total` counts the records of all pages."""
_TOLD_BESIDE = frozenset(
    (*_NEXT, *_MORE, *_AROUND, *_TOTALS, *_PLACED, "@odata.context", "apiVersion", "count", "Count")
    + (
        "ScannedCount",
        "total",
        "ok",
        "success",
        "status",
        "preview",
        "took",
        "timed_out",
        "requestId",
    )
)
"""Fields beside the records that say nothing of what is listed."""
_DEEP, _WIDE = 8, 3
_GROWN = 0.95
"""Part of the records at the end that a list held at least when its reading began."""


def is_empty_answer(value: Any) -> bool:
    """Tell whether a value is the answer of an interface that had nothing to list."""
    if not isinstance(value, dict):
        return bool(value == [])
    lists = {k for k, v in value.items() if v == []}
    others = {
        k for k in value.keys() - lists if not (k == "kind" and str(value[k]).endswith("List"))
    }
    return bool(lists) and others <= _TOLD_BESIDE


@dataclass(frozen=True, slots=True)
class Pages:
    """What the first documents of a file say of how much of an export they are."""

    continued: int = 0
    """How many say that more follows."""
    last: int = 0
    """How many hold a list of which nothing follows."""
    total: int = 0
    """Records that there are in all; 0 where it is not said."""
    of: str = ""
    """What the list is of, as the vendor says."""


WHOLE = Pages()


def pages_of(values: Iterable[Any], at_most: int) -> Pages:
    """Return what documents say of how much they are; of `at_most` of them more may follow."""
    continued, last, total, names = 0, 0, 0, set()
    for number, value in enumerate(values, 1):
        for page in value if isinstance(value, list) and number == 1 else [value]:
            if not isinstance(page, dict):
                continue
            total = max(total, _total(page))
            names.add(str(page.get("@odata.context", "")))
            if _goes_on(page):
                continued += 1
            elif _holds_a_list(page):
                last += 1
        last += number == at_most
    return Pages(continued, last, total, min(names, default="")) if continued or total else WHOLE


def _holds_a_list(page: dict[str, Any]) -> bool:
    has_lists = any(isinstance(v, list) for v in _answer(page).values())
    return has_lists or any(_page_infos(page, _DEEP))


def _answer(page: dict[str, Any]) -> dict[str, Any]:
    """Return what stands in the envelope of JSON-RPC, else the page itself."""
    result = page.get("result")
    return result if "jsonrpc" in page and isinstance(result, dict) else page


def missing_of(lists: Iterable[tuple[Pages, int]]) -> Sentence | None:
    """Say what is missing of the pages and records of one list; None where nothing shows it.

    Where one page is the last, the others are taken to come before it: nothing tells which.
    """
    parts = [*lists]
    total, count = _in_all({p.total for p, _ in parts}), sum(n for _, n in parts)
    if total > count:
        return tell(
            "the export holds {n:,} of {total:,} records; what the others would show is unknown",
            n=count,
            total=total,
        )
    if any(p.continued for p, _ in parts) and not any(p.last for p, _ in parts):
        return tell("its last page says that more follows; what that would show is unknown")
    return None


def _in_all(totals: set[int]) -> int:
    """Return how many records there are by what pages say: one list that grew while it was read, or
    several lists.
    """
    most = max(totals)
    return most if all(n == 0 or n >= most * _GROWN for n in totals) else sum(totals)


def _goes_on(page: dict[str, Any]) -> bool:
    if page.get("isLast") is False or page.get("preview") is True:
        return True
    if page.get("more") is True and "limit" in page:
        return True
    if _ended_early(page):
        return True
    return any(_says_more(part) for part in _parts(page))


def _ended_early(page: dict[str, Any]) -> bool:
    """Tell whether a query gave less than it found: of Log Analytics, Logs Insights, Elastic."""
    error, shards, meta = (page.get(name) for name in ("error", "_shards", "meta"))
    return (
        (isinstance(error, dict) and error.get("code") == "PartialError")
        or (isinstance(shards, dict) and bool(shards.get("failed")))
        or ("hits" in page and page.get("timed_out") is True)
        or ("results" in page and page.get("status") in ("Scheduled", "Running", "Timeout"))
        or (isinstance(meta, dict) and isinstance(meta.get("cursor"), str) and bool(meta["cursor"]))
    )


def _parts(page: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a page, what stands around its records, and each list of a GraphQL answer in it."""
    yield page
    if (answer := _answer(page)) is not page:
        yield answer
    for name in _AROUND:
        part = page.get(name)
        if isinstance(part, dict):
            yield part
            if isinstance(deeper := part.get("page"), dict):
                yield deeper
    yield from _page_infos(page.get("data"), _DEEP)


def _page_infos(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and depth:
        if isinstance(info := value.get("pageInfo"), dict):
            yield info
        for part in value.values():
            yield from _page_infos(part, depth - 1)
    elif isinstance(value, list) and depth:
        for part in value[:_WIDE]:
            yield from _page_infos(part, depth - 1)


def _says_more(part: dict[str, Any]) -> bool:
    if any(part.get(name) is True for name in _MORE):
        return True
    if any(isinstance(part.get(n), str | dict) and part[n] for n in _NEXT):
        return True
    # Beside `before` it is what a change left, such as the commit of a push.
    following = part.get("next") or ("before" not in part and part.get("after"))
    if isinstance(following, dict):
        following = following.get("href")
    return isinstance(following, str) and bool(following) and part.get("hasNextPage") is not False


def _total(page: dict[str, Any]) -> int:
    """Return how many records there are in all."""
    told = [n for part in _parts(page) for t in _TOTALS if isinstance(n := part.get(t), int)]
    statistics = page.get("statistics")
    if isinstance(statistics, dict) and isinstance(
        n := statistics.get("recordsMatched"), int | float
    ):
        told.append(int(n))
    if told:
        return max(told)
    hits = page.get("hits")
    total = hits.get("total") if isinstance(hits, dict) else page.get("total")
    if isinstance(total, dict):
        total = total.get("value")
    is_placed = isinstance(hits, dict) or any(name in page for name in _PLACED)
    return total if isinstance(total, int) and is_placed else 0
