"""How the tests are shared out between processes."""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling

WHOLE = (
    "checks/test_urls.py",
    "checks/test_abuse_pages.py",
    "checks/test_faults.py",
    "src/renkei/demo/tests/test_demo_load.py",
)
"""Files whose arranged world costs half a minute: one process makes it and runs all of their tests."""


class ByTestOrFile(LoadScopeScheduling):  # type: ignore[misc]
    """One test at a time to whoever is free, except the files of ``WHOLE``."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return file if file in WHOLE else nodeid


def pytest_xdist_make_scheduler(config: Any, log: Any) -> ByTestOrFile:
    """The hook of pytest-xdist."""
    return ByTestOrFile(config, log)
