"""The commands record, export and replay, as their user meets them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.waiting import LONG
from understudy.cli.main import main
from understudy.engine.registry import open_service
from understudy.recording.formats import native
from understudy.service.secrets import find_seed_secrets

# A client that makes up ids and asks for the time, as clients do.
CLIENT = """
import datetime, os, time, urllib.error, urllib.request, uuid
time.sleep(float(os.environ.get("PAUSE", "0")))
now = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
base, key = os.environ["SENT_BASE_URL"], os.environ["SENT_API_KEY"]
headers = {"x-api-key": key, "Idempotency-Key": str(uuid.uuid4()), "X-When": now.isoformat(),
           "Content-Type": "application/json"}
for body in (b'{"name": "New Shop"}', None):
    request = urllib.request.Request(base + "/v3/profiles", body, headers)
    print(urllib.request.urlopen(request).status, flush=True)
time.sleep(float(os.environ.get("LINGER", "0")))
raise SystemExit(3)
"""
RUN = (sys.executable, "-c", CLIENT)
# One that uses sessions and the admin plane.
BUSY = """
import json, os, urllib.error, urllib.request
url, key = os.environ["UNDERSTUDY_URL"], os.environ["ZEXA_API_KEY"]
def ask(method, url, body=None, headers={}):
    content = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **headers}
    try:
        return urllib.request.urlopen(urllib.request.Request(url, content, headers, method=method))
    except urllib.error.HTTPError as error:
        return error
auth = {"Authorization": "Bearer " + key}
other = url.replace("@record", "@other")
ask("POST", url + "/__admin/faults", {"kind": "status", "status": 500, "times": 1})
ask("GET", url + "/zexa/v1/credits", None, auth)
ask("GET", url + "/zexa/v1/credits", None, auth)
contact = {"name": "Ana", "phone": "+244923000001"}
ask("POST", other + "/zexa/v1/contacts", contact, auth)
ask("POST", url + "/zexa/v1/contacts", contact, auth)
ask("PATCH", url + "/__admin/clock", {"shift": "PT1H"})
ask("GET", url + "/zexa/v1/contacts", None, auth)
ask("HEAD", url + "/zexa/v1/credits", None, auth)
ask("POST", url + "/zexa/v1/contacts", {"note": "x" * 1_100_000}, auth)
ask("GET", url + "/zexa/v1/../v1/credits", None, {**auth, "X-Name": "Zo\xe9"})
"""


def run(*arguments: str | Path) -> int:
    """Run the command line; its exit code."""
    with pytest.raises(SystemExit) as stopped:
        main([str(each) for each in arguments])
    return int(str(stopped.value.code))


def in_folders(folder: Path) -> list[Path]:
    """Two files of one name: a recording is named after its file."""
    for name in "ab":
        (folder / name).mkdir()
    return [folder / name / "x.json" for name in "ab"]


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """A recorded scenario."""
    file = tmp_path / "life.json"
    assert run("record", "zexa/campaign-life", "--out", file) == 0
    return file


def test_scenarios_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """With what happens in each."""
    assert run("record") == 0
    assert "zexa/every-error" in capsys.readouterr().out


def test_scenario_is_written_where_one_says(tmp_path: Path) -> None:
    """The suffix tells the format."""
    assert run("record", "zexa/campaign-life", "--out", tmp_path / "life.har") == 0
    assert run("record", "zexa", "--out", tmp_path) == 0

    assert "log" in json.loads((tmp_path / "life.har").read_bytes())
    assert native.read((tmp_path / "every-error.json").read_bytes()).name == "zexa-every-error"


def test_vendors_in_one_folder_are_told_apart(tmp_path: Path) -> None:
    """Both have a scenario of this name."""
    run("record", "zexa/campaign-life", "sent/campaign-life", "--out", tmp_path)

    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "sent-campaign-life.json",
        "zexa-campaign-life.json",
    ]
    assert run("replay", "--check", tmp_path) == 0


def test_recording_goes_to_standard_output(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Byte for byte what would be written to a file."""
    assert run("record", "zexa/campaign-life", "--out", "-") == 0
    assert native.read(capsysbinary.readouterr().out).exchanges


def test_command_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs write the same, though the client's ids and times differ; its exit code is ours."""
    first, second = in_folders(tmp_path)

    assert run("record", "--out", first, "--", *RUN) == 3
    monkeypatch.setenv("PAUSE", "1.1")
    assert run("record", "--out", second, "--", *RUN) == 3

    assert first.read_bytes() == second.read_bytes()
    assert [each.operation for each in native.read(first.read_bytes()).exchanges] == [
        "createProfile",
        "listProfiles",
    ]
    assert run("replay", "--check", first) == 0


def test_everything_that_a_command_did_happens_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Planned faults, moves of the clock, several sessions, a body that was too large."""
    file = tmp_path / "busy.json"

    assert run("record", "--out", file, "--", sys.executable, "-c", BUSY) == 0

    recording = native.read(file.read_bytes())
    statuses = [each.response.status for each in recording.exchanges]
    assert statuses == [500, 200, 201, 201, 200, 405, 413, 404]
    assert recording.exchanges[2].session == "other"
    assert run("replay", "--check", file) == 0, capsys.readouterr().out


def test_recorded_command_leaves_no_secret(tmp_path: Path) -> None:
    """The key that it was given is not in the file."""
    run("record", "--out", tmp_path / "a.json", "--", *RUN)
    text = (tmp_path / "a.json").read_text()

    assert [each for each in find_seed_secrets(open_service("sent")) if each in text] == []


def test_recording_in_real_time(tmp_path: Path) -> None:
    """The mock's own ids and times are brought into normal form, too."""
    files = in_folders(tmp_path)
    for file in files:
        run("record", "--clock", "real", "--out", file, "--", *RUN)

    assert files[0].read_bytes() == files[1].read_bytes()
    assert b"2026-03-11T12:00:00" in files[0].read_bytes()


def test_what_was_asked_is_written_when_we_are_ended(tmp_path: Path) -> None:
    """SIGTERM goes to the command first; the recording is there long before it would end."""
    file = tmp_path / "a.json"
    command = [sys.executable, "-m", "understudy", "record", "--out", str(file), "--", *RUN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={"LINGER": "300"}) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == [b"201\n", b"200\n"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONG) == 128 + signal.SIGTERM

    assert len(native.read(file.read_bytes()).exchanges) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["record", "zexa/nothing"], 'there is no scenario "zexa/nothing"; nearest: '),
        (
            ["record", "zexa/every-error", "--format", "pdf"],
            'there is no format "pdf"; there are: ',
        ),
        (["record", "zexa", "--", "true"], "name either scenarios, or a command after --"),
        (["record", "--"], "name either scenarios, or a command after --"),
        (["record", "--", "/no/such/program"], "/no/such/program cannot be run"),
        (["record", "--vendor", "x", "--", "true"], 'there is no vendor "x"'),
        (["record", "zexa", "--out", "all.har"], "cannot go into one file, all.har"),
        (["record", "--out", "-", "--", "true"], "name a file with --out"),
        (["record", "zexa/every-error", "--pace", "3"], "--pace is for a command after --"),
        (["record", "zexa/every-error", "--origin", "x=http://y"], 'there is no vendor "x"'),
        (
            ["record", "zexa/every-error", "--origin", "http://y?z"],
            '--origin: "http://y?z" has a query or a fragment',
        ),
        (["replay", "--check", "/dev"], "/dev: has no recording"),
        (["record", "--out", "/no/folder/x.json", "--", "true"], "there is no folder /no/folder"),
        (["record", "zexa", "--out", "-"], "scenarios cannot go into one stream"),
        (
            ["record", "zexa/every-error", "--origin", "zexa"],
            "give a URL such as http://127.0.0.1:4010/",
        ),
        (["record", "zexa/every-error", "--out", "/dev/null/x.json"], "cannot be written"),
        (["export", "/no/such/file"], "/no/such/file: cannot be read"),
        (["export", __file__], "test_recording.py: "),
        (["replay", __file__], "test_recording.py: "),
        (["replay", "--vendor", "x", __file__], 'there is no vendor "x"'),
    ],
)
def test_usage_errors_are_one_sentence(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And exit code 2."""
    assert run(*arguments) == 2

    shown = capsys.readouterr().err
    assert told in shown and shown.count("\n") == 1


def test_export_changes_format_and_origin(scenario: Path, tmp_path: Path) -> None:
    """From our own to HAR, at another base URL; what is read again is the same."""
    har = tmp_path / "life.har"

    run("export", scenario, "--out", har, "--origin", "http://localhost:9/zexa")

    urls = {each["request"]["url"] for each in json.loads(har.read_bytes())["log"]["entries"]}
    assert all(url.startswith("http://localhost:9/zexa/v1/") for url in urls)
    assert run("replay", "--check", har) == 0


def test_export_of_a_foreign_recording_has_no_secret(tmp_path: Path) -> None:
    """A cassette that somebody else made holds the key that was sent."""
    cassette = tmp_path / "foreign.yaml"
    request = {"method": "GET", "uri": "https://api.zexa.ao/v1/credits", "body": None}
    request["headers"] = {"Authorization": ["Bearer zexa_test_acme"]}
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}}
    response["headers"] = {"Content-Type": ["application/json"]}
    response["body"] = {"string": '{"credits":4250,"currency":"USD"}'}
    interactions = [{"request": request, "response": response}]
    cassette.write_text(json.dumps({"version": 1, "interactions": interactions}))

    run("export", cassette, "--out", tmp_path / "own.json", "--normalise")

    assert "zexa_test_acme" not in (tmp_path / "own.json").read_text()
    assert run("replay", "--check", tmp_path / "own.json") == 0


def test_check_tells_what_differs(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each change once, with exit code 1; and how many there are."""
    before, answered, after = scenario.read_text().partition('"status": "processing"')
    changed = before + answered + after.replace('"channel": "sms"', '"channel": "email"', 1)
    scenario.write_text(changed)

    assert run("replay", "--check", scenario) == 1

    assert 'body /channel: recorded "email", now "sms"' in capsys.readouterr().out


def test_an_empty_recording_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A command that asked nothing is written down, and can be asked again."""
    run("record", "--out", tmp_path / "none.json", "--", "true")

    assert run("replay", "--check", tmp_path / "none.json") == 0
    assert "none: 0 exchanges, no difference" in capsys.readouterr().out


def test_recording_is_served(scenario: Path, tmp_path: Path) -> None:
    """Until SIGTERM, on a free port."""
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "understudy", "replay", str(scenario), "--port", "0"]
    recorded = native.read(scenario.read_bytes()).exchanges[0]
    with subprocess.Popen(
        [*command, "--port-file", str(port_file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        banner = process.stdout.readline().decode()
        url = recorded.request.url.replace(
            "https://api.zexa.ao", f"http://127.0.0.1:{port_file.read_text().strip()}/zexa"
        )
        reply = httpx.request(recorded.request.method, url, content=recorded.request.body)
        process.terminate()
        assert process.wait(LONG) == 0

    assert banner.startswith("understudy replays zexa-campaign-life (")
    assert (reply.status_code, reply.content) == (
        recorded.response.status,
        recorded.response.body,
    )
