"""Snapshots: save, restore, download, upload."""

from __future__ import annotations

from understudy.admin import views
from understudy.admin.context import AdminContext, MissingError, refuse_above
from understudy.admin.snapshot_json import read_world, write_world
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.session.session import Session

MAX_SNAPSHOTS = 100


async def list_snapshots(context: AdminContext, call: Call) -> Reply:
    worlds = call.session.worlds.items()
    return Reply(200, {"snapshots": [views.snapshot(name, world) for name, world in worlds]})


async def save_snapshot(context: AdminContext, call: Call, name: str) -> Reply:
    worlds = call.session.worlds
    refuse_above(len(worlds.keys() - {name}), MAX_SNAPSHOTS, "snapshots")
    worlds[name] = await call.session.snapshot()
    return Reply(201, views.snapshot(name, worlds[name]))


async def download_snapshot(context: AdminContext, call: Call, name: str) -> Reply:
    _find_snapshot(call.session, name)
    return Reply(200, write_world(call.session.worlds[name]))


async def upload_snapshot(context: AdminContext, call: Call, name: str) -> Reply:
    worlds = call.session.worlds
    refuse_above(len(worlds.keys() - {name}), MAX_SNAPSHOTS, "snapshots")
    worlds[name] = read_world(call.body, context.services, context.settings.seed)
    return Reply(201, views.snapshot(name, worlds[name]))


async def delete_snapshot(context: AdminContext, call: Call, name: str) -> Reply:
    _find_snapshot(call.session, name)
    del call.session.worlds[name]
    return Reply(204)


async def restore_snapshot(context: AdminContext, call: Call, name: str) -> Reply:
    _find_snapshot(call.session, name)
    await call.session.restore(call.session.worlds[name])
    context.scheduler.wake(call.session)
    return Reply(200, await views.session(call.session))


def _find_snapshot(session: Session, name: str) -> None:
    if name not in session.worlds:
        known = f"snapshots: {', '.join(session.worlds) or 'none'}"
        raise MissingError(f'snapshot "{name}"', known)
