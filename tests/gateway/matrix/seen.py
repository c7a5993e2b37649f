"""What a player saw of a stream, and whether two players saw the same."""

from dataclasses import dataclass, field


@dataclass
class Seen:
    """`tracks`: by name, a hash of each picture, packet or fragment in order. `size`: bytes of all of them, where the player can tell."""

    tracks: dict = field(default_factory=dict)
    size: int = 0
    frames: int = 0  # pictures
    exact: bool = True  # `frames` is the same for everybody who plays the same
    error: str = ""
    notes: dict = field(default_factory=dict)  # what else a player tells: no part of the comparison

    def add(self, track, item, size=0):
        self.tracks.setdefault(track, []).append(item)
        self.size += size


def difference(direct, through, is_live):
    """Empty if they are equal: all of it, or, live, from the later beginning to the earlier end."""
    for who, seen in (("directly", direct), ("through the gateway", through)):
        if seen.error:
            return f"{who}: {seen.error}"
        if not any(seen.tracks.values()):
            return f"{who}: nothing was played"
    if sorted(direct.tracks) != sorted(through.tracks):
        return f"tracks {sorted(direct.tracks)} directly, {sorted(through.tracks)} through the gateway"
    found = []
    for name in sorted(direct.tracks):
        first, second = direct.tracks[name], through.tracks[name]
        if is_live:
            first, second = overlap(first, second)
        if first == second and first:
            continue
        if not first:
            found.append(f"{name}: nothing in common")
            continue
        found.append(f"{name}: {len(first)} directly and {len(second)} through the gateway, {only(first, second)} only directly, "
                     f"{only(second, first)} only through it; twice {again(first)} directly, {again(second)} through it")
    # Chromium decodes some pictures twice when it is short of time.
    if not is_live and abs(direct.frames - through.frames) > (0 if direct.exact else 0.02 * direct.frames):
        found.append(f"{direct.frames} pictures directly, {through.frames} through the gateway")
    return "; ".join(found)


def likeness(direct, through):
    """For players that leave out or repeat parts of a live stream by themselves. What both saw and what each one missed or repeated, as
    text; and whether the gateway is at fault: by what is out of order, or by more missed and repeated than directly and than a twentieth."""
    fault, told = "", []
    for name in sorted(direct.tracks):
        first, second = overlap(direct.tracks[name], through.tracks.get(name, []))
        both = set(first) & set(second)
        if [item for item in dict.fromkeys(first) if item in both] != [item for item in dict.fromkeys(second) if item in both]:
            fault = f"{name}: another order"
        lost = [len(set(second) - both) + len(first) - len(set(first)), len(set(first) - both) + len(second) - len(set(second))]
        if lost[1] > max(lost[0], len(both) / 20):
            fault = f"{name}: {lost[1]} missed or repeated"
        told.append(f"{name}: {len(both)} in both, missed or repeated {lost[0]} directly, {lost[1]} through it")
    return "; ".join(told), fault


def only(items, others):
    """How many of `items` are not among `others`, and where they lie: "3 (at 10-11, 40)"."""
    others = set(others)
    return in_runs([place for place, item in enumerate(items) if item not in others])


def again(items):
    """The same of those that were there before."""
    known = set()
    return in_runs([place for place, item in enumerate(items) if item in known or known.add(item)])


def in_runs(places):
    runs = []
    for place in places:
        if runs and place == runs[-1][1] + 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    where = ", ".join(f"{begin}-{end}" if begin < end else str(begin) for begin, end in runs[:10])
    return f"{len(places)}" + (f" (at {where}{', ...' if len(runs) > 10 else ''})" if runs else "")


def overlap(first, second):
    """The parts of both from the first element that both have to the last one."""
    in_first, in_second = set(first), set(second)
    return cut(first, in_second), cut(second, in_first)


def cut(items, wanted):
    places = [place for place, item in enumerate(items) if item in wanted]
    return items[places[0]:places[-1] + 1] if places else []


def in_common(direct, through):
    """How many elements were compared: of the pictures, or of the longest track where none is called so."""
    sizes = {name: len(overlap(items, through.tracks.get(name, []))[0]) for name, items in direct.tracks.items()}
    pictures = [size for name, size in sizes.items() if name.startswith("video 0")]
    return pictures[0] if pictures else max(sizes.values(), default=0)
