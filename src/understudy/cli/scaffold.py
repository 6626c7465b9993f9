"""The command `understudy new`: a vendor package with document, seed data and tests that pass."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from string import Template

import click

from understudy.core.errors import StartError

NAME = re.compile(r"[a-z][a-z0-9]{1,30}")

DOCUMENT = """\
openapi: 3.0.3
info:
  title: "$Title API"
  version: "1"
  description: What is covered, what is left out and why.
servers:
  - url: https://api.$name.example
security:
  - Bearer: []
tags:
  - name: things
    description: Replace them by what $Title has.
paths:
  /v1/things/{thing_id}:
    get:
      operationId: getThing
      summary: Get a thing
      tags: [things]
      x-fidelity: assumed
      x-source: "assumption: a first operation to replace"
      parameters:
        - name: thing_id
          in: path
          required: true
          schema:
            type: string
      responses:
        "200":
          description: The thing
          x-fidelity: assumed
          x-source: "assumption: a first operation to replace"
          content:
            application/json:
              schema: {$$ref: "#/components/schemas/Thing"}
              examples:
                success:
                  summary: A thing
                  value: {id: thing_1, name: First}
        "401": {$$ref: "#/components/responses/Unauthorized"}
        "404": {$$ref: "#/components/responses/NotFound"}
        "500": {$$ref: "#/components/responses/Internal"}
components:
  securitySchemes:
    Bearer:
      type: http
      scheme: bearer
  schemas:
    Thing:
      type: object
      additionalProperties: false
      required: [id, name]
      properties:
        id: {type: string}
        name: {type: string}
    Error:
      type: object
      additionalProperties: false
      required: [error]
      properties:
        error: {type: string}
  responses:
    Unauthorized:
      description: No key, or an unknown one
      x-fidelity: assumed
      x-source: "assumption: the usual status"
      content:
        application/json:
          schema: {$$ref: "#/components/schemas/Error"}
          examples:
            missing-key:
              description: "The request carries no key. To pass: send one of the seed world's."
              value: {error: authentication required}
            invalid-key:
              description: "The key was never issued. To pass: send one of the seed world's."
              value: {error: authentication failed}
    NotFound:
      description: No such thing
      x-fidelity: assumed
      x-source: "assumption: the usual status"
      content:
        application/json:
          schema: {$$ref: "#/components/schemas/Error"}
          examples:
            thing-not-found:
              description: "There is no such thing. To pass: use an id that exists."
              value: {error: thing not found}
    Internal:
      description: Something failed
      x-fidelity: assumed
      x-source: "assumption: the usual status"
      content:
        application/json:
          schema: {$$ref: "#/components/schemas/Error"}
          examples:
            internal:
              description: "The mock failed. To pass: see its log; the request was not wrong."
              value: {error: internal error}
"""

SEED = """\
{
  "default_account": "acme",
  "accounts": [
    {
      "name": "acme",
      "credential": "${name}_test_acme",
      "note": "The one account so far.",
      "customer": "acme"
    }
  ],
  "resources": {
    "things": {
      "acme": [
        {"id": "thing_1", "name": "First"}
      ]
    }
  }
}
"""

INIT = '''\
"""$Title: what the package covers."""

from understudy.service import Vendor, checks
from understudy.vendors.$name import events, handlers, rules, serializers

VENDOR = Vendor(
    name="$name",
    title="$Title",
    hosts=("api.$name.example",),
    collections={"things": "thing"},
    handlers=handlers,
    # The order in which $Title looks at a request: what comes first decides the answer.
    checks=(rules.identify_customer, checks.parameters, checks.body),
    spell=serializers.error,
    finish=serializers.finish,
    actions=events.ACTIONS,
    first_request="/v1/things/thing_1",
)
'''

HANDLERS = '''\
"""$Title's operations: one sentence each."""

from __future__ import annotations

from understudy.service import Call, Reply


async def get_thing(call: Call, thing_id: str) -> Reply:
    return Reply(200, await call.things.get(thing_id, call.customer))
'''

RULES = '''\
"""$Title's rules: who may, what moves, what is refused."""

from __future__ import annotations

from understudy.service import Call


async def identify_customer(call: Call) -> None:
    """The account behind the key is whom the request acts for."""
    assert call.account is not None
    call.customer = call.account["customer"]
'''

SERIALIZERS = '''\
"""$Title's shapes: resources, errors, reply headers."""

from __future__ import annotations

from understudy.core.errors import ApiError, Internal, MissingCredential, UnknownCredential
from understudy.service import Call, Reply, choose_example

# Which documented body says what went wrong.
EXAMPLES: dict[type[ApiError], str] = {
    MissingCredential: "missing-key",
    UnknownCredential: "invalid-key",
    Internal: "internal",
    ApiError: "internal",
}


def error(call: Call, error: ApiError) -> Reply:
    """An error as $Title spells it: the documented body of the error's name."""
    name = choose_example(error, EXAMPLES)
    found = call.routed.example(name) if call.routed is not None else None
    if found is not None:
        return Reply(found[0].status, found[1])
    return Reply(error.status, {"error": error.message})


def finish(call: Call, reply: Reply) -> None:
    """Add the headers that every reply of $Title carries."""
'''

EVENTS = '''\
"""What $Title does by itself: due calls and webhooks."""

from __future__ import annotations

from understudy.service import Action

ACTIONS: dict[str, Action] = {}
'''

TEST = '''\
"""$Title: its documented answers and its rules."""

from __future__ import annotations

import httpx
import pytest

KEY = {"authorization": "Bearer ${name}_test_acme"}


async def test_thing_of_the_seed_world_is_found(client: httpx.AsyncClient) -> None:
    """A resource is shown as it was seeded."""
    response = await client.get("/$name/v1/things/thing_1", headers=KEY)

    assert response.json() == {"id": "thing_1", "name": "First"}


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/$name/v1/things/thing_1", {}, 401),
        ("/$name/v1/things/thing_2", KEY, 404),
        ("/$name/v1/nothing", KEY, 404),
    ],
)
async def test_refusals(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], status: int
) -> None:
    """What is wrong is answered with the documented status."""
    response = await client.get(path, headers=headers)

    assert response.status_code == status
    assert "error" in response.json()
'''

FUZZ = """\
# What Schemathesis must know of $Title's seed world. Nothing here switches a check off.

[cache]
enabled = false

[auth.openapi.Bearer]
bearer = "${name}_test_acme"

[dictionaries.things]
values = ["thing_1"]

[parameters]
"path.thing_id" = { dictionary = "things", probability = 0.8 }
"""

TEMPLATES: Mapping[str, str] = {
    "specs/$name.yaml": DOCUMENT,
    "fixtures/$name/seed.json": SEED,
    "src/understudy/vendors/$name/__init__.py": INIT,
    "src/understudy/vendors/$name/handlers.py": HANDLERS,
    "src/understudy/vendors/$name/rules.py": RULES,
    "src/understudy/vendors/$name/serializers.py": SERIALIZERS,
    "src/understudy/vendors/$name/events.py": EVENTS,
    "tests/vendors/test_$name.py": TEST,
    "tests/contract/$name.toml": FUZZ,
}


def write_vendor_package(name: str, checkout: Path) -> list[Path]:
    """Write an empty vendor package of this name into a checkout of the project.

    Returns:
        The files written, in the order in which to look at them.

    Raises:
        StartError: for a bad name, a file that already exists, or a folder that is not a checkout.
    """
    if not NAME.fullmatch(name):
        raise StartError(f'"{name}" is not a name for a vendor: use lower-case letters and digits')
    if not (checkout / "src" / "understudy" / "vendors").is_dir():
        raise StartError(f"{checkout} is not a checkout of understudy; change to one")
    words = {"name": name, "Title": name.capitalize()}
    files = {checkout / Template(path).substitute(words): text for path, text in TEMPLATES.items()}
    for file in files:
        if file.exists():
            raise StartError(f"{file.relative_to(checkout)} already exists; choose another name")
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(Template(text).substitute(words))
    return list(files)


@click.command()
@click.argument("name")
def new(name: str) -> None:
    """Write an empty vendor package into a checkout.

    NAME names the vendor; the checkout is the current folder.
    """
    checkout = Path.cwd()
    for file in write_vendor_package(name, checkout):
        click.echo(f"wrote {file.relative_to(checkout)}")
    click.echo("next: describe the vendor in the document, then write its rules and handlers")
