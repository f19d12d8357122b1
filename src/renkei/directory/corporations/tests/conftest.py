"""The people of the directory's tests."""

from renkei.directory.tests.conftest import administrator

__all__ = ["administrator"]
