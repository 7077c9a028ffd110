#!/usr/bin/env python3
"""One student's evening in the real window, by real keys (xdotool): open, edit with a mistake, mend it, predict and answer,
step back, compare, export, quit, open again, and get the text back after kill -9 in the middle of an edit. The editor's and
the quiz's own tests go into their corners; this one holds that the way from one to the next works."""
import json
import os
import signal
import sys
import tempfile
import time
import xml.etree.ElementTree as xml

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from window import Display, Failure, Window, expect, need_tools  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TEXT = ("# An evening.\nmachine { cpus 1 costs ideal }\n"
        "process a { run 4ms }\nprocess b { run 8ms }\n")


def editor(dump):
    return dump["panels"].get("editor")


def focus_text(window):
    window.keys("ctrl+e")
    window.wait_for(lambda d: editor(d)["focused"], "the text to take the keyboard")


def leave_text(window):
    window.keys("Escape")
    window.wait_for(lambda d: not editor(d)["focused"], "the text to let go")


def edit_with_a_mistake(window):
    if editor(window.dump()) is None:
        return "no editor"
    focus_text(window)
    window.keys("ctrl+Home", "Down", "Down", "End", *(["Left"] * 7))   # behind the first `run`
    window.type("n")
    window.wait_for(lambda d: editor(d)["errors"] > 0 and "runn 4ms" in editor(d)["text"], "the mistake in the margin")
    end = window.dump()["panels"]["timeline"]["until_ns"]
    window.keys("ctrl+period")
    window.wait_for(lambda d: editor(d)["errors"] == 0 and "run 4ms" in editor(d)["text"], "the mistake to be mended")
    window.keys("Right", "Right")
    window.type("0")
    window.wait_for(lambda d: d["panels"]["timeline"]["until_ns"] > end, "the longer run")
    window.keys("ctrl+s")
    window.wait_for(lambda d: not editor(d)["modified"], "the text to be saved")
    leave_text(window)
    return ""


def predict_and_answer(window):
    quiz = window.dump()["panels"].get("quiz")
    if quiz is None:
        return "no quiz"
    window.keys("shift+a")
    window.wait_for(lambda d: d["window"]["tab"] == "quiz", "the quiz")
    window.keys("Return")
    window.wait_for(lambda d: d["panels"]["quiz"]["stage"] == "asking", "a question")
    window.keys("1")
    dump = window.wait_for(lambda d: d["panels"]["quiz"]["stage"] == "answered", "what was right")
    expect(dump["panels"]["quiz"]["question"]["explanation"], "the answer is not explained")
    window.keys("Escape")
    window.wait_for(lambda d: d["panels"]["quiz"]["stage"] == "off", "the quiz to end")
    return ""


def step_back(window):
    window.keys("Home")
    window.wait_for(lambda d: d["panels"]["timeline"]["cursor_ns"] == 0, "the start")
    window.keys("3", "Right")
    dump = window.wait_for(lambda d: d["panels"]["stage"].get("switch", 0) >= 1, "the first switch")
    first = dump["panels"]["timeline"]["cursor_ns"]
    window.keys("Right")
    window.wait_for(lambda d: d["panels"]["timeline"]["cursor_ns"] > first, "the second switch")
    window.keys("Left")
    window.wait_for(lambda d: d["panels"]["timeline"]["cursor_ns"] == first, "the first switch again")
    return ""


def compare(window):
    window.keys("shift+c")
    window.wait_for(lambda d: d["window"]["tab"] == "compare" and d["panels"]["compare"], "the comparison")
    return ""


def export(window):
    if "export_open" not in window.dump()["window"]:
        return "no export"
    window.keys("shift+F12")
    dump = window.wait_for(lambda d: d["window"]["export_open"] and d["window"]["export_path"], "the dialogue")
    path = os.path.join(window.folder, dump["window"]["export_path"])
    window.keys("Return")
    window.wait_for(lambda d: not d["window"]["export_open"] and not d["window"]["exporting"] and os.path.exists(path), "the picture")
    root = xml.parse(path).getroot()
    lanes = [g.get("data-lane") for g in root.iter("{http://www.w3.org/2000/svg}g") if g.get("class") == "lane"]
    shown = [lane["name"] for lane in window.dump()["panels"]["timeline"]["lanes"]]
    expect(lanes == shown, f"lanes in the picture: {lanes}, in the window: {shown}")
    window.keys("shift+F12")
    window.wait_for(lambda d: d["window"]["export_open"], "the dialogue again")
    window.keys("Escape")
    window.wait_for(lambda d: not d["window"]["export_open"], "the dialogue to close")
    return ""


def leave(window):
    expect(window.quit() == 0, "quitting")
    return ""


def after_kill(display, program, path):
    """The text that was being written when the process was killed is offered at the next start."""
    with open(path, encoding="utf-8") as file:
        saved = file.read()
    with Window(display, program, [path]) as window:
        if editor(window.dump()) is None:
            return "no editor"
        window.wait_for(lambda d: editor(d)["text"] == saved, "what was saved")
        focus_text(window)
        window.keys("ctrl+Home")
        window.type("# lost")
        window.wait_for(lambda d: editor(d)["text"].startswith("# lost"), "the letters")
        time.sleep(1)
        window.process.send_signal(signal.SIGKILL)
        window.process.wait()
    with open(path, encoding="utf-8") as file:
        expect(file.read() == saved, "the file was touched")
    with Window(display, program, [path]) as window:
        window.wait_for(lambda d: editor(d)["question"] == "recover", "the offer to recover")
        window.keys("1")
        window.wait_for(lambda d: editor(d)["text"].startswith("# lost"), "the text back")
    return ""


def main():
    need_tools()
    program = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(ROOT, "build", "bin", "switchyard")
    failed = 0

    def part(name, done):
        nonlocal failed
        try:
            missing = done()
            print(f"{'skipped' if missing else 'ok     '} {name}{': ' + missing if missing else ''}", flush=True)
        except (Failure, KeyError, TypeError, json.JSONDecodeError) as failure:
            failed += 1
            print(f"FAILED  {name}: {failure!r}"[:1500], flush=True)

    with Display() as display, tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as state:
        os.environ["XDG_STATE_HOME"] = os.environ["XDG_CONFIG_HOME"] = state
        path = os.path.join(folder, "evening.scn")
        with open(path, "w", encoding="utf-8") as file:
            file.write(TEXT)
        with Window(display, program, [path]) as window:
            window.wait_for(lambda d: d["panels"]["timeline"].get("loaded"), "the scenario")
            for name in (edit_with_a_mistake, predict_and_answer, step_back, compare, export, leave):
                part(name.__name__.replace("_", " "), lambda step=name: step(window))
                if failed:
                    break
        if not failed:
            part("reopen and recover after kill -9", lambda: after_kill(display, program, path))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
