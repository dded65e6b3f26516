#!/usr/bin/env bash
# Packages the empty function as infra/aws/package.sh packages the others, but apart from them: target/package-empty/empty.zip.
set -euo pipefail
cd "$(dirname "$0")/../../.."
PATH=$PWD/.tools/packaging/bin:$PATH

made=target/package-empty
rm -rf "$made"
cargo-lambda lambda build --locked --profile lambda --disable-optimizations --target "$(uname -m)-unknown-linux-gnu.2.34" \
    --package keyward-functions --example empty ${JOBS:+--jobs "$JOBS"} --output-format zip --lambda-dir "$made"
zip=$(find "$made" -name bootstrap.zip)
mv "$zip" "$made/empty.zip"
