#!/usr/bin/env python3
"""Start-up and latency of the gateway: `bench/gateway_startup.py --program build/release/p2pml --samples samples/hls`.

Start-up is what a player sees: master playlist, media playlist and the first segment's first byte over one connection, from an origin
that takes --delay before each answer (what a distant server takes), directly and through a fresh `p2pml play` without peers. The latency
is that of a whole segment that the gateway has, over a kept connection. Medians of --runs.
"""

import argparse
import http.client
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "gateway"))
from world import Origin, play

parser = argparse.ArgumentParser()
parser.add_argument("--program", required=True)
parser.add_argument("--samples", required=True)
parser.add_argument("--runs", type=int, default=20)
parser.add_argument("--option", action="append", default=[], help="passed on to p2pml play")
parser.add_argument("--delay", type=float, default=0.04)
options = parser.parse_args()


def split(url):
    host, path = url.split("/", 3)[2:]
    return http.client.HTTPConnection(host), "/" + path


def ask(connection, path, whole=True):
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read() if whole else answer.read(1)
    assert answer.status == 200, (path, answer.status)
    return answer


def startup(url):
    connection, path = split(url)
    started = time.perf_counter()
    ask(connection, path)
    playlist = path.replace("master.m3u8", "360p/index.m3u8")
    ask(connection, playlist)
    ask(connection, playlist.replace("index.m3u8", "000.ts"), whole=False)
    took = time.perf_counter() - started
    connection.close()
    return took * 1000


def stored(url):
    """Of segments that were asked for before: whole ones."""
    connection, path = split(url)
    ask(connection, path)
    base = path.replace("master.m3u8", "360p/")
    ask(connection, base + "index.m3u8")
    times = []
    for number in range(10):
        ask(connection, f"{base}{number:03}.ts")
    for number in range(10):
        started = time.perf_counter()
        ask(connection, f"{base}{number:03}.ts")
        times.append((time.perf_counter() - started) * 1000)
    connection.close()
    return times


with tempfile.TemporaryDirectory() as folder:
    Path(folder, "ts").symlink_to(Path(options.samples).resolve())
    origin = Origin(folder)
    url = origin.url + "/ts/master.m3u8"
    origin.delay = options.delay
    direct, through, latencies, plain = [], [], [], []
    for run in range(options.runs):
        direct.append(startup(url))
        process, address = play(options.program, url, "--tracker", "ws://127.0.0.1:9", "--local-address", "127.0.0.1",
                                *options.option)
        through.append(startup(address))
        if run < 3:
            origin.delay = 0
            latencies += stored(address)
            plain += stored(url)
            origin.delay = options.delay
        process.stop()
    print(f"start-up direct {statistics.median(direct):.1f} ms, through the gateway {statistics.median(through):.1f} ms: "
          f"{statistics.median(through) / statistics.median(direct):.3f} times (median of {options.runs}, origin answers after "
          f"{options.delay * 1000:.0f} ms)")
    print(f"stored segment through the gateway {statistics.median(latencies):.2f} ms, longest {max(latencies):.2f} ms; "
          f"from an origin on the same machine {statistics.median(plain):.2f} ms")
    origin.stop()
