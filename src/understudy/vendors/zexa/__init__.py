"""Zexa (zexa.ao) REST API v1: campaigns to contact lists, paid with prepaid credits."""

from understudy import checks
from understudy.vendor import Vendor
from understudy.vendors.zexa import events, handlers, rules, serializers

VENDOR = Vendor(
    name="zexa",
    title="Zexa",
    hosts=("api.zexa.ao",),
    collections={
        "balances": "balance",
        "contact_lists": "contact list",
        "contacts": "contact",
        "senders": "sender",
        "email_addresses": "email address",
        "webhooks": "webhook",
        "campaigns": "campaign",
        "messages": "message",
    },
    handlers=handlers,
    # The order in which Zexa looks at a request: what comes first decides the answer.
    checks=(
        rules.acts_for_customer,
        checks.count,
        checks.rate_limit,
        checks.parameters,
        checks.body,
    ),
    spell=serializers.error,
    finish=serializers.finish,
    actions={
        "start": events.start,
        "tick": events.tick,
        "fail": events.fail,
        "opt_out": events.opt_out,
    },
    limit=rules.limit,
    request_id=serializers.request_id,
    first_request="/v1/campaigns",
)
