"""Generates requests with Schemathesis: valid ones, and ones that break the document."""

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
SCHEMATHESIS_CONFIG = {
    "base-url": ORIGIN,
    # FuzzClient adds the credential.
    "generation": {"with-security-parameters": False, "database": "none"},
}
OWN_HEADERS = frozenset({"x-schemathesis-testcaseid", "accept"})
IDEMPOTENCY_KEY = "idempotency-key"
KEY_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,200}")
# One of this many requests keeps its generated ids.
MADE_UP_ID_EVERY = 5


@dataclass(frozen=True)
class FuzzOptions:
    """How many requests are generated.

    Attributes:
        examples: requests for each operation.
        seed: of the generator; the same seed makes the same requests.
    """

    examples: int = 50
    seed: int = 0


def require_schemathesis() -> None:
    """Check that Schemathesis is installed.

    Raises:
        StartError: when it is not; says how to install it.
    """
    try:
        import schemathesis  # noqa: F401
    except ImportError as error:
        raise StartError(NOT_INSTALLED) from error


def fuzz(context: RunContext, fuzzing: FuzzOptions) -> None:
    """Send the requests that Schemathesis generates for each allowed operation.

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
    schema = openapi.from_dict(raw, config=Config.from_dict(SCHEMATHESIS_CONFIG))
    half = fuzzing.examples // 2
    shares = {GenerationMode.POSITIVE: fuzzing.examples - half, GenerationMode.NEGATIVE: half}
    keys = itertools.count(1)
    with temporary_storage():
        for operation in order_operations(context.allowed):
            for mode, share in shares.items():
                if share:
                    options = replace(fuzzing, examples=share)
                    client = FuzzClient(context, operation, mode.is_positive, keys)
                    for number, case in enumerate(generate_cases(schema, operation, mode, options)):
                        client.ask(case, number)


@contextmanager
def temporary_storage() -> Iterator[None]:
    """Keep the files of Hypothesis in a temporary folder instead of the current one."""
    from hypothesis import configuration

    with tempfile.TemporaryDirectory() as folder:
        before = configuration.storage_directory(intent_to_write=False).path
        configuration.set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            usual = before == Path.cwd() / ".hypothesis"
            configuration.set_hypothesis_home_dir(None if usual else before)


def generate_cases(
    schema: BaseSchema, operation: Operation, mode: GenerationMode, fuzzing: FuzzOptions
) -> list[Case[Any]]:
    """The requests that Schemathesis generates for one operation.

    Raises:
        StartError: when it fails; names the operation and the reason.
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
        # An operation without parameters and body has no invalid requests.
        return cases
    except Exception as error:
        # Its dependencies raise errors of many kinds, such as when their versions do not match.
        reason = f"{type(error).__name__}: {first_line(error)}"
        what = f"Schemathesis cannot make up requests for {operation.id} ({reason})"
        raise StartError(f"{what}; try --max-examples 0, or another version of it") from error
    return cases


def first_line(error: Exception) -> str:
    """The first line of an error's message."""
    return str(error).partition("\n")[0]


class FuzzClient:
    """Sends generated requests to one operation, most of them with ids that the API knows.

    Args:
        valid: whether the document allows the requests.
        keys: numbers that make each idempotency key unique.
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
            number: of the case; chooses which of the known ids is used.

        Raises:
            Unreachable: when nobody listens.
        """
        if number % MADE_UP_ID_EVERY != MADE_UP_ID_EVERY - 1:
            self._fill(case, number)
        request = wire_request(case)
        if request is None:
            return
        request = self._context.access.sign(replace(request, headers=self._headers(request)))
        # A generated value can make another path: `/campaigns/scheduled` of `/campaigns/{id}`.
        operation = self._context.checker.find_operation(request)
        if operation is not None:
            self._context.ask(operation, request)

    def _fill(self, case: Case[Any], number: int) -> None:
        """Replace generated ids by ids that the API knows."""
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
    return name.lower() == IDEMPOTENCY_KEY and KEY_PATTERN.fullmatch(value) is not None


def wire_request(case: Case[Any]) -> RecordedRequest | None:
    """A case as the request that would be sent; None when HTTP cannot carry it."""
    # A dependency of Schemathesis.
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
