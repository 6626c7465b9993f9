"""What becomes of a scenario that is played, and what is said of one that is answered otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.scripts import STEPS, failed, played, scenario
from understudy.core.clock import SECOND
from understudy.core.errors import StartError
from understudy.core.strict_json import parse_json
from understudy.recording.formats import native
from understudy.recording.model import DEFAULT_START, header
from understudy.scenarios.player import play_scenario

CREATE = "  - {call: createCampaign, example: documented, status: 201, keep: {campaign: /id}}\n"
GET = "  - {call: getCampaign, path: {campaign_id: '${campaign}'}, status: 200"


class TestRecording:
    """A scenario becomes a recording."""

    def test_is_named_and_dated(self, tmp_path: Path) -> None:
        """After vendor and scenario; with its title, its settings, and when it began."""
        text = (
            "title: A try\nsettings: {rate_limits: true}\nsteps: [{call: getCredits, status: 200}]"
        )

        recording = play_scenario(scenario(tmp_path, text))

        assert (recording.name, recording.title) == ("zexa-a-try", "A try")
        assert recording.clock == DEFAULT_START
        assert recording.settings == {"rate_limits": True}

    def test_is_the_same_each_time(self, tmp_path: Path) -> None:
        """Ids and times included, to the byte."""
        read = scenario(tmp_path, f"{STEPS}{CREATE}  - shift: PT2S\n{GET}}}")

        assert native.write(play_scenario(read)) == native.write(play_scenario(read))

    def test_has_no_header_of_a_client(self, tmp_path: Path) -> None:
        """What a client adds by itself is nothing that the scenario says."""
        (exchange,) = played(tmp_path, "  - {call: getCredits, status: 200}")

        assert exchange.request.headers == (("authorization", "Bearer [redacted]"),)

    def test_has_none_of_the_fires(self, tmp_path: Path) -> None:
        """An event that people bring about is no exchange with the vendor."""
        exchanges = played(tmp_path, "  - {fire: start, of: campaigns, id: cmp_scheduled001}")

        assert exchanges == []


class TestSentences:
    """What each sentence has the mock do."""

    def test_shift(self, tmp_path: Path) -> None:
        """The clock moves, and with it what happens by itself."""
        first, second = played(tmp_path, f"{CREATE}  - shift: PT1M\n{GET}}}")

        assert (first.at, second.at) == (
            DEFAULT_START,
            DEFAULT_START + 60 * SECOND,
        )
        assert parse_json(second.response.body)["status"] == "completed"

    def test_fire(self, tmp_path: Path) -> None:
        """What no call brings about."""
        fire = '  - {fire: fail, of: campaigns, id: "${campaign}"}\n'

        *_, last = played(tmp_path, f"{CREATE}{fire}{GET}}}")

        assert parse_json(last.response.body)["status"] == "failed"

    def test_kept_from_a_body(self, tmp_path: Path) -> None:
        """It stands in a later path."""
        created, shown = played(tmp_path, f"{CREATE}{GET}}}")

        assert shown.request.path.endswith(parse_json(created.response.body)["id"])

    def test_kept_from_a_header(self, tmp_path: Path) -> None:
        """It stands in a later query, header and body, within text too."""
        steps = """
          - {call: listProfiles, status: 200, keep: {request: X-Request-Id}}
          - call: createProfile
            query: {after: ["${request}"]}
            headers: {Idempotency-Key: "key-${request}"}
            body: {name: "Team ${request}"}
            status: 201
        """

        first, second = played(tmp_path, steps, "sent")

        kept = header(first.response.headers, "x-request-id")
        assert second.request.query == f"after={kept}"
        assert header(second.request.headers, "idempotency-key") == f"key-{kept}"
        assert parse_json(second.request.body) == {"name": f"Team {kept}"}

    def test_kept_number(self, tmp_path: Path) -> None:
        """Numbers are kept as text."""
        steps = """
          - {call: listCampaigns, status: 200, keep: {total: /meta/total}}
          - {call: listCampaigns, status: 200, query: {per_page: "${total}"}}
        """

        assert played(tmp_path, steps)[1].request.query == "per_page=6"

    def test_path_is_encoded(self, tmp_path: Path) -> None:
        """A value never becomes two segments, or a query."""
        step = "  - {call: getCampaign, path: {campaign_id: 'a/b?c=ã'}, status: 404}"

        assert played(tmp_path, step)[0].request.path == "/v1/campaigns/a%2Fb%3Fc%3D%C3%A3"

    def test_query_list(self, tmp_path: Path) -> None:
        """One parameter, several times."""
        step = "  - {call: listCampaigns, query: {page: [1, 2], a: b c}, status: 422}"

        assert played(tmp_path, step)[0].request.query == "page=1&page=2&a=b+c"

    def test_body(self, tmp_path: Path) -> None:
        """JSON, declared as such."""
        step = (
            "  - {call: createContact, body: {name: Ana Sá, phone: '+244923000999'}, status: 201}"
        )

        (exchange,) = played(tmp_path, step)

        assert exchange.request.body == '{"name":"Ana Sá","phone":"+244923000999"}'.encode()
        assert header(exchange.request.headers, "content-type") == "application/json"

    def test_text(self, tmp_path: Path) -> None:
        """As it stands, and declared as a step wants it."""
        step = (
            "  - {call: createContact, text: a=b, headers: {content-type: text/plain}, status: 415}"
        )

        (exchange,) = played(tmp_path, step)

        assert exchange.request.body == b"a=b"
        assert header(exchange.request.headers, "content-type") == "text/plain"

    def test_no_body(self, tmp_path: Path) -> None:
        """Nothing is sent, and nothing is declared."""
        (exchange,) = played(tmp_path, "  - {call: createContact, status: 400}")

        assert exchange.request.body == b""
        assert header(exchange.request.headers, "content-type") is None

    @pytest.mark.parametrize(("account", "status"), [("globex", 404), ("null", 401)])
    def test_account(self, tmp_path: Path, account: str, status: int) -> None:
        """Another's credential, or none."""
        step = f"{{call: getCampaign, path: {{campaign_id: cmp_draft001}}, account: {account}"

        (exchange,) = played(tmp_path, f"  - {step}, status: {status}}}")

        assert exchange.account == (None if account == "null" else account)

    def test_header_in_the_place_of_the_credential(self, tmp_path: Path) -> None:
        """A header that a step has wins, in whatever case it is written."""
        step = "  - {call: getCredits, headers: {authorization: Bearer nobody}, status: 401}"

        (exchange,) = played(tmp_path, step)

        assert [name for name, _ in exchange.request.headers] == ["authorization"]

    def test_shows(self, tmp_path: Path) -> None:
        """Pointers and headers, with whatever was kept."""
        shows = '{/id: "${campaign}", /started_at: "2026-03-11T12:00:00Z", /completed_at: null}'

        assert len(played(tmp_path, f"{CREATE}{GET}, shows: {shows}}}")) == 2

    def test_errors(self, tmp_path: Path) -> None:
        """Each is answered by the very example that it is asked for."""
        exchanges = played(tmp_path, "  - errors: [getCredits, listSenderIds]")

        statuses = [each.response.status for each in exchanges]
        assert statuses == [401, 401, 429, 500, 401, 401, 422, 429, 500]


class TestOtherwise:
    """A scenario that is not answered as it says ends with one sentence."""

    def test_another_status(self, tmp_path: Path) -> None:
        """It has the step, what was answered, and with which words."""
        sentence = failed(tmp_path, "  - shift: PT1S\n  - {call: getCredits, status: 404}")

        assert sentence == (
            '/steps/1: getCredits answered 200 instead of 404: {"credits":4250,"currency":"USD"}'
        )

    def test_another_status_among_errors(self, tmp_path: Path) -> None:
        """It names the error that was not to be had."""
        text = "title: A try\naccount: null\nsteps: [errors: [getCredits]]"

        with pytest.raises(StartError, match=r"/steps/0, rate-limited of .* 401 instead of 429"):
            play_scenario(scenario(tmp_path, text))

    def test_never_kept(self, tmp_path: Path) -> None:
        """It lists what there is instead."""
        sentence = failed(tmp_path, f"{CREATE}{GET.replace('${campaign}', '${sale}')}}}")

        assert sentence == '/steps/1: nothing was kept as "sale" before; there is: campaign'

    @pytest.mark.parametrize(
        "step",
        [
            '{call: listCampaigns, query: {page: ["${a}"]}, status: 200}',
            '{call: getCredits, headers: {X-Try: "${a}"}, status: 200}',
            '{call: createContact, body: {lists: ["${a}"]}, status: 201}',
            '{call: createContact, text: "${a}", status: 201}',
            '{call: getCredits, shows: {/credits: "${a}"}, status: 200}',
            '{fire: fail, of: campaigns, id: "${a}"}',
        ],
    )
    def test_never_kept_anywhere(self, tmp_path: Path, step: str) -> None:
        """Wherever a step may have it."""
        assert 'nothing was kept as "a" before; there is: nothing' in failed(
            tmp_path, f"  - {step}"
        )

    @pytest.mark.parametrize(
        ("keep", "sentence"),
        [
            ("/nothing", "the reply has nothing at /nothing; keep a text or a number"),
            ("/meta", 'the reply has {"total": 6, "page": 1, "per_page": 50} at /meta; keep a'),
            ("/data/0/completed_at", "the reply has null at /data/0/completed_at; keep a text"),
            ("/data/99/id", "the reply has nothing at /data/99/id"),
            ("/data/-1/id", "the reply has nothing at /data/-1/id"),
            ("X-Nothing", "the reply has nothing at X-Nothing"),
        ],
    )
    def test_nothing_to_keep(self, tmp_path: Path, keep: str, sentence: str) -> None:
        """It says what stands there instead."""
        step = f"  - {{call: listCampaigns, status: 200, keep: {{a: {keep}}}}}"

        assert sentence in failed(tmp_path, step)

    def test_nothing_to_keep_of_no_body(self, tmp_path: Path) -> None:
        """A reply without a body has nothing at any pointer."""
        step = "{call: deleteContact, path: {contact_id: cnt_ana001}, status: 204, keep: {a: /id}}"

        assert "/steps/0: the reply has nothing at /id" in failed(tmp_path, f"  - {step}")

    @pytest.mark.parametrize(
        ("shows", "sentence"),
        [
            ("{/credits: 4251}", "the reply has 4250 at /credits, not 4251"),
            ('{/credits: "4250"}', 'the reply has 4250 at /credits, not "4250"'),
            ("{/credit: 4250}", "the reply has nothing at /credit, not 4250"),
            ("{/credit: null}", "the reply has nothing at /credit, not null"),
            ("{Content-Type: text/html}", 'the reply has "application/json" at Content-Type, not'),
        ],
    )
    def test_shows_something_else(self, tmp_path: Path, shows: str, sentence: str) -> None:
        """It says what, and where."""
        step = f"  - {{call: getCredits, status: 200, shows: {shows}}}"

        assert failed(tmp_path, step).startswith(f"/steps/0: {sentence}")

    def test_one_is_not_true(self, tmp_path: Path) -> None:
        """Python takes them for the same."""
        step = "  - {call: listProfiles, status: 200, shows: {/success: 1}}"

        assert "the reply has true at /success, not 1" in failed(tmp_path, step, "sent")

    def test_one_is_not_true_at_any_depth(self, tmp_path: Path) -> None:
        """A list or an object that has true in it is not one that has 1."""
        step = (
            "{call: listCampaigns, status: 200, query: {per_page: 1}, shows: {/meta: {page: true}}}"
        )

        assert "at /meta, not" in failed(tmp_path, f"  - {step}")

    def test_fire_of_nothing(self, tmp_path: Path) -> None:
        """The plane's own words say why."""
        sentence = failed(tmp_path, "  - {fire: fail, of: campaigns, id: cmp_zzz}")

        assert sentence.startswith("/steps/0: fail was refused: ") and "cmp_zzz" in sentence

    def test_fire_that_the_state_forbids(self, tmp_path: Path) -> None:
        """A lifecycle holds for scenarios, too."""
        sentence = failed(tmp_path, "  - {fire: fail, of: campaigns, id: cmp_completed001}")

        assert sentence.startswith("/steps/0: fail was refused: ") and "completed" in sentence

    def test_shift_to_the_end_of_time(self, tmp_path: Path) -> None:
        """A clock ends with the last year of four digits."""
        sentence = failed(tmp_path, "  - shift: P999999D\n" * 3)

        assert sentence.startswith("/steps/2: a clock ends at 9999-")

    @pytest.mark.parametrize("fault", ["reset", "empty", "truncated"])
    def test_connection_that_ends(self, tmp_path: Path, fault: str) -> None:
        """A recording has whole replies alone."""
        step = f"  - {{call: getCredits, headers: {{Prefer: fault={fault}}}, status: 200}}"

        assert "the connection ended without a whole reply (" in failed(tmp_path, step)

    def test_reply_that_is_no_json(self, tmp_path: Path) -> None:
        """There is nothing in it to keep."""
        step = (
            "  - {call: getCredits, headers: {Prefer: fault=malformed}, status: 200, keep: {a: /a}}"
        )

        assert "/steps/0: the reply has nothing at /a" in failed(tmp_path, step)

    @pytest.mark.parametrize("header", ['"X Try": a', '"": a', "X-Try: ã", 'X-Try: "a\\nX-B: b"'])
    def test_header_that_cannot_be_sent(self, tmp_path: Path, header: str) -> None:
        """HTTP has no such header."""
        step = f"  - {{call: getCredits, status: 200, headers: {{{header}}}}}"

        assert "/steps/0: no request can carry the header " in failed(tmp_path, step)

    def test_query_that_is_too_long(self, tmp_path: Path) -> None:
        """No client would send it."""
        step = f"  - {{call: listContacts, status: 200, query: {{list_id: {'x' * 70_000}}}}}"

        assert "/steps/0: URL too long" in failed(tmp_path, step)
