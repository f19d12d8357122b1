"""A clinic that sends on paper, what comes back, and the worker that reads it."""

from __future__ import annotations

import io
from typing import Any

import pypdfium2
from PIL import Image

from renkei.exchange.models import ScanFile, ScanPart, ScanSource
from renkei.exchange.scans import filing, queries, taking, working
from renkei.gate.context import acting
from renkei.referrals import actions
from renkei.referrals import queries as referrals
from renkei.referrals.actions.on_paper import issue_codes
from renkei.referrals.models import Referral
from renkei.referrals.papers import outgoing
from renkei.referrals.tests.test_the_loop import LETTER
from testing import scans
from testing.cast import Cast
from testing.database import arranging

EAST = "H2"


class PaperDesk:
    """The desk of 青木内科, whose partner 東病院 has nothing but a fax."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.clerk, self.doctor = cast.actor("kimura"), cast.actor("aoki")
        self.partner = cast.facility(EAST)
        with arranging("a house without Renkei"):
            self.partner.uses_renkei = False
            self.partner.save()

    def sent(self, patient: str = "suzuki") -> Referral:
        with acting(self.clerk):
            made = actions.draft(self.clerk, self.cast.patient(patient))
            made = actions.write(self.clerk, made, content=LETTER, receiver=self.partner)
        with acting(self.doctor):
            actions.finalise_and_send(self.doctor, self.see(made, self.doctor))
        return self.see(made)

    def see(self, referral: Referral, actor: Any = None) -> Referral:
        who = actor or self.clerk
        with acting(who):
            return referrals.one(who, referral.uid)

    def codes(self, referral: Referral) -> dict[str, str]:
        """Kind → text of the code on its form; '' is the cover's."""
        with acting(self.clerk):
            rows = issue_codes(self.clerk, self.see(referral), kinds=("", *outgoing.FORMS))
            return {kind: outgoing.text_of(code) for kind, code in rows.items()}

    def papers(self, referral: Referral) -> list[Image.Image]:
        """Every sheet that goes out, as pictures: cover, letter, three forms."""
        with acting(self.clerk):
            made = outgoing.make(self.clerk, referral.uid)
        document = pypdfium2.PdfDocument(made.content)
        try:
            return [page.render(scale=150 / 72, grayscale=True).to_pil().convert("L") for page in document]
        finally:
            document.close()

    def form(self, referral: Referral, kind: str) -> Image.Image:
        """The blank form of one kind."""
        return self.papers(referral)[-3:][[k.value for k in outgoing.FORMS].index(kind)]

    def take(self, data: bytes, name: str = "fax.pdf", who: str = "kimura") -> ScanFile:
        actor = self.cast.actor(who)
        with acting(actor):
            return taking.take(actor, name, data, source=ScanSource.UPLOAD).file

    def read(self, row: ScanFile) -> list[ScanPart]:
        """What the worker does."""
        with arranging("the worker"):
            working.read_scan(scan_uid=str(row.uid))
            return list(ScanPart._base_manager.filter(file=row).order_by("first_page"))

    def scan(self, *pages: Image.Image, who: str = "kimura", name: str = "fax.pdf") -> list[ScanPart]:
        return self.read(self.take(scans.as_pdf(pages, 150), name, who))

    def file(
        self, part: ScanPart, referral: Referral, kind: str = "final_report", who: str = "kimura"
    ) -> ScanPart:
        actor = self.cast.actor(who)
        with acting(actor):
            return filing.file_on(
                actor, queries.one(actor, part.uid), referral=referrals.one(actor, referral.uid), kind=kind
            )


def blank() -> Image.Image:
    """A sheet without anything that a machine could know."""
    return Image.new("L", (1240, 1754), 255)


def png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


class Region:
    """Twelve letters on paper and the forms of each: what the generated scans are made of."""

    LETTERS = 12

    def __init__(self, desk: PaperDesk) -> None:
        self.desk = desk
        self.letters = [desk.sent(("suzuki", "yamada", "yoshida")[n % 3]) for n in range(self.LETTERS)]
        self.made: dict[tuple[int, str], tuple[str, bytes]] = {}
        for number in range(self.LETTERS):
            self.form(number)

    def form(self, number: int) -> tuple[str, bytes]:
        """The owner (``referral key/kind``) and the blank form of the ``number``-th paper."""
        letter = self.letters[number % self.LETTERS]
        kind = outgoing.FORMS[number // self.LETTERS % len(outgoing.FORMS)]
        if (letter.pk, kind) not in self.made:
            with acting(self.desk.clerk):
                pdf = outgoing.forms_pdf(self.desk.clerk, letter.uid)
            for at, each in enumerate(outgoing.FORMS):
                one = pypdfium2.PdfDocument.new()
                whole = pypdfium2.PdfDocument(pdf)
                one.import_pages(whole, [at])
                out = io.BytesIO()
                one.save(out)
                one.close()
                whole.close()
                self.made[letter.pk, each] = (f"{letter.pk}/{each.value}", out.getvalue())
        return self.made[letter.pk, kind]

    def measure(self, scan: scans.Scan, tally: scans.Tally) -> None:
        """Take one generated file in, have it read, and count."""
        parts = self.desk.read(self.desk.take(scan.data, scan.name))
        found = [
            (p.first_page, p.last_page, f"{p.referral_id}/{p.kind}" if p.state == "filed" else "")
            for p in parts
        ]
        shown = [(p.first_page, p.last_page, self.suggestion(p)) for p in parts if p.follows_id]
        tally.judge(scan, found, [one for one in shown if one[2]])

    def suggestion(self, part: ScanPart) -> str:
        """``referral key/kind`` that a person is shown for pages without a code."""
        with acting(self.desk.clerk):
            before = queries.neighbour(queries.one(self.desk.clerk, part.uid))
        return f"{before.referral.pk}/{before.kind}" if before else ""
