"""The language of scenarios: what each sentence means, and what is said of one that is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.scripts import STEPS, broken, scenario
from understudy.core.clock import SECOND
from understudy.core.errors import StartError
from understudy.recording.capture import SETTING_HEADERS
from understudy.recording.world_settings import SETTING_TYPES
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

        assert read.steps == (Shift("step 1", 60 * SECOND + SECOND // 2),)

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

        assert read.steps == (Fire("step 1", "fail", "campaigns", "cmp_1"),)

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


def test_settings_are_those_that_recordings_tell() -> None:
    """A scenario may choose what a recording remembers, and nothing else."""
    assert SETTING_TYPES.keys() == set(SETTING_HEADERS)


FILES = {
    "": "must be a mapping with a title and a list of steps",
    "- call: getCredits": "must be a mapping with a title",
    "title: A try": "must be a mapping with a title",
    "title: A try\nsteps: 3": "must be a mapping with a title",
    "steps: [shift: PT1S]": "the scenario: title must be text, not null",
    "title: 3\nsteps: [shift: PT1S]": "the scenario: title must be text, not 3",
    "title: A try\nsteps: []": "has no steps",
    "title: A try\nname: x\nsteps: [shift: PT1S]": "the scenario cannot have name; it may have: ac",
    "title: A\ntitle: B\nsteps: []": 'is not YAML: the key "title" stands twice at line 2, column',
    "title: A\nsteps: [shift: PT1S": "is not YAML: while parsing a flow sequence",
    "title: A\nsteps: *there": "is not YAML: found undefined alias",
    "title: A\nsteps: []\n---\ntitle: B": "is not YAML: expected a single document",
    "title: A\nsteps: [!!python/object:os.system x]": "is not YAML: could not determine a const",
    "title: A\nsteps: [{[a]: b}]": "is not YAML: while constructing a mapping",
    "title: A\nsteps: &here [*here]": "is not YAML: what begins at line 2, column 8 refers to its",
    f"title: A\nsteps: {'[' * 5_000}": "is not YAML: it nests deeper than 200 levels",
    f"title: A\nsteps: [&a [{'b' * 60_000}]{', *a' * 100}]": "(such as to line 2, column 9) repeat",
    "title: A\nsteps: [3: call]": "the scenario/steps/0: the key 3 is no text; put it into quotes,",
    "title: A\nsteps: [.nan]": "the scenario/steps/0: NaN is nothing that JSON can say",
    "title: A\nsteps: [!!set {a}]": "is nothing that JSON can say",
    "title: A\nsteps: [!!binary aGk=]": "the scenario/steps/0: \"b'hi'\" is nothing that JSON can",
    'title: "\\ud800"\nsteps: []': "is not YAML: while parsing a quoted scalar",
    "title: A\naccount: nobody\nsteps: []": 'the scenario: there is no account "nobody"; there are',
    "title: A\naccount: [acme]\nsteps: []": 'the scenario: there is no account ["acme"]; there are',
    "title: A\nvalues: 3\nsteps: []": "the scenario: values must be a mapping, not 3",
    "title: A\nvalues:\nsteps: []": "the scenario: values must be a mapping, not null",
    "title: A\nsettings: 3\nsteps: [shift: PT1S]": "the scenario: settings must be a mapping, not",
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
    "rate_limit: true": "settings cannot have rate_limit; it may have: auth, body_limit, pace",
    "rate_limits: 1": "settings: rate_limits must be true or false, not 1",
    "static: on time": 'settings: static must be true or false, not "on time"',
    "body_limit: true": "settings: body_limit must be a number of bytes, not true",
    "pace: fast": "pace='fast' is neither",
    "pace: -1": "pace=-1 is neither",
    "pace: []": 'settings: pace must be a factor or "manual", not []',
    "auth: none": "auth='none' is none of 'strict', 'any'",
    "clock: 2026-03-11": "settings cannot have clock",
}


@pytest.mark.parametrize(("setting", "sentence"), SETTINGS_REFUSED.items())
def test_broken_setting(tmp_path: Path, setting: str, sentence: str) -> None:
    """A setting that nobody reads would be silently as usual."""
    text = f"title: A try\nsettings: {{{setting}}}\nsteps: [shift: PT1S]"

    assert sentence in broken(tmp_path, text)


GET, POST = "call: getCampaign", "call: createContact"
PATH = "path: {campaign_id: cmp_1}"
STEPS_REFUSED = {
    "3": "step 2 must be a mapping with one of call, shift, fire, errors",
    "null": "step 2 must be a mapping",
    "{}": "step 2 must be a mapping",
    "{wait: PT5S}": "step 2 must be a mapping",
    "{call: getCredits, shift: PT5S}": "step 2 cannot have shift; it may have: account, body, call",
    "{shift: soon}": 'step 2: "soon" is not a duration such as P30D or PT1H30M',
    '{shift: "PT\\n5S"}': 'step 2: "PT 5S" is not a duration',
    "{shift: 5}": 'step 2: "5" is not a duration',
    "{shift: null}": "is not a duration",
    "{shift: [PT5S]}": "is not a duration",
    "{shift: -PT5S}": "is not a duration",
    "{shift: P1M}": "is not a duration",
    "{shift: PT5S, status: 200}": "step 2 cannot have status; it may have: shift",
    "{call: getNothing, status: 200}": 'step 2: there is no operation "getNothing"; there are: lis',
    "{call: [getCredits], status: 200}": 'step 2: there is no operation ["getCredits"]; there are',
    "{call: null, status: 200}": "step 2: there is no operation null",
    "{call: getCredits}": "step 2 has no status; say what must be answered",
    "{call: getCredits, status: many}": 'step 2: status must be a number such as 201, not "many"',
    "{call: getCredits, status: null}": "step 2: status must be a number such as 201, not null",
    "{call: getCredits, status: true}": "step 2: status must be a number such as 201, not true",
    "{call: getCredits, status: 200.5}": "step 2: status must be a number such as 201, not 200.5",
    "{call: getCredits, status: 0}": "step 2: status must be a number such as 201, not 0",
    "{call: getCredits, status: 200, account: nobody}": 'step 2: there is no account "nobody"; the',
    "{call: getCredits, status: 200, accounts: acme}": "step 2 cannot have accounts; it may have",
    "{call: getCredits, status: 200, query: 3}": "step 2: query must be a mapping, not 3",
    "{call: getCredits, status: 200, query: {a: {b: c}}}": "step 2: query.a must be text or a num",
    "{call: getCredits, status: 200, query: {a: null}}": "step 2: query.a must be text or a number",
    "{call: getCredits, status: 200, query: {a: [[b]]}}": "query.a must be text or a number, not [",
    "{call: getCredits, status: 200, headers: [a]}": 'step 2: headers must be a mapping, not ["a"]',
    "{call: getCredits, status: 200, headers: {a: []}}": "step 2: headers.a must be text or a num",
    "{call: getCredits, status: 200, keep: []}": "step 2: keep must be a mapping, not []",
    "{call: getCredits, status: 200, keep: {a: 3}}": "step 2: keep: a must be text, not 3",
    "{call: getCredits, status: 200, keep: {a: ''}}": 'step 2: keep: a must be text, not ""',
    "{call: getCredits, status: 200, keep: {a b: /a}}": 'step 2: "a b" cannot be kept; name it lik',
    "{call: getCredits, status: 200, shows: 3}": "step 2: shows must be a mapping, not 3",
    "{call: getCredits, status: 200, example: x}": 'no request example of getCredits "x"; there ar',
    f"{{{GET}, status: 200}}": "step 2: getCampaign needs path: campaign_id",
    f"{{{GET}, status: 200, path: 3}}": "step 2: path must be a mapping, not 3",
    f"{{{GET}, status: 200, path: {{campaign_id: null}}}}": "step 2: path.campaign_id must be text",
    f"{{{GET}, status: 200, path: {{campaign_id: []}}}}": "step 2: path.campaign_id must be text o",
    f"{{{GET}, status: 200, path: {{id: cmp_1}}}}": "step 2: the path of getCampaign cannot have i",
    f"{{{POST}, status: 201, example: x}}": 'createContact "x"; there are: documented, minimal',
    f"{{{POST}, status: 201, example: []}}": "step 2: example must be text, not []",
    f"{{{POST}, status: 201, text: 3}}": "step 2: text must be text, not 3",
    f"{{{POST}, status: 201, text: a, body: b}}": "step 2 can have one of body, example, text; tak",
    f"{{{POST}, status: 201, body: {{a: .inf}}}}": "the scenario/steps/1/body/a: Infinity is nothi",
    f"{{{POST}, status: 201, body: {{1: 2}}}}": "the scenario/steps/1/body: the key 1 is no text",
    "{fire: fail}": "step 2: of must be text, not null",
    "{fire: fail, of: campaigns}": "step 2: id must be text, not null",
    "{fire: [], of: campaigns, id: a}": "step 2: fire must be text, not []",
    "{fire: win, of: campaigns, id: a}": 'step 2: there is no event "win of campaigns"; there are:',
    "{fire: fail, of: games, id: a}": 'step 2: there is no event "fail of games"; there are: appro',
    "{fire: fail, of: campaigns, id: a, status: 200}": "step 2 cannot have status; it may have: fi",
    "{errors: 3}": "step 2: errors must be all, or a list of operations",
    "{errors: some}": "step 2: errors must be all, or a list of operations",
    "{errors: [getNothing]}": 'step 2: there is no operation "getNothing"; there are',
    "{errors: [[getCredits]]}": 'step 2: there is no operation ["getCredits"]; there are',
    "{errors: all, status: 200}": "step 2 cannot have status; it may have: errors",
    "{errors: all}": "step 2: getCampaign needs path: campaign_id",
}


@pytest.mark.parametrize(("step", "sentence"), STEPS_REFUSED.items())
def test_broken_step(tmp_path: Path, step: str, sentence: str) -> None:
    """One sentence names the step and says what is wrong with it."""
    assert sentence in broken(tmp_path, f"{STEPS}  - shift: PT1S\n  - {step}")


def test_errors_lack_a_query(tmp_path: Path) -> None:
    """The sentence says which parameters the values must have."""
    with pytest.raises(StartError, match="step 1: getUsageCalendar needs query: from, to"):
        scenario(tmp_path, f"{STEPS}  - errors: [getUsageCalendar]", "tether")


def test_long_values_are_cut(tmp_path: Path) -> None:
    """A sentence stays one that can be read."""
    sentence = broken(tmp_path, f"title: A try\nsteps: [{{call: getCredits, status: {'9' * 999}}}]")

    assert sentence.endswith("9...") and len(sentence) < 150
