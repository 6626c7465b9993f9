"""Runs a command against a mock of its own, and records what it asked."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from understudy.core.clock import Clock
from understudy.core.errors import StartError
from understudy.core.settings import Settings
from understudy.engine.registry import open_services
from understudy.inprocess.live_server import LiveServer
from understudy.inprocess.startup import start_app
from understudy.recording.capture import Capture
from understudy.recording.model import Recording
from understudy.recording.normalize import find_known_tokens, normalize
from understudy.server.http_server import STOP_SIGNALS
from understudy.service.service import Service

SESSION = "record"
# A shell's exit code for a command that a signal ended is this plus the signal's number.
SIGNAL_EXIT_CODE = 128


def run_recorded(command: Sequence[str], settings: Settings, name: str) -> tuple[Recording, int]:
    """The recording of a command, normalised, and its exit code.

    Args:
        command: a program and its arguments; it finds the mock through its environment.
        name: of the recording.

    Raises:
        StartError: when a vendor cannot be served, or the program cannot be run.
    """
    services = open_services(settings.vendors)
    capture = Capture(services)
    started = Clock().now()
    with LiveServer(start_app(settings, capture)) as server:
        status = _run(command, make_environment(services, f"{server.url}/@{SESSION}"))
    recording = capture.recording(name, settings, session=SESSION)
    return normalize(recording, find_known_tokens(services), started), status


def make_environment(services: Sequence[Service], url: str) -> dict[str, str]:
    """The mock's addresses, and keys that work; a key that the user set stays."""
    environment = {"UNDERSTUDY_URL": url}
    for service in services:
        name = service.name.upper().replace("-", "_")
        environment[f"{name}_BASE_URL"] = f"{url}{service.prefix}"
        if service.accounts is not None:
            environment[f"{name}_API_KEY"] = os.environ.get(
                f"{name}_API_KEY", service.accounts.default.credential
            )
    return environment


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    try:
        process = subprocess.Popen(command, env={**os.environ, **environment})
    except OSError as error:
        raise StartError(f"{command[0]} cannot be run ({error.strerror})") from error
    with _forward_signals(process):
        status = process.wait()
    return SIGNAL_EXIT_CODE - status if status < 0 else status


@contextmanager
def _forward_signals(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Signals that end us end the command first, so that its recording is written."""

    def forward(number: int, frame: object) -> None:
        process.send_signal(number)

    before = {each: signal.signal(each, forward) for each in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if process.poll() is None:
            process.kill()
