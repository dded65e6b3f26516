#!/usr/bin/env bash
# Packages the functions for provided.al2023: target/package/<function>.zip, and a table of their sizes.
#
#   infra/aws/package.sh                 all of them
#   infra/aws/package.sh read-tenant …   some
#
# ARCHITECTURE=arm64 builds for Graviton; JOBS=n compiles with n processes. target/package/packages.json keeps what each was built from,
# which packages.py holds against the checkout before a deployment.
set -euo pipefail
cd "$(dirname "$0")/../.."
PATH=$PWD/.tools/packaging/bin:$PATH

architecture=${ARCHITECTURE:-x86_64}
case $architecture in
x86_64) target=x86_64-unknown-linux-gnu ;;
arm64) target=aarch64-unknown-linux-gnu ;;
*) echo "ARCHITECTURE is x86_64 or arm64, not $architecture." >&2 && exit 1 ;;
esac
which=(--bins)
if [ $# -gt 0 ]; then which=("${@/#/--bin=}"); fi
if command -v rustup >/dev/null && ! rustup target list --installed | grep -qx "$target"; then
    rustup target add "$target"
fi

# Of this package alone, so that no feature of another one gets in (development issuer, movable clock, embedded table);
# functions/tests/dependencies.rs holds this build to that. The glibc is the one of provided.al2023.
made=target/package/build
rm -rf "$made"
# Before the build: what changes during it makes the packages unfit for `make deploy`, which is right.
sources=$(infra/aws/packages.py sources)
cargo-lambda lambda build --locked --profile lambda --disable-optimizations --target "$target.2.34" --package keyward-functions \
    "${which[@]}" ${JOBS:+--jobs "$JOBS"} --output-format zip --lambda-dir "$made"
if [ $# -eq 0 ]; then rm -f target/package/*.zip target/package/packages.json; fi
names=()
for zip in "$made"/*/bootstrap.zip; do
    name=$(basename "$(dirname "$zip")")
    mv "$zip" "target/package/$name.zip"
    names+=("$name")
done
rm -rf "$made"
infra/aws/packages.py stamp --sources "$sources" --architecture "$architecture" "${names[@]}"

python3 - <<'END'
import glob, os, zipfile
rows = []
for path in sorted(glob.glob("target/package/*.zip")):
    unpacked = zipfile.ZipFile(path).getinfo("bootstrap").file_size
    rows.append((os.path.basename(path)[:-4], os.path.getsize(path), unpacked))
print(f"{'function':<28}{'package':>10}{'unpacked':>10}")
for name, packed, unpacked in rows + [("all", sum(row[1] for row in rows), sum(row[2] for row in rows))]:
    print(f"{name:<28}{packed / 1e6:>7.1f} MB{unpacked / 1e6:>7.1f} MB")
END
