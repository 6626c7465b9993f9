"""Secret values: how they are spelled in text, and what replaces them there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from urllib.parse import quote, quote_plus

from understudy.redaction.masks import MASK_PATTERN, NO_OWNERS, make_mask

# Shorter text is not searched for: it would be found in ordinary words.
MIN_LENGTH = 6
# Still shorter ones are searched for only in the exchange that carried them.
MIN_LASTING_LENGTH = 8
# How many secrets of one message, and of earlier exchanges, are searched for in all text. Where a
# message has more, each is masked in its own place only.
MAX_SEARCHED = 200
# How much of a message can stand between the beginning of a secret and where it was cut off.
MAX_CUT = 300
# The short escapes of JSON.
SHORT_ESCAPES = {
    **{'"': '"', "\\": "\\", "/": "/", "\b": "b"},
    **{"\f": "f", "\n": "n", "\r": "r", "\t": "t"},
}


class KnownSecrets:
    """Secrets that are searched for in every exchange.

    Args:
        permanent: secrets that are never forgotten; of those added later, the latest are kept.
    """

    def __init__(self, permanent: Iterable[str] = ()) -> None:
        self._permanent = {
            each: spellings_of(each) for each in permanent if len(each) >= MIN_LENGTH
        }
        self._latest: dict[str, frozenset[str]] = {}

    def spellings(self) -> dict[str, frozenset[str]]:
        """Each secret with the ways in which it may be spelled, in lower case."""
        return {**self._permanent, **self._latest}

    def add(self, secret: str) -> None:
        """Keep a secret; the one that was not met for longest goes when there are too many."""
        if len(secret) < MIN_LASTING_LENGTH or secret in self._permanent:
            return
        self._latest.pop(secret, None)
        self._latest[secret] = spellings_of(secret)
        if len(self._latest) > MAX_SEARCHED:
            del self._latest[next(iter(self._latest))]


class SecretValues:
    """The secrets that are searched for in one exchange.

    Args:
        owners: secret -> name of the account to which it belongs.
        known: secrets of earlier exchanges; takes those of this one, too.
    """

    def __init__(
        self, owners: Mapping[str, str] = NO_OWNERS, known: KnownSecrets | None = None
    ) -> None:
        self._owners = owners
        self._known = known
        self._spellings = known.spellings() if known is not None else {}

    @property
    def are_ascii(self) -> bool:
        """Whether all secrets are ASCII."""
        return all(secret.isascii() for secret in self._spellings)

    def add(self, secrets: Iterable[str]) -> None:
        """Search for these, too, unless they are too short or masks.

        Of one message, at most `MAX_SEARCHED` different ones are added.
        """
        met: set[str] = set()
        for secret in secrets:
            if secret in met or not _is_searchable(secret):
                continue
            if len(met) == MAX_SEARCHED:
                break
            met.add(secret)
            if secret not in self._spellings:
                self._spellings[secret] = spellings_of(secret)
            if self._known is not None:
                self._known.add(secret)

    def __len__(self) -> int:
        return len(self._spellings)

    def __contains__(self, value: str) -> bool:
        """Whether a whole value is one of the secrets."""
        return value in self._spellings

    def mask_for(self, secret: str) -> str:
        """The mask that replaces a value; names the account to which it belongs."""
        return make_mask(self._owners.get(secret, ""))

    def occur_in(self, text: str) -> bool:
        """Whether text contains a secret."""
        lowered = text.lower()
        # A search for each is faster than one for all of them.
        for spellings in self._spellings.values():
            for spelling in spellings:
                if spelling in lowered:
                    return True
        return False

    def mask(self, text: str) -> str:
        """Text without the secrets."""
        return self.masker(text)(text) if self.occur_in(text) else text

    def masker(self, text: str) -> Callable[[str], str]:
        """A function that masks the secrets of this text, in it and in each part of it."""
        lowered = text.lower()
        masks = {
            spelling: self.mask_for(secret)
            for secret, spellings in self._spellings.items()
            for spelling in spellings
            if spelling in lowered
        }
        if not masks:
            return str
        # The longest first: one secret may begin another.
        longest = sorted(masks, key=lambda each: (-len(each), each))
        pattern = re.compile("|".join(map(re.escape, longest)), re.IGNORECASE)

        def mask_match(found: re.Match[str]) -> str:
            # The same text in another case may be somebody else's secret.
            if found[0] in self._owners:
                return self.mask_for(found[0])
            # Some characters match others without being their lower case.
            return masks.get(found[0].lower(), make_mask())

        return lambda part: pattern.sub(mask_match, part)


def _is_searchable(secret: str) -> bool:
    return len(secret) >= MIN_LENGTH and not MASK_PATTERN.search(secret)


@lru_cache(maxsize=1024)
def spellings_of(secret: str) -> frozenset[str]:
    """A secret as it may be written in text, in lower case: as it is, in URLs, JSON and UTF-8."""
    plain = {secret, _as_utf8(secret)}
    urls = {way(each) for each in plain for way in (quote, quote_plus, _quote_all)}
    written = {json.dumps(each, ensure_ascii=way)[1:-1] for each in plain for way in (True, False)}
    spelled = {*plain, *urls, *written, *(each.replace("/", "\\/") for each in written)}
    forms = (form for each in spelled for form in (each, _as_latin1(each)))
    return frozenset(each.lower() for each in forms)


def _quote_all(text: str) -> str:
    return quote(text, safe="")


def _as_utf8(text: str) -> str:
    """A header's text, which is read as Latin-1, as its sender may have meant it."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _as_latin1(text: str) -> str:
    """Text as it looks in UTF-8 bytes that are read as Latin-1."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def spelling_pattern(secrets: Iterable[str]) -> str:
    """A regular expression for secrets in messages, however each character is written.

    It is slower than `spellings_of`, but finds any mixture of escapes, and secrets that were cut
    off ("abcdef..."), as in output that somebody else wrote.
    """
    # The longest first: one secret may begin another.
    kept = sorted({s for s in secrets if len(s) >= MIN_LENGTH}, key=len, reverse=True)
    cut = [
        rf'{_any_spelling(each[:MIN_LENGTH])}[^"\n]{{0,{MAX_CUT}}}?\.\.\.'
        for each in kept
        if len(each) > MIN_LENGTH
    ]
    return "|".join([*map(_any_spelling, kept), *cut]) or "(?!)"


def _any_spelling(secret: str) -> str:
    return "".join(map(_any_spelling_of_character, secret))


def _any_spelling_of_character(character: str) -> str:
    """A pattern for each way in which JSON, JSON within JSON, or a URL may write a character."""
    units = character.encode("utf-16-be")
    pairs = (units[at : at + 2].hex() for at in range(0, len(units), 2))
    ways = [
        re.escape(character),
        "".join(rf"\\+u(?i:{each})" for each in pairs),
        "".join(f"%(?i:{each:02x})" for each in character.encode()),
    ]
    if character in SHORT_ESCAPES:
        ways.append(rf"\\+{re.escape(SHORT_ESCAPES[character])}")
    if character == " ":
        ways.append(r"\+")
    return f"(?:{'|'.join(ways)})"
