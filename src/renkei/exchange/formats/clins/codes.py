"""Exact URIs of JP-CLINS and JP Core that documents carry (design: standards 3.4 to 3.6)."""

from __future__ import annotations

CLINS = "http://jpfhir.jp/fhir/clins"
ECS = "http://jpfhir.jp/fhir/eCS"
CORE = "http://jpfhir.jp/fhir/core"

BUNDLE_PROFILE = f"{CLINS}/StructureDefinition/JP_Bundle_eReferral"
COMPOSITION_PROFILE = "http://jpfhir.jp/fhir/eReferral/StructureDefinition/JP_Composition_eReferral"
OLD_BUNDLE_PROFILES = (
    "http://jpfhir.jp/fhir/eReferral/StructureDefinition/JP_Bundle_eReferral",
    "http://jpfhir.jp/fhir/eClinicalSummary/StructureDefinition/JP_Bundle_eReferral",
    "http://jpfhir.jp/fhir/eClinicalSummary/StructureDefinition/JP_Bundle_eClinicalSummary",
)
OLD_COMPOSITION_PROFILES = (
    f"{CLINS}/StructureDefinition/JP_Composition_eReferral",
    "http://jpfhir.jp/fhir/eClinicalSummary/StructureDefinition/JP_Composition_eReferral",
)

DOC_TYPES = "http://jpfhir.jp/fhir/Common/CodeSystem/doc-typecodes"
DOC_SUBTYPES = "http://jpfhir.jp/fhir/Common/CodeSystem/doc-subtypecodes"
REFERRAL_TYPE = "57133-1"
REFERRAL_TITLE = "診療情報提供書"
ISSUED_EVENT = "診療情報提供書発行"

BUNDLE_ID = f"{CLINS}/bundle-identifier"
INSTANCE_ID = f"{CORE}/IdSystem/resourceInstance-identifier"
INSTITUTION_NUMBER = f"{CORE}/IdSystem/insurance-medical-institution-no"
LOCAL_PATIENT_PREFIX = "urn:oid:1.2.392.100495.20.3.51."
OLD_LOCAL_PATIENT_PREFIX = "urn:oid:1.2.392.200119.6.102."
MEMBER_ID = f"{CLINS}/Idsystem/JP_Insurance_memberID"
PUBLIC_PAYER_ID = f"{CLINS}/Idsystem/JP_PublicPayer_memberID"
# The profile asks for exactly one insured number (R1012); no insurer has this one, and reading turns it into "none".
NO_MEMBER_ID = "00000000:::"

VERSION_EXTENSION = "http://hl7.org/fhir/StructureDefinition/composition-clinicaldocument-versionNumber"
NAME_REPRESENTATION = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
DATA_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
INSTITUTION_EXTENSION = f"{CLINS}/Extension/StructureDefinition/JP_eCS_InstitutionNumber"
DEPARTMENT_EXTENSION = f"{ECS}/Extension/StructureDefinition/JP_eCS_Department"
PREFECTURE_EXTENSION = f"{CORE}/Extension/StructureDefinition/JP_Organization_PrefectureNo"
CATEGORY_EXTENSION = f"{CORE}/Extension/StructureDefinition/JP_Organization_InsuranceOrganizationCategory"
NUMBER_EXTENSION = f"{CORE}/Extension/StructureDefinition/JP_Organization_InsuranceOrganizationNo"
PERIOD_OF_USE_EXTENSION = f"{CORE}/Extension/StructureDefinition/JP_MedicationDosage_PeriodOfUse"
PREFECTURES = f"{CORE}/mhlw/CodeSystem/PrefectureNo-2digits"
FEE_TABLES = f"{CORE}/mhlw/CodeSystem/MedicationFeeScoreType"
INSTITUTION_CODE = f"{CORE}/mhlw/IdSystem/MedicalOrganizationID"
ORGANIZATION_TYPE = "http://terminology.hl7.org/CodeSystem/organization-type"

DISEASE_KEY = "http://medis.or.jp/CodeSystem/master-disease-keyNumber"
ICD10 = f"{CORE}/mhlw/CodeSystem/ICD10-2013-full"
CONDITION_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
CONDITION_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
CONDITION_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"

YJ = "http://capstandard.jp/iyaku.info/CodeSystem/YJ-code"
GENERAL_NAME = f"{CORE}/mhlw/CodeSystem/MedicationGeneralOrderCode"
NOCODED = f"{ECS}/CodeSystem/MedicationCodeNocoded_CS"
RP_NUMBER = f"{CORE}/mhlw/IdSystem/Medication-RPGroupNumber"
RP_INDEX = f"{CORE}/mhlw/IdSystem/MedicationAdministrationIndex"
USAGE_UNCODED = f"{CLINS}/CodeSystem/JP_CLINS_MedicationUsage_Uncoded_CS"
USAGE_DUMMY = "0X0XXXXXXXXX0000"

OBSERVATION_CATEGORY = f"{CORE}/CodeSystem/JP_SimpleObservationCategory_CS"
LOINC = "http://loinc.org"
OCCUPATION_LOINC = "11341-5"
EMPTY_REASON = "http://terminology.hl7.org/CodeSystem/list-empty-reason"


def profile(name: str) -> str:
    """The canonical URL of an eCS profile."""
    return f"{ECS}/StructureDefinition/{name}"
