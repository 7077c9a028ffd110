#!/usr/bin/env python3
"""Editing in the real window, by real keys: open, write a mistake, see it, mend it with one key, see the timeline
change, undo, save, be told of another program's change, quit, open again, and get the text back after kill -9."""
import os
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from window import Display, Failure, Window, expect, need_tools  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TEXT = "# Two.\nmachine { cpus 1 costs ideal }\nprocess a { run 4ms }\nprocess b { run 8ms }\ndevice keyboard irq 1\n"


def editor(dump):
    return dump["panels"]["editor"]


def text_is(window, text, what):
    return window.wait_for(lambda d: editor(d)["text"] == text, what)


def lines(window, number):
    """Puts the cursor on a line's beginning."""
    window.keys("ctrl+Home", *(["Down"] * (number - 1)))
    window.wait_for(lambda d: editor(d)["line"] == number, f"line {number}")


def back_to(window, key, text):
    """Presses the key, and waits for what it does, until the text is this one."""
    for _ in range(10):
        before = editor(window.dump())["text"]
        if before == text:
            return
        window.keys(key)
        window.wait_for(lambda d: editor(d)["text"] != before, f"{key} to change the text", patience=10)


def write(window, text, condition, what):
    window.type(text)
    return window.wait_for(condition, what)


def test_mistake_and_remedy(window, path):
    window.keys("ctrl+e")
    window.wait_for(lambda d: editor(d)["focused"], "the text to take the keyboard")
    end = window.dump()["run"]["end_ns"]
    lines(window, 3)
    window.keys("End", *(["Left"] * 7))   # behind `run`
    write(window, "n", lambda d: "runn 4ms" in editor(d)["text"], "the letter")
    dump = window.wait_for(lambda d: editor(d)["errors"] > 0, "the mistake in the margin")
    mistake = editor(dump)["mistakes"][0]
    expect((mistake["line"], mistake["column"], mistake["replacement"]) == (3, 13, "run"), f"another mistake: {mistake}")
    time.sleep(0.6)
    expect(window.dump()["run"]["end_ns"] == end, "the last good run is gone")
    window.keys("ctrl+period")
    window.wait_for(lambda d: editor(d)["errors"] == 0 and "run 4ms" in editor(d)["text"], "the remedy")
    window.keys("Right", "Right")
    write(window, "0", lambda d: "run 40ms" in editor(d)["text"], "the longer burst")
    dump = window.wait_for(lambda d: d["run"]["complete"] and d["run"]["end_ns"] > end + 30_000_000, "the run made anew")
    expect(editor(dump)["ghost"], "the former run did not stay for comparison")
    expect(editor(dump)["modified"], "the text counts as saved")
    return end


def test_undo(window, end):
    longer = editor(window.dump())["text"]
    back_to(window, "ctrl+z", TEXT)
    text_is(window, TEXT, "the first text")
    window.wait_for(lambda d: d["run"]["complete"] and d["run"]["end_ns"] == end, "the first run again")
    back_to(window, "ctrl+y", longer)
    text_is(window, longer, "the changes done again")
    return longer


def test_save(window, path, text):
    window.keys("ctrl+s")
    window.wait_for(lambda d: not editor(d)["modified"], "the text to be saved")
    with open(path, encoding="utf-8") as file:
        expect(file.read() == text, "the file holds something else")
    expect(sorted(os.listdir(os.path.dirname(path))) == ["a.scn"], "a temporary file was left")


def test_completion(window):
    lines(window, 5)
    write(window, "pro", lambda d: "process" in editor(d)["choices"], "the completions")
    window.keys("Escape")
    window.wait_for(lambda d: not editor(d)["choices"], "the completions to close")
    window.keys("BackSpace", "BackSpace", "BackSpace")
    window.wait_for(lambda d: not editor(d)["modified"], "the letters to go")


def test_keyboard_edits(window, text):
    """Out of the text; the selected task's nice value by Alt and an arrow."""
    window.keys("Escape")
    window.wait_for(lambda d: not editor(d)["focused"], "the text to let go")
    window.keys("3", "Right", "Right")   # both processes are there
    window.wait_for(lambda d: d["cursor"]["switch"] >= 2, "two switches")
    for _ in range(12):
        window.keys("Down")
        window.wait_for(lambda d: d["panels"]["tasks"]["selected"] is not None, "a selected task")
        if not any(str(window.dump()["panels"]["tasks"]["selected"]) == str(t["pid"]) and t["name"] in "ab"
                   for g in window.dump()["panels"]["tasks"]["groups"] for t in g["tasks"]):
            time.sleep(0.3)
            continue
        window.keys("alt+Down")
        break
    dump = window.wait_for(lambda d: " nice 1 {" in editor(d)["text"], "a nice value in the text")
    expect(editor(dump)["text"].replace(" nice 1", "", 1) == text, f"more than the nice value has changed: {editor(dump)['text']!r}")
    window.keys("alt+Insert")
    window.wait_for(lambda d: "{ irq keyboard }" in editor(d)["text"], "an interrupt in the text")
    back_to(window, "ctrl+z", text)
    text_is(window, text, "both taken back")


def test_changed_outside(window, path, text):
    other = text.replace("run 8ms", "run 9ms")
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(other)
    os.rename(path + ".new", path)
    text_is(window, other, "the file to be read anew")
    expect(not editor(window.dump())["modified"], "what was read counts as not saved")
    # On both sides.
    window.keys("ctrl+e")
    window.wait_for(lambda d: editor(d)["focused"], "the text to take the keyboard")
    lines(window, 1)
    write(window, "# mine", lambda d: editor(d)["text"].startswith("# mine"), "a change here")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    window.wait_for(lambda d: editor(d)["question"] == "changed", "the question")
    window.keys("3", "2")
    window.wait_for(lambda d: editor(d)["question"] == "" and editor(d)["text"] == text, "theirs to be taken")


def drive(display, program):
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as state:
        path = os.path.join(folder, "a.scn")
        with open(path, "w", encoding="utf-8") as file:
            file.write(TEXT)
        os.environ["XDG_STATE_HOME"] = state
        with Window(display, program, [path]) as window:
            window.wait_for(lambda d: d["run"]["complete"], "the first run")
            end = test_mistake_and_remedy(window, path)
            longer = test_undo(window, end)
            test_save(window, path, longer)
            test_completion(window)
            test_keyboard_edits(window, longer)
            test_changed_outside(window, path, longer)
            expect(window.quit() == 0, "quitting")
        print("ok      mistake, remedy, undo, save, completion, keys, changes from outside", flush=True)
        with Window(display, program, [path]) as window:
            text_is(window, longer, "what was saved")
            window.keys("ctrl+e")
            window.wait_for(lambda d: editor(d)["focused"], "the text to take the keyboard")
            lines(window, 1)
            write(window, "# in the middle of", lambda d: editor(d)["text"].startswith("# in the middle of"), "the letters")
            window.process.send_signal(signal.SIGKILL)
            window.process.wait()
        with open(path, encoding="utf-8") as file:
            expect(file.read() == longer, "the file was touched")
        with Window(display, program, [path]) as window:
            window.wait_for(lambda d: editor(d)["question"] == "recover", "the offer to recover")
            window.keys("1")
            text_is(window, "# in the middle of" + longer, "the text back")
            window.keys("ctrl+q")
            window.wait_for(lambda d: editor(d)["question"] == "unsaved", "the question before quitting")
            window.keys("1")
            expect(window.process.wait(30) == 0, "saving and quitting")
        with open(path, encoding="utf-8") as file:
            expect(file.read() == "# in the middle of" + longer, "it was not saved")
        left = [n for _, _, names in os.walk(state) for n in names]
        expect(not left, f"recovery files were left: {left}")
        print("ok      kill -9 and recovery", flush=True)


def main():
    need_tools()
    program = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(ROOT, "build", "bin", "switchyard")
    with Display() as display:
        try:
            drive(display, program)
        except Failure as failure:
            print(f"FAILED  {failure}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
