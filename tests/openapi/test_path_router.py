"""The tree of path templates: which documented path a request's path is."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.openapi.document import Document
from understudy.openapi.path_router import PathRouter


def tree(*paths: str) -> PathRouter:
    """The tree of a document with these paths, each with a GET."""
    node = {"responses": {"200": {"description": "Fine"}}}
    items = {path: {"get": {**node, "operationId": f"get{path}"}} for path in paths}
    return PathRouter(Document("toy", {"paths": items}).operations.values())


def matched(tree: PathRouter, path: str) -> tuple[str, dict[str, str]] | None:
    """The template and the values of a path."""
    found = tree.match(path)
    return None if found is None else (found[0].path, dict(found[1]))


@pytest.mark.parametrize(
    "path", ["/", "/v3", "/v3/profiles", "/v3/profiles/", "/a//b", "/v3/me.json", "/a b"]
)
def test_a_path_without_parameters_is_itself(path: str) -> None:
    """A literal path matches its own text, slashes at its end and in its middle included."""
    assert matched(tree(path), quote(path)) == (path, {})


@pytest.mark.parametrize(
    "path",
    [
        "",
        "*",
        "/",
        "/v3",
        "/v3/",
        "/v3/profiles/",
        "/v3/profiles/1/2",
        "/V3/profiles",
        "v3/profiles",
    ],
)
def test_another_path_is_nothing(path: str) -> None:
    """Shorter, longer and differently spelled paths are not documented."""
    assert tree("/v3/profiles", "/v3/profiles/{id}").match(path) is None


def test_parameters_have_their_values() -> None:
    """Each name of the template has the value of its segment."""
    found = matched(
        tree("/v3/profiles/{profileId}/campaigns/{campaignId}"), "/v3/profiles/p/campaigns/c"
    )

    assert found is not None
    assert found[1] == {"profileId": "p", "campaignId": "c"}


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_any_text_may_be_a_value(values: list[str]) -> None:
    """A value comes back as it was encoded, slashes and line ends included."""
    names = [f"p{number}" for number in range(len(values))]
    template = "/v1/" + "/of/".join(f"{{{name}}}" for name in names)

    found = matched(tree(template), "/v1/" + "/of/".join(quote(value, "") for value in values))

    assert found == (template, dict(zip(names, values, strict=True)))


@given(st.text(alphabet="/ab%{}.", max_size=12))
def test_no_path_is_too_strange(path: str) -> None:
    """Whatever is asked for, the answer is a template with a value for each name, or nothing."""
    found = tree("/", "/a", "/a/", "/{x}", "/{x}/b", "/a/{y}/", "/{x}/{y}/{z}").match(path)

    assert found is None or set(found[1]) == set(found[0].names)


@pytest.mark.parametrize("path", ["/v3/profiles/", "/v3/profiles//campaigns"])
def test_an_empty_segment_is_no_value(path: str) -> None:
    """A parameter needs a text."""
    assert tree("/v3/profiles/{id}", "/v3/profiles/{id}/campaigns").match(path) is None


def test_a_slash_at_the_end_is_a_path_of_its_own() -> None:
    """A documented path that ends in a slash is neither the one without nor one with a value."""
    paths = tree("/a", "/a/", "/a/{x}")

    assert [matched(paths, path) for path in ("/a", "/a/", "/a/b")] == [
        ("/a", {}),
        ("/a/", {}),
        ("/a/{x}", {"x": "b"}),
    ]


def test_a_literal_segment_wins() -> None:
    """What stands in the document literally is no value."""
    paths = tree("/profiles/{id}", "/profiles/me")

    assert matched(paths, "/profiles/me") == ("/profiles/me", {})
    assert matched(paths, "/profiles/you") == ("/profiles/{id}", {"id": "you"})


def test_a_literal_segment_that_leads_nowhere_is_a_value() -> None:
    """When the literal branch has no such path, the parameter's branch is tried."""
    paths = tree("/profiles/me/keys", "/profiles/{id}/campaigns")

    assert matched(paths, "/profiles/me/campaigns") == ("/profiles/{id}/campaigns", {"id": "me"})


def test_a_literal_segment_may_be_encoded() -> None:
    """Percent-encoding does not make another path."""
    assert matched(tree("/profiles/me"), "/%70rofiles/m%65") == ("/profiles/me", {})


def test_an_encoded_slash_separates_nothing() -> None:
    """Segments are split before they are decoded."""
    paths = tree("/a/b", "/{x}")

    assert matched(paths, "/a%2Fb") == ("/{x}", {"x": "a/b"})


@pytest.mark.parametrize("text", ["{x}", "{}", "%7Bx%7D"])
def test_a_template_is_no_path(text: str) -> None:
    """A request that spells the template's braces gives them as a value."""
    found = matched(tree("/a/{x}"), f"/a/{text}")

    assert found == ("/a/{x}", {"x": text.replace("%7B", "{").replace("%7D", "}")})


def test_the_methods_of_a_path_stand_together() -> None:
    """A template knows all its operations by method."""
    node = {"responses": {"200": {"description": "Fine"}}}
    item = {"get": {**node, "operationId": "get"}, "post": {**node, "operationId": "add"}}
    operations = Document("toy", {"paths": {"/a/{x}": item}}).operations

    found = PathRouter(operations.values()).match("/a/1")

    assert found is not None
    assert found[0].operations == {"GET": operations["get"], "POST": operations["add"]}


def test_an_empty_document_has_no_path() -> None:
    """Without operations nothing matches, not even the root."""
    assert tree().match("/") is None
