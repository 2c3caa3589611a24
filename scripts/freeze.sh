#!/usr/bin/env bash
# Renew constraints.txt: install the newest of everything into a fresh environment, then write down what came.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet torch torchvision
"$folder/venv/bin/python" -m pip install --quiet '.[dev,bench,postgres,torch,clip,faces,generate]'
{
    sed -n '/^#/p' constraints.txt
    "$folder/venv/bin/python" -m pip list --format freeze | grep -vE '^(lookalike|pip|setuptools)='
} >"$folder/constraints.txt"
mv "$folder/constraints.txt" constraints.txt
echo "constraints.txt renewed; now run: make test"
