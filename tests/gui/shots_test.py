#!/usr/bin/env python3
"""Pictures of the window without a person. With --panels every panel is opened on every lesson; on the first one in both
languages, all themes and two sizes. Asserted of each: no text was cut (the window reports its overflows as data), the panel asked for is
the one shown. Pictures have the size asked for, are not empty, and a second run gives the same bytes. A few are compared
with approved ones in tests/gui/approved, a quarter as large: the mean of 4x4 pixels may differ by TOLERANCE of 255, but in
SHARE of them. After a change of looks that was meant: shots_test.py PROGRAM --approve, and look at the difference."""
import glob
import itertools
import json
import os
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from window import Display, Picture, need_tools  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LESSONS = sorted(glob.glob(os.path.join(ROOT, "scenarios", "[0-9]*.scn")))
SIZES = ("1280x800", "1920x1080", "1024x640")
THEMES = ("dark", "light", "contrast")
APPROVED_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "approved")


# Run queues as their own structures: the panel is the inspector's first tab.
SHAPES = {"06-nice-levels": "tree", "07-round-robin": "line", "08-convoy": "line", "09-mlfq": "levels",
          "10-lottery": "drum", "11-lag": "tree", "37-autogroup": "groups", "38-bandwidth": "groups",
          "39-cheating-mlfq": "levels", "41-queues": "line"}


# What panels must say at a moment that the lesson's own text describes: options of the shot, then what is asked.
FACTS = {
    "36b-active-balance": (["--at", "21ms", "--keys", "shift+u"], lambda d: {
        "the two hogs are on two cores": len({c["cpu"] // 2 for c in d["placement"]["candidates"] if c["nr_running"] > 0}) == 2,
        "the balancer says that migration/N is to push one": "its migration thread pushes one" in d["placement"]["balance"],
        "every CPU is in the last level's domain": d["placement"]["domains"][-1]["span"] == "0-3"}),
    "38-bandwidth": (["--at", "50ms", "--keys", "shift+g"], lambda d: [
        {"the quota is that of cpu.max": (g["quota_ns"], g["weight"]) == (20_000_000, 100),
         "the pool is empty, so the group is throttled on both CPUs": (g["pool_ns"], g["throttled"]) == (0, "0-1"),
         "it has had its quota, and less than a tick of two CPUs more": 20_000_000 <= g["cpu_ns"] < 28_000_000,
         "the four of them are its tasks": g["tasks"] == "cc/1, cc/2, cc/3, cc/4"}
        for g in d["groups"]["groups"] if g["name"] == "build"][0]),
}


def wrong_facts(files, options, dump):
    """Which of the facts asked of this picture are not so."""
    wanted = FACTS.get(name_of(files[0])) if files else None
    if wanted is None or options != wanted[0]:
        return []
    return [fact for fact, holds in wanted[1](dump["panels"]).items() if not holds]


def shots():
    first = LESSONS[:1]
    for size, theme, lang in itertools.product(SIZES, THEMES, ("en", "zh")):
        yield first, ["--size", size, "--theme", theme, "--lang", lang]
    yield first, ["--size", "1920x1080", "--presenter"]
    yield first, ["--size", "1920x1080", "--scale", "2.5", "--lang", "zh"]
    yield first, ["--size", "1280x800", "--keys", "question"]
    yield first, ["--size", "1280x800", "--keys", "question", "--lang", "zh"]
    yield first, ["--size", "1280x800", "--keys", "shift+F12"]
    yield first, ["--size", "1024x640", "--keys", "shift+F12", "--lang", "zh"]
    for lesson in LESSONS[1:]:
        yield [lesson], []
        if name_of(lesson) in FACTS:
            yield [lesson], FACTS[name_of(lesson)][0]
        if name_of(lesson) in SHAPES:
            yield [lesson], ["--switch", "2", "--size", "1280x800", "--theme", "light", "--lang", "zh"]


# The stage and the timeline of the first lesson: x, y, width, height of what is compared.
APPROVED = {
    "stage": (["--switch", "2", "--size", "1280x800"], (260, 60, 600, 480)),
    "stage-zh-light": (["--switch", "3", "--size", "1280x800", "--theme", "light", "--lang", "zh"], (260, 60, 600, 480)),
    "timeline-contrast": (["--at", "2ms", "--size", "1280x800", "--theme", "contrast"], (140, 600, 1100, 100)),
}
TOLERANCE, SHARE = 40, 0.03


def name_of(path):
    return os.path.basename(path)[: -len(".scn")]


def wrong_queue(files, dump):
    """What is wrong with the run queue's picture, or nothing."""
    wanted = SHAPES.get(name_of(files[0])) if files else None
    queue = dump["panels"]["run_queue"].get("queue")
    if wanted is None or queue is None:
        return ""
    entries = [e for band in queue["bands"] for e in band["entries"]]
    if entries and queue["shape"] != wanted:   # with nobody there, autogroups are not there yet either
        return f"the run queue is drawn as {queue['shape']}, not as {wanted}"
    if wanted == "drum":
        first = 0
        for e in entries:
            if e["numbers"]["first_ticket"] != first:
                return "the tickets in the drum have gaps"
            first = e["numbers"]["last_ticket"] + 1
        if first != queue["numbers"]["tickets_in_drum"]:
            return "the drum does not hold all tickets"
    if wanted == "levels" and any(e["numbers"]["level"] != i for i, band in enumerate(queue["bands"]) for e in band["entries"]):
        return "a task stands at another level than its own"
    return ""


def line_of(files, options, out, dump):
    """A shot as a line of `shot --script`."""
    line = {"file": files[0], "out": out, "dump": dump}
    names = iter(options)
    for option in names:
        key = option[2:]
        if key == "presenter":
            line[key] = True
        else:
            value = next(names)
            line[key] = float(value) if key == "scale" else int(value) if key in ("switch", "step") else value
    return line


def reduced(picture, area):
    """Means of 4x4 pixels of a rectangle, row by row."""
    x0, y0, width, height = area
    rows = []
    for y in range(y0, y0 + height - 3, 4):
        row = []
        for x in range(x0, x0 + width - 3, 4):
            pixels = [picture.rows[y + j][3 * x:3 * x + 12] for j in range(4)]
            row.append(tuple(sum(sum(p[c::3]) for p in pixels) // 16 for c in range(3)))
        rows.append(row)
    return rows


def write_png(path, rows):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    raw = b"".join(b"\0" + bytes(v for pixel in row for v in pixel) for row in rows)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b""))


def unlike_approved(name, rows):
    path = os.path.join(APPROVED_FOLDER, name + ".png")
    if not os.path.exists(path):
        return f"{name}: there is no approved picture; see the head of this file"
    approved = Picture(path)
    if (approved.width, approved.height) != (len(rows[0]), len(rows)):
        return f"{name}: the approved picture has another size"
    far = sum(max(abs(a - b) for a, b in zip(approved.pixel(x, y), pixel)) > TOLERANCE
              for y, row in enumerate(rows) for x, pixel in enumerate(row))
    share = far / (len(rows) * len(rows[0]))
    return f"{name}: {share:.1%} of the picture differ from the approved one" if share > SHARE else ""


class Taker:
    """Runs many shots in one process; problems are collected."""

    def __init__(self, program, display, folder):
        self.program, self.display, self.folder, self.problems = program, display, folder, []

    def take(self, lines):
        script = os.path.join(self.folder, "script.jsonl")
        with open(script, "w", encoding="utf-8") as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines))
        done = subprocess.run([self.program, "shot", "--script", script], env=self.display.environment(), cwd=ROOT,
                              capture_output=True, text=True, timeout=540)
        if done.returncode != 0:
            self.problems.append(f"exit status {done.returncode}: {done.stderr.strip()[:2000]}")

    def read(self, name, path):
        try:
            with open(path, encoding="utf-8") as file:
                dump = json.load(file)
        except (OSError, ValueError) as error:
            self.problems.append(f"{name}: no dump: {error}")
            return None
        for cut in dump["window"]["overflows"]:
            self.problems.append(f"{name}: text cut in {cut['where']}: '{cut['text']}'"
                                 f" is {cut['width']:.0f} px wide, {cut['available']:.0f} fit")
        return dump


def take_pictures(taker):
    wanted = list(shots())
    place = lambda i, ending: os.path.join(taker.folder, f"{i}.{ending}")  # noqa: E731
    taker.take([line_of(files, options, place(i, "png"), place(i, "json")) for i, (files, options) in enumerate(wanted)])
    for i, (files, options) in enumerate(wanted):
        name = " ".join([os.path.basename(f) for f in files] + options)
        dump = taker.read(name, place(i, "json"))
        if dump is None:
            continue
        picture = Picture(place(i, "png"))
        size = options[options.index("--size") + 1] if "--size" in options else "1280x800"
        if f"{picture.width}x{picture.height}" != size:
            taker.problems.append(f"{name}: the picture is {picture.width}x{picture.height}")
        if len(picture.colours(0, 0, picture.width, picture.height // 4)) < 20:
            taker.problems.append(f"{name}: the picture is empty")
        if fault := wrong_queue(files, dump):
            taker.problems.append(f"{name}: {fault}")
        taker.problems += [f"{name}: not so: {fact}" for fact in wrong_facts(files, options, dump)]
    return len(wanted)


def open_panels(taker):
    """Every panel on every lesson, and on the first in every look; data only."""
    lines, names = [], []

    def visit(name, line, tabs):
        for tab in range(tabs):
            path = os.path.join(taker.folder, f"p{len(lines)}.json")
            lines.append({**(line if tab == 0 else {}), **({"keys": "Tab"} if tab > 0 else {}), "dump": path})
            names.append(f"{name}, panel {tab}")

    probe = os.path.join(taker.folder, "probe.json")
    taker.take([{"file": LESSONS[0], "dump": probe}])
    panels = len(taker.read("probe", probe)["panels"])   # at least as many as there are tabs
    for lesson in LESSONS:
        visit(name_of(lesson), {"file": lesson, "switch": 2, "size": "1280x800"}, panels)
    for size, theme, lang in itertools.product(SIZES[:2], THEMES, ("en", "zh")):
        visit(f"{size} {theme} {lang}", {"file": LESSONS[0], "switch": 2, "size": size, "theme": theme, "lang": lang}, panels)
    taker.take(lines)
    seen = set()
    for name, line in zip(names, lines):
        dump = taker.read(name, line["dump"])
        if dump is not None:
            seen.add(dump["window"].get("tab"))
    if len(seen) < panels - 6:   # transport, tasks, stage and timeline are always there
        taker.problems.append(f"only these tabs were opened: {sorted(map(str, seen))}")
    return len(lines)


def main():
    need_tools()
    arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
    approve = "--approve" in sys.argv
    program = arguments[0] if arguments else os.path.join(ROOT, "build", "bin", "switchyard")
    with Display() as display, tempfile.TemporaryDirectory() as folder:
        taker = Taker(program, display, folder)
        if "--panels" in sys.argv:
            opened = open_panels(taker)
            print("\n".join(taker.problems + [f"{opened} panels opened, {len(taker.problems)} problems"]))
            return 1 if taker.problems else 0
        compared = {name: os.path.join(folder, name + ".png") for name in APPROVED}
        twice = [os.path.join(folder, f"same{i}.png") for i in range(2)]
        taker.take([line_of(LESSONS[:1], APPROVED[name][0], path, "") for name, path in compared.items()] +
                   [{"file": LESSONS[0], "out": path} for path in twice])
        for name, path in compared.items():
            rows = reduced(Picture(path), APPROVED[name][1])
            if approve:
                os.makedirs(APPROVED_FOLDER, exist_ok=True)
                write_png(os.path.join(APPROVED_FOLDER, name + ".png"), rows)
            elif fault := unlike_approved(name, rows):
                taker.problems.append(fault)
        if approve:
            print(f"approved: {', '.join(compared)}")
            return 0
        once, again = (open(path, "rb").read() for path in twice)
        if once != again:
            taker.problems.append("two runs of the same shot differ")
        pictures = take_pictures(taker)
    for problem in taker.problems:
        print(problem)
    print(f"{pictures} pictures, {len(taker.problems)} problems")
    return 1 if taker.problems else 0


if __name__ == "__main__":
    sys.exit(main())
