from django.urls import path

from documents.views import document, files, incoming, library, trash, uploading

app_name = "documents"
urlpatterns = [
    path("", library.library, name="library"),
    path("upload/", uploading.upload, name="upload"),
    path("uploads/", incoming.begin, name="begin"),
    path("uploads/<uuid:upload_id>/", incoming.piece, name="piece"),
    path("uploads/<uuid:upload_id>/finish/", incoming.finish, name="finish"),
    path("uploads/<uuid:upload_id>/discard/", incoming.discard, name="discard"),
    path("paste/", uploading.paste, name="paste"),
    path("samples/", uploading.samples, name="samples"),
    path("documents/<uuid:document_id>/", document.document, name="document"),
    path("documents/<uuid:document_id>/row/", library.row, name="row"),
    path("documents/<uuid:document_id>/retry/", library.retry, name="retry"),
    path("documents/<uuid:document_id>/rename/", document.rename, name="rename"),
    path("documents/<uuid:document_id>/unlock/", document.unlock, name="unlock"),
    path("versions/<uuid:version_id>/pages/<int:page>/<int:width>/", files.picture, name="picture"),
    path("versions/<uuid:version_id>/pages/<int:page>/layer/", files.layer, name="layer"),
    path("versions/<uuid:version_id>/original/", files.original, name="original"),
    path("versions/<uuid:version_id>/boxes/", files.boxes, name="boxes"),
    path("documents/<uuid:document_id>/delete/", trash.delete, name="delete"),
    path("trash/", trash.trash, name="trash"),
    path("trash/restore/", trash.restore, name="restore"),
    path("trash/erase/", trash.erase, name="erase"),
]
