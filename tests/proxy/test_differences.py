"""What the proxy finds in one reply, where no shipped document declares it."""

from __future__ import annotations

from understudy.openapi.document import Document
from understudy.proxy.client import UpstreamReply
from understudy.proxy.differences import find_reply_differences

RAW = {
    "paths": {
        "/toys": {
            "get": {
                "operationId": "getToy",
                "responses": {
                    "200": {
                        "description": "",
                        "headers": {"ETag": {"required": True, "schema": {"type": "string"}}},
                        "content": {"text/*": {}},
                    },
                },
            }
        },
    },
}
GET_TOY = Document("toys", RAW).operations["getToy"]
TEXT = (b"content-type", b"text/plain")


def test_a_required_header_that_is_missing_is_a_difference() -> None:
    """It is named; the range of media types is met."""
    [difference] = find_reply_differences(GET_TOY, UpstreamReply(200, [TEXT], b"a"))

    assert (difference.code, difference.pointer) == ("missing-header", "ETag")


def test_a_required_header_is_found_whatever_its_case() -> None:
    """HTTP does not tell upper case from lower case."""
    reply = UpstreamReply(200, [TEXT, (b"ETAG", b"1")], b"a")

    assert find_reply_differences(GET_TOY, reply) == []
