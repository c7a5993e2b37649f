#!/usr/bin/env python3
"""What a player sees when something fails, directly and through the gateway: `faults_test.py --program build/dev/p2pml [--all]`.

Each case has an origin of its own with a fault that can be switched, a gateway, perhaps a seed as its peer, and one player twice: on the origin's
address and on the gateway's, at the same time. Through the gateway it must see the same or more: every picture and sound that it sees directly, in
order and byte for byte, nothing that the stream does not have, and no longer waiting for it. All cases run at the same time, within a minute. Without
--all only the most telling ones; with it all of them, and then those with hls.js in Chromium.
The last line is "N passed, M failed"; --report FILE writes the table.
"""

import argparse
import json
import shutil
import sys
import tempfile
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from faults.encoder import SEGMENT, WINDOW, Encoder, make_segments
from faults.timed import RATE, Timed, is_within, packets_of
from matrix import browser
from player_matrix import session_address
from world import Origin, Program, fetch

LOCAL = ("--local-address", "127.0.0.1")
VOD = "/first/vod.m3u8"
LIVE = "/index.m3u8"
OUTAGE = 20  # seconds
SLACK = 1.5  # seconds that a busy machine may take from one player and not from the other
SECONDS = 90  # that the encoders make
PICTURES = 36 * RATE  # of the stream on demand, which is the beginning of that
SLOW = 80_000  # bytes a second of each connection: not all has come before something fails

parser = argparse.ArgumentParser()
parser.add_argument("--program", required=True)
parser.add_argument("--all", action="store_true")
parser.add_argument("--cases", help="parts of their names, between semicolons; all unless given")
parser.add_argument("--report", help="file for the table, in Markdown")
OPTIONS = parser.parse_args()


class World:
    """The streams are shared by all cases, the rest is of one."""

    def __init__(self, streams, tracker=None):
        self.streams = streams
        self.running = []
        self.origin = Origin(streams.folder)
        self.running.append(self.origin)
        self.announce = tracker or self.start_tracker()

    def start_tracker(self):
        self.tracker = self.start(Program(OPTIONS.program, "tracker", "--listen", "127.0.0.1:0"))
        return self.tracker.line().split()[-1]

    def start(self, thing):
        self.running.append(thing)
        return thing

    def go_live(self, number=0):
        self.encoder = Encoder("first", number)
        self.origin.texts[LIVE] = self.encoder.text

    def start_gateway(self, *options):
        self.gateway = self.start(Program(OPTIONS.program, "gateway", "--listen", "127.0.0.1:0", "--tracker", self.announce, *LOCAL, *options))
        self.base = self.gateway.line().split()[-1]

    def start_seed(self, path, *options):
        """A peer that has all that is listed."""
        self.seed = self.start(Program(OPTIONS.program, "seed", "--listen", "127.0.0.1:0", "--tracker", self.announce, *LOCAL, *options, self.origin.url + path))
        base = self.seed.line().split()[-1]
        stored = lambda streams: bool(streams) and all(s["segmentsOver"]["http"] + s["segmentsOver"]["p2p"] >= min(s["segments"], WINDOW) > 0 for s in streams)
        until(lambda: stored(stats_of(base)["streams"]), "the seed has the stream", 30)

    def through(self, path):
        return f"{self.base}/play?url={urllib.parse.quote(self.origin.url + path, safe='')}"

    def play(self, path):
        """The player on both ways, once both have had two seconds of it, from the same picture on: a live playlist may move between their beginnings."""
        for _ in range(5):
            players = [self.start(Timed(url)) for url in (self.origin.url + path, self.through(path))]
            until(lambda: all(player.pictures >= RATE for player in players), "both play", 40)
            if players[0].track("video")[0] == players[1].track("video")[0]:
                break
            for player in players:
                player.stop()
        until(lambda: all(player.pictures >= 2 * RATE for player in players), "both play", 40)
        return players

    def stats(self):
        return stats_of(self.base)

    def loaded(self, key):
        return sum(stream["bytes"][key] for stream in self.stats()["streams"])

    def stop(self):
        for thing in reversed(self.running):
            thing.stop()


class Streams:
    """`first` and `other`: two encoders' output, with nothing in common. `folder` has both."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("first", "other"):
            make_segments(Path(folder, name), SECONDS, name == "other")
            lines = Path(folder, name, "index.m3u8").read_text().splitlines()
            last = lines.index(f"{PICTURES // RATE // SEGMENT - 1:03}.ts")
            Path(folder, name, "vod.m3u8").write_text("\n".join([*lines[:last + 1], "#EXT-X-ENDLIST", ""]))
        self.packets = {name: packets_of(str(Path(folder, name, "index.m3u8"))) for name in ("first", "other")}


def until(condition, what, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(0.1)


def stats_of(base):
    return json.loads(fetch(base + "/api/stats")[2])


def judge(world, players, seconds, same=False, live=False, slack=SLACK):
    """What the table says, and the faults. `same`: there is nothing that the gateway could do better. `slack`: seconds that it may wait longer."""
    ends = [player.wait(seconds) for player in players]
    direct, through = players
    faults = []
    for kind in ("video", "audio"):
        seen, got = direct.track(kind), through.track(kind)
        stream = [*world.streams.packets["first"][kind], *world.streams.packets["other"][kind]]
        known = set(stream)
        seen = [packet for packet in seen if packet in known]  # not the stump that is left of one when a connection ends
        if live:
            seen, got = from_later_beginning(seen, got)
        if not seen or not got:
            faults.append(f"{kind}: nothing in common")
        elif same and seen != got:
            faults.append(f"{kind}: {len(seen)} packets directly, {len(got)} through the gateway, {len(set(seen) - set(got))} of them only directly, "
                          f"{len(set(got) - set(seen))} only through it")
        elif not is_within(seen, got):
            faults.append(f"{kind}: {len(set(seen) - set(got))} packets of {len(seen)} only directly, or in another order")
        if stray := set(got) - known:
            faults.append(f"{kind}: {len(stray)} packets that are not of the stream")
        if len(set(got)) < len(got):
            faults.append(f"{kind}: {len(got) - len(set(got))} packets twice")
    if ends[0] and not ends[1]:
        faults.append(f"it ended directly, and was still there after {seconds} s through the gateway")
    # Who sees more may have waited for it.
    if through.pictures <= direct.pictures + RATE and through.waited > direct.waited + slack:
        faults.append(f"waited {through.waited:.1f} s, directly {direct.waited:.1f} s")
    text = [f"{player.pictures} pictures, waited {player.waited:.1f} s" for player in players]
    return text, faults


def from_later_beginning(seen, got):
    for first, second in ((seen, got), (got, seen)):
        if first and first[0] in second:
            second = second[second.index(first[0]):]
            return (first, second) if first is seen else (second, first)
    return [], []


# --------------------------------------------------------------------------------------------------------------- cases

def vod_outage(world, fails, seeded):
    """The origin goes away two seconds after the start."""
    if seeded:
        world.start_seed(VOD)
    world.start_gateway()
    world.origin.pace = SLOW
    players = world.play(VOD)
    fails(world.origin)
    time.sleep(OUTAGE)
    world.origin.recover()
    text, faults = judge(world, players, 60)
    if seeded and players[1].pictures < PICTURES:
        faults.append(f"{players[1].pictures} of {PICTURES} pictures, which the peer had all")
    if seeded and players[1].waited > SLACK:
        faults.append(f"waited {players[1].waited:.1f} s for what the peer had")
    return text, faults


def live_outage(world, fails, seeded):
    """The same of a live stream, whose encoder goes on."""
    world.go_live()
    if seeded:
        world.start_seed(LIVE)
    world.start_gateway()
    players = world.play(LIVE)
    fails(world.origin)
    time.sleep(OUTAGE)
    world.origin.recover()
    time.sleep(4 * SEGMENT)
    world.encoder.end()
    return judge(world, players, 40, live=True)


def missing(world, seeded):
    """One segment in the middle is not there."""
    world.origin.statuses["/first/007.ts"] = 404
    if seeded:
        world.start_seed(VOD)
    world.start_gateway()
    text, faults = judge(world, world.play(VOD), 60, same=True)
    told = [event["text"] for event in world.stats()["events"] if "007.ts" in event["text"]]
    if not any("asking the origin itself" in text for text in told):
        faults.append(f"the player was not given the origin's answer: {told}")
    return text, faults


def stuck(world):
    world.go_live()
    world.start_seed(LIVE)
    world.start_gateway()
    players = world.play(LIVE)
    world.encoder.hold(OUTAGE)
    time.sleep(OUTAGE + 4 * SEGMENT)
    world.encoder.end()
    return judge(world, players, 40, same=True, live=True)


def restarted(world, number, folder="other", discontinuity=False, first=0):
    """Another encoder goes on, from that media sequence number. A second player comes after that."""
    world.go_live(first)
    world.start_seed(LIVE)
    world.start_gateway()
    players = world.play(LIVE)
    world.encoder.restart(folder, number, discontinuity)
    until(lambda: f"{folder}/002.ts" in world.encoder.text(), "the other one has made something", 30)
    late = world.play(LIVE)
    time.sleep(9 * SEGMENT)
    world.encoder.end()
    text, faults = judge(world, players, 40, live=True)
    _, more = judge(world, late, 40, live=True)
    faults += [f"who came later: {fault}" for fault in more]
    if number is not None and late[1].track("video")[0] not in world.streams.packets[folder]["video"]:
        faults.append("who came later was given what is not listed any more")
    return text, faults


def reordered(world):
    """The qualities change places in the manifest while somebody plays; others come after that."""
    bandwidth = {"first": 300_000, "other": 600_000}

    def master(*order):
        return "#EXTM3U\n" + "".join(f"#EXT-X-STREAM-INF:BANDWIDTH={bandwidth[name]}\n{name}/vod.m3u8\n" for name in order)

    world.origin.texts["/master.m3u8"] = master("first", "other")
    world.start_seed("/master.m3u8")
    world.start_gateway()
    first = world.play("/master.m3u8")
    world.origin.texts["/master.m3u8"] = master("other", "first")
    time.sleep(6)  # what is fetched once is shared for five seconds
    late = world.play("/master.m3u8")
    text, faults = judge(world, first, 60, same=True)
    _, more = judge(world, late, 60, same=True)
    return text, faults + [f"who came later: {fault}" for fault in more]


def no_tracker(world, from_the_start):
    if from_the_start:
        world.tracker.stop()
    else:
        world.start_seed(VOD)
    world.start_gateway()
    world.origin.pace = SLOW
    players = world.play(VOD)
    if not from_the_start:
        until(lambda: world.loaded("p2p") > 0, "the peers have met", 20)
        world.tracker.process.kill()
    return judge(world, players, 60, same=True)


def no_peers(world):
    """The only peer, which is slow, is killed while it sends."""
    world.start_seed(VOD, "--upload-limit", "600")
    settings = Path(world.streams.folder, "p2p-first.json")
    world.start_gateway("--settings", str(settings))
    players = world.play(VOD)
    until(lambda: world.loaded("p2p") > 0, "the peer sends", 20)
    world.seed.process.kill()
    # Until it counts as gone the engine asks it for segments, and ffmpeg has no buffer to wait with.
    text, faults = judge(world, players, 60, same=True, slack=2 * SLACK)
    if not world.loaded("p2p"):
        faults.append("nothing came from the peer")
    return text, faults


def in_browser(world, path, fails, seeded=True, slack=2 * SLACK):
    """hls.js, which asks again by rules of its own, and gives up where it finds no sense in that."""
    if path == LIVE:
        world.go_live()
    if seeded:
        world.start_seed(path)
    world.start_gateway()
    world.origin.pace = 0 if path == LIVE else SLOW
    addresses = {"direct": world.origin.url + path, "through": session_address(world.through(path))}
    found = {}
    page = threading.Thread(target=lambda: found.update(browser.play({way: ("hls.js", url) for way, url in addresses.items()}, 90)))
    page.start()
    # Two ask for each segment, the page and the gateway's engine; of the other page the gateway knows.
    asked = lambda: [name for _, name, _ in world.origin.requests if name.endswith(".ts")]
    until(lambda: len(asked()) > len(set(asked())) + 1 and world.loaded("delivered") > 100_000, "both play", 60)
    fails(world.origin)
    time.sleep(OUTAGE)
    world.origin.recover()
    if path == LIVE:
        time.sleep(5 * SEGMENT)
        world.encoder.end()
    page.join()
    direct, through = found["direct"], found["through"]
    faults = []
    if through.error and not direct.error:
        faults.append(through.error)
    hashes = [dict(item.rsplit(" ", 1) for items in seen.tracks.values() for item in items) for seen in (direct, through)]
    if differ := [name for name in hashes[0] if hashes[1].get(name, hashes[0][name]) != hashes[0][name]]:
        faults.append(f"other fragments: {differ}")
    if path == VOD and (lost := set(hashes[0]) - set(hashes[1])):
        faults.append(f"only directly: {sorted(lost)}")
    waited = [(seen.notes["waited"] or 0) / 1000 for seen in (direct, through)]
    if not direct.error and waited[1] > waited[0] + slack:
        faults.append(f"waited {waited[1]:.1f} s, directly {waited[0]:.1f} s")
    ends = [f"gave up at {seen.notes['time']:.0f} s" if seen.error else "to the end" for seen in (direct, through)]
    return [f"{end}, waited {wait:.1f} s" for end, wait in zip(ends, waited)], faults


REFUSES, SILENT = (lambda origin: origin.refuse()), (lambda origin: origin.hush())
CASES = {
    "VOD, origin refuses for 20 s, a peer has it": (lambda world: vod_outage(world, REFUSES, True)),
    "VOD, origin refuses for 20 s, no peer": (lambda world: vod_outage(world, REFUSES, False)),
    "VOD, origin silent for 20 s, a peer has it": (lambda world: vod_outage(world, SILENT, True)),
    "VOD, origin silent for 20 s, no peer": (lambda world: vod_outage(world, SILENT, False)),
    "live, origin refuses for 20 s, a peer": (lambda world: live_outage(world, REFUSES, True)),
    "live, origin refuses for 20 s, no peer": (lambda world: live_outage(world, REFUSES, False)),
    "live, origin silent for 20 s, a peer": (lambda world: live_outage(world, SILENT, True)),
    "live, origin silent for 20 s, no peer": (lambda world: live_outage(world, SILENT, False)),
    "VOD, 404 for a segment in the middle, no peer": (lambda world: missing(world, False)),
    "VOD, 404 for a segment in the middle, a peer": (lambda world: missing(world, True)),
    "live, playlist stuck for 20 s": stuck,
    "live, encoder restarts and counts from 0": (lambda world: restarted(world, 0)),
    "live, encoder restarts and counts from 0, DISCONTINUITY": (lambda world: restarted(world, 0, discontinuity=True)),
    "live, encoder restarts, goes on counting, DISCONTINUITY": (lambda world: restarted(world, None, discontinuity=True)),
    "live, encoder restarts 5 numbers back": (lambda world: restarted(world, 95, first=100 - WINDOW)),
    "live, encoder restarts 1000 numbers on": (lambda world: restarted(world, 1000)),
    "qualities change places in the manifest": reordered,
    "no tracker from the start": (lambda world: no_tracker(world, True)),
    "tracker killed while playing": (lambda world: no_tracker(world, False)),
    "the only peer killed while it sends": no_peers,
}
DEAD = lambda origin: origin.hush(forgets=True)
HEAD = 14  # seconds: for 10 the engine waits for the head of an answer, which may have begun with the beginning from elsewhere, before it asks anew
BROWSER = {
    "hls.js, VOD, origin refuses for 20 s, a peer has it": (lambda world: in_browser(world, VOD, REFUSES)),
    "hls.js, VOD, origin refuses for 20 s, no peer": (lambda world: in_browser(world, VOD, REFUSES, False)),
    "hls.js, VOD, origin dead for 20 s (what was asked is never answered), no peer": (lambda world: in_browser(world, VOD, DEAD, False, HEAD)),
    "hls.js, live, origin refuses for 20 s, a peer": (lambda world: in_browser(world, LIVE, REFUSES)),
    "hls.js, live, origin dead for 20 s, a peer": (lambda world: in_browser(world, LIVE, DEAD)),
}
CASES |= BROWSER
LONG = (*BROWSER, "live, origin refuses for 20 s, no peer", "live, origin silent for 20 s, a peer", "VOD, 404 for a segment in the middle, a peer",
        "live, encoder restarts 1000 numbers on", "live, encoder restarts and counts from 0, DISCONTINUITY", "live, encoder restarts, goes on counting, DISCONTINUITY")


def run(name, streams, tracker):
    began = time.monotonic()
    world = None
    try:
        world = World(streams, None if "tracker" in name else tracker)
        text, faults = CASES[name](world)
    except (RuntimeError, OSError, ValueError) as error:
        text, faults = ["", ""], [str(error)]
    finally:
        events = [e["text"] for e in world.stats()["events"]] if world and hasattr(world, "base") and OPTIONS.cases else []
        if world:
            world.stop()
    print(f"{'FAILED' if faults else 'passed'} {name}: directly {text[0]}; through the gateway {text[1]} ({time.monotonic() - began:.0f} s)", flush=True)
    for fault in faults:
        print(f"       {fault}", flush=True)
    for event in events if faults else []:
        print(f"         {event}", flush=True)
    return name, text, faults


def main():
    if not shutil.which("ffmpeg"):
        print("ffmpeg is not installed")
        return 77
    names = [name for name in CASES if any(part in name for part in OPTIONS.cases.split(";"))] if OPTIONS.cases else [name for name in CASES if OPTIONS.all or name not in LONG]
    with tempfile.TemporaryDirectory() as folder:
        streams = Streams(folder)
        Path(folder, "p2p-first.json").write_text(json.dumps({"startupPolicy": "p2pFirst"}))
        tracker = Program(OPTIONS.program, "tracker", "--listen", "127.0.0.1:0")
        announce = tracker.line().split()[-1]
        results = []
        for group in ([name for name in names if name not in BROWSER], [name for name in names if name in BROWSER and browser.is_installed()]):
            with ThreadPoolExecutor(max(len(group), 1)) as pool:
                results += pool.map(lambda name: run(name, streams, announce), group)
        tracker.stop()
    if OPTIONS.report:
        rows = [f"| {name} | {text[0]} | {text[1]} | {'**' + '; '.join(faults) + '**' if faults else 'equal or better'} |" for name, text, faults in results]
        Path(OPTIONS.report).write_text("\n".join(["| what happens | directly | through the gateway | |", "|---|---|---|---|", *rows, ""]))
    failed = sum(bool(faults) for _, _, faults in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
