"""The part of the documentation that the code itself knows: ``docs/generated``, made by ``make docs``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

from renkei.gate.actions import registry
from renkei.gate.permissions import matrix
from renkei.kernel.roles import Role
from renkei.kernel.workflow import Move, Workflow
from renkei.referrals.registry import all_kinds

HEAD = "<!-- Made by `make docs` from the code. Change the code, not this file. -->\n\n"


def pages() -> dict[str, str]:
    """File name → text of every generated page."""
    made = {
        "workflows.md": workflows(),
        "permissions.md": permissions(),
        "urls.md": urls(),
        "models.md": models(),
        "actions.md": actions(),
    }
    return {name: HEAD + text.rstrip() + "\n" for name, text in made.items()}


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a ``|`` inside a cell is kept as text."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(str(c).replace("|", "\\|") for c in line) + " |" for line in lines)


def workflows() -> str:
    """Every workflow once, with the kinds that use it."""
    users: dict[str, list[str]] = {}
    tables: dict[str, Workflow] = {}
    for kind in all_kinds():
        users.setdefault(kind.workflow.name, []).append(f"{kind.label} (`{kind.key}`)")
        tables[kind.workflow.name] = kind.workflow
    parts = ["# Workflows\n"]
    for name in sorted(tables):
        found = tables[name]
        states = table(["state", "word"], [[f"`{s}`", found.labels[s]] for s in found.states])
        moves = table(
            ["move", "button", "from", "to", "by", "permission", "needs", "asks", "starts", "stops"],
            [_move(m) for m in found.moves],
        )
        parts.append(
            f"## `{name}`: {'、'.join(users[name])}\n\n```mermaid\n{found.diagram()}\n```\n\n{states}\n\n{moves}\n"
        )
    return "\n".join(parts)


def _move(move: Move) -> list[str]:
    return [
        f"`{move.name}`",
        move.label,
        ", ".join(sorted(move.sources)),
        str(move.target or "stays"),
        ", ".join(sorted(move.by)),
        f"`{move.permission}`",
        ", ".join(guard.__name__ for guard in move.needs),
        ", ".join(move.asks),
        ", ".join(f"{timer.name} (`{timer.setting}`)" for timer in move.starts),
        ", ".join(move.stops),
    ]


def permissions() -> str:
    """Permission × role."""
    roles = list(Role)
    rows = [[f"`{p}`", *("●" if r in granted else "" for r in roles)] for p, granted in matrix().items()]
    return "# Permissions\n\n" + table(["permission", *(role.label for role in roles)], rows)


def urls() -> str:
    """Every address: its name, and who opens it."""
    rows = [[f"`/{route}`", f"`{name}`", _gate(found)] for route, name, found in _walk(get_resolver())]
    return "# Addresses\n\n" + table(["address", "name", "who opens it"], sorted(rows))


def _walk(resolver: URLResolver, prefix: str = "", space: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    for part in resolver.url_patterns:
        route = prefix + str(part.pattern)
        if isinstance(part, URLResolver):
            yield from _walk(part, route, f"{part.namespace}:" if part.namespace else space)
        else:
            yield route, space + (part.name or ""), part


def _gate(found: URLPattern) -> str:
    kind, detail = getattr(found.callback, "gate", ("", ""))
    if kind == "page":
        return ", ".join(f"`{p}`" for p in detail)
    if kind == "machines":
        return f"machines: {detail}"
    return f"everybody: {detail}" if kind == "public" else "everybody"


def models() -> str:
    """Every table of the product with its scope."""
    rows = []
    for model in apps.get_models():
        if model.__module__.startswith("renkei."):
            says = (model.__doc__ or "").strip().splitlines()[0]
            label = model._meta.label
            rows.append([f"`{label}`", str(getattr(model, "scope", "")), "" if label in says else says])
    return "# Models and their scopes\n\n" + table(["model", "scope", "what it is"], sorted(rows))


def actions() -> str:
    """Every write of the product: the sentence of the audit trail, and the permission it needs."""
    rows = [
        [f"`{name}`", says, f"`{permission}`"]
        for name, (permission, says) in sorted(registry.items())
        if ".tests." not in name
    ]
    return "# Actions\n\n" + table(["action", "sentence", "permission"], rows)
