"""Deliveries: look and replay."""

from __future__ import annotations

from typing import Any

from understudy.admin import views
from understudy.admin.context import AdminContext, MissingError
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.service.service import make_redactor
from understudy.service.unit_of_work import UnitOfWork
from understudy.session.deliveries import Delivery


async def list_deliveries(context: AdminContext, call: Call) -> Reply:
    asked = {name: call.parameters.get(name) for name in ("vendor", "event", "state")}
    if asked["vendor"] is not None:
        context.service(asked["vendor"])
    found = [
        each
        for each in call.session.webhooks.deliveries
        if all(value in (None, getattr(each, name)) for name, value in asked.items())
    ]
    latest = found[-call.parameters["limit"] :]
    return Reply(
        200, {"total": len(found), "deliveries": [_view_delivery(context, each) for each in latest]}
    )


async def get_delivery(context: AdminContext, call: Call, id: str) -> Reply:
    return Reply(200, _view_delivery(context, _find_delivery(call, id)))


async def replay_delivery(context: AdminContext, call: Call, id: str) -> Reply:
    delivery = _find_delivery(call, id)
    service = context.services[delivery.vendor]
    work = UnitOfWork(call.session, service.vendor, call.now)
    signed = await service.vendor.resign(work, delivery) if service.vendor.resign else {}
    await call.session.webhooks.replay(delivery, {**delivery.headers, **signed})
    return Reply(200, _view_delivery(context, delivery))


def _find_delivery(call: Call, id: str) -> Delivery:
    delivery = call.session.webhooks.find(id)
    if delivery is None:
        raise MissingError(f'delivery "{id}"', "see /__admin/deliveries")
    return delivery


def _view_delivery(context: AdminContext, delivery: Delivery) -> dict[str, Any]:
    return views.delivery(delivery, make_redactor(context.services[delivery.vendor]))
