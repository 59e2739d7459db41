#!/bin/sh
# What the tests need beside Python: a broker, a database, a browser, strace. Debian and Ubuntu: installed when missing.
set -eu

missing=""
need() { # need COMMAND PACKAGE
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"
}
need mosquitto mosquitto
need mosquitto_pub mosquitto-clients
need chromium chromium
need strace strace
need redis-server redis-server
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || missing="$missing postgresql"
fc-list 2>/dev/null | grep -qi 'cjk' || missing="$missing fontconfig fonts-noto-cjk"

[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Not found:$missing. Install them with this system's package manager; tests that need them are skipped until then."
    exit 0
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
        echo "Not found:$missing. Run: sudo apt-get install$missing – tests that need them are skipped until then."
        exit 0
    fi
    as_root="sudo"
fi
echo "Installing$missing …"
$as_root apt-get update -qq
# The services are for the tests to start themselves, on free ports: none is started here.
export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' | $as_root tee /usr/sbin/policy-rc.d >/dev/null && $as_root chmod +x /usr/sbin/policy-rc.d
trap '$as_root rm -f /usr/sbin/policy-rc.d' EXIT
# shellcheck disable=SC2086 – a list of words is meant
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
