"""YAML read safely: times stay the text that was written, and bounds hold whatever a file says."""

from __future__ import annotations

import re
from itertools import accumulate, chain
from typing import Any

import yaml

TIME = "tag:yaml.org,2002:timestamp"
# What plain text is read as, by its first character: as YAML says, but for times.
RESOLVERS = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != TIME]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
# In levels, of which a value is one: deeper than any file that somebody reads, and far less deep
# than what Python's stack can bear.
DEEPEST = 200
# In characters, of all that is said by reference: more than clients repeat of headers.
MOST_REPEATED = 5_000_000
# What stands for a value however short it is: its quotes and its comma.
LEAST = 3
# Where an anchor may be; a file without one repeats nothing. Most other `&` follow a letter.
ANCHOR = re.compile(rb"(?<!\w)&")
BRACKET = re.compile(rb"[][{}]")


def read_yaml(content: bytes, loader: type[SafeLoader] | type[FastLoader]) -> Any:
    """The document in a file's content.

    Raises:
        yaml.YAMLError: when there is not one, or it is out of bounds; says where.
    """
    # libyaml reads ahead and has a bound of its own for brackets, which would speak before ours.
    if deepest_brackets(content) >= DEEPEST:
        yaml.compose(content, Loader=SafeLoader)
    try:
        return yaml.load(content, Loader=loader)
    # What a tag promises of a value (`!!int x`) fails in as many ways as there are tags.
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise yaml.YAMLError(str(error)) from error


def deepest_brackets(content: bytes) -> int:
    """How many brackets are open at once at most, counting those that stand in text as well."""
    steps = (1 if each in b"[{" else -1 for each in BRACKET.findall(content))
    return max(accumulate(steps, lambda open, step: max(open + step, 0)), default=0)


class _Bounded:
    """For a loader, before its base; watches while the file is read, so that once is enough."""

    yaml_implicit_resolvers = RESOLVERS

    def __init__(self, content: bytes) -> None:
        self._depth = 0
        self._may_repeat = ANCHOR.search(content) is not None
        super().__init__(content)  # type: ignore[call-arg]  # of the loader

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """PyYAML calls it before it reads what a node holds."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise yaml.YAMLError(f"it nests deeper than {DEEPEST} levels")

    def ascend_resolver(self) -> None:
        """PyYAML calls it when it has read what a node holds."""
        self._depth -= 1

    def get_single_node(self) -> Any:
        """The whole file, before anything is made of it."""
        node = super().get_single_node()  # type: ignore[misc]  # of the loader
        if node is not None and self._may_repeat:
            _Sizes().measure(node)
        return node


class SafeLoader(_Bounded, yaml.SafeLoader):
    """Written in Python, so that its steps can be changed."""


class FastLoader(_Bounded, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Written in C where PyYAML has that."""


class _Sizes:
    """How large each part of a file is when its references are written out, in characters."""

    def __init__(self) -> None:
        # None while its parts are measured.
        self._known: dict[yaml.Node, int | None] = {}
        self._repeated = 0

    def measure(self, node: yaml.Node) -> int:
        """Raises a YAMLError when too much is repeated."""
        if node in self._known:
            return self._repeat(node, self._known[node])
        self._known[node] = None
        parts = chain(*node.value) if isinstance(node, yaml.MappingNode) else node.value
        scalar = isinstance(node, yaml.ScalarNode)
        size = LEAST + (len(node.value) if scalar else sum(map(self.measure, parts)))
        self._known[node] = size
        return size

    def _repeat(self, node: yaml.Node, size: int | None) -> int:
        place = f"line {node.start_mark.line + 1}, column {node.start_mark.column + 1}"
        if size is None:
            raise yaml.YAMLError(f"what begins at {place} refers to itself")
        self._repeated += size
        if self._repeated > MOST_REPEATED:
            raise yaml.YAMLError(
                f"its references (such as to {place}) repeat more than {MOST_REPEATED} characters"
            )
        return size
