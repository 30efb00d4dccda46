from django.urls import path

from reviews.views import cells, files, running, tables

app_name = "reviews"
urlpatterns = [
    path("tables/", tables.tables, name="tables"),
    path("tables/new/", tables.new, name="new"),
    path("tables/<uuid:table_id>/", tables.table, name="table"),
    path("tables/<uuid:table_id>/columns/", tables.add_column, name="add_column"),
    path("tables/<uuid:table_id>/delete/", tables.delete, name="delete"),
    path("tables/<uuid:table_id>/run/", running.run, name="run"),
    path("tables/<uuid:table_id>/cancel/", running.cancel, name="cancel"),
    path("tables/<uuid:table_id>/file.<slug:kind>", files.file, name="file"),
    path("cells/<uuid:cell_id>/", cells.cell, name="cell"),
    path("cells/<uuid:cell_id>/next/", cells.following, name="following"),
    path("cells/<uuid:cell_id>/mark/", cells.mark, name="mark"),
    path("rows/<uuid:row_id>/verify/", cells.verify_row, name="verify_row"),
]
