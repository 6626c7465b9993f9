"""Ids and example data: well-formed, and the same again from the same seed."""

from __future__ import annotations

import subprocess
import sys
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.core.fakes import ALPHANUMERIC, Fakes

seeds = st.integers(0, 2**64)


def drawn(fakes: Fakes) -> list[str]:
    """One value of every kind."""
    return [fakes.uuid(), fakes.token(12), fakes.faker.name(), fakes.faker.email(), fakes.uuid()]


@given(seeds)
def test_a_uuid_is_of_version_4(seed: int) -> None:
    """Version and variant bits are set, and the text is the canonical one."""
    text = Fakes(seed).uuid()

    parsed = UUID(text)

    assert (parsed.version, parsed.variant, str(parsed)) == (4, RFC_4122, text)


def test_uuids_do_not_repeat() -> None:
    """A thousand ids in a row differ."""
    fakes = Fakes(0)

    assert len({fakes.uuid() for _ in range(1_000)}) == 1_000


@settings(deadline=None)
@given(seeds)
def test_the_same_seed_gives_the_same_sequence(seed: int) -> None:
    """Two sources with one seed give the same values in the same order."""
    assert drawn(Fakes(seed)) == drawn(Fakes(seed))


def test_another_seed_gives_other_values() -> None:
    """No value of one seed is that of the next."""
    one, other = drawn(Fakes(1)), drawn(Fakes(2))

    assert not set(one) & set(other)


def test_a_source_remembers_its_seed() -> None:
    """The seed can be shown to whoever wants the same values again."""
    assert Fakes(42).seed == 42


@given(seeds, st.integers(0, 40), st.text(min_size=1))
def test_a_token_is_drawn_from_its_alphabet(seed: int, length: int, alphabet: str) -> None:
    """It has the length asked for and no foreign character."""
    token = Fakes(seed).token(length, alphabet)

    assert len(token) == length
    assert set(token) <= set(alphabet)


def test_a_token_is_alphanumeric_by_default() -> None:
    """Letters of both cases and digits are what tokens are made of."""
    token = Fakes(0).token(10_000)

    assert set(token) == set(ALPHANUMERIC)


def test_faker_is_made_once() -> None:
    """The second name does not repeat the first."""
    fakes = Fakes(0)

    assert fakes.faker is fakes.faker
    assert fakes.faker.name() != fakes.faker.name()


def test_faker_is_not_loaded_for_ids() -> None:
    """Who only needs ids does not wait for Faker's import."""
    script = (
        "import sys; from understudy.core.fakes import Fakes; Fakes(0).uuid(); "
        "sys.exit('faker' in sys.modules)"
    )

    finished = subprocess.run([sys.executable, "-c", script], check=False)

    assert finished.returncode == 0


@settings(deadline=None, max_examples=25)
@given(seeds, st.booleans())
def test_restored_sequences_go_on_from_where_they_stood(seed: int, invented: bool) -> None:
    """Ids and names come again as they came, whether or not Faker was needed before."""
    fakes = Fakes(seed)
    if invented:
        fakes.faker.name()
    state = fakes.snapshot()
    first = drawn(fakes)

    fakes.restore(state)

    assert drawn(fakes) == first


def test_another_source_goes_on_the_same_way() -> None:
    """The state is all there is to know, whatever the seed."""
    fakes, other = Fakes(1), Fakes(2)
    fakes.faker.name()

    other.restore(fakes.snapshot())

    assert drawn(other) == drawn(fakes)


def test_a_restore_forgets_a_faker_that_came_later() -> None:
    """A Faker is seeded from the sequence; one that was not there yet is made anew."""
    fakes = Fakes(1)
    state = fakes.snapshot()
    first = fakes.faker.name()

    fakes.restore(state)

    assert fakes.snapshot() == state
    assert fakes.faker.name() == first


def test_a_snapshot_draws_nothing() -> None:
    """Looking does not move a sequence, and does not load Faker."""
    fakes = Fakes(1)

    fakes.snapshot()

    assert "faker" not in vars(fakes)
    assert fakes.uuid() == Fakes(1).uuid()


@pytest.mark.parametrize("drawn", [0, 1, 7, 300])
def test_a_folded_sequence_goes_on(drawn: int) -> None:
    """Folding takes nothing from what comes next, however much was drawn before."""
    folded, plain = Fakes(7), Fakes(7)
    before = [(folded.token(3), plain.token(3)) for _ in range(drawn)]

    folded.fold()

    after = [(folded.uuid(), plain.uuid()) for _ in range(200)]
    assert all(one == other for one, other in [*before, *after])


def test_a_folded_sequence_takes_no_service() -> None:
    """What was drawn is known from a number."""
    fakes = Fakes(7)
    fakes.uuid()

    fakes.fold()

    assert "random" not in vars(fakes)
