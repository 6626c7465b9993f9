"""AgentMessage's operations: one sentence each."""

from __future__ import annotations

from understudy.service import Reply
from understudy.vendors.agentmessage import events, rules, serializers
from understudy.vendors.agentmessage.store import Call


async def create_campaign(call: Call) -> Reply:
    brand = await rules.brand_for_campaign(call)
    campaign = serializers.campaign(call, brand)
    await call.store.campaigns.put(campaign, call.customer)
    events.campaign_created(call, campaign)
    return serializers.reply(202, campaign)


async def list_campaigns(call: Call) -> Reply:
    wanted = rules.same(call, "status", "brand_id")
    return serializers.paged(call, await rules.page(call, call.store.campaigns, wanted))


async def get_campaign(call: Call, id: str) -> Reply:
    return serializers.reply(200, await rules.campaign_of(call, id))


async def review_campaign_draft(call: Call) -> Reply:
    return serializers.reply(200, serializers.reviewed(call))


async def create_brand(call: Call) -> Reply:
    wallet = await rules.may_file_brand(call)
    await call.store.wallets.put(rules.debited(wallet, rules.BRAND_CENTS))
    brand = serializers.brand(call, call.body, call.customer)
    await call.store.brands.put(brand, call.customer)
    events.brand_created(call, brand)
    return serializers.reply(202, brand)


async def list_brands(call: Call) -> Reply:
    wanted = rules.same(call, "status", "identity_status")
    return serializers.paged(call, await rules.page(call, call.store.brands, wanted))


async def get_brand(call: Call, id: str) -> Reply:
    return serializers.reply(200, await call.store.brands.get(id.lower(), call.customer))


async def list_phone_numbers(call: Call) -> Reply:
    """The page is cut first and filtered then, so it may be short while more follow."""
    page = await rules.page(call, call.store.phone_numbers, rules.same(call, "number_type"))
    carries, says = rules.same(call, "campaign_id"), rules.says(call)
    numbers = [number for number in page.resources if carries(number) and says(number)]
    return serializers.listed(call, list(map(serializers.public_fields, numbers)), page.cursor)


async def get_phone_number(call: Call, id: str) -> Reply:
    return serializers.reply(200, serializers.public_fields(await rules.number_of(call, id)))


async def attach_campaign_to_phone_number(call: Call, id: str) -> Reply:
    number, campaign = await rules.attachment(call, id)
    if number.get("campaign_id") != campaign["id"]:
        number = serializers.carrying(call, number, campaign)
        await call.store.phone_numbers.put(number, call.customer)
        events.campaign_attached(call, number)
    return serializers.reply(200, serializers.public_fields(number))


async def detach_campaign_from_phone_number(call: Call, id: str) -> Reply:
    number = rules.NUMBER.fire(await rules.number_of(call, id), "detach")
    if "campaign_id" in number:
        number = serializers.free(call, number)
        await call.store.phone_numbers.put(number, call.customer)
    return serializers.reply(200, serializers.public_fields(number))


async def get_wallet(call: Call) -> Reply:
    wallet = await call.store.wallets.find(call.customer)
    return serializers.reply(200, serializers.wallet(call, wallet))


async def get_catalog_fees(call: Call) -> Reply:
    catalog = await call.store.catalogs.get(events.CATALOG)
    return serializers.reply(200, serializers.without_id(catalog))


async def create_webhook_endpoint(call: Call) -> Reply:
    await rules.may_add_endpoint(call)
    endpoint = serializers.endpoint(call)
    await call.store.endpoints.put(endpoint, call.customer)
    return Reply(201, serializers.with_secret(endpoint))


async def list_webhook_endpoints(call: Call) -> Reply:
    page = await rules.page(call, call.store.endpoints, rules.is_living)
    return serializers.listed(call, list(map(serializers.public_fields, page.resources)))


async def patch_webhook_endpoint(call: Call, id: str) -> Reply:
    endpoint = serializers.patched_endpoint(call, await rules.endpoint_of(call, id))
    await call.store.endpoints.put(endpoint, call.customer)
    return Reply(200, serializers.public_fields(endpoint))


async def rotate_webhook_endpoint_secret(call: Call, id: str) -> Reply:
    endpoint = serializers.rotated(call, await rules.endpoint_of(call, id))
    await call.store.endpoints.put(endpoint, call.customer)
    return Reply(200, serializers.with_secret(endpoint))


async def test_webhook_endpoint(call: Call, id: str) -> Reply:
    attempt = await events.test(call, await rules.endpoint_of(call, id))
    return Reply(200, serializers.tested(attempt))


async def list_webhook_deliveries(call: Call) -> Reply:
    wanted = rules.attempts_asked(call)
    page = await rules.page(call, call.store.deliveries, wanted, member="occurred_at")
    return serializers.listed(
        call, list(map(serializers.public_fields, page.resources)), page.cursor
    )


async def get_webhook_delivery(call: Call, id: str) -> Reply:
    delivery = await call.store.deliveries.get(id.lower(), call.customer)
    return Reply(200, serializers.public_fields(delivery))


async def replay_webhook_delivery(call: Call, id: str) -> Reply:
    delivery, endpoint = await rules.replayable(call, id)
    event = events.replay(call, delivery, endpoint)
    return Reply(202, serializers.replayed(call, delivery, event))
