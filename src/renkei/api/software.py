"""What the CapabilityStatement says about this program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from renkei import __version__
from renkei.fhirkit.server.capability import Software

VERSION = __version__
DATE = "2026-11-22"
"""The day of the last change of the interface."""
SMART = "http://terminology.hl7.org/CodeSystem/restful-security-service"

_addresses: list[Callable[[str], dict[str, str]]] = []


def register_oauth_addresses(find: Callable[[str], dict[str, str]]) -> None:
    """``find(origin)`` gives the addresses ``token``, ``authorize``, ``introspect`` and ``revoke`` of the OAuth server."""
    _addresses[:] = [find]


def software(base: str) -> Software:
    """The statement for the server at ``base``."""
    return Software(
        name="Renkei",
        title="Renkei FHIR R4 API",
        version=VERSION,
        date=DATE,
        description="地域医療連携プラットフォームの FHIR R4 API。JP Core 1.2.0 に準拠した JSON だけを扱います。",
        guides=("http://jpfhir.jp/fhir/core/ImplementationGuide/jp-core.r4|1.2.0",),
        security=_security(base),
    )


def _security(base: str) -> dict[str, Any]:
    said: dict[str, Any] = {
        "cors": True,
        "service": [
            {"coding": [{"system": SMART, "code": "SMART-on-FHIR"}], "text": "SMART Backend Services"}
        ],
        "description": "OAuth 2.0 のアクセストークンが必要です。画面のログインでは使えません。"
        "ブラウザーのアプリは、登録した戻り先と同じオリジンからだけ呼べます(CORS)。",
    }
    for find in _addresses:
        parts = [{"url": name, "valueUri": url} for name, url in find(base.rpartition("/")[0]).items()]
        url = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
        said["extension"] = [{"url": url, "extension": parts}]
    return said
