"""Packs files into a ZIP, honest or not."""

import io
import zipfile


def zip_of(*entries):
    """Return a ZIP of (name or ZipInfo, content)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as container:
        for name, content in entries:
            container.writestr(name, content)
    return buffer.getvalue()


def renamed(content, name, encoding):
    """Return a ZIP whose only placeholder name (as many x as the name has bytes) is the name in an old encoding."""
    written = name.encode(encoding)
    return content.replace(b"x" * len(written), written)


def placeholder(name, encoding):
    return "x" * len(name.encode(encoding))


def link_to(target):
    entry = zipfile.ZipInfo("link.csv")
    entry.create_system = 3
    entry.external_attr = 0o120777 << 16
    return zip_of((entry, target))
