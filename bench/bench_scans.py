"""Papers that come back: 500 generated scans through the whole way, from the file to the reply on the referral.

Turned by 0, 90, 180 or 270 degrees, up to 8 degrees askew, seven of ten as a fax at 100 dpi (one bit, specks, lost lines), a third with
two letters in one file, one of ten with its codes destroyed. Nothing may be filed wrong; the limit for filed right is 97 %.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from django.db import transaction
from place import machine, region

from renkei.exchange.scans.tests.desks import PaperDesk, Region
from testing.scans import Tally, generated

LIMIT = 0.97


def main(count: int = 500) -> int:
    """Print the tally; 1 when a paper was filed wrong or too few were filed."""
    tally = Tally()
    with region("scans") as cast:
        with transaction.atomic():
            made = Region(PaperDesk(cast))
        seconds, cpu = 0.0, 0.0
        for number, scan in enumerate(generated(count, made.form), start=1):
            wall_from, cpu_from = time.perf_counter(), time.process_time()
            with transaction.atomic():
                made.measure(scan, tally)
            if number % 50 == 0:
                print(
                    f"  … {number}: right {tally.right}, unmatched {tally.unmatched}, wrong {tally.wrong}",
                    flush=True,
                )
            seconds, cpu = seconds + time.perf_counter() - wall_from, cpu + time.process_time() - cpu_from
    papers = tally.readable + tally.destroyed + tally.wrong
    print(f"scans: {count} files, {papers} papers, {machine()}")
    print(f"  filed right            {tally.right:5}")
    print(f"  unmatched              {tally.unmatched:5}  (readable by eye, left to a person)")
    print(f"  unmatched as they must {tally.destroyed:5}  (codes destroyed)")
    print(f"  filed wrong            {tally.wrong:5}  (limit 0)")
    print(
        f"  pages without a code   {tally.suggested:5}  of {tally.behind} shown to a person with the answer before them"
    )
    for line in tally.told:
        print(f"    {line}")
    print(f"  a file takes {1000 * cpu / count:.0f} ms CPU, {1000 * seconds / count:.0f} ms wall-clock")
    ratio = tally.right / tally.readable
    print(f"  filed right / readable = {ratio:.3f} (limit {LIMIT}); ratio to the limit {ratio / LIMIT:.2f}")
    return 1 if tally.wrong or ratio < LIMIT else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
