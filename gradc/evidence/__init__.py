"""What is known of a program beside its gradient: checks, reports, traces."""
