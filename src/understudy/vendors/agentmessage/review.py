"""What AgentMessage's review finds in a draft; what blocks there has a filed campaign rejected."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from understudy.service import Resource

SAMPLES = [f"sample{number}" for number in range(1, 6)]
VAGUE = 40
SHORTENERS = ["bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd"]
SHORTENER = re.compile(
    rf"(?<![\w.-])({'|'.join(map(re.escape, SHORTENERS))})(?![\w-]|\.\w)", re.IGNORECASE
)
LINK = re.compile(r"https?://\S|(?<![\w.-])www\.\w", re.IGNORECASE)
PHONE = re.compile(
    r"(?<![\w/+.-])(\+\d{8,15}|(\+?1[ .-]?)?\(?\d{3}\)?[ .-]?\d{3}[ .-]?\d{4})(?!\w)"
)
ADULT = ["alcohol", "beer", "wine", "liquor", "tobacco", "vape"]
PROHIBITED = ["cannabis", "marijuana", "cbd", "kratom", "payday loan", "debt forgiveness"]
HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:[^/?#@]*@)?([^/?#:@]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Check:
    """One thing that the review looks for.

    Attributes:
        detail: what is wrong with a draft, "" when nothing is.
    """

    id: str
    severity: str
    category: str
    field: str
    title: str
    fix: str
    detail: Callable[[Resource], str]


def findings(draft: Resource) -> list[Resource]:
    """What the review says of a draft: one finding for each check that it fails."""
    found = []
    for check in CHECKS:
        detail = check.detail(draft)
        if detail:
            found.append(_finding(check, detail))
    return found


def _finding(check: Check, detail: str) -> Resource:
    return {
        "id": check.id,
        "severity": check.severity,
        "category": check.category,
        "field": check.field,
        "title": check.title,
        "detail": detail,
        "suggested_fix": check.fix,
        "source": "deterministic",
    }


def blockers(campaign: Resource) -> list[str]:
    """Why the carriers reject a campaign; empty when they do not."""
    return [each["detail"] for each in findings(campaign) if each["severity"] == "block"]


def keywords(draft: Resource, member: str) -> set[str]:
    """The keywords that a member lists, in upper case."""
    return {word.strip().upper() for word in text(draft, member).split(",")}


def samples(draft: Resource) -> dict[str, str]:
    """The sample messages that hold a text, by member."""
    return {name: text(draft, name) for name in SAMPLES if text(draft, name).strip()}


def text(draft: Resource, member: str) -> str:
    """A member's text, "" when it has none."""
    value = draft.get(member)
    return value if isinstance(value, str) else ""


def is_unreachable(address: str) -> bool:
    """Whether the host of a URL or e-mail address is one that can never be reached."""
    found = HOST.match(address.strip())
    return found is not None and found[1].lower().rstrip(".").endswith(".invalid")


def _missing(member: str) -> Callable[[Resource], str]:
    return lambda draft: "" if text(draft, member).strip() else f"{member} is missing."


def _no_sample(draft: Resource) -> str:
    return "" if samples(draft) else "None of sample1 to sample5 holds a text."


def _no_keyword(flag: str, member: str, keyword: str) -> Callable[[Resource], str]:
    def detail(draft: Resource) -> str:
        if draft.get(flag) is not True or keyword in keywords(draft, member):
            return ""
        return f"{flag} is true, but {member} does not include {keyword}."

    return detail


def _unreachable(member: str, what: str) -> Callable[[Resource], str]:
    def detail(draft: Resource) -> str:
        link = text(draft, member)
        web = link.lower().startswith(("http://", "https://"))
        fails = link and (not web or is_unreachable(link))
        return f"{what} at {link} cannot be reached." if fails else ""

    return detail


def _sample_with(pattern: re.Pattern[str], draft: Resource) -> tuple[str, re.Match[str]] | None:
    """The first sample in which a pattern is found, and what is found there."""
    for name, sample in samples(draft).items():
        found = pattern.search(sample)
        if found is not None:
            return name, found
    return None


def _undeclared_link(draft: Resource) -> str:
    found = _sample_with(LINK, draft) or _sample_with(SHORTENER, draft)
    if found is None or draft.get("embedded_link") is True:
        return ""
    return f"{found[0]} holds a link, but embedded_link is not true."


def _shortener(draft: Resource) -> str:
    found = _sample_with(SHORTENER, draft)
    return f"{found[0]} uses {found[1][1].lower()}, a public link shortener." if found else ""


def _undeclared_phone(draft: Resource) -> str:
    found = _sample_with(PHONE, draft)
    if found is None or draft.get("embedded_phone") is True:
        return ""
    return f"{found[0]} holds a phone number, but embedded_phone is not true."


def _mentioned(words: list[str], draft: Resource) -> str:
    """The first of these words that the draft's texts hold, "" for none."""
    said = " ".join([text(draft, "description"), text(draft, "message_flow")])
    said = " ".join([said, *samples(draft).values()])
    found = re.search(rf"\b({'|'.join(words)})s?\b", said, re.IGNORECASE)
    return found[1].lower() if found else ""


def _age_gate_missing(draft: Resource) -> str:
    word = _mentioned(ADULT, draft)
    return f'It mentions "{word}", but age_gated is not true.' if word and not _adult(draft) else ""


def _adult(draft: Resource) -> bool:
    return draft.get("age_gated") is True


def _prohibited(draft: Resource) -> str:
    word = _mentioned(PROHIBITED, draft)
    return f'It mentions "{word}", which carriers do not carry.' if word else ""


def _lending(draft: Resource) -> str:
    lends = _mentioned(["loan"], draft) and draft.get("direct_lending") is not True
    return 'It mentions "loan", but direct_lending is not true.' if lends else ""


def _absent(member: str, what: str) -> Callable[[Resource], str]:
    return lambda draft: "" if text(draft, member) else f"There is no {what}."


def _vague(member: str) -> Callable[[Resource], str]:
    def detail(draft: Resource) -> str:
        length = len(text(draft, member).strip())
        return f"{member} has only {length} characters." if 0 < length < VAGUE else ""

    return detail


def _unsaid(phrase: str) -> Callable[[Resource], str]:
    def detail(draft: Resource) -> str:
        said = f"{text(draft, 'message_flow')} {text(draft, 'optin_message')}".lower()
        return "" if phrase in said else f'Neither opt-in text mentions "{phrase}".'

    return detail


def _no_stop(draft: Resource) -> str:
    told = [sample for sample in samples(draft).values() if re.search(r"\bSTOP\b", sample)]
    return "" if told or not samples(draft) else "No sample says how to opt out."


def _single_sample(draft: Resource) -> str:
    return "There is only one sample." if len(samples(draft)) == 1 else ""


def _no_help(draft: Resource) -> str:
    silent = draft.get("subscriber_help") is True and not text(draft, "help_message")
    return "subscriber_help is true, but there is no help_message." if silent else ""


def _unused_link(draft: Resource) -> str:
    linked = _sample_with(LINK, draft) or text(draft, "embedded_link_sample")
    unused = draft.get("embedded_link") is True and not linked
    return "embedded_link is true, but no sample holds a link." if unused else ""


FIELDS = "required_fields"
WORDS = "required_language"
PAGES = "policy_pages"
TOGGLES = "content_toggles"
# In the order in which findings are told.
CHECKS = (
    Check(
        "missing-brand-id",
        "block",
        FIELDS,
        "brand_id",
        "The brand is missing",
        "Name a verified brand of the organization.",
        _missing("brand_id"),
    ),
    Check(
        "missing-usecase",
        "block",
        FIELDS,
        "usecase",
        "The use case is missing",
        "Say what the messages are for, e.g. MARKETING.",
        _missing("usecase"),
    ),
    Check(
        "missing-description",
        "block",
        FIELDS,
        "description",
        "The description is missing",
        "Say who sends what to whom.",
        _missing("description"),
    ),
    Check(
        "missing-message-flow",
        "block",
        FIELDS,
        "message_flow",
        "The message flow is missing",
        "Say how subscribers opt in.",
        _missing("message_flow"),
    ),
    Check(
        "missing-sample",
        "block",
        "samples",
        "sample1",
        "There is no sample message",
        "Give at least one message as it will be sent.",
        _no_sample,
    ),
    Check(
        "missing-stop-keyword",
        "block",
        WORDS,
        "optout_keywords",
        "The STOP keyword is missing",
        "Add STOP to optout_keywords.",
        _no_keyword("subscriber_optout", "optout_keywords", "STOP"),
    ),
    Check(
        "missing-help-keyword",
        "block",
        WORDS,
        "help_keywords",
        "The HELP keyword is missing",
        "Add HELP to help_keywords.",
        _no_keyword("subscriber_help", "help_keywords", "HELP"),
    ),
    Check(
        "privacy-policy-unreachable",
        "block",
        PAGES,
        "privacy_policy_link",
        "The privacy policy cannot be reached",
        "Link a public page.",
        _unreachable("privacy_policy_link", "The privacy policy"),
    ),
    Check(
        "terms-unreachable",
        "block",
        PAGES,
        "terms_and_conditions_link",
        "The terms cannot be reached",
        "Link a public page.",
        _unreachable("terms_and_conditions_link", "The page of the terms"),
    ),
    Check(
        "undeclared-link",
        "block",
        TOGGLES,
        "embedded_link",
        "A sample holds a link that is not declared",
        "Set embedded_link to true, or take the link out of the sample.",
        _undeclared_link,
    ),
    Check(
        "link-shortener",
        "block",
        TOGGLES,
        "embedded_link",
        "A sample uses a public link shortener",
        "Use a link of the brand's own domain.",
        _shortener,
    ),
    Check(
        "undeclared-phone",
        "block",
        TOGGLES,
        "embedded_phone",
        "A sample holds a phone number that is not declared",
        "Set embedded_phone to true, or take the number out of the sample.",
        _undeclared_phone,
    ),
    Check(
        "age-gate-missing",
        "block",
        TOGGLES,
        "age_gated",
        "The content is for adults, but not age-gated",
        "Set age_gated to true and ask subscribers for their age.",
        _age_gate_missing,
    ),
    Check(
        "prohibited-content",
        "block",
        "content",
        "description",
        "The content is prohibited",
        "Leave it out; no carrier takes it.",
        _prohibited,
    ),
    Check(
        "privacy-policy-missing",
        "warn",
        PAGES,
        "privacy_policy_link",
        "There is no privacy policy",
        "Link the page of the privacy policy.",
        _absent("privacy_policy_link", "privacy_policy_link"),
    ),
    Check(
        "vague-description",
        "warn",
        FIELDS,
        "description",
        "The description is vague",
        "Say who sends what to whom, and why.",
        _vague("description"),
    ),
    Check(
        "vague-message-flow",
        "warn",
        FIELDS,
        "message_flow",
        "The message flow is vague",
        "Say where and how subscribers opt in.",
        _vague("message_flow"),
    ),
    Check(
        "frequency-missing",
        "warn",
        WORDS,
        "message_flow",
        "The message frequency is not disclosed",
        "Say how often messages come, e.g. Message frequency varies.",
        _unsaid("frequency"),
    ),
    Check(
        "rates-missing",
        "warn",
        WORDS,
        "message_flow",
        "The cost is not disclosed",
        "Add: Message and data rates may apply.",
        _unsaid("data rates"),
    ),
    Check(
        "optout-not-in-samples",
        "warn",
        "samples",
        "sample1",
        "No sample tells how to opt out",
        "End a sample with: Reply STOP to opt out.",
        _no_stop,
    ),
    Check(
        "direct-lending-missing",
        "warn",
        TOGGLES,
        "direct_lending",
        "The content is about lending, but not declared so",
        "Set direct_lending to true.",
        _lending,
    ),
    Check(
        "terms-missing",
        "info",
        PAGES,
        "terms_and_conditions_link",
        "There is no page of terms",
        "Link the page of the terms.",
        _absent("terms_and_conditions_link", "terms_and_conditions_link"),
    ),
    Check(
        "single-sample",
        "info",
        "samples",
        "sample2",
        "There is only one sample",
        "Give a second one.",
        _single_sample,
    ),
    Check(
        "help-message-missing",
        "info",
        WORDS,
        "help_message",
        "There is no help message",
        "Answer HELP with the brand's name and a contact.",
        _no_help,
    ),
    Check(
        "unused-link-toggle",
        "info",
        TOGGLES,
        "embedded_link",
        "Links are declared, but not shown",
        "Show a link in a sample, or set embedded_link to false.",
        _unused_link,
    ),
)
