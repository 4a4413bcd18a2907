"""The web studio: pages over the same verbs as every other front.  No build step, nothing from other hosts."""
