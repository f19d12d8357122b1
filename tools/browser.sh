#!/bin/sh
# The stories run in a real browser: find chromium, or as root install Debian's. Without one the run fails.
set -eu
for name in "${RENKEI_CHROMIUM:-}" /usr/bin/chromium; do
    [ -n "$name" ] && "$name" --version >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing chromium (apt-get install chromium)"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -q && apt-get install -q -y --no-install-recommends chromium; } >/tmp/renkei-apt.log 2>&1 ||
        tail -20 /tmp/renkei-apt.log >&2
    rm -f /tmp/renkei-apt.log
    /usr/bin/chromium --version >/dev/null 2>&1 && exit 0
fi
echo "Error: the browser stories need chromium. Run as root: apt-get install chromium, or name one in RENKEI_CHROMIUM." >&2
echo "エラー: 画面の試験には chromium が必要です。root で apt-get install chromium を実行するか、RENKEI_CHROMIUM で指定してください。" >&2
exit 1
