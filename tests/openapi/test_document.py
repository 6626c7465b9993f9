"""A document, read once: its operations, bodies, examples; and why one cannot be served."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from understudy.core.errors import StartError
from understudy.openapi.document import (
    Document,
    Node,
    Operation,
    read_document,
    read_source,
    snake_case,
)

FINE: Node = {"200": {"description": "Fine"}}
STRING: Node = {"application/json": {"schema": {"type": "string"}}}


def document(path: str = "/a", shared: Node | None = None, **operation: Any) -> Document:
    """A document with one GET; `shared` stands beside its paths."""
    node = {"operationId": "getA", "responses": FINE, **operation}
    return Document("toy", {"paths": {path: {"get": node}}, **(shared or {})})


def only(document: Document) -> Operation:
    """The one operation of a document."""
    [operation] = document.operations.values()
    return operation


def answered(**responses: Node) -> Operation:
    """An operation with these responses: `_200={...}`."""
    return only(document(responses={status[1:]: node for status, node in responses.items()}))


def bodies(*names: str) -> Node:
    """A response with an example of each name, whose value is the name."""
    examples = {name: {"value": name} for name in names}
    return {"description": "", "content": {"application/json": {"examples": examples}}}


def test_a_document_names_itself() -> None:
    """Title, version and origin are those of the document."""
    info = {"title": "Toys", "version": 1}

    toys = Document("toy", {"info": info, "servers": [{"url": "https://toy.test"}]})

    assert (toys.name, toys.title, toys.version) == ("toy", "Toys", "1")
    assert (toys.origin, dict(toys.operations)) == ("https://toy.test", {})


@pytest.mark.parametrize("raw", [{}, {"servers": []}])
def test_a_document_need_not_have_an_origin(raw: Node) -> None:
    """Without servers there is no origin to show."""
    assert Document("toy", raw).origin == ""


def test_an_operation_is_read_as_documented() -> None:
    """Its id, method, path and words are the document's."""
    marks: Node = {"x-fidelity": "documented", "x-source": "docs"}

    operation = only(document("/a/{b}", summary="Get it", **marks))

    assert (operation.id, operation.method, operation.path) == ("getA", "GET", "/a/{b}")
    assert (operation.summary, operation.fidelity, operation.source) == (
        "Get it",
        "documented",
        "docs",
    )


def test_what_is_not_marked_is_assumed() -> None:
    """Without marks an operation and its responses are assumptions without a source."""
    operation = only(document())

    assert (operation.fidelity, operation.source, operation.summary) == ("assumed", "", "")
    assert (operation.success.fidelity, operation.success.source) == ("assumed", "")


def test_every_method_is_an_operation() -> None:
    """The members of a path that are no methods are not read as operations."""
    names = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]
    item = {name: {"operationId": name, "responses": FINE} for name in names}

    read = Document("toy", {"paths": {"/a": {"summary": "A", **item}}})

    assert sorted(each.method for each in read.operations.values()) == sorted(
        name.upper() for name in names
    )


def test_the_handler_has_the_name_in_snake_case() -> None:
    """An operationId binds to a Python name."""
    assert only(document(operationId="createCampaign")).handler_name == "create_campaign"


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("get", "get"),
        ("profileId", "profile_id"),
        ("getHTTPStatus", "get_http_status"),
        ("listV3Campaigns", "list_v3_campaigns"),
        ("APIKey", "api_key"),
        ("already_snake", "already_snake"),
    ],
)
def test_snake_case(name: str, snake: str) -> None:
    """Words begin at capitals; an abbreviation is one word."""
    assert snake_case(name) == snake


def test_parameters_of_the_path_come_first() -> None:
    """An operation has the parameters of its path and its own."""
    shared = [{"name": "b", "in": "path", "required": True, "schema": {"type": "string"}}]
    own = [{"name": "Size", "in": "header", "schema": {"type": "integer"}}]
    node = {"operationId": "getA", "responses": FINE, "parameters": own}

    operation = only(Document("toy", {"paths": {"/a/{b}": {"parameters": shared, "get": node}}}))

    assert [(each.name, each.where, each.required) for each in operation.parameters] == [
        ("b", "path", True),
        ("Size", "header", False),
    ]


def test_a_parameter_may_stand_elsewhere() -> None:
    """A parameter and its schema may be references."""
    declared = {"name": "size", "in": "query", "schema": {"$ref": "#/components/schemas/Size"}}
    shared = {"schemas": {"Size": {"type": "integer"}}, "parameters": {"Size": declared}}
    size = [{"$ref": "#/components/parameters/Size"}]

    [parameter] = only(document(shared={"components": shared}, parameters=size)).parameters

    assert (parameter.name, parameter.read("7")) == ("size", 7)


def test_the_items_of_a_parameter_may_stand_elsewhere() -> None:
    """A list's items are read by the type that their reference means."""
    schema = {"type": "array", "items": {"$ref": "#/components/schemas/Size"}}
    sizes = [{"name": "sizes", "in": "query", "schema": schema}]
    shared = {"schemas": {"Size": {"type": "integer"}}}

    [parameter] = only(document(shared={"components": shared}, parameters=sizes)).parameters

    assert parameter.read(["1", "2"]) == [1, 2]
    assert parameter.validator.accepts([1, 2])


def test_a_parameter_without_a_schema_takes_any_text() -> None:
    """Nothing declared, nothing refused."""
    [parameter] = only(document(parameters=[{"name": "a", "in": "query"}])).parameters

    assert parameter.validator.accepts(parameter.read(["anything"]))


def test_an_operation_need_not_take_a_body() -> None:
    """Without a requestBody there is none."""
    assert only(document()).body is None


def test_a_body_is_read_as_documented() -> None:
    """Whether it is required, its media types, its schema and its examples are the document's."""
    media = {"schema": {"type": "string"}, "examples": {"hi": {"value": "Hi"}}}

    body = only(
        document(requestBody={"required": True, "content": {"Application/JSON": media}})
    ).body

    assert body is not None
    assert (body.required, body.media_types, body.examples) == (
        True,
        ("application/json",),
        {"hi": "Hi"},
    )
    assert body.validator.accepts("Hi")
    assert not body.validator.accepts(1)


def test_a_body_is_optional_unless_required() -> None:
    """`required` is false by default."""
    body = only(document(requestBody={"content": STRING})).body

    assert body is not None
    assert not body.required


def test_a_body_is_json_when_it_may_be() -> None:
    """Of several media types JSON's schema is the one that is held against a body."""
    content = {"text/plain": {"schema": {"type": "integer"}}, **STRING}

    body = only(document(requestBody={"content": content})).body

    assert body is not None
    assert body.media_types == ("text/plain", "application/json")
    assert body.schema == {"type": "string"}


def test_a_body_may_stand_elsewhere() -> None:
    """A request body may be a reference."""
    shared = {"components": {"requestBodies": {"A": {"content": STRING}}}}

    operation = only(document(shared=shared, requestBody={"$ref": "#/components/requestBodies/A"}))

    assert operation.body is not None
    assert operation.body.schema == {"type": "string"}


def test_a_body_without_a_schema_may_be_anything() -> None:
    """A media type alone refuses no document."""
    body = only(document(requestBody={"content": {"application/json": {}}})).body

    assert body is not None
    assert body.validator.accepts({"a": [None]})


def test_a_response_is_read_as_documented() -> None:
    """Its words, marks, media type and schema are the document's."""
    declared = {"description": "Made", "content": STRING, "x-fidelity": "inferred", "x-source": "s"}

    response = answered(_201=declared).responses[201]

    assert (response.status, response.description) == (201, "Made")
    assert (response.fidelity, response.source) == ("inferred", "s")
    assert (response.media_type, response.schema) == ("application/json", {"type": "string"})


def test_a_response_need_not_have_a_body() -> None:
    """Without content there is nothing to hold a body against."""
    response = answered(_204={"description": "Gone"}).responses[204]

    assert (response.media_type, response.schema, response.validator) == (None, None, None)
    assert (response.examples, response.diagnose("anything")) == ({}, [])


def test_a_response_tells_every_fault_of_a_body() -> None:
    """A body is fine, or each fault is told of the response."""
    schema = {"type": "array", "items": {"type": "string"}}
    content = {"application/json": {"schema": schema}}
    response = answered(_200={"description": "", "content": content}).success

    faults = response.diagnose([1, "a", 2])

    assert response.diagnose(["a"]) == []
    assert [(fault.where, fault.pointer) for fault in faults] == [
        ("response", "/0"),
        ("response", "/2"),
    ]


def test_a_response_may_stand_elsewhere() -> None:
    """A reference is followed, through another one, and with escaped names."""
    components = {
        "responses": {
            "A": {"$ref": "#/components/responses/b~1c~0d"},
            "b/c~d": {"description": "B"},
        }
    }
    responses = {"200": {"$ref": "#/components/responses/A"}}

    operation = only(document(shared={"components": components}, responses=responses))

    assert operation.success.description == "B"


def test_responses_are_in_order() -> None:
    """Statuses count up, whatever the document's order and spelling."""
    responses = {"404": {"description": ""}, 200: {"description": ""}, "201": {"description": ""}}

    operation = only(document(responses=responses))

    assert list(operation.responses) == [200, 201, 404]


def test_success_is_the_lowest_2xx() -> None:
    """What a static reply shows is the first success, not the first response."""
    empty = {"description": ""}

    operation = answered(_100=empty, _202=empty, _201=empty, _400=empty)

    assert operation.success.status == 201


def test_examples_are_in_the_order_of_the_document() -> None:
    """The first one shown is the first one written."""
    assert list(answered(_200=bodies("b", "a", "c")).success.examples) == ["b", "a", "c"]


def test_an_example_may_stand_elsewhere() -> None:
    """A named example may be a reference."""
    media = {"application/json": {"examples": {"hi": {"$ref": "#/components/examples/Hi"}}}}
    shared = {"components": {"examples": {"Hi": {"value": "Hi"}}}}

    operation = only(document(shared=shared, responses={"200": {"content": media}}))

    assert operation.success.examples == {"hi": "Hi"}


@pytest.mark.parametrize("value", ["Hi", None, 0, {}])
def test_a_nameless_example_is_the_default(value: Any) -> None:
    """`example` is an example, too, whatever its value."""
    response = answered(_200={"content": {"application/json": {"example": value}}}).success

    assert response.examples == {"default": value}


def test_an_example_is_looked_for_in_the_success_first() -> None:
    """A name that stands twice means the success's example, else the lowest status's."""
    operation = answered(
        _100=bodies("twice"), _400=bodies("low"), _201=bodies("twice"), _409=bodies("low")
    )

    twice, low = operation.example("twice"), operation.example("low")

    assert twice is not None
    assert low is not None
    assert (twice[0].status, twice[1]) == (201, "twice")
    assert (low[0].status, low[1]) == (400, "low")


def test_an_unknown_example_is_none() -> None:
    """A name that no response has is not there."""
    assert answered(_200=bodies("a")).example("b") is None


def test_reply_headers_are_those_of_all_responses() -> None:
    """Every header that some response declares is listed once, references included."""
    shared: Node = {"components": {"responses": {"No": {"headers": {"X-B": {}, "X-A": {}}}}}}
    responses = {"200": {"headers": {"X-A": {}}}, "404": {"$ref": "#/components/responses/No"}}

    read = document(shared=shared, responses=responses)

    assert read.reply_headers == {"X-A", "X-B"}


REFERENCE = [{"$ref": "#/components/parameters/No"}]
CIRCLE = {
    "components": {
        "parameters": {
            "No": {"$ref": "#/components/parameters/Yes"},
            "Yes": {"$ref": "#/components/parameters/No"},
        }
    }
}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"operationId": "getA", "responses": {"200": {}, "default": {}}},
            'GET /a declares "default"; name each status by number',
        ),
        (
            {"responses": {"2XX": {}}},
            'GET /a declares "2XX"; name each status by number',
        ),
        (
            {"responses": {"404": {}}},
            "GET /a declares no 2xx response; declare what success is",
        ),
        (
            {"responses": {}},
            "GET /a declares no 2xx response; declare what success is",
        ),
        (
            {"requestBody": {"content": {}}},
            "the body of getA has no media type; declare one",
        ),
        (
            {"path": "/a/{b}.json"},
            '/a/{b}.json: "{b}.json" is a parameter in part; make it one as a whole',
        ),
        (
            {"path": "/a/x{b}"},
            '/a/x{b}: "x{b}" is a parameter in part; make it one as a whole',
        ),
        (
            {"path": "/a/{}"},
            '/a/{}: "{}" is a parameter in part; make it one as a whole',
        ),
        (
            {"parameters": REFERENCE},
            '$ref "#/components/parameters/No" points nowhere; declare its target or correct it',
        ),
        (
            {"parameters": REFERENCE, "shared": {"components": {"parameters": []}}},
            '$ref "#/components/parameters/No" points nowhere; declare its target or correct it',
        ),
        (
            {"parameters": [{"$ref": "other.yaml#/No"}]},
            '$ref "other.yaml#/No" points nowhere; declare its target or correct it',
        ),
        (
            {"parameters": REFERENCE, "shared": CIRCLE},
            '$ref "#/components/parameters/No" leads back to itself; break the circle',
        ),
    ],
)
def test_a_document_that_cannot_be_served_says_why(change: dict[str, Any], sentence: str) -> None:
    """The sentence names the file, the place, and what to do."""
    with pytest.raises(StartError, match=f"^{re.escape(f'specs/toy.yaml: {sentence}')}$"):
        document(**change)


def test_an_operation_needs_an_id() -> None:
    """An operation without operationId binds to nothing."""
    with pytest.raises(StartError, match=r"toy.yaml: POST /a has no operationId; give it one in"):
        Document("toy", {"paths": {"/a": {"post": {"responses": FINE}}}})


def test_an_operation_id_stands_once() -> None:
    """Two operations with one id are refused."""
    node = {"operationId": "getA", "responses": FINE}

    with pytest.raises(StartError, match=r'operationId "getA" is used twice; rename one$'):
        Document("toy", {"paths": {"/a": {"get": node, "put": node}}})


HEAD = "openapi: 3.0.3\ninfo: {title: Toys, version: '1'}\n"
PATHS = """
paths:
  /a:
    get:
      operationId: getA
      responses:
        '200': {description: Fine, content: {application/json: {example: 2026-03-11T12:00:00Z}}}
"""


def written(folder: Path, text: str | bytes) -> Path:
    """A file called toy.yaml with this text."""
    path = folder / "toy.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_document_is_read_from_a_file(tmp_path: Path) -> None:
    """A file gives the document under the vendor's name."""
    read = read_document("toy", written(tmp_path, HEAD + PATHS))

    assert (read.name, read.title, list(read.operations)) == ("toy", "Toys", ["getA"])


def test_times_are_left_as_text(tmp_path: Path) -> None:
    """What looks like a time in YAML is the text that the document shows."""
    read = read_document("toy", written(tmp_path, HEAD + PATHS))

    assert only(read).success.examples == {"default": "2026-03-11T12:00:00Z"}


def test_the_source_is_what_the_file_has(tmp_path: Path) -> None:
    """The members are read without being understood."""
    path = written(tmp_path, HEAD + "paths: 7\n")

    assert read_source(path)["paths"] == 7


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [", r"is not YAML: .*line \d+, column \d+"),
        ("a: b: c", "is not YAML: "),
        (b"\xff\xfe\xff", "is not YAML: "),
        ("!!python/object:os.system {}", "is not YAML: could not determine a constructor"),
        ("a: !!int x", "is not YAML: invalid literal for int"),
        ("a: " + "[" * 50_000, "is not YAML: it nests deeper than 200 levels$"),
        ("a: &a [*a]", "is not YAML: what begins at line 1, column 4 refers to itself$"),
        ("", "is not an OpenAPI 3.0 document; its first key must be openapi$"),
        ("- openapi: 3.0.3", "is not an OpenAPI 3.0 document; "),
        ("swagger: '2.0'", "is not an OpenAPI 3.0 document; "),
        ("openapi: 3.1.0", "is OpenAPI 3.1.0; only 3.0.x is read, so convert it$"),
        ("openapi: 3.0", "is OpenAPI 3.0; only 3.0.x is read, so convert it$"),
    ],
)
def test_a_file_that_is_no_document_says_why(
    tmp_path: Path, text: str | bytes, sentence: str
) -> None:
    """The sentence begins with the file and fits on one line."""
    path = written(tmp_path, text)

    with pytest.raises(StartError, match=f"^{re.escape(str(path))}: {sentence}") as caught:
        read_document("toy", path)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str) -> None:
    """A missing file and a folder are no documents."""
    with pytest.raises(StartError, match=r"cannot be read \((No such file|Is a directory)"):
        read_document("toy", tmp_path / name)


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (
            PATHS.replace("responses", "parameters: [{in: query}]\n      responses"),
            "KeyError: 'name'",
        ),
        ("paths: {/a: {get: 7}}", "TypeError: "),
        ("paths: none", "AttributeError: "),
        ("components: {schemas: {A: {exclusiveMinimum: true}}}", "KeyError: 'minimum'"),
    ],
)
def test_a_broken_document_says_where_to_look(tmp_path: Path, rest: str, reason: str) -> None:
    """Whatever else is wrong ends with the command that explains it."""
    path = written(tmp_path, HEAD + rest)

    with pytest.raises(StartError) as caught:
        read_document("toy", path)

    assert str(caught.value).startswith(f"{path}: is broken ({reason}")
    assert str(caught.value).endswith(f"; run: understudy lint {path}")


def test_a_schema_that_is_none_says_where_to_look(tmp_path: Path) -> None:
    """A request body whose schema cannot be compiled stops the start."""
    document = PATHS.replace(
        "responses:",
        "requestBody: {content: {application/json: {schema: {type: strnig}}}}\n      responses:",
    )

    with pytest.raises(StartError, match=r"is broken \(ValidationError: .*strnig.*; run: under"):
        read_document("toy", written(tmp_path, HEAD + document))


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (
            {"parameters": [{"name": "a", "in": "query", "style": "deepObject", "schema": {}}]},
            "#/paths/~1a/get/parameters/0: a: style deepObject is not read in a query",
        ),
        (
            {"parameters": [{"$ref": "#/components/parameters/Filter"}]},
            "#/components/parameters/Filter: filter: objects and nested arrays are not read",
        ),
        (
            {"requestBody": {"content": {"multipart/form-data": {}, "text/csv": {}}}},
            "#/paths/~1a/get/requestBody: a body is read as JSON only, not as multipart/form-data, "
            "text/csv; declare a JSON one",
        ),
        (
            {"requestBody": {"$ref": "#/components/requestBodies/Form"}},
            "#/components/requestBodies/Form: a body is read as JSON only",
        ),
        ({"security": [{"Nobody": []}]}, 'getA demands "Nobody", which is no security scheme'),
    ],
)
def test_what_would_be_served_wrongly_is_refused(operation: Node, message: str) -> None:
    """The reason names the document, the place in it, and what to do."""
    components = {
        "parameters": {"Filter": {"name": "filter", "in": "query", "schema": {"type": "object"}}},
        "requestBodies": {"Form": {"content": {"application/x-www-form-urlencoded": {}}}},
    }

    with pytest.raises(StartError) as caught:
        document(shared={"components": components}, **operation)

    assert str(caught.value).startswith(f"specs/toy.yaml: {message}")


def test_a_scheme_that_cannot_be_read_is_refused() -> None:
    """It is named by its pointer."""
    schemes = {"Sign/ed": {"type": "http", "scheme": "digest"}}

    with pytest.raises(StartError, match=r"#/components/securitySchemes/Sign~1ed: http digest is"):
        document(shared={"components": {"securitySchemes": schemes}})


def test_a_parameter_of_an_operation_stands_in_for_its_paths() -> None:
    """The one of the same name and place; others of the path are kept."""
    shared = [
        {"name": "a", "in": "query", "required": True},
        {"name": "a", "in": "header"},
    ]
    node = {"operationId": "getA", "responses": FINE, "parameters": [{"name": "a", "in": "query"}]}

    [operation] = Document(
        "toy", {"paths": {"/a": {"parameters": shared, "get": node}}}
    ).operations.values()

    assert [(each.where, each.required) for each in operation.parameters] == [
        ("query", False),
        ("header", False),
    ]


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        ({"text/html": {}, "application/json": {}}, "application/json"),
        ({"*/*": {}}, "application/json"),
        ({"application/hal+json": {}, "text/plain": {}}, "application/hal+json"),
        ({"application/json; charset=utf-8": {}}, "application/json; charset=utf-8"),
        ({"text/csv": {}}, "text/csv"),
    ],
)
def test_a_reply_is_json_where_that_is_declared(content: Node, media_type: str) -> None:
    """A range stands for JSON; the media type is as the document writes it."""
    operation = answered(_200={"description": "", "content": content})

    assert operation.responses[200].media_type == media_type
