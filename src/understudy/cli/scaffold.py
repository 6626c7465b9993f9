"""The command `understudy new`: a vendor package with document, seed data and tests that pass.

The files come from `templates/`, where NAME stands for the vendor's name in paths, and `$name` and
`$Title` do in texts.
"""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

import click

from understudy.core.errors import StartError

VENDOR_NAME = re.compile(r"[a-z][a-z0-9]{1,30}")
TEMPLATES = Path(__file__).parent / "templates"
# In the order in which a new author should look at them.
FILES = (
    "specs/NAME.yaml",
    "fixtures/NAME/seed.json",
    *(
        f"src/understudy/vendors/NAME/{module}.py"
        for module in ("__init__", "store", "handlers", "rules", "serializers", "events")
    ),
    "tests/vendors/test_NAME.py",
    "tests/contract/NAME.toml",
)


def render_vendor_package(name: str) -> dict[str, str]:
    """Render the files of a new vendor package.

    Returns:
        The text of each file by its path in a checkout of the project.

    Raises:
        StartError: when it is not a name for a vendor.
    """
    if not VENDOR_NAME.fullmatch(name):
        raise StartError(f'"{name}" is not a name for a vendor: use lower-case letters and digits')
    words = {"name": name, "Title": name.capitalize()}
    templates = {file: (TEMPLATES / f"{file}.tmpl").read_text(encoding="utf-8") for file in FILES}
    return {
        file.replace("NAME", name): Template(text).substitute(words)
        for file, text in templates.items()
    }


def write_vendor_package(name: str, checkout: Path) -> list[Path]:
    """Write a new vendor package into a checkout of the project.

    Returns:
        The files written, in the order in which to look at them.

    Raises:
        StartError: when it is not a name for a vendor, a file already exists, or the folder is not
            a checkout.
    """
    rendered = render_vendor_package(name)
    if not (checkout / "src" / "understudy" / "vendors").is_dir():
        raise StartError(f"{checkout} is not a checkout of understudy; change to one")
    for file in rendered:
        if (checkout / file).exists():
            raise StartError(f"{file} already exists; choose another name")
    for file, text in rendered.items():
        target = checkout / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return [checkout / file for file in rendered]


@click.command()
@click.argument("name")
def new(name: str) -> None:
    """Write an empty vendor package into a checkout.

    NAME names the vendor; the checkout is the current folder.
    """
    checkout = Path.cwd()
    for file in write_vendor_package(name, checkout):
        click.echo(f"wrote {file.relative_to(checkout)}")
    click.echo("next: describe the vendor in the document, then write its rules and handlers")
