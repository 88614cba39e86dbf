"""Another project that embeds Headway, and the environments in which it does."""
