"""Pages for physicians without an account: ask, and see where the request stands. They show nothing that is not public."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from renkei.directory.queries import departments
from renkei.files.checking import CheckedFile, check
from renkei.gate.context import acting
from renkei.gate.middleware import client_address
from renkei.gate.pages import public_page
from renkei.guests import asking, codes, queries, rates
from renkei.guests.forms import GuestForm, StateForm
from renkei.guests.models import GuestPage
from renkei.guests.rules import MOST_BODY_BYTES, MOST_FILE_BYTES, MOST_FILES
from renkei.guests.rules import number as limit
from renkei.kernel.errors import DomainError, Invalid

TOO_OFTEN = (
    "短い時間に何度も送られたため、いったん受付を止めました。{minutes}分ほど待つか、病院へお電話ください。"
)


@public_page("アカウントのない医師が病院に依頼を送る。名簿・患者・他の依頼は見せない")
@csrf_exempt  # checked by the inner view, after the size of the body was judged
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, address: str) -> HttpResponse:
    """The form of one house, and its answer with the reference code."""
    if _length(request) > MOST_BODY_BYTES:
        most = MOST_BODY_BYTES // 1024 // 1024
        says = f"送られた内容が大きすぎます。添付は合わせて{most}MBまでです。添付を減らして、もう一度お送りください。"
        return render(request, "guests/stopped.html", {"says": says}, status=413)
    return _ask(request, address)


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return MOST_BODY_BYTES + 1


@csrf_protect
@never_cache
def _ask(request: HttpRequest, address: str) -> HttpResponse:
    with acting(asking.GUEST):
        page = queries.page_at(address)
        if request.method == "GET":
            ticket = codes.ticket(codes.new_code(), page.facility_id)
            return _form_page(request, page, _form(page, initial={"ticket": ticket}))
        most = limit("guest.asks_per_hour", page.facility_id)
        if wait := rates.seconds_to_wait("ask", client_address(request), most):
            return _too_often(request, wait)
        return _asked(request, page, _form(page, request.POST))


def _form(page: GuestPage, *args: Any, **kwargs: Any) -> GuestForm:
    names = [d.name for d in departments(page.facility_id, accepting=True)]
    return GuestForm(*args, kinds=asking.offered(page.facility_id), departments=names, **kwargs)


def _asked(request: HttpRequest, page: GuestPage, form: GuestForm) -> HttpResponse:
    if not form.is_valid():
        return _form_page(request, page, form, status=422)
    code = codes.from_ticket(form.cleaned_data["ticket"], page.facility_id)
    try:
        asking.ask(asking.GUEST, page.facility_id, form.wish_of(), code=code, files=_files(request))
    except asking.Repeated:
        return _done(request, page, code)
    except DomainError as error:
        form.take(error)
        return _form_page(request, page, form, status=error.status)
    return _done(request, page, code)


def _files(request: HttpRequest) -> list[CheckedFile]:
    """The files, judged by their content. Raises ``Invalid`` with the name of the file."""
    came = request.FILES.getlist("files")
    if len(came) > MOST_FILES:
        raise Invalid("too_many_files", f"添付は{MOST_FILES}つまでです(選択は{len(came)}つ)。", "files")
    return [check(f.name or "名前なし", f.read(), most_bytes=MOST_FILE_BYTES) for f in came]


def _form_page(request: HttpRequest, page: GuestPage, form: GuestForm, status: int = 200) -> HttpResponse:
    context = {
        "page": page,
        "house": page.facility,
        "form": form,
        "most_files": MOST_FILES,
        "most_mb": MOST_FILE_BYTES // 1024 // 1024,
    }
    return render(request, "guests/ask.html", context, status=status)


def _done(request: HttpRequest, page: GuestPage, code: str) -> HttpResponse:
    context = {"page": page, "house": page.facility, "code": codes.shown(code)}
    return render(request, "guests/asked.html", context)


def _too_often(request: HttpRequest, wait: int) -> HttpResponse:
    says = TOO_OFTEN.format(minutes=wait // 60 + 1)
    response = render(request, "guests/stopped.html", {"says": says}, status=429)
    response["Retry-After"] = str(wait)
    return response


@public_page("受付番号と電話番号で依頼の状態だけを見せる。患者・理由は見せない")
@never_cache
@require_http_methods(["GET", "POST"])
def state(request: HttpRequest) -> HttpResponse:
    """Where a request stands; every wrong pair gets the same answer."""
    if request.method == "GET":
        return render(request, "guests/state.html", {"form": StateForm()})
    with acting(asking.GUEST):
        most = limit("guest.looks_per_hour")
        if wait := rates.seconds_to_wait("look", client_address(request), most):
            return _too_often(request, wait)
        form = StateForm(request.POST)
        if not form.is_valid():
            return render(request, "guests/state.html", {"form": form}, status=422)
        found = asking.state(form.cleaned_data["code"], form.cleaned_data["phone"])
    if found is None:
        says = "受付番号と電話番号の組み合わせが見つかりません。両方を確かめてください。"
        form.take(Invalid("pair_unknown", says))
        return render(request, "guests/state.html", {"form": form}, status=422)
    return render(request, "guests/state.html", {"form": form, "found": found})
