"""Zexa's rules: whom a campaign reaches, from whom, what it costs, how it moves."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.core.clock import parse_instant
from understudy.core.errors import Conflict, Diagnosis, InvalidBody, NotFound, Refused
from understudy.openapi.document import Operation
from understudy.service import Lifecycle, Limit, Resource
from understudy.vendors.zexa.store import Call, UnitOfWork

# Only time moves a campaign, never a call of the API; `fail` happens by hand alone.
CAMPAIGN = Lifecycle(
    "campaign",
    "status",
    {
        "draft": {"schedule": "scheduled", "start": "processing"},
        "scheduled": {"start": "processing", "fail": "failed"},
        "processing": {"hand_over": "sent", "fail": "failed"},
        "sent": {"complete": "completed"},
        "completed": {},
        "failed": {},
    },
)
# The carrier's last word on a message is the event that makes it final; whom it reached may answer
# STOP, which changes nothing of the message.
MESSAGE = Lifecycle(
    "message",
    "status",
    {
        "queued": {"dispatch": "sent"},
        "sent": {
            "delivered": "delivered",
            "failed": "failed",
            "undeliverable": "undeliverable",
        },
        "delivered": {"opt_out": "delivered"},
        "failed": {},
        "undeliverable": {},
    },
)
# Zexa reviews Sender IDs; an email address is verified by whoever reads what is sent there.
SENDER = Lifecycle(
    "sender",
    "status",
    {
        "pending": {"approve": "approved", "reject": "rejected"},
        "approved": {},
        "rejected": {},
    },
)
EMAIL_ADDRESS = Lifecycle(
    "email address", "status", {"pending": {"verify": "verified"}, "verified": {}}
)

# Zexa limits each account and publishes no number; this one is ours.
ACCOUNT_LIMIT = Limit("account", count=100, seconds=60, burst=100)
# A campaign is handed to the carriers in about as many batches, however large it is.
BATCHES = 5

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Those of GSM-7's second table, sent as two.
GSM_7_EXTENSION = frozenset("\f^{}\\[~]|€")
# Credits for a message, and for a segment of an SMS at home and abroad.
RATES = {"whatsapp": 1, "telegram": 1, "email": 0.5, "slack": 0.5}
HOME, HOME_RATE, ABROAD_RATE = "+244", 1, 2


def limit(operation: Operation) -> Limit:
    """The limit of every operation."""
    return ACCOUNT_LIMIT


async def acts_for_customer(call: Call) -> None:
    """A key acts for its account, without any limit of scope."""
    assert call.account is not None
    call.customer = call.account["customer"]


def api_key(call: Call) -> str:
    """The key that the request was sent with; with `--auth any` it is nobody's in the seed.

    What is made without a request, to populate the world, has the account's own.
    """
    assert call.account is not None
    sent = call.headers.get("authorization", "").partition(" ")[2].strip()
    return sent or call.account.credential


def broken(rule: str, pointer: str, message: str, hint: str = "") -> InvalidBody:
    """A member of the body that a rule refuses; the rule's name is its documented example's."""
    return InvalidBody(message, [Diagnosis(rule, "body", pointer, message, hint)])


def campaign_request(sent: Resource, now: int) -> int | None:
    """What a campaign's request may combine.

    Returns:
        The instant at which sending begins; None for at once.
    """
    if "template" in sent and sent["channel"] != "whatsapp":
        raise broken(
            "template-needs-whatsapp",
            "/template",
            f"a template was sent for the channel {sent['channel']}",
            hint="send body instead, or use whatsapp",
        )
    text = sent.get("scheduled_at")
    return None if text is None else _begin(text, now)


def _begin(text: str, now: int) -> int:
    try:
        begin = parse_instant(text.upper())
    except ValueError as error:
        # RFC 3339 has times that no clock of ours shows, a leap second for one.
        hint = "send a time such as 2026-07-01T08:00:00Z, or null to begin at once"
        raise broken("invalid-schedule", "/scheduled_at", f'"{text}": {error}', hint) from error
    if begin <= now:
        hint = "send a later time, or null to begin at once"
        raise broken("scheduled-in-the-past", "/scheduled_at", f"{text} has passed", hint)
    return begin


async def targets(call: Call, sent: Resource) -> list[Resource]:
    """The contacts that a campaign is for.

    Raises:
        NotFound: the account has no such list.
        InvalidBody: the sender cannot send on the channel.
    """
    await call.store.contact_lists.get(sent["contact_list_id"], call.customer)
    await _sender_is_usable(call, sent["channel"], sent["sender_id"])
    contacts = await call.store.contacts.list(call.customer)
    return [contact for contact in contacts if is_reached(sent, contact)]


def can_send(sender: Resource) -> bool:
    """Whether a Sender ID or an email address is one that messages may come from."""
    return sender["status"] in ("approved", "verified")


async def _sender_is_usable(call: Call, channel: str, sender: str) -> None:
    if channel == "slack":
        return
    if channel == "email":
        found = await call.store.email_addresses.find(sender, call.customer)
    else:
        found = await call.store.senders.find(f"{channel}:{sender}", call.customer)
    if found is None or not can_send(found):
        status = "unknown" if found is None else found["status"]
        raise broken(
            "sender-not-registered",
            "/sender_id",
            f'the sender "{sender}" is {status} on {channel}',
            hint=_usable_senders(channel),
        )


def _usable_senders(channel: str) -> str:
    if channel == "email":
        return "use a verified email address of the account"
    return f"use one that listSenderIds shows as approved for {channel}"


def is_reached(sent: Resource, contact: Resource) -> bool:
    """Whether a campaign, as it is requested, is for a contact."""
    return (
        sent["contact_list_id"] in contact["lists"]
        and contact["active"]
        and sent["sender_id"] not in contact["opted_out"]
        and address(sent["channel"], contact) is not None
    )


def address(channel: str, contact: Resource) -> str | None:
    """Where a contact is reached on a channel; None when it is not."""
    found: str | None = contact["email" if channel == "email" else "phone"]
    return found


def segments(text: str) -> int:
    """How many SMS a text is: 160 characters of GSM-7 each, or 70 of UCS-2."""
    characters = set(text)
    if characters <= GSM_7 | GSM_7_EXTENSION:
        length = len(text) + sum(text.count(each) for each in characters & GSM_7_EXTENSION)
        return -(-length // 160)
    return -(-len(text.encode("utf-16-be")) // 2 // 70)


def prices(sent: Resource, contacts: Sequence[Resource]) -> list[float]:
    """What the message to each contact costs, in credits."""
    channel = sent["channel"]
    if channel != "sms":
        return [RATES[channel]] * len(contacts)
    count = segments(sent["body"])
    at_home = [contact["phone"].startswith(HOME) for contact in contacts]
    return [count * (HOME_RATE if home else ABROAD_RATE) for home in at_home]


async def balance_covers(call: Call, costs: Sequence[float]) -> None:
    """Check that the balance pays for a new campaign now; nothing is reserved."""
    balance = await call.store.balances.get(call.customer)
    need = sum(costs)
    if need > balance["credits"]:
        raise Refused(
            "insufficient-credits",
            f"the campaign needs {need} credits, the balance is {balance['credits']}",
            hint="set the balance, or choose a smaller list",
        )


def launched(campaign: Resource, now: str) -> Resource:
    """A draft on its way: waiting for its time, or begun."""
    if campaign["scheduled_at"] is not None:
        return CAMPAIGN.fire(campaign, "schedule")
    return begun(campaign, now)


def begun(campaign: Resource, now: str) -> Resource:
    return CAMPAIGN.fire(campaign, "start", started_at=now)


async def waiting_campaign(
    work: UnitOfWork, customer: str, campaign_id: str, status: str
) -> Resource | None:
    """The campaign when it is still in this state; None when it was moved by hand meanwhile."""
    campaign = await work.store.campaigns.find(campaign_id, customer)
    return campaign if campaign and campaign["status"] == status else None


async def campaign_of(work: UnitOfWork, campaign_id: str) -> tuple[Resource, str]:
    """Find a campaign and its customer, among those that have a balance.

    Raises:
        NotFound: when no customer has it.
    """
    for balance in await work.store.balances.list():
        campaign = await work.store.campaigns.find(campaign_id, balance["id"])
        if campaign is not None:
            return campaign, balance["id"]
    raise NotFound("campaign", campaign_id)


def is_queued(message: Resource) -> bool:
    return "dispatch" in MESSAGE.allowed(message)


def is_under_way(message: Resource) -> bool:
    return message["outcome"] in MESSAGE.allowed(message)


def is_confirmed(message: Resource) -> bool:
    return not is_queued(message) and not is_under_way(message)


def confirmed(message: Resource) -> Resource:
    """A message after its carrier's last word."""
    return MESSAGE.fire(message, message["outcome"])


def batch_size(campaign: Resource) -> int:
    return -(-int(campaign["total_contacts"]) // BATCHES)


def next_batch(messages: Sequence[Resource], size: int, credits: float) -> list[Resource]:
    """The next queued messages, dispatched: at most `size`, and no more than the credits cover."""
    batch: list[Resource] = []
    for message in [each for each in messages if is_queued(each)][:size]:
        credits -= message["credits"]
        if credits < 0:
            break
        batch.append(MESSAGE.fire(message, "dispatch"))
    return batch


def dispatched_by_hand(campaign: Resource, message: Resource, balance: Resource) -> Resource:
    """A message with its carrier, whoseever turn it is.

    Raises:
        Conflict: its campaign is not being dispatched, or the balance does not cover it.
    """
    if "hand_over" not in CAMPAIGN.allowed(campaign):
        raise Conflict(
            f"the campaign of the message is {campaign['status']}, so nothing of it is dispatched",
            hint="fire start on a campaign that waits; one that failed stays as it is",
        )
    covered([message], balance)
    return MESSAGE.fire(message, "dispatch")


def covered(messages: Sequence[Resource], balance: Resource) -> None:
    """Also by hand nothing is dispatched that is not paid.

    Raises:
        Conflict: the balance does not cover what is queued of these messages.
    """
    need = sum(message["credits"] for message in messages if is_queued(message))
    if need > balance["credits"]:
        raise Conflict(
            f"what is queued costs {need} credits, the balance is {balance['credits']}",
            hint="set the balance first",
        )


def charged(balance: Resource, changed: Sequence[Resource]) -> Resource:
    """A balance after these messages changed: those that were dispatched are paid."""
    cost = sum(message["credits"] for message in changed if is_under_way(message))
    return {**balance, "credits": balance["credits"] - cost}


def counted(campaign: Resource, changed: Sequence[Resource]) -> Resource:
    """A campaign after these messages changed; what did not arrive has failed."""
    final = [message for message in changed if is_confirmed(message)]
    delivered = sum(message["status"] == "delivered" for message in final)
    failed = len(final) - delivered
    return {
        **campaign,
        "delivered": campaign["delivered"] + delivered,
        "failed": campaign["failed"] + failed,
    }


def stepped(campaign: Resource, messages: Sequence[Resource], now: str) -> Resource:
    """A campaign as its messages have it: handed over, completed, or where it was."""
    events = CAMPAIGN.allowed(campaign)
    if "hand_over" in events and not any(map(is_queued, messages)):
        return CAMPAIGN.fire(campaign, "hand_over")
    if "complete" in events and all(map(is_confirmed, messages)):
        return CAMPAIGN.fire(campaign, "complete", completed_at=now)
    return campaign


def is_final(campaign: Resource) -> bool:
    return not CAMPAIGN.allowed(campaign)


async def contact_request(call: Call, sent: Resource) -> None:
    """A contact joins lists of its account, with a phone number that nobody else has.

    Raises:
        InvalidBody: a list is unknown.
        Conflict: another contact has the phone number.
    """
    for index, id in enumerate(sent.get("lists", [])):
        if await call.store.contact_lists.find(id, call.customer) is None:
            raise broken(
                "unknown-list",
                f"/lists/{index}",
                f'there is no contact list "{id}"',
                hint="use one that listContacts shows at another contact, or leave it out",
            )
    phone = sent["phone"]
    for contact in await call.store.contacts.holding("phone", phone, call.customer):
        raise Conflict(
            f"{phone} is the phone number of contact {contact['id']}",
            hint=f"send another number, or delete contact {contact['id']} first",
        )
