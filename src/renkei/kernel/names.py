"""Names of people: what is stored, and the keys by which the same person is found again (名寄せ, rules J.2).

Raw text is kept as typed, with its variation selectors and rare kanji (𠮷, 﨑); keys are for comparing only
and are never shown. ``*_key`` folds what is the same name written differently. ``loose_*_key`` folds
further and may only propose a candidate to a person: names that differ strictly can be equal loosely, never
the reverse.

The table of variants (異体字) holds pairs that occur in family and given names; it is not the whole MJ shrink
map (MJ縮退マップ).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import jaconv

from renkei.kernel.errors import Invalid
from renkei.kernel.text import compose_kana, refuse_controls, refuse_gaiji, refuse_longer, to_half_width

NAME_LIMIT = 100

# The first character of each word is the one the others fold to.
VARIANTS: tuple[str, ...] = tuple(
    (
        "高髙 崎﨑嵜 浜濱濵 辺邊邉 沢澤 広廣 徳德 柳栁桺 吉𠮷 桜櫻 国國圀 島嶋嶌 富冨 峰峯 淵渕渊 橋槗𣘺 "
        "船舩 松枩 亜亞 悪惡 円圓 塩鹽 奥奧 応應 桑桒 温溫 会會 絵繪 覚覺 学學 楽樂 関關 観觀 巻卷 勧勸 "
        "館舘 巌巖 亀龜 気氣 帰歸 暁曉 尭堯 区區 駆驅 郷鄕鄉 恵惠 渓溪 経經 継繼 蛍螢 芸藝 鶏鷄 県縣 "
        "剣劍劔 顕顯 権權 厳嚴 献獻 恒恆 黄黃 黒黑 喜㐂囍 参參 桟棧 蚕蠶 糸絲 児兒 実實 写寫 釈釋 寿壽 "
        "収收 従從 渋澁 縦縱 粛肅 処處 叙敍 将將 焼燒 証證 奨奬 条條 状狀 乗乘 浄淨 畳疊 譲讓 嬢孃 真眞 "
        "晋晉 慎愼 尽盡 図圖 穂穗 瀬瀨 静靜 青靑 清淸 摂攝 専專 浅淺 銭錢 禅禪 双雙 壮壯 荘莊 総總 聡聰 "
        "蔵藏 増增 続續 帯帶 滝瀧 団團 弾彈 昼晝 庁廳 聴聽 鎮鎭 鉄鐵鉃 転轉 伝傳 点點 党黨 灯燈 当當 稲稻 "
        "読讀 独獨 弐貳 売賣 梅楳 発發 姫姬 仏佛 並竝 変變 宝寶 豊豐 毎每 万萬 満滿 弥彌 薮藪 与與 予豫 "
        "余餘 誉譽 揺搖 遥遙 様樣 謡謠 来來 頼賴 覧覽 竜龍 両兩 緑綠 涼凉 礼禮 励勵 霊靈 歴歷 恋戀 錬鍊 "
        "郎郞 労勞 録錄 湾灣 亘亙 彦彥 曽曾 祢禰 芦蘆 桧檜 鶴靏靍 秋穐 篭籠 蛎蠣 鴎鷗 涛濤 槙槇 凛凜 煕熙 "
        "穎頴 薫薰 勲勳 角⻆ 兎兔 冴冱 頬頰 裏裡 横橫 内內 歩步 戸戶 教敎 強强 産產 説說 税稅 呉吳 壌壤 "
        "土𡈽 隠隱 栄榮 衛衞 縁緣 鋭銳 閲閱 為爲 餅餠 麹麴 鯵鰺 蝉蟬 撹攪 曳曵 函凾 舗舖 杯盃 略畧"
    ).split()
)
# Different names in the register, mixed up on paper: they only propose a candidate.
LOOSE_VARIANTS: tuple[str, ...] = ("斉齊斎齋斊", "崎碕埼", "坂阪", "園薗", "野埜", "晃晄")


def fold_table(groups: tuple[str, ...]) -> dict[int, str]:
    """Groups such as ``高髙`` as a ``str.translate`` table: every later character to the first."""
    return {ord(variant): group[0] for group in groups for variant in group[1:]}


_STRICT_KANJI = fold_table(VARIANTS)
_LOOSE_KANJI = fold_table(LOOSE_VARIANTS)
_SMALL = "ァィゥェォヵヶッャュョヮㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ"
_LARGE = "アイウエオカケツヤユヨワクシストヌハヒフヘホムラリルレロ"
_STRICT_KANA = str.maketrans(_SMALL + "ヅヂヲヰヱ", _LARGE + "ズジオイエ")
# ヅ is ズ in the strict key already, so the unvoiced pair has to meet as well: ツ=ス, チ=シ.
_LOOSE_KANA = str.maketrans("ツチ", "スシ")
_SMALL_KE = str.maketrans("ヶヵ", "ケカ")
_SPACES = re.compile(r"[^\S\t\n\r\v\f\x1c-\x1f\x85\u2028\u2029]+")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_KANA_NAME = re.compile(r"[ァ-ヺー・ヽヾㇰ-ㇿA-Za-z0-9 .'-]+")
_TYPED_LONG_VOWEL = re.compile("(?<=[ァ-ヺー])[-\u2010-\u2015\u2212]")
_PASSES = 4


def to_katakana(text: str) -> str:
    """Hiragana and half-width kana to full-width katakana; everything else is kept."""
    wide = jaconv.h2z(compose_kana(text), kana=True, ascii=False, digit=False)
    return compose_kana(jaconv.hira2kata(wide))


def check_person_name(text: str, field: str = "name") -> str:
    """A name ready to store: one half-width space between its parts (CLINS R1113), otherwise as typed.

    Surrogate pairs (𠮷) and variation selectors stay. Raises ``Invalid``: ``control_character`` (tabs, line
    ends and invisible characters too), ``gaiji``, ``name_empty``, ``too_long``.
    """
    refuse_controls(text, field, allowed="", invisible=True)
    refuse_gaiji(text, field)
    name = _SPACES.sub(" ", compose_kana(text)).strip()
    if not name:
        raise Invalid("name_empty", "氏名が空です。姓と名を入力してください。", field)
    refuse_longer(name, NAME_LIMIT, field)
    return name


def check_kana_name(text: str, field: str = "kana") -> str:
    """A reading ready to store, in full-width katakana (Latin letters for foreign names).

    Raises as :func:`check_person_name`, and ``kana_only`` at the first character that is no reading.
    """
    kana = _TYPED_LONG_VOWEL.sub("ー", to_katakana(to_half_width(check_person_name(text, field))))
    if not _KANA_NAME.fullmatch(kana):
        place, char = next((i, c) for i, c in enumerate(kana, start=1) if not _KANA_NAME.fullmatch(c))
        raise Invalid(
            "kana_only",
            f"フリガナの{place}文字目「{char}」は使えません。カタカナ(外国の方は英字)で入力してください。",
            field,
        )
    return kana


def kana_key(text: str) -> str:
    """The reading for comparing: katakana without spaces, points and long vowel marks; small kana large.

    ヅ=ズ, ヂ=ジ, ヲ=オ, ヰ=イ, ヱ=エ; Latin letters in one case. ``きょうこ`` and ``ｷﾖｳｺ`` agree.
    """
    return _settle(text, _kana_once)


def kanji_key(text: str) -> str:
    """The written name for comparing: variants folded (髙=高), selectors and spaces gone, 々 written out."""
    return _settle(text, _kanji_once)


def loose_kana_key(text: str) -> str:
    """:func:`kana_key` without voicing marks (ヤマサキ=ヤマザキ); for candidates only."""
    unmarked = re.sub("[\u3099\u309a]", "", unicodedata.normalize("NFD", kana_key(text)))
    return unicodedata.normalize("NFC", unmarked).translate(_LOOSE_KANA)


def loose_kanji_key(text: str) -> str:
    """:func:`kanji_key` with look-alikes folded (齋=斎=斉, 坂=阪); for candidates only."""
    return kanji_key(text).translate(_LOOSE_KANJI)


def bigrams(text: str, *, anchored: bool = False) -> list[str]:
    """Pairs of neighbouring characters of a key, each once, in order: ``ヤマダ`` gives ``ヤマ マダ``.

    Store them ``anchored`` (``^ヤ … ダ$``). A query inside a stored key has only pairs that are stored, so an
    array ``@>`` finds it; order is lost, so the caller still compares the key. One character gives none.
    """
    if not text:
        return []
    padded = f"^{text}$" if anchored else text
    return list(dict.fromkeys(padded[i : i + 2] for i in range(len(padded) - 1)))


def _settle(text: str, once: Callable[[str], str]) -> str:
    # A dropped mark can let its neighbours compose, so one more pass may be needed until nothing changes.
    for _ in range(_PASSES):
        folded = once(text)
        if folded == text:
            break
        text = folded
    return text


def _letters(text: str) -> str:
    """Compatibility forms opened, one case, and only letters and digits left."""
    marked = text.replace("゛", "\u3099").replace("゜", "\u309a")
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", marked).casefold())
    return "".join(c for c in plain if unicodedata.category(c)[0] in "LN" and c != "ー")


def _kana_once(text: str) -> str:
    katakana = _repeat(jaconv.hira2kata(_letters(text)), "ヽヾ")
    return katakana.translate(_STRICT_KANA)


def _kanji_once(text: str) -> str:
    letters = _letters(_SELECTORS.sub("", text))
    return _repeat(letters.translate(_SMALL_KE).translate(_STRICT_KANJI), "々")


def _repeat(text: str, marks: str) -> str:
    """Write out iteration marks: 佐々木 as 佐佐木, ミスヾ as ミスズ. A mark at the start is dropped."""
    out = ""
    for char in text:
        if char not in marks:
            out += char
        elif out:
            bare = unicodedata.normalize("NFD", out[-1])[0]
            out += (
                unicodedata.normalize("NFC", bare + "\u3099")
                if char == "ヾ"
                else out[-1]
                if char == "々"
                else bare
            )
    return out
