"""One profile for every run: property tests draw the same examples each time, and leave nothing behind."""

from hypothesis import settings

settings.register_profile("gradc", derandomize=True, deadline=None, database=None)
settings.load_profile("gradc")

collect_ignore_glob = ["golden/*", "hand/*"]  # emitted modules and hand-written passes: data of the tests
