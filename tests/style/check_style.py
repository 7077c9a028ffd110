#!/usr/bin/env python3
"""Holds the source to the house rules that a compiler cannot: which room may include which, what may not stand in the
simulator (clocks, hash order, floating point, input and output), how a file opens, and what never belongs into the
repository. `--self-test` plants one violation of each rule and expects to find it."""
import os
import re
import subprocess
import sys
import tempfile

ROOMS = ["base", "machine", "model", "program", "trace", "sched", "kernel", "scenario", "analysis", "session", "report", "cli"]
# The rooms whose contents can change a simulated result.
STATE_ROOMS = ["base", "machine", "model", "program", "trace", "sched", "kernel"]
PURE_ROOMS = ROOMS[:-1]  # all but the command line: no input, no output, no clock

# The includes that look up: the program's entry hands the window and the pictures to the command line.
ALLOWED_UP = {("sim/cli/main.cpp", "gui/window_main.h"), ("sim/cli/main.cpp", "gui/picture/export_main.h")}

# A failed assertion says so before it aborts.
ALLOWED_OUTPUT = {"sim/base/assert.cpp"}

SIM_BANS = [
    (r"std::unordered_\w+|<unordered_(map|set)>", "hash order may influence results; use std::map or a sorted vector"),
    (r"std::(map|set|multimap|multiset)<[^,<>]*\*", "ordered by pointer value, which differs from run to run"),
    (r"std::random_device|\bs?rand\(", "not seeded by the scenario; use base's random numbers"),
]
PURE_BANS = [
    (r"std::chrono|\bclock_gettime\b|\bgettimeofday\b|\btime\(\s*(NULL|nullptr|0)\s*\)|std::time\(|<ctime>", "a clock"),
    (r"<(iostream|fstream|filesystem)>|\bstd::c(out|err|in)\b|\bf?printf\(|\bfopen\(|\bfputs\(|\bputs\(", "input or output; only sim/cli does that"),
    (r"\bgetenv\(|std::thread|<thread>|<mutex>", "depends on the surroundings of the process"),
]
STATE_BANS = [(r"\b(float|double)\b", "floating point in simulated state; use integers")]
WINDOW_BANS = [(r'#include [<"](imgui|GLFW|glad|nlohmann/json\.hpp|CLI/)', "belongs to gui/ or to a .cpp of report and cli")]

# Built from pieces so that this file does not contain them.
FORBIDDEN = [
    (r"(?<![\w.])/" + "(work|farm)" + r"/|/tmp/" + r"y/|/" + r"root/", "a path of one machine"),
    (r"registry\." + r"npm|deb\." + r"debian|pypi\." + r"org|files\.python" + "hosted", "a registry's address"),
    (r"(?i)\b(" + "|".join(["cl" + "aude", "anth" + "ropic", "chat" + "gpt", "open" + "ai", "ll" + "m"]) + r")\b|(?i:AI ass" + "istant)", "a word that does not belong here"),
]
TEXT = re.compile(r"\.(cpp|h|inc|md|txt|cmake|json|py|sh|scn|yml)$|(^|/)(switchyard|run|LICENSE|CMakeLists\.txt)$")


def strip_comments(text):
    """The code with comments and strings blanked, line numbers kept. Includes keep their names."""
    def blank(match):
        found = match.group(0)
        if found.startswith('"') and "\n" not in found:
            return '""'
        return "\n" * found.count("\n")
    lines = []
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
    includes = {}
    for number, line in enumerate(text.split("\n")):
        if line.lstrip().startswith("#include"):
            includes[number] = line
    for number, line in enumerate(pattern.sub(blank, text).split("\n")):
        lines.append(includes.get(number, line))
    return lines


def files(root):
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
    if listed.returncode == 0:
        return [name for name in listed.stdout.split("\n") if name and os.path.isfile(os.path.join(root, name))]
    found = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [s for s in subfolders if not s.startswith((".", "build"))]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return found


def check_layers(name, lines, report):
    parts = name.split("/")
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#include "([^"]+)"', line)
        if not match:
            continue
        target = match.group(1)
        if (name, target) in ALLOWED_UP:
            continue
        to = target.split("/")
        if parts[0] == "sim":
            if to[0] != "sim" or len(to) < 3:
                report(name, number, f"includes {target}: sim/ includes only sim/<room>/<file>")
            elif to[1] not in ROOMS or ROOMS.index(to[1]) > ROOMS.index(parts[1]):
                report(name, number, f"includes {target}: {parts[1]} lies below {to[1]}")
        elif parts[0] == "gui" and to[0] not in ("sim", "gui"):
            report(name, number, f"includes {target}: write it from the root, sim/… or gui/…")


def check_bans(name, lines, report):
    parts = name.split("/")
    if parts[0] != "sim" or len(parts) < 3:
        return
    bans = list(SIM_BANS)
    if parts[1] in PURE_ROOMS and name not in ALLOWED_OUTPUT:
        bans += PURE_BANS
    if parts[1] in STATE_ROOMS:
        bans += STATE_BANS
    if name.endswith(".h") or parts[1] not in ("report", "cli"):
        bans += WINDOW_BANS
    for number, line in enumerate(lines, 1):
        for pattern, why in bans:
            found = re.search(pattern, line)
            if found:
                report(name, number, f"'{found.group(0).strip()}': {why}")


def check_form(name, text, report):
    if name.endswith(".h"):
        if "#pragma once" not in text:
            report(name, 1, "a header without #pragma once")
    if name.endswith((".h", ".cpp")):
        own_header = '#include "' + name[: -len(".cpp")] + '.h"' if name.endswith(".cpp") else None
        # A .cpp whose header says it all may open with that header.
        if not text.startswith("//") and not (own_header and text.startswith(own_header)):
            report(name, 1, "does not open with a comment that says the idea it implements")
        if "using namespace std;" in text:
            report(name, 1, "using namespace std")
    if name.endswith((".h", ".cpp", ".inc", ".scn")) and "\t" in text:
        report(name, text[:text.index("\t")].count("\n") + 1, "a tab")


def check_forbidden(name, text, report):
    for number, line in enumerate(text.split("\n"), 1):
        for pattern, why in FORBIDDEN:
            if re.search(pattern, line):
                report(name, number, why)


def check_one_name(name, lines, seen, report):
    """Two types of one name in one namespace break the one-definition rule, and only some builds notice."""
    space = ""
    for number, line in enumerate(lines, 1):
        opened = re.match(r"namespace ([\w:]*) *\{", line)
        if opened:
            space = opened.group(1)
        made = re.match(r"(?:struct|class|enum class|enum) (\w+)[^;]*\{", line)
        if made:
            other = seen.setdefault((space, made.group(1)), name)
            if other != name:
                report(name, number, f"{space}::{made.group(1)} is also defined in {other}")


def check(root):
    problems = []
    types = {}

    def report(name, number, why):
        problems.append(f"{name}:{number}: {why}")

    for name in sorted(files(root)):
        if not TEXT.search(name):
            continue
        with open(os.path.join(root, name), encoding="utf-8", errors="replace") as file:
            text = file.read()
        check_forbidden(name, text, report)
        if name.endswith((".h", ".cpp", ".inc", ".scn")):
            check_form(name, text, report)
        if name.endswith((".h", ".cpp")):
            lines = strip_comments(text)
            check_layers(name, lines, report)
            check_bans(name, lines, report)
            if name.endswith(".h"):
                check_one_name(name, lines, types, report)
    return problems


SELF_TEST = {
    "sim/machine/a.cpp": ('// Idea.\n#include "sim/kernel/b.h"\n', "machine lies below kernel"),
    "sim/base/b.cpp": ('// Idea.\n#include "gui/theme/theme.h"\n', "sim/ includes only"),
    "sim/sched/c.cpp": ("// Idea.\nstd::unordered_map<int, int> m;\n", "hash order"),
    "sim/kernel/d.cpp": ("// Idea.\nstd::set<Task*> tasks;\n", "pointer value"),
    "sim/kernel/e.cpp": ("// Idea.\nauto t = std::chrono::steady_clock::now();\n", "a clock"),
    "sim/trace/f.cpp": ("// Idea.\ndouble sum = 0;\n", "floating point"),
    "sim/report/g.cpp": ('// Idea.\nvoid f() { printf("x"); }\n', "input or output"),
    "sim/base/h.h": ("// Idea.\nint x;\n", "#pragma once"),
    "sim/base/i.cpp": ("int x;\n", "does not open with a comment"),
    "gui/j.md": ("see /" + "work/shared\n", "a path of one machine"),
    "sim/session/k.h": ("// Idea.\n#pragma once\n#include <nlohmann/json.hpp>\n", "belongs to gui/"),
    "sim/trace/l.h": ("// Idea.\n#pragma once\nnamespace sy {\nstruct Twice {\n", "sy::Twice is also defined in"),
}
CLEAN = {
    "sim/base/twice.h": "// Idea.\n#pragma once\nnamespace sy {\nstruct Twice {\n",
    "sim/kernel/ok.cpp": '// A comment may say double, printf() and std::chrono.\n#include "sim/base/types.h"\nconst char* s = "printf(double)";\nauto t = stmt.time();\n',
    "sim/report/ok.cpp": '// Idea.\n#include "sim/session/s.h"\n#include <nlohmann/json.hpp>\nint n = std::snprintf(b, 3, "x");\n',
}


def self_test():
    failed = 0
    with tempfile.TemporaryDirectory() as root:
        for name, content in {**{n: c for n, (c, _) in SELF_TEST.items()}, **CLEAN}.items():
            os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
            with open(os.path.join(root, name), "w", encoding="utf-8") as file:
                file.write(content)
        problems = check(root)
        for name, (_, wanted) in SELF_TEST.items():
            if not any(p.startswith(name + ":") and wanted in p for p in problems):
                print(f"not found: {wanted} in {name}")
                failed += 1
        for problem in problems:
            if problem.split(":")[0] in CLEAN:
                print(f"false alarm: {problem}")
                failed += 1
    return failed


def main():
    if sys.argv[1:] == ["--self-test"]:
        failed = self_test()
        print(f"{len(SELF_TEST)} planted violations, {failed} wrong answers")
        return 1 if failed else 0
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    problems = check(root)
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
