from django.urls import path

from documents.views import document, library, uploading

app_name = "documents"
urlpatterns = [
    path("", library.library, name="library"),
    path("upload/", uploading.upload, name="upload"),
    path("samples/", uploading.samples, name="samples"),
    path("documents/<uuid:document_id>/", document.document, name="document"),
    path("documents/<uuid:document_id>/row/", library.row, name="row"),
    path("documents/<uuid:document_id>/retry/", library.retry, name="retry"),
    path("documents/<uuid:document_id>/rename/", document.rename, name="rename"),
    path("documents/<uuid:document_id>/delete/", document.delete, name="delete"),
]
