"""Addressing: which service, session and path a request means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.types import ASGIApp

from understudy.engine.replies import make_problem
from understudy.service.reply import Reply
from understudy.service.service import Service
from understudy.session.session import DEFAULT_SESSION

SESSION_PATH = re.compile(r"/sessions/(?P<session>[^/]+)(?P<path>/.+)")


class UnaddressedError(Exception):
    """A request that reaches no vendor; carries the reply that says why.

    Attributes:
        public: whether it was no request to the mock's own paths.
    """

    def __init__(self, reply: Reply, session: str = "", public: bool = True) -> None:
        super().__init__(reply.document["detail"])
        self.reply = reply
        self.session = session
        self.public = public


@dataclass(frozen=True)
class Mount:
    """A service's ASGI app, and the same app with CORS around it for requests from a page."""

    service: Service
    app: ASGIApp
    cors: ASGIApp


class Router:
    """Which vendor, session and path a request means.

    Args:
        mounts: the served services by the first segment of their addresses.
        admin: the stage of the mock's own paths, which begin with `prefix`.
        root: the stage whose paths also stand at the root, if any.
    """

    def __init__(
        self, mounts: Mapping[str, Mount], admin: Mount, prefix: str, root: Mount | None
    ) -> None:
        self._mounts = mounts
        self._admin = admin
        self._prefix = prefix
        self._root = root
        self._hosts = {
            host: mount for mount in mounts.values() for host in mount.service.vendor.hosts
        }

    def find(self, path: str, host: str, named: str | None) -> tuple[Mount, str, str]:
        """The stage, the session's name and the path at the vendor.

        Args:
            path: encoded, from the request line.
            host: of the Host header, without port.
            named: the session that a header names.

        Raises:
            Unaddressed: when no vendor has this address.
        """
        session = named or DEFAULT_SESSION
        if path.startswith("/@"):
            session, _, path = path[2:].partition("/")
            path = f"/{path}"
        if path.startswith(self._prefix) and f"{path}/".startswith(f"{self._prefix}/"):
            return self._find_admin(path.removeprefix(self._prefix), session)
        mount = self._hosts.get(host)
        if mount is not None:
            return mount, session, path
        first, _, rest = path[1:].partition("/")
        mount = self._mounts.get(first)
        if mount is not None:
            return mount, session, f"/{rest}"
        if self._root is not None:
            return self._root, session, path
        raise UnaddressedError(self._nothing_at(path), session)

    def _find_admin(self, path: str, session: str) -> tuple[Mount, str, str]:
        """`/sessions/NAME/clock` is `/clock` in the session NAME."""
        within = SESSION_PATH.fullmatch(path)
        if within is None:
            return self._admin, session, path
        return self._admin, unquote(within["session"]), within["path"]

    def _nothing_at(self, path: str) -> Reply:
        vendors = ", ".join(f"/{first}" for first in self._mounts)
        detail = f"nothing is served at {path}: the first segment names the vendor ({vendors})"
        return make_problem(404, "No such vendor", detail)
