"""The wall looks up the period of the row at hand; it no longer reads all periods of the facility first (ADR 0012)."""

from django.db import migrations

from renkei.gate.rls import Rewall, in_open_period

OWN_OR_SHARED = "facility_id = (SELECT gate_facility()) OR " + in_open_period(
    "patients_patient.id", "patient_id"
)
OF_CIRCLE = in_open_period("files_storedfile.circle_id", "circle_id")


class Migration(migrations.Migration):
    dependencies = [("circles", "0007_candidates_of_a_house")]

    operations = [
        Rewall("patients_patient", using=OWN_OR_SHARED),
        Rewall("files_storedfile", using=OF_CIRCLE, check=OF_CIRCLE),
    ]
