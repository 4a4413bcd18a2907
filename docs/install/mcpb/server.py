"""What the bundle's host starts: the stdio front of the wheel beside this file."""

import sys

from shotwright.server.main import main

if __name__ == "__main__":
    sys.argv[1:] = ["stdio"]
    sys.exit(main())
