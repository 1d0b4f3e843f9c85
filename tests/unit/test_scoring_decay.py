"""The weights of age against decimals of high precision."""

from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from leadflow.core.scoring.decay import SCALE_BITS, STEPS, TABLE, rounded, weight
from leadflow.core.time import DAY, HOUR

ages = st.integers(min_value=0, max_value=400 * DAY)
half_lives = st.sampled_from([HOUR, 7 * DAY, 14 * DAY, 21 * DAY, 90 * DAY])


def exact(age: int, half_life: int) -> Decimal:
    """2^-(age / half_life), to sixty digits."""
    with localcontext() as context:
        context.prec = 60
        return Decimal(2) ** (-Decimal(age) / Decimal(half_life))


def test_the_table_holds_each_step_rounded_to_the_nearest() -> None:
    """Every entry is the integer next to 2^-(i/4096)."""
    with localcontext() as context:
        context.prec = 60
        for step in range(0, STEPS + 1, 97):
            true = Decimal(2) ** (SCALE_BITS - Decimal(step) / STEPS)
            assert abs(Decimal(TABLE[step]) - true) <= Decimal("0.5")


def test_whole_half_lives_are_exact() -> None:
    """After n half-lives exactly 2^-n is left, until nothing is."""
    for halvings in range(SCALE_BITS):
        assert weight(halvings * 7 * DAY, 7 * DAY) == 1 << (SCALE_BITS - halvings)
    assert weight(SCALE_BITS * 7 * DAY, 7 * DAY) == 0


@given(ages, half_lives)
def test_weights_lie_within_the_documented_bound(age: int, half_life: int) -> None:
    """Above the true value by less than 3.6e-9 of it, below it by no more than the last bit or two."""
    with localcontext() as context:
        context.prec = 60
        true = exact(age, half_life) * 2**SCALE_BITS
        error = Decimal(weight(age, half_life)) - true
        assert Decimal(-3) <= error <= true * Decimal("3.6e-9")


@given(ages, ages, half_lives)
def test_older_never_weighs_more(one: int, other: int, half_life: int) -> None:
    """Weights fall with age."""
    young, old = sorted((one, other))
    assert weight(young, half_life) >= weight(old, half_life)


@given(st.integers(min_value=-(2**120), max_value=2**120))
def test_rounding_is_symmetric_and_to_the_nearest(value: int) -> None:
    """Minus a value gives minus the result, and no more than half a unit is lost."""
    assert rounded(-value) == -rounded(value)
    assert abs((rounded(value) << SCALE_BITS) - value) * 2 <= 1 << SCALE_BITS
