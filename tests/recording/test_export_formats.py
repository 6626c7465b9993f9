"""What all formats that are only written have in common."""

from __future__ import annotations

import pytest

from tests.recording.recordings import VENDORS, credential, exchange, made_of, take
from understudy.recording.formats.format import Written
from understudy.recording.formats.registry import FORMATS
from understudy.recording.model import Recording

# JSON that can be read, and not be walked through.
NESTED = b'{"a":' * 700 + b"1" + b"}" * 700
WRITTEN_ONLY = ("wiremock", "postman", "msw", "examples", "openapi")


def everything(written: Written) -> bytes:
    """A file's content, or that of all files of a folder."""
    return written if isinstance(written, bytes) else b"\n".join(written.values())


@pytest.mark.parametrize("name", WRITTEN_ONLY)
def test_it_is_registered_and_cannot_be_read(name: str) -> None:
    """`--to` takes it, `--from` does not."""
    assert FORMATS[name].name == name
    assert FORMATS[name].read is None


@pytest.mark.parametrize("name", WRITTEN_ONLY)
@pytest.mark.parametrize("vendor", VENDORS)
def test_no_credential_is_written(name: str, vendor: str) -> None:
    """What recordings hide stays hidden."""
    assert credential(vendor).encode() not in everything(FORMATS[name].write(take(vendor)))


@pytest.mark.parametrize("name", WRITTEN_ONLY)
@pytest.mark.parametrize(
    "recording",
    [
        made_of(),
        made_of(exchange(status=0, answered=b"")),
        made_of(exchange("", "https://a", b"[" * 100_000, b"[" * 100_000, 999, "\n")),
        made_of(exchange(asked=NESTED, answered=NESTED)),
        made_of(exchange(asked=b"1e999", answered=b'"\\ud800"', answer_headers=(("", ""),))),
        made_of(exchange(asked=b"9" * 5_000, answered=b'{"": {"": []}}'), name="../\u2028"),
    ],
    ids=["nothing", "no response", "deep", "nested", "odd numbers and texts", "odd names"],
)
def test_strange_recordings_are_written(name: str, recording: Recording) -> None:
    """Whatever a server or a client may have said."""
    assert isinstance(everything(FORMATS[name].write(recording)), bytes)
