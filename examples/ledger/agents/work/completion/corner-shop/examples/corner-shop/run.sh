#!/bin/sh
# Builds the book of a corner shop with the installed library, and compares what it says with expected.txt.
# A round trip through CSV must give the same trial balance.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

{
    python -m ledger init shop.jsonl
    python -m ledger import shop.jsonl "$here/march.csv"
    python -m ledger lock shop.jsonl --through 2024-03-31
    python -m ledger check shop.jsonl
    python -m ledger trial-balance shop.jsonl
    python -m ledger income-statement shop.jsonl --from 2024-03-01 --to 2024-03-31
    python -m ledger balance-sheet shop.jsonl --as-of 2024-03-31
} >said.txt
diff "$here/expected.txt" said.txt
cmp "$here/shop.jsonl" shop.jsonl

python -m ledger export shop.jsonl out.csv
python -m ledger init again.jsonl
python -m ledger import again.jsonl out.csv
python -m ledger trial-balance shop.jsonl >first.txt
python -m ledger trial-balance again.jsonl >second.txt
cmp first.txt second.txt
python -m ledger check again.jsonl
