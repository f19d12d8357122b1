"""One question to a 日レセ: the patient with a number. Its address is judged as every typed one; inside only what is allowed by name."""

from __future__ import annotations

import base64
from collections.abc import Collection
from urllib.parse import quote

from renkei.exchange.bridges.orca.fields import PATH
from renkei.exchange.bridges.orca.reading import OrcaPatient, read
from renkei.kernel.errors import Invalid
from renkei.kernel.outward import Unreachable, judge, send
from renkei.kernel.text import to_plain_number

SECONDS = 10.0
MOST_BYTES = 2 * 1024 * 1024
MOST_NUMBER = 20


def fetch(
    base_url: str, user: str, password: str, number: str, *, internal: Collection[str] = ()
) -> OrcaPatient:
    """The patient with ``number``. Raises ``Invalid`` at ``number`` or ``base_url``, ``NotFound``, ``Unreachable`` with the reason."""
    typed = to_plain_number(number).strip()
    if not typed.isascii() or not typed.isdigit() or len(typed) > MOST_NUMBER:
        raise Invalid("orca_number", f"患者番号は{MOST_NUMBER}桁までの数字です。", "number")
    url = f"{base_url.rstrip('/')}{PATH}?id={quote(typed)}"
    target = judge(url, internal=internal, field="base_url")
    login = base64.b64encode(f"{user}:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Accept": "application/xml"}
    try:
        answer = send(target, "GET", headers=headers, seconds=SECONDS, most_bytes=MOST_BYTES)
    except Unreachable as error:
        raise Unreachable(error.code, f"{_TOLD.get(error.code, error.message_ja)}{MEANWHILE}") from error
    if answer.status in (401, 403):
        raise Unreachable(
            "password", "日レセの利用者名かパスワードが違います。接続の設定を確かめてください。"
        )
    if answer.status != 200:
        raise Unreachable("status", f"日レセが {answer.status} を返しました。接続の設定を確かめてください。")
    return read(answer.body)


_TOLD = {
    "refused": "日レセに接続できません。日レセとネットワークが動いているかを確かめてください。",
    "timed_out": f"日レセから{SECONDS:.0f}秒以内に応答がありません。少し待ってから、もう一度取得してください。",
    "certificate": "日レセに安全に接続できません(証明書を確かめられません)。施設の管理者に知らせてください。",
    "not_http": "日レセの応答を読み取れません。接続の設定のアドレスを施設の管理者に確かめてください。",
    "too_long": "日レセの応答が長すぎて読み取れません。施設の管理者に知らせてください。",
}
MEANWHILE = "急ぐときは、患者を手で登録して紹介状を書けます。"
