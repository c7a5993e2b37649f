#!/usr/bin/env python3
"""Start-up and latency of the gateway: `bench/gateway_startup.py --program build/release/p2pml --samples samples/hls --dash samples/dash`.

Start-up is what a player sees: master playlist, media playlist and the first segment's first byte over one connection, of DASH the MPD, the
initialisation section and the first segment's first byte of the picture and beside it, over another one, of the sound; from an origin that takes
--delay before each answer (what a distant server takes), directly and through a fresh `p2pml play` without peers. The latency
is that of a whole segment that the gateway has, over a kept connection. Medians of --runs.
"""

import argparse
import http.client
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "gateway"))
from world import Origin, play

parser = argparse.ArgumentParser()
parser.add_argument("--program", required=True)
parser.add_argument("--samples", required=True)
parser.add_argument("--dash", help="a folder with manifest.mpd, video/ and audio/: its start-up too")
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


def startup_dash(url):
    connection, path = split(url)
    started = time.perf_counter()
    ask(connection, path)
    ends = []

    def begin(over, kind):
        folder = path.replace("manifest.mpd", kind + "/")
        ask(over, folder + "init.mp4")
        ask(over, folder + "001.m4s", whole=False)
        ends.append(time.perf_counter())
        over.close()

    sound = threading.Thread(target=begin, args=(split(url)[0], "audio"))
    sound.start()
    begin(connection, "video")
    sound.join()
    return (max(ends) - started) * 1000


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


def compare(url, measure):
    """Says what it takes directly and through the gateway."""
    direct, through = [], []
    for run in range(options.runs):
        direct.append(measure(url))
        process, address = play(options.program, url, "--tracker", "ws://127.0.0.1:9", "--local-address", "127.0.0.1", *options.option)
        through.append(measure(address))
        if measure is startup and run < 3:
            origin.delay = 0
            latencies.extend(stored(address))
            plain.extend(stored(url))
            origin.delay = options.delay
        process.stop()
    name = "DASH" if measure is startup_dash else "HLS"
    print(f"start-up of {name} direct {statistics.median(direct):.1f} ms, through the gateway {statistics.median(through):.1f} ms: "
          f"{statistics.median(through) / statistics.median(direct):.3f} times (median of {options.runs}, origin answers after "
          f"{options.delay * 1000:.0f} ms)")


with tempfile.TemporaryDirectory() as folder:
    Path(folder, "ts").symlink_to(Path(options.samples).resolve())
    origin = Origin(folder)
    origin.delay = options.delay
    latencies, plain = [], []
    compare(origin.url + "/ts/master.m3u8", startup)
    if options.dash:
        Path(folder, "dash").symlink_to(Path(options.dash).resolve())
        compare(origin.url + "/dash/manifest.mpd", startup_dash)
    print(f"stored segment through the gateway {statistics.median(latencies):.2f} ms, longest {max(latencies):.2f} ms; "
          f"from an origin on the same machine {statistics.median(plain):.2f} ms")
    origin.stop()
