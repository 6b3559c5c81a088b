#!/bin/sh
# Answers the same segmented needs with our sweep and with bm25s (numba), by turns, and prints the ratios; then how our cost grows with the experts.
# Everything it makes lies in a directory of its own: benches/peers/sweep.sh DIRECTORY [EXPERTS ...]
# The corpus comes from `corpus.sh`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
place=${1:?a directory for the virtual environment and the corpus}
shift
mkdir -p "$place/data"
place=$(cd "$place" && pwd)
. "$here/corpus.sh"
segmented_texts
cd "$root"
cargo build --quiet --locked --release -p sweep --example needs
target=${CARGO_TARGET_DIR:-target}
if [ $# -eq 0 ]; then
    set -- 10000 100000 1000000
fi
exec "$place/venv/bin/python" "$here/sweep.py" "$target/release/examples/needs" "$place" "$@"
