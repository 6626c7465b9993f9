"""Delays that a request asked for, or that were planned for it."""

from __future__ import annotations

import asyncio

from understudy.service.call import Call


async def delay_call(call: Call, milliseconds: int) -> None:
    """Make the client wait in real time.

    The request acts when the wait is over: what others stored meanwhile is older.
    """
    await asyncio.sleep(milliseconds / 1000)
    call.now = call.session.clock.now()
