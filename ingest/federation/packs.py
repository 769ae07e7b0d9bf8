"""How a pack of files looks on its way from hub to hub; the door writes it, who follows reads it."""

import struct

FRAME = struct.Struct(">32sQ")  # before each file: its digest and its length
LARGEST_PACK = 16 << 20
