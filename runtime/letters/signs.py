"""The picture signs of the catalogue as vectors, for paper: a sign always means the same.

Drawn by us, in lines of two in a square of 24.
"""

from __future__ import annotations

# What begins a line of the catalogue -> how it is drawn.
SIGNS = {
    "🗳": """
        <path d='M3 12h18v9H3z M6.5 12h11'/>
        <path d='M8 12V3h8v9'/>
        <path d='M10 7l1.6 1.7L14.2 5.6'/>
    """,
    "💶": """
        <circle cx='12' cy='12' r='9.5'/>
        <path d='M15.5 8.3a4.8 4.8 0 1 0 0 7.4 M7 10.8h6 M7 13.4h6'/>
    """,
    "💡": """
        <path d='M9.5 18h5 M10.5 21h3'/>
        <path d='M12 3a6 6 0 0 0-3.8 10.6c.8.7 1.1 1.4 1.1 1.9h5.4c0-.5.3-1.2 1.1-1.9
                 A6 6 0 0 0 12 3z'/>
    """,
    "📱": """
        <rect x='6.5' y='2' width='11' height='20' rx='2'/>
        <path d='M11 18.5h2'/>
    """,
    "💬": """
        <path d='M3 4h18v12h-9l-5 5v-5H3z'/>
        <path d='M8 10h.1 M12 10h.1 M16 10h.1'/>
    """,
    "📞": """
        <path d='M3.5 6.5C3.5 4.5 5 3.2 7 3.2l2 5-2.3 1.9c1.5 3 4 5.5 7.2 7.2l1.9-2.3 5 2
                 c0 2-1.3 3.5-3.3 3.5C10 20 4 14 3.5 6.5z'/>
    """,
    "🕘": """
        <circle cx='12' cy='12' r='9.5'/>
        <path d='M12 5.5V12H7'/>
    """,
    "📍": """
        <path d='M12 22c4-4.6 6.5-8.6 6.5-12a6.5 6.5 0 0 0-13 0c0 3.4 2.5 7.4 6.5 12z'/>
        <circle cx='12' cy='10' r='2.2'/>
    """,
    "📄": """
        <path d='M5 2h9.5l4.5 4.5V22H5z M14 2.5V7h4.5'/>
        <path d='M9 12h6 M9 16.5h6'/>
    """,
    "📊": """
        <path d='M2.5 21.5h19'/>
        <path d='M5 17.5v-5h3v5z M10.5 17.5V3.5h3v14z M16 17.5V9h3v8.5z'/>
    """,
    "🔒": """
        <rect x='4.5' y='11' width='15' height='10.5' rx='2'/>
        <path d='M8 11V7a4 4 0 0 1 8 0v4 M12 15.5v2'/>
    """,
    "🔁": """
        <path d='M4 11V9.5a3 3 0 0 1 3-3h12.5 M16 3l3.5 3.5L16 10'/>
        <path d='M20 13v1.5a3 3 0 0 1-3 3H4.5 M8 14l-3.5 3.5L8 21'/>
    """,
}


def apart(line: str) -> tuple[str, str]:
    """A line of the catalogue as its sign ("" without one that we draw) and its words."""
    sign = line[:1]
    return (sign, line[1:].lstrip("\ufe0f ")) if sign in SIGNS else ("", line)


def svg(sign: str, colour: str) -> bytes:
    """The sign as an SVG picture."""
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'><g fill='none' stroke="
        f"'{colour}' stroke-width='2' stroke-linecap='round' stroke-linejoin='round'>"
        f"{SIGNS[sign]}</g></svg>"
    ).encode()
