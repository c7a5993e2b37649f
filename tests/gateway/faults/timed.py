"""ffmpeg as a player without a buffer: it reads in real time, and what it read is told with the moment at which it came."""

import re
import subprocess
import threading
import time

RATE = 25  # pictures a second


class Timed:
    """`options`: of ffmpeg, before the address. What it has had so far can be looked at while it plays."""

    def __init__(self, url, *options):
        self.packets = []  # (when, stream, hash), in order
        self.pictures = 0
        self.waited = 0.0  # seconds, altogether
        self.process = subprocess.Popen(["ffmpeg", "-v", "error", "-re", "-max_reload", "1000", *options, "-i", url, "-map", "0:v:0", "-map", "0:a:0", "-c", "copy",
                                         "-flush_packets", "1", "-f", "framemd5", "-"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.errors = ""
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self.read, self.read_errors)]
        for thread in self.threads:
            thread.start()

    def read(self):
        kinds = {}
        for line in self.process.stdout:
            if kind := re.match(r"#media_type (\d+): (\w+)", line):
                kinds[kind[1]] = kind[2]
            elif not line.startswith("#") and line.count(",") >= 5:
                part = [text.strip() for text in line.split(",")]
                kind = kinds[part[0]]
                self.packets.append((kind, part[5]))
                if kind == "video":
                    self.note_picture(time.monotonic())

    def note_picture(self, now):
        if self.pictures == 0:
            self.began = now
        # Who plays in real time and has no buffer stands still while a picture is late, and is late from then on.
        self.waited = max(self.waited, now - self.began - self.pictures / RATE)
        self.pictures += 1

    def read_errors(self):
        self.errors = self.process.stderr.read()

    def track(self, kind):
        return [packet for of, packet in self.packets if of == kind]

    def wait(self, seconds):
        """Until it ends by itself, which it is told to do after that long. Whether it was by itself."""
        try:
            self.process.wait(seconds)
            alone = True
        except subprocess.TimeoutExpired:
            alone = False
            self.stop()
        for thread in self.threads:
            thread.join(5)
        return alone

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def packets_of(url):
    """All of them, by kind, as ffmpeg reads them from a file."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", url, "-map", "0", "-c", "copy", "-f", "framemd5", "-"], capture_output=True, text=True, check=True)
    kinds, found = {}, {}
    for line in done.stdout.splitlines():
        if kind := re.match(r"#media_type (\d+): (\w+)", line):
            kinds[kind[1]] = kind[2]
        elif not line.startswith("#"):
            part = [text.strip() for text in line.split(",")]
            found.setdefault(kinds[part[0]], []).append(part[5])
    return found


def is_within(few, many):
    """All of `few` are in `many`, in that order."""
    rest = iter(many)
    return all(any(item == other for other in rest) for item in few)
