"""For gunicorn: ``gunicorn wsgi:app``."""

from nexnotify import create_app

app = create_app()
