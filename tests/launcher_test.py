#!/usr/bin/env python3
"""The launcher passes words on: the program's output alone on standard output, its exit status, from any folder, and
without noticeable delay when there is nothing to build."""
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LAUNCHER = os.path.join(ROOT, "switchyard")


def run(*words, cwd=ROOT, launcher=LAUNCHER, **more):
    return subprocess.run([launcher, *words], cwd=cwd, capture_output=True, text=True, timeout=100, **more)


def main():
    failed = []

    def expect(condition, what):
        if not condition:
            failed.append(what)

    done = run("--help")
    expect(done.returncode == 0 and done.stdout.startswith("Switchyard"), "--help prints the help and nothing else")
    expect(done.stderr == "", f"--help wrote to standard error: {done.stderr[:200]}")
    expect(run("no-such-word").returncode == 2, "an unknown word is wrong usage, exit status 2")
    with tempfile.TemporaryDirectory() as folder:
        expect(run("--help", cwd=folder).returncode == 0, "works from another folder")
        link = os.path.join(folder, "sy")
        os.symlink(LAUNCHER, link)
        expect(run("--help", launcher=link).returncode == 0, "works through a symbolic link")
    # Nothing to build: no compiler, no cmake, no package manager is started, so a path without them will do.
    with tempfile.TemporaryDirectory() as folder:
        for tool in ("bash", "env", "find", "readlink", "dirname"):
            where = subprocess.run(["sh", "-c", f"command -v {tool}"], capture_output=True, text=True).stdout.strip()
            os.symlink(where, os.path.join(folder, tool))
        done = run("--help", env={"PATH": folder, "HOME": folder})
        expect(done.returncode == 0, f"an up-to-date program needs no tools: {done.stderr[:200]}")
    for what in failed:
        print("FAILED ", what)
    print("launcher: " + (f"{len(failed)} failures" if failed else "all fine"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
