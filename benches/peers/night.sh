#!/bin/sh
# The full re-match against bm25s (numba) on the same texts, by turns in one run: prints needs a second, processor time, memory and the ratios.
# Ours reads the raw texts through the forms that an import reads, analyses them, and ranks for each need as a night does, reading the need included;
# bm25s is given the same texts segmented already, needs too. Everything it makes lies in a directory of its own:
# benches/peers/night.sh DIRECTORY [EXPERTS]
# The corpus comes from gen.py and tok.py of the folder `peers`, which lies beside the repository's parent (PEERS says where else).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
place=${1:?a directory for the virtual environment and the corpus}
experts=${2:-100000}
mkdir -p "$place/data"
place=$(cd "$place" && pwd)
if [ ! -x "$place/venv/bin/python" ]; then
    python3 -m venv "$place/venv"
    "$place/venv/bin/pip" install --quiet numpy numba bm25s rjieba jieba
fi
if [ ! -s "$place/data/long.q" ]; then
    peers=${PEERS:-$root/../shared/peers}
    if [ ! -f "$peers/gen.py" ] || [ ! -f "$peers/tok.py" ]; then
        echo "gen.py and tok.py, which make the corpus, are not in $peers; set PEERS to their folder." >&2
        exit 1
    fi
    (cd "$place" && venv/bin/python "$peers/gen.py" && venv/bin/python "$peers/tok.py")
fi
cd "$root"
cargo bench --quiet --locked --workspace --bench night --no-run
exec "$place/venv/bin/python" "$here/night.py" "$place" "$experts"
