"""Base URLs that a user names."""

from __future__ import annotations

import pytest

from understudy.core.base_url import parse_base_url
from understudy.core.errors import StartError

EXAMPLE = "https://api.sent.dm"


@pytest.mark.parametrize(
    ("text", "origin", "prefix"),
    [
        ("https://API.example:443/", "https://api.example", ""),
        ("http://[::1]:8080/a/b/", "http://[::1]:8080", "/a/b"),
        ("http://h/a.b/..c", "http://h", "/a.b/..c"),
    ],
)
def test_a_base_url_is_an_origin_and_a_prefix(text: str, origin: str, prefix: str) -> None:
    """The text stays as it was given."""
    url = parse_base_url(text, "--base-url", EXAMPLE)

    assert (str(url.origin), url.prefix, url.text) == (origin, prefix, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", '"" is not an http or https URL'),
        ("localhost:4010", '"localhost:4010" is not an http or https URL'),
        ("ftp://h", '"ftp://h" is not an http or https URL'),
        ("http:///x", '"http:///x" has no host, or port 0'),
        ("http://h:0", '"http://h:0" has no host, or port 0'),
        ("http://h:99999", "Port out of range 0-65535"),
        ("http://[::1", "Invalid IPv6 URL"),
        ("http://h?", '"http://h?" has a query or a fragment'),
        ("http://h#x", '"http://h#x" has a query or a fragment'),
        ("http://u:secret@h", "the URL contains credentials"),
        ("http://u:secret?@h", "the URL contains credentials"),
        ("http://h a", "the URL contains characters that are not allowed in URLs"),
        ("http://h\\@evil", "the URL contains c"),
        ("http://h/é", "the URL contains characters that are not allowed in URLs"),
        ('http://h/"x"', "the URL contains characters that are not allowed in URLs"),
        ("http://h/a/../b", '"http://h/a/../b" has "." or ".." in its path'),
        ("http://h/%2e%2E", '"http://h/%2e%2E" has "." or ".." in its path'),
        ("http://h/%252e%252e", '"http://h/%252e%252e" has "." or ".." in its path'),
        ("http://h/a%5c..", '"http://h/a%5c.." has "." or ".." in its path'),
    ],
)
def test_what_is_not_a_base_url_is_refused(text: str, reason: str) -> None:
    """One sentence names the flag, the reason and a URL that is right, and repeats no password."""
    with pytest.raises(StartError) as caught:
        parse_base_url(text, "--base-url", EXAMPLE)

    assert str(caught.value).startswith(f"--base-url: {reason}")
    assert str(caught.value).endswith(f"; give a URL such as {EXAMPLE}")
    assert "secret" not in str(caught.value)
