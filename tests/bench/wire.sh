#!/bin/sh
# Decoding speed of export messages, one core: million records a second for each protocol.
set -eu

repo=$(cd "$(dirname "$0")/../.." && pwd)
exec "${FLOWKIT_TOOLS:-$repo/.build/gcc/tools}/bench_wire"
