from django.urls import path

from qa import sources
from qa.views import answers, budgets, pictures, siblings, spend, stream, threads, warmth

app_name = "qa"
urlpatterns = [
    path("threads/", threads.threads, name="threads"),
    path("ask/models/", threads.models, name="models"),
    path("ask/warm/", warmth.begin, name="begin"),
    path("ask/count/", threads.count, name="count"),
    path("ask/suggestions/", threads.suggested, name="suggestions"),
    path("ask/", threads.new, name="new"),
    path("threads/<uuid:thread_id>/", threads.thread, name="thread"),
    path("threads/<uuid:thread_id>/ask/", threads.ask, name="ask"),
    path("threads/<uuid:thread_id>/edit/", threads.edit, name="edit"),
    path("threads/<uuid:thread_id>/warm/", warmth.warm, name="warm"),
    path("threads/<uuid:thread_id>/delete/", threads.delete, name="delete"),
    path("spend/", spend.spend, name="spend"),
    path("spend/file/", spend.spend_file, name="spend_file"),
    path("budgets/", budgets.budgets, name="budgets"),
    path("budgets/remove/", budgets.remove_budget, name="remove_budget"),
    path("pictures/", pictures.add, name="add_picture"),
    path("pictures/<uuid:picture_id>/", pictures.picture, name="picture"),
    path("answers/<uuid:answer_id>/", answers.answer, name="answer"),
    path("answers/<uuid:answer_id>/source/", sources.alone, name="alone"),
    path("answers/<uuid:answer_id>/stream/", stream.stream, name="stream"),
    path("answers/<uuid:answer_id>/stop/", answers.stop, name="stop"),
    path("answers/<uuid:answer_id>/continue/", answers.go_on, name="go_on"),
    path("answers/<uuid:answer_id>/anew/", answers.anew, name="anew"),
    path("answers/<uuid:answer_id>/rephrase/", siblings.rephrase, name="rephrase"),
    path("answers/<uuid:answer_id>/other/", siblings.other, name="other"),
    path("answers/<uuid:answer_id>/beside/<uuid:other_id>/", siblings.beside, name="beside"),
    path("answers/<uuid:answer_id>/retry/", answers.retry, name="retry"),
]
