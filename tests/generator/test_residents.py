"""Models that are held at once."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from shotwright.generator.residents import Residents


class Held:
    """A model that only weighs something."""

    def __init__(self, weight: int) -> None:
        self.bytes_held, self.closed = weight, False

    def close(self) -> None:
        self.closed = True


def test_the_least_recently_used_model_leaves_first() -> None:
    residents: Residents[Held] = Residents(lambda: 10)
    models = {name: Held(4) for name in "abc"}
    for name in ("a", "b", "a", "c"):
        residents.get(name, 4, lambda name=name: models[name])  # type: ignore[misc]
    assert [models[n].closed for n in "abc"] == [False, True, False]
    assert "a" in residents and "b" not in residents
    residents.release()
    assert all(models[n].closed for n in "abc") and "a" not in residents


def test_a_model_that_is_held_has_room_for_its_work_again() -> None:
    residents: Residents[Held] = Residents(lambda: 10)
    first, second = Held(4), Held(4)
    residents.get("a", 6, lambda: first)
    residents.get("b", 6, lambda: second)
    assert not first.closed, "both weights fit beside the work of one"
    residents.get("a", 7, lambda: first)
    assert second.closed and not first.closed and list(residents) == ["a"]
    residents.get("a", 99, lambda: first)
    assert not first.closed, "nobody is left to go"


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 6)), max_size=12))
def test_models_together_never_weigh_more_than_there_is(uses: list[tuple[str, int]]) -> None:
    residents: Residents[Held] = Residents(lambda: 8)
    weights = dict(itertools.islice(dict(uses).items(), 4))
    held = {name: Held(weight) for name, weight in weights.items()}
    for name, _ in uses:
        residents.get(name, weights[name], lambda name=name: held[name])  # type: ignore[misc]
        assert sum(h.bytes_held for n, h in held.items() if n in residents) <= 8
