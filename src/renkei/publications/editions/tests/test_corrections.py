"""S10 ⑤: a correction replaces what was sent, everywhere."""

from __future__ import annotations

from datetime import date

import pytest

from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotPossibleNow
from renkei.notices.models import Notice
from renkei.publications.editions import making, queries, sending
from renkei.publications.editions.tests.conftest import THE_25TH, Office, newsletter, words_of
from renkei.publications.models import Part, PublishedPart, Way


def test_a_correction_replaces_what_was_sent_and_goes_to_everybody_again(office: Office) -> None:
    edition = office.sent()
    with clock.frozen(THE_25TH):
        with pytest.raises(Invalid):
            office.does(making.correct, edition, correction="")
        made = office.does(making.correct, edition, correction="7月14日の担当を変更")
        assert (made.number, made.replaces_id) == (2, edition.pk)
        with acting(office.sato):
            assert queries.replaced_by(office.sato, edition) is None
        office.does(sending.send, office.does(making.make_ready, made))
        with acting(office.sato):
            assert queries.replaced_by(office.sato, edition) == made
            text = words_of(bytes(queries.file(office.sato, made, Part.OUTPATIENT).content))
        assert "第2版" in text
        assert "7月14日の担当を変更" in text
        assert len(office.log(made)) == 2
        with pytest.raises(NotPossibleNow):
            office.does(making.correct, edition, correction="もう一度")


def test_what_a_correction_replaced_is_neither_sent_nor_published_again(office: Office) -> None:
    edition = office.sent()
    office.does(sending.publish, edition, parts=["outpatient"])
    with clock.frozen(THE_25TH):
        made = office.does(making.correct, edition, correction="7月14日の担当を変更")
        office.does(sending.publish, edition, parts=["outpatient"])
        office.does(sending.send, office.does(making.make_ready, made))
        for refuse in (
            lambda: office.does(
                sending.send_to, edition, facility_id=office.cast.facility("C1").pk, reason="届かない"
            ),
            lambda: office.does(sending.publish, edition, parts=["outpatient"]),
        ):
            with pytest.raises(NotPossibleNow) as refused:
                refuse()
            assert refused.value.code == "edition_replaced"
    assert len(office.log(edition)) == 2
    shown = PublishedPart.objects.get()
    assert (shown.edition_id, shown.number) == (made.pk, 2)
    assert "第2版" in words_of(bytes(shown.content))


def test_a_correction_goes_out_in_the_month_after_its_own(office: Office) -> None:
    edition = office.sent()
    with clock.frozen(clock.jst(2026, 7, 2, 9, 0)):
        made = office.does(making.correct, edition, correction="7月14日の担当を変更")
        details = {"scheme_ids": made.scheme_ids, "greeting": "差し替えをお願いします"}
        with pytest.raises(Invalid):
            office.does(making.set_details, made, send_on=date(2026, 7, 1), **details)
        made = office.does(making.set_details, office.edition(made.uid), send_on=date(2026, 7, 2), **details)
        assert len(office.does(sending.send, office.does(making.make_ready, made))) == 2


def test_the_word_to_the_receiver_names_what_is_really_in_it(office: Office) -> None:
    office.choose("C1", Way.IN_APP, "kimura")
    edition = office.filled()
    with_news = "(外来表・当直医表・広報誌)"
    for content, says in ((None, "(外来表・当直医表)"), (newsletter(), with_news)):
        if content:
            edition = office.does(making.correct, office.edition(edition.uid), correction="広報誌を同封")
            office.does(making.set_newsletter, edition, name="広報.pdf", content=content)
        ready = office.does(making.make_ready, office.edition(edition.uid))
        with clock.frozen(THE_25TH):
            office.does(sending.send, ready)
        kimura = office.cast.actor("kimura")
        with acting(kimura):
            told = Notice.objects.visible_to(kimura).filter(kind="edition_arrived").order_by("-pk").first()
        assert told is not None
        assert says in told.text
