#!/bin/sh
# Make sure that the browser tests find a Chromium: the system's, Debian's package, or Playwright's.
# usage: chromium.sh PYTHON
set -eu
python=$1

if found=$("$python" -m tests.browser.chromium 2>/dev/null); then
    echo "Chromium: $found"
    exit 0
fi

if command -v apt-get >/dev/null; then
    root=
    if [ "$(id -u)" -eq 0 ]; then
        root=env
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        root="sudo env"
    fi
    if [ -n "$root" ]; then
        echo "Installing Chromium from the system's packages ..."
        install="$root DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends fonts-dejavu-core"
        # On Ubuntu the package is only a pointer to a snap, which may not run: hence the second look.
        { $root apt-get update -qq; $install chromium-headless-shell 2>/dev/null || $install chromium; } >/dev/null || true
        if found=$("$python" -m tests.browser.chromium 2>/dev/null); then
            echo "Chromium: $found"
            exit 0
        fi
    fi
fi

echo "Installing Playwright's own Chromium ..."
"$python" -m playwright install chromium
"$python" -m tests.browser.chromium
