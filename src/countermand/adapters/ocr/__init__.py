"""Readers of text on pictures: rapidocr and tesseract, each in a process of its own."""
