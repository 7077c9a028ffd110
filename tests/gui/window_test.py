#!/usr/bin/env python3
"""The real window, with real key presses, under a virtual display: it opens, walks, changes its looks, opens another
file, shows the errors of a broken one, rests without using the processor, and closes."""
import glob
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from window import Display, Failure, Window, expect, need_tools, rgb  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LESSONS = sorted(glob.glob(os.path.join(ROOT, "scenarios", "*.scn")))


def window_of(dump):
    return dump["window"]


def test_opens(window):
    dump = window.dump()
    expect(window_of(dump)["error"] == "", "an error at the start")
    expect(dump["panels"].keys() >= {"transport", "stage", "tasks", "timeline"}, "a panel is missing")
    picture = window.picture()
    expect((picture.width, picture.height) == window.size, f"the picture is {picture.width}x{picture.height}")
    # window.md: ground #14171c, panel #1b1f26 in the dark theme.
    colours = picture.colours(0, 0, picture.width, picture.height)
    for name in ("#14171c", "#1b1f26"):
        expect(colours.get(rgb(name), 0) > 20_000, f"little of the colour {name} in the picture")


def test_grain_keys(window):
    for key, grain in (("3", "switch"), ("2", "phase"), ("4", "tick"), ("1", "step")):
        window.keys(key)
        window.wait_for(lambda d, g=grain: d["panels"]["transport"]["grain"] == g, f"grain {grain}")


def test_looks(window):
    window.keys("t")
    window.wait_for(lambda d: window_of(d)["theme"] == "light", "the light theme")
    colours = window.picture().colours(0, 0, 600, 700)
    expect(colours.get((255, 255, 255), 0) > 20_000, "the light theme's ground is white")
    window.keys("t", "l")
    window.wait_for(lambda d: window_of(d)["lang"] == "zh", "Chinese")
    window.keys("l")
    window.wait_for(lambda d: window_of(d)["lang"] == "en", "English")
    window.keys("ctrl+plus")
    window.wait_for(lambda d: window_of(d)["scale"] > 1.05, "larger type")
    window.keys("ctrl+0")
    window.wait_for(lambda d: window_of(d)["scale"] == 1, "normal type")
    window.keys("i")
    window.wait_for(lambda d: window_of(d)["inspector_folded"], "the inspector to fold")
    window.keys("i", "Tab")
    window.wait_for(lambda d: not window_of(d)["inspector_folded"], "the inspector to unfold")
    window.keys("question")
    window.wait_for(lambda d: window_of(d)["help_open"], "the key help")
    window.keys("Escape")
    window.wait_for(lambda d: not window_of(d)["help_open"], "the key help to close")


def test_resize(window):
    window.resize(1000, 640)
    window.wait_for(lambda d: window_of(d)["inspector_folded"], "a small window to fold the inspector")
    window.resize(*window.size)
    window.wait_for(lambda d: not window_of(d)["inspector_folded"], "a large window to unfold it")


def open_file(window, path):
    window.keys("ctrl+o")
    window.wait_for(lambda d: window_of(d)["typing"], "the field to take the keyboard")
    window.keys("ctrl+a")
    window.type(path)
    window.wait_for(lambda d: window_of(d)["open_path"] == path, f"{path} to be typed")
    window.keys("Return")


def test_broken_file(window):
    before = window.dump()["panels"]["transport"]["file"]
    with tempfile.NamedTemporaryFile("w", suffix=".scn") as file:
        file.write("process a { runn 5ms }\n")
        file.flush()
        open_file(window, file.name)
        dump = window.wait_for(lambda d: "'run'" in window_of(d)["error"], "the error of a broken file")
    expect(dump["panels"]["transport"]["file"] == before, "the scenario that was open is gone")
    window.keys("Escape")
    window.wait_for(lambda d: window_of(d)["error"] == "", "the error to close")
    open_file(window, "/no/such/file.scn")
    window.wait_for(lambda d: "/no/such/file.scn" in window_of(d)["error"], "the error of a missing file")
    window.keys("Escape", "1")
    window.wait_for(lambda d: d["panels"]["transport"]["grain"] == "step", "the keys to work again")


def test_other_lesson(window):
    if len(LESSONS) < 2:
        return
    open_file(window, LESSONS[1])
    name = os.path.basename(LESSONS[1])
    window.wait_for(lambda d: d["panels"]["transport"]["file"] == name, f"{name} to be loaded")
    window.keys("ctrl+Prior")
    window.wait_for(lambda d: d["panels"]["transport"]["file"] == os.path.basename(LESSONS[0]), "the previous lesson")


def test_idle(window):
    """An idle window uses next to no processor time, on any machine: it waits for events."""
    window.mouse(5, 5)
    time.sleep(1.5)
    before = window.cpu_ticks()
    time.sleep(2)
    used = window.cpu_ticks() - before
    expect(used <= 10, f"an idle window used {used} of 200 clock ticks")


TESTS = [test_opens, test_grain_keys, test_looks, test_resize, test_broken_file, test_other_lesson, test_idle]


def main():
    need_tools()
    program = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(ROOT, "build", "bin", "switchyard")
    failed = 0
    with Display() as display:
        with Window(display, program, LESSONS[:1]) as window:
            for test in TESTS:
                try:
                    test(window)
                    print(f"ok      {test.__name__}", flush=True)
                except Failure as failure:
                    failed += 1
                    print(f"FAILED  {test.__name__}: {failure}", flush=True)
                    if window.process.poll() is not None:
                        break
            if window.process.poll() is None:
                status = window.quit()
                if status != 0:
                    print(f"FAILED  quit: exit status {status}")
                    failed += 1
    print(f"{len(TESTS) - failed} of {len(TESTS)} passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
