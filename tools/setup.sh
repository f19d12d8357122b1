#!/bin/sh
# Make or refresh the Python environment.  usage: tools/setup.sh demo|dev
# demo: what the product needs (requirements.txt); dev: that and the tools of tests and checks (requirements-dev.txt).
# Every package is checked against the hashes of the lock file. Without a change this ends at once.
set -eu
cd "$(dirname "$0")/.."
kind=${1:-demo}
venv=${VENV:-.venv}
case $kind in dev) lock=requirements-dev.txt ;; *) lock=requirements.txt ;; esac

fail() { # Japanese or English, as the terminal speaks
    case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in ja*) echo "エラー: $1" >&2 ;; *) echo "Error: $2" >&2 ;; esac
    exit 1
}
say() { case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in ja*) echo "$1" ;; *) echo "$2" ;; esac; }

if "$venv/bin/python" -c '' 2>/dev/null; then
    # What dev installs contains what demo needs.
    cmp -s requirements-dev.txt "$venv/.installed-dev" && exit 0
    [ "$kind" = demo ] && cmp -s "$lock" "$venv/.installed-demo" && exit 0
fi

python=${PYTHON:-}
if [ -z "$python" ]; then
    for name in python3.11 python3.12 python3.13 python3.14 python3; do
        if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            python=$name
            break
        fi
    done
fi
[ -n "$python" ] && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || fail \
    "Python 3.11 以降がありません。apt install python3 python3-venv で入れるか、PYTHON=/path/to/python3.11 を付けてください。" \
    "Python 3.11 or later was not found. Run apt install python3 python3-venv, or add PYTHON=/path/to/python3.11."
"$python" -c 'import venv, ensurepip' 2>/dev/null || fail \
    "$python に venv がありません。apt install python3-venv を実行してください。" \
    "$python lacks venv. Run apt install python3-venv."
command -v git >/dev/null || fail \
    "git がありません。apt install git を実行してください。" "git was not found. Run apt install git."
free=$(df -Pk . | awk 'NR == 2 { print $4 }')
[ "$free" -ge 1000000 ] || fail \
    "空き容量が $((free / 1024)) MB しかありません (1000 MB 必要)。空きを作ってください。" \
    "Only $((free / 1024)) MB are free (1000 MB needed). Make room first."

say "環境を用意しています ($venv、初回は1分ほど)" "Preparing the environment ($venv, about a minute the first time)"
if ! "$venv/bin/python" -c '' 2>/dev/null; then
    [ ! -e "$venv" ] || [ -e "$venv/pyvenv.cfg" ] || fail \
        "$venv は Python の環境ではありません。名前を変えるか、VENV= で別の場所を指定してください。" \
        "$venv is no Python environment. Rename it, or name another place with VENV=."
    "$python" -m venv --clear "$venv"
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$lock" || fail \
    "パッケージを入れられませんでした。上の行を確かめてください (ネットワーク、プロキシ)。" \
    "The packages could not be installed. See the lines above (network, proxy)."

# The product itself is used from where it lies: no build step, no build tool.
"$venv/bin/python" - "$PWD" <<'PYTHON'
import pathlib, sys, sysconfig
pathlib.Path(sysconfig.get_path("purelib"), "renkei-source.pth").write_text(f"{sys.argv[1]}/src\n", encoding="utf-8")
PYTHON
cat >"$venv/bin/renkei" <<'LAUNCHER'
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python" -m renkei.config.cli "$@"
LAUNCHER
chmod +x "$venv/bin/renkei"
cp "$lock" "$venv/.installed-$kind"
