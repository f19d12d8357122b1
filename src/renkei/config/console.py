"""Words for the person at the terminal, in Japanese where the terminal speaks it, else in English."""

from __future__ import annotations

import os
import sys


def speaks_japanese() -> bool:
    """Whether the terminal's locale (LC_ALL, LC_MESSAGES, LANG, in the order of POSIX) is Japanese."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name, ""):
            return value.lower().startswith("ja")
    return False


def pick(japanese: str, english: str) -> str:
    """The sentence in the language of the terminal."""
    return japanese if speaks_japanese() else english


def show(text: str) -> None:
    """Print one line to standard output at once, so that progress is seen while a step still runs."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say(japanese: str, english: str) -> None:
    """Print one line in the language of the terminal."""
    show(pick(japanese, english))


def complain(problem: str) -> None:
    """Print one line to standard error."""
    sys.stderr.write(f"{problem}\n")
    sys.stderr.flush()


class Trouble(Exception):
    """Something the person running Renkei has to mend: what is wrong, where, and the remedy, in both
    languages."""

    def __init__(self, japanese: str, english: str) -> None:
        super().__init__(pick(japanese, english))
        self.japanese = japanese
        self.english = english
