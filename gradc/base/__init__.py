"""What every room stands on: errors with their places, files, tables, streams."""
