"""Numbers as people read them."""

from django import template

from documents.numbers import grouped

register = template.Library()
register.filter("grouped", grouped)
