"""Ids and example data, all derived from one seed."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faker import Faker

ALPHANUMERIC = string.ascii_uppercase + string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True)
class FakesState:
    """Where the sequences of a session stand; `faker` is None until Faker was needed."""

    ids: tuple[Any, ...]
    faker: tuple[Any, ...] | None = None


class Fakes:
    """The one source of invented values in a session; the same seed gives the same sequence."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    @cached_property
    def random(self) -> random.Random:
        """What everything is drawn from; made when first asked for, it is not small."""
        return random.Random(self.seed)

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
