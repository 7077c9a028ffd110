#!/usr/bin/env python3
"""The comforts of the real window, with real keys: the palette, a key of one's own, preferences that are there again at the
next start (and a broken file that is not), views undone, the glossary, a long run that blocks nothing and can be stopped,
and the time to the first frame."""
import glob
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from window import Display, Failure, Window, expect, need_tools  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LESSONS = sorted(glob.glob(os.path.join(ROOT, "scenarios", "[0-9]*.scn")))
# Millions of records: two tasks on two CPUs hand a byte back and forth for a long time.
LONG = """machine { cpus 2  until 200s }
pipe there
pipe back
process a { forever { write there 1  read back 1 } }
process b { forever { read there 1  write back 1 } }
"""


def palette(window, query, first):
    """Opens the palette, types, and waits for the first row's title."""
    for attempt in range(5):
        try:
            window.keys("ctrl+p")
            window.wait_for(lambda d: "palette" in d and d["window"]["typing"], "the palette", patience=6)
            window.type(query)
            window.wait_for(lambda d: d["palette"]["query"] == query and d["palette"]["rows"]
                            and first in d["palette"]["rows"][0]["title"], f"'{first}' for '{query}'", patience=6)
            return
        except Failure:
            if attempt == 4:
                raise
            window.keys("Escape")
            time.sleep(0.3)


def closed(window):
    window.wait_for(lambda d: "palette" not in d, "the palette to close")


def test_palette(window):
    palette(window, "high contrast", "High contrast")
    window.keys("Return")
    window.wait_for(lambda d: d["window"]["theme"] == "contrast", "the theme of high contrast")
    closed(window)
    palette(window, "plots", "Plots")
    window.keys("Return")
    window.wait_for(lambda d: d["window"]["tab"] == "plots", "the Plots tab")
    # A button of that panel, without the mouse.
    palette(window, "turnaround", "turnaround")
    window.keys("Escape")
    closed(window)
    palette(window, "#2", "Go to switch 2")
    window.keys("Return")
    window.wait_for(lambda d: d["cursor"]["switch"] == 2, "switch 2")


def test_rebind(window):
    palette(window, "next lesson", "next lesson")
    window.keys("F2")
    window.wait_for(lambda d: d["palette"]["capture"] == "next_lesson", "the palette to wait for a key")
    window.keys("l")     # belongs to the language: said, and not taken at once
    window.wait_for(lambda d: "belongs" in d["palette"]["said"], "the conflict to be said")
    window.keys("F7")
    window.wait_for(lambda d: d["palette"]["rows"][0]["key"] == "F7", "the new key in the palette")
    window.keys("Escape")
    closed(window)
    before = window.dump()["panels"]["transport"]["lesson"]
    window.keys("F7")
    window.wait_for(lambda d: d["panels"]["transport"]["lesson"] == before + 1, "the next lesson by the new key")


def test_views(window):
    window.keys("Home")
    first = window.wait_for(lambda d: d["cursor"]["step"] == 0, "the start")
    tab = first["window"]["tab"]
    window.keys("Tab")
    window.wait_for(lambda d: d["window"]["tab"] != tab, "another tab")
    time.sleep(0.6)
    whole = window.dump()["panels"]["timeline"]
    window.keys("plus", "plus")
    window.wait_for(lambda d: d["panels"]["timeline"]["until_ns"] < whole["until_ns"] * 0.5, "a closer look")
    window.keys("alt+Left")
    window.wait_for(lambda d: d["panels"]["timeline"]["until_ns"] == whole["until_ns"], "the zoom to be undone")
    window.keys("alt+Left")
    window.wait_for(lambda d: d["window"]["tab"] == tab, "the tab to be undone")
    window.keys("alt+Right")
    window.wait_for(lambda d: d["window"]["tab"] != tab, "the tab to be redone")


def test_glossary(window):
    window.keys("g")
    window.wait_for(lambda d: "glossary" in d and d["window"]["typing"], "the glossary")
    window.type("zombie")
    window.wait_for(lambda d: d["glossary"].get("term") == "zombie", "the term zombie")
    window.keys("Return")
    window.wait_for(lambda d: d["panels"]["transport"]["file"] == "15-zombie-orphan.scn" and "glossary" not in d, "its lesson")


def test_kept(display, program, folder):
    """What was changed is there at the next start, with the lines of before; what is broken is said and kept."""
    config = os.path.join(folder, "kept")
    with open(config, "w", encoding="utf-8") as file:
        file.write("# by hand\n[view]\nscale = huge\nmood = good\n[keys]\nnext_lesson = F8\n")
    with Window(display, program, LESSONS[:1], config=config) as window:
        window.wait_for(lambda d: "2" in d["window"]["notice"], "the two lines that could not be used to be said")
        window.keys("t", "l", "d")
        window.wait_for(lambda d: d["window"]["theme"] == "light" and d["window"]["lang"] == "zh", "light and Chinese")
        window.keys("F8")
        window.wait_for(lambda d: d["panels"]["transport"]["lesson"] == 2, "the key of the file")
        expect(window.quit() == 0, "quit")
        window.errors.seek(0)
        said = window.errors.read()
        expect(f"{config}:3:" in said and f"{config}:4:" in said, f"the lines are not said: {said}")
    with open(config, encoding="utf-8") as file:
        text = file.read()
    for line in ("# by hand", "scale = huge", "mood = good", "next_lesson = F8", "theme = light", "language = zh", "depth = line"):
        expect(line + "\n" in text, f"'{line}' is not in the preferences: {text}")
    with Window(display, program, LESSONS[:1], config=config) as window:
        dump = window.wait_for(lambda d: d["window"]["lang"] == "zh", "Chinese again")
        expect(dump["window"]["theme"] == "light" and dump["panels"]["stage"]["depth"] == "line", "not as it was left")


def test_recent(display, program, folder):
    config, mine = os.path.join(folder, "recent"), os.path.join(folder, "my own.scn")
    with open(mine, "w", encoding="utf-8") as file:
        file.write("process a { run 1ms }\n")
    with Window(display, program, [mine], config=config) as window:
        expect(window.quit() == 0, "quit")
    with Window(display, program, LESSONS[:1], config=config) as window:
        dump = window.wait_for(lambda d: d["window"]["recent"], "the recent file")
        expect(dump["window"]["recent"] == [os.path.realpath(mine)], f"recent: {dump['window']['recent']}")
        palette(window, "my own", "my own.scn")
        window.keys("Return")
        window.wait_for(lambda d: d["panels"]["transport"]["file"] == "my own.scn", "the recent file to open")


def test_long(display, program, folder):
    """A run of millions of records: the window answers meanwhile, End waits and says so, Escape stops it."""
    path = os.path.join(folder, "long.scn")
    with open(path, "w", encoding="utf-8") as file:
        file.write(LONG)
    with Window(display, program, [path]) as window:
        window.wait_for(lambda d: d["run"]["steps"] > 0, "the run to begin")
        window.keys("End")
        window.wait_for(lambda d: d["window"]["waits_for_run"], "the walk to wait for the run")
        window.keys("t")
        window.wait_for(lambda d: d["window"]["theme"] == "light" and not d["run"]["complete"], "a key to work meanwhile")
        window.keys("Escape")
        steps = window.wait_for(lambda d: not d["window"]["waits_for_run"], "Escape to stop it")["run"]["steps"]
        time.sleep(1)
        window.keys("t")
        dump = window.wait_for(lambda d: d["window"]["theme"] == "contrast", "the next theme")
        expect(dump["run"]["steps"] == steps and not dump["run"]["complete"], "the run went on after Escape")
        before = window.cpu_ticks()
        time.sleep(2)
        expect(window.cpu_ticks() - before <= 20, "a stopped window uses the processor")


def test_first_frame(display, program, folder):
    """The first frame of lesson 1 costs a fraction of a second of processor time (0.2 s unoptimised, software rendering); the
    bound is wide, for sanitizers and slow machines."""
    with Window(display, program, LESSONS[:1]) as window:
        used = window.cpu_ticks() / os.sysconf("SC_CLK_TCK")
        print(f"        first frame after {used:.2f} s of processor time", flush=True)
        expect(used < 3, f"the first frame took {used:.2f} s of processor time")


def main():
    need_tools()
    program = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(ROOT, "build", "bin", "switchyard")
    failed = 0

    def attempt(test, *arguments):
        nonlocal failed
        try:
            test(*arguments)
            print(f"ok      {test.__name__}", flush=True)
        except Failure as failure:
            failed += 1
            print(f"FAILED  {test.__name__}: {failure}", flush=True)

    with Display() as display, tempfile.TemporaryDirectory() as folder:
        with Window(display, program, LESSONS[:1]) as window:
            for test in (test_palette, test_rebind, test_views, test_glossary):
                attempt(test, window)
        for test in (test_first_frame, test_kept, test_recent, test_long):
            attempt(test, display, program, folder)
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
