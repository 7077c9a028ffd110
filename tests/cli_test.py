#!/usr/bin/env python3
"""Runs the program as a person or a script does: exit statuses, where messages go, every command's help, output files."""
import json
import os
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
FAILURES = []


def run(*words, stdin=None):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=120, input=stdin)
    return done.returncode, done.stdout, done.stderr


def check(condition, what):
    if not condition:
        FAILURES.append(what)


def expect(status, *words, out=None, err=None, stdin=None):
    code, stdout, stderr = run(*words, stdin=stdin)
    name = " ".join(words)
    check(code == status, f"{name}: exit {code}, expected {status}: {stderr[:300]}")
    if out is not None:
        check(out in stdout, f"{name}: standard output lacks {out!r}")
    if err is not None:
        check(err in stderr, f"{name}: standard error lacks {err!r}, has {stderr[:300]!r}")
    return stdout


def is_chinese(text):
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def test_chinese_help():
    """Every sentence of every --help has its Chinese one, and so do messages about wrong usage."""
    overview = expect(0, "--help", "--lang", "zh", out="命令:")
    commands = [line.split()[0] for line in overview.split("命令:")[1].splitlines() if line.startswith("  ") and line[2] != " "]
    check("run" in commands and "explain" in commands, f"--help --lang zh lists {commands}")
    for command in ["", *commands]:
        text = expect(0, *command.split(), "--help", "--lang", "zh", out="选项:")
        entries, body = [], text.split("\n\n")
        for line in "\n".join(body).splitlines():
            if line.startswith("   ") and entries:   # the rest of an entry that is too wide for one line
                entries[-1] += line
            else:
                entries.append(line)
        for entry in entries:
            if entry.strip():
                check(is_chinese(entry), f"{command} --help --lang zh: no Chinese in {entry!r}")
    expect(2, "rnu", "x.scn", "--lang", "zh", err="没有命令")


GOOD = """machine { cpus 2 }
process editor x2 { repeat 2 { run 2ms sleep 1ms } }
process logger pid 570 { thread flusher { run 1ms } run 3ms }
expect switches(logger) >= 1
"""


def main():
    folder = tempfile.mkdtemp()

    def path(name, text):
        full = os.path.join(folder, name)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)
        return full

    good = path("good.scn", GOOD)
    failing = path("failing.scn", GOOD + "expect switches(logger) > 100000\n")
    broken = path("broken.scn", "process a { runn 5ms }\n")
    endless = path("endless.scn", "process a { forever { run 10us yield } }\nmachine { until 3s }\n")

    # Wrong usage: 2. Wrong input or expectation: 1. Fine: 0.
    expect(2)
    expect(2, "rnu", good, err="did you mean 'run'?")
    expect(2, "run", err="FILE")
    expect(2, "run", good, "--format", "xml")
    expect(2, "run", good, "--until", "5", err="12ms")
    expect(2, "run", good, "--sched", "cffs", err="'cfs'")
    expect(2, "run", good, "--sched", "rr,quantun=2ms", err="quantum")
    expect(2, "run", good, "--costs", "free", err="ideal")
    expect(2, "explain", good, "--switch", "0")
    expect(2, "explain", good, "--switch", "1", "--all")
    expect(2, "gui", "--size", "big")
    expect(2, "shot", good, "--at", "1ms", "--step", "3", "-o", os.path.join(folder, "x.png"), err="only one")
    expect(1, "run", os.path.join(folder, "goood.scn"), err="did you mean")
    expect(1, "run", folder, err="folder")
    expect(1, "run", broken, err="broken.scn:1:13: error")
    expect(1, "check", good, broken, out="good.scn: no mistakes", err="'run'")
    expect(1, "check", broken, "--lang", "zh", err="错误")
    expect(0, "check", good)
    expect(1, "run", failing, out="FAIL")
    expect(1, "run", failing, "--format", "json", err="expectation failed")
    expect(0, "run", good, out="PASS")
    expect(0, "run", "-", stdin=GOOD, out="PASS")
    expect(1, "explain", good, "--switch", "99999", err="there is no switch")
    expect(2, "explain", good, "--record", "sched_swich", err="sched_switch")
    expect(1, "explain", good, "--to", "nobody", err="the run ends before")
    expect(0, "explain", good, "--record", "sys_exit", out="system call")

    # Help: every command is listed, and has its own.
    text = expect(0, "--help")
    for command in ["run", "trace", "explain", "check", "ps", "cat", "proc-export", "gui", "shot", "schedulers", "compare"]:
        check(f"\n  {command} " in text, f"--help does not list {command}")
        expect(0, command, "--help", out="Usage:")
    expect(0, "--version", out="switchyard ")
    expect(0, "schedulers", out="quantum=")
    expect(0, "compare", good, "--sched", "cfs,eevdf,rr:quantum=2ms,tie=expired-first", out="Jain")
    expect(2, "compare", good)
    expect(2, "compare", good, "--sched", "cfs,mlfqq", err="mlfq")
    expect(0, "run", "--jobs", "5,10,15", "--sched", "fifo", "--costs", "ideal", out="job2")
    expect(2, "run", "--jobs", "5,x", err="--jobs")
    expect(2, "run", good, "--jobs", "5")

    # The same run twice gives the same bytes, into a file too, and another seed or scheduler says so.
    first = expect(0, "run", good, "--format", "json")
    out = os.path.join(folder, "out.json")
    check(expect(0, "run", good, "--format", "json", "-o", out) == "", "-o prints to standard output as well")
    with open(out, encoding="utf-8") as file:
        check(file.read() == first, "two runs give different JSON")
    result = json.loads(first)
    check(result["scheduler"] == "cfs", "the scenario's scheduler")
    other = json.loads(expect(0, "run", good, "--format", "json", "--sched", "rr:quantum=1ms", "--seed", "7"))
    check((other["scheduler"], other["seed"]) == ("rr quantum=1ms", 7), "--sched and --seed")
    ideal = json.loads(expect(0, "run", good, "--format", "json", "--costs", "ideal"))
    check(ideal["costs"] == "ideal" and ideal["end_ns"] % 1000 == 0, "--costs ideal")
    short = json.loads(expect(0, "run", endless, "--format", "json", "--until", "5ms"))
    check((short["end"], short["end_ns"]) == ("time_limit", 5_000_000), "--until")
    csv = expect(0, "run", good, "--format", "csv").splitlines()
    check(len(csv) == len(result["tasks"]) + 1 and csv[0].startswith("pid,tgid,ppid,comm"), "csv")
    expect(0, "run", good, "--lang", "zh", out="指纹")
    expect(1, "run", good, "-o", os.path.join(folder, "no", "such", "folder"), err="error:")

    # The machine at a moment.
    expect(0, "ps", good, "--at", "1ms", out="[kthreadd]")
    expect(0, "cat", good, "--at", "1ms", "/proc/570/stat", out="570 (logger) ")
    threads = json.loads(expect(0, "ps", good, "--at", "1ms", "--format", "json"))["threads"]
    check(any(t["pid"] == 570 and not t["kernel_thread"] for t in threads), "ps --format json lacks a process")
    expect(2, "proc-export", good, "--at", "1ms", err="DIR")
    tree = os.path.join(folder, "tree")
    expect(0, "proc-export", good, "--at", "1ms", tree)
    with open(os.path.join(tree, "570", "stat"), encoding="utf-8") as file:
        check(file.read() == expect(0, "cat", good, "--at", "1ms", "570/stat"), "proc-export and cat differ")
    expect(1, "proc-export", good, "--at", "1ms", folder, err="empty folder")
    expect(1, "proc-export", good, "--at", "1ms", good, err="is not a folder")
    expect(1, "proc-export", good, "--at", "1ms", folder, "--lang", "zh", err="空的文件夹")
    expect(0, "cat", good, "--at", "1ms", "interrupts", out="Local timer interrupts")
    expect(0, "cat", good, out="/proc/PID/stack")
    expect(1, "cat", good, "--at", "1ms", "/proc/570/statsu", err="did you mean status?")

    # The storyboard, and the log.
    for word in ["user-level", "register-level", "system-level", "RSP", "CR3", "task_struct", "mm_struct", "kernel stack", "pt_regs"]:
        expect(0, "explain", good, out=word)
    check(isinstance(json.loads(expect(0, "explain", good, "--all", "--format", "json")), list), "explain --all")
    check(json.loads(expect(0, "explain", good, "--at", "1ms", "--format", "json"))["cpu"] in (0, 1), "explain --at")
    check(expect(0, "explain", good, "--depth", "line").count("\n") == 1, "explain --depth line")
    expect(0, "trace", good, "--until", "1ms", out="# tracer: nop")
    expect(0, "trace", good, "--until", "1ms", "--steps", out="__switch_to_asm")
    test_chinese_help()

    for failure in FAILURES:
        print("FAIL:", failure)
    print(f"{len(FAILURES)} failures")
    return 1 if FAILURES else 0


sys.exit(main())
