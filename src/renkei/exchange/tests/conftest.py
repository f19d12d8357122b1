"""What the tests of exchange share: documents, people, and how to count every row there is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.urls import reverse

from renkei.exchange.formats.clins.tests.helpers import of_type, sample
from renkei.kernel import clock
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

MONDAY = clock.jst(2026, 6, 1, 9, 0)
H1_NUMBER = "1410000011"


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(MONDAY):
        yield


def addressed(number: str = H1_NUMBER, **patient: Any) -> dict[str, Any]:
    """The sample referral, addressed to the facility with ``number``."""
    bundle = sample()
    for organization in of_type(bundle, "Organization"):
        for row in organization.get("identifier", []):
            if row.get("value") == "1410167890":
                row["value"] = number
    of_type(bundle, "Patient")[0].update(patient)
    return bundle


def raw(bundle: dict[str, Any]) -> bytes:
    return json.dumps(bundle, ensure_ascii=False).encode()


def rows_of_everything() -> dict[str, int]:
    """How many rows each table of the product has, as the system sees them."""
    with arranging("counting rows"):
        return {
            m._meta.label: m._base_manager.count()
            for m in apps.get_models()
            if m.__module__.startswith("renkei.") and m._meta.label != "audit.AuditEntry"
        }


Upload = Callable[..., HttpResponse]


@pytest.fixture
def upload(cast: Cast, browser: StaffClient) -> Upload:
    """Drop files on the page: ``upload("sato", {"a.json": bytes})``."""

    def send(who: str, files: dict[str, bytes]) -> HttpResponse:
        browser.log_in(cast.actor(who))
        posted = [SimpleUploadedFile(name, data, "application/json") for name, data in files.items()]
        return browser.post(reverse("exchange:upload"), {"files": posted})

    return send
