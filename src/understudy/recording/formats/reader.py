"""Values of a file that people or other tools wrote: each with its place, and held to its kind."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from understudy.core.clock import parse_instant
from understudy.core.json_pointer import escape_token
from understudy.recording.model import UnreadableRecording

KIND_NAMES = {dict: "an object", list: "a list", bytes: "bytes", type(None): "null"}
# Of a value that is shown in a sentence.
MAX_SHOWN = 60
# No seed, no duration is larger.
MAX_NUMBER = 1e40
# What would end a line in the head of a message.
NO_LINE = re.compile(r"[\r\n\0]")


def check_is_text(content: bytes) -> None:
    """A file that any document could stand in.

    Raises:
        UnreadableRecording: when it is empty or holds what is no text.
    """
    if not content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise UnreadableRecording("is empty; record into it first")
    try:
        is_text = "\0" not in content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        is_text = False
    if not is_text:
        raise UnreadableRecording("is not text; a recording is JSON or YAML in UTF-8")


def read_json_document(content: bytes) -> Any:
    """The document in a JSON file.

    Raises:
        UnreadableRecording: when it is none.
    """
    check_is_text(content)
    try:
        return json.loads(content, parse_constant=_refuse)
    except RecursionError as error:
        raise UnreadableRecording("is JSON that nests too deeply") from error
    except ValueError as error:
        raise UnreadableRecording(f"is not JSON: {error}") from error


def _refuse(constant: str) -> Any:
    raise ValueError(f"it has no {constant}")


@dataclass(frozen=True, slots=True)
class Node:
    """A value that was found in a file; whatever it must be and is not is an UnreadableRecording.

    Attributes:
        at: JSON pointer to it; "" for the whole document.
    """

    value: Any
    at: str = ""

    def refused(self, what: str) -> UnreadableRecording:
        """The error that says this of the value, in one line."""
        sentence = f"{self.at} {what}".strip()
        # A name may hold whatever it wants.
        return UnreadableRecording(
            "".join(each if each.isprintable() else ascii(each)[1:-1] for each in sentence)
        )

    def __getitem__(self, name: str) -> Node:
        """A member that must be there."""
        found = self.get(name)
        if not found:
            raise self.refused(f'has no "{name}"')
        return found

    def get(self, name: str, usual: Any = None) -> Node:
        """A member, or what is usual where it is missing or null."""
        value = self.members().get(name)
        return Node(usual if value is None else value, f"{self.at}/{escape_token(name)}")

    def __bool__(self) -> bool:
        """Whether there is a value."""
        return self.value is not None

    def __iter__(self) -> Iterator[Node]:
        """The items of a list."""
        for index, each in enumerate(self._as(list, "a list")):
            yield Node(each, f"{self.at}/{index}")

    def members(self) -> dict[str, Any]:
        """It is an object."""
        members: dict[str, Any] = self._as(dict, "an object")
        for name in members:
            if not isinstance(name, str):
                shown = Node(name).shown()
                raise self.refused(f"has a name that is no text but {shown}; put it in quotes")
            Node(name, f"{self.at}/{escape_token(name)}").text()
        return members

    def json_object(self) -> dict[str, Any]:
        """It is an object of JSON, all through."""
        self.json()
        return self.members()

    def json(self) -> bytes:
        """It as compact JSON."""
        try:
            text = json.dumps(
                self.value, separators=(",", ":"), ensure_ascii=False, allow_nan=False
            )
            return text.encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise self.refused(f"cannot be written as JSON ({error})") from error

    def text(self) -> str:
        """It is text."""
        text: str = self._as(str, "text")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise self.refused("holds half a character, which no UTF-8 can spell") from error
        return text

    def line(self) -> str:
        """It is text that the head of a message can carry."""
        text = self.text()
        if NO_LINE.search(text):
            raise self.refused("holds a line break or a NUL, which HTTP cannot carry there")
        return text

    def whole(self) -> int:
        """It is a whole number."""
        number = self.number()
        if number != int(number):
            raise self.refused(f"must be a whole number, not {number}")
        return int(number)

    def status(self) -> int:
        """It is the status of a response, or 0 where there was none."""
        status = self.whole()
        if status != 0 and not 100 <= status <= 599:
            raise self.refused(f"must be a status from 100 to 599 (0: no response), not {status}")
        return status

    def number(self) -> float:
        """It is a number."""
        number: float = self._as((int, float), "a number")
        if isinstance(number, bool):
            raise self._is_not("a number")
        # Neither is what is no number at all.
        if not -MAX_NUMBER <= number <= MAX_NUMBER:
            raise self._is_not(f"a number up to {MAX_NUMBER:.0e}")
        return number

    def instant(self) -> int:
        """It is an RFC 3339 time; in nanoseconds."""
        try:
            return parse_instant(self.text())
        except ValueError as error:
            raise self._is_not("a time such as 2026-03-11T12:00:00.000Z") from error

    def url(self) -> str:
        """It is an absolute URL; without its fragment."""
        url = self.text().partition("#")[0]
        if not url.isprintable() or " " in url:
            raise self.refused("is no URL: white space and control characters must be encoded")
        try:
            parts = urlsplit(url)
            # Read to be checked.
            _ = parts.port
        except ValueError as error:
            raise self.refused(f"is no URL ({error})") from error
        if not parts.scheme or not parts.netloc:
            raise self._is_not("a URL with scheme and host")
        return url

    def base64(self) -> bytes:
        """It is text that spells bytes."""
        # Some tools break it into lines.
        text = "".join(self.text().split())
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise self.refused(f"is not base64 ({error})") from error

    def shown(self) -> str:
        """It as a sentence names it."""
        kind = KIND_NAMES.get(type(self.value))
        return kind or json.dumps(self.value, default=str, ensure_ascii=False)[:MAX_SHOWN]

    def _as(self, kind: Any, what: str) -> Any:
        if not isinstance(self.value, kind):
            raise self._is_not(what)
        return self.value

    def _is_not(self, what: str) -> UnreadableRecording:
        return self.refused(f"must be {what}, not {self.shown()}")
