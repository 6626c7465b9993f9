"""AgentMessage (agentmessage.io) API v1: 10DLC campaigns and their neighbours.

Beside the usual seven files, `review.py` holds the draft review, whose blocking findings also
decide what becomes of a filed campaign.
"""

from understudy.service import Sample, Signature, Vendor, View, checks
from understudy.vendors.agentmessage import events, handlers, rules, samples, serializers
from understudy.vendors.agentmessage.store import AgentMessageStore

VENDOR = Vendor(
    name="agentmessage",
    title="AgentMessage",
    hosts=("api.agentmsg.io",),
    store=AgentMessageStore,
    handlers=handlers,
    # 401 comes before all of these; what needs the store (404, 409) after them.
    checks=(
        rules.scope_suffices,
        checks.count,
        checks.rate_limit,
        checks.parameters,
        rules.body,
    ),
    errors=serializers.ERRORS,
    render_error=serializers.error,
    finish=serializers.finish,
    actions={
        "file_campaign": events.file_campaign,
        "decide_campaign": events.decide_campaign,
        "renew_campaign": events.renew_campaign,
        "file_brand": events.file_brand,
        "vet_brand": events.vet_brand,
        "propagate_number": events.propagate_number,
        "redeliver": events.redeliver,
        "attempted": events.attempted,
    },
    well_formed=rules.is_key,
    limit=rules.limit,
    request_id=serializers.randomness,
    first_request="/v1/campaigns",
    lifecycles={
        "campaigns": rules.CAMPAIGN,
        "brands": rules.BRAND,
        "phone_numbers": rules.NUMBER,
    },
    fires={
        "campaigns": events.CAMPAIGNS,
        "brands": events.BRANDS,
        "phone_numbers": events.NUMBERS,
    },
    views={
        "campaigns": View("Campaign", dict),
        "brands": View("Brand", dict),
        "phone_numbers": View("PhoneNumber", serializers.render_number),
        "endpoints": View("WebhookEndpoint", serializers.render_endpoint),
        "deliveries": View("WebhookDelivery", serializers.render_attempt),
        "wallets": View("Wallet", serializers.without_id),
        "catalogs": View("CatalogFees", serializers.without_id),
    },
    samples={
        "campaigns": Sample("createCampaign", samples.campaign),
        "brands": Sample("createBrand", samples.brand),
    },
    signature=Signature(events.SIGNATURE, "endpoints", "secret", events.expected_signature),
    resign=events.resign,
)
