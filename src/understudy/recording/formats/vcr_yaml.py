"""YAML of cassettes: written so that every reader gets the same text, and read within bounds."""

from __future__ import annotations

import re
from typing import Any

import yaml

from understudy.core.yaml_io import TEXT_TAG, Loader, read_yaml
from understudy.recording.formats.reader import check_is_text, read_json_document
from understudy.recording.model import UnreadableRecording

# No line is folded, because cassettes are compared line by line.
MAX_WIDTH = 2**31 - 1
# Lines that a YAML block shows unchanged.
BLOCK_LINES = re.compile(r"[!-~](?:[ -~]*[!-~])?(?:\n(?:[ -~]*[!-~])?)+")
PYTHON_TAG = "tag:yaml.org,2002:python"


def write_yaml(document: Any) -> bytes:
    """A document as YAML in ASCII, which does not depend on the encoding a reader assumes."""
    written: bytes = yaml.dump(
        document,
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=False,
        width=MAX_WIDTH,
        encoding="ascii",
    )
    return written


def read_yaml_document(content: bytes) -> Any:
    """The document in a file of YAML or JSON (which is not quite a subset of YAML).

    Raises:
        UnreadableRecording: when it is neither, or not text at all.
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
    """A loader that knows the Python tags which vcrpy writes or has written."""


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # C when built
    """The safe dumper, with blocks for text of several lines, and without aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: Any, text: str) -> yaml.ScalarNode:
    style = "|" if BLOCK_LINES.fullmatch(text) else None
    node: yaml.ScalarNode = dumper.represent_scalar(TEXT_TAG, text, style)
    return node


def _construct_file(loader: Any, node: yaml.MappingNode) -> Any:
    """A file object that was sent: its content is the first part of its state."""
    state = loader.construct_mapping(node, deep=True).get("state") or [b""]
    return state[0]


def _construct_pieces(loader: Any, node: yaml.MappingNode) -> bytes:
    """A body that was sent in pieces."""
    pieces = (loader.construct_mapping(node, deep=True).get("args") or [[]])[0]
    return b"".join(each.encode() if isinstance(each, str) else each for each in pieces)


_Dumper.add_representer(str, _represent_text)
for _name in ("str", "unicode"):
    CassetteLoader.add_constructor(f"{PYTHON_TAG}/{_name}", yaml.SafeLoader.construct_scalar)
CassetteLoader.add_constructor(f"{PYTHON_TAG}/tuple", yaml.SafeLoader.construct_yaml_seq)
CassetteLoader.add_constructor(f"{PYTHON_TAG}/object/new:_io.BytesIO", _construct_file)
CassetteLoader.add_constructor(f"{PYTHON_TAG}/object/apply:builtins.iter", _construct_pieces)
