"""``python -m nexnotify`` is the command ``nexnotify``."""

from nexnotify.cli import main

main()
