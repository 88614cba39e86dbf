"""The shop's only app: it packs parcels."""
