"""Signatures of webhooks, by what a vendor package says of how it signs."""

from __future__ import annotations

import pytest

from understudy.service import Signature
from understudy.vendors.agentmessage import VENDOR
from understudy.vendors.agentmessage.events import signature

TOY = Signature("X-Toy", "toys", "secret", lambda secret, body, sent: f"{secret}:{body.decode()}")
SECRET = "c2VjcmV0"


@pytest.mark.parametrize(
    ("headers", "fault"),
    [
        ({"x-toy": "bear:hello"}, ""),
        ({}, "there is no X-Toy"),
        (
            {"x-toy": "duck:hello"},
            "X-Toy is duck:hello, but by the subscription's secret it would be bear:hello",
        ),
        (
            {"x-toy": "b\xe9ar"},
            "X-Toy is b\xe9ar, but by the subscription's secret it would be bear:hello",
        ),
    ],
)
def test_fault_is_a_sentence(headers: dict[str, str], fault: str) -> None:
    """It shows both values; there is none when they are equal."""
    assert TOY.find_fault(headers, b"hello", "bear") == fault


@pytest.mark.parametrize("sent", ["", "t=,v1=", "t=now,v1=00", "v1=00", "t=5,v1=00", ",=,"])
def test_agentmessage_refuses_what_it_did_not_sign(sent: str) -> None:
    """Whatever a header looks like, the check ends with a sentence."""
    assert VENDOR.signature is not None
    assert VENDOR.signature.find_fault({"x-amcore-signature": sent}, b"{}", SECRET)


def test_agentmessage_signs_its_time() -> None:
    """The time in the header is part of what is signed."""
    assert VENDOR.signature is not None
    headers = {"x-amcore-signature": signature(SECRET, 1_700_000_000, b"{}")}

    assert VENDOR.signature.find_fault(headers, b"{}", SECRET) == ""
