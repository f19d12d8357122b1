"""What everybody may know: whether a certificate is good, and who stands on the public list of a scheme."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from renkei.directory.profiles.queries import suspended_among
from renkei.enrolments import present, queries
from renkei.enrolments.types import manifest_of
from renkei.gate.pages import public_page
from renkei.kernel.errors import NotFound

ROWS = 100


@require_GET
@public_page("whoever holds a certificate may ask whether it is good; its random token is the key")
def verify(request: HttpRequest, token: UUID) -> HttpResponse:
    """The certificate as it stands today."""
    found = queries.certificate_by_token(token)
    context = {"line": present.certificate_line(found), "scheme": found.scheme}
    return render(request, "enrolments/verify.html", context)


@require_GET
@public_page("the public list of members of a scheme whose manifest says that it is public")
def public_list(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Members today, by the institution's reading."""
    scheme = queries.scheme(uid)
    manifest = manifest_of(scheme.key)
    if not manifest.public:
        raise NotFound("list_not_public", "この制度の名簿は公開されていません。")
    page = Paginator(queries.shown_on(scheme), ROWS).get_page(request.GET.get("page"))
    labels = {c.key: c.label for c in manifest.categories}
    resting = suspended_among({row.facility_id for row in page})
    context = {
        "scheme": scheme,
        "manifest": manifest,
        "about": present.about(manifest),
        "page": page,
        "rows": [(row, labels.get(row.category, ""), row.facility_id in resting) for row in page],
    }
    return render(request, "enrolments/public_list.html", context)
