#!/usr/bin/env python3
"""Every player, directly and through the gateway: `player_matrix.py --program build/dev/p2pml --samples samples/hls [--quick]`.

Rows are players, columns streams. Each player plays each stream from the origin and from a gateway that has a seed as a peer, and what it tells of
both is compared: hashes of pictures, packets or fragments in order, and their number. The live columns are one stream that ffmpeg makes,
played by all players at the same time. --quick: two short streams, for every test run. Players that are not installed are named and left out.
The last line is "N passed, M failed"; --report FILE writes the table.
"""

import argparse
import json
import re
import sys
import tempfile
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from matrix import browser, native
from matrix.curl import Curl, load, manifests_of, parts_of
from matrix.live import Live
from matrix.seen import difference, in_common, likeness
from world import Origin, Program, fetch, make_streams

COLUMNS = {"HLS VOD": "ts", "HLS fMP4": "fmp4", "byte ranges": "bytes", "AES-128": "aes", "alternative audio": "audio", "DASH static": "dash"}
QUICK = ("HLS fMP4", "DASH static")
NATIVE = {player.name: player for player in (native.Ffmpeg, native.Ffprobe, native.Mpv, native.Vlc, Curl)}
PLAYERS = [*NATIVE, *browser.PLAYERS]
LOCAL = ("--local-address", "127.0.0.1")
LIVE_LOST = 60  # seconds of a live stream that pass until all players have begun

parser = argparse.ArgumentParser()
parser.add_argument("--program", required=True)
parser.add_argument("--samples", required=True)
parser.add_argument("--quick", action="store_true")
parser.add_argument("--columns", help="comma-separated; all unless given")
parser.add_argument("--players", help="comma-separated; all that are installed unless given")
parser.add_argument("--live-seconds", type=int, default=600, help="0: no live columns")
parser.add_argument("--report", help="file for the table, in Markdown")


def plays(player, column):
    """No player of one format is asked for the other. ffprobe keeps no time: of a live MPD it wants what is not there yet."""
    return not (player == "ffprobe" and column == "DASH dynamic" or player == "hls.js" and "DASH" in column or player == "dash.js" and "DASH" not in column)


class World:
    """Origin, tracker, a seed and the gateway under test."""

    def __init__(self, options):
        self.options = options
        self.folder = tempfile.TemporaryDirectory()
        Path(self.folder.name).chmod(0o755)
        self.origin = Origin(self.folder.name)
        self.tracker = Program(options.program, "tracker", "--listen", "127.0.0.1:0")
        self.announce = self.tracker.line().split()[-1]
        settings = Path(self.folder.name, "settings.json")
        settings.write_text(json.dumps({"startupPolicy": "p2pFirst"}))
        self.gateway = Program(options.program, "gateway", "--listen", "127.0.0.1:0", "--tracker", self.announce, "--settings", str(settings), *LOCAL)
        self.base = self.gateway.line().split()[-1]
        self.running = [self.tracker, self.gateway]

    def seed(self, path):
        """A peer that has it all, or follows the live edge."""
        seed = Program(self.options.program, "seed", "--listen", "127.0.0.1:0", "--tracker", self.announce, *LOCAL, self.origin.url + path)
        self.running.append(seed)
        base = seed.line().split()[-1]
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            streams = json.loads(fetch(base + "/api/stats")[2])["streams"]
            if streams and all(s["segmentsOver"]["http"] >= s["segments"] > 0 for s in streams):
                break
            time.sleep(0.2)

    def meet(self, path):
        """The gateway has loaded the beginning of every stream, and looked for the seed: players come after that."""
        _, where, body = load(self.through(path))
        for manifest in manifests_of(body.decode(), where):
            _, where, body = load(manifest)
            began = set()
            for url, byte_range in parts_of(body.decode(), where)[0]:
                kind = url.rsplit("/", 1)[0] + re.sub(r"\d", "", url.rsplit("/", 1)[1])
                if kind not in began:
                    load(url, byte_range)
                began.add(kind)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not all(s["peers"] for s in self.streams_of(path) if s["running"]):
            time.sleep(0.2)

    def streams_of(self, path):
        return [s for s in self.stats()["streams"] if s["manifest"].endswith(path)]

    def through(self, path):
        return f"{self.base}/play?url={urllib.parse.quote(self.origin.url + path, safe='')}"

    def stats(self):
        return json.loads(fetch(self.base + "/api/stats")[2])

    def stop(self):
        for process in reversed(self.running):
            process.stop()
        self.origin.stop()
        self.folder.cleanup()


def session_address(url):
    """Where /play leads: pages of other sites may not open streams, but read those whose address they were given."""
    _, where, _ = load(url)
    return where


def play_all(world, paths, players, seconds, live):
    """All players, directly and through the gateway, all at once: (player, column, "direct" or "through") -> Seen."""
    found = {}
    jobs, pages = [], {}
    for column, path in paths.items():
        for player in players:
            if not plays(player, column):
                continue
            for way, url in (("direct", world.origin.url + path), ("through", world.through(path))):
                if player in NATIVE:
                    jobs.append((player, column, way, native.Run(url, live, seconds)))
                else:
                    pages["|".join((player, column, way))] = (player, url if way == "direct" else session_address(url))

    def one(job):
        player, column, way, task = job
        found[player, column, way] = NATIVE[player].play(task)

    def in_browser():
        for name, seen in browser.play(pages, seconds).items():
            found[tuple(name.split("|"))] = seen

    page = threading.Thread(target=in_browser if pages else lambda: None)
    page.start()
    with ThreadPoolExecutor(max(len(jobs), 1) if live else 4) as pool:
        list(pool.map(one, jobs))
    page.join()
    return found


def loses_parts(player, column):
    """libavformat's reading of live MPDs (5.1) leaves out segments and repeats some, in each play others, from the origin too."""
    return column == "DASH dynamic" and player in ("ffmpeg", "mpv")


def cell(player, column, direct, through, live_seconds, is_live):
    """What the table says, and whether it is a failure."""
    fault = difference(direct, through, is_live)
    compared = in_common(direct, through)
    note = ""
    if fault and loses_parts(player, column) and not (direct.error or through.error):
        note, fault = likeness(direct, through)
    if not fault and is_live:
        wanted = (live_seconds - LIVE_LOST) * (0.5 if player in browser.PLAYERS or player == "curl" else 25)
        if compared < wanted:
            fault = f"only {compared} compared, expected {wanted:.0f}"
    unit = "fragments" if player in browser.PLAYERS else "files" if player == "curl" else "pictures"
    if fault:
        return f"**differs**: {fault}", True
    if player in browser.PLAYERS:
        pictures = f"{direct.frames} / {through.frames} pictures"
        count = compared if is_live else sum(map(len, direct.tracks.values()))
        return f"{count} {unit}, {pictures}" + ("" if is_live else f", {direct.size} bytes"), False
    if player == "curl":
        return f"{compared if is_live else sum(map(len, direct.tracks.values()))} {unit}" + ("" if is_live else f", {direct.size} bytes"), False
    return f"{compared if is_live else direct.frames} {unit}" + (f" ({note})" if note else ""), False


def main():
    options = parser.parse_args()
    world = World(options)
    installed = [player for player in PLAYERS if (native.is_installed(NATIVE[player]) if player in NATIVE else browser.is_installed())]
    wanted = options.players.split(",") if options.players else PLAYERS
    players = [player for player in wanted if player in installed]
    for player in wanted:
        if player not in installed:
            print(f"not installed, left out: {player}")
    columns = options.columns.split(",") if options.columns else QUICK if options.quick else [*COLUMNS, *Live.paths]
    results, notes = {}, []
    passed = failed = 0

    def judge(found, live):
        nonlocal passed, failed
        for (player, column, way) in found:
            if way != "direct":
                continue
            direct, through = found[player, column, "direct"], found[player, column, "through"]
            text, is_fault = cell(player, column, direct, through, options.live_seconds, live)
            results[player, column] = text
            passed, failed = passed + (not is_fault), failed + is_fault
            print(f"{'FAILED' if is_fault else 'equal '} {player}, {column}: {text} {direct.notes or ''} {through.notes or ''}", flush=True)

    def shares(column, path):
        """Where the gateway's engines had the column's bytes from."""
        streams = world.streams_of(path)
        got = {key: sum(s["bytes"][key] for s in streams) for key in ("http", "p2p", "delivered")}
        notes.append(f"{column}: players got {got['delivered']} bytes of segments from the gateway's engines, which had {got['p2p']} from the seed "
                     f"and {got['http']} over HTTP")
        print(notes[-1], flush=True)

    try:
        streams = make_streams(options.samples, world.folder.name, 8 if options.quick else 24)
        for column in [c for c in columns if c in COLUMNS]:
            path = streams[COLUMNS[column]]
            world.seed(path)
            world.meet(path)
            judge(play_all(world, {column: path}, players, 120, False), False)
            shares(column, path)
        live_columns = {c: Live.paths[c] for c in columns if c in Live.paths}
        if live_columns and options.live_seconds:
            live = Live(world.folder.name, options.live_seconds)
            try:
                live.wait_until_full()
                for path in live_columns.values():
                    world.seed(path)
                    world.meet(path)
                judge(play_all(world, live_columns, players, options.live_seconds + 30, True), True)
                for column, path in live_columns.items():
                    shares(column, path)
            finally:
                live.stop()
    finally:
        world.stop()
    if options.report:
        versions = {p: NATIVE[p].version() for p in players if p in NATIVE}
        versions |= {p: browser.versions.get(browser.PLAYERS[p], "?") for p in players if p in browser.PLAYERS}
        write_table(options.report, [p for p in players], columns, results, versions, notes)
    print(f"{passed} passed, {failed} failed")
    return failed > 0 or passed == 0


def write_table(file, players, columns, results, versions, notes):
    lines = ["| player | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {p} {versions[p]} | " + " | ".join(results.get((p, c), "-") for c in columns) + " |" for p in players]
    Path(file).write_text("\n".join([*lines, "", *(f"* {note}" for note in notes), ""]))


if __name__ == "__main__":
    sys.exit(main())
