"""Access: who may do what. Roles, sign-ins, passwords, join links and the audit; no SQL and no HTTP."""
