"""Sent (sent.dm) API v3: campaigns under a profile's brand, profiles, and their completion."""

from understudy.service import Sample, Vendor, View, checks
from understudy.vendors.sent import events, handlers, rules, samples, serializers
from understudy.vendors.sent.store import SentStore

VENDOR = Vendor(
    name="sent",
    title="Sent",
    hosts=("api.sent.dm", "api-dev.sent.dm"),
    store=SentStore,
    handlers=handlers,
    # The order in which Sent looks at a request: what comes first decides the answer.
    checks=(
        checks.count,
        rules.account_is_active,
        rules.role_suffices,
        rules.acts_for_profile,
        checks.idempotency_key,
        checks.parameters,
        checks.rate_limit,
        checks.replay,
        checks.body,
        rules.sandbox,
    ),
    errors=serializers.ERRORS,
    render_error=serializers.error,
    finish=serializers.finish,
    actions={"finish_completion": events.finish_completion},
    limit=rules.limit,
    idempotency=rules.IDEMPOTENCY,
    request_id=serializers.request_id,
    lifecycles={"campaigns": rules.CAMPAIGN, "profiles": rules.COMPLETION},
    fires={"campaigns": events.CAMPAIGNS, "profiles": events.COMPLETIONS},
    views={
        "campaigns": View("Campaign", dict),
        "profiles": View("ProfileDetail", serializers.render_stored_profile),
        "brands": View("Brand", serializers.render_brand),
    },
    samples={
        "campaigns": Sample("createCampaign", samples.campaign),
        "profiles": Sample("createProfile", samples.profile),
    },
    first_request="/v3/profiles/770e8400-e29b-41d4-a716-446655440002/campaigns",
)
