#!/usr/bin/env python3
"""Makes the inputs of run.sh from the fixtures: benches/inputs.py DIR [MEGABYTES]

A dump is a form's pages over and over, each time with a third of the words replaced by others of
the same pages, so that hardly a line comes twice. The same command gives the same bytes.
"""

import pathlib
import random
import re
import sys

FORMS = {
    "paragraph": ["-paragraph"],
    "node-a-line": ["-bs4"],
    "hard-wrapped": ["-w3m", "-lynx"],
    "markdown": ["-markdown"],
    "chinese": ["zh-"],
    "arabic": ["ar-"],
}
PAGES = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "pages"
WORD = re.compile(r"[^\W\d_]+")


def pages(parts):
    paths = sorted(p for p in PAGES.glob("*.txt") if any(part in p.name for part in parts))
    return [path.read_text(encoding="utf-8") for path in paths]


def documents(texts, rng):
    """The pages over and over, words replaced."""
    words = sorted({word for text in texts for word in WORD.findall(text)})

    def replace(match):
        word = match.group()
        # Long runs are sentences of a script without spaces: only their order would change.
        if rng.random() > 1 / 3 or len(word) > 20:
            return word
        other = rng.choice(words)
        return other.capitalize() if word[0].isupper() else other.lower()

    while True:
        for text in texts:
            yield WORD.sub(replace, text)


def write(path, texts, size, rng):
    with open(path, "wb") as out:
        written = 0
        for text in documents(texts, rng):
            data = text.encode()
            out.write(data)
            written += len(data)
            if written >= size:
                return


def main():
    target = pathlib.Path(sys.argv[1])
    size = int(float(sys.argv[2] if len(sys.argv) > 2 else 24) * 1e6)
    target.mkdir(parents=True, exist_ok=True)
    for form, parts in FORMS.items():
        write(target / f"{form}.txt", pages(parts), size, random.Random(form))

    # A document of a million lines, and the same lines as a thousand documents.
    lines, documents_of = [], 1000
    for text in documents(pages(["-paragraph"]), random.Random("lines")):
        lines += [line for line in text.splitlines(keepends=True) if "\f" not in line]
        if len(lines) >= 1_000_000:
            break
    lines = lines[:1_000_000]
    (target / "one-document.txt").write_text("".join(lines), encoding="utf-8")
    parts = ["".join(lines[at : at + 1000]) for at in range(0, len(lines), documents_of)]
    (target / "thousand-documents.txt").write_text("\f\n".join(parts), encoding="utf-8")

    # A hundred thousand tiny documents.
    tiny = ["".join(lines[at : at + 3]) for at in range(0, 300_000, 3)]
    (target / "tiny-documents.txt").write_text("\f\n".join(tiny), encoding="utf-8")

    # Hostile text.
    rng = random.Random("hostile")
    any_char = lambda: chr(rng.choice([rng.randrange(0x80, 0xD800), rng.randrange(0x10000, 0x110000)]))
    hostile = {
        "one-byte-lines": b"x\n",
        "empty-lines": b"\n",
        "no-newline": b"word and ",
        "spaces": b" ",
        "lines-of-spaces": b" " * 60 + b"\n",
        "chinese-without-newline": "船".encode(),
        "cyrillic-lines": ("ж" * 30 + "\n").encode(),
        "any-characters": ("".join(any_char() for _ in range(200_000)).replace("船", "\n")).encode(),
        "not-utf-8": bytes(rng.choice(b"\xff\xfe\xc3\x80\xe2") for _ in range(60)) + b"\n",
        "nul": b"\0",
        "one-letter-words": b"a " * 30 + b"\n",
        "signs": b".,;:!?()[]{}" * 5 + b"\n",
        "links": b"[a](b)" * 10 + b"\n",
        "brackets": b"](",
    }
    for name, piece in hostile.items():
        data = piece * (8_000_000 // len(piece))
        (target / f"hostile-{name}.txt").write_bytes(data)


if __name__ == "__main__":
    main()
