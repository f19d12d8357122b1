"""What reading a document gives: the letter as plain values and every section as readable text."""

from __future__ import annotations

from dataclasses import dataclass

from renkei.referrals.types import LetterDocument


@dataclass(frozen=True)
class ReadEntry:
    """One resource of a section, told as text."""

    resource_type: str
    title: str
    text: str


@dataclass(frozen=True)
class ReadSection:
    """One section as it came: code, title, the sender's narrative and the entries told as text.

    ``path`` names the element, for instance ``Composition.section[300].section[340]``. Parts of the Bundle that no
    section names come as sections with an empty code.
    """

    code: str
    title: str
    path: str
    narrative: str
    entries: tuple[ReadEntry, ...] = ()

    @property
    def full_text(self) -> str:
        """Narrative and all entries, nothing left out."""
        told = [f"■ {entry.title}\n{entry.text}" for entry in self.entries]
        return "\n".join(part for part in (self.narrative, *told) if part)

    @property
    def text(self) -> str:
        """Narrative and entries; lines of an entry that the narrative already says are left out."""
        parts = [self.narrative] if self.narrative else []
        for entry in self.entries:
            rows = [
                row for row in entry.text.split("\n") if (row.partition("：")[2] or row) not in self.narrative
            ]
            if rows:
                parts.append("\n".join(rows))
        return "\n".join(parts)


@dataclass(frozen=True)
class ReadAttachment:
    """A file that came inside the document."""

    filename: str
    mime: str
    data: bytes


@dataclass(frozen=True)
class ReceivedDocument:
    """A referral document as read; ``sha256`` is that of the bytes as they came (hexadecimal)."""

    document: LetterDocument
    sections: tuple[ReadSection, ...]
    sha256: str
    profile: str
    profile_version: str
    warnings: tuple[str, ...] = ()
    attachments: tuple[ReadAttachment, ...] = ()

    @property
    def text(self) -> str:
        """Everything that is readable in the document, section by section."""
        return "\n\n".join(f"【{section.title}】\n{section.full_text}" for section in self.sections)
