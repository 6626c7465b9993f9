"""A scenario as its file says it: a title, and steps that call operations or have things happen.

title: From its creation to its report
account: acme                    of the seed world; its default account when left out
settings: {rate_limits: true}    where they are not the usual ones
values: {campaign_id: cmp_1}     for the path parameters that a step does not give, and for the
                                 query parameters without which `errors` would not get an answer
steps:
  - call: createCampaign
    example: documented          a documented request body; or `body:` with one; or `text:` with
                                 the bytes of one that is no JSON
    status: 201                  what must be answered
    shows: {/data/status: null}  what must stand at a pointer into the reply, or in a header of it
    keep: {campaign: /data/id}   a pointer into the reply, or the name of one of its headers
  - shift: PT5S
  - call: getCampaign
    path: {campaign_id: "${campaign}"}
    query: {page: 2}             a list stands for a parameter that is sent several times
    headers: {Idempotency-Key: order-1}
    account: other               or null, to send no credential
    status: 200
  - fire: approve                what no call brings about: an event of a lifecycle, as by hand
    of: campaigns
    id: "${campaign}"
  - errors: all                  each documented error of each operation, through `Prefer`; or a
                                 list of operations

A step's path, query, headers, body, text, shows and id may have `${name}` in their texts: what an
earlier step kept. The file's name, in kebab-case, is the scenario's.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from understudy.core.clock import parse_duration
from understudy.core.errors import StartError
from understudy.core.yaml_io import read_yaml
from understudy.engine.registry import data_folder, open_services
from understudy.openapi.document import Operation
from understudy.recording.model import dump_compact
from understudy.scenarios import validation
from understudy.scenarios.steps import Call, Fire, Scenario, Shift, Step
from understudy.scenarios.validation import Node, check_names, check_plain
from understudy.service.service import Service, make_redactor

KEBAB_CASE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# The members that a scenario has, and those that a call has.
SCENARIO_MEMBERS = ("title", "account", "settings", "values", "steps")
# At most one of them says what a request carries.
SAID = ("body", "example", "text")
CALL_MEMBERS = ("call", "account", "status", "path", "query", "headers", *SAID, "shows", "keep")


def scenario_files(vendor: str) -> list[Path]:
    """The files of a vendor's scenarios, sorted."""
    return sorted((data_folder("fixtures") / vendor / "scenarios").glob("*.yaml"))


def scenario_names(vendors: list[str]) -> list[str]:
    """Every scenario of these vendors, as `VENDOR/NAME`."""
    return [f"{vendor}/{file.stem}" for vendor in vendors for file in scenario_files(vendor)]


def find_scenario(name: str, vendors: list[str]) -> Scenario:
    """The scenario of this name, `VENDOR/NAME`.

    Raises:
        StartError: when there is none, or its file cannot be used.
    """
    vendor, _, _ = name.partition("/")
    names = scenario_names(vendors)
    if name not in names:
        close = difflib.get_close_matches(name, names, n=3) or scenario_names([vendor])[:3]
        nearest = f"nearest: {', '.join(close)}; " if close else ""
        raise StartError(f'there is no scenario "{name}"; {nearest}understudy record lists all')
    return read_scenario(vendor, scenario_files(vendor)[scenario_names([vendor]).index(name)])


def read_scenario(vendor: str, file: Path) -> Scenario:
    """The scenario in a file.

    Raises:
        StartError: names the file and the step that cannot be used.
    """
    (service,) = open_services([vendor])
    try:
        node = read_yaml(file.read_bytes())
        return Reader(service, node).scenario(file.stem)
    except OSError as error:
        raise StartError(f"{file}: cannot be read ({error.strerror})") from error
    except RecursionError as error:
        raise StartError(f"{file}: nests too deeply, or holds itself") from error
    except ValueError as error:
        raise StartError(f"{file}: {validation.join_names(error)}") from error


class Reader:
    """Reads a scenario from the members of its file; a ValueError says what is wrong."""

    def __init__(self, service: Service, node: Any) -> None:
        if not isinstance(node, dict) or not isinstance(node.get("steps"), list):
            raise ValueError("must be a mapping with a title and a list of steps")
        check_plain(node)
        check_names("the scenario", node, SCENARIO_MEMBERS)
        assert service.accounts is not None
        self._service = service
        self._node = node
        self._account: str | None = service.accounts.default.name
        self._account = self._read_account("the scenario", node)
        self._values = validation.mapping("the scenario", node, "values")

    def scenario(self, name: str) -> Scenario:
        """The scenario of this name."""
        if not KEBAB_CASE.fullmatch(name):
            raise ValueError("must be named in kebab-case, such as campaign-life.yaml")
        steps = [
            step
            for number, node in enumerate(self._node["steps"], 1)
            for step in self._steps(f"step {number}", node)
        ]
        if not steps:
            raise ValueError("has no steps; a scenario asks for something")
        title = validation.text("the scenario", self._node, "title")
        return Scenario(self._service, name, title, tuple(steps), validation.settings(self._node))

    def _steps(self, where: str, node: Any) -> list[Step]:
        kinds: dict[str, Callable[[str, Node], list[Step]]] = {
            "call": self._call,
            "shift": self._shift,
            "fire": self._fire,
            "errors": self._errors,
        }
        for kind, read in kinds.items():
            if isinstance(node, dict) and kind in node:
                return read(where, node)
        raise ValueError(f"{where} must be a mapping with one of {', '.join(kinds)}")

    def _shift(self, where: str, node: Node) -> list[Step]:
        check_names(where, node, ["shift"])
        try:
            return [Shift(where, parse_duration(str(node["shift"])))]
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error

    def _fire(self, where: str, node: Node) -> list[Step]:
        check_names(where, node, ["fire", "of", "id"])
        event, collection, id = (
            validation.text(where, node, each) for each in ("fire", "of", "id")
        )
        known = {
            f"{event} of {collection}"
            for collection, events in self._service.vendor.fires.items()
            for event in events
        }
        if f"{event} of {collection}" not in known:
            raise ValueError(_unknown(where, "event", f"{event} of {collection}", sorted(known)))
        return [Fire(where, event, collection, id)]

    def _call(self, where: str, node: Node) -> list[Step]:
        check_names(where, node, CALL_MEMBERS)
        operation = self._operation(where, node["call"])
        if len(node.keys() & set(SAID)) > 1:
            raise ValueError(f"{where} can have one of {', '.join(SAID)}; take the others out")
        return [
            Call(
                where,
                operation=operation,
                account=self._read_account(where, node),
                status=validation.status(where, node),
                path=self._path(where, operation, node),
                query=validation.query(where, node),
                headers=validation.headers(where, node),
                body=self._body(where, operation, node),
                text=validation.text(where, node, "text") if "text" in node else None,
                shows=validation.mapping(where, node, "shows"),
                keep=validation.keep(where, node),
            )
        ]

    def _read_account(self, where: str, node: Node) -> str | None:
        name = node.get("account", self._account)
        accounts = self._service.accounts
        known = [each.name for each in accounts.all] if accounts is not None else []
        if name is not None and name not in known:
            raise ValueError(_unknown(where, "account", name, known))
        return None if name is None else str(name)

    def _operation(self, where: str, id: Any) -> Operation:
        operations = self._service.document.operations
        if not isinstance(id, str) or id not in operations:
            raise ValueError(_unknown(where, "operation", id, operations))
        return operations[id]

    def _path(self, where: str, operation: Operation, node: Node) -> dict[str, str]:
        names = [each.name for each in operation.parameters if each.where == "path"]
        given = validation.mapping(where, node, "path")
        check_names(f"{where}: the path of {operation.id}", given, names)
        return self._filled_in(where, operation, "path", names, given)

    def _filled_in(
        self, where: str, operation: Operation, part: str, names: list[str], given: Node
    ) -> dict[str, str]:
        known = {**self._values, **given}
        missing = [name for name in names if name not in known]
        if missing:
            raise ValueError(f"{where}: {operation.id} needs {part}: {', '.join(missing)}")
        return {name: validation.told(where, f"{part}.{name}", known[name]) for name in names}

    def _body(self, where: str, operation: Operation, node: Node) -> Any:
        if "example" not in node:
            return node.get("body")
        examples = operation.body.examples if operation.body is not None else {}
        name = validation.text(where, node, "example")
        if name not in examples:
            what = f"request example of {operation.id}"
            raise ValueError(_unknown(where, what, name, examples))
        return examples[name]

    def _errors(self, where: str, node: Node) -> list[Step]:
        check_names(where, node, ["errors"])
        ids = node["errors"]
        if ids == "all":
            ids = list(self._service.document.operations)
        if not isinstance(ids, list):
            raise ValueError(f"{where}: errors must be all, or a list of operations")
        return [step for id in ids for step in self._errors_of(where, self._operation(where, id))]

    def _openest(self, examples: Iterable[Any]) -> Any:
        """The first example without a secret, else the first.

        A recording masks secrets, and who asks it again sends the mask, which may be refused.
        """

        def has_secret(example: Any) -> bool:
            sent = dump_compact(example)
            return make_redactor(self._service).body(sent) != sent

        return next(iter(sorted(examples, key=has_secret)), None)

    def _errors_of(self, where: str, operation: Operation) -> Iterator[Step]:
        """Each documented error, asked for with a request that is valid."""
        body = operation.body
        if body is not None and body.required and not body.examples:
            raise ValueError(f"{where}: {operation.id} has no request example; document one")
        example = self._openest(body.examples.values()) if body is not None else None
        demanded = [
            each.name for each in operation.parameters if each.where == "query" and each.required
        ]
        for response in operation.responses.values():
            for name in response.examples if response.status >= 400 else ():
                yield Call(
                    f"{where}, {name} of {operation.id}",
                    operation=operation,
                    account=self._account,
                    status=response.status,
                    path=self._path(where, operation, {}),
                    query=self._filled_in(where, operation, "query", demanded, {}),
                    headers={"Prefer": f"code={response.status}, example={name}"},
                    body=example,
                )


def _unknown(where: str, what: str, name: Any, known: Iterable[str]) -> str:
    there_are = ", ".join(known) or "none"
    return f"{where}: there is no {what} {validation.format_value(name)}; there are: {there_are}"
