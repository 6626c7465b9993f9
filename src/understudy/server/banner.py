"""Text about services: tables of vendors and operations, and the start banner."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from understudy.core.terminal import format_table
from understudy.service.service import Service


def list_services(services: Sequence[Service]) -> str:
    """One line for each vendor."""
    heading = ("VENDOR", "ADDRESS", "OPERATIONS", "STANDS IN FOR", "KEY")
    return format_table(
        [
            heading,
            *(
                (
                    service.name,
                    service.prefix,
                    str(len(service.document.operations)),
                    service.document.origin,
                    service.accounts.default.credential if service.accounts else "",
                )
                for service in services
            ),
        ]
    )


def describe_service(service: Service) -> str:
    """A vendor's operations with their responses and examples, and its accounts."""
    operations = [("OPERATION", "", "FIDELITY")]
    responses = [("OPERATION", "STATUS", "FIDELITY", "EXAMPLES")]
    for operation in service.document.operations.values():
        where = f"{operation.method} {service.prefix}{operation.path}"
        operations.append((operation.id, where, operation.fidelity))
        for status, response in operation.responses.items():
            examples = " ".join(response.examples)
            responses.append((operation.id, str(status), response.fidelity, examples))
    title = f"{service.document.title}, {service.document.origin}"
    if service.vendor.hosts:
        title += f"\nanswers without its prefix to Host: {', '.join(service.vendor.hosts)}"
    parts = [title, format_table(operations), format_table(responses)]
    if service.accounts:
        keys = [(each.name, each.credential, each.note) for each in service.accounts.all]
        parts.append(format_table([("ACCOUNT", "KEY", ""), *keys]))
    return "\n\n".join(parts)


def format_banner(services: Sequence[Service], base_url: str, version: str) -> str:
    """The text at the start: URLs, operations, keys, and one request for each vendor."""
    blocks = [f"understudy {version} is ready on {base_url}"]
    for service in services:
        operations = [
            (f"  {operation.method}", operation.path, operation.id)
            for operation in service.document.operations.values()
        ]
        blocks.append(
            f"{service.vendor.title}  {base_url}{service.prefix}\n{format_table(operations)}"
        )
        if service.accounts:
            keys = [(f"  {each.credential}", each.note) for each in service.accounts.all]
            blocks.append(f"{service.vendor.title} keys\n{format_table(keys)}")
    tries = "\n".join(f"  {format_first_request(service, base_url)}" for service in services)
    blocks.append(f"Try it:\n{tries}")
    blocks.append(
        "More: understudy vendors NAME lists responses and examples; README.md has guides."
    )
    return "\n\n".join(blocks)


def format_first_request(service: Service, base_url: str) -> str:
    """A curl line for the service's first operation that works when pasted."""
    request = ["curl", f"{base_url}{service.prefix}{service.vendor.first_request}"]
    if service.accounts:
        scheme, credential = service.document.security.first, service.accounts.default.credential
        request[1], headers = scheme.sign(request[1], (), credential)
        for name, value in headers:
            request += ["-H", f"{name}: {value}"]
    return shlex.join(request)
