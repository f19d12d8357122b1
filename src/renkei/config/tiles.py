"""The tile server of the maps, as the environment names it."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

PLACES = ("{z}", "{x}", "{y}")


def checked(address: str) -> str:
    """``https://host/{z}/{x}/{y}.png``, or empty for no server.

    Raises ``ImproperlyConfigured`` for what would give a map without pictures: no scheme, a host that changes from tile to
    tile (which no policy of a page could name), a place that is missing.
    """
    if not address:
        return ""
    parts = urlsplit(address)
    whole = parts.scheme in {"https", "http"} and parts.hostname and "{" not in parts.netloc
    if not whole or not all(place in address for place in PLACES):
        raise ImproperlyConfigured(
            f"RENKEI_TILES={address}: https://host/{{z}}/{{x}}/{{y}}.png の形で指定してください"
            "(ホスト名に{s}などは使えません。地図を使わないときは空にします)。"
        )
    return address
