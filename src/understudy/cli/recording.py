"""Commands about recordings: record, export, replay."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from understudy.cli.options import Instant, Pace, option
from understudy.core.errors import StartError

if TYPE_CHECKING:
    from understudy.engine.exchange_recorder import Log
    from understudy.recording.formats.format import Format
    from understudy.recording.model import Recording
    from understudy.scenarios.steps import Scenario
    from understudy.server.app import App

COMMAND = "understudy.command"
BEGINNING = "2026-03-11T12:00:00Z"


class WithFormats(click.Command):
    """A command whose help lists the formats of recordings in place of `{reads}` and `{writes}`."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from understudy.recording.formats.registry import FORMATS, READABLE

        reads, writes = (", ".join(each.name for each in of) for of in (READABLE, FORMATS.values()))
        self.help = (self.help or "").format(reads=reads, writes=writes)
        super().format_help_text(ctx, formatter)


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
@option("--format", "format_name", default=None, help="json, har, vcr ...: see understudy export.")
@option("--origin", "origins", multiple=True, metavar="[VENDOR=]URL", help="In place of the host.")
@option("--vendor", "vendors", multiple=True, help="Of a command: serve only this one.")
@option("--seed", type=int, default=0, help="Of a command: what ids derive from.")
@option(
    "--clock",
    type=Instant(),
    default=BEGINNING,
    metavar="real|TIME",
    help="Of a command: stands still at TIME.",
)
@option("--pace", type=Pace(), default="0", metavar="FACTOR|manual", help="Of a command.")
@option("--auth", type=click.Choice(["strict", "any"]), default="strict", help="Of a command.")
@option("--rate-limits", is_flag=True, help="Of a command: refuse what exceeds the limits.")
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
    """Record scenarios (VENDOR/NAME, or VENDOR for all of its), or what a COMMAND asks.

    Without either, list the scenarios. A command finds the mock's address in UNDERSTUDY_URL and
    in VENDOR_BASE_URL of each vendor, and a key that works in VENDOR_API_KEY where none is set.
    """
    from understudy.recording.formats.registry import choose_format

    command = context.meta.get(COMMAND)
    if command is None and not scenarios:
        _list_scenarios()
        return 0
    format = choose_format(format_name, out)
    places = _origins(origins)
    if command is None:
        _refuse_flags(context)
        _record_scenarios(scenarios, out, format, places)
        return 0
    if scenarios or not command:
        raise StartError("name scenarios, or a command behind --, not both and not neither")
    return _record_command(command, out, format, places, chosen)


def _refuse_flags(context: click.Context) -> None:
    """Scenarios bring their own world.

    Raises:
        StartError: for a flag that is only for commands.
    """
    for name in ("vendors", "seed", "clock", "pace", "auth", "rate_limits"):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            flag = "--vendor" if name == "vendors" else f"--{name.replace('_', '-')}"
            raise StartError(f"{flag} is for a command behind --; a scenario says it itself")


def _list_scenarios() -> None:
    from understudy.core.terminal import format_table
    from understudy.engine.registry import vendor_names
    from understudy.scenarios.loader import find_scenario, scenario_names

    names = vendor_names()
    rows = [(name, find_scenario(name, names).title) for name in scenario_names(names)]
    click.echo(format_table([("SCENARIO", "WHAT HAPPENS"), *rows]))


def _record_scenarios(
    wanted: Sequence[str], out: Path | None, format: Format, origins: dict[str, str]
) -> None:
    from understudy.engine.registry import vendor_names
    from understudy.scenarios.loader import find_scenario, scenario_names
    from understudy.scenarios.player import play_scenario

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
    """Where a scenario's recording goes: to the file that was named, or into the folder.

    Raises:
        StartError: when several are to go into one file.
    """
    if out is not None and len(among) == 1 and not out.is_dir():
        return out
    if out is not None and not out.is_dir() and (str(out) == "-" or out.suffix):
        what = "one stream" if str(out) == "-" else f"one file, {out}"
        raise StartError(f"{len(among)} scenarios do not go into {what}; name a folder with --out")
    # A folder for one vendor need not say whose it is.
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
    from understudy.core.settings import Settings
    from understudy.recording.formats.registry import check_target
    from understudy.scenarios.command import run_recorded

    target = out or Path(f"recording{format.suffix}")
    if str(target) == "-":
        raise StartError("what the command prints goes to standard output; name a file with --out")
    name = target.name.removesuffix(format.suffix)
    # Before the command has run for an hour.
    check_target(target, format)
    recording, status = run_recorded(command, Settings(**chosen), name)
    _write(recording.at_origins(origins), format, target)
    return status


def _write(recording: Recording, format: Format, target: Path) -> None:
    """Write a recording and tell so."""
    from understudy.core.terminal import format_count
    from understudy.recording.formats.registry import write_recording

    if str(target) == "-":
        written = format.write(recording)
        if not isinstance(written, bytes):
            raise StartError(f"--format {format.name} is a folder of files; name it with --out")
        click.echo(written, nl=False)
        return
    try:
        files = write_recording(recording, format, target)
    except OSError as error:
        raise StartError(f"{target} cannot be written ({error.strerror})") from error
    what = format_count(len(recording.exchanges), "exchange")
    if len(files) > 1 or target not in files:
        what += f", {len(files)} files"
    click.echo(f"wrote {target} ({what})", err=True)


def _origins(given: Sequence[str]) -> dict[str, str]:
    """Vendor -> base URL; "" for every vendor that is not named."""
    from understudy.engine.registry import vendor_names

    found = {}
    for each in given:
        name, equals, url = each.partition("=")
        if not equals or "://" in name:
            name, url = "", each
        if not url.startswith(("http://", "https://")) or set(url) & set("?#"):
            raise StartError(f"--origin {each}: give a URL such as http://127.0.0.1:4010/{name}")
        if name and name not in vendor_names():
            known = ", ".join(vendor_names())
            raise StartError(f'--origin {each}: there is no vendor "{name}"; known: {known}')
        found[name] = url
    return found


def _read(files: Sequence[Path], vendor: str) -> Recording:
    """The recordings in files as one, each exchange with its vendor.

    Raises:
        StartError: when one cannot be read, or says nothing of a vendor that is known.
    """
    from understudy.core.terminal import format_count
    from understudy.engine.registry import open_services, vendor_names
    from understudy.recording.attribution import Attribution
    from understudy.recording.formats.registry import read_recording
    from understudy.recording.model import UnreadableRecording, merge_headers

    if vendor and vendor not in vendor_names():
        raise StartError(f'there is no vendor "{vendor}"; known: {", ".join(vendor_names())}')
    attribution = Attribution(open_services(), vendor)
    parts = []
    for file in _within(files):
        try:
            read = read_recording(file)
            parts.append(attribution.recording(read))
            others = len(read.exchanges) - len(parts[-1].exchanges)
            if others:
                what = f"{format_count(others, 'exchange')} with others than the vendors"
                click.echo(f"{file}: left out {what}", err=True)
        except UnreadableRecording as error:
            told = str(error)
            raise StartError(told if told.startswith(str(file)) else f"{file}: {told}") from error
    return merge_headers(parts, files[0].stem)


def _within(files: Sequence[Path]) -> list[Path]:
    """The files, and those that stand in folders.

    Raises:
        StartError: when a folder has no recording.
    """
    from understudy.recording.formats.registry import READABLE_SUFFIXES

    found: list[Path] = []
    for file in files:
        inside = [file]
        if file.is_dir():
            inside = sorted(each for each in file.iterdir() if each.suffix in READABLE_SUFFIXES)
        if not inside:
            raise StartError(f"{file}: has no recording ({', '.join(READABLE_SUFFIXES)})")
        found += inside
    return found


@click.command(cls=WithFormats)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@option("--format", "format_name", default=None, help="What to write; told by --out, else json.")
@option("--out", type=click.Path(path_type=Path), default="-", help="File or folder; - for stdout.")
@option("--origin", "origins", multiple=True, metavar="[VENDOR=]URL", help="In place of the host.")
@option("--vendor", default="", help="Whose API it is, where URLs do not tell.")
@option("--normalise", is_flag=True, help="Replace ids and times that differ from run to run.")
def export(
    files: tuple[Path, ...],
    format_name: str | None,
    out: Path,
    origins: tuple[str, ...],
    vendor: str,
    normalise: bool,
) -> None:
    """Write recordings (FILES) in another format.

    Formats that are read: {reads}. Formats that are written: {writes} (examples: a folder of JSON).
    """
    from understudy.engine.registry import open_services
    from understudy.recording.formats.registry import choose_format
    from understudy.recording.normalize import known_tokens, normalize

    format = choose_format(format_name, out)
    recording = _read(files, vendor)
    if normalise:
        first = next((each.at for each in recording.exchanges if each.at is not None), 0)
        known = known_tokens(open_services(recording.vendors))
        foreign = replace(recording, clock=None)
        recording = normalize(foreign, known, first)
    _write(recording.at_origins(_origins(origins)), format, out)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@option("--check", is_flag=True, help="Ask the mock the recorded requests, and compare.")
@option(
    "--match",
    type=click.Choice(["exact", "operation"]),
    default="exact",
    help="operation: whatever path and query say, when operation and body are the same.",
)
@option("--vendor", default="", help="Whose API it is, where URLs do not tell.")
@option("-p", "--port", type=click.IntRange(0, 65535), default=4010, help="0: any free port.")
@option("-H", "--host", default="127.0.0.1", help="Address to listen on.")
@option("--port-file", type=click.Path(path_type=Path), help="Write the port here when ready.")
@option("--admin-token", default="", help="What /__admin demands; made up beyond loopback.")
@option("--log-format", type=click.Choice(["text", "json"]), default="text", help="On stderr.")
@option("--quiet", is_flag=True, help="No banner, no log.")
@option("--no-color", is_flag=True, help="Plain text (NO_COLOR does the same).")
def replay(files: tuple[Path, ...], check: bool, vendor: str, **chosen: Any) -> int:
    """Serve recordings (FILES: json, HAR, VCR) as they were answered, or --check them.

    --check asks the mock what was asked and tells, member by member, what it answers otherwise
    now; ids and times are matched by their first appearance. Exit code 1 when something differs.
    """
    if check:
        return _check(files, vendor)
    _serve(_read(files, vendor), **chosen)
    return 0


def _check(files: Sequence[Path], vendor: str) -> int:
    from understudy.replay.check import find_deviations, group_changes
    from understudy.replay.report import format_report

    differing = 0
    for file in _within(files):
        recording = _read([file], vendor)
        try:
            found = group_changes(find_deviations(recording))
        except (TypeError, ValueError) as error:
            raise StartError(f"{file}: cannot be asked again: {error}") from error
        differing += bool(found)
        click.echo("\n".join(format_report(recording, found)))
    return 1 if differing else 0


def _serve(
    recording: Recording,
    match: str,
    port: int,
    host: str,
    port_file: Path | None,
    admin_token: str,
    log_format: str,
    quiet: bool,
    no_color: bool,
) -> None:
    from understudy.core.settings import Settings
    from understudy.core.terminal import format_count
    from understudy.replay.serve import make_replay_app
    from understudy.server.http_server import Listening, run

    def make(settings: Settings, log: Log | None) -> App:
        return make_replay_app(recording, settings, match == "operation", log)

    def announce(app: App, url: str) -> str:
        places = ", ".join(f"{url}{service.prefix}" for service in app.services.values())
        what = format_count(len(recording.answered), "exchange")
        return f"understudy replays {recording.name} ({what}) on {places}"

    color = not (no_color or os.environ.get("NO_COLOR")) and sys.stderr.isatty()
    log = None if quiet else log_format
    listening = Listening(host, port, port_file, False, log, color)
    run(Settings(admin_token=admin_token), listening, make, announce)
