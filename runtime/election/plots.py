"""The plots of the report, as SVG with text that a browser sets: votes, money, money by theme.

Colour never says anything alone: what is chosen also has a tick, what is not has a lighter bar
with a reason behind it. The same figures are in the report's tables.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

CHOSEN, NOT_CHOSEN, LIMIT, INK = "#00695c", "#cfd8dc", "#b71c1c", "#212121"
WIDTH, ROW, ROOM = 8.0, 0.3, 1.0  # inches
MOST_TICKS = 5  # along the axis, so that large amounts stay apart
LONGEST = 38  # letters of a title beside its bar; the table has all of it
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "buurtstem",  # the same count gives the same bytes
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.edgecolor": "#90a4ae",
    "text.color": INK,
}
_BEHIND: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85}


@dataclass(frozen=True, slots=True)
class Row:
    """One plan in a plot. `start`: euros that were spent when its turn came. `note`: at its end."""

    label: str
    votes: Fraction
    shown: str
    cost: Decimal
    start: Decimal
    chosen: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """How a language draws: from right to left, and what stands along the axis."""

    rtl: bool
    axis: str


@dataclass(frozen=True, slots=True)
class ThemeRow:
    """What was given to plans of a theme, and the most that could be."""

    label: str
    spent: Decimal
    cap: Decimal
    shown: str


def votes_plot(rows: Sequence[Row], look: Look, alt: str) -> str:
    """A bar a plan, most votes on top."""
    lengths = [float(row.votes) for row in rows]
    with rc_context(_STYLE):
        axes = _axes([row.label for row in rows], look)
        axes.barh(range(len(rows)), lengths, color=_colours(rows), height=0.72)
        _write_at_ends(axes, [_ticked(row.shown, row.chosen) for row in rows], lengths)
        axes.set_xlim(*_span(max(lengths, default=0) * 1.18 or 1, look))
        return _svg(axes, alt)


def money_plot(rows: Sequence[Row], budget: Decimal, look: Look, alt: str, limit: str) -> str:
    """A bar a plan in the order of their turns, from what was spent to what it would come to."""
    starts, lengths = ([float(x) for x in each] for each in zip(*_money(rows), strict=True))
    with rc_context(_STYLE):
        axes = _axes([row.label for row in rows], look)
        axes.barh(range(len(rows)), lengths, left=starts, color=_colours(rows), height=0.72)
        for bar, row in zip(axes.patches, rows, strict=True):
            bar.set(hatch=None if row.chosen else "////", edgecolor="#90a4ae", linewidth=0.6)
        axes.axvline(float(budget), color=LIMIT, linewidth=1.6)
        axes.text(float(budget), -0.75, limit, color=LIMIT, ha="center", va="bottom")
        ends = [start + length for start, length in zip(starts, lengths, strict=True)]
        _write_at_ends(axes, [_ticked(row.note, row.chosen) for row in rows], ends)
        axes.set_xlim(*_span(max([float(budget), *ends]) * 1.7, look))
        return _svg(axes, alt)


def themes_plot(rows: Sequence[ThemeRow], look: Look, alt: str) -> str:
    """A bar a theme within the frame of its cap."""
    spent, caps = [float(row.spent) for row in rows], [float(row.cap) for row in rows]
    with rc_context(_STYLE):
        axes = _axes([row.label for row in rows], look)
        axes.barh(range(len(rows)), caps, color="none", edgecolor=LIMIT, linewidth=1.2, height=0.72)
        axes.barh(range(len(rows)), spent, color=CHOSEN, height=0.5)
        _write_at_ends(axes, [row.shown for row in rows], caps)
        axes.set_xlim(*_span(max([*caps, *spent]) * 1.45, look))
        return _svg(axes, alt)


def shortened(title: str) -> str:
    """A title for beside a bar."""
    return title if len(title) <= LONGEST else title[: LONGEST - 1].rstrip() + "…"


def _money(rows: Sequence[Row]) -> list[tuple[Decimal, Decimal]]:
    return [(row.start, row.cost) for row in rows] or [(Decimal(0), Decimal(0))]


def _axes(labels: Sequence[str], look: Look) -> Axes:
    figure = Figure(figsize=(WIDTH, ROOM + ROW * max(len(labels), 1)), layout="constrained")
    axes = figure.add_subplot()
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.8)
    axes.set_xlabel(look.axis)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(MOST_TICKS, integer=True))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}".replace(",", "\u202f"))
    axes.spines[["top", "left", "right"]].set_visible(False)
    if look.rtl:
        axes.yaxis.tick_right()
    return axes


def _span(longest: float, look: Look) -> tuple[float, float]:
    return (longest, 0) if look.rtl else (0, longest)


def _colours(rows: Sequence[Row]) -> list[str]:
    return [CHOSEN if row.chosen else NOT_CHOSEN for row in rows]


def _ticked(text: str, chosen: bool) -> str:
    return f"✓ {text}".strip() if chosen else text


def _write_at_ends(axes: Axes, texts: Sequence[str], ends: Sequence[float]) -> None:
    rtl = axes.yaxis.get_ticks_position() == "right"
    for at, (text, end) in enumerate(zip(texts, ends, strict=True)):
        axes.annotate(
            text,
            (end, at),
            xytext=(-4 if rtl else 4, 0),
            textcoords="offset points",
            ha="right" if rtl else "left",
            va="center",
            fontsize=9,
            bbox=_BEHIND,
        )


def _svg(axes: Axes, alt: str) -> str:
    """Only the element, for within a page; as wide as there is room for."""
    file = io.StringIO()
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg ") :]
    size = re.search(r'viewBox="([^"]+)"', svg)
    assert size
    label = alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    # Letters run by their own script, and "end" is on the right, whatever the page's direction.
    head = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    head += f'viewBox="{size[1]}" role="img" direction="ltr" aria-label="{label}">'
    inside = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index(">") + 1 :], flags=re.DOTALL)
    return head + re.sub(r'<g id="[^"]*"', "<g", inside.strip())
