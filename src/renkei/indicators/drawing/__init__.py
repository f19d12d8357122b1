"""Pictures as plain geometry: templates write them as SVG without a style attribute, so the pages' policy lets them be."""
