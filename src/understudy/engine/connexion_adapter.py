"""Connexion around one service: it reads the document, secures, and renders what goes wrong.

Routing is ours (a tree instead of a list of patterns, and 405 with every method of the path), and
so is validation, which runs as checks in the vendor's own order (see `checks.py`).
"""

from __future__ import annotations

import json
import warnings
from functools import cache, partial
from typing import Any

import jsonschema_rs
from starlette.types import ASGIApp, Receive, Scope, Send

from understudy.core.errors import StartError
from understudy.engine.dispatch import Dispatch, finish_call
from understudy.engine.replies import CALL_KEY
from understudy.service.call import Call
from understudy.service.checks import route
from understudy.service.service import Service

# Connexion 3.3 imports what Starlette and jsonschema are about to drop; users can do nothing about
# it, so they are not told at every start.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from connexion.exceptions import ProblemException
    from connexion.lifecycle import ConnexionRequest, ConnexionResponse
    from connexion.middleware import ConnexionMiddleware
    from connexion.middleware.abstract import ROUTING_CONTEXT, SpecMiddleware
    from connexion.middleware.exceptions import ExceptionMiddleware
    from connexion.middleware.main import API
    from connexion.middleware.security import SecurityMiddleware
    from connexion.resolver import Resolver
    from connexion.security import AbstractSecurityHandler
    from connexion.spec import OpenAPISpecification


class CheckedSpecification(OpenAPISpecification):
    """Connexion's view of a document, held against Connexion's schema by a faster validator.

    Connexion's own takes a tenth of a second for a document, which is most of the start.
    """

    @classmethod
    def from_dict(cls, spec: dict[str, Any], *, base_uri: str = "") -> CheckedSpecification:
        """The specification; keys that YAML reads as numbers are text, as in JSON."""
        copy = json.loads(json.dumps(spec))
        _put_anonymous_last(copy)
        return cls(copy, base_uri=base_uri)

    @classmethod
    def _validate_spec(cls, spec: dict[str, Any]) -> None:
        for error in _openapi_schema().iter_errors(spec):
            where = "/".join(str(part) for part in error.instance_path)
            raise ValueError(f"is not OpenAPI 3.0: at {where}: {error.message[:300]}")


def _put_anonymous_last(spec: dict[str, Any]) -> None:
    """Move `{}` behind the other alternatives; Connexion asks no further once it has met it."""
    operations = (each for path in spec.get("paths", {}).values() for each in path.values())
    for node in (spec, *operations):
        if isinstance(node, dict) and "security" in node:
            node["security"].sort(key=lambda alternative: not alternative)


@cache
def _openapi_schema() -> jsonschema_rs.Draft4Validator:
    return jsonschema_rs.Draft4Validator(OpenAPISpecification.openapi_schema, mask="what is there")


# How Connexion names the kinds of security schemes.
SECURITY_KEYS = ("apiKey", "bearer", "basic", "oauth2", "openIdConnect")


class Routing(SpecMiddleware):
    """Finds the documented operation of a request and names it the way Connexion expects."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app = app
        self.router = service.document.router

    def add_api(self, specification: Any, **options: Any) -> None:
        """The tree is made from the service's document already."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            call: Call = scope[CALL_KEY]
            route(self.router, call)
            operation_id = call.operation.id
            routing = {"api_base_path": "", "operation_id": operation_id}
            scope.setdefault("extensions", {})[ROUTING_CONTEXT] = routing
        await self.app(scope, receive, send)


class CredentialSecurity(AbstractSecurityHandler):
    """Every kind of scheme: what the request carries must be an account's credential."""

    def get_fn(self, security_scheme: dict[str, Any], required_scopes: list[str]) -> Any:
        """The check that Connexion runs; it looks at all schemes of the operation at once."""
        return _identify


def _identify(request: ConnexionRequest) -> dict[str, str]:
    call: Call = request.scope[CALL_KEY]
    accounts, security = call.service.accounts, call.service.document.security
    if accounts is None:
        return {}
    operation = call.operation.id
    credential = security.find_credential(operation, call.headers, call.request.query)
    if not credential and not security.is_required(operation):
        return {}
    # The journal tells whose a credential is even when it is revoked.
    call.caller = accounts.owner(credential)
    call.account = accounts.identify(credential, call.settings.auth)
    call.caller = call.account.name
    return {"sub": call.account.name}


async def _render(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
    call: Call = request.scope[CALL_KEY]
    reply = finish_call(call, error, documented=False)
    return ConnexionResponse(
        status_code=reply.status,
        mimetype=reply.media_type,
        body=reply.encode(),
        headers=reply.headers,
    )


@cache
def shared_stack(service: Service) -> ASGIApp:
    """The ASGI app of one service; sessions and settings come with each call, so one serves all.

    Raises:
        StartError: when Connexion cannot read the document.
    """
    return new_stack(service)


def new_stack(service: Service) -> ASGIApp:
    """The ASGI app of a service that lives no longer than its mock.

    Raises:
        StartError: when Connexion cannot read the document.
    """
    stack = ConnexionMiddleware(
        Dispatch(service),
        import_name=__name__,
        middlewares=[ExceptionMiddleware, partial(Routing, service=service), SecurityMiddleware],
        resolver=Resolver(service.handlers.__getitem__),
        security_map=dict.fromkeys(SECURITY_KEYS, CredentialSecurity),
    )
    for kind in (ProblemException, Exception):
        stack.add_error_handler(kind, _render)
    # As `add_api` does, but for who validates: see CheckedSpecification.
    try:
        specification = CheckedSpecification.from_dict(service.document.raw)
    except ValueError as error:
        raise StartError(f"specs/{service.name}.yaml: {error}; run: understudy lint") from error
    stack.apis.append(API(specification, base_path="", **stack.options.__dict__))
    app: ASGIApp = stack
    return app
