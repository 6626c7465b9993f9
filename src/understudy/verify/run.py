"""One verification: recordings, documented examples, requests to refuse, generated requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from understudy.core.clock import Stopwatch
from understudy.core.errors import StartError
from understudy.engine.registry import data_folder
from understudy.openapi.document import Operation
from understudy.recording.attribution import Attribution
from understudy.recording.formats.registry import read_recording
from understudy.recording.model import Recording, UnreadableRecording
from understudy.service.service import Service
from understudy.verify.context import RunContext
from understudy.verify.findings import Outcome
from understudy.verify.fuzz import FuzzOptions, fuzz
from understudy.verify.probe import probe
from understudy.verify.replay_recordings import RecordingReplay, ReplayWorld
from understudy.verify.transport import Sender
from understudy.verify.walk import ask_examples

NO_WRITES = "writes are not allowed"
INTERRUPTED = "the verification was interrupted"
NO_KNOWN_ID = "no id is known that it could be asked for"


@dataclass(frozen=True)
class Plan:
    """How one API is verified.

    Attributes:
        understudy: whether the API is this mock, which knows `Prefer`.
        own_accounts: whether each recorded request is sent with its account's credential.
        compare: whether a difference from a recording is a finding.
        place: makes the world that a recording's requests go to; None to use `sender`.
    """

    service: Service
    sender: Sender
    fuzzing: FuzzOptions = field(default_factory=FuzzOptions)
    recordings: Sequence[Recording] = ()
    understudy: bool = False
    own_accounts: bool = False
    compare: bool = False
    place: Callable[[Recording], ReplayWorld] | None = None


def verify(plan: Plan) -> Outcome:
    """Exercise an API with recordings, documented examples and generated requests.

    Raises:
        StartError: when Schemathesis is not installed.
        Unreachable: when nobody listens any more.
    """
    watch = Stopwatch()
    context = RunContext(plan.service, plan.sender)
    outcome = context.outcome
    try:
        _ask(context, plan)
    except KeyboardInterrupt:
        # The findings so far are reported.
        outcome.interrupted = True
    if plan.place is not None:
        outcome.base_url = ""
    for operation in outcome.operations:
        exercise = outcome.exercises[operation.id]
        if not exercise.requests:
            exercise.idle = _find_idle_reason(context, operation)
    outcome.seconds = watch.seconds()
    outcome.close()
    return outcome


def _ask(context: RunContext, plan: Plan) -> None:
    # First, while resources are still as they were when recorded.
    for recording in plan.recordings:
        world = plan.place(recording) if plan.place is not None else ReplayWorld(plan.sender)
        replay = RecordingReplay(context, world, plan.own_accounts, plan.understudy, plan.compare)
        replay.run(recording)
    context.at(plan.sender)
    ask_examples(context)
    probe(context)
    fuzz(context, plan.fuzzing)


def _find_idle_reason(context: RunContext, operation: Operation) -> str:
    if not context.access.allows(operation.method):
        return NO_WRITES
    return INTERRUPTED if context.outcome.interrupted else NO_KNOWN_ID


def read_recordings(places: Sequence[Path], service: Service) -> list[Recording]:
    """The recordings in files and folders, or those that come with the package.

    Raises:
        StartError: when one cannot be read; names the file.
    """
    shipped = data_folder("fixtures") / service.name / "recorded"
    given = [file for place in places for file in _files(place)]
    return [_read(file, service) for file in (given if places else sorted(shipped.glob("*.json")))]


def _files(place: Path) -> list[Path]:
    return sorted(place.glob("*.json")) if place.is_dir() else [place]


def _read(file: Path, service: Service) -> Recording:
    try:
        recording = read_recording(file)
        if all(each.vendor for each in recording.exchanges):
            return recording
        return Attribution([service], service.name).recording(recording)
    except UnreadableRecording as error:
        said = str(error)
        raise StartError(said if said.startswith(str(file)) else f"{file}: {said}") from error
