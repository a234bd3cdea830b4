#!/usr/bin/env python3
"""Makes large dumps from the pages in fixtures/: always the same bytes.

usage: dumps.py jsonl|text|wet|wet.gz BYTES > FILE

`text` has the pages with a form feed between two. BYTES is the size before compression. Of WET, as
of Common Crawl's, each record is a gzip member of its own.
"""

import base64
import gzip
import hashlib
import itertools
import json
import pathlib
import sys


def jsonl(number, page):
    return json.dumps({"id": number, "text": page}, ensure_ascii=False).encode() + b"\n"


def text(_, page):
    return page.encode() + b"\f"


def wet(number, page):
    body = page.encode()
    digest = base64.b32encode(hashlib.sha1(body).digest()).decode()
    head = (
        "WARC/1.0\r\nWARC-Type: conversion\r\n"
        f"WARC-Target-URI: https://example.org/{number}\r\nWARC-Date: 2024-05-01T10:00:00Z\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012}>\r\n"
        f"WARC-Block-Digest: sha1:{digest}\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n\r\n"


def main():
    form, size = sys.argv[1], int(sys.argv[2])
    fixtures = pathlib.Path(__file__).parents[2] / "fixtures/pages"
    pages = [path.read_bytes().decode() for path in sorted(fixtures.glob("*.txt"))]
    make = {"jsonl": jsonl, "text": text, "wet": wet, "wet.gz": wet}[form]
    packed = {}
    for number, page in zip(itertools.count(), itertools.cycle(pages)):
        if form == "wet.gz":
            # The same page has the same number, so that it need not be compressed anew.
            number %= len(pages)
            if number not in packed:
                record = make(number, page)
                packed[number] = (gzip.compress(record, mtime=0), len(record))
            record, length = packed[number]
        else:
            record = make(number, page)
            length = len(record)
        sys.stdout.buffer.write(record)
        size -= length
        if size <= 0:
            break


main()
