"""The ``ui`` app: page frame, components, form layer. It knows no word of the domain."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Templates, static files and tags of the component set."""

    name = "renkei.ui"
    label = "ui"
    verbose_name = "画面部品"
