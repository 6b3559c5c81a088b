# Read by the scripts beside it, with `place` set to a directory of its own and `root` to the repository: makes the corpus there, once.
# What it is made with comes from the folder `peers`, which lies beside the repository's parent (PEERS says where else).

# The virtual environment, with these packages.
with_python() {
    [ -x "$place/venv/bin/python" ] || python3 -m venv "$place/venv"
    "$place/venv/bin/python" -c "$1" 2>/dev/null || "$place/venv/bin/pip" install --quiet $2
}

# What one of the folder's programs makes, unless it is there.
made_by() {
    [ ! -s "$place/data/$2" ] || return 0
    peers=${PEERS:-$root/../shared/peers}
    if [ ! -f "$peers/$1" ]; then
        echo "$1, which makes the corpus, is not in $peers; set PEERS to its folder, or put $2 into $place/data." >&2
        exit 1
    fi
    (cd "$place" && venv/bin/python "$peers/$1")
}

raw_texts() {
    [ ! -s "$place/data/experts.jsonl" ] || return 0
    with_python 'import numpy, jieba' 'numpy jieba'
    made_by gen.py experts.jsonl
}

segmented_texts() {
    with_python 'import numpy, numba, bm25s, rjieba, jieba' 'numpy numba bm25s rjieba jieba'
    [ -s "$place/data/long.q" ] || made_by gen.py experts.jsonl
    made_by tok.py long.q
}
