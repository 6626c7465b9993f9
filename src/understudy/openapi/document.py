"""One OpenAPI document, read once: operations, validators, examples, fidelity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from understudy.core.errors import StartError
from understudy.core.json_pointer import MISSING, escape_token, resolve_pointer
from understudy.core.yaml_io import read_yaml
from understudy.openapi.media_types import (
    JSON_MEDIA_TYPE,
    JSON_RANGES,
    may_be_json,
    parse_media_type,
)
from understudy.openapi.operation import Operation, RequestBody, Response, snake_case
from understudy.openapi.parameters import Parameter, UnsupportedParameter, make_parameter
from understudy.openapi.path_router import PathRouter
from understudy.openapi.schemas import Schema, SchemaCompiler, Validator, find_secret_fields
from understudy.openapi.security import Security, SecurityScheme, UnsupportedScheme, make_scheme

__all__ = [
    "METHODS",
    "Document",
    "Node",
    "Operation",
    "RequestBody",
    "Response",
    "make_document",
    "read_document",
    "read_source",
    "snake_case",
]
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
PARAMETER = re.compile(r"\{[^{}]+\}")
Node = dict[str, Any]


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
                raise self._broken(f'operationId "{operation.id}" is used twice; rename one')
            self.operations[operation.id] = operation
        self.security = self._read_security()

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

    @cached_property
    def router(self) -> PathRouter:
        """Finds the operation of a path."""
        return PathRouter(self.operations.values())

    def node(self, operation: Operation) -> Node:
        """An operation as the document writes it."""
        node: Node = self.raw["paths"][operation.path][operation.method.lower()]
        return node

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
            file, _, pointer = str(node["$ref"]).partition("#")
            target: Any = MISSING if file else resolve_pointer(self.raw, pointer)
            if target is MISSING:
                what = f'$ref "{node["$ref"]}" points nowhere; declare its target or correct it'
                raise self._broken(what)
            node = target
        return node

    def _broken(self, what: str) -> StartError:
        return StartError(f"{self._place}: {what}")

    def _refused(self, pointer: str, what: str) -> StartError:
        """What stops the start when the document asks for what is not served."""
        return self._broken(f"{pointer}: {what}")

    def _operation_nodes(self) -> Iterator[tuple[str, str, Node]]:
        for path, item in self.raw.get("paths", {}).items():
            for method in METHODS:
                if method in item:
                    yield path, method, item[method]

    def _read_security(self) -> Security:
        declared = self.raw.get("components", {}).get("securitySchemes", {})
        schemes = {name: self._read_scheme(name, node) for name, node in declared.items()}
        everywhere: list[Node] = self.raw.get("security", [])
        requirements = {
            operation.id: self._read_requirements(
                operation, self.node(operation).get("security", everywhere), schemes
            )
            for operation in self.operations.values()
        }
        return Security(schemes, requirements)

    def _read_scheme(self, name: str, declared: Node) -> SecurityScheme:
        try:
            return make_scheme(self.resolve(declared))
        except UnsupportedScheme as error:
            pointer = f"#/components/securitySchemes/{escape_token(name)}"
            raise self._refused(pointer, str(error)) from error

    def _read_requirements(
        self, operation: Operation, alternatives: list[Node], schemes: Mapping[str, SecurityScheme]
    ) -> list[list[SecurityScheme]]:
        for name in (name for each in alternatives for name in each):
            if name not in schemes:
                what = f'{operation.id} demands "{name}", which is no security scheme; declare it'
                raise self._broken(what)
        return [[schemes[name] for name in each] for each in alternatives]

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
            parameters=tuple(self._read_parameters(path, method)),
            body=self._read_body(path, method, node),
            responses=dict(sorted(responses.items())),
        )

    def _check_segments(self, path: str) -> None:
        for segment in path.split("/"):
            if "{" in segment and not PARAMETER.fullmatch(segment):
                what = f'{path}: "{segment}" is a parameter in part; make it one as a whole'
                raise self._broken(what)

    def _read_parameters(self, path: str, method: str) -> Iterable[Parameter]:
        """The parameters of an operation; its own stand in for those of its path."""
        found: dict[tuple[str, str], Parameter] = {}
        item, place = self.raw["paths"][path], f"#/paths/{escape_token(path)}"
        for node, at in ((item, place), (item[method], f"{place}/{method}")):
            for index, declared in enumerate(node.get("parameters", [])):
                pointer = declared.get("$ref", f"{at}/parameters/{index}")
                parameter = self._read_parameter(pointer, self.resolve(declared))
                found[parameter.name, parameter.where] = parameter
        return found.values()

    def _read_parameter(self, pointer: str, declared: Node) -> Parameter:
        schema = self.resolve(declared.get("schema", {}))
        if "items" in schema:
            schema = {**schema, "items": self.resolve(schema["items"])}
        try:
            return make_parameter(declared, schema, self._compiler.compile(schema))
        except UnsupportedParameter as error:
            raise self._refused(pointer, f"{declared['name']}: {error}") from error

    def _read_body(self, path: str, method: str, node: Node) -> RequestBody | None:
        if "requestBody" not in node:
            return None
        declared = self.resolve(node["requestBody"])
        content = declared["content"]
        if not content:
            raise self._broken(f"the body of {node['operationId']} has no media type; declare one")
        ranges = {parse_media_type(name): name for name in content}
        name = _choose_json(ranges)
        if name is None:
            own = f"#/paths/{escape_token(path)}/{method}/requestBody"
            what = f"a body is read as JSON only, not as {', '.join(ranges)}; declare a JSON one"
            raise self._refused(node["requestBody"].get("$ref", own), what)
        media = content[ranges[name]]
        schema = media.get("schema", {})
        return RequestBody(
            required=declared.get("required", False),
            media_type=_concrete(ranges[name]),
            media_types=tuple(ranges),
            schema=schema,
            validator=self._compiler.compile(schema),
            examples=self._read_examples(media),
            validators={
                each: self._compiler.compile(content[key].get("schema", {}))
                for each, key in ranges.items()
                if may_be_json(each)
            },
        )

    def _read_response(self, status: int, declared: Node) -> Response:
        content = declared.get("content", {})
        ranges = {parse_media_type(name): name for name in content}
        name = _choose_json(ranges) or next(iter(ranges), None)
        media = content[ranges[name]] if name is not None else {}
        validators = {each: self._compile_media(content[key]) for each, key in ranges.items()}
        headers = declared.get("headers", {})
        return Response(
            status=status,
            description=declared.get("description", ""),
            fidelity=declared.get("x-fidelity", "assumed"),
            source=declared.get("x-source", ""),
            media_type=_concrete(ranges[name]) if name is not None else None,
            schema=media.get("schema"),
            validator=validators[name] if name is not None else None,
            examples=self._read_examples(media),
            validators=validators,
            required_headers=tuple(
                each
                for each, node in headers.items()
                if self.resolve(node).get("required") and each.lower() != "content-type"
            ),
        )

    def _compile_media(self, media: Node) -> Validator | None:
        return self._compiler.compile(media["schema"]) if "schema" in media else None

    def _read_examples(self, media: Node) -> dict[str, Any]:
        named = {
            name: self.resolve(example).get("value")
            for name, example in media.get("examples", {}).items()
        }
        return named or ({"default": media["example"]} if "example" in media else {})


def _choose_json(ranges: Iterable[str]) -> str | None:
    """The declared media type that stands for JSON; None when there is none."""
    found = [each for each in ranges if may_be_json(each)]
    return JSON_MEDIA_TYPE if JSON_MEDIA_TYPE in found else next(iter(found), None)


def _concrete(media_range: str) -> str:
    """The media type by which a body is sent where a document declares this range."""
    return JSON_MEDIA_TYPE if media_range in JSON_RANGES else media_range


def read_document(name: str, path: Path) -> Document:
    """Read a vendor's document from a file.

    Raises:
        StartError: when the file cannot be read, is not YAML or is not a usable OpenAPI document.
    """
    return make_document(name, read_source(path), str(path))


def make_document(name: str, raw: Node, place: str) -> Document:
    """A vendor's document that was read from a place.

    Raises:
        StartError: when it is not a usable OpenAPI document.
    """
    try:
        return Document(name, raw, place)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        reason = f"{type(error).__name__}: {_first_line(error)}"
        raise StartError(f"{place}: is broken ({reason}); run: understudy lint {place}") from error


def read_source(path: Path) -> Node:
    """The OpenAPI document in a file, as parsed YAML.

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
