#!/usr/bin/env python3
"""Pictures of the window without a person: every lesson once, the first in both languages, themes and several sizes,
and every inspector tab. Asserted of each: it has the size asked for, it is not empty, no text was cut by mistake, and
a second run gives the same picture byte for byte."""
import glob
import itertools
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from window import Display, Picture, need_tools  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LESSONS = sorted(glob.glob(os.path.join(ROOT, "scenarios", "[0-9]*.scn")))
SIZES = ("1280x800", "1920x1080", "1024x640")
TABS = 17  # at least as many as the inspector has; further presses come round again


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
    for size, theme, lang in itertools.product(SIZES, ("dark", "light", "contrast"), ("en", "zh")):
        yield first, ["--size", size, "--theme", theme, "--lang", lang]
    yield first, ["--size", "1920x1080", "--presenter"]
    yield first, ["--size", "1920x1080", "--scale", "2.5", "--lang", "zh"]
    yield first, ["--size", "1280x800", "--scale", "0.8"]
    yield first, ["--size", "1280x800", "--keys", "question"]
    yield first, ["--size", "1280x800", "--keys", "question", "--lang", "zh"]
    for tab in range(1, TABS):
        yield first, ["--keys", "Tab " * tab]
    for lesson in LESSONS[1:]:
        yield [lesson], []
        if name_of(lesson) in FACTS:
            yield [lesson], FACTS[name_of(lesson)][0]
        if name_of(lesson) in SHAPES:
            yield [lesson], ["--switch", "2", "--size", "1280x800", "--theme", "light", "--lang", "zh"]


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


def main():
    need_tools()
    program = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build", "bin", "switchyard")
    problems = []
    taken = 0
    with Display() as display, tempfile.TemporaryDirectory() as folder:
        picture_path, dump_path = os.path.join(folder, "a.png"), os.path.join(folder, "a.json")

        def shoot(files, options):
            done = subprocess.run([program, "shot", *files, "-o", picture_path, "--dump", dump_path, *options],
                                  env=display.environment(), cwd=ROOT, capture_output=True, text=True, timeout=120)
            if done.returncode != 0:
                return f"exit status {done.returncode}: {done.stderr.strip()}"
            return ""

        for files, options in shots():
            name = " ".join([os.path.basename(f) for f in files] + options)
            why = shoot(files, options)
            taken += 1
            if why:
                problems.append(f"{name}: {why}")
                continue
            picture = Picture(picture_path)
            size = options[options.index("--size") + 1] if "--size" in options else "1280x800"
            if f"{picture.width}x{picture.height}" != size:
                problems.append(f"{name}: the picture is {picture.width}x{picture.height}")
            if len(picture.colours(0, 0, picture.width, picture.height // 4)) < 20:
                problems.append(f"{name}: the picture is empty")
            with open(dump_path, encoding="utf-8") as file:
                dump = json.load(file)
                if fault := wrong_queue(files, dump):
                    problems.append(f"{name}: {fault}")
                problems += [f"{name}: not so: {fact}" for fact in wrong_facts(files, options, dump)]
                for cut in dump["window"]["overflows"]:
                    problems.append(f"{name}: text cut in {cut['where']}: '{cut['text']}'"
                                    f" is {cut['width']:.0f} px wide, {cut['available']:.0f} fit")
        shoot(LESSONS[:1], [])
        with open(picture_path, "rb") as file:
            once = file.read()
        shoot(LESSONS[:1], [])
        with open(picture_path, "rb") as file:
            if file.read() != once:
                problems.append("two runs of the same shot differ")
    for problem in problems:
        print(problem)
    print(f"{taken} pictures, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
