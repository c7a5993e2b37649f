"""A live stream as ffmpeg makes it: HLS and DASH of the same pictures, sliding windows, whose end is said in the manifests."""

import subprocess
import time
from pathlib import Path

SEGMENT = 2
WINDOW = 6


class Live:
    """Every picture and every packet of sound differs from all others. `folder`/live has what an origin serves."""

    paths = {"HLS live": "/live/index.m3u8", "DASH dynamic": "/live/index.mpd"}

    def __init__(self, folder, seconds):
        self.folder = Path(folder, "live")
        self.folder.mkdir()
        self.log = open(self.folder.parent / "live.log", "w")
        encode = ["-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-b:v", "250k", "-g", "50", "-keyint_min", "50",
                  "-sc_threshold", "0", "-t", str(seconds), "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "48k", "-ac", "1"]
        self.process = subprocess.Popen(
            ["ffmpeg", "-v", "error", "-y", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25",
             "-f", "lavfi", "-i", "anoisesrc=seed=7:amplitude=0.1:sample_rate=48000",
             *encode, "-f", "hls", "-hls_time", str(SEGMENT), "-hls_list_size", str(WINDOW), "-hls_delete_threshold", "6",
             "-hls_flags", "delete_segments+temp_file+independent_segments", "-hls_segment_filename", str(self.folder / "%d.ts"), str(self.folder / "index.m3u8"),
             *encode, "-f", "dash", "-seg_duration", str(SEGMENT), "-window_size", str(WINDOW), "-extra_window_size", "6",
             "-use_template", "1", "-use_timeline", "1", "-update_period", str(SEGMENT), str(self.folder / "index.mpd")],
            stdin=subprocess.DEVNULL, stderr=self.log)

    def wait_until_full(self):
        """Returns when the window has filled: then players begin somewhere in it, all alike."""
        deadline = time.monotonic() + 60
        while not (self.folder / f"{WINDOW}.ts").exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"ffmpeg made no live stream: {Path(self.log.name).read_text()[-300:]}")
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()
