"""The admin plane: `specs/admin.yaml` as a service, in the mock's own name."""

from __future__ import annotations

from functools import cache, partial

from understudy.admin import access, handlers
from understudy.admin.context import AdminContext
from understudy.core.errors import ApiError
from understudy.core.fakes import Fakes
from understudy.engine.registry import bind_handlers, data_folder
from understudy.engine.replies import make_problem
from understudy.openapi.document import Document, read_document
from understudy.service import checks
from understudy.service.call import Call
from understudy.service.declaration import Vendor
from understudy.service.reply import Reply
from understudy.service.service import Service

PREFIX = "/__admin"
# What RFC 9110 calls these statuses; Python's names for some of them depend on its version.
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
}

__all__ = ["PREFIX", "AdminContext", "admin_service"]


def _render_error(call: Call, error: ApiError) -> Reply:
    reply = make_problem(
        error.status, TITLES.get(error.status, "Internal Server Error"), error.message
    )
    reply.document["errors"] = [each.as_json() for each in error.diagnoses]
    return reply


def _finish(call: Call, reply: Reply) -> None:
    """The admin plane adds no headers of its own."""


def _no_request_id(fakes: Fakes) -> str:
    """Looking at the mock must not move the sessions' ids."""
    return ""


@cache
def _document() -> Document:
    """Read once in a process, since nothing in it changes."""
    return read_document("admin", data_folder("specs") / "admin.yaml")


def admin_service(context: AdminContext) -> Service:
    """The service that looks at the others.

    Raises:
        StartError: when `specs/admin.yaml` cannot be served.
    """
    document = _document()
    vendor = Vendor(
        name="admin",
        title=document.title,
        handlers=handlers,
        checks=(
            access.check_page,
            access.check_token,
            access.check_query,
            checks.parameters,
            access.check_size,
            checks.body,
        ),
        render_error=_render_error,
        finish=_finish,
        request_id=_no_request_id,
        internal=True,
    )
    found = bind_handlers(document, *handlers.MODULES)
    bound = {id: partial(handler, context) for id, handler in found.items()}
    return Service(vendor, document, bound, accounts=None, shelves={}, prefix=PREFIX)
