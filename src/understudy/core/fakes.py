"""Ids and example data, all derived from one seed."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faker import Faker

ALPHANUMERIC = string.ascii_uppercase + string.ascii_lowercase + string.digits


@lru_cache(maxsize=16)
def _first_words(seed: int) -> tuple[int, ...]:
    """The words that a sequence of this seed draws from until all of them are used up."""
    begun = random.Random(seed)
    begun.getrandbits(32)
    words: tuple[int, ...] = begun.getstate()[1]
    return words[:-1]


@dataclass(frozen=True, slots=True)
class FakesState:
    """Where the sequences of a session stand; `faker` is None until Faker was needed."""

    ids: tuple[Any, ...]
    faker: tuple[Any, ...] | None = None


class Fakes:
    """The one source of invented values in a session; the same seed gives the same sequence."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._drawn = 0

    @cached_property
    def random(self) -> random.Random:
        """What everything is drawn from; made when it is asked for, it is not small."""
        made = random.Random(self.seed)
        made.getrandbits(32 * self._drawn)
        return made

    def fold(self) -> None:
        """Keep only how far the sequence has come, where that says all: it takes no room then."""
        if "random" not in self.__dict__:
            return
        _, words, spare = self.random.getstate()
        if spare is None and words[:-1] == _first_words(self.seed):
            self._drawn = words[-1]
            del self.random

    def uuid(self) -> str:
        """A version 4 UUID in its canonical text form."""
        bits = self.random.getrandbits(128)
        bits = bits & ~(0xF << 76) | (0x4 << 76)
        bits = bits & ~(0x3 << 62) | (0x2 << 62)
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def token(self, length: int, alphabet: str = ALPHANUMERIC) -> str:
        """A string of `length` characters drawn from the alphabet."""
        return "".join(self.random.choices(alphabet, k=length))

    def snapshot(self) -> FakesState:
        """Where the sequences stand."""
        loaded = "faker" in self.__dict__
        return FakesState(self.random.getstate(), self.faker.random.getstate() if loaded else None)

    def restore(self, state: FakesState) -> None:
        """Go on from where sequences stood."""
        self.__dict__.pop("faker", None)
        if state.faker is not None:
            self.faker.random.setstate(state.faker)
        # Last: making a Faker draws from the sequence.
        self.random.setstate(state.ids)

    @cached_property
    def faker(self) -> Faker:
        """Faker, seeded from the same sequence; loaded when first asked for, it is large."""
        from faker import Faker

        faker = Faker("en_US")
        faker.seed_instance(self.random.getrandbits(64))
        return faker
