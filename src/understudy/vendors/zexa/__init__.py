"""Zexa (zexa.ao) REST API v1: campaigns to contact lists, paid with prepaid credits."""

from understudy.service import Sample, Signature, Vendor, View, checks
from understudy.vendors.zexa import events, handlers, rules, samples, serializers
from understudy.vendors.zexa.store import ZexaStore

VENDOR = Vendor(
    name="zexa",
    title="Zexa",
    hosts=("api.zexa.ao",),
    store=ZexaStore,
    handlers=handlers,
    # The order in which Zexa looks at a request: what comes first decides the answer.
    checks=(
        rules.acts_for_customer,
        checks.count,
        checks.rate_limit,
        checks.parameters,
        checks.body,
    ),
    errors=serializers.ERRORS,
    render_error=serializers.error,
    finish=serializers.finish,
    actions={"start": events.start, "tick": events.tick},
    limit=rules.limit,
    request_id=serializers.request_id,
    first_request="/v1/campaigns",
    lifecycles={
        "campaigns": rules.CAMPAIGN,
        "messages": rules.MESSAGE,
        "senders": rules.SENDER,
        "email_addresses": rules.EMAIL_ADDRESS,
    },
    fires=events.FIRES,
    views={
        "balances": View("Credits", serializers.credits),
        "contacts": View("Contact", serializers.contact),
        "senders": View("Sender", serializers.sender),
        "webhooks": View("Webhook", serializers.webhook),
        "campaigns": View("Campaign", serializers.campaign),
        # No reply shows a message, but the events about it do.
        "messages": View("Message", serializers.message),
    },
    samples={
        "campaigns": Sample("createCampaign", samples.campaign),
        "contacts": Sample("createContact", samples.contact),
        "webhooks": Sample("createWebhook", samples.webhook),
    },
    signature=Signature(serializers.SIGNATURE, "webhooks", "signing_key", serializers.signature),
)
