"""`python -m gradc` is the command `gradc`."""

import gc
import sys


def run() -> None:
    """The command, which ends quietly if it is interrupted before it has begun."""
    gc.disable()  # what is imported stays; looking for garbage in it takes a tenth of the start
    try:
        from gradc.cli import main

        main()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        gc.freeze()  # Python looks for garbage as it ends, too


if __name__ == "__main__":
    run()
