"""Finds the path template of a request's path, by a tree of segments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from understudy.openapi.operation import Operation


@dataclass(slots=True)
class Template:
    """One path template: its parameters' names and its operations by method."""

    path: str
    names: tuple[str, ...]
    operations: dict[str, Operation] = field(default_factory=dict)


@dataclass(slots=True)
class RouteNode:
    """One segment of the tree, and the literal segments and parameter that may follow it."""

    children: dict[str, RouteNode] = field(default_factory=dict)
    parameter: RouteNode | None = None
    template: Template | None = None


class PathRouter:
    """The paths of one document; a literal segment wins over a parameter."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = RouteNode()
        for operation in operations:
            self._add(operation)

    def _add(self, operation: Operation) -> None:
        node = self._root
        names = []
        for segment in operation.path.split("/")[1:]:
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.parameter = node.parameter or RouteNode()
                node = node.parameter
            else:
                node = node.children.setdefault(segment, RouteNode())
        node.template = node.template or Template(operation.path, tuple(names))
        node.template.operations[operation.method] = operation

    def match(self, path: str) -> tuple[Template, Mapping[str, str]] | None:
        """The template of an encoded path and its parameters' decoded values, or None.

        A parameter never matches an empty segment.
        """
        segments = path.split("/")[1:]
        found = _match_segments(self._root, segments, 0)
        if found is None:
            return None
        template, values = found
        return template, dict(zip(template.names, reversed(values), strict=True))


def _match_segments(
    node: RouteNode, segments: list[str], at: int
) -> tuple[Template, list[str]] | None:
    """The template below a node; parameter values come last one first."""
    if at == len(segments):
        return (node.template, []) if node.template else None
    segment = segments[at]
    text = unquote(segment) if "%" in segment else segment
    literal = node.children.get(text)
    if literal is not None and (found := _match_segments(literal, segments, at + 1)):
        return found
    parameter = node.parameter if text else None
    if parameter is not None and (found := _match_segments(parameter, segments, at + 1)):
        found[1].append(text)
        return found
    return None
