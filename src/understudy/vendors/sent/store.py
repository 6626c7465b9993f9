"""What Sent keeps, and the calls and units of work that see it."""

from understudy import service
from understudy.service import Collections, Stored


class SentStore(Collections):
    organizations = Stored("organization")
    profiles = Stored("profile")
    brands = Stored("brand")
    campaigns = Stored("campaign")


Call = service.Call[SentStore]
UnitOfWork = service.UnitOfWork[SentStore]
EventAction = service.EventAction[SentStore]
