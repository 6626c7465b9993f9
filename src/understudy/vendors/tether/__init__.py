"""Tether (Tether Relay) campaign API: SMS to many contacts, planned against a daily quota."""

from understudy.service import Sample, Vendor, View, checks
from understudy.vendors.tether import events, handlers, rules, samples, serializers
from understudy.vendors.tether.store import TetherStore

VENDOR = Vendor(
    name="tether",
    title="Tether",
    # Every customer has a host of its own; these are those that Tether's pages name.
    hosts=("your-instance.example.com", "app.tetherai.ca", "api.staging.tetherai.ca"),
    store=TetherStore,
    handlers=handlers,
    # The order in which Tether looks at a request: what comes first decides the answer.
    checks=(
        rules.acts_for_organization,
        checks.count,
        rules.count_login,
        checks.rate_limit,
        rules.id_is_one,
        checks.parameters,
        checks.body,
    ),
    errors=serializers.ERRORS,
    render_error=serializers.error,
    finish=serializers.finish,
    actions={"start": events.start, "dispatch": events.dispatch},
    limit=rules.limit,
    key="_id",
    first_request="/api/campaigns",
    lifecycles={"campaigns": rules.CAMPAIGN},
    fires=events.FIRES,
    views={
        "campaigns": View("WholeCampaign", serializers.campaign),
        "contacts": View("KnownContact", serializers.known_contact),
    },
    samples={"campaigns": Sample("createCampaign", samples.campaign)},
)
