#!/bin/sh
# Answers the same segmented needs with our sweep and with bm25s (numba), by turns, and prints the ratios; then how our cost grows with the experts.
# Everything it makes lies in a directory of its own: benches/peers/sweep.sh DIRECTORY [EXPERTS ...]
# The corpus comes from gen.py and tok.py of the folder `peers`, which lies beside the repository's parent (PEERS says where else).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
place=${1:?a directory for the virtual environment and the corpus}
shift
mkdir -p "$place/data"
place=$(cd "$place" && pwd)
if [ ! -x "$place/venv/bin/python" ]; then
    python3 -m venv "$place/venv"
    "$place/venv/bin/pip" install --quiet numpy numba bm25s rjieba jieba
fi
if [ ! -s "$place/data/long.q" ]; then
    peers=${PEERS:-$root/../shared/peers}
    if [ ! -f "$peers/gen.py" ] || [ ! -f "$peers/tok.py" ]; then
        echo "gen.py and tok.py, which make the corpus, are not in $peers; set PEERS to their folder," >&2
        echo "or put experts.tok and long.q (a segmented text to a line) into $place/data." >&2
        exit 1
    fi
    (cd "$place" && venv/bin/python "$peers/gen.py" && venv/bin/python "$peers/tok.py")
fi
cd "$root"
cargo build --quiet --locked --release -p sweep --example needs
target=${CARGO_TARGET_DIR:-target}
if [ $# -eq 0 ]; then
    set -- 10000 100000 1000000
fi
exec "$place/venv/bin/python" "$here/sweep.py" "$target/release/examples/needs" "$place" "$@"
