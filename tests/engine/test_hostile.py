"""What a hostile user may send: too much, too deep, too odd, too many; the mock stays up."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from starlette.types import Message

from tests.conftest import NOON, Live, problem_of
from tests.waiting import until
from understudy.admin.access import body_limit
from understudy.core.settings import DEFAULT_BODY_LIMIT, DEFAULT_SNAPSHOT_LIMIT, Settings
from understudy.engine.exchange_recorder import read_body
from understudy.server.app import App, create_app
from understudy.vendors import vendor_names

KEY = {"x-api-key": "sk_test_acme_admin"}
AGENTMESSAGE_KEY = "am_live_oc01abcdefghijklmnopqrstuvwxyz0123"
JSON = {"content-type": "application/json"}
PROFILES = "/sent/v3/profiles"
CAMPAIGNS = f"{PROFILES}/770e8400-e29b-41d4-a716-446655440002/campaigns"
FAULTS = "/__admin/faults"
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def app() -> App:
    """One app for all: each test has a session of its own."""
    return create_app(Settings(clock=NOON))


@pytest.fixture
async def client(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the in-process mock in a session that no other test has."""
    transport = httpx.ASGITransport(app)
    own = {"x-understudy-session": f"hostile-{next(NUMBERS)}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://mock", headers=own
    ) as client:
        yield client


PIECE = b"x" * 65_536
LARGE = [b'{"a":"', *([PIECE] * 160), b'"}']


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", CAMPAIGNS, 413),
        ("GET", CAMPAIGNS, 200),
        ("PUT", CAMPAIGNS, 405),
        ("POST", "/sent/v3/nothing", 404),
        ("POST", "/nobody", 404),
        ("POST", "/zexa/v1/campaigns", 401),
        ("POST", FAULTS, 413),
        ("PUT", "/__admin/resources/sent/campaigns/x", 413),
        ("PATCH", "/__admin/clock", 413),
        ("POST", "/__admin/nothing", 404),
        ("PUT", FAULTS, 405),
        ("GET", FAULTS, 200),
        ("GET", "/__admin/health", 200),
        ("POST", "/__admin/snapshots/x", 201),
        ("DELETE", "/__admin/faults/7", 404),
    ],
)
async def test_ten_megabytes_are_not_waited_for(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    """413 where a body belongs; where none does, it is not looked at. Nothing of it is kept."""
    most = DEFAULT_SNAPSHOT_LIMIT if "snapshots" in path else DEFAULT_BODY_LIMIT
    taken = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal taken
        for taken in range(1, len(LARGE) + 1):
            yield LARGE[taken - 1]

    reply = await client.request(method, path, content=pieces(), headers={**KEY, **JSON})

    assert (reply.status_code, taken <= most // len(PIECE) + 1) == (status, True)
    told = (await client.get("/__admin/requests/find")).json()["exchanges"]
    assert {each["request"]["body"] for each in told} <= {""}


class Appended(bytes):
    """Part of a body that refuses to have all that came before it copied for its sake."""

    def __radd__(self, before: object) -> Any:
        assert isinstance(before, bytearray)
        return NotImplemented


async def test_a_large_body_is_read_in_time_of_its_length() -> None:
    """As much as a snapshot may have comes together, each of many pieces being copied once."""
    piece = Appended(PIECE)
    pieces = DEFAULT_SNAPSHOT_LIMIT // len(piece)
    numbers = iter(range(pieces))

    async def receive() -> Message:
        return {"type": "http.request", "body": piece, "more_body": next(numbers) < pieces - 1}

    body, too_large = await read_body(receive, DEFAULT_SNAPSHOT_LIMIT)

    assert (len(body), too_large) == (DEFAULT_SNAPSHOT_LIMIT, False)


@pytest.mark.parametrize(
    ("path", "token", "sent", "most"),
    [
        ("/snapshots/x", "", "", DEFAULT_SNAPSHOT_LIMIT),
        ("/snapshots/x", "t", "Bearer t", DEFAULT_SNAPSHOT_LIMIT),
        ("/snapshots/x", "t", "Bearer no", DEFAULT_BODY_LIMIT),
        ("/snapshots/x", "t", "", DEFAULT_BODY_LIMIT),
        ("/faults", "", "", DEFAULT_BODY_LIMIT),
    ],
)
def test_only_who_may_upload_a_snapshot_is_read_for_long(
    path: str, token: str, sent: str, most: int
) -> None:
    """Whoever has not the token cannot have the mock hold a snapshot's worth of bytes."""
    assert body_limit(Settings(admin_token=token), path, {"authorization": sent}) == most


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


DEPTHS = [90, 200, 260, 500, 1_000, 100_000]


@pytest.mark.parametrize("depth", DEPTHS)
async def test_a_deep_body_does_not_spoil_the_journal(
    client: httpx.AsyncClient, depth: int
) -> None:
    """What nobody could parse is shown as text, and the requests around it stay readable."""
    body = b'{"a":' + nested(depth) + b"}"
    refused = await client.post(CAMPAIGNS, content=body, headers={**KEY, **JSON})

    found = await client.get("/__admin/requests/find")

    assert (refused.status_code, found.status_code) == (400, 200)
    [exchange] = found.json()["exchanges"]
    assert exchange["request"]["body"] == body[:65_536].decode()
    assert ("json" in exchange["request"]) is (depth < 100)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("headers", [KEY, {}])
async def test_a_deep_body_with_a_secret_is_refused_in_the_envelope(
    client: httpx.AsyncClient, depth: int, headers: dict[str, str]
) -> None:
    """Hiding the secret from the journal fails neither the request nor the journal."""
    body = b'{"cvc":"123","a":' + nested(depth) + b"}"

    refused = await client.post(CAMPAIGNS, content=body, headers={**headers, **JSON})

    [exchange] = (await client.get("/__admin/requests/find")).json()["exchanges"]
    assert refused.json()["success"] is False
    assert "123" not in exchange["request"]["body"]


@pytest.mark.parametrize(
    "content",
    [
        b'{"kind":"status","status":500,"body":' + nested(101) + b"}",
        b'{"kind":"status","status":500,"body":' + nested(100_000) + b"}",
        nested(500_000),
        b'{"kind":"status","status":500,"status":501}',
        b'{"kind":"status","status":500,"body":{"a":1,"a":2}}',
        b'{"kind":"status","status":NaN}',
        b'{"kind":"status","status":Infinity}',
        b'{"kind":"delay","sigma":1e400}',
        b'{"kind":"delay","delay":1e308}',
        b'{"kind":"delay","seed":' + b"9" * 5_000 + b"}",
        b'{"kind":"status","status":500,"body":"\\ud800"}',
        b"\xff\xfe",
        b"null",
        b"",
    ],
)
async def test_what_is_not_json_for_everybody_is_a_400(
    client: httpx.AsyncClient, content: bytes
) -> None:
    """Bombs, keys twice, NaN, numbers beyond a double, half characters: nothing is planned."""
    reply = await client.post(FAULTS, content=content, headers=JSON)

    assert (reply.status_code, bool(problem_of(reply)["detail"])) == (400, True)
    assert (await client.get(FAULTS)).json() == {"faults": []}


SPLITTING = "a\r\nX-Evil: 1\r\n\r\n"


@pytest.mark.parametrize("member", ["vendor", "operation", "example", "event", "body"])
def test_a_fault_cannot_write_headers(live: Live, member: str) -> None:
    """Line breaks in whatever member stay in bodies; no reply has a header more."""
    session = f"hostile-{uuid4()}"
    asked = {"kind": "status", "status": 500, member: SPLITTING}

    with httpx.Client(base_url=live.url, headers={"x-understudy-session": session}) as client:
        planned = client.post(FAULTS, json=asked)
        reply = client.get(CAMPAIGNS, headers={**KEY, "prefer": "respond-async"})

    assert planned.status_code == (201 if member == "body" else 404 if member == "vendor" else 422)
    assert "x-evil" not in {*planned.headers, *reply.headers}
    assert reply.json() == SPLITTING if member == "body" else reply.status_code == 200


ODD_NAMES = [
    *(
        "a%2Fb",
        "%2E%2E",
        "%C3%A9",
        "a%0Ab",
        "%0A",
        "a%00",
        "-a",
        "a" * 65,
        "a%20b",
        "%2561",
        "a%3F",
    ),
    *("__proto__", "a%23", "%FF", "%E2%80%AE"),
]


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize(
    "path",
    [
        f"/@{{}}{PROFILES}",
        "/@{}/__admin/clock",
        "/__admin/sessions/{}/clock",
        "/__admin/sessions/{}",
        "/__admin/snapshots/{}",
    ],
)
async def test_an_odd_name_is_refused(client: httpx.AsyncClient, path: str, name: str) -> None:
    """Sessions and snapshots have names of one form, however a path spells them; none is made."""
    reply = await client.get(path.format(name), headers=KEY)

    assert reply.status_code == 400
    assert problem_of(reply)["detail"]


async def test_a_header_cannot_smuggle_a_name(client: httpx.AsyncClient) -> None:
    """The header's value has the same form."""
    reply = await client.get(PROFILES, headers={**KEY, "x-understudy-session": "../other"})

    assert (reply.status_code, problem_of(reply)["title"]) == (400, "Bad session name")


ODD_IDS = [
    *("../x", "..", "__proto__", "constructor", "a/b", "%2e%2e", " ", "\x00\r\n", "é🙂", "?a=b#c"),
    "x" * 8_000,
]


@pytest.mark.parametrize("id", ODD_IDS)
def test_an_odd_id_is_only_an_id(live: Live, id: str) -> None:
    """A resource is stored, found and deleted under it, and leads nowhere else."""
    session = f"hostile-{uuid4()}"
    # Nothing shows a contact list, so no document says what its id looks like.
    path = f"/__admin/sessions/{session}/resources/zexa/contact_lists"
    with httpx.Client(base_url=live.url) as client:
        known = client.get(path).json()["resources"][0]
        url = f"{path}/{quote(id, safe='').replace('.', '%2E')}"
        scope = {"scope": known["scope"]}

        stored = client.put(url, params=scope, json={**known["resource"], "id": id})
        found = client.get(url)
        deleted = [client.delete(url).status_code for _ in range(2)]

    assert (stored.status_code, found.json()["id"]) == (200, id)
    assert deleted == [204, 404]


@pytest.mark.parametrize("collection", ["faults", "requests", "deliveries", "vendors"])
@pytest.mark.parametrize("id", ["..%2Fx", "__proto__", "%00", "%FF", "9" * 5_000])
async def test_an_odd_id_of_what_is_not_there(
    client: httpx.AsyncClient, collection: str, id: str
) -> None:
    """It is not found, and the answer is the mock's own."""
    reply = await client.get(f"/__admin/{collection}/{id}")

    assert (reply.status_code, problem_of(reply)["detail"][:12]) == (404, "there is no ")


async def test_a_pointer_with_a_huge_index_points_nowhere(client: httpx.AsyncClient) -> None:
    """A list is not asked for a member of five thousand digits."""
    await client.post(CAMPAIGNS, json=[1], headers=KEY)
    pattern = {"body": {f"/{'9' * 5_000}": 1}}

    reply = await client.post("/__admin/requests/count", json=pattern)

    assert reply.json() == {"count": 0}


@pytest.mark.parametrize("value", ["[" * 20_000, "9" * 5_000, "NaN", "\x00"])
async def test_a_value_that_is_no_json_is_text(client: httpx.AsyncClient, value: str) -> None:
    """A filter's value is compared as it stands."""
    reply = await client.get(
        "/__admin/requests/count", params={"pointer": "/a", "value": value[:20_000]}
    )

    assert reply.json() == {"count": 0}


async def test_a_time_before_all_times_is_a_400(client: httpx.AsyncClient) -> None:
    """A date that no clock shows is told as such."""
    reply = await client.get("/__admin/requests", params={"since": "0001-01-01T00:00:00Z"})

    assert (reply.status_code, "year 1000" in problem_of(reply)["detail"]) == (400, True)


PARCEL: dict[str, Any] = {
    **{"id": "d-1", "vendor": "sent", "event": "completed", "url": "http://127.0.0.1:1/"},
    **{"headers": {}, "timeout": 1.0, "created": 0, "report": None, "about": {}, "body": "{}"},
    **{"subscription": "s", "signature": "", "fault": "webhook-late"},
}


async def upload(client: httpx.AsyncClient, arguments: Any) -> httpx.Response:
    """Upload a world in which a delivery with these arguments waits."""
    await client.post("/__admin/snapshots/own")
    world = (await client.get("/__admin/snapshots/own")).json()
    due = {"at": "2026-03-11T13:00:00Z", "order": 1, "vendor": "sent", "action": "(deliver)"}
    world["clock"]["due"] = [{**due, "arguments": arguments}]
    return await client.put("/__admin/snapshots/strange", json=world)


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"id": ["x"]}, "/id", "type"),
        ({"url": 7}, "/url", "type"),
        ({"body": 7}, "/body", "type"),
        ({"timeout": "1"}, "/timeout", "type"),
        ({"headers": {"a": 1}}, "/headers/a", "type"),
        ({"vendor": "zexa"}, "/vendor", "const"),
        ({"report": "nope"}, "/report", "unknown"),
        ({"attempts": 7}, "", "additionalProperties"),
    ],
)
async def test_a_delivery_that_nobody_held_is_refused(
    client: httpx.AsyncClient, changes: dict[str, Any], pointer: str, code: str
) -> None:
    """An uploaded world cannot hold what would fail when its time comes."""
    reply = await upload(client, {**PARCEL, **changes})

    [told] = problem_of(reply)["errors"]
    assert (reply.status_code, told["code"]) == (422, code)
    assert told["pointer"] == f"/clock/due/0/arguments{pointer}"


@pytest.mark.parametrize("missing", sorted(PARCEL))
async def test_a_delivery_that_lacks_a_member_is_refused(
    client: httpx.AsyncClient, missing: str
) -> None:
    """Every member is needed to send it."""
    arguments = {name: value for name, value in PARCEL.items() if name != missing}

    reply = await upload(client, arguments)

    [told] = problem_of(reply)["errors"]
    assert (reply.status_code, f'"{missing}"' in told["message"]) == (422, True)


async def test_a_delivery_as_it_was_held_is_taken(client: httpx.AsyncClient) -> None:
    """What the mock wrote itself can be uploaded."""
    reply = await upload(client, PARCEL)
    restored = await client.post("/__admin/snapshots/strange/restore")

    assert (reply.status_code, restored.json()["pending"]) == (201, 1)


# Both ends of each connection are this process's, which may have but 256 of them.
MANY = 100


async def ask(address: tuple[str, int], session: str) -> bytes:
    """The reply to a plain request on a connection of its own."""
    reader, writer = await asyncio.open_connection(*address)
    lines = [f"GET /@{session}{PROFILES} HTTP/1.1", "Host: mock", "Connection: close"]
    writer.write("\r\n".join([*lines, "x-api-key: sk_test_acme_admin", "", ""]).encode())
    try:
        return await reader.read(-1)
    finally:
        writer.close()


def address_of(live: Live) -> tuple[str, int]:
    host, _, port = live.url.removeprefix("http://").partition(":")
    return host, int(port)


async def plan(live: Live, **members: Any) -> str:
    """A new session with this fault."""
    session = f"hostile-{uuid4()}"
    async with httpx.AsyncClient(base_url=live.url) as client:
        reply = await client.post(f"/__admin/sessions/{session}/faults", json=members)
    assert reply.status_code == 201
    return session


@pytest.mark.parametrize("kind", ["delay", "trickle"])
async def test_many_who_are_slow_hold_up_nobody(live: Live, kind: str) -> None:
    """A hundred clients whose replies take a minute; another one is answered meanwhile."""
    session = await plan(live, kind=kind, delay=60_000)
    waiting = [asyncio.create_task(ask(address_of(live), session)) for _ in range(MANY)]
    (planned,) = live.app.session(session).faults
    await until(lambda: planned.struck == MANY)

    reply = await ask(address_of(live), "quick")

    assert reply.startswith(b"HTTP/1.1 200 OK")
    assert not any(each.done() for each in waiting)
    for each in waiting:
        each.cancel()
    await asyncio.wait(waiting)


async def test_many_who_are_fed_slowly_get_it_all(live: Live) -> None:
    """A hundred replies trickle at once; each arrives whole."""
    session = await plan(live, kind="trickle", delay=500)

    replies = await asyncio.gather(*(ask(address_of(live), session) for _ in range(MANY)))

    assert {reply[:15] for reply in replies} == {b"HTTP/1.1 200 OK"}
    assert all(json.loads(reply.partition(b"\r\n\r\n")[2]) for reply in replies)


def swap_numbers(document: Any, number: float) -> Iterator[Any]:
    """The document with one of its numbers after the other replaced."""
    if isinstance(document, dict | list):
        for key, value in document.items() if isinstance(document, dict) else enumerate(document):
            for swapped in swap_numbers(value, number):
                changed = document.copy()
                changed[key] = swapped
                yield changed
    elif isinstance(document, int | float) and not isinstance(document, bool):
        yield number


@pytest.mark.parametrize(
    "number", [2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**25, -(10**25), 10**300, 1e300, -1e300]
)
async def test_no_number_breaks_an_operation(
    app: App, client: httpx.AsyncClient, number: float
) -> None:
    """Whatever stands in the place of a number in an example body, the answer is no 500."""
    credentials = {**KEY, "authorization": f"Bearer {AGENTMESSAGE_KEY}"}
    paths = {name: f"/{name}" for name in app.services} | {"admin": "/__admin"}
    sent = 0
    for name, service in {**app.services, "admin": app.admin}.items():
        for operation in service.document.operations.values():
            examples = operation.body.examples.values() if operation.body else ()
            for body in (each for example in examples for each in swap_numbers(example, number)):
                reply = await client.request(
                    operation.method,
                    paths[name] + operation.path,
                    content=json.dumps(body),
                    headers={**credentials, **JSON},
                )
                assert reply.status_code < 500, (operation.id, body, reply.text)
                sent += 1

    assert sent > 10


@pytest.mark.parametrize("vendor", vendor_names())
async def test_every_vendor_is_still_there(client: httpx.AsyncClient, vendor: str) -> None:
    """After all that, each of them refuses a stranger in its own words."""
    reply = await client.get(f"/{vendor}/nothing")

    assert (reply.status_code, reply.headers["content-type"]) == (404, "application/json")
