"""What AgentMessage's review finds in a draft; what blocks there has a filed campaign rejected."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from understudy.core.yaml_io import read_yaml
from understudy.service import Resource

TEXTS = read_yaml(Path(__file__).with_name("review.yaml").read_bytes())
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


def findings(draft: Resource) -> list[Resource]:
    """What the review says of a draft: one finding for each check that it fails."""
    details = {id: find_detail(draft) for id, find_detail in CHECKS.items()}
    return [_finding(id, detail) for id, detail in details.items() if detail]


def _finding(id: str, detail: str) -> Resource:
    texts = dict(TEXTS[id])
    fix = texts.pop("suggested_fix")
    return {"id": id, **texts, "detail": detail, "suggested_fix": fix, "source": "deterministic"}


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


# What is wrong with a draft ("" when nothing is), by the id of the check in review.yaml; in the
# order in which findings are listed.
CHECKS: Mapping[str, Callable[[Resource], str]] = {
    "missing-brand-id": _missing("brand_id"),
    "missing-usecase": _missing("usecase"),
    "missing-description": _missing("description"),
    "missing-message-flow": _missing("message_flow"),
    "missing-sample": _no_sample,
    "missing-stop-keyword": _no_keyword("subscriber_optout", "optout_keywords", "STOP"),
    "missing-help-keyword": _no_keyword("subscriber_help", "help_keywords", "HELP"),
    "privacy-policy-unreachable": _unreachable("privacy_policy_link", "The privacy policy"),
    "terms-unreachable": _unreachable("terms_and_conditions_link", "The page of the terms"),
    "undeclared-link": _undeclared_link,
    "link-shortener": _shortener,
    "undeclared-phone": _undeclared_phone,
    "age-gate-missing": _age_gate_missing,
    "prohibited-content": _prohibited,
    "privacy-policy-missing": _absent("privacy_policy_link", "privacy_policy_link"),
    "vague-description": _vague("description"),
    "vague-message-flow": _vague("message_flow"),
    "frequency-missing": _unsaid("frequency"),
    "rates-missing": _unsaid("data rates"),
    "optout-not-in-samples": _no_stop,
    "direct-lending-missing": _lending,
    "terms-missing": _absent("terms_and_conditions_link", "terms_and_conditions_link"),
    "single-sample": _single_sample,
    "help-message-missing": _no_help,
    "unused-link-toggle": _unused_link,
}
