"""The command `understudy proxy`: its process, banner, recording and errors."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.test_main import listening, run
from tests.conftest import Live
from tests.server.front import KEYS, answering, answering_tls, in_header, ok, playing
from tests.tools import needs
from tests.waiting import LONG, wait_until
from understudy.core.settings import Settings
from understudy.recording.formats.registry import read_recording

CREDITS = b'{"credits":1,"currency":"USD"}'


def running_proxy(
    folder: Path, vendor: str, upstream: str, *flags: str, **environment: str
) -> AbstractContextManager[tuple[subprocess.Popen[str], str]]:
    """A proxy as a process, and its base URL; it is stopped with SIGTERM."""
    return listening(folder, "proxy", vendor, "--upstream", upstream, *flags, **environment)


@pytest.fixture(scope="module")
def vendor() -> Iterator[Live]:
    """Zexa at the root of its host."""
    with playing({}, Settings(vendors=("zexa",))) as vendor:
        yield vendor


def end_process(process: subprocess.Popen[str], *signals: signal.Signals) -> tuple[str, str]:
    """End a process by signals, and return what it printed."""
    for each in signals:
        process.send_signal(each)
    return process.communicate(timeout=LONG)


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_writes_the_recording(tmp_path: Path, vendor: Live, by: signal.Signals) -> None:
    """The file has the requests, at the vendor's own origin, and stderr names it."""
    out = tmp_path / "credits.json"
    with running_proxy(tmp_path, "zexa", vendor.url, "--out", str(out)) as (process, url):
        httpx.get(f"{url}/v1/credits?x=1", headers=KEYS["zexa"])
        httpx.get(f"{url}/zexa/v1/campaigns", headers=KEYS["zexa"])
        _, log = end_process(process, by)

    recording = read_recording(out)
    assert [each.request.url for each in recording.exchanges] == [
        "https://api.zexa.ao/v1/credits?x=1",
        "https://api.zexa.ao/v1/campaigns",
    ]
    assert (recording.name, process.returncode) == ("credits", 0)
    assert f"wrote {out} (2 exchanges)" in log


def test_a_second_signal_does_not_lose_the_recording(tmp_path: Path, vendor: Live) -> None:
    """There is no partial file and no traceback."""
    out = tmp_path / "out.json"
    with running_proxy(tmp_path, "zexa", vendor.url, "--out", str(out)) as (process, url):
        httpx.get(f"{url}/v1/credits", headers=KEYS["zexa"])
        _, log = end_process(process, signal.SIGTERM, signal.SIGTERM, signal.SIGINT)

    assert len(read_recording(out).exchanges) == 1
    assert "Traceback" not in log


def test_a_request_under_way_does_not_keep_the_proxy(tmp_path: Path) -> None:
    """The proxy ends before the vendor answers; the request is not recorded."""
    out = tmp_path / "out.json"
    ended = threading.Event()

    def late(request: bytes) -> bytes:
        ended.wait()
        return ok(CREDITS)

    with (
        answering(late) as slow,
        running_proxy(tmp_path, "zexa", slow.url, "--out", str(out)) as (process, url),
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as wire,
    ):
        wire.sendall(b"GET /v1/credits HTTP/1.1\r\nhost: x\r\n\r\n")
        wait_until(lambda: slow.received)
        _, log = end_process(process, signal.SIGTERM)
        ended.set()

    assert "Traceback" not in log
    assert read_recording(out).exchanges == ()


def test_the_banner_names_the_addresses(tmp_path: Path, vendor: Live) -> None:
    """Address, upstream and recording; then a line for each exchange with what differs."""
    with running_proxy(tmp_path, "zexa", vendor.url, "--out", "out.json") as (process, url):
        httpx.get(f"{url}/v1/credits")
        out, log = end_process(process, signal.SIGTERM)

    assert f"is ready on {url}, passes requests to {vendor.url} and records to out.json" in out
    assert f"{url}/zexa" in out
    assert "401 getCredits\n" in log and "missing-credential in header Authorization" in log


def test_quiet_says_nothing(tmp_path: Path, vendor: Live) -> None:
    """The recording is written all the same."""
    with running_proxy(tmp_path, "zexa", vendor.url, "--quiet", "--out", "o.json") as (
        process,
        url,
    ):
        httpx.get(f"{url}/v1/credits", headers=KEYS["zexa"])
        out, log = end_process(process, signal.SIGTERM)

    assert (out, log) == ("", "")
    assert len(read_recording(tmp_path / "o.json").exchanges) == 1


def test_the_recording_holds_the_vendors_replies_and_no_secret(tmp_path: Path) -> None:
    """Differences are recorded beside the replies; the proxy's own replies and keys are not."""
    answers = iter([ok(b'{"credits":"many"}'), b""])
    with (
        answering(lambda request: next(answers)) as vendor,
        running_proxy(tmp_path, "zexa", vendor.url, "--out", "o.json", "--errors") as (_, url),
    ):
        first = httpx.get(f"{url}/v1/credits", headers={"authorization": "Bearer zx_secret_1"})
        second = httpx.get(f"{url}/v1/credits", headers={"authorization": "Bearer zx_secret_1"})

    text = (tmp_path / "o.json").read_text()
    recorded: list[dict[str, Any]] = json.loads(text)["exchanges"]
    assert (first.status_code, second.status_code) == (502, 502)
    assert [each["response"]["status"] for each in recorded] == [200]
    assert [each["pointer"] for each in recorded[0]["diagnoses"]] == ["/currency", "/credits"]
    assert "zx_secret_1" not in text


def test_flags_come_from_the_environment(tmp_path: Path, vendor: Live) -> None:
    """Every flag has its variable."""
    chosen = {"UNDERSTUDY_READ_ONLY": "1", "UNDERSTUDY_OUT": "env.json", "UNDERSTUDY_QUIET": "1"}
    with running_proxy(tmp_path, "zexa", vendor.url, **chosen) as (_, url):
        reply = httpx.delete(f"{url}/v1/contacts/x", headers=KEYS["zexa"])

    assert (reply.status_code, in_header(reply)[-1][0]) == (403, "read-only")
    assert (tmp_path / "env.json").exists()


@needs("openssl")
def test_a_certificate_that_the_system_trusts_is_enough(tmp_path: Path) -> None:
    """`SSL_CERT_FILE` applies to the upstream, too."""
    with answering_tls(tmp_path, ok(CREDITS)) as upstream:
        trusted = str(tmp_path / "certificate.pem")
        with running_proxy(tmp_path, "zexa", upstream, SSL_CERT_FILE=trusted) as (_, url):
            reply = httpx.get(f"{url}/v1/credits", headers=KEYS["zexa"])

    assert (reply.status_code, reply.content) == (200, CREDITS)


def test_a_proxy_of_the_environment_is_not_used(tmp_path: Path, vendor: Live) -> None:
    """Only the named upstream is ever called."""
    with answering(ok()) as other:
        ways = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), other.url)
        with running_proxy(tmp_path, "zexa", vendor.url, NO_PROXY="", no_proxy="", **ways) as (
            _,
            url,
        ):
            reply = httpx.get(f"{url}/v1/credits", headers=KEYS["zexa"])

    assert (reply.status_code, other.received) == (200, [])


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["zexa"], "'--upstream'"),
        (["--upstream", "http://h"], "VENDOR"),
        (["nobody", "--upstream", "http://h"], 'there is no vendor "nobody"; known: '),
        (["zexa", "--upstream", "api.zexa.ao"], '"api.zexa.ao" is not an http or https URL'),
        (["zexa", "--upstream", "https://u:p@h"], "the URL contains credentials"),
        (["zexa", "--upstream", "http://127.0.0.1:4999", "-p", "4999"], "would call itself"),
        (["zexa", "--upstream", "http://h", "--timeout", "0"], "0 is not in the range"),
        (["zexa", "--upstream", "http://h", "--out", "no/out.json"], "there is no folder no"),
        (["zexa", "--upstream", "http://h", "--out", "."], "is a folder"),
        (
            ["zexa", "--upstream", "http://h", "--out", "x", "--format", "tape"],
            'there is no format "tape"; there are: json',
        ),
        (["zexa", "--upstream", "http://h", "--format", "json"], "name its file with --out"),
    ],
)
def test_a_wrong_option_is_one_sentence_and_exit_code_2(
    flags: list[str], expected: str, tmp_path: Path
) -> None:
    """Nothing is served, and nothing is written."""
    result = run("proxy", *flags, cwd=tmp_path)

    assert (result.returncode, result.stdout) == (2, "")
    assert expected in result.stderr
    assert result.stderr.startswith("understudy: ") and result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_start_that_fails_leaves_an_earlier_recording_alone(tmp_path: Path) -> None:
    """A taken port does not overwrite it."""
    (tmp_path / "out.json").write_text("yesterday")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        flags = ["--upstream", "http://h", "--out", "out.json", "--port", port]

        result = run("proxy", "zexa", *flags, cwd=tmp_path)

    assert result.returncode == 2 and "cannot listen" in result.stderr
    assert (tmp_path / "out.json").read_text() == "yesterday"


def test_a_folder_that_is_gone_at_the_end_is_reported(tmp_path: Path, vendor: Live) -> None:
    """A recording that cannot be written is a sentence and exit code 2, not a traceback."""
    place = tmp_path / "place"
    place.mkdir()
    with running_proxy(tmp_path, "zexa", vendor.url, "--out", str(place / "o.json")) as (
        process,
        _,
    ):
        place.rmdir()
        place.write_text("in the way")
        _, log = end_process(process, signal.SIGTERM)

    assert process.returncode == 2
    assert "o.json: cannot be written" in log and "Traceback" not in log
