"""What an application says, as it is kept: blanks folded, days as ISO dates, numbers as digits, choices as offered."""

from __future__ import annotations

from renkei.enrolments.types import ApplicationDraft, FormField, Manifest
from renkei.kernel.eras import parse_date
from renkei.kernel.errors import Invalid
from renkei.kernel.names import check_kana_name
from renkei.kernel.text import clean_note, refuse_gaiji, refuse_longer, to_plain_number

ANSWER_LENGTH = 1_000
SEPARATOR = "、"


def tidy(manifest: Manifest, draft: ApplicationDraft) -> ApplicationDraft:
    """The draft as it is kept: folded blanks, only the fields of this scheme. Raises ``Invalid`` at the field."""
    name = " ".join(draft.physician_name.replace("\u3000", " ").split())
    refuse_longer(name, 80, "physician_name")
    refuse_gaiji(name, "physician_name")
    kana = check_kana_name(draft.physician_kana) if draft.physician_kana.strip() else ""
    said = dict(draft.answers)
    answers = [(field.key, _answer(field, said.get(field.key, "").strip())) for field in manifest.fields]
    return ApplicationDraft(
        draft.facility_id,
        name,
        kana,
        draft.person_id,
        draft.organization_id,
        clean_note(draft.seat.strip(), 60, "seat"),
        draft.category,
        tuple((key, value) for key, value in answers if value),
    )


def _answer(field: FormField, said: str) -> str:
    """One answer. A list from a spreadsheet is no form: what cannot be read is refused here, at the field."""
    if not said:
        return ""
    if field.kind in ("choice", "choices", "yes_no"):
        chosen = said.split(SEPARATOR) if field.kind == "choices" else [said]
        if not set(chosen) <= set(field.choices):
            raise Invalid("choice_unknown", f"「{field.label}」は選択肢から選んでください。", field.key)
        return SEPARATOR.join(chosen)
    if field.kind == "date":
        try:
            return parse_date(said).isoformat()
        except Invalid as error:
            raise Invalid(error.code, f"「{field.label}」: {error.message_ja}", field.key) from None
    if field.kind == "number":
        digits = to_plain_number(said).replace(",", "")
        if not digits.isdigit() or len(digits) > 5:
            raise Invalid(
                "number_unreadable", f"「{field.label}」は5桁までの数字で入力してください。", field.key
            )
        return str(int(digits))
    return clean_note(said, ANSWER_LENGTH, field.key)
