#!/usr/bin/env python3
"""Teaching in the real window, with real key presses: a quiz is predicted, answered, played and saved; a student
schedules; the chapters are walked; a presenter shows keys, blanks the screen; a file opens with its own view."""
import csv
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from window import Display, Failure, Window, expect, need_tools  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def lesson(name):
    return os.path.join(ROOT, "scenarios", name)


def quiz_of(dump):
    return dump["panels"]["quiz"]


def hand_of(dump):
    return dump["panels"]["hand"]


def test_view(window):
    """Lesson 7 says how it opens: the run queue, moving by switches."""
    dump = window.dump()
    expect(dump["window"]["tab"] == "run_queue", "the file's panel is not open")
    expect(dump["panels"]["transport"]["grain"] == "switch", "the file's grain is not in force")


def test_chapters(window):
    window.keys("shift+h")
    dump = window.wait_for(lambda d: d["window"]["tab"] == "chapters", "the table of contents")
    expect([c["time_ns"] for c in dump["panels"]["chapters"]["chapters"]] == [0, 3_999_000, 10_000_000], "the chapters")
    window.keys("c")
    window.wait_for(lambda d: d["cursor"]["time_ns"] == 3_999_000, "the second chapter")
    # Its caption speaks of the run queue: that tab is opened.
    window.wait_for(lambda d: d["window"]["tab"] == "run_queue", "what the caption speaks of")
    window.keys("c")
    window.wait_for(lambda d: d["cursor"]["time_ns"] == 10_000_000, "the third chapter")
    window.keys("v")
    window.wait_for(lambda d: d["cursor"]["time_ns"] == 3_999_000, "one chapter back")
    window.keys("v")
    window.wait_for(lambda d: d["cursor"]["time_ns"] == 0, "the first chapter")


def test_presenter(window):
    window.keys("F5")
    window.wait_for(lambda d: d["window"]["presenter"], "presenter mode")
    window.keys("Next")  # a remote clicker's Page Down
    dump = window.wait_for(lambda d: d["cursor"]["time_ns"] == 3_999_000, "a clicker's next chapter")
    expect(any("Page" in key or "PgDn" in key for key in dump["window"]["shown_keys"]), f"the key is not shown: {dump['window']['shown_keys']}")
    window.keys("Prior")
    window.wait_for(lambda d: d["cursor"]["time_ns"] == 0, "a clicker's chapter before")
    window.keys("b")
    window.wait_for(lambda d: d["window"]["blank"], "a black screen")
    colours = window.picture().colours()
    expect(colours.get((0, 0, 0), 0) > 1_000_000, "the screen is not black")
    if window.dump()["window"]["blank"]:
        window.keys("space")
    window.wait_for(lambda d: not d["window"]["blank"], "the screen again")
    window.keys("F5")
    window.wait_for(lambda d: not d["window"]["presenter"], "the end of presenter mode")


def test_quiz(window):
    window.keys("shift+a")
    dump = window.wait_for(lambda d: d["window"]["tab"] == "quiz", "the quiz")
    expect((quiz_of(dump)["count"], quiz_of(dump)["seed"]) == (8, 7), "the file says 8 questions, seed 7")
    window.keys("Return")
    window.wait_for(lambda d: quiz_of(d)["stage"] == "asking", "the first question")
    dump = window.dump()
    total = quiz_of(dump)["questions"]
    expect(total == 8, f"{total} questions")
    kinds, right = [], 0
    for number in range(1, total + 1):
        dump = window.wait_for(lambda d, n=number: quiz_of(d)["stage"] == "asking" and quiz_of(d)["question"]["number"] == n, f"question {number}")
        question = quiz_of(dump)["question"]
        kinds.append(question["kind"])
        expect("right" not in question, "the answer is given away")
        # Nothing behind the moment of the question is known.
        expect(dump["run"]["steps"] <= question["before"], f"the run is known up to {dump['run']['steps']}, the question stops at {question['before']}")
        window.keys("1")
        dump = window.wait_for(lambda d: quiz_of(d)["stage"] == "answered", "the answer")
        question = quiz_of(dump)["question"]
        is_right = question["right"] == 0
        right += is_right
        expect(is_right == (question["diagnosis"] == ""), "a wrong answer has a diagnosis, a right one none")
        expect(question["explanation"] != "", "no explanation")
        if number <= 2:
            window.keys("space")
            window.wait_for(lambda d, s=question["step"]: d["cursor"]["step"] >= s, "the answer to be played")
        window.keys("Return")
    dump = window.wait_for(lambda d: quiz_of(d)["stage"] == "done", "the result")
    expect(kinds[:2] == ["teacher", "teacher"], f"the file's own questions come first: {kinds}")
    expect(quiz_of(dump)["points"] == right, "the points")
    window.keys("Return")
    dump = window.wait_for(lambda d: quiz_of(d)["saved"] != "", "the result to be saved")
    with open(os.path.join(window.folder, quiz_of(dump)["saved"]), encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    expect(len(rows) == total and sum(int(row["points"]) for row in rows) == right, "the CSV")
    window.keys("Escape")
    window.wait_for(lambda d: quiz_of(d)["stage"] == "off", "the quiz to end")


def test_hand(window):
    """Lesson 8b opens with the panel; shortest remaining time first is the best possible: 13 ms."""
    expect(window.dump()["window"]["tab"] == "hand", "the file's panel is not open")
    window.keys("Return")
    dump = window.wait_for(lambda d: hand_of(d)["active"] and hand_of(d)["pending"], "the first decision")
    expect(hand_of(dump)["pending"] == {"time_ns": 1_000_000, "cpu": 0, "candidates": ["P1", "P2"]}, "the first decision")
    window.keys("1")
    window.wait_for(lambda d: hand_of(d)["picks"] == ["P1"], "a pick")
    window.keys("BackSpace")
    window.wait_for(lambda d: hand_of(d)["picks"] == [], "the pick to be taken back")
    for number, who in enumerate(["P2", "P2", "P2", "P4", "P1"], 1):
        dump = window.wait_for(lambda d, n=number: len(hand_of(d)["picks"]) == n - 1 and hand_of(d)["pending"], f"decision {number}")
        expect(dump["run"]["end_ns"] <= hand_of(dump)["pending"]["time_ns"], "the future is shown")
        window.keys(str(hand_of(dump)["pending"]["candidates"].index(who) + 1))
    dump = window.wait_for(lambda d: hand_of(d)["pending"] is None and "score_permille" in hand_of(d), "the score")
    expect(hand_of(dump)["turnaround_mean_ns"] == 13_000_000, "13 ms on average")
    expect(hand_of(dump)["score_permille"] == 1000, "as good as can be")
    window.keys("Escape")
    window.wait_for(lambda d: not hand_of(d)["active"], "the end")


def run(display, program, file, tests):
    failed = 0
    with Window(display, program, [file]) as window:
        for test in tests:
            try:
                test(window)
                print(f"ok      {test.__name__}", flush=True)
            except Failure as failure:
                failed += 1
                print(f"FAILED  {test.__name__}: {failure}", flush=True)
                if window.process.poll() is not None:
                    break
        if window.process.poll() is None and window.quit() != 0:
            print("FAILED  quit")
            failed += 1
    return failed


def main():
    need_tools()
    program = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(ROOT, "build", "bin", "switchyard")
    with Display() as display:
        failed = run(display, program, lesson("07-round-robin.scn"), [test_view, test_chapters, test_presenter, test_quiz])
        failed += run(display, program, lesson("08b-your-turn.scn"), [test_hand])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
