"""curl as a player: it loads everything a manifest names, byte for byte; live, everything that is ever named."""

import hashlib
import re
import subprocess
import tempfile
import time
import urllib.parse
import xml.etree.ElementTree as xml
from pathlib import Path

from .native import first_line
from .seen import Seen

DASH = "{urn:mpeg:dash:schema:mpd:2011}"


def load(url, byte_range=None):
    """Status, URL after redirects, body."""
    with tempfile.NamedTemporaryFile() as body:
        extra = ["-r", byte_range] if byte_range else []
        done = subprocess.run(["curl", "-sS", "-L", "--max-time", "60", "-o", body.name, "-w", "%{http_code} %{url_effective}", *extra, url],
                              capture_output=True, text=True)
        status, _, where = done.stdout.partition(" ")
        return int(status or 0), where, Path(body.name).read_bytes()


def parts_of_hls(text, url):
    """What a media playlist names: (URL, range or None), and whether it has ended."""
    found, byte_range, offset = [], None, 0

    def range_of(value, after):
        length, _, start = value.partition("@")
        begin = int(start) if start else after
        return f"{begin}-{begin + int(length) - 1}", begin + int(length)

    for line in text.splitlines():
        uri = re.search(r'URI="([^"]*)"', line)
        if line.startswith(("#EXT-X-MAP", "#EXT-X-KEY")) and uri:
            inner = re.search(r'BYTERANGE="([^"]*)"', line)
            found.append((urllib.parse.urljoin(url, uri[1]), range_of(inner[1], 0)[0] if inner else None))
        elif line.startswith("#EXT-X-BYTERANGE:"):
            byte_range, offset = range_of(line.split(":")[1], offset)
        elif line and not line.startswith("#"):
            found.append((urllib.parse.urljoin(url, line), byte_range))
            byte_range = None
    return found, "#EXT-X-ENDLIST" in text


def parts_of_dash(text, url):
    """The same of an MPD whose templates have a SegmentTimeline or one duration for a static presentation."""
    mpd = xml.fromstring(text)
    found = []
    for representation_set in mpd.iter(DASH + "AdaptationSet"):
        for representation in representation_set.iter(DASH + "Representation"):
            base = url
            for element in (mpd, mpd.find(DASH + "Period"), representation_set, representation):
                where = element.find(DASH + "BaseURL")
                base = urllib.parse.urljoin(base, where.text.strip()) if where is not None else base
            template = representation.find(DASH + "SegmentTemplate")
            if template is None:
                template = representation_set.find(DASH + "SegmentTemplate")

            def fill(pattern, number=0, moment=0):
                pattern = pattern.replace("$RepresentationID$", representation.get("id")).replace("$Time$", str(moment))
                return re.sub(r"\$Number(?:%0(\d+)d)?\$", lambda width: str(number).zfill(int(width[1] or 1)), pattern)

            found.append((urllib.parse.urljoin(base, fill(template.get("initialization"))), None))
            number, moment = int(template.get("startNumber", 1)), 0
            timeline = template.find(DASH + "SegmentTimeline")
            if timeline is None:
                length = sum(float(value) * scale for value, scale in zip(
                    re.match(r"PT(?:(\d+)H)?(?:(\d+)M)?([\d.]+)S", mpd.get("mediaPresentationDuration")).groups("0"), (3600, 60, 1)))
                each = int(template.get("duration")) / int(template.get("timescale", 1))
                for place in range(-int(-length // each)):
                    found.append((urllib.parse.urljoin(base, fill(template.get("media"), number + place)), None))
                continue
            for entry in timeline:
                moment = int(entry.get("t", moment))
                for _ in range(int(entry.get("r", 0)) + 1):
                    found.append((urllib.parse.urljoin(base, fill(template.get("media"), number, moment)), None))
                    number, moment = number + 1, moment + int(entry.get("d"))
    return found, mpd.get("type", "static") == "static"


def manifests_of(text, url):
    """Those that a multivariant playlist names; of all else itself."""
    if "#EXT-X-STREAM-INF" not in text:
        return [url]
    return [urllib.parse.urljoin(url, a or b) for a, b in re.findall(r'^(?!#)(\S.*)$|#EXT-X-MEDIA:.*URI="([^"]*)"', text, re.M)]


def parts_of(text, url):
    return (parts_of_hls if text.startswith("#EXTM3U") else parts_of_dash)(text, url)


class Curl:
    name = "curl"
    programs = ("curl",)

    @staticmethod
    def version():
        return first_line("curl", "--version").split()[1]

    @staticmethod
    def play(task):
        seen, had, deadline = Seen(), set(), time.monotonic() + task.seconds
        status, start, body = load(task.url)
        if status != 200:
            return Seen(error=f"{status} for the manifest")
        manifests = manifests_of(body.decode(), start)
        ended = False
        while not ended and time.monotonic() < deadline:
            ended, began = True, time.monotonic()
            for manifest in manifests:
                status, where, body = load(manifest)
                if status != 200:
                    return Seen(error=f"{status} for {manifest}")
                parts, is_over = parts_of(body.decode(), where)
                ended = ended and is_over
                for url, byte_range in parts:
                    if (url, byte_range) in had:
                        continue
                    had.add((url, byte_range))
                    status, _, body = load(url, byte_range)
                    if status != (206 if byte_range else 200):
                        seen.error = seen.error or f"{status} for {url}"
                    name = "/".join(urllib.parse.urlsplit(url).path.split("/")[-2:])
                    track = re.sub(r"\d+(\.\w+)$", r"\1", name)  # which of two tracks is listed first may differ
                    seen.add(track, f"{name} {byte_range} {hashlib.sha256(body).hexdigest()}", len(body))
            if not ended:
                time.sleep(max(0, 1 - (time.monotonic() - began)))
        return seen
