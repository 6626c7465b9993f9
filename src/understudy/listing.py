"""What the command line prints about rooms: tables and the start banner."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from understudy.core.terminal import format_table
from understudy.openapi.security import credential_header
from understudy.vendor import Room


def list_rooms(rooms: Sequence[Room]) -> str:
    """One line for each vendor."""
    heading = ("VENDOR", "ADDRESS", "OPERATIONS", "STANDS IN FOR", "KEY")
    return format_table(
        [
            heading,
            *(
                (
                    room.name,
                    room.prefix,
                    str(len(room.document.operations)),
                    room.document.origin,
                    room.accounts.default.credential if room.accounts else "",
                )
                for room in rooms
            ),
        ]
    )


def describe_room(room: Room) -> str:
    """A vendor's operations with their responses and examples, and its accounts."""
    operations = [("OPERATION", "", "FIDELITY")]
    responses = [("OPERATION", "STATUS", "FIDELITY", "EXAMPLES")]
    for operation in room.document.operations.values():
        where = f"{operation.method} {room.prefix}{operation.path}"
        operations.append((operation.id, where, operation.fidelity))
        for status, response in operation.responses.items():
            examples = " ".join(response.examples)
            responses.append((operation.id, str(status), response.fidelity, examples))
    title = f"{room.document.title}, {room.document.origin}"
    if room.vendor.hosts:
        title += f"\nanswers without its prefix to Host: {', '.join(room.vendor.hosts)}"
    parts = [title, format_table(operations), format_table(responses)]
    if room.accounts:
        keys = [(each.name, each.credential, each.note) for each in room.accounts.all]
        parts.append(format_table([("ACCOUNT", "KEY", ""), *keys]))
    return "\n\n".join(parts)


def banner(rooms: Sequence[Room], base_url: str, version: str) -> str:
    """What a newcomer needs first: where it is, what it plays, which keys work, one request."""
    blocks = [f"understudy {version} is ready on {base_url}"]
    for room in rooms:
        operations = [
            (f"  {operation.method}", operation.path, operation.id)
            for operation in room.document.operations.values()
        ]
        blocks.append(f"{room.vendor.title}  {base_url}{room.prefix}\n{format_table(operations)}")
        if room.accounts:
            keys = [(f"  {each.credential}", each.note) for each in room.accounts.all]
            blocks.append(f"{room.vendor.title} keys\n{format_table(keys)}")
    tries = "\n".join(f"  {first_request(room, base_url)}" for room in rooms)
    blocks.append(f"Try it:\n{tries}")
    blocks.append("More: understudy vendors NAME lists what can be answered; README.md has tasks.")
    return "\n\n".join(blocks)


def first_request(room: Room, base_url: str) -> str:
    """A curl line for the room's first operation that works when pasted."""
    request = ["curl", f"{base_url}{room.prefix}{room.vendor.first_request}"]
    if room.accounts:
        name, before = credential_header(room.document)
        request += ["-H", f"{name}: {before}{room.accounts.default.credential}"]
    return shlex.join(request)
