#!/bin/bash
# Everything: unit part on two processes, then the browser stories. The closing lines of pytest stand last, a failed
# one at the very end; the exit code is non-zero when either part failed or found nothing.
set -u -o pipefail
cd "$(dirname "$0")/.."
python=${VENV:-.venv}/bin/python
lines=$(mktemp -d)
trap 'rm -rf "$lines"' EXIT

part() { # name, arguments of pytest
    local name=$1
    shift
    "$python" -m pytest -q "$@" 2>&1 | tee "$lines/$name.log"
}
part unit -n "${JOBS:-2}" src checks
unit=$?
part stories stories
stories=$?

closing() { grep -E '^(=+ )?[0-9]+ (passed|failed|error|deselected|skipped|warning)|no tests (ran|collected)' "$lines/$1.log" | tail -1; }
order="unit stories"
[ "$unit" = 0 ] || order="stories unit"
echo
for name in $order; do
    echo "$name:"
    closing "$name" || echo "pytest ended without a closing line"
done
[ "$unit" = 0 ] && [ "$stories" = 0 ]
