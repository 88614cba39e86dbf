"""Every element in every state, on one page, for who embeds them and for who changes them."""
