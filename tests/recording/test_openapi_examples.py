"""Recorded examples are pasted into the vendors' documents, which then pass every check."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.recording.recordings import VENDORS, exchange, made_of, take
from understudy.core.errors import Diagnosis
from understudy.engine.registry import data_folder, open_service
from understudy.openapi.document import Document, read_source
from understudy.openapi.lint import lint_file
from understudy.recording.formats import openapi_examples
from understudy.recording.model import Recording

CREDITS = open_service("zexa").document.operations["getCredits"].success.examples


def text_of(recording: Recording) -> str:
    """The one file of a recording."""
    written = openapi_examples.write(recording)
    assert isinstance(written, bytes)
    return written.decode()


def paths_of(recording: Recording) -> Any:
    return yaml.safe_load(text_of(recording))["paths"]


def comments_of(recording: Recording) -> list[str]:
    return [line for line in text_of(recording).splitlines() if line.startswith("#")]


def pasted(vendor: str, paths: Any) -> dict[str, Any]:
    """A vendor's document with examples in it, as a person would paste them."""
    raw = copy.deepcopy(read_source(data_folder("specs") / f"{vendor}.yaml"))
    document = Document(vendor, raw)
    for path, methods in paths.items():
        for method, sides in methods.items():
            operation = raw["paths"][path][method]
            if "requestBody" in sides:
                operation["requestBody"] = whole(document, operation["requestBody"])
                paste(document, operation["requestBody"], sides["requestBody"])
            for status, response in sides.get("responses", {}).items():
                operation["responses"][status] = whole(document, operation["responses"][status])
                paste(document, operation["responses"][status], response)
    return raw


def whole(document: Document, node: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(document.resolve(node))


def paste(document: Document, node: dict[str, Any], sheet: Any) -> None:
    for media_type, content in sheet["content"].items():
        examples = node["content"][media_type].setdefault("examples", {})
        assert not examples.keys() & content["examples"].keys()
        examples.update(content["examples"])


def names(tree: Any) -> list[str]:
    """Every name that an example got."""
    if not isinstance(tree, Mapping):
        return []
    return [
        name
        for key, value in tree.items()
        for name in (list(value) if key == "examples" else names(value))
    ]


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_document_is_faultless_with_the_examples_in_it(vendor: str, tmp_path: Path) -> None:
    """`understudy lint` has no finding: every example satisfies its schema and explains itself."""
    paths = paths_of(take(vendor))
    file = tmp_path / f"{vendor}.yaml"
    file.write_text(yaml.safe_dump(pasted(vendor, paths), sort_keys=False), encoding="utf-8")

    assert list(lint_file(file)) == []
    assert len(names(paths)) >= 8


@pytest.mark.parametrize("vendor", VENDORS)
def test_hardly_anything_of_a_take_is_left_out(vendor: str) -> None:
    """But a request that met no operation, masked card numbers, a masked signing secret."""
    expected = 0 if vendor == "tether" else 1

    left_out = [line for line in comments_of(take(vendor)) if "Left out" in line]

    assert len(left_out) == expected


def test_an_example_stands_at_its_operation_and_status() -> None:
    """Below the path template, with its time in the summary."""
    campaigns = paths_of(take("zexa"))["/v1/campaigns/{campaign_id}"]["get"]

    examples = campaigns["responses"]["200"]["content"]["application/json"]["examples"]
    assert list(examples) == ["the-take", "the-take-2"]
    assert examples["the-take"]["summary"].endswith(", recorded at 2026-03-11T12:00:00Z")
    statuses = [each["value"]["status"] for each in examples.values()]
    assert statuses[0] == "processing" != statuses[1]


def test_what_a_mask_makes_invalid_is_left_out() -> None:
    """A signing secret has a pattern, and no value of a seed world takes its place."""
    assert "/v1/webhooks" not in paths_of(take("agentmessage"))


def test_a_mask_stays_where_the_schema_takes_any_text() -> None:
    """Nothing is invented without need."""
    log_in = paths_of(take("tether"))["/api/auth/login"]["post"]["responses"]["200"]

    (example,) = log_in["content"]["application/json"]["examples"].values()

    assert example["value"]["token"].startswith("[redacted")


def test_a_recording_that_names_no_operation_is_placed_by_its_paths() -> None:
    """As those that come from a browser or a proxy."""
    recording = take("zexa")
    nameless = replace(
        recording, exchanges=tuple(replace(each, operation=None) for each in recording.exchanges)
    )

    assert openapi_examples.write(nameless) == openapi_examples.write(recording)


def test_an_error_says_what_the_rule_is() -> None:
    """As `understudy explain` wants it; from what was diagnosed."""
    refused = Diagnosis("required", "body", "/body", '"body" is missing', "add the member")
    answer = {"error": "validation_error", "message": "No", "details": None, "request_id": "req_1"}
    url = "https://api.zexa.ao/v1/campaigns"
    met = exchange("POST", url, b"{}", json.dumps(answer).encode(), 422, diagnoses=(refused,))

    responses = paths_of(made_of(met))["/v1/campaigns"]["post"]["responses"]

    (example,) = responses["422"]["content"]["application/json"]["examples"].values()
    assert example["description"] == '"body" is missing. To pass: add the member.'


def test_what_the_document_does_not_have_is_counted() -> None:
    """Unknown paths, undeclared statuses and bodies that no schema accepts."""
    recording = made_of(
        exchange(url="https://api.zexa.ao/v1/nowhere", status=404),
        exchange(status=418),
        exchange(answered=b'{"credits":"many"}'),
        exchange(answered=b'{"credits":"few"}'),
    )

    assert paths_of(recording) == {}
    assert comments_of(recording) == [
        '# Examples of vendor "zexa" from the recording "made-up".',
        "# Left out: 1 x exchanges that met no operation of the document.",
        "# Left out: 1 x what the document does not declare.",
        "# Left out: 2 x what the document's schemas do not accept.",
    ]


def test_what_the_document_shows_already_is_not_repeated() -> None:
    """A documented body that was asked for, whatever the order of its members."""
    (documented, *_) = CREDITS.values()
    answered = json.dumps(dict(reversed(documented.items()))).encode()

    assert paths_of(made_of(exchange(answered=answered))) == {}


def test_an_unknown_vendor_has_its_paths_as_they_were_asked() -> None:
    """And everything that they answered."""
    met = exchange("POST", "https://a.example/x/1?y=2", b'{"a": 1}', b"fine", vendor="", status=201)

    post = paths_of(made_of(met))["/x/1"]["post"]

    about = {"summary": "POST /x/1?y=2"}
    kind = "application/json"
    asked = {"made-up": {**about, "value": {"a": 1}}}
    answered = {"made-up": {**about, "value": "fine"}}
    assert post["requestBody"]["content"][kind]["examples"] == asked
    assert post["responses"]["201"]["content"][kind]["examples"] == answered


def test_a_refused_request_is_no_example_of_one() -> None:
    """Only its answer is shown."""
    met = exchange("POST", "https://a.example/x", b'{"a": 1}', status=400, vendor="")

    assert list(paths_of(made_of(met))["/x"]["post"]) == ["responses"]


def test_several_vendors_are_a_file_each() -> None:
    """Named after them; a vendor's name cannot leave the folder."""
    strange = exchange(vendor="../../etc/passwd")

    written = openapi_examples.write(made_of(exchange(), strange, exchange(vendor="")))

    assert isinstance(written, Mapping)
    assert list(written) == ["zexa.yaml", "etc-passwd.yaml", "other.yaml"]


def test_text_that_looks_like_something_else_stays_text() -> None:
    """Whichever version of YAML reads it."""
    value = [
        "12e5",
        "0o17",
        "1_000",
        "y",
        "No",
        "~",
        "2026-03-11",
        "+244923",
        "",
        "é ☂ \x85 \u2028",
    ]
    met = exchange(answered=json.dumps(value).encode(), vendor="")

    text = text_of(made_of(met))

    get = yaml.safe_load(text)["paths"]["/v1/credits"]["get"]
    (example,) = get["responses"]["200"]["content"]["application/json"]["examples"].values()
    assert example["value"] == value
    assert "'12e5'" in text and "'y'" in text


def test_an_empty_recording_is_a_file_without_paths() -> None:
    """Nothing to paste."""
    assert paths_of(made_of()) == {}


def test_the_same_recording_is_the_same_file() -> None:
    """Nothing in it depends on the run."""
    assert openapi_examples.write(take("sent")) == openapi_examples.write(take("sent"))
