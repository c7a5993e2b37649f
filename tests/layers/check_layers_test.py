#!/usr/bin/env python3
"""Tests check_layers.py on small trees made for it: each rule refuses what breaks it, at the right line, and takes what keeps it."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import check_layers  # noqa: E402

HEADER = "// What it is for.\n#pragma once\n"


class CheckLayersTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)
        (self.root / "src").mkdir()

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def findings(self):
        return [(name, line, rule) for name, line, rule, _ in check_layers.Checker(self.root).run()]

    def assert_line(self, name, line, rule=None):
        """`line` as the third of a header or, beside its test, of a source: clean without a rule, else found."""
        self.write(name, HEADER + line + "\n" if name.endswith(".hpp") else "\n\n" + line + "\n")
        if name.endswith(".cpp") and not name.endswith("_test.cpp"):
            self.write(name.replace(".cpp", "_test.cpp"), "\n")
        self.assertEqual(self.findings(), [(name, 3, rule)] if rule else [], line)
        (self.root / name).unlink()

    def test_a_good_tree_is_clean(self):
        self.write("src/base/a.hpp", HEADER)
        self.write("src/base/a.cpp", '#include "base/a.hpp"\n')
        self.write("src/base/a_test.cpp", '#include "base/a.hpp"\n#include <gtest/gtest.h>\n')
        self.write("include/p2pml/p.hpp", HEADER + '#include "base/a.hpp"\n')
        self.write("apps/p2pml/main.cpp", '#include "p2pml/p.hpp"\n#include "helper.hpp"\n')
        self.assertEqual(self.findings(), [])

    def test_rooms_include_only_from_below(self):
        order = ["base", "wire", "engine", "driver", "platform/native", "api"]
        for i, room in enumerate(order):
            for j, other in enumerate(order):
                self.assert_line(f"src/{room}/x.hpp", f'#include "{other}/y.hpp"', "layer" if j > i else None)

    def test_siblings_do_not_include_each_other(self):
        for group in (["wire", "media"], ["engine", "tracker", "gateway"], ["platform/native", "platform/web", "platform/sim"]):
            for room in group:
                for other in group:
                    self.assert_line(f"src/{room}/x.hpp", f'#include "{other}/y.hpp"', "layer" if other != room else None)

    def test_who_sees_the_cores(self):
        self.assert_line("src/driver/x.hpp", '#include "tracker/y.hpp"', "layer")
        self.assert_line("src/driver/x.hpp", '#include "gateway/y.hpp"', "layer")
        self.assert_line("src/platform/sim/x.hpp", '#include "tracker/y.hpp"')
        self.assert_line("src/platform/sim/x.hpp", '#include "media/y.hpp"')
        self.assert_line("src/platform/sim/x.hpp", '#include "gateway/y.hpp"', "layer")
        self.assert_line("src/platform/native/x.hpp", '#include "gateway/y.hpp"')
        self.assert_line("src/engine/x.hpp", '#include "p2pml/y.hpp"', "layer")
        self.assert_line("src/engine/x.hpp", "#include <driver/y.hpp>", "layer")
        self.assert_line("apps/p2pml/x.hpp", '#include "platform/native/y.hpp"')

    def test_only_tests_include_from_tests(self):
        self.assert_line("src/base/x.hpp", '#include "tests/contract/y.hpp"', "layer")
        self.assert_line("src/base/x_test.cpp", '#include "tests/contract/y.hpp"')
        self.assert_line("src/base/x_test.cpp", '#include "engine/y.hpp"', "layer")

    def test_includes_start_with_a_room(self):
        self.assert_line("src/base/x.hpp", '#include "y.hpp"', "include")
        self.assert_line("src/base/x.hpp", '#include "../wire/y.hpp"', "include")
        self.assert_line("src/platform/native/x.hpp", '#include "platform/y.hpp"', "include")
        self.assert_line("apps/p2pml/x.hpp", '#include "../../src/base/y.hpp"', "include")
        self.assert_line("src/platform/native/x.hpp", "#include <boost/asio.hpp>")

    def test_files_lie_in_rooms(self):
        self.write("src/x.hpp", HEADER)
        self.write("src/cellar/x.hpp", HEADER)
        self.write("src/platform/x.hpp", HEADER)
        self.write("src/p2pml/x.hpp", HEADER)
        self.assertEqual({f[2] for f in self.findings()}, {"room"})
        self.assertEqual(len(self.findings()), 4)

    def test_headers_open_with_what_they_are_for(self):
        self.write("src/base/x.hpp", "#pragma once\n")
        self.assertEqual(self.findings(), [("src/base/x.hpp", 1, "opening")])
        self.write("src/base/x.hpp", "// For this.\n")
        self.assertEqual(self.findings(), [("src/base/x.hpp", 1, "opening")])

    def test_banned_in_pure_rooms(self):
        rows = [
            ("clock", "auto t = std::chrono::steady_clock::now();"),
            ("clock", "using C = std::chrono::system_clock;"),
            ("clock", "auto t = std::time(nullptr);"),
            ("random", "int r = rand();"),
            ("random", "std::random_device device;"),
            ("random", "std::uniform_int_distribution<int> d;"),
            ("random", "std::shuffle(a, b, c);"),
            ("thread", "#include <mutex>"),
            ("thread", "#include <thread>"),
            ("thread", "std::mutex m;"),
            ("stream", "#include <iostream>"),
            ("stream", "#include <fstream>"),
            ("format", 'auto s = std::format("{}", 1);'),
            ("format", "#include <format>"),
            ("regex", "#include <regex>"),
            ("exception", "throw 1;"),
            ("exception", "try { f(); }"),
            ("rtti", "auto* p = dynamic_cast<X*>(y);"),
        ]
        for rule, line in rows:
            for room in ("base", "wire", "media", "engine", "tracker", "gateway", "driver"):
                self.assert_line(f"src/{room}/x.cpp", line, rule)
            self.assert_line("src/platform/sim/x.cpp", line, rule if rule in ("clock", "random") else None)
            self.assert_line("src/platform/native/x.cpp", line)
            self.assert_line("src/base/x_test.cpp", line)
            self.assert_line("src/base/x_testing.hpp", line)
            self.assert_line("src/platform/sim/testing/x.cpp", line)

    def test_words_in_comments_and_strings_are_no_calls(self):
        for line in ("// we never throw", "/* std::mutex */ int a;", 'const char* a = "try rand() and throw";',
                     "int operand(int);", "int retry = 1; int throwing = 2;", 'auto s = R"(throw "x")";',
                     "const int big = 1'000'000; // throw"):
            self.assert_line("src/engine/x.cpp", line)
        self.assert_line("src/engine/x.cpp", "int a = 1'000; throw a; int b = 1'000;", "exception")
        self.assert_line("src/engine/x.cpp", "char c = '\"'; throw c; char d = '\"';", "exception")
        self.assert_line("src/engine/x.cpp", 'auto s = "a\\"b"; throw s;', "exception")

    def test_unordered_containers_need_a_reason(self):
        line = "std::unordered_map<int, int> a;"
        self.assert_line("src/engine/x.cpp", line, "unordered")
        self.assert_line("src/platform/sim/x.cpp", "std::unordered_set<int> a;", "unordered")
        self.assert_line("src/engine/x.cpp", line + "  // look-up only, never iterated")
        self.assert_line("src/platform/native/x.cpp", line)
        self.write("src/engine/x.cpp", "// Look-up only, never iterated.\n" + line + "\n")
        self.assertEqual(self.findings(), [])

    def test_sizes(self):
        for name in ("src/base/x_test.cpp", "apps/p2pml/x.cpp", "tests/x.py", "fuzz/x_fuzz.cpp", "tests/CMakeLists.txt"):
            self.write(name, "\n" * 800)
            self.assertEqual(self.findings(), [], name)
            self.write(name, "\n" * 801)
            self.assertEqual(self.findings(), [(name, 801, "size")])
            (self.root / name).unlink()
        self.write("tests/golden/x.cpp", "\n" * 801)
        self.write("docs/x.md", "\n" * 801)
        self.assertEqual(self.findings(), [])

    def test_every_source_has_a_test(self):
        self.write("src/base/x.cpp", "\n")
        self.assertEqual(self.findings(), [("src/base/x.cpp", 1, "test")])
        self.write("src/base/y_test.cpp", "\n")
        self.write(check_layers.COVERED, "# why\n\nsrc/base/x.cpp -> src/base/y_test.cpp\n")
        self.assertEqual(self.findings(), [])

    def test_the_list_of_covered_files_is_true(self):
        self.write("src/base/x.cpp", "\n")
        self.write("src/base/x_test.cpp", "\n")
        for line in ("src/base/x.cpp -> src/base/x_test.cpp",  # has its own
                     "src/base/gone.cpp -> src/base/x_test.cpp",  # no such file
                     "src/base/x.cpp", "src/base/x.cpp ->"):
            self.write(check_layers.COVERED, line + "\n")
            self.assertEqual(self.findings(), [(check_layers.COVERED, 1, "covered")], line)
        (self.root / "src/base/x_test.cpp").unlink()
        self.write(check_layers.COVERED, "src/base/x.cpp -> src/base/gone_test.cpp\n")
        self.assertEqual(self.findings(), [(check_layers.COVERED, 1, "covered")])

    def test_unfinished_work_is_named(self):
        for word in ("TO" + "DO", "FIX" + "ME"):
            self.assert_line("src/base/x.hpp", f"// {word}: later", "unfinished")
            self.assert_line("scripts/x.sh", f"# {word} later", "unfinished")
        self.assert_line("src/base/x.hpp", "int todo = 1;")

    def test_machine_paths(self):
        for path in ("/wo" + "rk/main/x", "/ho" + "me/me/x", "/ro" + "ot/x", "../sha" + "red/x"):
            self.assert_line("src/base/x.hpp", f"// see {path}", "machine path")
            self.assert_line("docs/x.md", f"`{path}`", "machine path")
        self.assert_line("docs/x.md", "https://example.com/home/page and /usr/lib and src/home/x")

    def test_the_program(self):
        def run(*arguments):
            return subprocess.run([sys.executable, check_layers.__file__, *arguments], capture_output=True, text=True, check=False)

        self.assertEqual(run(str(self.root)).returncode, 0)
        self.write("src/base/x.hpp", HEADER + '#include "wire/y.hpp"\n')
        bad = run(str(self.root))
        self.assertEqual(bad.returncode, 1)
        self.assertEqual(bad.stdout, "src/base/x.hpp:3: layer: base includes only from base, not from wire\n")
        self.assertEqual(run(str(self.root / "nowhere")).returncode, 2)
        self.assertEqual(run("a", "b").returncode, 2)


if __name__ == "__main__":
    unittest.main()
