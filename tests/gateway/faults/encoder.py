"""Streams for the faults: segments that ffmpeg makes once, and a live playlist that slides over them as if an encoder made them now."""

import subprocess
import threading
import time
from pathlib import Path

SEGMENT = 2
WINDOW = 6


def make_segments(folder, seconds, other=False):
    """000.ts, 001.ts, ... and index.m3u8 of all of them. No picture and no sound is there twice, nor in those that are made with `other`."""
    folder = Path(folder)
    folder.mkdir()
    pictures = "testsrc2=size=320x180:rate=25" + (",negate" if other else "")
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", f"anoisesrc=seed={7 + other}:amplitude=0.1:sample_rate=48000",
                    "-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-b:v", "250k", "-g", "50", "-keyint_min", "50",
                    "-sc_threshold", "0", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "48k", "-ac", "1", "-f", "hls", "-hls_time", str(SEGMENT),
                    "-hls_playlist_type", "vod", "-hls_segment_filename", "%03d.ts", "index.m3u8"], cwd=folder, check=True)
    return len(list(folder.glob("*.ts")))


class Encoder:
    """Says what a live playlist says now. Its window is full from the beginning."""

    def __init__(self, folder, number=0):
        self.lock = threading.Lock()
        self.listed = []  # (media sequence number, address, after a discontinuity)
        self.gone = 0  # discontinuities that are listed no more
        self.ended = False
        self.anew = False  # what is published next begins the list anew
        self.start(folder, number)
        for _ in range(WINDOW):
            self.publish()

    def start(self, folder, number):
        """What comes next is that folder's first segment, under that media sequence number. Nothing is said of it but by the numbers."""
        self.folder, self.number, self.place = folder, number, 0
        self.due = time.monotonic() + SEGMENT
        self.cut = False

    def restart(self, folder, number=None, discontinuity=False):
        """Another process writes on. With a number it lists its own segments alone, from its first one on; without one it goes on in the list."""
        with self.lock:
            anew = number is not None
            self.start(folder, number if anew else self.number)
            self.due += 2 * SEGMENT  # all players have read the old list to its end
            self.cut = discontinuity
            self.anew = anew

    def publish(self):
        if self.anew:
            self.listed.clear()
            self.anew = False
        self.listed.append((self.number, f"{self.folder}/{self.place:03}.ts", self.cut))
        self.number, self.place, self.cut = self.number + 1, self.place + 1, False
        if len(self.listed) > WINDOW:
            self.gone += self.listed.pop(0)[2]

    def hold(self, seconds):
        """It makes nothing for so long, and then goes on."""
        with self.lock:
            self.due += seconds

    def end(self):
        with self.lock:
            self.ended = True

    def text(self):
        with self.lock:
            while not self.ended and time.monotonic() >= self.due:
                self.due += SEGMENT
                self.publish()
            lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{SEGMENT}", f"#EXT-X-MEDIA-SEQUENCE:{self.listed[0][0]}"]
            if self.gone or any(cut for _, _, cut in self.listed):
                lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{self.gone}")
            for _, address, cut in self.listed:
                lines += ["#EXT-X-DISCONTINUITY"] * cut + [f"#EXTINF:{SEGMENT}.000000,", address]
            return "\n".join([*lines, *["#EXT-X-ENDLIST"] * self.ended, ""])
