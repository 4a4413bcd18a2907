"""What can be asked: one module a verb, the same function behind every way in."""
