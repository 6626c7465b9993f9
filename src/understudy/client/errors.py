"""What can go wrong between a test and the mock.

ClientError
+-- Unreachable     nothing answers at the URL, or not in time
+-- Unreadable      what answers there is no mock, or one of another version
+-- AdminError      the admin plane refused, and says why
"""

from __future__ import annotations

from collections.abc import Iterator

from understudy.client.models import Diagnosis


class ClientError(Exception):
    """Something that keeps a client from its answer."""


class Unreachable(ClientError):
    """Nothing answers at the URL, or not in time."""


class Unreadable(ClientError):
    """The answer is not one that this client knows."""


class AdminError(ClientError):
    """The admin plane refused what it was asked; its text says why, and what to do.

    Attributes:
        status: of the reply.
        title: the kind of error, such as `IllegalTransition`.
        detail: what was wrong, in a sentence.
        errors: everything that was wrong, each with a pointer and a hint.
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
        """A line for each diagnosis, without what the detail says already."""
        for each in self.errors:
            where = f"{each.in_} {each.pointer}: " if each.pointer else ""
            said = each.message if each.message != self.detail else ""
            line = f"{where}{said}{f' ({each.hint})' if said and each.hint else each.hint}"
            if line:
                yield f"  {line}"
