"""Planned faults."""

from __future__ import annotations

from understudy.admin import views
from understudy.admin.context import AdminContext, MissingError, refuse_above
from understudy.admin.fault_planning import read_fault
from understudy.service.call import Call
from understudy.service.reply import Reply
from understudy.session.faults import MAX_FAULTS


async def list_faults(context: AdminContext, call: Call) -> Reply:
    return Reply(200, {"faults": [views.fault(each) for each in call.session.faults]})


async def plan_fault(context: AdminContext, call: Call) -> Reply:
    faults = call.session.faults
    refuse_above(len(faults), MAX_FAULTS, "faults")
    planned = faults.plan(read_fault(context, call.body, faults.next_id()))
    return Reply(201, views.fault(planned))


async def delete_faults(context: AdminContext, call: Call) -> Reply:
    call.session.faults.clear()
    return Reply(204)


async def get_fault(context: AdminContext, call: Call, id: str) -> Reply:
    planned = call.session.faults.find(id)
    if planned is None:
        raise MissingError(f'fault "{id}"', "see /__admin/faults")
    return Reply(200, views.fault(planned))


async def delete_fault(context: AdminContext, call: Call, id: str) -> Reply:
    if not call.session.faults.drop(id):
        raise MissingError(f'fault "{id}"', "see /__admin/faults")
    return Reply(204)
