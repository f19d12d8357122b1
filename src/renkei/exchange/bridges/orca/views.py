"""日レセの番号から: type the number, see who it is and who is alike, register, go on to the letter."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from renkei.exchange.bridges.orca import actions
from renkei.exchange.bridges.orca.forms import ConnectionForm, NumberForm
from renkei.exchange.bridges.orca.reading import OrcaPatient
from renkei.exchange.permissions import P
from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel.eras import format_both
from renkei.kernel.errors import DomainError
from renkei.patients.matching import Candidate
from renkei.patients.permissions import P as Patients
from renkei.patients.queries import candidates
from renkei.ui.types import Row

SEXES = {"male": "男", "female": "女"}


def _alike(actor: Actor, came: OrcaPatient) -> list[Candidate]:
    found = candidates(actor, came.name, came.kana, came.birth_on, came.sex, came.phone)
    return [c for c in found if c.patient.facility_id == actor.facility_id]


def _postal(code: str) -> str:
    """2590000 → 〒259-0000; anything else as it came."""
    return f"〒{code[:3]}-{code[3:]}" if len(code) == 7 and code.isdigit() else code


def _rows(came: OrcaPatient) -> list[Row]:
    card = came.insured
    insured = f"{card.insurer} 記号{card.symbol} 番号{card.number} 枝番{card.branch}" if card else ""
    return [
        Row("患者番号", came.local_number),
        Row("氏名", f"{came.name}({came.kana})"),
        Row("生年月日", f"{format_both(came.birth_on)}・{SEXES.get(came.sex, '不明')}"),
        Row("住所", f"{_postal(came.postal_code)} {came.address}".strip()),
        Row("電話", came.phone),
        Row("保険", insured),
    ]


@require_http_methods(["GET", "POST"])
@page(Patients.REGISTER, reads="日レセから患者を取得")
def orca(request: HttpRequest) -> HttpResponse:
    """The first press shows the patient and keeps nothing; the second registers exactly that and leads to the letter."""
    actor = current()
    form = NumberForm(request.POST or None)
    context: dict[str, object] = {"form": form}
    if request.method == "GET" or not form.is_valid():
        return render(request, "exchange/orca/look_up.html", context, status=422 if form.errors else 200)
    status = 200
    try:
        came = actions.look_up(actor, number=form.cleaned_data["number"])
        context |= {"came": came, "rows": _rows(came), "alike": _alike(actor, came)}
        if "seen" in request.POST:
            patient = actions.take_over(actor, came, seen=request.POST["seen"])
            messages.success(request, "患者を登録しました。")
            return redirect(f"{reverse('referrals:new')}?patient={patient.uid}")
    except DomainError as error:
        form.take(error)
        status = error.status
    return render(request, "exchange/orca/look_up.html", context, status=status)


@require_http_methods(["GET", "POST"])
@page(P.MANAGE_ORCA)
def orca_settings(request: HttpRequest) -> HttpResponse:
    """The connection of the house."""
    actor = current()
    form = ConnectionForm(request.POST or None, known=actions.connection_of(actor))
    if request.method == "POST" and form.is_valid():
        try:
            actions.connect(actor, **form.cleaned_data)
        except DomainError as error:
            form.take(error)
        else:
            messages.success(request, "日レセとの接続を保存しました。")
            return redirect("exchange:orca_settings")
    return render(request, "exchange/orca/settings.html", {"form": form}, status=422 if form.errors else 200)
