#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""table.py MSGFMT LANGUAGE.po OUTPUT.c: a po file, checked by msgfmt, as a table for text.c."""
import gettext
import io
import subprocess
import sys

msgfmt, po, output = sys.argv[1:]
language = po.rpartition("/")[2].removesuffix(".po")
mo = subprocess.run((msgfmt, "--check-format", "--check-header", "-o", "-", po), check=True,
                    capture_output=True).stdout
catalogue = gettext.GNUTranslations(io.BytesIO(mo))._catalog


def literal(text):
    """As C has it: octal, for a hexadecimal escape would take in what follows."""
    return '"' + "".join(chr(o) if 32 <= o < 127 and chr(o) not in '"\\?' else f"\\{o:03o}"
                         for o in text.encode()) + '"'


entries = sorted((english.encode(), english, text) for english, text in catalogue.items() if english)
with open(output, "w", encoding="ascii") as f:
    f.write('/* Made of a po file by table.py. */\n#include "text.h"\n\n'
            f"const struct postern_text_entry postern_text_{language}[] = {{\n")
    for _, english, text in entries:
        f.write(f"\t{{ {literal(english)}, {literal(text)} }},\n")
    f.write("\t{ 0, 0 },\n};\n"
            f"const size_t postern_text_{language}_count = {len(entries)};\n")
