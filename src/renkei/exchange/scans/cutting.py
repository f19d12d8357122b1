"""Where one paper ends and the next begins, from what was seen on each page. Plain values; no file, no row.

A page with a code is a paper; the pages without one behind it are a paper of their own, until the next code. They may continue
it or be anybody's, so no page without a code is ever filed by itself; a person is shown what lay before it. A form of ours whose
code cannot be read begins a paper, too: it is somebody else's answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from renkei.exchange.scans.reading import Seen


@dataclass(frozen=True)
class Paper:
    """Pages ``first`` to ``last`` (from 0) and the codes seen on them; ``unreadable`` is a form whose code is gone.

    ``follows`` are pages without a code right behind one that has one.
    """

    first: int
    last: int
    codes: tuple[str, ...] = ()
    unreadable: bool = False
    follows: bool = False


def cut(pages: Sequence[Seen]) -> list[Paper]:
    """The papers of a file, in order."""
    papers: list[Paper] = []
    for number, page in enumerate(pages):
        if page.codes or page.form or not papers:
            papers.append(Paper(number, number, page.codes, page.form and not page.codes))
        elif papers[-1].codes:
            papers.append(Paper(number, number, follows=True))
        else:
            papers[-1] = replace(papers[-1], last=number)
    return papers


def joined(papers: Sequence[Paper], asks_for_nothing: Sequence[bool], owners: Sequence[int]) -> list[Paper]:
    """A cover that was faxed back with the form belongs to the form: neighbours of the same referral become one paper.

    ``asks_for_nothing`` are papers whose code names a referral but no kind; ``owners`` their referrals, 0 for none.
    """
    made: list[tuple[Paper, bool, int]] = []
    for paper, vague, owner in zip(papers, asks_for_nothing, owners, strict=True):
        if made and owner and made[-1][2] == owner and (vague or made[-1][1]):
            before, was_vague, _owner = made[-1]
            codes = before.codes if vague and not was_vague else paper.codes if was_vague else before.codes
            made[-1] = (Paper(before.first, paper.last, codes), vague and was_vague, owner)
        else:
            made.append((paper, vague, owner))
    return [paper for paper, _vague, _owner in made]
