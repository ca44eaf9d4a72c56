"""`python -m gradc` is the command `gradc`."""

from gradc.cli import main

if __name__ == "__main__":
    main()
