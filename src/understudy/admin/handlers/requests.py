"""The journal: filters, counts, near misses, coverage."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from understudy.admin import views
from understudy.admin.context import AdminContext, MissingError, read_instant
from understudy.admin.near_misses import find_near_misses, is_unmatched
from understudy.core.json_pointer import ANY_VALUE
from understudy.coverage.coverage import Coverage
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.session.journal import Exchange


async def list_requests(context: AdminContext, call: Call) -> Reply:
    return _page(
        _matching(context, call, _query_pattern(call)), call.parameters, "requests", views.summary
    )


async def find_requests(context: AdminContext, call: Call) -> Reply:
    found = _matching(context, call, _query_pattern(call))
    return _page(found, call.parameters, "exchanges", views.exchange)


async def find_matching_requests(context: AdminContext, call: Call) -> Reply:
    return _page(_matching(context, call, call.body), call.body, "exchanges", views.exchange)


async def count_requests(context: AdminContext, call: Call) -> Reply:
    return Reply(200, {"count": len(_matching(context, call, _query_pattern(call)))})


async def count_matching_requests(context: AdminContext, call: Call) -> Reply:
    return Reply(200, {"count": len(_matching(context, call, call.body))})


def _query_pattern(call: Call) -> dict[str, Any]:
    """A pattern's members from the query; its one body member is a pointer and a value."""
    pattern = {name: value for name, value in call.parameters.items() if value is not None}
    if "pointer" in pattern:
        value = ANY_VALUE
        if "value" in pattern:
            try:
                value = json.loads(pattern["value"])
            except (ValueError, RecursionError):
                value = pattern["value"]
        pattern["body"] = {pattern["pointer"]: value}
    return pattern


def _matching(context: AdminContext, call: Call, pattern: Mapping[str, Any]) -> list[Exchange]:
    _refuse_unknown(context, pattern)
    since, until = (read_instant(pattern, name) for name in ("since", "until"))
    return call.session.journal.find(
        vendor=pattern.get("vendor"),
        operation=pattern.get("operation"),
        method=pattern["method"].upper() if "method" in pattern else None,
        path=pattern.get("path"),
        statuses=_statuses(pattern.get("status")),
        since=since,
        until=until,
        after=pattern.get("after", 0),
        body=pattern.get("body"),
    )


def _refuse_unknown(context: AdminContext, pattern: Mapping[str, Any]) -> None:
    """A typo in a name must not look like a request that was never made.

    Raises:
        Missing: when no served vendor has the name.
    """
    services = (
        [context.service(pattern["vendor"])] if "vendor" in pattern else context.services.values()
    )
    known = sorted({id for service in services for id in service.document.operations})
    if "operation" in pattern and pattern["operation"] not in known:
        raise MissingError(f'operation "{pattern["operation"]}"', f"operations: {', '.join(known)}")


def _statuses(pattern: str | None) -> range | None:
    """The statuses that `404`, `4xx` or `0` stands for."""
    if pattern is None:
        return None
    first = int(pattern.replace("xx", "00"))
    return range(first, first + (100 if pattern.endswith("xx") else 1))


def _page(
    found: list[Exchange],
    asked: Mapping[str, Any],
    member: str,
    show: Callable[[Exchange], dict[str, Any]],
) -> Reply:
    page = islice(found, asked.get("limit", 1000))
    return Reply(200, {"total": len(found), member: [show(each) for each in page]})


async def delete_requests(context: AdminContext, call: Call) -> Reply:
    call.session.journal.clear()
    return Reply(204)


async def list_unmatched_requests(context: AdminContext, call: Call) -> Reply:
    found = [each for each in call.session.journal if is_unmatched(each)]
    latest = found[-call.parameters["limit"] :]
    services = list(context.services.values())
    shown = []
    for each in latest:
        shown.append(views.unmatched(each, find_near_misses(services, each)))
        # Each takes milliseconds, and there may be a thousand.
        await asyncio.sleep(0)
    return Reply(200, {"total": len(found), "unmatched": shown})


async def get_request(context: AdminContext, call: Call, id: str) -> Reply:
    exchange = call.session.journal.get(id)
    if exchange is None:
        raise MissingError(
            f'request "{id}" in the journal', "it keeps the latest; see --journal-size"
        )
    return Reply(200, views.exchange(exchange))


async def get_coverage(context: AdminContext, call: Call) -> Reply:
    exercised = Coverage(context.services.values())
    for answered, calls in call.session.coverage.items():
        exercised.count(*answered, calls)
    return Reply(200, {"vendors": [views.coverage(exercised, name) for name in context.services]})
