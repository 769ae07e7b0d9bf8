"""The portal: the pages for people. Each view parses the address, asks one verb and renders; the words are in ``datahub/locale``."""
