"""A kind of referral is one folder: nothing else is touched, and the whole loop runs with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse

from renkei.gate.context import acting
from renkei.referrals import actions, kinds, queries, registry
from renkei.referrals.tests.desks import Desk, clerk, monday, physician, text_of
from renkei.referrals.types import Diagnosis, LetterContent, ReplyKind, State
from testing.cast import Cast
from testing.fixtures import StaffClient

__all__ = ["clerk", "monday", "physician"]

KIND = '''
"""セカンドオピニオン: another physician's view is asked for."""

from renkei.referrals.registry import Kind, register
from renkei.referrals.workflow import REFERRAL

KIND = register(
    Kind(
        key="second_opinion",
        label="セカンドオピニオン依頼",
        title="セカンドオピニオン依頼書",
        workflow=REFERRAL,
        purpose_label="ご意見を伺いたいこと",
    )
)
'''


@pytest.fixture
def second_opinion(tmp_path: Path) -> Iterator[None]:
    """One folder, found by itself."""
    folder = tmp_path / "second_opinion"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "kind.py").write_text(KIND)
    kinds.__path__.append(str(tmp_path))
    try:
        registry.discover(kinds.__name__, kinds.__path__)
        yield
    finally:
        kinds.__path__.remove(str(tmp_path))
        registry._kinds.pop("second_opinion", None)
        for name in [n for n in sys.modules if n.startswith(f"{kinds.__name__}.second_opinion")]:
            del sys.modules[name]


def test_the_loop_runs_from_draft_to_final_reply_by_actions(second_opinion: None, cast: Cast) -> None:
    doctor, specialist, desk = cast.actor("aoki"), cast.actor("takahashi"), cast.actor("sato")
    content = LetterContent(purpose="手術の適応について", diagnoses=(Diagnosis("胃癌"),))
    with acting(doctor):
        begun = actions.draft(doctor, cast.patient("suzuki"), kind="second_opinion")
        written = actions.write(doctor, begun, content=content, receiver=cast.facility("H1"))
        sent = actions.finalise_and_send(doctor, written)
    with acting(desk):
        actions.accept(desk, queries.one(desk, sent.uid))
        actions.arrive(desk, queries.one(desk, sent.uid))
    with acting(specialist):
        referral = queries.one(specialist, sent.uid)
        reply = actions.write_reply(
            specialist, referral, kind=ReplyKind.FINAL_REPORT, text="適応と考えます。"
        )
        actions.send_reply(specialist, referral, reply=reply)
    with acting(doctor):
        assert queries.one(doctor, sent.uid).state == State.FINAL_REPLY


def test_the_loop_runs_from_draft_to_final_reply_on_the_pages(
    second_opinion: None, physician: Desk, cast: Cast
) -> None:
    chosen = physician.browser.get(reverse("referrals:new"), {"patient": cast.patient("suzuki").uid})
    assert "セカンドオピニオン依頼" in text_of(chosen)
    data = {"patient": cast.patient("suzuki").uid, "kind": "second_opinion"}
    begun = physician.browser.post(reverse("referrals:new"), data)
    editor = text_of(physician.browser.get(begun.url))
    assert "ご意見を伺いたいこと" in editor
    referral = physician.see(begun.url.split("/")[-3])
    assert physician.post(referral, "send").status_code == 302

    desk = Desk(cast, StaffClient(), "sato")
    for move in ("accept", "arrive"):
        address = reverse("referrals:make", args=[referral.uid, move])
        assert desk.browser.post(address, {"version": desk.see(referral.uid).version}).status_code == 302
    doctor = Desk(cast, StaffClient(), "takahashi")
    shown = text_of(doctor.browser.get(reverse("referrals:show", args=[referral.uid])))
    assert "セカンドオピニオン依頼書" in shown
    assert "ご意見を伺いたいこと" in shown
    reply = {"do": "send", "kind": "final_report", "text": "適応と考えます。"}
    assert doctor.browser.post(reverse("referrals:reply", args=[referral.uid]), reply).status_code == 302
    assert physician.see(referral.uid).state == State.FINAL_REPLY


def test_an_unknown_kind_is_not_begun(physician: Desk, cast: Cast) -> None:
    data = {"patient": cast.patient("suzuki").uid, "kind": "second_opinion"}
    assert physician.browser.post(reverse("referrals:new"), data).status_code == 422
