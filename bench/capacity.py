#!/usr/bin/env python3
"""Runs the simulations behind docs/capacity.md and prints its tables.

    bench/capacity.py [--program build/release/p2pml] [--results build/capacity] [--most VIEWERS] [--plots FOLDER]

Each run's figures are kept in the results folder and not made again; --most leaves larger audiences out (10,000 viewers
take minutes of processor time and 1 GB). --plots copies the plots of the runs with 1,000 viewers there.
"""

import argparse
import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCENARIOS = HERE / "capacity"
POLICIES = ["classic", "cooperative"]
SEGMENT_BYTES = 1 << 20
AUDIENCES = [2, 6, 16, 100, 1000, 10000]
# What differs from plain `live` with as many viewers.
VARIANTS = [
    ("live", "nothing"),
    ("live-no-upload-10", "10 % upload nothing"),
    ("live-no-upload-50", "50 % upload nothing"),
    ("live-nat-30", "30 % of the pairs cannot connect"),
    ("live-liars-5", "5 % send wrong bytes, all validate"),
    ("live-silent-5", "5 % take requests and send nothing"),
    ("live-3-behind", "3 segments behind the edge"),
    ("live-seeder", "a seeder with 1 Gbit/s up"),
]
VARIANT_VIEWERS = 200


def simulate(options, scenario, viewers):
    """The figures of the same audience under each policy; none if that run is left out."""
    name = f"{scenario}-{viewers}"
    result = options.results / f"{name}.json"
    if not result.exists():
        if viewers > options.most:
            return []
        source = SCENARIOS.relative_to(HERE.parent) / f"{scenario}.json"
        command = [options.program, "sim", "--quiet", "--twin", "--seed", "1",
                   "--scenario", str(source) if (HERE.parent / source).exists() else scenario, "--viewers", str(viewers),
                   "--compare", "schedulingPolicy=" + ",".join(POLICIES), "--json", str(result) + ".new",
                   "--plots", str(options.results / name), "--csv", str(options.results / name)]
        print("+ " + " ".join(command), file=sys.stderr, flush=True)
        # Exit status 1: an invariant is broken, which the tables tell.
        if subprocess.run(command, cwd=HERE.parent, stdout=subprocess.DEVNULL).returncode not in (0, 1):
            sys.exit(f"{name}: the run failed")
        Path(str(result) + ".new").rename(result)
    return json.loads(result.read_text())


def settled(options, name, policy):
    """Copies besides first segments once all are there: mean and most over the second half of the segments, without the
    last two, which not everybody has played."""
    files = sorted((options.results / name).glob(f"*{policy}/segments.csv"))
    with files[0].open() as file:
        rows = [row for row in csv.DictReader(file) if int(row["delivered"]) > 0]
    rows = rows[len(rows) // 2:-2]
    copies = [(int(row["originBytes"]) - int(row["firstSegmentBytes"])) / SEGMENT_BYTES for row in rows]
    return f"{sum(copies) / len(copies):.2f} ({max(copies):.1f})"


def stalls(run):
    return f"{run['stalls']} ({run['stallSeconds']:.1f} s)"


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def audiences(options, scenario):
    rows = []
    for viewers in AUDIENCES:
        for policy, run in zip(POLICIES, simulate(options, scenario, viewers)):
            further = run["originCopiesBesidesFirstSegments"]
            rows.append([f"{viewers:,}", policy, f"{run['offload']:.3f}", f"{run['offloadLimitFastStart']:.3f}",
                         f"{(viewers - 1) / viewers:.4f}".rstrip("0"), f"{run['originCopies']['mean']:.1f}",
                         f"{further['mean']:.2f} ({further['max']:.1f})",
                         settled(options, f"{scenario}-{viewers}", policy), stalls(run),
                         f"{run['twin']['stalls']} ({run['twin']['stallSeconds']:.1f} s)",
                         f"{run['startupMs']['p50']:.0f} / {run['startupMs']['p95']:.0f}"])
    table(["viewers", "policy", "offload", "fast-start limit", "(n-1)/n", "copies of a segment",
           "besides first segments, mean (most)", "of these in the second half", "stalls", "stalls over HTTP alone", "start-up, median / 95 % (ms)"],
          rows)


def variants(options):
    rows = []
    for scenario, what in VARIANTS:
        for policy, run in zip(POLICIES, simulate(options, scenario, VARIANT_VIEWERS)):
            further = run["originCopiesBesidesFirstSegments"]
            seconds = run["virtualSeconds"]
            rows.append([what, policy, f"{run['offload']:.3f}", f"{further['mean']:.2f} ({further['max']:.1f})",
                         settled(options, f"{scenario}-{VARIANT_VIEWERS}", policy), stalls(run), f"{run['twin']['stalls']} ({run['twin']['stallSeconds']:.1f} s)",
                         f"{run['originBytes'] * 8 / 1e6 / seconds:.1f}",
                         f"{run['uploadedMb']['p50']:.0f} / {run['uploadedMb']['p95']:.0f} / "
                         f"{run['uploadedMb']['max']:.0f}",
                         f"{run['latencyMs']['last']['p50'] / 1000:.1f}"])
    table(["what differs", "policy", "offload", "copies besides first segments, mean (most)", "of these in the second half",
           "stalls",
           "stalls over HTTP alone", "origin (Mbit/s)", "uploaded by a viewer, median / 95 % / most (MB)",
           "with the last viewer after (s)"], rows)


def latency(options):
    rows = []
    for policy, run in zip(POLICIES, simulate(options, "live-latency", 1000)):
        cells = [f"{run['latencyMs'][part]['p50'] / 1000:.2f} ({run['latencyMs'][part]['max'] / 1000:.2f})"
                 for part in ("half", "p95", "last")]
        rows.append([policy, *cells, f"{run['offload']:.3f}", stalls(run)])
    table(["policy", "half", "95 %", "the last", "offload", "stalls"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(HERE.parent / "build/release/p2pml"))
    parser.add_argument("--results", type=Path, default=HERE.parent / "build/capacity")
    parser.add_argument("--most", type=int, default=AUDIENCES[-1])
    parser.add_argument("--plots", type=Path)
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    for scenario in ("live", "vod"):
        print(f"### {scenario}\n")
        audiences(options, scenario)
    print("### variants of live\n")
    variants(options)
    print("### how long a segment takes to 1,000 viewers\n")
    latency(options)
    if options.plots:
        options.plots.mkdir(parents=True, exist_ok=True)
        for scenario in ("live", "vod"):
            for plot in (options.results / f"{scenario}-1000").glob("*.svg"):
                shutil.copy(plot, options.plots / f"{scenario}-{plot.name}")


if __name__ == "__main__":
    main()
