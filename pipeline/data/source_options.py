"""Which options Spark's readers know; they pass over others without a word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_FILES = {
    *("basePath", "ignoreCorruptFiles", "ignoreMissingFiles", "modifiedAfter", "modifiedBefore"),
    *("pathGlobFilter", "recursiveFileLookup"),
}
_TEXT = {
    *("columnNameOfCorruptRecord", "compression", "dateFormat", "enableDateTimeParsingFallback"),
    *("charset", "encoding", "lineSep", "locale", "mode", "multiLine", "samplingRatio"),
    *("timeZone", "timestampFormat", "timestampNTZFormat"),
}
OPTIONS = {
    "csv": {
        *_TEXT,
        *("charToEscapeQuoteEscaping", "codec", "columnPruning", "comment", "delimiter"),
        *("emptyValue", "enforceSchema", "escape", "escapeQuotes", "header"),
        *("ignoreLeadingWhiteSpace", "ignoreTrailingWhiteSpace", "inferSchema"),
        *("inputBufferSize", "maxCharsPerColumn", "maxColumns", "nanValue", "negativeInf"),
        *("nullValue", "positiveInf", "preferDate", "quote", "quoteAll", "sep"),
        "unescapedQuoteHandling",
    },
    "json": {
        *_TEXT,
        *("allowBackslashEscapingAnyCharacter", "allowComments", "allowNonNumericNumbers"),
        *("allowNumericLeadingZeros", "allowSingleQuotes", "allowUnquotedControlChars"),
        *("allowUnquotedFieldNames", "dropFieldIfAllNull", "ignoreNullFields", "inferTimestamp"),
        *("prefersDecimal", "pretty", "primitivesAsString", "writeNonAsciiCharacterAsCodePoint"),
    },
    "parquet": {
        *("compression", "parquet.compression", "datetimeRebaseMode", "int96RebaseMode"),
        "mergeSchema",
    },
    "orc": {"compression", "mergeSchema", "orc.compress"},
}
"""Names by format, without those of all files; tests compare them with Spark's own."""


def unknown_options(kind: str, names: Iterable[str]) -> list[str]:
    """A sentence for each name that is no option of a format's reader, with the nearest that is.

    Parameters
    ----------
    kind : str
        The format; of others than files, every name passes.
    names : iterable of str
        Compared without regard to case, as Spark does. Names with dots are settings of Hadoop's
        filesystems, and pass.
    """
    if kind not in OPTIONS:
        return []
    known = {name.lower(): name for name in sorted(OPTIONS[kind] | _FILES)}
    problems = []
    for name in names:
        if "." in name or name.lower() in known:
            continue
        near = difflib.get_close_matches(name.lower(), known, n=1) or _beginnings(name, known)
        hint = f"did you mean {known[near[0]]}?" if near else f"known: {', '.join(known.values())}"
        problems.append(f"options: {name} is no option of Spark's {kind} reader; {hint}")
    return problems


def _beginnings(name: str, known: Iterable[str]) -> list[str]:
    """Options that a longer word begins with: `separator` for `sep`."""
    return [other for other in known if name.lower().startswith(other)]
