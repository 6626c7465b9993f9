"""Schemathesis: requests that the document allows, and requests that it does not."""

from __future__ import annotations

import itertools
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.core.errors import StartError
from understudy.openapi.document import Operation
from understudy.recording.compare import strip_transport_headers
from understudy.recording.model import RecordedRequest
from understudy.verify.context import RunContext
from understudy.verify.transport import ORIGIN
from understudy.verify.walk import order_operations

if TYPE_CHECKING:
    from schemathesis import Case, GenerationMode
    from schemathesis.schemas import BaseSchema

NOT_INSTALLED = (
    "Schemathesis, which makes the requests, is not installed; pip install 'understudy[verify]'"
)
CONFIGURATION = {
    "base-url": ORIGIN,
    # Credentials are shown by us, and left out by us.
    "generation": {"with-security-parameters": False, "database": "none"},
}
OWN_HEADERS = frozenset({"x-schemathesis-testcaseid", "accept"})
IDEMPOTENCY_KEY = "idempotency-key"
WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{1,200}")
# One of so many requests keeps the ids that were made up for it.
UNKNOWN_IDS = 5


@dataclass(frozen=True)
class FuzzOptions:
    """How much is left to chance.

    Attributes:
        examples: how many requests are made up for each operation.
        seed: what they derive from.
    """

    examples: int = 50
    seed: int = 0


def require_schemathesis() -> None:
    """Raise StartError, which says how to install it, where Schemathesis is missing."""
    try:
        import schemathesis  # noqa: F401
    except ImportError as error:
        raise StartError(NOT_INSTALLED) from error


def fuzz(context: RunContext, fuzzing: FuzzOptions) -> None:
    """Ask each allowed operation what Schemathesis makes up.

    Raises:
        StartError: when Schemathesis is not installed.
        Unreachable: when nobody listens.
    """
    require_schemathesis()
    if not fuzzing.examples:
        return
    from schemathesis import Config, GenerationMode, openapi

    # Loading changes what it is given.
    raw = deepcopy(context.service.document.raw)
    schema = openapi.from_dict(raw, config=Config.from_dict(CONFIGURATION))
    half = fuzzing.examples // 2
    shares = {GenerationMode.POSITIVE: fuzzing.examples - half, GenerationMode.NEGATIVE: half}
    keys = itertools.count(1)
    with elsewhere():
        for operation in order_operations(context.allowed):
            for mode, share in shares.items():
                if share:
                    cases = made_up(schema, operation, mode, replace(fuzzing, examples=share))
                    asker = FuzzClient(context, operation, mode.is_positive, keys)
                    for number, case in enumerate(cases):
                        asker.ask(case, number)


@contextmanager
def elsewhere() -> Iterator[None]:
    """Hypothesis keeps what it computes in a folder that goes, not in the user's."""
    from hypothesis import configuration

    with tempfile.TemporaryDirectory() as folder:
        before = configuration.storage_directory(intent_to_write=False).path
        configuration.set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            usual = before == Path.cwd() / ".hypothesis"
            configuration.set_hypothesis_home_dir(None if usual else before)


def made_up(
    schema: BaseSchema, operation: Operation, mode: GenerationMode, fuzzing: FuzzOptions
) -> list[Case[Any]]:
    """What Schemathesis makes up for one operation.

    Raises:
        StartError: when it cannot; says for which operation, and why.
    """
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from hypothesis.errors import InvalidArgument, Unsatisfiable

    cases: list[Case[Any]] = []
    chosen = settings(
        max_examples=fuzzing.examples,
        phases=(Phase.generate,),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    try:
        strategy = schema[operation.path][operation.method].as_strategy(generation_mode=mode)
        seed(fuzzing.seed)(chosen(given(case=strategy)(lambda case: cases.append(case))))()
    except (Unsatisfiable, InvalidArgument):
        # An operation that takes nothing cannot be asked anything wrong.
        return cases
    except Exception as error:
        # Whatever its many parts raise, such as when their versions do not fit.
        reason = f"{type(error).__name__}: {first_line(error)}"
        what = f"Schemathesis cannot make up requests for {operation.id} ({reason})"
        raise StartError(f"{what}; try --max-examples 0, or another version of it") from error
    return cases


def first_line(error: Exception) -> str:
    """The beginning of what an error says."""
    return str(error).partition("\n")[0]


class FuzzClient:
    """Asks one operation what was made up, with ids that the API knows in most of it.

    Args:
        valid: whether the cases are what the document allows.
        keys: numbers that make each idempotency key one of its own.
    """

    def __init__(
        self,
        context: RunContext,
        operation: Operation,
        valid: bool,
        keys: Iterator[int],
    ) -> None:
        self._context = context
        self._operation = operation
        self._valid = valid
        self._keys = keys

    def ask(self, case: Case[Any], number: int) -> None:
        """Send one case.

        Args:
            number: of the case, by which ids take turns.

        Raises:
            Unreachable: when nobody listens.
        """
        if number % UNKNOWN_IDS != UNKNOWN_IDS - 1:
            self._fill(case, number)
        request = wire_request(case)
        if request is None:
            return
        request = self._context.access.sign(replace(request, headers=self._headers(request)))
        # A made-up value can lead elsewhere: `/campaigns/{id}` to `/campaigns/scheduled`.
        met = self._context.checker.find_operation(request)
        if met is not None:
            self._context.ask(met, request)

    def _fill(self, case: Case[Any], number: int) -> None:
        """Put ids that the API knows in the place of invented ones."""
        known = self._context.known
        paths = known.paths(self._operation)
        if paths and case.path_parameters:
            case.path_parameters = dict(paths[number % len(paths)])
        if self._valid:
            case.query = self._with_ids(case.query, number)
            case.body = self._with_ids(case.body, number)

    def _with_ids(self, value: Any, number: int) -> Any:
        if isinstance(value, list):
            return [self._with_ids(each, number) for each in value]
        if not isinstance(value, dict):
            return value
        known = self._context.known
        filled = {}
        for name, each in value.items():
            ids = known.ids(name) if isinstance(each, str) else []
            filled[name] = ids[number % len(ids)] if ids else self._with_ids(each, number)
        return filled

    def _headers(self, request: RecordedRequest) -> tuple[tuple[str, str], ...]:
        """The headers, each idempotency key made unique: a repeated one replays a reply."""
        return tuple(
            (name, f"{value}-{next(self._keys)}" if _is_key(name, value) else value)
            for name, value in request.headers
        )


def _is_key(name: str, value: str) -> bool:
    return name.lower() == IDEMPOTENCY_KEY and WELL_FORMED.fullmatch(value) is not None


def wire_request(case: Case[Any]) -> RecordedRequest | None:
    """A case as the request that would be sent; None when it cannot be one."""
    # Schemathesis itself sends by it, so it is there.
    import requests

    try:
        prepared = requests.Request(**case.as_transport_kwargs(base_url=ORIGIN)).prepare()
    except (ValueError, requests.RequestException):
        return None
    body = prepared.body or b""
    body = body.encode() if isinstance(body, str) else body
    if not isinstance(body, bytes):
        return None
    headers = ((_text(name), _text(value)) for name, value in prepared.headers.items())
    return RecordedRequest(
        method=str(prepared.method),
        url=str(prepared.url),
        headers=tuple(
            each for each in strip_transport_headers(headers) if each[0].lower() not in OWN_HEADERS
        ),
        body=body,
    )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
