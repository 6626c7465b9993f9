"""Commands about vendors and their documents: vendors, lint, explain."""

from __future__ import annotations

from pathlib import Path

import click

from understudy.cli.explain import explain_code, render_explanation, rule_rows
from understudy.cli.options import option
from understudy.core.terminal import format_count, format_table
from understudy.engine.registry import lint_vendor, open_services, own_documents
from understudy.openapi.lint import lint_file
from understudy.server.banner import describe_service, list_services
from understudy.vendors import vendor_names


@click.command()
@click.argument("name", required=False)
def vendors(name: str | None) -> None:
    """List the vendors, or one vendor's operations, responses and keys."""
    services = open_services([name] if name else [])
    click.echo(describe_service(services[0]) if name else list_services(services))


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def lint(files: tuple[Path, ...]) -> int:
    """Check documents: specification, examples, fidelity.

    Without FILES, check the documents of this project, and of every vendor package that its
    document has the examples that its rules name. The exit code is 1 when there are findings.
    """
    documents = files or own_documents()
    findings = [f"{file.name}: {finding}" for file in documents for finding in lint_file(file)]
    if not files:
        findings += [f"{name}/{each}" for name in vendor_names() for each in lint_vendor(name)]
    for finding in findings:
        click.echo(finding)
    click.echo(
        f"{format_count(len(documents), 'document')}, {format_count(len(findings), 'finding')}"
    )
    return 1 if findings else 0


@click.command()
@click.argument("code", required=False)
@option("--vendor", "names", multiple=True, metavar="NAME", help="Only this vendor (repeatable).")
def explain(code: str | None, names: tuple[str, ...]) -> None:
    """Explain an error code and how to avoid the error, or list all codes."""
    services = open_services(names)
    if code is None:
        click.echo(format_table(rule_rows(services)))
    else:
        click.echo(render_explanation(explain_code(services, code)))
