#!/usr/bin/env bash
# Makes the pictures of this folder again, with the program itself: ./docs/make-pictures.sh [PROGRAM]. Needs a display or
# Xvfb.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=${1:-build/bin/switchyard}
first=scenarios/01-process-switch.scn
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT

seen() {
    if [ -n "${DISPLAY:-}" ]; then "$program" "$@"; else xvfb-run -a -s "-screen 0 1920x1200x24" "$program" "$@"; fi
}

cat >"$lines" <<LINES
{"file": "$first", "switch": 2, "size": "1600x1000", "out": "docs/window.png"}
{"file": "$first", "switch": 2, "size": "1280x800", "theme": "light", "lang": "zh", "out": "docs/window-zh.png"}
{"file": "scenarios/27-priority-inversion.scn", "at": "3ms", "size": "1280x800", "theme": "light", "out": "docs/window-light.png"}
LINES
seen shot --script "$lines"
# The second switch of the lesson, step by step with the words in flight.
seen export "$first" --gif 600us.. --walk --size 960x600 --seconds 12 --fps 10 --theme dark -o docs/switch.gif
"$program" export "$first" --svg timeline --at 1500us -o docs/timeline.svg
"$program" export "$first" --svg stage --switch 2 -o docs/stage.svg
ls -l docs/*.png docs/*.gif docs/*.svg
