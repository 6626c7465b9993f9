"""YAML as cassettes have it: written so that the very same text comes back, and read safely."""

from __future__ import annotations

import re
from typing import Any

import yaml

from understudy.core.yaml_io import TEXT_TAG, Loader, read_yaml
from understudy.recording.formats.reader import check_is_text, read_json_document
from understudy.recording.model import UnreadableRecording

# So that no line is folded: a cassette is compared line by line.
WIDEST = 2**31 - 1
# Lines that a block shows as they are, and that come back as they were.
LINES = re.compile(r"[!-~](?:[ -~]*[!-~])?(?:\n(?:[ -~]*[!-~])?)+")
PYTHON = "tag:yaml.org,2002:python"


def write_yaml(document: Any) -> bytes:
    """A document as YAML in ASCII, which is read alike whatever encoding a reader believes in."""
    written: bytes = yaml.dump(
        document,
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=False,
        width=WIDEST,
        encoding="ascii",
    )
    return written


def read_yaml_document(content: bytes) -> Any:
    """The document in a file that is YAML, or JSON, which is not quite YAML.

    Raises:
        UnreadableRecording: when it is neither, nor text at all.
    """
    check_is_text(content)
    try:
        return read_json_document(content)
    except UnreadableRecording as error:
        not_json = error
    try:
        return read_yaml(content, CassetteLoader)
    except ValueError as error:
        if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
            raise not_json from error
        raise UnreadableRecording(str(error)) from error


class CassetteLoader(Loader):
    """With the tags of Python that vcrpy has read."""


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # C when built
    """The safe dumper, with blocks for text of several lines, and nothing said by reference."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: Any, text: str) -> yaml.ScalarNode:
    style = "|" if LINES.fullmatch(text) else None
    node: yaml.ScalarNode = dumper.represent_scalar(TEXT_TAG, text, style)
    return node


def _file(loader: Any, node: yaml.MappingNode) -> Any:
    """A file that was sent: its content is the first part of its state."""
    state = loader.construct_mapping(node, deep=True).get("state") or [b""]
    return state[0]


def _pieces(loader: Any, node: yaml.MappingNode) -> bytes:
    """A body that was sent in pieces."""
    pieces = (loader.construct_mapping(node, deep=True).get("args") or [[]])[0]
    return b"".join(each.encode() if isinstance(each, str) else each for each in pieces)


_Dumper.add_representer(str, _text)
for _name in ("str", "unicode"):
    CassetteLoader.add_constructor(f"{PYTHON}/{_name}", yaml.SafeLoader.construct_scalar)
CassetteLoader.add_constructor(f"{PYTHON}/tuple", yaml.SafeLoader.construct_yaml_seq)
CassetteLoader.add_constructor(f"{PYTHON}/object/new:_io.BytesIO", _file)
CassetteLoader.add_constructor(f"{PYTHON}/object/apply:builtins.iter", _pieces)
