"""The handlers of specs/admin.yaml: each is given the admin context, and a call in one session."""

from __future__ import annotations

from understudy.admin.handlers import (
    clock,
    deliveries,
    faults,
    requests,
    resources,
    scene,
    server,
    sessions,
    snapshots,
)

MODULES = (clock, deliveries, faults, requests, resources, scene, server, sessions, snapshots)
