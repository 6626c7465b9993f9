"""Whose API an exchange of a foreign recording asked: found by its URL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from urllib.parse import urlsplit

from understudy.openapi.path_router import PathRouter
from understudy.openapi.security import credential_header
from understudy.recording.comparing import told_headers
from understudy.recording.foreign import Foreign
from understudy.recording.model import RecordedExchange, Recording, UnreadableRecording, header
from understudy.recording.scrub import Scrubber
from understudy.recording.taking import TELLING, origin_of
from understudy.vendor import Room

IN_SESSION = re.compile(r"/@[^/]+(?=/)")


class Attribution:
    """Tells the exchanges of some rooms from others, and completes what is known of them.

    Args:
        only: the vendor that everything asked, whatever the URL; "" to tell by the URL.
    """

    def __init__(self, rooms: Sequence[Room], only: str = "") -> None:
        self._rooms = {room.name: room for room in rooms}
        self._only = only
        self._scrubber = Scrubber(rooms)
        self._foreign = {room.name: Foreign(room) for room in rooms}

    def recording(self, recording: Recording) -> Recording:
        """The exchanges with vendors that are known, without secrets.

        Raises:
            UnreadableRecording: when there is none.
        """
        found = [self._exchange(each) for each in recording.exchanges]
        exchanges = tuple(each for each in found if each is not None)
        if not exchanges and recording.exchanges:
            known = ", ".join(self._rooms)
            hosts = ", ".join(
                sorted({urlsplit(each.request.url).netloc for each in recording.exchanges})
            )
            raise UnreadableRecording(
                f"no exchange in it is with a known vendor (hosts: {hosts or 'none'}; "
                f"vendors: {known}); name the vendor with --vendor"
            )
        asked = sorted({each.vendor for each in exchanges})
        versions = {name: self._rooms[name].document.version for name in asked}
        return replace(
            self._told(recording),
            exchanges=exchanges,
            versions={**versions, **recording.versions},
        )

    def _told(self, recording: Recording) -> Recording:
        """A recording whose own members tell no secret, and no setting that replaying ignores."""
        clean = self._scrubber.json
        told = {name: value for name, value in recording.settings.items() if name in TELLING}
        return replace(
            recording,
            title=clean(recording.title),
            settings=clean(told),
            events=tuple(map(clean, recording.events)),
            deliveries=tuple(map(clean, recording.deliveries)),
        )

    def _exchange(self, exchange: RecordedExchange) -> RecordedExchange | None:
        for room in self._rooms.values():
            told = exchange.vendor in ("", room.name)
            path = self._path_at(room, exchange.request.url) if told else None
            if path is not None:
                return self._clean(exchange, self._completed(exchange, room, path))
        # Where the URL does not tell.
        named = self._rooms.get(exchange.vendor or self._only)
        if named is None:
            return None
        path = self._documented_end(named, exchange.request.path)
        return self._clean(exchange, self._completed(exchange, named, path))

    def _clean(self, found: RecordedExchange, completed: RecordedExchange) -> RecordedExchange:
        """Without secrets; what was attributed before comes from a mock, which left none in it."""
        if not found.vendor:
            completed = self._foreign[completed.vendor].exchange(completed)
        return self._scrubber.exchange(completed)

    def _documented_end(self, room: Room, path: str) -> str:
        """The part of a path that is the vendor's, where another base URL stands before it."""
        segments = path.split("/")[1:]
        ends = ("/" + "/".join(segments[at:]) for at in range(len(segments)))
        return next((each for each in ends if self._trees[room.name].match(each)), path)

    def _path_at(self, room: Room, url: str) -> str | None:
        """The path at the vendor, when a URL is at its host or at the mock's."""
        parts = urlsplit(url)
        path = IN_SESSION.sub("", parts.path, count=1)
        if f"{path}/".startswith(f"{room.prefix}/"):
            return path.removeprefix(room.prefix) or "/"
        hosts = {*room.vendor.hosts, urlsplit(origin_of(room)).hostname}
        return path if parts.hostname in hosts else None

    def _completed(self, exchange: RecordedExchange, room: Room, path: str) -> RecordedExchange:
        request = exchange.request
        query = f"?{request.query}" if request.query else ""
        match = self._trees[room.name].match(path)
        operation = match[0].operations.get(request.method) if match is not None else None
        return replace(
            exchange,
            vendor=room.name,
            operation=exchange.operation or (operation.id if operation else None),
            account=exchange.account or account_of(room, exchange),
            request=replace(
                request,
                url=f"{origin_of(room)}{path}{query}",
                headers=told_headers(request.headers),
            ),
            response=replace(exchange.response, headers=told_headers(exchange.response.headers)),
        )

    @cached_property
    def _trees(self) -> Mapping[str, PathRouter]:
        return {
            name: PathRouter(room.document.operations.values())
            for name, room in self._rooms.items()
        }


def account_of(room: Room, exchange: RecordedExchange) -> str | None:
    """The seed world's account whose credential a request carries."""
    name, before = credential_header(room.document)
    sent = header(exchange.request.headers, name) or ""
    return room.owners.get(sent[len(before) :]) if sent.lower().startswith(before.lower()) else None
