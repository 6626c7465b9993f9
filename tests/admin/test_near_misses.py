"""Which operation a lost request was meant for: every operation of every vendor, gone wrong."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from understudy.admin.near_misses import Mismatch, NearMiss, find_near_misses, is_unmatched
from understudy.core.clock import Stopwatch
from understudy.core.errors import Diagnosis
from understudy.core.strict_json import write_json
from understudy.engine.registry import open_services
from understudy.openapi.document import Operation
from understudy.openapi.path_router import PathRouter
from understudy.service.service import Service
from understudy.session.journal import Exchange

SERVICES = open_services()
TREES = {service.name: PathRouter(service.document.operations.values()) for service in SERVICES}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ID = "665f1a0c0e0a4b001a2c9f10"
EVERY = [
    pytest.param(service, operation, id=f"{service.name}-{operation.id}")
    for service in SERVICES
    for operation in service.document.operations.values()
]


def path_of(operation: Operation) -> str:
    """A path that the operation answers."""
    return "/".join(ID if each.startswith("{") else each for each in operation.path.split("/"))


def body_of(operation: Operation) -> bytes:
    """A documented body, if the operation takes one."""
    if operation.body is None:
        return b""
    return write_json(next(iter(operation.body.examples.values()), {}))


def lost(
    vendor: str, method: str, path: str, body: bytes = b"", code: str = "unknown-path"
) -> Exchange:
    """A request that met no operation, as the journal keeps it."""
    return Exchange(
        id="1",
        session="default",
        vendor=vendor,
        method=method,
        path=path,
        query="",
        started=0,
        request_headers={"content-type": "text/plain"} if body else {},
        request_body=body,
        diagnoses=(Diagnosis(code, "path", "", ""),),
    )


def typos(word: str) -> Iterator[str]:
    """A word with one mistake: a letter lost, doubled, changed, two swapped, another case."""
    middle = len(word) // 2
    yield word[1:]
    yield word[:-1]
    yield word[:middle] + word[middle + 1 :]
    yield word[:middle] + word[middle] + word[middle:]
    yield word[:middle] + "x" + word[middle + 1 :]
    yield word[: middle - 1] + word[middle] + word[middle - 1] + word[middle + 1 :]
    yield word.capitalize()


def misspelt(service: Service, operation: Operation) -> Iterator[str]:
    """The operation's path with a mistake in one word, as far as that is no other's path."""
    words = path_of(operation).split("/")
    for at, word in enumerate(words):
        if word in ("", ID):
            continue
        for typo in typos(word):
            path = "/".join([*words[:at], typo, *words[at + 1 :]])
            met = TREES[service.name].match(path)
            if met is None or operation.method not in met[0].operations:
                yield path


def first(exchange: Exchange) -> tuple[str, str]:
    """The vendor and the operation that are named first."""
    candidate = find_near_misses(SERVICES, exchange)[0]
    return candidate.service.name, candidate.operation.id


@pytest.mark.parametrize(("service", "operation"), EVERY)
def test_a_typo_in_a_path_is_seen_through(service: Service, operation: Operation) -> None:
    """Whatever the mistake and the word, the operation is named first."""
    for path in misspelt(service, operation):
        exchange = lost(service.name, operation.method, path, body_of(operation))

        assert first(exchange) == (service.name, operation.id), path


@pytest.mark.parametrize(("service", "operation"), EVERY)
def test_a_typo_in_the_prefix_is_seen_through(service: Service, operation: Operation) -> None:
    """The vendor is recognised, and its operation is named first."""
    for typo in typos(service.name):
        exchange = lost("", operation.method, f"/{typo}{path_of(operation)}")

        assert first(exchange) == (service.name, operation.id), typo


@pytest.mark.parametrize(("service", "operation"), EVERY)
def test_a_missing_prefix_is_seen_through(service: Service, operation: Operation) -> None:
    """Named first; where two vendors have the very path, both are named, equally near."""
    path = path_of(operation)
    met = [tree.match(path) for tree in TREES.values()]
    twins = [each for each in met if each and operation.method in each[0].operations]

    found = find_near_misses(SERVICES, lost("", operation.method, path))

    equally = [each for each in found if each.distance == found[0].distance]
    named = [(each.service.name, each.operation.id) for each in equally]
    assert (service.name, operation.id) in named
    assert len(named) == len(twins)


@pytest.mark.parametrize("tail", ["/", "/extra"])
@pytest.mark.parametrize(("service", "operation"), EVERY)
def test_too_much_of_a_path_is_seen_through(
    service: Service, operation: Operation, tail: str
) -> None:
    """A slash or a word too many at the end."""
    path = path_of(operation) + tail
    if TREES[service.name].match(path) is None:
        exchange = lost(service.name, operation.method, path, body_of(operation))

        assert first(exchange) == (service.name, operation.id)


@pytest.mark.parametrize(("service", "operation"), EVERY)
def test_a_wrong_method_is_seen_through(service: Service, operation: Operation) -> None:
    """Of the path's operations the one is named first that takes such a body, or none.

    Where another takes the same (both none, or the body of one does for the other), both are named
    before all others.
    """
    path, body = path_of(operation), body_of(operation)
    met = TREES[service.name].match(path)
    assert met is not None
    for method in set(METHODS) - met[0].operations.keys():
        found = find_near_misses(
            SERVICES, lost(service.name, method, path, body, "method-not-allowed")
        )

        near = [each for each in found if each.distance <= found[0].distance + 0.02]
        assert operation.id in [each.operation.id for each in near], method
        assert {each.operation.path for each in near} == {operation.path}


@pytest.mark.parametrize(("service", "operation"), EVERY)
def test_a_wrong_content_type_is_seen_through(service: Service, operation: Operation) -> None:
    """The operation was met, so it is that one, whoever else has one of its name."""
    if operation.body is None:
        return
    exchange = lost(
        service.name, operation.method, path_of(operation), b"{}", "unsupported-media-type"
    )
    exchange.operation = operation.id

    found = find_near_misses(SERVICES, exchange)[0]

    expected = f"content-type: {', '.join(operation.body.media_types)}"
    assert (found.service.name, found.operation.id, found.distance) == (
        service.name,
        operation.id,
        0.0,
    )
    assert found.differences == (Mismatch("header", expected, "content-type: text/plain"),)


def only(vendor: str, method: str, path: str) -> NearMiss:
    """The nearest operation to a request without a body."""
    return find_near_misses(SERVICES, lost(vendor, method, path))[0]


@pytest.mark.parametrize(
    ("method", "path", "differences"),
    [
        ("GET", "/v1/campaings", [("path", "campaigns", "campaings")]),
        ("GET", "/v1/campaigns/", [("path", "", "")]),
        ("GET", "/campaigns", [("path", "v1", "")]),
        ("GET", "/v1/v1/campaigns", [("path", "", "v1")]),
        (
            "PUT",
            "/v1/campaing/7",
            [("path", "campaigns", "campaing"), ("method", "GET", "PUT")],
        ),
    ],
)
def test_every_difference_is_told(
    method: str, path: str, differences: list[tuple[str, str, str]]
) -> None:
    """In the order of the path; a value of a parameter is none."""
    found = only("zexa", method, path)

    told = [(each.where, each.expected, each.got) for each in found.differences]
    assert told == differences


def test_the_prefix_is_part_of_the_path() -> None:
    """A request that reached nobody differs in it."""
    found = only("", "GET", "/zxea/v1/credits")

    assert found.differences == (Mismatch("path", "zexa", "zxea"),)


def test_three_are_named_nearest_first() -> None:
    """And no more than were asked for."""
    exchange = lost("sent", "GET", "/v3/profile")

    found = find_near_misses(SERVICES, exchange)

    assert [each.distance for each in found] == sorted(each.distance for each in found)
    assert (len(found), len(find_near_misses(SERVICES, exchange, count=1))) == (3, 1)


def test_a_word_of_the_document_is_no_value() -> None:
    """`/campaigns/review` under another method is not a campaign named review."""
    exchange = lost("agentmessage", "GET", "/v1/campaigns/review", b"", "method-not-allowed")

    assert first(exchange) == ("agentmessage", "reviewCampaignDraft")


@pytest.mark.parametrize("body", [b"{", b"\xff", b"{}", b"[]", b"x" * 65_536])
def test_any_body_is_looked_at(body: bytes) -> None:
    """What is no JSON, or fits nothing, is still a body."""
    exchange = lost("zexa", "PUT", "/v1/contacts", body, "method-not-allowed")

    assert first(exchange) == ("zexa", "createContact")


@pytest.mark.parametrize(
    ("code", "unmatched"),
    [
        ("unknown-path", True),
        ("method-not-allowed", True),
        ("unsupported-media-type", True),
        ("not-found", False),
        ("required", False),
        ("missing-credential", False),
    ],
)
def test_what_is_unmatched(code: str, unmatched: bool) -> None:
    """What met no operation, or not in a way that it could have answered."""
    assert is_unmatched(lost("sent", "GET", "/", code=code)) is unmatched


def test_a_good_request_is_not_unmatched() -> None:
    """Nothing was wrong with it."""
    exchange = lost("sent", "GET", "/v3/profiles")
    exchange.diagnoses = ()

    assert not is_unmatched(exchange)


@pytest.mark.parametrize("path", ["", "/", "//", "/%00", "/x" * 10_000, "/" + "y" * 60_000])
def test_strange_paths_take_no_time(path: str) -> None:
    """Nobody means more than the beginning of such a path."""
    watch = Stopwatch()

    assert len(find_near_misses(SERVICES, lost("", "GET", path))) == 3
    assert watch.seconds() < 2


def test_paths_at_random_are_answered() -> None:
    """Whatever was sent, three operations are named."""
    draw = random.Random(7)
    for _ in range(50):
        path = "".join(draw.choices("/abcv13campaigns%{}", k=draw.randint(1, 40)))

        assert (
            len(find_near_misses(SERVICES, lost(draw.choice(["", "sent", "zexa"]), "GET", path)))
            == 3
        )
