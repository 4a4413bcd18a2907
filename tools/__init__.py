"""What can be asked: one module a verb, the same function behind every way in.

From Python: `from shotwright.tools import Studio` (or AsyncStudio).  They are loaded when they are named, so that
importing this package loads nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shotwright.tools.client import AsyncStudio, Studio

__all__ = ["AsyncStudio", "Studio"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from shotwright.tools import client

    return getattr(client, name)
