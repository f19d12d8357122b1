"""Properties are about meaning, not speed: no deadline per example on a shared machine."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
