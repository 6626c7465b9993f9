"""What AgentMessage keeps, and the calls and units of work that see it."""

from understudy import service
from understudy.service import Collections, Stored


class AgentMessageStore(Collections):
    organizations = Stored("organization")
    wallets = Stored("wallet")
    catalogs = Stored("catalog")
    brands = Stored("brand")
    campaigns = Stored("campaign")
    phone_numbers = Stored("number")
    endpoints = Stored("endpoint")
    deliveries = Stored("delivery")


Call = service.Call[AgentMessageStore]
UnitOfWork = service.UnitOfWork[AgentMessageStore]
EventAction = service.EventAction[AgentMessageStore]
