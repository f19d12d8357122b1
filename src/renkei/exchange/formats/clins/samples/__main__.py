"""Writes the sample documents anew."""

from renkei.exchange.formats.clins.samples import write

write()
