"""The command line as a user meets it: real processes, exit codes, one sentence when refused."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.waiting import LONG, wait_until
from understudy.engine.registry import data_folder, own_documents
from understudy.server.http_server import bind

UNDERSTUDY = (sys.executable, "-m", "understudy")
# Prints the status on a line of its own, below the body.
CURL = "curl -s -w '\\n%{http_code}'"


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run(
        [*UNDERSTUDY, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=LONG,
    )


def serving(
    folder: Path, *arguments: str, **environment: str
) -> AbstractContextManager[tuple[subprocess.Popen[str], str]]:
    """A serving process and its base URL; it is stopped with SIGTERM."""
    return listening(folder, "serve", *arguments, **environment)


@contextmanager
def listening(
    folder: Path, *command: str, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process of any command that listens, and its base URL; it is stopped with SIGTERM."""
    port_file = folder / "port"
    process = subprocess.Popen(
        [*UNDERSTUDY, *command, "--port-file", str(port_file)],
        cwd=folder,
        env={**os.environ, "UNDERSTUDY_PORT": "0", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process, f"http://127.0.0.1:{wait_for(port_file, process)}"
    finally:
        process.terminate()
        process.communicate(timeout=LONG)


def wait_for(port_file: Path, process: subprocess.Popen[str]) -> str:
    """The port, once the server has written it."""

    def is_written() -> bool:
        assert process.poll() is None, process.communicate()
        return port_file.exists() and port_file.read_text().endswith("\n")

    wait_until(is_written)
    return port_file.read_text().strip()


def test_version(tmp_path: Path) -> None:
    """`version` prints name and number."""
    assert run("version", cwd=tmp_path).stdout.startswith("understudy 0.")


def test_vendors_lists_addresses_and_keys(tmp_path: Path) -> None:
    """`vendors` is a table with a line for each."""
    result = run("vendors", cwd=tmp_path)

    assert result.returncode == 0
    assert "https://api.sent.dm" in result.stdout and "sk_test_acme_admin" in result.stdout


def test_vendor_shows_operations_examples_and_fidelity(tmp_path: Path) -> None:
    """`vendors NAME` shows what can be asked for."""
    result = run("vendors", "sent", cwd=tmp_path)

    for expected in ("createCampaign", "inherits-campaigns", "documented", "sk_test_acme_reader"):
        assert expected in result.stdout


def test_lint_finds_nothing_in_our_documents(tmp_path: Path) -> None:
    """Our own documents are clean."""
    result = run("lint", cwd=tmp_path)

    documents = len(own_documents())
    assert (result.returncode, result.stdout) == (0, f"{documents} documents, 0 findings\n")


def test_lint_reports_findings_with_exit_code_1(tmp_path: Path) -> None:
    """A finding names the place."""
    text = (data_folder("specs") / "admin.yaml").read_text()
    file = tmp_path / "mine.yaml"
    file.write_text(text.replace("status: ok", "status: fine"))

    result = run("lint", str(file), cwd=tmp_path)

    assert result.returncode == 1
    assert "mine.yaml: getHealth 200, example ready: /status" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["serve", "--vendor", "nobody"], 'there is no vendor "nobody"; known: '),
        (["vendors", "nobody"], 'there is no vendor "nobody"'),
        (["serve", "--nope"], "--nope"),
        (["serve", "--port", "70000"], "70000 is not in the range"),
        (["serve", "--clock", "yesterday"], '"yesterday" is not a time such as 2026-'),
        (["serve", "--pace", "-1"], '"-1" is not a factor from 0 to 1000000 or "manual"'),
        (["serve", "--auth", "none"], "'none' is not one of"),
        (["serve", "--host", "256.1.1.1"], "cannot listen on 256.1.1.1"),
        (["dance"], "dance"),
        (["lint", "nothing.yaml"], "nothing.yaml: cannot be read"),
    ],
)
def test_usage_error_is_one_sentence_and_exit_code_2(
    arguments: list[str], expected: str, tmp_path: Path
) -> None:
    """What is wrong is said on one line of standard error."""
    result = run(*arguments, cwd=tmp_path)

    assert result.returncode == 2
    assert expected in result.stderr
    assert result.stderr.startswith("understudy: ") and result.stderr.count("\n") == 1


def test_taken_port_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    """A taken port is said with what to do."""
    taken = bind("127.0.0.1", 0)
    taken.listen()
    port = taken.getsockname()[1]

    result = run("serve", "--port", str(port), cwd=tmp_path)

    taken.close()
    assert result.returncode == 2
    assert f"127.0.0.1:{port}" in result.stderr and "--port 0" in result.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("openapi: [", "is not YAML"),
        ("swagger: '2.0'", "is not an OpenAPI 3.0 document"),
        ("openapi: 3.0.3\npaths: {/x: {get: {responses: {}}}}", "has no operationId"),
    ],
)
def test_broken_document_is_one_sentence_and_exit_code_2(
    text: str, expected: str, tmp_path: Path
) -> None:
    """A document that cannot be read does not end in a traceback."""
    (tmp_path / "mine.yaml").write_text(text)

    result = run("lint", "mine.yaml", cwd=tmp_path)

    assert result.returncode == 2
    assert expected in result.stderr and result.stderr.count("\n") == 1


def test_serve_prints_a_request_that_works_when_pasted(tmp_path: Path) -> None:
    """The banner's curl line answers 200; SIGTERM ends the server, whoever is connected."""
    with serving(tmp_path, "--clock", "2026-03-11T12:00:00Z") as (process, url):
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.strip().startswith("curl "))
        shown = subprocess.run(line.replace("curl", CURL), shell=True, capture_output=True)
        with httpx.Client(base_url=url) as kept:
            assert kept.get("/__admin/health").status_code == 200
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=LONG)

    assert shown.stdout.endswith(b"\n200")
    assert url in line
    # The first line of the log is that request, whichever vendor is the first.
    assert re.match(r"12:00:00\.000 GET +\S+ 200 \w+\n", log)
    assert process.returncode == 0


def test_quiet_json_and_environment(tmp_path: Path) -> None:
    """Flags come from the environment and from pyproject.toml, the flag itself winning."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.understudy]\nauth = "any"\nlog-format = "text"\nclock = "2026-03-11T12:00:00Z"\n'
    )
    with serving(tmp_path, "--log-format", "json", UNDERSTUDY_SEED="5") as (process, url):
        response = httpx.get(f"{url}/sent/v3/profiles", headers={"x-api-key": "whatever"})
        process.terminate()
        out, log = process.communicate(timeout=LONG)

    assert response.json()["meta"]["timestamp"] == "2026-03-11T12:00:00.0000000+00:00"
    assert out.count("\n") == 1 and out.rstrip().endswith(url)
    assert '"operation":"listProfiles"' in log


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[tool.understudy]\nprot = 5",
            "unknown setting prot; known settings: admin-token, auth, ",
        ),
        ("[tool.understudy]\np = 5", "unknown setting p; known settings: "),
        ('[tool.understudy]\nvendor = ["nobody"]', 'there is no vendor "nobody"'),
        ("[tool.understudy]\nseed = 1.5", '"1.5" is not a whole number'),
        ("[tool]\nunderstudy = 3", "is not a table"),
        ("[tool", "cannot be read"),
    ],
)
def test_bad_project_settings_are_one_sentence(text: str, expected: str, tmp_path: Path) -> None:
    """A key that no flag has, or a value that its flag would refuse, stops the start."""
    (tmp_path / "pyproject.toml").write_text(text)

    result = run("serve", "--port", "0", cwd=tmp_path)

    assert result.returncode == 2
    assert expected in result.stderr and result.stderr.count("\n") == 1


def test_port_file_of_no_folder_is_one_sentence(tmp_path: Path) -> None:
    """A file that could not be written is refused before anything is served."""
    result = run("serve", "--port-file", str(tmp_path / "no" / "port"), cwd=tmp_path)

    assert result.returncode == 2
    assert "there is no folder" in result.stderr and result.stderr.count("\n") == 1


def test_port_file_goes_with_the_server(tmp_path: Path) -> None:
    """Whoever waits for the file never finds the port of a server that is gone."""
    with serving(tmp_path, "--quiet"):
        assert (tmp_path / "port").exists()

    assert not (tmp_path / "port").exists()


def test_a_log_that_nobody_reads_stops_nothing(tmp_path: Path) -> None:
    """Thousands of lines into a full pipe: the server answers, and obeys SIGTERM."""
    with serving(tmp_path) as (process, url):
        with httpx.Client(base_url=url) as client:
            for _ in range(3_000):
                assert client.get("/sent/v3/nothing").status_code == 404
        process.terminate()
        assert process.wait(LONG) is not None


def test_delivery_has_a_line_in_the_log(tmp_path: Path) -> None:
    """A callback that was blocked says how to allow it."""
    path = "/sent/v3/profiles/660e8400-e29b-41d4-a716-446655440000/complete"
    with serving(tmp_path, "--pace", "0") as (process, url):
        hook = {"webHookUrl": "https://hooks.example/x"}
        key = {"x-api-key": "sk_test_acme_admin"}
        assert httpx.post(url + path, json=hook, headers=key).status_code == 202
        process.terminate()
        _, log = process.communicate(timeout=LONG)

    assert "completed: blocked" in log
    assert "--webhook-host hooks.example" in log


def test_without_a_command_there_is_help(tmp_path: Path) -> None:
    """Whoever types the name alone learns what there is."""
    result = run(cwd=tmp_path)

    assert result.returncode == 2
    assert result.stderr.startswith("Usage: understudy")


def test_static_answers_with_the_documented_example(tmp_path: Path) -> None:
    """No state: what was created is not listed, the documented body is."""
    with serving(tmp_path, "--static", "--quiet") as (_, url):
        path = f"{url}/sent/v3/profiles/770e8400-e29b-41d4-a716-446655440002/campaigns"
        response = httpx.get(path, headers={"x-api-key": "sk_test_acme_admin"})
        broken = httpx.post(path, headers={"x-api-key": "sk_test_acme_admin"}, json={})

    assert response.json()["meta"]["request_id"] == "req_7X9zKp2jDw"
    assert broken.status_code == 400
