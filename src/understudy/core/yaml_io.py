"""YAML read safely and written plainly: times stay text, as in JSON, and reading is bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate, chain
from typing import Any

import yaml

TIMESTAMP_TAG = "tag:yaml.org,2002:timestamp"
TEXT_TAG = "tag:yaml.org,2002:str"
# What plain text is read as, by its first character: as YAML says, but for times.
RESOLVERS_WITHOUT_TIMESTAMPS = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != TIMESTAMP_TAG]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
# In levels, of which a scalar is one: deeper than any file that somebody reads, and far less deep
# than what Python's stack can bear.
MAX_DEPTH = 200
# In characters, of everything that aliases repeat: more than clients repeat of headers.
MAX_REPEATED_CHARACTERS = 5_000_000
# What a value takes however short it is: its quotes and its comma.
MIN_NODE_SIZE = 3
# Of an error, in characters.
MAX_MESSAGE = 300
# Where an anchor may be; a file without one repeats nothing. Most other `&` follow a letter.
ANCHOR = re.compile(rb"(?<!\w)&")
BRACKET = re.compile(rb"[][{}]")
# Text that some version of YAML takes for a number, a time or a boolean; quoted, all read text.
AMBIGUOUS_SCALAR = re.compile(r"[-+.]?[\d.]|(y|n)$", re.IGNORECASE)


class _Bounded:
    """Mixed into a PyYAML loader: watches depth and size while a file is read, in one pass."""

    yaml_implicit_resolvers = RESOLVERS_WITHOUT_TIMESTAMPS
    unique_keys = False

    def __init__(self, content: bytes) -> None:
        self._depth = 0
        self._may_repeat = ANCHOR.search(content) is not None
        super().__init__(content)  # type: ignore[call-arg]  # of the loader

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """PyYAML calls it before it reads what a node holds."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise yaml.YAMLError(f"it nests deeper than {MAX_DEPTH} levels")

    def ascend_resolver(self) -> None:
        """PyYAML calls it when it has read what a node holds."""
        self._depth -= 1

    def get_single_node(self) -> Any:
        """The whole file, before anything is made of it."""
        node = super().get_single_node()  # type: ignore[misc]  # of the loader
        if node is not None and self._may_repeat:
            _Sizes().measure(node)
        if node is not None and self.unique_keys:
            _check_keys(node)
        return node


class Loader(_Bounded, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader, written in C where PyYAML was built with libyaml."""


class UniqueKeyLoader(Loader):
    """Refuses a key that a mapping has twice."""

    unique_keys = True


class PythonLoader(_Bounded, yaml.SafeLoader):
    """The safe loader written in Python, which reads no further ahead than our bounds allow."""


def read_yaml(content: bytes, loader: type[Loader] | type[PythonLoader] = UniqueKeyLoader) -> Any:
    """The document in a file's content.

    Args:
        loader: one of this module's, or a subclass that knows more tags.

    Raises:
        ValueError: when it is not one YAML document, or is out of bounds; says where, in one line.
    """
    try:
        # libyaml reads ahead and has a bound of its own for brackets, which would speak first.
        if max_open_brackets(content) >= MAX_DEPTH:
            yaml.compose(content, Loader=PythonLoader)
        return yaml.load(content, Loader=loader)
    # What a tag promises of a value (`!!int x`) fails in as many ways as there are tags.
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError) as error:
        reason = " ".join(str(error).replace('in "<byte string>", ', "at ").split())
        raise ValueError(f"is not YAML: {reason[:MAX_MESSAGE]}") from error


def max_open_brackets(content: bytes) -> int:
    """How many brackets are open at once at most, counting those inside of text as well."""
    steps = (1 if each in b"[{" else -1 for each in BRACKET.findall(content))
    return max(accumulate(steps, lambda open, step: max(open + step, 0)), default=0)


class _Sizes:
    """How large each part of a file is when its aliases are written out, in characters."""

    def __init__(self) -> None:
        # None while its parts are measured.
        self._known: dict[yaml.Node, int | None] = {}
        self._repeated = 0

    def measure(self, node: yaml.Node) -> int:
        """The size of a node.

        Raises:
            yaml.YAMLError: when aliases repeat too much, or a node holds itself.
        """
        if node in self._known:
            return self._repeat(node, self._known[node])
        self._known[node] = None
        is_scalar = isinstance(node, yaml.ScalarNode)
        parts = len(node.value) if is_scalar else sum(map(self.measure, _children(node)))
        size = MIN_NODE_SIZE + parts
        self._known[node] = size
        return size

    def _repeat(self, node: yaml.Node, size: int | None) -> int:
        place = f"line {node.start_mark.line + 1}, column {node.start_mark.column + 1}"
        if size is None:
            raise yaml.YAMLError(f"what begins at {place} refers to itself")
        self._repeated += size
        if self._repeated > MAX_REPEATED_CHARACTERS:
            raise yaml.YAMLError(
                f"its references (such as to {place}) repeat more than "
                f"{MAX_REPEATED_CHARACTERS} characters"
            )
        return size


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    """The nodes in a mapping (keys and values) or a sequence."""
    yield from chain(*node.value) if isinstance(node, yaml.MappingNode) else node.value


def _check_keys(root: yaml.Node) -> None:
    """No mapping has a key twice, before `<<` brings in keys that may be overridden.

    Raises:
        yaml.YAMLError: names the key and the place.
    """
    met: set[yaml.Node] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.ScalarNode) or node in met:
            continue
        met.add(node)
        waiting += _children(node)
        if isinstance(node, yaml.MappingNode):
            _check_mapping(node)


def _check_mapping(node: yaml.MappingNode) -> None:
    names: set[str] = set()
    for key, _ in node.value:
        if str(key.value) in names:
            what = f'the key "{key.value}" stands twice'
            raise yaml.composer.ComposerError(None, None, what, key.start_mark)
        names.add(str(key.value))


class _Dumper(yaml.SafeDumper):
    """Quotes text that might be something else, and writes out what occurs twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "'" if AMBIGUOUS_SCALAR.match(text) and text.isprintable() else None
    return dumper.represent_scalar(TEXT_TAG, text, style=style)


_Dumper.add_representer(str, _represent_text)


def dump_yaml(document: Any) -> str:
    """A document as YAML for people; fields keep their order."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text
