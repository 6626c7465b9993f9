"""Contract coverage as one HTML page: no script, nothing loaded, light and dark."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from understudy.coverage.coverage import Coverage

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).parent / "templates"


def render_html(coverage: Coverage) -> str:
    """Render the coverage as a page in one file, for people."""
    return _page_template().render(coverage=coverage)


@cache
def _page_template() -> Template:
    # Only a report needs it; a test run without one should not wait for its import.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["enum_text"] = format_enum_value
    return environment.get_template("report.html")


def format_enum_value(value: Any) -> str:
    """Format an enum value: a string as it is, any other value as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
