"""The letter that a trustee gets with a share: what it is, how to keep it, in Dutch and English."""

from __future__ import annotations

from textwrap import fill

_WIDTH = 76
_COLUMNS = 3

_TEXT = """\
BUURTSTEM - SLEUTELDEEL {number} VAN {trustees} / KEY SHARE {number} OF {trustees}
{line}

NEDERLANDS

Dit is een deel van de sleutel van de stembus. Alleen met {threshold} van de
{trustees} delen samen gaan de stemmen open. Niemand heeft de hele sleutel.

- Print deze brief of schrijf de woorden over, met hun nummers. Bewaar ze
  waar niemand anders bij kan. Wis daarna dit bestand en maak geen foto.
- Geef je deel aan niemand, ook niet aan de gemeente of een andere bewaarder.
- Na het einde van de stemming kom je bij elkaar om te tellen. Neem je deel
  dan mee.
- Ben je het kwijt of heeft iemand het gezien? Zeg het meteen aan wie de
  ronde leidt. Raken er zo veel delen kwijt dat er minder dan {threshold} over
  zijn, dan kan niemand de stemmen meer tellen.
- Kreeg je dit bestand per e-mail of app? Dan is het niet meer geheim. Zeg
  het.

ENGLISH

This is a part of the key to the ballot box. Only {threshold} of the {trustees} parts
together open the votes. Nobody has the whole key.

- Print this letter or copy the words out, with their numbers. Keep them
  where nobody else can reach them. Then delete this file; take no photo.
- Give your part to nobody: not to the municipality, not to another trustee.
- After the vote has ended you come together to count. Bring your part.
- Lost it, or did somebody see it? Tell those who run the round at once. If
  fewer than {threshold} parts are left, nobody can count the votes any more.
- Did this file reach you by e-mail or a chat? Then it is no longer secret.
  Say so.

{line}
DE WOORDEN / THE WORDS

{words}

{line}
Openbare sleutel, ter vergelijking / Public key, to compare:
{key}
"""


def letter(number: int, trustees: int, threshold: int, words: str, public_key: str) -> str:
    """One page of plain text, to be printed. `words`: the share, parted by spaces."""
    return _TEXT.format(
        number=number,
        trustees=trustees,
        threshold=threshold,
        line="-" * _WIDTH,
        words=_in_columns(words.split()),
        key=fill(public_key, _WIDTH),
    )


def _in_columns(words: list[str]) -> str:
    numbered = [f"{n:>2}. {word:<18}" for n, word in enumerate(words, 1)]
    rows = -(-len(numbered) // _COLUMNS)
    return "\n".join("".join(numbered[row::rows]).rstrip() for row in range(rows))
