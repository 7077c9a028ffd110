"""Drives the real window: a virtual X display of its own, key presses and mouse through xdotool, facts from the
program's dump file and from the pixels of the pictures it saves. Only the standard library."""
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

SKIPPED = 77  # CTest's SKIP_RETURN_CODE
PATIENCE = 30  # seconds for anything to happen; only ever waited out on failure


class Failure(Exception):
    pass


def need_tools():
    for tool in ("Xvfb", "xdotool"):
        if not shutil.which(tool):
            print(f"skipped: {tool} is not installed")
            sys.exit(SKIPPED)


class Display:
    """A virtual X server; `with Display() as display:`."""

    def __init__(self, width=2000, height=1400):
        self.size = f"{width}x{height}x24"

    def __enter__(self):
        reader, writer = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", self.size, "-nolisten", "tcp", "-noreset"],
            pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as number:
            self.name = ":" + number.readline().strip()
        if self.name == ":":
            raise Failure("the virtual display did not start")
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()

    def environment(self):
        env = dict(os.environ, DISPLAY=self.name, LIBGL_ALWAYS_SOFTWARE="1")
        env.pop("WAYLAND_DISPLAY", None)
        return env


class Window:
    """The program with its window open; `with Window(display, program, [...]) as window:`."""

    def __init__(self, display, program, arguments=(), size=(1280, 800), config=None):
        """`config`: the file of preferences; without one, a new one that nobody else sees."""
        self.config = config
        self.display, self.program, self.arguments, self.size = display, program, list(arguments), size

    def __enter__(self):
        self.folder = tempfile.mkdtemp()
        self.config = self.config or os.path.join(self.folder, "config")
        self.dump_path = os.path.join(self.folder, "dump.json")
        command = [self.program, "gui", *self.arguments, "--dump", self.dump_path,
                   "--size", f"{self.size[0]}x{self.size[1]}"]
        self.errors = open(os.path.join(self.folder, "stderr"), "w+")
        # Pictures (F12) go to the current folder.
        env = dict(self.display.environment(), SWITCHYARD_CONFIG=self.config)
        env.setdefault("XDG_STATE_HOME", self.folder)   # recovery files stay out of the person's own folder
        self.process = subprocess.Popen(command, cwd=self.folder, env=env,
                                        stdout=subprocess.DEVNULL, stderr=self.errors)
        self.wait_for(lambda _: True, "the window to open")
        self.id = self.xdotool("search", "--onlyvisible", "--pid", str(self.process.pid)).split()[0]
        self.mouse(self.size[0] // 2, self.size[1] // 2)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.errors.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def xdotool(self, *words):
        done = subprocess.run(["xdotool", *words], env=self.display.environment(), capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"xdotool {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    # ---- input ---------------------------------------------------------------------------------------------------

    def keys(self, *names):
        """Real key presses: "Right", "shift+Right", "ctrl+plus"."""
        for name in names:
            self.xdotool("key", "--delay", "30", name)

    def type(self, text):
        self.xdotool("type", "--delay", "30", text)

    def mouse(self, x, y):
        self.xdotool("mousemove", str(x), str(y))

    def click(self, x, y, button=1):
        self.xdotool("mousemove", str(x), str(y), "click", str(button))

    def wheel(self, x, y, up=True):
        self.click(x, y, 4 if up else 5)

    def drag(self, start, stop):
        self.xdotool("mousemove", str(start[0]), str(start[1]), "mousedown", "1")
        self.xdotool("mousemove", str(stop[0]), str(stop[1]))
        self.xdotool("mouseup", "1")

    def resize(self, width, height):
        self.xdotool("windowsize", self.id, str(width), str(height))

    # ---- facts ---------------------------------------------------------------------------------------------------

    def dump(self):
        with open(self.dump_path, encoding="utf-8") as file:
            return json.load(file)

    def wait_for(self, condition, what, patience=PATIENCE):
        """Polls the dump until the condition holds, and returns the dump that held it."""
        deadline = time.monotonic() + patience
        last = None
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                self.errors.seek(0)
                raise Failure(f"waiting for {what}: the program ended with {self.process.returncode}: {self.errors.read()}")
            try:
                last = self.dump()
                if condition(last):
                    return last
            except (FileNotFoundError, KeyError):
                pass
            time.sleep(0.02)
        shown = "nothing"
        if last:
            shown = json.dumps({"window": last.get("window"), **last}, ensure_ascii=False)[:2000]
        raise Failure(f"waited in vain for {what}; last dump: {shown}")

    def picture(self):
        """Saves what the window shows with its own key and reads it back."""
        before = set(os.listdir(self.folder))
        self.keys("F12")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            new = [n for n in set(os.listdir(self.folder)) - before if n.endswith(".png")]
            if new:
                try:
                    return Picture(os.path.join(self.folder, new[0]))
                except (struct.error, zlib.error, AssertionError):
                    pass  # still being written
            time.sleep(0.05)
        raise Failure("F12 saved no picture")

    def cpu_ticks(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def quit(self):
        self.keys("ctrl+q")
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure("Ctrl+Q did not close the window") from None

    def close_from_outside(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


class Picture:
    """A PNG of ours: 8-bit RGB, rows with filter 0 or 2. pixel(x, y) is (r, g, b)."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        assert data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG"
        at, packed, ended = 8, b"", False
        while at < len(data):
            length, kind = struct.unpack(">I4s", data[at:at + 8])
            body = data[at + 8:at + 8 + length]
            (check,) = struct.unpack(">I", data[at + 8 + length:at + 12 + length])
            assert check == zlib.crc32(kind + body), "bad checksum"
            if kind == b"IHDR":
                self.width, self.height, depth, colour, *_ = struct.unpack(">IIBBBBB", body)
                assert (depth, colour) == (8, 2)
            elif kind == b"IDAT":
                packed += body
            elif kind == b"IEND":
                ended = True
            at += 12 + length
        assert ended, "cut short"
        raw = zlib.decompress(packed)
        stride = self.width * 3
        self.rows, above = [], bytes(stride)
        for y in range(self.height):
            start = y * (stride + 1)
            row = raw[start + 1:start + 1 + stride]
            if raw[start] == 2:
                row = bytes((a + b) & 255 for a, b in zip(row, above))
            self.rows.append(row)
            above = row

    def pixel(self, x, y):
        return tuple(self.rows[y][3 * x:3 * x + 3])

    def colours(self, x0=0, y0=0, x1=None, y1=None):
        """How often each colour occurs in a rectangle."""
        counts = {}
        for y in range(y0, y1 or self.height):
            row = self.rows[y]
            for x in range(x0, x1 or self.width):
                colour = tuple(row[3 * x:3 * x + 3])
                counts[colour] = counts.get(colour, 0) + 1
        return counts


def rgb(text):
    """"#14171c" as (20, 23, 28)."""
    return tuple(int(text[i:i + 2], 16) for i in (1, 3, 5))


def expect(condition, what):
    if not condition:
        raise Failure(what)
