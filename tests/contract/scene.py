"""What operations of the admin plane need to find: made, by plain HTTP, before they are called."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx

READY = "/sent/v3/profiles/660e8400-e29b-41d4-a716-446655440000/complete"
KEY = {"x-api-key": "sk_test_acme_admin"}
# Deliveries must not leave: nobody listens, and nobody is to be waited for.
BLOCKED = {"webHookUrl": "https://example.com/hook"}
NEVER = {"kind": "reset", "probability": 0}
LARGE = 1_000
SEED = "seed-world"
# By this the server's requests that set the scene are told from those that test.
AGENT = "scene"


class Scene:
    """A session on its plane, from outside.

    Args:
        plane: the base URL of the session's plane.
    """

    def __init__(self, plane: str) -> None:
        parts = urlsplit(plane)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._session = f"{self._origin}{parts.path.removesuffix('/__admin')}"
        agent = {"user-agent": AGENT}
        self._http = httpx.Client(base_url=plane, headers=agent, trust_env=False, timeout=60)
        # What was deleted once must not come back under its name.
        self._numbers = itertools.count(1)
        self._makers: dict[str, Callable[[], str]] = {
            "the-session": self._make_session,
            "the-snapshot": self._save_snapshot,
            "the-fault": self._plan_fault,
            "the-request": self._ask,
            "the-delivery": self._deliver,
            "the-balance": self._set_balance,
        }

    def set(self, operation: str, path: dict[str, Any]) -> None:
        """Make what the values of a path name, and put its id in their place."""
        for name, value in path.items():
            if isinstance(value, str) and value in self._makers:
                path[name] = self._makers[value]()
        if operation in ("fireEvent", "populate", "moveClock"):
            self._begin_anew(whatever=operation == "fireEvent")

    def _make_session(self) -> str:
        # Without a key: no planned fault strikes what is refused.
        session = f"session-{next(self._numbers)}"
        self._http.get(f"{self._origin}/@{session}/sent/v3/profiles")
        return session

    def _save_snapshot(self) -> str:
        name = f"snapshot-{next(self._numbers)}"
        if self._http.post(f"/snapshots/{name}").status_code == httpx.codes.CONFLICT:
            oldest = self._http.get("/snapshots").json()["snapshots"][0]["name"]
            self._http.delete(f"/snapshots/{oldest}")
            self._http.post(f"/snapshots/{name}")
        return name

    def _plan_fault(self) -> str:
        planned = self._http.post("/faults", json=NEVER)
        if planned.status_code == httpx.codes.CONFLICT:
            self._http.delete("/faults")
            planned = self._http.post("/faults", json=NEVER)
        return str(planned.json()["id"])

    def _ask(self) -> str:
        reply = self._http.get(f"{self._session}/sent/v3/profiles")
        return str(reply.headers["x-understudy-exchange"])

    def _deliver(self) -> str:
        if not (sent := self._deliveries()):
            self._http.delete("/faults")
            url = f"{self._session}{READY}"
            self._http.post(url, json=BLOCKED, headers=KEY).raise_for_status()
            self._http.patch("/clock", json={"shift": "PT1H"})
            sent = self._deliveries()
        return str(sent[-1]["id"])

    def _deliveries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._http.get("/deliveries").json()["deliveries"]
        return found

    def _set_balance(self) -> str:
        id = f"acct_{next(self._numbers)}"
        balance = {"id": id, "credits": 12, "currency": "USD"}
        self._http.put(f"/resources/zexa/balances/{id}?scope=", json=balance)
        return id

    def _begin_anew(self, whatever: bool) -> None:
        """Back to the seed world, where faults and other snapshots stay.

        Args:
            whatever: even when the world is not yet large or late.
        """
        clock = self._http.get("/clock").json()
        if not whatever and clock["pending"] < LARGE and clock["now"] < "2200":
            return
        if self._http.post(f"/snapshots/{SEED}/restore").is_success:
            return
        elsewhere = f"{self._origin}/@{SEED}/__admin/snapshots/{SEED}"
        self._http.post(elsewhere).raise_for_status()
        world = self._http.get(elsewhere).content
        # There is room for it, once there is for another.
        self._http.delete(f"/snapshots/{self._save_snapshot()}")
        json = {"content-type": "application/json"}
        self._http.put(f"/snapshots/{SEED}", content=world, headers=json).raise_for_status()
        self._http.post(f"/snapshots/{SEED}/restore").raise_for_status()
