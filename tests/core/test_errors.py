"""The tree of errors: statuses, codes, and what each error says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from understudy.core import errors
from understudy.core.errors import (
    ApiError,
    Diagnosis,
    Forbidden,
    IllegalTransition,
    MethodNotAllowed,
    NotFound,
    Refused,
    StartError,
    TooManyRequests,
)

BRANCH = re.compile(r"^((?:\|   |    )*)\+-- (\w+)(?: (\d{3}))?", re.MULTILINE)


def kinds(kind: type[ApiError] = ApiError) -> Iterator[type[ApiError]]:
    """Every error of the module below one."""
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from kinds(child)


def drawing() -> dict[str, tuple[str, int | None]]:
    """What the module's docstring draws: each error's parent and its own status."""
    drawn: dict[str, tuple[str, int | None]] = {}
    above = ["ApiError"]
    for indent, name, status in BRANCH.findall(errors.__doc__ or ""):
        depth = len(indent) // 4 + 1
        above[depth:] = [name]
        drawn[name] = (above[depth - 1], int(status) if status else None)
    return drawn


DRAWN = drawing()
WITH_STATUS = {name: status for name, (_, status) in DRAWN.items() if status is not None}


def test_the_docstring_draws_the_tree() -> None:
    """The drawing shows every error below its base class, and no other."""
    tree = {kind.__name__: kind.__bases__[0].__name__ for kind in kinds()}

    drawn = {name: parent for name, (parent, _) in DRAWN.items()}

    assert drawn == tree


@pytest.mark.parametrize(("name", "status"), WITH_STATUS.items())
def test_the_docstring_tells_the_status(name: str, status: int) -> None:
    """An error has the status that the drawing gives it, and so has every error below it."""
    kind: type[ApiError] = getattr(errors, name)

    statuses = {each.status for each in (kind, *kinds(kind))}

    assert statuses == {status}


def test_a_diagnosis_spells_where_as_in() -> None:
    """The JSON form calls the place `in`, as the conventions do."""
    diagnosis = Diagnosis("required", "body", "/name", "missing", "add it")

    members = diagnosis.as_json()

    assert members == {
        "code": "required",
        "in": "body",
        "pointer": "/name",
        "message": "missing",
        "hint": "add it",
    }


def test_an_error_diagnoses_itself() -> None:
    """Without diagnoses of its own an error becomes the one diagnosis."""
    error = Forbidden("the key may only read", hint="use another key")

    assert error.diagnoses == (
        Diagnosis("forbidden", "rule", "", "the key may only read", "use another key"),
    )


def test_an_error_keeps_the_diagnoses_it_is_given() -> None:
    """Diagnoses from any iterable replace the one that would be made."""
    found = [Diagnosis("type", "body", "/a", "no string"), Diagnosis("enum", "body", "/b", "no")]

    error = errors.InvalidBody("the body breaks the document", iter(found))

    assert error.diagnoses == tuple(found)
    assert str(error) == error.message == "the body breaks the document"


def test_not_found_names_kind_and_id() -> None:
    """A missing resource is named by its noun and id."""
    error = NotFound("campaign", "c-1")

    assert (error.kind, error.id) == ("campaign", "c-1")
    assert error.message == 'there is no campaign "c-1" for this caller'
    assert error.diagnoses[0].hint == "list the campaigns"


def test_method_not_allowed_lists_the_methods_in_order() -> None:
    """What would be allowed is listed in alphabetical order."""
    error = MethodNotAllowed("PUT", {"POST", "GET"})

    assert error.allowed == ["GET", "POST"]
    assert error.diagnoses[0].message == "PUT is not declared on this path"
    assert error.diagnoses[0].hint == "use GET, POST"


def test_too_many_requests_says_how_long_to_wait() -> None:
    """The seconds to wait stand in the error and in its hint."""
    error = TooManyRequests("the pool is used up", retry_after=7)

    assert error.retry_after == 7
    assert error.diagnoses[0].hint == "wait 7 s by the session's clock"


def test_a_refusal_is_coded_by_its_documented_example() -> None:
    """The rule's name is the name of the documented body that says no."""
    error = Refused("inherits-campaigns", "campaigns are inherited", hint="unset it", words="Nope")

    assert error.code == error.example == error.diagnoses[0].code == "inherits-campaigns"
    assert error.words == "Nope"
    assert error.diagnoses[0].hint == "unset it"


def test_a_refusal_leaves_the_class_as_it_was() -> None:
    """One refusal's code is not the next one's."""
    Refused("inherits-campaigns", "campaigns are inherited")

    assert Refused.code == ApiError.code == "error"


@pytest.mark.parametrize(
    ("allowed", "hint"),
    [
        (["send", "cancel"], "possible in this state: cancel, send"),
        ([], "possible in this state: nothing"),
    ],
)
def test_an_illegal_transition_tells_what_is_possible(allowed: list[str], hint: str) -> None:
    """The hint lists the state's own events, or says that there is none."""
    error = IllegalTransition("campaign", "pause", "draft", allowed)

    assert error.message == "cannot pause a campaign in state draft"
    assert (error.kind, error.event, error.state) == ("campaign", "pause", "draft")
    assert (error.allowed, error.diagnoses[0].hint) == (sorted(allowed), hint)


def test_a_start_error_is_no_reply() -> None:
    """What stops the start is never spelled as a vendor's answer."""
    assert not issubclass(StartError, ApiError)
