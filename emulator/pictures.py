"""Images, and what the API refuses of images and PDFs by their number, kind and size."""

import base64
import binascii
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from PIL import Image

from . import pdfs
from .blocks import blocks_of, nested_blocks
from .errors import ApiError, invalid
from .models import Model
from .pdfs import Pdf

Json = dict[str, Any]
# The kind and the bytes of a stored file that a block of this type takes. Raises `ApiError`.
ReadFile = Callable[[str, str], tuple[str, bytes]]

MAX_BYTES = 10 * 1024 * 1024  # of an image in base64
MAX_SIDE = 8_000
MAX_SIDE_OF_MANY = 2_000
MANY = 20  # images in a request beyond which each must be smaller
FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}

# only headers are read here
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True)
class Material:
    """The images (width and height in pixels) and PDFs of a request, in the order of their blocks;
    None for one that lies behind a link."""

    images: tuple[tuple[int, int] | None, ...] = ()
    pdfs: tuple[Pdf | None, ...] = ()
    texts: tuple[str | None, ...] = ()
    """Of document blocks: None for a kind that has none."""


def most(model: Model) -> int:
    """How many images, and how many pages of PDFs, a request may have."""
    return 600 if model.window >= 1_000_000 else 100


def read(model: Model, body: Json, read_file: ReadFile) -> Material:
    """Open every image and document of a body that passed `schema`. Raises `ApiError`."""
    images: list[tuple[int, int] | None] = []
    documents: list[Pdf | None] = []
    texts: list[str | None] = []
    paths: list[str] = []
    for path, block in _located(body):
        if block["type"] == "image":
            size = _image(path, block["source"], read_file)
            images.append(size)
            paths.append(path)
            if size and (block.get("transformations") or {}).get("oversized_image") == "error":
                _check_sides([(path, size)], model.longest_side)
        elif block["type"] == "document":
            pdf, text = _document(path, block["source"], read_file)
            documents.append(pdf)
            texts.append(text)
            _check_pages(model, path, documents)
    if len(images) > most(model):
        raise invalid(f"messages: A maximum of {most(model)} images may be provided.")
    known = [(path, size) for path, size in zip(paths, images, strict=True) if size]
    _check_sides(known, MAX_SIDE_OF_MANY if len(images) > MANY else MAX_SIDE)
    return Material(tuple(images), tuple(documents), tuple(texts))


def _located(body: Json) -> Iterator[tuple[str, Json]]:
    for i, message in enumerate(body["messages"]):
        for j, block in enumerate(blocks_of(message["content"])):
            for part in nested_blocks(block):
                yield f"messages.{i}.content.{j}", part


def _check_sides(sizes: list[tuple[str, tuple[int, int]]], longest: int) -> None:
    paths = [path for path, size in sizes if max(size) > longest]
    if paths:
        raise ApiError(
            400,
            "invalid_request_error",
            f"{paths[0]}.image.source: image dimensions exceed max allowed size: {longest} pixels",
            "image_dimensions_too_large",
            details={"max_side_length_pixels": longest, "paths": paths},
        )


def _check_pages(model: Model, path: str, found: list[Pdf | None]) -> None:
    if sum(len(pdf.pages) for pdf in found if pdf) > most(model):
        raise invalid(f"{path}.pdf.source: A maximum of {most(model)} PDF pages may be provided.")


def _document(path: str, source: Json, read_file: ReadFile) -> tuple[Pdf | None, str | None]:
    kind = source["type"]
    if kind == "text":
        return None, source["data"]
    if kind == "base64":
        found = pdfs.read(f"{path}.pdf.source.base64.data", _decoded(path, source["data"]))
        return found, found.text
    if kind != "file":
        return None, None
    mime, data = read_file(source["file_id"], "document")
    if mime == "application/pdf":
        found = pdfs.read(f"{path}.pdf.source.file", data)
        return found, found.text
    try:
        return None, data.decode()
    except UnicodeDecodeError:
        raise invalid(f"File {source['file_id']} is not valid UTF-8 text") from None


def _image(path: str, source: Json, read_file: ReadFile) -> tuple[int, int] | None:
    kind = source["type"]
    if kind == "base64":
        mime, data = source["media_type"], _decoded(path, source["data"])
        size = len(source["data"])
    elif kind == "file":
        mime, data = read_file(source["file_id"], "image")
        size = len(data)
    else:
        return None
    if size > MAX_BYTES:
        raise invalid(
            f"{path}.image.source.{kind}: image exceeds 10 MB maximum: {size} bytes > {MAX_BYTES} "
            "bytes"
        )
    try:
        with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as opened:
            format_, found = opened.format, opened.size
    except Exception:  # Pillow lets through whatever a broken file makes it meet
        raise invalid(f"{path}.image.source: Could not process image") from None
    if FORMATS[str(format_)] != mime:
        raise invalid(
            f"{path}.image.source.{kind}.media_type: Image does not match the provided media type "
            f"{mime}"
        )
    return found


def _decoded(path: str, data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"{path}.source.base64.data: Invalid base64 data") from None
