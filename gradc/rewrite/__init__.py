"""A graph into an equal one that is no worse: smart constructors, rules, branches, long sums."""
