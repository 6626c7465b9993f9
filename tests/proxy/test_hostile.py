"""Hostile clients and hostile vendors: a proxy sends requests only to its upstream, keeps no secret
and never hangs.
"""

from __future__ import annotations

import base64
import json
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.conftest import problem_of
from tests.server.front import (
    KEYS,
    Bytes,
    answering,
    answering_tls,
    dribbling,
    exchange,
    fronted,
    in_header,
    kept,
    ok,
    playing,
)
from tests.tools import needs
from tests.waiting import LONG
from understudy.core.errors import StartError
from understudy.core.settings import Settings
from understudy.engine.registry import open_services
from understudy.inprocess.live_server import LiveServer
from understudy.proxy.app import make_proxy_app
from understudy.proxy.options import ProxyOptions
from understudy.proxy.recorder import ProxyRecorder
from understudy.proxy.upstream import parse_upstream
from understudy.server.log_lines import exchange_to_json, format_exchange

KEY = KEYS["zexa"]
CREDITS = b'{"credits":1,"currency":"USD"}'


def request_bytes(target: bytes, *headers: bytes, method: bytes = b"GET") -> bytes:
    """A request with exactly this target; the connection ends with its reply."""
    head = [method + b" " + target + b" HTTP/1.1", b"host: proxy", b"connection: close", *headers]
    return b"\r\n".join([*head, b"", b""])


ABSOLUTE_TARGETS = [
    b"http://EVIL/v1/credits",
    b"http://proxy@EVIL/v1/credits",
    b"HTTP://EVIL:1/v1/credits",
]
ODD_TARGETS = [
    *(b"//EVIL/v1/credits", b"///EVIL/", b"/zexa//EVIL/v1/credits", b"/@EVIL/", b"/x@EVIL/"),
    *(b"/\\\\EVIL\\x", b"/zexa/\\EVIL/x", b"/.EVIL/", b"/v1/..//EVIL/", b"/%2F%2FEVIL/x"),
    *(b"/v1/credits%0d%0aHost:%20EVIL", b"/v1?x=%0d%0aHost:%20EVIL", b"/v1/credits?//EVIL@EVIL/"),
    *(b"/v1;x=EVIL:80/", b"/http://EVIL/v1", b"/v1/%00EVIL", b"/%5C%5CEVIL", b"/v1?http://EVIL"),
]


@dataclass(frozen=True)
class Scene:
    """A proxy, its upstream, and a server that must not get any request."""

    proxy: LiveServer
    vendor: Bytes
    evil: Bytes
    prefix: str

    @property
    def host(self) -> bytes:
        return self.vendor.url.removeprefix("http://").encode()

    def ask(self, target: bytes, *headers: bytes) -> bytes:
        """Send a request with the evil server's address in place of EVIL; return the reply."""
        self.vendor.received.clear()
        place = self.evil.url.removeprefix("http://").encode()
        return exchange(self.proxy.url, request_bytes(target, *headers).replace(b"EVIL", place))


@pytest.fixture(scope="module", params=["", "/base"])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """Once with an upstream at the root of its host, once behind a prefix."""
    with (
        answering(ok()) as evil,
        answering(ok(CREDITS)) as vendor,
        fronted("zexa", vendor.url + request.param) as proxy,
    ):
        yield Scene(proxy, vendor, evil, request.param)


@pytest.mark.parametrize("target", [*ABSOLUTE_TARGETS, *ODD_TARGETS])
def test_no_target_leads_anywhere_else(scene: Scene, target: bytes) -> None:
    """Whatever the request line contains, only the upstream gets a request."""
    scene.ask(target)

    assert scene.evil.received == []
    for each in scene.vendor.received:
        first, second = each.split(b"\r\n")[:2]
        assert first.startswith(f"GET {scene.prefix}/".encode())
        assert second == b"Host: " + scene.host


@pytest.mark.parametrize(
    "header", [b"host: EVIL", b"x-forwarded-host: EVIL", b"forwarded: host=EVIL"]
)
def test_no_header_leads_anywhere_else(scene: Scene, header: bytes) -> None:
    """A Host of the client's choice stays with the proxy."""
    scene.ask(b"/v1/credits", header)

    assert scene.evil.received == []
    assert scene.vendor.received[0].split(b"\r\n")[1] == b"Host: " + scene.host


@pytest.mark.parametrize(
    "target",
    [
        *(b"/v1/a%2Fb", b"/v1//x", b"/v1/./x", b"/v1/x/../y", b"/v1/%2e%2E/x", b"/v1/%41%e9%C3%A9"),
        *(b"/v1/[x]|^`", b"/v1/a+b;c=d,e:f@g!$&'()*~", b"/v1?a=%2F&b=../..&&c==d?e", b"/x?%zz=%"),
    ],
)
def test_path_and_query_go_byte_for_byte(scene: Scene, target: bytes) -> None:
    """Nothing is decoded, normalised or encoded on the way."""
    scene.ask(target)

    assert scene.vendor.received[0].split(b" ")[1] == scene.prefix.encode() + target


@pytest.mark.parametrize(
    "target",
    [
        *(b"/../other", b"/v1/../../other", b"/%2e%2e/other", b"/%2E%2E%2fother", b"/..%5cother"),
        *(b"/%252e%252e/other", b"/v1/..\\..\\other", b"/./../other", b"//../other"),
    ],
)
def test_no_path_leaves_the_upstreams_prefix(scene: Scene, target: bytes) -> None:
    """A path that a server might resolve above the prefix is forwarded only without a prefix."""
    raw = scene.ask(target)

    if scene.prefix:
        assert (scene.vendor.received, raw[:12]) == ([], b"HTTP/1.1 400")
        assert b"leads out of the upstream's /base" in raw
    else:
        assert scene.vendor.received[0].split(b" ")[1] == target


@pytest.mark.parametrize("target", [b"*", b"evil:443"])
def test_a_target_that_is_not_a_path_is_refused(target: bytes) -> None:
    """OPTIONS * and CONNECT are not requests to a vendor."""
    with answering(ok(CREDITS)) as vendor, fronted("zexa", vendor.url) as proxy:
        method = b"CONNECT" if b":" in target else b"OPTIONS"
        raw = exchange(proxy.url, request_bytes(target, method=method))

    assert (vendor.received, raw[:12]) == ([], b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "upstream",
    [
        *("api.zexa.ao", "ftp://api.zexa.ao", "http://", "http:///x", "https://u:secret@h.example"),
        *(
            "http://h:x",
            "http://h:99999",
            "http://h:0",
            "http://h?x=1",
            "http://h#x",
            "http://[::1",
        ),
        *(
            "http://h/a/../b",
            "http://h/%2e%2e",
            "http://h\\@evil",
            "http://h\r\nx",
            "http://h é",
            "",
        ),
    ],
)
def test_an_invalid_upstream_is_refused(upstream: str) -> None:
    """One sentence that says what is wrong; a password in it is not repeated."""
    with pytest.raises(StartError, match=r"^--upstream: .*; give a URL such as https") as caught:
        parse_upstream(upstream)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("upstream", "host", "prefix"),
    [
        ("https://api.zexa.ao", "api.zexa.ao", ""),
        ("https://API.zexa.ao:443/", "api.zexa.ao", ""),
        ("http://[::1]:8080/a/b/", "[::1]:8080", "/a/b"),
        ("http://127.0.0.1:4010/@mine/sent", "127.0.0.1:4010", "/@mine/sent"),
    ],
)
def test_an_upstream_is_an_origin_and_a_prefix(upstream: str, host: str, prefix: str) -> None:
    """The path of its URL is put in front of every path."""
    read = parse_upstream(upstream)

    assert (read.host, read.prefix) == (host, prefix)


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def refusal(upstream: str, options: ProxyOptions | None = None) -> httpx.Response:
    """The proxy's own reply instead of the vendor's."""
    with fronted("zexa", upstream, options) as proxy:
        reply = httpx.get(f"{proxy.url}/v1/credits", headers=KEY, timeout=LONG)
        journal = kept(proxy, reply)
    assert journal["fault"] == "the proxy's own reply"
    assert [each["code"] for each in journal["diagnoses"]] == [in_header(reply)[0][0]]
    return reply


def test_an_upstream_that_is_down_is_a_502() -> None:
    """The error names the upstream and what to check."""
    port = free_port()

    reply = refusal(f"http://127.0.0.1:{port}/secret-path")

    problem = problem_of(reply)
    assert (reply.status_code, in_header(reply)[0][0]) == (502, "no-reply")
    assert f"127.0.0.1:{port} cannot be reached" in problem["detail"]
    assert "--upstream" in problem["hints"][0] and "secret-path" not in reply.text


def test_an_upstream_without_tls_is_a_502() -> None:
    """https to a server that speaks http says so."""
    with playing({}) as vendors:
        reply = refusal(vendors.url.replace("http:", "https:"))

    assert "no TLS connection to 127.0.0.1" in problem_of(reply)["detail"]


@needs("openssl")
def test_an_untrusted_certificate_is_a_502(tmp_path: Path) -> None:
    """A server with a self-signed certificate gets no credential."""
    with answering_tls(tmp_path, ok(CREDITS)) as url:
        reply = refusal(url)

    assert "certificate" in problem_of(reply)["detail"]


def answer_too_late(request: bytes) -> bytes:
    """An answer after any timeout of these tests."""
    time.sleep(LONG)
    return ok(CREDITS)


def test_an_upstream_that_is_silent_is_a_504() -> None:
    """The whole reply has to come in time."""
    with answering(answer_too_late) as vendor:
        reply = refusal(vendor.url, ProxyOptions(timeout=0.3))

    assert (reply.status_code, in_header(reply)[0][0]) == (504, "late-reply")
    assert "did not answer within 0.3 s" in problem_of(reply)["detail"]


def test_an_upstream_that_dribbles_is_a_504() -> None:
    """A byte now and then does not restart the timeout."""
    with dribbling() as url:
        reply = refusal(url, ProxyOptions(timeout=0.5))

    assert reply.status_code == 504


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: a\x7fb\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 777 Odd\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"a" * 200_000 + b"\r\n\r\n",
    ],
    ids=["nothing", "garbage", "short", "cut", "lengths", "line", "del", "777", "101", "long"],
)
def test_a_reply_that_is_not_http_is_a_502(answer: bytes) -> None:
    """The client gets a readable answer in any case."""
    with answering(answer) as vendor:
        reply = refusal(vendor.url)

    assert (reply.status_code, in_header(reply)[0][0]) == (502, "no-reply")
    assert "127.0.0.1" in problem_of(reply)["detail"]


@pytest.mark.parametrize("coding", [None, "gzip"])
def test_a_reply_that_is_too_large_is_a_502(coding: str | None) -> None:
    """The limit applies to the received and to the decoded body."""
    body = b"x" * 2_000_000 if coding is None else zlib.compress(b"x" * 50_000_000)
    lines = [] if coding is None else [b"content-encoding: deflate"]
    with answering(ok(body, *lines)) as vendor:
        reply = refusal(vendor.url, ProxyOptions(response_limit=1_000_000))

    assert "larger than 1000000 bytes" in problem_of(reply)["detail"]
    assert problem_of(reply)["hints"] == ["allow more with --response-limit"]


def test_a_header_that_http_forbids_is_refused() -> None:
    """The proxy or its server answers 400."""
    with answering(ok(CREDITS)) as vendor, fronted("zexa", vendor.url) as proxy:
        raw = exchange(proxy.url, request_bytes(b"/v1/credits", b"x: a\x0cb"))

    assert raw.startswith(b"HTTP/1.1 400")
    assert vendor.received == []


def test_after_each_failure_the_next_request_is_answered() -> None:
    """A broken connection does not affect the next one."""
    answers = iter([b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", ok(CREDITS)])
    with (
        answering(lambda request: next(answers)) as vendor,
        fronted("zexa", vendor.url) as proxy,
    ):
        statuses = [httpx.get(f"{proxy.url}/v1/credits", headers=KEY).status_code for _ in "123"]

    assert statuses == [502, 502, 200]


SECRETS = {
    name: f'{name}-SECRET/x+y=\u00e9"{index}'
    for index, name in enumerate(["key", "member", "answered"])
}
PLAIN = "Mark-0123456789-abcdef"


def kept_text(proxy: LiveServer, recorder: ProxyRecorder) -> str:
    """Everything that is kept of the exchanges: the journal as JSON, and the recording."""
    journal = httpx.get(f"{proxy.url}/__admin/requests/find", timeout=LONG).text
    summaries = httpx.get(f"{proxy.url}/__admin/requests", timeout=LONG).text
    recorder.write(Settings(), "")
    recorded = recorder.file.read_text()
    assert '"exchanges"' in recorded and '"method"' in journal
    return journal + summaries + recorded


def proxied_exchange(
    tmp_path: Path,
    vendor: str,
    answer: bytes | Callable[[bytes], bytes],
    path: str = "/v3/profiles",
    method: str = "POST",
    options: ProxyOptions | None = None,
    **sent: Any,
) -> tuple[httpx.Response, bytes, str]:
    """One exchange: the reply, the bytes that reached the vendor, and everything that is kept."""
    recorder = ProxyRecorder(tmp_path / "out.json", None, open_services([vendor]))
    with answering(answer) as upstream:
        app = make_proxy_app(vendor, upstream.url, options, log=recorder.log(None))
        with LiveServer(app) as proxy:
            reply = httpx.request(method, f"{proxy.url}{path}", **sent)
            return reply, b"".join(upstream.received), kept_text(proxy, recorder)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authorization", f"Bearer {PLAIN}"),
        ("authorization", f"Token {PLAIN}"),
        ("authorization", f"Strange {PLAIN}"),
        ("authorization", PLAIN),
        ("x-api-key", PLAIN),
        ("proxy-authorization", f"Basic {PLAIN}"),
        ("cookie", f"a=b; session={PLAIN}; c=d"),
        ("x-auth-token", PLAIN),
        ("x-access-token", PLAIN),
        ("api-key", PLAIN),
        ("x-client-secret", PLAIN),
        ("private-token", PLAIN),
        ("ocp-apim-subscription-key", PLAIN),
        ("x-session-id", PLAIN),
        ("x-hub-signature-256", f"sha256={PLAIN}"),
        ("referer", f"https://app.example/?access_token={PLAIN}"),
    ],
)
def test_a_credential_in_a_header_is_not_kept_however_it_is_echoed(
    tmp_path: Path, name: str, value: str
) -> None:
    """Not even where the vendor repeats it: in its error, in a header, in a URL."""
    body = json.dumps({"error": f"bad key {PLAIN}!", PLAIN: [PLAIN]}).encode()
    answer = ok(body, f"x-echo: {PLAIN}".encode(), status=b"401 No")
    path = f"/v3/profiles/{PLAIN}?q={PLAIN}"

    reply, _, kept = proxied_exchange(
        tmp_path, "sent", answer, path, "GET", headers={name: value, "x-more": f"<{PLAIN}>"}
    )

    assert reply.content == body and reply.headers["x-echo"] == PLAIN
    assert PLAIN not in kept
    assert PLAIN not in reply.headers["x-understudy-diagnosis"]


def test_the_credential_itself_reaches_the_vendor(tmp_path: Path) -> None:
    """A credential that is not kept is still sent."""
    _, sent, _ = proxied_exchange(
        tmp_path, "sent", ok(), method="GET", headers={"x-api-key": PLAIN}
    )

    assert f"x-api-key: {PLAIN}".encode() in sent


def test_a_password_in_basic_credentials_is_not_kept(tmp_path: Path) -> None:
    """Neither encoded nor decoded."""
    pair = base64.b64encode(f"user:{PLAIN}".encode()).decode()
    answer = ok(json.dumps({"error": f"{PLAIN} is wrong; {pair}"}).encode())

    _, _, kept = proxied_exchange(
        tmp_path, "sent", answer, headers={"authorization": f"Basic {pair}"}
    )

    assert PLAIN not in kept and pair not in kept


@pytest.mark.parametrize("secret", SECRETS.values())
@pytest.mark.parametrize(
    "spelled", [json.dumps, lambda s: json.dumps(s, ensure_ascii=False), lambda s: f'"{quote(s)}"']
)
def test_a_secret_is_found_however_it_is_spelled(
    tmp_path: Path, secret: str, spelled: Callable[[str], str]
) -> None:
    """Escapes of JSON and of URLs are recognised."""
    answer = ok(f'{{"error": {spelled(secret)}, "n": 1}}'.encode())

    _, _, kept = proxied_exchange(
        tmp_path, "sent", answer, headers={b"x-api-key": secret.encode()}, method="GET"
    )

    assert "SECRET" not in kept


@pytest.mark.parametrize(
    "hidden",
    [
        r'{"a": "\u004dark-0123456789-abcdef"}',
        '{"a": "Mark-0123456789-abcdef", "a": "x"}',
        '["MARK-0123456789-ABCDEF"]',
        "<p>Mark-0123456789-abcdef</p>",
        '{"a": "Mark-0123456789-abcdef", broken',
        "Mark-0123456789-abcdef",
    ],
)
def test_a_secret_is_found_wherever_it_hides(tmp_path: Path, hidden: str) -> None:
    """Escaped letters, a repeated key, another case, HTML, invalid JSON."""
    _, _, kept = proxied_exchange(
        tmp_path, "sent", ok(hidden.encode()), method="GET", headers={"x-api-key": PLAIN}
    )

    assert PLAIN.lower() not in kept.lower()
    assert "u004dark" not in kept


CARD = "4111111111111111999"


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json", f'{{"payment_details": {{"card_number": "{CARD}"}}}}'),
        ("application/json", f'{{"payment_details": {{"card_number": {CARD}}}}}'),
        ("application/json", f'{{"card\u005fnumber": "{CARD}"}}'),
        ("application/json", f'{{"card_number": "{CARD}", "card_number": "[redacted]"}}'),
        ("application/json", f'{{"card_number": "{CARD}", '),
        ("application/x-www-form-urlencoded", f"a=b&card_number={CARD}"),
        ("text/plain", f"card_number: {CARD}"),
    ],
)
def test_a_secret_field_is_not_kept(tmp_path: Path, media_type: str, body: str) -> None:
    """A field with `format: password` is kept neither in the request nor in the reply."""
    answer = ok(body.encode()).replace(b"application/json", media_type.encode())
    headers = {"x-api-key": "whatever", "content-type": media_type}

    reply, sent, kept = proxied_exchange(tmp_path, "sent", answer, content=body, headers=headers)

    assert CARD in reply.text and CARD.encode() in sent
    assert CARD not in kept
    assert CARD not in reply.headers["x-understudy-diagnosis"]


def test_a_secret_of_the_request_is_not_kept_in_the_reply(tmp_path: Path) -> None:
    """A sentence of the reply that repeats a secret field is redacted."""
    answer = ok(json.dumps({"error": f"card {CARD} was declined"}).encode())

    _, _, kept = proxied_exchange(
        tmp_path, "sent", answer, json={"payment_details": {"card_number": CARD}}
    )

    assert CARD not in kept and "was declined" in kept


def test_a_cookie_that_the_vendor_sets_is_not_kept(tmp_path: Path) -> None:
    """Neither in the header nor where the body repeats it."""
    answer = ok(json.dumps({"session": PLAIN}).encode(), f"set-cookie: s={PLAIN}; Path=/".encode())

    reply, _, kept = proxied_exchange(tmp_path, "sent", answer)

    assert reply.headers["set-cookie"] == f"s={PLAIN}; Path=/"
    assert PLAIN not in kept


@pytest.mark.parametrize(
    "name",
    [
        *("api_key", "apikey", "key", "token", "access_token", "X-Api-Key", "card_number", "sig"),
        *("x-api-token", "X-Amz-Credential", "X-Amz-Signature", "code", "session", "apiKey"),
    ],
)
def test_a_credential_in_a_query_is_not_kept(tmp_path: Path, name: str) -> None:
    """The vendor gets it; journal and recording have only its name."""
    answer = ok(json.dumps({"error": f"{PLAIN} is unknown"}).encode())
    path = f"/v3/profiles?a=1&{name}={PLAIN}&b=2"

    _, sent, kept = proxied_exchange(tmp_path, "sent", answer, path, "GET")

    assert f"{name}={PLAIN}&b=2".encode() in sent
    assert PLAIN not in kept and f"a=1&{name}=[redacted]&b=2" in kept


@pytest.mark.parametrize(
    "name",
    [
        *("api_key", "password", "client_secret", "refresh_token", "id_token", "access_token"),
        *("apiKey", "accessToken"),
    ],
)
@pytest.mark.parametrize("form", [True, False])
def test_a_field_named_like_a_credential_is_not_kept(tmp_path: Path, name: str, form: bool) -> None:
    """In JSON and in a form, of the request and of the reply, and where it is echoed."""
    answer = ok(json.dumps({name: f"new-{PLAIN}", "error": PLAIN, "page_token": "p2"}).encode())
    sent = {"data" if form else "json": {"grant_type": "refresh", name: PLAIN}}

    _, _, kept = proxied_exchange(tmp_path, "sent", answer, **sent)

    assert PLAIN not in kept
    assert "grant_type" in kept and "p2" in kept


def test_a_token_in_a_location_is_not_kept(tmp_path: Path) -> None:
    """The rest of the URL is."""
    answer = ok(b"{}", f"location: https://x/cb?state=1&access_token={PLAIN}".encode())

    _, _, kept = proxied_exchange(tmp_path, "sent", answer)

    assert PLAIN not in kept and "https://x/cb?state=1&access_token=[redacted]" in kept


def test_a_token_from_a_reply_is_not_kept_later(tmp_path: Path) -> None:
    """Later exchanges of the same proxy are redacted, too."""
    answers = iter([json.dumps({"access_token": PLAIN}), json.dumps({"note": PLAIN})])
    recorder = ProxyRecorder(tmp_path / "out.json", None, open_services(["sent"]))
    with (
        answering(lambda _: ok(next(answers).encode())) as upstream,
        LiveServer(make_proxy_app("sent", upstream.url, log=recorder.log(None))) as proxy,
    ):
        for _ in "12":
            httpx.get(f"{proxy.url}/v3/profiles")
        kept = kept_text(proxy, recorder)

    assert PLAIN not in kept and '"note": "[redacted]"' in kept


def test_many_secrets_are_hidden_in_reasonable_time(tmp_path: Path) -> None:
    """There are too many to search for each one everywhere."""
    rows = [{"access_token": f"{PLAIN}-{index}"} for index in range(60_000)]
    body = json.dumps({"rows": rows}).encode()

    reply, _, kept = proxied_exchange(tmp_path, "sent", ok(body), method="GET", timeout=LONG)

    assert reply.content == body and len(body) > 2_000_000
    assert PLAIN not in kept


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_an_encoded_body_hides_no_secret(tmp_path: Path, coding: str) -> None:
    """A decodable body is kept decoded and redacted, any other one is not kept."""
    pack = zlib.compressobj(wbits=31)
    body = pack.compress(json.dumps({"card_number": CARD}).encode()) + pack.flush()
    headers = {"content-type": "application/json", "content-encoding": coding}
    answer = ok(body, f"content-encoding: {coding}".encode())

    _, sent, kept = proxied_exchange(tmp_path, "sent", answer, content=body, headers=headers)

    assert body in sent
    assert CARD not in kept and "\\u001f" not in kept


@pytest.mark.parametrize(
    "options", [ProxyOptions(errors=True), ProxyOptions(read_only=True), ProxyOptions(timeout=0.2)]
)
def test_the_proxys_own_replies_hold_no_secret(tmp_path: Path, options: ProxyOptions) -> None:
    """Neither the reply itself nor what is kept of it."""
    path = f"/v3/{PLAIN}?api_key={PLAIN}"

    reply, _, kept = proxied_exchange(
        tmp_path, "sent", answer_too_late, path, options=options, headers={"x-api-key": PLAIN}
    )

    assert reply.status_code in (403, 422, 504)
    assert PLAIN not in reply.text and PLAIN not in kept
    assert json.loads((tmp_path / "out.json").read_text())["exchanges"] == []


def test_log_lines_hold_no_secret(tmp_path: Path) -> None:
    """Log lines are made from the redacted exchange."""
    lines: list[str] = []

    def log(entry: Any) -> None:
        lines.extend([format_exchange(entry), exchange_to_json(entry)])

    answer = ok(json.dumps({"error": PLAIN}).encode(), status=b"418 No")
    with (
        answering(answer) as upstream,
        LiveServer(make_proxy_app("sent", upstream.url, log=log)) as proxy,
    ):
        httpx.get(f"{proxy.url}/v3/{PLAIN}?token={PLAIN}", headers={"x-api-key": PLAIN})

    assert len(lines) == 2 and PLAIN not in "".join(lines)


def test_a_long_reply_is_redacted_in_reasonable_time(tmp_path: Path) -> None:
    """The time grows with the reply's length, whatever it contains."""
    rows = [{"name": '\u00e9"\\/ name', "n": index} for index in range(50_000)]
    body = json.dumps({"rows": rows, "echo": PLAIN}).encode()
    headers = {"x-api-key": PLAIN}

    reply, _, kept = proxied_exchange(
        tmp_path, "sent", ok(body), method="GET", headers=headers, timeout=LONG
    )

    assert reply.content == body and len(body) > 2_000_000
    assert PLAIN not in kept
