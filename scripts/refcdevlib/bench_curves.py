# SPDX-License-Identifier: GPL-2.0-only
"""Points with error bars, in gnuplot's language: curves, or things that have names."""

import dataclasses


@dataclasses.dataclass
class Plot:
    """curves: by name, points (x, y, lowest, highest)."""
    title: str
    x: str
    y: str
    curves: dict
    logarithmic: bool = False	# x; all are above 0
    bound: float = None		# a line across, not to be crossed
    labels: dict = None		# what to write at x instead of the number

    def commands(self):
        """Data included."""
        lines = [f"set title {_quoted(self.title)}", f"set xlabel {_quoted(self.x)}",
                 f"set ylabel {_quoted(self.y)} noenhanced", "set yrange [0:*]",
                 "set key outside noenhanced", "set grid y",
                 *self._range()]
        if self.labels:
            ticks = ", ".join(f"{_quoted(text)} {x}" for x, text in self.labels.items())
            lines.append(f"set xtics noenhanced ({ticks})")
        curves = []
        for number, (name, points) in enumerate(self.curves.items()):
            lines.append(f"$curve{number} << end")
            lines += [" ".join(f"{value:.6g}" for value in point) for point in points]
            lines.append("end")
            curves.append(f"$curve{number} with {self._style()} pointtype 7 pointsize 0.5 "
                          f"title {_quoted(name)}")
        if self.bound is not None:
            curves.append(f"{self.bound} with lines dashtype 2 linecolor 'black' title 'bound'")
        lines.append("plot " + ", ".join(curves))
        return "\n".join(lines)

    def _range(self):
        """Some room on both sides."""
        if not self.logarithmic:
            return ["set offsets 0.3, 0.3, 0, 0"]
        places = [point[0] for points in self.curves.values() for point in points]
        return ["set logscale x", f"set xrange [{min(places) / 1.5:.6g}:{max(places) * 1.5:.6g}]"]

    def _style(self):
        """What has a name has no order."""
        return "yerrorbars" if self.labels else "yerrorlines"


def _quoted(text):
    return "'" + text.replace("'", "''") + "'"
