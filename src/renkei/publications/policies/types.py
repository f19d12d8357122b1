"""Words of the policy documents."""

from __future__ import annotations

from django.db import models


class PolicyKind(models.TextChoices):
    """What a document is."""

    PRINCIPLES = "principles", "理念"
    POLICY = "policy", "医療連携推進方針"
    OPERATION = "operation", "運営方針"


class PolicyState(models.TextChoices):
    """A draft is seen by the alliance's office only; a published one by everybody, and it never changes again."""

    DRAFT = "draft", "案"
    PUBLISHED = "published", "公開"
