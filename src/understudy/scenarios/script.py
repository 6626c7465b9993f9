"""A scenario as its file says it: a title, and steps that call operations or move the clock.

title: From its creation to its report
account: acme                    of the seed world; its default account when left out
settings: {rate_limits: true}    where they are not the usual ones
values: {campaign_id: cmp_1}     for the path parameters that a step does not give
steps:
  - call: createCampaign
    example: documented          a documented request body; or `body:` with one
    status: 201                  what must be answered
    keep: {campaign: /data/id}   a pointer into the reply, or the name of one of its headers
  - shift: PT5S
  - call: getCampaign
    path: {campaign_id: "${campaign}"}
    query: {page: 2}
    headers: {Idempotency-Key: order-1}
    account: other               or null, to send no credential
    status: 200
  - errors: all                  each documented error of each operation, through `Prefer`
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from understudy.clock import duration
from understudy.contract import Operation
from understudy.errors import StartError
from understudy.rooms import data_folder, open_room
from understudy.vendor import Room

REFERENCE = re.compile(r"\$\{([A-Za-z0-9_-]+)\}")
Node = Mapping[str, Any]
DEFAULT = "(the scenario's)"


@dataclass(frozen=True)
class Call:
    """One request.

    Attributes:
        account: whose credential is sent; None for none.
        status: what must be answered.
        keep: name -> a JSON pointer into the reply's body, or the name of one of its headers.
    """

    operation: Operation
    account: str | None
    status: int
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    keep: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shift:
    """The clock moves forward, by nanoseconds."""

    nanoseconds: int


Step = Call | Shift


@dataclass(frozen=True)
class Scenario:
    """A vendor's scenario.

    Attributes:
        name: in kebab-case; `VENDOR/NAME` names it on the command line.
    """

    room: Room
    name: str
    title: str
    steps: tuple[Step, ...]
    settings: Node = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        return f"{self.room.name}/{self.name}"


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
        raise StartError(f'there is no scenario "{name}"; there are: {", ".join(names)}')
    return read_scenario(vendor, scenario_files(vendor)[scenario_names([vendor]).index(name)])


def read_scenario(vendor: str, file: Path) -> Scenario:
    """The scenario in a file.

    Raises:
        StartError: names the file and the step that cannot be used.
    """
    try:
        node = yaml.safe_load(file.read_bytes())
        return Reader(open_room(vendor), node).scenario(file.stem)
    except OSError as error:
        raise StartError(f"{file}: cannot be read ({error.strerror})") from error
    except yaml.YAMLError as error:
        raise StartError(f"{file}: is not YAML: {' '.join(str(error).split())}") from error
    except ValueError as error:
        raise StartError(f"{file}: {error}") from error


class Reader:
    """Reads a scenario from the members of its file; a ValueError says what is wrong."""

    def __init__(self, room: Room, node: Any) -> None:
        if not isinstance(node, dict) or not isinstance(node.get("steps"), list):
            raise ValueError("must have a title and a list of steps")
        assert room.accounts is not None
        self._room = room
        self._node = node
        self._account = node.get("account", room.accounts.default.name)
        self._values: Node = node.get("values", {})

    def scenario(self, name: str) -> Scenario:
        """The scenario of this name."""
        _check_names("the file", self._node, {"title", "account", "settings", "values", "steps"})
        steps = [
            step
            for number, node in enumerate(self._node["steps"], 1)
            for step in self._steps(f"step {number}", node)
        ]
        title = str(self._node.get("title", ""))
        return Scenario(self._room, name, title, tuple(steps), self._node.get("settings", {}))

    def _steps(self, where: str, node: Any) -> list[Step]:
        kinds: dict[str, Callable[[str, Node], list[Step]]] = {
            "call": self._call,
            "shift": self._shift,
            "errors": self._errors,
        }
        for kind, read in kinds.items():
            if isinstance(node, dict) and kind in node:
                return read(where, node)
        raise ValueError(f"{where} must be one of {', '.join(kinds)}")

    def _shift(self, where: str, node: Node) -> list[Step]:
        _check_names(where, node, {"shift"})
        try:
            return [Shift(duration(str(node["shift"])))]
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error

    def _call(self, where: str, node: Node) -> list[Step]:
        given = {each.name for each in fields(Call)} - {"operation"}
        _check_names(where, node, given | {"call", "example"})
        operation = self._operation(where, node["call"])
        if "status" not in node:
            raise ValueError(f"{where} has no status; say what must be answered")
        account = node.get("account", self._account)
        self._check_account(where, account)
        return [
            Call(
                operation=operation,
                account=account,
                status=int(node["status"]),
                path=self._path(where, operation, node.get("path", {})),
                query=node.get("query", {}),
                headers={name: str(value) for name, value in node.get("headers", {}).items()},
                body=self._body(where, operation, node),
                keep=node.get("keep", {}),
            )
        ]

    def _check_account(self, where: str, account: str | None) -> None:
        accounts = self._room.accounts
        known = [each.name for each in accounts.all] if accounts is not None else []
        if account is not None and account not in known:
            raise ValueError(f'{where}: no account "{account}"; there are: {", ".join(known)}')

    def _operation(self, where: str, id: str) -> Operation:
        operations = self._room.document.operations
        if id not in operations:
            raise ValueError(f'{where}: no operation "{id}"; there are: {", ".join(operations)}')
        return operations[id]

    def _path(self, where: str, operation: Operation, given: Node) -> dict[str, str]:
        names = [each.name for each in operation.parameters if each.where == "path"]
        known = {**self._values, **given}
        missing = [name for name in names if name not in known]
        if missing:
            raise ValueError(f"{where}: {operation.id} needs path: {', '.join(missing)}")
        return {name: str(known[name]) for name in names}

    def _body(self, where: str, operation: Operation, node: Node) -> Any:
        if "example" not in node:
            return node.get("body")
        examples = operation.body.examples if operation.body is not None else {}
        if node["example"] not in examples:
            known = ", ".join(examples) or "none"
            raise ValueError(
                f'{where}: {operation.id} has no request example "{node["example"]}"; '
                f"it has: {known}"
            )
        return examples[node["example"]]

    def _errors(self, where: str, node: Node) -> list[Step]:
        _check_names(where, node, {"errors"})
        operations = self._room.document.operations
        ids = list(operations) if node["errors"] == "all" else node["errors"]
        return [step for id in ids for step in self._errors_of(where, self._operation(where, id))]

    def _errors_of(self, where: str, operation: Operation) -> Iterator[Step]:
        """Each documented error, asked for with a request that is valid."""
        body = operation.body
        if body is not None and body.required and not body.examples:
            raise ValueError(f"{where}: {operation.id} has no request example; document one")
        example = next(iter(body.examples.values()), None) if body is not None else None
        for response in operation.responses.values():
            for name in response.examples if response.status >= 400 else ():
                yield Call(
                    operation=operation,
                    account=self._account,
                    status=response.status,
                    path=self._path(where, operation, {}),
                    headers={"Prefer": f"code={response.status}, example={name}"},
                    body=example,
                )


def _check_names(where: str, node: Node, known: set[str]) -> None:
    surplus = sorted(map(str, node.keys() - known))
    if surplus:
        raise ValueError(f"{where} has no {', '.join(surplus)}; it may have {sorted(known)}")


def filled(value: Any, kept: Mapping[str, str]) -> Any:
    """A value with what was kept in the place of each `${name}`.

    Raises:
        KeyError: when nothing of that name was kept.
    """
    if isinstance(value, str):
        return REFERENCE.sub(lambda found: kept[found[1]], value)
    if isinstance(value, dict):
        return {name: filled(each, kept) for name, each in value.items()}
    return [filled(each, kept) for each in value] if isinstance(value, list) else value
