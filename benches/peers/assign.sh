#!/bin/sh
# Plans the same campaigns with our solver and with OR-tools' min-cost flow, one after the other, and prints the ratios.
# Everything it makes lies in a directory of its own: benches/peers/assign.sh DIRECTORY [SHAPE:NEEDS:CANDIDATES ...]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
place=${1:?a directory for the virtual environment and the instances}
shift
mkdir -p "$place"
if [ ! -x "$place/venv/bin/python" ]; then
    python3 -m venv "$place/venv"
    "$place/venv/bin/pip" install --quiet ortools numpy
fi
cd "$here/../.."
cargo build --quiet --locked --release -p planning --example assign
target=${CARGO_TARGET_DIR:-target}
if [ $# -eq 0 ]; then
    set -- plenty:1000:100 plenty:20000:100 popular:20000:100 scarce:20000:100 square:20000:100 ties:20000:100 \
        wide:20000:100 alike:20000:100 plenty:100000:50 scarce:100000:50
fi
exec "$place/venv/bin/python" "$here/assign.py" "$target/release/examples/assign" "$place" "$@"
