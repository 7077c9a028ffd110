#!/usr/bin/env python3
"""The real procps and pstree over an exported /proc: in mount and PID namespaces of their own, with the folder bound
over /proc, they must print the simulated machine. Every cell that the simulation defines is compared with what
`ps --format json` and `run --until T --format json` say about the same instant. Exit status 77: namespaces are not
permitted here, or the tools are missing."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
SKIPPED = 77
TICK = 10_000_000  # a USER_HZ tick in ns
RAM_KB = 128 << 20
FAILURES = []

# Processes, threads, a zombie, all sleeping states, nice levels both ways, two busy CPUs, a disk, a device.
BUSY = """machine { cpus 2  until 20s }
pipe p
device disk irq 14 latency 50ms block
device keyboard irq 1 every 3ms
process logger nice 10 pid 570 { thread flusher x2 { forever { wait work  run 1ms } } forever { run 10ms  signal work } }
process sleeper { sleep 10s }
process reader { read p }
process writer { sleep 15s  write p 1 }
process syncer nice -5 { forever { fsync disk } }
process shell { fork { run 2ms  exit 3 } sleep 10s }
process worker x2 { forever { run 30ms  sleep 1ms } }
kthread scrubber nice 5 { forever { sleep 10ms  run 1ms } }
"""
# Long enough for load averages; nothing happens for seconds on end.
QUIET = "machine { cpus 1 }\nprocess a pid 600 { run 7s  sleep 20s  run 1ms }\n"
CASES = [(BUSY, 40_000_000), (BUSY, 12_345_678_901), (QUIET, 6_000_000_000), (QUIET, 21_000_000_000),
         ("machine { cpus 4 }\nprocess a x3 { run 100ms }\n", 0)]


def check(condition, what):
    if not condition:
        FAILURES.append(what)


def same(found, expected, what):
    check(found == expected, f"{what}: the tool prints {found!r}, the simulator says {expected!r}")


def simulator(*words):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise SystemExit(f"FAIL: {' '.join(words)}: {done.stderr}")
    return done.stdout


NAMESPACES = ["unshare", "-m", "-p", "-f"]


def may_unshare():
    """The namespaces that are permitted: as we are, or as root of a user namespace."""
    for extra in ([], ["-U", "-r"]):
        words = ["unshare", *extra, "-m", "-p", "-f"]
        with tempfile.TemporaryDirectory() as folder:
            tried = subprocess.run([*words, "sh", "-c", f"mount --bind '{folder}' /proc"], capture_output=True, text=True)
        if tried.returncode == 0:
            NAMESPACES[:] = words
            return None
    return (tried.stderr.strip().splitlines() or ["unshare failed"])[-1]


def tool(folder, command):
    # Executed as process 1 of the namespace: ps insists on finding itself, and finds the simulated init.
    words = [*NAMESPACES, "sh", "-c", f"mount --bind '{folder}' /proc && exec {command}"]
    env = dict(os.environ, LC_ALL="C", TERM="dumb", COLUMNS="512", LINES="2000")
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, env=env)
    check(done.returncode == 0 and not done.stderr, f"{command}: exit {done.returncode}: {done.stderr}")
    return done.stdout.splitlines()


class Machine:
    """The simulator's own word about one instant."""

    def __init__(self, file, at):
        self.at = at
        state = json.loads(simulator("ps", file, "--at", f"{at}ns", "--format", "json"))
        same(state["at_ns"], at, "ps --format json: at_ns")
        self.threads = {t["tid"]: t for t in state["threads"]}
        # The same instant by another way: a run that ends there.
        self.run = json.loads(simulator("run", file, "--until", f"{at}ns", "--format", "json")) if at else None
        self.leaders = {tid: t for tid, t in self.threads.items() if tid == t["pid"]}
        for task in self.run["tasks"] if self.run else []:
            if task["state"] == "X":
                continue
            mine = self.threads[task["pid"]]
            for one, other in (("pid", "tgid"), ("ppid", "ppid"), ("psr", "cpu"), ("comm", "comm"), ("cpu_ns", "cpu_ns")):
                same(mine[one], task[other], f"ps --format json of {task['pid']}, {one}")
            same(mine["stat"][0], task["state"], f"state of {task['pid']}")
            same(mine["pri"], 139 - task["prio"], f"priority of {task['pid']}")

    def ticks(self, pid):
        """User and system ticks of a process, its threads that have gone included."""
        if not self.run:
            return 0
        cpu = sum(t["cpu_ns"] for t in self.run["tasks"] if t["tgid"] == pid)
        user = sum(t["user_ns"] for t in self.threads.values() if t["pid"] == pid)
        return user // TICK + (cpu - user) // TICK

    def uptime_cs(self):
        return self.at // TICK


def args_of(t):
    shown = f"[{t['comm']}]" if t["kernel_thread"] or t["defunct"] else t["comm"]
    return shown + " <defunct>" if t["defunct"] else shown


def check_threads(m, folder):
    lines = tool(folder, "ps -eLo pid,tid,ppid,cls,rtprio,pri,ni,psr,stat,wchan:20,comm")
    seen = {}
    for line in lines[1:]:
        cells = line.split(None, 10)
        seen[int(cells[1])] = cells
    same(sorted(seen), sorted(m.threads), "ps -eLo: threads")
    dash = lambda v: "-" if v is None else str(v)  # noqa: E731
    for tid, t in m.threads.items():
        wchan = dash(t["wchan"]).lstrip("_.")[:20]  # procps takes leading underscores off
        expected = [str(t["pid"]), str(tid), str(t["ppid"]), t["cls"], dash(t["rtprio"]), str(t["pri"]), dash(t["nice"]),
                    str(t["psr"]), t["stat"], wchan, t["comm"] + (" <defunct>" if t["defunct"] else "")]
        got = list(seen.get(tid, []))
        if t["defunct"] and got and not got[-1].endswith("<defunct>"):
            expected[-1] = t["comm"]  # format comm of threads says it only in some versions
        same(got, expected, f"ps -eLo: thread {tid}")


def check_aux(m, folder):
    lines = tool(folder, "ps aux")
    rows = {int(line.split()[1]): line.split(None, 10) for line in lines[1:]}
    same(sorted(rows), sorted(m.leaders), "ps aux: processes")
    for pid, t in m.leaders.items():
        row = rows.get(pid)
        if row is None:
            continue
        ticks = m.ticks(pid)
        start_cs = next((x["arrival_ns"] or 0 for x in (m.run["tasks"] if m.run else []) if x["pid"] == pid), 0) // TICK
        lived = m.uptime_cs() - start_cs
        permille = ticks * 1000 // lived if lived > 0 else 0
        expected = f"{permille // 10}.{permille % 10}" if permille <= 999 else str(permille // 10)
        same(row[2], expected, f"ps aux: %CPU of {pid}")
        rss = t["rss_kb"] * 1000 // RAM_KB
        same(row[3], f"{rss // 10}.{rss % 10}", f"ps aux: %MEM of {pid}")
        same(row[4:6], [str(t["vsz_kb"]), str(t["rss_kb"])], f"ps aux: VSZ and RSS of {pid}")
        same(row[6:8], ["?", t["stat"]], f"ps aux: TTY and STAT of {pid}")
        same(row[9], f"{ticks // 6000}:{ticks // 100 % 60:02}", f"ps aux: TIME of {pid}")
        same(row[10], args_of(t), f"ps aux: COMMAND of {pid}")


def check_tree(m, folder):
    lines = tool(folder, "ps -ejH")
    # Depth from the indentation of CMD: two blanks a generation.
    generation = {0: -1}
    for pid in sorted(m.leaders):
        generation[pid] = generation.get(m.leaders[pid]["ppid"], 0) + 1
    column = lines[0].index("CMD")
    seen = []
    for line in lines[1:]:
        pid, pgid, sid, tty, time, _ = line.split(None, 5)
        pid = int(pid)
        seen.append(pid)
        t = m.leaders.get(pid)
        if t is None:
            continue
        secs = m.ticks(pid) // 100
        same([int(pgid), int(sid), tty], [t["pgid"], t["sid"], "?"], f"ps -ejH: PGID, SID, TTY of {pid}")
        same(time, f"{secs // 3600:02}:{secs // 60 % 60:02}:{secs % 60:02}", f"ps -ejH: TIME of {pid}")
        name = line[column:]
        same(len(name) - len(name.lstrip()), 2 * generation[pid], f"ps -ejH: depth of {pid}")
        same(name.strip().replace(" <defunct>", ""), t["comm"], f"ps -ejH: CMD of {pid}")
    same(sorted(seen), sorted(m.leaders), "ps -ejH: processes")

    # pstree: a child's name stands three characters behind its parent's.
    found, open_at = {}, {}
    for line in tool(folder, "pstree -p -A"):
        for match in re.finditer(r"(\{?[^\s|`+-][^()]*\}?)\((\d+)\)", line):
            parent = open_at.get(match.start(1))
            found[int(match.group(2))] = parent
            open_at[match.end() + 3] = int(match.group(2))
    expected = {}
    for tid, t in m.threads.items():
        if not t["kernel_thread"]:
            expected[tid] = (t["ppid"] or None) if tid == t["pid"] else t["pid"]
    same(found, expected, "pstree: parents")


def load_averages(m):
    """Samples every 5 s and one tick of 4 ms, by the formula of the kernel, from runs that end there."""
    values, at = [0, 0, 0], 5_004_000_000
    while at <= m.at:
        rows = json.loads(simulator("ps", m.file, "--at", f"{at}ns", "--format", "json"))["threads"]
        active = 2048 * sum(t["stat"][0] in "RD" for t in rows)
        for i, forget in enumerate((1884, 2014, 2037)):
            total = values[i] * forget + active * (2048 - forget)
            values[i] = (total + (2047 if active >= values[i] else 0)) // 2048
        at += 5_004_000_000
    return [f"{(v + 10) >> 11}.{((v + 10) & 2047) * 100 >> 11:02}" for v in values]


def check_machine(m, folder):
    letters = [t["stat"][0] for t in m.leaders.values()]
    load = load_averages(m)
    up = m.at // 60_000_000_000
    lines = tool(folder, "top -b -n1")
    check(f"up {up} min" in lines[0], f"top: uptime in {lines[0]!r}")
    check(lines[0].endswith("load average: " + ", ".join(load)), f"top: load in {lines[0]!r}, expected {load}")
    counts = [int(n) for n in re.findall(r"(\d+) ", lines[1])]
    sleeping = sum(letter in "SDI" for letter in letters)
    same(counts, [len(letters), letters.count("R"), sleeping, letters.count("T"), letters.count("Z")], "top: Tasks")
    first = next(i for i, line in enumerate(lines) if line.split()[:2] == ["PID", "USER"]) + 1
    shown = {int(line.split()[0]): line.split() for line in lines[first:]}
    same(sorted(shown), sorted(m.leaders), "top: processes")
    for pid, t in m.leaders.items():
        row, ticks = shown.get(pid, [""] * 12), m.ticks(pid)
        # -100, the stopper's, is written as rt.
        level = 39 - t["pri"]
        same(row[2:6], ["rt" if level < -99 else str(level), str(t["nice"] or 0), str(t["vsz_kb"]), str(t["rss_kb"])], f"top: PR NI VIRT RES of {pid}")
        same(row[7], t["stat"][0], f"top: S of {pid}")
        same(row[10], f"{ticks // 6000}:{ticks // 100 % 60:02}.{ticks % 100:02}", f"top: TIME+ of {pid}")
        command = row[11].rstrip("+")
        check(command and t["comm"].startswith(command), f"top: COMMAND of {pid}: {row[11]!r}")

    line = tool(folder, "uptime")[0]
    check(f"up {up} min" in line and line.endswith("load average: " + ", ".join(load)), f"uptime: {line!r}, expected {load}")

    meminfo = {}
    for line in simulator("cat", m.file, "--at", f"{m.at}ns", "meminfo").splitlines():
        key, value = line.split(":")
        meminfo[key] = int(value.split()[0])
    memory = tool(folder, "free")[1].split()
    same([int(memory[1]), int(memory[3]), int(memory[6])], [RAM_KB, meminfo["MemFree"], meminfo["MemAvailable"]], "free")
    # Idle tasks of all CPUs but the first have allocated stacks too; init_task lies in the kernel image.
    stat = simulator("cat", m.file, "--at", f"{m.at}ns", "stat").splitlines()
    secondary = sum(line.startswith("cpu") for line in stat) - 2   # less the sum of all, less CPU 0
    stacks = sum(not t["defunct"] for t in m.threads.values()) + secondary
    same(meminfo["KernelStack"], 16 * stacks, "meminfo: KernelStack")
    pages = sum(t["rss_kb"] for t in m.leaders.values())
    check(meminfo["AnonPages"] + meminfo["Mapped"] <= pages, "meminfo: more pages than the processes have")

    row = [int(n) for n in tool(folder, "vmstat")[2].split()]
    states = [t["stat"][0] for t in m.threads.values()]
    same(row[0:2], [states.count("R"), states.count("D")], "vmstat: r and b")
    # It computes with 24 bits.
    check(abs(row[3] - meminfo["MemFree"]) <= RAM_KB >> 23, f"vmstat: free is {row[3]}, not {meminfo['MemFree']}")
    if m.run:
        totals, cpus = m.run["totals"], m.run["cpus"]
        irqs = totals["timer_interrupts"] + totals["ipis"] + totals["device_interrupts"]
        seconds = m.at * len(cpus) / 1e9  # it divides by the time of all CPUs together
        for name, found, exact in (("in", row[10], irqs / seconds), ("cs", row[11], totals["switches"] / seconds)):
            # procps counts whole ticks of CPU time, of which each kind loses a fraction.
            check(abs(found - exact) <= 2 + exact * len(cpus) * 5 / max(1, m.uptime_cs()), f"vmstat: {name} is {found}, exactly {exact:.1f}")
        whole = m.at * len(cpus)
        idle, user = sum(c["idle_ns"] for c in cpus), sum(c["user_ns"] for c in cpus)
        if m.at >= 1_000_000_000:
            check(abs(row[12] - user * 100 / whole) <= 2, f"vmstat: us is {row[12]}")
            check(abs(row[14] - idle * 100 / whole) <= 2, f"vmstat: id is {row[14]}")


def check_memory(m, folder):
    """pmap over each process, slabtop and vmstat -m over the caches, w."""
    if shutil.which("pmap"):
        for pid, t in m.leaders.items():
            if t["defunct"]:
                continue
            total = re.search(r"total\s+(\d+)K", "\n".join(tool(folder, f"pmap {pid}")))
            same(total and int(total.group(1)), t["vsz_kb"] + (0 if t["kernel_thread"] else 4), f"pmap: total of {pid}")  # and the vsyscall page
        pid = next(p for p, t in m.leaders.items() if not t["kernel_thread"] and not t["defunct"])
        line = tool(folder, f"pmap -x {pid}")[-1].split()
        same([int(n) for n in line[2:4]], [m.leaders[pid]["vsz_kb"], m.leaders[pid]["rss_kb"]], f"pmap -x: Kbytes and RSS of {pid}")
    caches = {}
    for line in simulator("cat", m.file, "--at", f"{m.at}ns", "slabinfo").splitlines()[2:]:
        words = line.split()
        caches[words[0]] = [int(words[1]), int(words[2]), int(words[3])]
    shown = {row[0]: [int(n) for n in row[1:4]] for row in (line.split() for line in tool(folder, "vmstat -m")[1:])}
    same(shown, caches, "vmstat -m")
    if shutil.which("slabtop"):
        lines = tool(folder, "slabtop -o")
        seen = {line.split()[-1]: [int(n) for n in line.split()[:2]] for line in lines if line.endswith(tuple(caches)) or line.split()[-1:] and line.split()[-1] in caches}
        same(seen, {name: [row[1], row[0]] for name, row in caches.items() if row[1]}, "slabtop -o: objects and active ones")
    if shutil.which("w"):
        check("0 user" in tool(folder, "w")[0], "w: users")


def check_folder(folder, file):
    """What the folder is for others: refused when it is not ours, taken back when it is."""
    theirs = os.path.join(folder, "theirs")
    os.mkdir(theirs)
    with open(os.path.join(theirs, "letter"), "w", encoding="utf-8") as letter:
        letter.write("dear\n")
    done = subprocess.run([PROGRAM, "proc-export", file, "--at", "1ms", theirs], capture_output=True, text=True)
    check(done.returncode == 1 and "empty folder" in done.stderr, f"a folder with a letter in it: {done.returncode} {done.stderr}")
    same(os.listdir(theirs), ["letter"], "a folder with a letter in it")
    ours = os.path.join(folder, "new", "ours")
    for at in ("40ms", "3s"):
        simulator("proc-export", file, "--at", at, ours)
        listed = sorted(int(name) for name in os.listdir(ours) if name.isdigit() and os.path.exists(f"{ours}/{name}/stat"))
        state = json.loads(simulator("ps", file, "--at", at, "--format", "json"))
        same(listed, sorted({t["pid"] for t in state["threads"]}), f"processes of an export at {at}")
        for t in state["threads"]:
            for name in ("stat", "sched", "smaps_rollup"):
                with open(f"{ours}/{t['pid']}/task/{t['tid']}/{name}", encoding="utf-8") as exported:
                    same(exported.read(), simulator("cat", file, "--at", at, f"{t['pid']}/task/{t['tid']}/{name}"), f"{name} of {t['tid']}")
            break
    # A list that was tampered with leads nowhere outside.
    outside = os.path.join(folder, "outside")
    with open(outside, "w", encoding="utf-8") as kept:
        kept.write("kept\n")
    os.symlink(folder, os.path.join(ours, "way"))
    with open(os.path.join(ours, ".switchyard-proc"), "a", encoding="utf-8") as listing:
        listing.write(f"../../outside\n{outside}\nway/outside\n")
    done = subprocess.run([PROGRAM, "proc-export", file, "--at", "1ms", ours], capture_output=True, text=True)
    check(done.returncode == 1, "a link of somebody else in the folder is not noticed")
    check(os.path.exists(outside), "a file outside the folder was removed")


def main():
    missing = [name for name in ("unshare", "ps", "top", "free", "vmstat", "uptime", "pstree") if not shutil.which(name)]
    folder = tempfile.mkdtemp()
    files = []
    try:
        for source, at in CASES:
            files.append(os.path.join(folder, f"{len(files)}.scn"))
            with open(files[-1], "w", encoding="utf-8") as file:
                file.write(source)
        check_folder(folder, files[0])
        why = f"these tools are missing: {' '.join(missing)}" if missing else may_unshare()
        if why:
            print(f"skipped: the real ps and top are not run, because namespaces or tools are not to be had here ({why})")
        for number, (_, at) in enumerate(CASES if not why else []):
            tree = os.path.join(folder, f"proc{number}")
            simulator("proc-export", files[number], "--at", f"{at}ns", tree)
            m = Machine(files[number], at)
            m.file = files[number]
            before = len(FAILURES)
            for part in (check_threads, check_aux, check_tree, check_machine, check_memory):
                part(m, tree)
            FAILURES[before:] = [f"case {number} at {at} ns: {f}" for f in FAILURES[before:]]
    finally:
        shutil.rmtree(folder)
    for failure in FAILURES:
        print("FAIL:", failure)
    print(f"{len(FAILURES)} failures")
    return 1 if FAILURES else SKIPPED if why else 0


sys.exit(main())
