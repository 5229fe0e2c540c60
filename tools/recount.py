#!/usr/bin/env python3
"""Counts a published vote again, on its own: only Python's standard library, nothing of Buurtstem.

    python3 recount.py [FOLDER]            the folder as published; without, where this file is
    python3 recount.py FOLDER --out FILE   also writes its own tally.json there

It looks whether
  - the links of chain.json follow on each other (SHA-256);
  - the envelopes of receipts.txt are those that were in the box at the closing (Merkle root,
    RFC 6962), their six signs are right, and box.json accounts for each of them;
  - each ballot in the .pb files (pabulib.org/format) keeps the rules of its paper;
  - the count of the .pb files, by the rule that each of them states, is tally.json, byte by byte.
Exit status: 0 all is as published, 1 something is different, 2 it was asked wrongly.

What it cannot see: whether the ballots in the .pb files are those that were in the envelopes. Only
the trustees together can open envelopes. See docs/voting.md.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import sys
from fractions import Fraction
from itertools import groupby, permutations
from math import floor, lcm
from pathlib import Path

SIGNS = (
    "🐟🐦🐈🐄🐘🐢🦋🐌🐝🐸🐇🐎🦆🐫🦉🐍🦀🐙🦒🦔🍎🍌🍇🍓🍋🍍🥕🌽🍄🍞🧀🥚"
    "🍦🍕☕🥄🔑☔👓👞🎩🧦👕🎈🎁🥁🎸🎺🚲🚗🚌🚂⛵🚀🚁🚜🔨🛁🚪🔥⭐⛄🌵🍀"
)
FILL, PART, SHARES = "fill", "stop-part-fund", "equal-shares"
RULES = (FILL, "stop", PART, SHARES)
FACT = re.compile(r"\b(tally|caps|caps_bind_leftover|paper_share|settled)=([^ ]+)")
MOST_TRIED = 5  # plans in a tie, and ties after each other, of which every order is tried
MOST_WAYS = 1000  # places to which the ties of one run of equal shares are followed


class Different(Exception):
    """Something is not as it should be; the text says what."""


def main(arguments: list[str]) -> int:
    folder, out = Path(__file__).resolve().parent, None
    words = list(arguments)
    if "--out" in words[:-1]:
        at = words.index("--out")
        out = Path(words[at + 1])
        del words[at : at + 2]
    if len(words) > 1 or any(word.startswith("-") for word in words):
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(words[0]) if words else folder
    if not (folder / "tally.json").is_file():
        print(f"{folder}: there is no tally.json in it", file=sys.stderr)
        return 2
    faults = list(look(folder, out))
    for fault in faults:
        print(f"DIFFERENT: {fault}")
    print("Something is not as published." if faults else "All is as published.")
    return 1 if faults else 0


def look(folder: Path, out: Path | None):
    """Each fault as a line; tells on the way what is in order."""
    for check in (check_chain, check_box):
        try:
            print(check(folder))
        except Different as fault:
            yield str(fault)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            yield f"{check.__name__}: cannot be read ({type(error).__name__})"
    counted = {}
    for path in sorted(folder.glob("*.pb")):
        try:
            counted[path.stem] = count_file(path)
            print(f"{path.name}: {counted[path.stem]['ballots']} ballots counted")
        except Different as fault:
            yield f"{path.name}: {fault}"
        except (OSError, ValueError, KeyError, IndexError, csv.Error) as error:
            yield f"{path.name}: cannot be read ({type(error).__name__})"
    mine = to_json(counted)
    if out:
        out.write_bytes(mine)
    if mine != (folder / "tally.json").read_bytes():
        yield "tally.json is not what the ballots come to"


def to_json(value) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def read_json(path: Path):
    data = path.read_bytes()
    value = json.loads(data)
    if to_json(value) != data:
        raise Different(f"{path.name} is not written as it was")
    return value


# --- the chain and the box ----------------------------------------------------------------------


def check_chain(folder: Path) -> str:
    links = read_json(folder / "chain.json")
    before = ""
    for number, link in enumerate(links, 1):
        inside = {name: link[name] for name in ("at", "facts", "kind", "previous", "seq")}
        text = json.dumps(inside, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        if link["hash"] != hashlib.sha256(text.encode()).hexdigest():
            raise Different(f"chain.json: link {number} was changed")
        if (link["seq"], link["previous"]) != (number, before):
            raise Different(f"chain.json: link {number} does not follow on the one before")
        before = link["hash"]
    return f"chain.json: {len(links)} links, the last is {before}"


def check_box(folder: Path) -> str:
    box, closed = read_json(folder / "box.json"), closing(read_json(folder / "chain.json"))
    hashes = receipts(folder / "receipts.txt")
    root = merkle_root(hashes)
    if {root} != {box["merkle"], closed["merkle"]}:
        raise Different("receipts.txt: these are not the envelopes of the closing")
    if {len(hashes)} != {box["envelopes"], closed["envelopes"]}:
        raise Different("box.json: not as many envelopes as at the closing")
    in_areas = [area["valid"] + sum(area["invalid"].values()) for area in box["areas"].values()]
    if sum(in_areas) + sum(box["left_out"].values()) != len(hashes):
        raise Different("box.json: does not account for every envelope")
    tally = json.loads((folder / "tally.json").read_bytes())
    if {name: area["valid"] for name, area in box["areas"].items()} != {
        name: area["ballots"] for name, area in tally.items()
    }:
        raise Different("box.json: has other numbers of ballots than tally.json")
    return f"receipts.txt: {len(hashes)} envelopes, Merkle root {root}"


def closing(links) -> dict:
    found = [link["facts"] for link in links if link["kind"] == "closed"]
    if len(found) != 1:
        raise Different("chain.json: the vote was not closed once")
    return found[0]


def receipts(path: Path) -> list[bytes]:
    """The hashes of the list, which must be written as it is: six signs and the hash, by hash."""
    text = path.read_bytes().decode("utf-8")
    hashes = sorted({bytes.fromhex(line.rpartition(" ")[2]) for line in text.split("\n")[:-1]})
    if text != "".join(f"{signs(digest)} {digest.hex()}\n" for digest in hashes):
        raise Different("receipts.txt: is not in order, or the signs are not those of the hash")
    return hashes


def signs(digest: bytes) -> str:
    bits = int.from_bytes(digest, "big") >> 8 * len(digest) - 36
    return " ".join(SIGNS[bits >> 6 * n & 63] for n in reversed(range(6)))


def merkle_root(hashes: list[bytes]) -> str:
    def tree(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return hashlib.sha256(b"\0" + leaves[0]).digest()
        half = 1 << (len(leaves) - 1).bit_length() - 1
        return hashlib.sha256(b"\1" + tree(leaves[:half]) + tree(leaves[half:])).digest()

    return (tree(hashes) if hashes else hashlib.sha256(b"").digest()).hex()


# --- one file of ballots ------------------------------------------------------------------------


class Election:
    """One .pb file. Money in whole cents. ballots: (weight, {plan: points}, how many)."""

    def __init__(self, text: str) -> None:
        self.meta, projects, votes = sections(text)
        self.cost = {int(row["project_id"]): cents(row["cost"]) for row in projects}
        self.stated = {int(row["project_id"]): row for row in projects}
        if len(self.cost) != len(projects):
            raise Different("a plan stands in it twice")
        self.plans = sorted(self.cost)
        self.budget = cents(self.meta["budget"])
        self.pointed = self.meta["vote_type"] == "cumulative"
        self.theme = {int(row["project_id"]): row.get("category", "") for row in projects}
        said = dict(FACT.findall(self.meta["comment"]))
        self.rule = said["tally"]
        if self.rule not in RULES:
            raise Different("the rule is not known")
        self.caps = {
            theme: cents(most)
            for theme, _, most in (cap.rpartition(":") for cap in listed(said["caps"]))
        }
        self.bound = {"yes": True, "no": False}[said["caps_bind_leftover"]]
        self.settled = [[int(n) for n in tie.split(">")] for tie in listed(said["settled"])]
        share = None if said["paper_share"] == "none" else Fraction(said["paper_share"])
        self.votes = [self.ballot(row) for row in votes]
        self.ballots = weighed(self.votes, share)

    def ballot(self, row) -> tuple[str, tuple[tuple[int, int], ...]]:
        numbers = [int(number) for number in row["vote"].split(",")] if row["vote"] else []
        points = [1] * len(numbers)
        if self.pointed:
            points = [int(given) for given in row["points"].split(",")] if row["points"] else []
        if len(points) != len(numbers) or len(set(numbers)) != len(numbers):
            raise Different(f"ballot {row['voter_id']} cannot be")
        if not set(numbers) <= set(self.cost):
            raise Different(f"ballot {row['voter_id']} names a plan that is not there")
        return row.get("voting_method", ""), tuple(sorted(zip(numbers, points, strict=True)))

    def check(self) -> None:
        """Whether the ballots keep the rules, and the file says right how many there are."""
        if (len(self.votes), len(self.plans)) != (
            int(self.meta["num_votes"]),
            int(self.meta["num_projects"]),
        ):
            raise Different("it does not say right how many there are")
        for number, (_, choices) in enumerate(self.votes, 1):
            if not self.keeps_rules(choices):
                raise Different(f"the {number}th ballot breaks a rule")
        for plan, row in self.stated.items():
            named = [dict(choices)[plan] for _, choices in self.votes if plan in dict(choices)]
            if int(row.get("votes", len(named))) != len(named):
                raise Different(f"plan {plan} does not have so many votes")
            if self.pointed and int(row.get("score", sum(named))) != sum(named):
                raise Different(f"plan {plan} does not have so many points")

    def keeps_rules(self, choices) -> bool:
        meta, points = self.meta, [given for _, given in choices]
        most_cost = cents(meta["max_sum_cost"]) if "max_sum_cost" in meta else None
        in_theme = by_category(meta, "max_sum_cost_per_category")
        for plan, _ in choices:
            if self.theme[plan] in in_theme:
                in_theme[self.theme[plan]] -= self.cost[plan]
        return (
            min(in_theme.values(), default=0) >= 0
            and int(meta.get("min_length", 1)) <= len(choices) <= int(meta.get("max_length", 1e6))
            and (most_cost is None or sum(self.cost[plan] for plan, _ in choices) <= most_cost)
            and min(points, default=1) > 0
            and sum(points) <= int(meta.get("max_sum_points", 1e9))
            and max(points, default=0) <= int(meta.get("max_points", 1e9))
        )

    def points(self) -> dict[int, Fraction]:
        found = dict.fromkeys(self.plans, Fraction(0))
        for weight, choices, times in self.ballots:
            for plan, given in choices:
                found[plan] += weight * times * given
        return found


def count_file(path: Path) -> dict:
    data = path.read_bytes()
    election = Election(data.decode("utf-8"))
    election.check()
    votes = election.points()
    if election.rule == SHARES:
        paid, out, tie = equal_shares(election)
    else:
        paid, out, tie = greedy(election, votes, election.settled, 0)
    spent = sum(amount for _, amount in paid)
    check_selected(election, dict(paid))
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "ballots": len(election.votes),
        "budget": euros(election.budget),
        "rule": election.rule,
        "votes": [[plan, str(votes[plan])] for plan in election.plans],
        "chosen": [[plan, euros(amount)] for plan, amount in paid],
        "not_chosen": [[plan, why] for plan, why in out],
        "ties": [list(tie)] if tie else [],
        "spent": euros(spent),
        "left": euros(election.budget - spent),
    }


def check_selected(election: Election, paid: dict[int, int]) -> None:
    for plan, row in election.stated.items():
        expected = 0 if plan not in paid else 1 if paid[plan] == election.cost[plan] else 2
        if int(row.get("selected", expected)) != expected:
            raise Different(f"plan {plan} is said to be chosen, or not to be, and it is otherwise")


def sections(text: str):
    """META as a dictionary, and the rows of PROJECTS and of VOTES."""
    found: dict[str, list[list[str]]] = {}
    name = ""
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True):
        if row in (["META"], ["PROJECTS"], ["VOTES"]):
            name = row[0]
            found[name] = []
        else:
            found[name].append(row)
    tables = []
    for name in ("META", "PROJECTS", "VOTES"):
        header, *rows = found[name]
        if len(set(header)) != len(header) or any(len(row) != len(header) for row in rows):
            raise Different(f"the columns of {name} are not right")
        tables.append([dict(zip(header, row, strict=True)) for row in rows])
    return {row["key"]: row["value"] for row in tables[0]}, tables[1], tables[2]


def cents(text: str) -> int:
    if not re.fullmatch(r"[0-9]+(\.[0-9]{1,2})?", text):
        raise Different("an amount cannot be read")
    return int(Fraction(text) * 100)


def euros(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"


def by_category(meta, key: str) -> dict[str, int]:
    if key not in meta:
        return {}
    themes, most = meta["categories"].split(","), meta[key].split(",")
    if len(themes) != len(most):
        raise Different("there are not as many caps as categories")
    return dict(zip(themes, map(cents, most), strict=True))


def listed(said: str) -> list[str]:
    return [] if said == "none" else said.split(",")


def weighed(votes, paper_share):
    """The ballots with what each counts for; those with the same choices together."""
    alike: dict = {}
    for method, choices in votes:
        key = (method == "paper", choices)
        alike[key] = alike.get(key, 0) + 1
    on_paper = sum(times for (paper, _), times in alike.items() if paper)
    others = len(votes) - on_paper
    weight = {True: Fraction(1), False: Fraction(1)}
    if paper_share is not None and on_paper and others:
        weight[True] = paper_share * len(votes) / on_paper
        weight[False] = (1 - paper_share) * len(votes) / others
    return [(weight[paper], choices, times) for (paper, choices), times in alike.items()]


# --- most votes first ---------------------------------------------------------------------------


def greedy(election: Election, votes, settled, depth: int):
    """(plans that get money with the amount, the others with the reason, the tie that is open)."""
    left, in_theme = election.budget, dict(election.caps)
    paid: list[tuple[int, int]] = []
    out: list[tuple[int, str]] = []
    later: list[int] = []
    stopped, open_tie = "", ()
    stops, in_part = election.rule != FILL, election.rule == PART

    def over_cap(plan: int, in_theme) -> bool:
        return election.cost[plan] > in_theme.get(election.theme[plan], election.cost[plan])

    def all_fit(plans) -> bool:
        money, rest = left, dict(in_theme)
        for plan in plans:
            if over_cap(plan, rest) or election.cost[plan] > money:
                return False
            money -= election.cost[plan]
            if election.theme[plan] in rest:
                rest[election.theme[plan]] -= election.cost[plan]
        return True

    def rivals(equal) -> list[int]:
        able = [
            plan
            for plan in equal
            if not over_cap(plan, in_theme) and (stops or election.cost[plan] <= left)
        ]
        if len(able) < 2 or all_fit(able):
            return []
        one_fits = any(election.cost[plan] <= left for plan in able)
        return able if one_fits or (in_part and left > 0) else []

    def decides(tied) -> bool:
        """Whether it changes who is chosen in the end which of these goes first."""
        if election.bound or not in_theme or len(tied) > MOST_TRIED or depth == MOST_TRIED:
            return True
        ends = [
            greedy(election, votes, [*settled, list(order)], depth + 1)
            for order in permutations(tied)
        ]
        chosen = [{plan for plan, _ in end[0]} for end in ends]
        return any(end[2] for end in ends) or any(each != chosen[0] for each in chosen)

    def in_order(tied) -> list[int]:
        nonlocal stopped, open_tie
        order = decided(tied, settled)
        if order is None and decides(tied):
            open_tie, stopped = tuple(tied), "tie"
        return order or tied

    def pay(plan: int, amount: int) -> None:
        nonlocal left
        left -= amount
        if election.theme[plan] in in_theme:
            in_theme[election.theme[plan]] -= amount
        paid.append((plan, amount))

    def turn(plan: int) -> None:
        nonlocal stopped
        if stopped:
            out.append((plan, stopped))
        elif over_cap(plan, in_theme):
            if election.bound:
                out.append((plan, "theme_cap"))
            else:
                later.append(plan)
        elif election.cost[plan] <= left:
            pay(plan, election.cost[plan])
        elif not stops:
            out.append((plan, "budget"))
        else:
            if in_part and left > 0:
                pay(plan, left)
            else:
                out.append((plan, "budget"))
            stopped = "after_stop"

    def turns(plans) -> None:
        by_votes = sorted(plans, key=lambda plan: (-votes[plan], plan))
        for _, equal in groupby(by_votes, key=lambda plan: votes[plan]):
            same = list(equal)
            tied = [] if stopped else rivals(same)
            for plan in same:
                if plan not in tied:
                    turn(plan)
            for plan in in_order(tied) if tied else ():
                turn(plan)

    turns([plan for plan in election.plans if votes[plan] > 0])
    in_theme = {}
    waiting, later = later, []
    turns(waiting)
    out += [(plan, "no_votes") for plan in election.plans if not votes[plan] > 0]
    return paid, out, open_tie


def decided(tied, settled):
    """The order that people decided for these plans, or None."""
    for order in settled:
        if set(tied) <= set(order):
            return [plan for plan in order if plan in tied]
    return None


# --- equal shares -------------------------------------------------------------------------------


class TooManyWays(Exception):
    """`args[0]` is the first tie of the run."""


class Run:
    """One run of equal shares: all ballots begin with as much; the cheapest plan is bought next.

    What a plan is worth to a voter is points times cost; a plan's price is what its voters pay
    for a unit of worth, all the same, nobody more than they have. Voters with the same ballot
    are taken together. purses: what one ordinary ballot has, in cents divided by `scale`.
    """

    def __init__(self, election: Election, each: Fraction) -> None:
        self.election = election
        ballots = [ballot for ballot in election.ballots if ballot[1]]
        one = lcm(*(weight.denominator for weight, _, _ in ballots))
        self.one = one
        self.weight = [int(weight * one) * times for weight, _, times in ballots]
        self.backers: dict[int, list[tuple[int, int]]] = {}
        for voter, (_, choices, _) in enumerate(ballots):
            for plan, points in choices:
                self.backers.setdefault(plan, []).append((voter, points))
        self.purses = [each.numerator] * len(ballots)
        self.scale = each.denominator
        self.left = dict(election.caps)
        self.queue = []
        for plan in election.plans:
            worth = sum(points * self.weight[voter] for voter, points in self.backers.get(plan, ()))
            if worth:
                self.queue.append((Fraction(bool(election.cost[plan]), worth), plan))
        self.chosen: list[int] = []
        self.out: list[tuple[int, str]] = []
        self.short = False

    def copy(self) -> Run:
        other = object.__new__(Run)
        other.__dict__ |= self.__dict__
        for name in ("purses", "queue", "chosen", "out"):
            setattr(other, name, list(getattr(self, name)))
        other.left = dict(self.left)
        return other

    def spent(self) -> int:
        return sum(self.election.cost[plan] for plan in self.chosen)

    def cheapest(self):
        """The lowest price, and the plans that have it."""
        best, priced, rest = None, [], []
        for bound, plan in sorted(self.queue):
            if best is not None and bound > best:
                rest.append((bound, plan))
                continue
            price = self.price(plan)
            if price is not None:
                priced.append((price, plan))
                best = price if best is None else min(best, price)
        self.queue = priced + rest
        return best, sorted(plan for price, plan in priced if price == best)

    def price(self, plan: int):
        cost, theme = self.election.cost[plan], self.election.theme[plan]
        if cost > self.left.get(theme, cost):
            self.out.append((plan, "theme_cap"))
            return None
        if not cost:
            return Fraction(0)
        owed = cost * self.one * self.scale
        worth = sum(points * self.weight[voter] for voter, points in self.backers[plan])
        unit = lcm(*{points for _, points in self.backers[plan]})
        for voter, points in sorted(
            self.backers[plan], key=lambda backer: self.purses[backer[0]] * (unit // backer[1])
        ):
            if owed * points <= self.purses[voter] * worth:
                return Fraction(owed, worth * cost * self.one * self.scale)
            self.short = True
            owed -= self.weight[voter] * self.purses[voter]
            worth -= self.weight[voter] * points
        self.out.append((plan, "support"))
        return None

    def due(self, plan: int, price: Fraction) -> Fraction:
        """What a point of this plan pays, in parts of a cent."""
        return price * self.election.cost[plan] * self.one * self.scale

    def buy(self, plan: int, price: Fraction) -> None:
        due = self.due(plan, price)
        self.purses = [purse * due.denominator for purse in self.purses]
        self.scale *= due.denominator
        for voter, points in self.backers[plan]:
            self.purses[voter] = max(0, self.purses[voter] - due.numerator * points)
        self.queue = [entry for entry in self.queue if entry[1] != plan]
        if self.election.theme[plan] in self.left:
            self.left[self.election.theme[plan]] -= self.election.cost[plan]
        self.chosen.append(plan)

    def rivals(self, price: Fraction, plans: list[int]) -> list[list[int]]:
        """Plans of one price in groups: those of one group cannot all be paid by somebody."""
        groups = [{plan} for plan in plans]
        wishes: dict[int, list[tuple[int, int]]] = {}
        for plan in plans:
            for voter, points in self.backers[plan]:
                wishes.setdefault(voter, []).append((plan, points))
        clashes = [
            {plan for plan, _ in wish}
            for voter, wish in wishes.items()
            if sum(self.due(plan, price) * points for plan, points in wish) > self.purses[voter]
        ]
        for theme, left in self.left.items():
            of_it = {plan for plan in plans if self.election.theme[plan] == theme}
            if sum(self.election.cost[plan] for plan in of_it) > left:
                clashes.append(of_it)
        for clash in clashes:
            met = [group for group in groups if group & clash]
            if len(met) > 1:
                groups = [group for group in groups if not group & clash] + [set().union(*met)]
        return sorted(sorted(group) for group in groups)


def different(runs) -> list[Run]:
    """The first run of each set of chosen plans."""
    found: dict[frozenset[int], Run] = {}
    for run in runs:
        found.setdefault(frozenset(run.chosen), run)
    return list(found.values())


def follow(run: Run, settled, seen: dict):
    """(how the run can end, the tie that decides it). seen: likewise for places met before."""
    while True:
        price, plans = run.cheapest()
        if not plans:
            return [run], ()
        groups = run.rivals(price, plans) if len(plans) > 1 else [plans]
        alone = [group for group in groups if len(group) == 1]
        order = alone[0] if alone else decided(groups[0], settled)
        if order is None:
            return branches(run, price, tuple(groups[0]), settled, seen)
        run.buy(order[0], price)


def branches(run: Run, price: Fraction, tied, settled, seen: dict):
    first = seen.setdefault("first tie", tied)
    ends = []
    for plan in tied:
        branch = run.copy()
        branch.buy(plan, price)
        place = frozenset(branch.chosen), branch.short, branch.scale, tuple(branch.purses)
        if place not in seen:
            if len(seen) > MOST_WAYS:  # with the first tie in it
                raise TooManyWays(first)
            seen[place] = follow(branch, settled, seen)
        ends.append(seen[place])
    runs = different(each for found, _ in ends for each in found)
    if len(runs) == 1:
        return runs, ()
    sets = [{frozenset(each.chosen) for each in found} for found, _ in ends]
    return runs, ends[0][1] if all(each == sets[0] for each in sets) else tied


def equal_shares(election: Election):
    """Likewise as `greedy`. Completed by giving every ballot ever another euro (add1)."""
    backed = {plan for weight, choices, _ in election.ballots if weight for plan, _ in choices}
    unwanted = [(plan, "no_votes") for plan in election.plans if plan not in backed]
    if not backed:
        return [], unwanted, ()
    try:
        runs, tie = add1(election)
    except TooManyWays as found:
        waiting = [(plan, "tie" if plan in backed else "no_votes") for plan in election.plans]
        return [], waiting, found.args[0]
    first = runs[0]
    certain = [plan for plan in first.chosen if all(plan in run.chosen for run in runs)]
    possible = {plan for run in runs for plan in run.chosen}
    out = [entry for entry in first.out if entry[0] not in possible]
    known = {*certain, *(plan for plan, _ in out)}
    out += [(plan, "tie") for plan in sorted(backed) if plan not in known]
    return [(plan, election.cost[plan]) for plan in certain], out + unwanted, tie


def add1(election: Election):
    share = Fraction(election.budget) / sum(w * times for w, _, times in election.ballots)
    last, last_tie = [], ()
    ended, ties = [], []
    each = share
    while True:
        runs, tie = follow(Run(election, each), election.settled, {})
        within = [run for run in runs if run.spent() <= election.budget]
        if len(within) < len(runs):
            ended += last
            ties += [last_tie, tie]
        if not within:
            break
        last, last_tie = within, tie
        if not any(run.short for run in within):
            ended += within
            ties += [tie]
            break
        each = Fraction((floor(each / 100) + 1) * 100)
    runs = different(ended)
    return runs, next(filter(None, ties)) if len(runs) > 1 else ()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
