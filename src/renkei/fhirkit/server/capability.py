"""The CapabilityStatement, made from the registered mappings so that it says exactly what is implemented."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from renkei.fhirkit.bundles import Resource
from renkei.fhirkit.server.mapping import Mapping, Param, all_mappings, includes_of, reverse_includes_of
from renkei.fhirkit.server.query import common_params

RESULT_PARAMS = ("_count", "_sort", "_summary", "_total", "_elements", "_include", "_revinclude", "_format")


@dataclass(frozen=True)
class Software:
    """What the statement says about the program; ``security`` is ``CapabilityStatement.rest.security``."""

    name: str
    version: str
    date: str
    title: str
    description: str
    guides: tuple[str, ...] = ()
    security: Resource = field(default_factory=dict)


def statement(software: Software, base: str) -> Resource:
    """The statement for the server at ``base``."""
    rest: Resource = {"mode": "server"}
    if software.security:
        rest["security"] = software.security
    rest["resource"] = [_resource(mapping) for mapping in all_mappings()]
    rest["interaction"] = [{"code": "transaction"}, {"code": "batch"}]
    made: Resource = {
        "resourceType": "CapabilityStatement",
        "name": software.name,
        "title": software.title,
        "version": software.version,
        "status": "active",
        "date": software.date,
        "description": software.description,
        "kind": "instance",
        "software": {"name": software.name, "version": software.version},
        "implementation": {"description": software.title, "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "rest": [rest],
    }
    if software.guides:
        made["implementationGuide"] = list(software.guides)
    return made


def _resource(mapping: Mapping) -> Resource:
    offered = mapping.interactions()
    told: dict[str, Any] = {"type": mapping.resource_type}
    if mapping.profile:
        told["profile"] = mapping.profile
    if mapping.supported_profiles:
        told["supportedProfile"] = list(mapping.supported_profiles)
    if mapping.doc:
        told["documentation"] = mapping.doc
    told["interaction"] = [{"code": code} for code in offered]
    told["versioning"] = "versioned" if mapping.version is not None else "no-version"
    told["readHistory"] = mapping.history is not None
    told["updateCreate"] = False
    if "create" in offered:
        told["conditionalCreate"] = mapping.searchable
    told["conditionalRead"] = "not-match"
    told["conditionalUpdate"] = mapping.conditional_update()
    told["conditionalDelete"] = "not-supported"
    told["referencePolicy"] = ["literal", "local"]
    if mapping.searchable:
        if found := includes_of(mapping):
            told["searchInclude"] = found
        if found := reverse_includes_of(mapping):
            told["searchRevInclude"] = found
        if params := [*common_params(mapping), *mapping.params]:
            told["searchParam"] = [_param(param) for param in params]
    return told


def _param(param: Param) -> Resource:
    said: Resource = {"name": param.name}
    if param.definition:
        said["definition"] = param.definition
    said["type"] = str(param.kind)
    doc = param.doc
    if param.modifiers:
        doc = f"{doc}(修飾子 {'、'.join(':' + m for m in param.modifiers)})"
    if doc:
        said["documentation"] = doc
    return said
