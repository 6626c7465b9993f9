"""The Python client: its requests and models are those of the admin document, in both clients."""

from __future__ import annotations

import copy
import inspect
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from ssl import CERT_NONE, CERT_REQUIRED
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints
from uuid import uuid4

import httpx
import pytest
import yaml

import understudy
from tests.conftest import NOON, Live, serve
from understudy.client import (
    AdminError,
    AsyncClient,
    AsyncFaults,
    Client,
    Faults,
    Instant,
    Page,
    Unreachable,
    Unreadable,
)
from understudy.client.models import Problem
from understudy.client.operations import FaultOperations, Operations
from understudy.client.transport import AdminRequest, operation
from understudy.core.settings import Settings
from understudy.engine.addressing import SESSION_PATH
from understudy.openapi.document import Operation, read_document
from understudy.openapi.path_router import PathRouter
from understudy.server.app import App

ROOT = Path(__file__).parents[2]
FILE = ROOT / "specs" / "admin.yaml"
WRITTEN = yaml.safe_load(FILE.read_text())
DOCUMENT = read_document("admin", FILE)
PATHS = PathRouter(DOCUMENT.operations.values())
WORLD = DOCUMENT.operations["uploadSnapshot"].body.examples["small"]  # type: ignore[union-attr]
KEY = {"Authorization": "Bearer zexa_test_acme"}
CAMPAIGN = "cmp_scheduled001"
BALANCE = ("zexa", "balances", "acct_acme")
FILTERS = {
    "vendor": "sent",
    "operation": "createCampaign",
    "method": "POST",
    "path": "/v3",
    "status": 404,
    "since": datetime(2026, 3, 11, tzinfo=UTC),
    "until": "2100-01-01T00:00:00Z",
    "after": "1",
    "limit": 2,
}
POINTER = {"pointer": "/campaign/name", "value": "x"}
BODY = {"body": {"/campaign/name": "x"}}


@dataclass(frozen=True)
class Case:
    """An operation of the document, and a call of its method with every argument."""

    operation: str
    method: str
    args: tuple[Any, ...]
    keywords: Mapping[str, Any]

    def __call__(self, client: Any) -> Any:
        return attribute_at(client, self.method)(*self.args, **self.keywords)

    def __str__(self) -> str:
        return f"{self.method}-{self.operation}"


def case(operation: str, method: str, /, *args: Any, **keywords: Any) -> Case:
    return Case(operation, method, args, keywords)


CASES = [
    case("getHealth", "health"),
    case("listVendors", "vendors.list"),
    case("getVendor", "vendors.get", "sent"),
    case("listSessions", "sessions.list", limit=2, after="a"),
    case("dropSessions", "sessions.clear"),
    case("getSession", "sessions.get"),
    case("getSession", "sessions.get", "other"),
    case("dropSession", "sessions.drop"),
    case("dropSession", "sessions.drop", "other"),
    case("resetSession", "reset"),
    case("listSnapshots", "snapshots.list"),
    case("saveSnapshot", "snapshots.save", "a"),
    case("restoreSnapshot", "snapshots.restore", "a"),
    case("deleteSnapshot", "snapshots.delete", "a"),
    case("downloadSnapshot", "snapshots.download", "a"),
    case("uploadSnapshot", "snapshots.upload", "a", WORLD),
    case("getClock", "clock.get"),
    case("moveClock", "clock.shift", days=1, hours=2),
    case("moveClock", "clock.move_to", datetime(2100, 1, 1, tzinfo=UTC)),
    case("moveClock", "clock.freeze"),
    case("moveClock", "clock.run"),
    case("listCollections", "resources.collections"),
    case("listResources", "resources.list", *BALANCE[:2], scope="", limit=1, offset=1),
    case("getResource", "resources.get", *BALANCE, scope=""),
    case("setResource", "resources.set", *BALANCE, {"id": "acct_acme"}, scope=""),
    case("deleteResource", "resources.delete", *BALANCE, scope=""),
    case("populate", "populate", "zexa", "campaigns", 2, since="2026-01-01T00:00:00Z", account="a"),
    case("fireEvent", "fire", "zexa", "campaigns", CAMPAIGN, "start", scope="acct_acme"),
    case(
        *("planFault", "faults.add", "status"),
        **{"vendor": "sent", "operation": "createCampaign", "event": "e", "times": 2},
        **{"probability": 0.5, "seed": 7, "status": 503, "example": "internal", "body": {}},
        **{"delay": 5, "sigma": 0.5, "retry_after": 3, "after": True},
    ),
    case("listFaults", "faults.list"),
    case("deleteFaults", "faults.clear"),
    case("getFault", "faults.get", "1"),
    case("deleteFault", "faults.delete", "1"),
    case("listRequests", "requests.list", **FILTERS, **POINTER),
    case("findRequests", "requests.find", **FILTERS, **POINTER),
    case("findMatchingRequests", "requests.find", **FILTERS, **BODY),
    case("countRequests", "requests.count", **FILTERS, **POINTER),
    case("countMatchingRequests", "requests.count", **FILTERS, **BODY),
    case("listUnmatchedRequests", "requests.unmatched", limit=2),
    case("getRequest", "requests.get", "1"),
    case("deleteRequests", "requests.clear"),
    case(
        *("listDeliveries", "deliveries.list"),
        **{"vendor": "zexa", "event": "campaign.sent", "state": "failed", "limit": 2},
    ),
    case("getDelivery", "deliveries.get", "1"),
    case("replayDelivery", "deliveries.replay", "1"),
    case("getCoverage", "coverage"),
]
EACH_CASE = pytest.mark.parametrize("case", CASES, ids=str)
OPERATIONS = sorted({each.operation for each in CASES})
GROUPS = sorted({*vars(Operations(None)), "faults"} - {"send"})  # type: ignore[type-var]


class RequestBuilder(Operations[Any]):
    """A client that sends nothing: its methods return their requests."""

    def __init__(self) -> None:
        super().__init__(lambda request: request)
        self.faults = FaultOperations(self.send)


def attribute_at(client: Any, path: str) -> Any:
    """The attribute at a dotted path."""
    for name in path.split("."):
        client = getattr(client, name)
    return client


def operation_at(method: str, path: str) -> Operation:
    """The documented operation of a request."""
    path = path.removeprefix("/__admin")
    within = SESSION_PATH.fullmatch(path)
    found = PATHS.match(within["path"] if within else path)
    assert found is not None, path
    return found[0].operations[method]


def documented_reply(request: httpx.Request) -> httpx.Response:
    """The document's example of the reply to a request."""
    success = operation_at(request.method, request.url.raw_path.decode().partition("?")[0]).success
    if not success.examples:
        return httpx.Response(success.status)
    return httpx.Response(success.status, json=next(iter(success.examples.values())))


def public_attributes(of: object) -> dict[str, Any]:
    return {name: each for name, each in inspect.getmembers(of) if not name.startswith("_")}


# --- requests, against the document


def test_every_operation_is_in_the_table() -> None:
    """`CASES` has each operation of the document."""
    assert {each.operation for each in CASES} == set(DOCUMENT.operations)


def test_every_method_is_in_the_table() -> None:
    """No method of a client goes untested."""
    client = RequestBuilder()
    groups = {"": client, **{f"{name}.": getattr(client, name) for name in GROUPS}}

    methods = {
        f"{prefix}{name}"
        for prefix, group in groups.items()
        for name, _ in inspect.getmembers_static(type(group), lambda it: isinstance(it, operation))
    }

    assert methods == {each.method for each in CASES}


@EACH_CASE
def test_request_reaches_its_operation(case: Case) -> None:
    """Method and path lead to the operation that the method stands for."""
    reached = []

    def note(request: httpx.Request) -> httpx.Response:
        reached.append(operation_at(request.method, request.url.path).id)
        return documented_reply(request)

    case(Client(session="mine", transport=httpx.MockTransport(note)))

    assert reached == [case.operation]


@EACH_CASE
def test_body_is_the_documents(case: Case) -> None:
    """A body satisfies the operation's schema; an operation without a body gets none."""
    body = DOCUMENT.operations[case.operation].body

    request = case(RequestBuilder())

    assert (body is None) == (request.body is None)
    assert body is None or body.validator.accepts(request.body)


@pytest.mark.parametrize("id", OPERATIONS)
def test_every_parameter_has_a_keyword(id: str) -> None:
    """No query parameter of the document is without a keyword, nor a keyword without one."""
    declared = {each.key for each in DOCUMENT.operations[id].parameters if each.where == "query"}

    stated = {
        name for each in CASES if each.operation == id for name in each(RequestBuilder()).query
    }

    assert stated == declared


@pytest.mark.parametrize("id", OPERATIONS)
def test_every_body_field_has_a_keyword(id: str) -> None:
    """No field of a request's body is without a keyword."""
    schema = resolved_schema(body_schema(id))
    free = id in ("uploadSnapshot", "setResource")

    stated = {
        name
        for each in CASES
        if each.operation == id and not free
        for name in each(RequestBuilder()).body or {}
    }

    assert stated == (set() if free else set(schema.get("properties", {})))


# --- models, against the document


def raw_operation(id: str) -> dict[str, Any]:
    """An operation as the document writes it."""
    operation = DOCUMENT.operations[id]
    found: dict[str, Any] = WRITTEN["paths"][operation.path][operation.method.lower()]
    return found


def body_schema(id: str) -> dict[str, Any]:
    content = raw_operation(id).get("requestBody", {}).get("content", {"application/json": {}})
    found: dict[str, Any] = content["application/json"].get("schema", {})
    return found


def answer_schema(id: str) -> dict[str, Any] | None:
    answers = raw_operation(id)["responses"]
    success = resolved_schema(answers[min(answers)])
    found: dict[str, Any] | None
    found = success["content"]["application/json"]["schema"] if "content" in success else None
    return found


def resolved_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to."""
    if "$ref" not in schema:
        return schema
    found: Any = WRITTEN
    for name in schema["$ref"].split("/")[1:]:
        found = found[name]
    return resolved_schema(found)


def model_gaps(schema: dict[str, Any], model: Any, at: str = "") -> Iterator[str]:
    """The differences between a model and its schema."""
    schema = resolved_schema(schema)
    if schema.get("nullable"):
        if NoneType not in get_args(model):
            yield f"{at} may be null"
            return
        model = next(each for each in get_args(model) if each is not NoneType)
    if schema.get("type") == "array" and get_origin(model) is tuple:
        yield from model_gaps(schema["items"], get_args(model)[0], f"{at}[]")
    elif "properties" in schema and is_dataclass(model):
        yield from field_gaps(schema, model, at)
    elif model != plain_type(schema):
        yield f"{at} is {plain_type(schema)}, not {model}"


def field_gaps(schema: dict[str, Any], model: Any, at: str) -> Iterator[str]:
    """The fields that are only in one of the two, or differ."""
    hints = get_type_hints(model)
    here = {each.name.removesuffix("_"): each for each in fields(model)}
    declared = schema["properties"]
    yield from (f"{at}.{name} is only in one" for name in declared.keys() ^ here.keys())
    always = {name for name, each in here.items() if each.default is MISSING}
    yield from (f"{at}.{name} is not always there" for name in always ^ set(schema["required"]))
    for name in declared.keys() & here.keys():
        yield from model_gaps(declared[name], hints[here[name].name], f"{at}.{name}")


def plain_type(schema: dict[str, Any]) -> Any:
    """The Python type of a schema that is neither an object with fields nor a list."""
    if "enum" in schema:
        return Literal[tuple(schema["enum"])]
    if schema.get("format") == "date-time":
        return Instant
    if schema.get("type") == "object":
        return Mapping[str, str] if "additionalProperties" in schema else Mapping[str, Any]
    types = {"string": str, "integer": int, "number": float, "boolean": bool}
    return types.get(schema.get("type", ""), Any)


def result_gaps(request: AdminRequest[Any], schema: dict[str, Any] | None) -> list[str]:
    """The differences between a request's result and the document's answer."""
    if schema is None:
        return [] if request.result is NoneType else ["there is no answer"]
    if not request.field:
        return list(model_gaps(schema, request.result))
    declared = resolved_schema(schema)["properties"]
    model = request.result
    if get_origin(model) is Page:
        model = tuple[get_args(model)[0], ...]
    beside = {"total"} if get_origin(request.result) is Page else set()
    left_out = [f"{name} is left out" for name in declared.keys() - beside - {request.field}]
    return [*left_out, *model_gaps(declared[request.field], model, request.field)]


@EACH_CASE
def test_model_is_the_documents(case: Case) -> None:
    """The model has each field of the documented answer, with its type, and no other field."""
    request = case(RequestBuilder())

    if request.result == dict[str, Any]:
        assert case.operation == "downloadSnapshot"
    else:
        assert result_gaps(request, answer_schema(case.operation)) == []


def test_gaps_are_found() -> None:
    """The comparison above sees a new field, a missing one, another type and a new null."""

    @dataclass
    class Model:
        same: str
        gone: str
        other: str
        null: str
        late: str | None = None

    names = {"same": "string", "new": "string", "other": "integer", "null": "string"}
    schema: dict[str, Any] = {
        "required": [*names, "late"],
        "properties": {name: {"type": kind} for name, kind in names.items()},
    }
    schema["properties"]["null"]["nullable"] = True
    schema["properties"]["late"] = {"type": "string", "nullable": True}

    found = field_gaps(schema, Model, "")

    assert {each.split()[0] for each in found} == {".new", ".gone", ".other", ".null", ".late"}


def test_problem_is_the_documents() -> None:
    """A refusal has the documented fields."""
    assert list(model_gaps(WRITTEN["components"]["schemas"]["Problem"], Problem)) == []


def encoded_model(answer: Any) -> Any:
    """A model as the JSON that it was decoded from; an optional field is left out when None."""
    if is_dataclass(answer):
        return {
            each.name.removesuffix("_"): encoded_model(getattr(answer, each.name))
            for each in fields(answer)
            if each.default is MISSING or getattr(answer, each.name) is not None
        }
    return [encoded_model(each) for each in answer] if isinstance(answer, tuple) else answer


@EACH_CASE
def test_documented_answer_is_decoded_completely(case: Case) -> None:
    """Nothing of the document's example is lost, and nothing is added."""
    request = case(RequestBuilder())
    example = next(iter(DOCUMENT.operations[case.operation].success.examples.values()), None)

    answer = case(Client(transport=httpx.MockTransport(documented_reply)))

    assert encoded_model(answer) == (example[request.field] if request.field else example)
    assert not isinstance(answer, Page) or answer.total == example["total"]


@EACH_CASE
async def test_awaited_answer_is_the_same(case: Case) -> None:
    """Both clients decode the same from the same reply."""
    transport = httpx.MockTransport(documented_reply)

    answer = await case(AsyncClient(transport=transport))

    assert answer == case(Client(transport=transport))


# --- both clients


@pytest.mark.parametrize("group", ["", *GROUPS])
def test_both_clients_have_the_same_methods(group: str) -> None:
    """Names and signatures are the same; only one of them is awaited."""
    clients = [Client(), AsyncClient()]
    one, other = [
        public_attributes(attribute_at(each, group) if group else each) for each in clients
    ]

    assert one.keys() == other.keys()
    assert {
        name
        for name in one
        if callable(one[name]) and name not in ("send", "session", "during")
        if inspect.signature(one[name]) != inspect.signature(other[name])
    } == set()


def test_during_takes_the_same_in_both() -> None:
    """Its two spellings have the same parameters, which are those of `add`."""
    methods = [Faults.during, AsyncFaults.during, FaultOperations.add]

    assert len({str(inspect.signature(each).parameters) for each in methods}) == 1


@pytest.mark.parametrize("method", sorted({each.method for each in CASES}))
def test_every_method_has_a_docstring(method: str) -> None:
    """`help` says what a method is for, and names its parameters."""
    bound = attribute_at(Client(), method)

    assert bound.__doc__
    assert bound.__name__ == method.rpartition(".")[2]
    assert "self" not in inspect.signature(bound).parameters


TYPED = """
from typing import Any, assert_type
from understudy import AsyncClient, Client
from understudy.client import Page
from understudy.client.models import Exchange, Fault, MovedClock, Session

mock = Client()
assert_type(mock.clock.shift(days=1), MovedClock)
assert_type(mock.requests.find(vendor="sent", status=404), Page[Exchange])
assert_type(mock.requests.count(), int)
assert_type(mock.snapshots.download("a"), dict[str, Any])
assert_type(mock.session("other"), Client)
with mock.faults.during("reset", times=1) as fault:
    assert_type(fault, Fault)

async def main(mock: AsyncClient) -> None:
    assert_type(await mock.reset(), Session)
    assert_type(await mock.requests.find(vendor="sent"), Page[Exchange])
    async with mock.faults.during("reset", times=1) as fault:
        assert_type(fault, Fault)
"""
MISUSES = [
    ('mock.requests.find(vendro="sent")', "Unexpected keyword argument"),
    ('mock.faults.add("rest")', "incompatible type"),
    ("mock.clock.get().nwo", "no attribute"),
    ("async def main() -> None: await mock.reset()", 'in "await"'),
]


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The errors of a user's type checker in the code above."""
    folder = tmp_path_factory.mktemp("typed")
    start = "from understudy import Client\nmock = Client()\n"
    (folder / "typed.py").write_text(TYPED)
    (folder / "misused.py").write_text(start + "\n".join(code for code, _ in MISUSES))
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "typed.py", "misused.py"]
    environment = {**os.environ, "MYPYPATH": str(ROOT / "src")}
    run = subprocess.run(mypy, cwd=folder, env=environment, capture_output=True, text=True)
    return [line for line in run.stdout.splitlines() if "error:" in line]


def test_type_checker_knows_what_comes_back(checked: list[str]) -> None:
    """mypy sees the type of each answer, of the blocking and of the asynchronous client."""
    assert [each for each in checked if not each.startswith("misused.py")] == []


@pytest.mark.parametrize("number", range(len(MISUSES)))
def test_type_checker_sees_mistakes(number: int, checked: list[str]) -> None:
    """A misspelt keyword, kind or field is found before anything runs."""
    (found,) = (each for each in checked if each.startswith(f"misused.py:{number + 3}:"))

    assert MISUSES[number][1] in found


def test_client_needs_nothing_of_the_server() -> None:
    """Importing it is cheap: no framework, no validator, none of the server's modules."""
    code = (
        "import sys; from understudy import Client;"
        "print(*{name.split('.')[0] for name in sys.modules},"
        " *(name for name in sys.modules if name.startswith('understudy.')))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}

    shown = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    loaded = set(shown.stdout.split())
    assert loaded.isdisjoint({"connexion", "starlette", "jsonschema_rs", "faker", "uvicorn"})
    version = {"understudy.core", "understudy.core.version"}
    assert {each for each in loaded if each.startswith("understudy.")} - version == {
        f"understudy.client{each}"
        for each in (
            "",
            ".decoding",
            ".errors",
            ".keywords",
            ".models",
            ".operations",
            ".transport",
        )
    }


@pytest.mark.parametrize(("name", "what"), [("Client", Client), ("AsyncClient", AsyncClient)])
def test_package_has_the_clients(name: str, what: type) -> None:
    """`from understudy import Client` is all that a user writes."""
    assert getattr(understudy, name) is what
    assert name in understudy.__all__


def test_package_has_no_other_names() -> None:
    """An unknown name is an AttributeError, as with any module."""
    with pytest.raises(AttributeError, match="Cleint"):
        _ = understudy.Cleint


# --- the target


@pytest.mark.parametrize(
    ("url", "session", "expected"),
    [
        ("http://mock:1", None, "http://mock:1/@default/sent"),
        ("http://mock:1/", "checkout", "http://mock:1/@checkout/sent"),
        ("http://mock:1/@mine", None, "http://mock:1/@mine/sent"),
        ("http://mock:1/@mine/", "checkout", "http://mock:1/@checkout/sent"),
        ("https://host/behind", "a", "https://host/behind/@a/sent"),
    ],
)
def test_url_of_a_vendor(url: str, session: str | None, expected: str) -> None:
    """It names the session of the argument, else that of the URL, else `default`."""
    assert Client(url, session=session).url("sent") == expected


@pytest.mark.parametrize("url", ["127.0.0.1:4010", "", "/sent"])
def test_url_without_a_scheme_is_refused(url: str) -> None:
    """The error comes from the constructor, and says what to write."""
    with pytest.raises(ValueError, match=f'"{url}" is not the URL of a mock; write http://HOST'):
        Client(url)


def sent_requests(action: Callable[[Client], Any], **settings: Any) -> list[httpx.Request]:
    """The requests that a client sends."""
    sent: list[httpx.Request] = []

    def note(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return documented_reply(request)

    action(Client(transport=httpx.MockTransport(note), **settings))
    return sent


def test_token_is_sent() -> None:
    """Each request carries the token, also one of another session."""
    sent = sent_requests(lambda mock: (mock.health(), mock.session("b").reset()), token="t0")

    assert [each.headers["authorization"] for each in sent] == ["Bearer t0", "Bearer t0"]


def test_token_is_not_shown() -> None:
    """The repr of a client, as in a traceback, has no secret."""
    client = Client("http://mock:1", session="a", token="t0")

    assert repr(client) == "Client('http://mock:1', session='a')"
    assert "t0" not in repr(client.send.target)


def test_session_addresses_another_session() -> None:
    """`session` makes a client of another session of the same server."""
    sent = sent_requests(lambda mock: (mock.reset(), mock.session("b").reset()), session="a")

    assert [each.url.path for each in sent] == [f"/__admin/sessions/{each}/reset" for each in "ab"]


@pytest.mark.parametrize(
    ("id", "path"), [("a/b?c#d", "a%2Fb%3Fc%23d"), ("..", "%2E%2E"), ("é", "%C3%A9")]
)
def test_id_stays_one_segment(id: str, path: str) -> None:
    """No id leads to another path."""
    (sent,) = sent_requests(lambda mock: mock.faults.get(id))

    assert sent.url.raw_path == f"/__admin/sessions/default/faults/{path}".encode()


def test_client_of_another_session_closes_nothing() -> None:
    """The client that opened the connections closes them."""
    with Client(transport=httpx.MockTransport(documented_reply)) as mock:
        with mock.session("other"):
            pass

        assert mock.health().status == "ok"
    assert mock.send.http.is_closed


async def test_awaited_client_closes_its_connections() -> None:
    """Only the client that opened them does."""
    async with AsyncClient(transport=httpx.MockTransport(documented_reply)) as mock:
        async with mock.session("other"):
            pass

        assert (await mock.health()).status == "ok"
    assert mock.send.http.is_closed


def test_given_httpx_client_stays_open() -> None:
    """Its owner closes it."""
    with httpx.Client(transport=httpx.MockTransport(documented_reply)) as own:
        with Client(http=own) as mock:
            assert mock.health().status == "ok"

        assert not own.is_closed


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_certificates_are_verified_for_https_only(kind: Any) -> None:
    """Loading the trusted ones takes long, so that http does without."""
    pools = [kind(url).send.http._transport._pool for url in ("https://mock", "http://mock")]

    assert [each._ssl_context.verify_mode for each in pools] == [CERT_REQUIRED, CERT_NONE]


def test_proxy_of_the_environment_is_not_used() -> None:
    """A proxy might not reach the mock, or might be the mock itself."""
    assert not Client().send.http.trust_env
    assert not AsyncClient().send.http.trust_env


# --- the arguments of methods


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"days": 1, "hours": 2}, "PT93600.000000S"),
        ({"by": timedelta(weeks=1)}, "PT604800.000000S"),
        ({"by": timedelta(minutes=1), "seconds": 1.5}, "PT61.500000S"),
        ({"weeks": 1, "minutes": 1, "milliseconds": 1}, "PT604860.001000S"),
        ({}, "PT0.000000S"),
    ],
)
def test_shift_is_sent_in_seconds(stated: dict[str, Any], expected: str) -> None:
    """All parts are added up; the document's durations do not combine them freely."""
    request = RequestBuilder().clock.shift(**stated)

    assert request.body == {"shift": expected}
    assert DOCUMENT.operations["moveClock"].body.validator.accepts(request.body)


def test_shift_goes_forward() -> None:
    """The message says that `reset` goes back."""
    with pytest.raises(ValueError, match=r"not by -1 day, 0:00:00; reset\(\) goes back"):
        RequestBuilder().clock.shift(days=-1)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2100, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), "2100-01-01T00:00:00+00:00"),
        ("2100-01-01T00:00:00.000000001Z", "2100-01-01T00:00:00.000000001Z"),
        (Instant("2100-01-01T00:00:00.000000001Z"), "2100-01-01T00:00:00.000000001Z"),
    ],
)
def test_instant_is_sent_without_loss(moment: datetime | str, expected: str) -> None:
    """A datetime is sent in UTC, a string as it is."""
    assert RequestBuilder().clock.move_to(moment).body == {"move_to": expected}


@pytest.mark.parametrize(
    "action",
    [
        lambda mock, naive: mock.clock.move_to(naive),
        lambda mock, naive: mock.requests.find(since=naive),
        lambda mock, naive: mock.populate("sent", "campaigns", 1, since=naive),
    ],
)
def test_datetime_needs_a_zone(action: Callable[[Any, datetime], Any]) -> None:
    """A guess could be wrong by hours without being noticed."""
    naive = datetime.fromisoformat("2100-01-01T00:00:00")

    with pytest.raises(ValueError, match="has no time zone; give it one, such as tzinfo=UTC"):
        action(RequestBuilder(), naive)


@pytest.mark.parametrize("method", ["faults.add", "requests.list", "requests.find"])
def test_misspelt_keyword_is_refused(method: str) -> None:
    """A filter that the server would ignore must not match everything."""
    kind = ["status"] if method == "faults.add" else []

    with pytest.raises(TypeError, match=r'unknown keyword "vendro"; known: .*vendor'):
        attribute_at(RequestBuilder(), method)(*kind, vendro="sent")


def test_none_means_absent() -> None:
    """Optional values of a test can be passed on."""
    mock = RequestBuilder()

    assert mock.requests.find(vendor=None, body=None).query == {}
    assert mock.faults.add("reset", vendor=None).body == {"kind": "reset"}


@pytest.mark.parametrize(
    ("value", "expected"), [("1", '"1"'), (1, "1"), (None, "null"), ({"a": []}, '{"a": []}')]
)
def test_value_is_sent_as_json(value: Any, expected: str) -> None:
    """A string is not taken for a number, and null is a value."""
    assert RequestBuilder().requests.list(pointer="/a", value=value).query["value"] == expected


def test_value_needs_a_pointer() -> None:
    """A value alone would filter nothing."""
    with pytest.raises(ValueError, match="value='x' needs a pointer"):
        RequestBuilder().requests.count(value="x")


def test_body_and_pointer_exclude_each_other() -> None:
    """The document has no operation that takes both."""
    with pytest.raises(ValueError, match="give a body, or a pointer and a value, but not both"):
        RequestBuilder().requests.find(body={"/a": 1}, pointer="/b")


# --- instants and pages


def test_instant_keeps_its_digits() -> None:
    """The string is exact, the datetime exact to the microsecond."""
    instant = Instant("2026-03-11T12:00:00.123456789Z")

    assert instant == "2026-03-11T12:00:00.123456789Z"
    assert instant.datetime == datetime(2026, 3, 11, 12, 0, 0, 123456, tzinfo=UTC)


def test_page_survives_a_copy() -> None:
    """Its total is not lost."""
    page = Page(["a", "b"], 7)

    for copied in (copy.copy(page), pickle.loads(pickle.dumps(page))):
        assert (copied, copied.total) == (("a", "b"), 7)


# --- errors


def refusal(body: Any, status: int = 422) -> AdminError:
    """The error that a client raises for a problem document."""
    reply = httpx.Response(status, json=body)
    with pytest.raises(AdminError) as caught:
        Client(transport=httpx.MockTransport(lambda _: reply)).health()
    return caught.value


def documented_problems() -> Iterator[Any]:
    """Each example of a refusal in the document."""
    for name, response in WRITTEN["components"]["responses"].items():
        for content in response.get("content", {}).values():
            for example in content["examples"].values():
                if "title" in example.get("value", {}):
                    yield pytest.param(example["value"], id=name)


@pytest.mark.parametrize("problem", list(documented_problems()))
def test_refusal_is_raised(problem: dict[str, Any]) -> None:
    """The error has the admin plane's fields, and its text has detail and hint."""
    error = refusal(problem, problem["status"])

    assert [error.status, error.title, error.detail] == [
        problem[name] for name in ("status", "title", "detail")
    ]
    assert encoded_model(error.errors) == problem["errors"]
    assert problem["detail"] in str(error)
    assert problem["errors"][0]["hint"] in str(error)


def test_text_of_one_fault() -> None:
    """The text does not repeat the detail."""
    example = resolved_schema(WRITTEN["components"]["responses"]["NotFound"])["content"]

    error = refusal(example["application/problem+json"]["examples"]["unknown"]["value"], 404)

    assert str(error) == (
        '404: there is no vendor "sentt"\n  vendors: agentmessage, sent, tether, zexa'
    )


def test_text_of_several_faults() -> None:
    """Each has a line with its place, its message and its hint."""
    one = {"code": "enum", "in": "body", "pointer": "/a", "message": "is odd", "hint": "choose b"}
    other = {**one, "pointer": "/c", "hint": ""}
    body = {"type": "about:blank", "title": "Unfit", "status": 422, "detail": "it breaks"}

    error = refusal({**body, "errors": [one, other]})

    assert str(error) == "422: it breaks\n  body /a: is odd (choose b)\n  body /c: is odd"


def test_text_without_hint() -> None:
    """A fault that only repeats the detail has no line of its own."""
    fault = {"code": "gone", "in": "rule", "pointer": "", "message": "it is gone", "hint": ""}
    body = {"type": "about:blank", "title": "Missing", "status": 404, "detail": "it is gone"}

    assert str(refusal({**body, "errors": [fault]}, 404)) == "404: it is gone"


def test_refusal_without_errors_is_raised() -> None:
    """Refusals outside the admin plane have no list of errors."""
    body = {"type": "about:blank", "title": "Bad session name", "status": 400, "detail": "no"}

    assert str(refusal(body, 400)) == "400: no"


def test_refusal_survives_pickling() -> None:
    """Test runners send errors from process to process."""
    error = AdminError(404, "Missing", "there is none")

    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again)) == (AdminError, "404: there is none")


def unused_url() -> str:
    """A URL where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_no_server() -> None:
    """The message has the URL, and the command that starts a mock."""
    url = unused_url()

    with pytest.raises(Unreachable, match=f"no mock answers at {url}: .*`understudy serve`"):
        Client(url).health()


async def test_no_server_for_the_asynchronous_client() -> None:
    """The message is the same."""
    url = unused_url()

    with pytest.raises(Unreachable, match=f"no mock answers at {url}: .*`understudy serve`"):
        await AsyncClient(url).health()


def test_invalid_url() -> None:
    """A URL that httpx cannot parse is unreachable."""
    with pytest.raises(Unreachable, match=r"no mock answers at http://\[::1"):
        Client("http://[::1").health()


def test_late_answer() -> None:
    """The message says how long the client's timeout was."""

    def late(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("timed out", request=request)

    mock = Client("http://mock:1", transport=httpx.MockTransport(late), timeout=2.5)

    with pytest.raises(Unreachable, match=r"http://mock:1 did not answer within 2\.5 seconds"):
        mock.health()


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(404, text="<html>"),
        httpx.Response(302),
        httpx.Response(204),
        httpx.Response(200, json={"status": "ok"}),
        httpx.Response(200, json=[]),
        httpx.Response(500, json={"message": "oops"}),
    ],
    ids=["a page", "a redirect", "nothing", "too little", "a list", "another error"],
)
def test_answer_of_something_else(reply: httpx.Response) -> None:
    """The error for a reply that is not one of a mock names the request and the status."""
    mock = Client("http://other:1", transport=httpx.MockTransport(lambda _: reply))

    with pytest.raises(
        Unreadable, match=f"GET http://other:1/__admin/health .* {reply.status_code}"
    ):
        mock.health()


def test_unknown_field_is_ignored() -> None:
    """A newer mock may answer with more fields."""
    health = {
        "status": "ok",
        "name": "understudy",
        "version": "9",
        "vendors": [],
        "uptime_seconds": 1,
    }
    reply = httpx.Response(200, json={**health, "mood": "good"})

    assert Client(transport=httpx.MockTransport(lambda _: reply)).health().version == "9"


# --- with a live mock


@pytest.fixture
def mock(live: Live) -> Iterator[Client]:
    """A client in a session that no other test has."""
    with Client(live.url, session=f"client-{uuid4().hex}") as mock:
        yield mock
        mock.reset()


def call(mock: Client, method: str, path: str, body: Any = None) -> httpx.Response:
    """A request to Zexa in a client's session."""
    return httpx.request(method, f"{mock.url('zexa')}{path}", headers=KEY, json=body)


SALE = {
    "name": "Sale",
    "channel": "sms",
    "contact_list_id": "lst_abc123",
    "sender_id": "MYBRAND",
    "body": "Get 20% off.",
}


def test_server_is_described(mock: Client) -> None:
    """Health, the list of vendors and their descriptions have the same names."""
    names = [each.name for each in mock.vendors.list()]

    assert mock.health().vendors == tuple(names)
    assert [mock.vendors.get(name).name for name in names] == names


def test_clock_fires_what_falls_due(mock: Client) -> None:
    """A shift returns what fired on the way."""
    mock.clock.freeze()
    call(mock, "POST", "/v1/campaigns", SALE)
    (due,) = mock.clock.get().due

    moved = mock.clock.shift(days=1)

    assert moved.complete
    assert moved.fired[0] == due


def test_clock_is_moved_to_a_due_call(mock: Client) -> None:
    """An instant of the admin plane is exact."""
    mock.clock.freeze()
    call(mock, "POST", "/v1/campaigns", SALE)
    at = mock.clock.get().due[0].at

    moved = mock.clock.move_to(at)

    assert (moved.now, moved.fired[0].at) == (at, at)


def test_clock_runs_again(mock: Client) -> None:
    """A frozen clock can run on."""
    assert mock.clock.freeze().frozen
    assert not mock.clock.run().frozen


def test_clock_does_not_go_back(mock: Client) -> None:
    """The admin plane's refusal is raised."""
    with pytest.raises(AdminError, match="409: a clock only moves forward"):
        mock.clock.move_to("2020-01-01T00:00:00Z")


def test_resource_is_set_and_deleted(mock: Client) -> None:
    """The vendor answers with the resource that was set; a deleted one is gone."""
    stored = mock.resources.get(*BALANCE)

    mock.resources.set(*BALANCE, {**stored.resource, "credits": 12}, scope=stored.scope)
    shown = call(mock, "GET", "/v1/credits").json()
    mock.resources.delete(*BALANCE)

    assert shown["credits"] == 12
    with pytest.raises(AdminError, match='404: there is no "acct_acme"'):
        mock.resources.get(*BALANCE)


def test_resources_are_listed(mock: Client) -> None:
    """A collection's count is the total of its list, whatever the limit."""
    held = next(each for each in mock.resources.collections() if each.count > 1)

    page = mock.resources.list(held.vendor, held.collection, scope=held.scope, limit=1)

    assert (len(page), page.total) == (1, held.count)


def test_snapshot_is_restored(mock: Client) -> None:
    """A snapshot can be restored until it is deleted."""
    mock.snapshots.save("before")
    mock.resources.delete(*BALANCE)

    mock.snapshots.restore("before")

    assert mock.resources.get(*BALANCE).id == BALANCE[2]
    mock.snapshots.delete("before")
    assert mock.snapshots.list() == ()


def test_snapshot_is_copied_to_another_session(mock: Client) -> None:
    """A downloaded snapshot can be uploaded there."""
    mock.snapshots.save("mine")
    other = mock.session(f"client-{uuid4().hex}")

    other.snapshots.upload("theirs", mock.snapshots.download("mine"))

    assert other.snapshots.restore("theirs").resources == mock.sessions.get().resources


def test_fault_strikes_until_it_is_deleted(mock: Client) -> None:
    """It strikes inside the block, and not after it."""
    with mock.faults.during("status", vendor="zexa", status=503) as fault:
        inside = call(mock, "GET", "/v1/credits").status_code
        struck = mock.faults.get(fault.id).struck

    assert (inside, struck, call(mock, "GET", "/v1/credits").status_code) == (503, 1, 200)
    assert mock.faults.list() == ()


def test_fault_is_deleted_after_an_error(mock: Client) -> None:
    """An error in the block is raised, and leaves no fault behind."""
    with pytest.raises(ZeroDivisionError), mock.faults.during("reset"):
        _ = 1 / 0

    assert mock.faults.list() == ()


def test_fault_may_be_gone_already(mock: Client) -> None:
    """A reset in the block deletes the fault, too."""
    with mock.faults.during("reset"):
        mock.reset()

    assert mock.sessions.get().faults == 0


def test_fault_that_cannot_be_deleted_is_an_error() -> None:
    """Only a missing fault is ignored."""
    planned = documented_reply(httpx.Request("POST", "http://mock/__admin/faults"))
    problem = {"type": "about:blank", "title": "Forbidden", "status": 403, "detail": "no"}
    replies = iter([planned, httpx.Response(403, json=problem)])
    mock = Client(transport=httpx.MockTransport(lambda _: next(replies)))

    with pytest.raises(AdminError, match="403"), mock.faults.during("reset"):
        pass


def test_faults_are_planned_and_cleared(mock: Client) -> None:
    """They are listed in their order, and deleted one by one or all at once."""
    first, second, _ = (mock.faults.add("delay", delay=each) for each in (1, 2, 3))

    mock.faults.delete(first.id)

    assert mock.faults.list()[0] == second
    mock.faults.clear()
    assert mock.faults.list() == ()


def test_requests_are_found(mock: Client) -> None:
    """By request and by reply; the exchange has both bodies."""
    call(mock, "POST", "/v1/campaigns", SALE)
    call(mock, "POST", "/v1/campaigns", {**SALE, "sender_id": "NOBODY"})

    (found,) = mock.requests.find(operation="createCampaign", body={"/sender_id": "NOBODY"})

    assert found.request.json["name"] == "Sale"
    assert mock.requests.get(found.id) == found
    assert mock.requests.list(status="2xx", pointer="/name")[0].operation == "createCampaign"
    assert mock.requests.count(pointer="/name", value="Sale") == 2


def test_requests_are_found_since_an_instant(mock: Client) -> None:
    """Instants of the session's clock limit a search, as strings and as datetimes."""
    mock.clock.freeze()
    call(mock, "GET", "/v1/credits")
    begun = mock.clock.shift(seconds=1).now
    call(mock, "GET", "/v1/credits")

    assert mock.requests.count(since=begun) == 1
    assert mock.requests.count(until=begun.datetime) == 1
    assert len(mock.requests.find(after=mock.requests.list()[0].id)) == 1


def test_unmatched_request_is_listed(mock: Client) -> None:
    """It has its near misses with their differences."""
    call(mock, "GET", "/v1/campaing")

    (unmatched,) = mock.requests.unmatched()

    assert unmatched.nearest[0].operation == "listCampaigns"
    assert unmatched.nearest[0].differences[0].got == "campaing"


def test_journal_is_emptied(mock: Client) -> None:
    """The journal is empty afterwards; the coverage is kept."""
    call(mock, "GET", "/v1/credits")

    mock.requests.clear()

    assert mock.requests.list().total == 0
    assert sum(each.operations.exercised for each in mock.coverage()) == 1


def test_deliveries_are_shown_and_replayed(mock: Client) -> None:
    """A blocked delivery is kept with the reason, also when it is replayed."""
    hook = {"url": "https://example.com/hook", "events": ["campaign.sent"]}
    call(mock, "POST", "/v1/webhooks", hook)
    call(mock, "POST", "/v1/campaigns", SALE)
    mock.clock.shift(days=1)

    (delivery,) = mock.deliveries.list(vendor="zexa", state="blocked", limit=1)

    assert mock.deliveries.get(delivery.id) == delivery
    assert mock.deliveries.replay(delivery.id).state == "blocked"


def test_session_is_reset(mock: Client) -> None:
    """Afterwards the journal is empty."""
    call(mock, "GET", "/v1/credits")

    session = mock.reset()

    assert (session.name, session.requests) == (mock.send.target.session, 0)


def test_session_is_dropped(mock: Client) -> None:
    """It is listed until it is dropped; `get` does not create it again."""
    name = mock.reset().name
    assert name in {each.name for each in mock.sessions.list()}

    mock.sessions.drop()

    with pytest.raises(AdminError, match=f'404: there is no session "{name}"'):
        mock.sessions.get()


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda mock: mock.populate("sent", "nothing", 1), '404: there is no collection "nothing"'),
        (lambda mock: mock.populate("sent", "campaigns", 1, since="9000-01-01T00:00:00Z"), "409: "),
        (lambda mock: mock.fire("zexa", "campaigns", "cmp_none", "start"), '404: .*"cmp_none"'),
        (lambda mock: mock.fire("zexa", "campaigns", CAMPAIGN, "dance"), "409: cannot dance"),
        (lambda mock: mock.vendors.get("sentt"), "(?s)404: .*vendors: .*sent"),
        (lambda mock: mock.faults.add("status"), "(?s)422: .*body /status: .*needs one"),
        (lambda mock: mock.session("a b").reset(), '400: "a b" is not a session name'),
        (lambda mock: mock.requests.list(limit=0), "(?s)400: .*query limit: 0 is less than"),
    ],
)
def test_refusals_of_a_live_mock(
    mock: Client, action: Callable[[Client], Any], message: str
) -> None:
    """The error has the admin plane's own words."""
    with pytest.raises(AdminError, match=message):
        action(mock)


@pytest.fixture(scope="module")
def guarded() -> Iterator[Live]:
    """A server that requires a token."""
    yield from serve(Settings(clock=NOON, admin_token="t0", vendors=("zexa",)))


def test_token_opens_the_plane(guarded: Live) -> None:
    """With the token the client can do everything."""
    with Client(guarded.url, token="t0") as mock:
        assert mock.clock.get().frozen


def test_wrong_token_is_refused(guarded: Live) -> None:
    """Without the token, or with another one, only the health is answered."""
    for token in (None, "other"):
        with Client(guarded.url, token=token) as mock:
            assert mock.health().status == "ok"
            with pytest.raises(AdminError, match=r"401: .*token"):
                mock.clock.get()


def test_all_sessions_are_dropped(guarded: Live) -> None:
    """`clear` drops every session."""
    with Client(guarded.url, session="a", token="t0") as mock:
        mock.reset()

        mock.sessions.clear()

        assert "a" not in {each.name for each in mock.sessions.list()}


# --- with the mock in this process


@pytest.fixture
async def awaited(app: App) -> AsyncIterator[AsyncClient]:
    """An asynchronous client of the in-process mock, without a socket."""
    transport = httpx.ASGITransport(app)
    async with AsyncClient("http://mock", session="mine", transport=transport) as mock:
        yield mock


async def test_awaited_client_moves_the_clock(awaited: AsyncClient) -> None:
    """The clock is where it was moved to."""
    begun = (await awaited.clock.get()).now

    moved = await awaited.clock.shift(hours=1)

    assert moved.now.datetime - begun.datetime == timedelta(hours=1)


async def test_awaited_client_plans_a_fault(awaited: AsyncClient) -> None:
    """It is planned inside the block, and deleted after it."""
    async with awaited.faults.during("reset", vendor="sent") as fault:
        assert await awaited.faults.list() == (fault,)

    assert await awaited.faults.list() == ()


async def test_awaited_fault_may_be_gone_already(awaited: AsyncClient) -> None:
    """A reset in the block deletes the fault, too."""
    async with awaited.faults.during("reset"):
        await awaited.reset()

    assert (await awaited.sessions.get()).faults == 0


async def test_awaited_client_is_refused(awaited: AsyncClient) -> None:
    """Its errors are those of the other client."""
    with pytest.raises(AdminError, match='404: there is no session "nobody"'):
        await awaited.sessions.get("nobody")


async def test_awaited_sessions_are_separate(awaited: AsyncClient) -> None:
    """A resource that is set in one session is unchanged in the other."""
    other = awaited.session("other")
    stored = await awaited.resources.get(*BALANCE)

    await awaited.resources.set(*BALANCE, {**stored.resource, "credits": 1})

    assert (await other.resources.get(*BALANCE)) == stored
