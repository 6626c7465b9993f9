"""What of a document is declared, what of it a request exercises, and how that adds up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOON
from tests.coverage.exercises import (
    Json,
    coverage_of,
    exchange,
    operation,
    pointers,
    sent,
    service_of,
    used,
    values,
)
from understudy.core.fakes import Fakes
from understudy.core.json_pointer import escape_token
from understudy.core.settings import Settings
from understudy.coverage.coverage import Coverage
from understudy.coverage.declared import MAX_FIELDS, Share, Summary, declare
from understudy.engine.registry import open_service, open_services
from understudy.openapi.document import Operation
from understudy.openapi.example_generator import ExampleGenerator
from understudy.redaction.masks import REDACTED
from understudy.server.app import create_app
from understudy.session.deliveries import Delivery

TEXT: Json = {"type": "string"}


def an(**properties: Any) -> Json:
    """An object with these members."""
    return {"type": "object", "properties": properties}


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def parameter(name: str, where: str, **schema: Any) -> Json:
    required = {"required": True} if where == "path" else {}
    return {"name": name, "in": where, **required, "schema": schema or TEXT}


# What is declared


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (an(a=TEXT, b=an(c=TEXT), d=TEXT), ["/a", "/b", "/b/c", "/d"]),
        (an(a={"type": "array", "items": an(b=TEXT)}), ["/a", "/a/*/b"]),
        (an(a={"type": "array", "items": TEXT}), ["/a"]),
        (an(a={"items": {"items": an(b=TEXT)}}), ["/a", "/a/*/*/b"]),
        ({"type": "array", "items": an(a=TEXT)}, ["/*/a"]),
        (an(a=ref("Named")), ["/a", "/a/name"]),
        ({"allOf": [ref("Named"), an(b=TEXT)]}, ["/name", "/b"]),
        ({"oneOf": [ref("Named"), an(b=TEXT)]}, ["/name", "/b"]),
        ({"anyOf": [ref("Named"), an(name=an(b=TEXT))]}, ["/name", "/name/b"]),
        (an(a={"type": "object", "additionalProperties": True}), ["/a", "/a/*"]),
        (an(a={"additionalProperties": {}}), ["/a", "/a/*"]),
        (an(a={"additionalProperties": an(b=TEXT)}), ["/a", "/a/*", "/a/*/b"]),
        ({**an(a=TEXT), "additionalProperties": False}, ["/a"]),
        (an(a=an()), ["/a"]),
        (an(**{"a/b~c": TEXT}), ["/a~1b~0c"]),
        (an(a={**TEXT, "readOnly": True}, b=ref("Shown"), c=TEXT), ["/c"]),
        ({}, []),
        (TEXT, []),
    ],
)
def test_the_members_of_a_body_are_fields(schema: Json, expected: list[str]) -> None:
    """Every member that a request may carry is one, in the document's order."""
    coverage = coverage_of(schema, Named=an(name=TEXT), Shown={**TEXT, "readOnly": True})

    assert pointers(coverage) == expected


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (an(name=TEXT, parent=ref("Tree")), ["/name", "/parent"]),
        (an(name=TEXT, below={"type": "array", "items": ref("Tree")}), ["/name", "/below"]),
        (an(a=an(b=ref("Tree"))), ["/a", "/a/b"]),
        ({"allOf": [ref("Tree"), an(a=TEXT)]}, ["/a"]),
        ({"oneOf": [TEXT, {"items": ref("Tree")}]}, []),
        (an(a=ref("Twig"), b=ref("Twig")), ["/a", "/a/tree", "/b", "/b/tree"]),
    ],
)
def test_a_schema_within_itself_is_not_opened_again(tree: Json, expected: list[str]) -> None:
    """The walk ends, and a schema that stands twice side by side is opened twice."""
    coverage = coverage_of(ref("Tree"), Tree=tree, Twig=an(tree=ref("Tree")))

    assert pointers(coverage) == expected


def test_tangled_schemas_are_bounded() -> None:
    """Forty schemas that all hold each other are walked in no time, the upper levels whole."""
    names = [f"S{number}" for number in range(40)]
    schemas = {name: an(**{other: ref(other) for other in names}) for name in names}

    found = pointers(coverage_of(ref("S0"), **schemas))

    assert {"/S1", "/S39", "/S1/S2", "/S39/S38"} <= {*found}
    assert len(found) <= MAX_FIELDS + len(names)


def test_tangled_alternatives_are_bounded() -> None:
    """Forty schemas that are each one of the others, below one member, are walked in no time."""
    names = [f"S{number}" for number in range(40)]
    any_of_them = {"oneOf": [ref(name) for name in names]}

    schemas = {name: {**an(x=any_of_them), **any_of_them} for name in names}
    found = pointers(coverage_of(ref("S0"), **schemas))

    assert found[:2] == ["/x", "/x/x"]


def test_query_and_header_parameters_are_fields() -> None:
    """A path is always sent, and a cookie is never noted; neither is a field."""
    where = ("query", "header", "cookie")

    coverage = coverage_of(None, *(parameter(f"in-{each}", each) for each in where))

    assert pointers(coverage) == ["in-query", "in-header"]


def test_a_path_parameter_is_no_field() -> None:
    """It cannot be left out."""
    listed = declare(open_service("zexa").document).operations["getCampaign"]

    assert listed.operation.parameters and listed.fields == ()


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (an(a={"enum": ["x", "y"]}), {"/a": ["x", "y"]}),
        (an(a={"enum": ["x", None], "nullable": True}), {"/a": ["x"]}),
        (an(a={"type": "array", "items": {"enum": ["x"]}}), {"/a": ["x"]}),
        (an(a={"additionalProperties": {"enum": ["x"]}}), {"/a/*": ["x"]}),
        (an(a={"allOf": [ref("Kind")], "nullable": True}), {"/a": ["k"]}),
        (an(a={"oneOf": [ref("Kind"), {"enum": ["k", "l"]}]}), {"/a": ["k", "l"]}),
        (an(a={"enum": [1, True, 1.0, "1", {}, []]}), {"/a": [1, True, "1"]}),
        ({"enum": ["x"]}, {"": ["x"]}),
        ({"type": "array", "items": {"enum": ["x"]}}, {"/*": ["x"]}),
        (an(a=TEXT), {}),
    ],
)
def test_enum_values_stand_with_their_field(schema: Json, expected: Json) -> None:
    """Each simple value once, with the field that it fills; null says only that it may be empty."""
    assert values(coverage_of(schema, Kind={"enum": ["k"]})) == expected


def test_enum_values_of_parameters_count() -> None:
    """A parameter takes one of a list, or several."""
    several = {"type": "array", "items": ref("Kind")}

    coverage = coverage_of(
        None,
        parameter("one", "query", enum=["x"]),
        parameter("some", "query", **several),
        parameter("level", "header", allOf=[ref("Kind")]),
        Kind={"enum": ["k"]},
    )

    assert values(coverage) == {"one": ["x"], "some": ["k"], "level": ["k"]}


def members(value: Any, at: str = "") -> Iterator[str]:
    """Where the members of a document stand, `*` for an item of a list."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield f"{at}/{escape_token(name)}"
            yield from members(each, f"{at}/{escape_token(name)}")
    elif isinstance(value, list):
        for each in value:
            yield from members(each, f"{at}/*")


def takers() -> list[tuple[str, Operation]]:
    """Every operation of the real documents that takes a body."""
    services = open_services()
    return [
        (r.name, each) for r in services for each in r.document.operations.values() if each.body
    ]


@pytest.mark.parametrize(("vendor", "taker"), takers(), ids=lambda each: getattr(each, "id", each))
def test_every_member_of_an_invented_body_is_a_field(vendor: str, taker: Operation) -> None:
    """What another reading of a real document puts into a body was found by this one, too."""
    document = open_service(vendor).document
    maker, schema = ExampleGenerator(document, Fakes(1)), taker.body.schema if taker.body else {}
    found = {each.pointer for each in declare(document).operations[taker.id].fields}
    free = tuple(each.removesuffix("*") for each in found if each.endswith("/*"))

    made = {each for _ in range(5) for each in members(maker.make(schema))}

    assert {each for each in made if not each.startswith(free)} <= found


# What a request exercises


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"a": None}, ["/a"]),
        ({"a": {"b": 1}}, ["/a", "/a/b"]),
        ({"list": []}, ["/list"]),
        ({"list": [{}, {"c": 1}]}, ["/list", "/list/*/c"]),
        ({"map": {}}, ["/map"]),
        ({"map": {"any": 1}}, ["/map", "/map/*"]),
        ({"unknown": {"b": 1}}, []),
        ({"a": [{"b": 1}]}, ["/a"]),
        ([{"a": 1}], []),
        ("a", []),
    ],
)
def test_a_body_covers_the_fields_that_it_carries(body: Any, expected: list[str]) -> None:
    """What is sent is covered, whatever its value; what is unknown is nothing."""
    coverage = coverage_of(
        an(
            a=an(b=TEXT),
            list={"type": "array", "items": an(c=TEXT)},
            map={"type": "object", "additionalProperties": True},
        )
    )

    coverage.note(exchange(body, status=400))

    assert sent(coverage) == expected


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"a=1", b'{"a": NaN}'])
def test_a_body_that_is_not_json_covers_no_field(body: bytes) -> None:
    """The request still counts."""
    coverage = coverage_of(an(a=TEXT))

    coverage.note(exchange(body, status=400))

    assert sent(coverage) == []
    assert coverage.operations("toys")[0].calls == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("page=1", ["page"]),
        ("page=", ["page"]),
        ("Page=1", []),
        ("pa%67e=1&page=2&kind=x", ["page", "kind"]),
        ("__code=503", []),
    ],
)
def test_a_query_covers_its_parameters(query: str, expected: list[str]) -> None:
    """A parameter is covered by its name, be its value empty."""
    coverage = coverage_of(None, parameter("page", "query"), parameter("kind", "query"))

    coverage.note(exchange(query=query))

    assert sent(coverage) == expected


def test_a_header_covers_its_parameter() -> None:
    """Headers go by their names in lower case, as requests carry them."""
    coverage = coverage_of(None, parameter("X-Kind", "header"), parameter("X-Other", "header"))

    coverage.note(exchange(x_kind="any"))

    assert sent(coverage) == ["X-Kind"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"one": "x"}, ["x"]),
        ({"one": "X"}, []),
        ({"one": ["x"]}, []),
        ({"some": ["x", "z", "y"]}, ["x", "y"]),
        ({"some": "x"}, []),
        ({"number": 1}, [1]),
        ({"number": 1.0}, [1]),
        ({"number": True}, [True]),
        ({"number": "1"}, []),
        ({"number": None}, []),
    ],
)
def test_a_value_is_covered_where_it_may_stand(body: Json, expected: list[Any]) -> None:
    """Equal as JSON has it, and an item's value only in the list."""
    choice = {"enum": ["x", "y"]}
    coverage = coverage_of(
        an(one=choice, some={"type": "array", "items": choice}, number={"enum": [1, True]})
    )

    coverage.note(exchange(body))

    found = used(coverage)
    assert [(type(each), each) for each in found] == [(type(each), each) for each in expected]


@pytest.mark.parametrize(
    ("query", "expected"),
    [("level=2", [2]), ("level=3", []), ("kinds=x,y", []), ("kinds=x&kinds=y", ["x", "y"])],
)
def test_values_of_parameters_are_read_as_the_document_says(
    query: str, expected: list[Any]
) -> None:
    """A number is a number, and an item of a list is sent by itself."""
    kinds = {"type": "array", "items": {"enum": ["x", "y"]}}
    level = {"type": "integer", "enum": [1, 2]}
    coverage = coverage_of(
        None, parameter("level", "query", **level), parameter("kinds", "query", **kinds)
    )

    coverage.note(exchange(query=query))

    assert used(coverage) == expected


def test_statuses_are_counted_declared_or_not() -> None:
    """What is not declared is told apart, and a reply that nobody saw has no status."""
    coverage = coverage_of()

    for status in (201, 201, 418, 0):
        coverage.note(exchange(status=status))

    (exercised,) = coverage.operations("toys")
    assert exercised.statuses == {201: 2, 418: 1, 0: 1}
    assert exercised.calls == 4
    assert exercised.undeclared == [418]
    assert exercised.summary().responses == Share(1, 2)


@pytest.mark.parametrize(
    "stranger",
    [
        exchange(vendor="admin"),
        exchange(vendor=""),
        exchange(operation="breakToy", status=404),
        exchange(operation=None, status=404),
    ],
)
def test_a_request_that_reached_no_operation_counts_for_nothing(stranger: Any) -> None:
    """Unknown paths and the mock's own plane are no part of a vendor's document."""
    coverage = coverage_of()

    coverage(stranger)

    assert coverage.as_json() == {}
    assert coverage.unasked == ["toys"]


def test_a_delivery_is_no_request() -> None:
    """What the mock sends by itself is not what a test asked."""
    coverage = coverage_of()

    coverage(Delivery("1", "toys", "made", "http://127.0.0.1", b"{}", {}, 1.0, 0))

    assert coverage.as_json() == {}


def test_nothing_is_lost_once_everything_was_sent() -> None:
    """Calls are counted on when no field is left to cover."""
    coverage = coverage_of(an(a=TEXT))

    for _ in range(3):
        coverage.note(exchange({"a": 1}))

    assert coverage.percent == 75.0
    assert coverage.operations("toys")[0].calls == 3


# How it adds up


def test_every_point_has_the_same_weight() -> None:
    """An operation, a response, a field, a value: covered points over all points."""
    coverage = coverage_of(an(a={"enum": ["x", "y"]}, b=TEXT))

    coverage.note(exchange({"a": "x"}))

    assert coverage.summary("toys") == Summary(Share(1, 1), Share(1, 2), Share(1, 2), Share(1, 2))
    assert coverage.total.points == Share(4, 7)
    assert coverage.percent == 57.1


@pytest.mark.parametrize(
    ("exercised", "documented", "expected"),
    [(0, 0, 0.0), (0, 3, 0.0), (1, 3, 33.3), (2, 3, 66.6), (9_999, 10_000, 99.9), (3, 3, 100.0)],
)
def test_percentages_are_rounded_down(exercised: int, documented: int, expected: float) -> None:
    """Only everything is a hundred."""
    assert Share(exercised, documented).percent == expected


def two_vendors(count_unasked: bool = False) -> Coverage:
    services = [service_of(operation(), name=name) for name in ("asked", "quiet")]
    coverage = Coverage(services, count_unasked)
    coverage.note(exchange(vendor="asked"))
    return coverage


def test_vendors_that_nobody_asked_are_left_out() -> None:
    """They are named, but the total is that of the others."""
    coverage = two_vendors()

    assert (coverage.counted, coverage.unasked) == (["asked"], ["quiet"])
    assert coverage.total == coverage.summary("asked")


def test_vendors_that_nobody_asked_count_when_told_so() -> None:
    """Then all of their points are missing."""
    coverage = two_vendors(count_unasked=True)

    assert (coverage.counted, coverage.unasked) == (["asked", "quiet"], ["quiet"])
    assert coverage.total.points == Share(2, 6)


def test_without_a_request_nothing_is_covered() -> None:
    """No vendor counts, which is no success."""
    assert coverage_of().percent == 0.0


SCHEMA = an(a={"enum": ["x", "y"]}, b={"type": "array", "items": an(c=TEXT)})
SERVICES = [service_of(operation(SCHEMA), name=name) for name in ("toys", "games")]
bodies = st.fixed_dictionaries(
    {},
    optional={
        "a": st.sampled_from(["x", "y", "z"]),
        "b": st.lists(st.sampled_from([{}, {"c": 1}]), max_size=2),
    },
)
exchanges = st.lists(
    st.builds(
        exchange,
        bodies,
        vendor=st.sampled_from(["toys", "games", "other"]),
        status=st.sampled_from([201, 400, 418]),
    ),
    max_size=5,
)


def after(noted: list[Any]) -> Coverage:
    """A coverage that has met these exchanges."""
    coverage = Coverage(SERVICES)
    for each in noted:
        coverage(each)
    return coverage


def merged(*coverages: Coverage) -> Coverage:
    """All of them in one, in this order."""
    whole = Coverage(SERVICES)
    for each in coverages:
        whole.merge(each)
    return whole


@given(exchanges, exchanges, exchanges)
def test_merging_knows_no_order(first: list[Any], second: list[Any], third: list[Any]) -> None:
    """However the exchanges were spread over workers, the whole is as if one had met them all."""
    a, b, c = after(first), after(second), after(third)
    whole = after([*first, *second, *third]).as_json()

    assert merged(a, b, c).as_json() == merged(c, b, a).as_json() == whole
    assert merged(merged(a, b), c).as_json() == merged(a, merged(b, c)).as_json() == whole


@given(exchanges)
def test_a_coverage_survives_its_journey_as_json(noted: list[Any]) -> None:
    """What a worker sends is what the controller gets, and only plain JSON."""
    coverage = after(noted)

    arrived = Coverage.from_json(SERVICES, json.loads(json.dumps(coverage.as_json())))

    assert arrived.as_json() == coverage.as_json()
    assert arrived.total == coverage.total


def test_what_the_document_does_not_declare_is_dropped_on_arrival() -> None:
    """Points of another version of the document must not bend the numbers."""
    there = {"statuses": {"201": 1}, "points": ['["body","/gone"]', '["body","/a"]']}

    coverage = Coverage.from_json(SERVICES, {"toys": {"makeToy": there, "old": there}, "past": {}})

    known = {"statuses": {"201": 1}, "points": ['["body","/a"]']}
    assert coverage.as_json() == {"toys": {"makeToy": known}}


# With the real thing


async def test_an_app_fills_it_as_its_log() -> None:
    """Handed to `create_app`, it meets every request, refused ones and preferred ones too."""
    coverage = Coverage(open_services(["zexa"]))
    app = create_app(Settings(clock=NOON), coverage)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://m") as http:
        await http.get("/zexa/v1/campaigns?page=1")
        await http.get("/zexa/v1/nowhere")
        await http.get("/__admin/health")

    listed = coverage.as_json()["zexa"]
    assert listed == {"listCampaigns": {"statuses": {"401": 1}, "points": ['["query","page"]']}}


async def test_a_preferred_response_is_covered() -> None:
    """`Prefer` reaches what no rule answers."""
    coverage = Coverage(open_services(["sent"]))
    app = create_app(Settings(clock=NOON), coverage)
    headers = {"x-api-key": "sk_test_acme_admin", "prefer": "code=503"}

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://m") as http:
        await http.get("/sent/v3/profiles", headers=headers)

    assert coverage.as_json()["sent"]["listProfiles"]["statuses"] == {"503": 1}


async def test_a_secret_is_a_field_like_any_other() -> None:
    """Its value is gone from the exchange, but that it was sent is not."""
    coverage = Coverage(open_services(["tether"]))
    body = {"email": "a@example.com", "password": REDACTED}

    coverage.note(exchange(body, vendor="tether", operation="logIn"))

    points = coverage.as_json()["tether"]["logIn"]["points"]
    assert points == ['["body","/email"]', '["body","/password"]']
