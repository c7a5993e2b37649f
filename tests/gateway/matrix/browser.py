"""hls.js and dash.js in Chromium: all pages of one run in one browser."""

import json
import shutil
import subprocess
from pathlib import Path

from .seen import Seen

SCRIPT = Path(__file__).resolve().parent.parent / "browser_players.mjs"
PACKAGES = SCRIPT.parent.parent / "interop" / "node_modules"
PLAYERS = {"hls.js": "hls", "dash.js": "dash"}
versions = {}


def is_installed():
    return bool(shutil.which("node")) and (PACKAGES / "playwright-core").is_dir() and (PACKAGES / "dashjs").is_dir()


def play(jobs, seconds):
    """`jobs`: id -> (player, address). id -> Seen."""
    wanted = [{"id": name, "player": PLAYERS[player], "url": url, "seconds": seconds} for name, (player, url) in jobs.items()]
    try:
        done = subprocess.run(["node", str(SCRIPT), json.dumps(wanted)], capture_output=True, text=True, timeout=seconds + 60)
    except subprocess.TimeoutExpired:
        return {name: Seen(error="the browser did not end") for name in jobs}
    if done.returncode != 0:
        return {name: Seen(error=f"the browser: {done.stderr[-300:]}") for name in jobs}
    told = json.loads(done.stdout.splitlines()[-1])
    versions.update(told["versions"])
    found = {}
    for name, result in told["results"].items():
        seen = found[name] = Seen(error=" ".join("; ".join(result["errors"])[:300].split()))
        had = set()
        for fragment in result["fragments"]:
            if fragment["item"] in had:  # players ask for some things again, as it pleases them
                continue
            had.add(fragment["item"])
            seen.add(fragment["track"], fragment["item"], fragment["size"])
        seen.exact = False
        if not result["video"].get("ended") and not seen.error:
            seen.error = f"has not come to the end, but to {result['video'].get('time')} s"
        seen.frames = result["video"].get("frames", 0)
        seen.notes = {key: result["video"].get(key) for key in ("time", "ended", "dropped", "waits", "waited")}
    return found
