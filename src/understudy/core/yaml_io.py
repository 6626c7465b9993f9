"""YAML as text and back; times stay text, as in JSON, and what is read is bounded."""

from __future__ import annotations

import re
from typing import Any

import yaml

TIMESTAMP_TAG = "tag:yaml.org,2002:timestamp"
# What plain text is read as, by its first character: as YAML says, but for times.
RESOLVERS_WITHOUT_TIMESTAMPS = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != TIMESTAMP_TAG]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


# Deeper than any cassette, and far less deep than what libyaml's stack can bear.
MAX_DEPTH = 200


# In characters, of all that is said by reference: more than clients repeat of headers.
MAX_REPEATED_CHARACTERS = 5_000_000


# What stands for a value however short it is: its quotes and its comma.
MIN_NODE_SIZE = 3


def check_bounds(content: bytes, loader: Any) -> None:
    """Refuse what nests too deeply, or what a few references make large beyond measure.

    Raises:
        yaml.YAMLError: says so.
    """
    bounds = _Bounds()
    for event in yaml.parse(content, Loader=loader):
        bounds.meet(event)


class _Bounds:
    """How large each part of a document is when its references are written out."""

    def __init__(self) -> None:
        # Of the parts that are not at their end: the anchor and the size until now.
        self._open: list[tuple[str | None, int]] = []
        self._sizes: dict[str, int] = {}
        self._repeated = 0

    def meet(self, event: yaml.Event) -> None:
        """The next thing in the file."""
        if isinstance(event, yaml.CollectionStartEvent):
            self._begin(event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size = self._open.pop()
            self._add(anchor, size)
        elif isinstance(event, yaml.ScalarEvent):
            self._add(event.anchor, MIN_NODE_SIZE + len(event.value))
        elif isinstance(event, yaml.AliasEvent):
            self._repeat(event.anchor)

    def _begin(self, anchor: str | None) -> None:
        self._open.append((anchor, MIN_NODE_SIZE))
        if len(self._open) > MAX_DEPTH:
            raise yaml.YAMLError(f"it nests deeper than {MAX_DEPTH} levels")

    def _repeat(self, anchor: str | None) -> None:
        if anchor in (each for each, _ in self._open):
            raise yaml.YAMLError(f"*{anchor} stands within what it repeats")
        # What is not known is refused when the document is made.
        size = self._sizes.get(anchor or "", 0)
        self._repeated += size
        if self._repeated > MAX_REPEATED_CHARACTERS:
            raise yaml.YAMLError(
                f"its references (such as *{anchor}) repeat more than "
                f"{MAX_REPEATED_CHARACTERS} characters"
            )
        self._add(None, size)

    def _add(self, anchor: str | None, size: int) -> None:
        if anchor is not None:
            self._sizes[anchor] = size
        if self._open:
            within, until_now = self._open[-1]
            self._open[-1] = within, until_now + size


# Text that some version of YAML takes for a number, a time or a truth; quoted, it is text to all.
AMBIGUOUS_SCALAR = re.compile(r"[-+.]?[\d.]|(y|n)$", re.IGNORECASE)


class _Dumper(yaml.SafeDumper):
    """Quotes text that might be something else, and repeats what stands twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "'" if AMBIGUOUS_SCALAR.match(text) and text.isprintable() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def dump_yaml(document: Any) -> str:
    """A document as YAML for people; members keep their order."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def read_yaml(content: bytes) -> Any:
    """The document in a file's content.

    Raises:
        ValueError: when it is not YAML; says where.
    """
    try:
        check_bounds(content, _Loader)
        return yaml.load(content, Loader=_Loader)
    except yaml.YAMLError as error:
        said = str(error).replace('in "<byte string>",', "at")
        raise ValueError(f"is not YAML: {said}") from error


class _Loader(yaml.SafeLoader):
    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """As composed, before `<<` brings in keys that may be overridden."""
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        names: set[str] = set()
        for key, _ in node.value:
            if str(key.value) in names:
                what = f'the key "{key.value}" stands twice'
                raise yaml.composer.ComposerError(None, None, what, key.start_mark)
            names.add(str(key.value))
        return node


_Loader.yaml_implicit_resolvers = RESOLVERS_WITHOUT_TIMESTAMPS


_Loader.yaml_implicit_resolvers = RESOLVERS_WITHOUT_TIMESTAMPS
