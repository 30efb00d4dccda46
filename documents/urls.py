from django.urls import path

from documents import views

app_name = "documents"
urlpatterns = [
    path("", views.library, name="library"),
    path("upload/", views.upload, name="upload"),
    path("samples/", views.samples, name="samples"),
    path("documents/<uuid:document_id>/", views.document, name="document"),
    path("documents/<uuid:document_id>/row/", views.row, name="row"),
    path("documents/<uuid:document_id>/retry/", views.retry, name="retry"),
    path("documents/<uuid:document_id>/rename/", views.rename, name="rename"),
    path("documents/<uuid:document_id>/delete/", views.delete, name="delete"),
]
