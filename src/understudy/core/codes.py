"""Every code that a diagnosis or a finding may have, and what it means.

A code is a JSON Schema keyword (`required`, `maxLength`), or one of the mock's own. Besides these
there are only the names of the vendors' rules, which the vendors' documents explain.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

CODES = json.loads(Path(__file__).with_name("codes.json").read_text("utf-8"))
# How to satisfy each keyword; braces are filled with what the schema says.
KEYWORD_HINTS: Mapping[str, str] = CODES["keywords"]

# What a schema would fill into a hint.
PLACEHOLDERS = {"limit": "N", "multiple_of": "N", "options": "those that the document lists"}

# What each other code means, and how to pass.
OWN_MEANINGS: Mapping[str, str] = CODES["own"]


def explain_keyword(keyword: str) -> str:
    """What a JSON Schema keyword means as a code, and how to pass."""
    hint = KEYWORD_HINTS[keyword].format_map(PLACEHOLDERS)
    return (
        f"A value breaks its schema; to pass, {hint}. {keyword} is a keyword of the schema that "
        "the document gives to what the diagnosis points at. The vendors' bodies: understudy "
        "explain invalid-body"
    )


# Every code and its meaning.
MEANINGS: Mapping[str, str] = {
    **{keyword: explain_keyword(keyword) for keyword in KEYWORD_HINTS},
    **OWN_MEANINGS,
}
