#!/usr/bin/env python3
"""Checks what the compiler does not: who includes whom, what pure rooms call, file sizes, tests beside sources.

    tests/layers/check_layers.py [ROOT]        ROOT: the repository, by default the one this file is in

Prints each finding as `file:line: rule: what was expected` and exits with 1 if there is any.
"""

import re
import sys
from pathlib import Path

# Rooms from the bottom up, and the rooms below each that it may include from. Siblings are not below each other: wire and media;
# engine, tracker and gateway; the platforms.
CODECS = {"base", "wire", "media"}
BELOW = {
    "base": set(),
    "wire": {"base"},
    "media": {"base"},
    "engine": CODECS,
    "tracker": CODECS,
    "gateway": CODECS,
    "driver": CODECS | {"engine"},
    "platform/native": CODECS | {"engine", "tracker", "gateway", "driver"},
    "platform/web": CODECS | {"engine", "tracker", "gateway", "driver"},
    "platform/sim": CODECS | {"engine", "tracker", "driver"},
}
BELOW["api"] = set(BELOW)
BELOW["top"] = set(BELOW) | {"tests"}  # apps, bench, examples, fuzz, tests: above everything

PURE = {"base", "wire", "media", "engine", "tracker", "gateway", "driver"}
DETERMINISTIC = PURE | {"platform/sim"}

HEADER = {".hpp", ".h"}
CPP = {".cpp", ".cc", ".c"} | HEADER
SOURCE = CPP | {".py", ".sh", ".js", ".mjs", ".cjs", ".ts", ".cmake"}
TEXT = SOURCE | {".md", ".json", ".txt", ".html", ".yml", ".yaml", ".dict"}
ROOTS = ("src", "include", "apps", "bench", "cmake", "docs", "examples", "fuzz", "scripts", "tests")
SIZED_ROOTS = ("src", "apps", "include", "fuzz", "tests")
# Data, not text of ours; and what package managers and builds put there.
SKIPPED_FOLDERS = {"golden", "corpus", "node_modules", "build", "__pycache__"}
MAX_LINES = 800
COVERED = "tests/layers/covered_elsewhere.txt"

# (rule, rooms, what is looked for in code without comments and strings, what was expected)
BANNED = [
    ("clock", DETERMINISTIC, r"\b(system|steady|high_resolution|utc|file)_clock\b|\b(gettimeofday|clock_gettime)\b"
     r"|\bstd::(time|clock)\b",
     "time as an argument; cores own no clock"),
    ("random", DETERMINISTIC, r"\bs?rand\s*\(|\brandom_device\b|\bmt19937\b|\bdefault_random_engine\b"
     r"|\b\w+_distribution\b|\bstd::(ranges::)?(shuffle|sample)\b|#\s*include\s*<random>",
     "base::Rng; the standard library's differ between implementations"),
    ("thread", PURE, r"#\s*include\s*<(mutex|shared_mutex|thread|condition_variable|future|semaphore|latch|barrier)>"
     r"|\bstd::(recursive_|shared_|timed_)?mutex\b|\bstd::j?thread\b",
     "no threads and no locks; one loop owns each instance"),
    ("stream", PURE, r"#\s*include\s*<(iostream|ostream|istream|sstream|fstream|filesystem|print)>",
     "no I/O and no streams in a pure room"),
    ("format", PURE, r"\bstd::v?format(_to|_to_n)?\b|#\s*include\s*<format>",
     "std::to_string and friends; std::format differs between implementations and is large"),
    ("regex", PURE, r"#\s*include\s*<regex>", "a hand-written reader with limits"),
    ("exception", PURE, r"\b(throw|try|catch)\b", "base::Result; pure rooms compile without exceptions"),
    ("rtti", PURE, r"\b(dynamic_cast|typeid)\b", "std::variant or a virtual call; pure rooms compile without RTTI"),
]
UNORDERED = re.compile(r"\bstd::unordered_(multi)?(map|set)\b")
UNORDERED_MARK = "never iterated"
# Put together from halves, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]) + r")\b")
MACHINE_PATH = re.compile(r"(?<![\w.~}])/(wo" + r"rk/|ro" + r"ot/|ho" + r"me/\w|Us" + r"ers/\w)|\.\./sha" + r"red\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def blank_comments_and_strings(text):
    """The code alone; everything else becomes blanks, so that lines keep their numbers. Include lines keep their names."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|(?<!\w)(?:u8|[uUL])?R"(?P<d>[^()\\\s]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|(?<![\w])\'(?:\\.|[^\'\\\n])+\'',
        re.DOTALL)
    return token.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def room_of(parts):
    """The room of a path below src/, or of the path in an #include; None if it is none."""
    if parts[0] == "platform":
        name = "/".join(parts[:2])
        return name if name in BELOW else None
    if parts[0] == "p2pml":
        return "api"
    return parts[0] if parts[0] in BELOW and parts[0] != "top" else None


def is_test_code(path):
    """Tests and their helpers: *_test.cpp, *_testing.hpp and everything in a folder testing/."""
    return path.stem.endswith(("_test", "_testing")) or "testing" in path.parts[:-1]


class Checker:
    def __init__(self, root):
        self.root = Path(root).resolve()
        self.findings = []

    def find(self, path, line, rule, expected):
        name = path.relative_to(self.root).as_posix() if isinstance(path, Path) else path
        self.findings.append((name, line, rule, expected))

    def files(self):
        for top in ROOTS:
            for path in sorted((self.root / top).rglob("*")):
                inside = path.relative_to(self.root).parts
                if path.is_file() and not path.is_symlink() and not SKIPPED_FOLDERS & set(inside[:-1]):
                    yield path
        yield from sorted(p for p in self.root.glob("*") if p.is_file() and p.suffix in TEXT)

    def run(self):
        for path in self.files():
            if path.suffix not in TEXT and path.name != "Makefile":
                continue
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                self.find(path, 1, "encoding", "UTF-8")
                continue
            parts = path.relative_to(self.root).parts
            self.check_text(path, text)
            if parts[0] in SIZED_ROOTS and (path.suffix in SOURCE or path.name == "CMakeLists.txt"):
                self.check_size(path, text)
            if path.suffix in CPP:
                self.check_cpp(path, parts, text)
        self.check_covered()
        return sorted(set(self.findings))

    def check_text(self, path, text):
        for number, line in enumerate(text.splitlines(), 1):
            if path.suffix in SOURCE and UNFINISHED.search(line):
                self.find(path, number, "unfinished", "finished code; what is missing belongs in an issue or in the docs")
            if MACHINE_PATH.search(line):
                self.find(path, number, "machine path", "a path relative to the repository; it must stand alone")

    def check_size(self, path, text):
        count = len(text.splitlines())
        if count > MAX_LINES:
            self.find(path, MAX_LINES + 1, "size", f"at most {MAX_LINES} lines, this has {count}; split by responsibility")

    def check_cpp(self, path, parts, text):
        if parts[0] == "src":
            room = room_of(parts[1:]) if len(parts) > 2 else None
            if room is None or (room == "api" and parts[1] != "api"):
                self.find(path, 1, "room", "a file in one of src/" + ", src/".join(r for r in BELOW if r != "top"))
                return
        else:
            room = "api" if parts[0] == "include" else "top"
        if path.suffix in HEADER and room != "top":
            if not text.startswith("// "):
                self.find(path, 1, "opening", "a header that opens with a comment: what it is for, who owns it, what always holds")
            if "#pragma once" not in text:
                self.find(path, 1, "opening", "#pragma once")
        self.check_includes(path, room, parts, text)
        if not is_test_code(path.relative_to(self.root)):
            self.check_calls(path, room, text)

    def check_includes(self, path, room, parts, text):
        allowed = BELOW[room] | {room}
        if is_test_code(path.relative_to(self.root)):
            allowed = allowed | {"tests"}
        for number, line in enumerate(text.splitlines(), 1):
            include = INCLUDE.match(line)
            if not include:
                continue
            quote, name = include.groups()
            target = name.split("/")
            to_room = "tests" if target[0] == "tests" else room_of(target) if len(target) > 1 else None
            if to_room is None:
                if quote == '"' and parts[0] in ("src", "include"):
                    self.find(path, number, "include", f'"{name}": a path that starts with a room\'s folder')
                elif target[0] == "src" or ".." in target:
                    self.find(path, number, "include", f'"{name}": a path that starts with a room\'s folder')
                continue
            if room != "top" and to_room not in allowed:
                below = ", ".join(sorted(allowed - {"tests"}))
                self.find(path, number, "layer", f"{room} includes only from {below}, not from {to_room}")

    def check_calls(self, path, room, text):
        lines = text.splitlines()
        for number, line in enumerate(blank_comments_and_strings(text).splitlines(), 1):
            for rule, rooms, pattern, expected in BANNED:
                if room in rooms and re.search(pattern, line):
                    self.find(path, number, rule, expected)
            if room in DETERMINISTIC and UNORDERED.search(line):
                around = lines[max(0, number - 2):number]
                if not any(UNORDERED_MARK in near for near in around):
                    self.find(path, number, "unordered", "an ordered container, or a comment here that it is "
                              f'"{UNORDERED_MARK}": its order differs between implementations')

    def check_covered(self):
        """Every source has its test beside it, or a line `source -> test` in the list, and every line of the list is needed."""
        listed = {}
        path = self.root / COVERED
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            source, arrow, test = (part.strip() for part in line.partition("->"))
            if not arrow or not test:
                self.find(COVERED, number, "covered", "`src/room/file.cpp -> path of the test`")
                continue
            listed[source] = number
            if not (self.root / source).is_file():
                self.find(COVERED, number, "covered", f"an entry for a file that exists; {source} does not")
            elif (self.root / source).with_name(Path(source).stem + "_test.cpp").is_file():
                self.find(COVERED, number, "covered", f"no entry; {source} has its own test")
            if not (self.root / test).is_file():
                self.find(COVERED, number, "covered", f"a test that exists; {test} does not")
        for source in sorted((self.root / "src").rglob("*.cpp")):
            name = source.relative_to(self.root).as_posix()
            if is_test_code(source.relative_to(self.root)) or name in listed:
                continue
            if not source.with_name(source.stem + "_test.cpp").is_file():
                self.find(source, 1, "test", f"{source.stem}_test.cpp beside it, or a line in {COVERED} that names the test")


def main(arguments):
    if len(arguments) > 1:
        print(f"usage: {Path(__file__).name} [ROOT]", file=sys.stderr)
        return 2
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parents[2]
    if not (root / "src").is_dir():
        print(f"{root}: expected the repository, a folder with src/ in it", file=sys.stderr)
        return 2
    findings = Checker(root).run()
    for name, line, rule, expected in findings:
        print(f"{name}:{line}: {rule}: {expected}")
    print(f"{len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
