# SPDX-License-Identifier: GPL-2.0-only
"""Writes an initramfs (cpio, newc format), as any user and without a tool."""

import stat


class Initramfs:
    """Collects entries; parent folders come by themselves."""

    def __init__(self):
        self.parts, self.folders, self.inode = [], set(), 0

    def _entry(self, path, mode, data=b"", device=(0, 0)):
        name = path.encode() + b"\0"
        self.inode += 1
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields)
        self.parts.append(_padded(header + name) + _padded(data))

    def folder(self, path):
        """A folder and those above it."""
        if not path or path in self.folders:
            return
        self.folder(path.rpartition("/")[0])
        self.folders.add(path)
        self._entry(path, stat.S_IFDIR | 0o755)

    def file(self, path, data, mode=0o644):
        self.folder(path.rpartition("/")[0])
        self._entry(path, stat.S_IFREG | mode, data)

    def link(self, path, target):
        self.folder(path.rpartition("/")[0])
        self._entry(path, stat.S_IFLNK | 0o777, target.encode())

    def device(self, path, major, minor):
        self.folder(path.rpartition("/")[0])
        self._entry(path, stat.S_IFCHR | 0o600, device=(major, minor))

    def archive(self):
        self._entry("TRAILER!!!", 0)
        return b"".join(self.parts)


def _padded(data):
    return data + b"\0" * (-len(data) % 4)
