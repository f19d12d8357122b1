"""The certificate (登録証) as PDF, with a code that leads to the page that says whether it is good."""

from __future__ import annotations

from django.urls import reverse

from renkei.directory.queries import facility_by_id, representative
from renkei.enrolments.models import Certificate
from renkei.enrolments.types import CertificateStyle, Enrols, manifest_of
from renkei.kernel.eras import format_era
from renkei.letters.documents import certificate as set_certificate
from renkei.letters.types import CertificateData


def certificate(row: Certificate, origin: str) -> bytes:
    """A4 landscape. ``origin`` is where people open this installation, with a slash at the end."""
    manifest = manifest_of(row.scheme.key)
    style = manifest.certificate or CertificateStyle(manifest.name, "")
    owner = facility_by_id(row.owner_id)
    head = representative(row.owner_id, row.issued_on)
    link = origin.rstrip("/") + reverse("enrolments:verify", args=[row.token])
    until = format_era(row.valid_until) if row.valid_until else ""
    person = manifest.enrols in (Enrols.PHYSICIAN, Enrols.PHYSICIAN_AT_FACILITY, Enrols.SEAT)
    label = manifest.category(row.enrolment.category)
    return set_certificate(
        CertificateData(
            number=row.number,
            issued_on=row.issued_on,
            title=style.title,
            holder=row.holder,
            facility_name=row.facility_name if person else "",
            honorific="殿" if person else "御中",
            category=label.label if label else "",
            text=style.text,
            valid_from=format_era(row.valid_from),
            valid_until=until,
            issuer=owner.name if owner else "",
            issuer_post=head.title if head else "",
            issuer_name=head.holder if head else "",
            qr=link,
        )
    )
