"""The parts of the loader stand one upon the other: none of them names, even as a type only, what names it."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

from renkei.demo import loading

ROOM = Path(loading.__file__).parent
NAME = loading.__name__


def _named_by(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text()))
    modules = {n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)}
    return {m.removeprefix(f"{NAME}.") for m in modules if m.startswith(f"{NAME}.")}


def test_no_two_parts_of_the_loader_need_each_other() -> None:
    needs = {path.stem: _named_by(path) for path in ROOM.glob("*.py")}
    assert "written" in needs["trail"]
    order = list(TopologicalSorter(needs).static_order())
    assert order.index("written") < order.index("referrals")
