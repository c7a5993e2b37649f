"""Players that are programs: ffmpeg, ffprobe, mpv, VLC. Each takes an address and gives a Seen.

`Run.live`: it plays until the stream ends; nothing is decoded that need not be, so that many can play at once.
"""

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .seen import Seen


@dataclass
class Run:
    url: str
    live: bool
    seconds: float  # after that long it is told to end


def run(command, seconds, output=None, folder=None):
    """Standard output, and what went wrong ("" if nothing did). Being told to end is no fault."""
    target = open(output, "wb") if output else subprocess.PIPE
    process = subprocess.Popen(command, stdout=target, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, cwd=folder)
    told = False
    try:
        text, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        told = True
        process.send_signal(signal.SIGINT)
        try:
            text, errors = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            text, errors = process.communicate()
    finally:
        if output:
            target.close()
    fault = "" if process.returncode == 0 or told else f"ended with {process.returncode}: {' '.join(errors.decode(errors='replace')[-300:].split())}"
    return (text or b"").decode(errors="replace"), fault


def read_hashes(lines, seen):
    """ffmpeg's framemd5: stream, dts, pts, duration, size, hash. Its head says which stream is which."""
    kinds = []  # in the order of the streams: VLC writes them in the order in which their first packets came
    names = {}
    for line in lines:
        if kind := re.match(r"#media_type (\d+): (\w+)", line):
            names[kind[1]] = f"{kind[2]} {kinds.count(kind[2])}"
            kinds.append(kind[2])
        elif not line.startswith("#") and line.strip():
            part = [text.strip() for text in line.split(",")]
            if len(part) < 6:
                continue
            seen.add(names[part[0]], part[5], int(part[4]))
            seen.frames += names[part[0]].startswith("video")


class Ffmpeg:
    """Decoded pictures and sound; live, the packets of both."""

    name = "ffmpeg"
    programs = ("ffmpeg",)

    @staticmethod
    def version():
        return first_line("ffmpeg", "-version").split()[2]

    @staticmethod
    def play(task):
        seen = Seen()
        copy = ["-c", "copy"] if task.live else []
        # At its own pace it would ask a live MPD for what is not there yet, and go back when told so.
        pace = ["-re"] if task.live else []
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "hashes")
            _, seen.error = run(["ffmpeg", "-v", "error", *pace, "-i", task.url, "-map", "0", *copy, "-flush_packets", "1", "-f", "framemd5", "-y", str(out)], task.seconds)
            if out.exists():
                read_hashes(out.read_text().splitlines(), seen)
        return seen


class Ffprobe:
    """Packets, with what is in them."""

    name = "ffprobe"
    programs = ("ffprobe",)
    version = Ffmpeg.version

    @staticmethod
    def play(task):
        seen = Seen()
        text, seen.error = run(["ffprobe", "-v", "error", "-show_packets", "-show_data_hash", "md5", "-show_entries",
                                "packet=codec_type,stream_index,size,data_hash", "-of", "csv=p=0", task.url], task.seconds)
        packet = None
        for line in text.splitlines():  # one a packet, or two where a packet has side data, which comes between
            part = line.split(",")
            if part[0]:
                packet = part
            if found := re.search(r"MD5:\w+", line):
                seen.add(f"{packet[0]} {packet[1]}", found[0], int(packet[2]))
                seen.frames += packet[0] == "video"
        return seen


class Mpv:
    """Pictures as mpv shows them, and sound; live, the pictures of a player that keeps time."""

    name = "mpv"
    programs = ("mpv",)

    @staticmethod
    def version():
        return first_line("mpv", "--no-config", "--version").split()[1]

    @staticmethod
    def play(task):
        return Mpv.watch(task) if task.live else Mpv.encode(task)

    @staticmethod
    def encode(task):
        seen = Seen()
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "hashes")
            _, seen.error = run(["mpv", "--no-config", "--msg-level=all=warn", f"--o={out}", "--of=framemd5", "--ovc=rawvideo", "--oac=pcm_s16le",
                                 task.url], task.seconds)
            if out.exists():
                read_hashes(out.read_text().splitlines(), seen)
        return seen

    @staticmethod
    def watch(task):
        seen = Seen()
        text, seen.error = run(["mpv", "--no-config", "--msg-level=all=warn,ffmpeg=v", "--vo=null", "--no-audio", "--framedrop=no", "--cache=no",
                                "--demuxer-readahead-secs=0.5", "--vf=lavfi=[showinfo]", task.url], task.seconds)
        for found in re.finditer(r" checksum:(\w+) plane_checksum:\[(\w+)", text):
            seen.add("video 0", f"{found[1]} {found[2]}")
            seen.frames += 1
        return seen


class Vlc:
    """What VLC's demultiplexers give to a file, all of it. VLC does not run as root: then it runs as nobody."""

    name = "VLC"
    programs = ("cvlc", "ffmpeg")

    @staticmethod
    def version():
        return first_line(*Vlc.as_user(tempfile.gettempdir()), "vlc", "--version").split()[2]

    @staticmethod
    def as_user(home):
        if os.getuid() != 0:
            return []
        return ["setpriv", "--reuid=nobody", f"--regid={pwd.getpwnam('nobody').pw_gid}", "--clear-groups", "env", f"HOME={home}"]

    @staticmethod
    def play(task):
        seen = Seen()
        with tempfile.TemporaryDirectory() as folder:
            if os.getuid() == 0:
                os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
            out = Path(folder, "played.ts")
            _, seen.error = run([*Vlc.as_user(folder), "cvlc", "--intf", "dummy", "--no-color", "--adaptive-logic=highest", "--sout-all", "--sout",
                                 f"#std{{access=file,mux=ts,dst={out}}}", task.url, "vlc://quit"], task.seconds)
            if out.exists():
                text, fault = run(["ffmpeg", "-v", "error", "-i", str(out), "-map", "0", "-c", "copy", "-f", "framemd5", "-"], 120)
                seen.error = seen.error or fault
                read_hashes(text.splitlines(), seen)
        return seen


def first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout or done.stderr).splitlines()[0]


def is_installed(player):
    return all(shutil.which(program) for program in player.programs)
