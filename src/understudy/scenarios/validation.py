"""The members of a scenario, each of its kind; a ValueError says which one is not, and where."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from understudy.recording.world_settings import check_settings

Node = Mapping[str, Any]
# What a `${name}` can name.
NAME = re.compile(r"[A-Za-z0-9_-]+")
LONGEST = 60


def check_names(where: str, node: Node, known: Iterable[str]) -> None:
    """A mapping has no other members than these."""
    surplus = sorted(map(str, node.keys() - set(known)))
    if surplus:
        allowed = ", ".join(sorted(known))
        raise ValueError(f"{where} cannot have {', '.join(surplus)}; it may have: {allowed}")


def mapping(where: str, node: Node, name: str) -> Node:
    """A member that is a mapping; an empty one when it is left out."""
    found = node.get(name, {})
    if not isinstance(found, dict):
        raise ValueError(f"{where}: {name} must be a mapping, not {format_value(found)}")
    return found


def text(where: str, node: Node, name: str) -> str:
    """A member that is text, and not empty."""
    found = node.get(name)
    if not isinstance(found, str) or not found.strip():
        raise ValueError(f"{where}: {name} must be text, not {format_value(found)}")
    return found


def status(where: str, node: Node) -> int:
    """What must be answered."""
    if "status" not in node:
        raise ValueError(f"{where} has no status; say what must be answered")
    found = node["status"]
    if not isinstance(found, int) or isinstance(found, bool) or not 100 <= found <= 599:
        raise ValueError(f"{where}: status must be a number such as 201, not {format_value(found)}")
    return found


def told(where: str, name: str, value: Any) -> str:
    """A value as a path, a query or a header carries it."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (str, int, float)):
        raise ValueError(f"{where}: {name} must be text or a number, not {format_value(value)}")
    return str(value)


def query(where: str, node: Node) -> dict[str, str | list[str]]:
    """The parameters of a query; a list stands for a parameter that is sent several times."""
    return {
        name: [told(where, f"query.{name}", each) for each in value]
        if isinstance(value, list)
        else told(where, f"query.{name}", value)
        for name, value in mapping(where, node, "query").items()
    }


def headers(where: str, node: Node) -> dict[str, str]:
    """The headers of a request."""
    given = mapping(where, node, "headers")
    return {name: told(where, f"headers.{name}", value) for name, value in given.items()}


def keep(where: str, node: Node) -> dict[str, str]:
    """Name -> where in the reply its value stands."""
    given = mapping(where, node, "keep")
    for name in given:
        if not NAME.fullmatch(name):
            raise ValueError(f'{where}: "{name}" cannot be kept; name it like {NAME.pattern}')
    return {name: text(f"{where}: keep", given, name) for name in given}


def settings(node: Node) -> Node:
    """The settings that are not the usual ones."""
    given = mapping("the scenario", node, "settings")
    check_settings("settings", given)
    return given


def check_plain(value: Any, where: str = "the scenario") -> None:
    """A document is JSON all through: YAML can say more, which no request could carry."""
    if isinstance(value, dict):
        for name, each in value.items():
            if not isinstance(name, str):
                raise ValueError(
                    f'{where}: the key {name} is no text; put it into quotes, "{name}"'
                )
            check_plain(each, f"{where}/{name}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            check_plain(each, f"{where}/{index}")
    elif not _is_plain(value):
        raise ValueError(f"{where}: {format_value(value)} is nothing that JSON can say")


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return not any("\ud800" <= each <= "\udfff" for each in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, int)


def format_value(value: Any) -> str:
    """A value as an error shows it."""
    said = json.dumps(value, default=repr)
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}..."


def join_names(error: Exception) -> str:
    """What an error says, on one line: it may quote whatever a file has."""
    return " ".join(str(error).split())
