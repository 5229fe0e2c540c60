"""Bars as SVG, for a picture of its own: light or dark, wide or narrow.

Blue and orange of Okabe and Ito, which people who see fewer colours tell apart; the second is
hatched besides, and each bar has its number. Text is set by the browser. There is nothing inline
that the console's policy forbids: styles are attributes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from console.participation import Bar
from console.plot_sizes import HEAD, Shape, height


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of a plot, on the card's colour."""

    ink: str
    soft: str
    line: str
    first: str
    second: str


LIGHT = Palette("#1d2327", "#56616a", "#dcdad2", "#0072b2", "#c25400")
DARK = Palette("#eef2f3", "#a9b6bd", "#323d43", "#56b4e9", "#e69f00")
LEFT, RIGHT, BELOW = 34, 14, 24  # points: for the numbers beside columns, the weeks below
HATCH = "//////"
FEW = "<5"  # of a cell that is not told


@dataclass(frozen=True, slots=True)
class Words:
    """What stands in a plot, in the reader's language: what is counted, and each bar's name."""

    count: str
    people: str
    names: Sequence[str]


def drawn(
    bars: Sequence[Bar], words: Words, palette: Palette, shape: Shape, *, columns: bool
) -> str:
    """The plot as an SVG file. Threads take turns: Matplotlib's settings are the process's."""
    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "buurtstem",
        "font.size": 11,
        "text.color": palette.ink,
        "hatch.linewidth": 1.1,
    }
    size = (shape.width / 72, height(len(bars), columns=columns) / 72)
    with _one_at_a_time, rc_context(style):
        figure = Figure(figsize=size)
        figure.patch.set_alpha(0)
        axes = _axes(figure, palette, columns=columns)
        (_columns if columns else _rows)(axes, bars, words, palette, shape)
        _legend(figure, words, palette)
        return _svg(figure)


_one_at_a_time = Lock()


def _axes(figure: Figure, palette: Palette, *, columns: bool) -> Axes:
    """Below the legend; columns have numbers on their left and weeks below them."""
    wide, high = (inches * 72 for inches in figure.get_size_inches())
    left, right, bottom = (LEFT, RIGHT, BELOW) if columns else (2, 2, 2)
    place = (left / wide, bottom / high, 1 - (left + right) / wide, 1 - (bottom + HEAD) / high)
    axes = figure.add_axes(place)
    axes.patch.set_alpha(0)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, colors=palette.soft)
    return axes


def _legend(figure: Figure, words: Words, palette: Palette) -> None:
    patches = [
        Patch(facecolor=palette.first, label=words.count),
        Patch(facecolor="none", edgecolor=palette.second, hatch=HATCH, label=words.people),
    ]
    figure.legend(handles=patches, loc="upper left", ncols=2, frameon=False, borderaxespad=0)


def _rows(axes: Axes, bars: Sequence[Bar], words: Words, palette: Palette, shape: Shape) -> None:
    """A name, and below it a bar for each of both: the names have all the room there is."""
    longest = max([bar.count or 0 for bar in bars], default=0) or 1
    for n, (bar, name) in enumerate(zip(bars, words.names, strict=True)):
        axes.text(0, n - 0.34, name, va="center", fontweight="bold")
        for at, value, second in ((n - 0.06, bar.count, False), (n + 0.24, bar.people, True)):
            if value:
                axes.barh(at, value, height=0.24, **_filled(palette, second=second))
            axes.annotate(
                _shown(value), (value or 0, at), xytext=(4, 0), textcoords="offset points",
                va="center", color=palette.ink if value is not None else palette.soft,
            )  # fmt: skip
    axes.set_xlim(0, longest * 1.14)
    axes.set_ylim(max(len(bars), 1) - 0.5, -0.6)
    axes.set_xticks([])
    axes.set_yticks([])


def _columns(axes: Axes, bars: Sequence[Bar], words: Words, palette: Palette, shape: Shape) -> None:
    """Two columns a week. A week that is not told has a mark on the ground."""
    for offset, second in ((-0.2, False), (0.2, True)):
        values = {n: bar.people if second else bar.count for n, bar in enumerate(bars)}
        told = {n + offset: value for n, value in values.items() if value}
        axes.bar(list(told), list(told.values()), width=0.38, **_filled(palette, second=second))
    hidden = [n for n, bar in enumerate(bars) if bar.count is None]
    axes.axhline(0, color=palette.soft, linewidth=0.8)
    axes.grid(axis="y", color=palette.line, linewidth=0.8)
    axes.set_axisbelow(True)
    turned = 0 if len(bars) <= 2 * shape.names else 90
    for n in hidden:
        axes.text(n, 0, FEW, ha="center", va="bottom", color=palette.soft, rotation=turned)
    step = -(-len(bars) // shape.names)
    named = range(len(bars) - 1, -1, -step)
    axes.set_xticks(list(named), [words.names[n] for n in named])
    axes.set_xlim(-0.7, max(len(bars), 4) - 0.3)
    axes.set_ylim(0, max([bar.count or 0 for bar in bars] + [4]) * 1.08)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def _filled(palette: Palette, *, second: bool) -> dict[str, Any]:
    if not second:
        return {"color": palette.first}
    return {"facecolor": "none", "edgecolor": palette.second, "hatch": HATCH, "linewidth": 1.2}


def _shown(value: int | None) -> str:
    return FEW if value is None else str(value)


def _svg(figure: Figure) -> str:
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    svg = re.sub(r"<metadata>.*?</metadata>", "", file.getvalue(), flags=re.DOTALL)
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;\"]*", "font-family: system-ui, sans-serif", svg)
    svg = svg.replace("<svg ", '<svg stroke-linejoin="round" stroke-linecap="butt" ', 1)
    return re.sub(r'style="([^"]*)"', _attributes, svg)


def _attributes(style: re.Match[str]) -> str:
    pairs = (each.split(":", 1) for each in style[1].split(";") if ":" in each)
    return " ".join(f'{name.strip()}="{value.strip()}"' for name, value in pairs)
