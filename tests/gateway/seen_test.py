#!/usr/bin/env python3
"""How two players' pictures are compared (matrix/seen.py)."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from matrix.seen import Seen, difference, in_common, likeness


def seen(*items):
    return Seen({"video 0": list(items)}, frames=len(items))


class SeenTest(unittest.TestCase):
    def test_equal_streams(self):
        self.assertEqual(difference(seen(1, 2, 3), seen(1, 2, 3), False), "")
        self.assertIn("1 (at 2) only directly", difference(seen(1, 2, 3), seen(1, 2), False))
        self.assertIn("nothing was played", difference(seen(1), seen(), False))

    def test_live_from_the_later_beginning_to_the_earlier_end(self):
        self.assertEqual(difference(seen(1, 2, 3, 4), seen(3, 4, 5), True), "")
        self.assertIn("2 (at 1-2) only through it", difference(seen(1, 4), seen(1, 2, 3, 4), True))
        self.assertIn("twice 1 (at 2) directly", difference(seen(1, 2, 2, 3), seen(1, 2, 3), True))
        self.assertEqual(in_common(seen(1, 2, 3, 4), seen(3, 4, 5)), 2)

    def test_players_that_lose_parts_by_themselves(self):
        whole = list(range(100))
        missed = whole[:40] + whole[44:]
        self.assertEqual(likeness(seen(*missed), seen(*whole))[1], "")
        self.assertEqual(likeness(seen(*whole), seen(*missed))[1], "")  # no more than a twentieth
        self.assertEqual(likeness(seen(*whole), seen(*missed))[0], "video 0: 96 in both, missed or repeated 0 directly, 4 through it")
        self.assertIn("10 missed", likeness(seen(*whole), seen(*whole[:40], *whole[50:]))[1])
        self.assertIn("order", likeness(seen(*whole), seen(*whole[50:], *whole[:50]))[1])


if __name__ == "__main__":
    unittest.main()
