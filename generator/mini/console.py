"""Lines of progress on standard output, seen at once even where it is a file."""

import sys


def say(message: str) -> None:
    """Write a line and flush it."""
    sys.stdout.write(message + "\n")
    sys.stdout.flush()
