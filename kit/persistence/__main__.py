"""`python -m kit.persistence`: move, look at and copy what a bot remembers."""

import sys

from kit.persistence.cli import main

if __name__ == "__main__":
    sys.exit(main())
