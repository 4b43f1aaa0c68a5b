"""What is said to people: on standard error, so that standard output stays clean for scripts."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """One line of talk."""
    print(text, file=sys.stderr, flush=True)


def complain(message: str, remedy: str = "") -> None:
    """What went wrong, and what to do about it."""
    say(f"fullwell: {message}")
    if remedy:
        say(f"  {remedy}")
