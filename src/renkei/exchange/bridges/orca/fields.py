"""The published list of ``patientgetv2`` of 日レセAPI, as data: what the bridge reads, what it must never touch.

Source: ORCA PROJECT, 日医標準レセプトソフト API 患者基本情報, レスポンス一覧 and エラーメッセージ一覧 (state of 2025-01-28). The numbers are
those of the list. Bridge and fake are both tested against it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One line of the list: number, path below ``patientinfores``, meaning, the list's own example."""

    number: str
    path: str
    meaning: str
    example: str = ""


PATIENT = "Patient_Information"
ADDRESS = f"{PATIENT}/Home_Address_Information"
INSURANCE = f"{PATIENT}/HealthInsurance_Information/HealthInsurance_Information_child"

READ = (
    Field("3", "Api_Result", "結果コード(ゼロ以外エラー)", "00"),
    Field("4", "Api_Result_Message", "エラーメッセージ", "処理終了"),
    Field("6-1", f"{PATIENT}/Patient_ID", "患者番号", "00017"),
    Field("6-2", f"{PATIENT}/WholeName", "患者氏名", "日医　太郎"),
    Field("6-3", f"{PATIENT}/WholeName_inKana", "患者カナ氏名", "ニチイ　タロウ"),
    Field("6-4", f"{PATIENT}/BirthDate", "生年月日", "1975-01-01"),
    Field("6-5", f"{PATIENT}/Sex", "性別(1:男性、2:女性)", "1"),
    Field("6-8-1", f"{ADDRESS}/Address_ZipCode", "郵便番号", "1130021"),
    Field("6-8-2", f"{ADDRESS}/WholeAddress1", "住所1", "東京都文京区本駒込"),
    Field("6-8-3", f"{ADDRESS}/WholeAddress2", "住所2", "６−１６−３"),
    Field("6-8-4", f"{ADDRESS}/PhoneNumber1", "自宅電話番号", "03-3333-2222"),
    Field("6-8-5", f"{ADDRESS}/PhoneNumber2", "連絡先電話番号", "03-3333-1133"),
    Field("6-22", f"{PATIENT}/Occupation", "職業"),
    Field("6-46-6", f"{INSURANCE}/InsuranceProvider_Number", "保険者番号", "138057"),
    Field("6-46-8", f"{INSURANCE}/HealthInsuredPerson_Symbol", "記号", "０１"),
    Field("6-46-9", f"{INSURANCE}/HealthInsuredPerson_Number", "番号", "１２３４５６７"),
    Field("6-46-10", f"{INSURANCE}/HealthInsuredPerson_Branch_Number", "枝番", "01"),
    Field("6-46-16", f"{INSURANCE}/Certificate_StartDate", "適用開始日", "2010-05-01"),
    Field("6-46-17", f"{INSURANCE}/Certificate_ExpiredDate", "適用終了日", "9999-12-31"),
)
NEVER = (Field("6-49", f"{PATIENT}/Individual_Number", "個人番号情報(番号法により読まない)"),)
NO_SUCH_PATIENT = "10"
RESULTS = {
    "01": "患者番号の設定がありません",
    NO_SUCH_PATIENT: "患者番号に該当する患者が存在しません",
    "89": "職員情報・医療機関情報などが取得できません",
    "90": "他端末使用中",
    "91": "処理区分未設定",
    "97": "送信内容に誤りがあります",
    "98": "送信内容の読込ができませんでした",
    "99": "ユーザID未登録",
}
SEXES = {"1": "male", "2": "female"}
PATH = "/api01rv2/patientgetv2"
"""On premises. A cloud installation may want a prefix (``/api``) and a client certificate, which is not supported [K]."""
