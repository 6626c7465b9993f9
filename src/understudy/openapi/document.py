"""One OpenAPI document, read once: operations, validators, examples, fidelity."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from understudy.core.errors import Diagnosis, StartError
from understudy.core.yaml_io import read_yaml
from understudy.openapi.parameters import Parameter, make_parameter
from understudy.openapi.schemas import Schema, SchemaCompiler, Validator, find_secret_fields

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
JSON_MEDIA_TYPE = "application/json"
PARAMETER = re.compile(r"\{[^{}]+\}")
Node = dict[str, Any]


@dataclass(frozen=True)
class Response:
    """One declared response of one operation.

    Attributes:
        media_type: of its body; None when it has no body.
        examples: the documented bodies by name, in the document's order.
    """

    status: int
    description: str
    fidelity: str
    source: str
    media_type: str | None
    schema: Schema | None
    validator: Validator | None
    examples: Mapping[str, Any]

    def diagnose(self, body: Any) -> list[Diagnosis]:
        """Every way in which a body is not what the document declares."""
        if self.validator is None or self.validator.accepts(body):
            return []
        return self.validator.diagnose(body, "response")


@dataclass(frozen=True)
class RequestBody:
    """What an operation takes as its body; `media_types` are in lower case."""

    required: bool
    media_types: tuple[str, ...]
    schema: Schema
    validator: Validator
    examples: Mapping[str, Any]


@dataclass(frozen=True)
class Operation:
    """One documented operation."""

    id: str
    method: str
    path: str
    summary: str
    fidelity: str
    source: str
    parameters: tuple[Parameter, ...]
    body: RequestBody | None
    responses: Mapping[int, Response]

    @cached_property
    def handler_name(self) -> str:
        """The Python name that the operationId binds to."""
        return snake_case(self.id)

    @cached_property
    def success(self) -> Response:
        """The response of the lowest 2xx status."""
        return self.responses[min(status for status in self.responses if 200 <= status < 300)]

    def example(self, name: str) -> tuple[Response, Any] | None:
        """The documented body of this name and its response, lowest 2xx first, then anywhere."""
        for response in (self.success, *self.responses.values()):
            if name in response.examples:
                return response, response.examples[name]
        return None


class Document:
    """A vendor's OpenAPI document.

    Args:
        name: the vendor's name.
        raw: the parsed document.
        place: how messages name the document.

    Raises:
        StartError: when it cannot be served; says where and what to do.
    """

    def __init__(self, name: str, raw: Node, place: str = "") -> None:
        self.name = name
        self._place = place or f"specs/{name}.yaml"
        self.raw = raw
        components = raw.get("components", {})
        self.schemas: Mapping[str, Schema] = components.get("schemas", {})
        self._compiler = SchemaCompiler(self.schemas)
        self.secrets = find_secret_fields(raw)
        self.operations: dict[str, Operation] = {}
        for path, method, node in self._operation_nodes():
            operation = self._read_operation(path, method, node)
            if operation.id in self.operations:
                raise self._broken(f'operationId "{operation.id}" stands twice; rename one')
            self.operations[operation.id] = operation

    @property
    def title(self) -> str:
        return str(self.raw["info"]["title"])

    @property
    def version(self) -> str:
        return str(self.raw["info"]["version"])

    @property
    def origin(self) -> str:
        """The vendor's real origin."""
        servers = self.raw.get("servers") or [{"url": ""}]
        return str(servers[0]["url"])

    @cached_property
    def reply_headers(self) -> frozenset[str]:
        """Every header that some response declares."""
        return frozenset(
            name
            for _, _, node in self._operation_nodes()
            for declared in node.get("responses", {}).values()
            for name in self.resolve(declared).get("headers", {})
        )

    def component(self, name: str) -> Validator:
        """The validator of one of the document's schemas.

        Raises:
            KeyError: when there is none of this name.
        """
        if name not in self.schemas:
            raise KeyError(name)
        return self._compiler.compile({"$ref": f"#/components/schemas/{name}"})

    def resolve(self, node: Node) -> Node:
        """The node itself, or what its `$ref` points at."""
        followed = set()
        while "$ref" in node:
            if node["$ref"] in followed:
                raise self._broken(f'$ref "{node["$ref"]}" leads back to itself; break the circle')
            followed.add(node["$ref"])
            target: Any = self.raw
            for part in str(node["$ref"]).removeprefix("#/").split("/"):
                try:
                    target = target[part.replace("~1", "/").replace("~0", "~")]
                except (KeyError, TypeError) as error:
                    what = f'$ref "{node["$ref"]}" points nowhere; declare its target or correct it'
                    raise self._broken(what) from error
            node = target
        return node

    def _broken(self, what: str) -> StartError:
        return StartError(f"{self._place}: {what}")

    def _operation_nodes(self) -> Iterator[tuple[str, str, Node]]:
        for path, item in self.raw.get("paths", {}).items():
            for method in METHODS:
                if method in item:
                    shared = item.get("parameters", [])
                    node = item[method]
                    yield path, method, {**node, "parameters": shared + node.get("parameters", [])}

    def _read_operation(self, path: str, method: str, node: Node) -> Operation:
        place = f"{method.upper()} {path}"
        self._check_segments(path)
        if "operationId" not in node:
            raise self._broken(f"{place} has no operationId; give it one in camelCase")
        responses = {}
        for status, declared in node.get("responses", {}).items():
            if not str(status).isdecimal():
                raise self._broken(f'{place} declares "{status}"; name each status by number')
            responses[int(status)] = self._read_response(int(status), self.resolve(declared))
        if not any(200 <= status < 300 for status in responses):
            raise self._broken(f"{place} declares no 2xx response; declare what success is")
        return Operation(
            id=node["operationId"],
            method=method.upper(),
            path=path,
            summary=node.get("summary", ""),
            fidelity=node.get("x-fidelity", "assumed"),
            source=node.get("x-source", ""),
            parameters=tuple(self._read_parameter(self.resolve(p)) for p in node["parameters"]),
            body=self._read_body(node),
            responses=dict(sorted(responses.items())),
        )

    def _check_segments(self, path: str) -> None:
        for segment in path.split("/"):
            if "{" in segment and not PARAMETER.fullmatch(segment):
                what = f'{path}: "{segment}" is a parameter in part; make it one as a whole'
                raise self._broken(what)

    def _read_parameter(self, declared: Node) -> Parameter:
        schema = self.resolve(declared.get("schema", {}))
        if "items" in schema:
            schema = {**schema, "items": self.resolve(schema["items"])}
        return make_parameter(declared, schema, self._compiler.compile(schema))

    def _read_body(self, node: Node) -> RequestBody | None:
        if "requestBody" not in node:
            return None
        declared = self.resolve(node["requestBody"])
        content = declared["content"]
        if not content:
            raise self._broken(f"the body of {node['operationId']} has no media type; declare one")
        media = content.get(JSON_MEDIA_TYPE) or next(iter(content.values()))
        schema = media.get("schema", {})
        return RequestBody(
            required=declared.get("required", False),
            media_types=tuple(name.lower() for name in content),
            schema=schema,
            validator=self._compiler.compile(schema),
            examples=self._read_examples(media),
        )

    def _read_response(self, status: int, declared: Node) -> Response:
        content = declared.get("content", {})
        media_type = next(iter(content), None)
        media = content.get(media_type, {})
        return Response(
            status=status,
            description=declared.get("description", ""),
            fidelity=declared.get("x-fidelity", "assumed"),
            source=declared.get("x-source", ""),
            media_type=media_type,
            schema=media.get("schema"),
            validator=self._compiler.compile(media["schema"]) if "schema" in media else None,
            examples=self._read_examples(media),
        )

    def _read_examples(self, media: Node) -> dict[str, Any]:
        named = {
            name: self.resolve(example).get("value")
            for name, example in media.get("examples", {}).items()
        }
        return named or ({"default": media["example"]} if "example" in media else {})


def read_document(name: str, path: Path) -> Document:
    """Read a vendor's document from a file.

    Raises:
        StartError: when the file cannot be read, is not YAML or is not a usable OpenAPI document.
    """
    raw = read_source(path)
    try:
        return Document(name, raw, str(path))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        reason = f"{type(error).__name__}: {_first_line(error)}"
        raise StartError(f"{path}: is broken ({reason}); run: understudy lint {path}") from error


def read_source(path: Path) -> Node:
    """The members of an OpenAPI document, as the file has them.

    Raises:
        StartError: when the file cannot be read, is not YAML or is not an OpenAPI 3.0 document.
    """
    try:
        raw = read_yaml(path.read_bytes())
    except OSError as error:
        raise StartError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise StartError(f"{path}: {error}") from error
    version = str(raw.get("openapi", "")) if isinstance(raw, dict) else ""
    if not version:
        raise StartError(f"{path}: is not an OpenAPI 3.0 document; its first key must be openapi")
    if not version.startswith("3.0."):
        raise StartError(f"{path}: is OpenAPI {version}; only 3.0.x is read, so convert it")
    document: Node = raw
    return document


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


@cache
def snake_case(name: str) -> str:
    """`createCampaign` is `create_campaign`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])|(?<=[A-Z])([A-Z])(?=[a-z])", r"_\1\2", name).lower()
