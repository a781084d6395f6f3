#!/usr/bin/env bash
# `make test-engines`: the plug-ins within the real ms-swift and verl, each in an environment of its own, without a GPU.
# Needs 5 GB of disk, and about 10 processor minutes (installation and tests). Not part of `make test`.
#
# PyTorch comes first, exactly, and is held there by the constraints: whatever else asks for "torch" would otherwise bring
# the newest build with gigabytes of CUDA. Where there is no GPU, point pip at PyTorch's CPU packages
# (PIP_EXTRA_INDEX_URL, see PyTorch's own instructions).
set -euo pipefail
cd "$(dirname "$0")/../../.."
lane=tests/engines/lane
place=${ENGINES:-.engines}
python=${PYTHON:-python3}
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1
# ms-swift scales pictures by these, not by what a checkpoint says: the bounds of the tiny one.
export MAX_PIXELS=50176 MIN_PIXELS=12544
export PYTHONPATH="$PWD/$lane/site"

environment() { # NAME
  local here="$place/$1" wanted
  wanted=$(cat "$lane/$1.constraints.txt" "$lane/$1.requirements.txt" pyproject.toml | sha256sum | cut -c1-16)
  if [ -f "$here/.installed-$wanted" ]; then return; fi
  echo "making the environment $here"
  [ -x "$here/bin/python" ] || "$python" -m venv "$here"
  local install=("$here/bin/python" -m pip --quiet --disable-pip-version-check install -c "$lane/$1.constraints.txt")
  "${install[@]}" torch
  "${install[@]}" --no-deps torchvision==0.28.0
  "${install[@]}" -r "$lane/$1.requirements.txt"
  "${install[@]}" --editable '.[guest,math]'
  rm -f "$here"/.installed-*
  touch "$here/.installed-$wanted"
}

for engine in ${ENGINE:-swift verl}; do
  environment "$engine"
  echo "== $engine"
  "$place/$engine/bin/python" -m pytest -q -o addopts= -o filterwarnings=default -o timeout=3600 --import-mode=importlib \
    -p no:cacheprovider --confcutdir="$lane" "$lane/test_$engine.py"
done
