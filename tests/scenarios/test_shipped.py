"""The recordings that ship: each is what its scenario gives today, without a secret."""

from __future__ import annotations

import pytest

from tests.described_vendors import described_vendors
from tests.scenarios.shipped import NAMES, shipped, shipped_file
from understudy.engine.registry import data_folder, open_service, open_services
from understudy.recording.formats.registry import FORMATS, native
from understudy.replay.check import find_deviations, group_changes
from understudy.scenarios.loader import find_scenario, scenario_names
from understudy.scenarios.player import play_scenario
from understudy.service.secrets import find_seed_secrets
from understudy.vendors import vendor_names

SECRETS = sorted(secret for service in open_services() for secret in find_seed_secrets(service))
STALE = "{file} does not match; if the change is meant: make recordings"
ORDINARY = {"campaign-life", "every-error", "pagination"}


def test_every_described_vendor_has_the_ordinary_scenarios() -> None:
    """The life of a campaign, every documented error, pagination, and some of its own."""
    for vendor in described_vendors():
        own = {name.partition("/")[2] for name in scenario_names([vendor])}
        assert own > ORDINARY


def test_every_recording_has_its_scenario() -> None:
    """Nothing is left of scenarios that are gone."""
    files = data_folder("fixtures").glob("*/recorded/*.json")

    assert sorted(files) == sorted(shipped_file(name) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_recording_is_what_its_scenario_gives(name: str) -> None:
    """To the byte: what was recorded then is recorded now."""
    recorded = native.write(play_scenario(find_scenario(name, vendor_names())))

    assert recorded == shipped_file(name).read_bytes(), STALE.format(file=shipped_file(name).name)


@pytest.mark.parametrize("name", NAMES)
def test_recording_is_answered_as_it_was(name: str) -> None:
    """Asked again, request by request, the mock answers what it did."""
    assert group_changes(find_deviations(shipped(name))) == []


@pytest.mark.parametrize("format", FORMATS)
def test_no_secret_is_in_any_file(format: str) -> None:
    """Each secret of each seed world is looked for, in each format of each recording."""
    for name in NAMES:
        written = FORMATS[format].write(shipped(name))
        whole = written if isinstance(written, bytes) else b"\n".join(written.values())
        text = whole.decode()

        assert [secret for secret in SECRETS if secret in text] == [], name


@pytest.mark.parametrize("format", FORMATS)
def test_second_run_gives_the_same_bytes(format: str) -> None:
    """In every format; the scenario is played twice for it."""
    first, second = (play_scenario(find_scenario("zexa/campaign-life", ["zexa"])) for _ in range(2))

    assert FORMATS[format].write(first) == FORMATS[format].write(second)


@pytest.mark.parametrize("vendor", described_vendors())
def test_every_documented_error_is_recorded(vendor: str) -> None:
    """Each status of 400 or above that a document shows a body for."""
    recorded = {
        (each.operation, each.response.status)
        for each in shipped(f"{vendor}/every-error").exchanges
    }

    documented = {
        (operation.id, response.status)
        for operation in open_service(vendor).document.operations.values()
        for response in operation.responses.values()
        if response.status >= 400 and response.examples
    }
    assert recorded == documented
