#!/usr/bin/env bash
# Runs one fuzz target for a while; `make fuzz` has built it. Fails if an input makes it stop, takes more than a second,
# or makes the process grow by more than 64 MB.
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: tests/fuzz/run.sh <target> <seconds>" >&2; exit 2; }
target=$1 seconds=$2
cd "$(dirname "$0")"
program=target/$(rustc -vV | sed -n 's/^host: //p')/release/$target
mkdir -p "corpus/$target" "artifacts/$target"
touch "artifacts/$target.begun"
# What is found goes to the first folder.
inputs=("corpus/$target" "seeds/$target")
[ ! -d "regressions/$target" ] || inputs+=("regressions/$target")

# What the process takes with its inputs read and each run once, before anything new is tried.
baseline=$("$program" -runs=0 -timeout=1 -print_final_stats=1 -artifact_prefix="artifacts/$target/" "${inputs[@]}" 2>&1 |
    sed -n 's/^stat::peak_rss_mb: *//p' || true)
baseline=${baseline:-0}
echo "fuzz: $target for $seconds s; it takes $baseline MB before, $baseline + 64 MB at most"

# Time is looked at once a second. An input that took a second between two looks is written down as a slow unit.
stopped=no
"$program" -max_total_time="$seconds" -timeout=1 -report_slow_units=1 -rss_limit_mb=$((baseline + 64)) \
    -max_len=65536 -print_final_stats=1 -artifact_prefix="artifacts/$target/" "${inputs[@]}" 2>&1 |
    tee "artifacts/$target.log" | grep --line-buffered -E '^(stat::|SUMMARY|==|#[0-9]+[[:space:]]+(INITED|DONE))|panicked' ||
    stopped=yes
found=$(find "artifacts/$target" -type f -newer "artifacts/$target.begun" | head -1)
[ $stopped = yes ] || [ -n "$found" ] || exit 0

cat >&2 <<END
fuzz: $target found something. What was printed is in tests/fuzz/artifacts/$target.log.
The input:     ${found:+tests/fuzz/}${found:-none was written}
See it again:  tests/fuzz/$program tests/fuzz/$found
Keep it:       mend the fault, and move the input to tests/fuzz/regressions/$target/ under a name that says what it is;
               make test runs it from then on.
END
exit 1
