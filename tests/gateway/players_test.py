#!/usr/bin/env python3
"""Players through the gateway see what they would see at the origin: `players_test.py --program build/dev/p2pml --samples samples/hls`."""

import argparse
import json
import shutil
import socket
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from world import LiveDash, Origin, Program, fetch, frame_counts, make_streams, play, stream_hashes, watch_live_dash

parser = argparse.ArgumentParser()
parser.add_argument("--program", required=True)
parser.add_argument("--samples", required=True)
OPTIONS, REST = parser.parse_known_args()
LOCAL = ("--local-address", "127.0.0.1")


class Players(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.streams = make_streams(OPTIONS.samples, cls.folder.name)
        cls.tracker = Program(OPTIONS.program, "tracker", "--listen", "127.0.0.1:0")
        cls.announce = cls.tracker.line().split()[-1]

    @classmethod
    def tearDownClass(cls):
        cls.tracker.stop()
        cls.folder.cleanup()

    def setUp(self):
        self.origin = Origin(self.folder.name)
        self.running = []

    def tearDown(self):
        for process in self.running:
            process.stop()
        self.origin.stop()

    def play(self, stream, *options, query=""):
        process, address = play(OPTIONS.program, self.origin.url + self.streams[stream] + query, "--tracker", self.announce,
                                *LOCAL, *options)
        self.running.append(process)
        self.assertTrue(address.startswith("http://127.0.0.1:"), address)
        return address

    def stats(self, address):
        return json.loads(fetch(address.split("/s/")[0] + "/api/stats")[2])

    def check_equal(self, stream):
        address = self.play(stream)
        hashes = stream_hashes(self.origin.url + self.streams[stream])
        self.assertIn("MD5=", hashes)
        self.assertEqual(stream_hashes(address), hashes)
        counts = frame_counts(self.origin.url + self.streams[stream])
        self.assertEqual(frame_counts(address), counts)
        self.assertIn("h264", counts)
        return address

    def test_transport_streams_of_two_qualities(self):
        address = self.check_equal("ts")
        running = [s for s in self.stats(address)["streams"] if s["running"]]
        self.assertEqual(len(running), 2)
        self.assertGreater(min(s["bytes"]["delivered"] for s in running), 0)

    def test_fragmented_mp4(self):
        self.check_equal("fmp4")

    def test_parts_of_one_file(self):
        address = self.check_equal("bytes")
        self.assertGreater(self.stats(address)["streams"][0]["bytes"]["delivered"], 0)

    def test_encrypted(self):
        self.check_equal("aes")

    def test_alternative_audio(self):
        address = self.check_equal("audio")
        self.assertIn("secondary", [s["type"] for s in self.stats(address)["streams"]])

    def test_dash_in_all_its_ways(self):
        for name in ("dash", "dash-number", "dash-list", "dash-ranges"):
            with self.subTest(name):
                streams = self.stats(self.check_equal(name))["streams"]
                self.assertEqual([s["type"] for s in streams], ["secondary", "main"])
                self.assertGreater(min(s["bytes"]["delivered"] for s in streams), 0, streams)

    def test_two_gateways_share_dash(self):
        first = self.play("dash")
        hashes = stream_hashes(first)
        before = self.origin.bytes
        second = self.play("dash", "--settings", self.settings({"startupPolicy": "p2pFirst"}))
        self.assertEqual(stream_hashes(second), hashes)
        self.assertEqual(stream_hashes(self.origin.url + self.streams["dash"]), hashes)
        streams = self.stats(second)["streams"]
        self.assertEqual(len(streams), 2)
        for stream in streams:
            self.assertGreater(stream["bytes"]["p2p"], stream["bytes"]["http"], streams)
        self.assertLess(self.origin.bytes - before, 2 * before)

    def test_two_gateways_share_live_dash(self):
        for timeline in (True, False):
            with self.subTest(timeline=timeline):
                name = f"live-{timeline}"
                live = LiveDash(OPTIONS.samples, Path(self.folder.name) / name, timeline)
                self.running.append(live)
                live.wait_for(4)
                self.streams[name] = f"/{name}/index.mpd"
                first = self.play(name)
                seen = [watch_live_dash(first, 6)]
                # The second begins with what the first has.
                second = self.play(name, "--settings", self.settings({"startupPolicy": "p2pFirst"}))
                seen.append(watch_live_dash(second, 6, behind=4))
                addresses = [first, second]
                for streams in seen:
                    self.assertEqual(len(streams), 2)
                    for segments in streams.values():
                        numbers = [int(segment.split("-")[-1].split(".")[0]) for segment, _ in segments]
                        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 6)))
                        for segment, body in segments:
                            self.assertEqual(body, (live.folder / segment).read_bytes(), segment)
                reports = [self.stats(address)["streams"] for address in addresses]
                self.assertGreater(sum(s["bytes"]["p2p"] for streams in reports for s in streams), 0, reports)
                # Everything went through the engines.
                for streams in reports:
                    self.assertEqual(sorted(s["type"] for s in streams), ["main", "secondary"])
                    self.assertGreater(min(s["bytes"]["delivered"] for s in streams), 0, reports)

    def test_two_gateways_share(self):
        first = self.play("fmp4")
        hashes = stream_hashes(first)
        before = self.origin.bytes
        second = self.play("fmp4", "--settings", self.settings({"startupPolicy": "p2pFirst"}))
        self.assertEqual(stream_hashes(second), hashes)
        streams = self.stats(second)["streams"]
        self.assertGreater(streams[0]["bytes"]["p2p"], 0, streams)
        self.assertLess(self.origin.bytes - before, before)
        self.assertGreater(self.stats(first)["bytes"]["upload"], 0)

    def test_no_upload(self):
        first = self.play("fmp4", "--no-upload")
        stream_hashes(first)
        second = self.play("fmp4")
        stream_hashes(second)
        self.assertEqual(self.stats(first)["bytes"]["upload"], 0)
        self.assertEqual(self.stats(second)["bytes"]["p2p"], 0)

    def settings(self, values):
        path = Path(self.folder.name) / f"settings-{time.monotonic_ns()}.json"
        path.write_text(json.dumps(values))
        return str(path)

    def test_what_one_segment_is_asked_for(self):
        address = self.play("ts", query="?token=secret")
        self.assertEqual(fetch(address)[0], 200)
        playlist = address.replace("master.m3u8", "360p/index.m3u8").split("?")[0]
        self.assertEqual(fetch(playlist)[0], 200)
        segment = playlist.replace("index.m3u8", "003.ts")
        body = (Path(OPTIONS.samples) / "360p" / "003.ts").read_bytes()
        status, headers, got = fetch(segment)
        self.assertEqual((status, got, headers["content-type"]), (200, body, "video/mp2t"))
        self.assertEqual(headers["access-control-allow-origin"], "*")
        status, headers, got = fetch(segment, {"Range": "bytes=100-199"})
        self.assertEqual((status, got, headers["content-range"]), (206, body[100:200], f"bytes 100-199/{len(body)}"))
        self.assertEqual(fetch(segment, {"Range": "bytes=-7"})[2], body[-7:])
        self.assertEqual(fetch(segment, {"Range": f"bytes={len(body)}-"})[0], 416)
        self.assertEqual(fetch(segment, {"Range": "bytes=0-1,5-6"})[2], body)
        status, headers, got = fetch(segment, method="HEAD")
        self.assertEqual((status, got, headers["content-length"]), (200, b"", str(len(body))))
        self.assertEqual(fetch(segment, {"If-None-Match": headers["etag"]})[0], 304)
        self.assertNotIn("secret", json.dumps(self.stats(address)))
        self.assertEqual([r for r in self.origin.requests if "token=secret" in r[1]][0][1], "/ts/master.m3u8?token=secret")

    def test_a_segment_begins_while_it_is_still_loaded(self):
        address = self.play("ts")
        fetch(address)
        playlist = address.replace("master.m3u8", "360p/index.m3u8")
        fetch(playlist)
        self.origin.pace = 40_000  # bytes a second: a segment takes seconds
        connection = socket.create_connection(("127.0.0.1", int(address.split(":")[2].split("/")[0])))
        path = "/" + playlist.replace("index.m3u8", "005.ts").split("/", 3)[3]
        started = time.monotonic()
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {address.split('/')[2]}\r\n\r\n".encode())
        head = connection.recv(65536)
        self.assertIn(b"200 OK", head)
        while b"\r\n\r\nG" not in head:  # the first byte of a transport stream
            head += connection.recv(65536)
        first = time.monotonic() - started
        size = (Path(OPTIONS.samples) / "360p" / "005.ts").stat().st_size
        got = len(head) - head.index(b"\r\n\r\n") - 4
        while got < size:
            got += len(connection.recv(65536))
        whole = time.monotonic() - started
        connection.close()
        self.assertLess(first * 2, whole)

    def test_faults_of_the_origin(self):
        address = self.play("ts")
        fetch(address)
        playlist = address.replace("master.m3u8", "360p/index.m3u8")
        fetch(playlist)
        segment = lambda number: playlist.replace("index.m3u8", f"{number:03}.ts")
        self.origin.statuses["/ts/360p/004.ts"] = 404
        self.assertEqual(fetch(segment(3))[0], 200)
        self.assertEqual(fetch(segment(4))[0], 404)
        self.assertEqual(fetch(segment(5))[0], 200)
        self.origin.statuses["/ts/360p/index.m3u8"] = 503
        time.sleep(5.1)
        self.assertEqual(fetch(playlist)[0], 200)
        self.origin.statuses["/ts/360p/index.m3u8"] = 404
        self.assertEqual(fetch(playlist)[0], 404)

    def test_requests_of_strangers(self):
        address = self.play("ts")
        base = address.split("/s/")[0]
        host = base.split("/")[2]
        self.assertEqual(fetch(base + "/", {"Host": "evil.example"})[0], 403)
        self.assertEqual(fetch(base + "/play?url=" + self.origin.url, {"Origin": "https://evil.example"})[0], 403)
        self.assertEqual(fetch(base + "/api/stats", {"Sec-Fetch-Site": "cross-site"})[0], 403)
        self.assertEqual(fetch(base + "/s/guess/0/x")[0], 404)
        for raw in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x00", b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n",
                    b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", b"CONNECT example.com:443 HTTP/1.1\r\n\r\n"):
            connection = socket.create_connection((host.split(":")[0], int(host.split(":")[1])))
            connection.settimeout(10)
            connection.sendall(raw)
            try:
                answer = connection.recv(100)
            except ConnectionResetError:
                answer = b""
            connection.close()
            self.assertNotIn(b" 200 ", answer, raw[:40])
        self.assertEqual(fetch(base + "/")[0], 200)

    def test_many_players_at_once(self):
        address = self.play("ts")
        fetch(address)
        playlist = address.replace("master.m3u8", "180p/index.m3u8")
        fetch(playlist)
        expected = [(Path(OPTIONS.samples) / "180p" / f"{n:03}.ts").read_bytes() for n in range(8)]
        wrong = []

        def player(name):
            for number, body in enumerate(expected):
                got = fetch(playlist.replace("index.m3u8", f"{number:03}.ts"), {"User-Agent": name})
                if got[0] != 200 or got[2] != body:
                    wrong.append((name, number, got[0]))

        threads = [threading.Thread(target=player, args=(f"player {i}",)) for i in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        asked = [path for _, path, _ in self.origin.requests if path.endswith("/000.ts")]
        self.assertEqual(len(asked), 1)

    def test_what_is_no_stream(self):
        process, address = play(OPTIONS.program, self.origin.url + "/aes/secret.key", "--no-p2p")
        self.running.append(process)
        status, _, body = fetch(address)
        self.assertEqual(status, 502)
        self.assertIn(b"not an HLS or DASH manifest", body)

    def test_a_player_that_is_started(self):
        out = Path(self.folder.name) / "player.txt"
        script = Path(self.folder.name) / "player.sh"
        script.write_text(f'#!/bin/sh\necho "$1" > {out}\n')
        script.chmod(0o755)
        process = Program(OPTIONS.program, "play", "--no-p2p", "--player", str(script), self.origin.url + "/ts/master.m3u8")
        self.running.append(process)
        address = process.line()
        self.assertEqual(process.process.wait(20), 0)
        self.assertEqual(out.read_text().strip(), address)

    def test_a_seed_has_what_a_viewer_wants(self):
        seed = Program(OPTIONS.program, "seed", "--listen", "127.0.0.1:0", "--tracker", self.announce, *LOCAL, self.origin.url + "/fmp4/index.m3u8")
        self.running.append(seed)
        base = seed.line().split()[-1]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            streams = json.loads(fetch(base + "/api/stats")[2])["streams"]
            if streams and streams[0]["segmentsOver"]["http"] >= streams[0]["segments"] > 0:
                break
            time.sleep(0.2)
        self.assertGreaterEqual(streams[0]["segmentsOver"]["http"], streams[0]["segments"])
        viewer = self.play("fmp4", "--settings", self.settings({"startupPolicy": "p2pFirst"}))
        stream_hashes(viewer)
        self.assertGreater(self.stats(viewer)["bytes"]["p2p"], 0)


if __name__ == "__main__":
    if not shutil.which("ffmpeg") or not shutil.which("ffprobe"):
        print("skipped: ffmpeg is not installed (scripts/install.sh media)")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *REST], verbosity=2)
