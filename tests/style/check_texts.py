#!/usr/bin/env python3
"""Finds sentences that one of the two languages lacks: in the sources (messages, diagnostics, steps, tables) and in the
lessons (titles, introductions, captions, questions and their answers).

What counts as a pair in the sources: the first two arguments of text("…", "…"), a designated .en = "…" with its .zh = "…",
and any two neighbouring string arguments of which the second has Chinese characters. Rules: the Chinese is there, has
Chinese characters wherever the English has a word of its own (not only names that both share), and fills in the same
places {0}, {1}…; the English has no Chinese characters.

Usage: check_texts.py [ROOT] [--self-test]"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CJK = re.compile(r"[\u4e00-\u9fff]")
PLACE = re.compile(r"\{(\w+)\}")
TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"\((?P<raw>.*?)\)"|"(?P<str>(?:[^"\\\n]|\\.)*)"|\'(?:[^\'\\\n]|\\.)+\'|(?P<word>[A-Za-z_.]\w*)|(?P<sign>[^\s\w])|\d\w*',
    re.S)
# Words that both languages write alike: kernel names have capitals, underscores, digits or slashes; the rest is listed.
SHARED = set("""cpu pid tid ns us ms arg args off null none true false file line comm init idle bash root main user kernel page task tasks
mutex futex pipe nice rq cfs rt dl fair stop sys proc self status hard soft irq hi edge level fasteoi timer from free used step steps struct""".split())


def tokens(source):
    """(kind, text, line): strings joined when they stand side by side."""
    out = []
    line = 1
    at = 0
    for m in TOKEN.finditer(source):
        line += source.count("\n", at, m.start())
        at = m.start()
        if m.group("raw") is not None or m.group("str") is not None:
            value = m.group("raw") if m.group("raw") is not None else m.group("str")
            if out and out[-1][0] == "str":
                out[-1] = ("str", out[-1][1] + value, out[-1][2])
            else:
                out.append(("str", value, line))
        elif m.group("word"):
            out.append(("word", m.group("word"), line))
        elif m.group("sign"):
            out.append(("sign", m.group("sign"), line))
        elif not m.group(0).startswith(("/", "'")):
            out.append(("number", m.group(0), line))
        elif m.group(0).startswith("'"):
            out.append(("number", "0", line))
    return out


def needs_translation(en):
    plain = PLACE.sub(" ", re.sub(r"\\.", " ", en))
    plain = re.sub(r"`[^`]*`|'[^']*'", " ", plain)
    words = [w for w in re.findall(r"[A-Za-z][\w./()-]*", plain)]
    own = [w for w in words if w.islower() and w.isalpha() and len(w) > 2 and w not in SHARED]
    return len(own) >= 2 or (len(own) == 1 and len(words) <= 2 and " " in plain.strip())


def faults_of_pair(en, zh):
    if CJK.search(en):
        yield "Chinese in the English: " + en
    if en and not zh:
        yield "no Chinese for: " + en
    if zh and not CJK.search(zh) and needs_translation(en):
        yield "not translated: " + en + " / " + zh
    if "{}" not in en and set(PLACE.findall(en)) != set(PLACE.findall(zh)):
        yield "other places in the Chinese: " + en + " / " + zh


def check_source(path, source):
    faults, pairs = [], 0
    t = tokens(source)

    def pair(en, zh, line):
        nonlocal pairs
        pairs += 1
        for fault in faults_of_pair(en, zh):
            faults.append(f"{path}:{line}: {fault}")

    for i, (kind, value, line) in enumerate(t):
        def is_str(j):
            return 0 <= j < len(t) and t[j][0] == "str"

        def is_sign(j, sign):
            return 0 <= j < len(t) and t[j][:2] == ("sign", sign)
        def is_half():  # text("…", "", …).en: the other half is made elsewhere
            depth = 0
            for j in range(i + 1, len(t)):
                depth += t[j][1] == "(" and t[j][0] == "sign"
                if t[j][:2] == ("sign", ")"):
                    depth -= 1
                    if depth == 0:
                        return j + 1 < len(t) and t[j + 1][1] in (".en", ".zh")
            return False
        if kind == "word" and value == "text" and is_sign(i + 1, "(") and is_str(i + 2) and is_sign(i + 3, ",") and is_str(i + 4):
            if not is_half():
                pair(t[i + 2][1], t[i + 4][1], line)
        elif kind == "word" and value == ".en" and is_sign(i + 1, "=") and is_str(i + 2) and is_sign(i + 3, ",") and t[i + 4][1] == ".zh" and is_str(i + 6):
            if is_sign(i + 7, "}") or is_sign(i + 7, ","):
                pair(t[i + 2][1], t[i + 6][1], line)
        elif kind == "str" and is_sign(i + 1, ",") and is_str(i + 2) and (
                is_sign(i - 1, "{") or is_sign(i - 1, ",") or (is_sign(i - 1, "(") and t[i - 2][1] != "text")):
            # Neighbours, the second Chinese: English and its translation.
            if CJK.search(t[i + 2][1]) and not CJK.search(value):
                pair(value, t[i + 2][1], line)
    return faults, pairs


def check_lesson(path, source):
    faults, count = [], 0
    source = re.sub(r'"(?:[^"\n])*"|#[^\n]*', lambda m: m.group(0) if m.group(0).startswith('"') else "", source)
    word = re.compile(r'\b(title|about|caption|question|right|wrong|because|explain)\s+"([^"]*)"(\s+zh\s+"([^"]*)")?')
    for m in word.finditer(source):
        count += 1
        line = source.count("\n", 0, m.start()) + 1
        zh = m.group(4) or ""
        if not needs_translation(m.group(2)) and not zh:
            continue
        for fault in faults_of_pair(m.group(2).replace("{", "("), zh.replace("{", "(")):
            faults.append(f"{path}:{line}: {m.group(1)}: {fault}")
    return faults, count


def self_test():
    good = 'text("the task sleeps", "任务睡眠"); Text{.en = "now it runs", .zh = "现在它运行"};'
    assert check_source("x", good) == ([], 2), check_source("x", good)
    for bad in ['text("the task sleeps {0}", "任务睡眠")', 'text("the task sleeps", "")', 'text("the task sleeps", "the task sleeps")',
                'text("任务 sleeps", "任务睡眠")', '{"stop", "the thing has ended {1}", "它结束了"}']:
        assert check_source("x", bad)[0], bad
    assert not check_lesson("x", 'title "A pair of tasks" zh "一对任务"\nat 1ms caption "It runs again." zh "它又运行了。"')[0]
    assert check_lesson("x", 'at 1ms caption "It runs again and again."')[0]
    assert check_lesson("x", 'question "Who runs next here?" { right "b" wrong "a" because "It sleeps deeply." }')[0]
    print("self-test: fine")


def main():
    if "--self-test" in sys.argv:
        return self_test()
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    faults, pairs, lessons = [], 0, 0
    for folder in ("sim", "gui"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".cpp", ".h", ".inc"):
                continue
            found, count = check_source(path.relative_to(root), path.read_text(encoding="utf-8"))
            faults += found
            pairs += count
    for path in sorted((root / "scenarios").glob("*.scn")):
        found, count = check_lesson(path.relative_to(root), path.read_text(encoding="utf-8"))
        faults += found
        lessons += count
    for fault in faults:
        print(fault)
    print(f"{pairs} pairs of sentences in the sources, {lessons} texts in lessons: {len(faults)} problems")
    return 1 if faults or pairs < 1000 or lessons < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
