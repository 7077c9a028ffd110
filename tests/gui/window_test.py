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
LESSONS = sorted(glob.glob(os.path.join(ROOT, "scenarios", "[0-9]*.scn")))


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
    window.keys("t")
    window.wait_for(lambda d: window_of(d)["theme"] == "contrast", "the theme of high contrast")
    colours = window.picture().colours(0, 0, 600, 700)
    expect(colours.get((0, 0, 0), 0) > 20_000, "the contrast theme's ground is black")
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
    """Types a path into the open dialog. On a busy machine a frame may be longer than a key press, and ImGui misses
    the key then: try again."""
    for attempt in range(8):
        try:
            window.keys("ctrl+o")
            window.wait_for(lambda d: window_of(d)["typing"], "the field to take the keyboard", patience=5)
            window.type(path)
            window.wait_for(lambda d: window_of(d)["open_path"] == path, f"{path} to be typed", patience=5)
            break
        except Failure:
            if attempt == 7:
                raise
            window.keys("Escape")
            time.sleep(0.3)
    for _ in range(8):
        window.keys("Return")
        try:
            window.wait_for(lambda d: not window_of(d)["typing"], "the dialog to close", patience=3)
            return
        except Failure:
            pass


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


def test_walks(window):
    """Right and left change the cursor and bring it back to the same machine."""
    start = window.dump()["cursor"]
    places = [start]
    for _ in range(4):
        window.keys("Right")
        places.append(window.wait_for(lambda d: d["cursor"]["step"] == places[-1]["step"] + 1, "one step forward")["cursor"])
    for place in reversed(places[:-1]):
        window.keys("Left")
        back = window.wait_for(lambda d, p=place: d["cursor"]["step"] == p["step"], "one step back")["cursor"]
        expect(back == place, f"going back to step {place['step']} shows another machine")
    window.keys("3", "Right")
    dump = window.wait_for(lambda d: d["cursor"]["switch"] == 1, "the first switch")
    stage = dump["panels"]["stage"]
    expect(stage["switch"] == 1, "the stage shows another switch")
    expect(stage["leaves"]["name"] != stage["comes"]["name"], "a switch is between two tasks")
    expect(dump["panels"]["timeline"]["cursor_ns"] == dump["cursor"]["time_ns"], "the timeline's cursor is elsewhere")
    window.keys("shift+Right")
    window.wait_for(lambda d: d["cursor"]["time_ns"] > dump["cursor"]["time_ns"], "a larger step")
    window.keys("End")
    window.wait_for(lambda d: d["cursor"]["step"] == d["run"]["steps"], "the end")
    window.keys("Home", "1")
    window.wait_for(lambda d: d["cursor"] == start, "the start")


def test_depth(window):
    for depth in ("line", "phases", "words"):
        window.keys("d")
        window.wait_for(lambda d, w=depth: d["panels"]["stage"]["depth"] == w, f"depth {depth}")


def test_timeline(window):
    """Zoom by key and wheel, pan by key and drag, go there by a click."""
    def stretch(dump):
        return dump["panels"]["timeline"]["from_ns"], dump["panels"]["timeline"]["until_ns"]

    window.keys("f")
    whole = stretch(window.wait_for(lambda d: d["panels"]["timeline"]["from_ns"] == 0, "the whole run"))
    window.keys("plus")
    window.wait_for(lambda d: stretch(d)[1] - stretch(d)[0] < (whole[1] - whole[0]) * 0.6, "a closer look")
    window.keys("f")
    window.wait_for(lambda d: stretch(d) == whole, "the whole run again")
    x, y = window.size[0] // 2, window.size[1] - 120
    window.wheel(x, y, up=True)
    near = stretch(window.wait_for(lambda d: stretch(d) != whole, "a zoom by wheel"))
    window.keys("period")
    window.wait_for(lambda d: stretch(d)[0] > near[0], "the timeline to move")
    window.keys("f")
    window.wait_for(lambda d: stretch(d) == whole, "the whole run once more")
    window.click(x, y)
    dump = window.wait_for(lambda d: d["cursor"]["step"] > 0, "the cursor to go where the mouse was clicked")
    middle = (x - 132) / (window.size[0] - 132 - 16) * whole[1]
    expect(dump["cursor"]["time_ns"] <= middle * 1.02 + 10_000, "the cursor is beyond the click")
    window.keys("Home")
    window.wait_for(lambda d: d["cursor"]["step"] == 0, "the start")


def test_plays(window):
    window.keys("bracketright", "bracketright", "space")
    window.wait_for(lambda d: d["cursor"]["step"] >= 3, "playing to walk by itself")
    window.keys("space")
    window.wait_for(lambda d: not d["panels"]["transport"]["playing"], "playing to pause")
    window.keys("bracketleft", "bracketleft", "Home")
    window.wait_for(lambda d: d["cursor"]["step"] == 0, "the start")


def test_selects_tasks(window):
    window.keys("Down")
    first = window.wait_for(lambda d: d["panels"]["tasks"]["selected"] is not None, "a selected task")
    window.keys("Down")
    window.wait_for(lambda d: d["panels"]["tasks"]["selected"] != first["panels"]["tasks"]["selected"], "the next task")


def test_runs_to_task(window):
    """b runs on to where the selected task (bob, in lesson 1) gets the CPU."""
    window.keys("3", "Right")
    window.wait_for(lambda d: d["cursor"]["switch"] >= 1, "a switch")
    for _ in range(8):
        if window.dump()["panels"]["tasks"]["selected"] == 571:
            break
        window.keys("Down")
        time.sleep(0.5)
    before = window.dump()["cursor"]["switch"]
    window.keys("b")
    window.wait_for(lambda d: d["cursor"]["switch"] > before and d["panels"]["stage"]["title"].endswith("→ bob"),
                    "a switch to bob")


def test_objects(window):
    """The graph of shared objects: the counts in the boxes are the references on the lines; the selected task's block is first."""
    window.keys("Home", "3", "Right", "Right", "shift+o", "Down")
    dump = window.wait_for(lambda d: window_of(d)["tab"] == "objects" and d["panels"]["tasks"]["selected"] is not None, "the Objects tab")
    graph = dump["panels"]["objects"]
    expect(any(graph["task"].strip("[]") in h["name"] for h in graph["blocks"][0]["holders"]), "the selected task is not in the first block")
    seen = set()
    for block in graph["blocks"]:
        for thing in block["objects"]:
            counts = [int(word.strip(",")) for word in thing["counts"].split() if word.strip(",").isdigit()]
            users = sum(e["refs"] for e in thing["edges"] if e["why"] == "user")
            others = sum(e["refs"] for e in thing["edges"] if e["why"] in ("borrows", "handing_over"))
            seen.add(thing["counts"].split()[0])
            if not thing["counts"].startswith("mm_users"):
                expect(counts[0] == users, f"{thing['name']}: {thing['counts']}, but {users} on the lines")
            elif thing["name"] != "init_mm":
                expect(counts == [users, others + (users > 0)], f"{thing['name']}: {thing['counts']}, but {users} and {others} on the lines")
    expect(seen >= {"mm_users", "count", "users", "nr_threads"}, f"kinds of objects: {seen}")
    window.keys("1", "shift+q")


def type_in_terminal(window, line, answer):
    """A command typed at the prompt; waits for `answer` in a line behind it."""
    for attempt in range(4):
        try:
            if not window_of(window.dump())["typing"]:
                window.click(1150, window.size[1] * 0.715)
                window.wait_for(lambda d: window_of(d)["typing"], "the prompt to take the keyboard", patience=5)
            window.type(line)
            window.keys("Return")
            window.wait_for(lambda d: any(answer in shown for shown in d["panels"]["terminal"]["lines"]),
                            f"'{answer}' after '{line}'", patience=8)
            return
        except Failure:
            if attempt == 3:
                raise


def test_terminal(window):
    """Commands that change the machine do so, become timed lines, and are saved with the scenario."""
    window.keys("shift+t")
    window.wait_for(lambda d: window_of(d)["tab"] == "terminal", "the Terminal tab")
    window.keys("3", "Right", "Right")

    def pids(dump):
        return [t["pid"] for g in dump["panels"]["tasks"]["groups"] for t in g["tasks"] if t["pid"] >= 500 and t["state"] != "Z"]

    pid = pids(window.wait_for(pids, "a process of the scenario"))[0]
    type_in_terminal(window, "help", "list the commands")
    type_in_terminal(window, f"renice -n 7 -p {pid}", "new priority 7")
    type_in_terminal(window, f"taskset -pc 0 {pid}", "new affinity list: 0")
    type_in_terminal(window, f"chrt -b -p 0 {pid}", f"chrt {pid} batch")
    type_in_terminal(window, f"kill -USR1 {pid}", f"kill {pid} USR1")
    type_in_terminal(window, "kill 4711", "No such process")
    with tempfile.TemporaryDirectory() as folder:
        saved = os.path.join(folder, "saved.scn")
        type_in_terminal(window, f"save {saved}", f"save {saved}")
        window.wait_for(lambda d: os.path.exists(saved), "the saved scenario")
        with open(saved, encoding="utf-8") as file:
            text = file.read()
        for line in (f"nice {pid} 7", f"affinity {pid} 0", f"chrt {pid} batch", f"kill {pid} USR1"):
            expect(line in text, f"'{line}' is not in the saved scenario")
    window.keys("Escape")
    window.wait_for(lambda d: not window_of(d)["typing"], "the prompt to let go")
    window.keys("ctrl+r", "1", "shift+q")
    window.wait_for(lambda d: window_of(d)["tab"] == "run_queue", "the first tab again")


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


TESTS = [test_opens, test_grain_keys, test_walks, test_depth, test_timeline, test_plays, test_selects_tasks, test_runs_to_task,
         test_looks, test_resize, test_broken_file, test_objects, test_terminal, test_other_lesson, test_idle]


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
