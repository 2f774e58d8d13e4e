"""What the drawings show is where it belongs: `python3 -m unittest discover -s benches`."""

from __future__ import annotations

import unittest
from xml.etree import ElementTree

from plot import Axis, Bar, Line, bars, lines, nice, number

SVG = "{http://www.w3.org/2000/svg}"


class Plots(unittest.TestCase):
    """Axes, labels, and shapes."""

    def test_a_logarithmic_axis_gives_each_power_of_ten_the_same_room(self) -> None:
        axis = Axis([1_000, 10_000_000], 0, 400, log=True)
        assert [axis.at(10.0**n) for n in range(3, 8)] == [0, 100, 200, 300, 400]
        assert axis.ticks == [10.0**n for n in range(3, 8)]
        narrow = Axis([2.0, 3.0], 0, 100, log=True)
        assert narrow.ticks == [1, 10]

    def test_a_plain_axis_begins_at_zero_and_counts_as_people_do(self) -> None:
        axis = Axis([0.7, 7.3], 300, 100, log=False)
        assert axis.ticks == [0, 2, 4, 6, 8]
        assert [axis.at(0), axis.at(8)] == [300, 100]
        assert [nice(step) for step in (0.3, 1, 1.1, 4, 6)] == [0.5, 1, 2, 5, 10]

    def test_numbers_are_short(self) -> None:
        told = [number(value) for value in (0, 0.5, 20, 1000, 2500, 1e7, 1e-4)]
        assert told == ["0", "0.5", "20", "10³", "2500", "10⁷", "10⁻⁴"]

    def test_a_bar_is_as_tall_as_its_value(self) -> None:
        drawn = bars(
            "a & b", "µs", {"x": [Bar("one", "#111111", 1)], "y": [Bar("one", "#111111", 4)]}
        )
        root = ElementTree.fromstring(drawn)
        tall = [float(shape.get("height", 0)) for shape in root.iter(f"{SVG}rect")]
        assert abs(tall[1] - 4 * tall[0]) < 0.2
        words = [label.text for label in root.iter(f"{SVG}text")]
        assert {"a & b", "µs", "x", "y", "1", "4"} <= set(words), words

    def test_every_point_of_a_line_is_inside_of_the_axes(self) -> None:
        row = Line("ours", "#111111", [(1e3, 2.5), (1e5, 30), (1e7, 999)])
        root = ElementTree.fromstring(lines("t", "keys", "µs", [row]))
        points = [
            (float(point.get("cx", 0)), float(point.get("cy", 0)))
            for point in root.iter(f"{SVG}circle")
        ]
        assert len(points) == 3
        assert all(64 <= x <= 620 and 44 <= y <= 310 for x, y in points), points
        assert lines("t", "keys", "µs", [row]) == lines("t", "keys", "µs", [row])


if __name__ == "__main__":
    unittest.main()
