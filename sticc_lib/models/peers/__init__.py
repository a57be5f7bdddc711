"""The compared methods, one file each, written from specifications alone."""
