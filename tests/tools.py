"""Tools beside Python that some tests need, such as Node."""

from __future__ import annotations

import os
import shutil

import pytest

# Set where nothing may be skipped.
DEMANDED = "UNDERSTUDY_TEST_EVERYTHING"


def needs(*tools: str) -> pytest.MarkDecorator:
    """Skip a test, loudly, where a tool is not found; fail where everything is to be tested."""
    missing = ", ".join(tool for tool in tools if shutil.which(tool) is None)
    if missing and os.environ.get(DEMANDED):
        pytest.fail(f"{DEMANDED} is set, and {missing} is not to be found", pytrace=False)
    return pytest.mark.skipif(bool(missing), reason=f"NOT TESTED: {missing} is not to be found")
