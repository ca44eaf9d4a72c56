"""One module a command, read when it is named; each has it as `run`."""
