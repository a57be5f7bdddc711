"""Copies finished comparisons from reports/compare to data/results, where they are committed.

    python data/scripts/keep_results.py aggregation ablation

Notebook 07 and the README show what lies there. Each table keeps the command and the commit that
made it; give --commit when it was made at another one than the present.
"""

import argparse

from sticc_lib.experiments.methods import TABLES
from sticc_lib.experiments.results import keep


def main() -> None:
    """Copies, and prints where to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="+", choices=TABLES)
    parser.add_argument("--name", default="compare", help="folder under reports/")
    parser.add_argument("--commit", default="", help="at which the tables were made")
    options = parser.parse_args()
    for table in options.tables:
        print(keep(table, options.name, commit=options.commit))


if __name__ == "__main__":
    main()
