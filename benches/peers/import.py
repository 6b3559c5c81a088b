"""The same raw texts taken in by two programs, by turns: Lucene's CJK pipeline, which indexes them, and ours, which checks, keeps and indexes them.

usage: import.py PROGRAM CLASSPATH DIRECTORY EXPERTS [ROUNDS]      (import.sh calls it)

Whole commands are measured, from the start of the process to its end. Ours is told twice: the import (rows checked, written to the database,
analysed, indexed) and building the index anew from the database, which is analysis and index alone.
"""
import json
import os
import shutil
import subprocess
import sys
import time

# What of the corpus is a name and what a text, on our form.
FORM = {"id": "external_id", "title": "name", "text": "bio"}


def prepare(place, experts):
    """Writes the corpus as Lucene's program and as ours read it."""
    ours, theirs = os.path.join(place, f"import-{experts}.jsonl"), os.path.join(place, f"import-{experts}.tsv")
    if not os.path.exists(theirs):
        with open(os.path.join(place, "data", "experts.jsonl"), encoding="utf-8") as rows, open(ours, "w", encoding="utf-8") as jsonl, open(
            theirs + ".new", "w", encoding="utf-8"
        ) as tsv:
            taken = 0
            for taken, row in enumerate(map(json.loads, rows), 1):
                jsonl.write(json.dumps({FORM[key]: row[key] for key in FORM}, ensure_ascii=False) + "\n")
                tsv.write("\t".join(" ".join(row[key].split()) for key in FORM) + "\n")
                if taken == experts:
                    break
        if taken < experts:
            sys.exit(f"the corpus has {taken} experts only")
        os.rename(theirs + ".new", theirs)
    return ours, theirs


def measured(command):
    """Seconds by the clock, seconds of the processor and the greatest memory in MB of a command that must succeed."""
    start = time.time()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} ended with {process.returncode}")
    return time.time() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def size(folder):
    return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names) / 1e6


def main(program, classes, place, experts, rounds=3):
    ours, theirs = prepare(place, experts)
    state, peer = os.path.join(place, "import-state"), os.path.join(place, "import-lucene")
    java = ["java", "-Xmx2g", "-cp", classes, "Import", theirs, peer, "2"]
    told = {}
    for at in range(rounds):
        for folder in (state, peer):
            shutil.rmtree(folder, ignore_errors=True)
        runs = {
            "lucene": java,
            "import": [program, "--data-dir", state, "import", "experts", ours],
            "rebuild": [program, "--data-dir", state, "index", "rebuild", "experts"],
        }
        for name, command in runs.items():
            clock, processor, memory = measured(command)
            told.setdefault(name, []).append((clock, processor))
            print(f"round {at + 1}  {name:8}  {clock:6.1f} s  processor {processor:6.1f} s  memory {memory:5.0f} MB", flush=True)
    print(f"on the disk: lucene {size(peer):.0f} MB, ours {size(state):.0f} MB with the database")
    least = {name: [min(numbers) for numbers in zip(*runs)] for name, runs in told.items()}
    for name in ("import", "rebuild"):
        clock, processor = (ours / lucene for ours, lucene in zip(least[name], least["lucene"]))
        print(f"{name} / lucene, the best round of each: {clock:.2f} by the clock, {processor:.2f} of the processor")


main(*sys.argv[1:4], *map(int, sys.argv[4:]))
