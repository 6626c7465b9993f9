"""The pytest plugin: fixtures, a marker, a report of what went wrong, records, coverage.

pytest imports this module in every run of every project that has understudy installed, so it
imports nothing of the mock; the hooks and fixtures do, when somebody uses them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from understudy.testing import options

if TYPE_CHECKING:
    from understudy.testing.backends import Server
    from understudy.testing.manager import PluginRun
    from understudy.testing.session import OwnSession
    from understudy.testing.vendor_mock import VendorMock

RUN = pytest.StashKey["PluginRun"]()
SESSION = pytest.StashKey["OwnSession"]()
MOCK = "_mock"


def pytest_addoption(parser: pytest.Parser) -> None:
    """What can be chosen on the command line and in the ini file."""
    options.declare(parser)
    group = parser.getgroup("understudy")
    group.addoption("--understudy-url", metavar="URL", help="use a server that runs already")
    parser.addini("understudy_url", "a server that runs already", default=None)
    group.addoption(
        "--understudy-record", metavar="DIR", help="write each test's exchanges there, as JSON"
    )
    group.addoption(
        "--understudy-coverage",
        action="append",
        default=[],
        metavar="REPORT",
        help="what of the vendors' documents the tests exercise: term, json[:FILE], html[:FILE]",
    )
    group.addoption(
        "--understudy-fail-under",
        type=float,
        default=0.0,
        metavar="PERCENT",
        help="fail when the tests exercise less of the vendors' documents",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and begin to gather coverage if it is asked for.

    Raises:
        pytest.UsageError: for a choice that is none.
    """
    takes = ", ".join(f"{name}=..." for name in options.OPTIONS)
    described = "options of the mocked vendors for this test; the closest marker wins"
    config.addinivalue_line("markers", f"{options.MARKER}({takes}): {described}")
    asked, least = config.getoption("--understudy-coverage"), _least(config)
    if asked or least:
        from understudy.testing.coverage import CoverageCollector, read_reports

        try:
            gathering = CoverageCollector(config, read_reports(asked), least)
        except ValueError as error:
            raise pytest.UsageError(str(error)) from None
        config.pluginmanager.register(gathering, "understudy-coverage")


def _least(config: pytest.Config) -> float:
    least: float = config.getoption("--understudy-fail-under")
    return least


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Make a fixture for each vendor of another package that a test names.

    Only then: looking through all installed packages takes a while.
    """
    named = {name for item in items for name in getattr(item, "fixturenames", ())}
    wanted = {name for name in named if name.endswith(MOCK)} - globals().keys()
    if not wanted:
        return
    outside = {entry.name for entry in entry_points(group="understudy.vendors")}
    made = {f"{name}{MOCK}": _vendor_mock(name) for name in outside if f"{name}{MOCK}" in wanted}
    if made:
        module = ModuleType("understudy_vendors")
        vars(module).update(made)
        config.pluginmanager.register(module, "understudy-vendors")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A misspelt option fails its test, whether or not the test uses the mock."""
    wrong = options.unknown_of(item)
    if wrong:
        pytest.fail(wrong, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failure what happened between the test and the mock."""
    report = yield
    session = item.stash.get(SESSION, None)
    if session is not None and report.failed:
        report.sections.append(("understudy", _story(session)))
    return report


def _story(session: OwnSession) -> str:
    from understudy.testing.failure_report import format_failure_report

    try:
        return format_failure_report(session.admin, session.name)
    except Exception as error:
        # What has failed is the test; this must not stand in front of it.
        return f"the mock cannot tell what happened: {type(error).__name__}: {error}"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers."""
    run = config.stash.get(RUN, None)
    if run is not None:
        run.close()


def _run_of(config: pytest.Config) -> PluginRun:
    """What the tests of this process share; made when the first of them asks for it."""
    from understudy.testing.manager import PluginRun

    if RUN not in config.stash:
        url = config.getoption("--understudy-url") or config.getini("understudy_url") or ""
        folder = config.getoption("--understudy-record")
        records = config.invocation_params.dir / Path(folder) if folder else None
        config.stash[RUN] = PluginRun(config, url, records)
    return config.stash[RUN]


def _or_fail(make: Callable[..., Any], *arguments: Any) -> Any:
    """What this makes; a choice that is none fails the test in a sentence."""
    from understudy.client import ClientError
    from understudy.core.errors import StartError

    try:
        return make(*arguments)
    except (ClientError, StartError, LookupError, TypeError, ValueError) as error:
        wrong = f"understudy: {error}"
    pytest.fail(wrong, pytrace=False)


@pytest.fixture(scope="session")
def understudy_server(request: pytest.FixtureRequest) -> Server:
    """The mock behind a socket: `.url`, `.app`. One for each worker of pytest-xdist."""
    run: PluginRun = _or_fail(_run_of, request.config)
    server: Server = _or_fail(lambda: run.server)
    return server


@pytest.fixture
def understudy(request: pytest.FixtureRequest) -> Iterator[OwnSession]:
    """A session of the mock for this test alone, in this process and over HTTP."""
    item = request.node
    run: PluginRun = _or_fail(_run_of, request.config)
    session: OwnSession = _or_fail(run.open, item)
    item.stash[SESSION] = session
    yield session
    del item.stash[SESSION]
    run.shut(session, item.nodeid)


def _vendor_mock(vendor: str) -> Any:
    def mocked(request: pytest.FixtureRequest, understudy: OwnSession) -> VendorMock:
        mock: VendorMock = _or_fail(_run_of(request.config).mock, vendor, understudy)
        return mock

    mocked.__doc__ = f"{vendor}: its real host answers this test from the session of `understudy`."
    return pytest.fixture(name=f"{vendor}{MOCK}")(mocked)


sent_mock = _vendor_mock("sent")
agentmessage_mock = _vendor_mock("agentmessage")
zexa_mock = _vendor_mock("zexa")
tether_mock = _vendor_mock("tether")
