"""What a YAML file may not be: so deep, or so often repeated by reference, that nobody can read it.

Parsing needs no stack and hardly any memory, whatever stands in a file; what is made of it does.
"""

from __future__ import annotations

from typing import Any

import yaml

# Deeper than any cassette, and far less deep than what libyaml's stack can bear.
DEEPEST = 200
# In characters, of all that is said by reference: more than clients repeat of headers.
MOST_REPEATED = 5_000_000
# What stands for a value however short it is: its quotes and its comma.
LEAST = 3


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
            self._add(event.anchor, LEAST + len(event.value))
        elif isinstance(event, yaml.AliasEvent):
            self._repeat(event.anchor)

    def _begin(self, anchor: str | None) -> None:
        self._open.append((anchor, LEAST))
        if len(self._open) > DEEPEST:
            raise yaml.YAMLError(f"it nests deeper than {DEEPEST} levels")

    def _repeat(self, anchor: str | None) -> None:
        if anchor in (each for each, _ in self._open):
            raise yaml.YAMLError(f"*{anchor} stands within what it repeats")
        # What is not known is refused when the document is made.
        size = self._sizes.get(anchor or "", 0)
        self._repeated += size
        if self._repeated > MOST_REPEATED:
            raise yaml.YAMLError(
                f"its references (such as *{anchor}) repeat more than {MOST_REPEATED} characters"
            )
        self._add(None, size)

    def _add(self, anchor: str | None, size: int) -> None:
        if anchor is not None:
            self._sizes[anchor] = size
        if self._open:
            within, until_now = self._open[-1]
            self._open[-1] = within, until_now + size
