"""The handlers of specs/admin.yaml: each is given the admin context, and a call in one session."""

from __future__ import annotations

from understudy.admin.handlers.clock import get_clock, move_clock
from understudy.admin.handlers.deliveries import get_delivery, list_deliveries, replay_delivery
from understudy.admin.handlers.faults import (
    delete_fault,
    delete_faults,
    get_fault,
    list_faults,
    plan_fault,
)
from understudy.admin.handlers.requests import (
    count_matching_requests,
    count_requests,
    delete_requests,
    find_matching_requests,
    find_requests,
    get_coverage,
    get_request,
    list_requests,
    list_unmatched_requests,
)
from understudy.admin.handlers.resources import (
    delete_resource,
    get_resource,
    list_collections,
    list_resources,
    set_resource,
)
from understudy.admin.handlers.scene import fire_event, populate
from understudy.admin.handlers.server import get_health, get_vendor, list_vendors
from understudy.admin.handlers.sessions import (
    drop_session,
    drop_sessions,
    get_session,
    list_sessions,
    reset_session,
)
from understudy.admin.handlers.snapshots import (
    delete_snapshot,
    download_snapshot,
    list_snapshots,
    restore_snapshot,
    save_snapshot,
    upload_snapshot,
)

__all__ = [
    "count_matching_requests",
    "count_requests",
    "delete_fault",
    "delete_faults",
    "delete_requests",
    "delete_resource",
    "delete_snapshot",
    "download_snapshot",
    "drop_session",
    "drop_sessions",
    "find_matching_requests",
    "find_requests",
    "fire_event",
    "get_clock",
    "get_coverage",
    "get_delivery",
    "get_fault",
    "get_health",
    "get_request",
    "get_resource",
    "get_session",
    "get_vendor",
    "list_collections",
    "list_deliveries",
    "list_faults",
    "list_requests",
    "list_resources",
    "list_sessions",
    "list_snapshots",
    "list_unmatched_requests",
    "list_vendors",
    "move_clock",
    "plan_fault",
    "populate",
    "replay_delivery",
    "reset_session",
    "restore_snapshot",
    "save_snapshot",
    "set_resource",
    "upload_snapshot",
]
