"""Screens of payments and of messages that were never anybody's: drawn from a seed, with what they say."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONTS = (
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Medium.ttc", 2),
    ("/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc", 2),
)
BANKS = ("招商银行", "工商银行", "建设银行", "中国银行", "交通银行", "平安银行", "邮储银行", "兴业银行")
NAMES = (
    "王*明",
    "李*",
    "**芳",
    "赵*军",
    "陈*丽",
    "星河便利店",
    "蓝鲸科技有限公司",
    "美好生活超市",
    "City Bakery",
    "Northwind Ltd",
)
MERCHANTS = ("财付通", "支付宝", "美团支付", "京东支付", "抖音支付", "拼多多")


@dataclass(slots=True)
class Screen:
    """One picture, and what it says: its lines, and the fields of each record on it."""

    name: str
    level: int
    jpeg: bytes
    lines: list[str] = field(default_factory=list)
    fields: list[dict[str, object]] = field(default_factory=list)


@dataclass
class Canvas:
    """A page that grows downwards; every text drawn is noted as a line."""

    rng: random.Random
    dark: bool
    width: int = 1080
    height: int = 2000
    lines: list[str] = field(default_factory=list)
    bottom: int = 0

    def __post_init__(self):
        self.image = Image.new(
            "RGB", (self.width, self.height), (17, 17, 19) if self.dark else (255, 255, 255)
        )
        self.draw = ImageDraw.Draw(self.image)
        self.font_file = self.rng.choice([one for one in FONTS if Path(one[0]).is_file()])

    def font(self, size):
        return ImageFont.truetype(self.font_file[0], size, index=self.font_file[1])

    def text(self, x, y, text, size=40, *, grey=False, anchor="la", ink=None):
        shade = (
            ((150, 150, 155) if self.dark else (120, 120, 125))
            if grey
            else ((235, 235, 235) if self.dark else (20, 20, 20))
        )
        self.draw.text((x, y), text, font=self.font(size), fill=ink or shade, anchor=anchor)
        self.lines.append(text)
        self.bottom = max(self.bottom, y + size + 20)

    def length(self, text, size=40):
        return self.draw.textlength(text, font=self.font(size))

    def wrapped(self, text, width, size=40):
        """Broken anywhere, as Chinese is."""
        rows, row = [], ""
        for one in text:
            if self.length(row + one, size) > width:
                rows.append(row)
                row = ""
            row += one
        return [*rows, row] if row else rows

    def finished(self):
        return self.image.crop((0, 0, self.width, min(self.height, self.bottom + 60)))


def degraded(image, level, rng):
    """0 as it is; 1 small and hard compressed; 2 turned, grey and noisy; 3 photographed from a screen."""
    if level == 1:
        image = image.resize((int(image.width * 0.55), int(image.height * 0.55)), Image.BICUBIC)
    if level == 2:
        paper = (245, 245, 245)
        image = image.resize((int(image.width * 0.62), int(image.height * 0.62)), Image.BICUBIC)
        image = image.rotate(rng.uniform(-3.5, 3.5), expand=True, fillcolor=paper, resample=Image.BICUBIC)
        image = noisy(image.filter(ImageFilter.GaussianBlur(0.6)), rng, 9)
    if level == 3:
        image = photographed(image, rng)
    out = BytesIO()
    image.save(out, "JPEG", quality={0: 92, 1: 40, 2: 55, 3: 60}[level])
    return out.getvalue()


def photographed(image, rng):
    """In perspective, unevenly lit, a little out of focus."""
    image = image.resize((int(image.width * 0.7), int(image.height * 0.7)), Image.BICUBIC)
    w, h = image.size
    d = [rng.uniform(0, 0.04) for _ in range(8)]
    quad = (
        -d[0] * w,
        -d[1] * h,
        -d[2] * w,
        h * (1 + d[3]),
        w * (1 + d[4]),
        h * (1 + d[5]),
        w * (1 + d[6]),
        -d[7] * h,
    )
    image = image.transform((w, h), Image.QUAD, quad, Image.BICUBIC, fillcolor=(90, 85, 80))
    light = np.linspace(rng.uniform(0.65, 0.85), rng.uniform(0.95, 1.05), w)[None, :, None]
    image = Image.fromarray(np.clip(np.asarray(image, float) * light, 0, 255).astype("uint8"))
    return noisy(image.filter(ImageFilter.GaussianBlur(0.8)), rng, 7)


def noisy(image, rng, spread):
    noise = np.random.default_rng(rng.randrange(2**32)).normal(0, spread, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image, float) + noise, 0, 255).astype("uint8"))


def new_canvas(rng):
    """A page, dark in a quarter of the cases."""
    return Canvas(rng, dark=rng.random() < 0.25)
