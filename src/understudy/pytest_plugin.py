"""The pytest plugin: fixtures, a marker, a report of what went wrong, records, coverage.

pytest imports this module in every run of every project that has understudy installed, so it
imports nothing of the mock; the hooks and fixtures do, when somebody uses them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from understudy.testing import options
from understudy.vendors import vendor_names

if TYPE_CHECKING:
    from understudy.testing.manager import PluginRun
    from understudy.testing.session import Understudy, UnderstudyServer
    from understudy.testing.vendor_mock import VendorMock

RUN = pytest.StashKey["PluginRun"]()
SESSION = pytest.StashKey["Understudy"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of the command line and the ini file."""
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
    """Declare the marker, make the vendors' fixtures, and collect coverage if it is asked for.

    Raises:
        pytest.UsageError: for an unknown kind of coverage report.
    """
    config.pluginmanager.register(_make_vendor_fixtures(), "understudy-vendors")
    takes = ", ".join(f"{name}=..." for name in options.OPTIONS)
    described = "options of the mocked vendors for this test; the closest marker wins"
    config.addinivalue_line("markers", f"{options.MARKER}({takes}): {described}")
    asked, least = config.getoption("--understudy-coverage"), _least(config)
    if asked or least:
        from understudy.testing.coverage import CoverageCollector, read_reports

        try:
            collector = CoverageCollector(config, read_reports(asked), least)
        except ValueError as error:
            raise pytest.UsageError(str(error)) from None
        config.pluginmanager.register(collector, "understudy-coverage")


def _least(config: pytest.Config) -> float:
    least: float = config.getoption("--understudy-fail-under")
    return least


def _make_vendor_fixtures() -> ModuleType:
    """A plugin with a fixture for each vendor, of this project and of other packages."""
    module = ModuleType("understudy_vendor_fixtures")
    for name in vendor_names():
        setattr(module, f"{name}_mock", _make_vendor_fixture(name))
    return module


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test whose marker has a misspelt option, whether or not it uses the mock."""
    wrong = options.find_unknown_option(item)
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
        report.sections.append(("understudy", _report_session(session)))
    return report


def _report_session(session: Understudy) -> str:
    from understudy.testing.failure_report import format_failure_report

    try:
        return format_failure_report(session.admin, session.name)
    except Exception as error:
        # The test's own failure must stay visible.
        return f"the mock cannot tell what happened: {type(error).__name__}: {error}"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers."""
    run = config.stash.get(RUN, None)
    if run is not None:
        run.close()


def _run_of(config: pytest.Config) -> PluginRun:
    """The state that the tests of this process share, made for the first of them."""
    from understudy.testing.manager import PluginRun

    if RUN not in config.stash:
        url = config.getoption("--understudy-url") or config.getini("understudy_url") or ""
        folder = config.getoption("--understudy-record")
        records = config.invocation_params.dir / Path(folder) if folder else None
        config.stash[RUN] = PluginRun(config, url, records)
    return config.stash[RUN]


def _make_or_fail(make: Callable[..., Any], *arguments: Any) -> Any:
    """Call `make`; turn an invalid option into a one-line test failure."""
    from understudy.client import ClientError
    from understudy.core.errors import StartError

    try:
        return make(*arguments)
    except (ClientError, StartError, LookupError, TypeError, ValueError) as error:
        wrong = f"understudy: {error}"
    pytest.fail(wrong, pytrace=False)


@pytest.fixture(scope="session")
def understudy_server(request: pytest.FixtureRequest) -> UnderstudyServer:
    """The mock behind a socket: `.url`, `.app`. One for each worker of pytest-xdist."""
    run: PluginRun = _make_or_fail(_run_of, request.config)
    server: UnderstudyServer = _make_or_fail(lambda: run.server)
    return server


@pytest.fixture
def understudy(request: pytest.FixtureRequest) -> Iterator[Understudy]:
    """A session of the mock for this test alone, in this process and over HTTP."""
    item = request.node
    run: PluginRun = _make_or_fail(_run_of, request.config)
    session: Understudy = _make_or_fail(run.open, item)
    item.stash[SESSION] = session
    yield session
    del item.stash[SESSION]
    run.shut(session, item.nodeid)


def _make_vendor_fixture(vendor: str) -> Any:
    def mocked(request: pytest.FixtureRequest, understudy: Understudy) -> VendorMock:
        mock: VendorMock = _make_or_fail(_run_of(request.config).mock, vendor, understudy)
        return mock

    mocked.__doc__ = f"{vendor}: its real host answers this test from the session of `understudy`."
    return pytest.fixture(name=f"{vendor}_mock")(mocked)
