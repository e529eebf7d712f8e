"""Files that staff upload: read, tried, taken in by a worker, and reported on."""
