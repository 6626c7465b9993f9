"""Planned failures as rules: which one strikes, how often, after how long."""

from __future__ import annotations

import statistics
from typing import Any

import pytest

from understudy.session.faults import (
    AFTER_REPLY_FAULTS,
    DELIVERY_FAULTS,
    MAX_DELAY,
    MAX_FAULTS,
    REQUEST_FAULTS,
    Fault,
    FaultHit,
    Faults,
)


def planned(*wanted: dict[str, Any]) -> Faults:
    """Faults with these members, in this order."""
    faults = Faults()
    for members in wanted:
        faults.plan(Fault(**{"id": faults.next_id(), "kind": "reset", **members}))
    return faults


def meet(faults: Faults, operation: str = "listCampaigns", vendor: str = "sent") -> FaultHit:
    return faults.meet_request(vendor, operation)


def struck_by(strike: FaultHit) -> str | None:
    """The id of the fault that strikes."""
    return strike.fault and strike.fault.id


def pattern(faults: Faults, times: int = 64) -> list[bool]:
    """Which of some requests are struck."""
    return [meet(faults).fault is not None for _ in range(times)]


def test_without_faults_nothing_strikes() -> None:
    """A session in which nothing is planned lets every request through."""
    assert meet(Faults()) == FaultHit(wait=0, fault=None)


@pytest.mark.parametrize("kind", [kind for kind in REQUEST_FAULTS if kind != "delay"])
def test_a_fault_strikes_every_request(kind: str) -> None:
    """Without `times` and `probability` there is no end to it."""
    faults = planned({"kind": kind})

    assert [struck_by(meet(faults)) for _ in range(3)] == ["1", "1", "1"]


def test_the_first_other_fault_wins() -> None:
    """Of two that could strike, the one that was planned first does, and only that one counts."""
    faults = planned({"kind": "status", "status": 503}, {"kind": "reset"})

    strike = meet(faults)

    assert struck_by(strike) == "1"
    assert [each.struck for each in faults] == [1, 0]


def test_a_fault_is_used_up_after_its_times() -> None:
    """Then the next one has its turn, and then nothing strikes."""
    faults = planned({"times": 2}, {"times": 1})

    strikes = [struck_by(meet(faults)) for _ in range(4)]

    assert strikes == ["1", "1", "2", None]
    assert [each.used_up for each in faults] == [True, True]


@pytest.mark.parametrize(
    ("members", "strikes"),
    [
        ({}, True),
        ({"vendor": "sent"}, True),
        ({"vendor": "zexa"}, False),
        ({"operation": "listCampaigns"}, True),
        ({"operation": "createCampaign"}, False),
        ({"vendor": "zexa", "operation": "listCampaigns"}, False),
    ],
)
def test_a_fault_meets_whom_it_names(members: dict[str, Any], strikes: bool) -> None:
    """Vendor and operation narrow it down; what they leave out is neither struck nor counted."""
    faults = planned(members)

    strike = meet(faults)

    [only] = faults
    assert (strike.fault is not None, only.struck) == (strikes, int(strikes))


@pytest.mark.parametrize("kind", DELIVERY_FAULTS)
def test_a_fault_of_deliveries_spares_requests(kind: str) -> None:
    """What is planned for webhooks does not meet who calls the mock."""
    assert meet(planned({"kind": kind})) == FaultHit()


@pytest.mark.parametrize(("probability", "struck"), [(0.0, 0), (1.0, 64)])
def test_a_probability_of_none_or_all(probability: float, struck: int) -> None:
    """0 never strikes, 1 always does."""
    assert sum(pattern(planned({"probability": probability}))) == struck


def test_a_probability_is_met_in_the_long_run() -> None:
    """A tenth of the requests are struck, give or take."""
    struck = sum(pattern(planned({"probability": 0.1}), times=10_000))

    assert 900 < struck < 1_100


def test_draws_repeat_with_the_seed() -> None:
    """The same fault strikes the same requests again; another seed strikes others."""
    first, again = (pattern(planned({"probability": 0.5, "seed": 7})) for _ in range(2))

    other = pattern(planned({"probability": 0.5, "seed": 8}))

    assert first == again != other


def test_draws_do_not_depend_on_when_it_was_planned() -> None:
    """Deleted and planned again, or planned after others, a fault strikes as it did."""
    faults = planned({"probability": 0.5, "seed": 7})
    first = pattern(faults)
    faults.clear()

    faults.plan(Fault(faults.next_id(), "reset", probability=0.5, seed=7))

    assert pattern(faults) == first


def test_faults_with_one_seed_draw_apart() -> None:
    """Two different faults with the default seed do not strike in step."""
    reset, empty = (planned({"kind": kind, "probability": 0.5}) for kind in ("reset", "empty"))

    assert pattern(reset) != pattern(empty)


def test_a_draw_that_misses_is_no_strike() -> None:
    """`times` counts what struck, not what could have."""
    faults = planned({"probability": 0.2, "times": 3, "seed": 1})

    assert sum(pattern(faults, times=200)) == 3


def test_delays_add_up_before_the_other_fault() -> None:
    """Every delay that strikes is waited for, wherever it stands among the others."""
    faults = planned(
        {"kind": "delay", "delay": 100}, {"kind": "empty"}, {"kind": "delay", "delay": 50}
    )

    strike = meet(faults)

    assert (strike.wait, struck_by(strike)) == (150, "2")


def test_delays_have_a_bound_together() -> None:
    """However many there are, nobody waits longer than a minute."""
    faults = planned(*[{"kind": "delay", "delay": MAX_DELAY}] * 3)

    assert meet(faults).wait == MAX_DELAY


def test_a_delay_that_is_used_up_adds_nothing() -> None:
    """A delay has its times, too."""
    faults = planned({"kind": "delay", "delay": 100, "times": 1})

    assert [meet(faults).wait for _ in range(2)] == [100, 0]


def test_a_struck_request_meets_delays_alone() -> None:
    """Who has asked for a fault himself uses up none that was planned."""
    faults = planned({"kind": "delay", "delay": 100}, {"kind": "reset", "times": 1})

    strike = faults.meet_request("sent", "listCampaigns", struck=True)

    assert (strike, [each.struck for each in faults]) == (FaultHit(wait=100), [1, 0])


@pytest.mark.parametrize("sigma", [0.1, 0.5, 1.0])
def test_a_spread_delay_has_its_median(sigma: float) -> None:
    """Half of the log-normal delays are shorter than `delay`, half are longer."""
    faults = planned({"kind": "delay", "delay": 200, "sigma": sigma})

    drawn = [meet(faults).wait for _ in range(4_000)]

    assert 200 * 0.93 < statistics.median(drawn) < 200 * 1.07
    assert statistics.mean(drawn) > 200


def test_a_spread_delay_has_a_bound() -> None:
    """The long tail ends at a minute."""
    faults = planned({"kind": "delay", "delay": MAX_DELAY, "sigma": 3.0})

    drawn = {meet(faults).wait for _ in range(50)}

    assert max(drawn) == MAX_DELAY
    assert min(drawn) >= 0


def test_a_spread_delay_repeats_with_its_seed() -> None:
    """The same seed draws the same delays."""
    first, again = (planned({"kind": "delay", "delay": 99, "sigma": 1.0}) for _ in range(2))

    assert [meet(first).wait for _ in range(9)] == [meet(again).wait for _ in range(9)]


@pytest.mark.parametrize(
    ("members", "event", "signed", "strikes"),
    [
        ({"kind": "webhook-never"}, "campaign.approved", False, True),
        ({"kind": "webhook-never", "event": "campaign.approved"}, "campaign.approved", False, True),
        ({"kind": "webhook-never", "event": "campaign.rejected"}, "campaign.approved", True, False),
        ({"kind": "webhook-never", "vendor": "zexa"}, "campaign.approved", True, False),
        ({"kind": "webhook-bad-signature"}, "campaign.approved", True, True),
        ({"kind": "webhook-bad-signature"}, "campaign.approved", False, False),
        ({"kind": "reset"}, "campaign.approved", True, False),
    ],
)
def test_a_delivery_is_met_by_what_fits(
    members: dict[str, Any], event: str, signed: bool, strikes: bool
) -> None:
    """Vendor and event narrow it down; only what is signed can be signed badly."""
    faults = planned(members)

    met = faults.meet_delivery("agentmessage", event, signed)

    [only] = faults
    assert (met is only, only.struck) == (strikes, int(strikes))


def test_the_first_fault_of_a_delivery_wins() -> None:
    """A delivery meets one fault; the next one comes when that is used up."""
    faults = planned({"kind": "webhook-late", "times": 1}, {"kind": "webhook-never"})

    met = [faults.meet_delivery("sent", "completed", signed=False) for _ in range(2)]

    assert [each.fault.kind for each in met if each] == ["webhook-late", "webhook-never"]


@pytest.mark.parametrize("kind", REQUEST_FAULTS)
def test_what_takes_effect(kind: str) -> None:
    """What mangles a reply needs one; of the others, `after` decides."""
    before, after = Fault("1", kind), Fault("1", kind, after=True)

    assert before.takes_effect is (kind in AFTER_REPLY_FAULTS)
    assert after.takes_effect is True


def test_a_fault_is_found_and_dropped_by_its_id() -> None:
    """Dropping one leaves the others; dropping it twice is told."""
    faults = planned({}, {})

    dropped = [faults.drop("1"), faults.drop("1")]

    assert (dropped, faults.find("1"), len(faults)) == ([True, False], None, 1)
    assert struck_by(meet(faults)) == "2"


def test_ids_are_not_used_twice() -> None:
    """A fault that is planned after a deletion has an id that nobody had."""
    faults = planned({}, {})
    faults.clear()

    assert faults.next_id() == "3"


def test_faults_have_a_bound() -> None:
    """A test that plans without end is told to delete some."""
    faults = planned(*[{}] * MAX_FAULTS)

    with pytest.raises(ValueError, match="delete some first"):
        faults.plan(Fault("x", "reset"))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("1", "status", status=503), "status 503"),
        (Fault("1", "rate-limit"), "rate-limit"),
        (Fault("1", "webhook-never"), "webhook-never"),
    ],
)
def test_a_fault_tells_itself_shortly(fault: Fault, words: str) -> None:
    """As the journal and the log show it."""
    assert str(fault) == words
