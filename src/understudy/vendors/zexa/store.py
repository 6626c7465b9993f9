"""What Zexa keeps, and the calls and units of work that see it."""

from understudy import service
from understudy.service import Collections, Stored


class ZexaStore(Collections):
    balances = Stored("balance")
    contact_lists = Stored("contact list")
    contacts = Stored("contact")
    senders = Stored("sender")
    email_addresses = Stored("email address")
    webhooks = Stored("webhook")
    campaigns = Stored("campaign")
    messages = Stored("message")


Call = service.Call[ZexaStore]
UnitOfWork = service.UnitOfWork[ZexaStore]
EventAction = service.EventAction[ZexaStore]
