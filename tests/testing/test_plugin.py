"""The plugin in whole runs of pytest: options, reports of failures, records, coverage, xdist."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpcore
import pytest

from tests.conftest import Live
from tests.outside_package import write_outside_package
from understudy.testing import coverage, failure_report, manager, recording
from understudy.vendors import vendor_names

# Loaded before the inner runs, which would otherwise each load them anew.
LOADED = (coverage, httpcore, recording, manager, failure_report)

PATH = "/sent/v3/profiles/770e8400-e29b-41d4-a716-446655440002/campaigns"
HELPERS = f"""
import pytest, httpx

PATH = {PATH!r}
CAMPAIGN = {{"campaign": {{
    "name": "Reminders", "description": "Appointment reminders", "type": "App",
    "useCases": [{{"messagingUseCaseUs": "ACCOUNT_NOTIFICATION",
                  "sampleMessages": ["Your appointment is tomorrow at noon."]}}]}}}}

def create(understudy, body=CAMPAIGN):
    return understudy.client.post(PATH, headers=understudy.headers("sent"), json=body)
"""


def run_tests(pytester: pytest.Pytester, code: str, *arguments: str) -> pytest.RunResult:
    """A run of these tests, in this process."""
    pytester.makepyfile(test_shop=f"{HELPERS}\n{code}")
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:anyio", *arguments)


def text_of(result: pytest.RunResult) -> str:
    return "\n".join(result.outlines)


CLOCK = "def test_clock(understudy): print(understudy.clock.now); assert 0"
MARKED = f'@pytest.mark.understudy(clock="2026-03-03T00:00:00Z")\n{CLOCK}'


def test_import_loads_nothing_of_the_mock() -> None:
    """Every pytest run of every project imports the module."""
    code = (
        "import sys, understudy.pytest_plugin\n"
        "heavy = {'httpx', 'faker', 'connexion', 'starlette', 'orjson', 'understudy.server.app'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert shown.stdout == "[]\n", shown.stderr


def test_classes_of_the_fixtures_load_no_server() -> None:
    """A test file imports them for its annotations alone."""
    code = (
        "import sys, understudy.pytest\n"
        "heavy = {'faker', 'connexion', 'starlette', 'uvicorn', 'understudy.engine.registry'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert shown.stdout == "[]\n", shown.stderr


def test_run_without_the_mock_loads_nothing_of_it(pytester: pytest.Pytester) -> None:
    """A project that never uses a fixture does not pay for it."""
    pytester.makepyfile("import sys\ndef test(): assert 'understudy.server.app' not in sys.modules")

    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_ini_file(pytester: pytest.Pytester) -> None:
    """A key of the ini file holds for every test."""
    pytester.makeini("[pytest]\nunderstudy_clock = 2026-03-01T00:00:00Z")

    assert "2026-03-01T00:00:00" in text_of(run_tests(pytester, CLOCK))


def test_command_line_before_ini_file(pytester: pytest.Pytester) -> None:
    """The command line overrides the ini file."""
    pytester.makeini("[pytest]\nunderstudy_clock = 2026-03-01T00:00:00Z")

    result = run_tests(pytester, CLOCK, "--understudy-clock=2026-03-02T00:00:00Z")

    assert "2026-03-02T00:00:00" in text_of(result)


def test_marker_before_command_line(pytester: pytest.Pytester) -> None:
    """The test's own marker has the last word."""
    result = run_tests(pytester, MARKED, "--understudy-clock=2026-03-02T00:00:00Z")

    assert "2026-03-03T00:00:00" in text_of(result)


def test_every_key_of_the_ini_file(pytester: pytest.Pytester) -> None:
    """Numbers, switches, lists and hosts are read from their texts."""
    pytester.makeini(
        "[pytest]\nunderstudy_seed = 7\nunderstudy_pace = 0.5\nunderstudy_auth = any\n"
        "understudy_rate_limits = true\nunderstudy_static = false\n"
        "understudy_vendors = sent, zexa\n"
        "understudy_passthrough = none\nunderstudy_hosts =\n    https://a.example=sent\n"
    )
    code = (
        "def test_all(understudy):\n"
        "    chosen, settings = understudy.options, understudy.options.settings\n"
        "    assert (settings.seed, settings.pace, settings.auth) == (7, 0.5, 'any')\n"
        "    assert (settings.rate_limits, settings.static) == (True, False)\n"
        "    assert settings.vendors == ('sent', 'zexa')\n"
        "    assert (chosen.passthrough, chosen.hosts) == ('none', {'https://a.example': 'sent'})\n"
    )

    run_tests(pytester, code).assert_outcomes(passed=1)


def test_every_flag(pytester: pytest.Pytester) -> None:
    """The command line has the same choices."""
    code = (
        "def test_all(understudy):\n"
        "    settings = understudy.options.settings\n"
        "    assert (settings.seed, settings.pace, settings.auth) == (7, None, 'any')\n"
        "    assert (settings.rate_limits, settings.static) == (True, True)\n"
        "    assert settings.vendors == ('sent', 'zexa')\n"
    )
    flags = "--understudy-seed=7 --understudy-pace=manual --understudy-auth=any "
    more = "--understudy-rate-limits --understudy-static --understudy-vendors=sent"
    last = "--understudy-vendors=zexa"

    run_tests(pytester, code, *flags.split(), *more.split(), last).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("sead=7", "@pytest.mark.understudy has no option sead; it takes clock=, seed=, pace="),
        ("7", "@pytest.mark.understudy(7) has a value without a name; it takes clock=, seed="),
    ],
)
def test_unknown_option_of_a_marker(arguments: str, said: str, pytester: pytest.Pytester) -> None:
    """It is an error of its test, which names the options; the others run."""
    code = (
        f"@pytest.mark.understudy({arguments})\ndef test_wrong(): pass\n"
        "def test_right(understudy): create(understudy)\n"
    )

    result = run_tests(pytester, code)

    result.assert_outcomes(errors=1, passed=1)
    assert said in text_of(result)


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ('clock="noon"', 'understudy: clock: "noon" is not a time such as 2026-03-11T21:50:50Z'),
        ('vendors="no-vendor"', 'understudy: there is no vendor "no-vendor"; known: '),
        ('auth="lax"', 'understudy: auth: "lax" is not "strict" or "any"'),
        ('passthrough="no"', 'passthrough: "no" is not "none", "localhost" or "all"'),
        ('hosts={"https://a.example": "no-vendor"}', 'there is no vendor "no-vendor"; served: '),
    ],
)
def test_wrong_value_of_a_marker(marker: str, said: str, pytester: pytest.Pytester) -> None:
    """It is an error of its test, in one sentence without a traceback."""
    code = f"@pytest.mark.understudy({marker})\ndef test_wrong(sent_mock): pass"

    result = run_tests(pytester, code)

    result.assert_outcomes(errors=1)
    assert said in text_of(result)
    assert "Traceback" not in text_of(result) and "During handling" not in text_of(result)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("seed = x", 'understudy_seed: "x" is not a whole number'),
        ("pace = x", 'understudy_pace: "x" is not a factor from 0'),
        ("static = x", 'understudy_static: "x" is not true or false'),
        ("hosts = x", 'understudy_hosts: "x" is not URL=VENDOR'),
    ],
)
def test_wrong_value_of_the_ini_file(key: str, said: str, pytester: pytest.Pytester) -> None:
    """The error names the key."""
    pytester.makeini(f"[pytest]\nunderstudy_{key}")

    assert said in text_of(run_tests(pytester, CLOCK))


def test_failure_shows_what_the_client_did_wrong(pytester: pytest.Pytester) -> None:
    """Each exchange, and of a refused one the body, every fault with its place, and what to do."""
    code = (
        "def test_wrong(understudy):\n"
        '    assert create(understudy, {"campaign": {"name": ""}}).is_success\n'
    )

    result = run_tests(pytester, code, "--understudy-clock=2026-03-11T12:00:00Z")

    result.stdout.fnmatch_lines(
        [
            "*- understudy -*",
            "session test_wrong-*; its clock stands still at 2026-03-11T12:00:00.000000000Z",
            "12:00:00.000 POST   sent/v3/profiles/*/campaigns -> 400 createCampaign",
            '    sent: {"campaign":{"name":""}}',
            "    required in body /campaign/type: *",
            "        -> add the member",
            '    minLength in body /campaign/name: "" is shorter than 1 character',
            "        -> send 1 or more characters",
            "`understudy explain CODE` says more of a code: required, minLength",
        ]
    )


def test_failure_shows_the_nearest_operation(pytester: pytest.Pytester) -> None:
    """Of a request that met none."""
    code = (
        "def test_wrong(understudy):\n"
        "    reply = understudy.client.get('/sent/v3/profile?page=1')\n"
        "    assert reply.status_code == 200\n"
    )

    run_tests(pytester, code).stdout.fnmatch_lines(
        [
            "*GET    sent/v3/profile?page=1 -> 404 (no operation)",
            "    unknown-path in path: /v3/profile is not in the document",
            "    most likely meant: listProfiles: GET /sent/v3/profiles",
            '        path: expected "profiles", got "profile"',
        ]
    )


def test_failure_shows_faults(pytester: pytest.Pytester) -> None:
    """Which were planned, how often each struck, and whom."""
    code = (
        "def test_wrong(understudy):\n"
        "    understudy.fault('status', status=503, vendor='sent', times=1)\n"
        "    understudy.fault('reset', operation='listProfiles', vendor='sent')\n"
        "    assert create(understudy).status_code == 201\n"
    )

    run_tests(pytester, code).stdout.fnmatch_lines(
        [
            "*-> 503 createCampaign",
            "    a planned fault struck: status 503",
            "planned faults",
            "  status (503, sent): struck once, used up",
            "  reset (sent, listProfiles): struck never",
        ]
    )


def test_failure_shows_webhooks(pytester: pytest.Pytester) -> None:
    """Each with its attempts, and what is due on a clock that stands still."""
    code = (
        "def test_wrong(understudy):\n"
        "    ready = '/sent/v3/profiles/660e8400-e29b-41d4-a716-446655440000/complete'\n"
        "    understudy.webhooks.answer(418)\n"
        "    headers, url = understudy.headers('sent'), understudy.webhooks.url\n"
        "    understudy.client.post(ready, headers=headers, json={'webHookUrl': url})\n"
        "    understudy.clock.shift(seconds=2)\n"
        "    understudy.client.post('/zexa/v1/campaigns', headers=understudy.headers('zexa'),\n"
        "        json=dict(name='n', channel='sms', sender_id='MYBRAND', body='b',\n"
        "                  contact_list_id='lst_abc123'))\n"
        "    assert 0\n"
    )

    run_tests(pytester, code).stdout.fnmatch_lines(
        [
            "webhooks",
            "  *sent completed to http://127.0.0.1:*/test_wrong-*: failed",
            "      * answered 418",
            "due later (the clock stands still: understudy.clock.shift(...))",
            "  2*Z zexa tick",
        ]
    )


def test_failure_shows_the_latest_exchanges(pytester: pytest.Pytester) -> None:
    """At most twenty, and how many came before."""
    code = "def test_wrong(understudy):\n    for _ in range(23): create(understudy)\n    assert 0"

    shown = text_of(run_tests(pytester, code))

    assert "(3 earlier exchanges are not shown)" in shown
    assert shown.count("-> 201 createCampaign") == 20


def test_failure_of_a_test_that_reached_nothing(pytester: pytest.Pytester) -> None:
    """The report says how a client reaches the mock."""
    shown = text_of(run_tests(pytester, "def test_wrong(understudy): assert 0"))

    assert "No request of this test reached the mock. Does its client use" in shown


def test_failure_in_another_fixture(pytester: pytest.Pytester) -> None:
    """What a fixture did wrong is shown as well."""
    code = (
        "@pytest.fixture\ndef shop(understudy): assert create(understudy, {}).is_success\n"
        "def test_wrong(shop): pass\n"
    )

    assert "-> 400 createCampaign" in text_of(run_tests(pytester, code))


def test_success_shows_nothing(pytester: pytest.Pytester) -> None:
    """A test that passes has no section."""
    shown = text_of(run_tests(pytester, "def test_right(understudy): create(understudy)", "-rA"))

    assert "its clock" not in shown


def test_error_of_a_callback_that_nobody_waited_for(pytester: pytest.Pytester) -> None:
    """An assertion in a receiver is never lost: the test's end raises it."""
    code = (
        "def test_wrong(understudy):\n"
        "    ready = '/sent/v3/profiles/660e8400-e29b-41d4-a716-446655440000/complete'\n"
        "    def check(received): assert received.json['status'] == 'DONE'\n"
        "    understudy.webhooks.on_event(check)\n"
        "    headers, url = understudy.headers('sent'), understudy.webhooks.url\n"
        "    understudy.client.post(ready, headers=headers, json={'webHookUrl': url})\n"
        "    understudy.clock.shift(seconds=2)\n"
    )

    result = run_tests(pytester, code)

    result.assert_outcomes(passed=1, errors=1)
    assert "assert 'SUBMITTED' == 'DONE'" in text_of(result)


RECORDED = """
@pytest.mark.understudy(clock="2026-03-11T12:00:00Z", seed=3)
def test_record(understudy):
    url, headers = understudy.webhooks.url, understudy.headers("agentmessage")
    made = httpx.post(understudy.url("agentmessage") + "/v1/webhooks", headers=headers,
                      json={"url": url, "events": ["campaign.approved"]})
    assert made.json()["secret"]
    for each in understudy.resources.list("agentmessage", "campaigns"):
        if each.resource["status"] == "PENDING":
            understudy.fire("agentmessage", "campaigns", each.id, "approve")
    assert understudy.webhooks.wait_for("campaign.approved").delivery.state == "delivered"
    create(understudy)
"""


def recorded(pytester: pytest.Pytester, folder: str) -> bytes:
    """The record of one test that exchanges a good deal."""
    run_tests(pytester, RECORDED, f"--understudy-record={folder}").assert_outcomes(passed=1)
    (file,) = (pytester.path / folder).iterdir()
    return file.read_bytes()


def test_records_of_two_runs_are_equal(pytester: pytest.Pytester) -> None:
    """For the same seed and clock, to the byte; ports do not matter."""
    assert recorded(pytester, "first") == recorded(pytester, "second")


def test_record_has_everything(pytester: pytest.Pytester) -> None:
    """What was asked, answered and sent, and under which settings."""
    told = json.loads(recorded(pytester, "records"))

    assert (told["title"], told["seed"]) == ("test_shop.py::test_record", 3)
    assert told["clock"] == "2026-03-11T12:00:00Z"
    assert list(told["vendors"]) == ["agentmessage", "sent"]
    assert [each["operation"] for each in told["exchanges"]] == [
        "createWebhookEndpoint",
        "createCampaign",
    ]
    assert told["deliveries"][-1]["attempts"][0]["status"] == 200


def test_record_redacts_what_an_unasked_vendor_sent(pytester: pytest.Pytester) -> None:
    """Its keys are known although the test exchanged nothing with it."""
    code = (
        "def test_record(understudy):\n"
        "    found = understudy.resources.list('agentmessage', 'endpoints')[0]\n"
        "    url = f'{understudy.webhooks.url}/{understudy.key(\"agentmessage\")}'\n"
        "    changed = {**found.resource, 'url': url, 'active': True, 'deleted_at': None}\n"
        "    understudy.resources.set('agentmessage', 'endpoints', found.id, changed)\n"
        "    listed = understudy.resources.list('agentmessage', 'campaigns')\n"
        "    id = next(each.id for each in listed if each.resource['status'] == 'PENDING')\n"
        "    understudy.fire('agentmessage', 'campaigns', id, 'approve')\n"
        "    understudy.webhooks.wait_for('campaign.approved', verify=False)\n"
    )
    run_tests(pytester, code, "--understudy-record=records").assert_outcomes(passed=1)
    (file,) = (pytester.path / "records").iterdir()

    assert "/[redacted acme-admin]" in file.read_text() and "am_live_" not in file.read_text()


def test_record_has_no_secrets(pytester: pytest.Pytester) -> None:
    """Neither the keys that were sent nor the secret that was answered."""
    text = recorded(pytester, "records").decode()

    assert "sk_test_acme_admin" not in text and "am_live_" not in text
    assert json.loads(text)["exchanges"][0]["response"]["json"]["secret"] == "[redacted]"


@pytest.mark.parametrize(
    ("test", "file"),
    [
        ("tests/test_a.py::test_b[x/y]", "tests-test_a.py-test_b-x-y-"),
        ("tests/test_a.py::test_b[x-y]", "tests-test_a.py-test_b-x-y-"),
    ],
)
def test_record_s_file_is_named_after_the_test(test: str, file: str) -> None:
    """Tests whose names differ only in odd characters have files of their own."""
    path = recording.choose_file(Path(), test)

    assert path.name.startswith(file)
    assert path != recording.choose_file(Path(), test.replace("/y", "-y").replace("-y", "+y"))


def test_coverage_in_the_terminal(pytester: pytest.Pytester) -> None:
    """A table of what the documents declare and the tests exercised."""
    shown = text_of(
        run_tests(
            pytester, "def test(understudy): create(understudy)", "--understudy-coverage=term"
        )
    )

    assert "understudy: contract coverage" in shown
    assert "createCampaign       1  201" in shown


def test_coverage_as_files(pytester: pytest.Pytester) -> None:
    """JSON and HTML, where they are wanted."""
    code = "def test(understudy): create(understudy)"

    run_tests(pytester, code, "--understudy-coverage=json:a/b.json", "--understudy-coverage=html")

    told = json.loads((pytester.path / "a" / "b.json").read_text())
    assert told["percent"] > 0
    assert (pytester.path / "understudy-coverage.html").read_text().startswith("<!doctype html>")


def covered(pytester: pytest.Pytester, code: str, *arguments: str) -> dict[str, int]:
    """How often each operation of Sent was called in a run."""
    run_tests(pytester, code, "--understudy-coverage=json", *arguments).assert_outcomes(passed=2)
    told = json.loads((pytester.path / "understudy-coverage.json").read_text())
    (sent,) = (each for each in told["vendors"] if each["vendor"] == "sent")
    return {each["operation"]: each["calls"] for each in sent["details"] if each["calls"]}


def test_coverage_of_every_mock(pytester: pytest.Pytester) -> None:
    """Also of `understudy.mock()`, and of apps with other settings."""
    code = (
        "import understudy as package\n"
        "def test_mock():\n"
        "    with package.mock(seed=99) as mock:\n"
        "        httpx.get('https://api.sent.dm/v3/profiles',"
        " headers={'x-api-key': 'sk_test_acme_admin'})\n"
        "@pytest.mark.understudy(seed=98)\n"
        "def test_live(understudy):\n"
        "    httpx.post(understudy.url + PATH, headers=understudy.headers('sent'), json=CAMPAIGN)\n"
    )

    assert covered(pytester, code) == {"listProfiles": 1, "createCampaign": 1}


TWO = (
    "@pytest.mark.parametrize('number', range(2))\n"
    "def test_two(number, understudy):\n"
    "    create(understudy)\n"
    "    assert len(understudy.client.get(PATH, headers=understudy.headers('sent'))"
    ".json()['data']) == 2\n"
)


def test_coverage_of_workers_is_merged(pytester: pytest.Pytester) -> None:
    """What each worker of xdist exercised adds up."""
    assert covered(pytester, TWO, "-n", "2") == {"createCampaign": 2, "listCampaigns": 2}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_fail_under(workers: str, pytester: pytest.Pytester) -> None:
    """Less than what was asked for ends the run with status 1 and says so."""
    result = run_tests(pytester, TWO, "--understudy-fail-under=90", "-n", workers)

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["FAIL: contract coverage is *%, less than the 90% of --understudy-fail-under"]
    )


def test_enough_coverage(pytester: pytest.Pytester) -> None:
    """More than what was asked for changes nothing."""
    result = run_tests(pytester, TWO, "--understudy-fail-under=0.5")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["contract coverage is *%, and 0.5% were asked for"])


def test_unknown_coverage_report(pytester: pytest.Pytester) -> None:
    """A usage error names the reports."""
    result = run_tests(pytester, TWO, "--understudy-coverage=xml")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "there is only term, json, html" in "\n".join(result.errlines)


ELSEWHERE = (
    "def test_elsewhere(understudy):\n"
    "    create(understudy)\n"
    "    assert understudy.url.startswith(understudy.server.url + '/@test_elsewhere-')\n"
    "    assert understudy.clock.get().frozen\n"
    "    understudy.clock.shift(days=1)\n"
    "    assert understudy.requests.count() == 1\n"
)


def test_server_that_runs_already(pytester: pytest.Pytester, live: Live) -> None:
    """Its sessions are used, under names that no other run has, and dropped."""
    for _ in range(2):
        run_tests(pytester, ELSEWHERE, f"--understudy-url={live.url}").assert_outcomes(passed=1)

    assert [name for name in live.app.sessions.names() if name.startswith("test_else")] == []


def test_coverage_of_a_server_that_runs_already(pytester: pytest.Pytester, live: Live) -> None:
    """Its exchanges count like those of this process."""
    called = covered(pytester, TWO, f"--understudy-url={live.url}")

    assert called == {"createCampaign": 2, "listCampaigns": 2}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def test_x(understudy): understudy.app", "leave out --understudy-url"),
        ("def test_x(sent_mock): pass", "leave out --understudy-url"),
        (
            "@pytest.mark.understudy(seed=1)\ndef test_x(understudy): pass",
            "seed cannot be chosen for the server of --understudy-url",
        ),
    ],
)
def test_what_a_server_elsewhere_cannot(
    code: str, said: str, pytester: pytest.Pytester, live: Live
) -> None:
    """What needs the mock in this process says what to leave out."""
    pytester.makeini(f"[pytest]\nunderstudy_url = {live.url}")

    assert said in text_of(run_tests(pytester, code))


def test_server_that_does_not_run(pytester: pytest.Pytester) -> None:
    """One sentence for each test."""
    result = run_tests(pytester, ELSEWHERE, "--understudy-url=http://127.0.0.1:9")

    assert "no mock answers at http://127.0.0.1:9" in text_of(result)


SIGNING = """
from understudy.service import Reply, Signature
from outsider_package.store import Call

SIGNATURE = Signature("X-Outsider", "things", "name", lambda secret, body, sent: f"by {secret}")

async def get_thing(call: Call, thing_id: str) -> Reply:
    thing = await call.store.things.get(thing_id, call.customer)
    headers = {"X-Outsider": "by First"}
    call.deliver("thing.read", thing.pop("url"), {}, headers, subscription=thing_id)
    return Reply(200, thing)
"""
SIGNED = """
import httpx, pytest

@pytest.mark.parametrize("name", ["First", "Second"])
def test_signature(name, outsider_mock):
    thing = {"id": "thing_1", "name": name, "url": outsider_mock.webhooks.url}
    outsider_mock.resources.set("things", "thing_1", thing)
    httpx.get(f"{outsider_mock.origin}/v1/things/thing_1", headers=outsider_mock.headers)
    print(outsider_mock.webhooks.wait_for("thing.read", verify=name == "First").flaw)
    assert name == "First"
"""


def install_outsider(pytester: pytest.Pytester) -> Path:
    """Put a vendor of another distribution where an inner run finds it; its package's folder."""
    dist, package = pytester.mkdir("outsider-1.dist-info"), pytester.mkdir("outsider_package")
    write_outside_package(package)
    (dist / "METADATA").write_text("Metadata-Version: 2.1\nName: outsider\nVersion: 1\n")
    (dist / "entry_points.txt").write_text(
        "[understudy.vendors]\noutsider = outsider_package:VENDOR\n"
    )
    return package


def test_vendor_of_another_package(pytester: pytest.Pytester) -> None:
    """A vendor from outside has its fixture, too."""
    install_outsider(pytester)
    pytester.makepyfile(
        "import httpx\n"
        "@__import__('pytest').mark.understudy(hosts={'https://outsider.example': 'outsider'})\n"
        "def test_outsider(outsider_mock):\n"
        "    url = 'https://outsider.example/v1/things/thing_1'\n"
        "    assert httpx.get(url, headers=outsider_mock.headers).json()['name'] == 'First'\n"
    )

    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_fixtures_of_all_vendors_are_listed(pytester: pytest.Pytester) -> None:
    """Those of other packages, too, and before any test names them."""
    install_outsider(pytester)

    listed = text_of(pytester.runpytest_subprocess("--fixtures"))

    assert all(f"{name}_mock" in listed for name in ("outsider", *vendor_names()))


def test_webhooks_of_another_package_are_verified(pytester: pytest.Pytester) -> None:
    """By what its VENDOR says of how it signs."""
    package = install_outsider(pytester)
    (package / "handlers.py").write_text(SIGNING)
    init = package / "__init__.py"
    signed = init.read_text().replace("actions=", "signature=handlers.SIGNATURE, actions=")
    init.write_text(signed)
    pytester.makepyfile(SIGNED)

    result = pytester.runpytest_subprocess()

    result.assert_outcomes(passed=1, failed=1)
    assert "X-Outsider is by First, but by the subscription's secret" in text_of(result)
