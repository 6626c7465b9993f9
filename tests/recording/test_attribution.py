"""Foreign recordings: whose API was asked, and by whom."""

from __future__ import annotations

import pytest

from understudy.engine.registry import open_services
from understudy.recording.attribution import Attribution
from understudy.recording.model import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    Recording,
    UnreadableRecording,
)

SERVICES = open_services()


def attributed(url: str, only: str = "", method: str = "GET", key: str = "x") -> RecordedExchange:
    """One exchange of a foreign recording, attributed."""
    headers = (("Authorization", f"Bearer {key}"), ("Host", "x"), ("X-Api-Key", key))
    exchange = RecordedExchange(RecordedRequest(method, url, headers), RecordedResponse(200))
    return Attribution(SERVICES, only).recording(Recording("r", (exchange,))).exchanges[0]


@pytest.mark.parametrize(
    ("url", "vendor", "operation", "told"),
    [
        ("https://api.zexa.ao/v1/credits", "zexa", "getCredits", "https://api.zexa.ao/v1/credits"),
        (
            "http://127.0.0.1:4010/zexa/v1/campaigns?page=2",
            "zexa",
            "listCampaigns",
            "https://api.zexa.ao/v1/campaigns?page=2",
        ),
        (
            "http://localhost/@me/agentmessage/v1/brands",
            "agentmessage",
            "listBrands",
            "https://api.agentmsg.io/v1/brands",
        ),
        ("https://api.sent.dm/v3/nothing", "sent", None, "https://api.sent.dm/v3/nothing"),
    ],
)
def test_url_tells_the_vendor(url: str, vendor: str, operation: str | None, told: str) -> None:
    """By its host, or by the mock's prefix; the URL becomes the vendor's own."""
    found = attributed(url)

    assert (found.vendor, found.operation, found.request.url) == (vendor, operation, told)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://staging.example.com/v1/credits", "https://api.zexa.ao/v1/credits"),
        ("http://localhost:3000/api/zexa/v1/credits?a=1", "https://api.zexa.ao/v1/credits?a=1"),
        ("http://localhost:3000/x/nothing", "https://api.zexa.ao/x/nothing"),
    ],
)
def test_vendor_can_be_named(url: str, told: str) -> None:
    """Where the URL says nothing, such as a staging host, or another base before the path."""
    found = attributed(url, only="zexa")

    assert (found.vendor, found.request.url) == ("zexa", told)


@pytest.mark.parametrize(
    ("url", "key", "account"),
    [
        ("https://api.zexa.ao/v1/credits", "zexa_test_globex", "globex"),
        ("https://api.sent.dm/v3/profiles", "sk_test_acme_reader", "acme-reader"),
        ("https://api.zexa.ao/v1/credits", "somebody_elses_key", None),
    ],
)
def test_credential_tells_the_account(url: str, key: str, account: str | None) -> None:
    """And is not kept, whoever's it is."""
    found = attributed(url, key=key)

    assert found.account == account
    assert found.request.headers == (
        ("Authorization", "Bearer [redacted]"),
        ("X-Api-Key", "[redacted]"),
    )


def test_strangers_are_named() -> None:
    """A recording of nobody that is known says whose it is, and what to do."""
    with pytest.raises(UnreadableRecording, match=r"hosts: example\.com; vendors: .*--vendor"):
        attributed("https://example.com/")


def test_others_are_left_out() -> None:
    """A browser's recording has pages and pictures, too."""
    urls = ("https://example.com/page", "https://api.zexa.ao/v1/credits")
    recording = Recording(
        "r",
        tuple(RecordedExchange(RecordedRequest("GET", url), RecordedResponse(200)) for url in urls),
    )

    found = Attribution(SERVICES).recording(recording)

    assert [each.request.url for each in found.exchanges] == [urls[1]]
    assert found.versions == {"zexa": "1"}


KEY = "Mark-0123456789-abcdef"
QUERY = f"?api_key={KEY}&access_token={KEY}&token={KEY}"


def foreign(**members: RecordedRequest | RecordedResponse) -> RecordedExchange:
    """An exchange with Sent that another tool recorded."""
    usual = {
        "request": RecordedRequest("GET", "https://api.sent.dm/v3/profiles"),
        "response": RecordedResponse(200),
    }
    return RecordedExchange(**{**usual, **members})


@pytest.mark.parametrize(
    "request_",
    [
        *(
            RecordedRequest("GET", "https://api.sent.dm/v3", ((name, KEY),))
            for name in ("api-key", "x-auth-token", "X-CSRF-Token", "Cookie")
        ),
        RecordedRequest("GET", "https://api.sent.dm/v3", (("Authorization", f"Bearer {KEY}"),)),
        RecordedRequest("GET", f"https://api.sent.dm/v3{QUERY}"),
        *(
            RecordedRequest("POST", "https://api.sent.dm/v3", (), f'{{"{name}":"{KEY}"}}'.encode())
            for name in ("password", "api_key", "apiKey", "card_number")
        ),
        RecordedRequest(
            "POST",
            "https://api.sent.dm/v3",
            (("content-type", "application/x-www-form-urlencoded"),),
            f"grant_type=x&code={KEY}".encode(),
        ),
    ],
)
def test_no_credential_of_a_foreign_recording_is_left(request_: RecordedRequest) -> None:
    """Neither where it was sent nor where the reply's body, headers and URLs echo it."""
    echo = (("X-Echo", KEY), ("Location", f"https://x/{KEY}?token=another-{KEY}"))
    answer = RecordedResponse(401, echo, f'{{"error":"bad key {KEY}"}}'.encode())

    found = Attribution(SERVICES).recording(
        Recording("r", (foreign(request=request_, response=answer),))
    )

    assert KEY not in repr(found) and "bad key [redacted]" in repr(found)


def test_a_token_that_was_handed_out_is_masked_in_what_follows() -> None:
    """The reply to a login holds it; nothing names it where it is quoted later."""
    login = foreign(response=RecordedResponse(200, (), f'{{"access_token":"{KEY}"}}'.encode()))
    later = foreign(response=RecordedResponse(200, (), f'{{"note":"{KEY}"}}'.encode()))

    found = Attribution(SERVICES).recording(Recording("r", (login, later)))

    assert [each.response.body for each in found.exchanges] == [
        b'{"access_token":"[redacted]"}',
        b'{"note":"[redacted]"}',
    ]


def test_a_recordings_own_members_tell_no_secret() -> None:
    """Its title, events and deliveries; of its settings those stay that replaying knows."""
    secret = "sk_test_acme_admin"
    told = ({"x": secret},)
    settings = {"auth": "strict", "note": secret}
    recording = Recording(
        "r", (foreign(),), title=secret, settings=settings, events=told, deliveries=told
    )

    found = Attribution(SERVICES).recording(recording)

    assert found.settings == {"auth": "strict"}
    assert found.title == "[redacted acme-admin]"
    assert found.events == found.deliveries == ({"x": "[redacted acme-admin]"},)
