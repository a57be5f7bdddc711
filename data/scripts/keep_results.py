"""Copies finished comparisons from reports/compare to data/results, where they are committed.

    python data/scripts/keep_results.py aggregation ablation
    python data/scripts/keep_results.py --short floors aggregation     prints what is kept, in short

Notebook 07 and the README show what lies there. Each table keeps the command and the commit that
made it; give --commit when it was made at another one than the present.
"""

import argparse

from sticc_lib.experiments import results
from sticc_lib.experiments.methods import TABLES
from sticc_lib.experiments.short_table import short, short_leads


def main() -> None:
    """Copies, and prints where to; or prints what is kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", nargs="+", choices=TABLES)
    parser.add_argument("--name", default="compare", help="folder under reports/")
    parser.add_argument("--commit", default="", help="at which the tables were made")
    parser.add_argument("--short", action="store_true", help="copy nothing, print what is kept")
    options = parser.parse_args()
    if options.short:
        for table in options.tables:
            found = results.kept(table)
            print(found.about, short([found.found]), short_leads(found.found), sep="\n\n")
        return
    for table in options.tables:
        print(results.keep(table, options.name, commit=options.commit))


if __name__ == "__main__":
    main()
