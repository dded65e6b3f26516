#!/usr/bin/env bash
# The local cloud for a person: MiniStack with the template and the functions, and before it the local process, which signs people in,
# moves the clock, runs the sweeps and shows the mail.
#
#   infra/aws/cloud.sh start     PACKAGES=<folder> takes packages or other programs than those of target/debug; LISTEN another address
#   infra/aws/cloud.sh check     holds the table to itself, as after a restore (check-table.py)
#   infra/aws/cloud.sh stop
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=$PWD/target/debug
cloud=$PWD/target/cloud
python=.tools/cloud/bin/python

stop() {
    if [ -f "$cloud/front.pid" ]; then
        read -r pid started <"$cloud/front.pid"
        # Only the process that was started: its number may be another's by now.
        if [ "$(started_at "$pid")" = "$started" ]; then kill "$pid" 2>/dev/null || true; fi
        rm -f "$cloud/front.pid"
    fi
    $python infra/aws/local-cloud.py stop --dir "$cloud/run"
}

started_at() { ps -o lstart= -p "$1" 2>/dev/null | tr -d ' ' || true; }

value() { $python -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$cloud/run/cloud.json" "$1"; }

start() {
    if [ -f "$cloud/front.pid" ]; then stop 2>/dev/null; fi
    mkdir -p "$cloud"
    # The table is new with each start, so what belongs to it is, too: keys, mail, clock.
    rm -rf "$cloud/data" "$cloud/front.out"
    (umask 077 && "$programs/keyward-local" cloud-variables --data "$cloud/data" >"$cloud/variables.json")
    $python infra/aws/local-cloud.py start --dir "$cloud/run" --packages "${PACKAGES:-$programs}" \
        --variables "$cloud/variables.json" --auth >/dev/null
    "$programs/keyward-local" front --data "$cloud/data" --listen "${LISTEN:-127.0.0.1:7420}" --api "$(value url)" \
        --endpoint "$(value endpoint)" --region "$(value region)" --table "$(value table)" --prefix "$(value functionPrefix)" \
        --demo >"$cloud/front.out" 2>"$cloud/front.log" </dev/null &
    echo "$! $(started_at $!)" >"$cloud/front.pid"
    for _ in $(seq 1 1200); do
        if grep -qs 'http://' "$cloud/front.out"; then break; fi
        if ! kill -0 $! 2>/dev/null; then
            tail -n 20 "$cloud/front.log" >&2
            stop
            exit 1
        fi
        sleep 0.1
    done
    cat "$cloud/front.out"
    echo
    echo "The gateway:  $(value url)"
    echo "AWS itself:   export AWS_ENDPOINT_URL=$(value endpoint) AWS_REGION=$(value region) AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test"
    echo "              aws dynamodb scan --table-name $(value table)"
    echo "Logs:         $cloud/front.log, $cloud/run/cloud.log"
    echo "Stop it with: make cloud-stop"
}

case ${1:-} in
start) start ;;
check)
    AWS_DEFAULT_REGION=$(value region) AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test \
        $python infra/aws/check-table.py "$(value table)" --endpoint "$(value endpoint)"
    ;;
stop) stop ;;
*) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
