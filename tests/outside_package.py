"""A vendor package outside the project: the scaffold's files, beside each other in one package."""

from __future__ import annotations

from pathlib import Path, PurePath

from understudy.cli.scaffold import render_vendor_package

SOURCE = "src/understudy/vendors/outsider/"
# The document and the seed data lie beside the modules.
DATA = ("specs/outsider.yaml", "fixtures/outsider/seed.json")


def write_outside_package(package: Path) -> None:
    """Write the vendor `outsider` into a folder, as the package of that folder's name."""
    for file, text in render_vendor_package("outsider").items():
        if file.startswith(SOURCE) or file in DATA:
            outside = text.replace("understudy.vendors.outsider", package.name)
            (package / PurePath(file).name).write_text(outside)
