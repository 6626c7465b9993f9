"""Commands about recordings: record, export, replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from understudy.cli.options import option, setting_option
from understudy.cli.server_options import server_options
from understudy.core.base_url import parse_base_url
from understudy.core.clock import format_instant
from understudy.core.errors import StartError
from understudy.core.output_files import require_writable, unwritable
from understudy.core.settings import Settings
from understudy.core.terminal import format_count, format_table
from understudy.engine.exchange_recorder import Log
from understudy.engine.registry import open_services, require_vendors
from understudy.recording.attribution import Attribution
from understudy.recording.formats.format import Format
from understudy.recording.formats.registry import (
    FORMATS,
    READABLE,
    READABLE_SUFFIXES,
    choose_format,
    read_recording,
    write_recording,
)
from understudy.recording.model import DEFAULT_START, Recording, UnreadableRecording, merge_headers
from understudy.recording.normalize import known_tokens, normalize
from understudy.replay.check import find_deviations, group_changes
from understudy.replay.report import format_report
from understudy.replay.serve import make_replay_app
from understudy.scenarios.command import run_recorded
from understudy.scenarios.loader import find_scenario, scenario_names
from understudy.scenarios.player import play_scenario
from understudy.scenarios.steps import Scenario
from understudy.server.app import App
from understudy.server.http_server import Listening, run
from understudy.vendors import vendor_names

COMMAND = "understudy.command"
EXPORT_HELP = f"""Write recordings in another format.

FILES are recordings as {", ".join(each.name for each in READABLE)}. Formats to write:
{", ".join(FORMATS)}.
"""
COMMAND_SETTINGS = ("vendors", "seed", "clock", "pace", "auth", "rate_limits")
FORMAT = option(
    "--format",
    "format_name",
    default=None,
    metavar="NAME",
    help="Format to write; by default the one of --out's suffix, else json.",
)
ORIGIN = option(
    "--origin",
    "origins",
    multiple=True,
    metavar="[VENDOR=]URL",
    help="Base URL to write instead of the vendor's host (repeatable).",
)
VENDOR = option(
    "--vendor",
    default="",
    show_default=False,
    metavar="NAME",
    help="Vendor of the exchanges whose URLs name none.",
)


class WithCommand(click.Command):
    """A command that takes another one behind `--`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            ctx.meta[COMMAND] = args[at + 1 :]
            args = args[:at]
        return super().parse_args(ctx, args)


@click.command(cls=WithCommand)
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]... | -- COMMAND [ARGUMENT]...")
@option("--out", type=click.Path(path_type=Path), help="File or folder to write; - for stdout.")
@FORMAT
@ORIGIN
@setting_option("vendors")
@setting_option("seed")
@setting_option("clock", default=format_instant(DEFAULT_START, trimmed=True))
@setting_option("pace", default="0")
@setting_option("auth")
@setting_option("rate_limits")
@click.pass_context
def record(
    context: click.Context,
    /,
    scenarios: tuple[str, ...],
    out: Path | None,
    format_name: str | None,
    origins: tuple[str, ...],
    **chosen: Any,
) -> int:
    """Record scenarios, or the requests of a command.

    A SCENARIO is VENDOR/NAME, or VENDOR for all of its scenarios; without SCENARIO and COMMAND,
    list the scenarios. A command finds the mock's address in UNDERSTUDY_URL, the base URL of each
    vendor in VENDOR_BASE_URL, and a valid key in VENDOR_API_KEY unless that is already set.

    The flags from --vendor on are for a command only; a scenario has its own settings.
    """
    command = context.meta.get(COMMAND)
    if command is None and not scenarios:
        _list_scenarios()
        return 0
    format = choose_format(format_name, out)
    places = _read_origins(origins)
    if command is None:
        _refuse_flags(context)
        _record_scenarios(scenarios, out, format, places)
        return 0
    if scenarios or not command:
        raise StartError("name either scenarios, or a command after --")
    return _record_command(command, out, format, places, chosen)


def _refuse_flags(context: click.Context) -> None:
    """Refuse flags that are only for commands: a scenario has its own settings.

    Raises:
        StartError: names the flag.
    """
    for parameter in context.command.params:
        name = str(parameter.name)
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name in COMMAND_SETTINGS:
            flag = parameter.opts[0]
            raise StartError(f"{flag} is for a command after --; a scenario has its own settings")


def _list_scenarios() -> None:

    names = vendor_names()
    rows = [(name, find_scenario(name, names).title) for name in scenario_names(names)]
    click.echo(format_table([("SCENARIO", "WHAT HAPPENS"), *rows]))


def _record_scenarios(
    wanted: Sequence[str], out: Path | None, format: Format, origins: dict[str, str]
) -> None:

    vendors = vendor_names()
    names = [
        name for each in wanted for name in (scenario_names([each]) if each in vendors else [each])
    ]
    found = [find_scenario(name, vendors) for name in dict.fromkeys(names)]
    for scenario in found:
        target = _target(out, scenario, found, format)
        _write(play_scenario(scenario).at_origins(origins), format, target)


def _target(
    out: Path | None, scenario: Scenario, among: Sequence[Scenario], format: Format
) -> Path:
    """The file for a scenario's recording: the one that was named, or one in the folder.

    Raises:
        StartError: when several would go into one file.
    """
    if out is not None and len(among) == 1 and not out.is_dir():
        return out
    if out is not None and not out.is_dir() and (str(out) == "-" or out.suffix):
        what = "one stream" if str(out) == "-" else f"one file, {out}"
        raise StartError(f"{len(among)} scenarios cannot go into {what}; name a folder with --out")
    # In a folder for one vendor, file names need not repeat the vendor.
    alone = out is not None and len({each.service.name for each in among}) == 1
    name = scenario.name if alone else f"{scenario.service.name}-{scenario.name}"
    return (out or Path()) / f"{name}{format.suffix}"


def _record_command(
    command: Sequence[str],
    out: Path | None,
    format: Format,
    origins: dict[str, str],
    chosen: dict[str, Any],
) -> int:

    target = out or Path(f"recording{format.suffix}")
    if str(target) == "-":
        raise StartError("the command prints to standard output; name a file with --out")
    name = target.name.removesuffix(format.suffix)
    # Before the command runs, which may take an hour.
    require_writable("--out", target, folder=not format.suffix)
    recording, status = run_recorded(command, Settings(**chosen), name)
    _write(recording.at_origins(origins), format, target)
    return status


def _write(recording: Recording, format: Format, target: Path) -> None:
    """Write a recording, and say so on standard error."""
    if str(target) == "-":
        written = format.write(recording)
        if not isinstance(written, bytes):
            raise StartError(f"--format {format.name} writes a folder of files; name it with --out")
        click.echo(written, nl=False)
        return
    try:
        files = write_recording(recording, format, target)
    except OSError as error:
        raise unwritable("--out", target, error) from error
    what = format_count(len(recording.exchanges), "exchange")
    if len(files) > 1 or target not in files:
        what += f", {len(files)} files"
    click.echo(f"wrote {target} ({what})", err=True)


def _read_origins(given: Sequence[str]) -> dict[str, str]:
    """Vendor -> base URL; "" for every vendor that is not named.

    Raises:
        StartError: for an unknown vendor, or a URL that is not a base URL.
    """
    origins = {}
    for each in given:
        name, equals, url = each.partition("=")
        if not equals or "://" in name:
            name, url = "", each
        parse_base_url(url, "--origin", f"http://127.0.0.1:4010/{name}")
        if name:
            require_vendors([name])
        origins[name] = url
    return origins


def _read(files: Sequence[Path], vendor: str) -> Recording:
    """The recordings in files as one, each exchange with its vendor.

    Raises:
        StartError: when a file cannot be read, or has no exchange of a known vendor.
    """
    require_vendors([vendor] if vendor else [])
    attribution = Attribution(open_services(), vendor)
    parts = []
    for file in _list_recordings(files):
        try:
            recording = read_recording(file)
            parts.append(attribution.recording(recording))
        except UnreadableRecording as error:
            text = str(error)
            raise StartError(text if text.startswith(str(file)) else f"{file}: {text}") from error
        others = len(recording.exchanges) - len(parts[-1].exchanges)
        if others:
            what = f"{format_count(others, 'exchange')} with hosts that are not a vendor's"
            click.echo(f"{file}: left out {what}", err=True)
    return merge_headers(parts, files[0].stem)


def _list_recordings(files: Sequence[Path]) -> list[Path]:
    """The files, and the recordings in those that are folders.

    Raises:
        StartError: when a folder has no recording.
    """

    found: list[Path] = []
    for file in files:
        inside = [file]
        if file.is_dir():
            inside = sorted(each for each in file.iterdir() if each.suffix in READABLE_SUFFIXES)
        if not inside:
            raise StartError(f"{file}: has no recordings ({', '.join(READABLE_SUFFIXES)})")
        found += inside
    return found


@click.command(help=EXPORT_HELP)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@FORMAT
@option("--out", type=click.Path(path_type=Path), default="-", help="File or folder; - for stdout.")
@ORIGIN
@VENDOR
@option("--normalise", is_flag=True, help="Replace ids and times that differ between runs.")
def export(
    files: tuple[Path, ...],
    format_name: str | None,
    out: Path,
    origins: tuple[str, ...],
    vendor: str,
    normalise: bool,
) -> None:
    format = choose_format(format_name, out)
    recording = _read(files, vendor)
    if normalise:
        first = next((each.at for each in recording.exchanges if each.at is not None), 0)
        known = known_tokens(open_services(recording.vendors))
        foreign = replace(recording, clock=None)
        recording = normalize(foreign, known, first)
    _write(recording.at_origins(_read_origins(origins)), format, out)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@option("--check", is_flag=True, help="Send the recorded requests to the mock and compare.")
@option(
    "--match",
    type=click.Choice(["exact", "operation"]),
    default="exact",
    help="operation: path and query may differ when operation and body are the same.",
)
@VENDOR
@server_options
def replay(
    files: tuple[Path, ...],
    check: bool,
    match: str,
    vendor: str,
    listening: Listening,
    admin_token: str,
) -> int:
    """Serve recordings, or compare them with the mock.

    FILES are recordings as json, HAR or VCR; each request is answered as it was recorded. With
    --check, send the recorded requests to the mock instead and report each field that differs;
    ids and times are matched by their first appearance. The exit code is 1 when something differs.
    """
    if check:
        return _check(files, vendor)
    recording = _read(files, vendor)

    def make(settings: Settings, log: Log | None) -> App:
        return make_replay_app(recording, settings, match == "operation", log)

    def announce(app: App, url: str) -> str:
        places = ", ".join(f"{url}{service.prefix}" for service in app.services.values())
        what = format_count(len(recording.answered), "exchange")
        return f"understudy replays {recording.name} ({what}) on {places}"

    run(Settings(admin_token=admin_token), listening, make, announce)
    return 0


def _check(files: Sequence[Path], vendor: str) -> int:
    differing = 0
    for file in _list_recordings(files):
        recording = _read([file], vendor)
        try:
            changes = group_changes(find_deviations(recording))
        except (TypeError, ValueError) as error:
            raise StartError(f"{file}: cannot be replayed: {error}") from error
        differing += bool(changes)
        click.echo("\n".join(format_report(recording, changes)))
    return 1 if differing else 0
