"""A transcript as a Word document: the same bytes for the same job, whenever and wherever they are made."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import docx as python_docx
from docx.document import Document as WordDocument
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement

from mockserver.apis.jobs.document import Document, Segment, document_of
from mockserver.engine.store import Row

_AUTHOR = "Jobs API"
_EPOCH = datetime(1970, 1, 1)
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST_PROPERTY = 255


def docx(job: Row, transcript: bytes, quirks: Collection[str]) -> bytes:
    """Render a completed job's transcript as a Word document: a paragraph for each turn of a speaker."""
    document = document_of(job, transcript, quirks)
    word_document = python_docx.Document()
    _describe(word_document, document, _EPOCH + timedelta(microseconds=job["finished"]))
    word_document.add_heading(_clean(document.title), 0)
    if document.segments:
        word_document.add_paragraph(_facts(document))
        _add_turns(word_document, document)
    return _saved(word_document)


def _describe(word_document: WordDocument, document: Document, finished: datetime) -> None:
    properties = word_document.core_properties
    properties.title = _clean(document.title)[:_LONGEST_PROPERTY]
    properties.language = document.language
    properties.author = properties.last_modified_by = _AUTHOR
    properties.comments = ""
    properties.created = properties.modified = finished


def _facts(document: Document) -> str:
    duration = _time(document.duration + 999)  # rounded up, as in JSON
    return f"Language: {document.language} · Duration: {duration} · Engine: {document.engine}"


def _add_turns(word_document: WordDocument, document: Document) -> None:
    # python-docx looks for the end of the body anew at each paragraph: that takes six times as long for ten hours.
    end = word_document.element.body[-1]
    for turn in document.turns:
        end.addprevious(_paragraph(turn))


def _paragraph(turn: Sequence[Segment]) -> BaseOxmlElement:
    paragraph = OxmlElement("w:p")
    speaker = turn[0].speaker
    if speaker is not None:
        paragraph.append(_run(f"{speaker} ", bold=True))
    paragraph.append(_run(f"[{_time(turn[0].passage.start)}] "))
    paragraph.append(_run(_clean(" ".join(segment.passage.text for segment in turn))))
    return paragraph


def _run(text: str, *, bold: bool = False) -> BaseOxmlElement:
    run = OxmlElement("w:r")
    if bold:
        properties = OxmlElement("w:rPr")
        properties.append(OxmlElement("w:b"))
        run.append(properties)
    said = OxmlElement("w:t", {qn("xml:space"): "preserve"})
    said.text = text
    run.append(said)
    return run


def _clean(text: str) -> str:
    """Return text without the characters that XML cannot hold."""
    return _NOT_IN_XML.sub("", text)


def _time(moment: int) -> str:
    seconds = moment // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _saved(word_document: WordDocument) -> bytes:
    """Return the file; python-docx writes the time of day into it, which is taken out."""
    dated, undated = io.BytesIO(), io.BytesIO()
    word_document.save(dated)
    with ZipFile(dated) as source, ZipFile(undated, "w") as target:
        for name in source.namelist():
            entry = ZipInfo(name)
            entry.create_system = 3  # else it says where it was made
            target.writestr(entry, source.read(name), ZIP_DEFLATED)
    return undated.getvalue()
