"""The navigation of each role with its counts, and the frame around every page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest
from django.urls import NoReverseMatch

from renkei.accounts.models import Membership
from renkei.accounts.permissions import P as Accounts
from renkei.accounts.queries import memberships_of
from renkei.clients.permissions import P as Clients
from renkei.demo.clock import clock_label
from renkei.directory.permissions import P as Directory
from renkei.directory.types import FacilityKind
from renkei.enrolments.permissions import P as Enrolments
from renkei.enrolments.queries import waiting as waiting_applications
from renkei.exchange.permissions import P as Exchange
from renkei.exchange.scans.queries import unmatched
from renkei.gate.actor import Actor, Kind, current
from renkei.gate.compiled import Build, counted
from renkei.guests import queries as guests
from renkei.guests.permissions import P as Guests
from renkei.indicators.permissions import P as Indicators
from renkei.kernel.roles import Role
from renkei.notices.paper_queries import waiting as waiting_papers
from renkei.notices.permissions import P as Notices
from renkei.notices.queries import unread as unread_notices
from renkei.patients.permissions import P as Patients
from renkei.portal.permissions import P
from renkei.publications.editions.queries import waiting as bounced_copies
from renkei.publications.leaflets.queries import waiting as waiting_leaflets
from renkei.publications.permissions import P as Publications
from renkei.referrals import queries as referrals
from renkei.referrals.permissions import P as Referrals
from renkei.referrals.writing.queries import waiting_letters, waiting_replies
from renkei.ui.addresses import address
from renkei.ui.types import FacilityChoice, Frame, Link, NavGroup, NavItem
from renkei.webhooks.permissions import P as Webhooks

SEARCH_LABEL = "患者・医療機関・紹介番号・日付をさがす"


@dataclass(frozen=True)
class Entry:
    """One line of the menu: ``name`` of its URL, ``query`` behind it, ``count`` beside it."""

    label: str
    name: str
    query: str = ""
    count: int | None = None
    tab: bool = False
    arg: str = ""
    short: str = ""

    def url(self) -> str:
        """Its address, or empty where the module is not installed."""
        try:
            return address(self.name, self.arg) + self.query
        except NoReverseMatch:
            return ""


def first_page(actor: Actor) -> str:
    """The address where the day of ``actor`` begins."""
    receives = actor.may(Referrals.RECEIVE)
    if receives and actor.roles & {Role.LIAISON_STAFF, Role.SOCIAL_WORKER}:
        return address("referrals:desk")
    if receives:
        return address("referrals:desk" if house_of(actor).receives_mostly else "referrals:clinic")
    if actor.may(Referrals.VIEW):
        return address("referrals:clinic")
    if actor.may(P.OPERATE):
        return address("portal:system")
    if actor.may(Accounts.MANAGE_MEMBERS):
        return address("accounts:members")
    if actor.may(P.VIEW_TRAIL):
        return address("portal:trail")
    return address("notices:list")


@dataclass(frozen=True)
class House:
    """The facility that the actor works for right now, and the others they may switch to."""

    uid: str
    kind: str
    choices: tuple[FacilityChoice, ...]

    @property
    def receives_mostly(self) -> bool:
        """A hospital lives at its desk, everybody else with the patients they sent."""
        return self.kind == FacilityKind.HOSPITAL


def house_of(actor: Actor, memberships: Sequence[Membership] | None = None) -> House:
    """The house and the others, of the person's ``memberships`` in force with their facilities; None: one query."""
    uid = kind = ""
    choices = []
    for found in memberships_of(actor.person_id) if memberships is None else memberships:
        here = found.pk == actor.membership_id
        if here:
            uid, kind = str(found.facility.uid), found.facility.kind
        choices.append(FacilityChoice(found.facility.name, str(found.facility_id), here))
    return House(uid, kind, tuple(choices))


def frame_for(request: HttpRequest, at: str = "") -> Frame:
    """The frame of the page at ``at`` (this request's own address when empty), as the actor may see it."""
    actor = current()
    if actor.kind not in (Kind.STAFF, Kind.PERSON):
        return Frame(login_url="/accounts/login/", clock_label=clock_label())
    if connection.in_atomic_block:
        return _minimal(request, actor) if connection.needs_rollback else _whole(request, actor, at)
    # Outside the view's transaction (404, refusals) nobody is known to the database: open one for the counts.
    with transaction.atomic():
        return _whole(request, actor, at)


def _minimal(request: HttpRequest, actor: Actor) -> Frame:
    return Frame(
        facility_label=actor.facility_label,
        person_label=actor.label,
        person_short=str(getattr(request.user, "name", "")).split(" ")[0],
        person_links=_person_links(),
        logout_url=address("account_logout"),
        login_url=address("account_login"),
        clock_label=clock_label(),
        shortcuts=bool(getattr(request.user, "shortcuts_on", True)),
    )


def _whole(request: HttpRequest, actor: Actor, at: str) -> Frame:
    where = at or request.get_full_path()
    house = house_of(actor, getattr(request, "memberships", None))
    counts = counts_for(actor, house) if actor.is_staff else {}
    nav = marked(groups(actor, house, counts), where) if actor.is_staff else []
    return Frame(
        nav=nav,
        facility_label=actor.facility_label,
        facilities=house.choices,
        switch_url=address("accounts:switch"),
        person_label=actor.label if actor.is_staff else str(getattr(request.user, "name", actor.label)),
        person_short=str(getattr(request.user, "name", "")).split(" ")[0],
        person_links=_person_links(),
        logout_url=address("account_logout"),
        login_url=address("account_login"),
        notice_count=counts.get("notices", 0),
        notices_url=address("notices:list") if actor.is_staff and actor.may(Notices.VIEW) else "",
        search_url=address("referrals:search") if actor.may(Referrals.VIEW) else "",
        search_label=SEARCH_LABEL,
        clock_label=clock_label(),
        nav_live_url=f"{address('portal:nav')}?{urlencode({'at': where[:200]})}" if nav else "",
        shortcuts=bool(getattr(request.user, "shortcuts_on", True)),
        shortcuts_url=address("accounts:shortcuts"),
    )


def _person_links() -> list[Link]:
    links = [
        Link("自分のアカウント・端末", address("accounts:me")),
        Link("二要素認証・パスキー", address("mfa_index")),
    ]
    if current().may(Clients.CONNECT):
        links.append(Link("連携中のアプリ", address("clients:connections")))
    if settings.DEMO:
        links.append(Link("デモの時計", address("demo:clock")))
        links.append(Link("画面部品の見本", address("ui:gallery")))
    return links


def counts_for(actor: Actor, house: House) -> dict[str, int]:
    """Every number of the menu and of the notices' badge, in one statement: only what ``actor`` is shown."""
    wanted: dict[str, Build] = {}
    if actor.may(Referrals.VIEW):
        wanted["unread"] = referrals.unread
        if actor.may(Referrals.DRAFT):
            wanted |= {"letters": waiting_letters, "replies": waiting_replies}
    if actor.may(Referrals.RECEIVE):
        wanted["new"] = referrals.new_at_desk
    if actor.may(Guests.HANDLE) and house.receives_mostly:
        wanted["guests"] = guests.waiting
    if actor.may(Enrolments.HANDLE):
        wanted["applications"] = waiting_applications
    if actor.may(Notices.PAPERS):
        wanted["papers"] = waiting_papers
    if actor.may(Exchange.FILE_SCAN):
        wanted["scans"] = unmatched
    if actor.may(Publications.APPROVE_LEAFLET):
        wanted["leaflets"] = waiting_leaflets
    if actor.may(Publications.SEND_EDITION):
        wanted["editions"] = bounced_copies
    if actor.may(Notices.VIEW):
        wanted["notices"] = unread_notices
    return counted(actor, wanted)


def groups(actor: Actor, house: House, counts: Mapping[str, int]) -> list[tuple[str, list[Entry]]]:
    """Heading and lines; a line stands there only if its page opens for ``actor``."""
    return [
        ("", _work(actor, house, counts)),
        ("地域", _region(actor, house, counts)),
        ("管理", _management(actor, house)),
    ]


def _work(actor: Actor, house: House, counts: Mapping[str, int]) -> list[Entry]:
    lines: list[Entry] = []
    if actor.may(Referrals.VIEW):
        lines.append(
            Entry("紹介した患者", "referrals:clinic", count=counts["unread"] or None, tab=True, short="紹介")
        )
        if actor.may(Referrals.DRAFT):
            waiting = counts["letters"] + counts["replies"] or None
            lines.append(Entry("確定・送信待ち", "referrals:waiting", count=waiting))
    if actor.may(Referrals.RECEIVE):
        desk = Entry("受付デスク", "referrals:desk", count=counts["new"], tab=True)
        lines.insert(0 if house.receives_mostly else len(lines), desk)
    if actor.may(Guests.HANDLE) and house.receives_mostly:
        lines.append(Entry("ゲストからの依頼", "guests:requests", count=counts["guests"] or None))
    if actor.may(Patients.VIEW):
        lines.append(Entry("患者", "patients:list", tab=True))
    if actor.may(Referrals.VIEW):
        lines.append(Entry("検索", "referrals:search", tab=True))
    if actor.may(Patients.EMERGENCY):
        lines.append(Entry("緊急参照", "circles:emergency"))
    if actor.may(Exchange.IMPORT):
        lines.append(Entry("文書の取り込み", "exchange:upload"))
    if actor.may(Notices.PAPERS):
        lines.append(Entry("紙の送付", "notices:papers", count=counts["papers"] or None))
    if actor.may(Exchange.FILE_SCAN):
        lines.append(Entry("紙の返書", "exchange:scans", count=counts["scans"] or None))
    return lines


def _region(actor: Actor, house: House, counts: Mapping[str, int]) -> list[Entry]:
    lines = [Entry("連携医療機関", "directory:list")] if actor.may(Directory.VIEW) else []
    if actor.may(Enrolments.VIEW):
        lines.append(Entry("制度と登録", "enrolments:home", count=counts.get("applications") or None))
    lines += _issuing(actor, house, counts)
    if actor.may(Publications.COUNTER):
        lines.append(Entry("カウンター", "counter:index"))
    if actor.may(Indicators.VIEW):
        lines.append(Entry("指標", "indicators:index"))
    elif actor.may(Indicators.IMPORT):
        lines.append(Entry("受診の取り込み", "indicators:upload", short="取り込み"))
    if actor.may(Publications.VIEW_FUNCTIONS) and house.kind == FacilityKind.PUBLIC_BODY:
        lines.append(Entry("かかりつけ医機能", "publications:function_area", tab=True, short="医機能"))
    elif actor.may(Publications.REPORT_FUNCTIONS):
        lines.append(Entry("かかりつけ医機能報告", "publications:function_reports", short="機能報告"))
    if actor.may(Publications.EDIT_POLICY):
        lines.append(Entry("方針・理念", "publications:policies", tab=True))
    return lines


def _issuing(actor: Actor, house: House, counts: Mapping[str, int]) -> list[Entry]:
    """What the liaison office issues, and what a member writes and receives."""
    lines: list[Entry] = []
    if actor.may(Publications.APPROVE_LEAFLET, Publications.WRITE_LEAFLET):
        lines.append(Entry("リーフレット", "publications:leaflets", count=counts.get("leaflets") or None))
    if actor.may(Publications.EDIT_EDITION, Publications.SEND_EDITION) and house.receives_mostly:
        lines.append(Entry("毎月のお届け", "publications:editions", count=counts.get("editions") or None))
    elif actor.may(Publications.RECEIVE_EDITION) and not house.receives_mostly:
        lines.append(Entry("病院からのお届け", "publications:editions_received"))
    return lines


def _management(actor: Actor, house: House) -> list[Entry]:
    lines: list[Entry] = []
    if actor.may(Directory.EDIT_OWN) and house.uid:
        lines.append(Entry("施設設定", "directory:settings", arg=house.uid, tab=True))
    if actor.may(Guests.MANAGE) and house.receives_mostly:
        lines.append(Entry("ゲスト受付の設定", "guests:settings"))
    if actor.may(Accounts.MANAGE_MEMBERS):
        lines.append(Entry("利用者", "accounts:members", tab=True))
    if actor.may(Clients.MANAGE):
        lines.append(Entry("連携システム・アプリ", "clients:list", short="連携"))
    if actor.may(Exchange.MANAGE_ORCA):
        lines.append(Entry("日レセとの接続", "exchange:orca_settings"))
    if actor.may(Webhooks.MANAGE):
        lines.append(Entry("外部通知", "webhooks:list"))
    if actor.may(Notices.OUTBOX):
        lines.append(Entry("送信箱", "notices:outbox", tab=True))
    if actor.may(P.OPERATE):
        lines.append(Entry("失敗した処理", "portal:failed_jobs", tab=True, short="失敗"))
        lines.append(Entry("システム", "portal:system", tab=True))
    if actor.may(Patients.REVIEW_EMERGENCY):
        lines.append(Entry("緊急参照の確認", "circles:reviews", tab=True, short="緊急参照"))
    if actor.may(P.VIEW_TRAIL):
        lines.append(Entry("監査", "portal:trail", tab=True))
    return lines


def marked(found: list[tuple[str, list[Entry]]], where: str) -> list[NavGroup]:
    """The groups as the frame takes them; the line whose address fits ``where`` best is the current one."""
    lines = [(label, [(entry, url) for entry in entries if (url := entry.url())]) for label, entries in found]
    fitting = [url for _label, pairs in lines for _entry, url in pairs if _fits(url, where)]
    best = max(fitting, key=len, default="")
    return [
        NavGroup(label, [NavItem(e.label, url, e.count, url == best, e.tab, e.short) for e, url in pairs])
        for label, pairs in lines
        if pairs
    ]


def _fits(url: str, where: str) -> bool:
    """``where`` is the page itself with more parameters, or lies below it."""
    if "?" in url:
        return where == url or where.startswith(f"{url}&")
    return where.startswith(url)
