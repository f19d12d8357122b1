"""The fictional demo region as plain data: no Django, no database, the same for the same seed."""

from renkei.demo.region import DEMO_START, Region, region

__all__ = ["DEMO_START", "Region", "region"]
