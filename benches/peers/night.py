"""The full re-match and bm25s over the same texts: each answers all needs in a process of its own, by turns; compares times and memory.

usage: night.py DIRECTORY EXPERTS      (night.sh calls it)

bm25s ranks segmented texts by their words; ours ranks raw texts by the product's whole ranking (`crates/index/benches/night.rs`). The experts are the first
of the corpus, all needs are asked.
"""
import json
import os
import re
import sys
from itertools import islice

import sweep

ROUNDS = sweep.ROUNDS
REGIONS = {
    "北京": "110000", "上海": "310000", "天津": "120000", "重庆": "500000", "广东深圳": "440300", "广东广州": "440100", "江苏苏州": "320500",
    "江苏南京": "320100", "浙江杭州": "330100", "浙江宁波": "330200", "山东青岛": "370200", "山东济南": "370100", "湖北武汉": "420100",
    "四川成都": "510100", "陕西西安": "610100", "安徽合肥": "340100", "福建厦门": "350200", "湖南长沙": "430100", "辽宁大连": "210200",
    "河南郑州": "410100",
}  # fmt: skip


def expert(row):
    name, direction = row["title"].split(" ", 1)
    return {
        "external_id": row["id"], "name": name, "research_directions": [direction], "bio": row["text"], "region": REGIONS[row["region"]],
        "availability": "available", "consent": "matching", "contact": {"mobile": "13800000000"},
    }  # fmt: skip


def need(row):
    return {
        "external_id": row["id"], "status": "open", "title": row["title"], "description": row["text"], "region": REGIONS[row["region"]],
        "enterprise_name": "企业" + row["id"], "contact": {"person": "联系人", "mobile": "13800000000"},
    }  # fmt: skip


def forms(place, experts):
    """The raw texts as forms of the product, once."""
    directory = os.path.join(place, f"night-{experts}")
    os.makedirs(directory, exist_ok=True)
    for name, form, most in (("experts", expert, experts), ("needs", need, None)):
        target = os.path.join(directory, name + ".jsonl")
        if os.path.exists(target):
            continue
        with open(os.path.join(place, "data", name + ".jsonl"), encoding="utf-8") as rows, open(target + ".new", "w", encoding="utf-8") as file:
            for row in islice(rows, most):
                file.write(json.dumps(form(json.loads(row)), ensure_ascii=False) + "\n")
        os.rename(target + ".new", target)
    return directory


def segmented(place, experts):
    """A place for bm25s with as many experts."""
    if experts == sweep.GIVEN:
        return place
    part = os.path.join(place, f"first-{experts}")
    os.makedirs(os.path.join(part, "data"), exist_ok=True)
    for name, most in (("experts.tok", experts), ("long.q", None)):
        with open(os.path.join(place, "data", name), encoding="utf-8") as lines, open(os.path.join(part, "data", name), "w", encoding="utf-8") as file:
            file.writelines(islice(lines, most))
    return part


def ours(directory, needs):
    """Rates and processor times by threads, and the memory that is the process's own, of one run."""
    command = ["cargo", "bench", "--quiet", "--locked", "--workspace", "--bench", "night", "--", directory, str(needs)]
    _, output, _ = sweep.run(command, "NIGHT")
    rows = [
        {"threads": threads, "needs_per_second": clock, "processor_us": 1e6 / float(processor)}
        for threads, clock, processor in re.findall(r"(\d) threads: (\d+) needs/s by the clock, (\d+) per second of processor", output)
    ]
    if "as the reference has them" not in output:
        sys.exit("needs were not compared with the reference")
    own, most = re.search(r"after VmHWM: (\d+) kB, RssAnon: (\d+) kB", output).group(2, 1)
    return rows, int(own) / 1024, int(most) / 1024


def main():
    place, experts = sys.argv[1], int(sys.argv[2])
    directory, words = forms(place, experts), segmented(place, experts)
    with open(os.path.join(directory, "needs.jsonl"), encoding="utf-8") as file:
        needs = sum(1 for _ in file)
    our_rows, their_rows = [], []
    for _ in range(ROUNDS):
        rows, _, their_memory = sweep.run([sys.executable, sweep.__file__, "--bm25s", words], "BM25S")
        their_rows += rows
        rows, our_memory, our_most = ours(directory, needs)
        our_rows += rows
    for threads in ("1", "2"):
        rate, their_rate = (sweep.median(sweep.figures(rows, threads, "needs_per_second")) for rows in (our_rows, their_rows))
        cost, their_cost = (sweep.median(sweep.figures(rows, threads, "processor_us")) for rows in (our_rows, their_rows))
        print(
            f"{experts} experts, {needs} needs, {threads} thread(s): ours {rate:.0f} needs/s, {cost:.0f} us of processor time a need; "
            f"bm25s {their_rate:.0f} needs/s, {their_cost:.0f} us; ratio {rate / their_rate:.2f} by the clock, {their_cost / cost:.2f} by processor time"
        )
    print(f"memory: ours {our_memory:.0f} MB of its own ({our_most:.0f} MB at its greatest, mapped files included), bm25s {their_memory:.0f} MB at its greatest")


if __name__ == "__main__":
    main()
