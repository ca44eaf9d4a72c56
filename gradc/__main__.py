"""`python -m gradc` is the command `gradc`."""

import sys


def run() -> None:
    """The command, which ends quietly if it is interrupted before it has begun."""
    try:
        from gradc.cli import main

        main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run()
