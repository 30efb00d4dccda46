from django.urls import path

from qa import sources, views

app_name = "qa"
urlpatterns = [
    path("threads/", views.threads, name="threads"),
    path("ask/", views.new, name="new"),
    path("threads/<uuid:thread_id>/", views.thread, name="thread"),
    path("threads/<uuid:thread_id>/ask/", views.ask, name="ask"),
    path("threads/<uuid:thread_id>/edit/", views.edit, name="edit"),
    path("threads/<uuid:thread_id>/delete/", views.delete, name="delete"),
    path("answers/<uuid:answer_id>/", views.answer, name="answer"),
    path("answers/<uuid:answer_id>/source/", sources.alone, name="alone"),
    path("answers/<uuid:answer_id>/stream/", views.stream, name="stream"),
    path("answers/<uuid:answer_id>/stop/", views.stop, name="stop"),
    path("answers/<uuid:answer_id>/anew/", views.anew, name="anew"),
    path("answers/<uuid:answer_id>/retry/", views.retry, name="retry"),
]
