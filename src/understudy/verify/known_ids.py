"""Ids that an API knows: seen in its replies, in recordings, and in the service's seed world."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import orjson

from understudy.openapi.document import Document, Operation, snake_case
from understudy.recording.model import RecordedRequest, RecordedResponse, parse_json
from understudy.service.service import Service
from understudy.verify.exchange_check import ExchangeChecker

# How many of a kind are kept.
MOST = 20
LAST_PARAMETER = re.compile(r".*\{[^{}]+\}")
# Members that hold a resource's own id, and those that name another resource.
OWN_ID = ("id", "_id")
REFERENCE = re.compile(r".+(_id|Id|ID)")
DEEPEST = 4

Values = Mapping[str, str]


class KnownIds:
    """Which values a path can be filled with, and which ids members may hold.

    Args:
        service: whose document it is, and whose seed world may hold.
    """

    def __init__(self, service: Service, checker: ExchangeChecker) -> None:
        self._checker = checker
        # By the path up to its last parameter: values that belong together.
        self._values: dict[str, list[Values]] = {}
        self._seeded: dict[str, list[Values]] = {}
        self._members: dict[str, list[str]] = {}
        self._keys = _keys(service.document)
        self._learn_seed(service)

    def paths(self, operation: Operation) -> list[Values]:
        """Values for an operation's path, best first; one empty choice without a parameter."""
        key = key_of(operation.path)
        return [{}] if not key else [*self._values.get(key, ()), *self._seeded.get(key, ())][:MOST]

    def ids(self, member: str) -> list[str]:
        """What a member of this name may hold."""
        return self._members.get(snake_case(member), [])

    def learn(self, request: RecordedRequest, reply: RecordedResponse) -> None:
        """Keep the ids of a successful exchange."""
        found = self._checker.find_template(request.path)
        if found is None or not 200 <= reply.status < 300 or request.method == "DELETE":
            return
        template, values = found
        self._keep(key_of(template.path), values)
        try:
            document = parse_json(reply.body)
        except (ValueError, RecursionError):
            return
        for member, id in references(document):
            _append(self._members.setdefault(snake_case(member), []), id)
        for key, name in self._keys:
            if key == f"{template.path}/{{{name}}}":
                for id in own_ids(document, name):
                    self._keep(key, {**values, name: id})

    def _keep(self, key: str, values: Values) -> None:
        if key:
            _append(self._values.setdefault(key, []), dict(values))

    def _learn_seed(self, service: Service) -> None:
        for (_, collection, scope), shelf in service.shelves.items():
            singular = service.vendor.collections[collection]
            for id, content in list(shelf.items())[:MOST]:
                _append(self._members.setdefault(f"{singular}_id", []), id)
                for member, other in references(orjson.loads(content)):
                    _append(self._members.setdefault(snake_case(member), []), other)
                self._seed_path(collection, scope, id)

    def _seed_path(self, collection: str, scope: str, id: str) -> None:
        for key, name in self._keys:
            *parents, last = key.removesuffix(f"/{{{name}}}").split("/")
            if last.replace("-", "_") != collection:
                continue
            names = [each[1:-1] for each in parents if each.startswith("{")]
            # A collection within another is kept in the scope of its parent.
            if len(names) <= 1:
                values = {**dict.fromkeys(names, scope), name: id}
                _append(self._seeded.setdefault(key, []), values)


def key_of(path: str) -> str:
    """A template up to its last parameter: what must be filled; "" without one."""
    found = LAST_PARAMETER.match(path)
    return found[0] if found else ""


def _keys(document: Document) -> list[tuple[str, str]]:
    """Every such beginning of the document's templates, with its last parameter's name."""
    keys = {key_of(operation.path) for operation in document.operations.values()} - {""}
    return [(key, key.rpartition("{")[2].rstrip("}")) for key in sorted(keys)]


def fill_path(template: str, values: Values) -> str:
    """A template's path with these values, encoded."""
    return template.format_map({name: quote(value, safe="") for name, value in values.items()})


def references(value: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    """The members of a JSON document that name other resources."""
    if depth > DEEPEST:
        return
    if isinstance(value, list):
        for each in value[:MOST]:
            yield from references(each, depth + 1)
    elif isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str) and REFERENCE.fullmatch(name):
                yield name, each
            else:
                yield from references(each, depth + 1)


def own_ids(document: Any, name: str) -> list[str]:
    """The ids of the resources that a reply shows: of the first level that has any."""
    level = [document]
    for _ in range(DEEPEST):
        objects = [each for each in level if isinstance(each, dict)]
        found = [id for each in objects if (id := _own_id(each, name)) is not None]
        if found:
            return found[:MOST]
        level = [inner for each in level for inner in _within(each)]
    return []


def _own_id(members: Mapping[str, Any], name: str) -> str | None:
    for each in (name, *OWN_ID):
        if isinstance(members.get(each), str) and members[each]:
            return str(members[each])
    return None


def _within(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _append(known: list[Any], new: Any) -> None:
    if new not in known and len(known) < MOST:
        known.append(new)
