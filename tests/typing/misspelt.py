"""Names that do not exist, in a vendor package and in a user's tests.

No line is run: `test_checkers.py` has type checkers read them. Exactly the lines marked `refused`
must be refused.
"""

from __future__ import annotations

from typing import Any

import understudy as package
from understudy import service
from understudy.pytest import ArmedFault, ReceivedWebhook, Understudy, UnderstudyServer, VendorMock
from understudy.service import Call as AnyCall
from understudy.service import Collections, Reply, Stored, Vendor
from understudy.vendors.sent.store import Call, UnitOfWork
from understudy.vendors.zexa import rules as rules_of_zexa


class AcmeStore(Collections):
    """Collections with names of a call's own attributes."""

    body = Stored("body")
    clock = Stored("clock")


AcmeCall = service.Call[AcmeStore]


def show(value: object) -> None:
    """Use a value."""


async def handle(call: Call, work: UnitOfWork) -> Reply:
    show(call.store.campaigns)
    show(call.store.campaings)  # refused
    show(call.campaigns)  # refused
    show(call.bodyy)  # refused
    show(call.examinedd)  # refused
    show(call.session.clokc)  # refused
    show(work.store.profiles)
    show(work.store.contacts)  # refused
    show(work.body)  # refused
    show(await call.store.campaigns.get("1"))
    show(await call.store.campaigns.gett("1"))  # refused
    call.store.campaigns = 1  # refused
    await rules_of_zexa.acts_for_customer(call)  # refused
    return Reply(call.customer)  # refused


async def handle_acme(call: AcmeCall) -> Reply:
    show(await call.store.body.get("1"))
    show(await call.store.clock.get("1"))
    show(call.clock.now())
    show(call.clock.get("1"))  # refused
    return Reply(200)


async def check_any(call: AnyCall) -> None:
    show(call.account)
    show(call.acount)  # refused
    show(call.store.campaigns)  # refused


async def check_acme(call: AcmeCall) -> None:
    show(call)


def declare(handlers: Any, acme: Vendor[AcmeStore]) -> None:
    show(acme.collections)
    show(acme.colections)  # refused
    show(acme.store.bodies)  # refused


def test_fixtures(understudy: Understudy, understudy_server: UnderstudyServer) -> None:
    show(understudy.clock.now)
    show(understudy.clokc)  # refused
    show(understudy.clock.noww)  # refused
    understudy.fault("status", stauts=500)  # refused
    understudy.fault("stauts")  # refused
    understudy.webhooks.wait_fro("campaign.approved")  # refused
    show(understudy_server.ulr)  # refused


def test_vendor(sent_mock: VendorMock, fault: ArmedFault, webhook: ReceivedWebhook) -> None:
    show(sent_mock.clock)
    show(sent_mock.clokc)  # refused
    show(sent_mock.requests.cuont())  # refused
    show(sent_mock.requests.count(statsu=500))  # refused
    show(sent_mock.webhooks.received[0].evnet)  # refused
    show(fault.strcuk)  # refused
    show(webhook.jsn)  # refused


def test_package() -> None:
    with package.mock() as mocked:
        show(mocked.url("sent"))
        show(mocked.ulr("sent"))  # refused
    show(package.Client)
    show(package.Cleint)  # refused
