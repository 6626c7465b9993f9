"""Restarts the server when a document, a seed world or a source file changes."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from watchfiles import Change, watch

from understudy.core.errors import StartError

WATCHED_SUFFIXES = (".yaml", ".json", ".py")


def run_reloading(folders: Sequence[Path], serve: Callable[..., None], *arguments: Any) -> None:
    """Run a server in a process of its own, and start it again whenever a file changes.

    A server that cannot start, because of a document or a source file, leaves its error on
    standard error; the next change starts it again.

    Args:
        serve: the server; like its arguments, it must be picklable.

    Raises:
        KeyboardInterrupt: at Ctrl-C, SIGTERM or SIGHUP, once the server has ended.
    """
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    process = _start(serve, arguments)
    try:
        for changes in watch(*folders, watch_filter=_is_watched):
            _stop(process)
            file = min(Path(path) for _, path in changes)
            _print(f"{file.name} changed, restarting")
            process = _start(serve, arguments)
    finally:
        _stop(process)


def _is_watched(change: Change, path: str) -> bool:
    return path.endswith(WATCHED_SUFFIXES)


def _start(serve: Callable[..., None], arguments: Sequence[Any]) -> BaseProcess:
    # A fresh interpreter, because imported modules are not read again.
    process = get_context("spawn").Process(target=_serve, args=(serve, *arguments), daemon=True)
    process.start()
    return process


def _stop(process: BaseProcess) -> None:
    process.terminate()
    process.join()


def _serve(serve: Callable[..., None], *arguments: Any) -> None:
    with suppress(KeyboardInterrupt):
        try:
            serve(*arguments)
        except StartError as error:
            _print(f"understudy: {error}; waiting for a change")


def _print(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
