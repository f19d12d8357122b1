"""Secrets at rest."""

from __future__ import annotations

from renkei.kernel.sealing import seal, unseal

KEYS = ("", "a long random key of the installation")


def test_a_secret_comes_back_for_its_purpose_and_its_keys_only() -> None:
    token = seal("合言葉", keys=KEYS, purpose="webhook")
    assert "合言葉" not in token
    assert unseal(token, keys=KEYS, purpose="webhook") == "合言葉"
    assert unseal(token, keys=KEYS, purpose="other") is None
    assert unseal(token, keys=("", "another"), purpose="webhook") is None
    assert unseal("broken", keys=KEYS, purpose="webhook") is None
