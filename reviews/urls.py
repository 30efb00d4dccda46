from django.urls import path

from reviews.views import building, cells, documents, files, grid, running, tables

app_name = "reviews"
urlpatterns = [
    path("tables/", tables.tables, name="tables"),
    path("tables/new/", tables.new, name="new"),
    path("tables/<uuid:table_id>/", grid.table, name="table"),
    path("tables/<uuid:table_id>/columns/", building.columns, name="columns"),
    path("tables/<uuid:table_id>/columns/new/", building.add_column, name="add_column"),
    path("tables/<uuid:table_id>/documents/", documents.documents, name="documents"),
    path("tables/<uuid:table_id>/documents/add/", documents.add, name="add_documents"),
    path("tables/<uuid:table_id>/documents/remove/", documents.remove, name="remove_documents"),
    path("tables/<uuid:table_id>/documents/restore/", documents.restore, name="restore_documents"),
    path("tables/<uuid:table_id>/documents/follow/", documents.follow, name="follow"),
    path("tables/<uuid:table_id>/settings/", building.settings, name="settings"),
    path("tables/<uuid:table_id>/delete/", tables.delete, name="delete"),
    path("tables/<uuid:table_id>/run/", running.run, name="run"),
    path("tables/<uuid:table_id>/cancel/", running.cancel, name="cancel"),
    path("tables/<uuid:table_id>/file.<slug:kind>", files.file, name="file"),
    path("columns/<uuid:column_id>/", building.column, name="column"),
    path("columns/<uuid:column_id>/move/", building.move_column, name="move_column"),
    path("columns/<uuid:column_id>/remove/", building.remove_column, name="remove_column"),
    path("columns/<uuid:column_id>/restore/", building.restore_column, name="restore_column"),
    path("cells/<uuid:cell_id>/", cells.cell, name="cell"),
    path("cells/<uuid:cell_id>/next/", cells.following, name="following"),
    path("cells/<uuid:cell_id>/mark/", cells.mark, name="mark"),
    path("rows/<uuid:row_id>/verify/", cells.verify_row, name="verify_row"),
]
