"""For gunicorn: ``gunicorn wsgi:app``."""

from nexnotify import create_app
from nexnotify.garbage import keep_what_stays

app = create_app()
keep_what_stays()
