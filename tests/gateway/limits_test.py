#!/usr/bin/env python3
"""What an operator or a viewer has limited stays limited: `limits_test.py --program build/dev/p2pml --samples samples/hls`."""

import argparse
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from world import Origin, Program, fetch, play

parser = argparse.ArgumentParser()
parser.add_argument("--program", required=True)
parser.add_argument("--samples", required=True)
OPTIONS, REST = parser.parse_known_args()
LOCAL = ("--local-address", "127.0.0.1")


class TurnServer:
    """coturn on 127.0.0.1, where both its clients and what they reach are."""

    def __init__(self, folder):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = open(Path(folder, "turn.log"), "w")
        self.process = subprocess.Popen(
            ["turnserver", "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={self.port}", "--lt-cred-mech",
             "--user=viewer:secret", "--realm=p2pml", "--allow-loopback-peers", "--no-tls", "--no-dtls", "--no-cli",
             f"--pidfile={folder}/turn.pid", "--log-file=stdout"], stdout=self.log, stderr=self.log)

    def servers(self):
        return [{"urls": [f"turn:127.0.0.1:{self.port}"], "username": "viewer", "credential": "secret"}]

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


class Limits(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        Path(self.folder.name, "hls").symlink_to(Path(OPTIONS.samples).resolve())
        self.origin = Origin(self.folder.name)
        self.tracker = Program(OPTIONS.program, "tracker", "--listen", "127.0.0.1:0")
        self.announce = self.tracker.line().split()[-1]
        self.running = [self.origin, self.tracker]

    def tearDown(self):
        for thing in reversed(self.running):
            thing.stop()
        self.folder.cleanup()

    def start(self, thing):
        self.running.append(thing)
        return thing

    def settings(self, **values):
        path = Path(self.folder.name) / f"settings-{time.monotonic_ns()}.json"
        path.write_text(json.dumps(values))
        return ("--settings", str(path))

    def play(self, *options):
        """A gateway whose player has read the playlist of 180p; the address of a segment by its number."""
        process, address = play(OPTIONS.program, self.origin.url + "/hls/master.m3u8", "--tracker", self.announce, *LOCAL, *options)
        self.start(process)
        self.assertEqual(fetch(address)[0], 200)
        playlist = address.replace("master.m3u8", "180p/index.m3u8")
        self.assertEqual(fetch(playlist)[0], 200)
        return lambda number: playlist.replace("index.m3u8", f"{number:03}.ts")

    def stats(self, address):
        return json.loads(fetch(address.split("/s/")[0] + "/api/stats")[2])

    def body(self, number):
        return (Path(OPTIONS.samples) / "180p" / f"{number:03}.ts").read_bytes()

    def asked(self):
        return {path for _, path, _ in self.origin.requests if path.endswith(".ts")}

    def until(self, condition, what, seconds=20):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.05)

    def test_a_metered_line_loads_what_is_played_and_gives_nothing(self):
        usual = self.play()
        self.assertEqual(fetch(usual(0))[2], self.body(0))
        self.until(lambda: len(self.asked()) > 4, "an unmetered gateway loads ahead")
        ahead = len(self.asked())
        self.running.pop().stop()
        self.origin.requests.clear()
        metered = self.play("--metered", "--no-p2p")
        self.assertEqual(fetch(metered(0))[2], self.body(0))
        time.sleep(3)
        self.assertLessEqual(len(self.asked()), 2, self.asked())
        self.assertLess(len(self.asked()), ahead)

    def test_a_metered_line_takes_from_peers(self):
        first = self.play()
        for number in range(8):
            self.assertEqual(fetch(first(number))[2], self.body(number))
        metered = self.play("--metered", *self.settings(startupPolicy="p2pFirst"))
        for number in range(8):
            self.assertEqual(fetch(metered(number))[2], self.body(number))
        taken = self.stats(metered(0))["bytes"]
        self.assertGreater(taken["p2p"], 0)
        third = self.play(*self.settings(startupPolicy="p2pFirst"))
        for number in range(8):
            self.assertEqual(fetch(third(number))[2], self.body(number))
        self.assertEqual(self.stats(metered(0))["bytes"]["upload"], 0)

    @unittest.skipUnless(shutil.which("turnserver"), "coturn is not installed (scripts/install.sh interop)")
    def test_relay_only_meets_peers_through_the_turn_server(self):
        turn = self.start(TurnServer(self.folder.name))
        options = ("--relay-only", *self.settings(startupPolicy="p2pFirst", rtcConfig={"iceServers": turn.servers()}))
        first = self.play(*options)
        for number in range(4):
            self.assertEqual(fetch(first(number))[2], self.body(number))
        second = self.play(*options)
        self.assertEqual(fetch(second(0))[2], self.body(0))
        self.until(lambda: self.stats(second(0))["streams"][0]["peers"] or fetch(second(1))[0] != 200, "they meet")
        for number in range(1, 4):
            self.assertEqual(fetch(second(number))[2], self.body(number))
        self.assertGreater(self.stats(second(0))["bytes"]["p2p"], 0)
        # Both ends are the server's: without it they lose each other at once.
        turn.stop()
        self.running.remove(turn)
        self.until(lambda: not any(stream["peers"] for stream in self.stats(second(0))["streams"]), "no way is left but the relay", 40)

    def test_relay_only_wants_a_relay(self):
        done = subprocess.run([OPTIONS.program, "play", "--relay-only", self.origin.url + "/hls/master.m3u8"], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--relay-only: expected a TURN server in rtcConfig.iceServers of --settings", done.stderr)

    def test_a_seed_takes_no_more_from_the_origin_than_it_may(self):
        limit = 2_000  # kilobits a second
        began = time.monotonic()
        seed = self.start(Program(OPTIONS.program, "seed", "--listen", "127.0.0.1:0", "--http-limit", str(limit), "--tracker", self.announce, *LOCAL,
                                  self.origin.url + "/hls/master.m3u8"))
        base = seed.line().split()[-1]
        loaded = lambda: json.loads(fetch(base + "/api/stats")[2])["bytes"]["http"]
        self.until(lambda: loaded() > 1_000_000, "it loads", 60)
        took = time.monotonic() - began
        # What may come at once: a tenth of a second's worth, and a read of 16 KiB.
        self.assertLess(loaded() - 50_000, took * limit * 125 * 1.05 + 25_000)
        self.assertGreater(took, 3)
        # It loads all of it in the end, and nothing twice: slow is not broken.
        streams = lambda: json.loads(fetch(base + "/api/stats")[2])["streams"]
        self.until(lambda: all(s["segmentsOver"]["http"] >= s["segments"] > 0 for s in streams()), "it has all", 60)
        segments = [path for _, path, _ in self.origin.requests if path.endswith(".ts")]
        self.assertEqual(len(segments), len(set(segments)))
        self.assertEqual([s["failures"] for s in streams()], [0, 0])

    def test_a_limit_that_is_none(self):
        for value in ("99", "x", "-5"):
            done = subprocess.run([OPTIONS.program, "seed", "--http-limit", value, self.origin.url], capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, 2, value)
            self.assertIn("--http-limit", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *REST], verbosity=2)
