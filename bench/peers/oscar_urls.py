"""The addresses of the django-oscar shop that oscar_shop.py makes."""

from django.apps import apps
from django.urls import include, path

urlpatterns = [path("", include(apps.get_app_config("oscar").urls[0]))]
