"""`understudy verify` and `understudy check` as a user meets them."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.conftest import Live, serve
from tests.proxy.drift import drifting_backend
from tests.verify.runs import KEY, LIFE, recorded
from tests.waiting import LONG, wait_until
from understudy.cli.main import main
from understudy.core.settings import Settings
from understudy.recording.formats import native
from understudy.server.http_server import bind
from understudy.vendors import vendor_names

WITHOUT = (
    "import sys; sys.modules['schemathesis'] = None; from understudy.cli.main import main; main({})"
)


@pytest.fixture(scope="module")
def strayed() -> Iterator[Live]:
    """A Zexa whose credits lack a member, and hold what no terminal should be sent."""

    def drift(status: int, document: Any) -> tuple[int, Any]:
        if status == 200:
            document = {"currency": "\x1b[2J\x00\ufffe"}
        return status, document

    yield from serve(Settings(), backend=drifting_backend({"getCredits": drift}))


class Ran:
    """What one command printed, and its exit code."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        with pytest.raises(SystemExit) as stopped:
            main(list(arguments))
        self.code = stopped.value.code
        self.out, self.err = capsys.readouterr()


def verify(capsys: pytest.CaptureFixture[str], live: Live, session: str, *flags: str) -> Ran:
    url = f"{live.url}/@{session}/zexa"
    return Ran(capsys, "verify", "zexa", "--base-url", url, "--max-examples", "2", *flags)


def test_what_conforms_is_exit_code_0(live: Live, capsys: pytest.CaptureFixture[str]) -> None:
    """The report has a line for each operation, and totals."""
    ran = verify(capsys, live, "fine")

    assert ran.code == 0
    assert "getCampaign     GET /v1/campaigns/{campaign_id}" in ran.out
    assert "zexa: 0 findings; " in ran.out.splitlines()[-1]


def test_findings_are_exit_code_1(strayed: Live, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is told with its place, its request and what was got."""
    ran = verify(capsys, strayed, "findings")

    assert ran.code == 1
    assert "1. getCredits 200: required" in ran.out
    assert "where: response /credits (add the member)" in ran.out
    assert "request: curl http" in ran.out
    assert '-H "Authorization: Bearer $UNDERSTUDY_CREDENTIAL"' in ran.out
    assert 'got: 200 {"currency": ' in ran.out
    assert "zexa: 2 findings in 1 operation; " in ran.out.splitlines()[-1]


def test_the_report_has_no_control_characters(
    strayed: Live, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever an API answers, the terminal stays as it was."""
    ran = verify(capsys, strayed, "plain")

    assert all(each.isprintable() or each == "\n" for each in ran.out)


def test_what_was_not_exercised_is_named(live: Live, capsys: pytest.CaptureFixture[str]) -> None:
    """With the reason."""
    ran = verify(capsys, live, "idle")

    assert (
        "not exercised, since writes are not allowed: "
        "createCampaign, createContact, deleteContact, createWebhook" in ran.out
    )


def test_quiet_leaves_findings_and_totals(
    strayed: Live, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not the table."""
    ran = verify(capsys, strayed, "quiet", "--quiet")

    assert ran.out.startswith("1. getCredits")


def test_the_junit_file_has_a_case_for_each_operation(
    strayed: Live, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Findings are failures, what was not exercised is skipped."""
    file = tmp_path / "report.xml"

    verify(capsys, strayed, "junit", "--junit", str(file))

    (suite,) = ElementTree.parse(file).getroot()
    cases = {each.get("name"): each for each in suite}
    assert suite.get("name") == "zexa" and suite.get("tests") == "9" and len(cases) == 9
    assert [each.get("type") for each in cases["getCredits"]] == ["required", "pattern"]
    assert cases["createCampaign"].find("skipped") is not None
    assert cases["getCampaign"].get("classname") == "zexa" and not len(cases["getCampaign"])


def test_junit_differs_in_times_only(
    strayed: Live, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The same seed asks the same."""
    files = [tmp_path / "one.xml", tmp_path / "two.xml"]
    for file in files:
        verify(capsys, strayed, "same", "--junit", str(file))

    roots = [ElementTree.parse(file).getroot() for file in files]
    for root in roots:
        for each in root.iter():
            each.attrib.pop("time", None)
    assert ElementTree.tostring(roots[0]) == ElementTree.tostring(roots[1])


def test_a_wrong_credential_is_exit_code_2(live: Live, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing was found, since nothing was seen."""
    ran = verify(capsys, live, "nobody", "--credential", "wrong")

    assert ran.code == 2
    assert "note: getCredits refused every request; is the credential right?" in ran.out
    assert " ok" not in ran.out
    assert ran.err == (
        "understudy: nothing was verified: every request was refused with 401; "
        "is the credential right (--credential)?\n"
    )


def test_another_servers_404_pages_are_exit_code_2(
    live: Live, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """They are no findings about the API, and no success either."""
    file = tmp_path / "report.xml"
    url = f"{live.url}/nowhere"

    ran = Ran(capsys, "verify", "zexa", "--base-url", url, "--junit", str(file))

    assert ran.code == 2
    assert "zexa: 0 findings; " in ran.out.splitlines()[-1] and " ok" not in ran.out
    assert "every request was answered with 404; is that the base URL" in ran.err
    assert [each.get("message") in ran.err for each in ElementTree.parse(file).iter("error")] == [
        True
    ]


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://me:hidden@127.0.0.1:1", "the URL contains credentials"),
        ("http://127.0.0.1:1?key=a", "has a query or a fragment"),
        ("http://127.0.0.1:1/#a", "has a query or a fragment"),
        ("http://127.0.0.1:1/a/../b", 'has "." or ".." in its path'),
        ("http://127.0.0.1:99999", "Port out of range"),
        ("http://", "has no host"),
        ("http://a b", "contains characters that are not allowed"),
    ],
)
def test_a_base_url_is_an_origin_and_a_path(
    capsys: pytest.CaptureFixture[str], url: str, fault: str
) -> None:
    """Anything else in it is refused in one sentence, which tells no password."""
    ran = Ran(capsys, "verify", "zexa", "--base-url", url)

    assert ran.code == 2
    assert fault in ran.err and "hidden" not in ran.err and ran.err.count("\n") == 1


def test_the_totals_say_why_recorded_exchanges_were_skipped(
    live: Live, capsys: pytest.CaptureFixture[str]
) -> None:
    """In plain words."""
    ran = verify(capsys, live, "skipped", "--quiet")

    assert "skipped (they change something, or need what was not sent)" in ran.out


def test_check_says_that_it_asks_no_server(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the curl lines of its findings name."""
    ran = Ran(capsys, "check", "zexa", "--max-examples", "0")

    assert ran.out.startswith("zexa, in this process\n")


def test_an_interrupted_verification_tells_what_it_found(live: Live, tmp_path: Path) -> None:
    """With its totals and its file; the exit code says that it did not end."""
    file = tmp_path / "report.xml"
    command = [sys.executable, "-m", "understudy", "verify", "zexa", "--rate", "4"]
    flags = ["--base-url", f"{live.url}/@interrupted/zexa", "--junit", str(file)]
    with subprocess.Popen([*command, *flags], stdout=subprocess.PIPE, text=True) as process:
        wait_until(lambda: len(live.app.session("interrupted").journal) >= 3)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=LONG)

    assert process.returncode == 130
    assert "zexa: interrupted; 0 findings so far; " in out.splitlines()[-1]
    assert len(list(ElementTree.parse(file).iter("testcase"))) == 9


def test_headers_are_sent_with_every_request(
    live: Live, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as those that a gateway wants."""
    verify(capsys, live, "headers", "--header", "X-Tenant: acme", "--max-examples", "0")

    sent = [each.request_headers.get("x-tenant") for each in live.app.session("headers").journal]
    assert set(sent[-5:]) == {"acme"}


def test_recordings_are_read_from_files(
    live: Live, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A file, or every file of a folder."""
    contact = {"phone": "+244923456789"}
    recording = native.write(recorded(("POST", "/v1/contacts", contact)))
    (tmp_path / "one.json").write_bytes(recording)

    ran = verify(capsys, live, "files", "--recordings", str(tmp_path))

    assert "1 recorded exchange skipped, since writes are not allowed" in ran.out


def test_a_broken_recording_is_exit_code_2(
    live: Live, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """One sentence names the file."""
    file = tmp_path / "broken.json"
    file.write_text("{}")

    ran = verify(capsys, live, "broken", "--recordings", str(file))

    assert ran.code == 2
    assert ran.err.startswith(f"understudy: {file}: has none of")


def test_an_unknown_vendor_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence lists those that are known."""
    ran = Ran(capsys, "verify", "no-vendor", "--base-url", "http://127.0.0.1:1")

    assert ran.code == 2
    assert ran.err == (
        f'understudy: there is no vendor "no-vendor"; known: {", ".join(vendor_names())}\n'
    )


def test_a_base_url_that_nobody_answers_is_exit_code_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One sentence names it."""
    with bind("127.0.0.1", 0) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        ran = Ran(capsys, "verify", "zexa", "--base-url", url)

    assert ran.code == 2
    assert ran.err.startswith(f"understudy: {url} cannot be reached (")
    assert ran.err.count("\n") == 1


def test_a_base_url_that_is_none_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence says what one looks like."""
    ran = Ran(capsys, "verify", "zexa", "--base-url", "localhost:4010")

    assert ran.code == 2
    assert "give a URL such as http://127.0.0.1:4010/sent" in ran.err


def test_a_header_without_a_colon_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence shows one that has it."""
    ran = Ran(capsys, "verify", "zexa", "--base-url", "http://x", "--header", "acme")

    assert ran.code == 2
    assert '"acme" is not a header such as "X-Tenant: acme"' in ran.err


def test_a_junit_file_that_cannot_be_written_is_exit_code_2(
    live: Live, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It is told before anything is asked."""
    ran = verify(capsys, live, "unwritable", "--junit", str(tmp_path / "no" / "file.xml"))

    assert ran.code == 2
    assert "file.xml: there is no folder" in ran.err
    assert not ran.out and not len(live.app.session("unwritable").journal)


@pytest.mark.parametrize("command", [["check"], ["verify", "zexa", "--base-url", "http://x"]])
def test_without_schemathesis_one_sentence_says_how_to_install_it(command: list[str]) -> None:
    """The package itself works without."""
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(command)], capture_output=True, text=True
    )

    assert ran.returncode == 2
    assert ran.stderr == (
        "understudy: Schemathesis, which makes the requests, is not installed; "
        "pip install 'understudy[verify]'\n"
    )


def test_check_finds_nothing_in_any_vendor(capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, writes included."""
    ran = Ran(capsys, "check", "--max-examples", "1", "--quiet")

    assert ran.code == 0, ran.out
    vendors = [line.partition(":")[0] for line in ran.out.split("\n\n")]
    assert vendors == vendor_names()


def test_nothing_is_left_in_the_users_folder(tmp_path: Path) -> None:
    """Neither Schemathesis nor Hypothesis keeps anything there."""
    command = [sys.executable, "-m", "understudy", "check", "zexa", "--max-examples", "2"]

    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    assert not list(tmp_path.iterdir())


def test_check_takes_recordings_into_worlds_of_their_own(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Each meets what it met, at the time at which it met it, so that it can be compared."""
    recording = native.write(recorded(*LIFE, apart=1))
    for name in ("one", "two"):
        (tmp_path / f"{name}.json").write_bytes(recording)

    ran = Ran(
        capsys, "check", "zexa", "--recordings", str(tmp_path), "--compare", "--max-examples", "0"
    )

    assert ran.code == 0, ran.out


def test_the_credential_is_read_from_the_environment(
    live: Live, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it stands in no command line."""
    monkeypatch.setenv("UNDERSTUDY_CREDENTIAL", KEY)

    ran = verify(capsys, live, "environment")

    assert ran.code == 0
