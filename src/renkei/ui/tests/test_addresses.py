"""What is found out or rendered once per process still fits every page that asks."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.template import Context, Template
from django.urls import NoReverseMatch, reverse, set_script_prefix

from renkei.ui.addresses import address
from renkei.ui.types import NavGroup, NavItem


def menu(*items: NavItem) -> str:
    return Template("{% load ui %}{% ui_nav nav %}").render(Context({"nav": [NavGroup("仕事", list(items))]}))


def test_every_patient_has_an_address_of_their_own() -> None:
    for uid in (uuid4(), uuid4()):
        assert address("patients:show", uid) == reverse("patients:show", args=[uid])
        assert address("patients:show", str(uid)) == reverse("patients:show", args=[uid])
    assert address("patients:index") == reverse("patients:index")


def test_what_is_no_key_makes_no_address() -> None:
    with pytest.raises(ValueError, match="badly formed"):
        address("patients:show", "../logout")
    with pytest.raises(NoReverseMatch):
        address("patients:nowhere")


def test_a_product_mounted_below_another_address_writes_that_one() -> None:
    uid = uuid4()
    plain = address("patients:show", uid)
    set_script_prefix("/renkei/")
    try:
        assert address("patients:show", uid) == f"/renkei{plain}"
    finally:
        set_script_prefix("/")


def test_the_menu_shows_the_count_of_now() -> None:
    one, two = (menu(NavItem("受付デスク", "/desk/", count=n)) for n in (1, 2))
    assert "1<span" in one
    assert "2<span" in two
    assert menu(NavItem("受付デスク", "/desk/", count=1)) == one
    assert 'aria-current="page"' not in one
    assert 'aria-current="page"' in menu(NavItem("受付デスク", "/desk/", count=1, current=True))


def test_a_label_of_the_menu_is_text() -> None:
    assert "&lt;b&gt;" in menu(NavItem("<b>", "/desk/"))
