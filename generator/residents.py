"""Models that are held at once: the least recently used is given up when another needs the room.

Knows what a model weighs, and nothing else of it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar


class Resident(Protocol):
    """A loaded model."""

    @property
    def bytes_held(self) -> int: ...

    def close(self) -> None: ...


Model = TypeVar("Model", bound=Resident)


class Residents(Generic[Model]):
    """Loaded models by name, the least recently used given up first when another needs the room."""

    def __init__(self, budget: Callable[[], int]) -> None:
        """budget: bytes that models may hold together, asked anew each time."""
        self._budget = budget
        self._held: OrderedDict[str, Model] = OrderedDict()

    def get(self, name: str, needed: int, open_: Callable[[], Model]) -> Model:
        """The model of that name, opened if it is not held; others leave until it has `needed` bytes for its work.

        Those are its weights' and more: another that came since it was opened may have taken what it works with.
        """
        while self._others(name) + needed > self._budget() and len(self._held) > (
            name in self._held
        ):
            oldest = next(held for held in self._held if held != name)
            self._held.pop(oldest).close()
        if name not in self._held:
            self._held[name] = open_()
        self._held.move_to_end(name)
        return self._held[name]

    def __contains__(self, name: str) -> bool:
        return name in self._held

    def __iter__(self) -> Iterator[str]:
        """Their names, the least recently used first."""
        return iter(self._held)

    def drop(self, name: str) -> None:
        """Give that one back, if it is held."""
        if name in self._held:
            self._held.pop(name).close()

    def release(self) -> None:
        """Give everything back."""
        while self._held:
            self._held.popitem(last=False)[1].close()

    def _others(self, name: str) -> int:
        return sum(model.bytes_held for held, model in self._held.items() if held != name)
