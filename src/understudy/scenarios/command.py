"""Runs a command against a mock of its own, and takes down what it asked."""

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
from understudy.recording.normalize import known_tokens, normalize
from understudy.server.http_server import STOP_SIGNALS
from understudy.service.service import Service

SESSION = "record"
# What a shell says of a command that was ended by a signal.
BY_SIGNAL = 128


def run_recorded(command: Sequence[str], settings: Settings, name: str) -> tuple[Recording, int]:
    """What a command asked, in normal form, and its exit code.

    Args:
        command: a program and its arguments; it finds the mock through its environment.
        name: of the recording.

    Raises:
        StartError: when a vendor cannot be served, or the program cannot be run.
    """
    services = open_services(settings.vendors)
    taker = Capture(services)
    began = Clock().now()
    with LiveServer(start_app(settings, taker)) as server:
        status = _run(command, make_environment(services, f"{server.url}/@{SESSION}"))
    recording = taker.recording(name, settings, session=SESSION)
    return normalize(recording, known_tokens(services), began), status


def make_environment(services: Sequence[Service], url: str) -> dict[str, str]:
    """Where the mock is, and keys that work; what the user set stays, but for the addresses."""
    found = {"UNDERSTUDY_URL": url}
    for service in services:
        name = service.name.upper().replace("-", "_")
        found[f"{name}_BASE_URL"] = f"{url}{service.prefix}"
        if service.accounts is not None:
            found[f"{name}_API_KEY"] = os.environ.get(
                f"{name}_API_KEY", service.accounts.default.credential
            )
    return found


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    try:
        process = subprocess.Popen(command, env={**os.environ, **environment})
    except OSError as error:
        raise StartError(f"{command[0]} cannot be run ({error.strerror})") from error
    with _passed_on(process):
        status = process.wait()
    return BY_SIGNAL - status if status < 0 else status


@contextmanager
def _passed_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """What ends us ends the command first, so that what it asked is written."""

    def pass_on(number: int, frame: object) -> None:
        process.send_signal(number)

    before = {each: signal.signal(each, pass_on) for each in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if process.poll() is None:
            process.kill()
