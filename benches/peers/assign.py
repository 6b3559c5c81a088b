"""Campaigns for two solvers: makes an instance, lets each solve it in a process of its own, compares values, times and memory.

usage: assign.py PROGRAM DIRECTORY SHAPE:NEEDS:CANDIDATES ...      (assign.sh calls it)

Each need wants one expert; covered needs come first, then the total score. Our solver evens out the load besides, which OR-tools is not asked for.
"""
import os
import re
import subprocess
import sys
import time

import numpy as np


def make(path, shape, needs, candidates):
    """As many experts as needs. `plenty`: capacity 1 to 3. `popular`: a few experts are everybody's candidates. `scarce`: two in five have one
    place, the rest none. `square`: one place each. `ties`: the same with three different scores. `wide`: capacity 1 to 20. `alike`: scores
    depend on the expert above all, capacity 0 to 2."""
    rng = np.random.Generator(np.random.PCG64(42))
    experts = needs
    popularity = 1 / (np.arange(experts) + 10.0) ** (1.2 if shape == "popular" else 0.6)
    expert = rng.choice(experts, needs * candidates, p=popularity / popularity.sum())
    key = np.unique(np.repeat(np.arange(needs), candidates).astype(np.int64) * experts + expert)
    need, expert = key // experts, key % experts
    score = rng.integers(1, 4 if shape == "ties" else 1000, len(key))
    capacity = {
        "scarce": lambda: (rng.random(experts) < 0.4).astype(int),
        "square": lambda: np.ones(experts, int),
        "ties": lambda: np.ones(experts, int),
        "wide": lambda: rng.integers(1, 21, experts),
        "alike": lambda: rng.integers(0, 3, experts),
    }.get(shape, lambda: rng.integers(1, 4, experts))()
    if shape == "alike":
        draw = rng.normal(0, 0.15, len(key)) + rng.random(needs)[need] * 0.3 + (1 - expert / experts) * 0.7
        score = np.clip(draw * 1000, 1, 999).astype(int)
    np.concatenate([[needs, experts, len(key)], need, expert, score, capacity]).astype(np.uint32).tofile(path)


def ortools(path):
    from ortools.graph.python import min_cost_flow

    numbers = np.fromfile(path, np.uint32).astype(np.int64)
    (needs, experts, count), numbers = numbers[:3], numbers[3:]
    need, expert, score = (numbers[at * count : (at + 1) * count] for at in range(3))
    capacity = numbers[3 * count :]
    uncovered = needs * int(score.max()) + 1
    source, sink = needs + experts, needs + experts + 1
    start = time.time()
    flow = min_cost_flow.SimpleMinCostFlow()
    add = flow.add_arcs_with_capacity_and_unit_cost
    add(np.full(needs, source), np.arange(needs), np.ones(needs, int), np.zeros(needs, int))
    pairs = add(need, needs + expert, np.ones(count, int), -score)
    add(np.arange(needs), np.full(needs, sink), np.ones(needs, int), np.full(needs, uncovered))
    add(needs + np.arange(experts), np.full(experts, sink), capacity, np.zeros(experts, int))
    flow.set_nodes_supplies(np.array([source, sink]), np.array([needs, -needs]))
    built = time.time()
    status = flow.solve()
    solved = time.time()
    used = flow.flows(pairs)
    print(
        f"ORTOOLS build {built - start:.3f} solve {solved - built:.3f} covered {int(used.sum())} "
        f"score {int((used * score).sum())} optimal {str(status == flow.OPTIMAL).lower()}"
    )


def run(command):
    """The figures a solver prints, its processor time and its greatest memory."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} ended with {process.returncode}")
    line = next(line for line in output.splitlines() if line.startswith(("PLANNING", "ORTOOLS")))
    figures = dict(re.findall(r"(\w+) ([\w.]+)", line.split(" ", 1)[1]))
    return figures, usage.ru_utime, usage.ru_maxrss / 1024


def main():
    program, place, *wanted = sys.argv[1:]
    print(f"{'instance':24} {'ours: s':>9} {'CPU':>7} {'MiB':>6}   {'theirs: s':>9} {'CPU':>7} {'MiB':>6}   ours/theirs: s  CPU")
    for name in wanted:
        shape, needs, candidates = name.split(":")
        path = os.path.join(place, name.replace(":", "-"))
        if not os.path.exists(path):
            make(path, shape, int(needs), int(candidates))
        (ours, our_cpu, our_memory) = run([program, path])
        (theirs, their_cpu, their_memory) = run([sys.executable, __file__, "--ortools", path])
        for aim in ("covered", "score", "optimal"):
            if ours[aim] != theirs[aim]:
                sys.exit(f"{name}: {aim} differs: {ours[aim]} and {theirs[aim]}")
        our_time, their_time = (float(figures["build"]) + float(figures["solve"]) for figures in (ours, theirs))
        print(
            f"{name:24} {our_time:9.2f} {our_cpu:7.2f} {our_memory:6.0f}   {their_time:9.2f} {their_cpu:7.2f} {their_memory:6.0f}   "
            f"{our_time / their_time:14.2f} {our_cpu / their_cpu:4.2f}",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1] == "--ortools":
        ortools(sys.argv[2])
    else:
        main()
