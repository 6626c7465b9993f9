"""Ids that an API knows, learned from its replies and from the service's seed data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import orjson

from understudy.core.strict_json import parse_json
from understudy.openapi.document import Document, Operation, snake_case
from understudy.recording.model import RecordedRequest, RecordedResponse
from understudy.service.service import Service
from understudy.verify.exchange_check import ExchangeChecker

# How many ids of a kind are kept.
MAX_IDS = 20
LAST_PARAMETER = re.compile(r".*\{[^{}]+\}")
# Fields that hold a resource's own id, and those that refer to another resource.
OWN_ID = ("id", "_id")
REFERENCE = re.compile(r".+(_id|Id|ID)")
MAX_DEPTH = 4

Values = Mapping[str, str]


class KnownIds:
    """Values for path parameters, and ids for fields that refer to resources.

    Args:
        service: its document, and its seed data, whose ids the API may know as well.
    """

    def __init__(self, service: Service, checker: ExchangeChecker) -> None:
        self._checker = checker
        # By the path up to its last parameter: values that were used together.
        self._values: dict[str, list[Values]] = {}
        self._seeded: dict[str, list[Values]] = {}
        self._ids_by_field: dict[str, list[str]] = {}
        self._prefixes = _find_prefixes(service.document)
        self._learn_seed(service)

    def paths(self, operation: Operation) -> list[Values]:
        """Values for an operation's path, best first; one empty mapping without a parameter."""
        key = find_prefix(operation.path)
        return (
            [{}] if not key else [*self._values.get(key, ()), *self._seeded.get(key, ())][:MAX_IDS]
        )

    def ids(self, field: str) -> list[str]:
        """The ids that a field of this name may hold."""
        return self._ids_by_field.get(snake_case(field), [])

    def learn(self, request: RecordedRequest, reply: RecordedResponse) -> None:
        """Learn the ids in a successful exchange."""
        found = self._checker.find_template(request.path)
        if found is None or not 200 <= reply.status < 300 or request.method == "DELETE":
            return
        template, values = found
        self._keep(find_prefix(template.path), values)
        try:
            document = parse_json(reply.body)
        except (ValueError, RecursionError):
            return
        for field, id in find_references(document):
            _add_new(self._ids_by_field.setdefault(snake_case(field), []), id)
        for key, name in self._prefixes:
            if key == f"{template.path}/{{{name}}}":
                for id in find_own_ids(document, name):
                    self._keep(key, {**values, name: id})

    def _keep(self, key: str, values: Values) -> None:
        if key:
            _add_new(self._values.setdefault(key, []), dict(values))

    def _learn_seed(self, service: Service) -> None:
        for (_, collection, scope), shelf in service.shelves.items():
            singular = service.vendor.collections[collection]
            for id, content in list(shelf.items())[:MAX_IDS]:
                _add_new(self._ids_by_field.setdefault(f"{singular}_id", []), id)
                for field, other in find_references(orjson.loads(content)):
                    _add_new(self._ids_by_field.setdefault(snake_case(field), []), other)
                self._seed_path(collection, scope, id)

    def _seed_path(self, collection: str, scope: str, id: str) -> None:
        for key, name in self._prefixes:
            *parents, last = key.removesuffix(f"/{{{name}}}").split("/")
            if last.replace("-", "_") != collection:
                continue
            names = [each[1:-1] for each in parents if each.startswith("{")]
            # A nested collection is kept in the scope of its parent's id.
            if len(names) <= 1:
                values = {**dict.fromkeys(names, scope), name: id}
                _add_new(self._seeded.setdefault(key, []), values)


def find_prefix(path: str) -> str:
    """A path template up to its last parameter; "" without one."""
    found = LAST_PARAMETER.match(path)
    return found[0] if found else ""


def _find_prefixes(document: Document) -> list[tuple[str, str]]:
    """Every such prefix of the document's path templates, with its last parameter's name."""
    keys = {find_prefix(operation.path) for operation in document.operations.values()} - {""}
    return [(key, key.rpartition("{")[2].rstrip("}")) for key in sorted(keys)]


def fill_path(template: str, values: Values) -> str:
    """The path of a template with these values, encoded."""
    return template.format_map({name: quote(value, safe="") for name, value in values.items()})


def find_references(value: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    """The fields of a JSON document that refer to other resources, with their ids."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        for each in value[:MAX_IDS]:
            yield from find_references(each, depth + 1)
    elif isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str) and REFERENCE.fullmatch(name):
                yield name, each
            else:
                yield from find_references(each, depth + 1)


def find_own_ids(document: Any, name: str) -> list[str]:
    """The ids of the resources in a reply: those of the first level that has any."""
    level = [document]
    for _ in range(MAX_DEPTH):
        objects = [each for each in level if isinstance(each, dict)]
        found = [id for each in objects if (id := _find_own_id(each, name)) is not None]
        if found:
            return found[:MAX_IDS]
        level = [inner for each in level for inner in _children(each)]
    return []


def _find_own_id(members: Mapping[str, Any], name: str) -> str | None:
    for each in (name, *OWN_ID):
        if isinstance(members.get(each), str) and members[each]:
            return str(members[each])
    return None


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _add_new(known: list[Any], new: Any) -> None:
    if new not in known and len(known) < MAX_IDS:
        known.append(new)
