"""Which document is this? Names the kinds that are not a 診療情報提供書, so that a refusal says what came instead."""

from __future__ import annotations

from renkei.exchange.formats.clins import codes
from renkei.fhirkit.documents import Bundle, Resource, items, text_of
from renkei.kernel.errors import Invalid

# Parts of profile URLs, most telling first.
_BY_PROFILE: tuple[tuple[str, str], ...] = (
    ("JP_Bundle_eDischargeSummary", "退院時サマリー"),
    ("JP_Composition_eDischargeSummary", "退院時サマリー"),
    ("JP_Bundle_ePCS", "療養計画書（患者サマリー）"),
    ("JP_Composition_ePCS", "療養計画書（患者サマリー）"),
    ("eMunicipalCheckup", "自治体検診の結果報告書"),
    ("eCheckup", "健診結果報告書"),
    ("ePrescriptionDispens", "電子処方箋の調剤結果"),
    ("ePrescription", "電子処方箋"),
    ("JP_Bundle_CLINS", "JP-CLINS の臨床情報（電子カルテ情報共有サービスの5情報）"),
)
_BY_TYPE: dict[str, str] = {
    "18842-5": "退院時サマリー",
    "56447-6": "療養計画書（患者サマリー）",
    "57833-6": "電子処方箋",
    "53576-5": "健診結果報告書",
    "JPGCHKUP01": "健診結果報告書",
}
_BY_BUNDLE_TYPE: dict[str, str] = {
    "collection": "collection（リソースの集まり）",
    "message": "message（FHIR メッセージ）",
    "transaction": "登録要求（transaction）",
    "transaction-response": "登録要求への応答（transaction-response）",
    "batch": "一括要求（batch）",
    "batch-response": "一括要求への応答（batch-response）",
    "history": "変更履歴（history）",
    "searchset": "検索結果（searchset）",
}
_REFERRAL_PROFILES = frozenset(
    {
        codes.BUNDLE_PROFILE,
        codes.COMPOSITION_PROFILE,
        *codes.OLD_BUNDLE_PROFILES,
        *codes.OLD_COMPOSITION_PROFILES,
    }
)


def profiles(resource: Resource) -> list[str]:
    """The profiles that a resource claims, as written."""
    meta = resource.get("meta")
    rows = meta.get("profile") if isinstance(meta, dict) else None
    return [row for row in rows if isinstance(row, str)] if isinstance(rows, list) else []


def refuse_other(raw: Resource) -> None:
    """Raises ``Invalid`` (``clins.other_kind``) unless ``raw`` may be a referral document Bundle."""
    kind = text_of(raw.get("resourceType"))
    if kind != "Bundle":
        what = f"単独の {kind} リソース" if kind else "FHIR ではないデータ（resourceType がありません）"
        raise Invalid(
            "clins.other_kind",
            f"これは{what}です。診療情報提供書の文書（Bundle）ではありません。",
            "resourceType",
        )
    composition = _composition(raw)
    name = _name(raw, composition)
    if name:
        raise Invalid("clins.other_kind", f"これは{name}の文書です。診療情報提供書ではありません。", "Bundle")
    if text_of(raw.get("type")) != "document":
        found = text_of(raw.get("type")) or "なし"
        raise Invalid(
            "clins.other_kind",
            f"Bundle.type が document ではありません（{found}）。診療情報提供書の文書ではありません。",
            "Bundle.type",
        )


def _composition(raw: Resource) -> Resource:
    return next((entry.resource for entry in Bundle(raw).of_type("Composition")), {})


def _type_codes(composition: Resource) -> list[str]:
    concept = composition.get("type")
    rows = items(concept.get("coding")) if isinstance(concept, dict) else []
    return [text_of(row.get("code")) for row in rows]


def _name(raw: Resource, composition: Resource) -> str:
    """The Japanese name of a kind that is not ours, empty where it may be a referral."""
    type_codes = _type_codes(composition)
    if codes.REFERRAL_TYPE in type_codes and text_of(raw.get("type")) == "document":
        return ""
    claimed = profiles(raw) + profiles(composition)
    for part, name in _BY_PROFILE:
        if any(part in url for url in claimed):
            return name
    for code in type_codes:
        if code in _BY_TYPE:
            return _BY_TYPE[code]
    if name := _BY_BUNDLE_TYPE.get(text_of(raw.get("type")), ""):
        return name
    if composition and type_codes and codes.REFERRAL_TYPE not in type_codes:
        title = text_of(composition.get("title")) or "題のない文書"
        return f"「{title}」（文書種別 {'、'.join(type_codes)}）"
    return ""


def check_profile(raw: Resource, composition: Resource) -> tuple[str, str, list[str]]:
    """``(profile, version, warnings)`` of a referral document; refuses claims that are all unknown.

    The Bundle's own claim decides; the Composition is asked only where the Bundle claims nothing.
    """
    claimed = profiles(raw) or profiles(composition)
    for url in claimed:
        canonical, _, version = url.partition("|")
        if canonical in _REFERRAL_PROFILES:
            return canonical, version, _version_warnings(version)
    if claimed:
        raise Invalid(
            "clins.unknown_profile",
            f"知らないプロファイルです: {claimed[0]}。JP-CLINS または旧 eReferral の診療情報提供書だけを読み込めます。",
            "Bundle.meta.profile",
        )
    if codes.REFERRAL_TYPE not in _type_codes(composition):
        raise Invalid(
            "clins.unknown_type",
            "文書種別（Composition.type）が診療情報提供書（57133-1）ではありません。",
            "Composition.type",
        )
    return (
        "",
        "",
        ["プロファイル（meta.profile）がありません。文書種別 57133-1 により診療情報提供書として読みました。"],
    )


def _version_warnings(version: str) -> list[str]:
    if not version or version.split(".")[0] == "1":
        return []
    return [f"プロファイルの版 {version} は 1 系ではありません。読めた範囲を表示します。"]
