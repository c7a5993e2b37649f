"""What the gateway's tests and measurements share: an origin that can misbehave, streams made by ffmpeg, the program's processes."""

import datetime
import http.server
import os
import re
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
import xml.etree.ElementTree
from pathlib import Path

TYPES = {".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t", ".mp4": "video/mp4", ".m4s": "video/mp4",
         ".mpd": "application/dash+xml", ".key": "application/octet-stream"}


class Origin:
    """Serves a folder on 127.0.0.1, with ranges. `delay`: seconds before each answer; `statuses`: path to status; `texts`: path to a text, or to
    what makes one. refuse() and hush() until recover()."""

    def __init__(self, root):
        self.root = Path(root)
        self.delay = 0.0
        self.pace = 0
        self.ranges = True
        self.shared = True  # with pages of other sites
        self.statuses = {}
        self.texts = {}
        self.requests = []
        self.bytes = 0
        self.connections = set()
        self.talks = threading.Event()
        self.talks.set()
        self.forgets = False  # recover() leaves those unanswered who asked while it was silent
        origin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                origin.connections.add(self.connection)

            def finish(self):
                origin.connections.discard(self.connection)
                super().finish()

            def log_message(self, *args):
                pass

            def do_HEAD(self):
                self.do_GET()

            def do_OPTIONS(self):  # what browsers ask before they send headers of their own
                self.answer(204, b"", {"Access-Control-Allow-Headers": "*"})

            def do_GET(self):
                path = urllib.parse.unquote(self.path.split("?")[0])
                origin.requests.append((self.command, self.path, self.headers.get("Range")))
                time.sleep(origin.delay)
                waited = not origin.talks.is_set()
                origin.talks.wait()
                if waited and origin.forgets:
                    self.connection.recv(1)  # says nothing until the other side hangs up
                    self.close_connection = True
                    return
                status = origin.statuses.get(path, 200)
                file = origin.root / path.lstrip("/")
                if status != 200 or not (path in origin.texts or file.is_file()):
                    return self.answer(status if status != 200 else 404, b"no\n", {})
                text = origin.texts.get(path)
                body = file.read_bytes() if text is None else (text() if callable(text) else text).encode()
                headers = {"Content-Type": TYPES.get(Path(path).suffix, "application/octet-stream"), "Accept-Ranges": "bytes"}
                wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
                if origin.ranges and wanted and int(wanted[1]) < len(body):
                    first, last = int(wanted[1]), min(int(wanted[2] or len(body) - 1), len(body) - 1)
                    headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
                    return self.answer(206, body[first:last + 1], headers)
                self.answer(200, body, headers)

            def answer(self, status, body, headers):
                head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n" + ("Access-Control-Allow-Origin: *\r\n" if origin.shared else "")
                head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
                self.wfile.write(head.encode() + (b"" if origin.pace else b"" if self.command == "HEAD" else body))
                if origin.pace and self.command != "HEAD":
                    for at in range(0, len(body), 16384):
                        self.wfile.write(body[at:at + 16384])
                        time.sleep(16384 / origin.pace)
                origin.bytes += len(body)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 100

            def handle_error(self, request, address):
                pass  # players hang up when they like

        self.listen = lambda port: Server(("127.0.0.1", port), Handler)
        self.serve(0)
        self.url = f"http://127.0.0.1:{self.port}"

    def serve(self, port):
        self.server = self.listen(port)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def refuse(self):
        """Nobody listens there any more, and who was connected is cut off."""
        self.server.shutdown()
        self.server.server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has gone by itself
        self.server = None

    def hush(self, forgets=False):
        """It listens, takes requests, and says nothing."""
        self.forgets = forgets
        self.talks.clear()

    def recover(self):
        """What it was before. Who asked while it was silent is answered now, unless it forgets."""
        if self.server is None:
            self.serve(self.port)
        self.talks.set()

    def stop(self):
        self.talks.set()
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()


class Program:
    """A process of the program; `lines` is its standard output."""

    def __init__(self, program, *arguments):
        self.process = subprocess.Popen([program, "--log-level", "warn", *arguments], stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.DEVNULL)

    def line(self):
        return self.process.stdout.readline().strip()

    def stop(self):
        self.process.terminate()
        self.process.stdout.close()
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def play(program, url, *options):
    """`p2pml play`; the process and the address it prints."""
    process = Program(program, "play", *options, url)
    return process, process.line()


def make_streams(samples, folder, seconds=24):
    """The sample stream in the forms that HLS has, and DASH; by name, the path of the manifest. `seconds`: of all but "ts"."""
    folder = Path(folder)
    os.symlink(Path(samples).resolve(), folder / "ts")

    def run(*arguments, source=str(folder / "ts" / "360p" / "index.m3u8")):
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-t", str(seconds), "-i", source, *arguments], check=True, cwd=folder)

    for name in ("fmp4", "bytes", "aes", "audio", "dash", "dash-number", "dash-list", "dash-ranges"):
        (folder / name).mkdir()
    common = ["-c", "copy", "-bsf:a", "aac_adtstoasc", "-f", "hls", "-hls_playlist_type", "vod", "-hls_time", "2"]
    run(*common, "-hls_segment_type", "fmp4", "fmp4/index.m3u8")
    run(*common, "-hls_segment_type", "fmp4", "-hls_flags", "single_file", "bytes/index.m3u8")
    (folder / "aes" / "secret.key").write_bytes(bytes(range(16)))
    (folder / "aes" / "info").write_text(f"secret.key\n{folder}/aes/secret.key\n000102030405060708090a0b0c0d0e0f\n")
    run("-c", "copy", *common[4:], "-hls_key_info_file", "aes/info", "aes/index.m3u8")
    for kind in ("v", "a"):
        run("-c", "copy", *common[4:], "-map", f"0:{kind}", f"audio/{kind}.m3u8")
    # ffmpeg writes no EXT-X-STREAM-INF for what it only copies.
    (folder / "audio" / "master.m3u8").write_text(
        '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English",DEFAULT=YES,LANGUAGE="en",URI="a.m3u8"\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=500000,CODECS="avc1.4d401e,mp4a.40.2",AUDIO="a"\nv.m3u8\n')
    run("-c", "copy", "-f", "dash", "-seg_duration", "2", "-use_template", "1", "-use_timeline", "1", "dash/index.mpd",
        source=str(folder / "fmp4" / "index.m3u8"))
    # The other ways in which an MPD says where segments are.
    for name, options in {"dash-number": ["-use_template", "1", "-use_timeline", "0"], "dash-list": ["-use_template", "0"],
                          "dash-ranges": ["-use_template", "0", "-single_file", "1"]}.items():
        run("-c", "copy", "-f", "dash", "-seg_duration", "2", *options, f"{name}/index.mpd", source=str(folder / "fmp4" / "index.m3u8"))
    return {"ts": "/ts/master.m3u8", "fmp4": "/fmp4/index.m3u8", "bytes": "/bytes/index.m3u8", "aes": "/aes/index.m3u8",
            "audio": "/audio/master.m3u8", "dash": "/dash/index.mpd", "dash-number": "/dash-number/index.mpd",
            "dash-list": "/dash-list/index.mpd", "dash-ranges": "/dash-ranges/index.mpd"}


class LiveDash:
    """ffmpeg makes a live MPD of the sample in real time, a window of five segments of two seconds; all segments stay."""

    def __init__(self, samples, folder, timeline):
        self.folder = Path(folder)
        self.folder.mkdir()
        source = Path(samples).resolve() / "360p" / "index.m3u8"
        self.process = subprocess.Popen(
            ["ffmpeg", "-v", "error", "-re", "-i", str(source), "-c", "copy", "-tag:v", "avc1", "-tag:a", "mp4a", "-bsf:a", "aac_adtstoasc",
             "-f", "dash", "-seg_duration", "2", "-window_size", "5", "-extra_window_size", "1000", "-use_template", "1",
             "-use_timeline", str(int(timeline)), "index.mpd"], cwd=self.folder, stdin=subprocess.DEVNULL)

    def wait_for(self, segments):
        """Until that many video segments are there."""
        while len(list(self.folder.glob("chunk-stream0-*.m4s"))) < segments:
            if self.process.poll() is not None:
                raise RuntimeError("ffmpeg has ended")
            time.sleep(0.1)

    def stop(self):
        self.process.kill()
        self.process.wait()


def watch_live_dash(url, count, behind=2):
    """A player of ffmpeg's live MPDs, which ffmpeg itself is not: it leaves segments out. It begins `behind` segments before the end and takes
    each one as soon as it is listed or its time has come. Name and body of so many of each stream, in order."""
    space = {"m": "urn:mpeg:dash:schema:mpd:2011"}
    got = {}
    deadline = time.monotonic() + 90
    while len(got) < 2 or any(len(segments) < count for segments in got.values()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"only {[len(segments) for segments in got.values()]} segments have come")
        root = xml.etree.ElementTree.fromstring(fetch(url)[2])
        for representation in root.iterfind(".//m:Representation", space):
            template = representation.find("m:SegmentTemplate", space)
            timeline = template.find("m:SegmentTimeline", space)
            first = int(template.get("startNumber"))
            if timeline is not None:
                last = first - 1 + sum(1 + int(entry.get("r", 0)) for entry in timeline)
            else:
                start = datetime.datetime.fromisoformat(root.get("availabilityStartTime").replace("Z", "+00:00")).timestamp()
                last = first - 1 + int((time.time() - start) * int(template.get("timescale")) / int(template.get("duration")))
            segments = got.setdefault(representation.get("id"), {})
            for number in range(max(segments) + 1 if segments else last - behind, last + 1):
                name = template.get("media").replace("$RepresentationID$", representation.get("id")).replace("$Number%05d$", f"{number:05}")
                status, _, body = fetch(urllib.parse.urljoin(url, name))
                if status != 200:
                    break  # not yet
                segments[number] = (name.rsplit("/", 1)[-1], body)
        time.sleep(0.5)
    return {stream: list(segments.values())[:count] for stream, segments in got.items()}


def stream_hashes(url):
    """What ffmpeg reads of every stream: a hash of all its packets each. Text; errors are in it."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", url, "-map", "0", "-c", "copy", "-f", "streamhash", "-hash", "md5", "-"],
                          capture_output=True, text=True, timeout=120)
    return done.stdout + without_addresses(done.stderr)


def without_addresses(errors):
    """ffmpeg's lines begin with where something of it is in memory."""
    return re.sub(" @ 0x[0-9a-f]+", "", errors)


def frame_counts(url):
    done = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=index,codec_name,nb_read_frames",
                           "-of", "csv", url], capture_output=True, text=True, timeout=120)
    return done.stdout + without_addresses(done.stderr)


def fetch(url, headers=None, method="GET"):
    """Status, headers (lower case), body."""
    request = urllib.request.Request(url, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()
