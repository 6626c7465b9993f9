"""Contract coverage of a test run: collected in every process, merged and reported."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import pytest

from understudy.coverage.coverage import Coverage
from understudy.coverage.html_report import render_html
from understudy.coverage.json_report import render_json
from understudy.coverage.text_report import render_text
from understudy.engine.registry import open_services
from understudy.intercept.process_state import process_state

if TYPE_CHECKING:
    from understudy.session.deliveries import Delivery
    from understudy.session.journal import Exchange

WORKER_KEY = "understudy_coverage"
FILES = {"json": "understudy-coverage.json", "html": "understudy-coverage.html"}
RENDERERS = {"json": render_json, "html": render_html}


class CoverageCollector:
    """A pytest plugin that is registered when coverage is asked for.

    Args:
        reports: `term`, `json`, `html`, the latter two perhaps with a file: `json:FILE`.
        least: the percentage under which the run fails; 0 for none.
    """

    def __init__(self, config: pytest.Config, reports: Sequence[str], least: float) -> None:
        self._config = config
        self._reports = reports
        self._least = least
        self._is_worker = hasattr(config, "workerinput")
        self._lost = 0
        self._noting = threading.Lock()
        self._coverage = Coverage(open_services())
        # Also those of `understudy.mock()`.
        process_state().apps.add_log(self.note)

    def note(self, entry: Exchange | Delivery) -> None:
        """Count an exchange with any mock of this process."""
        with self._noting:
            self._coverage(entry)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Add the coverage of an xdist worker; that of one that crashed is lost."""
        gathered = getattr(node, "workeroutput", {}).get(WORKER_KEY)
        if gathered is None:
            self._lost += 1
        else:
            self._coverage.merge(Coverage.from_json(open_services(), gathered))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send a worker's coverage; in the main process, fail a run below the threshold."""
        if self._is_worker:
            session.config.workeroutput[WORKER_KEY] = self._coverage.as_json()  # type: ignore[attr-defined]
        elif session.exitstatus == pytest.ExitCode.OK and self._is_too_little:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @property
    def _is_too_little(self) -> bool:
        return not self._config.option.collectonly and self._coverage.percent < self._least

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print and write the reports."""
        if self._is_worker or self._config.option.collectonly:
            return
        terminalreporter.section("understudy: contract coverage")
        write = terminalreporter.write_line
        for kind, _, file in (report.partition(":") for report in self._reports):
            if kind == "term":
                width, color = get_terminal_size().columns, terminalreporter.hasmarkup
                write(render_text(self._coverage, width, color))
            else:
                write(f"contract coverage is in {self._write_report(kind, file)}")
        if self._lost:
            write(f"{self._lost} workers ended early; what their tests exercised is missing")
        if self._least:
            self._judge(terminalreporter)

    def _write_report(self, kind: str, file: str) -> Path:
        text = RENDERERS[kind](self._coverage)
        path: Path = self._config.invocation_params.dir / (file or FILES[kind])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def _judge(self, terminalreporter: pytest.TerminalReporter) -> None:
        is_, least = f"contract coverage is {self._coverage.percent:g}%", f"{self._least:g}%"
        if self._is_too_little:
            fails = f"FAIL: {is_}, less than the {least} of --understudy-fail-under"
            terminalreporter.write_line(fails, red=True, bold=True)
        else:
            terminalreporter.write_line(f"{is_}, and {least} were asked for", green=True)

    def pytest_unconfigure(self) -> None:
        """Stop counting."""
        process_state().apps.remove_log(self.note)


def read_reports(asked: Sequence[str]) -> list[str]:
    """Check the values of `--understudy-coverage`, and drop repeated ones.

    Raises:
        ValueError: for an unknown kind of report.
    """
    for report in asked:
        kind, _, file = report.partition(":")
        if kind not in ("term", *FILES) or (kind == "term" and file):
            known = "term, json, html, json:FILE, html:FILE"
            raise ValueError(f"--understudy-coverage={report}: there is only {known}")
    return list(dict.fromkeys(asked))
