"""pdfium's functions that are asked about every object on a page, of which there are thousands.

pypdfium2 makes an object of every pointer it gets, checks every one it is given, and lets other
threads run during each call, which together takes several times as long as pdfium's answer. Here
a pointer is an int (None for NULL), and other threads wait: each of these only looks something up.
What draws, reads or loads goes through pypdfium2, and so does all that is asked but once a page.
"""

import ctypes
from collections.abc import Callable
from typing import Any

import pypdfium2.raw as pdfium

#: Where one of pdfium's objects is.
Address = int


def address(pointer: Any) -> Address:
    """0 for NULL."""
    return ctypes.cast(pointer, ctypes.c_void_p).value or 0


def places_in(array: "ctypes.Array[Any]") -> tuple[Any, ...]:
    """Where each value of an array is, for pdfium to write there."""
    return tuple(
        ctypes.byref(array, index * ctypes.sizeof(array._type_)) for index in range(len(array))
    )


def _direct(function: Any) -> Callable[..., Any]:
    """The same function; for a pointer it takes an int as well as whatever points."""
    types = (function.restype, *function.argtypes)
    plain = (ctypes.c_void_p if hasattr(one, "contents") else one for one in types)
    return ctypes.PYFUNCTYPE(*plain)(address(function))


count_objects = _direct(pdfium.FPDFPage_CountObjects)
object_at = _direct(pdfium.FPDFPage_GetObject)
count_in_form = _direct(pdfium.FPDFFormObj_CountObjects)
object_in_form = _direct(pdfium.FPDFFormObj_GetObject)
object_of_letter = _direct(pdfium.FPDFText_GetTextObject)

kind_of = _direct(pdfium.FPDFPageObj_GetType)
bounds = _direct(pdfium.FPDFPageObj_GetBounds)
matrix = _direct(pdfium.FPDFPageObj_GetMatrix)
fill_colour = _direct(pdfium.FPDFPageObj_GetFillColor)
stroke_width = _direct(pdfium.FPDFPageObj_GetStrokeWidth)
is_transparent = _direct(pdfium.FPDFPageObj_HasTransparency)
draw_mode = _direct(pdfium.FPDFPath_GetDrawMode)
set_active = _direct(pdfium.FPDFPageObj_SetIsActive)

count_marks = _direct(pdfium.FPDFPageObj_CountMarks)
mark_at = _direct(pdfium.FPDFPageObj_GetMark)
mark_name = _direct(pdfium.FPDFPageObjMark_GetName)

render_mode = _direct(pdfium.FPDFTextObj_GetTextRenderMode)
font_size = _direct(pdfium.FPDFTextObj_GetFontSize)
text_of = _direct(pdfium.FPDFTextObj_GetText)

clip_path = _direct(pdfium.FPDFPageObj_GetClipPath)
count_clips = _direct(pdfium.FPDFClipPath_CountPaths)
count_segments = _direct(pdfium.FPDFClipPath_CountPathSegments)
segment_at = _direct(pdfium.FPDFClipPath_GetPathSegment)
point_of = _direct(pdfium.FPDFPathSegment_GetPoint)
