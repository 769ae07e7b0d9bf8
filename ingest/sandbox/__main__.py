"""``python -m ingest.sandbox``."""

import sys
from argparse import ArgumentParser

from ingest.sandbox.run import DESCRIPTION, add_options, run

if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m ingest.sandbox", description=DESCRIPTION)
    add_options(parser)
    sys.exit(run(parser.parse_args()))
