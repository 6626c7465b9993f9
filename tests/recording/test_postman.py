"""Newman, Postman's own runner from npm, runs collections against a live mock."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.calling import request_example
from tests.conftest import Live, serve
from tests.recording.npm import installed
from tests.recording.recordings import FROZEN, VENDORS, credential, exchange, made_of, take
from tests.tools import needs
from understudy.engine.registry import open_service
from understudy.recording.formats import postman
from understudy.recording.model import Recording

# What the takes say in members that recordings hide.
SECRETS = {
    "sent": {
        "sent_card_number": "4111111111111111",
        "sent_expiry": "09/27",
        "sent_cvc": "123",
        "sent_access_token": "EAAxxxxxxxxxxxxxxx",
    },
    "tether": {
        "tether_password": request_example(
            open_service("tether").document.operations["logIn"], "documented"
        )["password"]
    },
}
HIDDEN = (("Authorization", "Bearer [redacted]"),)


@pytest.fixture(scope="module")
def frozen() -> Iterator[Live]:
    """A live mock at the time of the takes."""
    yield from serve(FROZEN)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed("postman", tmp_path_factory.mktemp("postman"))


def run(folder: Path, recording: Recording, variables: dict[str, str]) -> list[Any]:
    """What Newman reports of each request of a recording's collection."""
    (folder / "collection.json").write_bytes(postman.write(recording))
    chosen = [f"--env-var={name}={value}" for name, value in variables.items()]
    report = ["--reporters=json", "--reporter-json-export=report.json"]
    command = ["node_modules/.bin/newman", "run", "collection.json", *report, *chosen]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    executions: list[Any] = json.loads((folder / "report.json").read_bytes())["run"]["executions"]
    return executions


@needs("node", "npm")
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_collection_runs_once_its_variables_are_filled_in(
    folder: Path, frozen: Live, vendor: str
) -> None:
    """Every request meets its operation and gets the recorded status; none is malformed."""
    recording, session = take(vendor), f"newman-{vendor}"
    variables = {
        f"{vendor}_url": f"{frozen.url}/@{session}/{vendor}",
        f"{vendor}_credential": credential(vendor),
        **SECRETS.get(vendor, {}),
    }

    executions = run(folder, recording, variables)

    statuses = [each.response.status for each in recording.exchanges]
    assert [each["response"]["code"] for each in executions] == statuses
    asked = [
        (each.method, each.path, each.query, each.operation, each.request_body)
        for each in frozen.app.session(session).journal
    ]
    assert asked == [
        (sent.method, sent.path, sent.query, each.operation, sent.body)
        for each in recording.exchanges
        for sent in [each.request]
    ]


def collection(recording: Recording) -> Any:
    return json.loads(postman.write(recording))


def variables_of(written: Any) -> dict[str, str]:
    return {each["key"]: each["value"] for each in written["variable"]}


def test_it_says_what_it_is() -> None:
    """Name and schema of version 2.1.0."""
    info = collection(take("zexa"))["info"]

    assert info["name"] == "the-take"
    assert info["schema"].endswith("/v2.1.0/collection.json")


def test_each_exchange_is_a_request_with_its_saved_example() -> None:
    """Named after operation and status."""
    items = collection(take("zexa"))["item"]

    first = next(each for each in items if each["name"].startswith("createCampaign"))

    (example,) = first["response"]
    assert first["name"] == example["name"] == "createCampaign 201"
    assert (example["code"], example["status"]) == (201, "Created")
    assert example["originalRequest"] == first["request"]
    assert json.loads(example["body"])["status"] == "processing"


def test_vendors_are_folders_when_there_are_several() -> None:
    """One vendor needs none."""
    written = collection(take("sent", "zexa"))

    assert [each["name"] for each in written["item"]] == ["sent", "zexa"]
    assert {"sent_url", "sent_credential", "zexa_url", "zexa_credential"} <= set(
        variables_of(written)
    )


def test_the_address_is_a_variable_that_holds_the_origin() -> None:
    """A base path stays in the path."""
    origins = {"": "http://127.0.0.1:4010/zexa"}

    written = collection(made_of(exchange(url="https://a.b/v1/x?y=1&z")).move_to_origins(origins))

    assert variables_of(written) == {"zexa_url": "http://127.0.0.1:4010"}
    assert written["item"][0]["request"]["url"] == {
        "raw": "{{zexa_url}}/zexa/v1/x?y=1&z",
        "host": ["{{zexa_url}}"],
        "path": ["zexa", "v1", "x"],
        "query": [{"key": "y", "value": "1"}, {"key": "z", "value": None}],
    }


def test_a_hidden_credential_is_a_variable_to_be_filled_in() -> None:
    """The scheme stays; Postman adds no credential of its own."""
    written = collection(made_of(exchange(headers=HIDDEN)))

    request = written["item"][0]["request"]
    assert request["header"] == [{"key": "Authorization", "value": "Bearer {{zexa_credential}}"}]
    assert request["auth"] == {"type": "noauth"}
    assert variables_of(written)["zexa_credential"] == ""


def test_several_accounts_are_several_variables() -> None:
    """One for each account that asked."""
    accounts = [exchange(headers=HIDDEN, account=each) for each in ("acme", "globex", "acme")]

    assert list(variables_of(collection(made_of(*accounts)))) == [
        "zexa_url",
        "zexa_credential_acme",
        "zexa_credential_globex",
    ]


def test_a_refused_credential_needs_not_be_filled_in() -> None:
    """Any wrong one will do."""
    written = collection(made_of(exchange(headers=HIDDEN, status=401)))

    assert variables_of(written)["zexa_refused_credential"] == "refused"


def test_one_vendor_at_two_origins_has_two_variables() -> None:
    """As in a recording of which nobody said whose it is."""
    exchanges = [exchange(url=f"https://{each}.example/x", vendor="") for each in ("a", "b")]

    assert variables_of(collection(made_of(*exchanges))) == {
        "url": "https://a.example",
        "url-2": "https://b.example",
    }


def test_a_hidden_member_of_a_body_is_a_variable_to_be_filled_in() -> None:
    """It is named after the member."""
    met = exchange("POST", asked=b'{"user": "me", "password": "[redacted acme]"}')

    written = collection(made_of(met))

    assert written["item"][0]["request"]["body"]["raw"] == (
        '{"user": "me", "password": "{{zexa_password}}"}'
    )
    assert variables_of(written)["zexa_password"] == ""


def test_bodies_are_coloured_by_their_kind() -> None:
    """JSON, HTML, text; what is not text is not there."""
    html = (("content-type", "text/html; charset=utf-8"),)
    exchanges = [
        exchange(),
        exchange(answered=b"<p>", answer_headers=html),
        exchange("POST", asked=b"\xff", answered=b"\xff", answer_headers=()),
    ]

    items = collection(made_of(*exchanges))["item"]

    languages = [each["response"][0]["_postman_previewlanguage"] for each in items]
    assert languages == ["json", "html", "text"]
    assert "body" not in items[2]["request"]
    assert "body" not in items[2]["response"][0]


def test_a_colon_does_not_make_a_variable_of_a_segment() -> None:
    """Postman reads `:id` as a parameter of the path."""
    written = collection(made_of(exchange(url="https://api.zexa.ao/v1/:id")))

    assert written["item"][0]["request"]["url"]["path"] == ["v1", "%3Aid"]


def test_the_same_recording_is_the_same_file() -> None:
    """Its id derives from its content."""
    assert postman.write(take("sent")) == postman.write(take("sent"))
    assert collection(take("sent"))["info"] != collection(take("zexa"))["info"]
