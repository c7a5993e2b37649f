#!/usr/bin/env python3
"""What `p2pml probe URL` finds, and how it names what is wrong: `probe_test.py --program build/dev/p2pml --samples samples`."""

import argparse
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "gateway"))
from world import Origin, Program, fetch, play

parser = argparse.ArgumentParser()
parser.add_argument("--program", required=True)
parser.add_argument("--samples", required=True)
OPTIONS, REST = parser.parse_known_args()


class StunServer:
    """Answers Binding requests with what `says` gives for the sender (RFC 8489), by default the truth."""

    def __init__(self, says=lambda sender: sender, answers=True):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.url = f"stun:127.0.0.1:{self.socket.getsockname()[1]}"
        self.says, self.answers = says, answers
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                request, sender = self.socket.recvfrom(2000)
            except OSError:
                return
            if not self.answers or len(request) < 20:
                continue
            address, port = self.says(sender)
            hidden = bytes(a ^ b for a, b in zip(socket.inet_aton(address), request[4:8]))
            value = struct.pack("!BBH", 0, 1, port ^ 0x2112) + hidden
            self.socket.sendto(b"\x01\x01" + struct.pack("!H", 12) + request[4:20] + struct.pack("!HH", 0x20, 8) + value, sender)

    def stop(self):
        self.socket.close()


class Listener:
    """A TCP server that says one thing to everybody; with `context` after a TLS handshake."""

    def __init__(self, says=b"", context=None):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.says, self.context = says, context
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            try:
                if self.context:
                    client = self.context.wrap_socket(client, server_side=True)
                client.recv(4096)
                client.sendall(self.says)
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # who does not like the certificate hangs up
            client.close()

    def stop(self):
        self.socket.close()


class Probe(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        for name in ("hls", "dash"):
            os.symlink(Path(OPTIONS.samples, name).resolve(), Path(self.folder.name, name))
        self.origin = Origin(self.folder.name)
        self.tracker = Program(OPTIONS.program, "tracker", "--listen", "127.0.0.1:0")
        self.announce = self.tracker.line().split()[-1]
        self.running = [self.origin, self.tracker]
        self.url = self.origin.url + "/hls/master.m3u8"

    def tearDown(self):
        for thing in reversed(self.running):
            thing.stop()
        self.folder.cleanup()

    def start(self, thing):
        self.running.append(thing)
        return thing

    def settings(self, *stun):
        path = Path(self.folder.name, "settings.json")
        path.write_text(json.dumps({"rtcConfig": {"iceServers": [{"urls": [server.url]} for server in stun]}}))
        return ("--settings", str(path))

    def run_probe(self, *arguments):
        return subprocess.run([OPTIONS.program, "probe", "--local-address", "127.0.0.1", *arguments], capture_output=True, text=True, timeout=60)

    def probe(self, *arguments, url=None, status=0):
        done = self.run_probe("--json", *arguments, url or self.url)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual(told["mayShare"], status == 0)
        return told

    def texts(self, told, weight):
        return [finding["text"] for finding in told["verdict"] if finding["weight"] == weight]

    def test_all_is_well_and_another_viewer_is_there(self):
        process, address = play(OPTIONS.program, self.url, "--tracker", self.announce, "--local-address", "127.0.0.1")
        self.start(process)
        fetch(address)
        playlist = address.replace("master.m3u8", "360p/index.m3u8")
        fetch(playlist)
        self.assertEqual(fetch(playlist.replace("index.m3u8", "000.ts"))[0], 200)
        servers = [self.start(StunServer()), self.start(StunServer())]
        # The gateway looks for peers a moment after its first request.
        for _ in range(50):
            told = self.probe("--tracker", self.announce, *self.settings(*servers))
            swarms = told["trackers"][0]["swarms"]
            if sum(swarm["seeders"] + swarm["leechers"] for swarm in swarms) > 0:
                break
        self.assertEqual(told["verdict"], [])
        self.assertEqual([swarm["generation"] for swarm in swarms], ["G0", "G2", "G3, G4"] if len(swarms) == 3 else ["G0", "G2", "G3", "G4"])
        listed = {swarm["infoHash"] for swarm in told["manifest"]["streams"][0]["swarms"]}
        self.assertEqual({swarm["infoHash"] for swarm in swarms}, listed)
        self.assertEqual([http["what"] for http in told["http"]], ["manifest", "playlist", "segment"])
        segment = told["http"][2]
        self.assertEqual((segment["status"], segment["contentType"], segment["ranges"], segment["allowOrigin"]), (206, "video/mp2t", True, "*"))
        self.assertEqual(segment["length"], Path(OPTIONS.samples, "hls/360p/000.ts").stat().st_size)
        ice = told["ice"]
        self.assertEqual((ice["nat"], ice["remoteAddress"]), ("none", "127.0.0.1"))
        self.assertGreater(ice["opened"], 0)
        self.assertTrue(all(server["mapped"].startswith("127.0.0.1:") for server in ice["stun"]))
        self.assertIn("host", [candidate["type"] for candidate in ice["candidates"]])

    def test_the_same_for_reading(self):
        done = self.run_probe("--tracker", self.announce, *self.settings(self.start(StunServer())), self.url)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for part in ("tracker " + self.announce, "NAT: no NAT", "a data channel between two peers here:", "parts: yes",
                     "doubt nobody else watches", "Peers can share this stream"):
            self.assertIn(part, done.stdout)

    def test_nobody_else_is_there(self):
        told = self.probe("--no-ice", "--tracker", self.announce)
        self.assertEqual([(swarm["seeders"], swarm["leechers"]) for swarm in told["trackers"][0]["swarms"]],
                         [(0, 0)] * len(told["trackers"][0]["swarms"]))
        self.assertIn("nobody else watches", self.texts(told, "doubt")[0])
        # Who has probed is gone from the swarm.
        again = self.probe("--no-ice", "--tracker", self.announce)
        self.assertEqual(again["trackers"][0]["swarms"][0]["leechers"], 0)

    def test_dash(self):
        told = self.probe("--no-ice", "--tracker", self.announce, url=self.origin.url + "/dash/manifest.mpd")
        self.assertEqual([http["what"] for http in told["http"]], ["manifest", "segment"])
        self.assertGreater(len(told["trackers"][0]["swarms"]), 0)

    def test_a_manifest_that_is_not_there(self):
        told = self.probe("--no-ice", url=self.origin.url + "/none.m3u8", status=1)
        self.assertEqual(told["http"][0]["status"], 404)
        self.assertEqual(self.texts(told, "fault"), [f"the manifest cannot be loaded: HTTP status 404 for {self.origin.url}/none.m3u8"])

    def test_a_playlist_that_is_not_there(self):
        self.origin.statuses["/hls/360p/index.m3u8"] = 403
        told = self.probe("--no-ice", "--tracker", self.announce, status=1)
        self.assertIn("the playlist cannot be loaded: HTTP status 403", self.texts(told, "fault")[0])
        self.assertEqual(len(told["trackers"]), 1)

    def test_what_is_no_manifest(self):
        self.origin.texts["/page.m3u8"] = "hello"
        told = self.probe("--no-ice", url=self.origin.url + "/page.m3u8", status=1)
        self.assertIn("expected an HLS playlist", self.texts(told, "fault")[0])

    def test_an_origin_without_ranges_and_for_its_own_pages_only(self):
        self.origin.ranges = self.origin.shared = False
        told = self.probe("--no-ice", "--tracker", self.announce)
        self.assertFalse(told["http"][2]["ranges"])
        doubts = self.texts(told, "doubt")
        self.assertEqual(sum("Access-Control-Allow-Origin" in text for text in doubts), 3)
        self.assertEqual(sum("sends whole segments" in text for text in doubts), 1)

    def test_what_others_say_cannot_draw_on_the_terminal(self):
        drawing = self.start(Listener(b"HTTP/1.1 200 OK\r\nContent-Type: \x1b[2Jvideo\r\nContent-Length: 2\r\n\r\nhi"))
        done = self.run_probe("--no-ice", f"http://127.0.0.1:{drawing.port}/x.m3u8")
        self.assertEqual(done.returncode, 1)
        self.assertIn("[2Jvideo", done.stdout)
        self.assertNotIn("\x1b", done.stdout)

    def test_an_origin_that_does_not_answer(self):
        silent = self.start(Listener())
        told = self.probe("--no-ice", url=f"http://127.0.0.1:{silent.port}/x.m3u8", status=1)
        self.assertIn("the manifest cannot be loaded", self.texts(told, "fault")[0])

    def test_trackers_at_fault(self):
        closed = socket.create_server(("127.0.0.1", 0))
        refusing = f"ws://127.0.0.1:{closed.getsockname()[1]}"
        closed.close()
        forbidding = self.start(Listener(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"))
        told = self.probe("--no-ice", "--tracker", refusing, "--tracker", f"ws://127.0.0.1:{forbidding.port}", status=1)
        self.assertIn("refused", told["trackers"][0]["error"])
        self.assertIn("403", told["trackers"][1]["error"])
        self.assertEqual(self.texts(told, "fault"), ["no tracker answers: peers have no way to find each other"])
        # One that works is enough.
        told = self.probe("--no-ice", "--tracker", refusing, "--tracker", self.announce)
        self.assertIn(f"the tracker {refusing} is of no use", self.texts(told, "doubt")[0])

    def test_a_tracker_with_a_certificate_of_nobody(self):
        key, certificate = Path(self.folder.name, "key.pem"), Path(self.folder.name, "certificate.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
                        "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        secured = self.start(Listener(context=context))
        told = self.probe("--no-ice", "--tracker", f"wss://localhost:{secured.port}", status=1)
        self.assertRegex(told["trackers"][0]["error"].lower(), "certificate")

    def test_what_stun_servers_tell_of_the_nat(self):
        same = [self.start(StunServer(lambda sender: ("198.51.100.7", 4000))) for _ in range(2)]
        told = self.probe("--tracker", self.announce, *self.settings(*same))
        self.assertEqual(told["ice"]["nat"], "sameForAll")
        self.assertEqual(told["ice"]["stun"][0]["mapped"], "198.51.100.7:4000")
        other = [self.start(StunServer(lambda sender, port=port: ("198.51.100.7", port))) for port in (4000, 4001)]
        told = self.probe("--tracker", self.announce, *self.settings(*other))
        self.assertEqual(told["ice"]["nat"], "otherForEach")
        self.assertTrue(any("symmetric" in text for text in self.texts(told, "doubt")))

    def test_a_stun_server_that_is_silent(self):
        silent = self.start(StunServer(answers=False))
        told = self.probe("--timeout", "1", "--tracker", self.announce, *self.settings(silent))
        self.assertEqual(told["ice"]["nat"], "unknown")
        self.assertEqual(told["ice"]["stun"][0]["error"], "no answer within 1000 ms")
        self.assertTrue(any("no STUN server answers" in text for text in self.texts(told, "doubt")))
        self.assertGreater(told["ice"]["opened"], 0)

    def test_usage(self):
        for arguments, text in (((), "URL or --manifest"), (("--header", "x", self.url), "--header"), (("--timeout", "0", self.url), "--timeout")):
            done = self.run_probe(*arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(text, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *REST], verbosity=2)
