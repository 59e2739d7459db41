"""How an older database becomes today's: one file a step, in ``versions``. Run by server.store.migrate alone."""
