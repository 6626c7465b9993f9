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
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from understudy.core.clock import parse_duration
from understudy.core.errors import StartError
from understudy.core.file_schema import FileSchema
from understudy.core.setting_kinds import format_value
from understudy.core.yaml_io import read_yaml
from understudy.engine.registry import data_folder, open_services
from understudy.openapi.document import Operation
from understudy.recording.model import Json, dump_compact
from understudy.scenarios.steps import Call, Fire, Scenario, Shift, Step
from understudy.service.service import Service, make_redactor

SCHEMA = FileSchema("scenario")
KEBAB_CASE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


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
        if not KEBAB_CASE.fullmatch(file.stem):
            raise ValueError("must be named in kebab-case, such as campaign-life.yaml")
        document = read_yaml(file.read_bytes())
        SCHEMA.check(document)
        return Loader(service, document).load(file.stem)
    except OSError as error:
        raise StartError(f"{file}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise StartError(f"{file}: {join_lines(error)}") from error


def join_lines(error: Exception) -> str:
    """An error's message on one line: it may quote whatever a file has."""
    return " ".join(str(error).split())


class Loader:
    """Makes a scenario of a file that its schema accepts; a ValueError says what is unknown.

    Args:
        service: the vendor's, whose operations, accounts and events the scenario names.
    """

    def __init__(self, service: Service, document: Json) -> None:
        assert service.accounts is not None
        self._service = service
        self._document = document
        self._account: str | None = service.accounts.default.name
        self._account = self._find_account("", document)
        self._values: Json = document.get("values", {})

    def load(self, name: str) -> Scenario:
        """The scenario, under this name."""
        steps = [
            step
            for index, fields in enumerate(self._document["steps"])
            for step in self._load_steps(f"/steps/{index}", fields)
        ]
        settings = self._document.get("settings", {})
        return Scenario(self._service, name, self._document["title"], tuple(steps), settings)

    def _load_steps(self, where: str, fields: Json) -> list[Step]:
        if "call" in fields:
            return [self._load_call(where, fields)]
        if "shift" in fields:
            return [Shift(where, parse_duration(fields["shift"]))]
        if "fire" in fields:
            return [self._load_fire(where, fields)]
        return self._load_errors(where, fields["errors"])

    def _load_fire(self, where: str, fields: Json) -> Fire:
        fire = Fire(where, fields["fire"], fields["of"], fields["id"])
        known = {
            f"{event} of {collection}"
            for collection, events in self._service.vendor.fires.items()
            for event in events
        }
        _check_known(where, "event", f"{fire.event} of {fire.collection}", sorted(known))
        return fire

    def _load_call(self, where: str, fields: Json) -> Call:
        operation = self._find_operation(where, fields["call"])
        return Call(
            where,
            operation=operation,
            account=self._find_account(where, fields),
            status=int(fields["status"]),
            path=self._fill_path(where, operation, fields.get("path", {})),
            query={
                name: [to_text(each) for each in value]
                if isinstance(value, list)
                else to_text(value)
                for name, value in fields.get("query", {}).items()
            },
            headers={name: to_text(value) for name, value in fields.get("headers", {}).items()},
            body=self._find_body(where, operation, fields),
            text=fields.get("text"),
            shows=fields.get("shows", {}),
            keep=fields.get("keep", {}),
        )

    def _find_account(self, where: str, fields: Json) -> str | None:
        name: str | None = fields.get("account", self._account)
        accounts = self._service.accounts
        known = [each.name for each in accounts.all] if accounts is not None else []
        if name is not None:
            _check_known(f"{where}/account", "account", name, known)
        return name

    def _find_operation(self, where: str, id: str) -> Operation:
        operations = self._service.document.operations
        _check_known(where, "operation", id, operations)
        return operations[id]

    def _fill_path(self, where: str, operation: Operation, given: Json) -> dict[str, str]:
        names = [each.name for each in operation.parameters if each.where == "path"]
        unknown = sorted(given.keys() - set(names))
        if unknown:
            raise ValueError(
                f"{where}/path: {operation.id} has no {', '.join(unknown)} in its path; "
                f"it has: {', '.join(sorted(names)) or 'nothing'}"
            )
        return self._fill(where, operation, "path", names, given)

    def _fill(
        self, where: str, operation: Operation, part: str, names: list[str], given: Json
    ) -> dict[str, str]:
        """Values for parameters: those given, or else the scenario's."""
        known = {**self._values, **given}
        missing = [name for name in names if name not in known]
        if missing:
            raise ValueError(f"{where}: {operation.id} needs {part}: {', '.join(missing)}")
        return {name: to_text(known[name]) for name in names}

    def _find_body(self, where: str, operation: Operation, fields: Json) -> Any:
        if "example" not in fields:
            return fields.get("body")
        examples = operation.body.examples if operation.body is not None else {}
        name = fields["example"]
        _check_known(where, f"request example of {operation.id}", name, examples)
        return examples[name]

    def _load_errors(self, where: str, ids: str | list[str]) -> list[Step]:
        if isinstance(ids, str):
            ids = list(self._service.document.operations)
        return [
            step for id in ids for step in self._errors_of(where, self._find_operation(where, id))
        ]

    def _choose_body(self, examples: Iterable[Any]) -> Any:
        """The first example without a secret, else the first.

        A recording masks secrets; a replayed request sends the mask, which may be refused.
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
        example = self._choose_body(body.examples.values()) if body is not None else None
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
                    path=self._fill_path(where, operation, {}),
                    query=self._fill(where, operation, "query", demanded, {}),
                    headers={"Prefer": f"code={response.status}, example={name}"},
                    body=example,
                )


def to_text(value: str | float) -> str:
    """A value as a path, a query or a header carries it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_known(where: str, what: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        names = ", ".join(known) or "none"
        raise ValueError(
            f"{where}: there is no {what} {format_value(name)}; there are: {names}".strip()
        )
