#!/usr/bin/env python3
"""How much of a live stream gateways take from each other: `bench/gateway_live.py --program build/release/p2pml --samples samples/hls`.

An origin with a live playlist (2 s segments, a window of 8), a tracker, and --gateways of `p2pml play`, each with a player that begins
three segments behind the live edge and plays in real time. Says what the origin sent, what the players got, and who stalled. Best: every
segment leaves the origin once.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "gateway"))
from world import Origin, Program, fetch, play

parser = argparse.ArgumentParser()
parser.add_argument("--program", required=True)
parser.add_argument("--samples", required=True)
parser.add_argument("--gateways", type=int, default=4)
parser.add_argument("--seconds", type=int, default=60)
options = parser.parse_args()
SEGMENT = 2.0
WINDOW = 8
began = time.monotonic()
folder = tempfile.TemporaryDirectory()
for number in range(options.seconds // 2 + 60):
    Path(folder.name, f"{number}.ts").symlink_to(Path(options.samples, "360p", f"{number % 20:03}.ts").resolve())
origin = Origin(folder.name)
origin.delay = 0.02


def publish():
    while True:
        last = int((time.monotonic() - began) / SEGMENT) + WINDOW
        lines = "".join(f"#EXTINF:2,\n{n}.ts\n" for n in range(last - WINDOW + 1, last + 1))
        origin.texts["/live.m3u8"] = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:{last - WINDOW + 1}\n{lines}"
        time.sleep(0.05)


threading.Thread(target=publish, daemon=True).start()
time.sleep(0.2)
tracker = Program(options.program, "tracker", "--listen", "127.0.0.1:0")
announce = tracker.line().split()[-1]
results = []


def player(address, name):
    got, stalls, errors, next_number, position, ready = 0, 0, 0, None, None, 0.0
    end = time.monotonic() + options.seconds
    listed = []
    looked = 0.0
    while time.monotonic() < end:
        if time.monotonic() - looked > SEGMENT / 2:
            looked = time.monotonic()
            listed = [int(line[:-3]) for line in fetch(address)[2].decode().splitlines() if line.endswith(".ts")]
            if next_number is None:
                next_number = listed[-3]
        if next_number not in listed or (position and ready - (time.monotonic() - position) > 3 * SEGMENT):
            time.sleep(0.05)
            continue
        status, _, body = fetch(address.replace("live.m3u8", f"{next_number}.ts"), {"User-Agent": name})
        errors += status != 200
        got += len(body)
        next_number += 1
        if position is None:
            position = time.monotonic()
        elif time.monotonic() - position > ready:
            stalls += 1
            position = time.monotonic() - ready
        ready += SEGMENT
    results.append((name, got, stalls, errors))


gateways = []
threads = []
for index in range(options.gateways):
    process, address = play(options.program, origin.url + "/live.m3u8", "--tracker", announce, "--local-address", "127.0.0.1")
    gateways.append((process, address))
    threads.append(threading.Thread(target=player, args=(address, f"player {index}")))
    threads[-1].start()
    time.sleep(1)
for thread in threads:
    thread.join()
sums = {"http": 0, "p2p": 0, "upload": 0, "delivered": 0}
for process, address in gateways:
    stats = json.loads(fetch(address.split("/s/")[0] + "/api/stats")[2])
    for name in sums:
        sums[name] += stats["bytes"][name]
    process.stop()
tracker.stop()
sent = sum(Path(folder.name, path.lstrip("/")).stat().st_size for _, path, _ in origin.requests if path.endswith(".ts"))
once = sum(Path(folder.name, path.lstrip("/")).stat().st_size for path in {p for _, p, _ in origin.requests if p.endswith(".ts")})
for result in sorted(results):
    print("%s: %d bytes, %d stalls, %d errors" % result)
best = 1 - once / sums["delivered"]
offload = 1 - sent / sums["delivered"]
print(f"players got {sums['delivered']} bytes, the origin was asked for {sent} (each once: {once}); offload {offload:.1%}, "
      f"{offload / best:.0%} of the best possible ({best:.1%}); from peers {sums['p2p']}, to peers {sums['upload']}")
folder.cleanup()
