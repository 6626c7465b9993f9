"""Sessions: list, look, drop, reset."""

from __future__ import annotations

from understudy.admin import views
from understudy.admin.context import AdminContext, MissingError
from understudy.service.call import Call
from understudy.service.reply import Reply


async def list_sessions(context: AdminContext, call: Call) -> Reply:
    names = context.sessions.names()
    after = call.parameters.get("after")
    begin = names.index(after) + 1 if after in names else 0
    page = names[begin : begin + call.parameters["limit"]]
    found = [context.sessions.find(name) for name in page]
    shown = [await views.session(each) for each in found if each is not None]
    return Reply(200, {"total": len(names), "sessions": shown})


async def drop_sessions(context: AdminContext, call: Call) -> Reply:
    context.sessions.close()
    return Reply(204)


async def get_session(context: AdminContext, call: Call, session: str) -> Reply:
    found = context.sessions.find(session)
    if found is None:
        raise MissingError(f'session "{session}"', "a session is made by the first request to it")
    return Reply(200, await views.session(found))


async def drop_session(context: AdminContext, call: Call, session: str) -> Reply:
    if not context.sessions.drop(session):
        raise MissingError(f'session "{session}"', "see /__admin/sessions")
    return Reply(204)


async def reset_session(context: AdminContext, call: Call) -> Reply:
    await call.session.reset()
    return Reply(200, await views.session(call.session))
