"""The record file: one JSON value a line, sorted, so that it merges line by line.

::

    {"made_by": …, "state": …}               the tool (see tool.py); a digest of all contracts and files
    {"event": name, "key": …, …}             one for each event type (see model/known.py)
    {"file": path, "key": …, "digest": …}    one for each emitted file
    {"word": name, "attribute": name}        one for each plain property name (see emit/skeletons.py)

It is only ever compared with what is there: an entry that does not fit is an entry that is not there, and
what is no record at all is an empty one. Nothing in it is run, imported or opened.
"""

import json
import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, field
from typing import Any, Final

from sguild_codegen.model.known import KnownEvent
from sguild_codegen.model.reading import Adapter
from sguild_codegen.record.keys import digest

RECORD: Final = ".sguild-codegen-record.jsonl"
# What reading anything else than a record ends in.
_NO_RECORD: Final = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
_NAME: Final = re.compile(r"[A-Za-z]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """One emitted file: the key of what it was made of, and the digest of its bytes."""

    key: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one run read and wrote.

    ``state`` is that of both folders (see :func:`state_of`); it is empty if the run had warnings, which the
    next one has to repeat.
    """

    made_by: str = ""
    state: str = ""
    events: Mapping[str, KnownEvent] = field(default_factory=dict[str, KnownEvent])
    files: Mapping[str, RecordedFile] = field(default_factory=dict[str, RecordedFile])
    words: Mapping[str, str] = field(default_factory=dict[str, str])

    def text(self) -> str:
        """Return the record as a file has it."""
        return "".join(f"{json.dumps(each, separators=(',', ':'))}\n" for each in self._lines())

    def _lines(self) -> Iterator[dict[str, object]]:
        yield {"made_by": self.made_by, "state": self.state}
        for name, event in sorted(self.events.items()):
            known = {each: getattr(event, each) for each in KnownEvent.__slots__}
            yield {"event": name, **known, "adapters": list(map(astuple, event.adapters))}
        for path, file in sorted(self.files.items()):
            yield {"file": path, "key": file.key, "digest": file.digest}
        for word, attribute in sorted(self.words.items()):
            yield {"word": word, "attribute": attribute}


@dataclass(frozen=True, slots=True)
class Previous:
    """What is left of the previous run: files that are still as it wrote them, and what they stand for."""

    events: Mapping[str, KnownEvent] = field(default_factory=dict[str, KnownEvent])
    words: Mapping[str, str] = field(default_factory=dict[str, str])
    _files: Mapping[tuple[str, str], bytes] = field(default_factory=dict[tuple[str, str], bytes])

    @classmethod
    def of(cls, record: Record, found: Mapping[str, bytes | None]) -> "Previous":
        """Compare a record with the files of the output folder."""
        files = {
            (path, each.key): content
            for path, each in record.files.items()
            if (content := found.get(path)) is not None and digest(content) == each.digest
        }
        events = {
            name: event
            for name, event in record.events.items()
            if all((path, event.key) in files for path in event.files)
        }
        return cls(events, record.words, files)

    def content(self, path: str, key: str) -> bytes | None:
        """Return a file that need not be made again, ``None`` where it must."""
        return self._files.get((path, key))


def state_of(contracts: Mapping[str, bytes], files: Mapping[str, bytes]) -> str:
    """Return a digest of the files of two folders: those that a run reads, and those that it writes."""
    digests = [[(path, digest(each[path])) for path in sorted(each)] for each in (contracts, files)]
    return digest(json.dumps(digests).encode())


def recorded_state(content: bytes | None, made_by: str) -> str | None:
    """Return the state that a record of the same tool tells of, without reading the rest of it."""
    try:
        head = json.loads((content or b"").partition(b"\n")[0])
        return str(head["state"]) if head["made_by"] == made_by and head["state"] else None
    except _NO_RECORD:
        return None


def read_record(content: bytes | None, made_by: str) -> Record:
    """Return the record of a run of the same tool; an empty one where there is none that can be used."""
    try:
        head, *lines = [json.loads(line) for line in (content or b"").splitlines()]
        return _read(head, lines) if head["made_by"] == made_by else Record()
    except _NO_RECORD:
        return Record()


def _read(head: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> Record:
    events: dict[str, KnownEvent] = {}
    files: dict[str, RecordedFile] = {}
    words: dict[str, str] = {}
    for line in lines:
        if "event" in line:
            events[_text(line["event"])] = _event(line)
        elif "word" in line:
            words[_text(line["word"])] = _name(line["attribute"])
        else:
            files[_text(line["file"])] = RecordedFile(_text(line["key"]), _text(line["digest"]))
    return Record(
        made_by=_text(head["made_by"]), state=_text(head["state"]), events=events, files=files, words=words
    )


def _event(line: Mapping[str, Any]) -> KnownEvent:
    """Return an event type as it was recorded.

    Raises:
        ValueError: what enters source is not what it has to be.
    """
    event = KnownEvent(
        key=_text(line["key"]),
        documents=tuple(map(_text, line["documents"])),
        files=tuple(map(_text, line["files"])),
        classes=tuple(map(_name, line["classes"])),
        words=tuple(map(_text, line["words"])),
        asked={name: bool(answer) for name, answer in line["asked"].items()},
        descriptions={int(version): _text(each) for version, each in line["descriptions"].items()},
        adapters=tuple(_adapter(*each) for each in line["adapters"]),
    )
    if not event.files:
        raise ValueError("an event type without files")
    return event


def _adapter(source: object, target: object, gaps: object) -> Adapter:
    if not isinstance(source, int) or not isinstance(target, int):
        raise TypeError("a version that is no number")
    return Adapter(source, target, _text(gaps))


def _name(value: object) -> str:
    text = _text(value)
    if not _NAME.fullmatch(text) or keyword.iskeyword(text):
        raise ValueError("a name that nothing in source can have")
    return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is no text")
    value.encode()  # a lone surrogate could not be written
    return value
