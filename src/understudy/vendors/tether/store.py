"""What Tether keeps, and the calls and units of work that see it."""

from understudy import service
from understudy.service import Collections, Stored


class TetherStore(Collections):
    organizations = Stored("organization")
    contacts = Stored("contact")
    days = Stored("day")
    campaigns = Stored("campaign")
    recipients = Stored("recipient")
    messages = Stored("message")


Call = service.Call[TetherStore]
UnitOfWork = service.UnitOfWork[TetherStore]
EventAction = service.EventAction[TetherStore]
