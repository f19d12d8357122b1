"""Every field of every model is classified; a secret one never reaches the trail."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from checks.filler import WALLED
from checks.world import scope_of
from renkei.gate.models import Guarded
from renkei.gate.writing import note_change, writing
from renkei.kernel.identifiers import uuid7
from testing.cast import Cast

FILE = Path(__file__).with_name("classified_fields.toml")
CLASSES = {
    "identifying": "says who a person is, or leads to them",
    "clinical": "says something about a patient's health or care",
    "operational": "keeps the work going: keys, states, times, places, settings",
    "secret": "opens doors: hashes, keys, tokens; never in the trail, never on a page",
}


def listed() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(FILE.read_text())


def real() -> dict[str, set[str]]:
    return {
        m._meta.label: {f.name for f in m._meta.concrete_fields if not f.primary_key}
        for m in apps.get_models()
        if scope_of(m)
    }


def test_only_the_four_classes_are_used() -> None:
    assert {name for classes in listed().values() for name in classes} <= set(CLASSES)


def test_a_new_field_is_classified_before_it_is_used() -> None:
    known = {label: {f for fields in classes.values() for f in fields} for label, classes in listed().items()}
    missing = {label: sorted(fields - known.get(label, set())) for label, fields in real().items()}
    assert not {label: fields for label, fields in missing.items() if fields}, f"add them to {FILE.name}"


def test_no_field_is_listed_that_is_gone_or_twice() -> None:
    now = real()
    for label, classes in listed().items():
        fields = [f for names in classes.values() for f in names]
        assert len(fields) == len(set(fields)), label
        assert set(fields) <= now.get(label, set()), label


def secret_fields() -> list[tuple[type[models.Model], str]]:
    found = []
    for label, classes in listed().items():
        found += [(apps.get_model(label), name) for name in classes.get("secret", [])]
    return found


def test_there_are_secrets_to_keep() -> None:
    assert ("accounts.Person", "password") in {(m._meta.label, name) for m, name in secret_fields()}


def test_the_gate_knows_every_secret_of_a_guarded_model() -> None:
    for model, name in secret_fields():
        if issubclass(model, Guarded):
            assert name in model.secret_fields, f"{model._meta.label}: add {name} to secret_fields"


def test_a_secret_is_blotted_out_in_the_trail(cast: Cast) -> None:
    """Every guarded model with its text fields declared secret one after the other."""
    aoki = cast.actor("aoki")
    for model in apps.get_models():
        if not issubclass(model, Guarded) or scope_of(model) not in WALLED:
            continue
        names = [f.name for f in model._meta.concrete_fields if type(f) is models.CharField]
        row = model(pk=1, **dict.fromkeys(names, "開けゴマ"))
        row.secret_fields = frozenset(names)  # type: ignore[misc]
        with writing("proof", aoki) as opened:
            note_change(row, adding=True)
        assert "開けゴマ" not in str(opened.changes), model._meta.label
        assert opened.changes[0]["after"].keys() >= set(names)


def test_no_secret_is_identifying_text_of_a_patient() -> None:
    """A field cannot be both: patients' data is walled, not hidden from the trail."""
    assert not [m._meta.label for m, _name in secret_fields() if scope_of(m) == "patient"]


@pytest.mark.parametrize("label", ["patients.Patient", "patients.InsuredNumber", "patients.KeyContact"])
def test_names_and_numbers_of_patients_are_called_identifying(label: str) -> None:
    identifying: Any = listed()[label]["identifying"]
    assert {"name", "member_id", "phone"} & set(identifying)


def test_a_uid_is_random_and_therefore_operational() -> None:
    for label, classes in listed().items():
        if "uid" in real()[label]:
            assert "uid" in classes["operational"], label
    assert uuid7() != uuid7()
