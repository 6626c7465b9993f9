"""The language of scenarios: what each sentence means, and what is said of one that is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.scripts import STEPS, broken, scenario
from understudy.core.clock import SECOND
from understudy.core.errors import StartError
from understudy.scenarios.loader import find_scenario, read_scenario, scenario_names
from understudy.scenarios.steps import Call, Fire, Scenario, Shift


def call(read: Scenario, number: int = 1) -> Call:
    """One of a scenario's steps, which is a call."""
    step = read.steps[number - 1]
    assert isinstance(step, Call)
    return step


class TestNames:
    """Scenarios are found by vendor and file."""

    def test_every_vendor_that_is_asked_for(self) -> None:
        """Vendor by vendor, sorted within one."""
        names = scenario_names(["zexa", "sent"])

        assert names.index("zexa/every-error") < names.index("sent/every-error")
        assert names.index("zexa/campaign-life") < names.index("zexa/every-error")

    def test_found(self) -> None:
        """The file's name is the scenario's."""
        found = find_scenario("zexa/every-error", ["sent", "zexa"])

        assert (found.full_name, found.service.name) == ("zexa/every-error", "zexa")

    @pytest.mark.parametrize("name", ["zexa/nothing", "every-error", "", "../zexa/every-error"])
    def test_unknown(self, name: str) -> None:
        """The sentence tells how to find those that there are."""
        with pytest.raises(StartError, match=f'no scenario "{name}"; .*understudy record lists'):
            find_scenario(name, ["zexa"])

    def test_nearest_name_is_told(self) -> None:
        """A typo is easily corrected."""
        with pytest.raises(StartError, match="nearest: zexa/campaign-life"):
            find_scenario("zexa/campain-life", ["zexa"])

    def test_unknown_vendor(self, tmp_path: Path) -> None:
        """Its file is not even looked at."""
        with pytest.raises(StartError, match='there is no vendor "nobody"'):
            read_scenario("nobody", tmp_path / "x.yaml")

    def test_not_in_kebab_case(self, tmp_path: Path) -> None:
        """Files of recordings are named after scenarios."""
        file = tmp_path / "A Try.yaml"
        file.write_text(f"{STEPS}  - shift: PT1S")

        with pytest.raises(StartError, match=r"A Try\.yaml: must be named in kebab-case"):
            read_scenario("zexa", file)


class TestSentences:
    """What each member means."""

    def test_title_and_settings(self, tmp_path: Path) -> None:
        """They are the scenario's own."""
        text = "title: From here to there\nsettings: {rate_limits: true, pace: manual}\n"

        read = scenario(tmp_path, f"{text}steps: [shift: PT1S]")

        assert read.title == "From here to there"
        assert read.settings == {"rate_limits": True, "pace": "manual"}

    def test_shift(self, tmp_path: Path) -> None:
        """A duration, in nanoseconds."""
        read = scenario(tmp_path, f"{STEPS}  - shift: PT1M0.5S")

        assert read.steps == (Shift("/steps/0", 60 * SECOND + SECOND // 2),)

    def test_default_account(self, tmp_path: Path) -> None:
        """The seed world's, where nobody says otherwise."""
        read = scenario(tmp_path, f"{STEPS}  - {{call: getCredits, status: 200}}")

        assert call(read).account == "acme"

    @pytest.mark.parametrize(("member", "meant"), [("", "globex"), (", account: null", None)])
    def test_account(self, tmp_path: Path, member: str, meant: str | None) -> None:
        """The file's, unless the step has another, or none."""
        steps = f"steps: [{{call: getCredits, status: 200{member}}}]"

        read = scenario(tmp_path, f"title: A try\naccount: globex\n{steps}")

        assert call(read).account == meant

    def test_values_for_the_path(self, tmp_path: Path) -> None:
        """They stand for whatever a step leaves out; a step's own win."""
        steps = """
          - {call: getCampaign, status: 200}
          - {call: getCampaign, status: 200, path: {campaign_id: cmp_2}}
        """

        read = scenario(tmp_path, f"title: A try\nvalues: {{campaign_id: cmp_1}}\nsteps:{steps}")

        assert [call(read, each).path["campaign_id"] for each in (1, 2)] == ["cmp_1", "cmp_2"]

    def test_query(self, tmp_path: Path) -> None:
        """As a query spells it: true is not True, and a list is one parameter several times."""
        query = "{page: 2, list_id: [lst_1, lst_2], all: true}"

        read = scenario(tmp_path, f"{STEPS}  - {{call: listContacts, status: 200, query: {query}}}")

        assert call(read).query == {"page": "2", "list_id": ["lst_1", "lst_2"], "all": "true"}

    def test_headers(self, tmp_path: Path) -> None:
        """They are text, whatever YAML takes them for."""
        step = "{call: getCredits, status: 200, headers: {X-Try: 1, X-Dry: false}}"

        read = scenario(tmp_path, f"{STEPS}  - {step}")

        assert call(read).headers == {"X-Try": "1", "X-Dry": "false"}

    def test_example(self, tmp_path: Path) -> None:
        """A body that the document has."""
        step = "{call: createContact, status: 201, example: minimal}"

        read = scenario(tmp_path, f"{STEPS}  - {step}")

        assert call(read).body == {"name": "Paulo Neto", "phone": "+244923555001"}

    @pytest.mark.parametrize("when", ["2026-07-01", "2026-07-01T08:00:00Z", "2026-13-45"])
    def test_times_stay_text(self, tmp_path: Path, when: str) -> None:
        """JSON has no times, and neither have bodies."""
        step = f"{{call: createCampaign, status: 201, body: {{scheduled_at: {when}}}}}"

        read = scenario(tmp_path, f"{STEPS}  - {step}")

        assert call(read).body == {"scheduled_at": when}

    def test_merged_keys(self, tmp_path: Path) -> None:
        """A body may be another one with a few members changed."""
        steps = """
          - {call: createContact, status: 400, body: &a {name: Ana, phone: "1"}}
          - {call: createContact, status: 400, body: &b {<<: *a, phone: "2"}}
          - {call: createContact, status: 400, body: {<<: *b, phone: "3"}}
        """

        read = scenario(tmp_path, f"title: A try\nsteps:{steps}")

        assert call(read, 3).body == {"name": "Ana", "phone": "3"}

    def test_text(self, tmp_path: Path) -> None:
        """A body that is no JSON is said as text."""
        step = "{call: createContact, status: 400, text: '{\"name\":'}"

        read = scenario(tmp_path, f"{STEPS}  - {step}")

        assert (call(read).text, call(read).body) == ('{"name":', None)

    def test_fire(self, tmp_path: Path) -> None:
        """An event, of what, and of which."""
        read = scenario(tmp_path, f"{STEPS}  - {{fire: fail, of: campaigns, id: cmp_1}}")

        assert read.steps == (Fire("/steps/0", "fail", "campaigns", "cmp_1"),)

    def test_errors_of_some_operations(self, tmp_path: Path) -> None:
        """Each documented error of each, in the document's order, and nothing else."""
        read = scenario(tmp_path, f"{STEPS}  - errors: [getCredits]")

        asked = [call(read, number + 1).headers["Prefer"] for number in range(len(read.steps))]
        assert asked == [
            "code=401, example=missing-key",
            "code=401, example=invalid-key",
            "code=429, example=rate-limited",
            "code=500, example=internal",
        ]

    def test_all_errors(self, tmp_path: Path) -> None:
        """Of every operation, each with a body that is valid where one is needed."""
        text = "title: A try\nvalues: {campaign_id: cmp_1, contact_id: cnt_1}\n"

        read = scenario(tmp_path, f"{text}steps: [errors: all]")

        calls = [each for each in read.steps if isinstance(each, Call)]
        assert {each.operation.id for each in calls} == read.service.document.operations.keys()
        assert all(each.body for each in calls if each.operation.method == "POST")

    def test_errors_with_a_body_that_has_no_secret(self, tmp_path: Path) -> None:
        """A recording masks secrets, and a mask may be refused when it is asked again."""
        read = scenario(tmp_path, f"{STEPS}  - errors: [createProfile]", "sent")

        assert call(read).body == {"name": "Support Team"}

    def test_errors_with_a_query(self, tmp_path: Path) -> None:
        """An operation may demand a query before it answers at all."""
        text = "title: A try\nvalues: {from: 2026-03-01, to: 2026-03-31}\n"

        read = scenario(tmp_path, f"{text}steps: [errors: [getUsageCalendar]]", "tether")

        assert call(read).query == {"from": "2026-03-01", "to": "2026-03-31"}


FILES = {
    "": "must be a mapping with a title and a list of steps, not null",
    "- call: getCredits": "must be a mapping with a title and a list of steps, not a list",
    "title: A try": 'has no "steps"',
    "title: A try\nsteps: 3": "/steps must be a list of one or more steps, not 3",
    "steps: [shift: PT1S]": 'has no "title"',
    "title: 3\nsteps: [shift: PT1S]": "/title must be text, not 3",
    "title: A try\nsteps: []": "/steps must be a list of one or more steps, not a list",
    "title: A try\nname: x\nsteps: [shift: PT1S]": "cannot have name; it may have: account, settin",
    "title: A\ntitle: B\nsteps: []": 'is not YAML: the key "title" stands twice at line 2, column',
    "title: A\nsteps: [shift: PT1S": "is not YAML: while parsing a flow sequence",
    "title: A\nsteps: *there": "is not YAML: found undefined alias",
    "title: A\nsteps: []\n---\ntitle: B": "is not YAML: expected a single document",
    "title: A\nsteps: [!!python/object:os.system x]": "is not YAML: could not determine a const",
    "title: A\nsteps: [{[a]: b}]": "is not YAML: while constructing a mapping",
    "title: A\nsteps: &here [*here]": "is not YAML: what begins at line 2, column 8 refers to its",
    f"title: A\nsteps: {'[' * 5_000}": "is not YAML: it nests deeper than 200 levels",
    f"title: A\nsteps: [&a [{'b' * 60_000}]{', *a' * 100}]": "(such as to line 2, column 9) repeat",
    "title: A\nsteps: [3: call]": "/steps/0 has the key 3, which is not text; put it in quotes",
    "title: A\nsteps: [.nan]": "/steps/0 is nan, which JSON cannot hold",
    "title: A\nsteps: [!!set {a}]": "/steps/0 is \"{'a'}\", which JSON cannot hold",
    "title: A\nsteps: [!!binary aGk=]": "/steps/0 is bytes, which JSON cannot hold",
    'title: "\\ud800"\nsteps: []': "is not YAML: while parsing a quoted scalar",
    "title: A\naccount: nobody\nsteps: [shift: PT1S]": '/account: there is no account "nobody"; th',
    "title: A\naccount: [acme]\nsteps: []": "/account must be the name of an account, or null, not",
    "title: A\nvalues: 3\nsteps: []": "/values must be an object, not 3",
    "title: A\nvalues:\nsteps: []": "/values must be an object, not null",
    "title: A\nsettings: 3\nsteps: [shift: PT1S]": "/settings must be an object, not 3",
}


@pytest.mark.parametrize(("text", "sentence"), FILES.items())
def test_broken_file(tmp_path: Path, text: str, sentence: str) -> None:
    """One sentence says what is wrong with it."""
    assert sentence in broken(tmp_path, text)


@pytest.mark.parametrize("content", [b"\xff\xfe\xff", b"title: \xe9", b"title: \x00", b"\t"])
def test_not_text(tmp_path: Path, content: bytes) -> None:
    """Bytes that YAML cannot be made of."""
    assert broken(tmp_path, content).startswith("is not YAML: ")


def test_not_there(tmp_path: Path) -> None:
    """A file that is gone, or is a folder, cannot be read."""
    (tmp_path / "folder.yaml").mkdir()

    for name in ("gone.yaml", "folder.yaml"):
        with pytest.raises(StartError, match=rf"{name}: cannot be read \("):
            read_scenario("zexa", tmp_path / name)


SETTINGS_REFUSED = {
    "rate_limit: true": "/settings cannot have rate_limit; it may have: auth, body_limit, pace",
    "rate_limits: 1": "/settings/rate_limits must be true or false, not 1",
    "static: on time": '/settings/static must be true or false, not "on time"',
    "body_limit: true": "/settings/body_limit must be a number of bytes, not true",
    "pace: fast": '/settings/pace must be a factor from 0 to 1000000 or "manual", not "fast"',
    "pace: -1": '/settings/pace must be a factor from 0 to 1000000 or "manual", not -1',
    "pace: []": '/settings/pace must be a factor from 0 to 1000000 or "manual", not a list',
    "auth: none": '/settings/auth must be "strict" or "any", not "none"',
    "clock: 2026-03-11": "/settings cannot have clock",
    "pace: null": '/settings/pace must be a factor from 0 to 1000000 or "manual", not null',
    'pace: "2"': '/settings/pace must be a factor from 0 to 1000000 or "manual", not "2"',
}


@pytest.mark.parametrize(("setting", "sentence"), SETTINGS_REFUSED.items())
def test_broken_setting(tmp_path: Path, setting: str, sentence: str) -> None:
    """A setting that nobody reads would be silently as usual."""
    text = f"title: A try\nsettings: {{{setting}}}\nsteps: [shift: PT1S]"

    assert sentence in broken(tmp_path, text)


GET, POST = "call: getCampaign", "call: createContact"
PATH = "path: {campaign_id: cmp_1}"
STEPS_REFUSED = {
    "3": "/steps/1 must be a mapping with one of call, shift, fire, errors",
    "null": "/steps/1 must be a mapping",
    "{}": "/steps/1 must be a mapping",
    "{wait: PT5S}": "/steps/1 must be a mapping",
    "{call: getCredits, shift: PT5S}": "/steps/1 cannot have shift; it may have: account, body, ca",
    "{shift: soon}": '/steps/1/shift must be a duration such as P30D or PT1H30M, not "soon"',
    '{shift: "PT\\n5S"}': '/steps/1/shift must be a duration such as P30D or PT1H30M, not "PT\\n5S',
    "{shift: 5}": "/steps/1/shift must be a duration such as P30D or PT1H30M, not 5",
    "{shift: null}": "must be a duration such as P30D or PT1H30M, not null",
    "{shift: [PT5S]}": "must be a duration such as P30D or PT1H30M, not a list",
    "{shift: -PT5S}": "must be a duration",
    "{shift: P1M}": "must be a duration",
    "{shift: PT5S, status: 200}": "/steps/1 cannot have status; it may have: shift",
    "{call: getNothing, status: 200}": '/steps/1: there is no operation "getNothing"; there are: l',
    "{call: [getCredits], status: 200}": "/steps/1/call must be the operationId of an operation, n",
    "{call: null, status: 200}": "/steps/1/call must be the operationId of an operation, not null",
    "{call: getCredits}": '/steps/1 has no "status"',
    "{call: getCredits, status: many}": '/steps/1/status must be a status such as 201, not "many"',
    "{call: getCredits, status: null}": "/steps/1/status must be a status such as 201, not null",
    "{call: getCredits, status: true}": "/steps/1/status must be a status such as 201, not true",
    "{call: getCredits, status: 200.5}": "/steps/1/status must be a status such as 201, not 200.5",
    "{call: getCredits, status: 0}": "/steps/1/status must be a status such as 201, not 0",
    "{call: getCredits, status: 200, account: nobody}": '/steps/1/account: there is no account "no',
    "{call: getCredits, status: 200, accounts: acme}": "/steps/1 cannot have accounts; it may have",
    "{call: getCredits, status: 200, query: 3}": "/steps/1/query must be a mapping; a list stands",
    "{call: getCredits, status: 200, query: {a: {b: c}}}": "/steps/1/query/a must be text or a num",
    "{call: getCredits, status: 200, query: {a: null}}": "/steps/1/query/a must be text or a numbe",
    "{call: getCredits, status: 200, query: {a: [[b]]}}": "/steps/1/query/a/0 must be text or a nu",
    "{call: getCredits, status: 200, headers: [a]}": "/steps/1/headers must be an object, not a li",
    "{call: getCredits, status: 200, headers: {a: []}}": "/steps/1/headers/a must be text or a num",
    "{call: getCredits, status: 200, keep: []}": "/steps/1/keep must be a mapping from names to po",
    "{call: getCredits, status: 200, keep: {a: 3}}": "/steps/1/keep/a must be text, not 3",
    "{call: getCredits, status: 200, keep: {a: ''}}": '/steps/1/keep/a must be text, not ""',
    "{call: getCredits, status: 200, keep: {a b: /a}}": '/steps/1/keep has the key "a b", which mu',
    "{call: getCredits, status: 200, shows: 3}": "/steps/1/shows must be a mapping from pointers i",
    "{call: getCredits, status: 200, example: x}": 'no request example of getCredits "x"; there ar',
    f"{{{GET}, status: 200}}": "/steps/1: getCampaign needs path: campaign_id",
    f"{{{GET}, status: 200, path: 3}}": "/steps/1/path must be an object, not 3",
    f"{{{GET}, status: 200, path: {{campaign_id: null}}}}": "/steps/1/path/campaign_id must be tex",
    f"{{{GET}, status: 200, path: {{campaign_id: []}}}}": "/steps/1/path/campaign_id must be text",
    f"{{{GET}, status: 200, path: {{id: cmp_1}}}}": "/steps/1/path: getCampaign has no id in its p",
    f"{{{POST}, status: 201, example: x}}": 'createContact "x"; there are: documented, minimal',
    f"{{{POST}, status: 201, example: []}}": "/steps/1/example must be text, not a list",
    f"{{{POST}, status: 201, text: 3}}": "/steps/1/text must be text, not 3",
    f"{{{POST}, status: 201, text: a, body: b}}": "/steps/1 can have one of body, example, text; t",
    f"{{{POST}, status: 201, body: {{a: .inf}}}}": "/steps/1/body/a is inf, which JSON cannot hold",
    f"{{{POST}, status: 201, body: {{1: 2}}}}": "/steps/1/body has the key 1, which is not text",
    "{fire: fail}": '/steps/1 has no "of"; /steps/1 has no "id"',
    "{fire: fail, of: campaigns}": '/steps/1 has no "id"',
    "{fire: [], of: campaigns, id: a}": "/steps/1/fire must be text, not a list",
    "{fire: win, of: campaigns, id: a}": '/steps/1: there is no event "win of campaigns"; there ar',
    "{fire: fail, of: games, id: a}": '/steps/1: there is no event "fail of games"; there are: app',
    "{fire: fail, of: campaigns, id: a, status: 200}": "/steps/1 cannot have status; it may have:",
    "{errors: 3}": "/steps/1/errors must be all, or a list of operations",
    "{errors: some}": "/steps/1/errors must be all, or a list of operations",
    "{errors: [getNothing]}": '/steps/1: there is no operation "getNothing"; there are',
    "{errors: [[getCredits]]}": "/steps/1/errors/0 must be the operationId of an operation, not a",
    "{errors: all, status: 200}": "/steps/1 cannot have status; it may have: errors",
    "{errors: all}": "/steps/1: getCampaign needs path: campaign_id",
}


@pytest.mark.parametrize(("step", "sentence"), STEPS_REFUSED.items())
def test_broken_step(tmp_path: Path, step: str, sentence: str) -> None:
    """One sentence names the step and says what is wrong with it."""
    assert sentence in broken(tmp_path, f"{STEPS}  - shift: PT1S\n  - {step}")


def test_errors_lack_a_query(tmp_path: Path) -> None:
    """The sentence says which parameters the values must have."""
    with pytest.raises(StartError, match="/steps/0: getUsageCalendar needs query: from, to"):
        scenario(tmp_path, f"{STEPS}  - errors: [getUsageCalendar]", "tether")


def test_long_values_are_cut(tmp_path: Path) -> None:
    """A sentence stays one that can be read."""
    sentence = broken(tmp_path, f"title: A try\nsteps: [{{call: getCredits, status: {'9' * 999}}}]")

    assert sentence.endswith("9...") and len(sentence) < 150
