#!/usr/bin/env python3
"""`export` without a window: the SVG is parsed and its numbers compared with the trace of the same run, the page of HTML
is parsed, needs nothing from outside, says what `run --format json` says, and escapes whatever a scenario contains."""
import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build", "bin", "switchyard")
FIRST = os.path.join(ROOT, "scenarios", "01-process-switch.scn")
SVG = "{http://www.w3.org/2000/svg}"
problems = []


def check(holds, what):
    if not holds:
        problems.append(what)


def run(*words, status=0, stdin=None, env=None):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, cwd=ROOT, timeout=200, input=stdin, env=env)
    check(done.returncode == status, f"{' '.join(words)}: status {done.returncode}, not {status}: {done.stderr.strip()[:300]}")
    return done


def running_by_trace(file):
    """Task name to the instants (µs) at which it got the CPU, from the ftrace text."""
    begins = {}
    for line in run("trace", file).stdout.splitlines():
        found = re.search(r"\s(\d+)\.(\d{6}): sched_switch: .*next_comm=(.*) next_pid=(\d+)", line)
        if found and found.group(4) != "0":
            begins.setdefault(f"{found.group(3)} {found.group(4)}", []).append(int(found.group(1)) * 1_000_000 + int(found.group(2)))
    return begins


def lanes_of(text):
    root = xml.fromstring(text)
    return root, {g.get("data-lane"): g for g in root.iter(SVG + "g") if g.get("class") == "lane"}


def test_timeline():
    wanted = running_by_trace(FIRST)
    check(len(wanted) >= 2, "the trace has no switches")
    for lang in ("en", "zh"):
        for theme in ("dark", "light", "contrast"):
            text = run("export", FIRST, "--svg", "timeline", "--size", "16000x100", "--lang", lang, "--theme", theme).stdout
            root, lanes = lanes_of(text)
            check(root.get("width") == "16000", "the picture is not as wide as asked for")
            for name, begins in wanted.items():
                if name not in lanes:
                    continue   # kernel threads have brackets
                bars = [r for r in lanes[name].iter(SVG + "rect") if r.get("class") == "running" and r.get("data-begin")]
                shown = sorted(int(r.get("data-begin")) // 1000 for r in bars)
                check(shown == begins, f"{name} runs at {shown} in the picture, at {begins} in the trace")
                for r in bars:   # to scale
                    per_ns = (16000 - 150 - 16) / whole_of(root, lanes)
                    width = (int(r.get("data-end")) - int(r.get("data-begin"))) * per_ns
                    check(abs(float(r.get("width")) - max(width, 1)) < 2.1, f"a bar of {width:.1f} px is {r.get('width')} px wide")
            words = " ".join("".join(t.itertext()) for t in root.iter(SVG + "text"))
            check(("运行" if lang == "zh" else "running") in words, f"no legend in {lang}")
    at = run("export", FIRST, "--svg", "timeline", "--range", "1ms..2ms", "--at", "1500us").stdout
    root, _ = lanes_of(at)
    cursor = [g for g in root.iter(SVG + "g") if g.get("class") == "cursor"]
    check(len(cursor) == 1 and int(cursor[0].get("data-at")) <= 1_500_000, "no cursor at 1.5 ms or before")
    for bar in root.iter(SVG + "rect"):
        if bar.get("data-begin"):
            check(int(bar.get("data-end")) > 1_000_000 and int(bar.get("data-begin")) < 2_000_000, "a bar outside of the range")


def whole_of(root, lanes):
    """What the whole picture shows, in ns: the end of the run and a fiftieth."""
    end = json.loads(run("run", FIRST, "--format", "json").stdout)["end_ns"] if not hasattr(whole_of, "end") else whole_of.end
    whole_of.end = end
    return max(end + end // 50, 1000)


def test_stage():
    for number in ("1", "2", "3"):
        story = json.loads(run("explain", FIRST, "--switch", number, "--format", "json").stdout)
        for lang in ("en", "zh"):
            root = xml.fromstring(run("export", FIRST, "--svg", "stage", "--switch", number, "--lang", lang).stdout)
            words = ["".join(t.itertext()) for t in root.iter(SVG + "text")]
            for who in ("prev", "next"):
                name = story.get(who, {}).get("name") if isinstance(story.get(who), dict) else None
                check(name is None or any(name in w for w in words), f"switch {number}: {name} is not on the stage")
            check(any(re.fullmatch(r"[0-9a-f]{16}", w) for w in words), f"switch {number}: no register on the stage")
            check(sum(1 for r in root.iter(SVG + "rect") if r.get("class") == "lit") >= 1, f"switch {number}: nothing is lit")
    root = xml.fromstring(run("export", FIRST, "--svg", "stage", "--size", "800x500").stdout)
    for element in root.iter():
        if element.tag == SVG + "rect":
            right, bottom = (float(element.get(a)) + float(element.get(b)) for a, b in (("x", "width"), ("y", "height")))
            check(right <= 800.5 and bottom <= 500.5, f"a box ends at {right}, {bottom}, outside of 800x500")


class Page(html.parser.HTMLParser):
    EMPTY = {"meta", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.rows, self.text, self.faults = [], [], [], [], []
        self.feed(text)
        if self.open:
            self.faults.append(f"never closed: {self.open}")

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.EMPTY:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")

    def handle_data(self, data):
        self.text.append(data)
        if self.open and any(t in ("td", "th") for t in self.open) and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def well_formed(text, name):
    page = Page(text)
    check(not page.faults, f"{name}: {page.faults[:3]}")
    for tag, attributes in page.tags:
        check(tag not in ("script", "link", "img", "iframe", "object", "embed"), f"{name}: <{tag}> is in the page")
        for key, value in attributes.items():
            check(not key.startswith("on"), f"{name}: {key}= is in the page")
            check(key not in ("src", "href", "action"), f"{name}: {key}={value} leads outside")
    check("@import" not in text and not re.search(r"url\((?!#)", text), f"{name}: the style leads outside")
    check("prefers-color-scheme:dark" in text, f"{name}: no dark side")
    return page


def test_html():
    report = json.loads(run("run", FIRST, "--format", "json").stdout)
    for lang in ("en", "zh"):
        text = run("export", FIRST, "--html", "--lang", lang).stdout
        page = well_formed(text, f"report in {lang}")
        rows = {row[0]: row for row in page.rows if row and row[0].isdigit()}
        for task in report["tasks"]:
            row = rows.get(str(task["pid"]))
            if row is None:
                check(task["first_run_ns"] is None, f"pid {task['pid']} ran and is not in the table")
                continue
            check(row[1].strip("[]") == task["name"], f"pid {task['pid']} is called {row[1]}, not {task['name']}")
            check(row[10:12] == [str(task["nvcsw"]), str(task["nivcsw"])], f"pid {task['pid']}: switches {row[10:12]}")
        passed = sum(1 for row in page.rows if row and "PASS" in row[0])
        check(passed == sum(v["passed"] for v in report["expectations"]), f"{passed} expectations hold in the page")
        check(report["fingerprint"] in text and report["log_fingerprint"] in text, "the fingerprints are missing")
        with open(FIRST, encoding="utf-8") as file:
            longest = max(file.read().splitlines(), key=len).strip()
        check(longest in "".join(page.text), "the scenario's text is missing")
        check(any(tag == "svg" for tag, _ in page.tags), "no Gantt chart")


def test_hostile():
    bad = '<script>alert(1)</script><img src=x onerror=alert(2)>&amp;\'-->]]>'
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a<b>&'c.scn")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'title "{bad}" zh "{bad}"\nabout "{bad}"\n# {bad} \x01\nprocess a {{ run 3ms }}\nprocess b {{ run 2ms }}\nat 1ms {{ caption "{bad}" }}\n')
        text = run("export", path, "--html").stdout
        well_formed(text, "hostile page")
        check("<script" not in text and "<img" not in text and text.count("&lt;script&gt;") >= 3, "a scenario's words were not escaped")
        for what in ("timeline", "stage"):
            xml.fromstring(run("export", path, "--svg", what).stdout)
        many = os.path.join(folder, "many.scn")
        with open(many, "w", encoding="utf-8") as file:
            file.write("machine { cpus 4 }\nprocess p x300 { repeat 100 { run 300us sleep 1ms } }\n")
        done = subprocess.run([PROGRAM, "export", many, "--html", "-o", os.path.join(folder, "x.html")], capture_output=True, timeout=300)
        if done.returncode == 0:
            size = os.path.getsize(os.path.join(folder, "x.html"))
            check(size < 4_000_000, f"the page of 300 tasks has {size} bytes")
        else:
            check(False, f"many.scn: {done.stderr[:300]}")
        run("export", FIRST, "--html", "-o", os.path.join(folder, "no", "such", "x.html"), status=1)
        film = os.path.join(folder, "x.mp4")
        done = run("export", FIRST, "--mp4", "..", "-o", film, status=1, env={"PATH": folder})
        check(not os.listdir(folder) or not os.path.exists(film + ".part"), "a film that failed left something behind")


def test_usage():
    for words in (["--svg", "window"], [], ["--gif", "5ms"], ["--gif", "5ms..2ms", "-o", "x.gif"], ["--gif", "0ms..1ms"], ["--svg", "stage", "--html"],
                  ["--svg", "timeline", "--range", "x..y"], ["--svg", "stage", "--at", "1ms", "--switch", "2"], ["--svg", "stage", "--size", "0x5"]):
        done = run("export", FIRST, *words, status=2)
        check(done.stderr.strip() != "", f"export {words} says nothing")
    run("export", "no-such.scn", "--html", status=1)
    run("export", "-", "--html", status=1, stdin="process { run }")
    check("<title>" in run("export", "-", "--html", stdin="process a { run 3ms }").stdout, "no page of standard input")


for test in (test_timeline, test_stage, test_html, test_hostile, test_usage):
    test()
for problem in problems[:40]:
    print("FAIL:", problem)
print(f"{len(problems)} failures")
sys.exit(1 if problems else 0)
