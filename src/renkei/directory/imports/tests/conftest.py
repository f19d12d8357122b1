"""The people of the directory's tests."""

from renkei.directory.tests.conftest import administrator, oka

__all__ = ["administrator", "oka"]
