"""The server: health and vendors."""

from __future__ import annotations

from understudy.admin import views
from understudy.admin.context import AdminContext
from understudy.core.version import __version__
from understudy.service.call import Call
from understudy.service.reply import Reply


async def get_health(context: AdminContext, call: Call) -> Reply:
    """Answered only once every document is loaded, so a 200 means ready."""
    return Reply(
        200,
        {
            "status": "ok",
            "name": "understudy",
            "version": __version__,
            "vendors": list(context.services),
            "uptime_seconds": round(context.running.seconds(), 3),
        },
    )


async def list_vendors(context: AdminContext, call: Call) -> Reply:
    return Reply(
        200, {"vendors": [views.vendor_line(service) for service in context.services.values()]}
    )


async def get_vendor(context: AdminContext, call: Call, vendor: str) -> Reply:
    return Reply(200, views.vendor(context.service(vendor)))
