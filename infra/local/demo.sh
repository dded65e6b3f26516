#!/usr/bin/env bash
# The whole story, played by the keyward command, with commentary. Ends by itself; fails if a step does not do what it says.
#
#   infra/local/demo.sh            starts a local process of its own in a directory that is removed afterwards
#   infra/local/demo.sh URL        plays it against a running process with a fresh demo world
set -euo pipefail

programs=${KEYWARD_PROGRAMS:-$(dirname "$0")/../../target/debug}
programs=$(cd "$programs" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/keyward-demo.XXXXXX")
server=
finish() {
    status=$?
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
    if [ "$status" -ne 0 ] && [ -f "$work/server.log" ]; then
        echo "The demo stopped with status $status. The server said:" >&2
        tail -n 20 "$work/server.log" >&2
    fi
    rm -rf "$work"
}
trap finish EXIT
cd "$work"

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m'; dim=$'\e[2m'; plain=$'\e[0m'; else bold=; dim=; plain=; fi

say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

fail() { echo "demo: $*" >&2; exit 1; }

# as PERSON ARGUMENTS…: runs the command as this person and shows what is typed.
as() {
    local person=$1
    shift
    printf '%s%s $ keyward %s%s\n' "$dim" "$person" "$*" "$plain"
    KEYWARD_CONFIG_DIR="$work/$person" "$programs/keyward" "$@" 2>&1 | tee "$work/last" || return "${PIPESTATUS[0]}"
}

# refused CODE PERSON ARGUMENTS…: the same, and it must be refused by this rule.
refused() {
    local code=$1 status=0
    shift
    as "$@" || status=$?
    [ "$status" -eq 4 ] || fail "expected a refusal ($code), got exit status $status"
    grep -q "$code" "$work/last" || fail "expected $code"
}

# shows TEXT: the last output holds it.
shows() { grep -q -- "$1" "$work/last" || fail "expected the output to show: $1"; }

if [ $# -gt 0 ] && [ -n "$1" ]; then
    url=$1
else
    "$programs/keyward-local" serve --data "$work/data" --listen 127.0.0.1:0 --demo >"$work/server.out" 2>"$work/server.log" &
    server=$!
    for _ in $(seq 1 1200); do
        url=$(grep -o 'http://[^ ]*' "$work/server.out" | head -n 1 || true)
        [ -n "$url" ] && break
        kill -0 "$server" 2>/dev/null || fail "the local process did not start"
        sleep 0.05
    done
fi
[ -n "${url:-}" ] || fail "the local process did not say where it serves"
export KEYWARD_URL=$url

printf 'correct horse battery staple\n' >password
printf 'one hundred orders, customers by name\n' >orders.txt

say "1. Alice administers the tenant Contoso. She takes control of its keys."
as alice login --as alice
as alice tenant opt-in
as alice key generate k1 --region europe --out k1.pfx --password-file password
as alice key activate k1
as alice environment protect prod-eu
shows 'wrapped by *k1'

say "2. The service \"orders\" encrypts a file with a data key of the environment."
as orders login --as orders
as orders seal prod-eu orders.txt -o orders.sealed
as orders open orders.sealed -o back.txt
cmp orders.txt back.txt || fail "the file did not come back"
rm back.txt

say "3. Locking is not open yet: for 72 hours a hostile key change could be rolled back instead."
refused lock_not_open alice lock now --key-file k1.pfx --password-file password --confirm 'Contoso Ltd'

say "4. 72 hours later Alice locks everything. It takes the tenant's name and the key file."
as alice clock advance 72h
as alice lock plan
as alice lock now --key-file k1.pfx --password-file password --confirm 'Contoso Ltd'
as alice environment list
shows locked

say "5. Nothing can be read now: not by the service, not by the provider. The private key is gone from the vault."
refused environment_locked orders open orders.sealed -o back.txt
[ ! -e back.txt ] || fail "a file was left behind"
if [ -n "$server" ]; then
    left=$(find data/vault -type f | grep -c contoso || true)
    [ "$left" -eq 0 ] || fail "a private key of the tenant is still in the vault"
    echo "   (the vault holds $left private keys of Contoso)"
fi
refused key_not_presented alice environment unlock prod-eu

say "6. Alice presents the key file again, and unlocks the production environment. The file opens."
as alice key activate k1 --key-file k1.pfx --password-file password
as alice environment unlock prod-eu
as orders open orders.sealed -o back.txt
cmp orders.txt back.txt || fail "the file did not come back"

say "7. She forgets the test environment. Both administrators are reminded; after 28 days it is deleted for good."
as alice clock advance 28d
as alice environment list
shows 'test-us.*deleted'
refused environment_deleted alice environment unlock test-us

say "8. Somebody who stole Alice's account activates a key of his own. Everybody gets a mail; Bob rolls it back."
as alice key generate k2 --region europe --out k2.pfx --password-file password
as alice key activate k2
as bob login --as bob
as bob mailbox list
shows 'protection key k2 was activated'
refused same_administrator alice key roll-back --confirm 'Contoso Ltd'
as bob key roll-back --confirm 'Contoso Ltd'
as bob tenant show
shows 'active key *k1'
as orders open orders.sealed -o again.txt
cmp orders.txt again.txt || fail "the file did not come back"

say "9. All of it is in the audit log, in an order that cannot be changed without being seen."
as bob audit list --verify
shows 'in order and unchanged'

say "That was the whole story. The rules behind it: docs/rules.md. Try it yourself: make run"
