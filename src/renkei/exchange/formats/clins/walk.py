"""From the section tree of a Composition to readable sections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from renkei.exchange.formats.clins.received import ReadEntry, ReadSection
from renkei.exchange.formats.clins.render import Renderer, concept_text, summary, title_of, type_name
from renkei.exchange.formats.clins.sections import title_of as section_title
from renkei.fhirkit.documents import Bundle, Resource, div_text, items, text_of


@dataclass(frozen=True)
class Node:
    """A section of the Composition as it stands in the Bundle, with its path and the resources it names.

    ``labels`` are the sender's words for each of ``resources``.
    """

    code: str
    title: str
    path: str
    div: str
    resources: list[Resource] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    @property
    def narrative(self) -> str:
        """The sender's narrative as text."""
        return div_text(self.div)


def nodes(bundle: Bundle, composition: Resource) -> list[Node]:
    """All sections in document order, outer before inner."""
    return list(_walk(bundle, composition, "Composition"))


def _walk(bundle: Bundle, parent: Resource, path: str) -> Iterator[Node]:
    for index, raw in enumerate(items(parent.get("section"))):
        code = section_code(raw)
        here = f"{path}.section[{code or index}]"
        text = raw.get("text")
        found = [
            (bundle.resolve(row, parent), text_of(row.get("display"))) for row in items(raw.get("entry"))
        ]
        yield Node(
            code=code,
            title=text_of(raw.get("title"))
            or section_title(code)
            or concept_text(raw.get("code"))
            or "（題なし）",
            path=here,
            div=text_of(text.get("div")) if isinstance(text, dict) else "",
            resources=[row for row, _ in found if row is not None],
            labels=[label for row, label in found if row is not None],
        )
        yield from _walk(bundle, raw, here)


def section_code(raw: Resource) -> str:
    """The first code of a section, empty where it has none."""
    concept = raw.get("code")
    rows = items(concept.get("coding")) if isinstance(concept, dict) else []
    return next((text_of(row.get("code")) for row in rows if row.get("code")), "")


def tell(renderer: Renderer, resource: Resource, label: str = "") -> ReadEntry:
    """A resource as a readable entry under the sender's ``label``, else under the name of its type."""
    kind = text_of(resource.get("resourceType"))
    words = title_of(resource)
    name = label or type_name(kind)
    return ReadEntry(kind, name if words == name else f"{name}：{words}", renderer.text(resource))


def read_section(renderer: Renderer, node: Node) -> ReadSection:
    """A section with its entries told."""
    named = zip(node.resources, node.labels, strict=True)
    told = tuple(tell(renderer, row, label if label != node.title else "") for row, label in named)
    return ReadSection(node.code, node.title, node.path, node.narrative, told)


def node_text(renderer: Renderer, node: Node) -> str:
    """Narrative of a section plus what its entries say beyond it: the text of a field of the letter."""
    parts = [node.narrative] if node.narrative else []
    for resource in node.resources:
        text = summary(renderer, resource)
        if text and text != node.title and not all(word in node.narrative for word in text.split()):
            parts.append(text)
    return "\n".join(parts)


def leftovers(bundle: Bundle, renderer: Renderer) -> list[ReadEntry]:
    """Resources that no section and no told resource has named."""
    found = []
    for entry in bundle.entries:
        if entry.type != "Composition" and id(entry.resource) not in renderer.told:
            found.append(tell(renderer, entry.resource))
    return found
