"""The errors of the client.

ClientError
+-- Unreachable     no mock answers at the URL, or not in time
+-- Unreadable      the reply is not one of a mock, or of one of another version
+-- AdminError      the admin plane refused the request, and says why
"""

from __future__ import annotations

from collections.abc import Iterator

from understudy.client.models import Diagnosis


class ClientError(Exception):
    """The base class of the client's errors."""


class Unreachable(ClientError):
    """No mock answers at the URL, or not in time."""


class Unreadable(ClientError):
    """The reply is not one of a mock, or of one of another version."""


class AdminError(ClientError):
    """The admin plane refused the request; the text says why, and what to do.

    Attributes:
        status: HTTP status of the reply.
        title: kind of the error, such as `IllegalTransition`.
        detail: a sentence that says what was wrong.
        errors: every single fault, with a JSON pointer and a hint.
    """

    def __init__(
        self, status: int, title: str, detail: str, errors: tuple[Diagnosis, ...] = ()
    ) -> None:
        super().__init__(status, title, detail, errors)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = errors

    def __str__(self) -> str:
        return "\n".join([f"{self.status}: {self.detail}", *self._lines()])

    def _lines(self) -> Iterator[str]:
        """Format a line for each diagnosis, without repeating the detail."""
        for each in self.errors:
            place = f"{each.in_} {each.pointer}: " if each.pointer else ""
            message = each.message if each.message != self.detail else ""
            line = f"{place}{message}{f' ({each.hint})' if message and each.hint else each.hint}"
            if line:
                yield f"  {line}"
