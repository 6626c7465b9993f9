"""No secret comes through any door: journal, recording, each format, proxy, output of verify.

Each request carries one secret in a place that says so, and repeats it where nothing does: in its
path, its query, another header and a note in its body.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, unquote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.server.front import answering, ok
from tests.verify.runs import ZEXA
from understudy.core.settings import Settings
from understudy.engine.registry import open_service, open_services
from understudy.inprocess.live_server import LiveServer
from understudy.proxy.app import make_proxy_app
from understudy.proxy.recorder import ProxyRecorder
from understudy.recording.attribution import Attribution
from understudy.recording.capture import Capture
from understudy.recording.formats.registry import FORMATS
from understudy.recording.model import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
)
from understudy.server.app import create_app
from understudy.service.service import make_redactor
from understudy.verify.curl import Curl

MARK = "zq7xw"
FORM = "application/x-www-form-urlencoded"
# The mark tells a secret that is only masked in part.
secrets = st.text('aB3/+=%"\\é~: ', max_size=8).map(lambda text: f"{MARK}{text}{MARK}")


@dataclass(frozen=True)
class Message:
    """A request as it is sent."""

    secret: str
    headers: tuple[tuple[str, str], ...] = ()
    query: str = ""
    body: bytes = b"{}"

    @property
    def target(self) -> str:
        """The path and the query, which repeat the secret."""
        encoded = quote(self.secret, safe="")
        return f"/v3/profiles/{encoded}?q={encoded}{self.query}"

    @property
    def lines(self) -> list[tuple[str, str]]:
        """All headers; one repeats the secret."""
        content_type = {"content-type": "application/json", **dict(self.headers)}
        return [*content_type.items(), ("x-note", f"<{self.secret}>")]


def in_header(name: str, before: str = "") -> Callable[[str], Message]:
    """A secret in a header, after some text."""

    def place(secret: str) -> Message:
        return Message(secret, ((name, f"{before}{secret}"),), body=note(secret))

    return place


def in_query(name: str) -> Callable[[str], Message]:
    """A secret in a parameter."""
    return lambda secret: Message(secret, (), f"&{name}={quote(secret)}", note(secret))


def in_form(secret: str) -> Message:
    """A secret in a form."""
    return Message(
        secret,
        (("content-type", FORM),),
        body=f"grant=x&client_secret={quote(secret)}&note={quote(secret)}".encode(),
    )


def in_json(secret: str) -> Message:
    """A secret in nested JSON."""
    field = {"client_secret": secret}
    return Message(secret, body=json.dumps([{"deep": [field], **noted(secret)}]).encode())


def in_raw_json(secret: str) -> Message:
    """A secret in JSON that escapes no more than it has to."""
    document = {"deep": {"password": secret}, **noted(secret)}
    return Message(secret, body=json.dumps(document, ensure_ascii=False).encode())


def in_escaped_json(secret: str) -> Message:
    """A secret in JSON whose names and values have letters as escapes."""
    value = "".join(f"\\u{ord(each):04x}" for each in secret)
    return Message(secret, body=f'{{"p\\u0061ssword":"{value}","note":"a {value}"}}'.encode())


def in_embedded_json(secret: str) -> Message:
    """A secret in JSON that a string of JSON holds as text."""
    inner = json.dumps({"password": secret})
    return Message(secret, body=json.dumps({"payload": inner, **noted(secret)}).encode())


def noted(secret: str) -> dict[str, str]:
    """A field that nothing marks as secret."""
    return {"note": f"it is {secret}!"}


def note(secret: str) -> bytes:
    """A body with that field."""
    return json.dumps(noted(secret)).encode()


PLACES = {
    "authorization": in_header("authorization", "Bearer "),
    "unknown scheme": in_header("authorization", "Strange "),
    "key": in_header("x-api-key"),
    "telling header": in_header("x-auth-token"),
    "cookie": in_header("cookie", "a=b; session="),
    "query": in_query("api_key"),
    "encoded name": in_query("access%5Ftoken"),
    "form": in_form,
    "json": in_json,
    "raw json": in_raw_json,
    "escaped json": in_escaped_json,
    "embedded json": in_embedded_json,
}
every_place = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)


def leaks(kept: str) -> bool:
    """Whether a mark is left, also where it is escaped."""
    plain = re.sub(r"\\+u00([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), kept)
    return MARK in unquote(plain).lower()


def exports(recording: Recording) -> str:
    """A recording as each format writes it."""
    return repr([each.write(recording) for each in FORMATS.values()])


CAPTURE = Capture(open_services(["sent"]))
APP = create_app(Settings(vendors=("sent",)), CAPTURE)


def record_mock(message: Message) -> tuple[str, Recording]:
    """The journal of a mock that was asked once, and the recording."""
    CAPTURE.clear()
    headers = [(name, value.encode("latin-1")) for name, value in message.lines]

    async def ask() -> str:
        transport = httpx.ASGITransport(APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://mock") as http:
            await http.delete("/__admin/requests")
            await http.post(f"/sent{message.target}", headers=headers, content=message.body)
            return (await http.get("/__admin/requests/find")).text

    journal = asyncio.run(ask())
    return journal + repr(list(APP.session().journal)), CAPTURE.recording("taken", Settings())


@every_place
@settings(deadline=None, max_examples=20)
@given(secret=secrets)
def test_no_secret_is_left_by_the_mock(place: Callable[[str], Message], secret: str) -> None:
    """Neither in its journal nor in a recording in any format."""
    journal, recording = record_mock(place(secret))

    assert "x-note" in journal and not leaks(journal)
    assert recording.exchanges and not leaks(exports(recording))


@every_place
@settings(deadline=None, max_examples=20)
@given(secret=secrets)
def test_no_secret_of_an_imported_recording_is_left(
    place: Callable[[str], Message], secret: str
) -> None:
    """In any format; its reply repeats the request."""
    sent = place(secret)
    request = RecordedRequest(
        "POST", f"https://api.sent.dm{sent.target}", tuple(sent.lines), sent.body
    )
    echo = RecordedResponse(401, (("x-echo", secret),), note(secret))

    found = Attribution(open_services(["sent"])).recording(
        Recording("r", (RecordedExchange(request, echo),))
    )

    assert not leaks(exports(found))


@every_place
def test_no_secret_is_left_by_the_proxy(tmp_path: Path, place: Callable[[str], Message]) -> None:
    """Neither in its journal nor in its recording; the reply repeats the request."""
    message = place(f"{MARK}/x+é~{MARK}")
    tape = ProxyRecorder(tmp_path / "out.json", None, open_services(["sent"]))
    headers = [(name, value.encode("latin-1")) for name, value in message.lines]

    with answering(ok(note(message.secret))) as upstream:
        app = make_proxy_app("sent", upstream.url, log=tape.log(None))
        with LiveServer(app) as proxy:
            url = f"{proxy.url}{message.target}"
            httpx.post(url, headers=headers, content=message.body)
            journal = httpx.get(f"{proxy.url}/__admin/requests/find").text
    tape.write(Settings(), "")

    assert "x-note" in journal and not leaks(journal)
    assert not leaks(tape.file.read_text())


@pytest.mark.parametrize("place", [in_form, in_json, in_escaped_json, in_embedded_json])
@settings(deadline=None, max_examples=20)
@given(secret=secrets)
def test_no_secret_of_a_body_is_in_the_output_of_verify(
    place: Callable[[str], Message], secret: str
) -> None:
    """Neither in a curl line nor in the beginning of a reply."""
    message = place(secret)
    request = RecordedRequest("POST", "https://x/", (), message.body)
    curl = Curl(ZEXA, make_redactor(open_service("zexa")).body)

    assert not leaks(curl.line(request) + curl.reply(message.body))


@settings(deadline=None, max_examples=20)
@given(secret=secrets)
def test_no_given_header_is_in_the_output_of_verify(secret: str) -> None:
    """However a message spells it."""
    curl = Curl(replace(ZEXA, credential="", extra=(("X-Gate", secret),)), bytes)
    spelled = [secret, quote(secret, safe=""), json.dumps(secret), json.dumps(json.dumps(secret))]

    assert not leaks(curl.text(" ".join(spelled)))
