"""The best experts of segmented needs, by two programs: lets each answer all needs in a process of its own, by turns, compares results, times and memory.

usage: sweep.py PROGRAM DIRECTORY EXPERTS ...      (sweep.sh calls it)

100,000 experts are the corpus; there bm25s answers too, and what is found is compared. Fewer experts are the first of it, more are the corpus
again and again with a quarter of the words replaced by words drawn from all (`crates/sweep/examples/needs.rs`).
"""
import os
import re
import subprocess
import sys
import time

BEST = 20
ROUNDS = int(os.environ.get("ROUNDS", "3"))
GIVEN = 100_000


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [line.split() for line in file]


def bm25s(place):
    """Indexes the corpus unless it is indexed already, answers all needs with one thread and with two, writes down the scores."""
    import bm25s
    import numpy as np

    index = os.path.join(place, "bm25s")
    needs = lines(os.path.join(place, "data", "long.q"))
    if not os.path.exists(index):
        model = bm25s.BM25(method="lucene", k1=1.2, b=0.75, backend="numba")
        model.index(lines(os.path.join(place, "data", "experts.tok")), show_progress=False)
        model.save(index)
        del model
    model = bm25s.BM25.load(index)
    model.backend = "numba"
    model.activate_numba_scorer()
    for threads in (1, 2):
        model.retrieve(needs[:64], k=BEST, show_progress=False, n_threads=threads)
        start, processor = time.time(), time.process_time()
        _, scores = model.retrieve(needs, k=BEST, show_progress=False, n_threads=threads)
        seconds, processor = time.time() - start, time.process_time() - processor
        print(
            f"BM25S threads {threads} needs_per_second {len(needs) / seconds:.0f} processor_us {processor / len(needs) * 1e6:.1f}",
            flush=True,
        )
    np.savetxt(os.path.join(place, "bm25s.scores"), scores, fmt="%.6f")


def run(command, key):
    """What a program prints in lines that begin with the key, as numbers; and its greatest memory in MB."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} ended with {process.returncode}")
    told = [line.removeprefix(key + " ") for line in output.splitlines() if line.startswith(key + " ")]
    return [dict(re.findall(r"(\w+) ([\w.]+)", line)) for line in told], output, usage.ru_maxrss / 1024


def median(values):
    return sorted(values)[len(values) // 2]


def figures(rows, threads, name):
    return [float(row[name]) for row in rows if row["threads"] == threads]


def differences(place):
    """How far the scores of both lie apart at most, relatively: bm25s has single precision."""
    import numpy as np

    theirs, ours = (np.loadtxt(os.path.join(place, name)) for name in ("bm25s.scores", "sweep.scores"))
    return float((abs(theirs - ours) / ours).max())


def compare(program, place):
    ours, theirs = [], []
    for round in range(ROUNDS):
        rows, _, their_memory = run([sys.executable, __file__, "--bm25s", place], "BM25S")
        theirs += rows
        command = [program, os.path.join(place, "data"), str(GIVEN), "check" if round == 0 else "time"]
        rows, output, our_memory = run(command, "SWEEP")
        ours += rows
        if round == 0:
            for line in output.splitlines():
                if line.startswith(("SWEEP-BUILT", "SWEEP-CHECKED")):
                    print(line)
    print(f"greatest relative difference from bm25s' scores: {differences(place):.1e}")
    for threads in ("1", "2"):
        rates = [median(figures(rows, threads, "needs_per_second")) for rows in (ours, theirs)]
        processor = [median(figures(rows, threads, "processor_us")) for rows in (ours, theirs)]
        print(
            f"{threads} thread(s): ours {rates[0]:.0f} needs/s, {processor[0]:.0f} us of processor time a need; "
            f"bm25s {rates[1]:.0f} needs/s, {processor[1]:.0f} us; ratio {rates[0] / rates[1]:.2f} by the clock, "
            f"{processor[1] / processor[0]:.2f} by processor time"
        )
    print(f"memory of the process at its greatest: ours {our_memory:.0f} MB with reading and building, bm25s {their_memory:.0f} MB", flush=True)


def grow(program, place, sizes):
    before = None
    for experts in sizes:
        rows, output, memory = run([program, os.path.join(place, "data"), str(experts), "time"], "SWEEP")
        built = next(line for line in output.splitlines() if line.startswith("SWEEP-BUILT"))
        sweep = re.search(r"sweep_mb ([\d.]+)", built).group(1)
        cost = min(figures(rows, "1", "processor_us"))
        times = f"{cost / before[1]:.2f} times the cost for {experts / before[0]:g} times the experts" if before else ""
        print(
            f"{experts} experts: {cost:.0f} us of processor time a need, {rows[0]['postings']} postings and {rows[0]['rows']} rows added, "
            f"{rows[0]['judged']} judged, sweep {sweep} MB, process {memory:.0f} MB; {times}",
            flush=True,
        )
        before = (experts, cost)


def main():
    program, place, *sizes = sys.argv[1:]
    sizes = [int(size) for size in sizes]
    if GIVEN in sizes:
        compare(program, place)
    if len(sizes) > 1:
        grow(program, place, sizes)


if __name__ == "__main__":
    if sys.argv[1] == "--bm25s":
        bm25s(sys.argv[2])
    else:
        main()
