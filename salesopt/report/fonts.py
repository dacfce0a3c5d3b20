"""Chinese text on the page: only the characters that it uses are carried along, so that any machine shows them."""

from __future__ import annotations

import base64
import io
import re

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from salesopt.plots.theme import CHINESE

FAMILY = "Noto Sans SC Subset"
IDEOGRAPHS = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")


def font_face(text: str) -> str:
    """A CSS rule that embeds the Chinese characters of `text`, "" where it has none.

    Characters beyond the 3,755 common ones of the bundled font are left to the fonts of the reader's machine.
    """
    used = "".join(sorted(set(IDEOGRAPHS.findall(text))))
    if not used:
        return ""
    font = TTFont(CHINESE, recalcTimestamp=False)
    subsetter = Subsetter(Options(hinting=False, notdef_outline=True))
    subsetter.populate(text=used)
    subsetter.subset(font)
    packed = io.BytesIO()
    font.save(packed)
    data = base64.b64encode(packed.getvalue()).decode()
    return f'@font-face {{ font-family: "{FAMILY}"; src: url(data:font/ttf;base64,{data}); }}'
