"""The clock: look and move."""

from __future__ import annotations

from understudy.admin import views
from understudy.admin.context import AdminContext
from understudy.core.clock import parse_duration, parse_instant
from understudy.core.errors import Conflict
from understudy.service.call import Call
from understudy.service.reply import Reply


async def get_clock(context: AdminContext, call: Call) -> Reply:
    return Reply(200, views.clock(call.session, context.settings.pace))


async def move_clock(context: AdminContext, call: Call) -> Reply:
    session, asked = call.session, call.body
    fired, target = [], None
    try:
        if "shift" in asked:
            target = session.clock.now() + parse_duration(asked["shift"])
            fired = await context.scheduler.shift(session, target - session.clock.now())
        elif "move_to" in asked:
            target = parse_instant(asked["move_to"])
            fired = await context.scheduler.move_to(session, target)
        elif "freeze" in asked:
            session.clock.freeze()
        else:
            session.clock.run()
    except ValueError as error:
        raise Conflict(str(error), hint="see GET /__admin/clock for where it stands") from error
    context.scheduler.wake(session)
    complete = target is None or session.clock.now() >= target
    moved = {"complete": complete, "fired": [views.due(each) for each in fired]}
    return Reply(200, {**views.clock(session, context.settings.pace), **moved})
