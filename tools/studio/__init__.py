"""What verbs share: the store of assets, slates, the intake of media, sheets; jobs beside them."""
