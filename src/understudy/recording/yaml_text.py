"""JSON documents as YAML that every reader takes for the same, whichever version it speaks."""

from __future__ import annotations

import re
from typing import Any

import yaml

# Text that some version of YAML takes for a number, a time or a truth; quoted, it is text to all.
UNSURE = re.compile(r"[-+.]?[\d.]|(y|n)$", re.IGNORECASE)


class _Dumper(yaml.SafeDumper):
    """Quotes text that might be something else, and repeats what stands twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "'" if UNSURE.match(text) and text.isprintable() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def yaml_text(document: Any) -> str:
    """A document as YAML for people; members keep their order."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text
